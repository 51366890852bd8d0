"""EventBridge's buses: created and given events through the official generic client, read back in the test."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.emulator import Emulator
from local.emulator.eb import MAX_SIZE, matches

EVENT = {
    "Source": "/callout/f",
    "Type": "report.v1",
    "Subject": "r1",
    "Time": 1_615_430_559_146,
    "Data": "{}",
}


@pytest.fixture
def eb(official: Any) -> Any:
    """Call an action of EventBridge."""

    def call(action: str, region: str = "ap-guangzhou", **params: Any) -> dict[str, Any]:
        client = official.generic("eb", "2021-04-16", region)
        reply: dict[str, Any] = client.call_json(action, params)["Response"]
        return reply

    return call


@pytest.fixture
def bus(emulator: Emulator) -> str:
    return emulator.buses.create("reports")


def refused(eb: Any, action: str, **params: Any) -> TencentCloudSDKException:
    with pytest.raises(TencentCloudSDKException) as found:
        eb(action, **params)
    return found.value


def test_what_is_put_on_a_bus_can_be_read_back_in_order_as_a_target_gets_it(
    eb: Any, emulator: Emulator
) -> None:
    bus = eb("CreateEventBus", EventBusName="reports", Description="已暂停")["EventBusId"]
    full = EVENT | {
        "Data": '{"text": "已暂停 2 个任务", "tasks": [1]}',
        "Id": "13a3f42d-7258-4ada-da6d-023a333b4662",
        "Region": "ap-shanghai",
        "Status": "1",
        "TagList": [{"Key": "team", "Value": "calls"}],
    }
    answer = eb("PutEvents", EventBusId=bus, EventList=[full, EVENT])
    assert list(answer) == ["RequestId"], "no event has a result of its own"
    first, second = emulator.buses.events(bus)
    assert first == {
        "specversion": "1.0",
        "id": "13a3f42d-7258-4ada-da6d-023a333b4662",
        "source": "/callout/f",
        "type": "report.v1",
        "subject": "r1",
        "time": "1615430559146",
        "region": "ap-shanghai",
        "datacontenttype": "application/json;charset=utf-8",
        "data": {"text": "已暂停 2 个任务", "tasks": [1]},
        "status": "1",
        "tags": {"team": "calls"},
    }
    assert second["data"] == {}
    assert second["region"] == "ap-guangzhou"
    assert len(second["id"]) == 36


def test_an_event_without_a_time_has_that_of_its_arrival(
    eb: Any, emulator: Emulator, bus: str, clock: Any
) -> None:
    clock.at = 1_700_000_000.25
    eb("PutEvents", EventBusId=bus, EventList=[{**EVENT, "Time": None}])
    assert emulator.buses.events(bus)[0]["time"] == "1700000000250"


def test_whether_a_bus_keeps_the_id_is_an_option(eb: Any, emulator: Emulator, bus: str) -> None:
    emulator.options.eb_keeps_id = False
    eb("PutEvents", EventBusId=bus, EventList=[EVENT | {"Id": "mine"}] * 2)
    first, second = emulator.buses.events(bus)
    assert len({"mine", first["id"], second["id"]}) == 3
    assert first["subject"] == second["subject"] == "r1"


def test_a_bus_goes_by_its_id_and_not_by_its_name(eb: Any, emulator: Emulator) -> None:
    first, second = (eb("CreateEventBus", EventBusName="reports")["EventBusId"] for _ in range(2))
    assert emulator.buses.names == {first: "reports", second: "reports"}
    error = refused(eb, "PutEvents", EventBusId="reports", EventList=[EVENT])
    assert error.code == "ResourceNotFound.EventBusNotFound"
    eb("PutEvents", EventBusId=second, EventList=[EVENT])
    assert (len(emulator.buses.events(first)), len(emulator.buses.events(second))) == (0, 1)


def test_there_are_ten_buses_at_most(eb: Any, emulator: Emulator) -> None:
    for number in range(10):
        eb("CreateEventBus", EventBusName=f"bus-{number}")
    assert refused(eb, "CreateEventBus", EventBusName="bus-10").code == "LimitExceeded.EventBus"
    assert len(emulator.buses.names) == 10


@pytest.mark.parametrize("name", ["ab", "a" * 60, "a_-9"])
def test_a_name_that_may_be_is_taken(eb: Any, emulator: Emulator, name: str) -> None:
    assert emulator.buses.names == {}
    assert (
        emulator.buses.names | {eb("CreateEventBus", EventBusName=name)["EventBusId"]: name}
        == emulator.buses.names
    )


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"EventBusName": ""}, "InvalidParameterValue.EventBusName"),
        ({"EventBusName": "a"}, "InvalidParameterValue.EventBusName"),
        ({"EventBusName": "a" * 61}, "InvalidParameterValue.EventBusName"),
        ({"EventBusName": "1a"}, "InvalidParameterValue.EventBusName"),
        ({"EventBusName": "a-"}, "InvalidParameterValue.EventBusName"),
        ({"EventBusName": "a bus"}, "InvalidParameterValue.EventBusName"),
        ({"EventBusName": 5}, "InvalidParameter"),
        ({}, "MissingParameter"),
        ({"EventBusName": "ab", "Description": "x" * 201}, "InvalidParameterValue.Description"),
        ({"EventBusName": "ab", "SaveDays": "1"}, "InvalidParameter"),
        ({"EventBusName": "ab", "EnableStore": 1}, "InvalidParameter"),
        ({"EventBusName": "ab", "Colour": "red"}, "UnknownParameter"),
    ],
    ids=str,
)
def test_a_bus_that_cannot_be_is_not_created(
    eb: Any, emulator: Emulator, params: dict[str, Any], code: str
) -> None:
    assert refused(eb, "CreateEventBus", **params).code == code
    assert emulator.buses.names == {}


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        *(({name: None}, "MissingParameter", f"`EventList.1.{name}`") for name in ("Source", "Type", "Subject", "Data")),
        *(({name: 5}, "InvalidParameter", f"`EventList.1.{name}`") for name in ("Source", "Data", "Id", "Status", "Region")),
        *(({"Time": value}, "InvalidParameter", "`EventList.1.Time`") for value in ("1615430559146", 1.5, True, 2**63)),
        ({"TagList": ["a"]}, "InvalidParameter", "`EventList.1.TagList`"),
        ({"SpecVersion": "1.0"}, "UnknownParameter", "`EventList.1.SpecVersion`"),
        ({"Data": ""}, "InvalidParameterValue.InvalidEvent", "no JSON"),
        ({"Data": "{"}, "InvalidParameterValue.InvalidEvent", "no JSON"),
        ({"Data": '{"a": NaN}'}, "InvalidParameterValue.InvalidEvent", "no JSON"),
        ({"Data": "[" * 100_000}, "InvalidParameterValue.InvalidEvent", "no JSON"),
        ({"Data": '"text"'}, "InvalidParameterValue.InvalidEvent", "no JSON object"),
        ({"Data": json.dumps({"a": "x" * MAX_SIZE})}, "InvalidParameterValue.InvalidEvent", "65536 are the most"),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_of_a_list_with_an_event_that_cannot_be_none_is_taken(
    eb: Any, emulator: Emulator, change: dict[str, Any], code: str, text: str
) -> None:
    bus = emulator.buses.create("reports")
    error = refused(eb, "PutEvents", EventBusId=bus, EventList=[EVENT, {**EVENT, **change}])
    assert error.code == code
    assert text in error.message
    assert emulator.buses.events(bus) == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"EventList": [EVENT]}, "MissingParameter"),
        ({"EventBusId": "b"}, "MissingParameter"),
        ({"EventBusId": "b", "EventList": []}, "InvalidParameterValue"),
        ({"EventBusId": "b", "EventList": EVENT}, "InvalidParameter"),
        ({"EventBusId": "b", "EventList": ["event"]}, "InvalidParameter"),
        ({"EventBusId": 5, "EventList": [EVENT]}, "InvalidParameter"),
        ({"EventBusId": "b", "EventList": [EVENT]}, "ResourceNotFound.EventBusNotFound"),
    ],
    ids=str,
)
def test_a_request_that_cannot_be_is_refused(eb: Any, params: dict[str, Any], code: str) -> None:
    assert refused(eb, "PutEvents", **params).code == code


@pytest.mark.parametrize("letter", ["x", "续", '"'], ids=["ascii", "chinese", "escaped"])
def test_an_event_has_64_kilobytes_in_utf8_with_its_envelope(
    eb: Any, emulator: Emulator, bus: str, letter: str
) -> None:
    eb("PutEvents", EventBusId=bus, EventList=[EVENT | {"Data": '{"a":""}'}])
    (small,) = emulator.buses.events(bus)
    room = MAX_SIZE - len(json.dumps(small, separators=(",", ":")))
    fits = letter * (room // len(json.dumps(letter, ensure_ascii=False)[1:-1].encode()))

    def put(text: str) -> None:
        data = json.dumps({"a": text}, ensure_ascii=False)
        eb("PutEvents", EventBusId=bus, EventList=[EVENT | {"Data": data}])

    put(fits)
    assert emulator.buses.events(bus)[1]["data"] == {"a": fits}
    with pytest.raises(TencentCloudSDKException, match="are the most"):
        put(fits + letter)


@pytest.mark.parametrize(
    ("needed", "region", "code"),
    [(False, "", None), (True, "ap-guangzhou", None), (True, "", "MissingParameter")],
)
def test_whether_a_region_is_needed_is_an_option(
    eb: Any, emulator: Emulator, needed: bool, region: str, code: str | None
) -> None:
    bus = emulator.buses.create("reports")
    emulator.options.eb_needs_region = needed
    if code is None:
        assert eb("PutEvents", region, EventBusId=bus, EventList=[EVENT])["RequestId"]
    else:
        assert refused(eb, "PutEvents", region=region, EventBusId=bus, EventList=[EVENT]).code == code


@pytest.mark.parametrize(
    ("pattern", "passes"),
    [
        ({}, True),
        ({"source": ["a", "/callout/f"]}, True),
        ({"source": ["/callout/F"]}, False),
        ({"source": []}, False),
        ({"source": ["/callout/f"], "type": ["other"]}, False),
        ({"data": {"status": ["failed"], "count": [1]}}, True),
        ({"data": {"status": ["failed"], "count": ["1"]}}, False),
        ({"data": {"count": [True]}}, False),
        ({"data": {"action": [None]}}, True),
        ({"data": {"absent": [None]}}, False),
        ({"data": {"absent": {"deeper": [1]}}}, False),
        ({"source": {"deeper": ["/callout/f"]}}, False),
    ],
    ids=str,
)
def test_a_pattern_wants_all_its_keys_with_one_of_the_values_each(
    eb: Any, emulator: Emulator, bus: str, pattern: dict[str, Any], passes: bool
) -> None:
    data = json.dumps({"status": "failed", "count": 1, "action": None})
    eb("PutEvents", EventBusId=bus, EventList=[EVENT | {"Data": data}])
    assert len(emulator.buses.events(bus, pattern)) == passes


@pytest.mark.parametrize("wanted", [[{"prefix": "/callout"}], "/callout/f", [["/callout/f"]]], ids=str)
def test_a_pattern_that_is_not_understood_is_no_pattern(wanted: object) -> None:
    with pytest.raises(ValueError, match="source: a list of values to compare is wanted"):
        matches({"source": wanted}, {"source": "/callout/f"})


def test_who_reads_an_event_cannot_change_it(eb: Any, emulator: Emulator, bus: str) -> None:
    eb("PutEvents", EventBusId=bus, EventList=[EVENT])
    emulator.buses.events(bus)[0]["data"]["changed"] = True
    assert emulator.buses.events(bus)[0]["data"] == {}


def test_a_reset_removes_the_buses_and_gives_no_id_twice(emulator: Emulator, bus: str) -> None:
    emulator.reset()
    assert emulator.buses.names == {}
    assert emulator.buses.events(bus) == []
    assert emulator.buses.create("reports") != bus


def test_a_bus_tells_its_name_and_one_that_is_not_there_is_told(eb: Any, bus: str) -> None:
    answer = eb("GetEventBus", EventBusId=bus)
    assert (answer["EventBusId"], answer["EventBusName"]) == (bus, "reports")
    assert refused(eb, "GetEventBus", EventBusId="eb-x").code == "ResourceNotFound.EventBusNotFound"
