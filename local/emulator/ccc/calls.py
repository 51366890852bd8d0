"""The calls that tasks and campaigns made, and those that tests add: of agents, of customers, of any sort."""

from __future__ import annotations

import heapq
import math
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from .campaigns import Campaign, Campaigns
from .dialling import Run
from .records import AMOUNT, ID, TEXT, Key, Records, entries
from .tasks import Task
from .tel_cdr import FIELDS

KEYS: Mapping[str, Key] = {
    "sdk_app_id": ID,
    "session_id": TEXT,
    "start": AMOUNT,
    "caller": TEXT,
    "callee": TEXT,
    "call_seconds": AMOUNT,
}
"""What a call's JSON object may have, apart from the fields of its record by their own names."""
_CALL_SECONDS = 30.0
_RINGS, _ACCEPTED = 2, 5
_EXAMPLE = {"sdk_app_id": 1400692008, "callee": "008613800000000", "CallType": 1}


@dataclass(frozen=True, slots=True)
class Call:
    """A call. Times in Unix seconds. It rings 2 seconds after its start and is accepted after 5, if it lasts.

    `kind` is `task` or `campaign`, and `target_id` the id of it; both are `None` for a call of another sort.
    `fields` replace those of its record, whether they make sense or not.
    """

    session_id: str
    sdk_app_id: int
    start: float
    end: float
    caller: str
    callee: str
    kind: str | None = None
    target_id: int | None = None
    skill_group_id: int = 0
    uui: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rung(self) -> float:
        """When it rang."""
        return min(self.start + _RINGS, self.end)

    @property
    def accepted(self) -> float:
        """When it was accepted."""
        return min(self.start + _ACCEPTED, self.end)


@dataclass(frozen=True)
class _Source:
    """Calls, at least one, in the order of their starts: `call` makes the one at a place."""

    starts: Sequence[float]
    call: Callable[[int], Call]
    first: float
    last: float

    def earlier(self, than: float) -> int:
        """Return how many calls were started earlier; at once if these are all or none, as most often."""
        if than <= self.first:
            return 0
        if than > self.last:
            return len(self.starts)
        return self.starts.earlier(than) if isinstance(self.starts, Run) else bisect_left(self.starts, than)

    def between(self, since: float, before: float) -> Iterator[Call]:
        """Yield the calls that were started from `since` on and before `before`."""
        return map(self.call, range(self.earlier(since), self.earlier(before)))


class Calls:
    """The calls of all applications. Iterating gives them by their start, as they are now by `clock`.

    Calls of tasks and campaigns are there by themselves, and stay when the task or campaign is removed.
    """

    def __init__(
        self, tasks: Records[Task], campaigns: Campaigns, clock: Callable[[], float], lock: threading.RLock
    ) -> None:
        self.clock = clock
        self.lock = lock
        self._tasks = tasks
        self._campaigns = campaigns
        self._added: dict[tuple[int, str], Call] = {}
        self._count = 0

    def add(self, **fields: Any) -> Call:
        """Add a call, or put it in the place of the one with its session id. Raises `ValueError`.

        Without `start` it starts now; without `session_id` it gets one.
        """
        return self._put(_checked(fields, f"call {fields.get('session_id', '')}".rstrip()))

    def load(self, source: Any) -> None:
        """Add the calls of a JSON list or of a file with one, all or none. Raises as `read` does."""
        documents = read(source)
        with self.lock:
            for each in documents:
                self._put(each)

    def reset(self, given: Iterable[Mapping[str, Any]]) -> None:
        """Replace all calls that were added by those that are given, as `read` returns them."""
        with self.lock:
            self.clear()
            for each in given:
                self._put(each)

    def clear(self) -> None:
        """Remove the calls that were added; those of tasks and campaigns go when these are cleared."""
        with self.lock:
            self._added.clear()
            self._count = 0

    def remove(self, session_id: str, app: int | None = None) -> None:
        """Remove a call that was added, of any application unless one is named; none is not an error."""
        with self.lock:
            for key in [key for key in self._added if key[1] == session_id and app in {None, key[0]}]:
                del self._added[key]

    def get(self, app: int, session_id: str) -> Call | None:
        """Return the call with a session id."""
        with self.lock:
            if added := self._added.get((app, session_id)):
                return added
            for kind, target in self._targets(app):
                if (number := target.dialling.number(session_id)) is not None:
                    return _made(kind, target, number, target.dialling.start(number))
            return None

    def of(self, app: int) -> list[Call]:
        """Return the calls of an application, by their start."""
        return list(self.between(app=app))

    def between(
        self, since: float = -math.inf, before: float = math.inf, app: int | None = None
    ) -> Iterator[Call]:
        """Yield the calls that were started from `since` on and before `before`, by their start."""
        found = [each.between(since, before) for each in self._sources(app, since, before)]
        return heapq.merge(*found, key=_by_start)

    def page(  # noqa: PLR0913 - the last is by name
        self, app: int, since: float, before: float, first: int, size: int, *, newest_first: bool = False
    ) -> tuple[int, list[Call]]:
        """Return how many calls `between` has, and those in places `first` on; quick if they are many."""
        sources = self._sources(app, since, before)

        def earlier(than: float) -> int:
            return sum(each.earlier(than) for each in sources)

        base, total = earlier(since), max(0, earlier(before) - earlier(since))
        begin, end = min(first, total), min(first + size, total)
        if newest_first:
            begin, end = total - end, total - begin
        if begin == end:
            return total, []
        seconds = range(math.floor(since), math.ceil(before) + 1)
        low = seconds[bisect_right(seconds, base + begin, key=earlier) - 1]
        high = seconds[bisect_left(seconds, base + end, key=earlier)]
        near = sorted((call for each in sources for call in each.between(low, high)), key=_by_start)
        skipped = earlier(low)
        page = near[base + begin - skipped : base + end - skipped]
        return total, page[::-1] if newest_first else page

    def __iter__(self) -> Iterator[Call]:
        return self.between()

    def _put(self, document: Mapping[str, Any]) -> Call:
        with self.lock:
            self._count += 1
            added = _added(document, self.clock(), self._count)
            self._added[added.sdk_app_id, added.session_id] = added
        return added

    def _targets(self, app: int | None) -> Iterator[tuple[str, Task | Campaign]]:
        for records in (self._tasks, self._campaigns):
            for each in records.callers(app):
                yield records.schema.noun, each

    def _sources(self, app: int | None, since: float, before: float) -> list[_Source]:
        """Return what may have calls that were started from `since` on and before `before`."""
        with self.lock:
            added = sorted(
                (each for each in self._added.values() if app in {None, each.sdk_app_id}), key=_by_start
            )
            found = [
                _source(run.copy(), _maker(kind, target, run))
                for kind, target in self._targets(app)
                for run in target.dialling.runs
                if run.length and run.overlaps(since, before)
            ]
        return [_source([each.start for each in added], added.__getitem__), *found] if added else found


