"""What state the wanted tasks are in: in bulk, within a time of its own, never in the way of the pausing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from handler.cloud.ccc_types import DESCRIBE, LIST, NOT_THERE
from handler.cloud.halts import Halts
from handler.cloud.pacing import Deadline, paced
from handler.errors import CloudError, Meaning
from handler.reconcile.listing import Listing
from handler.task import SdkAppId, Task, TaskId

if TYPE_CHECKING:
    from handler.cloud.ccc import Ccc
    from handler.cloud.ccc_types import Seen

_log = logging.getLogger(__name__)
_ENOUGH_FAILURES = 5
"""So many tasks in a row that could not be described mean that the API does not work now."""
Key = tuple[SdkAppId, TaskId]


@dataclass
class Observer:
    """Looks at tasks. `ccc` connects at the first need and raises `CloudError` where it cannot.

    An API that may not be called is not asked again, and one that does not work not again in the same look:
    pausing goes on blindly. `unknown` are the tasks that CCC was asked for and does not know. A task that is
    missing without that was not seen this time, and may well be there.
    """

    ccc: Callable[[], Ccc]
    halts: Halts
    unknown: set[Key] = field(default_factory=set)
    _doubtful: set[Key] = field(default_factory=set)
    _listings: dict[SdkAppId, Listing] = field(default_factory=dict)

    def listing(self, app: SdkAppId) -> Listing:
        """Return the list of an application, as far as it was read in this run. Raises `CloudError`."""
        if app not in self._listings:
            self._listings[app] = Listing(self.ccc(), app)
        return self._listings[app]

    def look(self, tasks: Iterable[Task], until: Deadline, *, afresh: bool = False) -> Mapping[Key, Seen]:
        """Return what can be seen, before `until`, of tasks whose ids are known, and of others on the way.

        A list that was read in this run serves, unless the look is to be `afresh`. Each application has an
        equal share of the time.
        """
        wanted: dict[SdkAppId, dict[TaskId, None]] = {}
        for task in tasks:
            if task.task_id is not None:
                wanted.setdefault(task.sdk_app_id, {})[task.task_id] = None
        found: dict[Key, Seen] = {}
        for number, (app, ids) in enumerate(wanted.items()):
            share = until.within(until.remaining() / (len(wanted) - number))
            seen = self._look(app, list(ids), share, afresh=afresh)
            found |= {(app, task_id): each for task_id, each in seen.items()}
        return found

    def may_describe(self, app: SdkAppId) -> bool:
        """Return whether the states of this application's tasks may be asked for."""
        return self.halts.of(DESCRIBE, app) is None

    def _look(self, app: SdkAppId, ids: list[TaskId], until: Deadline, *, afresh: bool) -> dict[TaskId, Seen]:
        try:
            ccc = self.ccc()
            listing = Listing(ccc, app) if afresh else self.listing(app)
        except CloudError as error:
            self.halts.unreachable(error)
            return {}
        self._list(listing, ids, until)
        missing = [task_id for task_id in ids if task_id not in listing.found]
        seen = listing.found | self._one_by_one(ccc, app, missing, until)
        doubtful = [each for each in missing if (app, each) in self._doubtful]
        return seen | self._searched(listing, doubtful, until) if afresh and doubtful else seen

    def _searched(self, listing: Listing, ids: list[TaskId], until: Deadline) -> dict[TaskId, Seen]:
        """Return what the list shows of tasks whose describing was refused, but not because they are unknown.

        Those that a list read whole does not show are unknown indeed.
        """
        if not self.halts.of(LIST, listing.app):
            for _ in listing.read(until, lambda _: any(each not in listing.found for each in ids)):
                pass
        if listing.complete:
            self.unknown |= {(listing.app, each) for each in ids if each not in listing.found}
        return listing.found

    def _list(self, listing: Listing, ids: list[TaskId], until: Deadline) -> None:
        """Read the list as far as that takes fewer calls than asking for each task, or where none may be.

        Its first page has half of the time: where the list stalls, the other half is for asking for each.
        """
        alone = not self.may_describe(listing.app)
        if (len(ids) == 1 and not alone) or self.halts.of(LIST, listing.app):
            return

        def worth(left: int) -> bool:
            missing = sum(each not in listing.found for each in ids)
            return missing > 0 if alone else left <= missing

        first = until.within(until.remaining() / 2)
        if next(listing.read(first, worth), None) is not None:
            for _ in listing.read(until, worth):
                pass
        if listing.error:
            self.halts.add(LIST, listing.app, listing.error)
            _log.warning("list not read", extra={"sdk_app_id": listing.app, "error": str(listing.error)})

    def _one_by_one(self, ccc: Ccc, app: SdkAppId, ids: list[TaskId], until: Deadline) -> dict[TaskId, Seen]:
        failed: list[CloudError] = []

        def look(task_id: TaskId) -> Seen | None:
            try:
                seen = ccc.describe(app, task_id, until=until, paced=True)
            except CloudError as error:
                if error.meaning is Meaning.OBJECT:  # it says nothing of the API
                    known = error.code.startswith(NOT_THERE)
                    (self.unknown if known else self._doubtful).add((app, task_id))
                    return None
                self.halts.add(DESCRIBE, app, error)
                failed.append(error)
                return None
            failed.clear()
            self.unknown.discard((app, task_id))
            self._doubtful.discard((app, task_id))
            return seen

        def works() -> bool:
            return self.may_describe(app) and len(failed) < _ENOUGH_FAILURES

        calls = [(DESCRIBE, partial(look, task_id), works) for task_id in ids]
        first = 1 if self.halts.likely(DESCRIBE, app) else 0
        lots = (calls[:first], calls[first:])
        answers = [each for lot in lots for each in paced(lot, ccc.limit, until)]
        if failed:
            facts = {"sdk_app_id": app, "tasks": len(ids), "error": str(failed[-1])}
            _log.warning("states not seen", extra=facts)
        return {each.task_id: each for each in answers if each is not None}
