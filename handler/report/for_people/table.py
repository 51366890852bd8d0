"""The tasks of a report as rows of a table, the worst first. Pure."""

from collections.abc import Iterable
from typing import Any

from handler.output.redaction import clean
from handler.report.entries import TargetReport, nouns
from handler.report.for_people.columns import one_line
from handler.report.for_people.facts import OPEN, unconfirmed
from handler.report.report import Report
from handler.report.text import worded
from handler.target import Outcome

_NOT_CONFIRMED = "NOT CONFIRMED"
_RESULTS = {
    Outcome.FAILED: "FAILED",
    Outcome.DEFERRED: "NOT REACHED",
    Outcome.NOT_ALLOWED: "REFUSED",
    Outcome.NOT_FOUND: "NOT FOUND",
    Outcome.UNCOVERED: "UNCOVERED",
    Outcome.PAUSED: "paused",
    Outcome.RESUMED: "resumed",
    Outcome.WOULD_PAUSE: "would pause",
    Outcome.WOULD_RESUME: "would resume",
    Outcome.ALREADY_PAUSED: "already paused",
    Outcome.ALREADY_RUNNING: "already running",
    Outcome.STILL_QUIET: "not resumed",
    Outcome.NOT_QUIET: "left alone",
    Outcome.NOT_STARTED: "not started",
    Outcome.FINISHED: "finished",
}
"""How a mail writes an outcome; what a reader must not overlook comes first, in capitals."""
_FAILED = {"pause": "PAUSE FAILED", "resume": "RESUME FAILED"}
_ORDER = sorted([*_RESULTS.values(), _NOT_CONFIRMED], key=lambda result: not result.isupper())
_RANKS = {result: rank for rank, result in enumerate(_ORDER)}
_REASONS = {
    Outcome.PAUSED: "CCC accepted the request; it was not verified",
    Outcome.RESUMED: "CCC accepted the request; it was not verified",
    Outcome.NOT_QUIET: "it is not quiet for this {} now",
    Outcome.STILL_QUIET: "it is quiet for this {} now",
}
_HEAD = ("RESULT", "TASK", "APPLICATION", "NAME", "QUIET HOURS", "WHY")
_APPLICATION = 2
_WIDEST_NAME, _WIDEST_HOURS, _WIDEST_REASON = 40, 30, 300


def ranked(report: Report) -> list[tuple[str, int]]:
    """Return the result of each task, and the task's place in the report; the worst first."""
    results = [(_result(task), place) for place, task in enumerate(report.tasks)]
    results.sort(key=lambda each: _RANKS[each[0]])
    failed = _FAILED.get(report.action or "", _RESULTS[Outcome.FAILED])
    return [(failed if result == _RESULTS[Outcome.FAILED] else result, place) for result, place in results]


def rows(report: Report, tasks: Iterable[tuple[str, int]]) -> list[tuple[str, ...]]:
    """Return the head of the table, and a row for each of these results and places."""
    kinds = nouns(task.target.kind for task in report.tasks)
    head = (_HEAD[0], worded(_HEAD[1].lower(), kinds).upper(), *_HEAD[2:])
    found = [head, *(_row(result, report.tasks[place], report.entries[place]) for result, place in tasks)]
    if len({task.target.sdk_app_id for task in report.tasks}) > 1:
        return found
    return [(*row[:_APPLICATION], *row[_APPLICATION + 1 :]) for row in found]


def _result(task: TargetReport) -> str:
    return _NOT_CONFIRMED if unconfirmed(task) else _RESULTS[task.outcome]


def _row(result: str, task: TargetReport, entry: dict[str, Any]) -> tuple[str, ...]:
    return (
        result,
        str(entry["task_id"] or (f"campaign {entry['campaign_id']}" if entry["campaign_id"] else "-")),
        str(entry["sdk_app_id"]),
        one_line(entry["name"] or "", _WIDEST_NAME) or "-",
        one_line(entry["quiet_hours"] or "-", _WIDEST_HOURS),
        one_line(_why(task, entry), _WIDEST_REASON),
    )


def _why(task: TargetReport, entry: dict[str, Any]) -> str:
    """Return the reason and the error, without what the quiet hours say: that stands below the table."""
    reason: str = entry["reason"]
    if task.hours and not task.hours.exempt_until:
        reason = reason.replace(clean(task.hours.sentence()), "").strip("; ")
    if task.outcome in OPEN and f"the {task.target.noun} is" not in reason:
        reason = f"{reason}; {_seen(task)}"
    if not reason and not (task.state and task.outcome in {Outcome.PAUSED, Outcome.RESUMED}):
        reason = _REASONS.get(task.outcome, "").format(task.target.noun)
    error = entry["error"]
    if not error:
        return reason
    message = "" if error["message"] == entry["reason"] else f": {error['message']}"
    return f"{reason} [{error['code']}{message}]"


def _seen(task: TargetReport) -> str:
    noun = task.target.noun
    if task.state is None:
        return f"the {noun}'s state is not known"
    return f"the {noun} was {task.state.value} when last seen"
