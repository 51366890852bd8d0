"""Two weeks of a year, and other days on which clocks change: quiet hours are kept, and each morning all goes on.

`bench/soak.py` does the same for longer; docs/operations.md has what it counted.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:  # bench is not installed
    sys.path.append(ROOT)

from bench.year import callees  # noqa: E402
from bench.year.plan import INVOCATION, PERIOD, SETTLING, Found, Plan  # noqa: E402
from bench.year.run import BUCKET, Soak, soak  # noqa: E402
from bench.year.witness import PAUSED, RUNNING, Life  # noqa: E402
from local.emulator import Emulator, faults  # noqa: E402

MINUTE, HOUR = 60, 3_600
SPARING = 96
LONGEST_WAIT = PERIOD + SETTLING
# The phase is how long after :00 and :05 the timer fires, in seconds.
DAYS = {
    name: Plan(first, days, phase=phase, acts=6, every=SPARING)
    for name, first, days, phase in [
        ("the clocks of Berlin go back", date(2026, 10, 24), 3, 0),
        ("the clocks of New York go back", date(2026, 10, 31), 3, 240),
        ("Christmas", date(2026, 12, 24), 3, 59),
        ("the end of the year", date(2026, 12, 31), 2, 180),
    ]
}
SPRING = Plan(date(2027, 3, 14), 15, phase=60, acts=4, every=SPARING, audited=False)
"""The clocks of New York go forward on its first day, those of Berlin on its last, which is Easter."""
DAY = Plan(date(2026, 12, 2), 1, acts=0, every=SPARING, audited=False)
"""A Wednesday of UTC: quiet until 01:00 and from 13:00 in Shanghai, until 08:00 and from 19:00 in Berlin, and
from 02:00 to 13:00 in New York. Each has two tasks."""


def assert_audits_are_right(found: Found) -> None:
    """The function's audits found the calls that were counted in quiet hours, each of them and no other."""
    assert (found.missed, found.unheard) == ([], [])
    assert sorted(found.violations) == sorted([*found.late, *found.hers])


def assert_all_is_well(found: Found, wait: int = LONGEST_WAIT) -> None:
    assert found.late == []
    assert found.wrongly_resumed == []
    assert found.left_paused == []
    assert found.calls > 1_000
    assert 0 < found.longest <= wait
    assert 0 < found.lost - found.lost_reported <= wait // MINUTE * found.pauses
    assert found.mornings > 0


@pytest.mark.parametrize("days", DAYS)
def test_no_call_starts_in_quiet_hours_and_each_morning_what_was_paused_and_nothing_else_is_resumed(
    days: str,
) -> None:
    found = soak(DAYS[days])
    assert_all_is_well(found)
    assert found.reported == 0
    assert_audits_are_right(found)
    assert (found.audits, found.incomplete) == (DAYS[days].days, 0)
    assert sum(found.acts.values()) > DAYS[days].days * DAYS[days].acts / 2


def test_two_weeks_in_which_requests_fail_leave_nothing_paused_without_a_report() -> None:
    found = soak(replace(SPRING, faults=0.05))
    assert_all_is_well(found, LONGEST_WAIT + INVOCATION)
    assert {"pauses", "resumes", "resumes what it paused", "stops", "starts"} <= set(found.acts)
    assert found.faults_met > 0
    assert found.reported < found.mornings / 10


def test_a_ledger_whose_requests_fail_now_and_then_leaves_nothing_paused_without_a_report() -> None:
    found = soak(replace(DAYS["the end of the year"], faults=0.1, ledger="cos"))
    assert_all_is_well(found, LONGEST_WAIT + INVOCATION)
    assert_audits_are_right(found)
    assert found.faults_met > 0


@pytest.mark.parametrize("phase", [0, 240])
def test_without_lead_time_calls_start_in_quiet_hours_every_night(phase: int) -> None:
    found = soak(replace(DAY, lead_time=0, phase=phase, audited=True))
    assert_audits_are_right(found)
    minutes_to_the_next_wake_up = phase // MINUTE + 1  # the call of the very minute came before it
    assert len(found.late) == found.pauses * minutes_to_the_next_wake_up > 0


def test_whole_wake_ups_that_fail_are_made_good_by_a_lead_time_that_has_room_for_the_retries() -> None:
    plan = replace(DAY, phase=240, outages=0.3, seed=2)
    tight, roomy = (soak(replace(plan, lead_time=each)) for each in (5, 9))
    assert tight.failed > 0 < tight.retries
    assert tight.late, "the retry comes too late"
    assert not roomy.late


def test_more_of_the_wake_ups_that_are_left_out_would_have_changed_nothing() -> None:
    plan = replace(DAY, first=date(2026, 12, 24), phase=120, acts=10)
    some, more = (soak(replace(plan, every=every)) for every in (SPARING, 6))
    assert some.worked + 20 < more.worked
    assert some.wake_ups == more.wake_ups == 288
    told_apart = {"worked", "ccc_calls", "reports", "seconds"}  # a rehearsal may be left out
    assert {name: value for name, value in vars(some).items() if name not in told_apart} == {
        name: value for name, value in vars(more).items() if name not in told_apart
    }


class Asleep(Soak):
    """A function that its timer does not wake from 00:30 to 01:30: quiet hours of Shanghai end at 01:00."""

    since, until = 30 * MINUTE, 90 * MINUTE

    def is_spared(self) -> bool:
        return self.since <= self.now - self.plan.start < self.until or super().is_spared()


class Dead(Asleep):
    """A function that is never woken."""

    since, until = 0, 86_400


