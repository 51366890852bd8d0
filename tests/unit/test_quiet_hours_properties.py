"""The engine against an oracle that walks the local clock minute by minute and shares no code with it.

`HYPOTHESIS_PROFILE=deep` looks at every transition of every zone from 2020 to 2037 and at more examples.
"""

from __future__ import annotations

import calendar
import json
import os
import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler.quiet_hours import QuietHours

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
UTC = timezone.utc
MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
# "Factory" and "localtime" are no places: the engine refuses them.
ZONES = sorted(available_timezones() - {"Factory", "localtime"})
NAMES = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
MONTHS = ["January", "February", "March", "April", "May", "June"]
MONTHS += ["July", "August", "September", "October", "November", "December"]


# The oracle


@dataclass(frozen=True)
class Rule:
    """An interval as plain data; `times` in minutes of the day, other fields None when they do not matter."""

    zone: str
    times: tuple[tuple[int, int], ...]
    weekdays: tuple[int, ...] | None = None
    nth: tuple[int, int] | None = None
    month_days: tuple[int, int] | None = None
    months: tuple[int, ...] | None = None
    years: tuple[int, int] | None = None
    dates: tuple[date, date] | None = None


def nth_weekday(day: date, weekday: int, nth: int) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    alike = [d for d in range(1, last + 1) if date(day.year, day.month, d).weekday() == weekday]
    return -len(alike) <= nth <= len(alike) and alike[nth - 1 if nth > 0 else nth] == day.day


