"""Which calls matter, and which of them are violations, by the policy of now. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, NamedTuple

from handler.cloud.call_records import CallRecord
from handler.errors.sentences import shortened
from handler.policy.entries import NONE
from handler.policy.model import Policy
from handler.policy.rules import Coverage, Rules
from handler.quiet_hours import QuietHours
from handler.quiet_hours.zone import moment
from handler.report.audit import Violation
from handler.target import Kind, SdkAppId, TargetId

_LONGEST_NAME = 300
"""Characters of a name of CCC in a violation: each of thousands repeats it."""
_ENDED = timedelta(days=-1)
Verdict = Literal["violation", "allowed", "uncovered", "unknown"]


class Maker(NamedTuple):
    """The task or campaign that made a call: its kind, id, and name in CCC."""

    kind: Kind
    id: TargetId
    name: str


class AuditedHours:
    """The quiet hours of a policy as the law has them: without the lead time, which is our own caution."""

    def __init__(self, policy: Policy, rules: Rules) -> None:
        self._rules = rules
        self._hours = {name: hours.without_lead_time() for name, hours in policy.quiet_hours.items()}
        self._in_use: dict[SdkAppId, list[QuietHours]] = {}

    def hold_anything(self, app: SdkAppId) -> bool:
        """Return whether the policy gives quiet hours to anything in an application."""
        return bool(self._rules.in_use(app))

    def matters(self, app: SdkAppId, start: int) -> bool:
        """Return whether a call at this Unix second started in any quiet hours that an application uses."""
        at = moment(start)
        return any(hours.is_quiet(at) for hours in self._used(app))

    def ended(self, app: SdkAppId, last: int) -> list[str]:
        """Return a sentence for each calendar of these quiet hours whose data ends before a Unix second."""
        notes = (note for hours in self._used(app) for note in hours.notes(moment(last), _ENDED))
        return list(dict.fromkeys(notes))

    def _used(self, app: SdkAppId) -> list[QuietHours]:
        if app not in self._in_use:
            self._in_use[app] = [self._hours[name] for name in sorted(self._rules.in_use(app))]
        return self._in_use[app]

    def coverage(self, app: SdkAppId, maker: Maker) -> Coverage:
        """Return what the policy says of a task or campaign."""
        return self._rules.decide(app, maker.kind, maker.id, maker.name or None)

    def time_zone(self, name: str | None) -> str | None:
        """Return on whose clocks quiet hours are: their zone, else that of their first interval with one."""
        hours = self._hours.get(name or "")
        if hours is None:
            return None
        return hours.time_zone or next((each.zone.name for each in hours.quiet if each.zone), "UTC")

    def judge(self, app: SdkAppId, call: CallRecord, start: int, maker: Maker) -> Verdict | Violation:
        """Return the violation that a call is, or why it is none."""
        coverage = self.coverage(app, maker)
        name, at = coverage.quiet_hours, moment(start)
        if name is None:  # which rule would match a name that CCC does not show is not known
            nameless = coverage.by == "uncovered" and not maker.name
            return "unknown" if nameless and self.matters(app, start) else "uncovered"
        if name == NONE or (coverage.exempt_until and at < coverage.exempt_until):
            return "allowed"
        hours = self._hours[name]
        if not hours.is_quiet(at):
            return "allowed"
        reason = hours.reason(at)  # takes ten times as long
        return Violation(
            start=at,
            session=call.session,
            kind=maker.kind,
            id=maker.id,
            name=coverage.entry or shortened(maker.name, _LONGEST_NAME),
            sdk_app_id=app,
            rule=coverage.rule,
            quiet_hours=name,
            place=reason.place or "",
            interval=reason.interval or "",
            time_zone=reason.time_zone,
            callee=call.callee,
        )
