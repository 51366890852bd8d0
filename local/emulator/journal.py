"""What was asked and what was answered, request by request; without secrets and signatures."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One request. `time` is in Unix seconds; `answer` the `Response`, `None` where none was made.

    `delivered` tells whether the whole answer was sent; `fault` names the fault that was in force.
    """

    time: float
    service: str
    action: str
    version: str
    region: str | None
    params: Mapping[str, Any]
    answer: Mapping[str, Any] | None
    fault: str | None
    delivered: bool

    @property
    def request_id(self) -> str | None:
        """The `RequestId` of the answer."""
        return None if self.answer is None else self.answer.get("RequestId")

    @property
    def code(self) -> str | None:
        """The error code of the answer, `None` for a success or where there was no answer."""
        error = (self.answer or {}).get("Error")
        return None if error is None else str(error["Code"])


@dataclass
class Journal:
    """All requests since the start or the last reset, in the order in which they were answered."""

    _entries: list[Entry] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def entries(self) -> list[Entry]:
        """A copy of what was asked up to now."""
        with self._lock:
            return list(self._entries)

    def actions(self) -> list[str]:
        """Give the actions asked for, in order."""
        return [entry.action for entry in self.entries]

    def count(self, action: str) -> int:
        """Give how often an action was asked for."""
        return self.actions().count(action)

    def add(self, entry: Entry) -> None:
        """Write one request down."""
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def lines(self) -> str:
        """Give the journal as JSON lines."""
        rows = (asdict(entry) | {"request_id": entry.request_id} for entry in self.entries)
        return "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
