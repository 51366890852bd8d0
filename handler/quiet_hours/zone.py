"""A time zone: what its wall clock reads at an instant. Pure.

Instants are whole seconds since 1970-01-01 UTC; a wall time is what a clock on the wall shows, counted
the same way as if there were no zone: `wall = instant + offset`.
"""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from handler.errors.sentences import shortened
from handler.errors.spelling import closest, exhausted, spend
from handler.quiet_hours.day_masks import Month

DAY = 86_400
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# The first and the last second of the years 1 to 9999 in UTC, which `datetime` knows.
FIRST_INSTANT, LAST_INSTANT = -62_135_596_800, 253_402_300_799
# Between these, `datetime` can represent the wall clock of every zone.
_FIRST_TOLD, _LAST_TOLD = FIRST_INSTANT + 10 * DAY, LAST_INSTANT - 10 * DAY
# The calendar repeats itself after 400 years, and so does the rule of every zone for the years to come.
_CYCLE_YEARS, _CYCLE = 400, 146_097 * DAY
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SECOND = timedelta(seconds=1)
# No zone of the tz database (2026f) ever changed its offset twice within less than 3.98 days
# (Africa/Freetown, 1939), so in a stretch of this length there is at most one change to look for.
_STRETCH = 3 * DAY
# See `Zone.listed_years`.
_FIRST_CHANGE, _LAST_LISTED, _LAST_RAMADAN = 1840, 2038, 2088
_RAMADAN = frozenset({"Africa/Casablanca", "Africa/El_Aaiun", "Asia/Gaza", "Asia/Hebron"})

Clock = tuple[tuple[int, int], ...]
"""(second from the start of a month, offset from there on); the last one is the end and has no offset."""

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


class Zone:
    """A zone of the tz database under the name the document uses; equal when the names are."""

    __slots__ = ("_clocks", "info", "name")

    def __init__(self, name: str) -> None:
        """Load the zone; LookupError, ValueError or OSError if there is none of this name."""
        self.name, self.info = name, ZoneInfo(name)
        self._clocks: dict[Month, Clock] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Zone) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Zone({self.name!r})"

    @property
    def listed_years(self) -> range:
        """Return the years for which the tz database (2026f) lists each change of the clock.

        There is no change before them. After them, a rule by month and weekday decides, so years of one kind
        have the same changes. Zones that change their clock for Ramadan are listed for longer.
        """
        return range(_FIRST_CHANGE, (_LAST_RAMADAN if self.name in _RAMADAN else _LAST_LISTED) + 1)

    def offset(self, instant: int) -> int:
        """Return what the wall clock is ahead of UTC at this instant, in seconds."""
        if instant > _LAST_TOLD:
            instant -= _CYCLE
        offset = datetime.fromtimestamp(max(instant, _FIRST_TOLD), self.info).utcoffset()
        assert offset is not None  # noqa: S101 - a ZoneInfo always knows its offset
        return offset.days * DAY + offset.seconds

    def clock(self, month: Month) -> Clock:
        """Return the offsets of the clock in a month, and on the days before and after it."""
        known = self._clocks.get(month)
        if known is None:
            known = self._clocks[month] = self._clock(month)
        return known

    def _clock(self, month: Month) -> Clock:
        if not MINYEAR < month.year < MAXYEAR:  # `datetime` cannot represent all of it
            month = Month.of(month.year + _CYCLE_YEARS * (1 if month.year <= MINYEAR else -1), month.month)
        start, end = month.first * DAY, (month.first + month.length + 1) * DAY
        steps = [*range(start - DAY, end, _STRETCH), end - 1]
        # Not `self.offset`, which is slower: these calls take most of the time of a long search.
        offsets = [datetime.fromtimestamp(step, self.info).utcoffset() for step in steps]
        changes = [(-DAY, self.offset(steps[0]))]
        for index, offset in enumerate(offsets[1:]):
            if offset != offsets[index]:
                moved = self._transition(steps[index], steps[index + 1])
                changes.append((moved - start, self.offset(moved)))
        return (*changes, (end - start, 0))

    def _transition(self, before: int, after: int) -> int:
        """Return the instant from which the offset is no longer the one at `before`."""
        offset = self.offset(before)
        while after - before > 1:
            middle = (before + after) // 2
            if self.offset(middle) == offset:
                before = middle
            else:
                after = middle
        return after


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


UTC = read_zone("UTC")


@cache
def _available() -> dict[str, None]:
    from zoneinfo import available_timezones  # noqa: PLC0415 - reads the whole database

    return dict.fromkeys(sorted(available_timezones()))


_CITIES = """
Africa/Lagos abuja
America/Chicago austin dallas houston san_antonio
America/Los_Angeles las_vegas san_diego san_francisco seattle
America/New_York atlanta boston miami philadelphia washington
America/Sao_Paulo brasilia rio_de_janeiro
America/Toronto ottawa
Asia/Dubai abu_dhabi
Asia/Ho_Chi_Minh hanoi
Asia/Karachi islamabad lahore
Asia/Kolkata bangalore bengaluru bombay chennai delhi hyderabad india mumbai new_delhi
Asia/Riyadh jeddah mecca
Asia/Shanghai beijing chengdu china guangzhou hangzhou nanjing peking shenzhen tianjin wuhan xian
Asia/Tokyo kyoto nagoya osaka
Europe/Berlin cologne frankfurt germany hamburg munich
Europe/London edinburgh england manchester
Europe/Madrid barcelona spain
Europe/Paris france lyon marseille
Europe/Rome italy milan
Europe/Zurich basel bern geneva
"""
"""Cities without a zone of their own, and countries with one, after the zone; read when one is refused."""


@cache
def _spelled() -> dict[str, str]:
    """Return each zone by its name, by the last part of it and by its large cities, in small letters."""
    known = {zone.lower(): zone for zone in _available()}
    known |= {zone.rpartition("/")[2].lower(): zone for zone in reversed(_available())}
    for zone, *cities in map(str.split, _CITIES.strip().splitlines()):
        area = zone.lower().partition("/")[0]
        known |= dict.fromkeys([*cities, *(f"{area}/{city}" for city in cities)], zone)
    return known


def _suggestion(name: str) -> str:
    if name.upper() in _ABBREVIATIONS:
        return f"; did you mean '{_ABBREVIATIONS[name.upper()]}'?"
    if name[:3].upper() in {"UTC", "GMT"} or name[:1] in {"+", "-"}:
        return "; an offset knows no summer time: write a place such as 'Asia/Shanghai', or 'UTC'"
    word = name.strip().lower().replace(" ", "_")
    city = _spelled().get(word.rpartition("/")[2])  # also where the area before it is another
    near = city or _spelled().get(closest(word, _spelled(), cutoff=0.7) or "")
    return f"; did you mean {near!r}?" if near else "; write one such as 'Asia/Shanghai' or 'UTC'"
