"""The rate limits: so many requests in any one second, per action and credentials.

Source: cloud.tencent.com/document/product/1278/109059, "20 requests/s" being the default of CCC and TDMQ, and
cloud.tencent.com/document/api/1359/68465 for PutEvents.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

PER_SECOND = 20
DOCUMENTED: Mapping[str, int] = {"PutEvents": 1_000}
"""Actions with another limit than the default. The quota page says 5000 (tencentcloud.com 1108/42271)."""


@dataclass
class Limits:
    """A sliding window of one second for each action and secret id.

    `per_action` overrides the default of 20 for an action, as it does for PutEvents from the start; `None`
    means no limit. `clock` gives seconds, and may be exchanged until the next reset. Requests over the limit
    count as well, as they do in messages of the service that people quote ("`7` in a second, which exceeds
    the frequency limit `5`", github.com/yxw007/vscode-translate-next/issues/20): a client that does
    not wait is not let in.
    """

    clock: Callable[[], float]
    default: int | None = PER_SECOND
    per_action: dict[str, int | None] = field(default_factory=lambda: dict(DOCUMENTED))
    _seen: dict[tuple[str, str], deque[float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._given = self.clock

    def over(self, action: str, secret_id: str) -> tuple[int, int] | None:
        """Count one request; return (requests in this second, limit) if they are too many, else `None`."""
        limit = self.per_action.get(action, self.default)
        if limit is None:
            return None
        now = self.clock()
        with self._lock:
            seen = self._seen.setdefault((action, secret_id), deque())
            while seen and seen[0] <= now - 1:
                seen.popleft()
            seen.append(now)
            count = len(seen)
        return (count, limit) if count > limit else None

    def reset(self) -> None:
        """Forget the requests and every limit that was set."""
        with self._lock:
            self._seen.clear()
            self.per_action = dict(DOCUMENTED)
            self.default = PER_SECOND
            self.clock = self._given

    def change(self, document: Mapping[str, Any]) -> None:
        """Set limits from a JSON object: by action, or for all with `default`. Raises `ValueError`."""
        for name, limit in document.items():
            if limit is not None and (type(limit) is not int or limit < 0):
                raise ValueError(f"{name}: a whole number from 0 or null is wanted, not {limit!r}")
        for name, limit in document.items():
            if name == "default":
                self.default = limit
            else:
                self.per_action[name] = limit
