"""Calendars of holidays by name, make-up working days, and what happens without the package."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from handler.errors.sentences import problems
from handler.quiet_hours import QuietHours
from handler.quiet_hours.notation.holidays import read_calendar


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
        ("CN", "2026-02-21", "2026-02-28"),  # a Saturday inside Spring Festival; one that is worked
        ("CN", "2026-09-26", "2026-09-20"),  # inside Mid-Autumn; a Sunday that is worked
        ("CHN", "2026-10-04", "2026-10-08"),
        ("CN", "2027-02-05", "2027-02-13"),  # not announced: what the rule gives
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


# The State Council's notice of 2025-11-04 for 2026, www.gov.cn.
PERIODS_2026 = "01-01:01-03 02-15:02-23 04-04:04-06 05-01:05-05 06-19:06-21 09-25:09-27 10-01:10-07"
WORKED_2026 = "01-04 02-14 02-28 05-09 09-20 10-10"


def days_of_2026() -> list[date]:
    return [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_chinas_holidays_are_every_day_of_the_announced_periods() -> None:
    periods = [period.split(":") for period in PERIODS_2026.split()]
    engine = hours({"holidays": "CN"})
    quiet = [f"{day:%m-%d}" for day in days_of_2026() if engine.is_quiet(noon(day))]
    assert quiet == [
        f"{day:%m-%d}"
        for day in days_of_2026()
        if any(first <= f"{day:%m-%d}" <= last for first, last in periods)
    ]


def test_chinas_workdays_are_the_announced_weekend_days() -> None:
    engine = hours({"workdays": "CN"})
    assert [f"{day:%m-%d}" for day in days_of_2026() if engine.is_quiet(noon(day))] == WORKED_2026.split()


def test_chinas_eves_are_the_days_before_a_day_of_a_period() -> None:
    eves, whole = hours({"holiday_eves": "CN"}), hours({"holidays": "CN"})
    for day in days_of_2026():
        assert eves.is_quiet(noon(day)) == whole.is_quiet(noon(day + timedelta(days=1))), day
    assert eves.is_quiet(
        noon(date(2026, 12, 31))
    )  # the next year is not announced: its 1 January is a holiday


@pytest.mark.parametrize("year", range(2004, 2027))
def test_no_holiday_that_the_holidays_package_knows_of_china_is_open(year: int) -> None:
    import holidays

    engine = hours({"holidays": "CN"})
    assert [
        day for day in holidays.country_holidays("CN", years=year) if not engine.is_quiet(noon(day))
    ] == []


@pytest.mark.parametrize("year", [2027, 2050, 2098])
def test_a_year_that_is_not_announced_is_that_of_the_holidays_package(
    announced_until_2026: None, year: int
) -> None:
    import holidays

    known = holidays.country_holidays("CN", years=year)
    engine, worked = hours({"holidays": "CN"}), hours({"workdays": "CN"})
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
    assert [day for day in days if engine.is_quiet(noon(day))] == sorted(known)
    assert not any(worked.is_quiet(noon(day)) for day in days)


@pytest.mark.parametrize("key", ["holidays", "holiday_eves", "workdays"])
@pytest.mark.parametrize("calendar", ["CN", "IT", "US", "XNYS"])
def test_a_calendar_answers_to_the_end_of_time(key: str, calendar: str) -> None:
    engine = hours({key: calendar}, zone="UTC")
    engine.is_quiet(datetime(9995, 12, 31, tzinfo=timezone.utc))
    assert read_calendar(calendar).is_holiday_eve(date.max) is False


ENDS = (
    "China's holidays are known until 2026-12-31; later ones are computed, without the weekends inside a holiday"
    " period and without make-up working days; when chinesecalendar has more, update it and package again"
)


@pytest.mark.parametrize("key", ["holidays", "holiday_eves", "workdays"])
def test_from_30_days_before_chinas_announced_days_end_it_is_noted(
    announced_until_2026: None, key: str
) -> None:
    engine = hours({key: ["US", "CN"]})
    assert engine.notes(datetime(2026, 11, 30, 12, tzinfo=timezone.utc)) == []
    for day in (date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 1), date(2027, 6, 1)):
        assert engine.notes(noon(day)) == [ENDS], day


def test_it_is_noted_once_and_looked_for_as_far_ahead_as_asked(announced_until_2026: None) -> None:
    engine = hours({"holidays": "CHN"}, opening=[{"workdays": "CN"}])
    june = datetime(2026, 6, 1, tzinfo=timezone.utc)
    assert engine.notes(june, timedelta(days=365)) == [ENDS]
    assert engine.notes(june, timedelta(days=200)) == []
    with pytest.raises(ValueError, match="no time zone"):
        engine.notes(datetime(2026, 6, 1))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize(
    "document",
    [
        {"quiet": ["21:00-08:00"]},
        {"quiet": [{"holidays": ["US", "ES-CN"]}]},
        {"preset": "china-tencent"},
        {"preset": "spain"},
    ],
)
def test_nothing_is_noted_of_a_policy_without_chinas_calendar(document: dict[str, Any]) -> None:
    engine = QuietHours.model_validate({"time_zone": "Asia/Shanghai"} | document)
    assert engine.notes(noon(date(2027, 6, 1))) == []


def test_the_check_says_a_year_ahead_where_chinas_days_end(announced_until_2026: None) -> None:
    engine = hours({"holidays": "CN"})
    assert engine.warnings(noon(date(2026, 6, 1))) == [f"quiet[0]: {ENDS}"]
    assert engine.warnings(noon(date(2025, 12, 1))) == []


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
    found = hours({"workdays": "CN"}).warnings(datetime.fromisoformat("2090-01-01T12:00+08:00"))
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


def test_chinas_calendar_needs_its_own_package_and_the_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chinese_calendar", None)
    why = (
        "a calendar of holidays needs the `chinesecalendar` package, which is not installed;"
        " install the extra: callout-quiet-hours[holidays]"
    )
    assert refusal({"workdays": ["US", "CN"]}) == [f"quiet[0].workdays[1]: {why}"]
    assert is_quiet(hours({"holidays": "US"}), "2026-11-26T12:00")


@pytest.mark.parametrize(("calendar", "imported"), [("US", False), ("CN", True)])
def test_only_a_policy_that_names_china_pays_for_chinas_calendar(calendar: str, imported: bool) -> None:
    code = (
        "import sys, datetime, handler.quiet_hours as q; "
        f"h = q.QuietHours.model_validate({{'time_zone': 'UTC', 'quiet': [{{'holidays': {calendar!r}}}]}}); "
        "h.notes(datetime.datetime(2027, 1, 1, tzinfo=datetime.timezone.utc)); print('chinese_calendar' in sys.modules)"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(imported)


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
