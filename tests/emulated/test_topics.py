"""A report is published: to SNS through boto3 and moto, to CMQ and EventBridge through the SDK and the emulator."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from handler.cloud.credentials import Credentials
from handler.cloud.pacing import Backoff, Clock, Deadline
from handler.errors import CloudError, Meaning, PublishError
from handler.output.encoding import encoded, size_within_text
from handler.report.entries import Problem
from handler.report.report import Report
from handler.topics import sns
from handler.topics.eventbridge import EventBridge
from handler.topics.sending import publish
from handler.topics.topic import Destination
from local.emulator import Emulator, faults

from .harness.constants import CREDENTIALS, WRONG_CREDENTIALS
from .harness.subscriber import SnsSubscriber

NOW = datetime(2026, 11, 23, 23, 0, tzinfo=timezone.utc)
CLOCK = Clock(sleep=lambda seconds: None)
CMQ = "cmq:reports"


def report(message: str = "tasks: a list is wanted", body: str | None = None, count: int = 1) -> Report:
    problems = tuple(Problem("Rejected", message, f"m{number}", body) for number in range(count))
    return Report("r1", NOW, "/callout-quiet-hours/f", "timer", "pause", dry_run=False, problems=problems)


def tencent(emulator: Emulator, identity: Credentials | None = None) -> Destination:
    used = identity or CREDENTIALS
    return Destination("", emulator.url, "ap-guangzhou", lambda refresh: used)


def sent(to: str, what: Report, where: Destination, backoff: Backoff | None = None) -> int:
    return publish(
        what, where._replace(address=to), Deadline.after(CLOCK, 60), backoff or Backoff(attempts=3)
    )


NOWHERE = Destination("", "http://127.0.0.1:9", None, lambda refresh: None)


@pytest.fixture
def subscribed() -> Iterator[SnsSubscriber]:
    """An SNS topic with a queue that is subscribed to it, outside the default region."""
    with mock_aws():
        yield SnsSubscriber("eu-central-1")


def test_a_subscriber_of_sns_gets_the_event_with_attributes_to_filter_by(subscribed: SnsSubscriber) -> None:
    assert sent(subscribed.address, report(), NOWHERE) == 1
    (notification,) = subscribed.envelopes()
    assert json.loads(notification["Message"]) == report().events(10**6)[0]
    assert notification["Subject"] == "Quiet hours [f] rejected: 1 invalid message, NOTHING WAS DONE FOR IT"
    assert {name: value["Value"] for name, value in notification["MessageAttributes"].items()} == {
        "status": "rejected",
        "action": "pause",
    }


def test_programs_get_the_event_and_people_a_text(subscribed: SnsSubscriber) -> None:
    sent(subscribed.address, report(), NOWHERE)
    (request,) = subscribed.requests
    assert request["MessageStructure"] == "json"
    (bodies,) = subscribed.bodies()
    assert set(bodies) == {"default", "email", "sms"}
    for protocol in ("sqs", "lambda", "http", "https", "firehose", "application", "email-json"):
        body = bodies.get(protocol, bodies["default"])  # as SNS chooses the body of a protocol
        assert json.loads(body) == report().events(10**6)[0]
        assert body == encoded(report().events(10**6)[0]).decode(), (
            "byte for byte as without the other bodies"
        )
    assert bodies["email"].startswith("Rejected: 1 invalid message, NOTHING WAS DONE FOR IT.\n")
    assert bodies["sms"] == "Quiet hours f rejected: 1 invalid message, NOTHING WAS DONE FOR IT."


def bytes_of(request: dict[str, Any]) -> int:
    """Return what SNS counts of a request, and more: attributes count with names and types, the subject too."""
    attributes = request["MessageAttributes"].items()
    texts = [request["Message"], request["Subject"]]
    texts += [text for name, value in attributes for text in (name, value["DataType"], value["StringValue"])]
    return sum(len(text.encode()) for text in texts)


@pytest.mark.parametrize("text", ["x", "ü", "续", '"', "\\", "\x00", "\n", "\ud83d", "\U0001f319"], ids=ascii)
def test_all_bodies_of_a_message_together_stay_within_the_limit_of_sns(
    subscribed: SnsSubscriber, text: str
) -> None:
    times = 60_000 // (len(encoded(text)) - 2)
    long = report(message=text * 1_000, body=text * times, count=6)
    count = sent(subscribed.address, long, NOWHERE)
    assert count == len(subscribed.requests) > 1
    for request, bodies in zip(subscribed.requests, subscribed.bodies(), strict=True):
        assert bytes_of(request) <= 256 * 1024
        assert {"default", "email", "sms"} == set(bodies), (
            "moto takes a message without default, SNS does not"
        )
        assert request["Subject"].isascii(), "moto takes line breaks in a subject, SNS does not"
        assert request["Subject"].isprintable()
        assert 0 < len(request["Subject"]) < 100
        assert len(bodies["sms"]) <= 140
    errors = [error for event in subscribed.received() for error in event["data"]["errors"]]
    as_sent = text.encode("utf-8", "backslashreplace").decode()
    for number in range(6):
        body = "".join(each["body"] or "" for each in errors if each["message_id"] == f"m{number}")
        assert body == as_sent * times, "nothing of the event is cut for the sake of the mail"


def test_parts_are_as_large_as_there_is_room_for(subscribed: SnsSubscriber) -> None:
    sent(subscribed.address, report(body="x" * 100_000, count=10), NOWHERE)
    *full, _ = map(bytes_of, subscribed.requests)
    assert min(full) > 190_000, "two messages of 100,000 bytes in each"


@given(st.dictionaries(st.text(max_size=20), st.text() | st.integers() | st.none(), max_size=5))
def test_the_size_of_an_event_within_the_bodies_is_known_before_it_is_put_there(value: Any) -> None:
    assert size_within_text(value) == len(encoded(encoded(value).decode())) - len('""')


def test_a_person_reads_one_mail_of_a_report_in_parts(subscribed: SnsSubscriber) -> None:
    only_the_first = subscribed.subscribed("people", FilterPolicy='{"part": [{"exists": false}]}')
    assert sent(subscribed.address, report(body="x" * 100_000, count=5), NOWHERE) == 3
    first, *others = subscribed.bodies()
    assert first["email"].startswith("Rejected: 5 invalid messages")
    assert first["email"].count("INVALID MESSAGE") == 5
    for number, each in enumerate(others, 2):
        assert each["email"].startswith(f"This is part {number} of 3 of a report")
        assert each["sms"] == f"Quiet hours f: part {number} of 3 of a long report, nothing new"
    numbers = [json.loads(each["Message"])["data"]["part"]["number"] for each in subscribed.envelopes()]
    assert sorted(numbers) == [1, 2, 3]
    (message,) = subscribed.sqs.take(only_the_first)
    assert json.loads(json.loads(message["Body"])["Message"])["data"]["part"]["number"] == 1


def test_a_mistake_in_the_texts_for_people_does_not_keep_the_event_from_programs(
    subscribed: SnsSubscriber, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a mistake")

    monkeypatch.setattr(sns, "texts", broken)
    assert sent(subscribed.address, report(), NOWHERE) == 1
    assert subscribed.received() == report().events(10**6)
    (bodies,) = subscribed.bodies()
    assert set(bodies) == {"default"}
    assert "no text for people could be written" in caplog.text


def test_an_sns_topic_that_is_not_there_ends_in_the_log_and_an_error(
    subscribed: SnsSubscriber, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(PublishError, match=r"not published to .*-gone: NotFound"):
        sent(subscribed.address + "-gone", report(), NOWHERE)
    (record,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert record.report == report().data()  # type: ignore[attr-defined]


def test_sns_without_an_answer_is_tried_again_and_then_told() -> None:
    topic = sns.Sns("arn:aws:sns:us-east-1:123456789012:reports", 5)
    with pytest.raises(CloudError) as error:  # no credentials in a clean environment
        topic.publish(report().events(10**6)[0], report(), 5)
    assert error.value.code == "NoCredentialsError"


@pytest.mark.parametrize(
    ("code", "status", "may_pass"),
    [
        ("Throttling", 400, True),
        ("ThrottledException", 400, True),
        ("InternalError", 500, True),
        ("Something", 503, True),
        ("Something", 429, True),
        ("AuthorizationError", 403, False),
        ("InvalidParameter", 400, False),
    ],
)
def test_an_error_of_sns_passes_or_not(code: str, status: int, may_pass: bool) -> None:
    class RefusedError(Exception):
        response: ClassVar[dict[str, Any]] = {
            "Error": {"Code": code, "Message": "because"},
            "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "r"},
        }

    error = sns._translated(RefusedError())
    assert (error.code, error.message, error.request_id, error.retryable) == (code, "because", "r", may_pass)


def test_a_region_that_does_not_exist_is_told(subscribed: SnsSubscriber) -> None:
    with pytest.raises(PublishError):
        sent("arn:aws:sns:no such region:123456789012:reports", report(), NOWHERE)


def test_boto3_logs_no_signature_even_at_debug(
    subscribed: SnsSubscriber, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sent(subscribed.address, report(), NOWHERE)
    assert "Signature" not in caplog.text
    assert "Authorization" not in caplog.text


def test_a_cmq_topic_holds_the_event_tagged_by_status_and_action(emulator: Emulator) -> None:
    emulator.topics.create("reports")
    assert sent(CMQ, report(), tencent(emulator)) == 1
    (message,) = emulator.topics.messages("reports")
    assert json.loads(message.content) == report().events(10**6)[0]
    assert message.tags == ("rejected", "pause")
    assert emulator.journal.entries[0].region == "ap-guangzhou"


def test_a_report_over_the_limit_of_cmq_comes_in_parts_that_a_topic_of_64_kb_takes(
    emulator: Emulator,
) -> None:
    emulator.topics.create("reports", max_size=65_536)
    count = sent(CMQ, report(body="ü" * 50_000), tencent(emulator))
    assert count == len(emulator.topics.messages("reports")) > 1


def test_a_result_that_is_not_true_is_no_success(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.topics.create("reports")
    emulator.options.cmq_result = False
    with pytest.raises(PublishError, match="PublishCmqMsg answered Result False"):
        sent(CMQ, report(), tencent(emulator))
    assert emulator.journal.count("PublishCmqMsg") == 3
    assert "report not published" in caplog.text


def test_publishing_is_tried_again(emulator: Emulator) -> None:
    emulator.topics.create("reports")
    emulator.faults.script([faults.THROTTLED, faults.RESET], action="PublishCmqMsg")
    assert sent(CMQ, report(), tencent(emulator)) == 1
    assert len(emulator.topics.messages("reports")) == 1


def test_a_cmq_topic_that_is_not_there_is_told_at_once(emulator: Emulator) -> None:
    with pytest.raises(PublishError, match="ResourceNotFound"):
        sent(CMQ, report(), tencent(emulator))
    assert emulator.journal.count("PublishCmqMsg") == 1


def test_a_cmq_topic_without_credentials_is_told(emulator: Emulator) -> None:
    with pytest.raises(PublishError, match="NoCredentials"):
        sent(CMQ, report(), Destination("", emulator.url, None, lambda refresh: None))


def test_an_sns_topic_where_there_is_no_boto3_is_told_with_the_report_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)  # as on SCF
    monkeypatch.delitem(sys.modules, "handler.topics.sns", raising=False)
    with pytest.raises(PublishError, match=r"NoBoto3: .* elsewhere cmq: or eventbridge: is wanted"):
        sent("arn:aws:sns:us-east-1:123456789012:reports", report("the cause"), NOWHERE)
    (line,) = (each for each in caplog.records if each.levelname == "ERROR")
    assert "the cause" in str(vars(line)["report"])


@dataclass
class Bus:
    """An event bus with a program behind it, which makes the events of the bus ours again."""

    emulator: Emulator
    id: str

    @property
    def address(self) -> str:
        return f"eventbridge:{self.id}"

    def received(self, pattern: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        return [
            {
                "specversion": each["specversion"],
                "id": each["subject"],
                "source": each["source"],
                "type": each["type"],
                "time": f"{datetime.fromtimestamp(int(each['time']) / 1000, timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
                "datacontenttype": each["datacontenttype"].partition(";")[0],
                "data": each["data"],
            }
            for each in self.emulator.buses.events(self.id, pattern)
        ]


@pytest.fixture
def bus(emulator: Emulator) -> Bus:
    return Bus(emulator, emulator.buses.create("reports"))


@pytest.mark.parametrize("keeps_id", [True, False])
def test_nothing_of_the_event_is_lost_on_an_event_bus(bus: Bus, keeps_id: bool) -> None:
    bus.emulator.options.eb_keeps_id = keeps_id
    bus.emulator.options.eb_needs_region = True
    odd = report("zwölf Boxkämpfer 已暂停 \ud83d \x00", body='{"a": "\\u0000"}')
    assert sent(bus.address, odd, tencent(bus.emulator)) == 1
    assert bus.received() == json.loads(json.dumps(odd.events(10**6)))
    (event,) = bus.emulator.buses.events(bus.id)
    assert (event["id"] == "r1") is keeps_id
    assert event["time"] == "1795474800000"
    (entry,) = bus.emulator.journal.entries
    assert (entry.service, entry.action, entry.region) == ("eb", "PutEvents", "ap-guangzhou")


def test_the_rules_of_an_event_bus_can_go_by_status_action_and_source(bus: Bus) -> None:
    sent(bus.address, report(), tencent(bus.emulator))
    patterns: list[tuple[dict[str, Any], bool]] = [
        ({"data": {"status": ["failed", "partial", "rejected"]}}, True),
        ({"data": {"status": ["succeeded"]}}, False),
        ({"data": {"status": ["rejected"], "action": ["pause"]}}, True),
        ({"data": {"status": ["rejected"], "action": ["resume"]}}, False),
        ({"type": ["callout.quiet-hours.report.v1"], "source": ["/callout-quiet-hours/f"]}, True),
    ]
    for pattern, passes in patterns:
        assert len(bus.received(pattern)) == passes, pattern


def test_publishing_to_an_event_bus_is_tried_again(bus: Bus) -> None:
    bus.emulator.faults.script([faults.THROTTLED, faults.RESET], action="PutEvents")
    assert sent(bus.address, report(), tencent(bus.emulator)) == 1
    assert bus.received() == report().events(10**6)
    assert bus.emulator.journal.count("PutEvents") == 3


def test_an_event_whose_reply_was_lost_comes_twice_and_can_be_told_by_its_id(bus: Bus) -> None:
    bus.emulator.options.eb_keeps_id = False
    bus.emulator.faults.script([faults.LOST_REPLY], action="PutEvents")
    sent(bus.address, report(), tencent(bus.emulator))
    first, second = bus.received()
    assert first == second


@pytest.mark.parametrize(
    "fault", [faults.INTERNAL_ERROR, faults.error("InternalError.System"), faults.HTTP_500]
)
def test_an_event_bus_out_of_order_for_long_is_told_with_the_report_in_the_log(
    bus: Bus, fault: faults.Fault, caplog: pytest.LogCaptureFixture
) -> None:
    bus.emulator.faults.add(fault, action="PutEvents")
    with pytest.raises(PublishError, match=rf"not published to {bus.address}: .*; it is in the log"):
        sent(bus.address, report(), tencent(bus.emulator))
    assert bus.emulator.journal.count("PutEvents") == 3
    (record,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert record.report == report().data()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("ResourceNotFound.EventBus", Meaning.OBJECT),
        ("InvalidParameterValue.EventBusId", Meaning.OBJECT),
        ("InvalidParameterValue.InvalidEvent", Meaning.OBJECT),
        ("InvalidAction", Meaning.HALT),
        ("AuthFailure.TokenFailure", Meaning.HALT),
        ("UnauthorizedOperation.CAM", Meaning.HALT),
        ("OperationDenied.AccountNotExists", Meaning.HALT),
        ("LimitExceeded.BannedAccount", Meaning.UNKNOWN),
        ("LimitExceeded.ResourceLimit", Meaning.UNKNOWN),
    ],
)
def test_what_cannot_pass_is_not_tried_again(bus: Bus, code: str, meaning: Meaning) -> None:
    bus.emulator.faults.add(faults.error(code), action="PutEvents")
    where = tencent(bus.emulator)
    with pytest.raises(PublishError, match=code) as told:
        sent(bus.address, report(), where)
    assert isinstance(told.value.__cause__, CloudError)
    assert told.value.__cause__.meaning is meaning
    assert bus.emulator.journal.count("PutEvents") == 1


def test_an_event_bus_that_is_not_there_is_told_at_once_with_the_report_in_the_log(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(PublishError, match=r"ResourceNotFound.*does not exist, or no rule is set on it"):
        sent("eventbridge:eb-gone", report(), tencent(emulator))
    assert emulator.journal.count("PutEvents") == 1
    (record,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert record.report == report().data()  # type: ignore[attr-defined]


def test_an_event_bus_without_a_region_is_told_what_is_missing(bus: Bus) -> None:
    bus.emulator.options.eb_needs_region = True
    where = tencent(bus.emulator)._replace(region=None)
    with pytest.raises(PublishError, match=r"MissingParameter: .*`Region`"):
        sent(bus.address, report(), where)


def test_an_event_bus_without_credentials_or_with_wrong_ones_is_told(bus: Bus) -> None:
    with pytest.raises(PublishError, match="NoCredentials"):
        sent(bus.address, report(), Destination("", bus.emulator.url, None, lambda refresh: None))
    with pytest.raises(PublishError, match=r"AuthFailure.SignatureFailure.*hint: .*TENCENTCLOUD_SECRET_KEY"):
        sent(bus.address, report(), tencent(bus.emulator, WRONG_CREDENTIALS))
    assert bus.received() == []


@pytest.mark.parametrize("text", ["x", "ü", "续", '"', "\\", "\x00", "\ud83d"], ids=ascii)
def test_a_report_over_the_limit_of_an_event_bus_comes_in_parts_that_can_be_put_together(
    bus: Bus, text: str
) -> None:
    long = report(body=text * 50_000, count=3)
    count = sent(bus.address, long, tencent(bus.emulator))
    parts = bus.received()
    assert count == len(parts) > 1
    assert [part["data"]["part"]["number"] for part in parts] == list(range(1, count + 1))
    assert {part["data"]["part"]["report"] for part in parts} == {"r1"}
    assert len({part["id"] for part in parts}) == count
    errors = [error for part in parts for error in part["data"]["errors"]]
    sent_text = text.encode("utf-8", "backslashreplace").decode()  # half of a surrogate pair as its escape
    for number in range(3):
        body = "".join(e["body"] or "" for e in errors if e["message_id"] == f"m{number}")
        assert body == sent_text * 50_000, "not as it was sent"


def test_the_largest_part_there_can_be_is_taken_by_an_event_bus(bus: Bus) -> None:
    event = report().events(10**6)[0]
    event["data"]["text"] = ""
    event["data"]["text"] = "x" * (EventBridge.limit - len(encoded(event)))
    target = EventBridge(bus.id, bus.emulator.url, "ap-guangzhou", CREDENTIALS)
    target.publish(event, report(), 5)
    assert bus.received() == [event]
    event["data"]["text"] += "x" * 5_000
    with pytest.raises(CloudError, match=r"InvalidEvent: .* 65536 are the most"):
        target.publish(event, report(), 5)


def test_standard_output_gets_the_event_as_lines_that_a_log_service_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    count = sent("stdout:", report(body="ü" * 20_000), NOWHERE)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == count > 1
    assert all(len(line.encode()) < 8 * 1024 for line in lines)
    assert all(json.loads(line)["specversion"] == "1.0" for line in lines)
