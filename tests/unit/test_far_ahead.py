"""What a policy names is found however far ahead it lies, and None means that it never turns."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handler.quiet_hours import QuietHours
from handler.quiet_hours.day_masks import Month, unlike_years
from handler.quiet_hours.zone import Clock, read_zone

UTC = timezone.utc
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ZONES = sorted(available_timezones() - {"Factory", "localtime"})


def hours(*quiet: Any, opening: tuple[Any, ...] = (), lead: str = "0s", zone: str = "UTC") -> QuietHours:
    return QuietHours.model_validate(
        {"time_zone": zone, "quiet": list(quiet), "except": list(opening), "lead_time": lead}
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


@pytest.mark.parametrize(
    ("engine", "turn"),
    [
        pytest.param(hours({"dates": ["2126-11-25"]}), "2126-11-25T00:00", id="a date in 100 years"),
        pytest.param(hours({"dates": ["9000-06-01"]}), "9000-06-01T00:00", id="a date"),
        pytest.param(hours({"years": ["7777"]}), "7777-01-01T00:00", id="a year"),
        pytest.param(hours("5000-01-01T00:00:01Z/5000-01-02T00:00Z"), "5000-01-01T00:00:01", id="a span"),
        pytest.param(
            hours("00:00-24:00", opening=({"dates": ["9998-02-03"], "times": "09:00-10:00"},)),
            "9998-02-03T09:00",
            id="an opening",
        ),
        pytest.param(
            hours({"dates": ["9000-01-01"]}, lead="2m"),
            "8999-12-31T23:58",
            id="a lead time into the year before",
        ),
        pytest.param(
            hours({"dates": ["9000-01-01"]}, zone="Asia/Shanghai"),
            "8999-12-31T16:00",
            id="a clock ahead of UTC",
        ),
        pytest.param(
            hours({"years": ["2026:8000"]}, {"years": ["8001"], "months": ["1:6"]}),
            "8001-07-01T00:00",
            id="the end of what lasts for millennia",
        ),
        pytest.param(
            hours({"years": ["3000:9999"], "dates": ["02-29"], "weekdays": ["sunday"]}),
            "3024-02-29T00:00",
            id="a rare day in years to come",
        ),
    ],
)
def test_what_is_named_is_found_however_far_ahead(engine: QuietHours, turn: str) -> None:
    assert engine.next_change(NOW) == at(turn)
    assert engine.reason(at(turn)).since == at(turn)


def test_what_began_millennia_ago_is_found() -> None:
    assert hours({"years": ["0017:9000"]}).reason(NOW).since == at("0017-01-01T00:00")


@pytest.mark.parametrize(
    ("engine", "state"),
    [
        pytest.param(
            hours({"months": ["1:12"], "times": "20:00-10:00"}, {"months": ["1:12"], "times": "09:00-21:00"}),
            True,
            id="objects that cover the day",
        ),
        pytest.param(
            hours({"months": ["1:12"], "times": "00:00-24:00"}, opening=("10:00-10:02",), lead="2m"),
            True,
            id="a lead time as long as every opening",
        ),
        pytest.param(
            hours({"months": ["1:12"], "times": "21:00-08:00"}, lead="14h", zone="Asia/Shanghai"),
            True,
            id="a lead time longer than every day",
        ),
        pytest.param(
            hours(
                {"dates": ["03-25:03-31"], "weekdays": ["sun"], "times": "02:00-03:00"}, zone="Europe/Berlin"
            ),
            False,
            id="an hour that the clock always skips",
        ),
        pytest.param(
            hours({"dates": [f"{year}-05-05" for year in range(1700, 2020)]}), False, id="dates that are over"
        ),
    ],
)
def test_none_means_that_it_never_turns(engine: QuietHours, state: bool) -> None:
    assert engine.is_quiet(NOW) is state
    assert engine.next_change(NOW) is None


def test_what_no_rule_of_today_skips_was_quiet_when_the_clock_did_not_skip_it() -> None:
    """The EU's clocks have changed at this hour since 1981."""
    engine = hours({"dates": ["03-28"], "weekdays": ["sun"], "times": "02:00-03:00"}, zone="Europe/Berlin")
    assert engine.next_change(NOW) is None
    assert engine.reason(NOW).since == at("1976-03-28T02:00")


def test_a_calendar_of_holidays_is_asked_for_in_the_years_around_and_in_those_that_are_named() -> None:
    assert hours({"holidays": "DE", "years": ["2100"]}).next_change(at("1950-01-01T00:00")) == at(
        "2100-01-01T00:00"
    )
    assert hours({"holidays": "DE"}).next_change(at("2500-01-01T00:00")) is None
    assert hours({"workdays": "US"}).next_change(NOW) is None
    assert hours("00:00-24:00", {"holidays": "US"}, opening=({"years": ["2300"]},)).next_change(NOW) == at(
        "2300-01-01T00:00"
    )


RULES = st.sampled_from(
    [
        "21:00-08:00",
        "Sun 00:00-24:00 Asia/Shanghai",
        {"dates": ["02-29"], "weekdays": ["sunday"]},
        {"dates": ["12-31:01-01"], "times": ["23:00-01:00"]},
        {"weekdays": ["friday#5"], "months": ["february"], "location": "Europe/Berlin"},
        {"years": ["2130:2140", "2190"], "days_of_month": ["-1"]},
        {"dates": ["2101-03-01", "2155-12-31"]},
        "2177-07-07T07:07:07Z/2179-01-01T00:00Z",
    ]
)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(RULES, min_size=1, max_size=3),
    st.lists(RULES, max_size=1),
    st.sampled_from(["0s", "2m", "23h"]),
    st.integers(2089, 2200),
)
def test_no_turn_is_missed_in_the_years_that_are_left_out(
    quiet: list[Any], opening: list[Any], lead: str, year: int
) -> None:
    """Ask whether it is as on the day before on every day of many years, then compare with the first turn."""
    engine = hours(*quiet, opening=tuple(opening), lead=lead)
    start = datetime(year, 1, 1, 12, tzinfo=UTC)
    turn = engine.next_change(start)
    end = min(turn or start + timedelta(days=36_525), start + timedelta(days=36_525))
    state, step = engine.is_quiet(start), timedelta(hours=15, minutes=7)
    assert all(engine.is_quiet(start + step * n) == state for n in range((end - start) // step))


def test_a_year_repeats_an_earlier_one_of_its_kind() -> None:
    assert list(islice(unlike_years(range(2089, 9999), set()), 20))[-1] < 2089 + 41
    assert len(list(unlike_years(range(1, 9999), {5000}))) == 14 + 1 + 14


@pytest.mark.parametrize("part", range(8))
def test_after_its_listed_years_a_zone_changes_its_clock_alike_in_years_of_one_kind(part: int) -> None:
    for name in ZONES[part::8]:
        zone, known = read_zone(name), dict[tuple[tuple[int, int], ...], list[Clock]]()
        for year in range(zone.listed_years.stop, zone.listed_years.stop + 62, 3):
            months = [Month.of(year, number) for number in range(1, 13)]
            kind = tuple((month.length, (month.first + 3) % 7) for month in months)
            clocks = [zone.clock(month) for month in months]
            assert known.setdefault(kind, clocks) == clocks, (name, year)
        first = [zone.clock(Month.of(year, 6)) for year in (2, zone.listed_years.start - 1)]
        assert first[0] == first[1], name
