"""Campaigns as CCC documents them: five states, nine actions, every field of the official models."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from tencentcloud.ccc.v20200210 import models
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.emulator import Emulator
from local.emulator.ccc import campaign_actions
from tests.support import APP

NOT_STARTED, RUNNING, PAUSED, TERMINATED, COMPLETED = range(5)
NORMAL, BY_HAND, BY_TIME = range(3)
NOW = 1_700_000_000
DOCUMENTED = {
    "Name": "新能源SUV推荐", "Callees": ["+8613012345678", "+8613012345679"], "Callers": ["0086075586013388"],
    "CallOrder": 0, "SkillGroupId": 255, "IVRId": 4600, "Priority": 3, "ExpectedAbandonRate": 10,
    "RetryTimes": 1, "RetryInterval": 1800, "StartTime": NOW + 60, "EndTime": NOW + 3_600,
    "Variables": [{"Key": "a", "Value": "b"}], "UUI": "u",
}  # fmt: skip
"""The official example, and what it leaves out of the domestic site's detail."""
READABLE = {name: value for name, value in DOCUMENTED.items() if name not in {"Callees", "Callers"}}
DAY = [{"StartTime": "09:00:00", "EndTime": "18:00:00"}]


def ids(page: dict[str, Any]) -> list[int]:
    return [each["CampaignId"] for each in page["CampaignList"]]


@pytest.fixture
def created(ask: Any, clock: Any) -> int:
    """The id of a campaign that starts in a minute."""
    return int(ask("Create", **DOCUMENTED)["CampaignId"])


def test_pausing_and_resuming_answer_with_a_request_id_only(ask: Any, campaigns: Any) -> None:
    assert ask("Pause", CampaignId=2567) == {}
    assert [campaigns.state(each) for each in (2567, 2568, 2569)] == [PAUSED, RUNNING, RUNNING]
    assert ask("Resume", CampaignId=2567) == {}
    assert campaigns.state(2567) == RUNNING


@pytest.mark.parametrize("state", [NOT_STARTED, RUNNING, PAUSED])
def test_an_aborted_campaign_is_ended_by_hand_for_ever(
    ask: Any, refusal: Any, campaigns: Any, state: int
) -> None:
    campaigns.add(campaign_id=1, sdk_app_id=APP, state=state, start_time=2**32, end_time=2**33)
    assert ask("Abort", CampaignId=1) == {}
    (listed,) = ask("Describe", "Campaigns", PageSize=1, PageNumber=0, CampaignId=1)["CampaignList"]
    assert (listed["Status"], listed["StatusReason"]) == (TERMINATED, BY_HAND)
    assert refusal("Resume", CampaignId=1) == "InvalidParameterValue"


@pytest.mark.parametrize("state", [NOT_STARTED, TERMINATED, COMPLETED])
def test_a_deleted_campaign_does_not_exist(ask: Any, refusal: Any, campaigns: Any, state: int) -> None:
    campaigns.add(campaign_id=2567, sdk_app_id=APP, state=state, start_time=2**32, end_time=2**33)
    campaigns.add(campaign_id=2567, sdk_app_id=7)
    assert ask("Delete", CampaignId=2567) == {}
    assert refusal("Describe", CampaignId=2567) == "InvalidParameterValue"
    assert [(each.id, each.sdk_app_id) for each in campaigns] == [(2568, APP), (2569, APP), (2567, 7)]


@pytest.mark.parametrize(
    ("verb", "params"),
    [("Pause", {}), ("Resume", {}), ("Abort", {}), ("Delete", {}), ("Describe", {}), ("Update", DOCUMENTED)],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_campaign_of_another_application_is_unknown(
    refusal: Any, campaigns: Any, verb: str, params: dict[str, Any]
) -> None:
    assert refusal(verb, CampaignId=2567, SdkAppId=7, **params) == "InvalidParameterValue"
    assert campaigns.state(2567) == RUNNING


def test_two_applications_may_have_a_campaign_of_the_same_number(ask: Any, campaigns: Any) -> None:
    campaigns.add(campaign_id=2567, sdk_app_id=7, state=PAUSED)
    assert ask("Describe", CampaignId=2567, SdkAppId=7)["Status"] == PAUSED
    assert ask("Describe", CampaignId=2567)["Status"] == RUNNING
    assert (campaigns.state(2567, 7), campaigns.state(2567, APP)) == (PAUSED, RUNNING)


def test_describing_answers_every_field_of_the_official_model(ask: Any, created: int) -> None:
    assert ask("Describe", CampaignId=created) == {
        "CampaignId": created, **READABLE, "Status": NOT_STARTED, "StatusReason": NORMAL
    }  # fmt: skip


def test_the_international_detail_has_no_state_and_no_variables(
    ask: Any, created: int, emulator: Emulator
) -> None:
    emulator.options.international = True
    described = ask("Describe", CampaignId=created)
    assert {name for name, value in described.items() if value is not None} == {
        "CampaignId", "Name", "CallOrder", "SkillGroupId", "IVRId", "Priority", "ExpectedAbandonRate",
        "RetryTimes", "RetryInterval", "StartTime", "EndTime",
    }  # fmt: skip


def test_listing_answers_every_field_of_the_official_model_on_both_sites(
    ask: Any, created: int, emulator: Emulator
) -> None:
    for emulator.options.international in (False, True):
        assert ask("Describe", "Campaigns", PageSize=100, PageNumber=0) == {
            "TotalCount": 1,
            "CampaignList": [
                {
                    "CampaignId": created, "Name": "新能源SUV推荐", "Status": NOT_STARTED,
                    "StatusReason": NORMAL, "CalleeCount": 2, "FinishedCalleeCount": 0, "Priority": 3,
                    "SkillGroupId": 255,
                }
            ],
        }  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "wanted"),
    [
        ("Create", campaign_actions._CREATE),
        ("Update", campaign_actions._UPDATE),
        ("Describe", campaign_actions._DOMESTIC_LIST),
        ("DescribeSessions", campaign_actions._SESSIONS),
    ],
    ids=str,
)
def test_the_parameters_are_those_of_the_official_models(verb: str, wanted: dict[str, Any]) -> None:
    name = {
        "Describe": "DescribePredictiveDialingCampaigns",
        "DescribeSessions": "DescribePredictiveDialingSessions",
    }
    model = getattr(models, f"{name.get(verb, f'{verb}PredictiveDialingCampaign')}Request")
    kinds = {"int": "int", "str": "str", "list of str": "list"}
    types = re.findall(r":type (\w+): (.+)", str(inspect.getdoc(model.__init__)))
    assert {each: param.kind for each, param in wanted.items()} == {
        each: kinds.get(kind, "objects") for each, kind in types
    }


