"""The HTTP server: on loopback only, one write for each response, quick to start and to stop."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from .exchange import DeliveryMode, HttpRequest, Reply

HOST = "127.0.0.1"
"""The only address: the emulator's secrets are public, so it serves this machine alone."""
_IDLE_SECONDS = 60
_POLL_SECONDS = 0.02
_DRAINED = 64 * 1024 * 1024
"""Bytes read of a body that is too large, so that its sender still receives the answer."""


class Server:
    """An HTTP server on a loopback port, which can also refuse connections for a while.

    `answer` returns the reply to a request. `failed` is called with errors of the emulator itself. A body
    has at most `limit` bytes.
    """

    def __init__(
        self,
        port: int,
        answer: Callable[[HttpRequest], Reply],
        failed: Callable[[Exception], None],
        limit: int,
    ) -> None:
        self.port = port
        self.answer = answer
        self.failed = failed
        self.limit = limit
        self._http: _Http | None = None
        self._listening = False
        self._refusals = 0
        self._turn = threading.RLock()

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._http is not None

    def start(self) -> None:
        """Listen, or raise `OSError` at once. Raise `RuntimeError` if it is running already."""
        with self._turn:
            if self._http is not None:
                raise RuntimeError("the emulator is running already")
            self._http = _Http(self.port, self)
            try:
                self.listen()
            except OSError:
                self._http = None
                raise
            self.port = self._http.server_address[1]

    def listen(self) -> None:
        """Accept connections. Do nothing if it accepts them already, or was stopped."""
        with self._turn:
            if self._http is None or self._listening:
                return
            try:
                self._http.server_activate()
            except OSError:
                self._http.server_close()
                raise
            self._listening = True
            loop = threading.Thread(
                target=self._http.serve_forever, args=(_POLL_SECONDS,), name="emulator", daemon=True
            )
            loop.start()

    def refuse(self) -> None:
        """Refuse new connections, and cut the open ones. Do nothing if it was stopped.

        The port stays bound, but no socket listens. An earlier `refuse_for` does not end this refusal.
        """
        with self._turn:
            self._refusals += 1
            if self._http is not None and self._listening:
                self._close()
                self._http = None  # stopped, if another process takes the port now
                self._http = _Http(self.port, self)

    def refuse_for(self, seconds: float, until: threading.Event) -> None:
        """Refuse connections for some seconds, or until `until` is set; return at once."""
        with self._turn:
            self.refuse()
            mine = self._refusals

        def listen_again() -> None:
            over = until.wait(seconds)
            with self._turn:
                if over or self._refusals == mine:
                    self.listen()

        threading.Thread(target=listen_again, name="emulator refusing", daemon=True).start()

    def stop(self) -> None:
        """Stop listening and cut every connection. Stopping twice is allowed."""
        with self._turn:
            self._close()
            self._http = None

    def _close(self) -> None:
        if self._http is None:
            return
        if self._listening:
            self._http.shutdown()
        self._listening = False
        self._http.server_close()
        self._http.cut()


class _Http(ThreadingHTTPServer):
    """A socket that is bound; it listens when it is activated."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, owner: Server) -> None:
        self.owner = owner
        self.over = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((HOST, port), _Handler, bind_and_activate=False)
        try:
            self.server_bind()
        except OSError:
            self.server_close()
            raise

    def server_bind(self) -> None:
        """Bind, without the name lookup of the base class."""
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
        """Cut all connections: what comes on them from now on is not answered."""
        self.over = True
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            _reset(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base's own
        """Ignore a client that vanished; anything else is a mistake in the emulator."""
        error = sys.exc_info()[1]
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self.owner.failed(error)


def _reset(connection: socket.socket) -> None:
    """End a connection with RST, so that the other side sees it reset and not closed."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)
    except OSError:
        pass
    connection.close()


class _Lines:
    """The lines of a request's head. An end of the connection among them is an error."""

    def __init__(self, rfile: Any) -> None:
        self.rfile = rfile

    def readline(self, limit: int) -> bytes:
        line: bytes = self.rfile.readline(limit)
        if not line:
            raise ConnectionAbortedError("the client left in the middle of its headers")
        return line


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
        """Log nothing: the journal has it."""

    def parse_request(self) -> bool:
        """Parse the head. Raises `ConnectionError` where only half of it came."""
        rfile = self.rfile
        self.rfile = _Lines(rfile)  # type: ignore[assignment]
        try:
            return super().parse_request()
        finally:
            self.rfile = rfile

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer invalid HTTP as a web server would. It is not an API request and not in the journal."""
        self.close_connection = True
        status = HTTPStatus(code)
        page = f"<html><body><h1>{status.value} {status.phrase}</h1></body></html>".encode()
        self._send(Reply(page, status.value, "text/html"))

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not (length.isascii() and length.isdecimal()):
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            return
        body = self._body(int(length[:20]))
        if body is None:
            self.close_connection = True
        if self.server.over:
            raise ConnectionAbortedError("the emulator stopped or refuses, and cut this connection")
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self.server.owner.answer(HttpRequest(self.command, self.path, headers, body)))

    def _body(self, length: int) -> bytes | None:
        """Read the body; `None` if it is too large. Raises `ConnectionError` if the client vanishes."""
        if length <= self.server.owner.limit:
            body = self.rfile.read(length)
            if len(body) < length:
                raise ConnectionAbortedError("the client left in the middle of its request")
            return body
        left = min(length, _DRAINED)
        while left and (piece := self.rfile.read(min(left, 1 << 16))):
            left -= len(piece)
        return None

    def _send(self, reply: Reply) -> None:
        whole = False
        try:
            whole = self._deliver(reply)
        finally:
            self.close_connection |= not whole
            reply.sent(whole)

    def _deliver(self, reply: Reply) -> bool:
        """Send a reply in its manner, and return whether all of it was sent. Raises `OSError`."""
        if reply.manner in {DeliveryMode.RESET, DeliveryMode.REFUSED}:
            if reply.manner is DeliveryMode.REFUSED:  # first, so that a client that saw the reset is refused
                self.server.owner.refuse_for(reply.seconds, reply.until)
            _reset(self.connection)
            return False
        head = reply.head("close" if self.close_connection else "keep-alive")
        if reply.manner is DeliveryMode.STALLED:
            self.connection.sendall(head)
            reply.until.wait(reply.seconds)
            return False
        if reply.manner is DeliveryMode.TRUNCATED:
            self.connection.sendall(head + reply.body[: len(reply.body) // 2])
            return False
        if reply.manner is DeliveryMode.DRIPPING:
            return self._drip(head, reply)
        self.connection.sendall(head if self.command == "HEAD" else head + reply.body)
        return True

    def _drip(self, head: bytes, reply: Reply) -> bool:
        self.connection.sendall(head)
        for byte in reply.body:
            if reply.until.wait(reply.seconds):
                return False
            self.connection.sendall(bytes([byte]))
        return True
