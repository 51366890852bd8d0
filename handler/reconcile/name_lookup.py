"""Tasks that are requested by their own name in CCC: the list shows which tasks have that name."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from handler.errors import CloudError
from handler.reconcile import task_reports
from handler.reconcile.decision import decide
from handler.reconcile.listing import Listing
from handler.reconcile.schedule import Schedule
from handler.report.entries import Problem, TaskReport
from handler.task import Job, SdkAppId, Task, TaskId

if TYPE_CHECKING:
    from handler.cloud.ccc_types import Seen

_log = logging.getLogger(__name__)
_Key = tuple[SdkAppId, TaskId]


class Names:
    """The jobs that name a task, and what was found for each.

    A name is reported as `not_found` only where the list was read whole and stable. CCC is not asked where
    the clock alone decides the job under all quiet hours that the task may have.
    """

    def __init__(
        self, jobs: Sequence[Job], known: Mapping[tuple[SdkAppId, TaskId | None], Task], schedule: Schedule
    ) -> None:
        self._schedule = schedule
        self._known = known
        self._found: dict[Job, dict[TaskId, Job]] = {job: {} for job in jobs}
        self._own: dict[Job, TaskReport] = {}
        self.problems: list[Problem] = []
        # Thousands of names may meet thousands of tasks, of which most share their quiet hours.
        hours = {(task.sdk_app_id, task.quiet_hours, task.exempt_until): task for task in known.values()}
        possible: dict[SdkAppId, set[bool]] = {}
        for task in hours.values():
            possible.setdefault(task.sdk_app_id, set()).add(schedule.of(task).quiet)
        for job in self._found:
            report = schedule.decided(job)
            quiet = possible.get(job.task.sdk_app_id, ())
            if report and all(decide(job.action, quiet=each) for each in quiet):
                self._own[job] = report

    def wanted(self) -> list[SdkAppId]:
        """Return the applications whose lists have to be read."""
        return list(dict.fromkeys(job.task.sdk_app_id for job in self._found if job not in self._own))

    def pausing(self) -> set[SdkAppId]:
        """Return the applications in which a task may be found that is to be paused for real."""
        jobs = (job for job in self._found if job.action == "pause" and not job.dry_run)
        return {job.task.sdk_app_id for job in jobs if job not in self._own}

    def missing(self, app: SdkAppId) -> bool:
        """Return whether a name that is asked for was not found yet."""
        return any(not self._found[job] for job in self._of(app))

    def found(self, app: SdkAppId, page: Sequence[Seen]) -> tuple[list[Job], Mapping[_Key, Seen]]:
        """Return the jobs for the tasks of a page that are asked for, and the page by key."""
        by_name: dict[str, list[Seen]] = {}
        for each in page:
            by_name.setdefault(each.name, []).append(each)
        jobs: list[Job] = []
        for job in self._of(app):
            for each in by_name.get(job.task.name or "", ()):
                one = job._replace(task=self._named(job.task, each.task_id))
                jobs.append(self._found[job].setdefault(each.task_id, one))
        return jobs, {(app, each.task_id): each for each in page}

    def read(self, listing: Listing) -> None:
        """Note that a list is read no further, and report the names that are not found or left uncertain."""
        missing = self.missing(listing.app)
        for job in self._of(listing.app):
            hours, name = self._schedule.of(job.task), job.task.name
            certain = listing.certain or (listing.complete and self._found[job])
            if certain and listing.unreadable.isdisjoint({name, None}):
                if not self._found[job]:
                    self._own[job] = task_reports.name_not_found(job, hours)
            elif listing.error is not None and not self._found[job]:
                self._own[job] = task_reports.not_looked_up(job, hours, listing.error)
            else:
                self._own[job] = task_reports.list_incomplete(job, hours, _why(listing))
        if not (listing.certain or (listing.complete and not missing)):
            _log.warning("list incomplete", extra={"sdk_app_id": listing.app, "why": _why(listing)})
            message = f"the list of application {listing.app} could not be read whole: {_why(listing)}"
            self.problems.append(Problem("ListIncomplete", message))

    def unread(self, app: SdkAppId, error: CloudError) -> None:
        """Note that a list could not be read at all."""
        for job in self._of(app):
            self._own[job] = task_reports.not_looked_up(job, self._schedule.of(job.task), error)

    def reports(self, job: Job, done: Mapping[Job, TaskReport]) -> list[TaskReport]:
        """Return the reports of all tasks that a name stands for, and that of the name itself, if any."""
        found = self._found[job]
        if len(found) > 1:
            facts = {"sdk_app_id": job.task.sdk_app_id, "task_name": job.task.name, "tasks": list(found)}
            _log.warning("a name fits several tasks", extra=facts)
        note = f"the name fits {len(found)} tasks; " if len(found) > 1 else ""
        of_tasks = [done[one]._replace(reason=note + done[one].reason) for one in found.values()]
        return of_tasks + ([self._own[job]] if job in self._own else [])

    def _of(self, app: SdkAppId) -> list[Job]:
        return [job for job in self._found if job.task.sdk_app_id == app and job not in self._own]

    def _named(self, task: Task, task_id: TaskId) -> Task:
        """Return a task under the name that it was asked for by, with the policy's quiet hours."""
        known = self._known.get((task.sdk_app_id, task_id))
        return task._replace(task_id=task_id) if known is None else known._replace(name=task.name)


def _why(listing: Listing) -> str:
    if listing.error is not None:
        return str(listing.error)
    if listing.left:
        return "the time was up before its last page"
    if listing.unreadable:
        return "an entry has no usable TaskId or Name"
    return f"it changed while it was read, {listing.passes} times"
