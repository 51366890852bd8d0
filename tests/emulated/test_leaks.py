"""Everybody may read the logs: no key, token or signature stands in any output, report or exception."""

from __future__ import annotations

import base64
import html
import json
import logging
import re
import threading
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, quote_plus, unquote

import boto3
import pytest
from moto import mock_aws

from handler import triggers
from handler.cloud.pacing import Backoff
from local.emulator import Emulator, Fault, Kind, faults
from tests.support import DESCRIBE, LIST, PAUSE

from .harness.constants import NOON
from .harness.function import Function

ID, KEY, TOKEN = (
    "AKIDTEMPORARY0123456789",
    "k3y/Zm9vYmFyU2VjcmV0+S2V5==",
    "t0ken+VGVtcG9yYXJ5/Q3JlZGVudGlhbHM=",
)
AWS_KEY, AWS_TOKEN = "awsKey/9c2VjcmV0S2V5Rm9yQVdT+x", "awsToken//IQoJb3JpZ2luX2VjEXAMPLE=="
SECRETS = (KEY, TOKEN, AWS_KEY, AWS_TOKEN)
SIGNATURE = re.compile(r"Signature=[0-9a-f]{64}")
HEADER = re.compile(r"Authorization\W+(TC3|AWS4)|TC3-HMAC|AWS4-HMAC")
LOUD = ("tencentcloud_sdk_common", "botocore", "boto3", "urllib3", "requests", "handler", "")
CODES = (
    "AuthFailure.SignatureFailure",
    "AuthFailure.TokenFailure",
    "AuthFailure.InvalidAuthorization",
    "UnauthorizedOperation",
    "UnsupportedOperation",
    "RequestLimitExceeded",
    "NobodyKnows.ThisCode",
)
SHORT = {"stall": 0.02, "latency": 0.01, "refused": 0.02}
FAULTS: dict[str, Fault] = {
    **{name: Fault(each.kind, SHORT.get(name, 0.0), each.code) for name, each in faults.NAMED.items()},
    **{code: faults.error(code) for code in CODES},
}
ECHO = (
    f"you sent Authorization: TC3-HMAC-SHA256 Credential={ID}/2026-11-23/ccc/tc3_request, "
    f"SignedHeaders=content-type;host, Signature={'a1' * 32} and 'X-TC-Token': '{TOKEN}'"
)


class Loud:
    """The function with everything at DEBUG; `text` is all that it let out by now."""

    def __init__(
        self, emulator: Emulator, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        self.emulator = emulator
        self.capsys = capsys
        self.caplog = caplog
        self.text = ""
        self.messages: list[str] = []
        self.bus_id = emulator.buses.create("reports")
        self.function = Function(
            emulator,
            now=NOON,
            backoff=Backoff(attempts=2, jitter=lambda: 1.0),
            context={"request_id": "r", "function_name": "f", "time_limit_in_ms": 20_000},
            tencentcloud_secret_id=ID,
            tencentcloud_secret_key=KEY,
            tencentcloud_session_token=TOKEN,
            callout_requests_per_second=500,
        )
        self.topics = {"cmq": "cmq:reports", "eventbridge": f"eventbridge:{self.bus_id}"}
        for name in LOUD:
            caplog.set_level(logging.DEBUG, logger=name or None)

    def __call__(self, topic: str, event: Any = None, **changes: Any) -> None:
        out: list[str] = []
        try:
            answer = self.function(
                event or {"tasks": [16498, 16499, "eu-surveys", 1]},
                seen=lambda report: out.append(json.dumps(report.data(), ensure_ascii=False)),
                callout_topic=topic,
                **changes,
            )
            out.append(json.dumps(answer, ensure_ascii=False))
        except Exception as error:  # noqa: BLE001 - the platform shows them all
            out += ["".join(traceback.format_exception(error)), *told(error)]
        captured = self.capsys.readouterr()
        out += [captured.out, captured.err, self.caplog.text]
        out += [f"{record.getMessage()} {vars(record)}" for record in self.caplog.records]
        self.messages = [each.content for each in self.emulator.topics.messages("reports")]
        self.messages += [
            json.dumps(each, ensure_ascii=False) for each in self.emulator.buses.events(self.bus_id)
        ]
        self.text = "\n".join(out + self.messages)

    def keeps_its_secrets(self) -> bool:
        """Tell so, or fail with the place of the leak."""
        for secret in SECRETS:
            for form in {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1]}:
                place = self.text.find(form)
                assert place < 0, f"{form} in …{self.text[max(0, place - 300) : place + 80]}"
        found = SIGNATURE.search(self.text)
        assert found is None, self.text[max(0, found.start() - 300) : found.end()]
        return True


