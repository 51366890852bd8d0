"""The list of an application's tasks, or of its campaigns: read in pages, trusted only when stable.

Tasks are added and removed while the pages are read, and each change shifts the entries that follow. A list
is read again if its total changed, if it showed a task twice, or if the number of its entries is not its
total: such a pass may have missed a task that was there all the time. If one task is removed while another
is added, the pages may shift unnoticed. So a task that a stable pass did not show counts as missing only if a
second pass shows the same tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from handler.cloud.ccc_types import APIS
from handler.cloud.pacing import Deadline, paced
from handler.errors import CloudError
from handler.target import Place, TargetId

if TYPE_CHECKING:
    from handler.cloud.ccc import Ccc
    from handler.cloud.ccc_types import Page, Seen

_MOST_PASSES = 4
_MOST_PAGES_AT_ONCE = 40
"""Two seconds at the quota's pace. The tasks found are acted on between two batches."""


@dataclass
class _Pass:
    """One reading of the list from its first page on."""

    size: int = 0
    next: int = 0
    entries: int = 0
    last: int = 0
    repeated: bool = False
    over: bool = False
    beyond: bool = False
    totals: set[int | None] = field(default_factory=set)
    ids: set[TargetId] = field(default_factory=set)

    def take(self, page: Page) -> None:
        """Count a page. One that shows nothing new ends the pass, whatever the total says."""
        new = {each.id for each in page.targets} - self.ids
        self.repeated |= len(new) < len(page.targets)
        self.size, self.next = page.size, page.number + 1
        self.last = len(page.targets) + len(page.unreadable)
        self.entries += self.last
        self.totals.add(page.total)
        self.ids |= new
        self.over |= not new and not (page.unreadable and page.total is not None)

    @property
    def left(self) -> int:
        """How many pages follow, by the largest total that was answered; 1 where an answer had none."""
        if self.over or self.next == 0:
            return 0 if self.over else 1
        known = [total for total in self.totals if total is not None]
        if len(known) < len(self.totals):
            return 1
        counted = -(-max(known) // self.size) - self.next
        return max(counted, 1 if self.beyond and self.full else 0)

    @property
    def full(self) -> bool:
        """Whether the last page is full, so that more entries may follow than the total says."""
        return self.last >= self.size > 0

    @property
    def stable(self) -> bool:
        """Whether the pass reached the end, showed each task once, and showed as many as its total."""
        counted = self.totals == {self.entries} or (self.totals == {None} and self.entries > 0)
        return self.left == 0 and not self.repeated and counted


@dataclass
class Listing:
    """A list, as far as it was read in this run. Reading goes on where it stopped.

    `found` are its targets by id, as last seen. `unreadable` are the names of entries without a usable id,
    `None` for one without a name that is a text. `error` is what ended the last reading, if anything did.
    `certain` says that what was not found is not there.
    """

    ccc: Ccc
    place: Place
    found: dict[TargetId, Seen] = field(default_factory=dict)
    unreadable: set[str | None] = field(default_factory=set)
    error: CloudError | None = None
    passes: int = 1
    certain: bool = False
    _pass: _Pass = field(default_factory=_Pass)
    _whole: set[TargetId] | None = None
    _refused: bool = False

    @property
    def api(self) -> str:
        """The API that answers with it."""
        return APIS[self.place.kind].list

    @property
    def complete(self) -> bool:
        """Whether the list was read to its end, and seems not to have changed meanwhile."""
        return self._whole is not None or self._pass.stable

    @property
    def over(self) -> bool:
        """Whether reading on is of no use: it was read, or refused for good."""
        refused = self.error is not None and not self.error.retryable
        read = self.certain or self._whole is not None
        return refused or read or (self._pass.left == 0 and self.passes == _MOST_PASSES)

    @property
    def begun(self) -> bool:
        """Whether a page was read."""
        return self.passes > 1 or self._pass.next > 0

    @property
    def left(self) -> int:
        """How many pages of this pass follow."""
        return self._pass.left

    def read(self, until: Deadline, worth: Callable[[int], bool]) -> Iterator[list[Seen]]:
        """Yield the targets of further pages while `worth(pages left in this pass)` is true.

        Each batch has as many pages as were read before it: 1, 1, 2, 4 and so on, up to a limit.
        """
        self._begin()
        while self._pass.left and self.error is None and worth(self._pass.left):
            if (batch := self._batch(until)) is None:
                return
            yield batch

    def read_all(self, until: Deadline, missing: Callable[[], bool]) -> Iterator[list[Seen]]:
        """Yield the targets of all further pages, and of further passes until one is stable.

        If a name is still `missing` then, it reads on until that is certain, or no further pass is allowed.
        """
        self._begin()
        while self.error is None:
            if self._pass.left == 0 and not self._goes_on(missing):
                return
            if (batch := self._batch(until)) is None:
                return
            yield batch

    def _begin(self) -> None:
        """Clear a retryable error: this reading has its own deadline."""
        if self.error is not None and self.error.retryable:
            self.error = None

    def _goes_on(self, missing: Callable[[], bool]) -> bool:
        """Return whether to read on after the end of a pass, and prepare that."""
        now = self._pass
        if now.stable:
            if not missing():
                self._whole = now.ids
                return False
            if now.full and not now.beyond:
                now.beyond = True
                return True
            self.certain = 0 < now.entries <= now.size or now.ids == self._whole
            self._whole = now.ids
        return not self.certain and self._again()

    def _again(self) -> bool:
        """Begin another pass, if there may be one more."""
        if self.passes == _MOST_PASSES:
            return False
        self.passes, self._pass = self.passes + 1, _Pass()
        return True

    def _batch(self, until: Deadline) -> list[Seen] | None:
        """Return the targets of the next pages, `None` where no page came before the deadline or an error."""
        pages = self._pages(until)
        for page in pages:
            self._pass.take(page)
            self.found.update({each.id: each for each in page.targets})
            self.unreadable.update(page.unreadable, {None} if page.unnamed else ())
            if self._pass.over:
                break
        again = self._refused and self._again()
        self._refused = False
        return [each for page in pages for each in page.targets] if pages or again else None

    def _pages(self, until: Deadline) -> list[Page]:
        """Return the pages of the next batch up to the first that could not be read."""
        first, size = self._pass.next, self._pass.size
        count = min(max(first, 1), self._pass.left, _MOST_PAGES_AT_ONCE)
        answers: list[Page | CloudError | None]
        if first == 0:
            answers = [self._page(0, None, until, paced=False)]
        else:
            read = partial(self._page, size=size, until=until, paced=True)
            calls = [(self.api, partial(read, number), _always) for number in range(first, first + count)]
            answers = paced(calls, self.ccc.limit, until)
        pages: list[Page] = []
        for answer in answers:
            if isinstance(answer, CloudError):
                if first and answer.code.startswith("InvalidParameter") and self.passes < _MOST_PASSES:
                    self._refused = True  # this page size is not accepted any more
                elif until.remaining() > 0:
                    self.error = answer
                return pages
            if answer is None:
                return pages
            pages.append(answer)
        return pages

    def _page(self, number: int, size: int | None, until: Deadline, *, paced: bool) -> Page | CloudError:
        try:
            return self.ccc.page(self.place, number, size, until=until, paced=paced)
        except CloudError as error:
            return error


def _always() -> bool:
    return True
