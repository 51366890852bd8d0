"""Which calendar days an interval begins on: a month at a time, as a mask of its days. Pure.

A day is a number: 0 is 1970-01-01. Bit 0 of a mask is the first of the month.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import MAXYEAR, MINYEAR, date

_FIRST = date(1970, 1, 1).toordinal()
# The calendar repeats itself, weekdays included. `date` knows the years 1 to 9999 only, and a day beyond them
# is asked for where a clock is ahead of UTC at the end of year 9999, or behind at the beginning of year 1.
_CYCLE_YEARS, _CYCLE = 400, 146_097
_LAST_ORDINAL = date.max.toordinal()
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

Mask = Callable[[int, int], int]
"""Gives the days that match in (year, month)."""


def day_number(day: date) -> int:
    """Return the number of a date."""
    return day.toordinal() - _FIRST


def month_length(year: int, month: int) -> int:
    """Return the number of days of a month of the Gregorian calendar."""
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)  # noqa: PLR2004 - February
    return _LENGTHS[month - 1] + leap


def weekday_of_first(year: int, month: int) -> int:
    """Return the weekday of the first of a month, Monday is 0."""
    return date(_known_year(year), month, 1).weekday()


def _known_year(year: int) -> int:
    """Return a year that `date` knows, with the same calendar."""
    return year if MINYEAR <= year <= MAXYEAR else 2000 + year % _CYCLE_YEARS


def _civil(number: int) -> tuple[int, int, int]:
    """Return the year, month and day of a number."""
    ordinal, cycles = number + _FIRST, 0
    if not 1 <= ordinal <= _LAST_ORDINAL:
        cycles, ordinal = divmod(ordinal - 1, _CYCLE)
        ordinal += 1
    day = date.fromordinal(ordinal)
    return day.year + cycles * _CYCLE_YEARS, day.month, day.day


def _number(year: int, month: int, day: int) -> int:
    known = _known_year(year)
    return day_number(date(known, month, day)) + (year - known) // _CYCLE_YEARS * _CYCLE


class Days:
    """The days that match every one of some masks; without masks every day."""

    __slots__ = ("_known", "_masks")

    def __init__(self, masks: Iterable[Mask]) -> None:
        self._masks = tuple(masks)
        self._known: dict[int, int] = {}

    def has(self, number: int) -> bool:
        """Return whether the day matches."""
        year, month, day = _civil(number)
        return bool(self.mask(year, month) >> (day - 1) & 1)

    def next(self, number: int, last: int) -> int | None:
        """Return the first matching day from `number` on (inclusive), None if none comes by `last`."""
        return self._search(number, last, 0)

    def next_gap(self, number: int, last: int) -> int | None:
        """Return the first day from `number` on (inclusive) that does not match, None if all do to `last`."""
        return self._search(number, last, -1)

    def mask(self, year: int, month: int) -> int:
        """Return the matching days of a month."""
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
        start = _civil(number)
        skipped = (1 << (start[2] - 1)) - 1
        for year, month in _months(start, _civil(last)):
            found = (self.mask(year, month) ^ flip) & ((1 << month_length(year, month)) - 1) & ~skipped
            if found:
                return _number(year, month, (found & -found).bit_length())
            skipped = 0
        return None


def _months(start: tuple[int, int, int], last: tuple[int, int, int]) -> Iterator[tuple[int, int]]:
    for count in range(start[0] * 12 + start[1] - 1, last[0] * 12 + last[1]):
        year, month = divmod(count, 12)
        yield year, month + 1
