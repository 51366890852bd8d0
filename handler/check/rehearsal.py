"""When a rehearsal is due: in the hour before quiet hours begin, once with success. Pure."""

from collections.abc import Iterable
from datetime import timedelta

from handler.quiet_hours.status import QuietStatus, span, when

_AHEAD = timedelta(hours=1)
TIMERS = frozenset({"timer", "schedule"})
"""The triggers that come by themselves, of which one is sure to come before quiet hours begin."""


def about_to_begin(statuses: Iterable[QuietStatus]) -> list[QuietStatus]:
    """Return the statuses of the quiet hours that begin within the hour, the next one first."""
    found = [each for each in statuses if not each.quiet and each.until and each.until - each.now <= _AHEAD]
    return sorted(found, key=lambda each: each.until or each.now)


def occasion(coming: list[QuietStatus]) -> str:
    """Return how the text of a rehearsal begins: `Rehearsal, 52 min before the quiet hours …`."""
    first = coming[0]
    at = first.until or first.now
    more = f" (and {len(coming) - 1} more)" if len(coming) > 1 else ""
    return (
        f"Rehearsal, {span(at - first.now)} before the quiet hours {first.name!r} begin at "
        f"{when(at, first.now, first.time_zone)} in {first.time_zone}{more}"
    )
