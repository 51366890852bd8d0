"""Outcomes become a report: its status, its data, and whether it is to be published. Pure."""

import json
from collections import Counter
from collections.abc import Container, Hashable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from handler.errors.sentences import shortened
from handler.output.encoding import size
from handler.output.redaction import clean, cleaned
from handler.report.cloudevents import Envelope, Measure, split
from handler.report.entries import UNFINISHED, Problem, TargetReport
from handler.report.text import text
from handler.target import Outcome

Status = Literal["succeeded", "partial", "failed", "skipped", "rejected"]
Notify = Literal["always", "changes", "failures"]

_LASTING = frozenset({Outcome.NOT_FOUND, Outcome.NOT_ALLOWED, Outcome.UNCOVERED})
"""Outcomes that stay as they are until a person acts, wake-up after wake-up."""
_BAD = UNFINISHED | _LASTING
_IDLE = frozenset({Outcome.NOT_QUIET, Outcome.STILL_QUIET, Outcome.NOT_STARTED, Outcome.FINISHED})
_LONGEST_REASON = 300
_SHOWN = 5
_CHANGED = frozenset({Outcome.PAUSED, Outcome.RESUMED, Outcome.WOULD_PAUSE, Outcome.WOULD_RESUME})


class _Report(NamedTuple):
    id: str
    time: datetime
    source: str
    trigger: str | None = None
    action: str | None = None
    dry_run: bool = False
    tasks: tuple[TargetReport, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    """Notes on the policy's data, one sentence each: `handler.policy.model.Policy.notes`."""
    left: int = 0
    """How many were seen paused that somebody else paused, where this run resumed something."""


class Report(_Report):
    """The outcomes of one invocation, and why. `action` is `None` where no message was a request."""

    @property
    def status(self) -> Status:
        """The result of the whole run, in one word."""
        outcomes = {task.outcome for task in self.tasks}
        if self.problems and not outcomes:
            return "rejected" if all(problem.code == "Rejected" for problem in self.problems) else "failed"
        if self.problems or outcomes & _BAD:
            # Nothing was asked of an uncovered task, so it fails no request; but somebody has to hear of it.
            return (
                "partial"
                if outcomes - _BAD or (outcomes == {Outcome.UNCOVERED} and not self.problems)
                else "failed"
            )
        return "skipped" if outcomes <= _IDLE else "succeeded"

    def text(self) -> str:
        """Return a summary of one or two lines, to be read in a chat room."""
        return text(self.tasks, self.problems, self.notes, dry_run=self.dry_run, left=self.left)

    @property
    def attributes(self) -> dict[str, str]:
        """What subscribers of a topic can filter by."""
        return {"status": self.status} | ({"action": self.action} if self.action else {})

    def data(self) -> Mapping[str, Any]:
        """Return the notification's `data`, whole. It is built once."""
        return self._data

    def with_problems(self, problems: Sequence[Problem]) -> "Report":
        """Return the report of the same tasks with other problems."""
        other = self._replace(problems=tuple(problems))
        other.entries = self.entries
        return other

    def summary(self) -> str:
        """Return what a trigger is told of a report with failures, see `in_a_line`."""
        return in_a_line(self.data())

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        """The tasks' entries in the notification."""
        entries: list[dict[str, Any]] = cleaned([task.entry() for task in self.tasks])
        for task, entry in zip(self.tasks, entries, strict=True):
            entry["outcome"] = task.outcome.value  # never redacted, even if a secret is the same word
        return entries

    @cached_property
    def _data(self) -> dict[str, Any]:
        summary = Counter(task.outcome.value for task in self.tasks)
        return {
            "status": self.status,
            "action": self.action,
            "dry_run": self.dry_run,
            "trigger": self.trigger,
            "text": clean(self.text()),
            "summary": dict(summary),
            "tasks": self.entries,
            "errors": cleaned([problem.entry() for problem in self.problems]),
        }

    def wanted_by(self, notify: Notify, told: Container[Hashable] = ()) -> bool:
        """Return whether this is to be published. `told` are the keys of `lasting` that were before."""
        if notify == "always" or self.problems:
            return True
        if any(task.outcome in UNFINISHED for task in self.tasks) or any(
            key not in told for key in self.lasting()
        ):
            return True
        return notify == "changes" and any(task.outcome in _CHANGED for task in self.tasks)

    def lasting(self) -> list[Hashable]:
        """Return a key for each task with a lasting outcome: the same as long as its quiet period lasts."""
        return [
            (
                task.target.key,
                task.outcome,
                self.dry_run,
                task.hours and (task.hours.quiet, task.hours.until),
                task.heard_until,
            )
            for task in self.tasks
            if task.outcome in _LASTING
        ]

    def events(self, limit: int, measure: Measure = size) -> list[dict[str, Any]]:
        """Return the notification as CloudEvents of at most `limit` bytes each, see `cloudevents.split`."""
        return split(self._data, Envelope(self.id, self.source, self.time), limit, measure)


def in_a_line(data: Mapping[str, Any]) -> str:
    """Return the first failures of a report in a line, and how many more there are."""
    reasons = [error["message"] for error in data["errors"]]
    reasons += [
        f"{task['kind']} {task['task_id'] or task['campaign_id'] or task['name']} {task['outcome']}"
        + (f" ({task['error']['code']}: {task['error']['message']})" if task["error"] else "")
        for task in data["tasks"]
        if task["outcome"] in {"failed", "deferred"}
    ]
    shown = [shortened(reason, _LONGEST_REASON) for reason in reasons[:_SHOWN]]
    more = [f"and {len(reasons) - _SHOWN:,} more"] if len(reasons) > _SHOWN else []
    return f"{data['status']}: " + "; ".join(shown + more)


def bounded(data: Mapping[str, Any], limit: int = 1_000_000) -> dict[str, Any]:
    """Return the data of a report, a check or an audit for an answer of at most `limit` bytes.

    A list that makes the answer too long is left out. Its length is then in `tasks_omitted`, for example; the
    notification has the whole list. A platform accepts no answer over 6 MB, and a trigger that waits for the
    answer then delivers the event again.
    """
    answer = dict(data)
    for key in ("tasks", "violations", "errors", "findings"):
        if answer.get(key) and len(json.dumps(answer).encode()) > limit:
            answer[f"{key}_omitted"] = len(answer.pop(key))
    return answer


def source(function: str) -> str:
    """Return the source of a function's CloudEvents: a URI reference, which has no space and no secret."""
    path = quote(clean(function), safe="/:@!$&'()*+,;=", errors="backslashreplace")
    return f"/callout-quiet-hours/{path}"
