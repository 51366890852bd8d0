"""Tasks as CCC documents them: six states, six actions, and time that moves them along."""

from __future__ import annotations

from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.emulator import Answer, Emulator
from tests.support import APP

NOT_STARTED, RUNNING, COMPLETED, ENDING, ENDED, PAUSED = range(6)
NOW = 1_700_000_000


def refusal(official: Any, action: str, **params: Any) -> str:
    with pytest.raises(TencentCloudSDKException) as refused:
        official(action, **params)
    return str(refused.value.code)


@pytest.fixture
def created(official: Any, clock: Any) -> Any:
    """Create a task of two callees that starts in a minute, and give its id."""

    def create(**params: Any) -> int:
        task = {
            "NotBefore": NOW + 60,
            "Callees": ["008613800000001", "008613800000002"],
            "Callers": ["008675500000000"],
        }
        wanted = {"SdkAppId": APP, "IvrId": 5, **task, **params}
        return int(official("CreateAutoCalloutTask", **wanted)["TaskId"])

    return create


def test_pausing_a_running_task_pauses_it_and_answers_with_a_request_id_only(
    pause: Any, emulator: Emulator
) -> None:
    assert list(pause()) == ["RequestId"]
    assert emulator.tasks.state(16498) == PAUSED
    assert emulator.tasks.state(16499) == RUNNING, "others go on"


def test_a_paused_task_is_resumed(official: Any, pause: Any, emulator: Emulator) -> None:
    pause()
    assert list(official("ResumeAutoCalloutTask", TaskId=16498, SdkAppId=APP)) == ["RequestId"]
    assert emulator.tasks.state(16498) == RUNNING


@pytest.mark.parametrize("state", [NOT_STARTED, RUNNING, PAUSED])
def test_a_task_that_is_not_over_can_be_stopped_for_ever(
    official: Any, emulator: Emulator, state: int
) -> None:
    emulator.tasks.add(task_id=16498, sdk_app_id=APP, state=state, not_before=2**40)
    official("StopAutoCalloutTask", TaskId=16498, SdkAppId=APP)
    assert emulator.tasks.state(16498) == ENDED
    assert refusal(official, "ResumeAutoCalloutTask", TaskId=16498, SdkAppId=APP) == "UnsupportedOperation"


@pytest.mark.parametrize("state", [COMPLETED, ENDING, ENDED])
def test_the_state_after_a_stop_is_an_option(official: Any, emulator: Emulator, state: int) -> None:
    emulator.options.state_after_stop = state
    official("StopAutoCalloutTask", TaskId=16498, SdkAppId=APP)
    assert emulator.tasks.state(16498) == state


@pytest.mark.parametrize(
    "action",
    ["PauseAutoCalloutTask", "ResumeAutoCalloutTask", "StopAutoCalloutTask", "DescribeAutoCalloutTask"],
)
def test_a_task_of_another_application_is_unknown(official: Any, emulator: Emulator, action: str) -> None:
    assert refusal(official, action, TaskId=16498, SdkAppId=APP + 1) == "InvalidParameterValue"
    assert emulator.tasks.state(16498) == RUNNING


def test_two_applications_may_have_a_task_of_the_same_number(official: Any, emulator: Emulator) -> None:
    emulator.tasks.add(task_id=16498, sdk_app_id=7, state=PAUSED)
    assert official("DescribeAutoCalloutTask", TaskId=16498, SdkAppId=7)["State"] == PAUSED
    assert official("DescribeAutoCalloutTask", TaskId=16498, SdkAppId=APP)["State"] == RUNNING
    assert (emulator.tasks.state(16498, 7), emulator.tasks.state(16498, APP)) == (PAUSED, RUNNING)


def test_describing_a_task_answers_every_field_of_the_official_model(
    official: Any, emulator: Emulator
) -> None:
    emulator.tasks.add(
        task_id=1, sdk_app_id=APP, name="续约", description="d", state=RUNNING, not_before=5, not_after=2**40,
        callees=["0086138"], callers=["0086755"], ivr_id=9, max_ring_timeout_second=30,
    )  # fmt: skip
    described = official("DescribeAutoCalloutTask", TaskId=1, SdkAppId=APP)
    assert described.pop("RequestId")
    assert described == {
        "Name": "续约", "Description": "d", "NotBefore": 5, "NotAfter": 2**40, "Callers": ["0086755"],
        "Callees": [{"Callee": "0086138", "State": 0, "Sessions": []}],
        "IvrId": 9, "State": RUNNING, "MaxRingTimeoutSecond": 30,
    }  # fmt: skip


