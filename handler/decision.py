"""What to do with one task, and why. Pure: quiet hours, a state and an instant in; a decision out."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from handler.pacing import Clock
from handler.quiet_hours import QuietHours
from handler.report import Hours, TaskReport
from handler.request import Action
from handler.task import Outcome, SdkAppId, Task, TaskId, TaskState

_FINISHED = frozenset({TaskState.COMPLETED, TaskState.ENDING, TaskState.ENDED})


JobKey = tuple[Action, SdkAppId, "TaskId | str | None"]


class Job(NamedTuple):
    """A task and what to do with it."""

    action: Action
    task: Task
    dry_run: bool = False

    @property
    def key(self) -> JobKey:
        """What makes two mentions the same job."""
        return (self.action, *self.task.key)


class Decision(NamedTuple):
    """An outcome that needs no call, or `None` where the action has to be carried out; with the reason."""

    outcome: Outcome | None
    reason: str


def look(name: str, hours: QuietHours, now: datetime) -> Hours:
    """Return what the quiet hours called `name` say at `now`."""
    reason = hours.reason(now)
    return Hours(
        name=name,
        quiet=reason.quiet,
        until=reason.until,
        time_zone=reason.time_zone,
        interval=reason.interval,
        now=now,
    )


class Watch:
    """What the quiet hours say at the moment of the work.

    They are worked out anew when they have turned, and when the clock was set back.
    """

    def __init__(self, hours: Mapping[str, QuietHours], clock: Clock) -> None:
        self._hours = hours
        self._clock = clock
        self._last: dict[str, Hours] = {}

    def of(self, task: Task) -> Hours:
        """Return what its quiet hours say of a task now; they say nothing while it is exempt."""
        hours = self.now(task.quiet_hours)
        until = task.exempt_until
        return hours._replace(quiet=False, exempt_until=until) if until and hours.now < until else hours

    def now(self, name: str) -> Hours:
        """Return what the quiet hours called `name` say now."""
        now = self._clock.now()
        last = self._last.get(name)
        if last is None or now < last.now or (last.until is not None and now >= last.until):
            last = self._last[name] = look(name, self._hours[name], now)
        return last._replace(now=now)


def by_the_clock(job: Job, watch: Watch) -> TaskReport | None:
    """Return the report of a job that the clock alone decides, else `None`."""
    hours = watch.of(job.task)
    decision = before_asking(job.action, hours)
    if decision.outcome is None:
        return None
    return TaskReport(job.task, decision.outcome, hours, decision.reason)


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
    """Return the outcome of a task that is as wanted already, or cannot become so; else `None`.

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
    """Return the outcome of an action that was carried out, or would have been."""
    if action == "pause":
        return Outcome.WOULD_PAUSE if dry_run else Outcome.PAUSED
    return Outcome.WOULD_RESUME if dry_run else Outcome.RESUMED


def reached(action: Action, state: TaskState | None) -> bool | None:
    """Return whether a task is as the action wanted it; `None` where its state does not say."""
    if state is None:
        return None
    return state is not (TaskState.RUNNING if action == "pause" else TaskState.PAUSED)
