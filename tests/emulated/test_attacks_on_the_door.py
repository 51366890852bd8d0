"""Whoever calls and whatever surrounds the call: hostile contexts, environments, files and names do no harm."""

from __future__ import annotations

import io
import json
import logging.config
import re
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from handler.cloud.pacing import Backoff, Clock
from handler.errors import ConfigurationError, PublishError, QuietHoursError
from handler.output import redaction
from handler.topics.notifier import Memory
from local.emulator import Emulator, Fault, Kind
from tests.support import APP, PAUSE, SECRET_ID, SECRET_KEY

from .harness.constants import ALL_DAY, NOON, TWO_TASKS_POLICY
from .harness.function import Function

LINE = 8_000
TIMER = {"Type": "Timer", "TriggerName": "t", "Message": "not a request"}
KAFKA = {"Records": [{"Ckafka": {"topic": "t", "partition": 0, "offset": "?", "msgBody": "not a request"}}]}
REQUEST = {"tasks": [16498]}


class Run:
    """One call of the function: its answer or its error, its reports, and what it printed."""

    def __init__(self, emulator: Emulator, event: Any, context: Any = None, **changes: Any) -> None:
        function = Function(
            emulator,
            now=NOON,
            backoff=Backoff(attempts=1, jitter=lambda: 1.0),
            callout_policy=TWO_TASKS_POLICY,
            callout_requests_per_second=1000,
            callout_verify=False,
        )
        self.answer: dict[str, Any] | None = None
        self.error: QuietHoursError | None = None
        self.reports: list[Any] = []
        with redirect_stdout(io.StringIO()) as printed:
            try:
                self.answer = function(event, context=context, seen=self.reports.append, **changes)
            except QuietHoursError as error:
                self.error = error
        self.printed = printed.getvalue()
        lines = self.printed.removesuffix("\n").split("\n")
        assert all(len(line.encode()) <= LINE for line in lines)
        self.lines = [json.loads(line) for line in lines]
        assert self.error is None or len(str(self.error)) < LINE

    @property
    def events(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if "specversion" in line]


class Mute:
    """An object that has no text."""

    def __str__(self) -> str:
        raise RuntimeError("I have no text")


