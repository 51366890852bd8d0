"""What one interval means and what is refused: documents, instants inside and outside, the texts of refusals."""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from typing import Any
from zoneinfo import available_timezones

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from handler.errors.sentences import problems
from handler.quiet_hours import QuietHours
from handler.quiet_hours.zone import _CITIES, read_zone


def quiet(interval: Any, zone: str | None = "Europe/Berlin") -> QuietHours:
    return QuietHours.model_validate({"time_zone": zone, "quiet": [interval]})


def refusal(interval: Any, zone: str | None = "Europe/Berlin") -> list[str]:
    with pytest.raises(ValidationError) as caught:
        quiet(interval, zone)
    return problems(caught.value)


def berlin(text: str) -> datetime:
    """Read a wall time of Berlin in winter, unless it has an offset of its own."""
    return datetime.fromisoformat(text if "+" in text else text + "+01:00")


# 2026-11-23 is a Monday.
MEANING = [
    (
        "21:00-08:00",
        "2026-11-23T21:00 2026-11-24T00:00 2026-11-24T07:59:59",
        "2026-11-23T20:59:59 2026-11-24T08:00",
    ),
    ("9:00-10:30", "2026-11-23T09:00 2026-11-23T10:29", "2026-11-23T08:59 2026-11-23T10:30"),
    ("09:00-24:00", "2026-11-23T23:59:59", "2026-11-24T00:00"),
    ("21:00-00:00", "2026-11-23T23:59:59", "2026-11-24T00:00"),
    ("00:00-24:00", "2026-11-23T00:00 2026-11-23T12:00 2026-11-23T23:59", ""),
    (
        "Fri 21:00-08:00",
        "2026-11-27T21:00 2026-11-28T07:59",
        "2026-11-27T07:59 2026-11-28T21:00 2026-11-28T08:00",
    ),
    ("Sun 21:00-08:00", "2026-11-29T21:00 2026-11-30T07:59", "2026-11-29T07:59 2026-11-30T08:00"),
    ("Mon-Fri 21:00-08:00", "2026-11-28T07:59", "2026-11-23T07:59 2026-11-28T21:00 2026-11-29T07:00"),
    (
        "Fri-Mon 10:00-11:00",
        "2026-11-27T10:00 2026-11-29T10:00 2026-11-30T10:00",
        "2026-11-26T10:00 2026-12-01T10:00",
    ),
    ("Mon,Wed,Fri 10:00-11:00", "2026-11-25T10:00", "2026-11-24T10:00"),
    ("Mon, Wed , Fri 10:00 - 11:00", "2026-11-25T10:00", "2026-11-24T10:00"),
    ("Mon-Wed,Sat 10:00-11:00", "2026-11-28T10:00", "2026-11-26T10:00"),
    ("mon–FRI 10:00–11:00", "2026-11-27T10:00", "2026-11-28T10:00"),  # noqa: RUF001 - as a word processor writes it
    ("Monday-friday 10:00-11:00", "2026-11-27T10:00", "2026-11-28T10:00"),
    ("monday:friday 10:00-11:00", "2026-11-27T10:00", "2026-11-28T10:00"),
    ("weekdays 10:00-11:00", "2026-11-27T10:00", "2026-11-28T10:00"),
    ("WEEKENDS 00:00-24:00", "2026-11-28T10:00 2026-11-29T23:59", "2026-11-27T23:59 2026-11-30T00:00"),
    ("monday#1 00:00-24:00", "2026-12-07T10:00", "2026-11-30T10:00 2026-12-14T10:00"),
    ("fri#-1 21:00-08:00", "2026-11-27T21:00 2026-11-28T07:59", "2026-11-20T21:00 2026-12-04T21:00"),
    ("mon#5 00:00-24:00", "2026-11-30T10:00", "2026-12-28T10:00"),
    ("sun#-5 00:00-24:00", "2026-11-01T10:00", "2026-12-06T10:00"),
    (
        "Mon-Fri 00:00-08:00,21:00-24:00",
        "2026-11-27T07:59 2026-11-27T21:00",
        "2026-11-27T08:00 2026-11-28T00:00",
    ),
    ("10:00-12:00,11:00-13:00", "2026-11-23T12:30", "2026-11-23T13:00"),
    ("21:00-08:00 Asia/Shanghai", "2026-11-23T14:00 2026-11-24T00:59", "2026-11-23T13:59 2026-11-24T01:00"),
    ("21:00-08:00 UTC", "2026-11-23T22:00", "2026-11-23T21:59"),
    (
        "2026-11-26T18:00:00-05:00/2026-11-27T09:00:00-05:00",
        "2026-11-27T00:00 2026-11-27T14:59:59",
        "2026-11-26T23:59:59 2026-11-27T15:00",
    ),
    ("2026-11-26T18:00Z / 2026-11-26T19:00Z", "2026-11-26T19:00", "2026-11-26T20:00"),
    ({"times": ["21:00-08:00"], "weekdays": ["friday"]}, "2026-11-28T07:59", "2026-11-27T07:59"),
    ({"times": "21:00-08:00", "weekdays": "friday"}, "2026-11-28T07:59", "2026-11-27T07:59"),
    ({"weekdays": ["saturday:monday"]}, "2026-11-30T23:59", "2026-12-01T00:00 2026-11-27T23:59"),
    ({"weekdays": ["Mon-Wed", "weekends"]}, "2026-11-25T12:00 2026-11-28T12:00", "2026-11-26T12:00"),
    ({"weekdays": ["monday#1", "tuesday"]}, "2026-12-07T12:00 2026-12-15T12:00", "2026-12-14T12:00"),
    (
        {"dates": ["2026-12-24"]},
        "2026-12-24T00:00 2026-12-24T23:59",
        "2026-12-23T23:59 2026-12-25T00:00 2027-12-24T12:00",
    ),
    ({"dates": [date(2026, 12, 24)]}, "2026-12-24T00:00", "2026-12-25T00:00"),
    ({"dates": ["2026-12-24:2026-12-26"]}, "2026-12-25T12:00 2026-12-26T12:00", "2026-12-27T12:00"),
    (
        {"dates": ["2026-12-31:2027-01-01"]},
        "2026-12-31T12:00 2027-01-01T12:00",
        "2026-01-01T12:00 2027-01-02T12:00",
    ),
    ({"dates": ["12-25"]}, "2026-12-25T12:00 2036-12-25T12:00", "2026-12-26T12:00"),
    ({"dates": ["12-24:01-02"]}, "2026-12-31T12:00 2027-01-02T12:00", "2027-01-03T12:00 2026-12-23T12:00"),
    ({"dates": ["02-29"]}, "2028-02-29T12:00", "2027-02-28T12:00 2027-03-01T12:00"),
    ({"dates": ["2026-12-24"], "times": ["21:00-08:00"]}, "2026-12-25T07:59", "2026-12-24T07:59"),
    (
        {"days_of_month": ["-1"], "times": ["22:00-02:00"]},
        "2026-11-30T22:00 2026-12-01T01:59",
        "2026-11-30T01:00",
    ),
    ({"days_of_month": [1, "15"]}, "2026-12-15T12:00", "2026-12-14T12:00"),
    ({"months": ["december"], "times": ["22:00-02:00"]}, "2027-01-01T01:59", "2026-12-01T01:59"),
    ({"months": ["november:february"]}, "2026-12-01T12:00 2027-02-01T12:00", "2027-03-01T12:00"),
    ({"months": [12, "Jan", "5:6"]}, "2026-12-01T12:00 2027-01-31T12:00", "2027-02-01T12:00"),
    (
        {"years": [2027, "2029:2030"], "times": ["22:00-02:00"]},
        "2028-01-01T01:59",
        "2027-01-01T01:59 2026-12-31T23:00",
    ),
    (
        {"times": [{"start_time": "21:00", "end_time": "08:00"}], "location": "UTC"},
        "2026-11-23T22:00",
        "2026-11-23T21:59",
    ),
    ({"times": ["21:00-08:00"], "time_zone": "UTC"}, "2026-11-23T22:00", "2026-11-23T21:59"),
]


