"""Enforce outside quiet hours: what the ledger holds, of what the messages of an event ask for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from handler.cloud.halts import Halts
from handler.cloud.pacing import Deadline
from handler.policy.patterns import matches
from handler.policy.rules import Rules
from handler.reconcile.ledger.calls import Calls
from handler.reconcile.ledger.enforced import NOTHING, Enforced, Scope
from handler.reconcile.ledger.ledger import Ledger
from handler.reconcile.ledger.morning import Morning
from handler.reconcile.ledger.records import Key
from handler.reconcile.observer import Observer
from handler.reconcile.schedule import Schedule
from handler.target import Target

if TYPE_CHECKING:
    from handler.cloud.ccc import Ccc


class Enforcement(NamedTuple):
    """Resumes what this function paused. `ccc` connects at the first need, and raises `CloudError`."""

    ledger: Ledger
    ccc: Callable[[], Ccc]
    schedule: Schedule
    rules: Rules
    deadline: Deadline
    verify: bool
    per_second: float

    def run(self, scopes: Sequence[Scope]) -> Enforced:
        """Do what the messages ask for. What is asked for real wins over a dry run."""
        found = NOTHING
        for dry_run in (False, True):
            mine = [each.targets for each in scopes if each.dry_run is dry_run]
            if mine:
                found = _joined(found, self._one(mine, dry_run=dry_run))
        return found

    def _one(self, scopes: Sequence[Collection[Target] | None], *, dry_run: bool) -> Enforced:
        halts = Halts()
        observer = Observer(self.ccc, halts)
        morning = Morning(
            ledger=self.ledger,
            observer=observer,
            calls=Calls(self.ccc, observer, halts, self.schedule, self.verify),
            schedule=self.schedule,
            rules=self.rules,
            deadline=self.deadline,
            asked=_asked(scopes),
            per_second=self.per_second,
            dry_run=dry_run,
        )
        reports = tuple(morning.run())
        return Enforced(reports, tuple(morning.problems), morning.failed, morning.left)


def _asked(scopes: Sequence[Collection[Target] | None]) -> Callable[[Key, str | None], bool]:
    if any(targets is None for targets in scopes):
        return _everything
    targets = [each for some in scopes for each in some or ()]
    ids = {(each.sdk_app_id, each.kind, each.id) for each in targets if each.id is not None}
    unknown = [each for each in targets if each.id is None]

    def asked(key: Key, name: str | None) -> bool:
        return key in ids or any(_fits(each, key, name) for each in unknown)

    return asked


def _everything(key: Key, name: str | None) -> bool:
    del key, name
    return True


def _fits(target: Target, key: Key, name: str | None) -> bool:
    if target.sdk_app_id != key[0] or key[1] not in target.kinds or name is None or target.name is None:
        return False
    return name == target.name if target.lookup == "name" else matches(target.name, name)


def _joined(one: Enforced, other: Enforced) -> Enforced:
    known = {each.target.key for each in one.reports}
    reports = (*one.reports, *(each for each in other.reports if each.target.key not in known))
    problems = tuple(dict.fromkeys((*one.problems, *other.problems)))
    return Enforced(reports, problems, one.failed or other.failed, max(one.left, other.left))
