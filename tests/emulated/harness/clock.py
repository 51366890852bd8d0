"""The simulated clock of the tests."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

from handler.cloud.pacing import Clock

from .constants import NIGHT


class SimulatedClock:
    """A clock on which a sleep takes no time and moves the clock forward. Several threads may share it.

    `seconds` is how far the clock has moved, counted from its first value. With `real_time`, durations
    also grow as real time passes. With `fixed_wall`, the wall clock always says `start`.
    """

    def __init__(
        self,
        start: datetime = NIGHT,
        *,
        seconds: float = 0.0,
        real_time: bool = False,
        fixed_wall: bool = False,
    ) -> None:
        self.start = start
        self.seconds = seconds
        self.real_time = real_time
        self.fixed_wall = fixed_wall
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the time of the wall clock."""
        return self.start if self.fixed_wall else self.start + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Return the time of the clock for durations, in seconds."""
        return self.seconds + (time.monotonic() if self.real_time else 0.0)

    def sleep(self, seconds: float) -> None:
        """Move the clock forward."""
        with self._lock:
            self.seconds += seconds

    def clock(self) -> Clock:
        """Return this clock in the form in which the function takes one."""
        return Clock(now=self.now, monotonic=self.monotonic, sleep=self.sleep)