@pytest.mark.parametrize(("interval", "inside", "outside"), MEANING)
def test_an_interval_holds_at_these_instants_and_not_at_those(
    interval: Any, inside: str, outside: str
) -> None:
    hours = quiet(interval)
    found = {text: hours.is_quiet(berlin(text)) for text in inside.split() + outside.split()}
    assert found == dict.fromkeys(inside.split(), True) | dict.fromkeys(outside.split(), False)


@pytest.mark.parametrize("interval", [row[0] for row in MEANING])
def test_every_interval_survives_yaml_and_json(interval: Any) -> None:
    hours = quiet(interval)
    dumped = hours.document()
    assert QuietHours.model_validate(json.loads(json.dumps(dumped))) == hours
    assert QuietHours.model_validate(yaml.safe_load(yaml.safe_dump(dumped))) == hours
    assert hours.describe()[0].startswith("quiet[0]: ")


SPAN = "write '2026-11-26T18:00:00-05:00/2026-11-27T09:00:00-05:00', or a day as {dates: ['2026-11-26']}"
FORM = "write it as '21:00-08:00' or 'Mon-Fri 21:00-08:00 Europe/Berlin'"
DAYS = "write Mon, Tue, Wed, Thu, Fri, Sat or Sun"
NO_ZONE = (
    "has no time zone, and the document has no `time_zone` either; write time_zone: UTC if that is meant"
    " (Alertmanager would silently take UTC)"
)
REFUSED = [
    ("", "an interval is missing here; write one such as '21:00-08:00'"),
    ("Sun", "'Sun' has no times; write 'Sun 00:00-24:00' for whole days"),
    ("Sunn", "'Sunn' is not a weekday; did you mean 'Sun'?"),
    ("Thur 21:00-08:00", "'Thur' is not a weekday; did you mean 'Thu'?"),
    ("Mon-Thur 21:00-08:00", "'Thur' is not a weekday; did you mean 'Thu'?"),
    ("Wendesday 21:00-08:00", "'Wendesday' is not a weekday; did you mean 'Wednesday'?"),
    ("weekend 21:00-08:00", "'weekend' is not a weekday; did you mean 'weekends'?"),
    ("daily 21:00-08:00", "'daily' is not a weekday; every day is meant when none is named"),
    ("x 21:00-08:00", f"'x' is not a weekday; {DAYS}"),
    ("mon#6 21:00-08:00", "'mon#6': after '#' comes 1 to 5, or -1 to -5 from the end of the month"),
    (
        "mon-fri#1 21:00-08:00",
        "'mon-fri#1': the n-th weekday is asked for one day at a time, as in 'monday#1'",
    ),
    ("21-8", "'21-8' has no minutes; did you mean '21:00-08:00'?"),
    ("2100-0800", "'2100' is not a time: did you mean '21:00'?"),
    ("21.30-08.00", "'21.30' is not a time: did you mean '21:30'?"),
    ("9pm-8am", "'9pm' is not a time: did you mean '21:00'?"),
    ("9:30pm-8am", "'9:30pm' is not a time: did you mean '21:30'?"),
    ("12am-8am", "'12am' is not a time: did you mean '00:00'?"),
    ("9 pm - 8 am", "'9 pm - 8 am': write the hours of the day from 0 to 24, as in '21:00-08:00'"),
    ("21:00-8", "'8' is not a time: did you mean '08:00'?"),
    ("21:00:00-08:00:00", "'21:00:00' is not a time: quiet hours know no seconds; write '21:00'"),
    ("00:00-23:59:59", "'23:59:59' is not a time: quiet hours know no seconds; write '24:00'"),
    ("21:60-08:00", "'21:60' is not a time: a day runs from 00:00 to 24:00"),
    ("99:00-08:00", "'99:00' is not a time: a day runs from 00:00 to 24:00"),
    ("22:00-26:00", "'26:00' is not a time: a day runs from 00:00 to 24:00; past midnight write '02:00'"),
    ("9:5-10:00", "'9:5' is not a time: write it as '21:00'"),
    ("\u0662\u0661:00-08:00", "'\u0662\u0661:00' is not a time: write it as '21:00'"),
    ("21:00", "'21:00' is not a time range: write it as '21:00-08:00'"),
    ("21:00-", "'21:00-' is not a time range: write it as '21:00-08:00'"),
    ("21:00-08:00-09:00", "'21:00-08:00-09:00' is not a time range: write it as '21:00-08:00'"),
    ("-08:00", f"'-08:00' is not an interval; {FORM}"),
    ("03:00-03:00", "'03:00-03:00' starts and ends at the same time; write '00:00-24:00' for a whole day"),
    (
        "24:00-08:00",
        "24:00 is the end of a day, nothing starts there; write '00:00-08:00' and name the next day",
    ),
    (
        "Mon-Fri, 21:00-08:00",
        "'Mon-Fri, 21:00-08:00' has a mark between days and times; did you mean 'Mon-Fri 21:00-08:00'?",
    ),
    (
        "Mon Fri 21:00-08:00",
        "'Mon Fri 21:00-08:00' has no times after its weekdays; write 'Mon,Fri 21:00-08:00'",
    ),
    ("Mon to Fri 21:00-08:00", f"'Mon to Fri 21:00-08:00' has no times after its weekdays; {FORM}"),
    (
        "21:00-08:00 Mon-Fri",
        "'21:00-08:00 Mon-Fri' has its weekdays at the end; did you mean 'Mon-Fri 21:00-08:00'?",
    ),
    (
        "Fri 21:00-Sat 08:00",
        "'Fri 21:00-Sat 08:00' names several days and times; did you mean 'Fri 21:00-08:00'?",
    ),
    (
        "Fri 21:00 - Mon 08:00",
        "'Fri 21:00 - Mon 08:00' names several days and times;"
        " write 'Fri 21:00-24:00', 'Sat,Sun 00:00-24:00' and 'Mon 00:00-08:00'",
    ),
    (
        "Mon-Fri 21:00-08:00, Sat 00:00-24:00",
        "'Mon-Fri 21:00-08:00, Sat 00:00-24:00' names several days and times; write each as an entry of its own",
    ),
    (
        "Mon 00:00-08:00 21:00-24:00",
        "'Mon 00:00-08:00 21:00-24:00' has several times; did you mean 'Mon 00:00-08:00,21:00-24:00'?",
    ),
    (
        "21:00-08:00; Sun 00:00-24:00",
        "'21:00-08:00; Sun 00:00-24:00' is several intervals; write each as an entry of its own",
    ),
    (
        "21:00-08:00 CST",
        "'CST' is not a time zone of the tz database; did you mean 'America/Chicago' or 'Asia/Shanghai'?",
    ),
    (
        "21:00-08:00 europe/berlin",
        "'europe/berlin' is not a time zone of the tz database; did you mean 'Europe/Berlin'?",
    ),
    (
        "21:00-08:00 Shanghai",
        "'Shanghai' is not a time zone of the tz database; did you mean 'Asia/Shanghai'?",
    ),
    (
        "21:00-08:00 UTC+8",
        "'UTC+8' is not a time zone of the tz database;"
        " an offset knows no summer time: write a place such as 'Asia/Shanghai', or 'UTC'",
    ),
    (
        "21:00-08:00 Qqqq",
        "'Qqqq' is not a time zone of the tz database; write one such as 'Asia/Shanghai' or 'UTC'",
    ),
    ("21:00-08:00 localtime", "'localtime' depends on the machine; write a zone such as 'Asia/Shanghai'"),
    ("21:00-08:00 right/UTC", "'right/UTC' depends on the machine; write a zone such as 'Asia/Shanghai'"),
    (
        "21:00-08:00 New York",
        "'New_York' is not a time zone of the tz database; did you mean 'America/New_York'?",
    ),
    (
        "21:00-08:00 America/New York",
        "'21:00-08:00 America/New York' has a blank in its zone; did you mean '21:00-08:00 America/New_York'?",
    ),
    ("2026-11-26", f"'2026-11-26' is not a span; {SPAN}"),
    ("2026-11-26/2026-11-27", "'2026-11-26' is not an instant; write it as '2026-11-26T18:00:00-05:00'"),
    (
        "2026-11-26T18:00/2026-11-27T09:00",
        "'2026-11-26T18:00' has no offset; write it as '2026-11-26T18:00:00-05:00'",
    ),
    (
        "2026-11-26T25:00Z/2026-11-27T00:00Z",
        "'2026-11-26T25:00Z' is not an instant; write it as '2026-11-26T18:00:00-05:00'",
    ),
    (
        "2026-11-26T18:00:00.500Z/2026-11-27T00:00Z",
        "'2026-11-26T18:00:00.500Z' has a fraction of a second; write whole seconds",
    ),
    ("2026-11-27T00:00Z/2026-11-26T00:00Z", "'2026-11-27T00:00Z/2026-11-26T00:00Z' ends before it starts"),
    ("2026-11-26T00:00Z/2026-11-26T00:00Z", "'2026-11-26T00:00Z/2026-11-26T00:00Z' is empty"),
    (5, "an interval is a text such as '21:00-08:00' or an object, not 5"),
    ({}, "without times and days this would always hold; write '00:00-24:00' if it shall"),
    ({"location": "UTC"}, "without times and days this would always hold; write '00:00-24:00' if it shall"),
    (
        {"days_of_month": [31], "months": ["feb"]},
        "never holds: no day of the calendar has all of this at once",
    ),
    (
        {"weekdays": ["mon#5"], "months": [2], "years": [2026]},
        "never holds: no day of the calendar has all of this at once",
    ),
]


