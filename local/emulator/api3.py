"""The protocol of TencentCloud API 3.0: signature, headers, parameters' types, the envelope of an answer.

Source: cloud.tencent.com/document/product/1278, "Signature Method v3" and "Responses"; what official
clients send was measured (docs/emulator.md). No public text gives the messages word for word unless said.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

WINDOW_SECONDS = 300
"""How far a timestamp may be off: "AuthFailure.SignatureExpire" beyond five minutes."""
MAX_BODY = 10 * 1024 * 1024
"""Bytes of a POST signed with TC3. Source: document 1278/46710."""

_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 +Credential=(?P<id>[^/,\s]+)/(?P<date>[^/,\s]+)/(?P<service>[^,\s]+)/tc3_request, *"
    r"SignedHeaders=(?P<headers>[^,\s]+), *Signature=(?P<signature>[0-9a-fA-F]{64})"
)


class ApiError(Exception):
    """An answer that is an error, with the code and message of API 3.0."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Call:
    """A request as it arrived: headers by lower-case name, and the body as sent."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def action(self) -> str:
        """The action, `""` where the header is missing."""
        return self.headers.get("x-tc-action", "")

    @property
    def version(self) -> str:
        """The version of the product's API."""
        return self.headers.get("x-tc-version", "")

    @property
    def region(self) -> str | None:
        """The region, which CCC does not ask for."""
        return self.headers.get("x-tc-region")

    @property
    def secret_id(self) -> str:
        """The secret id that the signature names, `""` where there is none to be read."""
        match = _AUTHORIZATION.fullmatch(self.headers.get("authorization", "").strip())
        return match["id"] if match else ""

    def params(self) -> dict[str, Any]:
        """Give the parameters. Raises `ApiError`."""
        try:
            params = json.loads(self.body or b"{}")
        except (ValueError, RecursionError):
            raise ApiError("InvalidParameter", "The request body is not valid JSON.") from None
        if not isinstance(params, dict):
            raise ApiError("InvalidParameter", "The request body is not a JSON object.")
        return params


@dataclass(frozen=True)
class Verifier:
    """Verifies signatures as the service does, with the secrets it knows.

    `tokens` are the session tokens of temporary secrets. Signed headers, the literal `Host` and the
    service are taken from the request: official clients differ in all three.
    """

    secrets: Mapping[str, str]
    tokens: Mapping[str, str]
    clock: Callable[[], float]

    def verify(self, call: Call) -> None:
        """Raise `ApiError` unless the request is signed by a secret that is known."""
        for name in ("x-tc-action", "x-tc-version", "x-tc-timestamp"):
            if not call.headers.get(name):
                raise ApiError("MissingParameter", f"The request is missing the header `{name}`.")
        match = _AUTHORIZATION.fullmatch(call.headers.get("authorization", "").strip())
        if match is None:
            raise ApiError(
                "AuthFailure.InvalidAuthorization", "The request header `Authorization` is invalid."
            )
        secret = self.secrets.get(match["id"])
        if secret is None:
            raise ApiError(
                "AuthFailure.SecretIdNotFound",
                "The SecretId is not found, please ensure that your SecretId is correct.",
            )
        self._check_time(call.headers["x-tc-timestamp"], match["date"])
        self._check_token(match["id"], call.headers.get("x-tc-token"))
        if not any(
            hmac.compare_digest(signature, match["signature"].lower())
            for signature in _signatures(call, match, secret)
        ):
            raise ApiError(
                "AuthFailure.SignatureFailure",
                "The provided credentials could not be validated. Please check your signature is correct.",
            )

    def _check_time(self, timestamp: str, date: str) -> None:
        if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:  # noqa: PLR2004
            raise ApiError("InvalidParameter", "The request header `X-TC-Timestamp` is no number of seconds.")
        if abs(self.clock() - int(timestamp)) > WINDOW_SECONDS:
            raise ApiError(
                "AuthFailure.SignatureExpire",
                "The signature has expired: the timestamp is more than five minutes off the server's.",
            )
        if f"{datetime.fromtimestamp(int(timestamp), timezone.utc):%Y-%m-%d}" != date:
            raise ApiError(
                "AuthFailure.SignatureFailure", "The date of the credential is not that of the timestamp."
            )

    def _check_token(self, secret_id: str, token: str | None) -> None:
        if self.tokens.get(secret_id) != token:
            raise ApiError("AuthFailure.TokenFailure", "The token is invalid.")


