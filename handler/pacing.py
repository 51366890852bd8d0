"""Time as an argument: the clock, the deadline, the rate limit, and trying again.

Nothing here reads the clock by itself: every function takes a `Clock`, so that a test can own time.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class Clock:
    """The wall clock, a clock for durations in seconds, and a way to wait some seconds."""

    now: Callable[[], datetime] = _utc_now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Deadline:
    """The moment, on the monotonic clock in seconds, by which the work must have ended."""

    clock: Clock
    at: float

    @classmethod
    def after(cls, clock: Clock, seconds: float) -> Deadline:
        """Give the deadline that lies `seconds` ahead."""
        return cls(clock, clock.monotonic() + seconds)

    def remaining(self) -> float:
        """Give the seconds left, never less than 0."""
        return max(0.0, self.at - self.clock.monotonic())

    def earlier(self, seconds: float) -> Deadline:
        """Give a deadline that keeps `seconds` in reserve."""
        return Deadline(self.clock, self.at - seconds)


@dataclass
class RateLimit:
    """Lets calls through at an even pace: GCRA without burst.

    An even pace stays under `per_second` in *every* one-second window, wherever it begins, which is
    what the service counts. Source: ITU-T I.371 (GCRA); quota: FACTS, "20 requests/s" per API.
    """

    per_second: float
    clock: Clock
    _free_at: dict[str, float] = field(default_factory=dict)

    def wait(self, key: str) -> None:
        """Return when the next call of `key` (an API's name; each has its own quota) may be sent."""
        now = self.clock.monotonic()
        at = max(now, self._free_at.get(key, now))
        self._free_at[key] = at + 1 / self.per_second
        if at > now:
            self.clock.sleep(at - now)


@dataclass(frozen=True)
class Backoff:
    """How often and how long apart to try again: exponential with full jitter, times in seconds.

    Source: AWS Architecture Blog, "Exponential Backoff And Jitter" (full jitter).
    """

    attempts: int = 5
    wait_initial: float = 0.2
    wait_max: float = 5.0
    jitter: Callable[[], float] = random.random

    def wait(self, attempt: int) -> float:
        """Give the seconds to wait after attempt number `attempt`, counted from 1."""
        ceiling = min(self.wait_max, self.wait_initial * 2.0 ** (attempt - 1))
        return ceiling * self.jitter()


def retry(
    call: Callable[[int], T],
    *,
    again: Callable[[Exception, int], bool],
    deadline: Deadline,
    backoff: Backoff,
) -> T:
    """Give what `call(attempt)` gives, trying again while `again(error, attempt)` says so.

    It stops, and raises the last error, after `backoff.attempts` or when the wait would not end
    before the deadline.
    """
    attempt = 1
    while True:
        try:
            return call(attempt)
        except Exception as error:
            wait = backoff.wait(attempt)
            if attempt >= backoff.attempts or not again(error, attempt) or wait >= deadline.remaining():
                raise
        deadline.clock.sleep(wait)
        attempt += 1


def bounded(call: Callable[[], T], seconds: float) -> T:
    """Give what `call()` gives, or raise `TimeoutError` when that takes longer than `seconds`.

    The HTTP libraries bound each read, not the whole: an answer that drips in a byte at a time would
    hold the function until it is killed. The late call is left to end by itself in its thread.
    """
    answers: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def work() -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:  # noqa: BLE001 - handed over to the waiting thread, whatever it is
            answers.put((None, error))

    threading.Thread(target=work, name="bounded-call", daemon=True).start()
    try:
        answer, error = answers.get(timeout=max(seconds, 0.001))
    except Empty:
        raise TimeoutError(f"no whole answer within {seconds:.1f} s") from None
    if error is not None:
        raise error
    return answer  # type: ignore[return-value]
