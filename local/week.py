"""The week chart: a row a day, a cell a quarter of an hour, by the clock on the wall. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from enum import Enum
from zoneinfo import ZoneInfo

from handler.quiet_hours import QuietHours

QUARTER = timedelta(minutes=15)
QUARTERS = 96


class Cell(Enum):
    """What a quarter of an hour is. It is quiet if any of its minutes is."""

    OPEN = "open"
    QUIET = "quiet"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Day:
    """A local day in 96 cells; `note` describes a change of the clocks on that day."""

    date: date
    cells: tuple[Cell, ...]
    note: str = ""


def days(hours: QuietHours, first: date, count: int, zone: ZoneInfo) -> Iterator[Day]:
    """Yield `count` days from `first` on, as the clocks of `zone` show them."""
    for number in range(count):
        day = first + timedelta(days=number)
        cells = tuple(_cell(hours, day, quarter, zone) for quarter in range(QUARTERS))
        yield Day(day, cells, _note(day, zone))


def _cell(hours: QuietHours, day: date, quarter: int, zone: ZoneInfo) -> Cell:
    wall = datetime.combine(day, time()) + quarter * QUARTER
    readings = instants(wall, zone)
    if not readings:
        return Cell.SKIPPED
    return Cell.QUIET if any(_any_quiet(hours, start) for start in readings) else Cell.OPEN


def _any_quiet(hours: QuietHours, start: datetime) -> bool:
    if hours.is_quiet(start):
        return True
    change = hours.next_change(start)
    return change is not None and change - start < QUARTER


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


COLOUR = {Cell.QUIET: "\033[48;5;25m\033[97m", Cell.OPEN: "", Cell.SKIPPED: "\033[2m"}
_BLUE, _RESET = "\033[38;5;33m", "\033[0m"
# Two cells a character where the screen is narrow: left half, right half.
_PAIRS = {(True, True): "█", (True, False): "▌", (False, True): "▐", (False, False): "·"}
LABEL = 10
WIDE = LABEL + 2 + QUARTERS


def chart(rows: list[Day], *, width: int, colour: bool, unicode: bool) -> str:
    """Draw the days: quiet is dark. Two quarters a character where `width` is less than a hundred or so."""
    narrow = width < WIDE and unicode
    hours = range(0, 24, 3)
    step = 12 // (2 if narrow else 1)
    lines = [" " * (LABEL + 2) + "".join(f"{hour:02}".ljust(step) for hour in hours) + "24"]
    for row in rows:
        draw = _narrow if narrow else _wide
        cells = draw(row.cells, colour=colour, unicode=unicode)
        lines.append(
            f"{row.date:%a %m-%d}".ljust(LABEL) + "  " + cells + (f"  {row.note}" if row.note else "")
        )
    legend = "█ quiet  · open" if unicode else "# quiet  . open"
    skipped = any(Cell.SKIPPED in row.cells for row in rows)
    lines.append(" " * (LABEL + 2) + legend + ("  (blank: skipped by the clock)" if skipped else ""))
    return "\n".join(line.rstrip() for line in lines)


def _narrow(cells: tuple[Cell, ...], *, colour: bool, unicode: bool) -> str:
    del unicode  # there are no halves without it
    text = ""
    for left, right in zip(cells[::2], cells[1::2], strict=True):
        if left is right is Cell.SKIPPED:
            text += " "
        else:
            text += _PAIRS[left is Cell.QUIET, right is Cell.QUIET]
    return re.sub("[█▌▐]+", rf"{_BLUE}\g<0>{_RESET}", text) if colour else text


def _wide(cells: tuple[Cell, ...], *, colour: bool, unicode: bool) -> str:
    quiet, open_ = ("█", "·") if unicode else ("#", ".")
    characters = {Cell.QUIET: quiet, Cell.OPEN: open_, Cell.SKIPPED: " "}
    if not colour:
        return "".join(characters[cell] for cell in cells)
    text, last = "", Cell.OPEN
    for cell in cells:
        if cell is not last:
            text += _RESET + COLOUR[cell]
            last = cell
        text += " " if cell is Cell.QUIET else characters[cell]
    return text + _RESET