def test_pages_start_at_zero_and_together_hold_each_campaign_once(ask: Any, campaigns: Any) -> None:
    campaigns.clear()
    for campaign_id in range(1, 8):
        campaigns.add(campaign_id=campaign_id, sdk_app_id=APP)
    campaigns.add(campaign_id=99, sdk_app_id=7)
    pages = [ask("Describe", "Campaigns", PageSize=3, PageNumber=number) for number in range(4)]
    assert [ids(page) for page in pages] == [[1, 2, 3], [4, 5, 6], [7], []]
    assert {page["TotalCount"] for page in pages} == {7}


def test_the_list_may_begin_with_the_newest(ask: Any, campaigns: Any, emulator: Emulator) -> None:
    emulator.options.newest_first = True
    assert ids(ask("Describe", "Campaigns", PageSize=2, PageNumber=0)) == [2569, 2568]
    campaigns.add(campaign_id=2570, sdk_app_id=APP)
    assert ids(ask("Describe", "Campaigns", PageSize=2, PageNumber=1)) == [2568, 2567], (
        "every page has shifted"
    )


@pytest.mark.parametrize(("noun", "largest"), [("Campaigns", 100), ("Sessions", 1_000)])
def test_a_page_has_at_least_one_and_at_most_the_documented_number(
    ask: Any, refusal: Any, campaigns: Any, noun: str, largest: int
) -> None:
    one = {"CampaignId": 2567} if noun == "Sessions" else {}
    for size in (1, largest):
        assert "TotalCount" in ask("Describe", noun, PageSize=size, PageNumber=0, **one)
    for size, number in ((0, 0), (largest + 1, 0), (-1, 0), (1, -1)):
        assert refusal("Describe", noun, PageSize=size, PageNumber=number, **one) == "InvalidParameterValue"
    assert refusal("Describe", noun, PageSize="10", PageNumber=0, **one) == "InvalidParameter"
    assert refusal("Describe", noun, PageSize=10, **one) == "MissingParameter"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"Name": "spring"}, [2567, 2569]),
        ({"Name": "dialing"}, [2567, 2568]),
        ({"Name": ""}, [2567, 2568, 2569]),
        ({"Name": "none"}, []),
        ({"SkillGroupId": 256}, [2568, 2569]),
        ({"CampaignId": 2568}, [2568]),
        ({"Name": "spring", "SkillGroupId": 256}, [2569]),
        ({"CampaignId": 2568, "Name": "spring"}, []),
    ],
    ids=str,
)
def test_the_list_is_filtered_by_keyword_skill_group_and_id(
    ask: Any, campaigns: Any, wanted: dict[str, Any], found: list[int]
) -> None:
    campaigns.add(campaign_id=2567, sdk_app_id=7, name="spring-dialing", skill_group_id=256)
    page = ask("Describe", "Campaigns", PageSize=1, PageNumber=0, **wanted)
    assert (page["TotalCount"], ids(page)) == (len(found), found[:1])
    assert ids(ask("Describe", "Campaigns", PageSize=2, PageNumber=0, **wanted)) == found[:2]


def test_the_international_list_has_no_filter_by_id(
    ask: Any, refusal: Any, campaigns: Any, emulator: Emulator
) -> None:
    emulator.options.international = True
    page = {"PageSize": 10, "PageNumber": 0}
    assert refusal("Describe", "Campaigns", CampaignId=2567, **page) == "UnknownParameter"
    assert ids(ask("Describe", "Campaigns", Name="us", SkillGroupId=256, **page)) == [2568]


