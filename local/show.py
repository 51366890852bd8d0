"""A report for a person: a heading, a table, the decisions, the notification. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from rich.table import Table
from rich.text import Text

from handler.output.redaction import clean
from handler.quiet_hours.zone import local
from handler.report.audit import AuditReport
from handler.report.check import CheckReport
from handler.report.entries import TargetReport, nouns
from handler.report.report import Report
from handler.report.text import worded
from handler.target import Kind, Outcome, State
from local.audit import page as of_audits
from local.screen import table

EMBEDDED = "the embedded world: an emulated CCC and an SNS topic (no CALLOUT_ setting was found)"
States = Mapping[tuple[Kind, int], State | None]
"""The states of tasks and campaigns by kind and id."""


class Against(NamedTuple):
    """What the function runs against. `dry_run` says what makes it a dry run, `None` if nothing does."""

    policy: str
    endpoint: str
    application: int | None
    dry_run: str | None


def heading(event: str, now: datetime, against: Against) -> Table:
    """Return what is run, when, and against what."""
    utc = local(now, timezone.utc)
    lines = table("", "")
    lines.show_header = False
    lines.add_row("Event", event)
    lines.add_row("Time", f"{utc:%a} {utc.date().isoformat()} {utc:%H:%M:%S} UTC")
    lines.add_row("Policy", against.policy)
    lines.add_row("Endpoint", against.endpoint)
    lines.add_row("Application", str(against.application or "CALLOUT_SDK_APP_ID is not set"))
    dry = f"{against.dry_run}; no task is changed" if against.dry_run else "no"
    lines.add_row(Text("DRY RUN", "bold yellow") if against.dry_run else "Dry run", dry)
    return lines


def page(
    reports: Sequence[Report],
    inspected: Sequence[CheckReport | AuditReport],
    notification: str,
    before: States | None = None,
    after: States | None = None,
) -> Iterator[str | Text | Table]:
    """Yield the outcomes, the decisions as sentences, what was checked or audited, and the notification."""
    yield ""
    for report in reports:
        if report.tasks:
            yield from (tasks(report.tasks, before, after), "")
        decisions = {task.hours.name: task.hours.sentence() for task in report.tasks if task.hours}
        yield from [f"{name}: {sentence}" for name, sentence in decisions.items()] + [""] * bool(decisions)
        yield from (f"Report: {report.status}. {report.text()}", "")
    for each in inspected:
        found = findings(each) if isinstance(each, CheckReport) else of_audits.findings(each)
        yield from (*found, "")
    yield notification


def findings(check: CheckReport) -> Iterator[str | Text | Table]:
    """Yield what a check found as a table, the errors first, and what it looked at."""
    if check.findings:
        rows = table("LEVEL", "CODE")
        rows.add_column("WHAT", overflow="fold", min_width=40)
        for each in check.worst_first():
            style = {"error": "red", "warning": "yellow"}.get(each.level, "")
            rows.add_row(Text(each.level.upper(), style), Text(each.code), Text(clean(each.message)))
        yield from (rows, "")
    yield f"{check.occasion}: {check.counts() or 'everything is in order'}. {clean(check.scope)}."


_STYLES = {
    "green": {Outcome.PAUSED, Outcome.RESUMED, Outcome.ALREADY_PAUSED, Outcome.ALREADY_RUNNING},
    "yellow": {Outcome.WOULD_PAUSE, Outcome.WOULD_RESUME},
    "red": {Outcome.FAILED, Outcome.DEFERRED, Outcome.NOT_FOUND, Outcome.NOT_ALLOWED, Outcome.UNCOVERED},
}


def tasks(reports: Sequence[TargetReport], before: States | None, after: States | None) -> Table:
    """Return a table with a row for each target. States are known only in the embedded world."""
    known = before is not None and after is not None
    kinds = nouns(each.target.kind for each in reports)
    rows = table(
        worded("task", kinds).upper(),
        "NAME",
        "QUIET HOURS",
        *["BEFORE"] * known,
        "OUTCOME",
        *["AFTER"] * known,
    )
    rows.add_column("WHY", overflow="fold", min_width=40)
    for each in reports:
        target = each.target
        state = (target.kind or "task", target.id or 0)
        style = next((style for style, outcomes in _STYLES.items() if each.outcome in outcomes), "")
        rows.add_row(
            f"campaign {target.id}" if target.kind == "campaign" and target.id else str(target.id or "?"),
            Text(target.name or "-"),
            Text("-" if each.outcome is Outcome.UNCOVERED else target.quiet_hours),
            *[_state(before, state)] * known,
            Text(each.outcome.value, style),
            *[_state(after, state)] * known,
            Text(_why(each)),
        )
    return rows


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


def _why(task: TargetReport) -> str:
    return f"{task.reason} [{task.error.code}: {task.error.message}]" if task.error else task.reason


def _state(states: States | None, of: tuple[Kind, int]) -> str:
    state = (states or {}).get(of)
    return "-" if state is None else state.value