def test_listing_answers_every_field_of_the_official_model(official: Any, emulator: Emulator) -> None:
    emulator.tasks.clear()
    emulator.tasks.add(task_id=1, sdk_app_id=APP, name="n", callees=["a", "b"], callers=["c"], ivr_id=9)
    listed = official("DescribeAutoCalloutTasks", SdkAppId=APP, PageSize=10, PageNumber=0)
    assert listed["TotalCount"] == 1
    assert listed["Tasks"] == [{
        "Name": "n", "CalleeCount": 2, "Callers": ["c"], "NotBefore": 0, "NotAfter": None,
        "IvrId": 9, "State": RUNNING, "TaskId": 1, "MaxRingTimeoutSecond": 0,
    }]  # fmt: skip


def test_pages_start_at_zero_and_together_hold_each_task_once(official: Any, emulator: Emulator) -> None:
    emulator.tasks.clear()
    for task_id in range(1, 8):
        emulator.tasks.add(task_id=task_id, sdk_app_id=APP)
    emulator.tasks.add(task_id=99, sdk_app_id=7)
    pages = [
        official("DescribeAutoCalloutTasks", SdkAppId=APP, PageSize=3, PageNumber=number)
        for number in range(4)
    ]
    assert [[task["TaskId"] for task in page["Tasks"]] for page in pages] == [[1, 2, 3], [4, 5, 6], [7], []]
    assert {page["TotalCount"] for page in pages} == {7}


@pytest.mark.parametrize(
    ("largest", "size", "fits"),
    [(100, 100, True), (100, 101, False), (5, 6, False), (None, 9_999, True), (100, 0, False)],
)
def test_the_largest_page_is_an_option(
    official: Any, emulator: Emulator, largest: int | None, size: int, fits: bool
) -> None:
    emulator.options.max_page_size = largest
    page = {"SdkAppId": APP, "PageSize": size, "PageNumber": 0}
    if fits:
        assert official("DescribeAutoCalloutTasks", **page)["TotalCount"] == 3
    else:
        assert refusal(official, "DescribeAutoCalloutTasks", **page) == "InvalidParameterValue"


def test_a_created_task_starts_at_not_before(created: Any, official: Any, clock: Any) -> None:
    task_id = created(Name="autumn-offers")
    described = official("DescribeAutoCalloutTask", TaskId=task_id, SdkAppId=APP)
    assert (described["Name"], described["State"]) == ("autumn-offers", NOT_STARTED)
    clock.at += 60
    assert official("DescribeAutoCalloutTask", TaskId=task_id, SdkAppId=APP)["State"] == RUNNING


def test_every_created_task_has_an_id_of_its_own(created: Any, emulator: Emulator) -> None:
    assert (created(), created(SdkAppId=7)) == (16501, 16502)
    emulator.tasks.clear()
    assert created() == 16498


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"Callees": None}, "MissingParameter"),
        ({"Callers": None}, "MissingParameter"),
        ({"NotBefore": None}, "MissingParameter"),
        ({"SdkAppId": None}, "MissingParameter"),
        ({"IvrId": None}, "MissingParameter"),
        ({"Callees": []}, "InvalidParameterValue"),
        ({"Callers": []}, "InvalidParameterValue"),
        ({"Callees": [8613800000001]}, "InvalidParameter"),
        ({"NotBefore": "2026-11-23"}, "InvalidParameter"),
        ({"NotAfter": NOW + 60}, "InvalidParameterValue"),
        ({"Tries": 0}, "InvalidParameterValue"),
        ({"Tries": 4}, "InvalidParameterValue"),
        ({"RetryInterval": 599}, "InvalidParameterValue"),
        ({"RetryInterval": 86_401}, "InvalidParameterValue"),
        ({"TimeZone": 8}, "InvalidParameter"),
        ({"AvailableTime": "21:00"}, "InvalidParameter"),
        ({"TriggerStrategy": {}}, "InvalidParameter"),
    ],
    ids=str,
)
def test_a_task_that_cannot_be_is_not_created(
    created: Any, emulator: Emulator, params: dict[str, Any], code: str
) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        created(**params)
    assert refused.value.code == code
    assert len(list(emulator.tasks)) == 3


