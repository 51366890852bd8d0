"""The protocol of TencentCloud API 3.0: signature, headers, parameters' types, the envelope of an answer.

Source: cloud.tencent.com/document/product/1278, "Signature Method v3" and "Responses"; what official
clients send was measured (docs/emulator.md).
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

from . import errors
from .errors import ApiError

WINDOW_SECONDS = 300
"""How far a timestamp may be off: "AuthFailure.SignatureExpire" beyond five minutes."""
MAX_BODY = 10 * 1024 * 1024
"""Bytes of a POST signed with TC3. Source: document 1278/46710."""

_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 +Credential=(?P<id>[^/,\s]+)/(?P<date>[^/,\s]+)/(?P<service>[^,\s]+)/tc3_request, *"
    r"SignedHeaders=(?P<headers>[^,\s]+), *Signature=(?P<signature>[0-9a-fA-F]{64})"
)


_SECONDS = re.compile(r"[0-9]{1,12}")
_PORT = re.compile(r":[0-9]+$")


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
        """Return the parameters. Raises `ApiError`."""
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
        for name in ("Action", "Version", "Timestamp"):
            if not call.headers.get(f"x-tc-{name.lower()}"):
                raise errors.missing(name)
        match = _AUTHORIZATION.fullmatch(call.headers.get("authorization", "").strip())
        if match is None:
            raise errors.of("AuthFailure.InvalidAuthorization")
        secret = self.secrets.get(match["id"])
        if secret is None:
            raise errors.of("AuthFailure.SecretIdNotFound")
        self._check_time(call.headers["x-tc-timestamp"], match["date"])
        if self.tokens.get(match["id"]) != (call.headers.get("x-tc-token") or None):
            raise errors.of("AuthFailure.TokenFailure")
        given = match["signature"].lower()
        if not any(hmac.compare_digest(right, given) for right in _signatures(call, match, secret)):
            raise errors.of("AuthFailure.SignatureFailure")

    def _check_time(self, timestamp: str, date: str) -> None:
        if not _SECONDS.fullmatch(timestamp):
            raise errors.wrong_type("Timestamp")
        now = self.clock()
        if abs(now - int(timestamp)) > WINDOW_SECONDS:
            raise errors.expired(now)
        if f"{datetime.fromtimestamp(int(timestamp), timezone.utc):%Y-%m-%d}" != date:
            raise errors.of("AuthFailure.SignatureFailure")


def _signatures(call: Call, match: re.Match[str], secret: str) -> list[str]:
    """Return the right signatures, as clients that the service lets in make them.

    Header values are signed as they are or, as the text says, in lower case; the host with its port or,
    by the Node SDK, without.
    """
    names = match["headers"].lower().split(";")
    if not {"content-type", "host"} <= set(names) or any(name not in call.headers for name in names):
        return []
    payload = call.body
    if call.headers.get("x-tc-content-sha256") == "UNSIGNED-PAYLOAD":
        payload = b"UNSIGNED-PAYLOAD"
    hashed = hashlib.sha256(payload).hexdigest()
    values = {name: call.headers[name].strip() for name in names}
    found = []
    for host in dict.fromkeys((values["host"], _PORT.sub("", values["host"]))):
        lines = "".join(f"{name}:{value}\n" for name, value in (values | {"host": host}).items())
        for text in dict.fromkeys((lines, lines.lower())):
            canonical = f"POST\n/\n\n{text}\n{match['headers']}\n{hashed}"
            timestamp = call.headers["x-tc-timestamp"]
            found.append(sign(secret, match["date"], match["service"], timestamp, canonical))
    return found


def sign(secret_key: str, date: str, service: str, timestamp: str, canonical: str) -> str:
    """Return the TC3-HMAC-SHA256 signature, in hexadecimal, of a canonical request."""
    hashed = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    text = f"TC3-HMAC-SHA256\n{timestamp}\n{date}/{service}/tc3_request\n{hashed}"
    key = ("TC3" + secret_key).encode()
    for part in (date, service, "tc3_request"):
        key = hmac.digest(key, part.encode("utf-8", "surrogateescape"), "sha256")
    return hmac.digest(key, text.encode("utf-8", "surrogateescape"), "sha256").hex()


@dataclass(frozen=True)
class Param:
    """A parameter: `kind` is its type, `least` and `most` its range.

    Kinds are `int` and `uint` (64 bits), `str`, `bool`, `list` (of strings) and `objects` (a list of them).
    A value of another type is `InvalidParameter`, one out of range is `InvalidParameterValue`.
    """

    kind: str
    required: bool = True
    least: int | None = None
    most: int | None = None

    def fits(self, value: Any) -> bool:
        """Return whether a value is of the type; JSON's `true` and `1.0` are no integers."""
        if self.kind in {"int", "uint"}:
            lowest, highest = (-(2**63), 2**63) if self.kind == "int" else (0, 2**64)
            return type(value) is int and lowest <= value < highest
        if self.kind in {"list", "objects"}:
            wanted = str if self.kind == "list" else dict
            return isinstance(value, list) and all(isinstance(item, wanted) for item in value)
        return isinstance(value, {"str": str, "bool": bool}[self.kind])

    def allows(self, value: Any) -> bool:
        """Return whether a value of the type is in range."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


INT64 = Param("int")
UINT64 = Param("uint")


def check(params: Mapping[str, Any], wanted: Mapping[str, Param], place: str = "") -> dict[str, Any]:
    """Return the parameters that are there and no nulls. Raises `ApiError` for what the service refuses.

    `place` stands before the names in messages: `EventList.0.` for what is inside of the list's first object.
    """
    for name in params:
        if name not in wanted:
            raise errors.unknown(place + name)
    given = {name: value for name, value in params.items() if value is not None}
    for name, param in wanted.items():
        if name not in given:
            if param.required:
                raise errors.missing(place + name)
        elif not param.fits(given[name]):
            raise errors.wrong_type(place + name)
        elif not param.allows(given[name]):
            raise errors.wrong_value(place + name, f"must be from {param.least} to {param.most}")
    return given


def response(result: Mapping[str, Any] | ApiError, language: str | None = None) -> dict[str, Any]:
    """Return the `Response` of a result or an error, with a `RequestId` of its own."""
    request_id = str(uuid.uuid4())
    if isinstance(result, ApiError):
        return {"Error": {"Code": result.code, "Message": result.text(language)}, "RequestId": request_id}
    return {**result, "RequestId": request_id}


def encoded(document: Any) -> bytes:
    """Return a document as JSON in UTF-8. What has no UTF-8, half of a surrogate pair, stays escaped."""
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace")
