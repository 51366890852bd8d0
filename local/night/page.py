"""A night for a person and for other programs: the timeline, the count of calls, how it ended. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from handler.output.redaction import clean
from handler.policy.entries import NONE
from handler.quiet_hours.lead_time import write_lead_time
from handler.quiet_hours.status import when
from handler.quiet_hours.zone import local
from handler.report.entries import written_instant
from handler.target import State
from local.night.plan import Member, Plan, zone_of
from local.night.run import CALLS_PER_MINUTE, Happening, Night, What
from local.screen import table

_SHOWN = 5
"""Violations; they are many when there are any."""
_WORDS: dict[What, tuple[str, str]] = {
    "paused": ("paused", "cyan"),
    "found_paused": ("left alone", ""),
    "person_paused": ("a person pauses", "bold yellow"),
    "resumed": ("resumed", "green"),
    "left_paused": ("left paused", "yellow"),
    "failed": ("FAILED", "red"),
}


def page(plan: Plan, night: Night, policy: str) -> Iterator[str | Text | Table]:
    """Yield the heading, the timeline and the sums."""
    yield heading(plan, night, policy)
    yield ""
    yield _timeline(plan, night)
    yield ""
    if plan.act is None:
        yield "Nobody pauses anything: no quiet hours of a target begin in this time."
    yield _calls(night)
    yield from (f"{label}: {clean(', '.join(who))}" for label, who in _endings(plan, night).items())
    yield from _audited(night)


def _audited(night: Night) -> Iterator[str]:
    """Yield what the function's audit found, in a line, and the first violations, each with its reason."""
    found = night.audit
    yield f"Audit of the call records: {found.verdict()}."
    yield from (f"  {clean(each.sentence())}" for each in found.violations[:_SHOWN])
    more = len(found.violations) - _SHOWN
    yield from [f"  and {more:,} more"] * (more > 0)
    yield from () if found.complete else (clean(each) for each in found.remarks())


def heading(plan: Plan, night: Night, policy: str) -> Table:
    """Return what was simulated."""
    skipped = night.wake_ups - night.ran
    how = f"; {skipped:,} of them could change nothing and were skipped" if skipped else ""
    lines = table("", "")
    lines.show_header = False
    lines.add_row("Policy", policy)
    lines.add_row("From", f"{_long(plan.start)} UTC")
    lines.add_row("To", f"{_long(plan.end)} UTC")
    lines.add_row("World", "an emulated CCC, a ledger in a folder, a clock that runs fast")
    lines.add_row("Wake-ups", f"{night.wake_ups:,}, one every {write_lead_time(plan.every)}{how}")
    return lines


def document(plan: Plan, night: Night, policy: str) -> dict[str, Any]:
    """Return the night for other programs."""
    return {
        "policy": policy,
        "from": written_instant(plan.start),
        "to": written_instant(plan.end),
        "every_seconds": round(plan.every.total_seconds()),
        "wake_ups": night.wake_ups,
        "wake_ups_run": night.ran,
        "wake_ups_failed": night.failed,
        "timeline": [
            {
                "time": written_instant(each.at),
                "event": each.what,
                "quiet_hours": _hours_of(each),
                "time_zone": _zone(plan, each),
                "targets": [_target(member) for member in each.members],
                "reason": _why(each) or None,
            }
            for each in night.happenings
        ],
        "calls": {
            "per_minute": CALLS_PER_MINUTE,
            "in_quiet_hours": night.calls.quiet,
            "in_lead_time": night.calls.lead,
        },
        "audit": {
            "status": night.audit.status,
            "calls": night.audit.counts.calls,
            "violations": len(night.audit.violations),
            "text": clean(night.audit.text()),
        },
        "at_the_end": [_target(each) | {"state": _state(night, each)} for each in plan.members],
    }


def _timeline(plan: Plan, night: Night) -> Table:
    rows = table("UTC", "THERE", "WHAT")
    rows.add_column("WHO", overflow="fold")
    rows.add_column("WHY", overflow="fold")
    for each in night.happenings:
        what, style = _WORDS[each.what]
        zone = _zone(plan, each)
        there = f"{_short(each.at, zone)} {zone}" if zone else ""
        who = clean(", ".join(member.label for member in each.members)) or "-"
        rows.add_row(_short(each.at), there, Text(what, style), Text(who), Text(clean(_why(each))))
    return rows


def _why(each: Happening) -> str:
    if each.what == "found_paused":
        return "it was paused already, so the function will not resume it"
    if each.why or each.what == "person_paused":
        return each.why
    return _sentence(each.members[0], each.at)


def _sentence(member: Member, at: datetime) -> str:
    """Return what the quiet hours of a target say at a moment, `default: quiet until …`."""
    name, until = member.coverage.quiet_hours or "", member.coverage.exempt_until
    if member.hours is None:
        return ""
    if until and at < until:
        return f"{name}: exempt until {when(until, at, zone_of(member.hours))}"
    status = member.hours.status(name, at)
    state = "quiet" if status.quiet else "not quiet"
    until = status.until
    return (
        f"{name}: {state} until {when(until, at, status.time_zone)}" if until else f"{name}: {state} for ever"
    )


def _calls(night: Night) -> str:
    """Return how many calls were started in quiet hours, as a sentence."""
    quiet, lead = night.calls
    text = f"Calls started in quiet hours: {quiet:,}"
    if lead:
        text += f". In the lead time before them, until the function was woken: {lead:,}"
    return f"{text}. (Each running task and campaign starts {CALLS_PER_MINUTE} a minute.)"


def _endings(plan: Plan, night: Night) -> dict[str, list[str]]:
    """Return the targets by how they stand at the end."""
    found: dict[str, list[str]] = {}
    for each in plan.members:
        said, name, state = each.coverage.quiet_hours, each.label, _state(night, each)
        ran = state == State.RUNNING.value  # a person may have paused what the function leaves alone
        if ran and said is None:
            found.setdefault("Ran all the time, since no rule of the policy covers it", []).append(name)
        elif ran and said == NONE:
            found.setdefault("Ran all the time, since it has no quiet hours", []).append(name)
        elif each.is_quiet(plan.end) and state == State.PAUSED.value:
            found.setdefault("Paused at the end, since it is quiet", []).append(name)
        else:
            found.setdefault(f"{state.capitalize()} at the end", []).append(name)
    return found


def _state(night: Night, member: Member) -> str:
    state = night.states[member.key]
    return state.value if state else "unknown"


def _target(member: Member) -> dict[str, Any]:
    return {"kind": member.kind, "sdk_app_id": member.app, "id": member.id, "name": member.name}


def _hours_of(each: Happening) -> str | None:
    return each.members[0].coverage.quiet_hours if each.members else None


def _zone(plan: Plan, each: Happening) -> str | None:
    """Return the zone of the people concerned; of what a person does, the zone whose evening it is."""
    if each.what == "person_paused" and plan.act:
        return plan.act.zone
    hours = each.members[0].hours if each.members else None
    return zone_of(hours) if hours else None


def _short(at: datetime, zone: str = "UTC") -> str:
    return f"{local(at, ZoneInfo(zone)):%a %H:%M}"


def _long(at: datetime) -> str:
    utc = local(at, timezone.utc)
    return f"{utc:%a} {utc.date().isoformat()} {utc:%H:%M}"
