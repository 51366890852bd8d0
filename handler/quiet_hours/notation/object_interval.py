"""An interval as an object: Alertmanager's keys with Alertmanager's meaning, and ours beside them. Pure.

All keys of one object must hold; within a key, one entry suffices. `location` is a `time_zone`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import MAXYEAR, MINYEAR, date
from itertools import chain
from typing import Any

from handler.errors.sentences import SHOWN
from handler.quiet_hours.day_masks import Days, Mask, unlike_years
from handler.quiet_hours.interval import WHOLE_DAY, DayRule, Interval
from handler.quiet_hours.notation import calendar_days as days
from handler.quiet_hours.notation.holidays import calendar_mask, read_calendar
from handler.quiet_hours.notation.text_interval import NO_ZONE
from handler.quiet_hours.notation.time_of_day import between, merged, read_time, read_times
from handler.quiet_hours.notation.validation import Faults, Place, nearest
from handler.quiet_hours.notation.weekdays import Pick, read_weekdays, weekday_mask
from handler.quiet_hours.zone import Zone, read_zone

_Reader = tuple[Callable[[Any], Any], Callable[[list[Any]], Mask]]

# In the order in which they are asked: what excludes most at least cost comes first.
_DAYS: dict[str, _Reader] = {
    "years": (days.read_year, days.year_mask),
    "months": (days.read_month, days.month_mask),
    "dates": (days.read_date, days.date_mask),
    "days_of_month": (days.read_day_of_month, days.day_of_month_mask),
    "weekdays": (read_weekdays, lambda read: weekday_mask(_picks(read))),
    "holidays": (read_calendar, lambda read: calendar_mask(read, lambda of, day: of.is_holiday(day))),
    "holiday_eves": (read_calendar, lambda read: calendar_mask(read, lambda of, day: of.is_holiday_eve(day))),
    "workdays": (read_calendar, lambda read: calendar_mask(read, lambda of, day: of.is_make_up_workday(day))),
}
_ZONES = ("time_zone", "location")
KEYS = ("times", *_DAYS, *_ZONES)
_ALWAYS = "without times and days this would always hold; write '00:00-24:00' if it shall"
_EMPTY = "is empty and would never hold; leave the key out if it shall not matter"
_TIME_KEYS = ("start_time", "end_time")
_ENTRY = "belongs to an entry of Alertmanager's `time_intervals`; paste only the list inside it"


def read_object(value: dict[Any, Any], default: Zone | None, place: Place, faults: Faults) -> Interval | None:
    """Read an object interval; what is wrong goes to `faults` with its place, and None is given."""
    before = faults.count
    for key, given in value.items():
        if key not in KEYS:
            faults.add((*place, str(key)), _unknown(str(key)), given)
    zone = _zone(value, default, place, faults)
    ranges = _entries(value, "times", _read_times, place, faults)
    read = {key: _entries(value, key, how[0], place, faults) for key, how in _DAYS.items() if key in value}
    if not (read or ranges) and faults.count == before:
        faults.add(place, _ALWAYS, value)
    if faults.count > before or zone is None:
        return None
    rule = DayRule(_days(read), merged(ranges) if ranges else WHOLE_DAY)
    picks = _picks(read.get("weekdays", []))
    interval = Interval(plain(value), zone, rule, picks, narrowed=bool(read.keys() - {"weekdays"}))
    # Calendars of holidays are trusted, because each of their years takes long to compute.
    if faults.count < SHOWN and not interval.of_calendar and not _ever(rule.days):
        faults.add(place, "never holds: no day of the calendar has all of this at once", value)
    return interval


def plain(value: Any) -> Any:
    """Return a copy as JSON can hold it: a YAML date becomes its text."""
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return value.isoformat() if isinstance(value, date) else value


def _entries(
    value: dict[Any, Any], key: str, read: Callable[[Any], Any], place: Place, faults: Faults
) -> list[Any]:
    if key not in value:
        return []
    given = value[key]
    if not isinstance(given, (list, tuple)):
        return [faults.attempt((*place, key), read, given)]
    if not given:
        faults.add((*place, key), _EMPTY, given)
    return [faults.attempt((*place, key, index), read, entry) for index, entry in enumerate(given)]


def _read_times(entry: Any) -> tuple[int, int]:
    if not isinstance(entry, dict):
        return read_times(entry)
    faults = Faults()
    for key in entry:
        if key not in _TIME_KEYS:
            hint = nearest(str(key), _TIME_KEYS) or "; write start_time and end_time"
            faults.add((str(key),), f"is not a key here{hint}", entry[key])
    for key in _TIME_KEYS:
        if key not in entry:
            faults.add((key,), "is required", entry)
    start, end = (faults.attempt((key,), read_time, entry.get(key, "00:00")) for key in _TIME_KEYS)
    faults.check()
    return between(start or 0, end or 0)


def _zone(value: dict[Any, Any], default: Zone | None, place: Place, faults: Faults) -> Zone | None:
    given = [key for key in _ZONES if key in value]
    if len(given) > 1:
        faults.add((*place, "location"), "is the same as time_zone; keep one of them", value["location"])
    if given:
        return faults.attempt((*place, given[0]), read_zone, value[given[0]])
    if default is None:
        faults.add(place, NO_ZONE, value)
    return default


def _picks(read: list[tuple[Pick, ...]]) -> tuple[Pick, ...]:
    return tuple(pick for picks in read for pick in picks)


def _days(read: dict[str, list[Any]]) -> Days:
    masks = [_DAYS[key][1](entries) for key, entries in read.items()]
    years, dates = read.get("years", []), [(first[0], last[0]) for first, last in read.get("dates", ())]
    named = {year for ends in (*years, *dates) for year in ends if year}
    return Days(masks, named, bounded=bool(years) or (bool(dates) and all(first for first, _ in dates)))


def _ever(days: Days) -> bool:
    """Return whether any day matches, looking first at the years that are named."""
    years = chain(sorted(days.years), unlike_years(range(MINYEAR, MAXYEAR + 1), days.years))
    return any(days.mask(year, month) for year in years for month in range(1, 13))


def _unknown(key: str) -> str:
    if key in {"name", "time_intervals"}:
        return _ENTRY
    hint = nearest(key, KEYS) or f"; it has {', '.join(KEYS)}"
    return f"is not a key of an interval{hint}"
