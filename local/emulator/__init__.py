"""TencentCloud on loopback: CCC's outbound calls, TDMQ's CMQ topics, EventBridge's buses, COS.

It serves the official clients as they are: the Python SDK, `tccli`, the Node SDK. See docs/emulator.md.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from . import api3, control
from .ccc.calls import Call
from .ccc.campaigns import Campaign
from .ccc.tasks import Task
from .cloud import Cloud, Source
from .exchange import HttpRequest, Reply
from .faults import Fault, Kind
from .hooks import Hooks
from .journal import Entry
from .options import Answer, CampaignAnswer, Options
from .server import HOST, Server
from .tdmq import Published

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "Answer",
    "Call",
    "Campaign",
    "CampaignAnswer",
    "Emulator",
    "Entry",
    "Fault",
    "Hooks",
    "Kind",
    "Options",
    "Published",
    "Task",
]

_LAST_PORT = 65_535


class Emulator(Cloud):
    """An emulated Tencent Cloud that listens on loopback; use it as a context manager.

    Without a `port`, a free one is used. The rest is inherited from `Cloud`: `tasks`, `campaigns`, `calls`,
    `topics`, `buses`, `objects`, `options`, `faults`, `hooks`, `limits`, `journal`, `errors`, `secrets`,
    `tokens`, `now`, `signature_now`, `reset`, `load`.
    """

    def __init__(  # noqa: PLR0913 - by name, and each has a default
        self,
        *,
        port: int = 0,
        tasks: Source = (),
        campaigns: Source = (),
        calls: Source = (),
        secrets: Mapping[str, str] | None = None,
        tokens: Mapping[str, str] | None = None,
        now: Callable[[], float] = time.time,
        signature_now: Callable[[], float] = time.time,
    ) -> None:
        """Read what there is at first. Raises `ValueError` for a wrong port, or naming an invalid entry."""
        if not 0 <= port <= _LAST_PORT:
            raise ValueError(f"port: 0 to {_LAST_PORT} is wanted, not {port}")
        self._server = Server(port, self._serve, self._fail, api3.MAX_BODY)
        super().__init__(
            tasks=tasks,
            campaigns=campaigns,
            calls=calls,
            secrets=secrets,
            tokens=tokens,
            now=now,
            signature_now=signature_now,
        )

    @property
    def port(self) -> int:
        """The port; 0 before the start where a free one was asked for."""
        return self._server.port

    @property
    def endpoint(self) -> str:
        """Host and port, as `HttpProfile.endpoint` takes them."""
        return f"{HOST}:{self.port}"

    @property
    def url(self) -> str:
        """The address, as `tccli --endpoint` and `CALLOUT_ENDPOINT` take it."""
        return f"http://{self.endpoint}"

    def start(self) -> Self:
        """Listen, and return itself. Raises `OSError` at once, for example when the port is taken."""
        if self._generation.is_set():
            self._generation = threading.Event()
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop listening, end every wait and cut every connection. The journal can still be read."""
        self._end()
        self._server.stop()

    def reset(self) -> None:
        """Restore what was given at construction; afterwards it listens, if it was started."""
        super().reset()
        self._server.listen()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Refuse TCP connections as long as the `with` block lasts: no socket listens on the port."""
        self._server.refuse()
        try:
            yield
        finally:
            self._server.listen()

    def __enter__(self) -> Self:
        return self if self._server.running else self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _serve(self, asked: HttpRequest) -> Reply:
        return control.answer(self, asked) if asked.path.startswith(control.PREFIX) else self.answer(asked)

    def _fail(self, error: Exception) -> None:
        self.errors.append(error)
