"""Tasks: what they are, and how time moves them along.

States and fields: cloud.tencent.com/document/product/679/69193 and 68725, and the official SDK's models.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .dialling import Dialling
from .records import AMOUNT, BOOL, ID, INT, TEXT, TEXTS, Key, Schema

NOT_STARTED, RUNNING, COMPLETED, ENDING, ENDED, PAUSED = range(6)
FINISHED = frozenset({COMPLETED, ENDING, ENDED})
_ANSWERED = 1


@dataclass
class Task:
    """A task. Times in Unix seconds.

    It starts at `not_before`. With `callees` and `calls_per_minute` it completes when all are called. At
    `not_after` it ends, paused or not; one that runs then is ending for `ending_seconds` first, because calls
    are under way. A paused task calls nobody. Each call lasts `call_seconds`. Without `callees`, the numbers
    that are called are made up. `by_the_clock`, it calls at whole intervals of the clock, such as at each
    whole minute, whenever it was started or resumed.
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
    by_the_clock: bool = False
    ending_seconds: float = 0.0
    call_seconds: float = 30.0
    seen: float = 0.0
    dialling: Dialling = field(default_factory=Dialling, repr=False, compare=False)

    @property
    def id(self) -> int:
        """The task's id."""
        return self.task_id

    @property
    def calls(self) -> float:
        """How many calls were started, and what part of the wait for the next one is over."""
        return self.dialling.calls

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
        most = len(self.callees) or None
        self.dialling.dial(self.seen, until, self.calls_per_minute, most, by_the_clock=self.by_the_clock)
        if self.callees and self.dialling.made >= len(self.callees):
            self.state = COMPLETED

    def _expire(self, ago: float) -> None:
        if self.state == RUNNING:
            self.state = ENDING
        if self.state in {NOT_STARTED, PAUSED} or (self.state == ENDING and ago >= self.ending_seconds):
            self.state = ENDED

    def ended(self, start: float) -> float:
        """Return when a call that was started at `start` has ended, in Unix seconds."""
        return start + self.call_seconds

    def listed(self, made_up: int = 0) -> dict[str, Any]:
        """Return the task as DescribeAutoCalloutTasks lists it, `AutoCalloutTaskInfo`.

        Without callees, it has the numbers of the last `made_up` calls.
        """
        return {
            "Name": self.name,
            "CalleeCount": len(self.callees) or min(self.dialling.made, made_up),
            "Callers": list(self.callers),
            "NotBefore": self.not_before,
            "NotAfter": self.not_after,
            "IvrId": self.ivr_id,
            "State": self.state,
            "TaskId": self.task_id,
            "MaxRingTimeoutSecond": self.max_ring_timeout_second,
        }

    def described(self, made_up: int = 0) -> dict[str, Any]:
        """Return the task as DescribeAutoCalloutTask answers; callees called up to now have answered.

        Without callees, it has the numbers of the last `made_up` calls.
        """
        made = self.dialling.made
        numbers = range(len(self.callees)) if self.callees else range(max(0, made - made_up), made)
        return {
            "Name": self.name,
            "Description": self.description,
            "NotBefore": self.not_before,
            "NotAfter": self.not_after,
            "Callers": list(self.callers),
            "Callees": [
                {
                    "Callee": self.dialling.callee(number, self.callees),
                    "State": _ANSWERED if number < made else 0,
                    "Sessions": [self.dialling.session(number)] if number < made else [],
                }
                for number in numbers
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
        "by_the_clock": BOOL,
        "ending_seconds": AMOUNT,
        "call_seconds": AMOUNT,
    },
)
