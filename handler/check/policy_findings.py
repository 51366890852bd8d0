"""What is worth knowing of a policy that has no faults: the time for the pauses, and its calendars. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil

from handler.quiet_hours import QuietHours
from handler.quiet_hours.lead_time import write_lead_time
from handler.report.check import Finding
from handler.report.entries import nouns
from handler.target import Kind, Target

_TIMER_SECONDS = 60
"""How long after the beginning of quiet hours a timer may come, as the function is deployed."""
_LONGEST_SECONDS = 86_000.0
"""Nearly a day, and the longest lead time."""
_NEVER = timedelta.min


def policy_findings(
    hours: Mapping[str, QuietHours], targets: Iterable[Target], per_second: float, at: datetime
) -> Iterator[Finding]:
    """Yield a warning for each thing that is valid and probably not intended. `targets` are to be paused."""
    kinds: dict[str, list[Kind | None]] = {}
    for target in targets:
        kinds.setdefault(target.quiet_hours, []).append(target.kind)
    for name, each in hours.items():
        if text := _too_short(each.lead_time, kinds.get(name, []), per_second):
            yield Finding("warning", "LeadTimeTooShort", f"quiet_hours.{name}: {text}", subject=name)
    notes = dict.fromkeys(note for each in hours.values() for note in each.notes(at))
    for note in notes:
        yield Finding("warning", "HolidayData", note, subject=note)
    for name, each in hours.items():
        for text in each.warnings(at, _NEVER):
            yield Finding("warning", "Policy", f"quiet_hours.{name} {text}", subject=f"{name} {text}")


def _too_short(lead_time: timedelta, kinds: Sequence[Kind | None], per_second: float) -> str | None:
    """Return why a lead time does not suffice to pause so many, unless it lacks less than a second."""
    count = len(kinds)
    seconds = min(count / per_second, _LONGEST_SECONDS)
    if seconds <= max(1.0, lead_time.total_seconds()):
        return None
    enough = write_lead_time(timedelta(seconds=_TIMER_SECONDS + ceil(seconds)))
    return (
        f"pausing its {count:,} {nouns(kinds)} takes {ceil(seconds)} s at {per_second:g} a second, and "
        f"lead_time is {write_lead_time(lead_time)}: calls may be started in quiet hours; "
        f"lead_time: {enough} is enough for a timer that comes every minute"
    )
