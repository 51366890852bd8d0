"""Delivered again, delivered twice, delivered in parts: what queues and retries make of one message."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from moto import mock_aws

from handler.cloud.pacing import Backoff
from handler.errors import UnfinishedError
from local.emulator import Emulator, faults
from tests.support import APP, PAUSE

from .harness.function import Function
from .harness.subscriber import REGION, SnsSubscriber, Sqs


@pytest.fixture
def subscriber() -> Iterator[SnsSubscriber]:
    with mock_aws():
        yield SnsSubscriber()


@pytest.fixture
def function(emulator: Emulator, subscriber: SnsSubscriber) -> Function:
    return Function(emulator, subscriber, fixed_wall=False, backoff=Backoff(attempts=3, jitter=lambda: 0.5))


def pauses(emulator: Emulator) -> list[int]:
    """Return the tasks for which a pause was requested, in order."""
    return [entry.params["TaskId"] for entry in emulator.journal.entries if entry.action == PAUSE]


def of_lambda(messages: Sequence[dict[str, Any]], arn: str) -> dict[str, Any]:
    """Give received messages in the shape in which the Lambda service hands them over."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "messageAttributes": {},
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": arn,
                "awsRegion": REGION,
            }
            for message in messages
        ]
    }


class Mapped:
    """A queue with a dead-letter queue, and Lambda's event source mapping: partial batches and all."""

    def __init__(self, function: Function, receives: int = 3) -> None:
        self.function = function
        self.sqs = Sqs()
        self.dead = self.sqs.queue("dead-letters")
        redrive = {"deadLetterTargetArn": self.sqs.arn(self.dead), "maxReceiveCount": receives}
        self.url = self.sqs.queue("requests", RedrivePolicy=json.dumps(redrive))
        self.arn = self.sqs.arn(self.url)

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.sqs.client.send_message(QueueUrl=self.url, MessageBody=body)

    def deliver(self) -> list[str] | None:
        """Hand one batch over and delete what was done; give the bodies of the rest, `None` without a batch."""
        messages = self.sqs.take(self.url)
        if not messages:
            return None
        answer = self.function(of_lambda(messages, self.arn))
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        assert failed <= {message["MessageId"] for message in messages}
        for message in messages:
            if message["MessageId"] not in failed:
                self.sqs.delete(self.url, message)
        return [message["Body"] for message in messages if message["MessageId"] in failed]

    def deliver_all(self) -> int:
        """Deliver until nothing is left in the queue, and give the number of batches."""
        batches = 0
        while self.deliver() is not None:
            batches += 1
            assert batches < 20
        return batches

    def dead_letters(self) -> list[str]:
        return [message["Body"] for message in self.sqs.take(self.dead)]


def test_a_poison_message_and_only_that_ends_in_the_dead_letter_queue_with_its_body(
    function: Function,
) -> None:
    queue = Mapped(function)
    poison = '{"tasks": ["16498"], "note": "🌙 \\u0000 not a request"}'
    queue.send('{"tasks": [16498]}', poison, '{"tasks": [16499, 16500]}')
    queue.deliver_all()
    assert queue.dead_letters() == [poison]
    assert sorted(pauses(function.emulator)) == [16498, 16499, 16500], "each once"
    assert all(task.state == 5 for task in function.emulator.tasks)
    told = [error for report in function.reports() for error in report["errors"]]
    assert {error["body"] for error in told} == {poison}


def test_a_message_that_fails_for_a_while_comes_again_alone_and_is_done(function: Function) -> None:
    queue = Mapped(function)
    function.emulator.faults.add(faults.HTTP_500, action=PAUSE)
    queue.send('{"tasks": [16498]}')
    assert queue.deliver() == ['{"tasks": [16498]}']
    in_vain = len(pauses(function.emulator))
    function.emulator.faults.clear()
    queue.send('{"tasks": [16499]}')
    queue.deliver_all()
    assert queue.dead_letters() == []
    assert sorted(pauses(function.emulator)[in_vain:]) == [16498, 16499]
    assert function.emulator.tasks.state(16498) == 5
    statuses = [report["status"] for report in function.reports()]
    assert statuses[0] == "failed"
    assert statuses[-1] == "succeeded"