@pytest.mark.parametrize(("interval", "why"), REFUSED)
def test_what_is_no_interval_is_refused_with_the_form_that_may_be_meant(interval: Any, why: str) -> None:
    assert refusal(interval) == [f"quiet[0]: {why}"]


AT_THEIR_PLACE = [
    ({"weekdays": ["Mon", "Thur"]}, [".weekdays[1]: 'Thur' is not a weekday; did you mean 'Thu'?"]),
    ({"weekdays": "Thur"}, [".weekdays: 'Thur' is not a weekday; did you mean 'Thu'?"]),
    ({"weekdays": ["1:3", 4]}, [f".weekdays[0]: '1' is not a weekday; {DAYS}", ".weekdays[1]: a weekday is a text such as 'Mon' or 'Mon-Fri', not 4"]),
    ({"weekdays": []}, [".weekdays: is empty and would never hold; leave the key out if it shall not matter"]),
    ({"wekdays": ["Mon"]}, [".wekdays: is not a key of an interval; did you mean 'weekdays'?"]),
    (
        {"zzz": 1, "times": "21:00-08:00"},
        [".zzz: is not a key of an interval; it has times, years, months, dates, days_of_month, weekdays, holidays, holiday_eves, workdays, time_zone, location"],
    ),
    (
        {"name": "offhours", "times": "21:00-08:00"},
        [".name: belongs to an entry of Alertmanager's `time_intervals`; paste only the list inside it"],
    ),
    ({"times": ["21:00-08:00"], "location": "UTC", "time_zone": "UTC"}, [".location: is the same as time_zone; keep one of them"]),
    ({"times": ["21:00-08:00"], "location": 8}, [".location: a time zone is a text such as 'Asia/Shanghai', not 8"]),
    ({"times": [{"start_time": "9:00"}]}, [".times[0].end_time: is required"]),
    ({"times": {"start": "9:00", "end_time": "10:00"}}, [".times.start: is not a key here; did you mean 'start_time'?", ".times.start_time: is required"]),
    ({"times": {"zzz": 1, "start_time": "9:00", "end_time": "10:00"}}, [".times.zzz: is not a key here; write start_time and end_time"]),
    ({"times": [{"start_time": 1260, "end_time": "08:00"}]}, [".times[0].start_time: 1260 is not a time; if it was written 21:00, put that in quotes"]),
    ({"times": [{"start_time": 5, "end_time": None}]}, [".times[0].start_time: a time is a text such as '21:00', not 5", ".times[0].end_time: a time is a text such as '21:00', not None"]),
    ({"times": [75600]}, [".times[0]: times are a text such as '21:00-08:00', not 75600"]),
    ({"times": [{"start_time": "17:31", "end_time": "17:31"}]}, [".times[0]: '17:31-17:31' starts and ends at the same time; write '00:00-24:00' for a whole day"]),
    ({"days_of_month": ["0"]}, [".days_of_month[0]: '0' is not a day of the month: 1 to 31, or -1 to -31 from the end"]),
    ({"days_of_month": ["1-5"]}, [".days_of_month[0]: '1-5' is not a day of the month; did you mean '1:5'?"]),
    ({"days_of_month": ["x"]}, [".days_of_month[0]: 'x' is not a day of the month; write a number or a range such as '1:5' or '-3:-1'"]),
    ({"days_of_month": [True]}, [".days_of_month[0]: a day of the month is a number from 1 to 31, or from -1 to -31 from the end, not True"]),
    ({"months": [13]}, [".months[0]: '13' is not a month; write a name or a number from 1 to 12"]),
    ({"months": ["septembre"]}, [".months[0]: 'septembre' is not a month; did you mean 'September'?"]),
    ({"months": ["jan-mar"]}, [".months[0]: 'jan-mar' is not a month; did you mean 'jan:mar'?"]),
    ({"years": ["26"]}, [".years[0]: '26' is not a year; write four digits, or a range such as '2026:2028'"]),
    ({"years": ["2026-2028"]}, [".years[0]: '2026-2028' is not a year; did you mean '2026:2028'?"]),
    ({"dates": ["2026-02-29"]}, [".dates[0]: '2026-02-29': there is no day '2026-02-29' in the calendar"]),
    ({"dates": ["24.12.2026"]}, [".dates[0]: '24.12.2026' is not a date; write '2026-12-24', '12-24' for every year, or a range such as '2026-12-24:2026-12-26'"]),
    ({"dates": ["12-25:2026-12-26"]}, [".dates[0]: '12-25:2026-12-26': give both dates with their year, or both without"]),
    ({"dates": ["2026-12-26:2026-12-24"]}, [".dates[0]: '2026-12-26:2026-12-24' ends before it starts"]),
    ({"dates": ["0000-01-01"]}, [".dates[0]: '0000-01-01': there is no day '0000-01-01' in the calendar"]),
    ({"dates": [20261224]}, [".dates[0]: a date is a text such as '2026-12-24', not 20261224"]),
    (
        {"weekdays": ["Thur"], "months": ["x"], "year": 1},
        [".year: is not a key of an interval; did you mean 'years'?", ".months[0]: 'x' is not a month; write a name or a number from 1 to 12", ".weekdays[0]: 'Thur' is not a weekday; did you mean 'Thu'?"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("interval", "why"), AT_THEIR_PLACE)
def test_every_fault_of_an_object_is_named_at_its_place(interval: Any, why: list[str]) -> None:
    assert [text.removeprefix("quiet[0]") for text in refusal(interval)] == why


def test_without_any_zone_an_interval_is_refused_where_alertmanager_would_take_utc() -> None:
    assert refusal("21:00-08:00", zone=None) == [f"quiet[0]: '21:00-08:00' {NO_ZONE}"]
    assert refusal({"dates": ["12-25"]}, zone=None) == [f"quiet[0]: {NO_ZONE}"]
    span = quiet("2026-11-26T18:00Z/2026-11-26T19:00Z", zone=None)
    assert span.is_quiet(berlin("2026-11-26T19:00"))


def alertmanager(text: str) -> datetime:
    return datetime.strptime(text, "%d %b %y %H:%M %z")


# Cases of alertmanager's timeinterval_test.go (68fb2d57) in its own notation; `location` is written out, since
# there is no silent UTC here.
ALERTMANAGER = [
    (
        "[{weekdays: ['monday:friday'], times: [{start_time: '09:00', end_time: '17:00'}], location: UTC}]",
        "04 May 20 15:04 +0000, 05 May 20 10:04 +0000, 09 Jun 20 09:04 +0000, 08 Jul 20 16:59 +0000",
        "03 May 20 15:04 +0000, 04 May 20 08:59 +0000, 05 May 20 05:00 +0000",
    ),
    (
        "[{days_of_month: ['4:6'], months: ['4'], years: ['2020'], location: UTC}]",
        "04 Apr 20 15:04 +0000, 05 Apr 20 00:00 +0000, 06 Apr 20 23:05 +0000",
        "03 May 18 15:04 +0000, 03 Apr 20 23:59 +0000, 06 Apr 19 23:59 +0000, 07 Apr 20 00:00 +0000",
    ),
    (
        "[{days_of_month: ['-3:-1'], location: UTC}]",
        "31 Jan 20 15:04 +0000, 29 Jan 20 15:04 +0000, 30 Jun 20 00:00 +0000, 29 Feb 20 23:05 +0000",
        "27 Jan 20 15:04 +0000, 04 Jun 20 23:59 +0000, 01 Mar 20 00:00 +0000",
    ),
    (
        "[{days_of_month: ['1:31'], months: ['june'], location: UTC}, {days_of_month: ['-31:-1'], months: ['6'], location: UTC}]",
        "30 Jun 20 00:00 +0000, 01 Jun 20 00:00 +0000",
        "31 May 20 00:00 +0000, 01 Jul 20 00:00 +0000",
    ),
    (
        "[{days_of_month: ['31'], location: UTC}]",
        "31 May 20 00:00 +0000",
        "30 Jun 20 00:00 +0000, 01 Jul 20 00:00 +0000",
    ),
    (
        "[{weekdays: ['monday:friday'], times: [{start_time: '09:00', end_time: '17:00'}], location: 'Australia/Sydney'}]",
        "06 Apr 21 13:00 +1000",
        "06 Apr 21 13:00 +0000",
    ),
    (
        "[{weekdays: ['monday:friday'], months: ['11'], times: [{start_time: '09:00', end_time: '17:00'}], location: 'Australia/Sydney'}]",
        "01 Nov 21 09:00 +1100, 31 Oct 21 22:00 +0000",
        "31 Oct 21 21:00 +0000",
    ),
    (
        "[{days_of_month: ['-1'], location: 'America/New_York'}]",
        "31 Mar 21 12:00 -0400",
        "30 Mar 21 12:00 -0400",
    ),
    (
        "[{weekdays: ['monday:friday', 'sunday'], months: ['january:march'], days_of_month: ['-7:-1'],"
        " years: ['2020:2025', '2030:2035'], times: [{start_time: '09:00', end_time: '17:00'}], location: UTC}]",
        "27 Jan 21 09:00 +0000, 28 Jan 21 16:59 +0000, 29 Jan 21 13:00 +0000, 31 Mar 25 13:00 +0000, 31 Jan 35 13:00 +0000",
        "30 Jan 21 13:00 +0000, 01 Apr 21 13:00 +0000, 30 Jan 26 13:00 +0000, 31 Jan 35 17:01 +0000",
    ),
    ("[{months: ['January:december'], location: UTC}]", "01 Apr 21 13:00 +0000", ""),
    (
        "[{years: ['2020:2022'], location: 'Australia/Sydney'}]",
        "31 Dec 19 13:00 +0000",
        "31 Dec 22 13:00 +0000",
    ),
]


@pytest.mark.parametrize(("document", "inside", "outside"), ALERTMANAGER)
def test_a_pasted_alertmanager_interval_means_the_same_instants(
    document: str, inside: str, outside: str
) -> None:
    hours = QuietHours.model_validate({"quiet": yaml.safe_load(document)})
    assert all(hours.is_quiet(alertmanager(text)) for text in inside.split(", "))
    assert not any(hours.is_quiet(alertmanager(text)) for text in outside.split(", ") if text)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("{times: [{start_time: '01:99', end_time: '23:59'}]}", "'01:99' is not a time: a day runs from 00:00 to 24:00"),
        ("{weekdays: ['blurgsday:flurgsday']}", "'Blurgsday' is not a weekday; did you mean 'Thursday'?"),
        ("{days_of_month: ['-50:-20']}", "'-50:-20' is not a day of the month: 1 to 31, or -1 to -31 from the end"),
        ("{days_of_month: ['-15:5']}", "'-15:5': a range that starts from the end of the month must end so, too"),
        ("{days_of_month: ['10:-25']}", "'10:-25' ends before it starts in every month"),
        ("{months: ['martius:june']}", "'martius' is not a month; write a name or a number from 1 to 12"),
        ("{years: ['2022:2020']}", "'2022:2020' ends before it starts"),
    ],
)  # fmt: skip
def test_what_alertmanager_refuses_is_refused_in_words(document: str, why: str) -> None:
    [found] = refusal(yaml.safe_load(document))
    assert found.split(": ", 1)[1] == why


