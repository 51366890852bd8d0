"""The audit of one application: its calls are read, the suspicious ones attributed, and these judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from handler.audit.attribution import Attribution, Wanted
from handler.audit.gaps import Gaps
from handler.audit.hours import AuditedHours, Maker
from handler.audit.reading import Reading, Slice
from handler.cloud.call_records import CallRecord, CallRecords, Shown
from handler.errors import CloudError, Meaning, Scope
from handler.quiet_hours.zone import moment, written
from handler.report.audit import Counts, Lack, Violation

if TYPE_CHECKING:
    from handler.cloud.ccc import Ccc
    from handler.cloud.pacing import Deadline
    from handler.policy.rules import Coverage
    from handler.target import SdkAppId

_BESIDE = 3_600
"""How many seconds outside of what was asked for a call may have begun, for its record to be believed."""
_LEAST_SECONDS = 1.0
_SHOWN_ERRORS = 5
_MOST_FAILURES = 25
"""One after the other, that is each hour of a day: then nothing at all can be read."""


class Judged(NamedTuple):
    """A call that was judged: a `Verdict`, `unattributed` or `unknown`, and what it was judged by.

    `suspicious` says that it started in any quiet hours of its application. `coverage` is what the policy
    says of its maker, `time_zone` that of the quiet hours which this gives.
    """

    call: CallRecord
    verdict: str
    suspicious: bool
    maker: Maker | None = None
    coverage: Coverage | None = None
    time_zone: str | None = None
    violation: Violation | None = None


class Observer(Protocol):
    """Who is told how an audit goes on."""

    def read(self, app: SdkAppId, position: int, calls: int) -> None:
        """Take note that so many calls were read, and all of them up to a Unix second."""

    def attributing(self, app: SdkAppId, done: int, of: int) -> None:
        """Take note that so many tasks or campaigns were asked for their sessions."""

    def judged(self, app: SdkAppId, judged: Judged) -> None:
        """Take note that a call was judged; one that is not suspicious only with `attributes_all`."""


class Ways(NamedTuple):
    """How an audit is done: how numbers are shown, who is told, and how much is kept in memory.

    So many calls at most wait for their makers to be found. With so many violations found it ends, and the
    next audit goes on, so that none is left out.
    `attributes_all` asks for the makers of all calls, not only of the suspicious ones.
    """

    shown: Shown
    observer: Observer
    most_waiting: int = 10_000
    most_violations: int = 10_000
    attributes_all: bool = False


class _Waiting(NamedTuple):
    call: CallRecord
    start: int
    suspicious: bool


@dataclass
class ApplicationAudit:
    """The calls of an application from `start` to `end`, in Unix seconds, as far as there is time.

    What was found is in `counts`, `violations` and `lacks`; `next_from` is from when the next audit has to go
    on: at what CCC did not show, and at a call whose maker was not found, only from `new_from` on, so that
    what is never shown does not keep audits from getting on; at what could not be read before that, where all
    else was read. `fatal` says that no call of any API can
    succeed.
    """

    ccc: Callable[[], Ccc]
    app: SdkAppId
    hours: AuditedHours
    start: int
    end: int
    new_from: int
    until: Deadline
    ways: Ways
    counts: Counts = field(default_factory=Counts)
    violations: list[Violation] = field(default_factory=list)
    lacks: list[Lack] = field(default_factory=list)
    next_from: int | None = None
    fatal: bool = False
    _waiting: dict[str, list[_Waiting]] = field(default_factory=dict)
    _number_waiting: int = 0
    _failures: int = 0
    _gaps: Gaps = field(default_factory=Gaps)
    _old_gaps: list[int] = field(default_factory=list)

    def run(self) -> None:
        """Read and judge until everything is, or the time is up."""
        try:
            ccc = self.ccc()
        except CloudError as error:
            self._goes_on(self.start)
            self._lack_reading(self.start, error)
            return
        records = CallRecords(ccc, self.app, self.ways.shown)
        reading = Reading(records, self.start, self.end, self.until)
        attribution = Attribution(records, self._tell)
        stopped: CloudError | None = None
        while (
            stopped is None
            and reading.position < self.end
            and len(self.violations) < self.ways.most_violations
        ):
            stopped = self._read(reading)
            late = stopped is not None and reading.until.remaining() <= 0
            found_all = self._attribute(attribution) if self._waiting else False
            if late and found_all and self.until.remaining() > _LEAST_SECONDS:
                stopped = None
        if not self.hours.hold_anything(self.app):
            text = "the policy gives no quiet hours to anything there, so its calls were held against nothing"
            self._lack("NoQuietHours", text)
        for text in self.hours.ended(self.app, self.end - 1):
            self._lack("CalendarEnds", text)
        for code, text in self._gaps.said():
            self._lack(code, text)
        if reading.position < self.end:
            self._goes_on(reading.position)
            self._lack_reading(reading.position, stopped)
        elif self._old_gaps:  # there is time to ask for them again
            self._goes_on(min(self._old_gaps))

    def _tell(self, done: int, of: int) -> None:
        self.ways.observer.attributing(self.app, done, of)

    def _read(self, reading: Reading) -> CloudError | None:
        """Read until as many calls wait as may, an error comes, or half of the time is up and any waits."""
        half = self.until.within(self.until.remaining() / 2)
        most = min(self.ways.most_waiting, self.ways.most_violations - len(self.violations))
        reading.until = self.until
        try:
            for part in reading.slices():
                self._take(part)
                self._failures = 0
                self.ways.observer.read(self.app, part.end, self.counts.calls)
                if self._number_waiting >= most:
                    return None
                if self._waiting:
                    reading.until = half
        except CloudError as error:
            return None if self._passes_over(reading, error) else error
        return None

    def _passes_over(self, reading: Reading, error: CloudError) -> bool:
        """Return whether to go on behind what cannot be read: it may be a part of the records only."""
        self._failures += 1
        if reading.until.remaining() <= 0 or error.meaning is Meaning.HALT or self._failures > _MOST_FAILURES:
            return False
        if left_out := reading.skip():
            if left_out[1] > self.new_from:
                self._goes_on(max(left_out[0], self.new_from))
            else:
                self._old_gaps.append(left_out[0])
            self._gaps.add(*left_out, error.code, f"the call records {{}} were not read: {error}")
        return True

    def _take(self, part: Slice) -> None:
        if not part.certain:
            text = "{} CCC did not show as many call records as it says there are"
            self._gaps.add(part.start, part.end, "RecordsIncomplete", text)
            if part.end > self.new_from:
                self._goes_on(max(part.start, self.new_from))
        for call in part.calls:
            start = call.start
            if start is None or not part.start - _BESIDE <= start <= part.end + _BESIDE:
                self._count(calls=1)
                self._unknown(call, suspicious=False)
            elif self.start <= start < self.end:
                self._count(calls=1)
                self._sort(call, start)

    def _sort(self, call: CallRecord, start: int) -> None:
        suspicious = self.hours.matters(self.app, start)
        self._count(suspicious=suspicious)
        if not (suspicious or self.ways.attributes_all):
            return
        if call.session:
            self._waiting.setdefault(call.session, []).append(_Waiting(call, start, suspicious))
            self._number_waiting += 1
        elif suspicious:
            self._unknown(call, suspicious=True)
        else:
            self._observe(Judged(call, "allowed", suspicious))

    def _attribute(self, attribution: Attribution) -> bool:
        """Judge the calls that wait. Return whether all of their makers that there are were found."""
        waiting, self._waiting, self._number_waiting = self._waiting, {}, 0
        before = len(attribution.errors)
        wanted = {
            session: Wanted(min(each.start for each in calls), calls[0].call.is_predictive)
            for session, calls in waiting.items()
        }
        makers = attribution.find(wanted, self.until)
        errors = attribution.errors[before:]
        missing = [each for session in waiting.keys() - makers.keys() for each in waiting[session]]
        for session, maker in makers.items():
            for each in waiting[session]:
                self._judge(each, maker)
        for each in missing:
            self._without_maker(each, all_read=not errors)
        if not errors or not any(each.suspicious for each in missing):
            return True
        self._lack_makers(errors)
        new = [each.start for each in missing if each.suspicious and each.start >= self.new_from]
        if new and any(map(_may_pass, errors)):
            self._goes_on(min(new))
        return False

    def _judge(self, waiting: _Waiting, maker: Maker) -> None:
        call, _, suspicious = waiting
        found = self.hours.judge(self.app, call, waiting.start, maker)
        violation = found if isinstance(found, Violation) else None
        if violation:
            self.violations.append(violation)
        elif suspicious:
            self._count(uncovered=found == "uncovered", unknown=found == "unknown")
        verdict = "violation" if isinstance(found, Violation) else found
        coverage = self.hours.coverage(self.app, maker)
        zone = self.hours.time_zone(coverage.quiet_hours)
        self._observe(Judged(call, verdict, suspicious, maker, coverage, zone, violation))

    def _without_maker(self, waiting: _Waiting, *, all_read: bool) -> None:
        if not waiting.suspicious:
            self._observe(Judged(waiting.call, "allowed", suspicious=False))
        elif waiting.call.by_person and all_read:
            self._count(unattributed=1)
            self._observe(Judged(waiting.call, "unattributed", suspicious=True))
        else:
            self._unknown(waiting.call, suspicious=True)

    def _unknown(self, call: CallRecord, *, suspicious: bool) -> None:
        self._count(unknown=1)
        self._observe(Judged(call, "unknown", suspicious))

    def _observe(self, judged: Judged) -> None:
        self.ways.observer.judged(self.app, judged)

    def _count(self, **more: int) -> None:
        self.counts = self.counts.plus(Counts(**more))

    def _goes_on(self, start: int) -> None:
        self.next_from = start if self.next_from is None else min(start, self.next_from)

    def _lack(self, code: str, text: str) -> None:
        lack = Lack(code, f"Application {self.app}: {text}", self.app)
        if lack not in self.lacks:
            self.lacks.append(lack)

    def _lack_reading(self, position: int, error: CloudError | None) -> None:
        since = f"the call records from {written(moment(position))} (UTC) on were not read"
        if error is None:
            self._lack("MoreToRead", f"{since}, since {len(self.violations):,} violations were found before")
        else:
            self.fatal = error.scope is Scope.EVERYTHING
            self._lack(error.code, f"{since}: {error}")

    def _lack_makers(self, errors: list[CloudError]) -> None:
        shown = dict.fromkeys((error.code, error.message) for error in errors)
        for code, message in list(shown)[:_SHOWN_ERRORS]:
            self._lack(code, f"not every task and campaign could be asked for its calls: {code}: {message}")


def _may_pass(error: CloudError) -> bool:
    """Return whether the next audit may find what this one could not, unlike after an absurd answer."""
    return error.code != "UnreadableAnswer" and error.meaning is not Meaning.OBJECT
