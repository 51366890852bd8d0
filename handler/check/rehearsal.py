"""When a rehearsal is due: in the hour before quiet hours begin, once with success. Pure."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from handler.quiet_hours.status import QuietStatus, span, when
from handler.target import Target

_AHEAD = timedelta(hours=1)


def about_to_begin(tasks: Iterable[Target], status: Callable[[str], QuietStatus]) -> list[QuietStatus]:
    """Return the statuses of the quiet hours that begin within the hour, the next one first.

    `status` says what quiet hours say now. Those of tasks that are exempt beyond the beginning do not count.
    """
    found: dict[str, QuietStatus] = {}
    for task in tasks:
        now = found.get(task.quiet_hours) or status(task.quiet_hours)
        begins = None if now.quiet else now.until
        if begins and begins - now.now <= _AHEAD and not (task.exempt_until and task.exempt_until > begins):
            found[task.quiet_hours] = now
    return sorted(found.values(), key=lambda each: each.until or each.now)


def occasion(coming: list[QuietStatus]) -> str:
    """Return how the text of a rehearsal begins: `Rehearsal, 52 min before the quiet hours …`."""
    first = coming[0]
    at = first.until or first.now
    more = f" (and {len(coming) - 1} more)" if len(coming) > 1 else ""
    return (
        f"Rehearsal, {span(at - first.now)} before the quiet hours {first.name!r} begin at "
        f"{when(at, first.now, first.time_zone)} in {first.time_zone}{more}"
    )
