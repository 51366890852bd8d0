"""The platform's limit: whatever stalls, the function answers before it, and the report is not lost."""

from __future__ import annotations

import json
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from typing import Any, cast

import boto3
import pytest

from handler.cloud import credentials
from handler.cloud.credentials import Credentials
from handler.cloud.pacing import Backoff, Clock, Deadline
from handler.errors import CloudError, PublishError, QuietHoursError, UnfinishedError
from handler.invocation import Invocation
from handler.main import handle
from handler.output.encoding import size
from handler.report.cloudevents import Measure
from handler.report.entries import Problem
from handler.report.report import Report
from handler.topics.sending import publish
from handler.topics.topic import Destination
from local.emulator import Emulator, faults
from tests.support import APP, ENVIRONMENT

from .harness.clock import SimulatedClock
from .harness.constants import CREDENTIALS

LATE = datetime(2026, 11, 23, 23, 0, tzinfo=timezone.utc)
TOPIC = "arn:aws:sns:us-east-1:123456789012:reports"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ccc-AbCdEf"
PARAMETER = "arn:aws:ssm:us-east-1:123456789012:parameter/ccc"
ANSWERS = {
    "secretsmanager": json.dumps({"SecretString": json.dumps(ENVIRONMENT)}),
    "ssm": json.dumps({"Parameter": {"Value": json.dumps(ENVIRONMENT)}}),
    "sns": "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>",
}


class Aws:
    """A server in the place of AWS whose `mood` is how it treats a connection."""

    def __init__(self) -> None:
        self.mood = "silent"
        self.requests: list[str] = []
        self._stop = threading.Event()
        self._stack = ExitStack()
        self._listener = self._stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def deaf(self) -> str:
        """Return the address of a port where connecting hangs: its backlog is full, and nobody accepts."""
        listener = self._stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            client = self._stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    def close(self) -> None:
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._stack.close()

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                request = b""
                while b"\r\n\r\n" not in request:
                    if not (more := connection.recv(65_536)):
                        return
                    request += more
                head, _, body = request.partition(b"\r\n\r\n")
                _, _, length = head.lower().partition(b"content-length: ")
                while len(body) < int(length.split(b"\r\n")[0]):
                    body += connection.recv(65_536)
                text = head.decode()
                self.requests.append(next(name for name in ANSWERS if f"/{name}/aws4_request" in text))
                self._answer(connection, self.requests[-1])
            except OSError:
                return

    def _answer(self, connection: socket.socket, service: str) -> None:
        if self.mood == "silent":
            self._stop.wait(60)
        elif self.mood == "dripping":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n")
            while not self._stop.wait(0.1):
                connection.sendall(b" ")
        elif self.mood == "hanging up":
            return
        elif self.mood == "throttling":
            body = b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'
            head = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            connection.sendall(head.encode() + body)
        else:
            if self.mood == "slow":
                self._stop.wait(0.2)
            status = "503 Service Unavailable" if self.mood == "broken" else "200 OK"
            body = ANSWERS[service].encode() if self.mood in {"well", "slow"} else b"{<?>"
            head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            connection.sendall(head.encode() + body)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, cold_instance: None) -> Iterator[Aws]:
    server = Aws()
    for name in ("SNS", "SECRETS_MANAGER", "SSM"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{name}", server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-key-of-the-role")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it would keep these keys for the next test
    for name in (
        "sns",
        "secretsmanager",
        "ssm",
    ):  # what a first client imports and reads is not measured here
        boto3.session.Session().client(name, region_name="eu-central-1")
    yield server
    server.close()


class Told:
    """What one run said, and when."""

    def __init__(self, out: str, seconds: float, error: Exception | None) -> None:
        self.seconds, self.error = seconds, error
        self.records = list(joined(out))

    @property
    def unpublished(self) -> dict[str, Any]:
        (record,) = (each for each in self.records if each["message"] == "report not published")
        assert record["level"] == "ERROR"
        return cast("dict[str, Any]", record | {"report": json.loads(record["report"])})


def joined(out: str) -> Iterator[dict[str, Any]]:
    """Return the records of a log; those in numbered pieces are joined, as docs/operations.md says."""
    text = ""
    for line in out.splitlines():
        record = json.loads(line)
        if "parts" in record:
            text += record["text"]
            if record["part"] < record["parts"]:
                continue
            record, text = json.loads(text), ""
        yield record


