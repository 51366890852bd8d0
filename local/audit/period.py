"""Which time `--from` and `--to` mean: instants, or days in UTC. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone

from local.usage import UsageError, instant

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def bounds(start: str | None, end: str | None) -> tuple[datetime | None, datetime | None]:
    """Return from when and until when calls are asked for, `end` exclusive, `None` where nothing is said.

    A day begins at its midnight in UTC, and as `end` it is asked for whole. Raises `UsageError`.
    """
    since = None if start is None else _read("--from", start, timedelta(0))
    until = None if end is None else _read("--to", end, timedelta(days=1))
    if since is not None and until is not None and until <= since:
        raise UsageError(f"--to {end!r} is not after --from {start!r}")
    return since, until


def _read(option: str, text: str, of_a_day: timedelta) -> datetime:
    """Read a time with an offset, or a day, of which the moment `of_a_day` is meant."""
    if not _DAY.fullmatch(text.strip()):
        return instant(option, text, "a day such as 2026-11-24, or a time such as")
    try:
        return datetime.combine(date.fromisoformat(text.strip()), time(), timezone.utc) + of_a_day
    except ValueError:
        raise UsageError(f"{option} {text!r} is no day of the calendar") from None
    except OverflowError:
        raise UsageError(f"{option} {text!r} is too near to the ends of the calendar") from None