def told(error: BaseException) -> Iterator[str]:
    """Give the texts of an error and of every error that a traceback would show with it."""
    chain: BaseException | None = error
    while chain is not None:
        yield f"{chain} {chain!r} {chain.args!r}"
        chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)


@pytest.fixture
def loud(
    emulator: Emulator,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> Loud:
    emulator.secrets[ID], emulator.tokens[ID] = KEY, TOKEN
    emulator.topics.create("reports")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the first credentials that it saw
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", AWS_KEY)
    monkeypatch.setenv("AWS_SESSION_TOKEN", AWS_TOKEN)
    return Loud(emulator, capsys, caplog)


@pytest.mark.parametrize("api", [PAUSE, DESCRIBE, "PublishCmqMsg", "PutEvents", None])
@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_brings_a_secret_to_light(loud: Loud, fault: str, api: str | None) -> None:
    loud.emulator.faults.add(FAULTS[fault], action=api)
    loud(loud.topics["eventbridge" if api == "PutEvents" else "cmq"])
    assert loud.keeps_its_secrets()
    assert not HEADER.search(loud.text)
    assert '"level":"' in loud.text, "the function's own log is in what was looked at"
    assert "urllib3.connectionpool" in loud.text, "and so are the libraries' at DEBUG"


@pytest.mark.parametrize("kind", ["cmq", "eventbridge"])
def test_a_day_without_faults_brings_no_secret_to_light(loud: Loud, kind: str) -> None:
    loud(loud.topics[kind])
    assert loud.messages, "the token was right"
    assert loud.keeps_its_secrets()
    assert not HEADER.search(loud.text)


@pytest.mark.parametrize("kind", ["cmq", "eventbridge"])
@pytest.mark.parametrize(
    ("name", "value"), [("secret_key", KEY[::-1]), ("session_token", TOKEN[::-1]), ("secret_id", ID + "\n")]
)
def test_wrong_credentials_are_not_shown_either(loud: Loud, name: str, value: str, kind: str) -> None:
    loud(loud.topics[kind], **{f"tencentcloud_{name}": value})
    assert loud.keeps_its_secrets()
    assert value not in loud.text or name == "secret_id"
    assert json.dumps(value)[1:-1] not in loud.text or name == "secret_id"


@pytest.mark.parametrize("code", ["AuthFailure.SignatureFailure", "InternalError", "UnsupportedOperation"])
@pytest.mark.parametrize("api", [PAUSE, "PublishCmqMsg", "PutEvents", None])
def test_an_answer_that_repeats_the_request_is_told_without_signature_and_token(
    loud: Loud, api: str | None, code: str
) -> None:
    loud.emulator.faults.add(Fault(Kind.ERROR, code=code, message=ECHO), action=api)
    loud(loud.topics["eventbridge" if api == "PutEvents" else "cmq"])
    assert "you sent Authorization" in loud.text
    assert loud.keeps_its_secrets()


@pytest.mark.parametrize("name", ["reports", "gone"])
def test_publishing_to_sns_brings_no_secret_to_light(loud: Loud, name: str) -> None:
    with mock_aws(config={"core": {"mock_credentials": False}}):
        arn = boto3.client("sns", region_name="us-east-1").create_topic(Name="reports")["TopicArn"]
        loud.caplog.clear()  # of the line before, which is not the function's
        loud(arn.replace("reports", name))
    assert loud.keeps_its_secrets()
    assert not HEADER.search(loud.text)


@pytest.fixture
def aws() -> Iterator[Callable[[], str]]:
    """An AWS that takes no signature, and repeats in its answer what should have been signed."""

    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            signature = self.headers["Authorization"]
            page = (
                "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code><Message>"
                f"The Canonical String should have been 'POST / x-amz-security-token:{AWS_TOKEN} "
                f"signed;headers', not {signature}</Message></Error></ErrorResponse>"
            ).encode()
            self.send_response(403)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's own name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield lambda: f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_signature_that_aws_refuses_is_told_without_it_and_without_the_token(
    loud: Loud, aws: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws())
    loud("arn:aws:sns:us-east-1:123456789012:reports")
    assert "SignatureDoesNotMatch" in loud.text
    assert loud.keeps_its_secrets()


