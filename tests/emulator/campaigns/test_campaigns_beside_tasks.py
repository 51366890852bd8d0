"""`Emulator.campaigns` works like `Emulator.tasks`: construction, reset, control plane, faults, hooks, limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.emulator import Campaign, CampaignAnswer, Emulator, faults
from tests.support import APP

RUNNING, PAUSED = 1, 2
GIVEN = {"campaign_id": 2567, "sdk_app_id": APP, "name": "spring-dialing", "state": RUNNING}
PAUSE, ONE = "PausePredictiveDialingCampaign", {"CampaignId": 2567, "SdkAppId": APP}


def test_a_reset_brings_back_what_was_given_at_construction() -> None:
    variables = {"a": "b"}
    given: list[Any] = [GIVEN | {"variables": variables}]
    emulator = Emulator(campaigns=given)
    given.clear()
    variables.clear()
    found = emulator.campaigns.get(APP, 2567)
    assert found == Campaign(2567, APP, "spring-dialing", variables={"a": "b"}, seen=found.seen)  # type: ignore[union-attr]
    found.state = PAUSED
    found.variables.clear()
    emulator.campaigns.add(campaign_id=1, sdk_app_id=APP)
    emulator.options.campaign_pause_paused = CampaignAnswer.SUCCESS
    emulator.options.international = True
    emulator.reset()
    assert [(each.id, each.state, each.variables) for each in emulator.campaigns] == [
        (2567, RUNNING, {"a": "b"})
    ]
    assert emulator.options.campaign_pause_paused is CampaignAnswer.INVALID_PARAMETER_VALUE
    assert not emulator.options.international


def test_campaigns_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "campaigns.json"
    path.write_text(json.dumps([GIVEN]))
    assert Emulator(campaigns=path).campaigns.state(2567) == RUNNING


def test_the_collection_is_that_of_tasks(emulator: Emulator) -> None:
    campaigns = emulator.campaigns
    campaigns.load([GIVEN, GIVEN | {"campaign_id": 5}, GIVEN | {"campaign_id": 5, "sdk_app_id": 7}])
    assert [each.id for each in campaigns.of(APP)] == [5, 2567]
    campaigns.remove(5, 7)
    assert [(each.id, each.sdk_app_id) for each in campaigns] == [(2567, APP), (5, APP)]
    campaigns.remove(5)
    campaigns.remove(5)
    assert campaigns.get(APP, 5) is None
    with pytest.raises(KeyError):
        campaigns.state(5)
    campaigns.clear()
    assert list(campaigns) == []
    assert len(list(emulator.tasks)) == 3, "tasks are apart"


@pytest.mark.parametrize(
    ("campaign", "text"),
    [
        (5, "[0]: an object with campaign_id and sdk_app_id is wanted, not 5"),
        ({"sdk_app_id": APP}, "[0].campaign_id: is missing"),
        (GIVEN | {"status": 1}, "[0].status: is not a key here; keys are campaign_id,"),
        (GIVEN | {"state": 5}, "[0].state: 0 to 4 is wanted, not 5"),
        (GIVEN | {"state_reason": 3}, "[0].state_reason: 0 to 2 is wanted, not 3"),
        (GIVEN | {"end_time": None}, "[0].end_time: int is wanted, not None"),
        (GIVEN | {"priority": 6}, "[0].priority: 1 to 5 is wanted, not 6"),
        (GIVEN | {"variables": {"a": 1}}, "[0].variables: an object of strings is wanted"),
        (GIVEN | {"callees": [1]}, "[0].callees: a list of strings is wanted"),
        (GIVEN | {"call_seconds": -1}, "[0].call_seconds: at least 0 is wanted, not -1"),
    ],
    ids=str,
)
def test_a_campaign_that_cannot_be_is_refused_by_name(
    emulator: Emulator, wire: Any, campaign: Any, text: str
) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole text is compared
        Emulator(campaigns=[campaign])
    assert text in str(refused.value)
    answered = wire.control("POST", "campaigns", [GIVEN, campaign])
    assert answered.status == 400
    assert text.replace("[0]", "[1]") in json.loads(answered.body)["error"]
    assert list(emulator.campaigns) == [], "all or none"


def test_what_is_no_list_and_what_is_there_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r'a list of campaigns is wanted, such as \[\{"campaign_id": 2567'):
        Emulator(campaigns=5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"\[1\].campaign_id: 2567 is there twice in application"):
        Emulator(campaigns=[GIVEN, GIVEN])


def test_the_control_plane_adds_and_shows_them(wire: Any, emulator: Emulator) -> None:
    assert wire.control("POST", "campaigns", GIVEN).status == 200
    assert wire.control("POST", "campaigns", [GIVEN | {"campaign_id": 5}]).status == 200
    shown = json.loads(wire.control("GET", "campaigns").body)
    assert shown[0] == {
        "SdkAppId": APP, "CampaignId": 2567, "Name": "spring-dialing", "Status": 1, "StatusReason": 0,
        "CalleeCount": 0, "FinishedCalleeCount": 0, "Priority": 3, "SkillGroupId": 0,
    }  # fmt: skip
    assert [each["CampaignId"] for each in shown] == [2567, 5]
    assert wire.control("POST", "reset").status == 200
    assert list(emulator.campaigns) == []


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"campaign_pause_paused": "InternalError", "international": True}, 200),
        ({"campaign_pause_paused": "UnsupportedOperation"}, 400),
        ({"campaign_update_started": "UnsupportedOperation"}, 200),
        ({"pause_paused": "InternalError"}, 400),
        ({"international": 1}, 400),
    ],
    ids=str,
)
def test_an_option_has_the_codes_that_its_action_documents(
    wire: Any, options: dict[str, Any], status: int
) -> None:
    assert wire.control("POST", "options", options).status == status


def test_each_action_has_a_limit_of_its_own(wire: Any, campaigns: Any, emulator: Emulator) -> None:
    emulator.limits.clock = lambda: 0.0
    page = {"SdkAppId": APP, "PageSize": 1, "PageNumber": 0}
    listed = [wire.call("DescribePredictiveDialingCampaigns", page).code for _ in range(21)]
    assert listed == [None] * 20 + ["RequestLimitExceeded"]
    assert wire.call(PAUSE, ONE).code is None


def test_faults_hooks_and_the_journal_know_them(wire: Any, campaigns: Any, emulator: Emulator) -> None:
    emulator.faults.add(
        faults.DB_ERROR, action=PAUSE, when=lambda params: params["CampaignId"] == 2568, times=1
    )
    states: list[int] = []
    emulator.hooks.before = lambda _action, _params: campaigns.get(APP, 2567).advance(0)
    emulator.hooks.after = lambda _entry: states.append(campaigns.state(2567))
    assert wire.call(PAUSE, ONE).code is None
    assert wire.call(PAUSE, ONE | {"CampaignId": 2568}).code == "InternalError.DBError"
    assert states == [PAUSED, PAUSED]
    assert campaigns.state(2568) == RUNNING
    entries = emulator.journal.entries
    assert [(each.service, each.action, each.fault) for each in entries] == [
        ("ccc", PAUSE, None),
        ("ccc", PAUSE, "InternalError.DBError"),
    ]


def test_a_lost_reply_leaves_the_campaign_paused(official: Any, campaigns: Any, emulator: Emulator) -> None:
    emulator.faults.add(faults.LOST_REPLY, action=PAUSE)
    with pytest.raises(TencentCloudSDKException, match="ClientNetworkError"):
        official(PAUSE, **ONE)
    assert campaigns.state(2567) == PAUSED
