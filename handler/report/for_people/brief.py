"""A report in a line: the subject of a mail, and an SMS. Pure."""

from collections import Counter

from handler.output.redaction import clean
from handler.report.for_people.columns import one_line
from handler.report.for_people.facts import OPEN, Facts, unconfirmed
from handler.report.publishable import Publishable
from handler.report.report import Report
from handler.report.text import counted, hours_of, kinds_of, worded
from handler.target import Outcome

SUBJECT_LIMIT = 99
"""Characters, ASCII, without control characters: "less than 100". Source: SNS API Reference, Publish."""
SMS_LIMIT = 140
"""Characters. A longer text is sent, and paid for, as several SMS."""
_LONGEST_NAME = 40
_PATH = "/callout-quiet-hours/"
_SERVICE = "callout-quiet-hours-"
_NOT_IN_AN_SMS = str.maketrans("[]{}~\\^|`", "()()-/'/'")
"""What the alphabet of an SMS, GSM 03.38, lacks or counts twice."""
_PROBLEMS = (
    # code, one, several, what that means where there is no task in the report
    ("Configuration", "configuration error", "configuration errors", "NOTHING CAN BE PAUSED"),
    ("Unexpected", "unexpected error", "unexpected errors", "CALLS MAY GO ON"),
    ("ListIncomplete", "incomplete list", "incomplete lists", "CALLS MAY GO ON"),
    ("Ledger", "ledger error", "ledger errors", "WHAT WAS PAUSED MAY STAY PAUSED"),
    ("Rejected", "invalid message", "invalid messages", "NOTHING WAS DONE FOR IT"),
)
_FAILED = {"pause": ("pause FAILED", "pauses FAILED"), "resume": ("resume FAILED", "resumes FAILED")}
"""A task that FAILED could be misread as one that calls no more."""
_BAD = frozenset(each.value for each in (OPEN | {Outcome.NOT_FOUND, Outcome.UNCOVERED}) - {Outcome.FAILED})


def name_of(report: Publishable) -> str:
    """Return the name of the function as the report's source has it."""
    return one_line(report.source.removeprefix(_PATH), 2 * _LONGEST_NAME)


def stage(report: Publishable) -> str:
    """Return the stage that ends the function's name; of a function with a name of its own that name."""
    return _plain(report.source.removeprefix(_PATH).removeprefix(_SERVICE), _LONGEST_NAME) or "?"


def counts(report: Report, facts: Facts) -> str:
    """Return how much is wrong and how many tasks became what: `1 invalid message, paused 2 tasks`."""
    codes = Counter[str](problem.code for problem in report.problems)
    *errors, rejected = (_some(codes[code], one, many) for code, one, many, _ in _PROBLEMS)
    bad = {outcome: count for outcome, count in facts.summary.items() if outcome in _BAD}
    fine = {outcome: count for outcome, count in facts.summary.items() if outcome not in _BAD}
    one, many = _FAILED.get(report.action or "", ("task FAILED", "tasks FAILED"))
    failed = worded(_some(fine.pop(Outcome.FAILED.value, 0), one, many), facts.what)
    doubtful = worded(_some(facts.unconfirmed, "task NOT CONFIRMED", "tasks NOT CONFIRMED"), facts.what)
    what = kinds_of(task for task in report.tasks if not unconfirmed(task))
    clauses = [*errors, failed, counted(bad, what), doubtful, rejected, counted(fine, what)]
    if not report.tasks:
        then = next((then for code, *_, then in _PROBLEMS if codes[code]), "no task was asked for")
        clauses += ["NOTHING IS RESUMED" if facts.without_ledger else then]
    return ", ".join(clause for clause in clauses if clause)


def status(report: Report) -> str:
    """Return the status, and whether it was a dry run."""
    return f"DRY RUN, {report.status}" if report.dry_run else report.status


def subject(report: Report, facts: Facts) -> str:
    """Return the subject of a mail: stage, status and count."""
    return in_a_subject(f"Quiet hours [{stage(report)}] {status(report)}: {counts(report, facts)}")


def sms(report: Report, facts: Facts) -> str:
    """Return an SMS: stage, status, who may be calling, count, and until when it is quiet, if it fits."""
    said = f"{_calling(facts)}{counts(report, facts)}"
    text = in_an_sms(f"Quiet hours {stage(report)} {status(report)}: {said}.")
    for hours in sorted(hours_of(report.tasks), key=lambda each: not each.quiet)[:3]:
        longer = f"{text} {in_an_sms(clean(hours.short()))}."
        text = longer if len(longer) <= SMS_LIMIT else text
    return text


def of_a_later_part(report: Publishable, number: int, of: int) -> str:
    """Return the subject and the SMS of a part after the first one, which has everything."""
    return in_an_sms(f"Quiet hours {stage(report)}: part {number} of {of} of a long report, nothing new")


def in_a_subject(text: str) -> str:
    """Return a text that the subject of a mail can be."""
    return _plain(text, SUBJECT_LIMIT)


def in_an_sms(text: str) -> str:
    """Return a text that fits into one SMS."""
    return _plain(text, SMS_LIMIT).translate(_NOT_IN_AN_SMS)


def _some(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}" if count else ""


def _calling(facts: Facts) -> str:
    clauses = [f"{facts.running} still running"] if facts.running else []
    doubtful = facts.unknown + facts.unconfirmed
    clauses += [f"{doubtful} may be running"] if doubtful else []
    clauses += [f"{facts.dry_running} running"] if facts.dry_running else []
    return ", ".join(clauses) + "! " if clauses else ""


def _plain(text: str, most: int) -> str:
    """Return a text in printable ASCII on one line."""
    line = one_line(text, 2 * most).encode("ascii", "replace").decode()
    return line if len(line) <= most else line[: most - 3] + "..."
