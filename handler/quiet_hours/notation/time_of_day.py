"""Times of the day as people write them: `21:00-08:00`, `9:00-24:00`. Pure."""

from __future__ import annotations

from handler.quiet_hours.zone import DAY

Times = tuple[tuple[int, int], ...]
"""(start, end) in seconds from midnight; an end beyond the day is on the next one."""

_HOUR = 3600
_MINUTE = 60
_NOON = 12


def read_time(text: object) -> int:
    """Read `21:00`, `9:00` or `24:00` as seconds from midnight; ValueError says what is wanted instead."""
    if not isinstance(text, str):
        raise ValueError(_no_text(text))
    hour, colon, minute = text.strip().partition(":")
    if not (_digits(hour, 1, 2) and colon and _digits(minute, 2, 2)):
        raise ValueError(f"{text!r} is not a time: {_hint(text.strip())}")
    seconds = int(hour) * _HOUR + int(minute) * _MINUTE
    if int(minute) >= 60 or seconds > 2 * DAY:  # noqa: PLR2004 - minutes
        raise ValueError(f"{text!r} is not a time: a day runs from 00:00 to 24:00")
    if seconds > DAY:
        hint = f"past midnight write '{clock(seconds)}'"
        raise ValueError(f"{text!r} is not a time: a day runs from 00:00 to 24:00; {hint}")
    return seconds


def read_times(text: object) -> tuple[int, int]:
    """Read `21:00-08:00`; an end before the start is on the next day.

    ValueError says what is wanted instead.
    """
    if not isinstance(text, str):
        raise ValueError(f"times are a text such as '21:00-08:00', not {text!r}")
    plain = tidy(text)
    start, dash, end = plain.partition("-")
    if not start or not dash or not end or "-" in end:
        raise ValueError(f"{text!r} is not a time range: write it as '21:00-08:00'")
    if _digits(start, 1, 2) and _digits(end, 1, 2):
        raise ValueError(f"{text!r} has no minutes; did you mean '{int(start):02}:00-{int(end):02}:00'?")
    return between(read_time(start), read_time(end))


def between(start: int, end: int) -> tuple[int, int]:
    """Return the range from `start` to `end`, which is on the next day if it is not later.

    ValueError if they are equal, or if it starts at 24:00.
    """
    if start == end:
        raise ValueError(
            f"'{clock(start)}-{clock(end)}' starts and ends at the same time;"
            " write '00:00-24:00' for a whole day"
        )
    if start == DAY:
        raise ValueError(
            "24:00 is the end of a day, nothing starts there;"
            f" write '00:00-{clock(end)}' and name the next day"
        )
    return start, end if end > start else end + DAY


def merged(ranges: list[tuple[int, int]]) -> Times:
    """Return the same times sorted, with those that touch or overlap made one where a day is not exceeded."""
    times: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if times and start <= times[-1][1] and max(end, times[-1][1]) - times[-1][0] <= DAY:
            times[-1] = (times[-1][0], max(end, times[-1][1]))
        else:
            times.append((start, end))
    return tuple(times)


def clock(seconds: int) -> str:
    """Return seconds from midnight as `21:00`; of a time on the next day, what the clock then reads."""
    if seconds > DAY:
        seconds -= DAY
    return f"{seconds // _HOUR:02}:{seconds % _HOUR // _MINUTE:02}"


def tidy(text: str) -> str:
    """Return the text with typographic dashes made plain, and no blanks around dashes and commas."""
    for dash in "\u2013\u2014\u2212":
        text = text.replace(dash, "-")
    text = " ".join(text.split())
    for mark in ("-", ","):
        text = text.replace(f" {mark}", mark).replace(f"{mark} ", mark)
    return text


def _digits(text: str, least: int, most: int) -> bool:
    return least <= len(text) <= most and text.isascii() and text.isdigit()


def _no_text(value: object) -> str:
    # YAML 1.1 reads 21:00 without quotes as a number in base sixty.
    if isinstance(value, int) and not isinstance(value, bool) and _MINUTE <= value <= 24 * _MINUTE:
        return f"{value} is not a time; if it was written {clock(value * _MINUTE)}, put that in quotes"
    return f"a time is a text such as '21:00', not {value!r}"


def _hint(text: str) -> str:
    parts = text.lower().split(":")
    if len(parts) == len(("h", "m", "s")) and all(_digits(part, 1, 2) for part in parts):
        better = "24:00" if text == "23:59:59" else ":".join(parts[:2])
        return f"quiet hours know no seconds; write '{better}'"
    better = _twelve_hours(parts) or _no_colon(text)
    return f"did you mean '{better}'?" if better else "write it as '21:00'"


def _twelve_hours(parts: list[str]) -> str:
    """Return 9pm or 9:30 pm as hours of the day; nothing for what is not that."""
    half = parts[-1][-2:]
    hour, *minute = [*parts[:-1], parts[-1][:-2].strip()]
    if half not in {"am", "pm"} or not _digits(hour, 1, 2) or not 1 <= int(hour) <= _NOON:
        return ""
    return f"{int(hour) % _NOON + (_NOON if half == 'pm' else 0):02}:{minute[0] if minute else '00'}"


def _no_colon(text: str) -> str:
    """Return 2100, 21 or 21.00 with its colon; nothing for what is not that."""
    if _digits(text, 4, 4):
        return f"{text[:2]}:{text[2:]}"
    if _digits(text, 1, 2):
        return f"{int(text):02}:00"
    return text.replace(".", ":") if text.count(".") == 1 and _digits(text.replace(".", ""), 3, 4) else ""
