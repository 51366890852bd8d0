"""What an audit found in the call records, and how it is said: status, text and CloudEvents. Pure."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import cached_property
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from handler.errors.sentences import shortened
from handler.output.encoding import size
from handler.output.redaction import clean, cleaned
from handler.quiet_hours.zone import local, written
from handler.report.cloudevents import AUDIT_TYPE, Envelope, Measure, split
from handler.report.entries import sendable, written_instant
from handler.target import Kind

Status = Literal["clean", "incomplete", "violations"]

_SHOWN = 3
_LONGEST_SENTENCE = 300
_LONGEST_MESSAGE = 2_000


class Violation(NamedTuple):
    """A call that was started in quiet hours of its target. `start` is in UTC, `callee` masked.

    `quiet_hours` is the name that the policy gives them; `place` and `interval` say which line of them held,
    on the clocks of `time_zone`. `rule` is the number of the rule that gives them, `None` for a named target.
    """

    start: datetime
    session: str
    kind: Kind
    id: int
    name: str
    sdk_app_id: int
    rule: int | None
    quiet_hours: str
    place: str
    interval: str
    time_zone: str
    callee: str

    @property
    def local_time(self) -> datetime:
        """When it started, on the clocks of its quiet hours."""
        return local(self.start, ZoneInfo(self.time_zone))

    @property
    def covered_by(self) -> str:
        """What gives the target its quiet hours, in words: `rule 2`, `its name`."""
        return f"rule {self.rule}" if self.rule else "its own entry"

    def entry(self) -> dict[str, Any]:
        """Return the violation's entry in the notification."""
        return {
            "time": written_instant(self.start),
            "local_time": self.local_time.isoformat(timespec="seconds"),
            "time_zone": self.time_zone,
            "session": sendable(self.session),
            "kind": self.kind,
            "id": self.id,
            "name": sendable(self.name),
            "sdk_app_id": self.sdk_app_id,
            "rule": self.rule,
            "quiet_hours": self.quiet_hours,
            "interval": sendable(f"{self.place} {self.interval}"),
            "callee": sendable(self.callee),
        }

    def sentence(self) -> str:
        """Return it as a sentence without its full stop."""
        name = f" ({shortened(self.name, 60)})" if self.name else ""
        return (
            f"{written(self.local_time)} {self.time_zone}: {self.kind} {self.id}{name} called "
            f"{self.callee or 'a number that CCC does not show'}, in {self.place} {self.interval} of "
            f"{self.quiet_hours}"
        )


class Counts(NamedTuple):
    """How many calls there were, and how many of them could, or could not, be judged.

    `suspicious` were started in any quiet hours of their application. Of these, those of `uncovered` targets
    have no quiet hours, `unattributed` ones were dialled by an agent, and of `unknown` ones nobody knows
    which target made them, or when.
    """

    calls: int = 0
    suspicious: int = 0
    uncovered: int = 0
    unattributed: int = 0
    unknown: int = 0

    def plus(self, other: "Counts") -> "Counts":
        """Return the sums."""
        return Counts(*(mine + its for mine, its in zip(self, other, strict=True)))


class Lack(NamedTuple):
    """Why an audit is incomplete, or what else went wrong with it."""

    code: str
    message: str
    sdk_app_id: int | None = None

    def entry(self) -> dict[str, Any]:
        """Return its entry in the notification."""
        message = sendable(shortened(self.message, _LONGEST_MESSAGE))
        return {"code": self.code, "message": message, "sdk_app_id": self.sdk_app_id, "body": None}


class Cursor(NamedTuple):
    """From when, in Unix seconds, the next audit of an application goes on; `complete`: all was read."""

    sdk_app_id: int
    next_from: int
    complete: bool


class _AuditReport(NamedTuple):
    id: str
    time: datetime
    source: str
    apps: tuple[int, ...]
    start: datetime
    end: datetime
    counts: Counts = Counts()
    violations: tuple[Violation, ...] = ()
    lacks: tuple[Lack, ...] = ()
    next_from: datetime | None = None
    cursors: tuple[Cursor, ...] = ()


