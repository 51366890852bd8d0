"""When it is quiet and when that turns: a month at a time, computed from the intervals of its days. Pure.

An instant is a number of whole seconds since 1970 UTC. The turns of a month depend on a few things only:
on which of its days each interval begins, what the clocks read, and where the spans begin and end. Months
that are alike in these are computed once, and years of which every month must be alike are left out.
See `docs/decisions/0009-quiet-hours-by-the-month.md`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import MAXYEAR, MINYEAR
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .days import Month, unlike_years
from .zone import DAY, FIRST_INSTANT, UTC

if TYPE_CHECKING:
    from .interval import Interval

_Turns = tuple[int, ...]
_Parts = tuple[tuple[int, Any], ...]

# More than any number of intervals, so that one that opens outweighs all that are quiet.
_MANY = 1 << 40
# Clocks behind UTC read the end of year 9999 in it, and a lead time looks into it.
_LAST_YEAR = MAXYEAR + 1
# So far ahead and back, a calendar of holidays is asked for.
_CALENDAR_YEARS = 100


class Timeline:
    """Holds when any of `quiet` does and none of `opening`, and already `lead` seconds before each beginning.

    An opening that is no longer than `lead` is therefore no opening at all.
    """

    def __init__(self, quiet: Iterable[Interval], opening: Iterable[Interval] = (), lead: int = 0) -> None:
        beginning = tuple(quiet)
        self._intervals, self._count, self._lead = (*beginning, *opening), len(beginning), lead
        self._reaches = [interval.reach for interval in self._intervals]
        self._alike: dict[_Parts, _Turns] = {}
        self._months: dict[Month, _Turns] = {}
        self._of_year: tuple[int, list[tuple[int, Interval]]] = (-1, [])

    def holds(self, at: int) -> bool:
        """Return whether it holds at this instant."""
        month = Month.containing(at // DAY)
        return bool(bisect_right(self._turns(month), at - month.first * DAY) & 1)

    def turns(self, after: int) -> Iterator[int]:
        """Return every later instant at which `holds` changes, in order, up to year 10000."""
        for month in self._months_from(Month.containing(after // DAY), 1):
            turns, start = self._turns(month), month.first * DAY
            for turn in turns[bisect_right(turns, max(after - start, -1)) :]:
                if turn < month.length * DAY:
                    yield start + turn

    def turns_back(self, until: int) -> Iterator[int]:
        """Return every instant up to this one at which `holds` changed, the last first."""
        for month in self._months_from(Month.containing(until // DAY), -1):
            turns, start = self._turns(month), month.first * DAY
            end = min(until - start, month.length * DAY - 1)
            for turn in reversed(turns[: bisect_right(turns, end)]):
                if turn >= 0:
                    yield start + turn

    def _months_from(self, first: Month, step: int) -> Iterator[Month]:
        """Return the months that may have a turn, from `first` on, forwards or backwards."""
        if MINYEAR <= first.year <= _LAST_YEAR:
            for number in range(first.month, 13) if step > 0 else range(first.month, 0, -1):
                yield Month.of(first.year, number)
        if self._constant:
            return
        for year in self._years_after(first.year, step):
            for number in range(1, 13)[::step]:
                yield Month.of(year, number)

    def _years_after(self, now: int, step: int) -> Iterable[int]:
        reaches = self._reaches[: self._count] or [(_LAST_YEAR, MINYEAR)]
        start, end = max(MINYEAR, min(reaches)[0]), min(_LAST_YEAR, max(last for _, last in reaches))
        years = range(max(start, now + 1), end + 1)
        if step < 0:
            years = range(min(end, now - 1), start - 1, -1)
        irregular = {year + near for each in self._intervals for year in each.years for near in (-1, 0, 1)}
        if any(interval.of_calendar for interval in self._intervals):
            # No year of such a calendar is known to be like another, and to compute one takes long.
            return [year for year in years if abs(year - now) <= _CALENDAR_YEARS or year in irregular]
        for zone in {interval.zone for interval in self._intervals if interval.zone} - {UTC}:
            irregular.update(zone.listed_years)
        return unlike_years(years, {*irregular, _LAST_YEAR})

    @cached_property
    def _constant(self) -> bool:
        """Whether one clock decides and reads no turn at any time: then no change of the clock makes one.

        It saves computing these changes for two centuries, and calendars that can only add to always quiet.
        """
        quiet, opening = self._intervals[: self._count], self._intervals[self._count :]
        deciding = quiet if opening else [interval for interval in quiet if not interval.of_calendar]
        zones = {interval.zone for interval in (*deciding, *opening)}
        complete = len(deciding) == len(quiet)
        if len(zones) != 1 or zones == {None} or (zones == {UTC} and complete):
            return False
        if any(interval.of_calendar for interval in (*deciding, *opening)):
            return False
        fixed = Timeline([each.in_zone(UTC) for each in deciding], [each.in_zone(UTC) for each in opening])
        return next(fixed.turns(FIRST_INSTANT), None) is None and (complete or fixed.holds(0))

    def _turns(self, month: Month) -> _Turns:
        """Return the turns from a day before the month to its end, in seconds from its start.

        Before the first one it does not hold. The last may lie beyond the end.
        """
        known = self._months.get(month)
        if known is None:
            parts = tuple([(index, interval.part(month)) for index, interval in self._reaching(month.year)])
            if parts not in self._alike:
                self._alike[parts] = self._compute(parts)
            known = self._months[month] = self._alike[parts]
        return known

    def _reaching(self, year: int) -> list[tuple[int, Interval]]:
        """Return the intervals that may hold in a year: most that name years are over, or yet to come."""
        known, found = self._of_year
        if known != year:
            reaches = enumerate(self._reaches)
            found = [
                (index, self._intervals[index]) for index, (first, last) in reaches if first <= year <= last
            ]
            self._of_year = year, found
        return found

    def _compute(self, parts: _Parts) -> _Turns:
        """Count at each end of an interval how many hold from there on."""
        level: Counter[int] = Counter()
        for index, part in parts:
            weight = 1 if index < self._count else -_MANY
            for start, end in self._intervals[index].spans(part):
                level[start] += weight
                level[end] -= weight
        turns: list[int] = []
        count = 0
        for at in sorted(level):
            count += level[at]
            if (count > 0) != len(turns) % 2:
                turns.append(at)
        return _led(turns, self._lead)


def _led(turns: list[int], lead: int) -> _Turns:
    """Return the turns when each beginning is `lead` earlier; an opening that is no longer goes."""
    led: list[int] = []
    for start, end in zip(turns[::2], turns[1::2], strict=True):
        if led and start - lead <= led[-1]:
            led[-1] = end
        else:
            led += start - lead, end
    return tuple(led)
