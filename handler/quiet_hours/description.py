"""An interval in plain words, what is overnight made plain: `Fri 21:00 to Sat 08:00`. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from handler.quiet_hours.interval import WHOLE_DAY, Interval, Span
from handler.quiet_hours.notation.time_of_day import Times, clock
from handler.quiet_hours.notation.weekdays import NAMES, SHORT, Pick, read_weekdays
from handler.quiet_hours.zone import DAY, moment

_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}
_ORDINALS |= {-2: "second last", -3: "third last", -4: "fourth last", -5: "fifth last"}


def in_words(interval: Interval) -> str:
    """Return what the interval means, in English, with its zone."""
    if isinstance(interval.rule, Span):
        start, end = moment(interval.rule.start), moment(interval.rule.end)
        first, last = (f"{at:%a} {at.date().isoformat()} {at:%H:%M:%S}" for at in (start, end))
        return f"from {first} to {last} UTC"
    zone = interval.zone.name if interval.zone else "UTC"
    weekdays = interval.weekdays
    if weekdays is None:
        return f"{_days(interval)}: {_times(interval.rule.times)} ({zone})"
    return f"{_week(weekdays, interval.rule.times)} ({zone})"


def _week(weekdays: tuple[int, ...], times: Times) -> str:
    if len(weekdays) == len(NAMES):
        return f"every day {_times(times)}" if times != WHOLE_DAY else "always"
    parts = []
    for start, end in times:
        if end > DAY:
            until = clock(end)
            parts += [f"{SHORT[day]} {clock(start)} to {SHORT[(day + 1) % 7]} {until}" for day in weekdays]
        else:
            hours = "all day" if (start, end) == (0, DAY) else f"{clock(start)} to {clock(end)}"
            parts.append(f"{_listed(SHORT[day] for day in weekdays)} {hours}")
    return ", ".join(parts)


def _times(times: Times) -> str:
    if times == WHOLE_DAY:
        return "all day"
    return _listed(
        f"{clock(start)} to {clock(end)}" + (" of the next day" if end > DAY else "") for start, end in times
    )


def _days(interval: Interval) -> str:
    if not isinstance(interval.source, dict):
        return f"on {_listed(_pick(pick) for pick in interval.picks)}"
    known = [(key, _entries(interval.source[key])) for key in _PHRASES if key in interval.source]
    return ", ".join(_PHRASES[key](entries) for key, entries in known)


def _entries(value: Any) -> list[str]:
    return [str(entry) for entry in (value if isinstance(value, list) else [value])]


def _weekdays(entries: list[str]) -> str:
    return f"on {_listed(_pick(pick) for entry in entries for pick in read_weekdays(entry))}"


def _pick(pick: Pick) -> str:
    weekday, nth = pick
    return f"the {_ORDINALS[nth]} {NAMES[weekday].title()} of the month" if nth else NAMES[weekday].title()


def _ranges(entries: Iterable[str]) -> str:
    return _listed(" to ".join(part.strip().title() for part in entry.split(":")) for entry in entries)


_PHRASES: dict[str, Callable[[list[str]], str]] = {
    "dates": lambda entries: f"on {_ranges(entries)}",
    "holidays": lambda entries: f"on public holidays of {_listed(entries)}",
    "holiday_eves": lambda entries: f"on the eve of public holidays of {_listed(entries)}",
    "workdays": lambda entries: f"on weekend days worked in exchange for a holiday in {_listed(entries)}",
    "weekdays": _weekdays,
    "days_of_month": lambda entries: f"on day {_ranges(entries)} of the month",
    "months": lambda entries: f"in {_ranges(entries)}",
    "years": lambda entries: f"in {_ranges(entries)}",
}


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
