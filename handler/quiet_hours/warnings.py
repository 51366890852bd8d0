"""What is valid in quiet hours but most likely not meant. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from handler.quiet_hours.interval import MINUTE, Span
from handler.quiet_hours.notation.document import Placed
from handler.quiet_hours.notation.holidays import ending
from handler.quiet_hours.status import Reason
from handler.quiet_hours.timeline import Timeline
from handler.quiet_hours.zone import DAY, moment

# Long enough for a change of the clocks and for each season's dates.
_LOOK_AHEAD = 366 * DAY
_UNKNOWN = "comes no more as far as the holidays package knows; update it"
_OVER = "is over and never holds again"
_FIXED_ZONES = {"EST": "America/New_York", "MST": "America/Denver", "HST": "Pacific/Honolulu"}


def find_warnings(reason: Reason, placed: list[Placed], at: int, ahead: timedelta) -> Iterator[str]:
    """Yield a sentence for each thing that looks wrong from `at` on; `reason` is of that instant."""
    if reason.until is None:
        yield "is always quiet" if reason.quiet else "is never quiet"
    for place, interval in placed:
        if not isinstance(interval.rule, Span) and any(b - a <= MINUTE for a, b in interval.rule.times):
            yield f"{place}: {interval.text} lasts one minute"
        if not interval.holds(at) and Timeline([interval]).next_turn(at) is None:
            # A law's rule may end on a day that it names; its reader can do nothing about that.
            if interval.of_calendar or not place.startswith("preset "):
                yield f"{place}: {interval.text} {_UNKNOWN if interval.of_calendar else _OVER}"
        elif ends := ending(interval.source, moment(at).date(), ahead):
            yield f"{place}: {ends}"
        if interval.zone and interval.zone.name in _FIXED_ZONES:
            better = _FIXED_ZONES[interval.zone.name]
            yield f"{place}: {interval.zone.name} knows no summer time; {better} may be meant"


def swallows(base: Timeline, lead: int, at: int) -> bool:
    """Return whether `base` is open for no longer than `lead` anywhere in the year from `at` on."""
    start, limit = base.next_turn(at), at + _LOOK_AHEAD
    while start is not None and (end := base.next_turn(start)) is not None and end < limit:
        if end - start <= lead and base.holds(end):
            return True
        start = end
    return False
