"""Clients of three kinds: the official typed one, the official generic one, and one written by hand."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import pytest
from tencentcloud.ccc.v20200210 import models
from tencentcloud.ccc.v20200210.ccc_client import CccClient
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from local.emulator import Emulator
from tests.support import APP, SECRET_ID, SECRET_KEY


@dataclass
class Clock:
    """A clock that stands still unless it is told to go on."""

    at: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock(emulator: Emulator) -> Clock:
    """The clock that moves the emulator's tasks along."""
    emulator.now = Clock()
    return emulator.now


class Official:
    """The official Python SDK; a call gives the answer as a dictionary, or raises the SDK's exception."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def profile(self, timeout: float = 5, language: str = "en-US", **more: Any) -> ClientProfile:
        http_profile = HttpProfile(
            protocol="http", endpoint=self.emulator.endpoint, reqTimeout=timeout, **more
        )
        return ClientProfile(httpProfile=http_profile, language=language)

    def client(self, secret: tuple[str, ...] = (SECRET_ID, SECRET_KEY), **profile: Any) -> CccClient:
        return CccClient(Credential(*secret), "", self.profile(**profile))

    def generic(self, service: str = "ccc", version: str = "2020-02-10", region: str = "") -> CommonClient:
        credential = Credential(SECRET_ID, SECRET_KEY)
        return CommonClient(service, version, credential, region, profile=self.profile())

    def __call__(self, action: str, client: CccClient | None = None, **params: Any) -> dict[str, Any]:
        request = getattr(models, f"{action}Request")()
        for name, value in params.items():
            setattr(request, name, value)
        reply = getattr(client or self.client(), action)(request)
        found: dict[str, Any] = json.loads(reply.to_json_string())
        return found


@pytest.fixture
def official(emulator: Emulator) -> Official:
    return Official(emulator)


@pytest.fixture
def pause(official: Official) -> Callable[..., dict[str, Any]]:
    """Pause task 16498, or another, with the typed client."""

    def call(task_id: int = 16498, app: int = APP, client: CccClient | None = None) -> dict[str, Any]:
        return official("PauseAutoCalloutTask", client, TaskId=task_id, SdkAppId=app)

    return call


@dataclass(frozen=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def response(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)["Response"]
        return found

    @property
    def code(self) -> str | None:
        """The error's code, `None` for a success."""
        error = self.response.get("Error")
        return None if error is None else str(error["Code"])


@dataclass
class Signed:
    """A request as somebody writes it who has read the documents only. Change a field, then `headers()`."""

    action: str = "DescribeAutoCalloutTask"
    body: bytes = b'{"TaskId": 16498, "SdkAppId": 1400692008}'
    version: str = "2020-02-10"
    host: str = "127.0.0.1"
    secret_id: str = SECRET_ID
    secret_key: str = SECRET_KEY
    timestamp: int | None = None
    date: str | None = None
    service: str = "ccc"
    content_type: str = "application/json"
    signed: tuple[str, ...] = ("content-type", "host")
    payload: bytes | None = None
    more: tuple[tuple[str, str], ...] = ()

    def headers(self) -> dict[str, str]:
        timestamp = int(time.time()) if self.timestamp is None else self.timestamp
        date = self.date or f"{datetime.fromtimestamp(timestamp, timezone.utc):%Y-%m-%d}"
        headers = {
            "Content-Type": self.content_type,
            "Host": self.host,
            "X-TC-Action": self.action,
            "X-TC-Version": self.version,
            "X-TC-Timestamp": str(timestamp),
            **dict(self.more),
        }
        by_name = {name.lower(): value for name, value in headers.items()}
        names = ";".join(self.signed)
        lines = "".join(f"{name}:{by_name[name].strip().lower()}\n" for name in self.signed)
        payload = self.body if self.payload is None else self.payload
        canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(payload).hexdigest()}"
        scope = f"{date}/{self.service}/tc3_request"
        to_sign = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"TC3{self.secret_key}".encode()
        for part in (date, self.service, "tc3_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        headers["Authorization"] = (
            f"TC3-HMAC-SHA256 Credential={self.secret_id}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        return headers


class Wire:
    """A plain HTTP client."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=10)

    def exchange(
        self, headers: Mapping[str, str], body: bytes = b"", method: str = "POST", path: str = "/"
    ) -> Answered:
        self.connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            self.connection.putheader(name, value)
        if not any(name.lower() in {"content-length", "transfer-encoding"} for name in headers):
            self.connection.putheader("Content-Length", str(len(body)))
        self.connection.endheaders(body or None)
        reply = self.connection.getresponse()
        return Answered(reply.status, dict(reply.headers), reply.read())

    def send(self, signed: Signed) -> Answered:
        return self.exchange(signed.headers(), signed.body)

    def call(self, action: str, params: Any, **changes: Any) -> Answered:
        """Send a well-signed request, whatever its parameters."""
        return self.send(Signed(action, json.dumps(params).encode(), **changes))

    def control(self, method: str, path: str, document: Any = None) -> Answered:
        """Use the control plane."""
        return self.exchange({"Host": "x"}, json.dumps(document).encode(), method, f"/_emulator/{path}")


@pytest.fixture
def wire(emulator: Emulator) -> Iterator[Wire]:
    found = Wire(emulator)
    yield found
    found.connection.close()


@pytest.fixture
def signed() -> type[Signed]:
    """The class of hand-written requests."""
    return Signed


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], bool]:
    """Wait for what another thread is about to do; at most five seconds, mostly not at all."""

    def wait(condition: Callable[[], bool]) -> bool:
        end = time.monotonic() + 5
        while not (met := condition()) and time.monotonic() < end:
            time.sleep(0.002)
        return met

    return wait