@pytest.mark.parametrize(
    ("document", "inside"),
    [
        ("{weekdays: ['friday:monday'], location: UTC}", "05 Apr 20 12:00 +0000"),
        ("{times: [{start_time: '09:30', end_time: '07:41'}], location: UTC}", "05 Apr 20 07:40 +0000"),
        ("{months: ['december:january'], location: UTC}", "05 Jan 20 07:40 +0000"),
    ],
)
def test_what_alertmanager_refuses_for_wrapping_round_is_accepted(document: str, inside: str) -> None:
    assert QuietHours.model_validate({"quiet": [yaml.safe_load(document)]}).is_quiet(alertmanager(inside))


WORDS = st.lists(
    st.sampled_from(
        [
            "Mon",
            "Fri",
            "-",
            ",",
            " ",
            "21:00",
            "8",
            ":",
            "#",
            "#1",
            "/",
            "Z",
            "T",
            "UTC",
            "am",
            ";",
            "2026-11-26",
        ]
    ),
    max_size=9,
).map("".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-40, 3000) | WORDS, lambda part: st.lists(part, max_size=2)
)
OBJECTS = st.dictionaries(
    st.sampled_from(
        ["times", "weekdays", "days_of_month", "months", "years", "dates", "location", "time_zone", "x"]
    ),
    JSON | st.dictionaries(st.sampled_from(["start_time", "end_time", "x"]), JSON, max_size=2),
    max_size=3,
)


