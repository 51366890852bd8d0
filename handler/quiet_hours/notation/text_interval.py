"""An interval in one line: `Mon-Fri 21:00-08:00 Europe/Berlin`, or an absolute span. Pure."""

from __future__ import annotations

import re
from datetime import datetime

from handler.quiet_hours.day_masks import Days
from handler.quiet_hours.interval import DayRule, Interval, Span
from handler.quiet_hours.notation.time_of_day import merged, read_times, tidy
from handler.quiet_hours.notation.weekdays import NAMES, SHORT, read_weekdays, weekday_mask
from handler.quiet_hours.zone import Zone, instant, read_zone

_INSTANT = r"\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):\d\d(:\d\d(\.\d{3})?)?(Z|[+-]\d\d:\d\d)?"
_LONGEST = 1_000
NO_ZONE = (
    "has no time zone, and the document has no `time_zone` either; write time_zone: UTC if that is meant"
    " (Alertmanager would silently take UTC)"
)


def read_compact(text: str, default: Zone | None) -> Interval:
    """Read `[weekdays] HH:MM-HH:MM[,HH:MM-HH:MM] [zone]` or `<instant>/<instant>`.

    `default` is the zone of the document. ValueError says what is wrong and which form may be meant.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"{text!r} is too long for an interval; write several, as entries of their own")
    plain = tidy(text)
    if not plain:
        raise ValueError("an interval is missing here; write one such as '21:00-08:00'")
    if plain[:4].isdigit() and plain[4:5] == plain[7:8] == "-":
        return Interval(text, None, read_span(plain))
    if ";" in plain:
        raise ValueError(f"{text!r} is several intervals; write each as an entry of its own")
    words = plain.split()
    _check_days(text, words[0])
    days = "" if words[0][0].isdigit() else words.pop(0)
    if not words:
        raise ValueError(_no_times(text, days))
    times, *rest = words
    _check_order(text, days, times, rest)
    ranges = [read_times(part) for part in times.split(",")]
    zone = read_zone(rest[0]) if rest else default
    picks = tuple(pick for part in days.split(",") for pick in read_weekdays(part)) if days else ()
    if zone is None:
        raise ValueError(f"{text!r} {NO_ZONE}")
    masks = (weekday_mask(picks),) if picks else ()
    return Interval(text, zone, DayRule(Days(masks), merged(ranges)), picks)


def read_span(text: str) -> Span:
    """Read `2026-11-26T18:00:00-05:00/2026-11-27T09:00:00-05:00`; ValueError says what is wrong."""
    start, slash, end = text.partition("/")
    if not slash or "/" in end:
        raise ValueError(
            f"{text!r} is not a span; write '2026-11-26T18:00:00-05:00/2026-11-27T09:00:00-05:00',"
            " or a day as {dates: ['2026-11-26']}"
        )
    span = Span(_end_of_span(start.strip()), _end_of_span(end.strip()))
    if span.start >= span.end:
        raise ValueError(f"{text!r} ends before it starts" if span.start > span.end else f"{text!r} is empty")
    return span


def _end_of_span(text: str) -> int:
    try:
        # What `fromisoformat` takes differs between the versions of Python; 3.10 does not read the Z.
        shape = re.fullmatch(_INSTANT, text, re.ASCII)
        at = datetime.fromisoformat(text.replace("Z", "+00:00") if shape else "")
    except ValueError:
        raise ValueError(f"{text!r} is not an instant; write it as '2026-11-26T18:00:00-05:00'") from None
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no offset; write it as '2026-11-26T18:00:00-05:00'")
    if at.microsecond:
        raise ValueError(f"{text!r} has a fraction of a second; write whole seconds")
    return instant(at)


def _no_times(text: str, days: str) -> str:
    for part in days.split(","):
        read_weekdays(part)
    return f"{text!r} has no times; write '{days} 00:00-24:00' for whole days"


def _check_days(text: str, word: str) -> None:
    """Refuse a first word that is neither days nor times, with the form that may be meant."""
    if not word[0].isalnum():
        raise ValueError(f"{text!r} is not an interval; {_FORM}")
    for mark in ",-":
        days, found, times = word.partition(mark)
        while found and not times[:1].isdigit():
            more, found, times = times.partition(mark)
            days += mark + more
        if found and days[0].isalpha() and "#" not in days:
            raise ValueError(f"{text!r} has a mark between days and times; did you mean '{days} {times}'?")


def _check_order(text: str, days: str, times: str, rest: list[str]) -> None:
    """Refuse what is not days, times, zone in this order, with the form that may be meant."""
    lead = f"{days} " if days else ""
    if not times[0].isdigit():
        hint = f"write '{days},{times} {rest[0]}'" if rest and _are_days(days, times) else _FORM
        raise ValueError(f"{text!r} has no times after its weekdays; {hint}")
    if not rest:
        return
    if _are_days(*rest):
        raise ValueError(f"{text!r} has its weekdays at the end; did you mean '{','.join(rest)} {times}'?")
    if any(_are_days(part) for word in (times, *rest) for part in word.replace(",", "-").split("-")):
        raise ValueError(f"{text!r} names several days and times; {_split(days, times, rest)}")
    if rest[0].partition("-")[0].lower() in {"am", "pm"}:
        raise ValueError(f"{text!r}: write the hours of the day from 0 to 24, as in '21:00-08:00'")
    if rest[0][0].isdigit():
        raise ValueError(f"{text!r} has several times; did you mean '{lead}{','.join([times, *rest])}'?")
    if len(rest) > 1:
        zone = read_zone("_".join(rest))
        raise ValueError(f"{text!r} has a blank in its zone; did you mean '{lead}{times} {zone.name}'?")


_FORM = "write it as '21:00-08:00' or 'Mon-Fri 21:00-08:00 Europe/Berlin'"
_DAYS = {name: day for day, name in enumerate(NAMES)} | {name.lower(): day for day, name in enumerate(SHORT)}


def _are_days(*words: str) -> bool:
    parts = [part.lower() for word in words for part in word.replace("-", ",").split(",")]
    return all(part in _DAYS or part in {"weekdays", "weekends"} for part in parts)


def _split(days: str, times: str, rest: list[str]) -> str:
    """Suggest how to write `Fri 21:00-Mon 08:00`, an interval from one day into another."""
    start, _, last = times.partition("-")
    if days.lower() not in _DAYS or last.lower() not in _DAYS:
        return "write each as an entry of its own"
    first = _DAYS[days.lower()]
    length = (_DAYS[last.lower()] - first) % 7
    if length == 1:
        return f"did you mean '{days} {start}-{rest[0]}'?"
    between = ",".join(SHORT[(first + day) % 7] for day in range(1, length or 7))
    return f"write '{days} {start}-24:00', '{between} 00:00-24:00' and '{last} 00:00-{rest[0]}'"
