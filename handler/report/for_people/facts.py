"""What a report says of the calls: how many tasks may be calling, and how many nobody is sure of. Pure."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from handler.report.entries import LEFT_TO_A_PERSON, STARTS, UNFINISHED, UNSEEN, TargetReport, nouns
from handler.report.report import Report
from handler.target import Outcome, State

OPEN = UNFINISHED | {Outcome.NOT_ALLOWED}
"""The outcomes of tasks that may be in the unwanted state."""


class Facts(NamedTuple):
    """How many tasks of a report are how.

    * `running`: to be paused, and running when last seen
    * `unknown`: to be paused, and nothing was seen of them
    * `starting`: not started, and starting by themselves in quiet hours
    * `dry_running`: running, and only not paused because it was a dry run
    * `not_resumed`: to be resumed, and not resumed
    * `left`: paused by this function, which does not resume them any more
    * `not_found`: not known to CCC
    * `uncovered`: covered by no rule of their application, and running or not started
    * `unconfirmed`: a call was accepted, and nothing was seen of them afterwards
    * `dry`: would be paused or resumed if it were not a dry run
    * `still_quiet`: not resumed because it is quiet
    * `summary`: by outcome, without the unconfirmed ones
    * `what`: what they are called: tasks, campaigns or both

    `without_ledger` says that the request was carried out, but for the ledger that it needs.
    """

    running: int
    unknown: int
    starting: int
    dry_running: int
    not_resumed: int
    left: int
    not_found: int
    uncovered: int
    unconfirmed: int
    dry: int
    still_quiet: int
    summary: Mapping[str, int]
    what: str
    without_ledger: bool

    @classmethod
    def of(cls, report: Report) -> "Facts":
        """Return the facts of a report."""
        outcomes = Counter(task.outcome for task in report.tasks if not unconfirmed(task))
        unfinished = [task for task in report.tasks if task.outcome in OPEN]
        pauses = [task for task in unfinished if _is_a_pause(task, report)]
        resumes = [task for task in unfinished if not _is_a_pause(task, report)]
        left = sum(task.error is not None and task.error.code in LEFT_TO_A_PERSON for task in resumes)
        return cls(
            running=sum(task.state is State.RUNNING for task in pauses),
            unknown=sum(task.state is None for task in pauses),
            starting=sum(STARTS in task.reason for task in report.tasks),
            dry_running=sum(
                task.outcome is Outcome.WOULD_PAUSE and task.state is State.RUNNING for task in report.tasks
            ),
            not_resumed=len(resumes) - left,
            left=left,
            not_found=outcomes[Outcome.NOT_FOUND],
            uncovered=outcomes[Outcome.UNCOVERED],
            unconfirmed=len(report.tasks) - sum(outcomes.values()),
            dry=outcomes[Outcome.WOULD_PAUSE] + outcomes[Outcome.WOULD_RESUME],
            still_quiet=outcomes[Outcome.STILL_QUIET],
            summary={outcome.value: count for outcome, count in outcomes.items()},
            what=nouns(task.target.kind for task in report.tasks),
            # With any other such error no request is read.
            without_ledger=report.action is not None and "Configuration" in {p.code for p in report.problems},
        )


def unconfirmed(task: TargetReport) -> bool:
    """Return whether a call for a task was accepted, and nothing was seen of the task afterwards."""
    return task.outcome in {Outcome.PAUSED, Outcome.RESUMED} and UNSEEN in task.reason


def _is_a_pause(task: TargetReport, report: Report) -> bool:
    """Return whether a task was to be paused. Where the event asks for both, only quiet ones can be.

    One that is not as wanted and of which it is known since when it is paused was to be resumed.
    """
    if task.paused_since is not None:
        return False
    if report.action == "mixed":
        return task.hours is None or task.hours.quiet
    return report.action != "resume"
