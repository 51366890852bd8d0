"""Whether CCC answers for each application, and knows the tasks that the policy names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from handler.check.coverage import Covered
from handler.cloud.ccc_types import NOT_THERE
from handler.errors import CloudError, Scope
from handler.errors.sentences import given
from handler.reconcile.listing import Listing
from handler.report.check import Finding, Level, stable
from handler.task import FINISHED, SdkAppId, Task, TaskId

if TYPE_CHECKING:
    from handler.cloud.ccc import Ccc
    from handler.cloud.ccc_types import Seen
    from handler.cloud.pacing import Deadline

_LEAST_SECONDS = 1.0
"""For one call, beside the wait for its turn."""


@dataclass
class Applications:
    """Reads the list of each application until every task that the policy names there was seen.

    `tasks` are the policy's by name. `finished` are those that CCC shows as finished: no pause is needed.
    """

    ccc: Callable[[], Ccc]
    tasks: Mapping[str, Task]
    until: Deadline
    per_second: float
    covered: Covered
    finished: set[tuple[SdkAppId, TaskId | None]] = field(default_factory=set)

    def findings(self, apps: Iterable[SdkAppId]) -> Iterator[Finding]:
        """Yield what is wrong with each application. An error that every call would meet is yielded once."""
        left = list(apps)
        if not left:
            text = "No application is named, so CCC was not asked; set CALLOUT_SDK_APP_ID, or name tasks"
            yield Finding("warning", "NoApplication", text)
        try:
            ccc = self.ccc()
        except CloudError as error:
            yield _refused(error, None)
            return
        while left:
            app = left.pop(0)
            listing = Listing(ccc, app)
            # At a low rate an equal share may be shorter than the wait for the turn of a call.
            least = 1.5 / self.per_second + _LEAST_SECONDS
            share = self.until.within(max(self.until.remaining() / (len(left) + 1), least))
            yield from self._of(listing, share)
            if listing.error is not None and listing.error.scope is Scope.EVERYTHING:
                return

    def _of(self, listing: Listing, until: Deadline) -> Iterator[Finding]:
        app = listing.app
        names = self._names(app)
        calls, whole = listing.ccc.calls, app in self.covered.rules.applications()
        for _ in listing.read_all(until, lambda: not names.keys() <= listing.found.keys()):
            if not whole and names.keys() <= listing.found.keys():
                break
        # Where pages came, or no request was sent, the time was up: that says nothing of CCC.
        late = listing.error is None or listing.error.code == "NoAnswer"
        if not listing.begun and late and listing.ccc.calls == calls:
            text = f"Application {app} was not asked: there was no time left for it"
            yield Finding("warning", "ListIncomplete", text, sdk_app_id=app)
            return
        if listing.error is not None and not (listing.begun and late):
            yield _refused(listing.error, app)
        elif not listing.begun:
            yield Finding("error", "NoAnswer", f"Application {app}: no answer in time", sdk_app_id=app)
            return
        seen = {task_id: listing.found[task_id] for task_id in names if task_id in listing.found}
        self.finished |= {(app, task_id) for task_id, each in seen.items() if each.state in FINISHED}
        if whole:
            yield from self._cover(listing)
        yield from _other_names(app, names, seen)
        if late:
            yield from self._missing(listing, [each for each in names if each not in seen], names, until)

    def _cover(self, listing: Listing) -> Iterator[Finding]:
        self.covered.add(listing.app, listing.found.values())
        if not listing.complete:
            text = f"Application {listing.app}: the list was not read to its end, so rules may cover more"
            yield Finding("warning", "ListIncomplete", text, sdk_app_id=listing.app)

    def _names(self, app: SdkAppId) -> dict[TaskId, list[str]]:
        """Return the policy's names of the tasks of an application, by id."""
        names: dict[TaskId, list[str]] = {}
        for name, task in self.tasks.items():
            if task.sdk_app_id == app and task.task_id is not None:
                names.setdefault(task.task_id, []).append(name)
        return names

    def _missing(
        self, listing: Listing, ids: list[TaskId], names: Mapping[TaskId, list[str]], until: Deadline
    ) -> Iterator[Finding]:
        """Yield the tasks that CCC does not know: asked for each that its list does not show."""
        unseen = []
        for task_id in ids:
            known = self._known(listing, task_id, until)
            if known is None and not listing.certain:
                unseen.append(task_id)
            elif not known:
                text = (
                    f"CCC does not know task {task_id} ({_shown(names[task_id])}) "
                    f"in application {listing.app}"
                )
                exempt = all(self._is_exempt(name) for name in names[task_id])
                level: Level = "warning" if exempt else "error"
                yield Finding(level, "TaskNotFound", text, "task", task_id, listing.app)
        if unseen:
            text = (
                f"Application {listing.app}: {len(unseen):,} of the policy's tasks were not seen, since the "
                "list was not read to its end in time"
            )
            yield Finding("warning", "ListIncomplete", text, sdk_app_id=listing.app)

    def _is_exempt(self, name: str) -> bool:
        """Return whether a task is exempt for another hour, so that no pause of it is due."""
        until = self.tasks[name].exempt_until
        return until is not None and until > self.until.clock.now() + timedelta(hours=1)

    @staticmethod
    def _known(listing: Listing, task_id: TaskId, until: Deadline) -> bool | None:
        """Return whether CCC knows a task, `None` where it does not say so."""
        try:
            listing.ccc.describe(listing.app, task_id, until=until)
        except CloudError as error:
            return False if error.code.startswith(NOT_THERE) else None
        return True


def _other_names(
    app: SdkAppId, names: Mapping[TaskId, list[str]], seen: Mapping[TaskId, Seen]
) -> Iterator[Finding]:
    for task_id, each in seen.items():
        if each.name and each.name not in names[task_id]:
            text = (
                f"Task {task_id} of application {app} is {_shown(names[task_id])} in the policy, and "
                f"{given(each.name)} in CCC: is it the one that is meant?"
            )
            yield Finding("warning", "NameDiffers", text, "task", task_id, app, each.name)


def _shown(names: list[str]) -> str:
    return ", ".join(given(name) for name in names[:3])


def _refused(error: CloudError, app: SdkAppId | None) -> Finding:
    where = f"Application {app}: " if app else ""
    text = f"{where}{error.code}: {error.message}"
    return Finding("error", error.code, text, sdk_app_id=app, subject=stable(error.message))
