"""A time zone: what its wall clock reads at an instant. Pure.

Instants are whole seconds since 1970-01-01 UTC; a wall time is what a clock on the wall shows, counted
the same way as if there were no zone: `wall = instant + offset`.
"""

from __future__ import annotations

from datetime import MAXYEAR, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from handler.errors import shortened
from handler.spelling import closest, exhausted, spend

DAY = 86_400
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# The first and the last second of the years 1 to 9999 in UTC, which `datetime` knows.
FIRST_INSTANT, LAST_INSTANT = -62_135_596_800, 253_402_300_799
# Within these `datetime` can tell any wall clock. Beyond them it leaves its years in one zone or another.
_FIRST_TOLD, _LAST_TOLD = FIRST_INSTANT + 10 * DAY, LAST_INSTANT - 10 * DAY
# So long is the cycle of the calendar, and with it that of every zone's rule for the years to come.
_CYCLE = 146_097 * DAY
_HORIZON = 36_525 * DAY
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SECOND = timedelta(seconds=1)
# No zone of the tz database (2026f) ever changed its offset twice within less than 3.98 days
# (Africa/Freetown, 1939), so in a stretch of this length there is at most one change to look for.
STRETCH = 2 * DAY
# Not a calendar's, but a whole number of stretches.
_YEAR = 183 * STRETCH

_ABBREVIATIONS = {
    "AEST": "Australia/Sydney",
    "AKST": "America/Anchorage",
    "BST": "Europe/London",
    "CDT": "America/Chicago",
    "CST": "America/Chicago' or 'Asia/Shanghai",
    "EDT": "America/New_York",
    "IST": "Asia/Kolkata' or 'Asia/Jerusalem",
    "JST": "Asia/Tokyo",
    "MDT": "America/Denver",
    "PDT": "America/Los_Angeles",
    "PST": "America/Los_Angeles",
    "Z": "UTC",
}


def instant(at: datetime) -> int:
    """Return the whole seconds since 1970 up to `at`.

    ValueError for a naive datetime. Every offset of the tz database is a whole number of seconds, so
    nothing turns between two seconds.
    """
    if at.utcoffset() is None:
        raise ValueError(f"{at.isoformat()} has no time zone: quiet hours need an aware datetime")
    return (at - _EPOCH) // _SECOND


def moment(instant: int) -> datetime:
    """Return the instant as a datetime in UTC; outside the years 1 to 9999 the nearest one inside."""
    return _EPOCH + timedelta(seconds=min(max(instant, FIRST_INSTANT), LAST_INSTANT))


def local(at: datetime, zone: tzinfo) -> datetime:
    """Return what the clock of a zone reads at an instant; outside the years 1 to 9999 the nearest inside."""
    try:
        return at.astimezone(zone)
    except OverflowError:
        day, clock = (date.max, time(23, 59, 59)) if at.year > MAXYEAR // 2 else (date.min, time())
        return datetime.combine(day, clock, zone)


def written(at: datetime) -> str:
    """Return a day and a time as a person reads it: `Mon 2026-11-23 21:00`, with seconds if there are any."""
    seconds = f":{at:%S}" if at.second else ""
    return f"{WEEKDAYS[at.weekday()]} {at.date().isoformat()} {at:%H:%M}{seconds}"


def horizon(instant: int) -> int:
    """Return how far ahead a change is looked for: 100 years, in which every date of the calendar comes."""
    return min(instant + _HORIZON, LAST_INSTANT)


