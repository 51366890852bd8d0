"""Quiet hours as a whole: except, lead time, next change, reasons, periods, words, what is suspicious."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, ValidationError

from handler.errors.sentences import problems
from handler.quiet_hours import Period, QuietHours, Reason

UTC = timezone.utc


def hours(*quiet: Any, zone: str | None = "UTC", **document: Any) -> QuietHours:
    if "opening" in document:
        document["except"] = document.pop("opening")
    return QuietHours.model_validate({"time_zone": zone, "quiet": list(quiet), **document})


def refusal(document: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        QuietHours.model_validate(document)
    return problems(caught.value)


def at(text: str) -> datetime:
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def turns(engine: QuietHours, start: str, count: int) -> list[str]:
    """Follow `next_change`, each turn written as in UTC."""
    found, now = [], at(start)
    for _ in range(count):
        turn = engine.next_change(now)
        assert turn is not None
        assert turn.tzinfo is UTC
        found.append(f"{turn:%Y-%m-%dT%H:%M}")
        now = turn
    return found


# The document


def test_the_documents_example_is_read() -> None:
    engine = hours(
        "21:00-08:00",
        "Sun 00:00-24:00",
        zone="America/New_York",
        lead_time="2m",
        opening=[{"dates": ["2026-11-27"], "times": ["10:00-18:00"]}],
    )
    assert engine.time_zone == "America/New_York"
    assert [interval.text for interval in engine.quiet] == ["21:00-08:00", "Sun 00:00-24:00"]
    assert engine.lead_time == timedelta(minutes=2)
    assert engine.document() == {
        "time_zone": "America/New_York",
        "quiet": ["21:00-08:00", "Sun 00:00-24:00"],
        "except": [{"dates": ["2026-11-27"], "times": ["10:00-18:00"]}],
        "lead_time": "2m",
    }


def test_a_single_interval_needs_no_list() -> None:
    assert QuietHours.model_validate({"time_zone": "UTC", "quiet": "21:00-08:00"}).is_quiet(
        at("2026-11-23T21:00")
    )
    assert QuietHours.model_validate({"quiet": {"dates": "12-25", "location": "UTC"}}).is_quiet(
        at("2026-12-25T21:00")
    )


def test_all_faults_are_named_at_once_with_their_places_in_a_policy() -> None:
    class Policy(BaseModel):
        quiet_hours: dict[str, QuietHours]

    with pytest.raises(ValidationError) as caught:
        Policy.model_validate(
            {
                "quiet_hours": {
                    "us-east": {
                        "time_zone": "America/New_York",
                        "quiet": ["21:00-08:00", {"weekdays": ["Thur"]}],
                        "lead": "2m",
                    },
                    "cn": {
                        "time_zone": "Asia/Shangai",
                        "quiet": ["9pm-8am"],
                        "except": ["x", "21-8"],
                        "lead_time": 120,
                    },
                    "none": {"time_zone": "UTC"},
                }
            }
        )
    assert problems(caught.value) == [
        "quiet_hours.us-east.quiet[1].weekdays[0]: 'Thur' is not a weekday; did you mean 'Thu'?",
        "quiet_hours.us-east.lead: is not a key here",
        "quiet_hours.cn.time_zone: 'Asia/Shangai' is not a time zone of the tz database; did you mean 'Asia/Shanghai'?",
        "quiet_hours.cn.quiet[0]: '9pm' is not a time: did you mean '21:00'?",
        "quiet_hours.cn.except[0]: 'x' is not a weekday; write Mon, Tue, Wed, Thu, Fri, Sat or Sun",
        "quiet_hours.cn.except[1]: '21-8' has no minutes; did you mean '21:00-08:00'?",
        "quiet_hours.cn.lead_time: 120 is not a length of time; did you mean '120s' or '120m'?",
        "quiet_hours.none.quiet: is required, unless a preset says when it is quiet",
    ]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({}, "quiet: is required, unless a preset says when it is quiet"),
        ({"quiet": None}, "quiet: is required, unless a preset says when it is quiet"),
        ({"quiet": 5}, "quiet: a list of intervals is wanted, not 5"),
        ({"quiet": [], "time_zone": 5}, "time_zone: a time zone is a text such as 'Asia/Shanghai', not 5"),
        (
            {"quiet": [], "time_zone": ""},
            "time_zone: '' is not a time zone of the tz database; write one such as 'Asia/Shanghai' or 'UTC'",
        ),
        (
            {"quiet": [], "time_zone": "../etc"},
            "time_zone: '../etc' is not a time zone of the tz database; write one such as 'Asia/Shanghai' or 'UTC'",
        ),
    ],
)
def test_a_document_that_cannot_be_meant_is_refused(document: Any, why: str) -> None:
    assert refusal(document) == [why]


def test_it_is_frozen() -> None:
    with pytest.raises(ValidationError):
        hours("21:00-08:00").time_zone = "Asia/Shanghai"


def test_equal_documents_are_equal_also_after_use() -> None:
    one, other = hours("21:00-08:00"), hours("21:00-08:00")
    one.is_quiet(at("2026-11-23T21:00"))
    assert one == other
    assert hash(one) == hash(other)
    assert one != hours("21:00-08:00", zone="Asia/Shanghai")
    assert one.quiet[0] != "21:00-08:00"
    assert repr(one.quiet[0]) == "Interval(21:00-08:00)"
    assert one.quiet[0].zone != "UTC"
    assert repr(one.quiet[0].zone) == "Zone('UTC')"


def test_what_becomes_of_a_dump_does_not_touch_the_quiet_hours() -> None:
    engine = hours({"dates": ["12-25"]})
    engine.document()["quiet"][0]["dates"].append("12-26")
    assert engine == hours({"dates": ["12-25"]})


def test_intervals_can_be_handed_on_as_they_are() -> None:
    one = hours("21:00-08:00")
    assert QuietHours.model_validate({"time_zone": "UTC", "quiet": one.quiet}) == one


# Time


@pytest.mark.parametrize("ask", ["is_quiet", "next_change", "reason"])
def test_a_naive_datetime_is_refused(ask: str) -> None:
    with pytest.raises(
        ValueError, match="2026-11-23T21:00:00 has no time zone: quiet hours need an aware datetime"
    ):
        getattr(hours("21:00-08:00"), ask)(datetime(2026, 11, 23, 21))  # noqa: DTZ001 - that is the point


def test_the_same_instant_in_any_zone_gets_the_same_answer() -> None:
    engine = hours("21:00-08:00", zone="Asia/Shanghai")
    noon = at("2026-11-23T13:00")
    for name in ("UTC", "Asia/Shanghai", "America/New_York"):
        assert engine.is_quiet(noon.astimezone(ZoneInfo(name)))


def test_both_readings_of_a_repeated_hour_are_told_apart_by_their_fold() -> None:
    engine = hours("2026-11-01T01:30-04:00/2026-11-01T01:30-05:00")
    wall = datetime(2026, 11, 1, 1, 30, tzinfo=ZoneInfo("America/New_York"))
    assert engine.is_quiet(wall)
    assert not engine.is_quiet(wall.replace(fold=1))


@pytest.mark.parametrize(
    ("interval", "zone", "start", "expected"),
    [
        pytest.param(
            "01:30-02:30",
            "America/New_York",
            "2026-03-08T00:00",
            ["2026-03-08T06:30", "2026-03-08T07:00"],
            id="cut short by a skipped hour",
        ),
        pytest.param(
            "02:00-03:00",
            "America/New_York",
            "2026-03-08T00:00",
            ["2026-03-09T06:00", "2026-03-09T07:00"],
            id="skipped whole",
        ),
        pytest.param(
            "02:30-04:00",
            "America/New_York",
            "2026-03-08T00:00",
            ["2026-03-08T07:00", "2026-03-08T08:00"],
            id="begins when the clock jumps into it",
        ),
        pytest.param(
            "01:00-02:00",
            "America/New_York",
            "2026-11-01T00:00",
            ["2026-11-01T05:00", "2026-11-01T07:00"],
            id="two hours long when repeated",
        ),
        pytest.param(
            "00:00-01:30",
            "America/New_York",
            "2026-11-01T03:00",
            ["2026-11-01T04:00", "2026-11-01T05:30", "2026-11-01T06:00", "2026-11-01T06:30"],
            id="holds again in the repeated hour",
        ),
        pytest.param(
            "21:00-08:00",
            "America/New_York",
            "2026-10-31T20:00",
            ["2026-11-01T01:00", "2026-11-01T13:00"],
            id="a night an hour longer",
        ),
        pytest.param(
            "01:45-02:15",
            "Australia/Lord_Howe",
            "2026-04-04T12:00",
            ["2026-04-04T14:45", "2026-04-04T15:00", "2026-04-04T15:15", "2026-04-04T15:45"],
            id="half an hour repeated",
        ),
        pytest.param(
            "00:00-00:30",
            "America/Havana",
            "2026-03-08T01:00",
            ["2026-03-09T04:00"],
            id="a midnight that does not come",
        ),
        pytest.param(
            {"dates": ["2011-12-30"]}, "Pacific/Apia", "2011-12-01T00:00", [], id="a day that does not come"
        ),
        pytest.param(
            {"dates": ["2011-12-29"], "times": ["21:00-08:00"]},
            "Pacific/Apia",
            "2011-12-01T00:00",
            ["2011-12-30T07:00", "2011-12-30T10:00"],
            id="the morning of a day that does not come",
        ),
    ],
)
def test_an_interval_holds_as_the_wall_clock_reads(
    interval: Any, zone: str, start: str, expected: list[str]
) -> None:
    engine = hours(interval, zone=zone)
    assert turns(engine, start, len(expected)) == expected
    if not expected:
        assert engine.next_change(at(start)) is None


@pytest.mark.parametrize(
    ("quiet", "expected"),
    [
        ([{"years": ["2035"]}], "2035-01-01T00:00"),
        (["2040-02-03T04:05:06Z/2040-02-03T05:00:00Z"], "2040-02-03T04:05"),
        ([{"dates": ["02-29"]}], "2028-02-29T00:00"),
        ([{"dates": ["02-29"], "weekdays": ["Sunday"]}], "2032-02-29T00:00"),
        ([{"years": ["2026:2069"]}, "21:00-08:00"], "2070-01-01T08:00"),
        ([{"months": ["1:6"]}, {"months": ["7:12"], "years": ["1970:2055"]}], "2056-07-01T00:00"),
        ([{"weekdays": ["friday#5"], "months": ["february"]}], "2036-02-29T00:00"),
    ],
)
def test_a_change_years_ahead_is_found(quiet: Any, expected: str) -> None:
    assert turns(hours(*quiet), "2026-11-23T12:00", 1) == [expected]


def test_a_change_that_a_move_of_the_clocks_makes_months_ahead_is_found_to_the_second() -> None:
    """All winter the hour of Berlin fills the gap; on the day it is skipped the gap opens at that instant."""
    engine = hours("00:00-01:00", "02:00-24:00", "02:00-03:00 Europe/Berlin")
    assert turns(engine, "2026-11-23T12:00", 2) == ["2027-03-28T01:00", "2027-03-28T02:00"]


def test_a_lead_time_looks_past_a_move_of_the_clocks() -> None:
    engine = hours("03:00-04:00", zone="America/New_York", lead_time="90m", opening=["03:00-03:30"])
    assert engine.is_quiet(at("2026-03-08T06:00"))
    assert not engine.is_quiet(at("2026-03-08T05:59"))
    assert turns(engine, "2026-03-08T00:00", 2) == ["2026-03-08T06:00", "2026-03-08T08:00"]


NIGHTS_OF_ALL_ZONES = ["08:00-20:00 UTC", "04:00-16:00 Asia/Shanghai"]
NEVER_TURNS = [
    ([], [], False),
    (["00:00-24:00"], [], True),
    (["Mon-Fri 00:00-24:00", "weekends 00:00-24:00"], [], True),
    (["21:00-09:00", "09:00-21:00"], [], True),
    (["22:00-10:00", "09:00-23:00"], [], True),
    (["21:00-08:00"], ["20:00-09:00"], False),
    (["21:00-08:00 Asia/Shanghai"], ["12:00-01:00 UTC"], False),
    (NIGHTS_OF_ALL_ZONES, [], True),
    ([*NIGHTS_OF_ALL_ZONES, "10:00-11:00 Europe/Berlin"], [], True),
    ([{"months": ["1:6"]}, {"months": ["7:12"]}], [], True),
    ([{"days_of_month": ["1:-1"], "times": ["00:00-12:00", "12:00-24:00"]}], [], True),
    ([{"months": ["1:12"], "times": ["20:00-10:00", "09:00-21:00"]}], [], True),
    (["2020-01-01T00:00Z/2020-02-01T00:00Z"], [], False),
    ([{"years": ["2020"]}], [], False),
    ([{"dates": ["2020-03-03", "12-24"], "years": [2019, 2020]}], [], False),
]


@pytest.mark.parametrize(("quiet", "opening", "state"), NEVER_TURNS)
def test_what_never_turns_says_none(quiet: list[Any], opening: list[Any], state: bool) -> None:
    engine = hours(*quiet, opening=opening)
    assert engine.is_quiet(at("2026-11-23T12:00")) is state
    assert engine.next_change(at("2026-11-23T12:00")) is None
    assert (f"is {'always' if state else 'never'} quiet") in engine.warnings(at("2026-11-23T12:00"))


def test_intervals_that_take_over_from_one_another_are_one_period() -> None:
    engine = hours(
        "21:00-24:00", "00:00-08:00", {"dates": ["2026-11-25"]}, "2026-11-26T07:00Z/2026-11-26T09:30Z"
    )
    assert turns(engine, "2026-11-23T12:00", 4) == [
        "2026-11-23T21:00",
        "2026-11-24T08:00",
        "2026-11-24T21:00",
        "2026-11-26T09:30",
    ]


def test_zones_are_kept_apart() -> None:
    engine = hours("21:00-08:00 Asia/Shanghai", "21:00-08:00 America/New_York")
    expected = ["2026-11-24T00:00", "2026-11-24T02:00", "2026-11-25T00:00", "2026-11-25T02:00"]
    assert turns(engine, "2026-11-23T12:00", 4) == expected


# except


def test_an_except_opens_and_the_quiet_around_it_stays() -> None:
    engine = hours("Fri 00:00-24:00", opening=[{"dates": ["2026-11-27"], "times": ["10:00-18:00"]}])
    assert turns(engine, "2026-11-26T12:00", 4) == [
        "2026-11-27T00:00",
        "2026-11-27T10:00",
        "2026-11-27T18:00",
        "2026-11-28T00:00",
    ]
    assert turns(engine, "2026-11-28T12:00", 2) == ["2026-12-04T00:00", "2026-12-05T00:00"]


def test_an_except_that_outlasts_the_quiet_changes_nothing_at_its_own_end() -> None:
    engine = hours("10:00-12:00", opening=["2026-11-23T11:00Z/2026-11-23T15:00Z"])
    assert turns(engine, "2026-11-23T00:00", 3) == [
        "2026-11-23T10:00",
        "2026-11-23T11:00",
        "2026-11-24T10:00",
    ]


def test_an_except_may_have_a_zone_of_its_own() -> None:
    engine = hours("00:00-24:00", opening=["09:00-10:00 Asia/Shanghai"])
    assert turns(engine, "2026-11-23T00:00", 2) == ["2026-11-23T01:00", "2026-11-23T02:00"]


# lead_time


@pytest.mark.parametrize(
    ("written", "seconds", "back"),
    [
        ("2m", 120, "2m"),
        ("90s", 90, "1m30s"),
        ("1h30m", 5400, "1h30m"),
        ("PT2M", 120, "2m"),
        ("0s", 0, None),
        (0, 0, None),
        (timedelta(minutes=3), 180, "3m"),
        ("23h59m59s", 86_399, "23h59m59s"),
    ],
)
def test_a_lead_time_is_read_in_the_forms_people_write(written: Any, seconds: int, back: str | None) -> None:
    engine = hours("21:00-08:00", lead_time=written)
    assert engine.lead_time == timedelta(seconds=seconds)
    assert engine.document().get("lead_time") == back


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (120, "120 is not a length of time; did you mean '120s' or '120m'?"),
        ("2", "'2' is not a length of time; did you mean '2s' or '2m'?"),
        ("2 m", "'2 m' is not a length of time; write it as 2m, 90s or 1h30m"),
        ("-2m", "'-2m' is not a length of time; write it as 2m, 90s or 1h30m"),
        ("1m1h", "'1m1h' is not a length of time; write it as 2m, 90s or 1h30m"),
        ("2m5", "'2m5' is not a length of time; write it as 2m, 90s or 1h30m"),
        ("", "'' is not a length of time; write it as 2m, 90s or 1h30m"),
        (None, "None is not a length of time; write it as 2m, 90s or 1h30m"),
        (False, "False is not a length of time; write it as 2m, 90s or 1h30m"),
        ("24h", "'24h' is out of range: a lead time is less than 24 hours, and not negative"),
        (
            timedelta(minutes=-1),
            "datetime.timedelta(days=-1, seconds=86340) is out of range: a lead time is less than 24 hours, and not negative",
        ),
        (timedelta(seconds=1.5), "1s has a fraction of a second; write whole seconds"),
    ],
)
def test_what_is_no_lead_time_is_refused(written: Any, why: str) -> None:
    assert refusal({"time_zone": "UTC", "quiet": ["21:00-08:00"], "lead_time": written}) == [
        f"lead_time: {why}"
    ]


def test_quiet_begins_earlier_by_the_lead_time_and_ends_as_before() -> None:
    engine = hours("21:00-08:00", lead_time="2m")
    assert not engine.is_quiet(at("2026-11-23T20:57:59.999999"))
    assert engine.is_quiet(at("2026-11-23T20:58:00"))
    assert turns(engine, "2026-11-23T12:00", 2) == ["2026-11-23T20:58", "2026-11-24T08:00"]


def test_quiet_also_begins_earlier_where_an_except_ends() -> None:
    engine = hours("00:00-24:00", opening=["10:00-18:00"], lead_time="2m")
    assert turns(engine, "2026-11-23T00:00", 2) == ["2026-11-23T10:00", "2026-11-23T17:58"]


@pytest.mark.parametrize(("opening", "vanishes"), [("10:00-10:02", True), ("10:00-10:03", False)])
def test_an_open_period_no_longer_than_the_lead_time_vanishes(opening: str, vanishes: bool) -> None:
    engine = hours("00:00-24:00", opening=[opening], lead_time="2m")
    assert engine.is_quiet(at("2026-11-23T10:00")) is vanishes
    if vanishes:
        assert engine.next_change(at("2026-11-23T00:00")) is None
    else:
        assert turns(engine, "2026-11-23T00:00", 2) == ["2026-11-23T10:00", "2026-11-23T10:01"]


def test_a_lead_time_is_elapsed_time_also_across_a_change_of_the_clocks() -> None:
    engine = hours("03:00-04:00", zone="America/New_York", lead_time="30m")
    assert turns(engine, "2026-03-08T00:00", 2) == ["2026-03-08T06:30", "2026-03-08T08:00"]


# Reasons, periods, words


def test_a_reason_says_which_interval_holds_in_which_zone_since_when_and_until_when() -> None:
    engine = hours("Sun 00:00-24:00", "21:00-09:00", zone="Asia/Shanghai")
    reason = engine.reason(at("2026-11-23T14:00"))
    assert reason == Reason(
        quiet=True,
        place="quiet[1]",
        interval="21:00-09:00",
        time_zone="Asia/Shanghai",
        since=at("2026-11-23T13:00"),
        until=at("2026-11-24T01:00"),
    )
    assert (
        reason.text
        == "Quiet in Asia/Shanghai from Mon 2026-11-23 21:00 until Tue 2026-11-24 09:00: quiet[1] 21:00-09:00."
    )


def test_a_reason_for_open_hours_names_no_interval() -> None:
    reason = hours("21:00-09:00").reason(at("2026-11-23T14:00"))
    assert (reason.quiet, reason.place, reason.interval) == (False, None, None)
    assert (
        reason.text == "Open in UTC from Mon 2026-11-23 09:00 until Mon 2026-11-23 21:00: no interval holds."
    )


def test_a_reason_names_the_except_that_opens() -> None:
    reason = hours(
        "Fri 00:00-24:00", opening=["10:00-18:00", {"dates": ["2026-11-27"], "time_zone": "Asia/Shanghai"}]
    ).reason(at("2026-11-27T09:00"))
    assert (reason.quiet, reason.place, reason.time_zone) == (False, "except[1]", "Asia/Shanghai")
    assert reason.interval == '{"dates": ["2026-11-27"], "time_zone": "Asia/Shanghai"}'


def test_what_no_longer_turns_began_when_china_last_moved_its_clocks() -> None:
    """Also asked just after a change of the clocks in Berlin, from which it does not look so."""
    engine = hours(*NIGHTS_OF_ALL_ZONES, "10:00-11:00 Europe/Berlin")
    assert engine.reason(at("2026-10-26T12:00")).since == at("1991-09-14T08:00")


def test_a_lead_time_before_a_span_that_is_shorter_counts() -> None:
    engine = hours(
        "2026-11-26T10:00Z/2026-11-26T10:01Z", "2026-11-27T10:00Z/2026-11-27T10:01Z", lead_time="1h"
    )
    assert turns(engine, "2026-11-26T00:00", 4) == [
        "2026-11-26T09:00",
        "2026-11-26T10:01",
        "2026-11-27T09:00",
        "2026-11-27T10:01",
    ]
    assert engine.is_quiet(at("2026-11-26T09:30"))
    assert not engine.is_quiet(at("2026-11-26T08:59"))


def test_a_reason_says_when_quiet_only_begins_early() -> None:
    reason = hours("00:00-06:00", "21:00-22:00", lead_time="90s").reason(at("2026-11-23T20:59"))
    assert (reason.quiet, reason.ahead, reason.place) == (True, True, "quiet[1]")
    assert (
        reason.text
        == "Quiet in UTC from Mon 2026-11-23 20:58:30 until Mon 2026-11-23 22:00: lead time before quiet[1] 21:00-22:00."
    )


def test_a_reason_of_what_never_turns_or_ends_says_so() -> None:
    assert (
        hours("00:00-24:00").reason(at("2026-11-23T20:59")).text
        == "Quiet in UTC always: quiet[0] 00:00-24:00."
    )
    over = hours("2026-11-26T00:00Z/2026-11-27T00:00Z", zone=None)
    assert (
        over.reason(at("2027-11-23T20:59")).text
        == "Open in UTC from Fri 2026-11-27 00:00 for ever: no interval holds."
    )
    assert (
        over.reason(at("2025-11-23T20:59")).text
        == "Open in UTC until Thu 2026-11-26 00:00: no interval holds."
    )
    assert hours({"years": ["1980:2100"]}).reason(at("2026-01-01T00:00")).since == at("1980-01-01T00:00")


def test_periods_follow_one_another_without_a_gap_and_are_cut_to_what_was_asked() -> None:
    engine = hours("21:00-08:00", opening=["Tue 22:00-23:00"])
    found = list(engine.periods(at("2026-11-24T00:00"), at("2026-11-25T00:00")))
    assert [(f"{p.start:%H:%M}", f"{p.end:%H:%M}", p.quiet, p.reason.place) for p in found] == [
        ("00:00", "08:00", True, "quiet[0]"),
        ("08:00", "21:00", False, None),
        ("21:00", "22:00", True, "quiet[0]"),
        ("22:00", "23:00", False, "except[0]"),
        ("23:00", "00:00", True, "quiet[0]"),
    ]
    assert isinstance(found[0], Period)
    assert found[0].reason == engine.reason(found[0].start)
    assert found[0].reason.since == at("2026-11-23T21:00")
    assert found[-1].reason == engine.reason(found[-1].start)
    assert found[-1].reason.until == at("2026-11-25T08:00")
    assert list(hours("00:00-24:00").periods(at("2026-11-24T00:00"), at("2026-11-24T00:00"))) == []
    assert len(list(hours("00:00-24:00").periods(at("2026-11-24T00:00"), at("2027-11-24T00:00")))) == 1


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ("21:00-08:00", "every day 21:00 to 08:00 of the next day (UTC)"),
        ("00:00-24:00", "always (UTC)"),
        ("Fri 21:00-08:00", "Fri 21:00 to Sat 08:00 (UTC)"),
        (
            "Mon,Fri 21:00-08:00 Asia/Shanghai",
            "Mon 21:00 to Tue 08:00, Fri 21:00 to Sat 08:00 (Asia/Shanghai)",
        ),
        ("Sun 21:00-24:00", "Sun 21:00 to 24:00 (UTC)"),
        ("Sat-Sun 00:00-24:00", "Sat and Sun all day (UTC)"),
        ("Sun 00:00-08:00,21:00-08:00", "Sun 00:00 to 08:00, Sun 21:00 to Mon 08:00 (UTC)"),
        ("00:00-08:00,21:00-22:00", "every day 00:00 to 08:00 and 21:00 to 22:00 (UTC)"),
        (
            "friday#-1 21:00-08:00",
            "on the last Friday of the month: 21:00 to 08:00 of the next day (UTC)",
        ),
        (
            "2026-11-26T18:00:00-05:00/2026-11-27T09:00:00-05:00",
            "from Thu 2026-11-26 23:00:00 to Fri 2026-11-27 14:00:00 UTC",
        ),
        ({"dates": ["12-24:12-26", "2026-05-01"]}, "on 12-24 to 12-26 and 2026-05-01: all day (UTC)"),
        (
            {"weekdays": ["mon#1", "tue"], "times": ["21:00-08:00"]},
            "on the first Monday of the month and Tuesday: 21:00 to 08:00 of the next day (UTC)",
        ),
        (
            {"days_of_month": ["1:5", "-1"], "months": ["may:july"], "years": [2026]},
            "on day 1 to 5 and -1 of the month, in May to July, in 2026: all day (UTC)",
        ),
        (
            {"weekdays": ["Mon-Fri"], "times": ["09:00-17:00"]},
            "Mon, Tue, Wed, Thu and Fri 09:00 to 17:00 (UTC)",
        ),
    ],
)
def test_an_interval_is_put_in_plain_words(interval: Any, words: str) -> None:
    assert hours(interval).describe() == [f"quiet[0]: {words}"]


def test_the_description_ends_with_what_opens_and_the_lead_time() -> None:
    engine = hours("21:00-08:00", opening=["Wed 22:00-23:00"], lead_time="2m")
    assert engine.describe()[1:] == [
        "except[0]: not quiet Wed 22:00 to 23:00 (UTC)",
        "lead_time: quiet begins 2m earlier",
    ]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"quiet": ["21:00-08:00"]}, []),
        ({"quiet": ["21:00-08:00", "23:59-24:00"]}, ["quiet[1]: 23:59-24:00 lasts one minute"]),
        (
            {"quiet": ["21:00-08:00", {"dates": "2020-01-01"}]},
            ['quiet[1]: {"dates": "2020-01-01"} is over and never holds again'],
        ),
        (
            {"quiet": ["21:00-08:00 EST"]},
            ["quiet[0]: EST knows no summer time; America/New_York may be meant"],
        ),
        ({"quiet": ["21:00-08:00"], "lead_time": "14h"}, ["is always quiet"]),
        (
            {"quiet": ["21:00-08:00"], "except": ["2026-12-24T22:00Z/2026-12-24T22:02Z"], "lead_time": "2m"},
            ["lead_time is as long as an open period or longer, which is therefore never open"],
        ),
        ({"quiet": ["21:00-08:00"], "lead_time": "2m"}, []),
    ],
)
def test_what_is_valid_but_hardly_meant_is_suspicious(document: Any, expected: list[str]) -> None:
    found = QuietHours.model_validate({"time_zone": "UTC", **document}).warnings(at("2026-11-23T12:00"))
    assert [text for text in found if "14h" not in str(document) or text.startswith("is ")] == expected


# Peers' documented examples, in the peers' notation


PEERS = [
    # https://github.com/hjacobs/kube-downscaler/issues/84: Sun-Fri wraps.
    ("Sun-Fri 19:00-20:00 UTC", "2026-11-29T19:30Z", "2026-11-28T19:30Z"),
    # kube-downscaler's README: uptime `Mon-Fri 07:30-20:30 Europe/Berlin`, and its overnight form, which never matches there.
    ("Mon-Fri 07:30-20:30 Europe/Berlin", "2026-11-23T06:30Z", "2026-11-23T19:30Z"),
    ("Mon-Fri 21:00-08:00 Europe/Berlin", "2026-11-28T06:59Z", "2026-11-23T06:59Z"),
    # https://github.com/hjacobs/kube-downscaler/pull/25: the weekday is the zone's, not UTC's.
    ("Mon 00:00-09:00 Pacific/Auckland", "2026-11-22T12:00Z", "2026-11-23T12:00Z"),
    # kube-downscaler, absolute: the end is outside here.
    ("2019-01-01T00:00:00+00:00/2019-01-02T12:34:56+00:00", "2019-01-02T12:34:55Z", "2019-01-02T12:34:56Z"),
    # GoKubeDownscaler's `Mon-Fri 20:00-08:00` is quiet on Monday morning; here the night of Friday is.
    ("Mon-Fri 20:00-08:00 UTC", "2026-11-28T07:00Z", "2026-11-23T07:00Z"),
    # opening_hours: `We 22:00-02:00` covers the first hours of Thursday.
    ("Wed 22:00-02:00 UTC", "2026-11-26T01:59Z", "2026-11-25T01:59Z"),
    # https://github.com/grafana/grafana/issues/62849: nothing leaks in the last minute of the day.
    ("09:00-24:00 UTC", "2026-11-23T23:59:59Z", "2026-11-24T00:00Z"),
    # https://github.com/grafana/grafana/issues/73912: 17:05 to 10:55.
    ({"times": [{"start_time": "17:05", "end_time": "10:55"}], "location": "UTC"}, "2026-11-24T10:54Z", "2026-11-24T10:55Z"),
    # AWS Instance Scheduler: the n-th weekday (#114), the last day of February (its n-31 failed), weekdays that wrap.
    ({"weekdays": ["mon#1"], "location": "UTC"}, "2026-12-07T12:00Z", "2026-11-30T12:00Z"),
    ({"days_of_month": ["-1"], "months": ["february"], "location": "UTC"}, "2028-02-29T12:00Z", "2028-02-28T12:00Z"),
    # AWS Instance Scheduler 3.0.5 ran the n-th weekday a week early in months that begin on it.
    ({"weekdays": ["tue#2"], "location": "UTC"}, "2026-12-08T12:00Z", "2026-12-01T12:00Z"),
    # Cloud Custodian: `off=[(M-F,21),(U,18)]` stops at an hour; as an interval it lasts.
    ("Mon-Fri 21:00-08:00 US/Pacific", "2026-11-24T15:59Z", "2026-11-24T16:00Z"),
    # https://github.com/henrygd/beszel/issues/1825: the summer offset counts in summer.
    ("22:00-07:00 Europe/Berlin", "2026-07-01T20:00Z", "2026-07-01T05:00Z"),
    # https://github.com/prometheus/alertmanager/pull/5447: the last day of March, in which the clocks change.
    ({"days_of_month": ["-1"], "location": "America/New_York"}, "2021-03-31T16:00Z", "2021-03-30T16:00Z"),
]  # fmt: skip


@pytest.mark.parametrize(("interval", "inside", "outside"), PEERS)
def test_what_peers_and_their_users_write_means_what_they_expect(
    interval: Any, inside: str, outside: str
) -> None:
    engine = hours(interval, zone=None)
    assert engine.is_quiet(at(inside))
    assert not engine.is_quiet(at(outside))


# Cost


def test_importing_costs_neither_holidays_nor_the_command() -> None:
    code = "import sys, handler.quiet_hours as q; q.QuietHours.model_validate({'time_zone': 'UTC', 'quiet': ['21:00-08:00', {'dates': '12-25'}]}); print(*sorted(sys.modules))"
    loaded = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    unwanted = {
        "holidays",
        "chinese_calendar",
        "dateutil",
        "difflib",
        "boto3",
        "tencentcloud",
        "handler.quiet_hours.presets",
        "handler.quiet_hours.words",
    }
    assert not unwanted.intersection(loaded)
