"""Whether CCC answers for each application, and knows the tasks that the policy names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from handler.cloud.ccc_types import NOT_THERE
from handler.errors import CloudError, Scope
from handler.errors.sentences import given
from handler.reconcile.listing import Listing
from handler.report.check import Finding
from handler.task import FINISHED, SdkAppId, Task, TaskId

if TYPE_CHECKING:
    from handler.cloud.ccc import Ccc
    from handler.cloud.ccc_types import Seen
    from handler.cloud.pacing import Deadline


@dataclass
class Applications:
    """Reads the list of each application until every task that the policy names there was seen.

    `tasks` are the policy's by name. `finished` are those that CCC shows as finished: no pause is needed.
    """

    ccc: Callable[[], Ccc]
    tasks: Mapping[str, Task]
    until: Deadline
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
            share = self.until.within(self.until.remaining() / (len(left) + 1))
            yield from self._of(listing, share)
            if listing.error is not None and listing.error.scope is Scope.EVERYTHING:
                return

    def _of(self, listing: Listing, until: Deadline) -> Iterator[Finding]:
        app = listing.app
        names: dict[TaskId, list[str]] = {}
        for name, task in self.tasks.items():
            if task.sdk_app_id == app and task.task_id is not None:
                names.setdefault(task.task_id, []).append(name)
        for _ in listing.read_all(until, lambda: not names.keys() <= listing.found.keys()):
            if names.keys() <= listing.found.keys():
                break
        if listing.error is not None:
            yield _refused(listing.error, app)
        elif not listing.begun:
            yield Finding("error", "NoAnswer", f"Application {app}: no answer in time", sdk_app_id=app)
            return
        seen = {task_id: listing.found[task_id] for task_id in names if task_id in listing.found}
        self.finished |= {(app, task_id) for task_id, each in seen.items() if each.state in FINISHED}
        yield from _other_names(app, names, seen)
        if listing.error is None:
            yield from self._missing(listing, [each for each in names if each not in seen], names, until)

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
                yield Finding("error", "TaskNotFound", text, "task", task_id, listing.app)
        if unseen:
            text = (
                f"Application {listing.app}: {len(unseen):,} of the policy's tasks were not seen, since the "
                "list was not read to its end in time"
            )
            yield Finding("warning", "ListIncomplete", text, sdk_app_id=listing.app)

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
            yield Finding("warning", "NameDiffers", text, "task", task_id, app)


def _shown(names: list[str]) -> str:
    return ", ".join(given(name) for name in names[:3])


def _refused(error: CloudError, app: SdkAppId | None) -> Finding:
    where = f"Application {app}: " if app else ""
    return Finding("error", error.code, f"{where}{error.code}: {error.message}", sdk_app_id=app)