def begins_on(rule: Rule, day: date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    if rule.weekdays is not None and day.weekday() not in rule.weekdays:
        return False
    if rule.nth is not None and not nth_weekday(day, *rule.nth):
        return False
    if rule.month_days is not None:
        first, final = (d if d > 0 else last + 1 + d for d in rule.month_days)
        if not first <= day.day <= final:
            return False
    if rule.months is not None and day.month not in rule.months:
        return False
    if rule.years is not None and not rule.years[0] <= day.year <= rule.years[1]:
        return False
    return rule.dates is None or rule.dates[0] <= day <= rule.dates[1]


def rule_holds(rule: Rule, at: datetime) -> bool:
    wall = at.astimezone(ZoneInfo(rule.zone))
    minute, today = wall.hour * 60 + wall.minute, wall.date()
    for start, end in rule.times:
        if start < end and start <= minute < end and begins_on(rule, today):
            return True
        if start > end and minute >= start and begins_on(rule, today):
            return True
        if start > end and minute < end and begins_on(rule, today - DAY):
            return True
    return False


@dataclass(frozen=True)
class Policy:
    quiet: tuple[Rule, ...]
    opening: tuple[Rule, ...] = ()
    lead: int = 0
    """In minutes."""

    def states(self, start: datetime, count: int, step: timedelta = MINUTE) -> list[bool]:
        """Whether it is quiet at `start` and each step after it; the lead is a number of steps."""
        ahead = self.lead * MINUTE // step
        base = [
            any(rule_holds(rule, at) for rule in self.quiet)
            and not any(rule_holds(rule, at) for rule in self.opening)
            for at in (start + step * index for index in range(count + ahead))
        ]
        return [any(base[index : index + ahead + 1]) for index in range(count)]


# The same as documents


def hhmm(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def document(rule: Rule) -> Any:
    times = [f"{hhmm(start)}-{hhmm(end)}" for start, end in rule.times]
    if not (rule.nth or rule.month_days or rule.months or rule.years or rule.dates):
        days = ",".join(NAMES[day] for day in rule.weekdays) + " " if rule.weekdays is not None else ""
        return f"{days}{','.join(times)} {rule.zone}"
    found: dict[str, Any] = {"location": rule.zone, "times": times}
    if rule.weekdays is not None:
        found["weekdays"] = [NAMES[day].lower() for day in rule.weekdays]
    if rule.nth:
        found["weekdays"] = [f"{NAMES[rule.nth[0]]}#{rule.nth[1]}"]
    if rule.month_days:
        found["days_of_month"] = ["{}:{}".format(*rule.month_days)]
    if rule.months:
        found["months"] = [MONTHS[month - 1] for month in rule.months]
    if rule.years:
        found["years"] = ["{}:{}".format(*rule.years)]
    if rule.dates:
        found["dates"] = [f"{rule.dates[0]}:{rule.dates[1]}"]
    return found


def hours(policy: Policy) -> QuietHours:
    read = QuietHours.model_validate(
        {
            "quiet": [document(rule) for rule in policy.quiet],
            "except": [document(rule) for rule in policy.opening],
            "lead_time": f"{policy.lead}m",
        }
    )
    assert isinstance(read, QuietHours)
    return read


# Agreement


def assert_alike(policy: Policy, start: datetime, count: int, step: timedelta = MINUTE) -> None:
    """Ask the engine at every step, and let it walk from turn to turn: both must be what the oracle saw."""
    engine, expected = hours(policy), policy.states(start, count, step)
    found = [engine.is_quiet(start + step * index) for index in range(count)]
    assert found == expected, policy
    turns = [start + step * i for i in range(1, count) if expected[i] != expected[i - 1]]
    at, walked = start, []
    while (turn := engine.next_change(at)) is not None and turn < start + step * count:
        walked.append(turn)
        at = turn
    assert walked == turns, policy


def transitions(zone: str, first: int, last: int) -> list[datetime]:
    """Find by bisection every instant from which another offset holds."""
    info, found = ZoneInfo(zone), []
    at, end = datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC)
    while at < end:
        low, high = at, at + DAY
        before = low.astimezone(info).utcoffset()
        if high.astimezone(info).utcoffset() != before:
            while high - low > MINUTE:
                middle = low + (high - low) // MINUTE // 2 * MINUTE
                low, high = (middle, high) if middle.astimezone(info).utcoffset() == before else (low, middle)
            found.append(high)
        at += DAY
    return found


def rules_around(at: datetime, zone: str, chance: random.Random) -> list[Rule]:
    """Make intervals whose ends lie about what the wall clock reads before and after a transition."""
    info, rules = ZoneInfo(zone), []
    for _ in range(3):
        wall = [(at + chance.choice([-MINUTE, MINUTE])).astimezone(info) for _ in range(2)]
        minutes = [
            (w.hour * 60 + w.minute) // 15 * 15 + chance.choice([-90, -60, -30, -15, 0, 15, 30, 60])
            for w in wall
        ]
        start, end = (minute % 1440 for minute in minutes)
        days = {wall[0].weekday(), (wall[0] - DAY).weekday()} if chance.random() < 0.5 else set(range(7))
        rules.append(
            Rule(zone, ((start, end if end != start else (start + 45) % 1440),), tuple(sorted(days)))
        )
    return rules


def check_transition(at: datetime, zone: str, seed: str) -> None:
    chance = random.Random(f"{zone} {at} {seed}")  # noqa: S311 - no secret
    first, second, third = rules_around(at, zone, chance)
    opening = (third,) if chance.random() < 0.4 else ()
    lead = chance.choice([0, 0, 2, 15, 45, 90])
    assert_alike(Policy((first, second), opening, lead), at - timedelta(minutes=100), 230)


@pytest.mark.parametrize("part", range(8))
def test_every_zone_is_quiet_as_its_wall_clock_reads_around_its_transitions(part: int) -> None:
    for index, zone in enumerate(ZONES):
        if index % 8 != part:
            continue
        year = 2020 + index % 18
        found = transitions(zone, 2020, 2037) if DEEP else transitions(zone, year, year)
        chosen = found if DEEP else found[:1]
        for at in chosen or [datetime(year, 1 + index % 12, 1 + index % 28, 12, tzinfo=UTC)]:
            check_transition(at, zone, "0")


@pytest.mark.parametrize(
    ("zone", "around"),
    [
        pytest.param("America/New_York", "2026-03-08T07:00Z", id="an hour skipped at two"),
        pytest.param("America/New_York", "2026-11-01T06:00Z", id="an hour repeated at two"),
        pytest.param("Australia/Lord_Howe", "2026-04-04T15:00Z", id="half an hour repeated"),
        pytest.param("Australia/Lord_Howe", "2026-10-03T15:30Z", id="half an hour skipped"),
        pytest.param("America/Havana", "2026-03-08T05:00Z", id="midnight skipped"),
        pytest.param("America/Havana", "2026-11-01T05:00Z", id="the hour after midnight repeated"),
        pytest.param("Africa/Cairo", "2026-04-23T22:00Z", id="the first hour of a Friday skipped"),
        pytest.param("America/Santiago", "2026-04-05T03:00Z", id="the last hour of a day repeated"),
        pytest.param("Asia/Gaza", "2031-01-05T23:00Z", id="many transitions a year"),
        pytest.param("Pacific/Apia", "2011-12-30T10:00Z", id="a whole day skipped"),
        pytest.param("Africa/Juba", "2021-01-31T21:00Z", id="an offset changed for good"),
    ],
)
@pytest.mark.parametrize("seed", range(20 if DEEP else 4))
def test_odd_transitions(zone: str, around: str, seed: int) -> None:
    at = datetime.fromisoformat(around.replace("Z", "+00:00"))
    check_transition(at, zone, str(seed))


TIMES = st.tuples(st.integers(0, 95), st.integers(0, 96)).filter(lambda pair: pair[0] != pair[1])
TIMES = TIMES.filter(lambda pair: (pair[0], pair[1]) != (0, 0)).map(lambda pair: (pair[0] * 15, pair[1] * 15))


@st.composite
def rules(draw: st.DrawFn, *, dated: bool) -> Rule:
    times = tuple(draw(st.lists(TIMES, min_size=1, max_size=3)))
    zone = draw(st.sampled_from(ZONES))
    weekdays = draw(st.none() | st.sets(st.integers(0, 6), min_size=1).map(lambda s: tuple(sorted(s))))
    if not dated:
        return Rule(zone, times, weekdays)
    kind = draw(st.sampled_from(["nth", "month_days", "months", "years", "dates", "both"]))
    day = draw(st.dates(date(2020, 1, 1), date(2037, 12, 31)))
    months = tuple(sorted(draw(st.sets(st.integers(1, 12), min_size=1, max_size=6))))
    first = draw(st.integers(-28, 28).filter(bool))
    month_days = (first, -1 if first < 0 else 28)
    if kind == "nth":
        return Rule(
            zone, times, nth=(draw(st.integers(0, 6)), draw(st.sampled_from([1, 2, 4, 5, -1, -2, -5])))
        )
    if kind == "dates":
        return Rule(zone, times, dates=(day, day + DAY * draw(st.integers(0, 9))))
    return Rule(
        zone,
        times,
        weekdays,
        month_days=month_days if kind in {"month_days", "both"} else None,
        months=months if kind in {"months", "both"} else None,
        years=(day.year, day.year + draw(st.integers(0, 2))) if kind == "years" else None,
    )


POLICIES = st.builds(
    Policy,
    st.lists(rules(dated=False) | rules(dated=True), min_size=1, max_size=4).map(tuple),
    st.lists(rules(dated=False) | rules(dated=True), max_size=2).map(tuple),
    st.sampled_from([0, 0, 15, 60, 180]),
)
STARTS = st.datetimes(datetime(2020, 1, 1), datetime(2037, 11, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda at: at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
)
quickly = settings(
    max_examples=1000 if DEEP else 25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@quickly
@given(POLICIES, STARTS)
def test_any_policy_is_quiet_as_the_wall_clock_reads(policy: Policy, start: datetime) -> None:
    assert_alike(policy, start, 96 * 8, QUARTER)


@quickly
@given(POLICIES, STARTS)
def test_the_next_change_is_a_change_and_none_comes_before_it(policy: Policy, start: datetime) -> None:
    engine = hours(policy)
    turn = engine.next_change(start)
    if turn is not None:
        assert engine.is_quiet(turn) != engine.is_quiet(turn - timedelta(microseconds=1))
        assert engine.is_quiet(turn - timedelta(microseconds=1)) == engine.is_quiet(start)
    horizon = min(turn or start + 400 * DAY, start + 400 * DAY)
    chance = random.Random(str(start))  # noqa: S311 - no secret
    steps = [start + QUARTER * chance.randrange(max(1, (horizon - start) // QUARTER)) for _ in range(40)]
    assert {policy.states(at, 1, QUARTER)[0] for at in steps} == {engine.is_quiet(start)}


@quickly
@given(POLICIES, STARTS)
def test_a_reason_names_a_rule_that_holds_and_the_period_it_is_in(policy: Policy, start: datetime) -> None:
    engine = hours(policy)
    reason = engine.reason(start)
    assert reason.quiet == engine.is_quiet(start)
    assert reason.until == engine.next_change(start)
    if reason.since is not None:
        assert reason.since <= start
        assert engine.is_quiet(reason.since) == reason.quiet
        assert engine.is_quiet(reason.since - timedelta(seconds=1)) != reason.quiet
        assert engine.next_change(reason.since) == reason.until
    if reason.place is not None and not reason.ahead:
        rules = policy.quiet if reason.quiet else policy.opening
        assert rule_holds(rules[int(reason.place[-2])], start)


@quickly
@given(POLICIES)
def test_what_is_dumped_validates_to_the_same(policy: Policy) -> None:
    engine = hours(policy)
    dumped = engine.document()
    assert QuietHours.model_validate(json.loads(json.dumps(dumped))) == engine
    assert QuietHours.model_validate(yaml.safe_load(yaml.safe_dump(dumped))) == engine
    assert QuietHours.model_validate_json(json.dumps(engine.document())) == engine
    assert hash(QuietHours.model_validate(dumped)) == hash(engine)
