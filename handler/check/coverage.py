"""What each rule covers now, and what none does: from the lists of the applications. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from handler.errors.sentences import given
from handler.policy.entries import NONE
from handler.policy.rules import Rules
from handler.report.check import Finding
from handler.task import FINISHED, SdkAppId, Task, TaskState

if TYPE_CHECKING:
    from handler.cloud.ccc_types import Seen

_SHOWN = 3


@dataclass
class Covered:
    """The unfinished tasks of applications with rules: by rule, and those that none covers."""

    rules: Rules
    _by_rule: dict[int, list[Task]] = field(default_factory=dict)
    _running: dict[int, int] = field(default_factory=dict)
    _uncovered: list[tuple[SdkAppId, Seen]] = field(default_factory=list)

    def add(self, app: SdkAppId, seen: Iterable[Seen]) -> None:
        """Add the tasks of an application's list."""
        for each in seen:
            found = self.rules.decide(app, "task", each.task_id, each.name or None)
            running = each.state is TaskState.RUNNING
            if found.by == "uncovered" and (running or each.state is TaskState.NOT_STARTED):
                self._uncovered.append((app, each))
            elif found.rule is not None and each.state not in FINISHED:
                task = Task(app, each.task_id, each.name or None, found.quiet_hours or NONE, rule=found.rule)
                self._by_rule.setdefault(found.rule, []).append(task)
                self._running[found.rule] = self._running.get(found.rule, 0) + running

    def tasks(self) -> Iterator[Task]:
        """Yield the tasks that rules cover and that quiet hours apply to."""
        for tasks in self._by_rule.values():
            yield from (task for task in tasks if task.quiet_hours != NONE)

    def findings(self) -> Iterator[Finding]:
        """Yield what each rule covers now, and a warning for each task that no rule covers."""
        for rule, tasks in sorted(self._by_rule.items()):
            names = ", ".join(given(task.name or str(task.task_id)) for task in tasks[:_SHOWN])
            more = f" and {len(tasks) - _SHOWN:,} more" if len(tasks) > _SHOWN else ""
            text = (
                f"Rule {rule} covers {len(tasks):,} unfinished task{'s' * (len(tasks) > 1)} now, "
                f"{self._running[rule]:,} of them running: {names}{more}"
            )
            yield Finding("info", "RuleCovers", text, subject=str(rule))
        for app, seen in self._uncovered:
            state = "running" if seen.state is TaskState.RUNNING else "not started"
            name = given(seen.name)
            text = f"Task {seen.task_id} ({name}) of application {app} is {state}, and no rule covers it"
            yield Finding("warning", "Uncovered", text, "task", seen.task_id, app)
