"""Campaigns in time: they start and end by themselves, call while they run, and pause between."""

from __future__ import annotations

from typing import Any

import pytest

from local.emulator import Emulator
from tests.support import APP

NOT_STARTED, RUNNING, PAUSED, TERMINATED, COMPLETED = range(5)
NORMAL, BY_HAND, BY_TIME = range(3)
NOW = 1_700_000_000
CALLS = {"callees": ["a", "b", "c"], "calls_per_minute": 1}


@pytest.fixture
def seen(emulator: Emulator, clock: Any, ask: Any) -> Any:
    """Return state, reason and finished callees of campaign 1 at a second, as the list has them."""

    def look(second: float) -> tuple[int, int, int]:
        clock.at = NOW + second
        (listed,) = ask("Describe", "Campaigns", PageSize=1, PageNumber=0)["CampaignList"]
        return listed["Status"], listed["StatusReason"], listed["FinishedCalleeCount"]

    return look


@pytest.fixture
def add(emulator: Emulator, clock: Any) -> Any:
    """Add campaign 1."""
    return lambda **fields: emulator.campaigns.add(campaign_id=1, sdk_app_id=APP, **fields)


def test_a_campaign_starts_calls_and_is_completed(add: Any, seen: Any) -> None:
    add(state=NOT_STARTED, start_time=NOW + 60, end_time=NOW + 3_600, **CALLS)
    assert [seen(second) for second in (59, 60, 119, 120, 180, 240, 9_999)] == [
        (NOT_STARTED, NORMAL, 0),
        (RUNNING, NORMAL, 0),
        (RUNNING, NORMAL, 0),
        (RUNNING, NORMAL, 1),
        (RUNNING, NORMAL, 2),
        (COMPLETED, NORMAL, 3),
        (COMPLETED, NORMAL, 3),
    ]


@pytest.mark.parametrize("state", [NOT_STARTED, RUNNING, PAUSED])
def test_end_time_terminates_a_campaign_paused_or_not(add: Any, seen: Any, state: int) -> None:
    add(state=state, start_time=NOW + 500, end_time=NOW + 100)
    assert seen(99)[:2] == (state, NORMAL)
    assert seen(100)[:2] == (TERMINATED, BY_TIME)


def test_a_paused_campaign_may_outlast_its_end_time(
    add: Any, seen: Any, ask: Any, emulator: Emulator
) -> None:
    emulator.options.campaign_ends_paused = False
    add(state=PAUSED, end_time=NOW + 100, **CALLS)
    assert seen(1_000) == (PAUSED, NORMAL, 0)
    ask("Resume", CampaignId=1)
    assert seen(1_001) == (TERMINATED, BY_TIME, 0)


def test_a_campaign_that_nobody_looked_at_has_lived_all_the_same(add: Any, seen: Any) -> None:
    add(state=NOT_STARTED, start_time=NOW + 100, end_time=NOW + 220, **CALLS)
    assert seen(9_999) == (TERMINATED, BY_TIME, 2), "it had time for two calls"


def test_a_paused_campaign_starts_no_calls(add: Any, seen: Any, ask: Any) -> None:
    add(**CALLS)
    assert seen(60) == (RUNNING, NORMAL, 1)
    ask("Pause", CampaignId=1)
    assert seen(3_600) == (PAUSED, NORMAL, 1)
    ask("Resume", CampaignId=1)
    assert seen(3_659) == (RUNNING, NORMAL, 1)
    assert seen(3_660) == (RUNNING, NORMAL, 2)


@pytest.fixture(params=[False, True])
def cuts(request: pytest.FixtureRequest, emulator: Emulator) -> bool:
    """Whether a pause and an abort end calls in progress."""
    emulator.options.campaign_cuts_calls = request.param
    return bool(request.param)


@pytest.mark.parametrize("verb", ["Pause", "Abort"])
def test_calls_in_progress_go_on_or_are_cut(add: Any, seen: Any, ask: Any, verb: str, cuts: bool) -> None:
    add(call_seconds=45, **CALLS)
    assert seen(60)[2] == 0, "the first call has begun"
    assert len(ask("Describe", "Sessions", CampaignId=1, PageSize=9, PageNumber=0)["SessionList"]) == 1
    ask(verb, CampaignId=1)
    after = (PAUSED, NORMAL) if verb == "Pause" else (TERMINATED, BY_HAND)
    assert seen(104) == (*after, int(cuts))
    assert seen(105) == (*after, 1)


def test_a_campaign_is_completed_when_its_last_call_has_ended(add: Any, seen: Any, ask: Any) -> None:
    add(call_seconds=600, **CALLS)
    assert [seen(second) for second in (180, 660, 720)] == [
        (RUNNING, NORMAL, 0),
        (RUNNING, NORMAL, 1),
        (RUNNING, NORMAL, 2),
    ]
    ask("Pause", CampaignId=1)
    assert seen(900) == (PAUSED, NORMAL, 3), "nothing completes while it is paused"
    ask("Resume", CampaignId=1)
    assert seen(900) == (COMPLETED, NORMAL, 3)


def test_sessions_are_those_of_the_calls_that_were_started(add: Any, seen: Any, ask: Any) -> None:
    add(**CALLS)
    page = {"CampaignId": 1, "PageSize": 2}
    assert ask("Describe", "Sessions", PageNumber=0, **page) == {"TotalCount": 0, "SessionList": []}
    seen(3_600)
    first, second = (ask("Describe", "Sessions", PageNumber=number, **page) for number in (0, 1))
    assert (first["TotalCount"], second["TotalCount"]) == (3, 3)
    sessions = first["SessionList"] + second["SessionList"]
    assert (len(first["SessionList"]), len(set(sessions))) == (2, 3)
    assert ask("Describe", "Sessions", PageNumber=0, **page | {"PageSize": 9})["SessionList"] == sessions


def test_a_pause_may_be_accepted_and_have_no_effect(add: Any, ask: Any, emulator: Emulator) -> None:
    add()
    emulator.options.pauses_without_effect = 1
    ask("Pause", CampaignId=1)
    assert emulator.campaigns.state(1) == RUNNING
    ask("Pause", CampaignId=1)
    assert emulator.campaigns.state(1) == PAUSED
