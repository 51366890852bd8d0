"""Each fault x each API x how often: every task is paused or told of, and nobody is told a lie."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest

from handler.cloud.pacing import Backoff
from handler.errors import PublishError, UnfinishedError
from local.emulator import Emulator, Fault, Kind, faults
from tests.support import APP, DESCRIBE, LIST, PAUSE

from .harness.function import Function
from .harness.subscriber import BusSubscriber, CmqSubscriber, Subscriber

TOPIC = "reports"
NAME = "by-name"
PAUSABLE: Mapping[int | str, int] = {101: 101, 102: 102, 103: 103, NAME: 108}
"""What the messages call the tasks that run, and their ids."""
STATES = {101: 1, 102: 1, 103: 1, 108: 1, 104: 5, 105: 2, 106: 4, 107: 0}
UNKNOWN = 199
NOT_NAMED = {201: 1, 202: 0, 16498: 1, 16499: 1, 16500: 1}
MESSAGES: Mapping[str, list[int | str]] = {
    "m0": [101, 104, NAME],
    "m1": [102, 105, 106, 107],
    "m2": [103, UNKNOWN],
}

PUBLISH: Mapping[str, str] = {"cmq": "PublishCmqMsg", "eventbridge": "PutEvents"}
"""How a report is published, by the kind of the topic."""
APIS = (PAUSE, DESCRIBE, LIST, *PUBLISH.values())
CODES = (
    "RequestLimitExceeded",
    "InternalError",
    "InternalError.DBError",
    "ServiceUnavailable",
    "UnsupportedOperation",
    "InvalidParameterValue",
    "FailedOperation.CurStateNotAllowModify",
    "ResourceNotFound",
    "AuthFailure.SignatureFailure",
    "UnauthorizedOperation",
    "NobodyKnows.ThisCode",
)
SECONDS = {"latency": 0.02, "refused": 0.05, "stall": 60.0, "drip": 0.0}
"""What the named faults last here; only the stall is longer than anybody waits."""
FAULTS: Mapping[str, Fault] = {
    **{
        name: Fault(each.kind, SECONDS.get(name, 0.0), each.code)
        for name, each in faults.NAMED.items()
        if each.kind is not Kind.ERROR  # they are among the codes
    },
    **{code: faults.error(code) for code in CODES},
}
PASSING = frozenset(FAULTS) - set(CODES[4:]) - {"stall", "refused", "other_content_type"}
"""What is over before the attempts are: met once, it does no harm at all."""
TRIGGERS = ("sqs", "ckafka", "invocation")
FREQUENCIES: Mapping[str, Mapping[str, Any]] = {
    "once": {"times": 1},
    "half_of_the_time": {"probability": 0.5, "seed": 20261123},
    "always": {},
}


@dataclass
class Told:
    """All that can be heard of one invocation: by the trigger, the subscriber, in the log."""

    report: dict[str, Any]
    failed_ids: list[str] | None
    error: Exception | None
    delivered: list[dict[str, Any]]
    logged: list[dict[str, Any]]
    so_far: list[dict[str, Any]]
    unfinished: set[int | str] = field(init=False)

    def __post_init__(self) -> None:
        self.unfinished = {
            key(task) for task in self.report["tasks"] if task["outcome"] in {"failed", "deferred"}
        }


def key(task: Mapping[str, Any]) -> int | str:
    """Give what a message called the task of a report's entry."""
    return NAME if task["name"] == NAME else int(task["task_id"])


def event(trigger: str) -> dict[str, Any]:
    bodies = {message: json.dumps({"tasks": tasks}) for message, tasks in MESSAGES.items()}
    if trigger == "sqs":
        return {
            "Records": [
                {"messageId": message, "body": body, "eventSource": "aws:sqs"}
                for message, body in bodies.items()
            ]
        }
    if trigger == "ckafka":
        return {
            "Records": [
                {"Ckafka": {"topic": "t", "partition": 0, "offset": number, "msgBody": body}}
                for number, body in enumerate(bodies.values())
            ]
        }
    return {"tasks": [task for tasks in MESSAGES.values() for task in tasks]}


