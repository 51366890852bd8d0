"""Hooks: functions of a test that act at exact moments between requests, as another client would."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .journal import Entry


@dataclass(slots=True)
class Hooks:
    """Functions that the emulator calls; `None` calls nothing. An exception in one goes to `errors`.

    `before` is called with action and parameters, immediately before a request is worked on or meets its
    fault; `after` with its journal entry, before the answer is sent. Both are called under the lock of the
    tasks, so no other request is worked on meanwhile: they may change tasks, campaigns, options and faults.
    `wait` replaces the real waiting of a `latency` fault, and is called with its seconds, without the lock.
    """

    before: Callable[[str, Mapping[str, Any]], None] | None = None
    after: Callable[[Entry], None] | None = None
    wait: Callable[[float], None] | None = None

    def reset(self) -> None:
        """Remove all hooks."""
        self.before = self.after = self.wait = None
