"""Public holidays by the name of their calendar: `CN`, `US-TX`, `DE-BY`. Pure.

The calendars are those of the `holidays` package; China's is that of `chinesecalendar`, which has the days
of every announced holiday period, weekends inside it too. Both come with an optional extra and are imported
only when a policy names such a calendar. Holidays of years that a government has not announced yet are
computed as far as their rule is known; make-up working days of such years are not known.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import MAXYEAR, MINYEAR, date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from handler.quiet_hours.day_masks import Mask, month_length
from handler.quiet_hours.notation.validation import nearest

if TYPE_CHECKING:
    from types import ModuleType

KEYS = frozenset({"holidays", "holiday_eves", "workdays"})
"""The keys of an interval that name calendars."""

_ONE_DAY = timedelta(days=1)
_MISSING = (
    "a calendar of holidays needs the `{}` package, which is not installed;"
    " install the extra: callout-quiet-hours[holidays]"
)
_CHINA = frozenset({"CN", "CHN"})
_ENDS = (
    "China's holidays are known until {}; later ones are computed, without the weekends inside a holiday"
    " period and without make-up working days; when chinesecalendar has more, update it and package again"
)


class Calendar:
    """The holidays of a country, of a part of it, or of a financial market."""

    def __init__(self, name: str, known: Any) -> None:
        self.name = name
        self._known = known

    def is_holiday(self, day: date) -> bool:
        """Return whether the day is a public holiday, days off moved to a weekday included."""
        return day in self._known

    def is_holiday_eve(self, day: date) -> bool:
        """Return whether the next day is a public holiday."""
        return day < date.max and self.is_holiday(day + _ONE_DAY)

    def is_make_up_workday(self, day: date) -> bool:
        """Return whether the day is of a weekend but worked, in exchange for a day off."""
        # In this order: a calendar learns the weekends of a year when it is asked for one of its days.
        return bool(self._known.is_working_day(day)) and day.weekday() in self._known.weekend


class China(Calendar):
    """China's holidays, day by day as the State Council announced them: in other years the statutory ones."""

    def __init__(self, name: str, known: Any, off: Collection[date], worked: Collection[date]) -> None:
        super().__init__(name, known)
        self._off, self._worked = off, worked
        self._announced = {day.year for day in off}

    def is_holiday(self, day: date) -> bool:
        """Return whether the day is of a holiday period, weekends inside it included."""
        return day in self._off or super().is_holiday(day)

    def is_make_up_workday(self, day: date) -> bool:
        """Return whether the day is of a weekend but worked, in exchange for a day off."""
        return day in self._worked if day.year in self._announced else super().is_make_up_workday(day)


def read_calendar(name: object) -> Calendar:
    """Read the name of a calendar, `<country>` or `<country>-<subdivision>`, or a market such as `XNYS`.

    ValueError for an unknown one, with the one that may be meant, and when the package is not installed.
    """
    if name is False:
        # YAML 1.1 reads Norway without quotes as a boolean.
        raise ValueError("a calendar is a text; if it was written NO, put that in quotes")
    if not isinstance(name, str):
        raise ValueError(f"a calendar is a text such as 'CN' or 'US-TX', not {name!r}")
    try:
        import holidays  # noqa: PLC0415 - 60 ms and 14 MB, only for policies that name a calendar
    except ImportError:
        raise ValueError(_MISSING.format("holidays")) from None
    country, _, part = name.partition("-")
    try:
        known = _country(country, part)
    except NotImplementedError:
        pass
    else:
        return _china(name, known) if country in _CHINA else Calendar(name, known)
    try:
        return Calendar(name, holidays.financial_holidays(name))
    except NotImplementedError:
        raise ValueError(f"{name!r} is not a calendar of holidays{_suggestion(holidays, name)}") from None


def ending(source: Any, today: date, ahead: timedelta) -> str | None:
    """Return what to know when the data of an interval's calendars ends within `ahead`, or has ended.

    Only China's does: it is announced year by year. `source` is the interval's, which was read before.
    """
    if not isinstance(source, dict) or KEYS.isdisjoint(source):
        return None
    entries = [source[key] for key in KEYS.intersection(source)]
    names = {name for entry in entries for name in (entry if isinstance(entry, list) else [entry])}
    if _CHINA.isdisjoint(names):
        return None
    from chinese_calendar import holidays as off  # noqa: PLC0415 - was imported when the source was read

    end = date(max(off).year, 12, 31)
    return _ENDS.format(end) if end - today <= ahead else None


def calendar_mask(calendars: Iterable[Calendar], matches: Callable[[Calendar, date], bool]) -> Mask:
    """Return the days of a month that match in any of the calendars."""
    chosen = tuple(calendars)

    def mask(year: int, month: int) -> int:
        days = 0
        if not MINYEAR <= year <= MAXYEAR:
            return days  # no calendar has them
        for day in range(1, month_length(year, month) + 1):
            if any(matches(calendar, date(year, month, day)) for calendar in chosen):
                days |= 1 << (day - 1)
        return days

    return mask


@cache
def _country(country: str, part: str) -> Any:
    """Return the one calendar of a country or part: its first answer for a year is expensive."""
    import holidays  # noqa: PLC0415 - as above

    return holidays.country_holidays(country, subdiv=part or None)


def _china(name: str, known: Any) -> China:
    try:
        import chinese_calendar  # noqa: PLC0415 - 5 ms and 0.1 MB, only for policies that name China's
    except ImportError:
        raise ValueError(_MISSING.format("chinesecalendar")) from None
    return China(name, known, chinese_calendar.holidays, chinese_calendar.workdays)


def _suggestion(holidays: ModuleType, name: str) -> str:
    countries = holidays.list_supported_countries(include_aliases=True)
    country, _, part = name.upper().replace("_", "-").partition("-")
    parts = [f"{country}-{known}" for known in countries.get(country, ())]
    if part and parts:
        return nearest(f"{country}-{part}", parts) or f"; {country} has {', '.join(countries[country])}"
    return nearest(country, countries) or "; write a country's two letters, such as 'CN'"