class Observed(Function):
    """The function with all that becomes known of each of its invocations. It has a topic of each kind."""

    def __init__(self, emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
        self.subscribers: dict[str, Subscriber] = {
            "cmq": CmqSubscriber(emulator, TOPIC),
            "eventbridge": BusSubscriber(emulator, TOPIC),
        }
        super().__init__(
            emulator,
            self.subscribers["cmq"],
            fixed_wall=False,
            backoff=Backoff(attempts=3, jitter=lambda: 0.5),
        )
        self.capsys = capsys
        self.so_far: list[dict[str, Any]] = []
        self.stack = ExitStack()
        self.refuse_when_publishing = False

    def invoke(self, trigger: str | Mapping[str, Any], *, seconds: float = 60.0, pace: float = 20) -> Told:
        """Invoke once, with `seconds` until the deadline, and return what became known."""
        reports: list[Any] = []

        def seen(report: Any) -> None:
            reports.append(report.data())
            if self.refuse_when_publishing:
                self.stack.enter_context(self.emulator.refusing())

        answer, error = None, None
        self.capsys.readouterr()
        try:
            answer = self(
                event(trigger) if isinstance(trigger, str) else trigger,
                context={"time_limit_in_ms": seconds * 1000},
                seen=seen,
                callout_requests_per_second=pace,
            )
        except (UnfinishedError, PublishError) as caught:
            error = caught
        (report,) = reports
        self.so_far.append(json.loads(json.dumps(report)))
        return Told(
            report=self.so_far[-1],
            so_far=list(self.so_far),
            failed_ids=[each["itemIdentifier"] for each in answer["batchItemFailures"]]
            if answer and trigger == "sqs"
            else None,
            error=error,
            delivered=self.received(),
            logged=[
                json.loads(record["report"])
                for record in records(self.capsys.readouterr().out)
                if record["level"] == "ERROR"
            ],
        )

    def heal(self) -> None:
        """Let everything go well again, now."""
        self.emulator.faults.clear()
        if any(entry.fault == "refused" for entry in self.emulator.journal.entries):
            with self.emulator.refusing():
                pass  # it listens afterwards

    def states(self) -> dict[int, int]:
        return {task.task_id: task.state for task in self.emulator.tasks.of(APP)}


@pytest.fixture
def function(emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> Iterator[Observed]:
    for task_id, state in (STATES | NOT_NAMED).items():
        emulator.tasks.add(
            task_id=task_id,
            sdk_app_id=APP,
            state=state,
            name=NAME if task_id == PAUSABLE[NAME] else f"task-{task_id}",
            not_before=int(time.time()) + 86_400 if state == 0 else 0,
        )
    made = Observed(emulator, capsys)
    with made.stack:
        yield made


def records(out: str) -> Iterator[dict[str, Any]]:
    """Give the log's records; those in numbered pieces are joined, as docs/operations.md says."""
    text = ""
    for line in out.splitlines():
        assert len(line.encode()) <= 8_000
        record = json.loads(line)
        if "parts" in record:
            text += record["text"]
            if record["part"] < record["parts"]:
                continue
            record, text = json.loads(text), ""
        yield record


def check(function: Observed, trigger: str, told: Told) -> None:
    """Assert what holds whatever fails."""
    states = function.states()
    named = {each for tasks in MESSAGES.values() for each in tasks}
    entries = {key(task): task for task in told.report["tasks"]}
    assert entries.keys() == named, "every task is reported, and nothing else is"
    assert len(told.report["tasks"]) == len(named), "none is reported twice"
    # Only what was named, and could be paused, has changed.
    for task_id, before in (STATES | NOT_NAMED).items():
        possible = {1, 5} if task_id in PAUSABLE.values() else {before}
        assert states[task_id] in possible
    for each, task in entries.items():
        honest(task, None if each == UNKNOWN else states[PAUSABLE.get(each) or int(each)])
    the_trigger_hears_the_truth(trigger, told)
    whole_in_the_topic_or_the_log(told)


def honest(task: Mapping[str, Any], state: int | None) -> None:
    """Assert that an outcome is true of a task in this state, and comes with its cause."""
    allowed: Mapping[str, set[int | None]] = {
        "paused": {5},
        "already_paused": {5},
        "finished": {2, 3, 4},
        "not_started": {0},
        "not_found": {None},
        "not_allowed": {None},
        "failed": {0, 1, 2, 3, 4, 5, None},
        "deferred": {0, 1, 2, 3, 4, 5, None},
    }
    assert state in allowed[task["outcome"]], json.dumps(task)
    assert task["reason"]
    if task["outcome"] in {"failed", "not_found", "not_allowed"} and task["error"] is None:
        raise AssertionError(f"no cause: {task}")
    if task["outcome"] == "failed":
        assert task["error"]["code"]
        assert task["error"]["message"]


def the_trigger_hears_the_truth(trigger: str, told: Told) -> None:
    """Assert that it is told to come back for what is unfinished or unheard, and for nothing else."""
    if isinstance(told.error, PublishError):
        return
    if trigger == "sqs":
        wanted = [message for message, tasks in MESSAGES.items() if told.unfinished & set(tasks)]
        assert told.failed_ids == wanted
        assert told.error is None
    else:
        assert isinstance(told.error, UnfinishedError) == bool(told.unfinished)
    if told.error is not None:
        assert any(f"task {each} " in str(told.error) for each in told.unfinished | {PAUSABLE[NAME]})


def whole_in_the_topic_or_the_log(told: Told) -> None:
    if isinstance(told.error, PublishError):
        assert told.logged == [told.report]
    else:
        assert told.logged == []
        assert any(each["data"] == told.report for each in told.delivered), "an answer without a report"
    # A lost reply may bring it twice, and a request that was given up may arrive after all, later.
    assert all(each["data"] in told.so_far for each in told.delivered)
    of_this = {each["id"] for each in told.delivered if each["data"] == told.report}
    assert len(of_this) <= 1, "so that the subscriber can tell"


def test_no_fault_of_the_emulator_is_left_out() -> None:
    assert {(each.kind, each.code) for each in faults.NAMED.values()} <= {
        (each.kind, each.code) for each in FAULTS.values()
    }


CASES = [
    pytest.param(fault, api, frequency, TRIGGERS[number % len(TRIGGERS)], id=f"{fault}-{api}-{frequency}")
    for number, (fault, api, frequency) in enumerate(product(FAULTS, APIS, FREQUENCIES))
]


@pytest.mark.parametrize(("fault", "api", "frequency", "trigger"), CASES)
def test_every_task_is_paused_or_told_of_and_the_next_delivery_finishes(
    function: Observed, fault: str, api: str, frequency: str, trigger: str
) -> None:
    function.emulator.faults.add(FAULTS[fault], action=api, **FREQUENCIES[frequency])
    function.publish_to(function.subscribers["eventbridge" if api == PUBLISH["eventbridge"] else "cmq"])
    hurried = fault == "stall"
    told = function.invoke(trigger, seconds=0.3 if hurried else 60.0, pace=500 if hurried else 20)
    check(function, trigger, told)
    if fault not in {"stall", "refused"} and api not in PUBLISH.values():
        assert not isinstance(told.error, PublishError), "the report is heard when the topic works"
    if frequency == "once" and fault in PASSING:
        assert told.unfinished == set()
        assert told.error is None
        assert all(function.states()[task_id] == 5 for task_id in PAUSABLE.values())

    if told.error or told.failed_ids:
        function.heal()
        again = function.invoke(trigger)
        check(function, trigger, again)
        assert again.unfinished == set()
        assert again.error is None
    assert all(function.states()[task_id] == 5 for task_id in PAUSABLE.values())


def test_connections_that_are_refused_from_first_to_last_leave_the_report_in_the_log(
    function: Observed,
) -> None:
    with function.emulator.refusing():
        told = function.invoke("sqs")
    check(function, "sqs", told)
    assert isinstance(told.error, PublishError)
    assert set(told.report["summary"]) == {"failed"}
    assert function.states() == STATES | NOT_NAMED
    assert function.emulator.journal.entries == []


@pytest.mark.parametrize("kind", PUBLISH)
@pytest.mark.parametrize("trigger", TRIGGERS)
def test_connections_that_are_refused_when_publishing_leave_the_tasks_paused_and_the_report_in_the_log(
    function: Observed, trigger: str, kind: str
) -> None:
    function.publish_to(function.subscribers[kind])
    function.refuse_when_publishing = True
    told = function.invoke(trigger)
    check(function, trigger, told)
    assert isinstance(told.error, PublishError)
    assert told.report["summary"]["paused"] == len(PAUSABLE)


@pytest.mark.parametrize("code", ["UnsupportedOperation", "InvalidParameterValue", "ResourceNotFound"])
def test_a_task_whose_state_cannot_be_read_is_never_said_to_be_missing(function: Observed, code: str) -> None:
    """What refuses the pause may be that the task is paused, or that it is not there: nobody could see."""
    for api in (DESCRIBE, LIST):
        function.emulator.faults.add(faults.HTTP_500, action=api)
    function.emulator.faults.add(faults.error(code), action=PAUSE)
    told = function.invoke("sqs")
    check(function, "sqs", told)
    assert told.report["summary"] == {"failed": 9}


@pytest.mark.parametrize("kind", PUBLISH)
@pytest.mark.parametrize(
    "fault", ["lost_reply", "http_500", "RequestLimitExceeded", "AuthFailure.SignatureFailure"]
)
def test_a_report_too_long_for_a_line_stands_in_the_log_in_pieces_that_join(
    function: Observed, fault: str, kind: str
) -> None:
    function.publish_to(function.subscribers[kind])
    many = range(1_000, 1_060)
    for task_id in many:
        function.emulator.tasks.add(task_id=task_id, sdk_app_id=APP, state=5)
    function.emulator.faults.add(FAULTS[fault], action=PUBLISH[kind])
    told = function.invoke({"tasks": list(many)}, pace=500)
    assert isinstance(told.error, PublishError)
    assert told.logged == [told.report]
    assert len(told.report["tasks"]) == len(many)
    assert len(json.dumps(told.report)) > 16_000, "more than two lines of the log"


@pytest.mark.parametrize("kind", PUBLISH)
def test_faults_of_every_kind_at_once_never_make_it_lie(function: Observed, kind: str) -> None:
    function.publish_to(function.subscribers[kind])
    for number, fault in enumerate(sorted(PASSING - {"latency"})):
        function.emulator.faults.add(FAULTS[fault], probability=0.04, seed=number)
    for _ in range(12):
        told = function.invoke("sqs", pace=500)
        check(function, "sqs", told)
    function.heal()
    told = function.invoke("sqs")
    assert told.unfinished == set()
    assert all(function.states()[task_id] == 5 for task_id in PAUSABLE.values())
