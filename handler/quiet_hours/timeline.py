"""When quiet begins and ends: computed from the intervals, a month at a time. Pure.

An instant is a number of whole seconds since 1970-01-01 UTC. A turn is an instant at which quiet begins or
ends. The turns of a month depend only on the days on which each interval begins, on the clocks of the zones
and on the ends of spans. Months that are alike in these are computed once. Years that repeat an earlier one
are left out. See `docs/decisions/0009-quiet-hours-by-the-month.md`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import MAXYEAR, MINYEAR
from functools import cached_property
from typing import TYPE_CHECKING, Any

from handler.quiet_hours.day_masks import Month, unlike_years
from handler.quiet_hours.zone import DAY, FIRST_INSTANT, UTC

if TYPE_CHECKING:
    from handler.quiet_hours.interval import Interval

_Turns = tuple[int, ...]
_Parts = tuple[tuple[int, Any], ...]

# More than any number of intervals, so that one that opens outweighs all that are quiet.
_MANY = 1 << 40
# A clock behind UTC reads the end of year 9999 in the next year, and a lead time reaches into it.
_LAST_YEAR = MAXYEAR + 1
# A search reads holiday calendars at most this many years ahead or back: each year takes 2 ms.
_CALENDAR_YEARS = 100


class Timeline:
    """Holds when any of `quiet` holds and none of `opening`, and `lead` seconds before each beginning.

    An opening that lasts no longer than `lead` therefore has no effect.
    """

    def __init__(self, quiet: Sequence[Interval], opening: Sequence[Interval] = (), lead: int = 0) -> None:
        self._quiet, self._opening, self._lead = quiet, opening, lead
        self._intervals = [*quiet, *opening]
        self._reaches = [interval.reach for interval in self._intervals]
        self._years: dict[int, list[tuple[int, Interval]]] = {}
        self._months: dict[Month, _Turns] = {}
        self._alike: dict[_Parts, _Turns] = {}

    def holds(self, at: int) -> bool:
        """Return whether it holds at this instant."""
        month = Month.containing(at // DAY)
        return bool(bisect_right(self._turns(month), at - month.first * DAY) & 1)

    def next_turn(self, after: int) -> int | None:
        """Return the first later instant at which `holds` changes, None if there is none up to year 10000."""
        for month in self._months_from(Month.containing(after // DAY), 1):
            turns, start = self._turns(month), month.first * DAY
            index = bisect_right(turns, max(after - start, -1))
            if index < len(turns) and turns[index] < month.length * DAY:
                return start + turns[index]
        return None

    def last_turn(self, until: int) -> int | None:
        """Return the last instant up to this one at which `holds` changed, None if there is none."""
        for month in self._months_from(Month.containing(until // DAY), -1):
            turns, start = self._turns(month), month.first * DAY
            index = bisect_right(turns, min(until - start, month.length * DAY - 1))
            if index and turns[index - 1] >= 0:
                return start + turns[index - 1]
        return None

    def _months_from(self, first: Month, step: int) -> Iterator[Month]:
        """Yield the months that may have a turn: `first` and later ones, or earlier ones if `step` is -1."""
        if MINYEAR <= first.year <= _LAST_YEAR:
            for number in range(first.month, 13) if step > 0 else range(first.month, 0, -1):
                yield Month.of(first.year, number)
        if self._constant:
            return
        for year in self._years_from(first.year, step):
            if any(start <= year <= end for start, end in self._reaches[: len(self._quiet)]):
                for number in range(1, 13)[::step]:
                    yield Month.of(year, number)

    def _years_from(self, now: int, step: int) -> Iterable[int]:
        """Return the years after `now`, or before it, without those that repeat an earlier one of them."""
        years = range(now + 1, _LAST_YEAR + 1) if step > 0 else range(now - 1, MINYEAR - 1, -1)
        irregular = {year + near for each in self._intervals for year in each.years for near in (-1, 0, 1)}
        if any(interval.of_calendar for interval in self._intervals):
            # A calendar may be different in every year, so no year can be left out.
            return [year for year in years if abs(year - now) <= _CALENDAR_YEARS or year in irregular]
        for zone in {interval.zone for interval in self._intervals if interval.zone} - {UTC}:
            irregular.update(zone.listed_years)
        return unlike_years(years, irregular)

    @cached_property
    def _constant(self) -> bool:
        """Return whether all intervals follow one clock, and `holds` is the same at every reading of it.

        A change of the clock is then no turn, and need not be computed for two centuries. Without an opening,
        calendars are left out: they cannot end what is always quiet.
        """
        if not self._opening and any(each.always for each in self._quiet):
            return True
        opening = self._opening
        quiet = self._quiet if opening else [each for each in self._quiet if not each.of_calendar]
        complete = len(quiet) == len(self._quiet)
        zones = {interval.zone for interval in (*quiet, *opening)}
        if len(zones) != 1 or zones == {None} or any(each.of_calendar for each in (*quiet, *opening)):
            return False
        if zones == {UTC} and complete:
            return False  # the search itself takes no longer
        fixed = Timeline([each.in_zone(UTC) for each in quiet], [each.in_zone(UTC) for each in opening])
        return fixed.next_turn(FIRST_INSTANT) is None and (complete or fixed.holds(0))

    def _turns(self, month: Month) -> _Turns:
        """Return the turns from a day before the month to a day after it, in seconds from its start.

        It does not hold before the first one. Beyond the month, the turns may be incomplete.
        """
        known = self._months.get(month)
        if known is None:
            parts = tuple([(index, interval.part(month)) for index, interval in self._reaching(month.year)])
            if parts not in self._alike:
                self._alike[parts] = self._compute(parts)
            known = self._months[month] = self._alike[parts]
        return known

    def _reaching(self, year: int) -> list[tuple[int, Interval]]:
        """Return the intervals that may hold in a year, each with its index."""
        known = self._years.get(year)
        if known is None:
            reaches = enumerate(self._reaches)
            found = [index for index, (first, last) in reaches if first <= year <= last]
            known = self._years[year] = [(index, self._intervals[index]) for index in found]
        return known

    def _compute(self, parts: _Parts) -> _Turns:
        """Return the turns that follow from the parts of each interval.

        Each end of an interval changes the number of those that hold. It is quiet where that is above zero.
        """
        change: Counter[int] = Counter()
        for index, part in parts:
            weight = 1 if index < len(self._quiet) else -_MANY
            for start, end in self._intervals[index].spans(part):
                change[start] += weight
                change[end] -= weight
        turns: list[int] = []
        count = 0
        for at in sorted(change):
            count += change[at]
            if (count > 0) != len(turns) % 2:
                turns.append(at)
        return _led(turns, self._lead)


def _led(turns: list[int], lead: int) -> _Turns:
    """Return the turns with each beginning `lead` seconds earlier; drop openings not longer than `lead`."""
    led: list[int] = []
    for start, end in zip(turns[::2], turns[1::2], strict=True):
        if led and start - lead <= led[-1]:
            led[-1] = end
        else:
            led += start - lead, end
    return tuple(led)
