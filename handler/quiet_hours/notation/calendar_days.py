"""Days of the calendar as an object interval names them: days of the month, months, years, dates. Pure.

The first three are Alertmanager's (timeinterval.go, commit 68fb2d57) with its meaning.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import date, datetime

from handler.quiet_hours.day_masks import Mask, month_length
from handler.quiet_hours.notation.validation import nearest

_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_BY_NAME = {name: number for number, name in enumerate(_MONTHS, 1)}
_BY_NAME |= {name[:3]: number for name, number in _BY_NAME.items()}
_ALL = -1
_LEAP_YEAR = 2000
_LAST_DAY = 31
_SHORTEST = 28
_YEARS = "write four digits, or a range such as '2026:2028'"
_DATES = "write '2026-12-24', '12-24' for every year, or a range such as '2026-12-24:2026-12-26'"

DateRange = tuple[tuple[int, int, int], tuple[int, int, int]]
"""(year, month, day) of the first and the last day; year 0 is every year."""


def read_day_of_month(entry: object) -> tuple[int, int]:
    """Read `1:5`, `-3:-1` or `15`; negative days count from the end of the month.

    ValueError says what is wanted instead.
    """
    text = _text(entry, "a day of the month is a number from 1 to 31, or from -1 to -31 from the end")
    start, mark, end = text.partition(":")
    first = _day(text, start)
    last = _day(text, end) if mark else first
    if first < 0 < last:
        raise ValueError(f"{text!r}: a range that starts from the end of the month must end so, too")
    if (first + _SHORTEST if first < 0 else first) > (last + _SHORTEST if last < 0 else last):
        raise ValueError(f"{text!r} ends before it starts in every month")
    return first, last


def read_month(entry: object) -> frozenset[int]:
    """Read `january`, `Jan`, `5`, or a range of them, `5:8`, which may pass the turn of the year."""
    text = _text(entry, "a month is a name or a number from 1 to 12")
    start, mark, end = text.partition(":")
    first = _month(text, start)
    last = _month(text, end) if mark else first
    return frozenset((first - 1 + step) % 12 + 1 for step in range((last - first) % 12 + 1))


def read_year(entry: object) -> tuple[int, int]:
    """Read `2026` or `2026:2028`, both inclusive."""
    text = _text(entry, "a year is a number such as 2026")
    start, mark, end = text.partition(":")
    first = _year(text, start)
    last = _year(text, end) if mark else first
    if first > last:
        raise ValueError(f"{text!r} ends before it starts")
    return first, last


def read_date(entry: object) -> DateRange:
    """Read `2026-12-24`, `12-25` for every year, or a range `2026-12-24:2026-12-26`, both inclusive.

    A range of every year may pass the turn of the year: `12-24:01-02`.
    """
    if isinstance(entry, date) and not isinstance(entry, datetime):
        entry = entry.isoformat()
    if not isinstance(entry, str):
        raise ValueError(f"a date is a text such as '2026-12-24', not {entry!r}")
    start, mark, end = (part.strip() for part in entry.partition(":"))
    first = _date(entry, start)
    last = _date(entry, end) if mark else first
    if bool(first[0]) != bool(last[0]):
        raise ValueError(f"{entry!r}: give both dates with their year, or both without")
    if first > last and first[0]:
        raise ValueError(f"{entry!r} ends before it starts")
    return first, last


def day_of_month_mask(ranges: Iterable[tuple[int, int]]) -> Mask:
    """Return the days of a month in any of the ranges.

    A range that starts beyond the end of the month skips that month; one that ends there ends with it.
    """
    chosen = tuple(set(ranges))

    def mask(year: int, month: int) -> int:
        length, days = month_length(year, month), 0
        for first, last in chosen:
            start = first if first > 0 else length + first + 1
            end = last if last > 0 else length + last + 1
            days |= _bits(max(start, 1), min(end, length))
        return days

    return mask


def month_mask(months: Iterable[frozenset[int]]) -> Mask:
    """Return all days of the chosen months."""
    chosen = frozenset().union(*months)
    return lambda _, month: _ALL if month in chosen else 0


def year_mask(ranges: Iterable[tuple[int, int]]) -> Mask:
    """Return all days of the chosen years."""
    chosen = _Ranges(ranges)
    return lambda year, _: _ALL if chosen.within(year, year) else 0


def date_mask(ranges: Iterable[DateRange]) -> Mask:
    """Return the days of a month within any of the ranges."""
    chosen = []
    for first, last in ranges:
        if first > last:
            chosen += [(first, (0, len(_MONTHS), _LAST_DAY)), ((0, 1, 1), last)]
        else:
            chosen.append((first, last))
    known = _Ranges((_numbered(*first), _numbered(*last)) for first, last in chosen)

    def mask(year: int, month: int) -> int:
        days = 0
        for here in (year, 0):
            start, end = _numbered(here, month, 1), _numbered(here, month, _LAST_DAY)
            for first, last in known.within(start, end):
                days |= _bits(max(first, start) - start + 1, min(last, end) - start + 1)
        return days

    return mask


class _Ranges:
    """Ranges of numbers, both ends inclusive, of which those that meet others are found at once."""

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        merged: list[tuple[int, int]] = []
        for first, last in sorted(ranges):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = merged[-1][0], max(last, merged[-1][1])
            else:
                merged.append((first, last))
        self._ranges = merged
        self._lasts = [last for _, last in merged]

    def within(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return those that have a number from `start` to `end`, both inclusive."""
        found = []
        for index in range(bisect_left(self._lasts, start), len(self._ranges)):
            if self._ranges[index][0] > end:
                break
            found.append(self._ranges[index])
        return found


