"""`docs/policy.md`: its policies are valid, its refusals are word for word, its presets are those of the data."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from handler.errors.sentences import problems
from handler.policy.model import read_policy
from handler.quiet_hours import QuietHours
from handler.quiet_hours.notation.presets import PRESETS

PAGE = (Path(__file__).parents[2] / "docs" / "policy.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n((?:(?!```).)*)```\n\n<!-- preview: ([\w-]+)(?: at \S+)? -->", PAGE, re.DOTALL)


def policies(name: str) -> dict[str, QuietHours]:
    [text] = [text for text, found in BLOCKS if found == name]
    return read_policy(yaml.safe_load(text)).quiet_hours


def policy(name: str) -> QuietHours:
    [hours] = policies(name).values()
    return hours


def test_every_policy_of_the_page_has_a_place_for_its_preview() -> None:
    assert len(BLOCKS) == PAGE.count("```yaml")
    assert len({name for _, name in BLOCKS}) == len(BLOCKS)


@pytest.mark.parametrize("name", [name for _, name in BLOCKS])
def test_a_policy_of_the_page_is_valid_and_turns(name: str) -> None:
    now = datetime.fromisoformat("2026-11-23T12:00:00+00:00")
    for hours in policies(name).values():
        assert hours.next_change(now) is not None
        # Next year's make-up working days are not known before November.
        assert [text for text in hours.warnings(now) if "update it" not in text] == []


def test_the_lead_time_at_the_top_is_not_that_of_quiet_hours_with_one_of_their_own() -> None:
    at = datetime.fromisoformat("2026-11-23T20:52-05:00")
    assert {name: hours.is_quiet(at) for name, hours in policies("lead-time-of-all").items()} == {
        "default": True,
        "own-staff": False,
    }


@pytest.mark.parametrize(
    ("name", "quiet", "opened"),
    [
        ("every-night", "2026-11-24T08:59:59+08:00", "2026-11-24T09:00:00+08:00"),
        ("weekdays", "2026-11-28T07:59+01:00", "2026-11-30T07:00+01:00"),
        ("holidays", "2026-02-07T12:00+08:00", "2026-02-14T12:00+08:00"),
        ("except", "2026-11-26T09:59-05:00", "2026-11-26T10:00-05:00"),
        ("lead-time", "2026-11-23T20:58-05:00", "2026-11-23T20:57-05:00"),
        ("clocks", "2026-11-02T01:30-05:00", "2026-11-02T09:00-05:00"),
        ("alertmanager", "2021-01-27T09:00+11:00", "2021-01-30T13:00+11:00"),
    ],
)
def test_the_page_says_what_the_engine_does(name: str, quiet: str, opened: str) -> None:
    assert policy(name).is_quiet(datetime.fromisoformat(quiet))
    assert not policy(name).is_quiet(datetime.fromisoformat(opened))


def test_the_refusals_of_the_page_are_word_for_word() -> None:
    lines = re.findall(r"^quiet_hours\.us-east\.(.*)$", PAGE, re.MULTILINE)
    quiet = [
        "21:00-08:00",
        "Sun 00:00-24:00",
        {"weekdays": ["Thur"]},
        "9pm-8am",
        "Sun",
        "03:00-03:00",
        "Fri 21:00-Sat 08:00",
    ]
    with pytest.raises(ValidationError) as caught:
        QuietHours.model_validate({"time_zone": "America/New_York", "quiet": quiet, "lead_time": 120})
    assert problems(caught.value) == lines


def test_every_preset_stands_on_the_page_with_its_source() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `") and line.count("|") == 5]
    assert len(rows) == len(PRESETS)
    for row, preset in zip(rows, PRESETS.values(), strict=True):
        assert row.startswith(f"| `{preset.name}`: {preset.title} |")
        assert row.endswith(f"| {preset.source} | {preset.note} |")
        assert all(interval in row for interval in preset.quiet if isinstance(interval, str))
        assert (preset.time_zone or "") in row
