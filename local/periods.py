"""The coming quiet and open periods: for people, for programs, for calendars, for documents. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from handler.quiet_hours import Period
from handler.quiet_hours.status import span
from handler.quiet_hours.zone import local, written
from local.week import QUARTERS, Cell, Day, instants


def table(periods: Sequence[Period], zone: ZoneInfo) -> str:
    """Return a line a period, in local time."""
    rows = []
    for period in periods:
        start, end = _local(period.start, zone), _local(period.end, zone)
        # The length is that of real time: a night in which clocks are moved is longer or shorter.
        rows.append(
            ("quiet" if period.quiet else "open", start, end, span(period.end - period.start), _why(period))
        )
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    lines = []
    for state, start, end, length, why in rows:
        stretch = f"{start:{widths[1]}}  to  {end:{widths[2]}}"
        lines.append(f"{state:{widths[0]}}  {stretch}  {length:>{widths[3]}}  {why}".rstrip())
    return "\n".join(lines)


def _local(at: datetime, zone: ZoneInfo) -> str:
    there = local(at, zone)
    twice = len(instants(there.replace(tzinfo=None), zone)) > 1  # which of the two, in autumn
    return written(there) + (f" {there:%Z}" if twice else "")


def _why(period: Period) -> str:
    reason = period.reason
    if reason.place is None:
        return ""
    return f"{'lead time before ' if reason.ahead else ''}{reason.place} {reason.interval}"


def as_json(name: str, periods: Sequence[Period], time_zone: str) -> dict[str, Any]:
    """Return the periods for other programs; instants in UTC."""
    return {
        "quiet_hours": name,
        "time_zone": time_zone,
        "periods": [
            {
                "quiet": period.quiet,
                "start": _instant(period.start),
                "end": _instant(period.end),
                "seconds": round((period.end - period.start).total_seconds()),
                "place": period.reason.place,
                "interval": period.reason.interval,
            }
            for period in periods
        ],
    }


def _instant(at: datetime) -> str:
    return local(at, timezone.utc).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def as_ical(named: Sequence[tuple[str, Sequence[Period]]], made: datetime) -> bytes:
    """Return the quiet periods as a calendar that Google, Outlook and Apple import. Source: RFC 5545."""
    from icalendar import Calendar, Event  # noqa: PLC0415 - half a second that only this needs

    calendar = Calendar()
    calendar.add("prodid", "-//callout-quiet-hours//preview//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Quiet hours")
    for name, periods in named:
        for period in periods:
            if not period.quiet:
                continue
            event = Event()
            # Whole, however the export cuts it, with the same id every time: importing again adds none.
            start, end = period.reason.since or period.start, period.reason.until or period.end
            key = f"{name} {_instant(start)} {_instant(end)}"
            event.add("uid", hashlib.sha256(key.encode()).hexdigest()[:32] + "@callout-quiet-hours")
            event.add("dtstamp", made)
            event.add("dtstart", start)
            event.add("dtend", end)
            event.add("summary", f"Quiet hours: {name}")
            event.add("description", period.reason.text)
            event.add("transp", "TRANSPARENT")
            calendar.add_component(event)
    return bytes(calendar.to_ical())


_CELL, _ROW, _LEFT, _TOP = 6, 22, 120, 40
_FILL = {Cell.QUIET: "#1f3a5f", Cell.OPEN: "#e8eef4", Cell.SKIPPED: "#ffffff"}
_FONT = {"font-family": "sans-serif", "font-size": "12"}


def as_svg(title: str, rows: Sequence[Day]) -> str:
    """Return the week chart as a picture for a document."""
    width = _LEFT + QUARTERS * _CELL + 190
    height = _TOP + len(rows) * _ROW + 34
    size = {"width": str(width), "height": str(height), "viewBox": f"0 0 {width} {height}"}
    svg = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", **size})
    ET.SubElement(svg, "title").text = title
    _text(svg, 8, 16, title, {"font-weight": "bold"})
    for hour in range(0, 25, 3):
        _text(svg, _LEFT + hour * 4 * _CELL, _TOP - 6, f"{hour:02}", {"text-anchor": "middle"})
    for number, row in enumerate(rows):
        top = _TOP + number * _ROW
        _text(svg, 8, top + 15, f"{row.date:%a} {row.date.isoformat()}")
        for start, end, cell in _runs(row.cells):
            box = {"x": str(_LEFT + start * _CELL), "y": str(top + 1), "width": str((end - start) * _CELL)}
            ET.SubElement(svg, "rect", {**box, "height": str(_ROW - 3), "fill": _FILL[cell]})
        if row.note:
            _text(svg, _LEFT + QUARTERS * _CELL + 8, top + 15, row.note)
    bottom = _TOP + len(rows) * _ROW + 8
    for number, cell in enumerate((Cell.QUIET, Cell.OPEN)):
        left = _LEFT + number * 90
        box = {"x": str(left), "y": str(bottom), "width": "14", "height": "14", "fill": _FILL[cell]}
        ET.SubElement(svg, "rect", box)
        _text(svg, left + 20, bottom + 12, cell.value)
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def _text(svg: ET.Element, x: int, y: int, text: str, more: dict[str, str] | None = None) -> None:
    ET.SubElement(svg, "text", {"x": str(x), "y": str(y), **_FONT, **(more or {})}).text = text


def _runs(cells: Sequence[Cell]) -> list[tuple[int, int, Cell]]:
    """Return the stretches of like cells."""
    runs: list[tuple[int, int, Cell]] = []
    for number, cell in enumerate(cells):
        if runs and runs[-1][2] is cell:
            runs[-1] = runs[-1][0], number + 1, cell
        else:
            runs.append((number, number + 1, cell))
    return runs