class Planted(Soak, ABC):
    """A run in which something goes wrong in the night of Shanghai, long before its end."""

    def __init__(self, plan: Plan, emulator: Emulator, folder: str) -> None:
        super().__init__(plan, emulator, folder)
        self.later(plan.start + 20 * HOUR, self.plant)

    @property
    def shanghai(self) -> Life:
        return self.witness.lives[0]

    @abstractmethod
    def plant(self) -> None:
        """Plant the fault."""


class Hasty(Planted):
    """A person who pauses a task before a wake-up has seen that she resumed it: docs/ledger.md accepts that."""

    def plant(self) -> None:
        self.witness.put(self.shanghai, RUNNING)
        self.witness.put(self.shanghai, PAUSED)


class Forgetful(Planted):
    """A ledger that loses what it holds."""

    def plant(self) -> None:
        for key in self.emulator.objects[BUCKET]:
            self.emulator.objects.remove(BUCKET, key)


class Refused(Planted):
    """A cloud in which each resume gets a page with status 500, and is not carried out."""

    def plant(self) -> None:
        self.emulator.faults.add(faults.HTTP_500, action="ResumeAutoCalloutTask")


class Hidden(Planted):
    """A person whose task is running in quiet hours, with a function that does not see it any more."""

    def plant(self) -> None:
        self.witness.put(self.shanghai, RUNNING)
        self.plan = replace(self.plan, every=10**9)
        self.is_spared = lambda: True  # type: ignore[method-assign]


AUDITED = replace(DAY, audited=True)
TWO_DAYS = replace(DAY, days=2, ledger="cos")


def test_calls_of_a_dialler_whose_function_does_nothing_are_counted_one_by_one() -> None:
    found = soak(AUDITED, Dead)
    assert_audits_are_right(found)
    # What is quiet at first is resumed by a person when that is over.
    shanghai, berlin, new_york = 11 * 60 + 1, 5 * 60 + 1, 11 * 60  # two with the last midnight
    assert len(found.late) == 2 * (shanghai + berlin + new_york)
    assert found.worked == found.pauses == 0
    assert found.late[0].at == DAY.start + 2 * HOUR


def test_calls_that_a_person_asked_for_in_quiet_hours_are_hers_only_until_they_should_have_been_paused() -> (
    None
):
    found = soak(TWO_DAYS, Hidden)
    assert len(found.hers) == 15
    mine = [each.at for each in found.late if each.task_id == 16498]
    assert mine[0] == DAY.start + 20 * HOUR + 16 * MINUTE


def test_a_function_that_is_not_woken_for_an_hour_loses_calls_and_leaves_tasks_paused() -> None:
    plan = replace(TWO_DAYS, first=date(2026, 12, 1))

    class AsleepTheNextDay(Asleep):
        since, until = 86_400 + Asleep.since, 86_400 + Asleep.until

    found, usual = soak(plan, AsleepTheNextDay), soak(plan)
    assert found.longest == pytest.approx(30 * MINUTE, abs=5)
    assert usual.longest == pytest.approx(PERIOD, abs=5)
    assert found.lost == usual.lost + 2 * 25
    assert [each.task_id for each in found.left_paused] == [16498, 16501]
    assert found.mornings == usual.mornings, "later all is resumed"


def test_a_pause_of_hers_that_is_undone_is_counted() -> None:
    found = soak(TWO_DAYS, Hasty)
    assert [each.task_id for each in found.wrongly_resumed] == [16498]
    assert found.wrongly_resumed[0].at == pytest.approx(DAY.start + 25 * HOUR + PERIOD, abs=5)


def test_what_a_ledger_forgot_is_counted_as_left_paused() -> None:
    found = soak(TWO_DAYS, Forgetful)
    assert {each.task_id for each in found.left_paused} == {16498, 16501, 16500, 16503}
    assert found.reported == 0
    assert found.acts == {"rescues": 4}


def test_what_a_report_leaves_to_a_person_is_counted_apart() -> None:
    found = soak(TWO_DAYS, Refused)
    assert found.left_paused == []
    assert found.reported == found.acts["rescues"] == 6
    assert found.lost_reported >= 6 * 55


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
    at = _at(wall)
    minutes = _wall(task_id, at - 600, 20)
    assert minutes.minutes(at - MINUTE, at) == 1
    assert minutes.quiet_minutes(at - MINUTE, at) == ([at] if quiet else [])
    assert minutes.is_quiet(at) is quiet


def test_a_task_is_to_dial_from_the_end_of_quiet_hours_to_the_lead_time_before_the_next() -> None:
    end, lead = _at("2026-12-02T01:00:00Z"), _at("2026-12-02T12:55:00Z")
    wall = _wall(16498, end - HOUR, 900, lead_time=5)
    assert [wall.is_open(each) for each in (end - MINUTE, end, lead - MINUTE, lead)] == [
        False,
        True,
        True,
        False,
    ]
    assert wall.open_minutes(end - HOUR, lead + HOUR) == (lead - end) // MINUTE
    assert [wall.open_since(each) for each in (end - MINUTE, end, end + 90)] == [0, 0, 90]
    assert (wall.ends, wall.beginnings) == ([end], [lead + 5 * MINUTE])


def _at(wall: str) -> int:
    return int(datetime.fromisoformat(wall.replace("Z", "+00:00")).astimezone(timezone.utc).timestamp())


def _wall(task_id: int, start: int, minutes: int, **more: Any) -> callees.Wall:
    (found,) = (each for each in callees.ALL if each.task_id == task_id)
    return callees.Wall(found, start, minutes, **more)
