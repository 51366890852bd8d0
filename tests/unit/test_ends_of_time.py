"""The years 1 and 9999: what a policy may name, and what a clock may read, is computed there as anywhere."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handler.cloud.pacing import Clock
from handler.policy import model
from handler.quiet_hours import QuietHours
from handler.quiet_hours.status import QuietStatus, when
from handler.reconcile.schedule import Schedule
from handler.report.entries import TargetReport
from handler.target import Outcome, SdkAppId

UTC = timezone.utc
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
ZONES = [
    "UTC",
    "Asia/Shanghai",
    "Pacific/Kiritimati",
    "Europe/Berlin",
    "America/New_York",
    "America/Scoresbysund",
]
ZONES += ["Pacific/Pago_Pago", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "Etc/GMT+12"]
# 400 years are a whole number of weeks, and every zone's rule for the years to come repeats with them.
CYCLE = timedelta(days=146_097)

OFFSETS = st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours)))
NEAR_AN_END = st.builds(
    lambda end, seconds: (
        end + timedelta(seconds=seconds) if end is FIRST else end - timedelta(seconds=seconds)
    ),
    st.sampled_from([FIRST, LAST]),
    st.integers(0, 400 * 86_400) | st.integers(0, 3 * 86_400) | st.sampled_from([0, 1, 59, 899, 900, 3_600]),
)
AT_AN_END = NEAR_AN_END | st.builds(
    lambda wall, offset: wall.replace(tzinfo=offset),
    st.sampled_from([datetime.min, datetime.max, datetime(1, 1, 1, 9), datetime(9999, 12, 31, 15)]),  # noqa: DTZ001, DTZ901
    OFFSETS,
)
INTERVALS: list[Any] = [
    "21:00-08:00",
    "Mon-Fri 12:00-14:00",
    "00:00-24:00",
    "Fri,Sat 22:00-06:00",
    {"dates": ["9999-12-31"]},
    {"dates": ["0001-01-01"]},
    {"dates": ["0001-01-01:9999-12-31"], "times": ["21:00-08:00"]},
    {"dates": ["12-31:01-01"]},
    {"years": [9999], "times": "21:00-08:00"},
    {"years": ["0001"]},
    {"years": ["0001:9999"], "times": ["09:00-10:00", "23:00-01:00"]},
    {"days_of_month": ["-1"], "times": "20:00-04:00"},
    {"weekdays": ["friday#-1", "monday#1"]},
    {"months": ["december:january"]},
    {"holidays": "DE"},
    {"holiday_eves": "US"},
    {"workdays": "CN"},
    "0001-01-01T00:00:00Z/9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00/0001-01-01T12:00:00-12:00",
    "9999-12-31T12:00:00+14:00/9999-12-31T23:59:59-14:00",
]
ENGINES = st.builds(
    lambda zone, quiet, opening, lead: QuietHours.model_validate(
        {"time_zone": zone, "quiet": quiet, "except": opening, "lead_time": lead}
    ),
    st.sampled_from(ZONES),
    st.lists(st.sampled_from(INTERVALS), min_size=1, max_size=3),
    st.lists(st.sampled_from(INTERVALS), max_size=1),
    st.sampled_from(["0s", "2m", "6h"]),
)


@settings(max_examples=30)
@given(ENGINES, AT_AN_END)
def test_at_both_ends_every_question_is_answered_and_the_answers_agree(
    engine: QuietHours, at: datetime
) -> None:
    reason, turn = engine.reason(at), engine.next_change(at)
    assert reason.quiet == engine.is_quiet(at)
    assert reason.until == turn
    assert reason.text
    if turn is not None:
        assert at < turn <= LAST
        assert turn == FIRST or engine.is_quiet(turn) != engine.is_quiet(turn - timedelta(seconds=1))
        assert at < FIRST or engine.is_quiet(turn) != reason.quiet
    if reason.since is not None and FIRST < reason.since < LAST:
        assert engine.is_quiet(reason.since) == reason.quiet
        assert engine.is_quiet(reason.since - timedelta(seconds=1)) != reason.quiet
    assert engine.describe()
    engine.warnings(at)


@settings(max_examples=40)
@given(ENGINES, st.sampled_from([FIRST, LAST - timedelta(days=3)]), st.integers(0, 5))
def test_at_both_ends_periods_follow_one_another_to_the_end(
    engine: QuietHours, start: datetime, days: int
) -> None:
    end = min(LAST, start + timedelta(days=days)) if start == FIRST else LAST
    periods = list(engine.periods(start, end))
    assert [each.end for each in periods[:-1]] == [each.start for each in periods[1:]]
    assert all(each.start < each.end for each in periods)
    assert not periods or (periods[0].start, periods[-1].end) == (start, end)


@given(
    st.sampled_from(ZONES),
    st.lists(st.sampled_from(INTERVALS[:4] + INTERVALS[11:14]), min_size=1, max_size=3),
    st.integers(0, 800 * 86_400),
)
def test_in_year_9999_it_is_quiet_as_400_years_before(zone: str, quiet: list[Any], seconds: int) -> None:
    engine = QuietHours.model_validate({"time_zone": zone, "quiet": quiet, "lead_time": "5m"})
    at = LAST - timedelta(seconds=seconds)
    assert engine.is_quiet(at) == engine.is_quiet(at - CYCLE)
    turn = engine.next_change(at)
    before = engine.next_change(at - CYCLE)
    if before is not None and before <= LAST - CYCLE:
        assert turn == before + CYCLE
    else:
        assert turn is None


@pytest.mark.parametrize("zone", ZONES)
def test_the_last_and_the_first_day_hold_on_the_clocks_of_every_zone(zone: str) -> None:
    info = ZoneInfo(zone)
    engine = QuietHours.model_validate(
        {"time_zone": zone, "quiet": [{"dates": ["9999-12-31", "0001-01-01"]}]}
    )
    assert engine.is_quiet(datetime(9999, 12, 31, 12, tzinfo=info))
    assert engine.is_quiet(datetime(9999, 12, 31, 23, 59, 59, tzinfo=info))
    assert not engine.is_quiet(datetime(9999, 12, 30, 23, 59, 59, tzinfo=info))
    assert engine.is_quiet(datetime(1, 1, 1, tzinfo=info))
    assert not engine.is_quiet(datetime(1, 1, 2, tzinfo=info))


def test_a_span_may_reach_from_one_end_to_the_other() -> None:
    engine = QuietHours.model_validate({"quiet": ["0001-01-01T00:00:00Z/9999-12-31T23:59:59Z"]})
    assert engine.reason(datetime(2026, 1, 1, tzinfo=UTC)).quiet
    assert engine.next_change(datetime(9999, 1, 1, tzinfo=UTC)) == LAST
    assert engine.describe() == ["quiet[0]: from Mon 0001-01-01 00:00:00 to Fri 9999-12-31 23:59:59 UTC"]
    engine = QuietHours.model_validate({"quiet": ["0001-01-02T00:00:00Z/0001-01-06T00:00:00Z"]})
    text = engine.reason(datetime(1, 1, 3, tzinfo=UTC)).text
    assert text.startswith("Quiet in UTC from Tue 0001-01-02 00:00 until Sat 0001-01-06 00:00: quiet[0]")


ENDS = ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59+14:00"]
ENDS += ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00-14:00"]


@pytest.mark.parametrize("until", ENDS)
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("now", [FIRST, datetime(2026, 11, 23, tzinfo=UTC), LAST])
def test_an_exemption_until_either_end_is_told_in_every_zone(until: str, zone: str, now: datetime) -> None:
    read = model.read_policy(
        {
            "quiet_hours": {"default": {"time_zone": zone, "quiet": ["00:00-24:00"]}},
            "tasks": {"a": {"task_id": 1, "exempt_until": until}},
        }
    )
    task = read.named_targets(SdkAppId(2))["a"]
    hours = Schedule(read.quiet_hours, Clock(now=lambda: now)).of(task)
    exempt = bool(task.exempt_until and now < task.exempt_until)
    assert hours.quiet is not exempt
    assert bool(hours.sentence()) is bool(hours.short()) is bool(hours.exemption()) is True
    entry = TargetReport(task, Outcome.NOT_QUIET, hours, hours.sentence()).entry()
    if exempt:
        year = until[:4]
        assert entry["exempt_until"][:5] in {f"{year}-", "9999-", "0001-", "0002-"}
        if now.year == 2026:
            assert f"exempt from quiet hours until {year}-" in hours.exemption()
    assert entry["quiet_until"] is None


@given(AT_AN_END, AT_AN_END, st.sampled_from(ZONES))
def test_whenever_anything_is_it_is_said_in_words(at: datetime, now: datetime, zone: str) -> None:
    assert when(at, now, zone)
    hours = QuietStatus("default", quiet=True, until=at, time_zone=zone, now=now)
    assert hours.sentence()
    assert hours._replace(exempt_until=at).sentence()


@settings(max_examples=40)
@given(AT_AN_END, ENGINES)
def test_a_wake_up_at_either_end_looks_at_its_quiet_hours(at: datetime, engine: QuietHours) -> None:
    assert engine.status("default", at).sentence()


@pytest.mark.parametrize(
    "key", [{"years": [9999], "dates": ["02-29"]}, {"years": ["0001"], "dates": ["02-29"]}]
)
def test_what_never_holds_in_the_last_or_the_first_year_is_refused(key: Any) -> None:
    with pytest.raises(ValueError, match="never holds"):
        QuietHours.model_validate({"time_zone": "UTC", "quiet": [key]})


@given(st.dates(date(1, 1, 1), date(9999, 12, 31)), st.sampled_from(ZONES))
def test_any_date_of_the_calendar_is_a_day_on_the_clocks_of_any_zone(day: date, zone: str) -> None:
    engine = QuietHours.model_validate({"time_zone": zone, "quiet": [{"dates": [day.isoformat()]}]})
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone))
    assert engine.is_quiet(noon) or (zone, day) == ("Pacific/Kiritimati", date(1994, 12, 31))