class Raising:
    """A context all of whose attributes raise."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


class Shut(Mapping[str, Any]):
    """A context in which nothing can be looked up."""

    def __getitem__(self, key: str) -> Any:
        raise RuntimeError(key)

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError

    def __len__(self) -> int:
        return 1


class Named:
    """A context of Lambda."""

    def __init__(self, value: Any) -> None:
        self.aws_request_id = self.function_name = value


ODD: list[Any] = [0, 0.0, False, True, "", b"", b"id", [], [1], {}, 10**5_000, float("nan"), Mute(),
                  "x" * 100_000, "\ud800", " \r\n\t\x00\u2028", "../../\u7a97?#%"]  # fmt: skip
CONTEXTS: list[Any] = [
    *(holder for value in ODD for holder in ({"request_id": value, "function_name": value}, Named(value))),
    *(Raising(), Shut(), [1], "context", 5, Raising),
]


@pytest.mark.parametrize("number", range(len(CONTEXTS)))
def test_whatever_a_context_holds_a_request_is_carried_out_and_a_bad_message_is_rejected(
    emulator: Emulator, number: int
) -> None:
    context = CONTEXTS[number]
    assert Run(emulator, REQUEST, context).answer is not None
    assert emulator.tasks.state(16498) == 5
    for event in (TIMER, KAFKA):
        (report,) = Run(emulator, event, context).reports
        assert report.status == "rejected"


@pytest.mark.parametrize("number", range(len(CONTEXTS)))
def test_the_source_of_a_notification_is_a_uri_reference_whatever_the_function_is_called(
    emulator: Emulator, number: int
) -> None:
    (event,) = Run(emulator, REQUEST, CONTEXTS[number]).events
    assert re.fullmatch(
        r"/callout-quiet-hours/(?:[\w.~!$&'()*+,;=:@/-]|%[0-9A-F]{2})+", event["source"], re.ASCII
    )
    assert len(event["source"]) < 3_000


@pytest.mark.parametrize("request_id", [None, ""])
def test_where_the_platform_says_no_request_id_a_bad_message_is_reported_each_time(
    emulator: Emulator, request_id: str | None
) -> None:
    memory = Memory()
    for _ in range(2):
        assert Run(emulator, KAFKA, {"request_id": request_id}, memory=memory).events


@pytest.mark.parametrize(
    "name", [SECRET_KEY, f"f-{SECRET_KEY}", f"{SECRET_KEY[:4]}\n{SECRET_KEY[4:]}", f"{SECRET_KEY}/\ud800"]
)
def test_a_function_whose_name_holds_a_key_does_not_tell_it(emulator: Emulator, name: str) -> None:
    context = {"request_id": name, "function_name": name}
    for event in (REQUEST, TIMER):
        run = Run(emulator, event, context)
        texts = [run.printed, str(run.error), json.dumps(run.answer)]
        assert not any(SECRET_KEY in text or SECRET_KEY[4:] in text for text in texts)


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00CALLOUT_", b"CALLOUT_DRY_RUN=\xed\xa0\x80", b"A=1\nB=\x80"]
)
def test_a_file_of_settings_that_is_no_text_is_told_to_the_topic(
    emulator: Emulator, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_bytes(content)
    monkeypatch.chdir(tmp_path)
    run = Run(emulator, REQUEST)
    assert isinstance(run.error, ConfigurationError)
    assert ".env cannot be read" in str(run.error)
    (event,) = run.events
    assert ".env cannot be read" in event["data"]["errors"][0]["message"]
    assert emulator.journal.entries == []


HOSTILE = ["n", "\u7a97", "\U0001f319", "\x01", '"', "\\", "\u2028"]
"""Characters of which JSON in UTF-8 takes from one byte to six."""
UNTIL = "2027-01-01T00:00:00Z"


@pytest.mark.parametrize("sign", HOSTILE)
def test_whatever_names_and_errors_hold_no_line_is_longer_than_the_log_takes(
    emulator: Emulator, sign: str
) -> None:
    named = {
        sign * 998 + f"n{number}": {"task_id": 16498 + number, "exempt_until": UNTIL} for number in range(9)
    }
    policy = {"quiet_hours": {**ALL_DAY, sign * 200: ALL_DAY["default"]}, "tasks": {sign * 998 + "n": 16498}}
    policies: list[dict[str, Any]] = [policy, {"quiet_hours": ALL_DAY, "tasks": named}, {
        "quiet_hours": {sign * 200: ALL_DAY["default"]},
        "tasks": {sign * 999 + "n": {"task_id": 16499, "quiet_hours": sign * 200}},
    }]  # fmt: skip
    foreign = Fault(Kind.ERROR, code=sign * 300, message=sign * 3_000)
    for fault in (None, foreign):
        if fault:
            emulator.faults.add(fault)
        for each in policies:
            run = Run(emulator, {}, callout_policy=json.dumps(each))
            assert sum(len(event["data"]["tasks"]) for event in run.events) == len(each["tasks"])
        run = Run(
            emulator,
            {"tasks": [sign * 999 + "n", 16500]},
            callout_policy=json.dumps({"quiet_hours": ALL_DAY}),
        )
        assert len([task for event in run.events for task in event["data"]["tasks"]]) == 2


@pytest.mark.parametrize("topic", ["cmq:" + "x" * 100_000, "arn:aws:sns:us-east-1:1:" + "x" * 100_000])
def test_an_address_of_any_length_is_refused_in_few_words(emulator: Emulator, topic: str) -> None:
    run = Run(emulator, REQUEST, callout_topic=topic)
    assert len(str(run.error)) < 3_000


@pytest.mark.parametrize("key", ["paused", "already_paused", "not_found", "running", "default"])
def test_outcomes_keep_their_words_where_a_key_is_such_a_word(emulator: Emulator, key: str) -> None:
    emulator.secrets[SECRET_ID] = key
    emulator.tasks.add(task_id=16600, sdk_app_id=APP, state=5)
    run = Run(emulator, {"tasks": [16498, 16600, "nobody"]}, tencentcloud_secret_key=key)
    assert run.answer is not None
    assert [task["outcome"] for task in run.answer["tasks"]] == ["paused", "already_paused", "not_found"]


def is_of(number: int, params: Mapping[str, Any]) -> bool:
    return bool(params["TaskId"] == number)


def test_invocations_at_the_same_time_keep_their_own_secrets_and_request_ids(emulator: Emulator) -> None:
    """A refusal that repeats the key comes while others begin and end."""
    emulator.limits.default = None
    keys = [f"key{number}Of0123456789abcdef"[number:] for number in range(3)]
    texts: list[str] = []
    for number, key in enumerate(keys):
        emulator.secrets[f"AKID{number}"] = key
        fault = Fault(Kind.ERROR, code="UnsupportedOperation", message=f"your key is {key}")
        emulator.faults.add(fault, action=PAUSE, when=partial(is_of, 16498 + number))

    def invoke(number: int) -> None:
        function = Function(
            emulator,
            backoff=Backoff(attempts=1),
            tencentcloud_secret_id=f"AKID{number}",
            tencentcloud_secret_key=keys[number],
            callout_policy=TWO_TASKS_POLICY,
            callout_requests_per_second=1000,
        )
        for turn in range(8):
            try:
                answer = function(
                    {"tasks": [16498 + number]},
                    context={"request_id": f"run-{number}-{turn}", "function_name": f"function-{number}"},
                    clock=Clock(lambda: NOON),
                    seen=lambda report: texts.append(json.dumps(report.data())),
                )
            except QuietHoursError as error:
                texts.append("".join(traceback.format_exception(error)))
            else:
                texts.append(json.dumps(answer))

    with redirect_stdout(io.StringIO()) as printed, ThreadPoolExecutor(3) as pool:
        list(pool.map(invoke, range(3)))
    texts.append(printed.getvalue())
    assert sum("your key is ***" in text for text in texts) >= 24
    assert not any(key in text for key in keys for text in texts)
    wide = [line for line in map(json.loads, printed.getvalue().splitlines()) if "duration_ms" in line]
    assert len(wide) == 24
    assert all(line["request_id"].startswith(f"run-{line['function'][-1]}-") for line in wide)


def test_the_secrets_of_an_invocation_that_is_over_are_known_no_more() -> None:
    with redaction.running():
        redaction.begin(["first-0123456789"])
        with redaction.running():
            redaction.begin(["second-9876543210"])
            assert redaction.clean("first-0123456789 second-9876543210") == "*** ***"
        assert redaction.clean("first-0123456789 second-9876543210") == "*** ***"
    with redaction.running():
        redaction.begin(["third-abcdefghij"])
        assert redaction.clean("first-0123456789 third-abcdefghij") == "first-0123456789 ***"


def test_a_fault_that_nobody_foresaw_is_published_whatever_its_kind(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(event: Any) -> Any:
        raise ConfigurationError("somewhere", [f"{event} cannot be"])

    monkeypatch.setattr("handler.triggers.read", read)
    run = Run(emulator, REQUEST)
    assert isinstance(run.error, ConfigurationError)
    (event,) = run.events
    assert event["data"]["errors"][0]["code"] == "Unexpected"


# What CCC sends on or repeats, and a log that was switched off


class Redirecting(BaseHTTPRequestHandler):
    """A server that answers every request with a redirect to `there`, and one that says that all is well."""

    there = ""
    arrived: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/there":
            self.arrived.append(str(self.headers))
        body = b'{"Response": {"RequestId": "r", "State": 5}}'
        self.send_response(200 if self.path == "/there" else 307)
        self.send_header("Location", self.there)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


def test_a_redirect_is_not_followed_with_the_token(emulator: Emulator) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Redirecting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        Redirecting.there = f"{address}/there"
        run = Run(
            emulator,
            REQUEST,
            {"time_limit_in_ms": 5_000},
            callout_endpoint=address,
            tencentcloud_session_token="TOKENTOKENTOKEN123456",
        )
        server.shutdown()
    assert Redirecting.arrived == []
    assert {task["outcome"] for task in run.reports[0].data()["tasks"]} <= {"failed", "deferred"}


@pytest.mark.parametrize("text", ["authorization=" + "hmac" * 5_000, "authorization: " + "-hmac" * 4_000])
def test_a_hostile_refusal_of_one_task_keeps_no_other_from_being_paused(
    emulator: Emulator, text: str
) -> None:
    emulator.faults.add(
        Fault(Kind.ERROR, code="FailedOperation", message=text),
        action=PAUSE,
        when=lambda params: params["TaskId"] == 16498,
    )
    began = time.process_time()
    Run(emulator, {"tasks": [16498, 16499]})
    assert emulator.tasks.state(16499) == 5
    assert time.process_time() - began < 5, "it took 4 s for each refusal"


@pytest.fixture
def _log_switched_off() -> Iterator[None]:
    """Switch off every logger that exists, as a platform may, and put all of them back afterwards."""
    existing = [each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    before = [(each, each.disabled, each.level) for each in existing]
    logging.config.dictConfig({"version": 1})
    logging.getLogger("handler.topics.sending").setLevel(logging.CRITICAL)
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
    for each, disabled, level in before:
        each.disabled = disabled
        each.setLevel(level)


@pytest.mark.usefixtures("_log_switched_off")
def test_a_report_is_in_the_log_even_where_the_platform_has_switched_the_log_off(emulator: Emulator) -> None:
    run = Run(emulator, REQUEST, callout_topic="cmq:nowhere")
    assert isinstance(run.error, PublishError)
    assert [line["message"] for line in run.lines if line["level"] == "ERROR"] == ["report not published"]
