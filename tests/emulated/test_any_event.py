"""Whatever arrives, whole events and bodies alike: an answer or a clear refusal, and no call for a refused one."""

from __future__ import annotations

import copy
import io
import json
import math
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler.cloud.pacing import Backoff
from handler.errors import QuietHoursError, RejectedError
from local.emulator import Emulator
from tests.support import APP, PAUSE

from .harness.constants import NOON, TWO_TASKS_POLICY
from .harness.function import Function

NAMED_BY_NOBODY = 16500
SAMPLES = [
    json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parents[2] / "events").glob("*.json"))
]


def deep(levels: int, inside: Any = None, *, lists: bool = True) -> Any:
    """Give a value so many levels deep."""
    for _ in range(levels):
        inside = [inside] if lists else {"tasks": inside}
    return inside


CHARACTERS = st.one_of(
    st.characters(),
    st.sampled_from("\ud800\udfff\x00\x1f\u2028\ufeff\U0001f319"),
    st.characters(codec="ascii"),
)
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=30),
    st.binary(max_size=40).map(lambda raw: raw.decode("latin-1")),
    st.binary(max_size=40).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
    st.sampled_from(["16498", "spring-renewals", "pause", "default", "Timer", "aws:sqs", "x" * 70_000]),
)
NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([0, -1, 16498, 2**63 - 1, 2**63, 10**400, math.nan, math.inf, 16498.0, 1e400]),
)
KEYS = st.one_of(
    TEXTS,
    st.sampled_from(
        """action tasks dry_run task_id sdk_app_id quiet_hours Type TriggerName Message Records Ckafka msgBody CMQ
        EventList specversion type source data id detail detail-type messageId body eventSource EventSource Sns
        offset partition topic attributes ApproximateReceiveCount""".split()
    ),
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)
TASKS = st.one_of(
    st.just(16498),
    st.just("spring-renewals"),
    st.fixed_dictionaries({"task_id": st.just(16499)}, optional={"sdk_app_id": st.just(APP)}),
    VALUES,
)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "action": st.sampled_from(["pause", "resume"]) | VALUES,
        "tasks": st.lists(TASKS, max_size=4) | VALUES,
        "dry_run": st.booleans() | VALUES,
    },
)


def written(value: Any) -> str:
    """Give the JSON text of a value as a careless sender would: NaN, half a surrogate pair and all."""
    return json.dumps(value, ensure_ascii=False)


DAMAGED = st.one_of(
    REQUESTS.map(written).map(lambda text: text.replace('"tasks"', '"tasks": [16500], "tasks"', 1)),
    REQUESTS.map(written).flatmap(lambda text: st.integers(0, len(text)).map(lambda end: text[:end])),
    REQUESTS.map(written).map(lambda text: "\ufeff" + text),
    REQUESTS.map(written).map(lambda text: text.encode("utf-8", "surrogatepass").decode("latin-1")),
    REQUESTS.map(written).map(lambda text: text.encode("utf-16-le", "surrogatepass").decode("latin-1")),
    REQUESTS.map(written).map(written),
)
BODIES = st.one_of(REQUESTS, REQUESTS.map(written), VALUES, VALUES.map(written), TEXTS, DAMAGED)


def timer(body: Any) -> Any:
    return {"Type": "Timer", "TriggerName": "t", "Time": "2026-11-23T12:00:00Z", "Message": body}


def ckafka(body: Any) -> Any:
    return {"Records": [{"Ckafka": {"topic": "t", "partition": 0, "offset": 7, "msgBody": body}}]}


def cmq(body: Any) -> Any:
    return {"Records": [{"CMQ": {"msgId": "1", "msgBody": body}}]}


def tencent_eventbridge(body: Any) -> Any:
    return {"specversion": "1.0", "id": "1", "type": "t", "source": "s", "data": {"msgBody": body}}


def sqs(body: Any) -> Any:
    return {"Records": [{"messageId": "m", "body": body, "eventSource": "aws:sqs", "attributes": {}}]}


