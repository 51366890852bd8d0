"""A report as text for a person: a table, the decisions, the notification. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from handler.quiet_hours.zone import local
from handler.report.entries import TaskReport
from handler.report.report import Report
from handler.task import TaskState


def heading(event: str, now: datetime, *, embedded: bool) -> str:
    """Return what is run, when, and against what."""
    where = "the embedded world: an emulated CCC and an SNS topic (no CALLOUT_ setting was found)"
    utc = local(now, timezone.utc)
    return "\n".join(
        [
            f"Event     {event}",
            f"Time      {utc:%a} {utc.date().isoformat()} {utc:%H:%M:%S} UTC",
            f"Against   {where if embedded else 'the real thing, as the settings say'}",
        ]
    )


def page(
    reports: Sequence[Report],
    notification: str,
    before: Mapping[int, int] | None = None,
    after: Mapping[int, int] | None = None,
) -> str:
    """Return the outcomes as a table, the decisions as sentences, and the notification."""
    blocks = [""]
    for report in reports:
        if report.tasks:
            blocks += [table(report.tasks, before, after), ""]
        decisions = {task.hours.name: task.hours.sentence() for task in report.tasks if task.hours}
        blocks += [f"{name}: {sentence}" for name, sentence in decisions.items()] + [""] * bool(decisions)
        blocks += [f"Report: {report.status}. {report.text()}", ""]
    return "\n".join([*blocks, notification])


def table(
    tasks: Sequence[TaskReport], before: Mapping[int, int] | None, after: Mapping[int, int] | None
) -> str:
    """Return a table with a row for each task. States are known only in the embedded world."""
    states = before is not None and after is not None
    head = ["TASK", "NAME", "QUIET HOURS", *(["BEFORE"] * states), "OUTCOME", *(["AFTER"] * states), "WHY"]
    rows = [head]
    for task in tasks:
        row = [str(task.task.task_id or "?"), task.task.name or "-", task.task.quiet_hours]
        row += [_state(before, task.task.task_id)] * states + [task.outcome.value]
        row += [_state(after, task.task.task_id)] * states + [_why(task)]
        rows.append(row)
    widths = [max(len(row[column]) for row in rows) for column in range(len(head) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    )


def received(topic: str, notifications: Sequence[Mapping[str, Any]]) -> str:
    """Return the notifications that the subscriber of a topic received, as text."""
    if not notifications:
        return f"The subscriber of {topic} received nothing."
    blocks = []
    for each in notifications:
        attributes = {name: value["Value"] for name, value in each.get("MessageAttributes", {}).items()}
        blocks.append(
            f"Notification, as the subscriber of {topic} received it:\n"
            f"Subject: {each.get('Subject')}\n"
            f"Attributes: {', '.join(f'{name}={value}' for name, value in attributes.items())}\n"
            f"{pretty(each['Message'])}"
        )
    return "\n\n".join(blocks)


def pretty(text: str) -> str:
    """Return a JSON text with indentation."""
    return json.dumps(json.loads(text), ensure_ascii=False, indent=2)


def _why(task: TaskReport) -> str:
    return f"{task.reason} [{task.error.code}: {task.error.message}]" if task.error else task.reason


def _state(states: Mapping[int, int] | None, task_id: int | None) -> str:
    number = (states or {}).get(task_id or 0)
    return "-" if number is None else TaskState(number).name.lower().replace("_", " ")
