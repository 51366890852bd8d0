"""A simulated clock: it jumps over every sleep and else goes as real time does.

It differs from `harness.clock.SimulatedClock` in that its wall clock goes with real time as well, that sleeps
at the same time overlap, and that a jump over a turn of quiet hours waits until no request is under way.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta

from handler.cloud.pacing import Clock

_SILENCE = 0.08
"""Real seconds without a request after which all that were decided on have been worked on."""
_IN_FLIGHT = 0.025
"""Real seconds that a request may need from the decision to send it until it is worked on."""
_LONGEST_SILENCE = 1.0


class Simulated:
    """A clock that several threads share. `turns` are the instants, in seconds, at which quiet hours turn.

    A sleep that jumps over a turn waits until requests that were decided on before it have been worked on:
    otherwise a request would seem to be sent on the wrong side. So what arrives later was decided on later.
    """

    def __init__(self, start: datetime) -> None:
        self.start = start
        self.turns: Sequence[float] = ()
        self.began = time.monotonic()
        self.jumped = 0.0
        self.elsewhere = 0.0
        """Seconds slept by threads other than the one that made this clock: these sleeps add up here only."""
        self._heard = threading.Event()
        self._owner = threading.current_thread()
        self._lock = threading.Lock()
        self._jumps: list[tuple[float, float]] = [(self.began, 0.0)]
        self._crossed: list[float] = []

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self.began + self.jumped

    def elapsed_at(self, real: float) -> float:
        """Return what `elapsed` was at an instant of the real monotonic clock."""
        number = bisect_right(self._jumps, (real, float("inf"))) - 1
        return max(0.0, real - self.began) + self._jumps[max(0, number)][1]

    def decided_at(self, real: float) -> float:
        """Return what `elapsed` was when a request that arrived at a real instant was decided on, at least."""
        return self.elapsed_at(max(real - _IN_FLIGHT, *(each for each in self._crossed if each <= real), 0.0))

    def request(self) -> None:
        """Note that a request arrives."""
        self._heard.set()

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.elapsed())

    def sleep(self, seconds: float) -> None:
        end = self.elapsed() + seconds  # threads that sleep at the same time sleep together
        with self._lock:
            at = self.elapsed()
            crosses = any(at < turn <= end for turn in self.turns)
            silent = crosses and self._is_silent()
            seconds = end - self.elapsed()
            if seconds <= 0:
                return
            self.jumped += seconds
            self._jumps.append((time.monotonic(), self.jumped))
            if threading.current_thread() is not self._owner:
                self.elsewhere += seconds
            if silent:
                self._crossed.append(self._jumps[-1][0])

    def clock(self) -> Clock:
        return Clock(now=self.now, monotonic=self.elapsed, sleep=self.sleep)

    def _is_silent(self) -> bool:
        """Wait until no request has arrived for a while; return whether that came soon enough."""
        until = time.monotonic() + _LONGEST_SILENCE
        while time.monotonic() < until:
            self._heard.clear()
            if not self._heard.wait(_SILENCE):
                return True
        return False
