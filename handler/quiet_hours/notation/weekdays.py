"""Weekdays as people write them: `Mon-Fri`, `Mon,Wed`, `weekends`, `monday:friday`, `friday#-1`. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from handler.quiet_hours.day_masks import Mask, month_length, weekday_of_first
from handler.quiet_hours.notation.validation import nearest

NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SHORT = tuple(name[:3].title() for name in NAMES)
_BY_NAME = {name: day for day, name in enumerate(NAMES)} | {name[:3]: day for day, name in enumerate(NAMES)}
_GROUPS = {"weekdays": frozenset(range(5)), "weekends": frozenset({5, 6})}
_SINGULAR = {"weekday": "weekdays", "weekend": "weekends"}
_MAX_NTH = 5
_EVERY_SEVENTH = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28

Pick = tuple[int, int]
"""(weekday, n): the n-th such weekday of a month, from its end when negative; 0 is every one."""


def read_weekdays(text: object) -> tuple[Pick, ...]:
    """Read one entry: a day, a range that may wrap, `weekdays`, `weekends` or the n-th day `monday#1`.

    ValueError says what is wanted instead.
    """
    if not isinstance(text, str):
        raise ValueError(f"a weekday is a text such as 'Mon' or 'Mon-Fri', not {text!r}")
    plain = "".join(text.lower().split())
    if plain in _GROUPS:
        return tuple((day, 0) for day in sorted(_GROUPS[plain]))
    if "#" in plain:
        return (_nth(text, plain),)
    start, mark, end = plain.partition(":" if ":" in plain else "-")
    first = _day(text, start)
    if not mark:
        return ((first, 0),)
    last = _day(text, end)
    return tuple(((first + step) % 7, 0) for step in range((last - first) % 7 + 1))


def weekday_mask(picks: Iterable[Pick]) -> Mask:
    """Return the days of a month that are one of the picks."""
    chosen = tuple(set(picks))

    def mask(year: int, month: int) -> int:
        first, length = weekday_of_first(year, month), month_length(year, month)
        days = 0
        for weekday, nth in chosen:
            offset = (weekday - first) % 7
            if nth == 0:
                days |= _EVERY_SEVENTH << offset
            else:
                count = (length - offset + 6) // 7
                place = nth - 1 if nth > 0 else count + nth
                days |= 1 << (offset + 7 * place) if 0 <= place < count else 0
        return days

    return mask


def _day(text: str, name: str) -> int:
    if name in _BY_NAME:
        return _BY_NAME[name]
    given = text if name == "".join(text.lower().split()) else name.title()
    if name in _SINGULAR:
        raise ValueError(f"{given!r} is not a weekday; did you mean {_SINGULAR[name]!r}?")
    if name in {"daily", "everyday"}:
        raise ValueError(f"{given!r} is not a weekday; every day is meant when none is named")
    known = SHORT if len(name) < 6 else tuple(day.title() for day in NAMES)  # noqa: PLR2004 - shortest full name
    wanted = nearest(name, known) or "; write Mon, Tue, Wed, Thu, Fri, Sat or Sun"
    raise ValueError(f"{given!r} is not a weekday{wanted}")


def _nth(text: str, plain: str) -> Pick:
    name, _, count = plain.partition("#")
    if ":" in name or "-" in name:
        raise ValueError(f"{text!r}: the n-th weekday is asked for one day at a time, as in 'monday#1'")
    weekday = _day(text, name)
    number = count.removeprefix("-")
    if not (number.isascii() and number.isdigit() and 1 <= int(number) <= _MAX_NTH):
        raise ValueError(f"{text!r}: after '#' comes 1 to 5, or -1 to -5 from the end of the month")
    return weekday, int(count)
