"""Every call of a task or campaign has a record, and tests add those of others."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tencentcloud.ccc.v20200210 import models
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.emulator import Emulator, faults
from local.emulator.ccc import call_actions, tel_cdr
from local.emulator.ccc.dialling import Dialling
from tests.support import APP

NOW = 1_700_000_000
DAY = 86_400
RUNNING, PAUSED = 1, 5
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(params=["typed", "generic"])
def ask(request: pytest.FixtureRequest, official: Any, clock: Any) -> Ask:
    """Ask for the records from an hour before `NOW` to a day after, unless told otherwise."""

    def call(**changes: Any) -> dict[str, Any]:
        span = {"StartTimeStamp": NOW - 3_600, "EndTimeStamp": NOW + DAY}
        params = {"SdkAppId": APP, "PageSize": 100, "PageNumber": 0, **span, **changes}
        params = {name: value for name, value in params.items() if value is not None}
        if request.param == "typed":
            answer = official("DescribeTelCdr", **params)
        else:
            answer = official.generic().call_json("DescribeTelCdr", params)["Response"]
        assert answer.pop("RequestId")
        assert answer.get("TelCdrs") == answer.get("TelCdrList")
        return dict(answer)

    return call


@pytest.fixture
def times(ask: Ask) -> Callable[..., list[int]]:
    """Ask for the times of the records, in seconds after `NOW`."""
    return lambda **changes: [each["Time"] - NOW for each in ask(**changes)["TelCdrList"]]


@pytest.fixture
def task(emulator: Emulator, clock: Any) -> Callable[..., Any]:
    """Replace all tasks by one, 1, that calls once a minute unless told otherwise."""
    emulator.tasks.clear()
    return lambda **fields: emulator.tasks.add(
        **{"task_id": 1, "sdk_app_id": APP, "calls_per_minute": 1, **fields}
    )


@pytest.fixture
def campaign(emulator: Emulator, clock: Any) -> Callable[..., Any]:
    """Add campaign 1, which calls once a minute unless told otherwise."""
    emulator.tasks.clear()
    return lambda **fields: emulator.campaigns.add(
        **{
            "campaign_id": 1, "sdk_app_id": APP, "calls_per_minute": 1, "callees": ["a", "b", "c"],
            "call_seconds": 20, **fields,
        }
    )  # fmt: skip


@pytest.fixture
def several(task: Any, campaign: Any, clock: Any) -> None:
    """Let two tasks and a campaign call for 200 seconds, 35 times in all."""
    task()
    task(task_id=2, calls_per_minute=7)
    campaign(callees=["a"] * 9, calls_per_minute=3)
    clock.at = NOW + 200


def starts(emulator: Emulator) -> list[float]:
    return [each.start - NOW for each in emulator.calls]


# When a call starts


def test_a_call_starts_at_each_interval_however_late_somebody_looks(
    emulator: Emulator, task: Any, clock: Any
) -> None:
    task()
    clock.at = NOW + 200.5
    assert starts(emulator) == [60, 120, 180]


def test_a_call_is_there_at_the_very_second(emulator: Emulator, task: Any, clock: Any) -> None:
    task()
    for clock.at, made in ((NOW + 59.9, 0), (NOW + 60, 1), (NOW + 119.9, 1), (NOW + 120, 2)):
        assert len(starts(emulator)) == made


def test_the_wait_for_a_call_stands_still_while_paused(
    emulator: Emulator, task: Any, clock: Any, official: Any
) -> None:
    task()
    clock.at = NOW + 90
    official("PauseAutoCalloutTask", TaskId=1, SdkAppId=APP)
    clock.at = NOW + 1_000
    official("ResumeAutoCalloutTask", TaskId=1, SdkAppId=APP)
    clock.at = NOW + 1_100
    assert starts(emulator) == [60, 1_030, 1_090]


def test_a_task_by_the_clock_calls_at_whole_intervals_whenever_it_was_started_or_resumed(
    emulator: Emulator, task: Any, clock: Any, official: Any
) -> None:
    minute = NOW - NOW % 60
    clock.at = minute + 7
    task(calls_per_minute=2, by_the_clock=True)
    clock.at = minute + 60  # the call of this very second comes before the pause
    official("PauseAutoCalloutTask", TaskId=1, SdkAppId=APP)
    clock.at = minute + 1_001
    official("ResumeAutoCalloutTask", TaskId=1, SdkAppId=APP)
    clock.at = minute + 1_080
    official("PauseAutoCalloutTask", TaskId=1, SdkAppId=APP)
    official("ResumeAutoCalloutTask", TaskId=1, SdkAppId=APP)
    clock.at = minute + 1_100
    assert [each.start - minute for each in emulator.calls] == [30, 60, 1_020, 1_050, 1_080]


def test_a_change_of_speed_keeps_the_part_of_the_wait_that_is_over(
    emulator: Emulator, task: Any, clock: Any
) -> None:
    task()
    clock.at = NOW + 90
    emulator.tasks.get(APP, 1).calls_per_minute = 2  # type: ignore[union-attr]
    clock.at = NOW + 140
    assert starts(emulator) == [60, 105, 135]


def test_calls_end_with_the_callees_and_at_not_after(emulator: Emulator, task: Any, clock: Any) -> None:
    task(callees=["a", "b"])
    task(task_id=2, not_after=NOW + 130, calls_per_minute=3)
    clock.at = NOW + 9_999
    assert [each.start - NOW for each in emulator.calls if each.target_id == 1] == [60, 120]
    assert [each.start - NOW for each in emulator.calls if each.target_id == 2] == [20, 40, 60, 80, 100, 120]


def test_a_task_that_waits_for_its_time_calls_from_then_on(emulator: Emulator, task: Any, clock: Any) -> None:
    task(state=0, not_before=NOW + 100)
    clock.at = NOW + 230
    assert starts(emulator) == [160, 220]


stretches = st.lists(
    st.tuples(st.integers(0, 300), st.lists(st.integers(1, 200), min_size=1, max_size=5)), max_size=6
)


@given(rate=st.sampled_from([0.25, 1, 2, 7, 20, 240]), stretches=stretches)
def test_looking_often_changes_no_call(rate: float, stretches: list[tuple[int, list[int]]]) -> None:
    once, often, at = Dialling("p"), Dialling("p"), float(NOW)
    for pause, looks in stretches:
        at += pause
        once.dial(at, at + sum(looks), rate)
        for look in looks:
            often.dial(at, at + look, rate)
            at += look
    assert [start for _, start in often.starts()] == pytest.approx(
        [start for _, start in once.starts()], abs=1e-5
    )
    assert [number for number, _ in often.starts()] == list(range(once.made))
    assert often.calls == pytest.approx(once.calls, abs=1e-5)
    assert [often.number(often.session(number)) for number in range(often.made)] == list(range(often.made))


def test_a_year_of_calls_needs_no_memory(emulator: Emulator, task: Any, clock: Any, times: Any) -> None:
    task(calls_per_minute=60)
    for hour in range(365 * 24):
        clock.at = NOW + hour * 3_600
        emulator.tasks.state(1)
    dialling = emulator.tasks.get(APP, 1).dialling  # type: ignore[union-attr]
    assert dialling.made == int(clock.at) - NOW > 31_000_000
    assert len(dialling.runs) == 1
    end = int(clock.at) - 3_600
    page = {"PageSize": 3, "PageNumber": 1_000_000, "EndTimeStamp": end, "StartTimeStamp": end - 80 * DAY}
    assert times(**page) == [end - NOW - 3_000_000 - each for each in range(3)]


# What a record has


def test_a_record_of_a_task_has_every_field_of_the_official_model(ask: Ask, task: Any, clock: Any) -> None:
    task(callees=["0086138", "0086139"], callers=["0086755"], call_seconds=45)
    clock.at = NOW + 61
    answer = ask()
    assert answer["TotalCount"] == 1
    (record,) = answer["TelCdrList"]
    session = record.pop("SessionId")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", session)
    assert record == {
        **{name: value for name, value in tel_cdr.FIELDS.items() if name != "SessionId"},
        "Caller": "0086755", "Callee": "0086138", "Time": NOW + 60, "StartTimestamp": NOW + 60,
        "RingTimestamp": NOW + 62, "AcceptTimestamp": NOW + 65, "EndedTimestamp": NOW + 105, "Duration": 40,
        "Direction": 1, "CallType": 1, "EndStatus": 1, "EndStatusString": "ok",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "known"),
    [
        ("TelCdrInfo", tel_cdr.FIELDS),
        ("SeatUserInfo", tel_cdr.SEAT),
        ("ServeParticipant", tel_cdr.PARTICIPANT),
    ],
    ids=["record", "seat", "participant"],
)
def test_the_fields_are_those_of_the_official_models(model: str, known: dict[str, Any]) -> None:
    types = re.findall(r":type (\w+): (.+)", str(inspect.getdoc(getattr(models, model).__init__)))
    assert [name for name, _ in types] == list(known)
    wanted = {"int": int, "str": str}
    for name, kind in types:
        assert known[name] is None or type(known[name]) is wanted.get(kind, list)


def test_the_parameters_are_those_of_the_official_model() -> None:
    types = re.findall(r":type (\w+): (.+)", str(inspect.getdoc(models.DescribeTelCdrRequest.__init__)))
    kinds = {"int": "int", "list of str": "list"}
    wanted = call_actions._TEL_CDR
    assert {name: param.kind for name, param in wanted.items()} == {name: kinds[kind] for name, kind in types}


def test_a_record_of_a_campaign_is_that_of_a_predictive_call(ask: Ask, campaign: Any, clock: Any) -> None:
    campaign(skill_group_id=255, uui="order 7", callers=["x", "y"])
    clock.at = NOW + 130
    second, first = ask()["TelCdrList"]
    assert (first["CallType"], first["SkillGroupId"], first["UUI"]) == (5, 255, "order 7")
    assert (first["Caller"], first["Callee"], second["Caller"], second["Callee"]) == ("x", "a", "y", "b")
    assert (first["EndedTimestamp"], first["Duration"]) == (NOW + 80, 15)


def test_a_call_that_was_cut_ended_then(
    ask: Ask, campaign: Any, clock: Any, emulator: Emulator, official: Any
) -> None:
    emulator.options.campaign_cuts_calls = True
    campaign(call_seconds=300)
    clock.at = NOW + 130
    official("PausePredictiveDialingCampaign", CampaignId=1, SdkAppId=APP)
    assert [each["EndedTimestamp"] - NOW for each in ask()["TelCdrList"]] == [130, 130]


def test_numbers_that_nobody_gave_are_plausible_and_stay_the_same(ask: Ask, task: Any, clock: Any) -> None:
    task()
    clock.at = NOW + 180
    records = ask()["TelCdrList"]
    assert ask()["TelCdrList"] == records
    assert len({each["Callee"] for each in records}) == 3
    assert all(re.fullmatch(r"0086138\d{8}", each["Callee"]) for each in records)
    assert {re.sub(r"\d{8}$", "", each["Caller"]) for each in records} == {"0086755"}


def test_number_protection_hides_the_customer(ask: Ask, task: Any, clock: Any, emulator: Emulator) -> None:
    task(callees=["0086138"], callers=["0086755"])
    emulator.calls.add(sdk_app_id=APP, Direction=0, caller="0086139", callee="0086755", start=NOW + 61)
    clock.at = NOW + 61
    emulator.options.call_numbers_protected = True
    inbound, outbound = ask()["TelCdrList"]
    assert (outbound["Caller"], outbound["Callee"], outbound["ProtectedCaller"]) == ("0086755", "", "")
    assert (inbound["Caller"], inbound["Callee"], inbound["ProtectedCallee"]) == ("", "0086755", "")
    assert outbound["ProtectedCallee"] != inbound["ProtectedCaller"]
    assert min(len(outbound["ProtectedCallee"]), len(inbound["ProtectedCaller"])) > 0


# What is asked for


def test_both_ends_of_the_span_count(times: Any, task: Any, clock: Any) -> None:
    task()
    clock.at = NOW + 300
    assert times(StartTimeStamp=NOW + 60, EndTimeStamp=NOW + 180) == [180, 120, 60]
    assert times(StartTimeStamp=NOW + 61, EndTimeStamp=NOW + 179) == [120]
    assert times(StartTimeStamp=NOW + 120, EndTimeStamp=NOW + 120) == [120]
    assert times(StartTimeStamp=NOW + 121, EndTimeStamp=NOW + 121) == []


def test_a_call_within_the_last_second_of_the_span_counts(times: Any, task: Any, clock: Any) -> None:
    task(calls_per_minute=8)
    clock.at = NOW + 16
    assert times(EndTimeStamp=NOW + 7) == [7], "it started at 7.5"


@pytest.mark.parametrize("newest_first", [True, False])
def test_pages_together_hold_each_record_once_in_order(
    ask: Ask, several: Any, emulator: Emulator, newest_first: bool
) -> None:
    emulator.options.call_records_newest_first = newest_first
    for second in (0, 0, 55, 60, 61):
        emulator.calls.add(sdk_app_id=APP, start=NOW + second)
    pages = [ask(PageSize=4, PageNumber=number) for number in range(13)]
    found = [each["SessionId"] for page in pages for each in page["TelCdrList"]]
    assert {page["TotalCount"] for page in pages} == {len(found)} == {5 + 3 + 23 + 9}
    expected = [each.session_id for each in emulator.calls]
    assert found == (expected[::-1] if newest_first else expected)


def test_a_new_call_shifts_the_pages_unless_the_oldest_is_first(
    times: Any, task: Any, clock: Any, emulator: Emulator
) -> None:
    task()
    seen = {}
    for emulator.options.call_records_newest_first in (True, False):
        clock.at = NOW + 240
        first = times(PageSize=2, PageNumber=0)
        clock.at = NOW + 300
        seen[emulator.options.call_records_newest_first] = first + times(PageSize=2, PageNumber=1)
        emulator.tasks.clear()
        clock.at = NOW
        task()
    assert seen == {True: [240, 180, 180, 120], False: [60, 120, 180, 240]}


def test_a_record_may_come_late(times: Any, task: Any, clock: Any, emulator: Emulator) -> None:
    emulator.options.call_record_delay = 90
    task()
    seen = {}
    for after in (60, 149, 150, 209, 210):
        clock.at = NOW + after
        seen[after] = times()
    assert seen == {60: [], 149: [], 150: [60], 209: [60], 210: [120, 60]}
    assert len(starts(emulator)) == 3, "the calls themselves are known at once"


def test_records_can_be_chosen_by_number_and_session(
    ask: Ask, times: Any, task: Any, clock: Any, emulator: Emulator
) -> None:
    task(callees=["a", "b", "c"], callers=["x"])
    emulator.calls.add(sdk_app_id=APP, caller="b", callee="y", start=NOW + 200)
    clock.at = NOW + 1_000
    assert times(Phones=["b"]) == [200, 120]
    assert times(Phones=["b"], PageSize=1, PageNumber=1) == [120]
    assert times(Phones=["x", "y"]) == [200, 180, 120, 60]
    added, third, second, first = (each["SessionId"] for each in ask()["TelCdrList"])
    assert times(SessionIds=[first, added, first, "no such", str(Dialling("else").session(0))]) == [200, 60]
    assert times(SessionIds=[third, second], Phones=["c"]) == [180]
    assert times(SessionIds=[third], EndTimeStamp=NOW + 179) == []
    assert times(Phones=[], SessionIds=[]) == [200, 180, 120, 60], "as if they were left out"


def test_an_application_sees_its_own_calls_only(ask: Ask, task: Any, clock: Any, emulator: Emulator) -> None:
    task(sdk_app_id=APP + 1)
    emulator.calls.add(sdk_app_id=APP + 1)
    clock.at = NOW + 60
    assert ask()["TotalCount"] == 0
    assert ask(SdkAppId=APP + 1)["TotalCount"] == len(emulator.calls.of(APP + 1)) == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"StartTimeStamp": NOW - 180 * DAY - 1, "EndTimeStamp": NOW - 100 * DAY}, "InvalidParameterValue"),
        ({"StartTimeStamp": NOW - 90 * DAY, "EndTimeStamp": NOW}, "InvalidParameterValue"),
        ({"StartTimeStamp": NOW, "EndTimeStamp": NOW - 1}, "InvalidParameterValue"),
        ({"PageSize": 0}, "InvalidParameterValue"),
        ({"PageSize": 101}, "InvalidParameterValue"),
        ({"PageNumber": -1}, "InvalidParameterValue"),
        ({"StartTimeStamp": None}, "MissingParameter"),
        ({"EndTimeStamp": None}, "MissingParameter"),
        ({"SdkAppId": None}, "MissingParameter"),
        ({"PageSize": None}, "MissingParameter"),
        ({"PageNumber": None}, "MissingParameter"),
        ({"StartTimeStamp": str(NOW)}, "InvalidParameter"),
        ({"Phones": "0086138"}, "InvalidParameter"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(ask: Ask, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        ask(**changes)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "changes",
    [
        {"StartTimeStamp": NOW - 180 * DAY, "EndTimeStamp": NOW - 100 * DAY},
        {"StartTimeStamp": NOW - 90 * DAY + 1, "EndTimeStamp": NOW},
        {"StartTimeStamp": NOW + DAY, "EndTimeStamp": NOW + 2 * DAY},
        {"PageNumber": 2**62},
    ],
    ids=str,
)
def test_what_can_be_is_answered_though_there_is_nothing(
    ask: Ask, emulator: Emulator, changes: dict[str, Any]
) -> None:
    emulator.tasks.clear()
    assert ask(**changes) == {"TotalCount": 0, "TelCdrs": [], "TelCdrList": []}


def test_deprecated_parameters_have_no_effect(wire: Any, emulator: Emulator, clock: Any) -> None:
    emulator.calls.add(sdk_app_id=APP)
    params = {"SdkAppId": APP, "StartTimeStamp": NOW, "EndTimeStamp": NOW, "PageSize": 1, "PageNumber": 0}
    deprecated = {"InstanceId": 1, "Limit": 0, "Offset": 5}
    assert wire.call("DescribeTelCdr", params | deprecated).response["TotalCount"] == 1


def test_the_twenty_first_request_in_a_second_is_refused(wire: Any, emulator: Emulator, clock: Any) -> None:
    emulator.limits.clock = clock
    params = {"SdkAppId": APP, "StartTimeStamp": NOW, "EndTimeStamp": NOW, "PageSize": 1, "PageNumber": 0}
    codes = [wire.call("DescribeTelCdr", params).code for _ in range(21)]
    assert codes == [None] * 20 + ["RequestLimitExceeded"]


def test_faults_apply(ask: Ask, emulator: Emulator) -> None:
    emulator.faults.add(faults.INTERNAL_ERROR, action="DescribeTelCdr", times=1)
    emulator.faults.add(
        faults.mangled(lambda answer: answer | {"TotalCount": None}), action="DescribeTelCdr", times=1
    )
    with pytest.raises(TencentCloudSDKException, match="InternalError"):
        ask()
    assert ask()["TotalCount"] is None
    assert ask()["TotalCount"] == 0


# Which task or campaign a call belongs to


def test_the_detail_of_a_task_has_the_sessions_of_each_callee(
    ask: Ask, task: Any, clock: Any, official: Any
) -> None:
    task(callees=["a", "b", "b"])
    clock.at = NOW + 130
    second, first = (each["SessionId"] for each in ask()["TelCdrList"])
    assert official("DescribeAutoCalloutTask", TaskId=1, SdkAppId=APP)["Callees"] == [
        {"Callee": "a", "State": 1, "Sessions": [first]},
        {"Callee": "b", "State": 1, "Sessions": [second]},
        {"Callee": "b", "State": 0, "Sessions": []},
    ]


def test_a_task_without_callees_shows_whom_it_called(
    ask: Ask, task: Any, clock: Any, official: Any, emulator: Emulator
) -> None:
    task()

    def shown() -> list[dict[str, Any]]:
        (listed,) = official("DescribeAutoCalloutTasks", SdkAppId=APP, PageSize=9, PageNumber=0)["Tasks"]
        callees: list[Any] = official("DescribeAutoCalloutTask", TaskId=1, SdkAppId=APP)["Callees"]
        assert listed["CalleeCount"] == len(callees)
        return callees

    assert shown() == []
    clock.at = NOW + 240
    called = [
        {"Callee": each["Callee"], "State": 1, "Sessions": [each["SessionId"]]}
        for each in reversed(ask()["TelCdrList"])
    ]
    assert shown() == called
    emulator.options.made_up_callees = 3
    assert shown() == called[1:], "the last ones"


def test_the_sessions_of_a_campaign_are_those_of_its_records(
    ask: Ask, campaign: Any, clock: Any, official: Any
) -> None:
    campaign()
    clock.at = NOW + 9_999
    page = {"SdkAppId": APP, "CampaignId": 1, "PageSize": 2}
    pages = [official("DescribePredictiveDialingSessions", PageNumber=number, **page) for number in range(3)]
    assert {each["TotalCount"] for each in pages} == {3}
    assert [len(each["SessionList"]) for each in pages] == [2, 1, 0]
    sessions = [session for each in pages for session in each["SessionList"]]
    assert sessions == [each["SessionId"] for each in reversed(ask()["TelCdrList"])]


def test_a_task_and_a_campaign_with_one_id_have_sessions_of_their_own(
    emulator: Emulator, task: Any, campaign: Any, clock: Any
) -> None:
    campaign()
    task()
    clock.at = NOW + 60
    one, other = emulator.calls
    assert one.session_id != other.session_id
    assert {(each.kind, each.target_id) for each in (one, other)} == {("task", 1), ("campaign", 1)}


def test_calls_outlive_what_made_them(
    emulator: Emulator, task: Any, campaign: Any, clock: Any, official: Any
) -> None:
    campaign(callees=["a"])
    task()
    clock.at = NOW + 70
    before = list(emulator.calls)
    official("StopAutoCalloutTask", TaskId=1, SdkAppId=APP)
    official("AbortPredictiveDialingCampaign", CampaignId=1, SdkAppId=APP)
    official("DeletePredictiveDialingCampaign", CampaignId=1, SdkAppId=APP)
    emulator.tasks.remove(1)
    clock.at = NOW + 600
    assert list(emulator.calls) == before
    assert [emulator.calls.get(APP, each.session_id) for each in before] == before
    assert len(before) == 2


def test_a_task_that_takes_the_place_of_another_has_sessions_of_its_own(
    emulator: Emulator, task: Any, clock: Any
) -> None:
    task()
    clock.at = NOW + 60
    task()
    clock.at = NOW + 120
    assert starts(emulator) == [60, 120]
    assert len({each.session_id for each in emulator.calls}) == 2


def test_a_task_that_is_removed_and_put_back_has_its_calls_once(
    emulator: Emulator, task: Any, clock: Any
) -> None:
    added = task()
    clock.at = NOW + 60
    emulator.tasks.remove(1)
    emulator.tasks.put(added)
    clock.at = NOW + 120
    assert starts(emulator) == [60, 120]


def test_calls_up_to_the_moment_of_a_removal_are_known(emulator: Emulator, task: Any, clock: Any) -> None:
    task()
    clock.at = NOW + 125
    emulator.tasks.remove(1)
    clock.at = NOW + 999
    assert starts(emulator) == [60, 120]


# Calls that tests add


def test_calls_of_agents_customers_and_ai_agents_can_be_added(ask: Ask, emulator: Emulator) -> None:
    emulator.calls.add(
        sdk_app_id=APP, session_id="agent", start=NOW - 3, CallType=1, call_seconds=60,
        SeatUser={"Name": "Ann", "Mail": "ann@example.com"}, ServeParticipants=[{"Mail": "ann@example.com"}],
    )  # fmt: skip
    emulator.calls.add(sdk_app_id=APP, session_id="customer", start=NOW - 2, Direction=0)
    emulator.calls.add(sdk_app_id=APP, session_id="ai", start=NOW - 1, AIAgentId=7, AIAgentName="Bot")
    ai, customer, agent = ask()["TelCdrList"]
    assert (ai["SessionId"], ai["AIAgentId"], ai["AIAgentName"]) == ("ai", 7, "Bot")
    assert (customer["SessionId"], customer["Direction"], customer["CallType"]) == ("customer", 0, 2)
    assert (agent["SessionId"], agent["Direction"], agent["CallType"]) == ("agent", 1, 1)
    assert agent["SeatUser"] == {**tel_cdr.SEAT, "Name": "Ann", "Mail": "ann@example.com"}
    assert agent["ServeParticipants"] == [{**tel_cdr.PARTICIPANT, "Mail": "ann@example.com"}]
    assert (agent["Time"], agent["EndedTimestamp"], agent["Duration"]) == (NOW - 3, NOW + 57, 55)


@pytest.mark.parametrize("absurd", [0, None, -1, 10**15, "1700000000", 1.5, {}])
def test_a_record_may_have_any_time_and_is_found_by_its_start(
    wire: Any, emulator: Emulator, clock: Any, absurd: Any
) -> None:
    added = emulator.calls.add(sdk_app_id=APP, Time=absurd, StartTimestamp=absurd, Callee=None)
    params = {"SdkAppId": APP, "StartTimeStamp": NOW, "EndTimeStamp": NOW, "PageSize": 1, "PageNumber": 0}
    (record,) = wire.call("DescribeTelCdr", params).response["TelCdrList"]
    assert (record["Time"], record["StartTimestamp"], record["Callee"]) == (absurd, absurd, None)
    assert (added.start, record["RingTimestamp"]) == (NOW, NOW + 2)


def test_a_call_that_is_to_start_later_is_seen_later(times: Any, emulator: Emulator, clock: Any) -> None:
    emulator.calls.add(sdk_app_id=APP, start=NOW + 100)
    assert times() == []
    clock.at = NOW + 100
    assert times() == [100]


def test_calls_are_found_replaced_and_removed(emulator: Emulator, clock: Any) -> None:
    first = emulator.calls.add(sdk_app_id=APP, callee="a")
    second = emulator.calls.add(sdk_app_id=APP, callee="b", start=NOW - 5)
    assert (first.kind, first.target_id, first.callee, first.start, first.end) == (
        None,
        None,
        "a",
        NOW,
        NOW + 30,
    )
    assert list(emulator.calls) == emulator.calls.of(APP) == [second, first]
    assert list(emulator.calls.between(NOW - 5, NOW)) == [second]
    assert emulator.calls.get(APP, first.session_id) == first
    assert emulator.calls.get(APP + 1, first.session_id) is None
    replaced = emulator.calls.add(sdk_app_id=APP, session_id=first.session_id, callee="c")
    assert emulator.calls.of(APP) == [second, replaced]
    emulator.calls.remove(second.session_id)
    emulator.calls.remove(replaced.session_id, APP + 1)
    assert list(emulator.calls) == [replaced]
    emulator.calls.clear()
    assert list(emulator.calls) == []


def test_reset_forgets_what_was_made_and_restores_what_was_given(tmp_path: Path) -> None:
    at = float(NOW)
    given = [{"sdk_app_id": APP, "session_id": "s", "Time": 0}, {"sdk_app_id": APP, "start": NOW - 5}]
    file = tmp_path / "calls.json"
    file.write_text(json.dumps(given), "utf-8")
    task = {"task_id": 1, "sdk_app_id": APP, "calls_per_minute": 1}
    emulator = Emulator(tasks=[task], calls=file, now=lambda: at)
    before = list(emulator.calls)
    assert [each.start for each in before] == [NOW - 5, NOW]
    at += 120
    emulator.calls.add(sdk_app_id=APP)
    assert len(list(emulator.calls)) == 5
    at = float(NOW)
    emulator.reset()
    assert list(emulator.calls) == before
    emulator.calls.load([{"sdk_app_id": APP}])
    assert len(list(emulator.calls)) == 3


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ([{"sdk_app_id": APP, "Tme": 0}], "[0].Tme: is neither"),
        ([{"Time": 0}], "[0].sdk_app_id: is missing"),
        ([{"sdk_app_id": APP}, {"sdk_app_id": APP, "start": "now"}], "[1].start: int is wanted"),
        ([{"sdk_app_id": APP, "start": -1}], "[0].start: at least 0"),
        ([{"sdk_app_id": APP, "session_id": "s"}] * 2, "[1].session_id: s is there twice"),
        ([[]], "[0]: an object with sdk_app_id is wanted"),
        (7, "a list of calls is wanted, such as"),
    ],
    ids=str,
)
def test_a_mistake_is_refused_with_entry_and_field(emulator: Emulator, document: Any, text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        Emulator(calls=document)
    with pytest.raises(ValueError, match=re.escape(text)):
        emulator.calls.load(document)
    assert list(emulator.calls) == []


def test_the_control_plane_takes_and_shows_calls(
    wire: Any, emulator: Emulator, task: Any, clock: Any
) -> None:
    task()
    assert wire.control("POST", "calls", {"sdk_app_id": APP, "session_id": "s", "Time": None}).status == 200
    clock.at = NOW + 60
    added, made = json.loads(wire.control("GET", "calls").body)
    assert (added["SdkAppId"], added["SessionId"], added["Time"]) == (APP, "s", None)
    assert (made["CallType"], made["Time"]) == (1, NOW + 60)