def test_every_created_campaign_has_an_id_of_its_own(ask: Any, created: int, emulator: Emulator) -> None:
    assert created == 2567
    assert ask("Create", **DOCUMENTED, SdkAppId=7) == {"CampaignId": 2568}
    ask("Delete", CampaignId=2568, SdkAppId=7)
    assert ask("Create", **DOCUMENTED) == {"CampaignId": 2569}, "a deleted one leaves its id behind"
    assert [task.task_id for task in emulator.tasks] == [16498, 16499, 16500], "no task is touched"


def test_what_no_api_gives_back_is_accepted(ask: Any, campaigns: Any) -> None:
    more = {"TimeZone": "Asia/Shanghai", "AvailableTime": DAY, "CalleeAttributes": [{"Callee": "+861301"}]}
    assert ask("Create", **DOCUMENTED, **more) == {"CampaignId": 2570}


@pytest.mark.parametrize(
    "name", [name for name in DOCUMENTED if name not in {"IVRId", "RetryTimes", "Variables", "UUI"}]
)
@pytest.mark.parametrize("verb", ["Create", "Update"])
def test_what_is_documented_as_required_is_required(refusal: Any, created: int, verb: str, name: str) -> None:
    params = DOCUMENTED | {name: None} | ({"CampaignId": created} if verb == "Update" else {})
    assert refusal(verb, **params) == "MissingParameter"


@pytest.mark.parametrize(
    "case",
    [
        ({"Callees": []}, "InvalidParameterValue"),
        ({"Callers": []}, "InvalidParameterValue"),
        ({"Callees": [8613800000001]}, "InvalidParameter"),
        ({"CallOrder": 2}, "InvalidParameterValue"),
        ({"Priority": 0}, "InvalidParameterValue"),
        ({"Priority": 6}, "InvalidParameterValue"),
        ({"ExpectedAbandonRate": -1}, "InvalidParameterValue"),
        ({"ExpectedAbandonRate": 51}, "InvalidParameterValue"),
        ({"RetryInterval": 59}, "InvalidParameterValue"),
        ({"RetryInterval": 86_401}, "InvalidParameterValue"),
        ({"RetryTimes": 3}, "InvalidParameterValue"),
        ({"EndTime": NOW + 60}, "InvalidParameterValue"),
        ({"StartTime": "2026-11-23"}, "InvalidParameter"),
        ({"SkillGroupId": "255"}, "InvalidParameter"),
        ({"Variables": [{"Key": "a"}]}, "MissingParameter"),
        ({"Variables": [{"Key": "a", "Value": 1}]}, "InvalidParameter"),
    ],
    ids=str,
)
@pytest.mark.parametrize("verb", ["Create", "Update"])
def test_a_campaign_that_cannot_be_is_not_made(
    ask: Any, refusal: Any, created: int, verb: str, case: tuple[dict[str, Any], str]
) -> None:
    params, code = case
    one = {"CampaignId": created} if verb == "Update" else {}
    assert refusal(verb, **(DOCUMENTED | one | params)) == code
    assert ask("Describe", "Campaigns", PageSize=1, PageNumber=0)["TotalCount"] == 1
    assert ask("Describe", CampaignId=created).items() >= READABLE.items(), "it is as it was"


def test_an_abandon_rate_below_five_can_be_created_only(ask: Any, refusal: Any, created: int) -> None:
    assert ask("Create", **DOCUMENTED | {"ExpectedAbandonRate": 0})
    update = DOCUMENTED | {"CampaignId": created}
    assert refusal("Update", **update | {"ExpectedAbandonRate": 4}) == "InvalidParameterValue"
    assert ask("Update", **update | {"ExpectedAbandonRate": 5}) == {}


def test_a_campaign_is_updated_before_it_starts_and_not_after(
    ask: Any, refusal: Any, created: int, clock: Any
) -> None:
    changed = DOCUMENTED | {
        "CampaignId": created,
        "Name": "n",
        "StartTime": NOW + 90,
        "UUI": None,
        "Callees": ["a"],
    }
    assert ask("Update", **changed) == {}
    described = ask("Describe", CampaignId=created)
    assert (described["Name"], described["StartTime"], described["UUI"]) == ("n", NOW + 90, "u")
    clock.at += 89
    assert ask("Update", **changed) == {}
    clock.at += 1
    assert refusal("Update", **changed | {"Name": "too late"}) == "UnsupportedOperation"
    (listed,) = ask("Describe", "Campaigns", PageSize=1, PageNumber=0)["CampaignList"]
    assert (listed["Name"], listed["CalleeCount"], listed["Status"]) == ("n", 1, RUNNING)


@pytest.mark.parametrize("name", ["TimeZone", "AvailableTime"])
def test_the_window_of_a_campaign_cannot_be_updated(official: Any, created: int, name: str) -> None:
    params = {"SdkAppId": APP, **DOCUMENTED, "CampaignId": created, name: DAY}
    with pytest.raises(TencentCloudSDKException, match="UnknownParameter"):
        official.generic().call_json("UpdatePredictiveDialingCampaign", params)