Run = Callable[..., Told]


@pytest.fixture
def run(emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> Run:
    emulator.limits.default = None
    for task_id in range(1_000, 1_060):
        emulator.tasks.add(task_id=task_id, sdk_app_id=APP, state=1)

    def run(limit: float, event: Any = None, clock: Clock | None = None, **changes: Any) -> Told:
        settings: dict[str, Any] = {
            "callout_quiet_hours": "00:00-24:00",
            "callout_time_zone": "UTC",
            "callout_sdk_app_id": APP,
            "callout_endpoint": emulator.url,
            "callout_region": "ap-guangzhou",
            "callout_topic": TOPIC,
            "callout_requests_per_second": 1000,
        }
        if not changes.get("callout_secret"):
            settings |= {name.lower(): value for name, value in ENVIRONMENT.items()}
        capsys.readouterr()
        error = None
        begun = time.monotonic()
        try:
            handle(
                event or {"tasks": list(range(1_000, 1_060))},
                {"time_limit_in_ms": limit * 1000},
                clock=clock or Clock(),
                **settings | changes,
            )
        except QuietHoursError as caught:
            error = caught
        return Told(capsys.readouterr().out, time.monotonic() - begun, error)

    return run


def is_whole(told: Told, outcomes: set[str]) -> bool:
    tasks = told.unpublished["report"]["tasks"]
    assert {task["outcome"] for task in tasks} <= outcomes
    return sorted(task["task_id"] for task in tasks) == list(range(1_000, 1_060))


@pytest.mark.parametrize("mood", ["silent", "dripping", "deaf"])
def test_a_black_holed_topic_leaves_the_whole_report_in_the_log_before_the_limit(
    aws: Aws, run: Run, monkeypatch: pytest.MonkeyPatch, mood: str
) -> None:
    aws.mood = mood
    if mood == "deaf":
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", aws.deaf())
    told = run(5)
    assert isinstance(told.error, PublishError)
    assert told.seconds < 5
    assert is_whole(told, {"paused", "failed", "deferred"})
    assert told.unpublished["published"] == 0


@pytest.mark.parametrize("limit", [2, 3])
def test_contact_centre_and_topic_may_be_dead_at_once(
    aws: Aws, run: Run, emulator: Emulator, limit: int
) -> None:
    emulator.faults.add(faults.STALL)
    told = run(limit)
    assert isinstance(told.error, PublishError)
    assert told.seconds < limit
    assert is_whole(told, {"failed", "deferred", "paused"})


def test_the_policy_may_be_broken_and_the_topic_dead(aws: Aws, run: Run) -> None:
    told = run(2, callout_time_zone="Nowhere/Land")
    assert isinstance(told.error, PublishError)
    assert told.seconds < 2
    (problem,) = told.unpublished["report"]["errors"]
    assert problem["code"] == "Configuration"
    assert "Nowhere/Land" in problem["message"]


@pytest.mark.parametrize("mood", ["broken", "hanging up"])
def test_a_topic_that_fails_at_once_is_told_after_the_attempts_with_time_left(
    aws: Aws, run: Run, mood: str
) -> None:
    aws.mood = mood
    told = run(60, {"tasks": [1_000]})
    assert isinstance(told.error, PublishError)
    assert told.seconds < 20
    assert aws.requests == ["sns"] * 5, "boto3 does not try by itself as well"
    assert told.unpublished["report"]["tasks"][0]["outcome"] == "paused"


def test_a_run_after_one_whose_topic_hung_publishes(aws: Aws, run: Run) -> None:
    assert isinstance(run(1).error, PublishError)
    aws.mood = "well"
    told = run(30)
    assert told.error is None
    assert told.records[-1]["notifications"] == 1


# The secret


@pytest.mark.parametrize("arn", [SECRET, PARAMETER])
@pytest.mark.parametrize("mood", ["silent", "dripping"])
def test_a_stalled_secret_is_named_as_the_cause_in_time(aws: Aws, run: Run, mood: str, arn: str) -> None:
    aws.mood = mood
    reports: list[Report] = []
    told = run(6, callout_secret=arn, callout_topic="stdout:", seen=reports.append)
    assert isinstance(told.error, UnfinishedError)
    assert told.seconds < 6
    assert len(aws.requests) <= 1, "no thread and no task waits for it again"
    assert len(reports[0].tasks) == 60
    for task in reports[0].tasks:
        assert task.outcome == "failed"
        assert task.error is not None
        assert task.error.code == "NoCredentials"
        assert f"CALLOUT_SECRET: {arn} cannot be read: no answer within 0.9 s" in task.error.message


def test_a_stalled_secret_is_not_waited_for_again_when_publishing(aws: Aws, run: Run) -> None:
    told = run(3, callout_secret=SECRET, callout_topic="cmq:reports")
    assert isinstance(told.error, PublishError)
    assert len(aws.requests) <= 1
    assert told.seconds < 3
    assert "CALLOUT_SECRET" in told.unpublished["error"]
    assert is_whole(told, {"failed"})


def test_a_secret_that_only_the_topic_needs_is_the_named_cause_as_well(
    aws: Aws, run: Run, emulator: Emulator
) -> None:
    told = run(2, callout_secret=SECRET, callout_topic="cmq:reports", callout_time_zone="Nowhere/Land")
    assert isinstance(told.error, PublishError)
    assert told.seconds < 2
    assert "CALLOUT_SECRET" in told.unpublished["error"]
    assert "Nowhere/Land" in told.unpublished["report"]["text"]


def test_secret_and_topic_may_be_dead_at_once(aws: Aws, run: Run) -> None:
    told = run(4, callout_secret=SECRET)
    assert isinstance(told.error, PublishError)
    assert told.seconds < 4
    assert is_whole(told, {"failed"})


def test_the_next_run_reads_a_secret_that_stalled(aws: Aws, run: Run, emulator: Emulator) -> None:
    run(1, callout_secret=SECRET)
    aws.mood = "well"
    assert run(30, callout_secret=SECRET).error is None
    assert emulator.tasks.state(1_000) == 5


@pytest.mark.parametrize("mood", ["hanging up", "throttling"])
def test_a_secret_whose_service_fails_for_a_moment_is_read_by_the_same_run(aws: Aws, mood: str) -> None:
    aws.mood = mood
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        aws.mood = "well"

    clock = Clock(sleep=sleep)
    budget = credentials.SecretBudget(40, Deadline.after(clock, 60), Backoff())
    assert credentials.read_credentials(SECRET, None, budget) == CREDENTIALS
    assert aws.requests == ["secretsmanager"] * 2


def test_many_threads_read_a_secret_once(aws: Aws) -> None:
    aws.mood = "slow"
    budget = credentials.SecretBudget(40, Deadline.after(Clock(), 60), Backoff())
    found: list[Credentials | None] = []
    threads = [
        threading.Thread(target=lambda: found.append(credentials.read_credentials(SECRET, None, budget)))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [CREDENTIALS] * 20
    assert aws.requests == ["secretsmanager"]


def test_many_threads_hear_of_an_unreadable_secret_after_one_attempt(aws: Aws) -> None:
    budget = credentials.SecretBudget(1.0, Deadline.after(Clock(), 60), Backoff())
    heard: list[CloudError] = []

    def read() -> None:
        with pytest.raises(CloudError, match="CALLOUT_SECRET") as error:
            credentials.read_credentials(SECRET, None, budget)
        heard.append(error.value)

    threads = [threading.Thread(target=read) for _ in range(20)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - begun < 2
    assert len(aws.requests) <= 1
    assert len({id(error) for error in heard}) == 20, "each has an error of its own, which it may change"


def test_credentials_that_were_read_before_serve_on_when_reading_them_anew_fails(aws: Aws) -> None:
    aws.mood = "well"
    before = credentials.read_credentials(
        SECRET, None, credentials.SecretBudget(40, Deadline.after(Clock(), 60), Backoff())
    )
    aws.mood = "silent"
    budget = credentials.SecretBudget(2.0, Deadline.after(Clock(), 60), Backoff())
    with pytest.raises(CloudError, match=r"no answer within 0.5 s"):
        credentials.read_credentials(SECRET, None, budget, refresh=True)
    assert credentials.read_credentials(SECRET, None, budget) == before


# Many parts


def jumping() -> SimulatedClock:
    return SimulatedClock(LATE, real_time=True, fixed_wall=True)


def long(parts: int = 85) -> Report:
    """Return a report of so many parts, each with one error."""
    problems = tuple(Problem("Rejected", "x", f"m{number}", "x" * 40_000) for number in range(parts))
    return Report("r1", LATE, "/f", "timer", "pause", dry_run=False, problems=problems)


@pytest.fixture(params=["cmq", "eventbridge"])
def address(request: pytest.FixtureRequest, emulator: Emulator) -> str:
    emulator.topics.create("reports")
    return "cmq:reports" if request.param == "cmq" else f"eventbridge:{emulator.buses.create('reports')}"


def received(emulator: Emulator, address: str) -> list[int]:
    """Return the numbers of the parts that a subscriber got."""
    kind, _, name = address.partition(":")
    events = (
        [json.loads(each.content) for each in emulator.topics.messages(name)]
        if kind == "cmq"
        else emulator.buses.events(name)
    )
    return [event["data"]["part"]["number"] for event in events]


def send(  # noqa: PLR0913 - as many as there is to vary
    emulator: Emulator,
    address: str,
    seconds: float = 60.0,
    *,
    report: Report | None = None,
    clock: Clock | None = None,
    attempts: int = 5,
    patience: float = float("inf"),
) -> int:
    clock = clock or jumping().clock()
    emulator.limits.clock = clock.monotonic
    to = Destination(address, emulator.url, "ap-guangzhou", lambda refresh: CREDENTIALS)
    backoff = Backoff(attempts, unanswered_seconds=patience)
    return publish(report or long(), to, Deadline.after(clock, seconds), backoff)


def test_a_report_of_many_parts_is_sent_at_the_pace_of_the_api(emulator: Emulator, address: str) -> None:
    clock = jumping()
    assert send(emulator, address, clock=clock.clock()) == 85
    assert sorted(received(emulator, address)) == list(range(1, 86))
    assert len(emulator.journal.entries) < 95, "next to none was throttled and sent again"
    assert clock.seconds < 85 / 20 * 1.015 + 5


def test_parts_arrive_in_order_where_there_is_time(emulator: Emulator, address: str) -> None:
    assert send(emulator, address, report=long(15)) == 15
    assert received(emulator, address) == list(range(1, 16))


def test_when_the_deadline_comes_first_the_log_has_the_whole_report_and_how_much_was_published(
    emulator: Emulator, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.faults.script([None] * 10 + [faults.STALL] * 500)
    with pytest.raises(PublishError) as error:
        send(emulator, address, 2.0)
    (record,) = (record for record in caplog.records if record.levelname == "ERROR")
    published = vars(record)["published"]
    assert published == 10
    assert vars(record)["of"] == 85
    assert vars(record)["report"] == long().data()
    assert error.value.published == published
    assert f"({published} of its 85 parts were)" in str(error.value)


@pytest.mark.parametrize("which", [1, 2, 5])
@pytest.mark.parametrize(
    "code", ["InvalidParameterValue", "ResourceNotFound", "FailedOperation", "Nobody.Knows"]
)
def test_one_part_that_is_refused_holds_up_no_other(
    emulator: Emulator, address: str, which: int, code: str
) -> None:
    def is_it(params: Mapping[str, Any]) -> bool:  # parts are sent at once, and arrive in any order
        text = params["MsgContent"] if "MsgContent" in params else params["EventList"][0]["Data"]
        return f'"number":{which},' in text

    emulator.faults.add(faults.error(code), when=is_it)
    with pytest.raises(PublishError, match=rf"\(4 of its 5 parts were\): {code}"):
        send(emulator, address, report=long(5))
    assert sorted(received(emulator, address)) == [number for number in range(1, 6) if number != which]
    assert len(emulator.journal.entries) == 5


@pytest.mark.parametrize(
    "fault",
    [faults.RESET, faults.HTTP_500, faults.HTML, faults.EMPTY, faults.INTERNAL_ERROR],
    ids=lambda f: f.name,
)
def test_parts_that_fail_for_a_moment_are_sent_again(
    emulator: Emulator, address: str, fault: faults.Fault
) -> None:
    emulator.faults.script([None, fault, None, fault, fault])
    assert send(emulator, address, report=long(5)) == 5
    assert sorted(set(received(emulator, address))) == [1, 2, 3, 4, 5]
    assert len(emulator.journal.entries) == 8


def test_throttled_parts_slow_the_pace_down(emulator: Emulator) -> None:
    emulator.topics.create("reports")
    quick, slow = jumping(), jumping()
    send(emulator, "cmq:reports", report=long(20), clock=quick.clock())
    emulator.limits.reset()
    emulator.faults.script([faults.THROTTLED])
    assert send(emulator, "cmq:reports", report=long(20), clock=slow.clock()) == 20
    assert slow.seconds > quick.seconds + 1.5, "a second of rest, then half the pace"


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "AuthFailure.SignatureFailure", "InvalidAction"])
def test_an_error_that_no_request_can_work_with_ends_the_sending(
    emulator: Emulator, address: str, code: str
) -> None:
    emulator.faults.script([None, None, faults.error(code)])
    with pytest.raises(PublishError, match=rf"\(2 of its 9 parts were\): {code}"):
        send(emulator, address, report=long(9))
    # A request of another test may still be on its way.
    api = "PublishCmqMsg" if address.startswith("cmq:") else "PutEvents"
    assert emulator.journal.count(api) == 3


def test_parts_go_out_at_once_where_one_after_the_other_would_be_too_late(emulator: Emulator) -> None:
    emulator.topics.create("reports")
    emulator.faults.add(faults.latency(0.3))
    begun = time.monotonic()
    assert send(emulator, "cmq:reports", 4.0, report=long(20), clock=Clock()) == 20
    assert time.monotonic() - begun < 4


@pytest.mark.parametrize("fault", [faults.STALL, faults.DRIP], ids=lambda f: f.name)
def test_one_part_that_stalls_holds_up_no_other(
    emulator: Emulator, address: str, fault: faults.Fault
) -> None:
    emulator.faults.script([faults.Fault(fault.kind, 10.0)])
    begun = time.monotonic()
    with pytest.raises(PublishError, match=r"\(4 of its 5 parts were\): NoAnswer"):
        send(emulator, address, 2.0, report=long(5), clock=Clock(), attempts=1)
    assert time.monotonic() - begun < 3
    assert set(received(emulator, address)) >= {2, 3, 4, 5}


@pytest.mark.parametrize(
    "fault", [faults.STALL, faults.Fault(faults.Kind.DRIP, 1.0), faults.latency(5.0)], ids=lambda f: f.name
)
@pytest.mark.parametrize("parts", [1, 30])
def test_a_topic_that_stalls_is_given_up_at_the_deadline_with_the_report_in_the_log(
    emulator: Emulator, address: str, fault: faults.Fault, parts: int, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.faults.add(fault)
    begun = time.monotonic()
    with pytest.raises(PublishError, match="NoAnswer"):
        send(emulator, address, 1.0, report=long(parts), clock=Clock())
    assert time.monotonic() - begun < 2.5, "the last 1.5 s are kept for the log"
    (record,) = (record for record in caplog.records if record.levelname == "ERROR")
    assert vars(record)["report"] == long(parts).data()


def test_a_topic_that_never_answers_is_given_up_where_a_person_waits(
    emulator: Emulator, address: str
) -> None:
    clock = jumping()
    with emulator.refusing(), pytest.raises(PublishError, match=r"NoAnswer: .* cannot be reached"):
        send(emulator, address, report=long(1), clock=clock.clock(), attempts=1_000, patience=9)
    assert clock.seconds < 15


def test_a_result_that_is_never_true_ends_with_the_deadline(emulator: Emulator) -> None:
    emulator.topics.create("reports")
    emulator.options.cmq_result = False
    clock = jumping()
    with pytest.raises(PublishError, match=r"\(0 of its 5 parts were\): NotPublished"):
        send(emulator, "cmq:reports", 3.0, report=long(5), clock=clock.clock(), attempts=1_000)
    assert clock.seconds <= 3


def test_nothing_is_sent_when_the_deadline_has_passed(emulator: Emulator, address: str) -> None:
    with pytest.raises(PublishError, match="NoAnswer"):
        send(emulator, address, 0.0, report=long(2))
    assert emulator.journal.entries == []


def test_the_time_that_logging_a_long_report_takes_is_kept(emulator: Emulator) -> None:
    emulator.topics.create("reports")
    clock = jumping()

    class Laborious(Report):
        __slots__ = ()

        def events(self, limit: int, measure: Measure = size) -> list[dict[str, Any]]:
            clock.sleep(0.2)
            return super().events(limit, measure)

    with pytest.raises(PublishError) as error:
        send(emulator, "cmq:reports", 4.2, report=Laborious(*long()), clock=clock.clock())
    assert clock.seconds <= 2.3, "the other two seconds are for the log"
    assert error.value.published > 0


# Standard output


class Broken:
    """A standard output that nobody reads any more."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    def flush(self) -> None:
        raise BrokenPipeError(32, "Broken pipe")


@pytest.mark.parametrize("out", [Broken(), None], ids=["broken", "none"])
@pytest.mark.parametrize("bodies", [1, 5])
def test_a_report_that_standard_output_does_not_take_is_told_on_standard_error(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], out: Any, bodies: int
) -> None:
    event = {
        "Records": [
            {"messageId": str(n), "body": "?" * 5_000, "eventSource": "aws:sqs"} for n in range(bodies)
        ]
    }
    capsys.readouterr()
    monkeypatch.setattr("sys.stdout", out)
    with pytest.raises(PublishError, match="NotWritten: standard output"):
        handle(event, callout_quiet_hours="21:00-08:00", callout_time_zone="UTC", callout_sdk_app_id=APP)
    monkeypatch.undo()
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    (record,) = (each for each in joined("\n".join(lines)) if each["message"] == "report not published")
    assert len(json.loads(record["report"])["errors"]) == bodies


def test_standard_output_takes_a_report_after_the_deadline(emulator: Emulator) -> None:
    assert send(emulator, "stdout:", 0.0, report=long(1)) > 0


# The time there is


class Asked:
    """A context of Lambda that answers what it is told to."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def get_remaining_time_in_millis(self) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def started(context: Any) -> Invocation:
    return Invocation.start(context, Clock(monotonic=lambda: 1000.0), Backoff())


@pytest.mark.parametrize(
    ("limit", "work", "publishing"),
    [
        (0.5, 0.5 / 3, 0.25),
        (1, 1 / 3, 0.5),
        (2, 2 / 3, 1.0),
        (3, 1.0, 1.5),
        (4, 2.0, 2.5),
        (10, 6.8, 8.5),
        (30, 22.8, 28.5),
        (60, 48.5, 58.5),
        (120, 108.5, 118.5),
        (900, 888.5, 898.5),
    ],
)
def test_the_time_is_shared_out_as_documented(limit: float, work: float, publishing: float) -> None:
    for context in ({"time_limit_in_ms": limit * 1000}, Asked(limit * 1000)):
        invocation = started(context)
        assert invocation.for_work().at == pytest.approx(1000 + work)
        assert invocation.for_work(100).at == pytest.approx(1000 + work - min(0.04, work / 2))
        assert invocation.for_work(10**7).at == pytest.approx(1000 + work / 2)
        assert invocation.for_publishing().at == pytest.approx(1000 + publishing)
        assert invocation.deadline.at == pytest.approx(1000 + limit)


@pytest.mark.parametrize(
    "given",
    [
        0,
        -1,
        -0.0,
        math.nan,
        math.inf,
        -math.inf,
        10**18,
        10**400,
        "",
        "soon",
        None,
        True,
        [],
        {},
        b"\xff",
        3 + 4j,
    ],
    ids=repr,
)
def test_a_limit_that_is_none_is_taken_for_a_minute(given: Any) -> None:
    assert started({"time_limit_in_ms": given}).deadline.at == 1060
    assert started(Asked(given)).deadline.at == 1060


@pytest.mark.parametrize(
    "context", [Asked(RuntimeError("no")), Asked(OSError()), object(), 5, "context", [], None]
)
def test_a_context_that_cannot_be_asked_is_taken_for_a_minute(context: Any) -> None:
    assert started(context).deadline.at == 1060
    assert (
        handle(
            {"tasks": [1]},
            context,
            clock=Clock(now=lambda: LATE + timedelta(hours=12)),
            callout_quiet_hours="21:00-08:00",
            callout_time_zone="UTC",
            callout_sdk_app_id=APP,
        )["status"]
        == "skipped"
    )
