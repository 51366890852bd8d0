"""The work: observe, act on the difference, verify, and again, until all is as wanted or the time is up."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING

from handler.decision import Job, JobKey, Watch, by_state, by_the_clock, done, reached
from handler.errors import CloudError, Meaning
from handler.observer import Key, Observer
from handler.pacing import Backoff, Deadline, paced
from handler.report import Hours, TaskError, TaskReport, when
from handler.request import Action
from handler.task import Outcome, SdkAppId, Task, TaskId, TaskState

if TYPE_CHECKING:
    from handler.ccc import Answer, Ccc, Seen

_log = logging.getLogger(__name__)
_NOT_THERE = ("ResourceNotFound", "InvalidParameterValue", "InvalidParameter")


@dataclass
class _Try:
    """How far a job has come: what was seen of the task, how its last call ended, and the one before."""

    job: Job
    seen: TaskState | None = None
    answer: Answer | None = None
    error: CloudError | None = None
    before: CloudError | None = None
    attempts: int = 0

    @property
    def request_id(self) -> str | None:
        ended = self.error or self.answer
        return ended.request_id if ended else None


_Done = dict[JobKey, TaskReport]


@dataclass
class Pauser:
    """Carries jobs out, at the pace of `Ccc`.

    `ccc` connects at the first need and then gives the same again. `known` are the policy's tasks by
    application and id: a task found by its name in CCC keeps the quiet hours that the policy gives it.
    An error that nothing can work with ends the calls: the tasks after it fail with the same cause,
    without a request each.
    """

    ccc: Callable[[], Ccc]
    watch: Watch
    deadline: Deadline
    backoff: Backoff
    verify: bool
    known: Mapping[tuple[SdkAppId, TaskId | None], Task]
    _halted: dict[SdkAppId | None, CloudError] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._observer = Observer(self.ccc, self._stopped)

    def run(self, jobs: Sequence[Job]) -> list[tuple[Job, list[TaskReport]]]:
        """Give each job with what became of it; a name may stand for several tasks.

        Every job has its report, whatever fails, and a task that several jobs name is treated once.
        """
        plan = [(job, self._by_name(job) if job.task.task_id is None else [job]) for job in jobs]
        finished: _Done = {}
        todo: dict[JobKey, Job] = {}
        for one in (one for _, ones in plan for one in ones if isinstance(one, Job)):
            if report := by_the_clock(one, self.watch):
                finished[one.key] = report
            else:
                todo[one.key] = one
        for report_of, report in self._work(list(todo.values())):
            finished[report_of.key] = report
        return [(job, [self._told(one, len(ones), finished) for one in ones]) for job, ones in plan]

    def _told(self, one: Job | TaskReport, of: int, finished: _Done) -> TaskReport:
        report = finished[one.key] if isinstance(one, Job) else one
        note = f"the name fits {of} tasks; " if of > 1 else ""
        return report._replace(reason=note + report.reason) if note else report

    def _by_name(self, job: Job) -> list[Job | TaskReport]:
        """Give the jobs for the tasks that CCC knows by a name, or a report that says why there are none.

        CCC is not asked while no quiet hours that such a task could have would let anything happen.
        """
        app, name = job.task.sdk_app_id, job.task.name
        possible = {job.task} | {task for (other, _), task in self.known.items() if other == app}
        idle = [by_the_clock(job._replace(task=each), self.watch) for each in possible]
        if all(idle) and (report := by_the_clock(job, self.watch)):
            return [report]
        hours = self.watch.of(job.task)
        if self._stopped():
            return [self._not_tried(job)]
        try:
            found = [each for each in self._observer.all_of(app) if each.name == name]
        except CloudError as error:
            self._remember(app, error)
            return [_failure(_Try(job, error=error), hours, error, "the name could not be looked up in CCC")]
        if not found:
            reason = f"no task of application {app} has this name, neither in the policy nor in CCC"
            return [TaskReport(job.task, Outcome.NOT_FOUND, hours, reason)]
        if len(found) > 1:
            facts = {"task_name": name, "tasks": [each.task_id for each in found]}
            _log.warning("a name fits several tasks", extra=facts)
        return [job._replace(task=self._task(job.task, each.task_id)) for each in found]

    def _task(self, named: Task, task_id: TaskId) -> Task:
        known = self.known.get((named.sdk_app_id, task_id))
        if known is None:
            return named._replace(task_id=task_id)
        return known._replace(name=named.name)

    def _work(self, jobs: Sequence[Job]) -> list[tuple[Job, TaskReport]]:
        """Observe, act on the difference, verify; a task that is not as wanted is acted on again."""
        finished: list[tuple[Job, TaskReport]] = []
        todo: list[_Try] = []
        seen = self._observer.look(job.task for job in jobs)
        for job in jobs:
            one = seen.get(_id(job.task))
            if report := self._settled(job, one):
                finished.append((job, report))
            else:
                todo.append(_Try(job, one.state if one else None))
        round_number = 1
        while todo:
            self._act(todo)
            seen = self._observer.look((each.job.task for each in todo if self._asks(each)), afresh=True)
            wait = self.backoff.wait(round_number)
            last = wait >= self.deadline.remaining()
            again = []
            for each in todo:
                report_or_none = self._judged(each, seen.get(_id(each.job.task)), last=last)
                if report_or_none is None:
                    again.append(each)
                else:
                    finished.append((each.job, report_or_none))
            if again:
                self.deadline.clock.sleep(wait)
            todo, round_number = again, round_number + 1
        return finished

    def _settled(self, job: Job, seen: Seen | None) -> TaskReport | None:
        """Give the report of a task that is as wanted, or cannot become so, or would be in a dry run."""
        outcome = by_state(job.action, seen.state if seen else None)
        if outcome is None and job.dry_run:
            if self._stopped(job.task.sdk_app_id):
                return self._not_tried(job)  # nor would anything be done without the dry run
            outcome = done(job.action, dry_run=True)
        if outcome is None:
            return None
        hours = self.watch.of(job.task)
        return TaskReport(job.task, outcome, hours, _reason(seen, hours))

    def _act(self, todo: Sequence[_Try]) -> None:
        """Send a call for each, at the pace of its API; what there is no use or time for is left untried."""
        # A tenth of the time that is left, 5 s at most, is kept to look at what was done.
        to_verify = min(5.0, self.deadline.remaining() / 10) if self.verify else 0.0
        for each in todo:
            each.before, each.answer, each.error = each.error, None, None
        try:
            ccc = self.ccc()
        except CloudError as error:
            self._remember(None, error)
            return
        lots: dict[tuple[Action, SdkAppId], list[_Try]] = {}
        for each in todo:
            lots.setdefault((each.job.action, each.job.task.sdk_app_id), []).append(each)
        for (action, app), lot in lots.items():
            calls = [partial(self._send, ccc, each) for each in lot]
            paced(ccc.api(action), calls, ccc.limit, partial(self._stopped, app, to_verify))

    def _send(self, ccc: Ccc, each: _Try) -> None:
        job = each.job
        if by_the_clock(job, self.watch):
            return
        try:
            each.answer = ccc.act(job.action, job.task.sdk_app_id, _id(job.task)[1], paced=True)
            each.attempts += each.answer.attempts
        except CloudError as error:
            each.error = error
            each.attempts += error.attempts
            self._remember(job.task.sdk_app_id, error)

    def _asks(self, each: _Try) -> bool:
        """Tell whether the state after a call is to be looked at: to verify it, or to understand an error."""
        if each.error is not None:
            return each.error.meaning is not Meaning.HALT and each.attempts > 0
        return each.answer is not None and self.verify

    def _judged(self, each: _Try, seen: Seen | None, *, last: bool) -> TaskReport | None:
        """Give the report of a task that was acted on; `None` if it is to be acted on again."""
        job, hours = each.job, self.watch.of(each.job.task)
        if each.error is not None:
            return self._after_error(each, seen, hours, last=last)
        if each.answer is None:
            return by_the_clock(job, self.watch) or self._not_tried(job, each)
        state = seen.state if seen else None
        if reached(job.action, state) is not False:
            note = "; accepted, but its state could not be seen" if self.verify and state is None else ""
            outcome, reason = done(job.action, dry_run=False), hours.sentence() + note
            return TaskReport(job.task, outcome, hours, reason, each.attempts, each.request_id)
        if not last:
            return None
        message = f"accepted, but the task is still {_words(state)}"
        cause = TaskError("NotAsWanted", message, each.request_id)
        return TaskReport(job.task, Outcome.FAILED, hours, message, each.attempts, each.request_id, cause)

    def _after_error(self, each: _Try, seen: Seen | None, hours: Hours, *, last: bool) -> TaskReport | None:
        """Give the report of a call that failed: its reply may be lost, or the state forbid it.

        `None` if it may still succeed: what is lost or throttled is tried for as long as there is time.
        """
        job, error = each.job, each.error
        assert error is not None  # noqa: S101 - asked only then
        if error.meaning is Meaning.HALT:
            return _failure(each, hours, error, f"{job.action} was refused")
        if each.attempts == 0:
            return self._not_tried(job)
        state = seen.state if seen else None
        outcome = by_state(job.action, state)
        if outcome is None and error.meaning is Meaning.RETRY and not last:
            return None
        if outcome is not None:
            as_wanted = outcome in {Outcome.ALREADY_PAUSED, Outcome.ALREADY_RUNNING}
            # Refused at the first attempt, it was somebody else; otherwise a reply of ours was lost.
            if as_wanted and (error.meaning is not Meaning.OBJECT or each.attempts > 1):
                outcome = done(job.action, dry_run=False)
            reason = _reason(seen, hours)
            return TaskReport(job.task, outcome, hours, reason, each.attempts, each.request_id)
        report = _failure(each, hours, error, f"{job.action} was refused; the task is {_words(state)}")
        asked = seen or _id(job.task) in self._observer.unknown or self._observer.forbidden
        if error.meaning is Meaning.OBJECT and state is None and asked:
            not_there = error.code.startswith(_NOT_THERE)
            report = report._replace(outcome=Outcome.NOT_FOUND if not_there else Outcome.NOT_ALLOWED)
        return report

    def _remember(self, app: SdkAppId | None, error: CloudError) -> None:
        """Keep in mind what nothing can work with: in this application, or at all."""
        if error.meaning is Meaning.HALT:
            self._halted.setdefault(None if error.stops_everything else app, error)

    def _stopped(self, app: SdkAppId | None = None, reserve: float = 0.0) -> bool:
        """Tell whether there is no use in trying, in `app` or at all, or no time beyond a reserve."""
        if self._observer.halted:
            self._halted.setdefault(None, self._observer.halted)
        return None in self._halted or app in self._halted or self.deadline.remaining() <= reserve

    def _not_tried(self, job: Job, each: _Try | None = None) -> TaskReport:
        """Give the report of a job for which there was no use in trying, or no time."""
        hours = self.watch.of(job.task)
        halted = self._halted.get(None) or self._halted.get(job.task.sdk_app_id)
        if halted is not None:
            reason = "not tried, since no call can work"
            return _failure(each or _Try(job), hours, halted, reason)
        if each is not None and each.before is not None:
            return _failure(each, hours, each.before, f"{job.action} failed until the time was up")
        return TaskReport(job.task, Outcome.DEFERRED, hours, f"the time was up; {hours.sentence()}")


def _id(task: Task) -> Key:
    return task.sdk_app_id, TaskId(task.task_id or 0)


def _failure(each: _Try, hours: Hours, error: CloudError, reason: str) -> TaskReport:
    cause = TaskError(error.code, error.message, error.request_id)
    return TaskReport(each.job.task, Outcome.FAILED, hours, reason, each.attempts, error.request_id, cause)


def _reason(seen: Seen | None, hours: Hours) -> str:
    state = seen.state if seen else None
    start = ""
    if seen and state is TaskState.NOT_STARTED and seen.not_before:
        at = datetime.fromtimestamp(seen.not_before, timezone.utc)
        if hours.quiet and (hours.until is None or at < hours.until):
            start = f" and starts in quiet hours, {when(at, hours.now, hours.time_zone)}"
    return f"the task is {_words(state)}{start}; {hours.sentence()}"


def _words(state: TaskState | None) -> str:
    return "in a state that could not be seen" if state is None else state.name.lower().replace("_", " ")
