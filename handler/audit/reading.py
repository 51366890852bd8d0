"""The call records of an application, read in slices of time, each of them whole or said not to be.

Pages have numbers, and a record that appears while they are read shifts those behind it. So a slice counts
as read when as many different records were seen as CCC says there are; else it is read again. Only one slice
is kept, so that memory does not depend on the number of calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from handler.cloud.call_records import (
    CALL_RECORDS,
    LARGEST_PAGE,
    LONGEST_SPAN_DAYS,
    CallRecord,
    CallRecords,
    RecordsPage,
)
from handler.cloud.error_codes import cloud_error
from handler.cloud.pacing import Deadline, RateLimit, paced
from handler.errors import CloudError
from handler.quiet_hours.zone import instant

Span = tuple[int, int]
"""From when to when, in Unix seconds."""

_LONGEST = LONGEST_SPAN_DAYS * 86_400
_MOST_RECORDS = 5_000
_AIMED_AT = 0.7
_GROWTH = 4
"""How much longer than the one before a slice may be: the night has few calls, the morning many."""
_MOST_PASSES = 3
_SHORT = 3_600
"""Seconds of a slice that is left out when it cannot be read."""
_MOST_PAGES_AT_ONCE = 60
_MOST_IN_A_SECOND = 50_000
"""Records of a slice that cannot be shorter: more are no list of calls."""
_BEYOND = 600
"""So many seconds beside the whole time are read too: the documents do not say whether CCC looks for `Time`
or for `StartTimestamp`, and a call that is started before midnight may wait its turn and ring after it."""


class Slice(NamedTuple):
    """The outbound calls that CCC shows from `start` to `end`. `certain` says that these are all."""

    start: int
    end: int
    calls: list[CallRecord]
    certain: bool


@dataclass
class _Found:
    """What was seen of a slice: the keys of all records, and the outbound calls by key."""

    keys: set[bytes] = field(default_factory=set)
    calls: dict[bytes, CallRecord] = field(default_factory=dict)
    total: int | None = None
    """The largest number that an answer of this pass said: no record that was seen is newer than that."""
    counted: bool = True
    """Whether every answer of this pass said a number."""
    seen: set[bytes] = field(default_factory=set)
    """The keys of this pass over the pages."""
    too_many: bool = False

    def take(self, page: RecordsPage) -> None:
        self.seen.update(page.keys)
        self.keys.update(page.keys)
        self.calls.update(page.calls)
        self.counted = self.counted and page.total is not None
        self.total = max(self.total or 0, page.total or 0)

    def again(self) -> None:
        """Begin another pass."""
        self.seen, self.total, self.counted = set(), None, True

    @property
    def whole(self) -> bool:
        """Whether as many were seen as there are; more mean that the number is wrong, and none to go by."""
        return self.counted and self.total in {len(self.seen), len(self.keys)}


@dataclass
class Reading:
    """Reads an application's calls; `position` is up to when everything was read.

    `until` may be changed between two slices, and `slices` called again: it goes on behind the last one.
    """

    records: CallRecords
    position: int
    end: int
    until: Deadline
    _length: int = 0
    _before: frozenset[bytes] = frozenset()
    _begin: int = field(init=False)

    def __post_init__(self) -> None:
        self._begin = self.position

    def slices(self) -> Iterator[Slice]:
        """Yield the slices in turn. Raises `CloudError` where one could not be read before `until`."""
        while self.position < self.end:
            length = min(self._length or _LONGEST, _LONGEST, self.end - self.position)
            until, span = self.position + length, self._span(length)
            first = self._page(span, 0)
            most = self._most()
            if first.total is not None and first.total > most and length > 1:
                self._length = max(1, min(length // 2, int(length * _AIMED_AT * most / first.total)))
                continue
            found = self._whole(span, first, 2 * most if length > 1 else _MOST_IN_A_SECOND)
            if found.too_many and length > 1:
                self._length = max(1, length // _GROWTH)
                continue
            calls = [call for key, call in found.calls.items() if key not in self._before]
            self._before = frozenset(found.keys)
            self._length = _next_length(length, len(found.keys), most)
            start, self.position = self.position, until
            yield Slice(start, until, calls, found.whole and not found.too_many)

    def skip(self) -> Span | None:
        """Return the slice that is left out after an error, `None` where a shorter one is tried first."""
        if self._length == 0 or self._length > _SHORT:
            self._length = _SHORT
            return None
        start, self.position = self.position, min(self.position + self._length, self.end)
        return start, self.position

    def _span(self, length: int) -> Span:
        """Return what is asked for: more than the slice at the ends of the whole time, and a second before.

        So it does not matter whether CCC counts the ends in; what stands in two slices counts once.
        """
        since, until = self.position, self.position + length
        since -= _BEYOND if since == self._begin else 1
        if until == self.end:
            until = max(until, min(until + _BEYOND, instant(self.until.clock.now())))
        return since, until

    def _most(self) -> int:
        """Return how many records a slice may have: few enough to be read in a quarter of the time."""
        pages = int(self.until.remaining() * self._limit.per_second / 4)
        return min(_MOST_RECORDS, max(1, pages) * LARGEST_PAGE)

    def _whole(self, span: Span, first: RecordsPage, most: int) -> _Found:
        """Return what a slice shows, read again where its pages may have shifted."""
        found = _Found()
        for number in range(_MOST_PASSES):
            found.again()
            self._pass(span, first if number == 0 else self._page(span, 0), found, most)
            if found.whole or found.too_many:
                break
        return found

    def _pass(self, span: Span, first: RecordsPage, found: _Found, most: int) -> None:
        """Read a slice from its first page to the last that there is, as the answers say meanwhile.

        A full page is followed by the next one whatever they say.
        """
        found.take(first)
        size, number, last = len(first.keys), 1, first
        while size and not found.too_many:
            end = -(-(found.total or 0) // size)
            if number >= end and len(last.keys) < LARGEST_PAGE:
                return
            before = len(found.seen)
            end = max(number + 1, min(end, number + _MOST_PAGES_AT_ONCE))
            for page in self._pages(span, range(number, end)):
                found.take(page)
                last = page
            if len(found.seen) == before:  # a total that is absurd, or pages that are all the same
                return
            number, found.too_many = end, len(found.seen) > most

    def _pages(self, span: Span, numbers: range) -> list[RecordsPage]:
        def read(number: int) -> RecordsPage | CloudError:
            try:
                return self._page(span, number, paced=True)
            except CloudError as error:
                return error

        calls = [(CALL_RECORDS, partial(read, number), _always) for number in numbers]
        pages = []
        for answer in paced(calls, self._limit, self.until):
            if answer is None:
                raise cloud_error("NoAnswer", "the deadline came before the request was sent")
            if isinstance(answer, CloudError):
                raise answer
            pages.append(answer)
        return pages

    def _page(self, span: Span, number: int, *, paced: bool = False) -> RecordsPage:
        return self.records.page(span, number, until=self.until, paced=paced)

    @property
    def _limit(self) -> RateLimit:
        return self.records.ccc.limit


def _next_length(length: int, records: int, most: int) -> int:
    """Return how long the next slice may be for the number of records that this one had."""
    fitting = length * _AIMED_AT * most / max(records, 1)
    return max(1, int(min(length * _GROWTH, fitting, _LONGEST)))


def _always() -> bool:
    return True
