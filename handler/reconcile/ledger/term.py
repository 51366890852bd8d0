"""What the policy of now says of a noted target: whether it may be resumed, and if not, why."""

from typing import NamedTuple

from handler.policy.entries import NONE
from handler.policy.rules import Rules
from handler.quiet_hours.status import QuietStatus
from handler.reconcile.ledger.book import KEPT, UNDER_WAY
from handler.reconcile.ledger.records import Key, Noted
from handler.reconcile.schedule import Schedule
from handler.target import Target


class Term(NamedTuple):
    """A noted target under the policy of now.

    It `waits` in quiet hours and in the minute after them, when a pause may still be under way
    (*settle*). `hours` is `None` where the policy no longer covers it: then its recorded end counts; without
    one it is `endless`. It is `expired` when that end is too long ago. `resume` is what the policy says.
    """

    target: Target
    hours: QuietStatus | None
    waits: bool
    expired: bool
    endless: bool
    resume: bool

    @property
    def may_resume(self) -> bool:
        """Whether it may be resumed by its note."""
        return not (self.waits or self.expired or self.endless) and self.resume


def term(key: Key, noted: Noted, name: str | None, rules: Rules, schedule: Schedule) -> Term:
    """Return what holds for a noted target; `name` is its name in CCC, where that was seen."""
    app, kind, id_ = key
    now = schedule.clock.now()
    said = rules.decide(app, kind, id_, name)
    exempt = said.exempt_until if said.exempt_until and now < said.exempt_until else None
    hours = said.quiet_hours or noted.quiet_hours or NONE
    target = Target(app, id_, said.entry or name, hours, exempt, said.rule, kind=kind)
    past = None if noted.until is None else now - noted.until
    expired = past is not None and past > KEPT
    if said.quiet_hours is None:
        waits = past is not None and past < UNDER_WAY
        return Term(target, None, waits, expired, noted.until is None, said.resume)
    # A request may have paused it under quiet hours of its own: those have to end as well.
    quiet = any(schedule.is_quiet_lately(each) for each in (said.quiet_hours, noted.quiet_hours))
    waits = quiet and exempt is None
    return Term(target, schedule.of(target), waits, expired, False, said.resume)  # noqa: FBT003
