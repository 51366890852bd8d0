"""A report in a line: the subject of a mail, and an SMS. Pure."""

from collections import Counter

from handler.output.redaction import clean
from handler.report.for_people.columns import one_line
from handler.report.for_people.findings import OPEN, Findings
from handler.report.report import Report
from handler.report.text import counted, hours_of
from handler.task import Outcome

SUBJECT_LIMIT = 100
"""Characters, ASCII, without control characters. Source: SNS API Reference, Publish, Subject."""
SMS_LIMIT = 140
"""Characters. A longer text is sent, and paid for, as several SMS."""
_LONGEST_NAME = 40
_PATH = "/callout-quiet-hours/"
_SERVICE = "callout-quiet-hours-"
_NOT_IN_AN_SMS = str.maketrans("[]{}~\\^|`", "()()-/'/'")
"""What the alphabet of an SMS, GSM 03.38, lacks or counts twice."""
_PROBLEMS = (
    # code, one, several, what that means where there is no task in the report
    ("Configuration", "configuration error", "configuration errors", "NO TASK IS PAUSED"),
    ("Unexpected", "unexpected error", "unexpected errors", "TASKS MAY BE CALLING"),
    ("ListIncomplete", "incomplete list", "incomplete lists", "TASKS MAY BE CALLING"),
    ("Rejected", "invalid message", "invalid messages", "no task was touched"),
)
_BAD = frozenset(each.value for each in OPEN | {Outcome.NOT_FOUND})


def function(report: Report) -> str:
    """Return the name of the function as the report's source has it."""
    return one_line(report.source.removeprefix(_PATH), 2 * _LONGEST_NAME)


def stage(report: Report) -> str:
    """Return the stage that ends the function's name; of a function with a name of its own that name."""
    return _plain(report.source.removeprefix(_PATH).removeprefix(_SERVICE), _LONGEST_NAME) or "?"


def counts(report: Report, findings: Findings) -> str:
    """Return how much is wrong and how many tasks became what: `1 invalid message, paused 2 tasks`."""
    codes = Counter[str](problem.code for problem in report.problems)
    *errors, rejected = (_some(codes[code], one, many) for code, one, many, _ in _PROBLEMS)
    bad = {outcome: count for outcome, count in findings.summary.items() if outcome in _BAD}
    fine = {outcome: count for outcome, count in findings.summary.items() if outcome not in _BAD}
    doubtful = _some(findings.unconfirmed, "task NOT CONFIRMED", "tasks NOT CONFIRMED")
    clauses = [*errors, counted(bad), doubtful, rejected, counted(fine)]
    if not report.tasks:
        clauses += [next((then for code, *_, then in _PROBLEMS if codes[code]), "no task was asked for")]
    return ", ".join(clause for clause in clauses if clause)


def status(report: Report) -> str:
    """Return the status, and whether it was a dry run."""
    return f"DRY RUN, {report.status}" if report.dry_run else report.status


def subject(report: Report, findings: Findings) -> str:
    """Return the subject of a mail: stage, status and count."""
    return _plain(
        f"Quiet hours [{stage(report)}] {status(report)}: {counts(report, findings)}", SUBJECT_LIMIT
    )


def sms(report: Report, findings: Findings) -> str:
    """Return an SMS: stage, status, who may be calling, count, and until when it is quiet, if it fits."""
    said = f"{_calling(findings)}{counts(report, findings)}"
    text = _in_an_sms(f"Quiet hours {stage(report)} {status(report)}: {said}.")
    for hours in sorted(hours_of(report.tasks), key=lambda each: not each.quiet)[:3]:
        longer = f"{text} {_in_an_sms(clean(hours.short()))}."
        text = longer if len(longer) <= SMS_LIMIT else text
    return text


def of_a_later_part(report: Report, number: int, of: int) -> str:
    """Return the subject and the SMS of a part after the first one, which has everything."""
    return _in_an_sms(f"Quiet hours {stage(report)}: part {number} of {of} of a long report, nothing new")


def _in_an_sms(text: str) -> str:
    return _plain(text, SMS_LIMIT).translate(_NOT_IN_AN_SMS)


def _some(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}" if count else ""


def _calling(findings: Findings) -> str:
    clauses = [f"{findings.running} still running"] if findings.running else []
    clauses += [f"{findings.unknown} may be running"] if findings.unknown else []
    return ", ".join(clauses) + "! " if clauses else ""


def _plain(text: str, most: int) -> str:
    """Return a text in printable ASCII on one line."""
    line = one_line(text, 2 * most).encode("ascii", "replace").decode()
    return line if len(line) <= most else line[: most - 3] + "..."
