"""The work: each task is observed, decided on, paused or resumed, and verified, until the deadline."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from handler.decision import before_asking, by_state, done, look, reached
from handler.errors import CloudError, Meaning
from handler.pacing import Backoff, Clock, Deadline
from handler.quiet_hours import QuietHours
from handler.report import Hours, TaskError, TaskReport
from handler.request import Action
from handler.task import Outcome, SdkAppId, Task, TaskId, TaskState

if TYPE_CHECKING:
    from handler.ccc import Answer, Ccc, Found

_log = logging.getLogger(__name__)
_NOT_THERE = ("ResourceNotFound", "InvalidParameterValue", "InvalidParameter")
_ROUNDS = 3
"""How often a task that was paused but is seen running is paused again."""


@dataclass(frozen=True)
class Job:
    """A task and what to do with it."""

    action: Action
    task: Task
    dry_run: bool = False


@dataclass
class Watch:
    """What the quiet hours say at the moment of the work, worked out anew only when they have turned."""

    hours: Mapping[str, QuietHours]
    clock: Clock
    _last: dict[str, Hours] = field(default_factory=dict)

    def of(self, task: Task) -> Hours:
        """Give what its quiet hours say of a task now; they say nothing while it is exempt."""
        hours = self.now(task.quiet_hours)
        until = task.exempt_until
        return replace(hours, quiet=False, exempt_until=until) if until and hours.now < until else hours

    def now(self, name: str) -> Hours:
        """Give what the quiet hours called `name` say now."""
        now = self.clock.now()
        last = self._last.get(name)
        if last is None or (last.until is not None and now >= last.until):
            last = self._last[name] = look(name, self.hours[name], now)
        return replace(last, now=now)


def by_the_clock(job: Job, watch: Watch) -> TaskReport | None:
    """Give the report of a job that the clock alone decides, else `None`."""
    hours = watch.of(job.task)
    decision = before_asking(job.action, hours)
    if decision.outcome is None:
        return None
    return TaskReport(job.task, decision.outcome, hours, decision.reason)


@dataclass
class Pauser:
    """Carries jobs out, one after the other, at the pace of `Ccc`.

    `ccc` connects at the first need and then gives the same again. `known` are the policy's tasks by
    application and id: a task found by its name in CCC keeps the quiet hours that the policy gives it.
    An error that nothing can work with (`Meaning.HALT`) ends the calls: the tasks after it fail with
    the same cause, without a request each.
    """

    ccc: Callable[[], Ccc]
    watch: Watch
    deadline: Deadline
    backoff: Backoff
    verify: bool
    known: Mapping[tuple[SdkAppId, TaskId | None], Task]
    _listed: dict[SdkAppId, list[Found]] = field(default_factory=dict)
    _halted: CloudError | None = None
    _blind: bool = False

    def run(self, jobs: Sequence[Job]) -> list[tuple[Job, list[TaskReport]]]:
        """Give each job with what became of it; a name may stand for several tasks.

        Every job has its report, whatever fails, and a task that several jobs name is treated once.
        """
        finished: dict[tuple[Action, SdkAppId, TaskId | str | None], TaskReport] = {}
        answered = []
        for job in jobs:
            reports = []
            ones = self._by_name(job) if job.task.task_id is None else [job]
            for one in ones:
                if isinstance(one, TaskReport):
                    reports.append(one)
                    continue
                key = (one.action, *one.task.key)
                if key not in finished:
                    note = f"the name fits {len(ones)} tasks; " if len(ones) > 1 else ""
                    report = self._one(one)
                    finished[key] = replace(report, reason=note + report.reason)
                reports.append(finished[key])
            answered.append((job, reports))
        return answered

    def _by_name(self, job: Job) -> list[Job | TaskReport]:
        """Give the jobs for the tasks that CCC knows by a name, or a report that says why there are none.

        CCC is not asked while no quiet hours that such a task could have would let anything happen.
        """
        app, name = job.task.sdk_app_id, job.task.name
        possible = {job.task.quiet_hours} | {
            task.quiet_hours for (other, _), task in self.known.items() if other == app
        }
        idle = [
            by_the_clock(replace(job, task=replace(job.task, quiet_hours=each)), self.watch)
            for each in possible
        ]
        if all(idle) and (report := by_the_clock(job, self.watch)):
            return [report]
        hours = self.watch.of(job.task)
        if stopped := self._stopped(job, hours):
            return [stopped]
        try:
            found = [each for each in self._list(app) if each.name == name]
        except CloudError as error:
            return [self._failed(job, hours, error, "the name could not be looked up in CCC")]
        if not found:
            reason = f"no task of application {app} has this name, neither in the policy nor in CCC"
            return [TaskReport(job.task, Outcome.NOT_FOUND, hours, reason)]
        if len(found) > 1:
            _log.warning(
                "a name fits several tasks", extra={"task_name": name, "tasks": [f.task_id for f in found]}
            )
        return [replace(job, task=self._task(job.task, each.task_id)) for each in found]

    def _task(self, named: Task, task_id: TaskId) -> Task:
        known = self.known.get((named.sdk_app_id, task_id))
        if known is None:
            return replace(named, task_id=task_id)
        return replace(known, name=named.name)

    def _list(self, app: SdkAppId) -> list[Found]:
        if app not in self._listed:
            self._listed[app] = self.ccc().find(app)
        return self._listed[app]

    def _one(self, job: Job) -> TaskReport:
        if report := by_the_clock(job, self.watch):
            return report
        hours = self.watch.of(job.task)
        if stopped := self._stopped(job, hours):
            return stopped
        seen = self._observe(job.task)
        outcome = by_state(job.action, seen)
        if outcome is None and job.dry_run:
            outcome = done(job.action, dry_run=True)
        if outcome is not None:
            return TaskReport(job.task, outcome, hours, _reason(seen, hours))
        try:
            answer = self._act(job)
        except CloudError as error:
            return self._after_error(job, hours, seen, error)
        return self._verified(job, hours, answer)

    def _stopped(self, job: Job, hours: Hours) -> TaskReport | None:
        """Give the report of a job for which there is no use in trying, or no time."""
        if self._halted:
            return _failure(job, hours, self._halted, "not tried after the same error for another task")
        if self.deadline.remaining() <= 0:
            return TaskReport(
                job.task, Outcome.DEFERRED, hours, f"the time was up before it; {hours.sentence()}"
            )
        return None

    def _observe(self, task: Task) -> TaskState | None:
        """Give the state of a task, `None` where it cannot be told: pausing goes on blindly then."""
        for each in self._listed.get(task.sdk_app_id, ()):
            if each.task_id == task.task_id:
                return each.state
        return self._ask(task)

    def _ask(self, task: Task) -> TaskState | None:
        if self._blind or task.task_id is None:
            return None
        try:
            return self.ccc().state(task.sdk_app_id, task.task_id)
        except CloudError as error:
            # Permission to describe may be missing, or describing be broken: no reason to ask each time.
            self._blind = error.meaning is not Meaning.OBJECT
            _log.warning("state not seen", extra={"task_id": task.task_id, "error": str(error)})
            return None

    def _act(self, job: Job) -> Answer:
        ccc = self.ccc()
        call = ccc.pause if job.action == "pause" else ccc.resume
        return call(job.task.sdk_app_id, TaskId(job.task.task_id or 0))

    def _verified(self, job: Job, hours: Hours, answer: Answer) -> TaskReport:
        """Give the report of an accepted call, once the task has been seen to be as wanted."""
        attempts = answer.attempts
        outcome = done(job.action, dry_run=False)
        round_number = 1
        while True:
            state = self._ask(job.task) if self.verify else None
            if reached(job.action, state) is not False:
                note = "; accepted, but its state could not be seen" if self.verify and state is None else ""
                reason = hours.sentence() + note
                return TaskReport(job.task, outcome, hours, reason, attempts, answer.request_id)
            wait = self.backoff.wait(round_number)
            if round_number == _ROUNDS or wait >= self.deadline.remaining():
                break
            self.deadline.clock.sleep(wait)
            try:
                answer = self._act(job)
            except CloudError as error:
                return self._after_error(job, hours, state, error)
            attempts += answer.attempts
            round_number += 1
        message = f"accepted, but the task is still {_words(state)}"
        cause = TaskError("NotAsWanted", message, answer.request_id)
        return TaskReport(job.task, Outcome.FAILED, hours, message, attempts, answer.request_id, cause)

    def _after_error(self, job: Job, hours: Hours, seen: TaskState | None, error: CloudError) -> TaskReport:
        """Give the report of a call that failed: its reply may be lost, or the state forbid it."""
        if error.meaning is Meaning.HALT:
            return self._failed(job, hours, error, f"{job.action} was refused")
        if error.attempts == 0:
            return TaskReport(job.task, Outcome.DEFERRED, hours, f"the time was up; {hours.sentence()}")
        state = self._ask(job.task)
        outcome = by_state(job.action, state)
        if outcome is not None:
            changed = outcome in {Outcome.ALREADY_PAUSED, Outcome.ALREADY_RUNNING} and (
                seen is not None or error.attempts > 1
            )
            outcome = done(job.action, dry_run=False) if changed else outcome
            return TaskReport(
                job.task, outcome, hours, _reason(state, hours), error.attempts, error.request_id
            )
        report = self._failed(job, hours, error, f"{job.action} was refused; the task is {_words(state)}")
        if error.meaning is Meaning.OBJECT and state is None:
            not_there = error.code.startswith(_NOT_THERE)
            report = replace(report, outcome=Outcome.NOT_FOUND if not_there else Outcome.NOT_ALLOWED)
        return report

    def _failed(self, job: Job, hours: Hours, error: CloudError, reason: str) -> TaskReport:
        if error.meaning is Meaning.HALT:
            self._halted = error
        return _failure(job, hours, error, reason)


def _failure(job: Job, hours: Hours, error: CloudError, reason: str) -> TaskReport:
    cause = TaskError(error.code, error.message, error.request_id)
    return TaskReport(job.task, Outcome.FAILED, hours, reason, error.attempts, error.request_id, cause)


def _reason(state: TaskState | None, hours: Hours) -> str:
    return f"the task is {_words(state)}; {hours.sentence()}"


def _words(state: TaskState | None) -> str:
    return "in a state that could not be seen" if state is None else state.name.lower().replace("_", " ")