def test_a_message_that_never_succeeds_is_kept_and_told_of_each_time_it_failed(function: Function) -> None:
    queue = Mapped(function, receives=3)
    function.emulator.faults.add(faults.error("UnauthorizedOperation"), action=PAUSE)
    queue.send('{"tasks": [16498]}')
    assert queue.deliver_all() == 3
    assert queue.dead_letters() == ['{"tasks": [16498]}']
    assert [report["status"] for report in function.reports()] == ["failed"] * 3
    assert function.emulator.tasks.state(16498) == 1


def test_a_message_that_is_no_request_is_told_of_once_however_often_it_comes(function: Function) -> None:
    queue = Mapped(function, receives=5)
    queue.send("not a request")
    assert queue.deliver_all() == 5
    assert queue.dead_letters() == ["not a request"]
    (report,) = function.reports()
    assert report["status"] == "rejected"
    assert report["errors"][0]["body"] == "not a request"


def kafka(*bodies: str, first: int = 0) -> dict[str, Any]:
    """Give a batch of CKafka, as SCF hands it over."""
    return {
        "Records": [
            {
                "Ckafka": {
                    "topic": "requests",
                    "Partition": 1,
                    "offset": offset,
                    "msgKey": "None",
                    "msgBody": body,
                }
            }
            for offset, body in enumerate(bodies, first)
        ]
    }


def test_a_poison_message_passes_its_kafka_partition_and_the_others_of_its_batch_are_done(
    function: Function,
) -> None:
    poison = '{"tasks": [true]}'
    answer = function(kafka('{"tasks": [16498]}', poison, '{"tasks": [16499]}', first=70_000))
    assert answer["status"] == "partial"
    (report,) = function.reports()
    assert report["summary"] == {"paused": 2}
    assert [(error["message_id"], error["body"]) for error in report["errors"]] == [
        ("requests/1/70001", poison)
    ]


def test_a_kafka_batch_comes_again_while_that_can_help_and_nothing_is_paused_twice(
    function: Function,
) -> None:
    batch = kafka('{"tasks": [16498]}', '{"tasks": [16499]}', "poison")
    # The second request for a pause and all its repetitions are lost before anything is done.
    function.emulator.faults.script([None, *[faults.HTTP_500] * 1_000], action=PAUSE)
    with pytest.raises(UnfinishedError, match="failed"):
        function(batch)
    (first,) = function.reports()
    assert first["summary"] == {"paused": 1, "failed": 1}
    function.emulator.faults.clear()
    answer = function(batch)
    assert answer["summary"] == {"already_paused": 1, "paused": 1}
    done = [
        entry.params["TaskId"]
        for entry in function.emulator.journal.entries
        if entry.action == PAUSE and entry.fault is None
    ]
    assert sorted(done) == [16498, 16499], "each paused once"
    (second,) = function.reports()
    assert second["summary"] == {"already_paused": 1, "paused": 1}


TIMER = {
    "Type": "Timer",
    "TriggerName": "every-5-minutes",
    "Time": "2026-11-23T04:00:00Z",
    "Message": '{"tasks": [16498, 16499, 16500]}',
}


def test_both_retries_of_scf_are_used_and_each_delivery_has_its_report(function: Function) -> None:
    context = {"request_id": "the-same-for-all-three", "function_name": "f", "time_limit_in_ms": 60_000}
    function.emulator.faults.add(faults.THROTTLED, action=PAUSE)
    for _ in range(2):
        with pytest.raises(UnfinishedError, match="RequestLimitExceeded"):
            function(TIMER, context=context)
    function.emulator.faults.clear()
    answer = function(TIMER, context=context)
    reports = function.reports()
    assert [report["status"] for report in reports] == ["failed", "failed", "succeeded"]
    assert [report["summary"] for report in reports] == [{"failed": 3}, {"failed": 3}, {"paused": 3}]
    assert answer == reports[-1]
    assert all(task.state == 5 for task in function.emulator.tasks)


