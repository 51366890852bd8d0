"""Who may call: TC3-HMAC-SHA256 as the official clients and the documents have it, and nothing else."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.emulator import Emulator
from local.emulator.api3 import Call, Verifier, sign
from local.emulator.errors import ApiError
from tests.support import APP, SECRET_ID, SECRET_KEY

NOW = 1_700_000_000
MIDNIGHT = 1_700_006_400
with_fixture = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
"""The fixture of these properties is a class: nothing in it changes between examples."""


def verdict(headers: dict[str, str], body: bytes, tokens: dict[str, str] | None = None) -> str | None:
    """Verify at NOW without a socket; give the code of the refusal."""
    verifier = Verifier({SECRET_ID: SECRET_KEY}, tokens or {}, lambda: NOW)
    try:
        verifier.verify(Call({name.lower(): value for name, value in headers.items()}, body))
    except ApiError as error:
        return error.code
    return None


def test_the_signature_is_that_of_the_test_vector() -> None:
    body = b'{"TaskId": 16498, "SdkAppId": 1400692008}'
    canonical = (
        "POST\n/\n\ncontent-type:application/json\nhost:ccc.tencentcloudapi.com\n\ncontent-type;host\n"
        + hashlib.sha256(body).hexdigest()
    )
    signature = sign(SECRET_KEY, "2023-11-14", "ccc", "1700000000", canonical)
    assert signature == "87093236a8a1aae504c7bb23a8ab3068087297406c5b1eaa1e9c7b552179640b"


def test_a_request_signed_by_hand_as_in_the_test_vector_is_let_in(signed: Any) -> None:
    request = signed(host="ccc.tencentcloudapi.com", timestamp=NOW)
    assert request.headers()["Authorization"].endswith(
        "87093236a8a1aae504c7bb23a8ab3068087297406c5b1eaa1e9c7b552179640b"
    )
    assert verdict(request.headers(), request.body) is None


def test_the_official_typed_client_is_let_in(pause: Any) -> None:
    assert pause()["RequestId"]


def test_the_official_generic_client_is_let_in(official: Any) -> None:
    reply = official.generic().call_json("PauseAutoCalloutTask", {"TaskId": 16498, "SdkAppId": APP})
    assert reply["Response"]["RequestId"]


def test_the_host_is_taken_literally_as_tccli_sends_it(signed: Any, wire: Any, emulator: Emulator) -> None:
    assert wire.send(signed(host=emulator.url)).code is None


def test_the_host_may_be_signed_without_its_port_as_the_node_sdk_does(
    signed: Any, wire: Any, emulator: Emulator
) -> None:
    request = signed(host="127.0.0.1", service="127")
    assert wire.exchange(request.headers() | {"Host": emulator.endpoint}, request.body).code is None


@pytest.mark.parametrize("host", ["127.0.0.2:80", "127.0.0.1:80:80", "127.0.0.1:x", "x127.0.0.1:80", ":80"])
def test_but_not_as_another_host(signed: Any, host: str) -> None:
    request = signed(host="127.0.0.1", timestamp=NOW)
    assert verdict(request.headers() | {"Host": host}, request.body) == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize("service", ["ccc", "127", "localhost:8089", "tdmq", "anything"])
def test_the_service_is_taken_from_the_request_as_the_node_sdk_names_it_127(
    signed: Any, wire: Any, service: str
) -> None:
    assert wire.send(signed(service=service)).code is None


@pytest.mark.parametrize(
    "names",
    [
        ("content-type", "host"),
        ("content-type", "host", "x-tc-action"),
        ("content-type", "host", "x-tc-action", "x-tc-timestamp", "x-tc-version"),
    ],
    ids=len,
)
def test_more_headers_may_be_signed(signed: Any, wire: Any, names: tuple[str, ...]) -> None:
    assert wire.send(signed(signed=names)).code is None


@pytest.mark.parametrize("names", [("host",), ("content-type",), ("x-tc-action",)])
def test_content_type_and_host_must_be_signed(signed: Any, names: tuple[str, ...]) -> None:
    request = signed(signed=names, timestamp=NOW)
    assert verdict(request.headers(), request.body) == "AuthFailure.SignatureFailure"


def test_a_signed_header_that_is_not_there_is_refused(signed: Any) -> None:
    request = signed(
        timestamp=NOW, signed=("content-type", "host", "x-tc-region"), more=(("X-TC-Region", "a"),)
    )
    headers = request.headers()
    del headers["X-TC-Region"]
    assert verdict(headers, request.body) == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize("content_type", ["application/json; charset=UTF-8", " application/json "])
def test_header_values_may_be_signed_as_they_are_or_in_lower_case(
    signed: Any, wire: Any, content_type: str
) -> None:
    assert wire.send(signed(content_type=content_type)).code is None


def test_the_body_need_not_be_signed_if_the_request_says_so(signed: Any, wire: Any) -> None:
    unsigned = (("X-TC-Content-SHA256", "UNSIGNED-PAYLOAD"),)
    assert wire.send(signed(payload=b"UNSIGNED-PAYLOAD", more=unsigned)).code is None
    assert wire.send(signed(payload=b"UNSIGNED-PAYLOAD")).code == "AuthFailure.SignatureFailure"


def test_the_official_client_may_leave_the_body_unsigned(official: Any) -> None:
    client = official.client()
    client.profile.unsignedPayload = True
    assert official("DescribeAutoCalloutTask", client, TaskId=16498, SdkAppId=APP)["State"] == 1


@pytest.mark.parametrize("off", [-300, -299, 0, 299, 300])
def test_a_timestamp_is_good_for_five_minutes_either_way(signed: Any, off: int) -> None:
    request = signed(timestamp=NOW + off)
    assert verdict(request.headers(), request.body) is None


@pytest.mark.parametrize("off", [-86_400, -301, 301, 86_400])
def test_a_timestamp_further_off_has_expired(signed: Any, off: int) -> None:
    request = signed(timestamp=NOW + off)
    assert verdict(request.headers(), request.body) == "AuthFailure.SignatureExpire"


def test_the_clock_of_the_window_is_not_the_clock_of_the_tasks(
    emulator: Emulator, pause: Any, clock: Any
) -> None:
    clock.at = 4_000_000_000.0
    assert pause()["RequestId"], "tasks are far in the future, the signature's clock is not"
    emulator.signature_now = lambda: 4_000_000_000.0
    with pytest.raises(TencentCloudSDKException, match="server time 4000000000") as refused:
        pause()
    assert refused.value.code == "AuthFailure.SignatureExpire"


@pytest.mark.parametrize("timestamp", ["soon", "-1", "1.7e9", "\u0661\u0667", "9" * 13, "17_00"])
def test_a_timestamp_that_is_no_number_of_seconds_is_refused(signed: Any, timestamp: str) -> None:
    request = signed(timestamp=NOW)
    assert verdict(request.headers() | {"X-TC-Timestamp": timestamp}, request.body) == "InvalidParameter"


def test_the_date_must_be_the_timestamps_own_in_utc(signed: Any) -> None:
    request = signed(timestamp=NOW, date="2023-11-15")
    assert verdict(request.headers(), request.body) == "AuthFailure.SignatureFailure"


def test_just_before_and_just_after_midnight_the_date_differs(signed: Any) -> None:
    for timestamp, date in ((MIDNIGHT - 1, "2023-11-14"), (MIDNIGHT, "2023-11-15")):
        request = signed(timestamp=timestamp)
        assert f"/{date}/" in request.headers()["Authorization"]
        Verifier({SECRET_ID: SECRET_KEY}, {}, lambda: MIDNIGHT).verify(
            Call({name.lower(): value for name, value in request.headers().items()}, request.body)
        )


@pytest.mark.parametrize(
    ("language", "text"),
    [("en-US", "please ensure that your SecretId is correct"), ("zh-CN", "SecretId不存在")],
)
def test_an_unknown_secret_id_is_refused_in_the_clients_language(
    official: Any, pause: Any, language: str, text: str
) -> None:
    client = official.client(("AKIDUNKNOWN", SECRET_KEY), language=language)
    with pytest.raises(TencentCloudSDKException, match=text) as refused:
        pause(client=client)
    assert refused.value.code == "AuthFailure.SecretIdNotFound"


def test_a_wrong_key_is_refused_and_nothing_is_done(official: Any, pause: Any, emulator: Emulator) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        pause(client=official.client((SECRET_ID, "ANOTHERKEY")))
    assert refused.value.code == "AuthFailure.SignatureFailure"
    assert emulator.tasks.state(16498) == 1


@pytest.mark.parametrize(
    ("token", "code"),
    [("right", None), ("wrong", "AuthFailure.TokenFailure"), (None, "AuthFailure.TokenFailure")],
)
def test_a_temporary_secret_needs_its_token(
    emulator: Emulator, official: Any, pause: Any, token: str | None, code: str | None
) -> None:
    emulator.secrets["AKIDROLE"], emulator.tokens["AKIDROLE"] = "ROLEKEY", "right"
    client = official.client(("AKIDROLE", "ROLEKEY", *([token] if token else [])))
    if code is None:
        assert pause(client=client)["RequestId"]
        return
    with pytest.raises(TencentCloudSDKException) as refused:
        pause(client=client)
    assert refused.value.code == code


def test_a_lasting_secret_has_no_token(official: Any, pause: Any) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        pause(client=official.client((SECRET_ID, SECRET_KEY, "a-token")))
    assert refused.value.code == "AuthFailure.TokenFailure"


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Basic QUtJRDpzZWNyZXQ=", "TC3-HMAC-SHA256", "TC3-HMAC-SHA256 Credential=a/b/c, Signature=00"],
)
def test_an_authorization_of_another_form_is_refused(signed: Any, authorization: str | None) -> None:
    request = signed(timestamp=NOW)
    headers = request.headers()
    del headers["Authorization"]
    if authorization is not None:
        headers["Authorization"] = authorization
    assert verdict(headers, request.body) == "AuthFailure.InvalidAuthorization"


@pytest.mark.parametrize("name", ["Action", "Version", "Timestamp"])
def test_a_missing_header_is_named(signed: Any, wire: Any, name: str) -> None:
    headers = signed().headers()
    del headers[f"X-TC-{name}"]
    answered = wire.exchange(headers, signed().body)
    assert answered.code == "MissingParameter"
    assert f"`{name}`" in answered.response["Error"]["Message"]


@with_fixture
@given(place=st.integers(min_value=0), change=st.integers(min_value=1, max_value=255))
def test_a_body_altered_in_any_byte_is_refused(signed: Any, place: int, change: int) -> None:
    request = signed(timestamp=NOW)
    body = bytearray(request.body)
    body[place % len(body)] ^= change
    assert verdict(request.headers(), bytes(body)) == "AuthFailure.SignatureFailure"


@with_fixture
@given(place=st.integers(0, 63), digit=st.sampled_from("0123456789abcdef"))
def test_a_signature_altered_in_any_digit_is_refused(signed: Any, place: int, digit: str) -> None:
    headers = signed(timestamp=NOW).headers()
    start, signature = headers["Authorization"].rsplit("=", 1)
    altered = signature[:place] + digit + signature[place + 1 :]
    headers["Authorization"] = f"{start}={altered}"
    expected = None if altered == signature else "AuthFailure.SignatureFailure"
    assert verdict(headers, signed().body) == expected


@with_fixture
@given(place=st.integers(min_value=0), other=st.characters(min_codepoint=32, max_codepoint=255))
def test_an_authorization_altered_in_any_character_is_refused(signed: Any, place: int, other: str) -> None:
    headers = signed(timestamp=NOW).headers()
    text = headers["Authorization"]
    place %= len(text)
    headers["Authorization"] = text[:place] + other + text[place + 1 :]
    same = headers["Authorization"] == text or (place >= len(text) - 64 and other.lower() == text[place])
    assert (verdict(headers, signed().body) is None) == same, "only hexadecimal digits have two cases"


@with_fixture
@given(name=st.sampled_from(["Content-Type", "Host", "X-TC-Action"]), value=st.text("abc/.:0", max_size=12))
def test_a_signed_header_altered_is_refused(signed: Any, name: str, value: str) -> None:
    request = signed(timestamp=NOW, signed=("content-type", "host", "x-tc-action"))
    headers = request.headers() | {name: value}
    assert verdict(headers, request.body) in {"AuthFailure.SignatureFailure", "MissingParameter"}


@with_fixture
@given(off=st.integers(-299, 299).filter(bool))
def test_a_timestamp_altered_within_the_window_is_refused(signed: Any, off: int) -> None:
    request = signed(timestamp=NOW)
    headers = request.headers() | {"X-TC-Timestamp": str(NOW + off)}
    assert verdict(headers, request.body) == "AuthFailure.SignatureFailure"


@with_fixture
@given(key=st.text(max_size=40), service=st.sampled_from(["ccc", "127", "tdmq"]))
def test_no_other_key_will_do(signed: Any, key: str, service: str) -> None:
    request = signed(timestamp=NOW, secret_key=key.encode("utf-8", "replace").decode(), service=service)
    expected = None if request.secret_key == SECRET_KEY else "AuthFailure.SignatureFailure"
    assert verdict(request.headers(), request.body) == expected


@given(
    authorization=st.text(st.characters(codec="latin-1")), timestamp=st.text(st.characters(codec="latin-1"))
)
def test_garbage_in_the_headers_is_refused_and_never_an_error_of_ours(
    authorization: str, timestamp: str
) -> None:
    headers = {
        "X-TC-Action": "PauseAutoCalloutTask",
        "X-TC-Version": "2020-02-10",
        "X-TC-Timestamp": timestamp,
        "Authorization": authorization,
        "Content-Type": "application/json",
        "Host": "h",
    }
    assert verdict(headers, b"{}") is not None
