"""The official SDK over a real socket: what it does by itself must not become ours."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from handler.cloud.credentials import Credentials
from handler.cloud.tencent_api import TencentApi, product_endpoint
from handler.errors import CloudError, Meaning
from handler.settings import read_settings
from local.emulator import Emulator, faults
from tests.support import APP, DESCRIBE, PAUSE

from .harness.constants import CREDENTIALS, WRONG_CREDENTIALS
from .harness.reconciler import ccc_client

TASK = {"TaskId": 16498, "SdkAppId": APP}


def refused(emulator: Emulator, *, seconds: float = 5, identity: Credentials = CREDENTIALS) -> CloudError:
    with pytest.raises(CloudError) as error:
        ccc_client(emulator, identity).call(PAUSE, TASK, seconds)
    return error.value


def test_a_call_gives_the_response_and_the_work_is_done(emulator: Emulator) -> None:
    response = ccc_client(emulator).call(PAUSE, TASK, 5)
    assert response == {"RequestId": emulator.journal.entries[0].request_id}
    assert emulator.tasks.state(16498) == 5


def test_an_api_error_has_its_code_message_and_request_id(emulator: Emulator) -> None:
    emulator.tasks.clear()
    error = refused(emulator)
    assert error.code == "InvalidParameterValue"
    assert "task 16498 does not exist" in error.message
    assert error.request_id == emulator.journal.entries[0].request_id


@pytest.mark.parametrize(
    ("fault", "code", "text"),
    [
        (faults.RESET, "NoAnswer", "Connection"),
        (faults.LOST_REPLY, "NoAnswer", "Connection"),
        (faults.TRUNCATED, "UnreadableAnswer", "IncompleteRead"),
        (faults.HTTP_500, "NoAnswer", "HTTP error page: <html><body><h1>500 Internal Server Error"),
        (faults.HTTP_429, "NoAnswer", "HTTP error page: <html><body><h1>429 Too Many Requests"),
        (faults.HTML, "UnreadableAnswer", "no API 3.0 answer: <html><body>Welcome to this network"),
        (faults.EMPTY, "UnreadableAnswer", "no API 3.0 answer: empty"),
        (faults.OTHER_CONTENT_TYPE, "InternalError", "An internal error has occurred"),
        (faults.INTERNAL_ERROR, "InternalError", "An internal error has occurred"),
        (faults.DB_ERROR, "InternalError.DBError", "database"),
        (faults.THROTTLED, "RequestLimitExceeded", "Your current request times equals to `21` in a second"),
    ],
    ids=lambda value: value.name if isinstance(value, faults.Fault) else None,
)
def test_every_fault_becomes_an_error_that_may_pass(
    emulator: Emulator, fault: faults.Fault, code: str, text: str
) -> None:
    emulator.faults.add(fault)
    error = refused(emulator)
    assert error.code == code
    assert text in error.message
    assert error.retryable


def test_an_error_with_another_content_type_does_not_pass_for_a_success(emulator: Emulator) -> None:
    emulator.faults.add(faults.OTHER_CONTENT_TYPE)
    assert refused(emulator).code == "InternalError"


def test_nobody_listening_is_no_answer(emulator: Emulator) -> None:
    with emulator.refusing():
        error = refused(emulator)
    assert error.code == "NoAnswer"
    assert error.message.startswith(f"{emulator.url} cannot be reached: [Errno ")


@pytest.mark.parametrize("fault", [faults.DRIP, faults.STALL], ids=lambda fault: fault.name)
def test_an_answer_that_drips_in_is_given_up_in_time_whatever_the_timeout_per_read(
    emulator: Emulator, fault: faults.Fault
) -> None:
    emulator.faults.add(fault, times=1)
    client = ccc_client(emulator)
    with pytest.raises(CloudError, match=r"NoAnswer: no whole answer within 0\.2 s"):
        client.call(DESCRIBE, TASK, 0.2)
    assert client.call(DESCRIBE, TASK, 5)["State"] == 1, "and the client is still of use"


def test_temporary_credentials_bring_their_token(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator.secrets["AKIDROLE"] = "role-key"
    emulator.tokens["AKIDROLE"] = "role-token"
    monkeypatch.setenv("TENCENTCLOUD_SECRETID", "AKIDROLE")
    monkeypatch.setenv("TENCENTCLOUD_SECRETKEY", "role-key")
    monkeypatch.setenv("TENCENTCLOUD_SESSIONTOKEN", "role-token")
    identity = read_settings(callout_quiet_hours="21:00-08:00").credentials
    assert identity is not None
    assert ccc_client(emulator, identity).call(PAUSE, TASK, 5)["RequestId"]
    without = Credentials("AKIDROLE", "role-key", None)
    assert refused(emulator, identity=without).code == "AuthFailure.TokenFailure"


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        (Credentials("AKIDNOBODY", "x"), "AuthFailure.SecretIdNotFound"),
        (WRONG_CREDENTIALS, "AuthFailure.SignatureFailure"),
        (Credentials("", ""), "InvalidCredential"),
        (Credentials(" padded ", "x"), "InvalidCredential"),
    ],
)
def test_wrong_credentials_cannot_pass(emulator: Emulator, identity: Credentials, code: str) -> None:
    error = refused(emulator, identity=identity)
    assert (error.code, error.meaning) == (code, Meaning.HALT)


def test_nothing_that_signs_a_request_is_logged_even_at_debug(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.secrets["AKIDROLE"] = "role-key-of-32-characters-or-so"
    emulator.tokens["AKIDROLE"] = "a-session-token"
    logging.getLogger("tencentcloud_sdk_common").setLevel(logging.DEBUG)
    caplog.set_level(logging.DEBUG)
    identity = Credentials("AKIDROLE", "role-key-of-32-characters-or-so", "a-session-token")
    ccc_client(emulator, identity).call(PAUSE, TASK, 5)
    assert caplog.text, "the HTTP library does log at this level"
    for secret in ("role-key-of-32", "a-session-token", "Signature=", "Authorization", "AKIDROLE"):
        assert secret not in caplog.text


def test_a_netrc_file_does_not_replace_the_signature(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert ccc_client(emulator).call(PAUSE, TASK, 5)["RequestId"]


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ccc_client(emulator).call(PAUSE, TASK, 5)["RequestId"]


def test_an_api_error_inside_an_http_error_page_is_not_lost(emulator: Emulator) -> None:
    from tencentcloud.common.exception import TencentCloudSDKException

    from handler.cloud.tencent_api import _translated

    body = (
        b'{"Response": {"Error": {"Code": "AuthFailure.TokenFailure", "Message": "old"}, "RequestId": "r"}}'
    )
    error = _translated(TencentCloudSDKException("ServerNetworkError", body), "ccc.tencentcloudapi.com")
    assert (error.code, error.request_id) == ("AuthFailure.TokenFailure", "r")
    assert emulator.journal.entries == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"Response": null}', "no API 3.0 answer"),
        (b"[]", "no API 3.0 answer"),
        (b'{"Response": {"State": 1, "State": 5, "RequestId": "r"}}', "no API 3.0 answer"),
        (b'{"Response": {"State": 1}, "Response": {"State": 5}}', "no API 3.0 answer"),
        (b'{"Response": {"Error": "broken", "RequestId": "r"}}', "an error without a code: broken"),
        (b"\xff\xfe", "no API 3.0 answer"),
        (b"[" * 100_000, "no API 3.0 answer"),
    ],
)
def test_an_answer_of_another_shape_is_unreadable(body: bytes, text: str) -> None:
    from handler.cloud.tencent_api import _response

    with pytest.raises(CloudError) as error:
        _response(body)
    assert error.value.code == "UnreadableAnswer"
    assert text in error.value.message


def test_a_host_without_a_scheme_is_reached_by_https_and_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    api = TencentApi(
        "ccc", "2020-02-10", endpoint="ccc.tencentcloudapi.com", region=None, identity=CREDENTIALS
    )
    with pytest.raises(CloudError, match=r"NoAnswer: .*Unable to connect to proxy"):
        api.call(PAUSE, TASK, 5)


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("ccc.tencentcloudapi.com", "tdmq.tencentcloudapi.com"),
        ("ccc.intl.tencentcloudapi.com", "tdmq.intl.tencentcloudapi.com"),
        ("https://ccc.ap-guangzhou.tencentcloudapi.com", "https://tdmq.ap-guangzhou.tencentcloudapi.com"),
        ("http://127.0.0.1:8089", "http://127.0.0.1:8089"),
        ("http://localhost:8089", "http://localhost:8089"),
    ],
)
def test_other_products_are_on_the_same_site(endpoint: str, expected: str) -> None:
    assert product_endpoint(endpoint, "tdmq") == expected
