"""What to do with one task, and why. Pure: quiet hours, a state and an instant in; a decision out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from handler.quiet_hours import QuietHours
from handler.report import Hours
from handler.request import Action
from handler.task import Outcome, TaskState

_FINISHED = frozenset({TaskState.COMPLETED, TaskState.ENDING, TaskState.ENDED})


@dataclass(frozen=True)
class Decision:
    """An outcome that needs no call, or `None` where the action has to be carried out; with the reason."""

    outcome: Outcome | None
    reason: str


def look(name: str, hours: QuietHours, now: datetime) -> Hours:
    """Give what the quiet hours called `name` say at `now`."""
    reason = hours.reason(now)
    return Hours(
        name=name,
        quiet=reason.quiet,
        until=reason.until,
        time_zone=reason.time_zone,
        interval=reason.interval,
        now=now,
    )


def before_asking(action: Action, hours: Hours) -> Decision:
    """Decide by the clock alone, without knowing the task's state.

    `pause` outside quiet hours does nothing; `resume` inside quiet hours is refused.
    """
    if action == "pause" and not hours.quiet:
        return Decision(Outcome.NOT_QUIET, hours.sentence())
    if action == "resume" and hours.quiet:
        return Decision(Outcome.STILL_QUIET, hours.sentence())
    return Decision(None, hours.sentence())


def by_state(action: Action, state: TaskState | None) -> Outcome | None:
    """Give the outcome of a task that is as wanted already, or cannot become so; else `None`.

    An unknown state gives `None`: a task left running is the worse error, so the call is made.
    """
    if state in _FINISHED:
        return Outcome.FINISHED
    if state is TaskState.NOT_STARTED:
        return Outcome.NOT_STARTED
    if state is TaskState.PAUSED and action == "pause":
        return Outcome.ALREADY_PAUSED
    if state is TaskState.RUNNING and action == "resume":
        return Outcome.ALREADY_RUNNING
    return None


def done(action: Action, *, dry_run: bool) -> Outcome:
    """Give the outcome of an action that was carried out, or would have been."""
    if action == "pause":
        return Outcome.WOULD_PAUSE if dry_run else Outcome.PAUSED
    return Outcome.WOULD_RESUME if dry_run else Outcome.RESUMED


def reached(action: Action, state: TaskState | None) -> bool | None:
    """Tell whether a task is as the action wanted it; `None` where its state does not say."""
    if state is None:
        return None
    return state is not (TaskState.RUNNING if action == "pause" else TaskState.PAUSED)