def _source(starts: Sequence[float], call: Callable[[int], Call]) -> _Source:
    return _Source(starts, call, starts[0], starts[len(starts) - 1])


def read(source: Any) -> list[Mapping[str, Any]]:
    """Return the calls of a JSON list, or of the file with one, as objects that were checked.

    Raises `ValueError` naming entry and field, or the file's line; `OSError` where no file is there.
    """
    found = enumerate(entries(source, "call", _EXAMPLE))
    documents: list[Mapping[str, Any]] = [_checked(each, f"[{number}]") for number, each in found]
    seen: set[tuple[int, str | None]] = set()
    for number, each in enumerate(documents):
        session = each.get("session_id")
        key = each["sdk_app_id"], session
        if session is not None and key in seen:
            raise ValueError(f"[{number}].session_id: {session} is there twice in application {key[0]}")
        seen.add(key)
    return documents


def _checked(document: Any, place: str) -> dict[str, Any]:
    if not isinstance(document, Mapping):
        raise ValueError(f"{place}: an object with sdk_app_id is wanted, not {document!r}")
    for name, value in document.items():
        if name in KEYS:
            KEYS[name].check(f"{place}.{name}", value)
        elif name not in FIELDS:
            raise ValueError(
                f"{place}.{name}: is neither a key here nor a field of a record; keys are {', '.join(KEYS)}"
            )
    if "sdk_app_id" not in document:
        raise ValueError(f"{place}.sdk_app_id: is missing")
    return dict(document)


def _added(document: Mapping[str, Any], now: float, count: int) -> Call:
    app, start = document["sdk_app_id"], document.get("start", now)
    made_up = uuid5(NAMESPACE_OID, f"call/{app}/{count}")
    return Call(
        session_id=document.get("session_id", str(made_up)),
        sdk_app_id=app,
        start=start,
        end=start + document.get("call_seconds", _CALL_SECONDS),
        caller=document.get("caller", f"0086755{made_up.int % 10**8:08}"),
        callee=document.get("callee", f"0086138{made_up.int % 10**8:08}"),
        fields={name: value for name, value in document.items() if name in FIELDS},
    )


def _made(kind: str, target: Task | Campaign, number: int, start: float) -> Call:
    dialling, campaign = target.dialling, target if isinstance(target, Campaign) else None
    return Call(
        dialling.session(number),
        target.sdk_app_id,
        start,
        target.ended(start),
        dialling.caller(number, target.callers),
        dialling.callee(number, target.callees),
        kind,
        target.id,
        campaign.skill_group_id if campaign else 0,
        campaign.uui if campaign else "",
    )


def _maker(kind: str, target: Task | Campaign, run: Run) -> Callable[[int], Call]:
    return lambda place: _made(kind, target, run.first + place, run[place])


def _by_start(call: Call) -> tuple[float, str]:
    return call.start, call.session_id
