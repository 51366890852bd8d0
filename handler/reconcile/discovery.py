"""Tasks that have to be found in CCC: by their own name, by a pattern, or because a rule covers them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from handler.errors import CloudError
from handler.policy.entries import NONE
from handler.policy.patterns import matches
from handler.policy.rules import Coverage, Rules
from handler.reconcile import task_reports
from handler.reconcile.decision import decide
from handler.reconcile.listing import Listing
from handler.reconcile.schedule import Schedule, by_clock
from handler.report.entries import Problem, TaskReport
from handler.task import FINISHED, Job, Outcome, SdkAppId, Task, TaskId, TaskState

if TYPE_CHECKING:
    from handler.cloud.ccc_types import Seen

_log = logging.getLogger(__name__)
_Key = tuple[SdkAppId, TaskId]
_CALLING = frozenset({TaskState.RUNNING, TaskState.NOT_STARTED})
_NO_ENTRY = frozenset({Outcome.FINISHED, Outcome.NOT_QUIET, Outcome.STILL_QUIET})
"""Outcomes that need no entry where only a rule covers a task, and no call was made for it."""


class Discovery:
    """The jobs whose tasks have to be found, and what was found for each.

    A name or a pattern is reported as `not_found` only where the list was read whole and stable. CCC is not
    asked where the clock alone decides the job under all quiet hours that its tasks may have. `unread` are
    the jobs whose tasks may not all have been found, `problems` the lists that could not be read whole.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        known: Mapping[tuple[SdkAppId, TaskId | None], Task],
        rules: Rules,
        schedule: Schedule,
    ) -> None:
        self._schedule, self._known, self._rules = schedule, known, rules
        self._found: dict[Job, dict[TaskId, Job]] = {job: {} for job in jobs}
        self._fitting: dict[Job, int] = dict.fromkeys(jobs, 0)
        self._own: dict[Job, TaskReport | None] = {}
        self._uncovered: dict[_Key, Seen] = {}
        self.problems: list[Problem] = []
        self.unread: set[Job] = set()
        # Thousands of names may meet thousands of tasks, of which most share their quiet hours.
        hours = {(task.sdk_app_id, task.quiet_hours, task.exempt_until): task for task in known.values()}
        possible: dict[SdkAppId, set[bool]] = {}
        for task in hours.values():
            possible.setdefault(task.sdk_app_id, set()).add(schedule.of(task).quiet)
        for job in self._found:
            self._decide(job, possible.get(job.task.sdk_app_id, set()))

    def wanted(self) -> list[SdkAppId]:
        """Return the applications whose lists have to be read."""
        return list(dict.fromkeys(job.task.sdk_app_id for job in self._found if job not in self._own))

    def pausing(self) -> set[SdkAppId]:
        """Return the applications in which a task may be found that is to be paused for real."""
        jobs = (job for job in self._found if job.action == "pause" and not job.dry_run)
        return {job.task.sdk_app_id for job in jobs if job not in self._own}

    def missing(self, app: SdkAppId) -> bool:
        """Return whether nothing was found yet for a name or a pattern that is asked for."""
        return any(not self._fitting[job] for job in self._of(app) if job.task.lookup != "rules")

    def found(self, app: SdkAppId, page: Sequence[Seen]) -> tuple[list[Job], Mapping[_Key, Seen]]:
        """Return the jobs for the tasks of a page that are asked for, and the page by key."""
        by_name: dict[str, list[Seen]] = {}
        for each in page:
            by_name.setdefault(each.name, []).append(each)
        jobs: list[Job] = []
        for job in self._of(app):
            fitting = by_name.get(job.task.name or "", ()) if job.task.lookup == "name" else page
            wanted = ((each.task_id, self._job_for(job, each)) for each in fitting)
            jobs += [self._found[job].setdefault(task_id, one) for task_id, one in wanted if one]
        return jobs, {(app, each.task_id): each for each in page}

    def read(self, listing: Listing) -> None:
        """Note that a list is read no further, and report the names that are not found or left uncertain."""
        missing = self.missing(listing.app)
        whole = listing.certain or (listing.complete and not missing)
        for job in self._of(listing.app):
            if job.task.lookup == "rules":
                whole &= not listing.unreadable
                self._leave(job, whole=listing.complete and not listing.unreadable)
            else:
                self._own[job] = self._of_name(job, listing)
        if not whole:
            self._incomplete(listing.app, _why(listing))

    def stopped(self, app: SdkAppId, error: CloudError) -> None:
        """Note that a list could not be read at all."""
        for job in self._of(app):
            if job.task.lookup == "rules":
                self._leave(job, whole=False)
                self._incomplete(app, str(error))
            else:
                hours = self._schedule.of(job.task)
                self._own[job] = task_reports.not_looked_up(job, hours, error)

    def reports(self, job: Job, done: Mapping[Job, TaskReport]) -> list[TaskReport]:
        """Return the reports of all tasks that were found for a job, and that of the job itself, if any."""
        found = self._found[job]
        if job.task.lookup == "rules":
            of_tasks = [done[one] for one in found.values()]
            worth = [each for each in of_tasks if each.attempts or each.outcome not in _NO_ENTRY]
            return worth + self._of_uncovered(job.task.sdk_app_id, "*")
        if job.task.lookup == "name" and len(found) > 1:
            facts = {"sdk_app_id": job.task.sdk_app_id, "task_name": job.task.name, "tasks": list(found)}
            _log.warning("a name fits several tasks", extra=facts)
        note = f"the {job.task.lookup} fits {len(found)} tasks; " if len(found) > 1 else ""
        of_tasks = [done[one]._replace(reason=note + done[one].reason) for one in found.values()]
        own = self._own.get(job)
        of_tasks += [own] if own else []
        is_pattern = job.task.lookup == "pattern"
        return of_tasks + (self._of_uncovered(job.task.sdk_app_id, job.task.name or "") if is_pattern else [])

    def _decide(self, job: Job, quiet: set[bool]) -> None:
        """Decide a job by the clock alone, where that is possible."""
        app = job.task.sdk_app_id
        if job.task.lookup == "rules":
            if by_clock(job, self._schedule, self._rules) is not None:
                self._own[job] = None
            return
        by_rules = {self._schedule.now(name).quiet for name in self._rules.quiet_hours(app, "task")}
        report = self._schedule.decided(job)
        if report and all(decide(job.action, quiet=each) for each in quiet | by_rules):
            self._own[job] = report

    def _of(self, app: SdkAppId) -> list[Job]:
        return [job for job in self._found if job.task.sdk_app_id == app and job not in self._own]

    def _job_for(self, job: Job, seen: Seen) -> Job | None:
        """Return the job for a task of the list, `None` where it is not asked for, or not concerned."""
        app, lookup = job.task.sdk_app_id, job.task.lookup
        if lookup == "pattern" and not matches(job.task.name or "", seen.name):
            return None
        coverage = self._rules.decide(app, "task", seen.task_id, seen.name or None)
        if lookup == "rules":
            return self._by_rule(job, seen, coverage)
        self._fitting[job] += 1
        if lookup == "pattern" and (seen.state in FINISHED or self._lacks_hours(job, seen, coverage)):
            return None
        return job._replace(task=self._named(job.task, seen, coverage))

    def _lacks_hours(self, job: Job, seen: Seen, coverage: Coverage) -> bool:
        """Return whether a task that a pattern fits has no quiet hours at all, and note it."""
        lacks = coverage.quiet_hours is None and job.task.quiet_hours == NONE
        if lacks and seen.state in _CALLING:
            self._uncovered[job.task.sdk_app_id, seen.task_id] = seen
        return lacks

    def _by_rule(self, job: Job, seen: Seen, coverage: Coverage) -> Job | None:
        key = (job.task.sdk_app_id, seen.task_id)
        self._uncovered.pop(key, None)
        if coverage.by == "uncovered" and seen.state in _CALLING:
            self._uncovered[key] = seen
        hours = coverage.quiet_hours
        if coverage.by != "rule" or hours is None or hours == NONE or seen.state in FINISHED:
            return None
        task = Task(*key, seen.name or None, hours, rule=coverage.rule)
        if decide(job.action, quiet=self._schedule.of(task).quiet):
            return None
        if job.action == "resume" and seen.state not in {TaskState.PAUSED, None}:
            return None
        return job._replace(task=task)

    def _named(self, task: Task, seen: Seen, coverage: Coverage) -> Task:
        """Return a task under the name that it was asked for by, with the policy's quiet hours."""
        known = self._known.get((task.sdk_app_id, seen.task_id))
        name = task.name if task.lookup == "name" else (known and known.name) or seen.name
        if known is not None:
            return known._replace(name=name)
        hours = coverage.quiet_hours or task.quiet_hours
        return Task(task.sdk_app_id, seen.task_id, name, hours, rule=coverage.rule)

    def _leave(self, job: Job, *, whole: bool) -> None:
        """Note that nothing more will be found for a job for all that rules cover."""
        self._own[job] = None
        if not whole:
            self.unread.add(job)

    def _of_name(self, job: Job, listing: Listing) -> TaskReport | None:
        """Return the report of a name or pattern itself, `None` where the reports of its tasks say all."""
        hours, fitting = self._schedule.of(job.task), self._fitting[job]
        certain = listing.certain or (listing.complete and fitting > 0)
        hidden = {job.task.name, None} if job.task.lookup == "name" else listing.unreadable
        if certain and listing.unreadable.isdisjoint(hidden):
            return None if fitting else task_reports.name_not_found(job, hours)
        if listing.error is not None and not fitting:
            return task_reports.not_looked_up(job, hours, listing.error)
        return task_reports.list_incomplete(job, hours, _why(listing))

    def _of_uncovered(self, app: SdkAppId, pattern: str) -> list[TaskReport]:
        until = min(
            (
                status.until
                for status in map(self._schedule.now, self._rules.quiet_hours(app, "task"))
                if status.quiet and status.until
            ),
            default=None,
        )
        return [
            task_reports.uncovered(Task(*key, seen.name or None, NONE), seen, until)
            for key, seen in self._uncovered.items()
            if key[0] == app and matches(pattern, seen.name)
        ]

    def _incomplete(self, app: SdkAppId, why: str) -> None:
        _log.warning("list incomplete", extra={"sdk_app_id": app, "why": why})
        message = f"the list of application {app} could not be read whole: {why}"
        self.problems.append(Problem("ListIncomplete", message))


def _why(listing: Listing) -> str:
    if listing.error is not None:
        return str(listing.error)
    if listing.left:
        return "the time was up before its last page"
    if listing.unreadable:
        return "an entry has no usable TaskId or Name"
    return f"it changed while it was read, {listing.passes} times"
