"""The week chart: a row a day, by the clock on the wall. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from enum import Enum
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from handler.quiet_hours import QuietHours
from handler.quiet_hours.day_masks import Month, day_number
from handler.quiet_hours.zone import DAY, Zone, instant, moment, read_zone
from local.screen import table

QUARTERS = 96
_QUARTER = DAY // QUARTERS


class Cell(Enum):
    """What a part of a day is. `SKIPPED` is what no clock shows, because it is put forward in spring."""

    OPEN = "open"
    QUIET = "quiet"
    SKIPPED = "skipped"


class Stretch(NamedTuple):
    """A part of a day, in seconds from midnight on the wall clock. A repeated hour is quiet if it is once."""

    start: int
    end: int
    cell: Cell


@dataclass(frozen=True)
class Day:
    """A local day, exact to the second; `note` describes a change of the clocks on that day."""

    date: date
    stretches: tuple[Stretch, ...]
    note: str = ""

    @property
    def cells(self) -> list[Cell]:
        """The quarters of an hour. One is quiet if any of its minutes is."""
        return [self._cell(quarter * _QUARTER) for quarter in range(QUARTERS)]

    def _cell(self, start: int) -> Cell:
        cells = {each.cell for each in self.stretches if each.start < start + _QUARTER and each.end > start}
        return next(cell for cell in (Cell.QUIET, Cell.OPEN, Cell.SKIPPED) if cell in cells)


def days(hours: QuietHours, first: date, count: int, zone: ZoneInfo) -> Iterator[Day]:
    """Yield `count` days from `first` on, as the clocks of `zone` show them."""
    there = read_zone(zone.key)
    for number in range(count):
        day = first + timedelta(days=number)
        yield Day(day, tuple(_stretches(hours, day, there)), _note(day, zone))


def _stretches(hours: QuietHours, day: date, zone: Zone) -> Iterator[Stretch]:
    """Yield the stretches of a day in turn, from midnight to midnight."""
    shown = list(_shown(hours, day, zone))
    edges = sorted({0, DAY, *(edge for part in shown for edge in part[:2])})
    last = Stretch(0, 0, Cell.SKIPPED)
    for start, end in pairwise(edges):
        cells = {cell for since, until, cell in shown if since <= start and until >= end}
        cell = next((each for each in (Cell.QUIET, Cell.OPEN) if each in cells), Cell.SKIPPED)
        if last.end == 0 or cell is last.cell:
            last = Stretch(last.start, end, cell)
        else:
            yield last
            last = Stretch(start, end, cell)
    yield last


def _shown(hours: QuietHours, day: date, zone: Zone) -> Iterator[Stretch]:
    """Yield what the clock shows while it keeps one offset, which it may change in the day."""
    midnight, month = day_number(day) * DAY, Month.of(day.year, day.month)
    for (since, offset), (until, _) in pairwise(zone.clock(month)):
        ahead = offset - midnight
        start = max(month.first * DAY + since, -ahead)
        end = min(month.first * DAY + until, DAY - ahead)
        for begun, ended, quiet in _periods(hours, start, end):
            yield Stretch(begun + ahead, ended + ahead, Cell.QUIET if quiet else Cell.OPEN)


def _periods(hours: QuietHours, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Yield the quiet and open periods between two instants; beyond the calendar, the last ones go on."""
    while start < end:
        change = hours.next_change(moment(start))
        until = end if change is None else min(instant(change), end)
        yield start, until, hours.is_quiet(moment(start))
        start = until


def instants(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the instants, in UTC, at which a clock reads `wall`: one, none in spring, or two in autumn."""
    try:
        found = {wall.replace(tzinfo=zone, fold=fold).astimezone(timezone.utc) for fold in (0, 1)}
    except OverflowError:  # it is another year in UTC, beyond those that `datetime` knows: no clock is moved
        return [wall.replace(tzinfo=zone)]
    return sorted(each for each in found if each.astimezone(zone).replace(tzinfo=None) == wall)


def _note(day: date, zone: ZoneInfo) -> str:
    if day == date.max:
        return ""
    start, end = (datetime.combine(day + timedelta(days=n), time(), zone) for n in (0, 1))
    moved = (end.utcoffset() or timedelta()) - (start.utcoffset() or timedelta())
    if not moved:
        return ""
    minutes = abs(round(moved.total_seconds() / 60))
    return f"clocks go {'forward' if moved > timedelta() else 'back'} {minutes} min"


QUIET = "color(33)"
"""The blue of what is quiet, in charts, legends and tables: it can be read on light and on dark ground."""
# Two quarters a character where the screen is narrow: left half, right half.
_HALVES = {(True, True): "█", (True, False): "▌", (False, True): "▐", (False, False): "·"}
_LABEL = 12
_WIDE = _LABEL + QUARTERS


def chart(rows: Sequence[Day], *, width: int, unicode: bool) -> Table:
    """Draw the days, in half the width where there is no room for a character a quarter of an hour."""
    narrow = width < _WIDE and unicode
    marks = {Cell.QUIET: "█", Cell.OPEN: "·"} if unicode else {Cell.QUIET: "#", Cell.OPEN: "."}
    marks[Cell.SKIPPED] = " "
    drawn = _grid(narrow=narrow)
    for row in rows:
        line = _halved(row.cells) if narrow else "".join(marks[cell] for cell in row.cells)
        drawn.add_row(f"{row.date:%a %m-%d}", _coloured(line), f"  {row.note}")
    legend = _coloured(f"{marks[Cell.QUIET]} quiet  {marks[Cell.OPEN]} open")
    if any(each.cell is Cell.SKIPPED for row in rows for each in row.stretches):
        legend.append("  (blank: skipped by the clock)")
    drawn.add_row("", legend, "")
    return drawn


def _grid(*, narrow: bool) -> Table:
    step = 6 if narrow else 12
    hours = "".join(f"{hour:02}".ljust(step) for hour in range(0, 24, 3))
    return table(" " * _LABEL, hours, "24", gap=0)


def _coloured(line: str) -> Text:
    text = Text(line)
    text.highlight_regex("[█▌▐#]+", QUIET)
    return text


def _halved(cells: Sequence[Cell]) -> str:
    pairs = zip(cells[::2], cells[1::2], strict=True)
    return "".join(
        " " if left is right is Cell.SKIPPED else _HALVES[left is Cell.QUIET, right is Cell.QUIET]
        for left, right in pairs
    )