def test_a_line_of_our_own_with_a_secret_in_it_goes_out_without(
    loud: Loud, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = triggers.read

    def careless(event: Any) -> triggers.Delivery:
        logging.getLogger("handler.test").error("oh: %s", KEY, extra={"tokens": [TOKEN], "sent": ECHO})
        return read(event)

    monkeypatch.setattr("handler.triggers.read", careless)
    loud("stdout:")
    assert '"message":"oh: ***"' in loud.text
    assert loud.keeps_its_secrets()


AWKWARD = "k3y/Zm9v\"YmF\\yU2%VjcmV0+S2V5'Q&4a<5b>=="
QUOTINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "JSON": json.dumps,
    "JSON in JSON": lambda text: json.dumps(json.dumps({"Message": text})),
    "Python": repr,
    "a query": lambda text: "?SecretKey=" + quote(text, safe=""),
    "a form": quote_plus,
    "base64": lambda text: base64.b64encode(b"key:" + text.encode()).decode(),
    "HTML": html.escape,
    "beyond the cut": lambda text: "x" * 480 + text,
    "a signature in JSON": lambda text: json.dumps({"Signature": "a1" * 32, "of": text}),
}


def runs(secret: str) -> set[str]:
    """Return all runs of eight characters of a secret, and of its base64."""
    forms = [secret] + [base64.b64encode(b"-" * at + secret.encode()).decode()[4:-4] for at in range(3)]
    return {form[at : at + 8] for form in forms for at in range(len(form) - 7)}


def shows(text: str) -> list[str]:
    """Return what a text shows of the awkward key, also to somebody who takes its quoting off."""
    readings = {text}
    for _ in range(2):
        readings |= {
            read(each)
            for each in readings
            for read in (unquote, html.unescape, lambda each: re.sub(r"\\(.)", r"\1", each))
        }
    found = [run for run in runs(AWKWARD) if any(run in each for each in readings)]
    return found + re.findall("(?:a1){8}", text)


@pytest.mark.parametrize("quoting", QUOTINGS)
@pytest.mark.parametrize("api", [PAUSE, LIST, "PublishCmqMsg", "PutEvents"])
@pytest.mark.parametrize("code", ["UnsupportedOperation", "AuthFailure.SignatureFailure"])
def test_a_key_that_a_cloud_repeats_gets_nowhere_in_any_quoting(
    loud: Loud, api: str, code: str, quoting: str
) -> None:
    loud.emulator.secrets[ID] = AWKWARD
    message = f"refused: {QUOTINGS[quoting](AWKWARD)} (you)"
    loud.emulator.faults.add(Fault(Kind.ERROR, code=code, message=message), action=api)
    loud(loud.topics["eventbridge" if api == "PutEvents" else "cmq"], tencentcloud_secret_key=AWKWARD)
    assert "refused" in loud.text
    ours = "\n".join(line for line in loud.text.splitlines() if "urllib3" not in line)
    assert not shows(ours)


@pytest.mark.parametrize("quoting", QUOTINGS)
@pytest.mark.parametrize("place", ["key", "value", "task", "text", "id"])
def test_a_key_that_a_message_holds_gets_nowhere_in_any_quoting(loud: Loud, place: str, quoting: str) -> None:
    said = QUOTINGS[quoting](AWKWARD)
    bodies = {
        "key": json.dumps({said: 1}),
        "value": json.dumps({"action": said}),
        "task": json.dumps({"tasks": [said * 20]}),
        "text": said,
        "id": "{}",
    }
    event: Any = {"Records": [{"eventSource": "aws:sqs", "messageId": "m", "body": bodies[place]}] * 2}
    if place == "id":
        event = {"Records": [{"Ckafka": {"msgBody": "[]", "topic": said, "partition": 0, "offset": 1}}]}
    loud(loud.topics["cmq"], event=event, tencentcloud_secret_key=AWKWARD)
    assert not shows(loud.text)


