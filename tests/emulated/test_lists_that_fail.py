"""A list that stalls, is slow, a moment behind or wrong keeps nothing else from being paused, and hides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from moto import mock_aws

from handler.cloud.pacing import Backoff
from handler.errors import QuietHoursError
from handler.report.for_people import texts
from handler.report.report import Report
from local.emulator import Emulator, faults
from local.emulator.options import CampaignAnswer
from tests.support import APP, LIST, LIST_CAMPAIGNS, PAUSE_CAMPAIGN

from .harness.dialing import NAMED, dialing, policy
from .harness.function import Function

OTHER_APP = 1400692999
RUNNING, PAUSED = 1, 2
TASK_PAUSED = 5
TIMER = {"Type": "Timer", "TriggerName": "t", "Message": ""}
EVERYTHING = {"sdk_app_id": APP, "quiet_hours": "default"}
THEIRS = EVERYTHING | {"sdk_app_id": OTHER_APP}
ONE = {"tasks": [{"campaign_id": 2567}]}


@pytest.fixture
def function(emulator: Emulator) -> Iterator[Function]:
    with mock_aws():
        yield dialing(emulator)


def run(function: Function, event: Any, seconds: float = 60, **more: Any) -> tuple[Report, str]:
    """Return the report, and what was raised."""
    reports: list[Report] = []
    raised = ""
    try:
        function(event, seen=reports.append, context={"time_limit_in_ms": seconds * 1000}, **more)
    except QuietHoursError as error:
        raised = str(error)
    return reports[0], raised


def outcomes(report: Report) -> dict[Any, str]:
    return {(each.target.kind, each.target.id): each.outcome.value for each in report.tasks}


def tasks(emulator: Emulator, app: int = APP) -> Counter[int]:
    return Counter(each.state for each in emulator.tasks if each.sdk_app_id == app)


def campaigns(emulator: Emulator) -> Counter[int]:
    return Counter(each.state for each in emulator.campaigns)


def add_tasks(emulator: Emulator, count: int, *, app: int = APP, state: int = 1) -> None:
    for number in range(1, count + 1):
        emulator.tasks.add(task_id=number, sdk_app_id=app, name=f"t{number}", state=state)


def pause_all(emulator: Emulator) -> None:
    for each in emulator.tasks:
        each.state = TASK_PAUSED
    for one in emulator.campaigns:
        one.state = PAUSED


class TestListsInTurn:
    def test_a_slow_list_is_read(self, function: Function, emulator: Emulator) -> None:
        for action in (LIST, LIST_CAMPAIGNS):
            emulator.faults.add(faults.latency(4), action=action)
        run(function, TIMER, 45, callout_policy=policy(rules=[EVERYTHING]))
        assert tasks(emulator)[1] == 0

    @pytest.mark.parametrize(("seconds", "rate"), [(120, 0.09), (60, 0.2)])
    def test_at_a_low_rate_every_application_is_read(
        self, function: Function, emulator: Emulator, seconds: int, rate: float
    ) -> None:
        pause_all(emulator)
        emulator.tasks.add(task_id=5, sdk_app_id=OTHER_APP, name="theirs", state=1)
        rules = policy(rules=[EVERYTHING, THEIRS])
        run(function, TIMER, seconds, callout_policy=rules, callout_requests_per_second=rate)
        assert tasks(emulator, OTHER_APP)[1] == 0

    def test_at_a_low_rate_further_pages_are_read(self, function: Function, emulator: Emulator) -> None:
        add_tasks(emulator, 150)
        for number in range(1, 251):
            emulator.campaigns.add(campaign_id=number, sdk_app_id=APP, name=f"c{number}", state=PAUSED)
        pause_all(emulator)
        emulator.tasks.add(task_id=99_999, sdk_app_id=APP, name="on the second page", state=1)
        run(
            function,
            TIMER,
            callout_policy=policy(rules=[EVERYTHING]),
            callout_requests_per_second=0.2,
        )
        assert tasks(emulator)[1] == 0

    def test_a_list_that_fails_four_times_is_read(self, function: Function, emulator: Emulator) -> None:
        emulator.faults.add(faults.INTERNAL_ERROR, action=LIST, times=4)
        rules = policy(rules=[EVERYTHING])
        run(function, TIMER, 30, callout_policy=rules, backoff=Backoff(jitter=lambda: 1.0))
        assert tasks(emulator)[1] == 0

    def test_with_little_time_a_list_that_stalls_does_not_hold_up_the_other(
        self, function: Function, emulator: Emulator
    ) -> None:
        emulator.faults.add(faults.STALL, action=LIST)
        run(function, TIMER, 6, callout_policy=policy(rules=[EVERYTHING]))
        assert campaigns(emulator)[RUNNING] == 0

    @pytest.mark.parametrize(("seconds", "first"), [(12, APP), (12, OTHER_APP)])
    def test_an_application_that_stalls_does_not_hold_up_the_other(
        self, function: Function, emulator: Emulator, seconds: int, first: int
    ) -> None:
        add_tasks(emulator, 150, app=OTHER_APP)
        rules = [EVERYTHING, THEIRS] if first == APP else [THEIRS, EVERYTHING]
        for action in (LIST, LIST_CAMPAIGNS):
            emulator.faults.add(faults.STALL, action=action, when=lambda p: p["SdkAppId"] == APP)
        run(function, TIMER, seconds, callout_policy=policy(rules=rules), callout_requests_per_second=1000)
        assert tasks(emulator, OTHER_APP)[1] == 0

    def test_pauses_of_campaigns_that_stall_keep_no_list_from_being_read(
        self, function: Function, emulator: Emulator
    ) -> None:
        add_tasks(emulator, 250)
        emulator.faults.add(faults.STALL, action=PAUSE_CAMPAIGN)
        rules = policy(rules=[EVERYTHING])
        run(function, TIMER, 30, callout_policy=rules, callout_requests_per_second=1000)
        assert tasks(emulator)[1] == 0

    def test_after_an_internal_error_the_state_is_looked_at_also_while_lists_are_read(
        self, function: Function, emulator: Emulator
    ) -> None:
        add_tasks(emulator, 800, state=TASK_PAUSED)
        emulator.faults.add(faults.error("InternalError", "x"), action=PAUSE_CAMPAIGN)

        def pause_it(action: str, _: Mapping[str, Any]) -> None:
            if action == PAUSE_CAMPAIGN:
                emulator.campaigns.load([{"campaign_id": 2567, "sdk_app_id": APP, "state": PAUSED}])

        emulator.hooks.before = pause_it
        rule = EVERYTHING | {"kind": "task"}
        run(function, TIMER, callout_policy=policy(rules=[rule], campaigns=NAMED))
        sent = [each.action for each in emulator.journal.entries].count(PAUSE_CAMPAIGN)
        assert sent == 1


def filtered(emulator: Emulator, how: str) -> None:
    """Let the list of campaigns answer so where it is filtered by an id; unfiltered it is right."""
    fault = faults.error(how, "CampaignId")
    if how == "empty":
        fault = faults.mangled(lambda answer: answer | {"CampaignList": [], "TotalCount": 0})
    emulator.faults.add(fault, action=LIST_CAMPAIGNS, when=lambda params: "CampaignId" in params)


@pytest.mark.parametrize("how", ["InvalidParameterValue", "InvalidParameter", "empty"])
class TestAFilterThatFindsNothingProvesNothing:
    def test_a_pause_without_effect_is_no_success(
        self, function: Function, emulator: Emulator, how: str
    ) -> None:
        filtered(emulator, how)
        emulator.options.pauses_without_effect = 10_000
        report, _ = run(function, ONE, 15)
        assert (outcomes(report), report.status) == ({("campaign", 2567): "failed"}, "failed")

    def test_nor_is_it_where_a_rule_found_the_campaign(
        self, function: Function, emulator: Emulator, how: str
    ) -> None:
        filtered(emulator, how)
        emulator.options.pauses_without_effect = 10_000
        rule = EVERYTHING | {"kind": "campaign", "name": "us-*"}
        report, _ = run(function, TIMER, 15, callout_policy=policy(rules=[rule]))
        assert outcomes(report)["campaign", 2568] == "failed"

    def test_a_paused_campaign_is_found(self, function: Function, emulator: Emulator, how: str) -> None:
        filtered(emulator, how)
        pause_all(emulator)
        report, _ = run(function, ONE, 15)
        assert outcomes(report) == {("campaign", 2567): "already_paused"}

    def test_a_paused_campaign_is_found_behind_internal_errors(
        self, function: Function, emulator: Emulator, how: str
    ) -> None:
        filtered(emulator, how)
        pause_all(emulator)
        emulator.options.campaign_pause_paused = CampaignAnswer.INTERNAL_ERROR
        _, raised = run(function, ONE, 15)
        assert not raised

    def test_a_dry_run_finds_a_running_campaign(
        self, function: Function, emulator: Emulator, how: str
    ) -> None:
        filtered(emulator, how)
        report, _ = run(function, ONE | {"dry_run": True}, 15)
        assert outcomes(report) == {("campaign", 2567): "would_pause"}


class TestLists:
    def test_a_list_that_is_a_moment_behind_is_no_failure(
        self, function: Function, emulator: Emulator
    ) -> None:
        def stale(answer: Any) -> Any:
            return answer | {"CampaignList": [each | {"Status": 1} for each in answer["CampaignList"]]}

        emulator.faults.script([None, faults.mangled(stale), faults.mangled(stale)], action=LIST_CAMPAIGNS)
        report, _ = run(function, TIMER)
        assert outcomes(report) == {("campaign", 2567): "paused"}

    def test_an_application_that_is_refused_makes_no_pages_smaller(
        self, function: Function, emulator: Emulator
    ) -> None:
        for number in range(10_000, 11_000):
            emulator.campaigns.add(campaign_id=number, sdk_app_id=APP, name=f"c{number}", state=PAUSED)
        refusal = faults.error("InvalidParameterValue.SdkAppId", "no such application")
        emulator.faults.add(refusal, action=LIST_CAMPAIGNS, when=lambda p: p["SdkAppId"] == OTHER_APP)
        run(function, TIMER, callout_policy=policy(rules=[THEIRS, EVERYTHING]))
        calls = [each for each in emulator.journal.entries if each.action == LIST_CAMPAIGNS]
        assert len([each for each in calls if each.params["SdkAppId"] == APP]) < 30


class TestWords:
    def test_the_lead_time_is_for_campaigns(self, function: Function, emulator: Emulator) -> None:
        for number in range(3_000, 3_100):
            emulator.campaigns.add(campaign_id=number, sdk_app_id=APP, name=f"c{number}", state=RUNNING)
        rules = policy(rules=[EVERYTHING | {"kind": "campaign"}])
        assert "pausing its 102 tasks" not in function({"action": "check"}, callout_policy=rules)["text"]

    def test_an_incomplete_list_of_campaigns_hides_no_tasks(
        self, function: Function, emulator: Emulator
    ) -> None:
        emulator.tasks.reset([])
        emulator.faults.add(faults.error("UnauthorizedOperation", "no"), action=LIST_CAMPAIGNS)
        report, _ = run(function, TIMER, callout_policy=policy(rules=[EVERYTHING | {"kind": "campaign"}]))
        assert "TASKS MAY BE CALLING" not in texts(report, None).sms
