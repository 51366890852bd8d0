"""Public holidays by the name of their calendar: `CN`, `US-TX`, `DE-BY`. Pure.

The calendars are those of the `holidays` package, an optional extra: it is imported only when a policy
names a calendar. Holidays of years that a government has not announced yet are computed by the package
as far as their rule is known; make-up working days of such years are not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import MAXYEAR, MINYEAR, date, timedelta
from typing import TYPE_CHECKING, Any

from .days import Mask, month_length
from .faults import nearest

if TYPE_CHECKING:
    from types import ModuleType

_ONE_DAY = timedelta(days=1)
_MISSING = (
    "a calendar of holidays needs the `holidays` package, which is not installed;"
    " install the extra: callout-quiet-hours[holidays]"
)


class Calendar:
    """The holidays of a country, of a part of it, or of a financial market."""

    def __init__(self, name: str, known: Any) -> None:
        self.name = name
        self._known = known

    def is_holiday(self, day: date) -> bool:
        """Say whether the day is a public holiday, days off moved to a weekday included."""
        return day in self._known

    def is_holiday_eve(self, day: date) -> bool:
        """Say whether the next day is a public holiday."""
        return day < date.max and day + _ONE_DAY in self._known

    def is_make_up_workday(self, day: date) -> bool:
        """Say whether the day is of a weekend but worked, in exchange for a day off."""
        # In this order: a calendar learns the weekends of a year when it is asked for one of its days.
        return bool(self._known.is_working_day(day)) and day.weekday() in self._known.weekend


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
        raise ValueError(_MISSING) from None
    country, _, part = name.partition("-")
    try:
        return Calendar(name, holidays.country_holidays(country, subdiv=part or None))
    except NotImplementedError:
        pass
    try:
        return Calendar(name, holidays.financial_holidays(name))
    except NotImplementedError:
        raise ValueError(f"{name!r} is not a calendar of holidays{_suggestion(holidays, name)}") from None


def calendar_mask(calendars: Iterable[Calendar], matches: Callable[[Calendar, date], bool]) -> Mask:
    """Give the days of a month that match in any of the calendars."""
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


def _suggestion(holidays: ModuleType, name: str) -> str:
    countries = holidays.list_supported_countries(include_aliases=True)
    country, _, part = name.upper().replace("_", "-").partition("-")
    parts = [f"{country}-{known}" for known in countries.get(country, ())]
    if part and parts:
        return nearest(f"{country}-{part}", parts) or f"; {country} has {', '.join(countries[country])}"
    return nearest(country, countries) or "; write a country's two letters, such as 'CN'"