class Zone:
    """A zone of the tz database under the name the document uses; equal when the names are."""

    __slots__ = ("_days", "_years", "info", "name")

    def __init__(self, name: str) -> None:
        """Load the zone; LookupError, ValueError or OSError if there is none of this name."""
        self.name, self.info = name, ZoneInfo(name)
        self._days: dict[int, int] = {}
        self._years: dict[int, tuple[int, ...]] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Zone) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Zone({self.name!r})"

    def offset(self, instant: int) -> int:
        """Return what the wall clock is ahead of UTC at this instant, in seconds."""
        day = instant // DAY
        known = self._days.get(day)
        if known is not None:
            return known
        start, end = self._offset(day * DAY), self._offset(day * DAY + DAY - 1)
        if start != end:
            return self._offset(instant)
        self._days[day] = start
        return start

    def transition(self, after: int, until: int) -> int | None:
        """Return the instant in `(after, until]` from which another offset holds, None if there is none.

        `until` is at most `STRETCH` after `after`.
        """
        before = self.offset(after)
        if self.offset(until) == before:
            return None
        low, high = after, until
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset(middle) == before:
                low = middle
            else:
                high = middle
        return high

    def next_transition(self, after: int, limit: int) -> int | None:
        """Return the first instant in `(after, limit]` from which another offset holds, None without one."""
        for year in range(after // _YEAR, limit // _YEAR + 1):
            for moved in self._transitions(year):
                if moved > after:
                    return moved if moved <= limit else None
        return None

    def _transitions(self, year: int) -> tuple[int, ...]:
        """Return the transitions of the year-long stretch of this number, the first one begins with 1970."""
        if year not in self._years:
            starts = range(year * _YEAR, (year + 1) * _YEAR, STRETCH)
            found = [self.transition(start, start + STRETCH) for start in starts]
            self._years[year] = tuple(moved for moved in found if moved is not None)
        return self._years[year]

    def _offset(self, instant: int) -> int:
        if instant > _LAST_TOLD:
            instant -= _CYCLE
        offset = datetime.fromtimestamp(max(instant, _FIRST_TOLD), self.info).utcoffset()
        assert offset is not None  # noqa: S101 - a ZoneInfo always knows its offset
        return offset.days * DAY + offset.seconds


_COST_OF_LOOKING = 1_000
"""Of a zone that there is not, in characters compared, see `handler.spelling`."""


@cache
def _zone(name: str) -> Zone:
    return Zone(name)


def read_zone(name: object) -> Zone:
    """Read the name of a zone of the tz database, exactly as it is spelled there.

    ValueError says what is wrong with another name, and which one may be meant.
    """
    if not isinstance(name, str):
        raise ValueError(f"a time zone is a text such as 'Asia/Shanghai', not {shortened(repr(name), 80)}")
    if name.startswith(("posix/", "right/")) or name in {"localtime", "posixrules", "Factory"}:
        raise ValueError(f"{name!r} depends on the machine; write a zone such as 'Asia/Shanghai'")
    try:
        if exhausted() and name not in _available():
            raise LookupError  # so many were misspelt that to look for a file each would take seconds
        return _zone(name)
    except (LookupError, ValueError, OSError):
        spend(_COST_OF_LOOKING)
        shown = shortened(repr(name), 80)
        raise ValueError(f"{shown} is not a time zone of the tz database{_suggestion(name)}") from None


@cache
def _available() -> dict[str, None]:
    from zoneinfo import available_timezones  # noqa: PLC0415 - reads the whole database

    return dict.fromkeys(sorted(available_timezones()))


@cache
def _spelled() -> dict[str, str]:
    """Return each zone by its name and by the last part of it, in small letters."""
    known = {zone.lower(): zone for zone in _available()}
    known |= {zone.rpartition("/")[2].lower(): zone for zone in reversed(_available())}
    return known


def _suggestion(name: str) -> str:
    if name.upper() in _ABBREVIATIONS:
        return f"; did you mean '{_ABBREVIATIONS[name.upper()]}'?"
    if name[:3].upper() in {"UTC", "GMT"} or name[:1] in {"+", "-"}:
        return "; an offset knows no summer time: write a place such as 'Asia/Shanghai', or 'UTC'"
    near = closest(name.strip().lower().replace(" ", "_"), _spelled(), cutoff=0.7)
    return f"; did you mean {_spelled()[near]!r}?" if near else "; write one such as 'Asia/Shanghai' or 'UTC'"
