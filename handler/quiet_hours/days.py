"""Which calendar days an interval begins on: a month at a time, as a mask of its days. Pure.

A day is a number: 0 is 1970-01-01. Bit 0 of a mask is the first of the month.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date

_FIRST = date(1970, 1, 1).toordinal()
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

Mask = Callable[[int, int], int]
"""Gives the days that match in (year, month)."""


def day_number(day: date) -> int:
    """Give the number of a date."""
    return day.toordinal() - _FIRST


def month_length(year: int, month: int) -> int:
    """Give the number of days of a month of the Gregorian calendar."""
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)  # noqa: PLR2004 - February
    return _LENGTHS[month - 1] + leap


def weekday_of_first(year: int, month: int) -> int:
    """Give the weekday of the first of a month, Monday is 0."""
    return date(year, month, 1).weekday()


class Days:
    """The days that match every one of some masks; without masks every day."""

    __slots__ = ("_known", "_masks")

    def __init__(self, masks: Iterable[Mask]) -> None:
        self._masks = tuple(masks)
        self._known: dict[int, int] = {}

    def has(self, number: int) -> bool:
        """Say whether the day matches."""
        day = date.fromordinal(number + _FIRST)
        return bool(self.mask(day.year, day.month) >> (day.day - 1) & 1)

    def next(self, number: int, last: int) -> int | None:
        """Give the first matching day from `number` on (inclusive), None if none comes by `last`."""
        return self._search(number, last, 0)

    def next_gap(self, number: int, last: int) -> int | None:
        """Give the first day from `number` on (inclusive) that does not match, None if all do to `last`."""
        return self._search(number, last, -1)

    def mask(self, year: int, month: int) -> int:
        """Give the matching days of a month."""
        key = year * 12 + month
        known = self._known.get(key)
        if known is not None:
            return known
        mask = (1 << month_length(year, month)) - 1
        for part in self._masks:
            mask &= part(year, month)
            if not mask:
                break
        self._known[key] = mask
        return mask

    def _search(self, number: int, last: int, flip: int) -> int | None:
        day = date.fromordinal(number + _FIRST)
        skipped = (1 << (day.day - 1)) - 1
        for year, month in _months(day, date.fromordinal(last + _FIRST)):
            found = (self.mask(year, month) ^ flip) & ((1 << month_length(year, month)) - 1) & ~skipped
            if found:
                return date(year, month, (found & -found).bit_length()).toordinal() - _FIRST
            skipped = 0
        return None


def _months(start: date, last: date) -> Iterator[tuple[int, int]]:
    for count in range(start.year * 12 + start.month - 1, last.year * 12 + last.month):
        year, month = divmod(count, 12)
        yield year, month + 1
