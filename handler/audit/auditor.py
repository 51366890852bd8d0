"""An audit from its parts: each application that the policy names, in its share of the time."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from handler.audit.application import ApplicationAudit, Judged, Ways
from handler.audit.hours import AuditedHours
from handler.audit.period import Cursors, Period, period
from handler.output.numbers import masked
from handler.quiet_hours.zone import moment
from handler.report.audit import AuditReport, Counts, Cursor, Lack

if TYPE_CHECKING:
    from handler.cloud.ccc import Ccc
    from handler.cloud.pacing import Deadline
    from handler.target import SdkAppId


class Unobserved:
    """The observer of an audit that nobody watches."""

    def read(self, app: SdkAppId, position: int, calls: int) -> None:
        """See `Observer.read`."""

    def attributing(self, app: SdkAppId, done: int, of: int) -> None:
        """See `Observer.attributing`."""

    def judged(self, app: SdkAppId, judged: Judged) -> None:
        """See `Observer.judged`."""


AS_DEPLOYED = Ways(masked, Unobserved())
"""Numbers are masked, and only suspicious calls are attributed."""


@dataclass(frozen=True)
class Auditor:
    """What is audited, and with what. `ccc` may raise `CloudError`; `cursors` are `None` without a ledger."""

    apps: Sequence[SdkAppId]
    hours: AuditedHours
    ccc: Callable[[], Ccc]
    cursors: Cursors | None
    ways: Ways = AS_DEPLOYED

    def run(self, source: str, start: datetime | None, end: datetime | None, until: Deadline) -> AuditReport:
        """Return what was found from `start` to `end`; see `period` for what is left out. Raises nothing.

        What was not asked for by its time goes on where the last audit ended.
        """
        now = until.clock.now()
        asked = period(start, end, now)
        cursors = self.cursors if start is None and end is None else None
        done = list(self._each(asked, cursors, now, until))
        lacks = [*asked.lacks, *(lack for each in done for lack in each.lacks)]
        if not done:
            text = "No application is named; set CALLOUT_SDK_APP_ID, or name tasks"
            lacks.append(Lack("NoApplication", text))
        counts = Counts()
        for each in done:
            counts = counts.plus(each.counts)
        goes_on = [each.next_from for each in done if each.next_from is not None]
        goes_on += [asked.next_from] if asked.next_from is not None else []
        return AuditReport(
            id=str(uuid.uuid4()),
            time=now,
            source=source,
            apps=tuple(each.app for each in done),
            start=moment(min((each.start for each in done), default=asked.start)),
            end=moment(asked.end),
            counts=counts,
            violations=tuple(sorted(one for each in done for one in each.violations)),
            lacks=tuple(dict.fromkeys(lacks)),
            next_from=moment(min(goes_on)) if goes_on else None,
            cursors=tuple(_cursor(each) for each in done if not _is_unread(each)) if cursors else (),
        )

    def remember(self, found: AuditReport, until: Deadline) -> None:
        """Keep the cursors of an audit that was published."""
        for cursor in found.cursors:
            if self.cursors:
                self.cursors.keep(cursor, found.time, until)

    def _each(
        self, asked: Period, cursors: Cursors | None, now: datetime, until: Deadline
    ) -> Iterator[ApplicationAudit]:
        left = list(self.apps)
        fatal: Lack | None = None
        while left:
            share = until.within(until.remaining() / len(left))
            app = left.pop(0)
            start, lacks = asked.start, list[Lack]()
            if cursors:
                start, lacks = cursors.start(app, asked, now, share)
            audit = self._of(app, start, asked, share, fatal)
            audit.lacks[:0] = lacks
            fatal = audit.lacks[-1] if audit.fatal else fatal
            yield audit

    def _of(
        self, app: SdkAppId, start: int, asked: Period, until: Deadline, fatal: Lack | None
    ) -> ApplicationAudit:
        """Return the audit of an application. After a `fatal` lack, nothing is asked any more."""
        audit = ApplicationAudit(self.ccc, app, self.hours, start, asked.end, asked.start, until, self.ways)
        if fatal is not None:
            audit.lacks, audit.next_from = [fatal], start
            return audit
        try:
            audit.run()
        except Exception as error:
            if not isinstance(self.ways.observer, Unobserved):
                raise  # a person is shown the error itself
            # The error's own text may repeat a record, so only what kind it is leaves the function.
            text = f"Application {app}: an unexpected error, {type(error).__name__}, ended the audit"
            audit.lacks.append(Lack("Unexpected", text, app))
            audit.next_from = start
        return audit


def _is_unread(audit: ApplicationAudit) -> bool:
    """Return whether the last cursor could not be read: a new one would hide it."""
    return any(each.code == "Ledger" for each in audit.lacks)


def _cursor(audit: ApplicationAudit) -> Cursor:
    if audit.next_from is None:
        return Cursor(audit.app, audit.end, complete=True)
    return Cursor(audit.app, audit.next_from, complete=False)
