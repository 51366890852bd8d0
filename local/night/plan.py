"""What a night is to be: its targets, its span, and whom a person pauses when. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from handler.policy.model import Policy
from handler.policy.rules import Coverage, Rules
from handler.quiet_hours import QuietHours
from handler.quiet_hours.zone import local
from handler.target import KINDS, Kind, SdkAppId

BEFORE_DUSK = timedelta(minutes=30)
"""So long before quiet hours begin a night starts that nobody gave a start."""
_MORNING = timedelta(minutes=10)
"""So long after quiet hours it takes to see what is resumed."""
_AHEAD = timedelta(days=7)
_SHE_COMES_AT = 22
"""The hour of the first quiet hours' clock at which a person pauses something."""
_AN_HOUR = timedelta(hours=1)


class Member(NamedTuple):
    """A task or a campaign of the night, and what the policy says of it."""

    kind: Kind
    app: SdkAppId
    id: int
    name: str
    coverage: Coverage
    hours: QuietHours | None

    @property
    def key(self) -> tuple[SdkAppId, Kind, int]:
        """Application, kind and id."""
        return self.app, self.kind, self.id

    @property
    def label(self) -> str:
        """What the timeline calls it."""
        return f"{self.name} (campaign)" if self.kind == "campaign" else self.name

    def is_quiet(self, at: datetime, hours: QuietHours | None = None) -> bool:
        """Return whether its quiet hours hold, or others in their stead; not while it is exempt."""
        hours, until = hours or self.hours, self.coverage.exempt_until
        return hours is not None and not (until and at < until) and hours.is_quiet(at)


class Dusk(NamedTuple):
    """A beginning of quiet hours, and their end if they have one."""

    name: str
    zone: str
    begins: datetime
    ends: datetime | None


class Act(NamedTuple):
    """A person pauses a target."""

    at: datetime
    member: Member
    zone: str


@dataclass(frozen=True)
class Plan:
    """A night from `start` to `end`, with a wake-up `every` so often; `act` is `None` where nothing runs."""

    policy: Policy
    members: Sequence[Member]
    start: datetime
    end: datetime
    every: timedelta
    act: Act | None

    def wake_ups(self) -> Iterator[datetime]:
        """Yield when the function is woken: not on the minute, as no timer is."""
        at = self.start + self.every / 2
        while at < self.end:
            yield at
            at += self.every

    def turns(self) -> Iterator[datetime]:
        """Yield every instant at which quiet hours begin or end, also without their lead time."""
        for hours in _in_use(self.members).values():
            for each in (hours, hours.without_lead_time()):
                at = each.next_change(self.start)
                while at is not None and at < self.end:
                    yield at
                    at = each.next_change(at)
        exemptions = (each.coverage.exempt_until for each in self.members)
        yield from (at for at in exemptions if at and self.start < at < self.end)


def members(
    policy: Policy, targets: Mapping[Kind, Sequence[Mapping[str, Any]]], app: SdkAppId
) -> list[Member]:
    """Return the targets of a world with what the policy says of each."""
    rules, found = Rules(policy, app), []
    for kind in KINDS:
        for each in targets[kind]:
            of, id_, name = SdkAppId(each["sdk_app_id"]), each[f"{kind}_id"], each["name"]
            said = rules.decide(of, kind, id_, name)
            found.append(Member(kind, of, id_, name, said, policy.quiet_hours.get(said.quiet_hours or "")))
    return found


def planned(policy: Policy, among: Sequence[Member], start: datetime, hours: int, every: timedelta) -> Plan:
    """Return the plan of a night. Raises `OverflowError` at the ends of the calendar."""
    start = start.astimezone(timezone.utc)
    end = start + timedelta(hours=hours)
    return Plan(policy, among, start, end, every, _act(among, start, end))


def zone_of(hours: QuietHours) -> str:
    """Return the zone of quiet hours: their own, else that of the first interval that has one."""
    return hours.time_zone or next((each.zone.name for each in hours.quiet if each.zone), "UTC")


def dusks(among: Sequence[Member], start: datetime, end: datetime) -> list[Dusk]:
    """Return the beginnings of quiet hours from `start` to `end`, in their order."""
    found = []
    for name, hours in _in_use(among).items():
        for period in hours.periods(start, end):
            since = period.reason.since
            if period.quiet and since is not None and start <= since:
                found.append(Dusk(name, zone_of(hours), since, period.reason.until))
    return sorted(found, key=lambda each: each.begins)


def _in_use(among: Sequence[Member]) -> dict[str, QuietHours]:
    return {each.coverage.quiet_hours or "": each.hours for each in among if each.hours is not None}


def coming(among: Sequence[Member], now: datetime, hours: int) -> datetime:
    """Return when to start: shortly before the coming dusk after which the most quiet hours also end."""
    length = timedelta(hours=hours)
    now = now.replace(second=0, microsecond=0)
    best, most = now, 0
    found = dusks(among, now + BEFORE_DUSK, now + _AHEAD)
    for dusk in found:
        start = dusk.begins - BEFORE_DUSK
        end = start + length
        ended = [each for each in found if each.ends and each.ends + _MORNING < end]
        whole = {each.name for each in ended if start <= each.begins}
        if len(whole) > most and (not most or dusk.begins - found[0].begins < timedelta(days=1)):
            best, most = start, len(whole)
    return best


def _act(among: Sequence[Member], start: datetime, end: datetime) -> Act | None:
    """Return whom a person pauses and when.

    That is at 22:00 by the clock of the first quiet hours, one that still runs: if possible one whose own
    quiet hours are to come, since the function then finds it paused; else one that they do not apply to.
    Where nothing runs then, she comes before the quiet hours.
    """
    first = next(iter(dusks(among, start, end)), None)
    if first is None:
        return None
    at = _ten_in_the_evening(first)
    if at < end:
        running = [each for each in among if not each.is_quiet(at)]
        later = {each.name: each for each in reversed(dusks(among, at, end))}
        to_come = [each for each in running if each.coverage.quiet_hours in later]
        if chosen := _telling(to_come, later, end) or next(iter(running), None):
            return Act(at, chosen, first.zone)
    before = start + (first.begins - start) / 2
    alike = [each for each in among if each.coverage.quiet_hours == first.name]
    return Act(before, alike[-1], first.zone) if alike and start < before else None


def _ten_in_the_evening(dusk: Dusk) -> datetime:
    """Return 22:00 on the day of a dusk, an hour after it where that is not in its quiet hours."""
    at = local(dusk.begins, ZoneInfo(dusk.zone)).replace(
        hour=_SHE_COMES_AT, minute=0, second=0, microsecond=0
    )
    at = at.astimezone(dusk.begins.tzinfo)
    last = dusk.ends or dusk.begins + 2 * _AN_HOUR
    if dusk.begins < at < last:
        return at
    return dusk.begins + min(_AN_HOUR, (last - dusk.begins) / 2)


def _telling(among: Sequence[Member], later: Mapping[str, Dusk], end: datetime) -> Member | None:
    """Return a target whose morning is shown, if possible beside another one that is resumed then."""

    def tells(member: Member) -> tuple[bool, int]:
        name = member.coverage.quiet_hours or ""
        ends = later[name].ends
        shown = ends is not None and ends + _MORNING < end
        return shown, sum(each.coverage.quiet_hours == name for each in among)

    return max(among, key=tells, default=None)