def _signatures(call: Call, match: re.Match[str], secret: str) -> list[str]:
    """Give the right signatures: with header values as they are, and in lower case as the text says."""
    names = match["headers"].lower().split(";")
    if not {"content-type", "host"} <= set(names) or any(name not in call.headers for name in names):
        return []
    payload = call.body
    if call.headers.get("x-tc-content-sha256") == "UNSIGNED-PAYLOAD":
        payload = b"UNSIGNED-PAYLOAD"
    found = []
    for lower in (False, True):
        values = {name: call.headers[name].strip() for name in names}
        lines = [f"{name}:{value.lower() if lower else value}\n" for name, value in values.items()]
        canonical = f"POST\n/\n\n{''.join(lines)}\n{match['headers']}\n{hashlib.sha256(payload).hexdigest()}"
        found.append(sign(secret, match["date"], match["service"], call.headers["x-tc-timestamp"], canonical))
    return found


def sign(secret_key: str, date: str, service: str, timestamp: str, canonical: str) -> str:
    """Give the TC3-HMAC-SHA256 signature, in hexadecimal, of a canonical request."""
    hashed = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    text = f"TC3-HMAC-SHA256\n{timestamp}\n{date}/{service}/tc3_request\n{hashed}"
    key = ("TC3" + secret_key).encode()
    for part in (date, service, "tc3_request"):
        key = hmac.digest(key, part.encode("utf-8", "surrogateescape"), "sha256")
    return hmac.digest(key, text.encode("utf-8", "surrogateescape"), "sha256").hex()


@dataclass(frozen=True)
class Param:
    """The type of a parameter: `int`, `str`, `bool`, `list` (of strings), `object` or `objects`."""

    kind: str
    required: bool = True
    least: int = -(2**63)

    def fits(self, value: Any) -> bool:
        """Tell whether a value is of the type; JSON's `true` is no integer."""
        if self.kind == "int":
            return type(value) is int and self.least <= value < 2**64
        if self.kind == "list":
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        if self.kind == "objects":
            return isinstance(value, list) and all(isinstance(item, dict) for item in value)
        return isinstance(value, {"str": str, "object": dict, "bool": bool}[self.kind])


INT64 = Param("int")
UINT64 = Param("int", least=0)


def check(params: Mapping[str, Any], wanted: Mapping[str, Param]) -> dict[str, Any]:
    """Give the parameters that are there and no nulls. Raises `ApiError` for what the service refuses."""
    for name in params:
        if name not in wanted:
            raise ApiError("UnknownParameter", f"The parameter `{name}` is not recognized.")
    given = {name: value for name, value in params.items() if value is not None}
    for name, param in wanted.items():
        if name not in given:
            if param.required:
                raise ApiError("MissingParameter", f"The request is missing a required parameter `{name}`.")
        elif not param.fits(given[name]):
            raise ApiError("InvalidParameter", f"The value type of parameter `{name}` is not valid.")
    return given


def response(result: Mapping[str, Any] | ApiError) -> dict[str, Any]:
    """Give the `Response` of a result or an error, with a `RequestId` of its own."""
    request_id = str(uuid.uuid4())
    if isinstance(result, ApiError):
        return {"Error": {"Code": result.code, "Message": result.message}, "RequestId": request_id}
    return {**result, "RequestId": request_id}


def too_many(count: int, limit: int, language: str | None) -> ApiError:
    """Give the error of the rate limit; both texts are the service's own, as quoted in public issues."""
    if (language or "zh-CN").lower().startswith("en"):
        message = (
            f"Your current request times equals to `{count}` in a second, which exceeds the frequency limit "
            f"`{limit}` for a second. Please reduce the frequency of calls."
        )
    else:
        message = f"您当前每秒请求 `{count}` 次，超过了每秒频率上限 `{limit}`，请稍后重试。"
    return ApiError("RequestLimitExceeded", message)
