"""Lists that are read in turn, so that one which stalls does not hold up the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from handler.cloud.pacing import Deadline
from handler.reconcile.listing import Listing

_FIRST_SECONDS = 3.0
"""The least time for pages of a list, as long as there is enough for all lists."""


class Turns:
    """Whose turn it is, and until when, before `until`.

    Each turn of a list is for one batch of pages, in a short time. A list that has none by then is late: it
    waits until the others are read, and then has, once more, an equal share of the time that is left. What is
    slow, or due late at a low pace, is so read after all.
    """

    def __init__(self, listings: Iterable[Listing], until: Deadline) -> None:
        self.waiting = deque(listings)
        self._late: deque[Listing] = deque()
        self._until = until
        self._is_late = False

    def __iter__(self) -> Iterator[tuple[Listing, Deadline]]:
        """Yield each list with the deadline of its turn, until all are read."""
        while self.waiting or self._late:
            self._is_late = not self.waiting
            listing = (self.waiting or self._late).popleft()
            left = self._until.remaining()
            share = left / (len(self.waiting) + len(self._late) + 1)
            if not self._is_late and (self.waiting or self._late):
                share = min(share, max(left / 8, _FIRST_SECONDS))
            yield listing, self._until.within(share)

    def again(self, listing: Listing, *, has_pages: bool) -> bool:
        """Return whether a list has another turn, after one that brought pages or did not."""
        alone = not (self.waiting or self._late)
        if has_pages:
            (self._late if self._is_late else self.waiting).append(listing)
        elif not (self._is_late or alone or listing.over) and self._until.remaining() > 0:
            self._late.append(listing)
        else:
            return False
        return True
