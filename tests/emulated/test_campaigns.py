"""Campaigns are paused and resumed as tasks are, although CCC numbers their states otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from moto import mock_aws

from handler.errors import UnfinishedError
from handler.report.for_people import texts
from handler.report.report import Report
from local.emulator import Emulator, faults
from local.emulator.options import CampaignAnswer
from tests.support import APP, LIST, LIST_CAMPAIGNS, PAUSE, PAUSE_CAMPAIGN

from .harness.dialing import NAMED, NEVER, dialing, policy
from .harness.function import Function

RUNNING, PAUSED, TERMINATED, COMPLETED = 1, 2, 3, 4
TIMER = {"Type": "Timer", "TriggerName": "t", "Message": ""}


@pytest.fixture
def function(emulator: Emulator) -> Iterator[Function]:
    with mock_aws():
        yield dialing(emulator)


def request(*tasks: Any, **fields: Any) -> dict[str, Any]:
    return {"tasks": list(tasks), **fields}


def outcomes(report: Mapping[str, Any]) -> dict[Any, str]:
    return {task["campaign_id"] or task["task_id"]: task["outcome"] for task in report["tasks"]}


def state(emulator: Emulator, number: int = 2567) -> int:
    found = emulator.campaigns.get(APP, number)
    assert found is not None
    return found.state


def test_a_campaign_of_the_policy_is_paused(function: Function, emulator: Emulator) -> None:
    report = function(TIMER)
    assert (report["status"], state(emulator), state(emulator, 2568)) == ("succeeded", PAUSED, RUNNING)
    (entry,) = report["tasks"]
    assert {key: entry[key] for key in ("kind", "task_id", "campaign_id", "name", "ccc_name", "outcome")} == {
        "kind": "campaign",
        "task_id": None,
        "campaign_id": 2567,
        "name": "spring-dialing",
        "ccc_name": "spring-dialing",
        "outcome": "paused",
    }
    assert report["text"].startswith("Paused 1 campaign.")
    assert [entry.action for entry in emulator.journal.entries].count(PAUSE) == 0


@pytest.mark.parametrize(
    ("before", "outcome"),
    [(PAUSED, "already_paused"), (TERMINATED, "finished"), (COMPLETED, "finished"), (0, "not_started")],
)
def test_a_state_means_what_it_means_for_campaigns(
    function: Function, emulator: Emulator, before: int, outcome: str
) -> None:
    start = {"start_time": 2_000_000_000} if before == 0 else {}
    emulator.campaigns.add(campaign_id=2567, sdk_app_id=APP, name="spring-dialing", state=before, **start)
    assert outcomes(function(TIMER)) == {2567: outcome}
    assert PAUSE_CAMPAIGN not in {entry.action for entry in emulator.journal.entries}


def test_a_campaign_and_a_task_may_have_the_same_number(function: Function, emulator: Emulator) -> None:
    emulator.tasks.add(task_id=2567, sdk_app_id=APP, name="a task", state=RUNNING)
    function(request({"campaign_id": 2567}))
    assert (state(emulator), emulator.tasks.state(2567)) == (PAUSED, RUNNING)
    function(request(2567))
    assert emulator.tasks.state(2567) == 5


def test_a_request_resumes_campaigns_by_number_and_by_pattern(function: Function, emulator: Emulator) -> None:
    never = policy(quiet_hours={"default": NEVER})
    for each in emulator.campaigns:
        each.state = PAUSED
    report = function(
        request({"campaign_id": 2567}, {"name": "us-*", "kind": "campaign"}, action="resume"),
        callout_policy=never,
    )
    assert outcomes(report) == {2567: "resumed", 2568: "resumed"}
    assert report["text"].startswith("Resumed 2 campaigns.")
    assert {state(emulator), state(emulator, 2568)} == {RUNNING}


def test_a_pattern_fits_tasks_and_campaigns(function: Function, emulator: Emulator) -> None:
    report = function(request("us-*"))
    assert outcomes(report) == {16499: "paused", 2568: "paused"}
    assert report["text"].startswith("Paused 1 task and 1 campaign.")
    assert all("the pattern fits 2 tasks and campaigns" in entry["reason"] for entry in report["tasks"])


def test_a_pattern_that_fits_only_a_campaign_is_found(function: Function) -> None:
    assert outcomes(function(request("*-dialing"))) == {2567: "paused", 2568: "paused"}
    assert outcomes(function(request({"name": "*-dialing", "kind": "task"}))) == {None: "not_found"}


def test_a_rule_without_a_kind_covers_campaigns_too(function: Function, emulator: Emulator) -> None:
    rule = {"sdk_app_id": APP, "quiet_hours": "default"}
    report = function(TIMER, callout_policy=policy(rules=[rule]))
    assert len(report["tasks"]) == 5
    assert {state(emulator), state(emulator, 2568)} == {PAUSED}
    assert {entry["rule"] for entry in report["tasks"]} == {1}


def test_what_no_rule_covers_is_told_of_campaigns_too(function: Function, emulator: Emulator) -> None:
    rule = {"sdk_app_id": APP, "kind": "task", "quiet_hours": "default"}
    report = function(TIMER, callout_policy=policy(rules=[rule], campaigns=NAMED))
    assert (report["status"], outcomes(report)[2568], state(emulator, 2568)) == (
        "partial",
        "uncovered",
        RUNNING,
    )
    (entry,) = (each for each in report["tasks"] if each["outcome"] == "uncovered")
    assert entry["reason"] == "the campaign is running, and no rule of the policy covers it"


def test_a_dry_run_pauses_no_campaign(function: Function, emulator: Emulator) -> None:
    assert outcomes(function(request({"campaign_id": 2567}, dry_run=True))) == {2567: "would_pause"}
    assert state(emulator) == RUNNING


def test_an_unknown_campaign_is_not_found(function: Function) -> None:
    for international in (False, True):
        function.emulator.options.international = international
        assert outcomes(function(request({"campaign_id": 9}))) == {9: "not_found"}


def test_one_campaign_of_many_is_asked_for_alone_where_the_site_can(
    function: Function, emulator: Emulator
) -> None:
    for number in range(3_000, 3_400):
        emulator.campaigns.add(campaign_id=number, sdk_app_id=APP, name=f"c{number}", state=RUNNING)
    function(request({"campaign_id": 3_390}))
    assert [entry.action for entry in emulator.journal.entries] == [
        LIST_CAMPAIGNS,
        PAUSE_CAMPAIGN,
        LIST_CAMPAIGNS,
    ]


def test_the_international_site_shows_the_state_of_a_campaign_in_its_list(
    function: Function, emulator: Emulator
) -> None:
    emulator.options.international = True
    for number in range(3_000, 3_400):
        emulator.campaigns.add(campaign_id=number, sdk_app_id=APP, name=f"c{number}", state=RUNNING)
    report = function(request({"campaign_id": 3_390}, {"campaign_id": 3_010}))
    assert set(outcomes(report).values()) == {"paused"}
    refused = [entry for entry in emulator.journal.entries if entry.code == "UnknownParameter"]
    assert len(refused) <= 1


@pytest.mark.parametrize("answer", [CampaignAnswer.INVALID_PARAMETER_VALUE, CampaignAnswer.INTERNAL_ERROR])
def test_a_campaign_that_somebody_else_paused_meanwhile_is_paused(
    function: Function, emulator: Emulator, answer: CampaignAnswer
) -> None:
    emulator.options.campaign_pause_paused = answer

    def pause_it(action: str, _: Mapping[str, Any]) -> None:
        if action == PAUSE_CAMPAIGN:
            emulator.campaigns.load([{"campaign_id": 2567, "sdk_app_id": APP, "state": PAUSED}])

    emulator.hooks.before = pause_it
    # An internal error says nothing of whether the pause was carried out.
    unclear = answer is CampaignAnswer.INTERNAL_ERROR
    assert outcomes(function(TIMER)) == {2567: "paused" if unclear else "already_paused"}
    assert [entry.action for entry in emulator.journal.entries].count(PAUSE_CAMPAIGN) == 1


def test_an_internal_error_is_overcome_while_the_campaign_runs(
    function: Function, emulator: Emulator
) -> None:
    emulator.faults.add(faults.error("InternalError", "try again"), action=PAUSE_CAMPAIGN, times=3)
    assert outcomes(function(TIMER)) == {2567: "paused"}
    assert state(emulator) == PAUSED


def test_a_pause_that_has_no_effect_is_not_reported_as_one(function: Function, emulator: Emulator) -> None:
    emulator.options.pauses_without_effect = 10_000
    with pytest.raises(
        UnfinishedError, match=r"campaign 2567 failed \(NotAsWanted: accepted, but the campaign"
    ):
        function(TIMER)


def test_what_campaigns_may_not_do_keeps_no_task_from_being_paused(
    function: Function, emulator: Emulator
) -> None:
    for action in (LIST_CAMPAIGNS, PAUSE_CAMPAIGN):
        emulator.faults.add(faults.error("UnauthorizedOperation", "you may not"), action=action)
    rules = policy(rules=[{"sdk_app_id": APP, "quiet_hours": "default"}])
    with pytest.raises(UnfinishedError, match="the list of campaigns of application 1400692008 could not be"):
        function(TIMER, callout_policy=rules)
    assert {task.state for task in emulator.tasks} == {5}


@pytest.mark.parametrize(("stalled", "kind"), [(LIST, "campaign"), (LIST_CAMPAIGNS, "task")])
def test_a_list_that_stalls_does_not_hold_up_the_other(
    function: Function, emulator: Emulator, stalled: str, kind: str
) -> None:
    emulator.faults.add(faults.STALL, action=stalled)
    rules = policy(rules=[{"sdk_app_id": APP, "quiet_hours": "default"}])
    with pytest.raises(UnfinishedError):
        function(TIMER, callout_policy=rules, context={"time_limit_in_ms": 9_000})
    done = emulator.campaigns if kind == "campaign" else emulator.tasks
    assert {each.state for each in done} == {PAUSED if kind == "campaign" else 5}


def test_a_check_knows_the_campaigns_of_the_policy(function: Function, emulator: Emulator) -> None:
    campaigns = NAMED | {"gone": {"campaign_id": 1}, "mine": {"campaign_id": 2568}}
    rule = {"sdk_app_id": APP, "name": "us-*", "quiet_hours": "default"}
    with pytest.raises(UnfinishedError, match="CCC does not know campaign 1 "):
        function({"action": "check"}, callout_policy=policy(campaigns=campaigns, rules=[rule]))
    found = {(each["code"], each["kind"], each["id"]) for each in function.report()["findings"]}
    assert found >= {
        ("CampaignNotFound", "campaign", 1),
        ("NameDiffers", "campaign", 2568),
        ("Uncovered", "task", 16498),
        ("RuleCovers", None, None),
    }


def test_a_mail_tells_tasks_from_campaigns(function: Function) -> None:
    reports: list[Report] = []
    function(request({"campaign_id": 2567}, 16498), seen=reports.append)
    mail = texts(reports[0], None).email
    assert mail.startswith("Succeeded: paused 1 task and 1 campaign.")
    assert "campaign 2567" in mail
    assert "16498" in mail


def test_a_list_that_fails_for_a_while_is_tried_again_after_the_others(
    function: Function, emulator: Emulator
) -> None:
    emulator.faults.add(faults.HTTP_500, action=LIST_CAMPAIGNS, times=5)  # three attempts are one turn
    report = function(TIMER, callout_policy=policy(rules=[{"sdk_app_id": APP, "quiet_hours": "default"}]))
    assert (report["summary"], report["errors"]) == ({"paused": 5}, [])
