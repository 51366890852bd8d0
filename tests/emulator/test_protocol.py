"""The form of requests and answers: HTTP, JSON, types, sizes, and what is thrown at any open port."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.emulator import Emulator
from local.emulator.exchange import Reply
from local.emulator.server import _Handler
from tests.support import APP

TASK = {"TaskId": 16498, "SdkAppId": APP}
MEGABYTE = 1024 * 1024
with_fixture = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
"""The emulator of these properties is one for all examples: what they send changes nothing in it."""


def raw(emulator: Emulator, sent: bytes, *, end: bool = True) -> bytes:
    """Send bytes, and give all that comes back."""
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=10) as connection:
        found = b""
        try:
            connection.sendall(sent)
            if end:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65_536):
                found += piece
        except ConnectionError:
            pass
        return found


def test_a_success_has_status_200_and_exactly_the_content_type_that_the_sdk_looks_for(wire: Any) -> None:
    answered = wire.call("PauseAutoCalloutTask", TASK)
    assert (answered.status, answered.headers["Content-Type"]) == (200, "application/json")
    assert list(json.loads(answered.body)) == ["Response"]


def test_an_error_has_status_200_and_the_same_content_type(wire: Any) -> None:
    answered = wire.call("PauseAutoCalloutTask", {})
    assert (answered.status, answered.headers["Content-Type"]) == (200, "application/json")
    assert list(answered.response) == ["Error", "RequestId"]
    assert list(answered.response["Error"]) == ["Code", "Message"]


def test_every_answer_has_a_request_id_of_its_own(wire: Any) -> None:
    answers = [wire.call(action, TASK) for action in ("PauseAutoCalloutTask", "Nonsense") * 4]
    ids = {answered.response["RequestId"] for answered in answers}
    assert len(ids) == 8
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", each) for each in ids)


@pytest.mark.parametrize(
    ("action", "version", "code", "text"),
    [
        (
            "Nonsense",
            "2020-02-10",
            "InvalidAction",
            "action=`Nonsense` is invalid or not found in service=`ccc`",
        ),
        ("pauseautocallouttask", "2020-02-10", "InvalidAction", "action=`pauseautocallouttask`"),
        ("PauseAutoCalloutTask", "2019-01-01", "NoSuchVersion", "version=`2019-01-01` does not exist"),
        ("PauseAutoCalloutTask", "2020-02-17", "NoSuchVersion", "in service=`ccc`"),
        ("PublishCmqMsg", "2020-02-10", "NoSuchVersion", "in service=`tdmq`"),
        ("PutEvents", "2020-02-17", "NoSuchVersion", "in service=`eb`"),
        ("Nonsense", "2021-04-16", "InvalidAction", "in service=`eb`"),
        ("Nonsense", "2020-02-17", "InvalidAction", "in service=`tdmq`"),
        ("Nonsense", "nonsense", "NoSuchVersion", "version=`nonsense`"),
    ],
)
def test_an_action_is_known_by_its_name_and_version(
    wire: Any, action: str, version: str, code: str, text: str
) -> None:
    answered = wire.call(action, TASK, version=version)
    assert answered.code == code
    assert text in answered.response["Error"]["Message"]


@pytest.mark.parametrize(
    "value", ["16498", 16498.0, 1.5, True, [16498], {"Id": 16498}, 2**63, -(2**63) - 1, 2**70], ids=repr
)
@pytest.mark.parametrize("name", ["TaskId", "SdkAppId"])
def test_a_value_of_another_type_is_refused_by_name(
    wire: Any, emulator: Emulator, name: str, value: object
) -> None:
    answered = wire.call("PauseAutoCalloutTask", TASK | {name: value})
    assert answered.code == "InvalidParameter"
    assert f"`{name}`" in answered.response["Error"]["Message"]
    assert emulator.tasks.state(16498) == 1


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("PauseAutoCalloutTask", "InvalidParameterValue"),
        ("ResumeAutoCalloutTask", "InvalidParameterValue"),
        ("StopAutoCalloutTask", "InvalidParameter"),
        ("DescribeAutoCalloutTask", "InvalidParameter"),
    ],
)
def test_a_negative_task_is_unknown_where_the_type_is_signed_and_no_task_where_it_is_not(
    wire: Any, action: str, code: str
) -> None:
    assert wire.call(action, TASK | {"TaskId": -1}).code == code


@pytest.mark.parametrize("name", ["TaskId", "SdkAppId"])
@pytest.mark.parametrize("null", [True, False])
def test_a_missing_parameter_is_named_and_null_is_missing(wire: Any, name: str, null: bool) -> None:
    params = {key: value for key, value in TASK.items() if key != name} | ({name: None} if null else {})
    answered = wire.call("PauseAutoCalloutTask", params)
    assert answered.code == "MissingParameter"
    assert f"`{name}`" in answered.response["Error"]["Message"]


def test_an_unknown_parameter_is_named(wire: Any) -> None:
    answered = wire.call("PauseAutoCalloutTask", TASK | {"taskId": 1})
    assert answered.code == "UnknownParameter"
    assert "`taskId`" in answered.response["Error"]["Message"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"1", b'"x"', b"\xff\xfe", b"[" * 100_000, b"9" * 5_000]
)
def test_a_body_that_is_no_object_is_refused(wire: Any, signed: Any, body: bytes) -> None:
    code = wire.send(signed("PauseAutoCalloutTask", body)).code
    assert code == ("MissingParameter" if body == b"" else "InvalidParameter")


@pytest.mark.parametrize(
    ("size", "code"), [(10 * MEGABYTE, "InvalidParameter"), (10 * MEGABYTE + 1, "RequestSizeLimitExceeded")]
)
def test_a_body_has_at_most_ten_megabytes(wire: Any, signed: Any, size: int, code: str) -> None:
    assert wire.send(signed(body=b" " * size)).code == code


def test_the_official_client_hears_that_its_request_is_too_large(official: Any) -> None:
    client = official.generic("tdmq", "2020-02-17")
    with pytest.raises(TencentCloudSDKException) as refused:
        client.call_json("PublishCmqMsg", {"TopicName": "reports", "MsgContent": "x" * 11 * MEGABYTE})
    assert refused.value.code == "RequestSizeLimitExceeded"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("PUT", "/"), ("POST", "/v2/index.php"), ("POST", "/?a=b")]
)
def test_only_post_to_the_root_is_an_api(wire: Any, signed: Any, method: str, path: str) -> None:
    answered = wire.exchange(signed().headers(), signed().body, method, path)
    assert (answered.status, answered.code) == (200, "InvalidRequest")


def test_text_of_all_languages_and_half_a_surrogate_pair_survive(wire: Any, emulator: Emulator) -> None:
    names = ["续约 🎉", "\ud800", "\x00\n"]
    for number, name in enumerate(names):
        emulator.tasks.add(task_id=number + 1, sdk_app_id=7, name=name)
    listed = wire.call("DescribeAutoCalloutTasks", {"SdkAppId": 7, "PageSize": 10, "PageNumber": 0})
    assert [task["Name"] for task in listed.response["Tasks"]] == names


def test_an_answer_is_one_write_so_that_no_acknowledgement_is_waited_for() -> None:
    writes: list[bytes] = []
    handler = _Handler.__new__(_Handler)
    handler.connection = SimpleNamespace(sendall=writes.append)
    handler.command, handler.close_connection = "POST", False
    assert handler._deliver(Reply(b"{}"))
    (write,) = writes
    assert write.startswith(b"HTTP/1.1 200 OK\r\n")
    assert write.endswith(b"\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n{}")


def test_many_requests_in_a_row_see_no_delayed_acknowledgement(wire: Any, emulator: Emulator) -> None:
    emulator.limits.default = None
    took = []
    for _ in range(50):
        began = time.perf_counter()
        wire.call("DescribeAutoCalloutTask", TASK)
        took.append(time.perf_counter() - began)
    assert sorted(took)[25] < 0.030, "a delayed acknowledgement takes 40 ms"


def test_a_connection_serves_many_requests(wire: Any) -> None:
    wire.call("DescribeAutoCalloutTask", TASK)
    first = wire.connection.sock
    assert all(wire.call("DescribeAutoCalloutTask", TASK).code is None for _ in range(5))
    assert wire.connection.sock is first


def test_requests_on_many_connections_are_served_at_once(emulator: Emulator, official: Any) -> None:
    emulator.limits.default = None
    states: list[int] = []

    def describe() -> None:
        client = official.client()
        states.extend(official("DescribeAutoCalloutTask", client, **TASK)["State"] for _ in range(5))

    threads = [threading.Thread(target=describe) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == [1] * 80
    assert len(emulator.journal.entries) == 80


def test_a_client_that_says_nothing_bothers_nobody(emulator: Emulator, pause: Any) -> None:
    idle = [socket.create_connection(("127.0.0.1", emulator.port)) for _ in range(50)]
    assert pause()["RequestId"]
    for connection in idle:
        connection.close()


def test_half_a_request_is_not_worked_on(emulator: Emulator, pause: Any) -> None:
    raw(emulator, b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{}")
    raw(emulator, b"POST / HTTP/1.1\r\nX-TC-Action: Pause")
    pause()
    assert len(emulator.journal.entries) == 1


def test_a_client_that_leaves_before_its_answer_bothers_nobody(
    emulator: Emulator, signed: Any, pause: Any
) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in signed().headers().items())
    for _ in range(10):
        with socket.create_connection(("127.0.0.1", emulator.port)) as connection:
            connection.sendall(f"POST / HTTP/1.1\r\n{lines}Content-Length: 2\r\n\r\n{{}}".encode())
    assert pause()["RequestId"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"POST / HTTP/9.9\r\n\r\n", b"505"),
        (b"BREW / HTTP/1.1\r\n\r\n", b"501"),
        (b"GET " + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"POST / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"431"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n", b"411"),
    ],
    ids=lambda value: value[:12] if isinstance(value, bytes) else value,
)
def test_what_is_no_http_of_ours_is_answered_as_a_web_server_does(
    emulator: Emulator, sent: bytes, status: bytes
) -> None:
    assert raw(emulator, sent).split(maxsplit=2)[1] == status
    assert emulator.journal.entries == []


def test_a_length_beyond_all_measure_is_refused(emulator: Emulator) -> None:
    sent = b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n{}"
    assert b"RequestSizeLimitExceeded" in raw(emulator, sent)


@with_fixture
@given(sent=st.binary(max_size=300))
@example(b"POST / HTTP/1.1\r\nHost\r\n\r\n")
@example(b"GET /\r\n\r\n")
@example(b"POST // HTTP/1.1\r\n\r\n")
def test_garbage_never_brings_it_down(emulator: Emulator, sent: bytes) -> None:
    raw(emulator, sent)
    assert raw(emulator, b"GET /_emulator/tasks HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200 OK")
    assert emulator.errors == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@with_fixture
@given(
    action=st.sampled_from(
        ["PauseAutoCalloutTask", "DescribeAutoCalloutTasks", "CreateAutoCalloutTask", "StopAutoCalloutTask"]
    ),
    params=json_values
    | st.dictionaries(
        st.sampled_from(["TaskId", "SdkAppId", "PageSize", "PageNumber", "Callees", "NotBefore"]), json_values
    ),
)
def test_any_well_signed_json_gets_an_answer_of_the_apis_form(
    emulator: Emulator, wire: Any, action: str, params: object
) -> None:
    emulator.limits.default = None
    answered = wire.call(action, params)
    assert answered.code != "InternalError"
    assert answered.response["RequestId"]
    assert emulator.errors == []
