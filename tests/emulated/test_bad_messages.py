"""Messages that are too large, malformed or hostile: refused by themselves, reported once, answered briefly."""

from __future__ import annotations

import json
import math
import tracemalloc
from typing import Any

import pytest

from handler.cloud.pacing import Backoff
from handler.errors import ConfigurationError, PublishError, RejectedError, UnfinishedError
from handler.topics.notifier import Memory
from local.emulator import Emulator, faults
from tests.support import LIST

from .harness.constants import ALL_DAY_POLICY, NOON
from .harness.function import Function
from .harness.subscriber import CmqSubscriber

OPEN = ALL_DAY_POLICY.replace("00:00-24:00", "00:00-00:01")
HALF = "\ud800"
CONTEXT = {"request_id": None, "function_name": "f", "time_limit_in_ms": 60_000}


@pytest.fixture
def function(emulator: Emulator) -> Function:
    return Function(
        emulator,
        CmqSubscriber(emulator),
        now=NOON,
        backoff=Backoff(attempts=2, jitter=lambda: 1.0),
        context=CONTEXT,
        callout_region="ap-guangzhou",
        callout_requests_per_second=1000,
    )


def paused(emulator: Emulator) -> set[int]:
    """Return the ids of the tasks that are paused."""
    return {task.task_id for task in emulator.tasks if task.state == 5}


def kafka(*bodies: Any) -> dict[str, Any]:
    return {
        "Records": [
            {"Ckafka": {"topic": "t", "partition": 0, "offset": offset, "msgBody": body}}
            for offset, body in enumerate(bodies)
        ]
    }


def sqs(*bodies: Any, count: int | None = None) -> dict[str, Any]:
    attributes = {} if count is None else {"ApproximateReceiveCount": str(count)}
    return {
        "Records": [
            {"messageId": f"m{number}", "body": body, "eventSource": "aws:sqs", "attributes": attributes}
            for number, body in enumerate(bodies)
        ]
    }


GOOD, OTHER = '{"tasks": [16498]}', '{"tasks": [16499]}'
MALFORMED: dict[str, Any] = {
    "NaN": math.nan,
    "null": None,
    "a list": [1],
    "a text": "no",
    "nothing": {},
    "no body": {"Ckafka": {"topic": "t", "partition": 0, "offset": 9}},
    "a body that is null": {"Ckafka": {"topic": "t", "partition": 0, "offset": 9, "msgBody": None}},
    "a body that is NaN": {"Ckafka": {"topic": "t", "partition": 0, "offset": 9, "msgBody": math.nan}},
    "half of a pair": {"Ckafka": {"topic": HALF, "partition": HALF, "offset": HALF, "msgBody": HALF}},
    "half of a pair for a key": {HALF: 1},
    "another trigger's": sqs(GOOD)["Records"][0],
}


