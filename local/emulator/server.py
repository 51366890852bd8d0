"""Sockets, threads and HTTP: one write a response, loopback only, quick to start and to stop."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

HOST = "127.0.0.1"
_IDLE_SECONDS = 60


@dataclass(frozen=True)
class Reply:
    """What is sent back.

    `break_after` cuts the connection after so many bytes of the body; `drip` and `stall` are the seconds
    between two bytes of it, and before it.
    """

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    break_after: int | None = None
    drip: float = 0.0
    stall: float = 0.0
    reset: bool = False


@dataclass(frozen=True)
class Asked:
    """A request: method, path, headers by lower-case name, body (`None`: too large to be read)."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None


class Server:
    """An HTTP server on a loopback port that can also stop listening for a while.

    `answer` gives the reply to a request; `delivered` hears whether it was sent whole.
    """

    def __init__(
        self, port: int, answer: Callable[[Asked], tuple[Reply, Callable[[bool], None]]], limit: int
    ) -> None:
        self.port = port
        self.answer = answer
        self.limit = limit
        self.ended = threading.Event()
        self._http: _Http | None = None

    @property
    def running(self) -> bool:
        """Whether it listens."""
        return self._http is not None

    def start(self) -> None:
        """Listen, or raise `OSError` at once. Starting twice is a mistake."""
        if self._http is not None:
            raise RuntimeError("the emulator is running already")
        self.ended.clear()
        self._http = _Http((HOST, self.port), self)
        self.port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, args=(0.02,), name="emulator", daemon=True).start()

    def stop(self) -> None:
        """Stop listening, cut every connection and every wait. Stopping twice is none."""
        self.ended.set()
        http, self._http = self._http, None
        if http is not None:
            http.shutdown()
            http.server_close()
            http.cut()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], server: Server) -> None:
        self.owner = server
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind, without asking a name server who one is."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.server_address[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection and remember it, so that it can be cut."""
        connection, address = super().get_request()
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that has ended."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut(self) -> None:
        """Cut all connections."""
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            _reset(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that vanished is no news."""


def _reset(connection: socket.socket) -> None:
    """End a connection with RST, so that the other side sees it reset and not closed."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)
    except OSError:
        pass
    connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize: ClassVar[int] = 0
    server: _Http

    def do_POST(self) -> None:
        self._serve()

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's own name
        """Say nothing: the journal has it."""

    def _serve(self) -> None:
        body = self._body()
        if body is None:
            self.close_connection = True
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply, delivered = self.server.owner.answer(Asked(self.command, self.path, headers, body))
        sent = False
        try:
            sent = self._send(reply)
        except OSError:
            self.close_connection = True
        finally:
            delivered(sent)

    def _body(self) -> bytes | None:
        """Read the body; `None` if it is too large, or its length cannot be told."""
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length.isdecimal():
            return None
        if int(length) > self.server.owner.limit:
            return None
        return self.rfile.read(int(length))

    def _send(self, reply: Reply) -> bool:
        if reply.reset:
            self.close_connection = True
            _reset(self.connection)
            return False
        reason = HTTPStatus(reply.status).phrase
        head = (
            f"HTTP/1.1 {reply.status} {reason}\r\nServer: emulator\r\nContent-Type: {reply.content_type}\r\n"
            f"Content-Length: {len(reply.body)}\r\n"
            f"Connection: {'close' if self.close_connection else 'keep-alive'}\r\n\r\n"
        ).encode("latin-1")
        ended = self.server.owner.ended
        if reply.stall:
            self.connection.sendall(head)
            ended.wait(reply.stall)
            self.close_connection = True
            return False
        if reply.drip:
            self.connection.sendall(head)
            for byte in reply.body:
                if ended.wait(reply.drip):
                    return False
                self.connection.sendall(bytes([byte]))
            return True
        if reply.break_after is not None:
            self.connection.sendall(head + reply.body[: reply.break_after])
            self.close_connection = True
            return False
        self.connection.sendall(head if self.command == "HEAD" else head + reply.body)
        return True
