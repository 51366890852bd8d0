"""How much earlier quiet begins, as people write it: `2m`, `90s`, `1h30m`, `PT2M`. Pure."""

from __future__ import annotations

from datetime import timedelta

from handler.errors.sentences import shortened

_UNITS = {"h": 3600, "m": 60, "s": 1}
_DAY = timedelta(days=1)
_DAY_SECONDS = 86_400
_LONGEST, _LONGEST_NUMBER = 100, 5


def read_lead_time(value: object) -> timedelta:
    """Read a length of less than a day in whole seconds; ValueError says what is wanted instead."""
    if value == 0 and not isinstance(value, bool):
        return timedelta(0)
    length = value if isinstance(value, timedelta) else _read(value)
    if not timedelta(0) <= length < _DAY:
        raise ValueError(
            f"{_shown(value)} is out of range: a lead time is less than 24 hours, and not negative"
        )
    if length.microseconds:
        raise ValueError(f"{_shown(value)} has a fraction of a second; write whole seconds")
    return length


def write_lead_time(length: timedelta) -> str:
    """Return the form that `read_lead_time` reads: `1h30m`, `0s`."""
    seconds, parts = length.days * _DAY_SECONDS + length.seconds, ""
    for unit, size in _UNITS.items():
        count, seconds = divmod(seconds, size)
        parts += f"{count}{unit}" if count else ""
    return parts or "0s"


def _read(value: object) -> timedelta:
    if isinstance(value, str) and len(value) <= _LONGEST:
        text = value.strip().lower().removeprefix("pt")
        total, count, left = 0, None, list(_UNITS)
        for sign in text:
            if sign in left and count is not None:
                total, count, left = total + count * _UNITS[sign], None, left[left.index(sign) + 1 :]
            elif sign.isascii() and sign.isdigit():
                count = min((count or 0) * 10 + int(sign), _DAY_SECONDS)  # more is out of range anyhow
            else:
                break
        else:
            if text and count is None:
                return timedelta(seconds=total)
    known = str(value).isdigit() and len(str(value)) <= _LONGEST_NUMBER
    hint = f"; did you mean '{value}s' or '{value}m'?" if known else ""
    raise ValueError(f"{_shown(value)} is not a length of time{hint or '; write it as 2m, 90s or 1h30m'}")


def _shown(value: object) -> str:
    return (
        write_lead_time(value)
        if isinstance(value, timedelta) and value >= timedelta(0)
        else shortened(repr(value), 80)
    )
