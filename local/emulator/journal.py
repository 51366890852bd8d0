"""What was asked and what was answered, request by request; without secrets, signatures and tokens."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from .api3 import encoded


@dataclass(frozen=True)
class Entry:
    """One request.

    `time` is in Unix seconds, by the clock that moves tasks along. `answer` is the `Response` that was made,
    delivered or not; `None` where none was made. A `mangle` fault may make it any JSON value. `delivered`
    tells whether the whole of it was handed to the client's connection. `fault` names the fault that was in
    force. `params` is empty if the body was no JSON.
    """

    time: float
    service: str
    action: str
    version: str
    region: str | None
    params: Mapping[str, Any]
    answer: Any
    fault: str | None
    delivered: bool

    @property
    def request_id(self) -> str | None:
        """The `RequestId` of the answer."""
        return self._answer.get("RequestId")

    @property
    def code(self) -> str | None:
        """The error code of the answer, `None` for a success or where there was no answer."""
        error = self._answer.get("Error")
        return str(error["Code"]) if isinstance(error, Mapping) and "Code" in error else None

    @property
    def _answer(self) -> Mapping[str, Any]:
        return self.answer if isinstance(self.answer, Mapping) else {}

    def line(self) -> bytes:
        """Return the entry as a line of JSON; parameters nested too deep to be written are left out."""
        row = {each.name: getattr(self, each.name) for each in fields(self)} | {"request_id": self.request_id}
        try:
            return encoded(row) + b"\n"
        except RecursionError:
            return encoded(row | {"params": {}}) + b"\n"


@dataclass
class Journal:
    """All requests since the start or the last reset, in the order in which they were worked on.

    A request is recorded before its answer is sent, so that a client that has the answer finds it here.
    """

    _entries: dict[int, Entry] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def entries(self) -> list[Entry]:
        """A copy of what was asked up to now."""
        with self._lock:
            return list(self._entries.values())

    def actions(self) -> list[str]:
        """Return the actions asked for, in order."""
        return [entry.action for entry in self.entries]

    def count(self, action: str) -> int:
        """Return how often an action was asked for."""
        return self.actions().count(action)

    def add(self, entry: Entry) -> int:
        """Record one request, and return its number."""
        with self._lock:
            number = next(self._numbers)
            self._entries[number] = entry
            return number

    def set_delivered(self, number: int, delivered: bool) -> None:  # noqa: FBT001 - the value of a field
        """Record whether the answer to a request was delivered; ignore a request that was forgotten since."""
        with self._lock:
            if number in self._entries:
                self._entries[number] = replace(self._entries[number], delivered=delivered)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def lines(self) -> bytes:
        """Return the journal as JSON lines."""
        return b"".join(entry.line() for entry in self.entries)
