"""One interval of the quiet hours, and the instants at which it holds. Pure.

`Fri 21:00-08:00` belongs to the day on which it starts and covers Saturday 07:59. A start is inclusive,
an end exclusive.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import MAXYEAR, MINYEAR
from itertools import pairwise
from typing import Any, NamedTuple

from handler.quiet_hours.day_masks import MARGIN, Days, Month
from handler.quiet_hours.notation.holidays import KEYS as CALENDAR_KEYS
from handler.quiet_hours.notation.time_of_day import Times
from handler.quiet_hours.notation.weekdays import Pick
from handler.quiet_hours.zone import DAY, Clock, Zone, moment

MINUTE = 60
WHOLE_DAY = ((0, DAY),)

Part = tuple[Any, ...]
"""All that decides when an interval holds in a month: of a span its ends, of a rule its clock and its days.

It is relative to the start of the month, so that it is equal for months that are alike."""


class Span(NamedTuple):
    """Holds from `start` (inclusive) to `end` (exclusive), both instants."""

    start: int
    end: int


class DayRule:
    """Holds within `times` of each of its `days`.

    `times` are (start, end) in seconds from the day's midnight, sorted; an end beyond the day, at most
    a day after its start, reaches into the next one.
    """

    __slots__ = ("days", "times")

    def __init__(self, days: Days, times: Times) -> None:
        self.days, self.times = days, times

    def holds(self, wall: int) -> bool:
        """Return whether it holds at this reading of a wall clock."""
        day, second = divmod(wall, DAY)
        return any(
            (start <= second < end and self.days.has(day)) or (second + DAY < end and self.days.has(day - 1))
            for start, end in self.times
        )

    def spans(self, clock: Clock, days: int) -> list[tuple[int, int]]:
        """Return the (start, end) between which it holds, in seconds from the start of a month.

        `clock` and `days` are those of the month, from `Zone.clock` and `Days.around`.
        """
        found = []
        for (begin, offset), (until, _) in pairwise(clock):
            left, midnight = days, -MARGIN * DAY - offset
            while left:
                if left & 1:
                    for start, end in self.times:
                        first, last = max(midnight + start, begin), min(midnight + end, until)
                        if first < last:
                            found.append((first, last))
                left, midnight = left >> 1, midnight + DAY
        return found


class Interval:
    """One rule of the quiet hours, as its document has it (`source`) and as it was parsed (`rule`).

    Two intervals are equal when their documents and zones are. `zone` is None for an absolute span, whose
    ends carry their own offsets. `picks` are the weekdays on which it begins; empty means every day.
    `narrowed` says whether anything but weekdays restricts its days.
    """

    __slots__ = ("narrowed", "picks", "rule", "source", "zone")

    def __init__(
        self,
        source: Any,
        zone: Zone | None,
        rule: DayRule | Span,
        picks: tuple[Pick, ...] = (),
        *,
        narrowed: bool = False,
    ) -> None:
        self.source, self.zone, self.rule = source, zone, rule
        self.picks, self.narrowed = picks, narrowed

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Interval) and (other.source, other.zone) == (self.source, self.zone)

    def __hash__(self) -> int:
        return hash((self.text, self.zone))

    def __repr__(self) -> str:
        return f"Interval({self.text})"

    @property
    def always(self) -> bool:
        """Return whether it plainly holds all day, every day."""
        whole = isinstance(self.rule, DayRule) and self.rule.times == WHOLE_DAY
        return whole and not self.picks and not self.narrowed

    @property
    def years(self) -> Collection[int]:
        """Return the years that it names; between two of them, it treats years of one kind alike."""
        if isinstance(self.rule, Span):
            return [moment(end).year for end in self.rule]
        return self.rule.days.years

    @property
    def reach(self) -> tuple[int, int]:
        """Return the first and the last year in which it may hold."""
        if isinstance(self.rule, DayRule) and not self.rule.days.bounded:
            return MINYEAR - 1, MAXYEAR + 1
        # It may last into the next year, and a wall clock is up to a day ahead of UTC or behind.
        return min(self.years) - 1, max(self.years) + 1

    @property
    def of_calendar(self) -> bool:
        """Return whether it names a calendar of holidays, which may be different in every year."""
        return isinstance(self.source, dict) and not CALENDAR_KEYS.isdisjoint(self.source)

    def in_zone(self, zone: Zone) -> Interval:
        """Return the same interval in another zone."""
        return Interval(self.source, zone, self.rule, self.picks, narrowed=self.narrowed)

    def holds(self, at: int) -> bool:
        """Return whether it holds at an instant."""
        if isinstance(self.rule, Span):
            return self.rule.start <= at < self.rule.end
        assert self.zone is not None  # noqa: S101 - only a span has none
        return self.rule.holds(at + self.zone.offset(at))

    def part(self, month: Month) -> Part:
        """Return all that decides when it holds in a month, and on the days before and after it."""
        if isinstance(self.rule, Span):
            start, first, last = month.first * DAY, -DAY, (month.length + 1) * DAY
            return tuple(min(max(end - start, first), last) for end in self.rule)
        assert self.zone is not None  # noqa: S101 - only a span has none
        return self.zone.clock(month), self.rule.days.around(month)

    def spans(self, part: Part) -> list[tuple[int, int]]:
        """Return the (start, end) between which it holds, in seconds from the start of the part's month."""
        return [part] if isinstance(self.rule, Span) else self.rule.spans(*part)

    @property
    def weekdays(self) -> tuple[int, ...] | None:
        """Return the weekdays it begins on, Monday is 0; None if that differs from week to week."""
        if self.narrowed or isinstance(self.rule, Span) or any(nth for _, nth in self.picks):
            return None
        return tuple(sorted({day for day, _ in self.picks})) or tuple(range(7))

    @property
    def text(self) -> str:
        """Return the interval as its document has it; an object as JSON."""
        if isinstance(self.source, str):
            return self.source
        import json  # noqa: PLC0415 - only a report needs it

        return json.dumps(self.source, ensure_ascii=False)
