"""What the function was shown of each task, and what it sent: the journal, read task by task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support import DESCRIBE, LIST, PAUSE, RESUME

from .stage import Played, Request
from .world import Key

NOT_THERE = ("InvalidParameter", "ResourceNotFound")
_CLEAR = (
    *NOT_THERE,
    "UnsupportedOperation",
    "FailedOperation",
    "RequestLimitExceeded",
    "UnauthorizedOperation",
)
_NO_ANSWER = "no whole answer"


@dataclass(frozen=True)
class Look:
    """A state that was shown with request number `number`; not `sure` where the answer was mangled."""

    number: int
    state: int | None
    sure: bool


@dataclass
class Told:
    """All that concerns one task. Calls by their number in the journal."""

    looks: list[Look] = field(default_factory=list)
    calls: dict[str, list[tuple[int, Request]]] = field(default_factory=lambda: {PAUSE: [], RESUME: []})
    refused_as_missing: bool = False

    def after(self, number: int) -> list[Look]:
        return [look for look in self.looks if look.number > number]

    def last_sure(self) -> Look | None:
        """Return the last look whose state is beyond doubt."""
        sure = [look for look in self.looks if look.sure]
        return sure[-1] if sure else None

    def ever(self, *states: int) -> bool:
        return any(look.state in states for look in self.looks)

    def first_accepted(self, action: str) -> int | None:
        """Return the number of the first call whose acceptance was heard."""
        return next((number for number, each in self.calls[action] if accepted(each)), None)

    def accepted(self, action: str) -> int | None:
        """Return the number of the last call whose acceptance was heard."""
        heard = [number for number, each in self.calls[action] if accepted(each)]
        return heard[-1] if heard else None

    def unclear(self, action: str) -> bool:
        """Return whether a call ended without it being clear whether it was carried out."""
        return any(not accepted(each) and not refused(each) for _, each in self.calls[action])


def accepted(each: Request) -> bool:
    """Return whether a call was answered with a success."""
    answer = each.entry.answer
    return each.entry.delivered and isinstance(answer, Mapping) and "Error" not in answer


def refused(each: Request) -> bool:
    """Return whether a call was answered with an error that says that nothing was done.

    One that was mangled may be read or not.
    """
    code = each.entry.code
    return (
        each.entry.delivered and each.entry.fault != "mangle" and code is not None and code.startswith(_CLEAR)
    )


def evidence(played: Played) -> dict[Key, Told]:
    """Return what is known of each task."""
    found: dict[Key, Told] = {}
    # An answer that came in the last moment of the time there was may count as none.
    doubt = any(_NO_ANSWER in str(record) for record in played.logged)
    for number, each in enumerate(played.requests):
        told = found.setdefault(each.key, Told())
        if each.action in told.calls:
            told.calls[each.action].append((number, each))
        if not each.entry.delivered and each.entry.fault != "drip":  # whose last byte may not be needed
            continue
        if (each.entry.code or "").startswith(NOT_THERE):
            told.refused_as_missing = True
        sure = each.entry.fault != "mangle" and each.entry.delivered and not doubt
        for key, state in _shown(each):
            found.setdefault(key, Told()).looks.append(Look(number, state, sure and state is not None))
    return found


def _shown(each: Request) -> list[tuple[Key, int | None]]:
    answer = each.entry.answer
    if (
        not isinstance(answer, Mapping)
        or "Error" in answer
        or each.entry.fault in {"http_500", "html", "empty"}
    ):
        return []
    app = each.key[0]
    if each.action == DESCRIBE:
        return [(each.key, _state(answer.get("State")))]
    if each.action != LIST or not isinstance(tasks := answer.get("Tasks"), list):
        return []
    ids = [(task, _number(task.get("TaskId"))) for task in tasks if isinstance(task, Mapping)]
    return [((app, task_id), _state(task.get("State"))) for task, task_id in ids if task_id is not None]


def _state(value: Any) -> int | None:
    number = _number(value)
    return number if number in range(6) else None


def _number(value: Any) -> int | None:
    """Read a whole number; one that is written as text may be read or not."""
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value if type(value) is int else None