class AuditReport(_AuditReport):
    """What one audit found from `start` to `end`, `end` exclusive.

    `next_from` is from when on an audit has to go on, `None` where nothing is left to read. `cursors` are to
    be kept when it was published, and not before: what nobody learned of is audited again.
    """

    def again(self) -> "AuditReport":
        """Return the same as a report with an id of its own."""
        return self._replace(id=str(uuid.uuid4()))

    @property
    def complete(self) -> bool:
        """Whether every call was read and judged."""
        return not self.lacks and not self.counts.unknown and self.next_from is None

    @property
    def status(self) -> Status:
        """The result, in one word: what was found comes before what could not be read."""
        return "violations" if self.violations else "clean" if self.complete else "incomplete"

    @property
    def attributes(self) -> dict[str, str]:
        """What subscribers of a topic can filter by."""
        return {"status": self.status, "action": "audit"}

    def facts(self) -> dict[str, Any]:
        """Return what the function's log says of the audit, apart from its status: no call, and no number."""
        counts = {"violations": len(self.violations), **self.counts._asdict()}
        return {"text": self.summary(), **counts, "errors": "; ".join(each.message for each in self.lacks)}

    def data(self) -> Mapping[str, Any]:
        """Return the notification's `data`, whole. It is built once."""
        return self._data

    @cached_property
    def _data(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "complete": self.complete,
            "next_from": self.next_from and written_instant(self.next_from),
            "from": written_instant(self.start),
            "to": written_instant(self.end),
            **self.counts._asdict(),
            "violations": cleaned([each.entry() for each in self.violations]),
            "errors": cleaned([each.entry() for each in self.lacks]),
            "text": clean(self.text()),
        }

    def events(self, limit: int, measure: Measure = size) -> list[dict[str, Any]]:
        """Return the notification as CloudEvents of at most `limit` bytes each, see `cloudevents.split`."""
        return split(self._data, Envelope(self.id, self.source, self.time, AUDIT_TYPE), limit, measure)

    def summary(self) -> str:
        """Return the result in a line."""
        return clean(f"Audit of {self.span()}: {self.verdict()}")

    def span(self) -> str:
        """Return what was read: `2026-11-25 (UTC)`, or from when to when."""
        start, end = (local(each, timezone.utc) for each in (self.start, self.end))
        days = (end - start).days
        whole = start.time() == end.time() == datetime.min.time()
        if whole and days == 1:
            return f"{start.date().isoformat()} (UTC)"
        return f"{written(start)} to {written(end)} (UTC)"

    def verdict(self) -> str:
        """Return what it means, in a few words."""
        found, counts = len(self.violations), self.counts
        calls = _of(counts.calls)
        if found:
            also = "" if self.complete else ", AND NOT ALL WAS READ"
            return f"{found:,} VIOLATION{'S' * (found > 1)} among {calls}{also}"
        if not self.complete:
            return f"INCOMPLETE after {calls}"
        return f"{calls}, {'no violation' if counts.suspicious else 'none in quiet hours'}"

    def remarks(self) -> list[str]:
        """Return what else is to be known, a sentence each: why it is incomplete, and what was counted."""
        counts = self.counts
        counted = (
            (
                counts.unknown,
                "could not be judged: which task or campaign made each, its name, or when, is not known",
            ),
            (counts.uncovered, "in quiet hours: made by what no rule and no entry covers"),
            (counts.unattributed, "in quiet hours: dialled by agents, not by a task or campaign"),
        )
        found = [f"{each.message.rstrip('.')}." for each in self.lacks]
        if self.next_from:
            found.append(f"The next audit has to begin at {written(self.next_from)} (UTC).")
        return found + [f"{_of(number)} {what}." for number, what in counted if number]

    def text(self) -> str:
        """Return a summary to be read in a chat room."""
        shown = self.violations[:_SHOWN]
        first = [f"{shortened(each.sentence(), _LONGEST_SENTENCE)}." for each in shown]
        more = len(self.violations) - len(shown)
        first += [f"And {more:,} more."] if more else []
        sentences = [f"Audit of {self.span()}: {self.verdict()}.", *first, *self.remarks()]
        return sendable(" ".join(shortened(each, _LONGEST_SENTENCE) for each in sentences))


def _of(calls: int) -> str:
    return f"{calls:,} call{'s' * (calls != 1)}"
