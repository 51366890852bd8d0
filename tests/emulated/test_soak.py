"""Days on which the clocks change, holidays and a year's end: no call starts inside quiet hours.

`bench/soak.py` does the same for a whole year; docs/operations.md has what it counted.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.emulator import Emulator

if TYPE_CHECKING:
    from bench import soak
else:
    _spec = importlib.util.spec_from_file_location("soak", Path(__file__).parents[2] / "bench/soak.py")
    soak = importlib.util.module_from_spec(_spec)
    sys.modules["soak"] = soak  # dataclasses look there
    _spec.loader.exec_module(soak)

MINUTE = 60
SPARING = 96
# The phase, in minutes, is how long after :00 and :05 the timer fires; all five are here.
DAYS = {
    name: soak.Plan(first, days, phase=phase * MINUTE, every=SPARING)
    for name, first, days, phase in [
        ("the clocks of Berlin go back", date(2026, 10, 24), 3, 0),
        ("the clocks of New York go back", date(2026, 10, 31), 3, 4),
        ("Christmas", date(2026, 12, 24), 3, 1),
        ("the end of the year", date(2026, 12, 31), 2, 3),
        ("the clocks of New York go forward", date(2027, 3, 13), 3, 2),
        ("Easter, and the clocks of Berlin go forward", date(2027, 3, 26), 4, 4),
    ]
}


@pytest.mark.parametrize("chance", [0.0, 0.1], ids=["all goes well", "one request in ten fails"])
@pytest.mark.parametrize("days", DAYS)
def test_no_call_starts_in_quiet_hours_with_a_lead_time_as_long_as_the_timers_period(
    days: str, chance: float
) -> None:
    found = soak.soak(replace(DAYS[days], lead_time="5m", faults=chance))
    assert found.late == []
    assert found.calls_in_quiet_hours == 0
    assert found.calls > 1_000, "they are resumed each morning, and call"
    assert found.pauses == found.beginnings > 0
    assert (found.faults_met > 0) is (chance > 0)


@pytest.mark.parametrize("chance", [0.0, 0.1], ids=["all goes well", "one request in ten fails"])
@pytest.mark.parametrize("days", DAYS)
def test_without_lead_time_calls_start_in_quiet_hours_every_night(days: str, chance: float) -> None:
    plan = replace(DAYS[days], lead_time=None, faults=chance)
    found = soak.soak(plan)
    minutes_to_the_next_wake_up = plan.phase // MINUTE + 1  # the call of the very minute came before it
    assert found.calls_in_quiet_hours >= found.beginnings * minutes_to_the_next_wake_up > 0


def test_whole_wake_ups_that_fail_are_made_good_by_a_lead_time_that_has_room_for_the_retries() -> None:
    plan = soak.Plan(date(2026, 12, 7), 1, phase=4 * MINUTE, outages=0.3, every=SPARING)
    tight, roomy = (soak.soak(replace(plan, lead_time=each)) for each in ("5m", "9m"))
    assert tight.failed > 0 < tight.retries
    assert tight.calls_in_quiet_hours > 0, "the retry comes too late"
    assert roomy.calls_in_quiet_hours == 0


def test_wake_ups_that_are_left_out_would_have_changed_nothing() -> None:
    plan = soak.Plan(date(2026, 12, 24), 1, phase=2 * MINUTE)
    some, all_of_them = (soak.soak(replace(plan, every=every)) for every in (SPARING, 1))
    assert some.worked < all_of_them.worked
    assert some.wake_ups == all_of_them.wake_ups == 288
    counts = ("pauses", "resumes", "calls", "calls_in_quiet_hours", "late", "reports")
    assert {name: getattr(some, name) for name in counts} == {
        name: getattr(all_of_them, name) for name in counts
    }


class _Asleep(soak.Soak):
    """A function that is never woken by its timer."""

    def _spared(self) -> bool:
        return True


@contextmanager
def _asleep(plan: soak.Plan) -> Iterator[Any]:
    with Emulator() as emulator:
        yield _Asleep(plan, emulator)


def test_the_dialler_would_call_all_night_if_the_function_did_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with _asleep(soak.Plan(date(2026, 12, 2), 1)) as run:
        found = run.run()
    # A Wednesday of UTC. Shanghai runs from 01:00 and Berlin from 08:00, both for the rest of the day; New York
    # runs from the start, and is done with its night, from 02:00 to 13:00.
    shanghai, berlin, new_york = 11 * 60 + 1, 5 * 60 + 1, 11 * 60  # two with the last midnight
    assert found.calls_in_quiet_hours == shanghai + berlin + new_york
    assert "invocation" in capsys.readouterr().out, "the mornings' requests went through the handler"


@pytest.mark.parametrize(
    ("task_id", "wall", "quiet"),
    [
        (16498, "2026-12-01T12:59:00Z", False),  # 20:59 in Shanghai
        (16498, "2026-12-01T13:00:00Z", True),
        (16499, "2026-12-02T12:59:00Z", True),  # 07:59 in New York
        (16499, "2026-12-02T13:00:00Z", False),
        (16499, "2026-12-06T18:00:00Z", True),  # a Sunday
        (16500, "2027-03-27T18:59:00Z", False),  # 19:59 in Berlin, a Saturday
        (16500, "2027-03-27T19:00:00Z", True),
        (16500, "2027-03-28T17:59:00Z", False),  # 19:59 in summer, the day after
        (16500, "2027-03-28T18:00:00Z", True),
        (16500, "2026-12-25T12:00:00Z", True),
    ],
)
def test_the_officer_looks_at_the_clock_on_the_callees_wall(task_id: int, wall: str, quiet: bool) -> None:
    (callees,) = (each for each in soak.ALL if each.task_id == task_id)
    at = int(datetime.fromisoformat(wall.replace("Z", "+00:00")).astimezone(timezone.utc).timestamp())
    minutes = soak.Wall(callees, at - 600, 20)
    assert minutes.count(at - MINUTE, at) == (1, int(quiet))
