"""The notification's `text`: a summary of one or two lines, to be read in a chat room. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from handler.errors.sentences import shortened
from handler.quiet_hours.status import QuietStatus
from handler.report.entries import Problem, TargetReport, sendable
from handler.target import KINDS, Outcome

_SHOWN = 5
_LONGEST_SENTENCE = 300
_LONGEST_NAME = 80


def text(
    tasks: Sequence[TargetReport],
    problems: Sequence[Problem],
    notes: Sequence[str],
    *,
    dry_run: bool,
    left: int = 0,
) -> str:
    """Return the problems, the outcomes, the exemptions, the quiet hours and the notes, a sentence each.

    `left` is how many were seen paused that somebody else paused.
    """
    outcomes = counted(Counter(task.outcome.value for task in tasks), kinds_of(tasks))
    stay = "stays" if left == 1 else "stay"
    outcomes += f"; {left:,} that somebody else paused {stay} paused" if left and outcomes else ""
    sentences = [_of_problems(problems), _capital(outcomes)]
    exempt = [task for task in tasks if task.hours and task.hours.exempt_until]
    sentences += _some([_exemption(task) for task in exempt[:_SHOWN]], len(exempt), "exempt tasks")
    hours = hours_of(tasks)
    sentences += _some([each.short() for each in hours[:_SHOWN]], len(hours), "quiet hours")
    sentences += notes
    prefix = "Dry run: " if dry_run else ""
    return sendable(prefix + " ".join(f"{sentence}." for sentence in sentences if sentence))


_CLAUSES: tuple[tuple[Outcome, str, str], ...] = (
    # What a reader must not overlook comes first.
    (Outcome.FAILED, "1 task FAILED", "{} tasks FAILED"),
    (Outcome.DEFERRED, "1 task was not reached in time", "{} tasks were not reached in time"),
    (Outcome.UNCOVERED, "no rule covers 1 task that runs", "no rule covers {} tasks that run"),
    (Outcome.NOT_FOUND, "1 task was not found", "{} tasks were not found"),
    (Outcome.NOT_ALLOWED, "1 task was refused", "{} tasks were refused"),
    (Outcome.PAUSED, "paused 1 task", "paused {} tasks"),
    (Outcome.RESUMED, "resumed 1 task", "resumed {} tasks"),
    (Outcome.WOULD_PAUSE, "would pause 1 task", "would pause {} tasks"),
    (Outcome.WOULD_RESUME, "would resume 1 task", "would resume {} tasks"),
    (Outcome.ALREADY_PAUSED, "1 was paused already", "{} were paused already"),
    (Outcome.ALREADY_RUNNING, "1 was running already", "{} were running already"),
    (Outcome.NOT_QUIET, "left 1 task alone", "left {} tasks alone"),
    (Outcome.STILL_QUIET, "did not resume 1 task in quiet hours", "did not resume {} tasks in quiet hours"),
    (Outcome.NOT_STARTED, "1 has not started", "{} have not started"),
    (Outcome.FINISHED, "1 is finished", "{} are finished"),
)


def hours_of(tasks: Sequence[TargetReport]) -> list[QuietStatus]:
    """Return what the quiet hours say that apply to tasks, each once; exempt tasks left out."""
    hours = {task.hours.name: task.hours for task in tasks if task.hours and not task.hours.exempt_until}
    return list(hours.values())


def kinds_of(reports: Iterable[TargetReport]) -> dict[str, Counter[str]]:
    """Return how many targets of each kind have each outcome."""
    kinds: dict[str, Counter[str]] = {}
    for each in reports:
        kinds.setdefault(each.outcome.value, Counter())[each.target.kind or "task"] += 1
    return kinds


def counted(summary: Mapping[str, int], kinds: Mapping[str, Counter[str]]) -> str:
    """Return how many have each outcome, the worst first: `1 task FAILED, paused 2 tasks`.

    `kinds` are the kinds of those with each outcome.
    """
    clauses = [
        _clause(one, many, count, kinds[outcome.value])
        for outcome, one, many in _CLAUSES
        if (count := summary.get(outcome.value))
    ]
    return ", ".join(clauses)


def _clause(one: str, many: str, count: int, kinds: Counter[str]) -> str:
    if len(kinds) == 1:
        what = f"{next(iter(kinds))}s"
        return worded(one if count == 1 else many.format(count), what)
    each = " and ".join(f"{kinds[kind]} {kind}{'s' * (kinds[kind] > 1)}" for kind in KINDS)
    return many.replace("{} tasks", each).format(count)


def worded(text: str, what: str) -> str:
    """Return a text of ours that speaks of tasks, speaking of `what` instead, see `entries.nouns`."""
    if what == "tasks":
        return text
    one = "campaign" if what == "campaigns" else "task or campaign"
    return text.replace("tasks", "\0").replace("task", one).replace("\0", what)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _of_problems(found: Sequence[Problem]) -> str:
    rejected = [problem for problem in found if problem.code == "Rejected"]
    others = (problem for problem in found if problem.code != "Rejected")
    parts = [f"{problem.code} error: {problem.message}" for problem in islice(others, _SHOWN)]
    if len(rejected) == 1:
        parts.append(f"Invalid message: {rejected[0].message}")
    elif rejected:
        parts.append(f"{len(rejected)} messages are invalid, the first: {rejected[0].message}")
    text = "; ".join(parts).rstrip(".")
    return text if len(text) <= _LONGEST_SENTENCE else text[:_LONGEST_SENTENCE] + "… (see errors)"


def _exemption(report: TargetReport) -> str:
    name = shortened(str(report.target.name or report.target.id), _LONGEST_NAME)
    return f"{name} is {report.hours.exemption() if report.hours else ''}"


def _some(sentences: list[str], of: int, of_what: str) -> list[str]:
    more = of - len(sentences)
    return sentences + ([f"And {more} more {of_what}"] if more > 0 else [])
