"""What a report means for the person on call: who may be calling, what to do, what happens next. Pure."""

from collections.abc import Iterator
from typing import Any

from handler.report.for_people.columns import one_line
from handler.report.for_people.facts import Facts
from handler.report.report import Report
from handler.report.text import worded

_LONGEST_FAULT, _LONGEST_BODY = 600, 300

_OF_TASKS = (
    # field of Facts, what is said of one task, what is said of several
    (
        "running",
        "1 task was still running when last seen: it may be calling people in quiet hours.",
        "{:,} tasks were still running when last seen: they may be calling people in quiet hours.",
    ),
    (
        "unknown",
        "Whether 1 task is calling people is not known: nothing was seen of it.",
        "Whether {:,} tasks are calling people is not known: nothing was seen of them.",
    ),
    (
        "unconfirmed",
        "1 task is NOT CONFIRMED: CCC accepted the request, but nothing was seen afterwards. Look in CCC.",
        "{:,} tasks are NOT CONFIRMED: CCC accepted the requests, but nothing was seen then. Look in CCC.",
    ),
    (
        "starting",
        "1 task STARTS in quiet hours, see below: the function pauses it at the first wake-up after that.",
        "{:,} tasks START in quiet hours, see below: the function pauses them at the first wake-up then.",
    ),
    (
        "dry_running",
        "1 task is running in quiet hours, and a dry run PAUSES NOTHING. If that is not meant, pause it now.",
        "{:,} tasks are running in quiet hours, and a dry run PAUSES NOTHING. If not meant, pause them now.",
    ),
    (
        "not_resumed",
        "1 task was not resumed. The function tries again when the trigger delivers the event again.",
        "{:,} tasks were not resumed. The function tries again when the trigger delivers the event again.",
    ),
    (
        "left",
        "1 task stays paused, and the function does not resume it: look in CCC, and resume it there.",
        "{:,} tasks stay paused, and the function does not resume them: look in CCC, and resume them there.",
    ),
    (
        "not_found",
        "1 task was not found in CCC. There is no retry: correct it in the policy or in the request.",
        "{:,} tasks were not found in CCC. There is no retry: correct them in the policy or in the request.",
    ),
    (
        "uncovered",
        "1 task calls, or will, and no rule of the policy covers it. It was left alone: add a rule for it.",
        "{:,} tasks call, or will, and no rule of the policy covers them. They were left alone: add rules.",
    ),
    (
        "still_quiet",
        "1 task was not resumed because it is quiet. Ask again after quiet hours: nothing resumes it later.",
        "{:,} tasks were not resumed because it is quiet. Ask again after quiet hours.",
    ),
    (
        "dry",
        "This was a dry run for 1 task: nothing was changed, and if it was running, it still is.",
        "This was a dry run for {:,} tasks: nothing was changed, and those that were running still are.",
    ),
)
_ACT_NOW = (
    "Look in CCC now at the tasks in capitals below. Pause by hand those that run; leave the others alone. "
    "The function tries again at its next wake-up, or when the trigger delivers the event again."
)
_REJECTED = (
    "An invalid message was rejected as a whole. NOTHING WAS DONE FOR IT: tasks that it was to pause may "
    "be calling. "
)
_OF_PROBLEMS = {
    "Configuration": "The settings or the policy cannot be used, so the function CANNOT PAUSE ANYTHING: "
    "tasks that run go on calling. Pause by hand in CCC, now, what has to be quiet. Every wake-up fails "
    "until this is corrected and deployed; what was paused stays paused.",
    "Unexpected": "The function itself failed, and may not have done its work: look at the tasks in CCC. "
    "The function's log has the traceback.",
    "ListIncomplete": "A list of CCC could not be read whole: more tasks or campaigns may be there that were "
    "asked for, and may be calling. The function tries again.",
    "Ledger": "The ledger could not be written or read, see below: what this function paused may stay "
    "paused. Look in CCC after quiet hours, and resume by hand what is to call.",
    "Rejected": "The trigger delivers it a few times more, with the same result. Send a corrected message.",
}
_NO_LEDGER = (
    "Tasks are paused, but the ledger that the request needs is missing: NOTHING IS RESUMED. Every wake-up "
    "fails until this is corrected and deployed."
)
_AFTER_REJECTION = {
    "sqs": "The queue delivers it again, with the same result, and then keeps it in its dead-letter queue. "
    "Send a corrected message.",
    "timer": "The timer sends the same message each time: correct it where the timer is set.",
    "schedule": "The schedule sends the same message each time: correct it where the schedule is set.",
    "invocation": "Send a corrected message.",
    "ckafka": "It is passed over and does not come again. Send a corrected message.",
}
_TITLES = {
    "Configuration": "CONFIGURATION ERROR",
    "Unexpected": "UNEXPECTED ERROR",
    "ListIncomplete": "INCOMPLETE LIST",
    "Ledger": "LEDGER ERROR",
    "Rejected": "INVALID MESSAGE",
}


def advice(report: Report, facts: Facts) -> list[str]:
    """Return what is to be known and to be done, a sentence or two on each line."""
    codes = dict.fromkeys(problem.code for problem in report.problems)
    lines = [*_of_tasks(facts), *(_of_problem(code, report, facts) for code in codes)]
    if not report.tasks and not report.problems:
        return ["Neither the request nor the policy names a task, so nothing was looked at."]
    return lines or ["You need not do anything."]


def problem(entry: dict[str, Any]) -> str:
    """Return what was given and what is wrong with it, from an entry of the report's errors."""
    title = " ".join(filter(None, [_TITLES[entry["code"]], one_line(entry["message_id"] or "", 80)]))
    lines = [title, f"  Wrong: {one_line(entry['message'], _LONGEST_FAULT)}"]
    lines += [f"  Given: {one_line(entry['body'], _LONGEST_BODY)}"] if entry["body"] else []
    return "\n".join(lines)


def _of_tasks(facts: Facts) -> Iterator[str]:
    counts = facts._asdict()
    for field, one, many in _OF_TASKS:
        if counts[field]:
            yield worded(one if counts[field] == 1 else many.format(counts[field]), facts.what)
        if field == "unknown" and facts.running + facts.unknown:
            yield worded(_ACT_NOW, facts.what)


def _of_problem(code: str, report: Report, facts: Facts) -> str:
    if code == "Configuration" and facts.without_ledger:
        return _NO_LEDGER
    if code != "Rejected":
        return _OF_PROBLEMS[code]
    return _REJECTED + _AFTER_REJECTION.get(report.trigger or "", _OF_PROBLEMS[code])
