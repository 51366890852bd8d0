"""Which calls are violations: held against the quiet hours themselves, at their changes and on odd clocks."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.audit.hours import AuditedHours, Maker
from handler.cloud.call_records import CallRecord
from handler.policy.model import Policy
from handler.policy.rules import Rules
from handler.quiet_hours import QuietHours
from handler.quiet_hours.zone import instant, moment
from handler.report.audit import Violation
from handler.target import SdkAppId, TargetId

APP = SdkAppId(1_400_692_008)
OPENED = "2026-11-01T21:00:00-04:00/2026-11-02T02:30:00-05:00"
HOURS: dict[str, dict[str, Any]] = {
    "night": {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"], "lead_time": "30m"},
    "new-york": {"time_zone": "America/New_York", "quiet": ["21:00-08:00"], "except": [OPENED]},
    "half-hour": {"time_zone": "Australia/Lord_Howe", "quiet": ["01:30-02:15"], "lead_time": "1m"},
    "quarter": {"time_zone": "Asia/Kathmandu", "quiet": ["23:59-00:01"]},
    "always": {"time_zone": "UTC", "quiet": ["00:00-24:00"]},
    "weekend": {"time_zone": "America/St_Johns", "quiet": ["Sat-Sun 00:00-24:00"], "lead_time": "2m"},
}
QUIET = {name: QuietHours.model_validate(each | {"lead_time": 0}) for name, each in HOURS.items()}
START = datetime(2026, 3, 1, tzinfo=timezone.utc)


def call(start: int) -> CallRecord:
    return CallRecord("s", start, "***", is_predictive=False, by_person=False)


@st.composite
def instants(draw: st.DrawFn) -> int:
    """Any second of a year, most often one beside a change of some quiet hours."""
    at = START + timedelta(seconds=draw(st.integers(0, 400 * 86_400)))
    if draw(st.booleans()):
        return instant(at)
    change = QUIET[draw(st.sampled_from(sorted(QUIET)))].next_change(at)
    return instant(change or at) + draw(st.integers(-2, 2))


@given(
    used=st.lists(st.sampled_from(sorted(HOURS)), min_size=1, max_size=3, unique=True),
    start=instants(),
    exempt=st.none() | st.integers(-2, 2),
)
def test_a_violation_is_a_call_in_quiet_hours_of_its_maker_and_nothing_else_is(
    used: list[str], start: int, exempt: int | None
) -> None:
    named, ruled = used[0], used[-1]
    until = {} if exempt is None else {"exempt_until": moment(start + exempt).isoformat()}
    policy = Policy.model_validate(
        {
            "quiet_hours": HOURS,
            "tasks": {"own": {"task_id": 1, "quiet_hours": named, **until}},
            "rules": [{"name": "us-*", "quiet_hours": ruled}, {"name": "free-*", "quiet_hours": "none"}],
        }
    )
    hours = AuditedHours(policy, Rules(policy, APP))
    at, record = moment(start), call(start)
    exempted = exempt is not None and exempt > 0
    for maker, name, quiet in (
        (Maker("task", TargetId(1), "us-1"), named, QUIET[named].is_quiet(at) and not exempted),
        (Maker("campaign", TargetId(1), "us-1"), ruled, QUIET[ruled].is_quiet(at)),
        (Maker("task", TargetId(2), "free-1"), "none", False),
    ):
        found = hours.judge(APP, record, start, maker)
        assert isinstance(found, Violation) == quiet
        if isinstance(found, Violation):
            assert hours.matters(APP, start)
            assert found.quiet_hours == name
            entry = found.entry()
            assert entry["interval"].strip() == entry["interval"] != ""
            assert datetime.fromisoformat(entry["local_time"]) == at
    assert hours.matters(APP, start) == any(QUIET[name].is_quiet(at) for name in {named, ruled})
    assert hours.judge(APP, record, start, Maker("task", TargetId(3), "eu-1")) == "uncovered"
    assert hours.matters(SdkAppId(5), start) is False


@pytest.mark.parametrize("minutes", range(0, 24 * 60, 30))
def test_the_hour_that_comes_twice_and_the_one_that_never_comes_are_as_the_clock_says(minutes: int) -> None:
    """New York, 8 March and 1 November 2026; quiet from 01:30 to 02:30."""
    policy = Policy.model_validate(
        {
            "quiet_hours": {"default": {"time_zone": "America/New_York", "quiet": ["01:30-02:30"]}},
            "tasks": {"own": 1},
        }
    )
    hours = AuditedHours(policy, Rules(policy, APP))
    for day in (datetime(2026, 3, 8, tzinfo=timezone.utc), datetime(2026, 11, 1, tzinfo=timezone.utc)):
        start = instant(day + timedelta(minutes=minutes))
        found = hours.judge(APP, call(start), start, Maker("task", TargetId(1), ""))
        assert isinstance(found, Violation) == policy.quiet_hours["default"].is_quiet(moment(start))