def sns(body: Any) -> Any:
    return {"Records": [{"EventSource": "aws:sns", "Sns": {"MessageId": "1", "Message": body}}]}


def sns_in_sqs(body: Any) -> Any:
    return sqs(written({"Type": "Notification", "TopicArn": "arn:aws:sns:::t", "Message": body}))


def aws_eventbridge(body: Any) -> Any:
    return {"detail-type": "d", "source": "s", "id": "1", "detail": body}


def invocation(body: Any) -> Any:
    return body


TRIGGERS: list[Callable[[Any], Any]] = [
    timer, ckafka, cmq, tencent_eventbridge, sqs, sns, sns_in_sqs, aws_eventbridge, invocation,
]  # fmt: skip
SEVERAL = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def hand_over(emulator: Emulator, event: Any) -> str:
    """Let the real handler answer an event, assert what holds for all of them, and return what it printed."""
    emulator.reset()
    function = Function(
        emulator,
        now=NOON,
        backoff=Backoff(attempts=1, jitter=lambda: 1.0),
        callout_policy=TWO_TASKS_POLICY,
        callout_requests_per_second=1000,
        callout_verify=False,
    )
    reports: list[Any] = []
    inspected: list[Any] = []
    answer, refusal = None, None
    with redirect_stdout(io.StringIO()) as printed:
        try:
            answer = function(event, seen=reports.append, inspected=inspected.append)
        except QuietHoursError as error:
            refusal = error
    assert (answer is None) != (refusal is None)
    for found in inspected:
        strict(found.data())
    if inspected and not reports:
        return printed.getvalue()
    (report,) = reports
    assert all(problem.code == "Rejected" for problem in report.problems)
    if report.status == "rejected":
        assert inspected or emulator.journal.entries == []
        assert all(problem.message for problem in report.problems)
    if isinstance(refusal, RejectedError):
        assert report.status == "rejected"
    if refusal is not None:
        assert 0 < len(str(refusal).encode()) < 10_000, "it says why"
    if answer is not None:
        assert len(strict(answer)) <= 1_000_000
    if report.trigger == "ckafka":
        assert answer is not None, "nothing failed, so nothing may block the partition"
    strict(report.data())
    check_lines(printed.getvalue())
    if emulator.journal.count(PAUSE):
        assert {task.task_id for task in emulator.tasks if task.state == 5} <= named(report)
    return printed.getvalue()


def check_lines(printed: str) -> None:
    """Assert that each line of the log is an object of JSON, and short enough."""
    for line in filter(None, printed.split("\n")):
        assert len(line.encode()) <= 8_000
        assert isinstance(json.loads(line), dict)


