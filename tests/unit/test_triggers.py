"""A trigger event becomes messages, and their fates are told to the trigger."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import triggers
from handler.errors import RejectedError, UnfinishedError
from handler.messages.request import Request, parse
from handler.report.report import in_a_line
from handler.triggers.delivery import Delivery, Fate, Message, OnFailure
from handler.triggers.tencent import KEYS

ROOT = Path(__file__).parents[2]
SAMPLES: dict[str, Any] = json.loads((ROOT / "tests/samples.json").read_text(encoding="utf-8"))
FILES = sorted(path.stem for path in (ROOT / "events").glob("*.json"))


def sample(name: str) -> Any:
    return json.loads((ROOT / f"events/{name}.json").read_text(encoding="utf-8"))


def test_every_sample_has_an_expectation() -> None:
    assert sorted(SAMPLES) == FILES


@pytest.mark.parametrize("name", FILES)
def test_a_sample_is_read_as_its_trigger_with_the_requests_it_holds(name: str) -> None:
    delivery = triggers.read(sample(name))
    assert delivery.trigger == SAMPLES[name]["trigger"]
    assert [parse(message.body) for message in delivery.messages] == [
        parse(request) for request in SAMPLES[name]["requests"]
    ]


def timer(**fields: Any) -> dict[str, Any]:
    return {"Type": "Timer", "TriggerName": "every-five-minutes", "Time": "2026-11-24T02:00:00Z"} | fields


@pytest.mark.parametrize("event", [timer(), timer(Message=""), timer(Message=None), timer(Message=" \n")])
def test_a_timer_without_a_message_asks_for_everything(event: dict[str, Any]) -> None:
    (message,) = triggers.read(event).messages
    assert parse(message.body) == parse({})


def test_scheduler_without_an_input_sends_its_detail_as_text() -> None:
    event = sample("aws-eventbridge-rule") | {"source": "aws.scheduler", "detail": "{}"}
    assert triggers.read(event).messages[0].body == "{}"


def test_an_event_of_ones_own_on_eventbridge_holds_the_request_as_detail() -> None:
    event = sample("aws-eventbridge-rule") | {
        "source": "campaigns",
        "detail-type": "Pause",
        "detail": {"tasks": [1]},
    }
    delivery = triggers.read(event)
    assert (delivery.trigger, delivery.messages[0].body) == ("eventbridge", {"tasks": [1]})


@pytest.mark.parametrize("data", [{"tasks": [1]}, '{"tasks": [1]}'])
def test_an_event_of_ones_own_on_tencent_eventbridge_holds_the_request_as_data(data: Any) -> None:
    event = sample("scf-eventbridge-tdmq") | {"type": "campaign:pause", "data": data}
    assert parse(triggers.read(event).messages[0].body) == parse({"tasks": [1]})


def test_an_empty_invocation_asks_for_everything() -> None:
    assert triggers.read({}) == Delivery("invocation", (Message("", {}),))


@pytest.mark.parametrize(
    "body",
    [
        '{"Type": "Notification", "tasks": [1]}',
        '"Notification"',
        '["Notification"]',
        '{"Type": "Notification" "TopicArn"',
    ],
)
def test_a_queue_message_that_only_looks_like_sns_stays_as_it_is(body: str) -> None:
    event = sample("aws-sqs-sns")
    event["Records"][0]["body"] = body
    assert triggers.read(event).messages[0].body == body


BATCHES = {
    "scf-ckafka": ("Records", "Ckafka"),
    "scf-cmq": ("Records", "CMQ"),
    "scf-eventbridge-tdmq-batch": ("EventList", "specversion"),
    "aws-sqs": ("Records", "messageId"),
    "aws-sns": ("Records", "Sns"),
}
HALF = "\ud800"
DEEP: Any = []
for _ in range(5_000):
    DEEP = [DEEP]
BROKEN: list[Any] = [
    None, {}, [], 7, math.nan, "text", [1], True, {"Kafka": {}}, {"Ckafka": None}, {"Ckafka": {}}, {"CMQ": 1},
    {"Ckafka": {"msgBody": None}}, {"CMQ": {"msgId": 1}}, {"eventSource": "aws:sqs"}, {HALF: HALF}, DEEP,
    {"eventSource": "aws:sqs", "messageId": None}, {"eventSource": "aws:sqs", "messageId": "", "body": "{}"},
    {"EventSource": "aws:sns", "Sns": DEEP}, {"specversion": "1.0"},
]  # fmt: skip


@pytest.mark.parametrize("name", BATCHES)
@pytest.mark.parametrize("where", [0, 1, 2])
@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_a_broken_record_is_rejected_by_itself_wherever_it_stands_and_leaves_the_others(
    name: str, where: int, number: int
) -> None:
    event = sample(name)
    key, _ = BATCHES[name]
    good = event[key][0]
    event[key] = [good, good]
    event[key].insert(where, BROKEN[number])
    read = triggers.read(event)
    assert read.trigger == SAMPLES[name]["trigger"]
    messages = list(read.messages)
    broken = messages.pop(where)
    assert broken.fault
    assert broken.record is BROKEN[number]
    assert [parse(message.body) for message in messages] == [parse(SAMPLES[name]["requests"][0])] * 2
    with pytest.raises(RejectedError):
        parse(broken.body)


@pytest.mark.parametrize("field", BATCHES.values())
def test_a_batch_of_ckafka_or_cmq_without_one_good_record_is_still_known_by_its_key(
    field: tuple[str, str],
) -> None:
    if field[1] not in {"Ckafka", "CMQ"}:
        return
    (message,) = triggers.read({field[0]: [{field[1]: math.nan}]}).messages
    assert message.fault == f'a record with an object {field[1]} is wanted, not {{"{field[1]}": NaN}}'


ODD = [None, True, 1.5, math.nan, 10**5_000, DEEP, [], {}, HALF]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("field", ["topic", "partition", "offset", "msgKey"])
def test_whatever_a_kafka_record_is_called_its_message_is_read(field: str, odd: Any) -> None:
    record = {"topic": "t", "partition": 0, "offset": 7, "msgBody": "{}"} | {field: odd}
    (message,) = triggers.read({"Records": [{"Ckafka": record}]}).messages
    assert message.fault is None
    assert parse(message.body) == parse({})
    assert message.unique == (field != "offset"), "without an offset the id tells nothing apart"


def test_an_offset_may_be_a_text() -> None:
    record = {"topic": "t", "partition": "0", "offset": "36", "msgBody": "{}"}
    assert triggers.read({"Records": [{"Ckafka": record}]}).messages == (
        Message("t/0/36", "{}", unique=True),
    )


def test_a_kafka_message_is_known_by_topic_partition_and_offset() -> None:
    ids = [message.id for message in triggers.read(sample("scf-ckafka")).messages]
    assert ids == ["callout-requests/1/36", "callout-requests/1/37"]


NOT_UNDERSTOOD: list[tuple[Any, str]] = [
    (None, "a NoneType, where an object is wanted"),
    ([], "a list, where an object is wanted"),
    ("{}", "a str, where an object is wanted"),
    ({"foo": 1, "bar": 2}, "an object with the keys 'foo', 'bar'"),
    ({"Records": []}, "an object whose Records are empty"),
    ({"Records": "x"}, "an object with the keys 'Records'"),
    ({"Records": [{"eventSource": "aws:s3"}]}, "an object whose Records are from 'aws:s3'"),
    ({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}, "an object whose Records are from 'aws:sqs'"),
    ({"Records": [{"EventSource": "aws:sns", "Sns": "x"}]}, "an object whose Records are from 'aws:sns'"),
    ({"Records": [{"Kafka": {}}]}, "an object whose Records are with the keys ['Kafka']"),
    ({"Records": [1, "x"]}, "an object whose Records are of type int and of type str"),
    ({"EventList": []}, "an object with the keys 'EventList'"),
    ({"EventList": [{"id": "1"}]}, "an object with the keys 'EventList'"),
    ({"Type": "Timer"}, "an object with the keys 'Type'"),
    ({"detail-type": "x", "source": "y"}, "an object with the keys 'detail-type', 'source'"),
]


@pytest.mark.parametrize(("event", "seen"), NOT_UNDERSTOOD)
def test_another_event_is_refused_with_what_was_seen_and_what_is_understood(event: Any, seen: str) -> None:
    with pytest.raises(RejectedError) as refused:
        triggers.read(event)
    text = str(refused.value)
    assert f"this event is not understood: {seen}. Understood are: SCF timer" in text
    assert "CKafka" in text
    assert "SQS" in text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
keys = st.sampled_from(
    (
        "Records EventList Type TriggerName Message detail-type source detail Sns eventSource EventSource "
        "messageId body Ckafka CMQ msgBody specversion data type"
    ).split()
)
values = st.sampled_from(["Timer", "aws:sqs", "aws:sns", "Notification"]) | json_values
near_events = st.recursive(
    values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner), max_leaves=20
)


@given(json_values | near_events)
def test_any_event_at_all_is_messages_or_a_refusal(event: Any) -> None:
    try:
        delivery = triggers.read(event)
    except RejectedError as refused:
        assert all(refused.problems)
    else:
        assert delivery.messages


REPORT = {
    "status": "partial",
    "errors": [{"message": "tasks: a list is wanted, not 1"}],
    "tasks": [
        {
            "kind": "task",
            "campaign_id": None,
            "task_id": 1,
            "name": None,
            "outcome": "failed",
            "error": {"code": "NoAnswer", "message": "reset"},
        },
        {
            "kind": "task",
            "campaign_id": None,
            "task_id": None,
            "name": "spring",
            "outcome": "deferred",
            "error": None,
        },
        {"kind": "task", "campaign_id": None, "task_id": 3, "name": None, "outcome": "paused", "error": None},
    ],
}


def answer(on_failure: OnFailure, *fates: Fate, report: Any = REPORT, ids: str = "m{}") -> Any:
    """Return what a trigger is told of messages with these fates."""
    pairs = [(Message(ids.format(number), "{}"), fate) for number, fate in enumerate(fates)]
    return Delivery("x", tuple(message for message, _ in pairs), on_failure).answer(
        pairs, report, in_a_line(report)
    )


def test_sqs_is_told_the_ids_of_what_failed_or_was_no_request() -> None:
    told = answer(OnFailure.RETURN_IDS, Fate.DONE, Fate.RETRY, Fate.REJECTED)
    assert told == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m2"}]}


@pytest.mark.parametrize("ids", ["", "\ud800{}", "x" * 1_000 + "{}", "\n{}"])
def test_sqs_is_told_by_raising_of_a_message_that_no_id_can_name(ids: str) -> None:
    assert answer(OnFailure.RETURN_IDS, Fate.DONE, ids=ids) == {"batchItemFailures": []}
    with pytest.raises(UnfinishedError, match="partial: tasks: a list is wanted"):
        answer(OnFailure.RETURN_IDS, Fate.DONE, Fate.REJECTED, ids=ids)


@pytest.mark.parametrize("fate", [Fate.RETRY, Fate.REJECTED])
def test_an_asynchronous_trigger_is_told_by_raising(fate: Fate) -> None:
    with pytest.raises(UnfinishedError) as told:
        answer(OnFailure.RAISE, Fate.DONE, fate)
    assert str(told.value) == (
        "partial: tasks: a list is wanted, not 1; task 1 failed (NoAnswer: reset); task spring deferred"
    )


def test_ckafka_is_told_by_raising_only_what_can_be_tried_again() -> None:
    assert answer(OnFailure.RAISE_TO_RETRY, Fate.DONE, Fate.REJECTED) == REPORT
    with pytest.raises(UnfinishedError):
        answer(OnFailure.RAISE_TO_RETRY, Fate.REJECTED, Fate.RETRY)


@pytest.mark.parametrize("on_failure", [OnFailure.RAISE, OnFailure.RAISE_TO_RETRY])
def test_success_is_answered_with_the_report(on_failure: OnFailure) -> None:
    assert answer(on_failure, Fate.DONE) == REPORT


def test_the_reason_told_stays_short_however_much_failed_and_however_much_each_says() -> None:
    task = {
        "kind": "task",
        "campaign_id": None,
        "task_id": None,
        "name": "\U0001f319" * 1_000,
        "outcome": "deferred",
        "error": None,
    }
    many = REPORT | {"errors": [{"message": "x" * 6_000}] * 3, "tasks": [task] * 97}
    with pytest.raises(UnfinishedError, match="and 95 more") as told:
        answer(OnFailure.RAISE, Fate.RETRY, report=many)
    assert len(str(told.value).encode()) < 4_000


@pytest.mark.parametrize(
    ("many", "more"), [(1, ""), (5, ""), (6, "; and 1 more"), (1_206, "; and 1,201 more")]
)
def test_a_trigger_is_told_five_reasons_and_how_many_more_there_are(many: int, more: str) -> None:
    tasks = [
        {
            "kind": "task",
            "campaign_id": None,
            "task_id": n,
            "name": None,
            "outcome": "deferred",
            "error": None,
        }
        for n in range(1, many + 1)
    ]
    with pytest.raises(UnfinishedError) as told:
        answer(OnFailure.RAISE, Fate.RETRY, report=REPORT | {"errors": [], "tasks": tasks})
    shown = "; ".join(f"task {number} deferred" for number in range(1, min(many, 5) + 1))
    assert str(told.value) == f"partial: {shown}{more}"


def test_a_reason_that_a_trigger_is_told_loses_its_middle_beyond_three_hundred_characters() -> None:
    for message, reason in (
        ("x" * 300, "x" * 300),
        ("x" * 200 + "y" + "z" * 100, "x" * 200 + "…" + "z" * 100),
    ):
        with pytest.raises(UnfinishedError) as told:
            answer(
                OnFailure.RAISE, Fate.RETRY, report=REPORT | {"errors": [{"message": message}], "tasks": []}
            )
        assert str(told.value) == f"partial: {reason}"


def test_an_id_of_two_hundred_characters_can_be_told_and_a_longer_one_cannot() -> None:
    told = answer(OnFailure.RETURN_IDS, Fate.RETRY, ids="x" * 200)
    assert told == {"batchItemFailures": [{"itemIdentifier": "x" * 200}]}
    with pytest.raises(UnfinishedError):
        answer(OnFailure.RETURN_IDS, Fate.RETRY, ids="x" * 201)


@pytest.mark.parametrize(
    ("part", "text"), [(7, "7"), ("7", "7"), (True, "?"), (None, "?"), (7.0, "?"), (2**64, "?"), ([7], "?")]
)
def test_a_part_of_an_id_is_a_text_or_a_number(part: Any, text: str) -> None:
    record = {"topic": "t", "partition": part, "offset": 36, "msgBody": "{}"}
    assert triggers.read({"Records": [{"Ckafka": record}]}).messages[0].id == f"t/{text}/36"


@pytest.mark.parametrize(("characters", "unwrapped"), [(999_999, True), (1_200_000, False)])
def test_an_sns_envelope_is_opened_however_its_message_is_escaped_up_to_the_length_of_the_longest(
    characters: int, unwrapped: bool
) -> None:
    message = "\x01" * characters
    event = sample("aws-sqs-sns")
    body = json.dumps({"Type": "Notification", "TopicArn": "arn", "Message": message})
    event["Records"][0]["body"] = body
    assert triggers.read(event).messages[0].body == (message if unwrapped else body)


@pytest.mark.parametrize(
    ("count", "first"),
    [("1", True), ("01", True), ("2", False), ("010", False), ("0", True), ("x", True), (None, True)],
)
def test_a_message_of_sqs_comes_for_the_first_time_unless_it_was_received_before(
    count: Any, first: bool
) -> None:
    event = sample("aws-sqs")
    event["Records"][0]["attributes"] = {"ApproximateReceiveCount": count}
    assert triggers.read(event).messages[0].first is first


def test_the_keys_that_make_an_event_a_request_are_those_of_a_request() -> None:
    names = {"start": "from", "end": "to"}
    assert {names.get(field, field) for field in Request._fields} == KEYS
