"""What the quiet hours say of a target at the moment of the work. It holds the clock."""

from collections.abc import Mapping

from handler.cloud.pacing import Clock
from handler.policy.entries import NONE
from handler.policy.rules import Rules
from handler.quiet_hours import QuietHours
from handler.quiet_hours.status import QuietStatus
from handler.reconcile.decision import decide
from handler.report.entries import TargetReport
from handler.target import Job, Place, Target


class Schedule:
    """The quiet hours by name, read at the time of a clock.

    A status is computed again when quiet hours have changed, and when the clock was set back.
    """

    def __init__(self, hours: Mapping[str, QuietHours], clock: Clock) -> None:
        self._hours = hours
        self._clock = clock
        self._last: dict[str, QuietStatus] = {}

    def of(self, target: Target) -> QuietStatus:
        """Return what its quiet hours say of a target now. While it is exempt, it is not quiet."""
        status = self.now(target.quiet_hours)
        until = target.exempt_until
        return status._replace(quiet=False, exempt_until=until) if until and status.now < until else status

    def now(self, name: str) -> QuietStatus:
        """Return what the quiet hours called `name` say now."""
        now = self._clock.now()
        if name == NONE:
            return QuietStatus(NONE, False, None, "UTC", now)  # noqa: FBT003 - never quiet
        last = self._last.get(name)
        if last is None or now < last.now or (last.until is not None and now >= last.until):
            last = self._last[name] = self._hours[name].status(name, now)
        return last._replace(now=now)

    def decided(self, job: Job) -> TargetReport | None:
        """Return the report of a job that the clock alone decides, else `None`."""
        status = self.of(job.target)
        outcome = decide(job.action, quiet=status.quiet)
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
            decide(job.action, quiet=schedule.now(name).quiet) is None for name in rules.quiet_hours(*place)
        )
    ]