@pytest.mark.parametrize("trigger", ["sqs", "timer", "kafka"])
def test_the_same_message_five_times_pauses_once(function: Function, trigger: str) -> None:
    body = TIMER["Message"]
    event: Any = {
        "sqs": {"Records": [{"messageId": "m", "body": body, "eventSource": "aws:sqs"}]},
        "timer": TIMER,
        "kafka": kafka(body),
    }[trigger]
    for _ in range(5):
        function(event)
    summaries = [report["summary"] for report in function.reports()]
    assert summaries == [{"paused": 3}] + [{"already_paused": 3}] * 4
    assert sorted(pauses(function.emulator)) == [16498, 16499, 16500]


def test_two_invocations_at_once_over_the_same_tasks_end_in_one_state_with_honest_reports(
    function: Function,
) -> None:
    many = list(range(20_000, 20_030))
    for task_id in many:
        function.emulator.tasks.add(task_id=task_id, sdk_app_id=APP, state=1)
    function.emulator.faults.add(faults.latency(0.01), probability=0.5, seed=7)
    event = {"tasks": many}
    together = threading.Barrier(2)

    def invoke(number: int) -> Any:
        del number
        together.wait()
        return function(event, callout_topic="stdout:", callout_requests_per_second=200)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(invoke, range(2)))
    assert {function.emulator.tasks.state(task_id) for task_id in many} == {5}
    for answer in answers:
        assert answer["status"] == "succeeded"
        assert [task["task_id"] for task in answer["tasks"]] == many
        assert {task["outcome"] for task in answer["tasks"]} <= {"paused", "already_paused"}
    claimed = [
        {task["task_id"] for task in answer["tasks"] if task["outcome"] == "paused"} for answer in answers
    ]
    assert claimed[0] | claimed[1] == set(many), "each was paused by somebody"
    assert [task.state for task in function.emulator.tasks if task.task_id not in many] == [1, 1, 1]