def strict(value: Any) -> bytes:
    """Return the JSON of a value as the strictest platform writes it."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


def named(report: Any) -> set[int]:
    return {task.target.id for task in report.tasks}


@SEVERAL
@given(trigger=st.sampled_from(TRIGGERS), body=BODIES)
def test_a_message_is_a_request_or_clearly_refused(
    emulator: Emulator, trigger: Callable[[Any], Any], body: Any
) -> None:
    hand_over(emulator, trigger(body))


UNLIKELY_BODIES: dict[str, Any] = {
    "lists, 500 deep": deep(500),
    "lists, 5,000 deep": deep(5_000),
    "objects, 900 deep": deep(900, lists=False),
    "objects, 5,000 deep": deep(5_000, lists=False),
    "a request with tasks 5,000 deep": {"tasks": deep(5_000)},
    "a text of lists, 100,000 deep": "[" * 100_000,
    "a text of objects, 100,000 deep": '{"tasks":' * 100_000,
    "a text of a closed list, 50,000 deep": "[" * 50_000 + "]" * 50_000,
    "a key twice": '{"tasks": [16498], "tasks": [16500]}',
    "a text with a number of 5,000 digits": '{"tasks": [' + "9" * 5_000 + "]}",
    "a number of 5,000 digits": {"tasks": [10**5_000]},
    "a text with an exponent": '{"tasks": [1e400]}',
    "NaN": {"tasks": [math.nan]},
    "a text with NaN": '{"tasks": [NaN]}',
    "a text with -Infinity": '{"tasks": [-Infinity]}',
    "half of a pair": '{"tasks": ["\ud83c"]}',
    "half of a pair, escaped": '{"tasks": ["\\ud83c"]}',
    "UTF-16 read as Latin-1": '{"tasks": [16498]}'.encode("utf-16").decode("latin-1"),
    "a byte order mark": '\ufeff{"tasks": [16498]}',
    "a task 30,000 times": '{"tasks": [16498' + ", 16498" * 30_000 + "]}",
    "300,000 letters": "x" * 300_000,
    "300,000 quotes": '"' * 300_000,
    "a name of 70,000 letters": {"tasks": ["x" * 70_000]},
    "nothing": "",
    "bytes": b'{"tasks": [16498]}',
}


@pytest.mark.parametrize(
    ("what", "trigger"),
    [
        pytest.param(what, trigger, id=f"{what}-{trigger.__name__}")
        for what, body in UNLIKELY_BODIES.items()
        for trigger in TRIGGERS
        if trigger is not sns_in_sqs or isinstance(body, str)  # SNS inside SQS is always text
    ],
)
def test_an_unlikely_message_is_a_request_or_clearly_refused(
    emulator: Emulator, trigger: Callable[[Any], Any], what: str
) -> None:
    hand_over(emulator, trigger(UNLIKELY_BODIES[what]))


RECORDS = st.lists(
    st.one_of(
        VALUES,
        st.fixed_dictionaries({"Ckafka": VALUES}),
        st.fixed_dictionaries({"CMQ": VALUES}),
        st.fixed_dictionaries({"eventSource": st.just("aws:sqs")}, optional={
            "messageId": VALUES, "body": BODIES, "attributes": VALUES
            | st.fixed_dictionaries({"ApproximateReceiveCount": VALUES}),
        }),
        st.fixed_dictionaries({"EventSource": st.just("aws:sns"), "Sns": VALUES}),
        BODIES.map(lambda body: sqs(body)["Records"][0]),
        BODIES.map(lambda body: ckafka(body)["Records"][0]),
    ),
    max_size=3,
)  # fmt: skip
EVENTS = st.one_of(
    VALUES,
    st.fixed_dictionaries({"Records": RECORDS | VALUES}),
    st.fixed_dictionaries({"EventList": VALUES | st.lists(BODIES.map(tencent_eventbridge), max_size=3)}),
    st.fixed_dictionaries({"Type": st.just("Timer")}, optional={"TriggerName": VALUES, "Message": BODIES}),
    st.fixed_dictionaries({"detail-type": VALUES, "source": VALUES}, optional={"detail": BODIES}),
    st.fixed_dictionaries(
        {"specversion": VALUES, "type": VALUES, "source": VALUES}, optional={"data": VALUES, "id": VALUES}
    ),
    st.sampled_from([*TRIGGERS]).flatmap(BODIES.map),
)
CIRCULAR: list[Any] = []
CIRCULAR.append(CIRCULAR)


@SEVERAL
@given(event=EVENTS)
def test_an_event_is_answered_or_clearly_refused(emulator: Emulator, event: Any) -> None:
    hand_over(emulator, event)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every object and list inside a value, each with one of its keys or indexes."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in list(parts):
        yield value, key
        yield from places(part)


@st.composite
def spoilt_samples(draw: st.DrawFn) -> Any:
    """Draw a sample event in which something is replaced, left out, or put in where it does not belong."""
    event = copy.deepcopy(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(event))
        if not found:
            break
        holder, key = draw(st.sampled_from(found))
        how = draw(st.sampled_from(["replace", "remove", "insert"]))
        if how == "remove":
            del holder[key]
        elif how == "insert" and isinstance(holder, list):
            holder.insert(key, draw(VALUES))
        else:
            holder[key] = draw(BODIES)
    return event


@SEVERAL
@given(event=spoilt_samples())
def test_a_spoilt_sample_is_answered_or_clearly_refused(emulator: Emulator, event: Any) -> None:
    hand_over(emulator, event)


def record(**more: Any) -> dict[str, Any]:
    """Give the event of one SQS record whose body is no request."""
    return {"Records": [{"eventSource": "aws:sqs", "messageId": "m", "body": "no"} | more]}


UNLIKELY_EVENTS: dict[str, Any] = {
    "nothing": None,
    "bytes": b"bytes",
    "lists, 5,000 deep": deep(5_000),
    "objects, 5,000 deep": deep(5_000, lists=False),
    "lists, 900 deep, under a key": {"hello": deep(900)},
    "a number of 5,000 digits": {"hello": 10**5_000},
    "a set": {"hello": {1, 2}},
    "a record that is no number": {"Records": [math.nan]},
    "a record of CKafka that is no number": {"Records": [math.nan, {"Ckafka": math.nan}]},
    "nothing but half of a pair": {"Records": [{"Ckafka": {"topic": "\ud800", "msgBody": "\ud800"}}]},
    "a time": {"hello": NOON},
    "keys that are no text": {1: 2, None: 3, (4,): 5},
    "an object within itself": {"hello": CIRCULAR},
    "records within themselves": {"Records": CIRCULAR},
    "half of a pair": {"hello": "\ud800"},
    "half of a pair for a key": {"\ud800": "hello"},
    "half of a pair for an id": record(messageId="\ud800"),
    "a timer's name 5,000 deep": {"Type": "Timer", "TriggerName": deep(5_000), "Message": "no"},
    "a timer's name of 70,000 letters": {"Type": "Timer", "TriggerName": "x" * 70_000, "Message": "no"},
    "an id of 70,000 letters": tencent_eventbridge("no") | {"id": "🌙" * 70_000},
    "a topic 5,000 deep": {"Records": [{"Ckafka": {"topic": deep(5_000), "msgBody": "no"}}]},
    "an offset of 5,000 digits": {"Records": [{"Ckafka": {"offset": 10**5_000, "msgBody": "no"}}]},
    "a source 5,000 deep": {"Records": [{"eventSource": deep(5_000)}]},
    "a receive count of 5,000 digits": record(attributes={"ApproximateReceiveCount": "9" * 5_000}),
    "a receive count 5,000 deep": record(attributes={"ApproximateReceiveCount": deep(5_000)}),
    "a receive count in other digits": record(attributes={"ApproximateReceiveCount": "\u0662"}),
}


@pytest.mark.parametrize("what", UNLIKELY_EVENTS)
def test_an_unlikely_event_is_answered_or_clearly_refused(emulator: Emulator, what: str) -> None:
    hand_over(emulator, UNLIKELY_EVENTS[what])
    assert emulator.journal.entries == []


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda trigger: trigger.__name__)
def test_the_same_shapes_with_a_request_inside_pause_what_it_names(
    emulator: Emulator, trigger: Callable[[Any], Any]
) -> None:
    hand_over(emulator, trigger({"tasks": [16498]}))
    assert emulator.tasks.state(16498) == 5
    assert emulator.tasks.state(NAMED_BY_NOBODY) == 1


def test_what_a_sender_wrote_too_long_is_refused_and_the_report_names_it_by_the_start_of_its_id(
    emulator: Emulator,
) -> None:
    event = tencent_eventbridge({"tasks": ["x" * 70_000]}) | {"id": "i" * 70_000}
    lines = hand_over(emulator, event).splitlines()
    assert emulator.journal.entries == []
    (error, *_) = (error for line in lines for error in json.loads(line).get("data", {}).get("errors", []))
    assert error["message_id"] == "i" * 200
    assert 'a name of at most 1000 characters is wanted, not "xxx' in error["message"]
