"""A request as it came over HTTP, and an answer with the manner in which it leaves; no sockets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus


class DeliveryMode(Enum):
    """How an answer leaves."""

    WHOLE = auto()
    RESET = auto()
    """Not at all: the connection is reset."""
    REFUSED = auto()
    """Likewise, and connections are refused for `seconds`."""
    STALLED = auto()
    """The headers only; the connection is closed after `seconds`."""
    DRIPPING = auto()
    """A byte every `seconds`."""
    TRUNCATED = auto()
    """Half of the body, then the connection is closed."""


def _unheard(_: bool) -> None:  # noqa: FBT001
    """Ignore what became of an answer."""


@dataclass(frozen=True)
class Reply:
    """What is sent back, in what manner. `until` ends every wait; `sent` gets whether it was sent whole."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    manner: DeliveryMode = DeliveryMode.WHOLE
    seconds: float = 0.0
    until: threading.Event = field(default_factory=threading.Event)
    sent: Callable[[bool], None] = _unheard
    headers: Mapping[str, str] = field(default_factory=dict)

    def head(self, connection: str) -> bytes:
        """Return the status line and the headers."""
        more = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        return (
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\nServer: emulator\r\n"
            f"Content-Type: {self.content_type}\r\nContent-Length: {len(self.body)}\r\n"
            f"Connection: {connection}\r\n{more}\r\n"
        ).encode("latin-1")


@dataclass(frozen=True)
class HttpRequest:
    """A request: method, path, headers by lower-case name, body (`None`: too large)."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None
