"""Legal presets: what is allowed and what is quiet, by the table of FACTS-LEGAL; widened, never narrowed."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from handler.errors.sentences import problems
from handler.quiet_hours import QuietHours
from handler.quiet_hours.notation.presets import PRESETS

# 2026-11-23 is a Monday. Each: preset, zone, the instants next to the legal hours: allowed, then quiet.
LEGAL = [
    ("us-federal", "America/New_York", "2026-11-23T08:00 2026-11-29T20:59", "2026-11-23T07:59 2026-11-23T21:00"),
    ("us-debt-collection", "America/Chicago", "2026-11-23T08:00 2026-11-23T20:59", "2026-11-23T07:59 2026-11-23T21:00"),
    ("us-florida", "America/New_York", "2026-11-23T08:00 2026-11-23T19:59", "2026-11-23T07:59 2026-11-23T20:00"),
    ("us-washington", "America/Los_Angeles", "2026-11-23T08:00 2026-11-23T19:59", "2026-11-23T07:59 2026-11-23T20:00"),
    ("us-maryland", "America/New_York", "2026-11-23T08:00 2026-11-23T19:59", "2026-11-23T07:59 2026-11-23T20:00"),
    (
        "us-texas",
        "America/Chicago",
        "2026-11-23T09:00 2026-11-28T09:00 2026-11-28T20:59 2026-11-29T12:00 2026-11-29T20:59",
        "2026-11-23T08:59 2026-11-28T21:00 2026-11-29T09:00 2026-11-29T11:59 2026-11-29T21:00 2026-11-30T08:59",
    ),
    ("us-massachusetts", "America/New_York", "2026-11-23T08:00 2026-11-29T19:59", "2026-11-23T07:59 2026-11-23T20:00"),
    ("us-oklahoma", "America/Chicago", "2026-11-23T09:00 2026-11-29T19:59", "2026-11-23T08:59 2026-11-23T20:00"),
    (
        "canada",
        "America/Toronto",
        "2026-11-23T09:00 2026-11-27T21:29 2026-11-28T10:00 2026-11-29T17:59",
        "2026-11-23T08:59 2026-11-27T21:30 2026-11-28T09:59 2026-11-29T18:00",
    ),
    (
        "canada-bc",
        "America/Vancouver",
        "2026-11-23T09:00 2026-11-27T21:29 2026-11-28T10:00 2026-11-29T17:59 2026-12-28T12:00",
        "2026-11-23T08:59 2026-11-27T21:30 2026-11-28T09:59 2026-11-29T18:00"
        " 2026-02-16T12:00 2026-08-03T12:00 2026-09-30T12:00 2026-11-11T12:00 2026-12-25T12:00 2027-01-01T12:00",
    ),
    (
        "france",
        "Europe/Paris",
        "2026-11-23T10:00 2026-11-23T12:59 2026-11-23T14:00 2026-11-27T19:59",
        "2026-11-23T09:59 2026-11-23T13:00 2026-11-23T13:59 2026-11-23T20:00 2026-11-28T12:00 2026-11-29T12:00"
        " 2026-05-08T12:00 2026-05-14T12:00 2026-07-14T12:00 2026-11-11T12:00 2026-12-25T12:00",
    ),
    (
        "italy",
        "Europe/Rome",
        "2026-11-23T09:00 2026-11-23T19:59 2026-11-28T10:00 2026-11-28T18:59 2026-12-24T10:00 2026-12-24T18:59",
        "2026-11-23T08:59 2026-11-23T20:00 2026-11-28T09:59 2026-11-28T19:00 2026-11-29T12:00"
        " 2026-12-24T09:59 2026-12-24T19:00 2026-12-25T12:00",
    ),
    (
        "australia",
        "Australia/Sydney",
        "2026-11-23T09:00 2026-11-23T19:59 2026-11-28T09:00 2026-11-28T16:59 2026-12-29T12:00 2026-01-27T12:00",
        "2026-11-23T08:59 2026-11-23T20:00 2026-11-28T17:00 2026-11-29T12:00 2026-12-25T12:00"
        " 2026-01-01T12:00 2026-01-26T12:00 2026-12-26T12:00 2026-12-28T12:00 2027-12-27T12:00 2027-12-28T12:00"
        " 2028-01-03T12:00",
    ),
    (
        "spain",
        "Europe/Madrid",
        "2026-11-23T09:00 2026-11-23T20:59 2026-09-10T12:00",
        "2026-11-23T08:59 2026-11-23T21:00 2026-11-28T12:00 2026-11-29T12:00 2026-12-25T12:00"
        " 2026-03-19T12:00 2026-04-06T12:00 2026-04-23T12:00 2026-09-11T12:00 2026-10-09T12:00",
    ),
    ("china-tencent", "Asia/Shanghai", "2026-11-23T08:00 2026-11-23T20:59", "2026-11-23T07:59 2026-11-23T21:00"),
    ("china-loan-collection", "Asia/Shanghai", "2026-11-23T08:00 2026-11-23T21:59", "2026-11-23T07:59 2026-11-23T22:00"),
    (
        "india-loan-collection",
        "Asia/Kolkata",
        "2026-11-23T09:00 2026-11-29T17:59 2026-12-31T17:59 2027-01-01T08:00 2027-01-01T18:59 2031-06-02T08:00",
        "2026-11-23T08:59 2026-11-29T18:00 2026-12-31T18:00 2027-01-01T07:59 2027-01-01T19:00 2031-06-02T19:00",
    ),
    ("japan-loan-collection", "Asia/Tokyo", "2026-11-23T08:00 2026-11-23T20:59", "2026-11-23T07:59 2026-11-23T21:00"),
]  # fmt: skip


def hours(**document: Any) -> QuietHours:
    return QuietHours.model_validate(document)


def refusal(**document: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        QuietHours.model_validate(document)
    return problems(caught.value)


@pytest.mark.parametrize(("preset", "zone", "allowed", "quiet"), LEGAL)
def test_a_preset_is_quiet_outside_the_legal_hours(preset: str, zone: str, allowed: str, quiet: str) -> None:
    engine = hours(preset=preset, time_zone=zone)
    found = {
        text: engine.is_quiet(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))
        for text in f"{allowed} {quiet}".split()
    }
    assert found == dict.fromkeys(allowed.split(), False) | dict.fromkeys(quiet.split(), True)


def test_every_preset_is_tried_above() -> None:
    assert [row[0] for row in LEGAL] == list(PRESETS)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_every_preset_names_its_source_and_when_it_was_looked_up(preset: Any) -> None:
    assert preset.source
    assert preset.title
    assert date.fromisoformat(preset.looked_up) == date(2026, 11, 26)


TELEMARKETING = [preset for preset in PRESETS.values() if not re.search(r"debt|loan|china", preset.name)]


@pytest.mark.parametrize("preset", TELEMARKETING, ids=lambda preset: preset.name)
def test_the_note_of_telemarketing_says_what_automated_calls_need(preset: Any) -> None:
    assert re.search(r"[Aa]utomated calls.* (need|forbidden).*", preset.note)
    assert "consent" in preset.note


@pytest.mark.parametrize(
    ("preset", "words"),
    [
        ("us-federal", ["47 CFR 64.1200(a)"]),
        ("us-debt-collection", ["7-in-7", "1006.14(b)(2)"]),
        ("us-florida", ["501.059(8)"]),
        ("us-washington", ["RCW 80.36.400"]),
        ("us-maryland", ["14-4502(a)(3)"]),
        ("us-texas", ["301.051", "TCPA"]),
        ("us-massachusetts", ["201 CMR 12.02(2)", "12.02(4)"]),
        ("us-oklahoma", ["HB 3168", "755.1"]),
        ("canada", ["British Columbia", "canada-bc"]),
        ("france", ["D. 223-9", "2026-08-11"]),
        ("spain", ["96.2", "96.3", "{holidays: ES-MD}"]),
        ("australia", ["all states"]),
        ("china-loan-collection", ["金融机构个人消费类贷款催收工作指引", "2026-01-30"]),
        ("india-loan-collection", ["410(2)", "454Y(4)", "icrofinance"]),
    ],
)
def test_a_preset_names_what_its_reader_must_know(preset: str, words: list[str]) -> None:
    text = PRESETS[preset].source + PRESETS[preset].note
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_a_preset_whose_calendars_need_the_extra_says_so(preset: Any) -> None:
    engine = hours(preset=preset.name, time_zone="UTC")
    assert engine.needs_calendars() == ("Needs the holidays extra." in preset.note)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
@pytest.mark.parametrize("at", ["2026-11-26T12:00Z", "2027-02-01T12:00Z", "2040-02-01T12:00Z"])
def test_a_preset_is_never_suspicious(preset: Any, at: str) -> None:
    engine = hours(preset=preset.name, time_zone="Europe/Berlin")
    assert engine.warnings(datetime.fromisoformat(at.replace("Z", "+00:00"))) == []


def test_australia_is_quiet_on_every_weekday_that_all_its_states_have_off() -> None:
    import holidays

    states = ("ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA")
    years = range(2026, 2046)
    zone = ZoneInfo("Australia/Sydney")
    engine = hours(preset="australia", time_zone="Australia/Sydney")
    off = set.intersection(
        *(set(holidays.country_holidays("AU", subdiv=state, years=years)) for state in states)
    )
    off |= set(holidays.country_holidays("AU", years=years))
    noons = [
        datetime(year, 1, 1, 12, tzinfo=zone) + timedelta(days=day) for year in years for day in range(365)
    ]
    quiet = {noon.date() for noon in noons if noon.weekday() < 6 and engine.is_quiet(noon)}
    assert quiet == {day for day in off if day.weekday() < 6}


@pytest.mark.parametrize("preset", [p.name for p in PRESETS.values() if p.time_zone])
def test_a_rule_that_names_its_zone_needs_none_and_keeps_its_own(preset: str) -> None:
    zone = PRESETS[preset].time_zone
    for engine in (hours(preset=preset), hours(preset=preset, time_zone="America/New_York")):
        reason = engine.reason(datetime(2026, 11, 23, 23, tzinfo=ZoneInfo(str(zone))))
        assert (reason.quiet, reason.place, reason.time_zone) == (True, f"preset {preset}", zone)


def test_a_rule_in_the_called_partys_zone_needs_that_of_the_document() -> None:
    assert refusal(preset="us-federal") == [
        "preset: 'us-federal' leaves the zone to the called party; write the document's `time_zone`"
    ]


def test_a_preset_is_widened_by_more_intervals_and_by_other_presets() -> None:
    zone = ZoneInfo("America/New_York")
    engine = hours(
        preset=["us-federal", "us-florida"], quiet=["Sun 00:00-24:00"], time_zone="America/New_York"
    )
    assert engine.is_quiet(datetime(2026, 11, 29, 12, tzinfo=zone))
    assert engine.is_quiet(datetime(2026, 11, 23, 20, tzinfo=zone))
    assert engine.reason(datetime(2026, 11, 23, 20, tzinfo=zone)).place == "preset us-florida"
    assert engine.describe() == [
        "preset us-federal: every day 21:00 to 08:00 of the next day (America/New_York)",
        "preset us-florida: every day 20:00 to 08:00 of the next day (America/New_York)",
        "quiet[0]: Sun all day (America/New_York)",
    ]


def test_a_preset_is_never_narrowed() -> None:
    why = "cannot narrow a preset; write the preset's intervals under quiet instead, where an except may open them"
    document: dict[str, Any] = {"preset": "us-federal", "time_zone": "UTC"}
    assert refusal(**document, **{"except": ["22:00-23:00"]}) == [f"except: {why}"]
    assert hours(**document, **{"except": []}).except_ == ()


@pytest.mark.parametrize("preset", ["us-federal", ["us-federal", "canada"]])
def test_a_preset_is_dumped_by_its_name(preset: Any) -> None:
    engine = hours(preset=preset, time_zone="America/New_York")
    assert QuietHours.model_validate(engine.document()) == engine
    assert "quiet" not in engine.document()


def test_an_unknown_preset_is_refused_with_the_one_that_may_be_meant() -> None:
    known = ", ".join(PRESETS)
    assert refusal(preset="us-federl", time_zone="UTC") == [
        "preset: 'us-federl' is not a preset; did you mean 'us-federal'?"
    ]
    assert refusal(preset=["us-federal", "zzz", 5], time_zone="UTC") == [
        f"preset[1]: 'zzz' is not a preset; there are {known}",
        f"preset[2]: 5 is not a preset; there are {known}",
    ]
    assert refusal(preset=None) == ["quiet: is required, unless a preset says when it is quiet"]
