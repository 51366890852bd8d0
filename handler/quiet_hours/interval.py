"""One rule of the quiet hours: does it hold at this reading of the wall clock? Pure.

`Fri 21:00-08:00` belongs to the day on which it starts and covers Saturday 07:59. A start is inclusive,
an end exclusive.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .days import Days
from .timeline import Ahead, Local, Open, Span, Union, Weekly
from .times import Times
from .weekdays import Pick
from .zone import DAY, Zone

if TYPE_CHECKING:
    from .timeline import Line, Part

MINUTE = 60
_WEEK = 7 * DAY
_WEEK_MINUTES = 7 * 24 * 60
_EVERY_MINUTE = (1 << _WEEK_MINUTES) - 1
# Day 0, 1970-01-01, was a Thursday; weeks here begin on Monday.
_THURSDAY = 3 * DAY

WHOLE_DAY = ((0, DAY),)


class DayRule:
    """Holds within `times` of each of its `days`.

    `times` are (start, end) in seconds from the day's midnight, sorted; an end beyond the day, at most
    a day after its start, reaches into the next one.
    """

    __slots__ = ("days", "times")

    def __init__(self, days: Days, times: Times) -> None:
        self.days, self.times = days, times

    def holds(self, wall: int) -> bool:
        """Return whether it holds at this reading."""
        return self.within(wall, wall)

    def within(self, wall: int, until: int) -> bool:
        """Return whether it holds anywhere from `wall` to `until`, both inclusive."""
        for day in range(wall // DAY - 1, until // DAY + 1):
            first, last = wall - day * DAY, until - day * DAY
            for start, end in self.times:
                if start <= last and first < end and self.days.has(day):
                    return True
        return False

    def turn(self, wall: int, limit: int) -> int | None:
        """Return the first later reading up to `limit` at which `holds` changes, None if none does."""
        if not self.holds(wall):
            start = self._start(wall, limit)
            return start if start is not None and start <= limit else None
        if self.times == WHOLE_DAY:
            gap = self.days.next_gap(wall // DAY, limit // DAY)
            return None if gap is None or gap * DAY > limit else gap * DAY
        while wall <= limit and self.holds(wall):
            wall = self._end(wall)
        return wall if wall <= limit else None

    def _start(self, wall: int, limit: int) -> int | None:
        day, second = divmod(wall, DAY)
        later = [start for start, _ in self.times if start > second]
        if later and self.days.has(day):
            return day * DAY + later[0]
        found = self.days.next(day + 1, limit // DAY)
        return None if found is None else found * DAY + self.times[0][0]

    def _end(self, wall: int) -> int:
        today = wall // DAY
        return max(
            day * DAY + end
            for day in (today - 1, today)
            for start, end in self.times
            if start <= wall - day * DAY < end and self.days.has(day)
        )


class Week:
    """Holds at the marked minutes of every week; the weekly intervals of one zone together are one `Week`.

    Bit 0 of `minutes` is Monday 00:00.
    """

    __slots__ = ("_at_first", "_edges")

    def __init__(self, minutes: int) -> None:
        before = minutes >> (_WEEK_MINUTES - 1) & 1
        changes = minutes ^ (minutes << 1 & _EVERY_MINUTE | before)
        edges = []
        while changes:
            edges.append(((changes & -changes).bit_length() - 1) * MINUTE)
            changes &= changes - 1
        self._edges = tuple(edges)
        # Before the first edge it is as after the last: the week is a ring.
        self._at_first = before

    def holds(self, wall: int) -> bool:
        """Return whether it holds at this reading."""
        return bool((bisect_right(self._edges, (wall + _THURSDAY) % _WEEK) & 1) ^ self._at_first)

    def within(self, wall: int, until: int) -> bool:
        """Return whether it holds anywhere from `wall` to `until`, both inclusive."""
        return self.holds(wall) or self.turn(wall, until) is not None

    def turn(self, wall: int, limit: int) -> int | None:
        """Return the first later reading up to `limit` at which `holds` changes, None if none does."""
        if not self._edges:
            return None
        second = (wall + _THURSDAY) % _WEEK
        passed = bisect_right(self._edges, second)
        edge = self._edges[passed] if passed < len(self._edges) else self._edges[0] + _WEEK
        turn = wall - second + edge
        return turn if turn <= limit else None


class Interval:
    """One rule of the quiet hours, as its document has it (`source`) and as it is meant.

    Two intervals are equal when their documents and zones are. `zone` is None for an absolute span, whose
    ends carry their own offsets. `picks` are the weekdays on which it begins, none mean every day;
    `narrowed` says whether anything but weekdays narrows its days.
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
    def line(self) -> Part:
        """Return the instants at which it holds."""
        if isinstance(self.rule, Span):
            return self.rule
        assert self.zone is not None  # noqa: S101 - only a span has none, see `zone`
        return Local(self.zone, self.rule)

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


def together(quiet: Iterable[Interval], opening: Iterable[Interval], lead: int) -> Line:
    """Return the line where any of `quiet` holds and none of `opening`, and `lead` seconds before."""
    weeks, others = _sorted_out(quiet)
    opened, other_openings = _sorted_out(opening)
    # What opens the same zone's week is taken out of it at once: it saves time at every question, and
    # "never quiet" is seen without following the calendar for a hundred years.
    closed = {zone: minutes & ~opened.get(zone, 0) for zone, minutes in weeks.items()}
    regular = not others and not other_openings
    simple = regular and len({*weeks, *opened}) <= 1
    base: Part = _union(closed, others)
    if (opened or other_openings) and not simple:
        base = Open(base, _union(opened, other_openings))
    line: Line = base
    if lead:
        line = Ahead(base, lead)
        simple = simple and all(minutes in {0, _EVERY_MINUTE} for minutes in closed.values())
    # What is simple turns within a week or never, and knows it.
    return Weekly(line, {**weeks, **opened}) if regular and not simple else line


def _sorted_out(intervals: Iterable[Interval]) -> tuple[dict[Zone, int], list[Interval]]:
    weeks: dict[Zone, int] = {}
    others = []
    for interval in intervals:
        if interval.weekdays is None or interval.zone is None or isinstance(interval.rule, Span):
            others.append(interval)
        else:
            minutes = _minutes(interval.weekdays, interval.rule.times)
            weeks[interval.zone] = weeks.get(interval.zone, 0) | minutes
    return weeks, others


def _minutes(weekdays: tuple[int, ...], times: Times) -> int:
    minutes = 0
    for day in weekdays:
        for start, end in times:
            minutes |= ((1 << (end - start) // MINUTE) - 1) << (day * DAY + start) // MINUTE
    return (minutes | minutes >> _WEEK_MINUTES) & _EVERY_MINUTE


def _union(weeks: dict[Zone, int], others: list[Interval]) -> Union:
    """Group by zone, so that a question reads each zone's clock once."""
    by_zone: dict[Zone, list[Part]] = {zone: [Week(minutes)] for zone, minutes in weeks.items() if minutes}
    spans: list[Part] = []
    for interval in others:
        if interval.zone is None:
            spans.append(interval.rule)
        else:
            by_zone.setdefault(interval.zone, []).append(interval.rule)
    local = [Local(zone, rules[0] if len(rules) == 1 else Union(rules)) for zone, rules in by_zone.items()]
    return Union([*local, *spans])
