"""What each rule covers now, and what none does: from the lists of the applications. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from handler.errors.sentences import given
from handler.policy.entries import NONE
from handler.policy.rules import Rules
from handler.report.check import Finding
from handler.report.entries import nouns
from handler.target import FINISHED, Place, State, Target

if TYPE_CHECKING:
    from handler.cloud.ccc_types import Seen

_SHOWN = 3


@dataclass
class Covered:
    """What is unfinished in applications with rules: by rule, and what none covers."""

    rules: Rules
    _by_rule: dict[int, list[Target]] = field(default_factory=dict)
    _running: dict[int, int] = field(default_factory=dict)
    _uncovered: list[tuple[Place, Seen]] = field(default_factory=list)

    def add(self, place: Place, seen: Iterable[Seen]) -> None:
        """Add what a list shows."""
        for each in seen:
            found = self.rules.decide(*place, each.id, each.name or None)
            running = each.state is State.RUNNING
            if found.by == "uncovered" and (running or each.state is State.NOT_STARTED):
                self._uncovered.append((place, each))
            elif found.rule is not None and each.state not in FINISHED:
                hours = found.quiet_hours or NONE
                target = Target(
                    place.sdk_app_id, each.id, each.name or None, hours, rule=found.rule, kind=place.kind
                )
                self._by_rule.setdefault(found.rule, []).append(target)
                self._running[found.rule] = self._running.get(found.rule, 0) + running

    def targets(self) -> Iterator[Target]:
        """Yield what rules cover and quiet hours apply to."""
        for targets in self._by_rule.values():
            yield from (each for each in targets if each.quiet_hours != NONE)

    def findings(self) -> Iterator[Finding]:
        """Yield what each rule covers now, and a warning for each target that no rule covers."""
        for rule, targets in sorted(self._by_rule.items()):
            names = ", ".join(given(each.name or str(each.id)) for each in targets[:_SHOWN])
            more = f" and {len(targets) - _SHOWN:,} more" if len(targets) > _SHOWN else ""
            what = nouns(each.kind for each in targets) if len(targets) > 1 else targets[0].noun
            text = (
                f"Rule {rule} covers {len(targets):,} unfinished {what} now, "
                f"{self._running[rule]:,} of them running: {names}{more}"
            )
            yield Finding("info", "RuleCovers", text, subject=str(rule))
        for (app, kind), seen in self._uncovered:
            state = "running" if seen.state is State.RUNNING else "not started"
            which = f"{kind.capitalize()} {seen.id} ({given(seen.name)})"
            text = f"{which} of application {app} is {state}, and no rule covers it"
            yield Finding("warning", "Uncovered", text, kind, seen.id, app)
