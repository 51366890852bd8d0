"""What state the wanted tasks are in: in bulk, as cheaply as CCC allows, never in the way of the pausing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from handler.errors import CloudError, Meaning
from handler.pacing import paced
from handler.task import SdkAppId, Task, TaskId

if TYPE_CHECKING:
    from handler.ccc import Ccc, Page, Seen

_log = logging.getLogger(__name__)
Key = tuple[SdkAppId, TaskId]


@dataclass
class Observer:
    """Looks at tasks. `ccc` connects at the first need; `stopped` tells when there is no use or time.

    An API that may not be called, or does not work, is not asked again: pausing goes on blindly.
    `halted` is the error, if any, that no call at all can work with. `unknown` are tasks that CCC was asked
    for and does not tell of; `forbidden` says that it may not be asked. A task that is missing without
    either was not seen this time, and may well be there.
    """

    ccc: Callable[[], Ccc]
    stopped: Callable[[], bool]
    halted: CloudError | None = None
    unknown: set[Key] = field(default_factory=set)
    forbidden: bool = False
    _broken: set[str] = field(default_factory=set)
    _complete: dict[SdkAppId, list[Seen]] = field(default_factory=dict)

    def all_of(self, app: SdkAppId) -> list[Seen]:
        """Give all tasks of an application, read once. Raises `CloudError`."""
        if app not in self._complete:
            pages = self._pages(app, lambda _: True)
            self._complete[app] = [each for page in pages for each in page.tasks]
        return self._complete[app]

    def look(self, tasks: Iterable[Task], *, afresh: bool = False) -> Mapping[Key, Seen]:
        """Give what can be seen of tasks whose ids are known; what cannot is left out.

        A list that was read for its names serves, unless the look is to be `afresh`.
        """
        wanted: dict[SdkAppId, list[TaskId]] = {}
        for task in tasks:
            if task.task_id is not None:
                wanted.setdefault(task.sdk_app_id, []).append(task.task_id)
        found: dict[Key, Seen] = {}
        for app, ids in wanted.items():
            listed = None if afresh else self._complete.get(app)
            seen = self._list(app, ids) if listed is None else {each.task_id: each for each in listed}
            missing = [task_id for task_id in ids if task_id not in seen]
            seen |= self._one_by_one(app, missing)
            found |= {(app, task_id): seen[task_id] for task_id in ids if task_id in seen}
        return found

    def _list(self, app: SdkAppId, ids: list[TaskId]) -> dict[TaskId, Seen]:
        """Give what the list tells, as far as reading it takes fewer calls than asking for each task."""
        if len(ids) == 1 or "list" in self._broken or self.stopped():
            return {}
        seen: dict[TaskId, Seen] = {}

        def worth(left: int) -> bool:
            return left <= sum(task_id not in seen for task_id in ids)

        try:
            for page in self._pages(app, worth):
                seen.update({each.task_id: each for each in page.tasks})
        except CloudError as error:
            self._give_up("list", error)
        return seen

    def _pages(self, app: SdkAppId, worth: Callable[[int], bool]) -> Iterator[Page]:
        """Give the pages of a list while the rest, so many pages, is `worth` reading. Raises `CloudError`.

        As many are read at once as were read already: 1, 1, 2, 4 and so on.
        """
        ccc = self.ccc()
        yield (first := ccc.page(app, 0))
        number, pages = 1, 1 + first.left

        def read(number: int) -> Page | CloudError:
            try:
                return ccc.page(app, number, first.size, paced=True)
            except CloudError as error:
                return error

        while number < pages and worth(pages - number):
            numbers = range(number, min(2 * number, pages))
            calls = [partial(read, each) for each in numbers]
            for page in paced("DescribeAutoCalloutTasks", calls, ccc.limit, lambda: False):
                if isinstance(page, CloudError):
                    raise page
                if page is None or not page.tasks:
                    return  # the list has become shorter meanwhile
                yield page
            number = numbers.stop

    def _one_by_one(self, app: SdkAppId, ids: list[TaskId]) -> dict[TaskId, Seen]:
        if not ids or "describe" in self._broken or self.stopped():
            return {}
        try:
            ccc = self.ccc()
        except CloudError as error:
            self._give_up("describe", error)
            return {}

        def look(task_id: TaskId) -> Seen | None:
            try:
                return ccc.see(app, task_id, paced=True)
            except CloudError as error:
                if error.meaning is Meaning.OBJECT:  # it says nothing of the API
                    self.unknown.add((app, task_id))
                else:
                    self._give_up("describe", error)
                return None

        calls = [partial(look, task_id) for task_id in ids]
        stopped = lambda: "describe" in self._broken or self.stopped()  # noqa: E731
        answers = paced("DescribeAutoCalloutTask", calls, ccc.limit, stopped)
        return {each.task_id: each for each in answers if each is not None}

    def _give_up(self, what: str, error: CloudError) -> None:
        self._broken.add(what)
        if error.stops_everything:
            self.halted = error
        elif what == "describe" and error.meaning is Meaning.HALT:
            self.forbidden = True
        _log.warning("states not seen", extra={"api": what, "error": str(error)})