def _numbered(year: int, month: int, day: int) -> int:
    """Return a number that grows with the date; every month has 31 of them."""
    return (year * len(_MONTHS) + month) * _LAST_DAY + day


def _bits(first: int, last: int) -> int:
    return (1 << last) - (1 << (first - 1)) if first <= last else 0


def _text(entry: object, wanted: str) -> str:
    if isinstance(entry, (str, int)) and not isinstance(entry, bool):
        return str(entry).strip()
    raise ValueError(f"{wanted}, not {entry!r}")


def _day(text: str, word: str) -> int:
    try:
        day = int(word)
    except ValueError:
        hint = _with_colon(text) or "write a number or a range such as '1:5' or '-3:-1'"
        raise ValueError(f"{text!r} is not a day of the month; {hint}") from None
    if not 1 <= abs(day) <= _LAST_DAY:
        raise ValueError(f"{text!r} is not a day of the month: 1 to 31, or -1 to -31 from the end")
    return day


def _month(text: str, word: str) -> int:
    name = word.strip().lower()
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name.isascii() and name.isdigit() and 1 <= int(name) <= len(_MONTHS):
        return int(name)
    hint = nearest(name, (month.title() for month in _MONTHS)).removeprefix("; ")
    hint = _with_colon(text) or hint or "write a name or a number from 1 to 12"
    raise ValueError(f"{word.strip()!r} is not a month; {hint}")


def _year(text: str, word: str) -> int:
    word = word.strip()
    if len(word) == len("2026") and word.isascii() and word.isdigit() and int(word):
        return int(word)
    raise ValueError(f"{text!r} is not a year; {_with_colon(text) or _YEARS}")


def _date(text: str, word: str) -> tuple[int, int, int]:
    parts = word.split("-")
    if [len(part) for part in parts] not in ([4, 2, 2], [2, 2]) or not _number("".join(parts)):
        raise ValueError(f"{text!r} is not a date; {_DATES}")
    *with_year, month, day = (int(part) for part in parts)
    year = with_year[0] if with_year else 0
    in_calendar = 1 <= month <= len(_MONTHS) and 1 <= day <= month_length(year or _LEAP_YEAR, month)
    if not in_calendar or with_year == [0]:
        raise ValueError(f"{text!r}: there is no day {word!r} in the calendar")
    return year, month, day


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _with_colon(text: str) -> str:
    """Suggest the colon for a range written with a dash; nothing for what is no such range."""
    start, dash, end = text.partition("-")
    return f"did you mean '{start.strip()}:{end.strip()}'?" if start and dash and end else ""
