"""Calendars of holidays by name, make-up working days, and what happens without the package."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from handler.errors import problems
from handler.quiet_hours import QuietHours


def hours(interval: Any, zone: str = "Asia/Shanghai", opening: Any = ()) -> QuietHours:
    return QuietHours.model_validate({"time_zone": zone, "quiet": [interval], "except": list(opening)})


def refusal(interval: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        hours(interval)
    return problems(caught.value)


def is_quiet(engine: QuietHours, text: str, offset: str = "+08:00") -> bool:
    return engine.is_quiet(datetime.fromisoformat(text + offset))


@pytest.mark.parametrize(
    ("calendar", "holiday", "workday"),
    [
        ("CN", "2026-10-01", "2026-10-10"),
        ("CN", "2026-02-20", "2026-02-14"),  # a Friday off, in exchange for a Saturday
        ("US", "2026-11-26", "2026-11-27"),
        ("US-TX", "2026-11-27", "2026-11-30"),
        ("DE-BY", "2026-01-06", "2026-01-07"),
        ("XNYS", "2026-04-03", "2026-04-06"),
        (["US", "DE"], "2026-10-03", "2026-10-05"),
    ],
)
def test_it_is_quiet_on_the_holidays_of_a_calendar(calendar: Any, holiday: str, workday: str) -> None:
    engine = hours({"holidays": calendar})
    assert is_quiet(engine, f"{holiday}T00:00")
    assert is_quiet(engine, f"{holiday}T23:59")
    assert not is_quiet(engine, f"{workday}T12:00")


def test_a_holiday_is_a_day_of_the_intervals_own_zone() -> None:
    engine = hours({"holidays": "CN", "time_zone": "America/New_York"})
    assert not is_quiet(engine, "2026-10-01T11:59")
    assert is_quiet(engine, "2026-10-01T12:00")


def test_the_night_of_a_holiday_belongs_to_it() -> None:
    engine = hours({"holidays": "US", "times": ["21:00-08:00"]}, zone="America/New_York")
    assert is_quiet(engine, "2026-11-27T07:59", "-05:00")
    assert not is_quiet(engine, "2026-11-26T07:59", "-05:00")


def test_the_eve_of_a_holiday_can_be_named() -> None:
    engine = hours({"holiday_eves": "IT", "times": ["19:00-24:00"]})
    assert is_quiet(engine, "2026-12-24T19:00")
    assert not is_quiet(engine, "2026-12-23T19:00")


def test_a_make_up_working_saturday_can_be_open() -> None:
    engine = hours("weekends 00:00-24:00", opening=[{"workdays": "CN", "times": ["09:00-21:00"]}])
    assert is_quiet(engine, "2026-02-07T12:00")
    assert not is_quiet(engine, "2026-02-14T12:00")
    assert is_quiet(engine, "2026-02-14T08:59")
    reason = engine.reason(datetime.fromisoformat("2026-02-14T12:00+08:00"))
    assert reason.place == "except[0]"


def test_a_calendar_that_ends_is_suspicious() -> None:
    found = hours({"workdays": "CN"}).suspicions(datetime.fromisoformat("2090-01-01T12:00+08:00"))
    why = 'quiet[0]: {"workdays": "CN"} comes no more as far as the holidays package knows; update it'
    assert found == ["is never quiet", why]


def test_an_ordinary_working_day_is_no_make_up_working_day() -> None:
    assert not is_quiet(hours({"workdays": "CN"}), "2026-02-11T12:00")


def test_the_next_holiday_is_found() -> None:
    turn = hours({"holidays": "CN"}).next_change(datetime.fromisoformat("2026-11-23T12:00+08:00"))
    assert turn == datetime.fromisoformat("2027-01-01T00:00+08:00")


def test_a_calendar_is_put_in_words() -> None:
    engine = hours({"holidays": ["CN", "US-TX"], "times": ["21:00-08:00"]})
    assert engine.describe() == [
        "quiet[0]: on public holidays of CN and US-TX: 21:00 to 08:00 of the next day (Asia/Shanghai)"
    ]
    assert hours({"workdays": "CN"}).describe() == [
        "quiet[0]: on weekend days worked in exchange for a holiday in CN: all day (Asia/Shanghai)"
    ]
    assert hours({"holiday_eves": "IT"}).describe() == [
        "quiet[0]: on the eve of public holidays of IT: all day (Asia/Shanghai)"
    ]


@pytest.mark.parametrize(
    ("interval", "why"),
    [
        ({"holidays": "cn"}, ".holidays: 'cn' is not a calendar of holidays; did you mean 'CN'?"),
        ({"holidays": ["CN", "DE_BY"]}, ".holidays[1]: 'DE_BY' is not a calendar of holidays; did you mean 'DE-BY'?"),
        ({"workdays": "CHINA"}, ".workdays: 'CHINA' is not a calendar of holidays; did you mean 'CHN'?"),
        ({"holidays": "XX"}, ".holidays: 'XX' is not a calendar of holidays; write a country's two letters, such as 'CN'"),
        ({"holidays": False}, ".holidays: a calendar is a text; if it was written NO, put that in quotes"),
        ({"holidays": 5}, ".holidays: a calendar is a text such as 'CN' or 'US-TX', not 5"),
        (
            {"holidays": "AT-7654321"},
            ".holidays: 'AT-7654321' is not a calendar of holidays; AT has 1, 2, 3, 4, 5, 6, 7, 8, 9",
        ),
    ],
)  # fmt: skip
def test_an_unknown_calendar_is_refused_with_the_one_that_may_be_meant(interval: Any, why: str) -> None:
    assert refusal(interval) == [f"quiet[0]{why}"]


def test_without_the_package_the_refusal_says_which_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    why = (
        "a calendar of holidays needs the `holidays` package, which is not installed;"
        " install the extra: callout-quiet-hours[holidays]"
    )
    assert refusal({"holidays": "CN"}) == [f"quiet[0].holidays: {why}"]
    with pytest.raises(ValidationError) as caught:
        QuietHours.model_validate({"time_zone": "Europe/Rome", "preset": "italy"})
    assert problems(caught.value) == [f"preset: {why}"]


@pytest.mark.parametrize(
    ("document", "needed"),
    [
        ({"quiet": ["21:00-08:00", {"dates": ["12-25"]}]}, False),
        ({"quiet": [{"holidays": "CN"}]}, True),
        ({"quiet": ["21:00-08:00"], "except": [{"workdays": "CN"}]}, True),
        ({"preset": "us-federal"}, False),
        ({"preset": "italy"}, True),
    ],
)
def test_the_packager_is_told_whether_calendars_are_needed(document: dict[str, Any], needed: bool) -> None:
    assert QuietHours.model_validate({"time_zone": "Europe/Rome"} | document).needs_calendars() is needed