@given(WORDS | st.text(max_size=12) | JSON | OBJECTS)
def test_whatever_is_written_is_read_or_refused_with_a_sentence(interval: Any) -> None:
    try:
        hours = quiet(interval)
    except ValidationError as error:
        assert all(problems(error))
    else:
        hours.next_change(datetime(2026, 11, 23, tzinfo=timezone.utc))
        assert hours.describe()


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Asia/Peking", "Asia/Shanghai"),
        ("Beijing", "Asia/Shanghai"),
        ("asia/bejing", "Asia/Shanghai"),
        ("China", "Asia/Shanghai"),
        ("Mumbai", "Asia/Kolkata"),
        ("San Francisco", "America/Los_Angeles"),
        ("America/Berlin", "Europe/Berlin"),
    ],
)
def test_a_city_without_a_zone_of_its_own_leads_to_the_zone_that_it_keeps(name: str, zone: str) -> None:
    with pytest.raises(ValueError, match=f"; did you mean '{zone}'"):
        read_zone(name)


def test_no_city_hides_a_zone_of_the_tz_database() -> None:
    known = {
        part for name in available_timezones() for part in (name.lower(), name.lower().rpartition("/")[2])
    }
    cities = {city for line in _CITIES.splitlines() for city in line.split()[1:]}
    assert len(cities) > 50
    assert not known & cities
