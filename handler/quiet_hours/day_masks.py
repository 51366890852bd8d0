"""Which calendar days an interval begins on: a month at a time, as a mask of its days. Pure.

A day is a number: 0 is 1970-01-01. Bit 0 of a mask is the first of the month.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import MAXYEAR, MINYEAR, date
from typing import NamedTuple

_FIRST = date(1970, 1, 1).toordinal()
# The calendar repeats itself, weekdays included. `date` knows the years 1 to 9999 only, and a day beyond them
# is asked for where a clock is ahead of UTC at the end of year 9999, or behind at the beginning of year 1.
_CYCLE_YEARS, _CYCLE = 400, 146_097
_LAST_ORDINAL = date.max.toordinal()
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

MARGIN = 3
"""How many days before and after a month matter to it: the whole days in less than four.

A month is computed with one day on either side. Times end at most two days after their day begins. A wall
clock is less than a day ahead of UTC or behind."""
_KINDS_OF_YEAR = 14

Mask = Callable[[int, int], int]
"""Returns the days that match in (year, month)."""


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


def unlike_years(years: Sequence[int], irregular: Collection[int]) -> Iterator[int]:
    """Yield consecutive years without those that repeat an earlier one.

    The kind of a year is the weekday of its first day, and its length. The kind decides the calendar, and
    when the rule of a zone changes the clock. A year is left out if one of its kind came after the last
    `irregular` one.
    """
    kinds: set[tuple[int, int]] = set()
    for year in years:
        if year in irregular:
            kinds.clear()
            yield year
        elif len(kinds) < _KINDS_OF_YEAR:
            kind = weekday_of_first(year, 1), month_length(year, 2)
            if kind not in kinds:
                kinds.add(kind)
                yield year


def _month(year: int, number: int) -> tuple[int, int]:
    """Return (year, month) for month 0, the December before a year, to month 13, the January after it."""
    years, month = divmod(number - 1, 12)
    return year + years, month + 1


class Month(NamedTuple):
    """A month of the Gregorian calendar."""

    year: int
    month: int
    first: int
    """The number of its first day."""
    length: int
    """In days."""

    @staticmethod
    def of(year: int, month: int) -> Month:
        """Return a month by its number from 1 to 12."""
        return Month(year, month, _number(year, month, 1), month_length(year, month))

    @staticmethod
    def containing(number: int) -> Month:
        """Return the month of a day by the number of the day."""
        year, month, day = _civil(number)
        return Month(year, month, number - day + 1, month_length(year, month))


class Days:
    """The days that match every one of some masks; without masks every day.

    `years` are those that the masks name. Between two of them, years of one kind have the same days, unless a
    mask is that of a calendar of holidays. If `bounded`, no day lies before the first of `years` or after the
    last.
    """

    __slots__ = ("_known", "_masks", "bounded", "years")

    def __init__(self, masks: Iterable[Mask], years: Iterable[int] = (), *, bounded: bool = False) -> None:
        self._masks, self.years, self.bounded = tuple(masks), frozenset(years), bounded
        self._known: dict[int, int] = {}

    def has(self, number: int) -> bool:
        """Return whether the day matches."""
        year, month, day = _civil(number)
        return bool(self.mask(year, month) >> (day - 1) & 1)

    def around(self, month: Month) -> int:
        """Return the matching days of a month and of `MARGIN` days on either side; bit 0 is the first."""
        if not self._masks:
            return (1 << (month.length + 2 * MARGIN)) - 1
        year, number = month.year, month.month
        last, following = _month(year, number - 1), _month(year, number + 1)
        before = self.mask(*last) >> (month_length(*last) - MARGIN)
        after = self.mask(*following) & ((1 << MARGIN) - 1)
        return before | self.mask(year, number) << MARGIN | after << (MARGIN + month.length)

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