class PartReader:
    """A program that reads reports in parts. The parts come in any order, and perhaps twice."""

    def __init__(self) -> None:
        self._parts: dict[str, dict[int, dict[str, Any]]] = {}

    def take(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """Give the whole report once its last part has come."""
        data = event["data"]
        if "part" not in data:
            whole: dict[str, Any] = data
            return whole
        part = data["part"]
        parts = self._parts.setdefault(part["report"], {})
        parts[part["number"]] = data
        if len(parts) < part["of"]:
            return None
        inorder = [parts[number] for number in range(1, part["of"] + 1)]
        head = {key: value for key, value in data.items() if key not in {"part", "tasks", "errors"}}
        tasks = [task for each in inorder for task in each["tasks"]]
        return head | {"tasks": tasks, "errors": self._joined(inorder)}

    def _joined(self, parts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        errors: list[dict[str, Any]] = []
        for entry in (error for part in parts for error in part["errors"]):
            piece = {key: value for key, value in entry.items() if key not in {"piece", "pieces"}}
            if entry.get("piece", 1) == 1:
                errors.append(piece)
            else:
                errors[-1]["message"] += piece["message"]
                errors[-1]["body"] = (errors[-1]["body"] or "") + (piece["body"] or "")
        return errors


LIMITS = {"sns": 256 * 1024, "cmq": 64 * 1024, "eventbridge": 64 * 1024}


@pytest.mark.parametrize("kind", LIMITS)
def test_a_report_over_the_limit_arrives_in_parts_that_a_subscriber_puts_together(
    function: Function, subscriber: SnsSubscriber, kind: str
) -> None:
    many = list(range(30_000, 30_800))
    for task_id in many:
        function.emulator.tasks.add(task_id=task_id, sdk_app_id=APP, state=5, name="n" * 50)
    poison = "✗" * 100_000
    seen: list[Any] = []
    function.emulator.topics.create("reports")
    bus_id = function.emulator.buses.create("reports")
    for action in ("PublishCmqMsg", "PutEvents"):
        function.emulator.faults.add(faults.LOST_REPLY, action=action, times=1)  # a part comes twice
    event = kafka(json.dumps({"tasks": many}), poison)
    topic = {"sns": subscriber.address, "cmq": "cmq:reports", "eventbridge": f"eventbridge:{bus_id}"}[kind]
    function(event, callout_topic=topic, seen=seen.append)

    if kind == "cmq":
        messages = [each.content for each in function.emulator.topics.messages("reports")]
    else:
        received = function.received() if kind == "sns" else function.emulator.buses.events(bus_id)
        messages = [json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in received]
    assert len(messages) > 1
    assert all(len(message.encode()) <= LIMITS[kind] for message in messages)
    reader = PartReader()
    wholes = [reader.take(json.loads(message)) for message in reversed(messages)]
    found = [whole for whole in wholes if whole is not None]
    assert found[0] == json.loads(json.dumps(seen[0].data()))
    assert all(whole == found[0] for whole in found)
    assert found[0]["errors"][0]["body"] == poison
    assert [task["task_id"] for task in found[0]["tasks"]] == many


def test_what_the_deadline_cuts_off_is_deferred_and_told_and_the_next_delivery_does_the_rest(
    function: Function,
) -> None:
    many = list(range(40_000, 40_040))
    for task_id in many:
        function.emulator.tasks.add(task_id=task_id, sdk_app_id=APP, state=1)
    event = {"Records": [
        {"messageId": f"m{number}", "eventSource": "aws:sqs", "body": json.dumps({"tasks": many[number * 10:][:10]})}
        for number in range(4)
    ]}  # fmt: skip
    answer = function(event, context={"time_limit_in_ms": 4_500}, callout_requests_per_second=10)
    (report,) = function.reports()
    outcomes = {task["task_id"]: task["outcome"] for task in report["tasks"]}
    paused = {task_id for task_id, outcome in outcomes.items() if outcome == "paused"}
    assert set(outcomes) == set(many)
    assert set(outcomes.values()) == {"paused", "deferred"}
    assert paused == {task_id for task_id in many if function.emulator.tasks.state(task_id) == 5}
    left = [f"m{number}" for number in range(4) if not set(many[number * 10 :][:10]) <= paused]
    assert answer == {"batchItemFailures": [{"itemIdentifier": each} for each in left]}
    assert "m3" in left

    answer = function(event, context={"time_limit_in_ms": 60_000})
    assert answer == {"batchItemFailures": []}
    (report,) = function.reports()
    assert report["summary"] == {"already_paused": len(paused), "paused": len(many) - len(paused)}
    assert sorted(pauses(function.emulator)) == many, "none was asked for twice"


def batch(*bodies: dict[str, Any]) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": f"m{number}", "body": json.dumps(body), "eventSource": "aws:sqs"}
            for number, body in enumerate(bodies)
        ]
    }


@pytest.mark.parametrize("real_first", [True, False])
def test_a_dry_run_beside_a_real_request_for_one_task_hides_nothing(
    function: Function, real_first: bool
) -> None:
    bodies: list[dict[str, Any]] = [{"tasks": [16498]}, {"tasks": [16498], "dry_run": True}]
    answer = function(batch(*(bodies if real_first else bodies[::-1])))
    assert answer == {"batchItemFailures": []}
    assert function.emulator.tasks.state(16498) == 5
    (report,) = function.reports()
    assert [(task["task_id"], task["outcome"]) for task in report["tasks"]] == [(16498, "paused")]
    assert not report["dry_run"]


def test_a_real_request_that_fails_is_retried_and_the_dry_run_beside_it_is_not(function: Function) -> None:
    function.emulator.faults.add(faults.error("UnsupportedOperation"), action=PAUSE)
    answer = function(batch({"tasks": [16498]}, {"tasks": [16498], "dry_run": True}))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    (report,) = function.reports()
    assert [task["outcome"] for task in report["tasks"]] == ["failed"]