def test_a_task_may_have_an_agent_in_place_of_an_ivr_and_every_optional_parameter(created: Any) -> None:
    day = [{"StartTime": "09:00:00", "EndTime": "18:00:00"}]
    assert created(
        IvrId=None, AIAgentId=3, Name="n", Description="d", NotAfter=NOW + 3_600, Tries=3, UUI="u",
        TimeZone="Asia/Shanghai", AvailableTime=day, AvailableWorkTimeConfig=[{"DayType": "EveryDay", "TimeRanges": day}],
        RetryInterval=600, RetryHangupTypes=["202"], RetryTags=[], MaxRingTimeoutSecond=20, ConcurrencyLimit=2,
        Variables=[{"Key": "a", "Value": "b"}], CalleeAttributes=[], TriggerStrategy=[],
    )  # fmt: skip


def test_a_running_task_calls_until_all_are_called_and_is_completed(
    official: Any, emulator: Emulator, clock: Any
) -> None:
    emulator.tasks.add(task_id=1, sdk_app_id=APP, callees=["a", "b", "c"], calls_per_minute=1)
    answered = []
    for _ in range(4):
        described = official("DescribeAutoCalloutTask", TaskId=1, SdkAppId=APP)
        answered.append((described["State"], [callee["State"] for callee in described["Callees"]]))
        clock.at += 60
    assert answered == [
        (RUNNING, [0, 0, 0]),
        (RUNNING, [1, 0, 0]),
        (RUNNING, [1, 1, 0]),
        (COMPLETED, [1, 1, 1]),
    ]


def test_a_paused_task_calls_nobody(official: Any, emulator: Emulator, clock: Any, pause: Any) -> None:
    emulator.tasks.add(task_id=1, sdk_app_id=APP, callees=["a", "b"], calls_per_minute=1)
    clock.at += 60
    pause(1)
    clock.at += 3_600
    assert emulator.tasks.state(1) == PAUSED
    official("ResumeAutoCalloutTask", TaskId=1, SdkAppId=APP)
    clock.at += 59
    assert emulator.tasks.state(1) == RUNNING
    clock.at += 1
    assert emulator.tasks.state(1) == COMPLETED


@pytest.mark.parametrize("state", [NOT_STARTED, RUNNING, PAUSED])
def test_not_after_ends_a_task_paused_or_not(emulator: Emulator, clock: Any, state: int) -> None:
    emulator.tasks.add(task_id=1, sdk_app_id=APP, state=state, not_before=NOW + 500, not_after=NOW + 100)
    clock.at = NOW + 99
    assert emulator.tasks.state(1) == state
    clock.at = NOW + 100
    assert emulator.tasks.state(1) == ENDED


def test_a_task_whose_calls_are_under_way_is_ending_first(emulator: Emulator, clock: Any) -> None:
    emulator.tasks.add(task_id=1, sdk_app_id=APP, not_after=NOW + 100, ending_seconds=30)
    states = []
    for seconds in (99, 100, 129, 130):
        clock.at = NOW + seconds
        states.append(emulator.tasks.state(1))
    assert states == [RUNNING, ENDING, ENDING, ENDED]


def test_a_task_that_nobody_looked_at_has_lived_all_the_same(emulator: Emulator, clock: Any) -> None:
    work = {"callees": ["a", "b"], "calls_per_minute": 1, "not_before": NOW + 100}
    emulator.tasks.add(task_id=1, sdk_app_id=APP, state=NOT_STARTED, not_after=NOW + 1_000, **work)
    emulator.tasks.add(task_id=2, sdk_app_id=APP, state=NOT_STARTED, not_after=NOW + 160, **work)
    clock.at = NOW + 9_999
    assert emulator.tasks.state(1) == COMPLETED
    assert emulator.tasks.state(2) == ENDED, "it had time for one call"
    assert emulator.tasks.get(APP, 2).calls == 1  # type: ignore[union-attr]


def test_a_pause_may_be_accepted_and_have_no_effect(emulator: Emulator, pause: Any) -> None:
    emulator.options.pauses_without_effect = 1
    pause()
    assert emulator.tasks.state(16498) == RUNNING
    pause()
    assert emulator.tasks.state(16498) == PAUSED


def test_an_option_that_does_not_exist_cannot_be_set(emulator: Emulator) -> None:
    with pytest.raises(AttributeError):
        emulator.options.pause_puased = Answer.SUCCESS  # type: ignore[attr-defined]
