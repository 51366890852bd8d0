"""The coming quiet and open periods: for people, for programs and for calendars. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from handler.quiet_hours import Period
from handler.quiet_hours.status import span
from handler.quiet_hours.zone import local, written
from local.screen import table
from local.week import QUIET, instants

_LENGTH = 4
"""The number of the column with the length of a period."""


def listed(periods: Sequence[Period], zone: ZoneInfo) -> Table:
    """Return a row a period, in local time."""
    rows = table()
    for number in range(5):
        rows.add_column(justify="right" if number == _LENGTH else "left", no_wrap=True)
    rows.add_column(overflow="fold", min_width=30)
    for period in periods:
        state = Text("quiet", QUIET) if period.quiet else "open"
        # The length is that of real time: a night in which clocks are moved is longer or shorter.
        length = span(period.end - period.start)
        rows.add_row(state, _local(period.start, zone), "to", _local(period.end, zone), length, _why(period))
    return rows


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