class Echo(BaseHTTPRequestHandler):
    """An SNS that answers each request with an error that holds the key, as it is told to."""

    said = ""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        page = (
            "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidParameter</Code>"
            f"<Message>{html.escape(self.said)}</Message></Error></ErrorResponse>"
        ).encode()
        self.send_response(400)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's own name
        """Say nothing."""


@pytest.fixture
def echo() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("quoting", QUOTINGS)
def test_a_key_that_sns_repeats_gets_nowhere_in_any_quoting(
    loud: Loud, echo: str, quoting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Echo, "said", f"refused: {QUOTINGS[quoting](AWKWARD)} (you)")
    monkeypatch.setenv("AWS_ENDPOINT_URL", echo)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", AWKWARD)
    loud("arn:aws:sns:us-east-1:123456789012:reports")
    assert "refused" in loud.text
    assert not shows(loud.text)


@pytest.mark.parametrize(
    "token", [f"{TOKEN}\n{TOKEN}", f"{TOKEN}\r{TOKEN}", f"{TOKEN}\x00{TOKEN}", f"{TOKEN}é{TOKEN}"]
)
@pytest.mark.parametrize(
    "name", ["tencentcloud_session_token", "tencentcloud_secret_key", "role_session_token"]
)
def test_a_credential_that_cannot_be_sent_is_refused_by_its_name_alone(
    loud: Loud, name: str, token: str
) -> None:
    loud(loud.topics["cmq"], **{name: token})
    assert "ConfigurationError: settings: " in loud.text
    variable = name.upper().replace("ROLE_", "TENCENTCLOUD_").replace("SESSION_TOKEN", "SESSION")
    assert variable[:20] in loud.text or name.upper() in loud.text
    assert loud.keeps_its_secrets()
    assert not {run for run in runs(token) if run in loud.text}


def test_an_aws_token_with_a_line_break_is_not_repeated(loud: Loud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", f"{AWS_TOKEN}\n{AWS_TOKEN}")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    loud("arn:aws:sns:us-east-1:123456789012:reports")
    assert "PublishError" in loud.text
    assert not {run for run in runs(AWS_TOKEN) if run in loud.text}


@pytest.mark.parametrize("kind", ["itself", "its cause", "what it was raised in", "a note", "a group"])
def test_an_unexpected_error_leaves_without_the_secret_in_its_chain(
    loud: Loud, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(event: Any) -> triggers.Delivery:
        secret = ValueError(f"Invalid header value {KEY!r}")
        error: Exception = secret if kind == "itself" else ZeroDivisionError("of ours")
        if kind == "a note":
            vars(error)["__notes__"] = [KEY]  # Python 3.11 adds them
        if kind == "a group":
            vars(error)["exceptions"] = [secret]  # as a group of Python 3.11 has them
        try:
            raise secret if kind == "what it was raised in" else KeyError("x")
        except Exception as context:  # noqa: BLE001
            raise error from (
                secret if kind == "its cause" else None if kind != "what it was raised in" else context
            )

    monkeypatch.setattr("handler.triggers.read", careless)
    loud("stdout:")
    assert "of ours" in loud.text or kind == "itself"
    assert ("UnexpectedError" in loud.text) == (kind in {"itself", "a note"})
    assert loud.keeps_its_secrets()


def test_an_error_without_a_secret_leaves_as_it_is(loud: Loud, monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(event: Any) -> triggers.Delivery:
        try:
            raise KeyError("inside")
        except KeyError as error:
            raise ZeroDivisionError("of ours") from error

    monkeypatch.setattr("handler.triggers.read", careless)
    loud("stdout:")
    assert "ZeroDivisionError: of ours" in loud.text
    assert "KeyError: 'inside'" in loud.text


@pytest.mark.parametrize(
    "name",
    ["TENCENTCLOUD_SECRET_KEY", "tencentcloud_secretkey", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"],
)
def test_the_keys_of_the_environment_are_known_even_where_others_are_used(
    loud: Loud, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, AWKWARD)
    message = f"refused: {AWKWARD}"
    loud.emulator.faults.add(faults.error("InternalError", message), action=PAUSE)
    loud("stdout:")
    assert "refused: ***" in loud.text
    assert not shows(loud.text)


def test_a_key_in_the_wrong_variable_is_not_repeated_by_its_refusal(loud: Loud) -> None:
    loud(KEY)
    assert "CALLOUT_TOPIC: '***' is no topic" in loud.text
    assert loud.keeps_its_secrets()
