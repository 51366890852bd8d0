"""What the quiet hours say of a target at the moment of the work. It holds the clock."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from handler.cloud.pacing import Clock
from handler.policy.entries import NONE
from handler.policy.rules import Rules
from handler.quiet_hours import QuietHours
from handler.quiet_hours.status import QuietStatus
from handler.reconcile.decision import decide
from handler.report.entries import TargetReport
from handler.target import Job, Place, Target

_LATELY = timedelta(seconds=60)
"""After quiet hours a last pause may still be under way for so long: a request's timeout and clock skew."""


class Schedule:
    """The quiet hours by name, read at the time of a clock.

    A status is computed again when quiet hours have changed, and when the clock was set back.
    """

    def __init__(self, hours: Mapping[str, QuietHours], clock: Clock) -> None:
        self._hours = hours
        self.clock = clock
        self._last: dict[str, QuietStatus] = {}
        self._lately: dict[str, QuietStatus] = {}

    def of(self, target: Target) -> QuietStatus:
        """Return what its quiet hours say of a target now. While it is exempt, it is not quiet."""
        status = self.now(target.quiet_hours)
        until = target.exempt_until
        return status._replace(quiet=False, exempt_until=until) if until and status.now < until else status

    def now(self, name: str) -> QuietStatus:
        """Return what the quiet hours called `name` say now."""
        return self._at(name, self.clock.now(), self._last)

    def is_quiet_lately(self, name: str) -> bool:
        """Return whether it is quiet now, or was a minute ago. Quiet hours that are no more are not."""
        if name not in self._hours:
            return False
        return self.now(name).quiet or self._at(name, self.clock.now() - _LATELY, self._lately).quiet

    def all_quiet(self) -> bool:
        """Return whether all quiet hours of the policy hold now, so that nothing may be resumed."""
        return all(self.now(name).quiet for name in self._hours)

    def all_open(self) -> tuple[datetime, datetime | None] | None:
        """Return now and when the next quiet hours begin, `None` while any are, or were a minute ago."""
        if any(map(self.is_quiet_lately, self._hours)):
            return None
        begins = (self.now(name).until for name in self._hours)
        return self.clock.now(), min((each for each in begins if each), default=None)

    def _at(self, name: str, at: datetime, last_ones: dict[str, QuietStatus]) -> QuietStatus:
        if name == NONE:
            return QuietStatus(NONE, False, None, "UTC", at)  # noqa: FBT003 - never quiet
        last = last_ones.get(name)
        if last is None or at < last.now or (last.until is not None and at >= last.until):
            last = last_ones[name] = self._hours[name].status(name, at)
        return last._replace(now=at)

    def decided(self, job: Job) -> TargetReport | None:
        """Return the report of a job that the clock alone decides, else `None`."""
        status = self.of(job.target)
        outcome = decide(job.action, quiet=status.quiet or job.force)
        return None if outcome is None else TargetReport(job.target, outcome, status, status.sentence())


def by_clock(job: Job, schedule: Schedule, rules: Rules) -> list[TargetReport] | None:
    """Return the reports of a job that the clock alone decides, `None` where CCC has to be asked."""
    if job.target.lookup == "rules":
        return None if places(job, schedule, rules) else []
    report = None if job.target.id is None else schedule.decided(job)
    return None if report is None else [report]


def places(job: Job, schedule: Schedule, rules: Rules) -> list[Place]:
    """Return the lists that a job for all that rules cover needs: where a rule may ask for a call now."""
    found = (Place(job.target.sdk_app_id, kind) for kind in job.target.kinds)
    return [
        place
        for place in found
        if any(
            decide(job.action, quiet=schedule.now(name).quiet or job.force) is None
            for name in rules.quiet_hours(*place)
        )
    ]