@pytest.mark.parametrize("where", [0, 1, 2])
@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_record_blocks_no_partition_and_is_published_as_it_came(
    function: Function, what: str, where: int
) -> None:
    batch = kafka(GOOD, OTHER)
    batch["Records"].insert(where, MALFORMED[what])
    answer = function(batch)
    assert paused(function.emulator) == {16498, 16499}
    (report,) = function.reports()
    assert answer == report
    assert (report["status"], report["trigger"]) == ("partial", "ckafka")
    (error,) = report["errors"]
    assert error["code"] == "Rejected"
    assert error["body"]
    json.dumps(answer, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize("offset", ["7", "seven", None, True, 10**5_000, [], HALF], ids=range(7))
def test_a_message_of_kafka_is_carried_out_whatever_its_offset_is(function: Function, offset: Any) -> None:
    batch = kafka(GOOD, OTHER)
    batch["Records"][0]["Ckafka"]["offset"] = offset
    assert function(batch)["summary"] == {"paused": 2}


@pytest.mark.parametrize("record", [{}, None, math.nan, {"eventSource": "aws:sqs", "body": GOOD}])
def test_of_a_record_of_sqs_that_cannot_be_named_the_trigger_is_told_by_raising_once_the_others_are_done(
    function: Function, record: Any
) -> None:
    event = sqs(OTHER, '{"tasks": [16500]}')
    event["Records"].insert(1, record)
    with pytest.raises(UnfinishedError, match="a record of SQS with a messageId is wanted"):
        function(event, context=CONTEXT | {"request_id": "r"})
    assert paused(function.emulator) == {16499, 16500}
    (report,) = function.reports()
    assert report["summary"] == {"paused": 2}
    assert [error["body"] for error in report["errors"]] == [
        json.dumps(record, separators=(",", ":"))  # as it came: nothing else keeps it
    ]


@pytest.mark.parametrize("change", [{"body": HALF}, {"eventSource": "aws:s3"}, {"body": math.nan}])
def test_a_malformed_record_of_sqs_is_told_by_its_id(function: Function, change: dict[str, Any]) -> None:
    event = sqs(GOOD, OTHER)
    event["Records"][0] |= change
    assert function(event) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert paused(function.emulator) == {16499}


def test_an_invalid_message_is_reported_once_and_again_by_an_instance_that_cannot_know(
    function: Function,
) -> None:
    for count in (1, 2, 3):
        answer = function(sqs("no", count=count))
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert [report["errors"][0]["body"] for report in function.reports()] == ["no"]
    function.memory = Memory()
    function(sqs("no", count=4))
    assert len(function.reports()) == 1, "better twice than never"


def test_what_could_not_be_published_is_published_when_it_comes_again(function: Function) -> None:
    function.emulator.faults.add(faults.error("UnauthorizedOperation"), action="PublishCmqMsg")
    for count in (1, 2):
        with pytest.raises(PublishError):
            function(sqs("no", count=count))
    function.emulator.faults.clear()
    for count in (3, 4):
        function(sqs("no", count=count))
    (report,) = function.reports()
    assert report["errors"][0]["body"] == "no"


def test_what_first_met_a_broken_policy_is_reported_when_the_policy_is_right(function: Function) -> None:
    with pytest.raises(ConfigurationError):
        function(sqs("no", count=1), callout_policy="{}")
    function(sqs("no", count=2))
    assert [report["status"] for report in function.reports()] == ["failed", "rejected"]


def test_a_message_that_comes_for_the_first_time_is_reported_even_if_it_looks_like_another(
    function: Function,
) -> None:
    for _ in range(2):
        function(sqs("no", count=1))
    assert len(function.reports()) == 2


def test_of_a_batch_that_comes_again_only_what_is_new_is_reported(function: Function) -> None:
    function(kafka("no", GOOD))
    function(kafka("no", GOOD, "not"))
    first, second = function.reports()
    assert [error["body"] for error in first["errors"]] == ["no"]
    assert [error["body"] for error in second["errors"]] == ["not"]
    assert second["summary"] == {"already_paused": 1}


def test_the_memory_holds_digests_of_a_thousand_messages_and_forgets_the_oldest() -> None:
    memory = Memory().messages
    memory.add(str(number).encode() for number in range(2_000))
    assert len(memory) == 1_000
    assert b"999" not in memory
    assert b"1000" in memory
    assert None not in memory


def test_a_thousand_long_messages_take_little_memory_once_they_are_reported(function: Function) -> None:
    function(sqs("x", count=1))
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(20):
            function(sqs(f"{number} " + "x" * 200_000, count=1), callout_topic="stdout:")
        function.emulator.journal.entries.clear()
        assert tracemalloc.get_traced_memory()[0] - before < 2_000_000  # with the bodies it is 4 MB, for 20
    finally:
        tracemalloc.stop()
    assert len(function.memory.messages) == 21


def filled(entry: str) -> str:
    return '{"tasks": [' + ",".join([entry] * (999_980 // (len(entry) + 1))) + "]}"


LARGE: dict[str, Any] = {
    "zeros": filled("0"),
    "truths": filled("true"),
    "objects": filled("{}"),
    "valid ids": filled("16498"),
    "a list of zeros": "[" + "0," * 499_998 + "0]",
    "digits": '{"tasks": [' + "9" * 999_980 + "]}",
    "one key": '{"' + "k" * 999_980 + '": 1}',
    "more than a megabyte": GOOD + " " * 1_000_000,
    "half of a pair, again and again": HALF * 300_000,
    "an SNS envelope": json.dumps({"Type": "Notification", "TopicArn": "arn", "Message": filled("0")}),
}


@pytest.mark.parametrize("what", LARGE)
@pytest.mark.parametrize("trigger", ["ckafka", "sqs", "invocation", "timer"])
def test_a_large_message_is_refused_in_a_short_answer_and_reported_whole(
    function: Function, what: str, trigger: str
) -> None:
    body = LARGE[what]
    events: dict[str, Any] = {
        "ckafka": kafka(body, OTHER),
        "sqs": sqs(body, OTHER),
        "invocation": {"tasks": [0] * 500_000, "note": body},
        "timer": {"Type": "Timer", "TriggerName": "t", "Message": body},
    }
    if trigger in {"ckafka", "sqs"}:
        answer = function(events[trigger])
        assert len(json.dumps(answer)) <= 1_000_000
        assert paused(function.emulator) == {16499}
    else:
        with pytest.raises(UnfinishedError) as told:
            function(events[trigger])
        assert len(str(told.value).encode()) < 4_000
    reports = function.reports()
    errors = [error for report in reports for error in report["errors"]]
    text = "".join(error["body"] or "" for error in errors)
    assert len(text) >= len(body) // 2, "it is in the notification, whole"
    assert len("".join(error["message"] for error in errors)) < 8_000


def test_a_batch_of_thousands_of_invalid_messages_passes_in_a_short_answer(function: Function) -> None:
    batch = kafka(*['{"tasks": [' + "0," * 290 + "0]}"] * 2_000)
    answer = function(batch, callout_topic="stdout:")
    assert answer["errors_omitted"] == 2_000
    assert answer["status"] == "rejected"
    assert len(json.dumps(answer)) < 2_000


def test_an_answer_over_a_megabyte_leaves_the_tasks_out_and_the_notification_has_them_all(
    function: Function,
) -> None:
    many = list(range(1, 10_001))
    answer = function({"tasks": many}, callout_policy=OPEN)
    assert answer["tasks_omitted"] == 10_000
    assert "tasks" not in answer
    assert answer["summary"] == {"not_quiet": 10_000}
    reports = function.reports()
    assert [task["task_id"] for report in reports for task in report["tasks"]] == many


def test_the_reason_of_a_failure_is_short_however_much_failed(function: Function) -> None:
    function.emulator.faults.add(faults.error("UnauthorizedOperation"), action=LIST)
    names = [f"{number} " + "n" * 990 for number in range(100)]
    with pytest.raises(UnfinishedError, match="and 96 more") as told:
        function({"tasks": names})
    assert len(str(told.value).encode()) < 4_000


def test_an_event_that_is_not_understood_is_refused_in_a_short_text(function: Function) -> None:
    with pytest.raises(RejectedError) as refused:
        function({"x" * 100_000 + str(number): "y" * 100_000 for number in range(20)})
    assert len(str(refused.value)) < 2_000
    assert len(function.reports()) > 20
