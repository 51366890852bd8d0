"""Tasks: what they are, and how time moves them along.

States and fields: cloud.tencent.com/document/product/679/69193 and 68725, and the official SDK's models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .records import AMOUNT, ID, INT, TEXT, TEXTS, Key, Schema

NOT_STARTED, RUNNING, COMPLETED, ENDING, ENDED, PAUSED = range(6)
FINISHED = frozenset({COMPLETED, ENDING, ENDED})
_ANSWERED = 1


@dataclass
class Task:
    """A task. Times in Unix seconds.

    It starts at `not_before`. With `callees` and `calls_per_minute` it completes when all are called. At
    `not_after` it ends, paused or not; one that runs then is ending for `ending_seconds` first, because calls
    are under way. A paused task calls nobody.
    """

    task_id: int
    sdk_app_id: int
    name: str = ""
    state: int = RUNNING
    not_before: int = 0
    not_after: int | None = None
    callees: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    ivr_id: int = 0
    max_ring_timeout_second: int = 0
    description: str = ""
    calls_per_minute: float = 0.0
    ending_seconds: float = 0.0
    calls: float = 0.0
    seen: float = 0.0

    @property
    def id(self) -> int:
        """The task's id."""
        return self.task_id

    def advance(self, now: float) -> None:
        """Let time pass to `now`."""
        if self.state == NOT_STARTED and now >= self.not_before:
            self.state, self.seen = RUNNING, max(self.seen, float(self.not_before))
        if self.state == RUNNING and self.calls_per_minute:
            self._call(now if self.not_after is None else min(now, self.not_after))
        self.seen = now
        if self.not_after is not None and now >= self.not_after:
            self._expire(now - self.not_after)

    def _call(self, until: float) -> None:
        self.calls += max(0.0, until - self.seen) * self.calls_per_minute / 60
        if self.callees and self.calls >= len(self.callees):
            self.state, self.calls = COMPLETED, float(len(self.callees))

    def _expire(self, ago: float) -> None:
        if self.state == RUNNING:
            self.state = ENDING
        if self.state in {NOT_STARTED, PAUSED} or (self.state == ENDING and ago >= self.ending_seconds):
            self.state = ENDED

    def listed(self) -> dict[str, Any]:
        """Return the task as DescribeAutoCalloutTasks lists it, `AutoCalloutTaskInfo`."""
        return {
            "Name": self.name,
            "CalleeCount": len(self.callees),
            "Callers": list(self.callers),
            "NotBefore": self.not_before,
            "NotAfter": self.not_after,
            "IvrId": self.ivr_id,
            "State": self.state,
            "TaskId": self.task_id,
            "MaxRingTimeoutSecond": self.max_ring_timeout_second,
        }

    def described(self) -> dict[str, Any]:
        """Return the task as DescribeAutoCalloutTask answers; callees called up to now have answered."""
        return {
            "Name": self.name,
            "Description": self.description,
            "NotBefore": self.not_before,
            "NotAfter": self.not_after,
            "Callers": list(self.callers),
            "Callees": [
                {"Callee": callee, "State": _ANSWERED if number < int(self.calls) else 0, "Sessions": []}
                for number, callee in enumerate(self.callees)
            ],
            "IvrId": self.ivr_id,
            "State": self.state,
            "MaxRingTimeoutSecond": self.max_ring_timeout_second,
        }


SCHEMA = Schema(
    "task",
    16_498,
    Task,
    {
        "task_id": ID,
        "sdk_app_id": ID,
        "name": TEXT,
        "state": Key((int,), least=0, most=5),
        "not_before": INT,
        "not_after": Key((int, type(None))),
        "callees": TEXTS,
        "callers": TEXTS,
        "ivr_id": INT,
        "max_ring_timeout_second": INT,
        "description": TEXT,
        "calls_per_minute": AMOUNT,
        "ending_seconds": AMOUNT,
    },
)
