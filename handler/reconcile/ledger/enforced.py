"""What messages ask to enforce, and what became of what the ledger holds. Pure."""

from collections.abc import Collection
from typing import NamedTuple

from handler.report.entries import Problem, TargetReport
from handler.target import Outcome, Target


class Scope(NamedTuple):
    """What a message asks to enforce: these targets, `None` for all, and whether for real."""

    targets: Collection[Target] | None
    dry_run: bool


class Enforced(NamedTuple):
    """What became of what the ledger holds. `failed` says that the messages have to come again."""

    reports: tuple[TargetReport, ...] = ()
    problems: tuple[Problem, ...] = ()
    failed: bool = False
    left: int = 0

    @property
    def resumed(self) -> bool:
        """Whether something was resumed, or would be."""
        return any(each.outcome in {Outcome.RESUMED, Outcome.WOULD_RESUME} for each in self.reports)


NOTHING = Enforced()
"""There was nothing to be done."""
