"""What an audit tells while it runs: how far it is, and what each task and campaign did."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from handler.output.redaction import cleaned
from handler.quiet_hours.zone import local, moment, written
from handler.report.entries import written_instant

if TYPE_CHECKING:
    from handler.audit.application import Judged
    from handler.target import SdkAppId

Who = Literal["task", "campaign", "agents", "unknown"]
"""`agents` are those who dial themselves; of `unknown` ones nobody knows what made their calls."""


class Key(NamedTuple):
    """Who made calls in an application; `id` is `None` for those that are neither task nor campaign."""

    app: SdkAppId
    who: Who
    id: int | None = None


@dataclass
class Made:
    """The calls of one maker: how many, the first and the last in Unix seconds, and the violations.

    `time_zone` is that of its quiet hours, `None` without any.
    """

    name: str = ""
    time_zone: str | None = None
    calls: int = 0
    violations: int = 0
    first: int | None = None
    last: int | None = None

    def add(self, start: int | None, *, violation: bool) -> None:
        """Count a call; `start` is `None` where its record does not say it."""
        self.calls += 1
        self.violations += violation
        if start is not None:
            self.first = start if self.first is None else min(start, self.first)
            self.last = start if self.last is None else max(start, self.last)

    def there(self, at: int | None) -> datetime | None:
        """Return a moment on the clocks of its quiet hours, on those of UTC without any."""
        return None if at is None else local(moment(at), ZoneInfo(self.time_zone or "UTC"))

    def plus(self, other: Made) -> Made:
        """Return the calls of both, as those of nobody in particular."""
        both = [each for each in (self.first, self.last, other.first, other.last) if each is not None]
        calls, violations = self.calls + other.calls, self.violations + other.violations
        first, last = min(both, default=None), max(both, default=None)
        return Made(calls=calls, violations=violations, first=first, last=last)


@dataclass
class Collected:
    """The observer of an audit that a person asked for.

    `note` is told how it goes on, and `write` of each call that is suspicious or could not be judged. Of a
    call nothing is kept.
    """

    note: Callable[[str], None] = lambda _: None
    write: Callable[[SdkAppId, Judged], None] = lambda _, __: None
    makers: dict[Key, Made] = field(default_factory=dict)
    _read: dict[SdkAppId, int] = field(default_factory=dict)

    def read(self, app: SdkAppId, position: int, calls: int) -> None:
        """See `Observer.read`."""
        self._read[app] = calls
        self.note(f"{sum(self._read.values()):,} calls read, up to {written(moment(position))} (UTC)")

    def attributing(self, app: SdkAppId, done: int, of: int) -> None:
        """See `Observer.attributing`."""
        calls = sum(self._read.values())
        self.note(f"{calls:,} calls read; {done:,} of {of:,} tasks or campaigns of {app} asked for theirs")

    def judged(self, app: SdkAppId, judged: Judged) -> None:
        """See `Observer.judged`."""
        maker = judged.maker
        if maker:
            key = Key(app, maker.kind, maker.id)
        else:
            key = Key(app, "agents" if _is_of_an_agent(judged) else "unknown")
        made = self.makers.get(key)
        if made is None:
            entry = judged.coverage.entry if judged.coverage else None
            name = entry or (maker.name if maker else "")
            made = self.makers[key] = Made(name, judged.time_zone)
        made.add(judged.call.start, violation=judged.violation is not None)
        if judged.suspicious or judged.verdict == "unknown":
            self.write(app, judged)

    def worst_first(self) -> list[tuple[Key, Made]]:
        """Return the makers, those with the most violations first, else those with the most calls."""
        found = [each for each in self.makers.items() if each[0].id is not None]
        return sorted(found, key=lambda each: (-each[1].violations, -each[1].calls, each[0]))

    def others(self) -> list[tuple[Key, Made]]:
        """Return who else made calls: agents, and what is not known."""
        return sorted(each for each in self.makers.items() if each[0].id is None)

    def document(self) -> list[dict[str, Any]]:
        """Return the makers for other programs."""
        found = [_entry(key, made) for key, made in (*self.worst_first(), *self.others())]
        return [cleaned(each) for each in found]


def _is_of_an_agent(judged: Judged) -> bool:
    """Return whether an agent dialled. A suspicious call of one is unknown while any maker was not asked."""
    return judged.verdict == "unattributed" or (judged.verdict == "allowed" and judged.call.by_person)


def _entry(key: Key, made: Made) -> dict[str, Any]:
    return {
        "made_by": key.who,
        "id": key.id,
        "name": made.name or None,
        "sdk_app_id": key.app,
        "calls": made.calls,
        "violations": made.violations,
        "first": _instant(made.first),
        "last": _instant(made.last),
        "time_zone": made.time_zone,
    }


def _instant(at: int | None) -> str | None:
    return None if at is None else written_instant(moment(at))


def summed(several: Iterable[Made]) -> Made:
    """Return the calls of several makers together."""
    total = Made()
    for each in several:
        total = total.plus(each)
    return total
