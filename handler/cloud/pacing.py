"""Time as an argument: the clock, the deadline, the rate limit, and retries.

Nothing here reads the clock by itself: every function takes a `Clock`, so that a test can control time.
"""

import random
import threading
import time
from collections.abc import Callable, Sequence
from contextvars import copy_context
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


class Clock(NamedTuple):
    """The wall clock, a clock for durations in seconds, and a way to wait some seconds."""

    now: Callable[[], datetime] = _utc_now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Deadline(NamedTuple):
    """The moment, on the monotonic clock in seconds, by which the work must have ended."""

    clock: Clock
    at: float

    @classmethod
    def after(cls, clock: Clock, seconds: float) -> "Deadline":
        """Return the deadline that lies `seconds` ahead."""
        return cls(clock, clock.monotonic() + seconds)

    def remaining(self) -> float:
        """Return the seconds left, never less than 0."""
        return max(0.0, self.at - self.clock.monotonic())

    def earlier(self, seconds: float) -> "Deadline":
        """Return the deadline that keeps `seconds` in reserve."""
        return Deadline(self.clock, self.at - seconds)

    def within(self, seconds: float) -> "Deadline":
        """Return the deadline that lies `seconds` ahead, this one where it comes first."""
        return Deadline(self.clock, min(self.at, self.clock.monotonic() + seconds))


MARGIN = 1.015
"""The factor by which gaps are wider than the quota requires, since the arrival of requests jitters."""
_WINDOW = 1.0
_CAUTIOUS_SECONDS = 30.0


class RateLimit:
    """Lets calls through at an even pace: GCRA without burst, a lane for each key. Thread-safe.

    An even pace stays under `per_second` in *every* one-second window, wherever it begins, which is
    what the service counts. Other clients may use the same quota: a lane that was throttled pauses for one
    window, continues at a lower pace, and speeds up slowly. Sources: ITU-T I.371 (GCRA); RFC 5681 (additive
    increase, multiplicative decrease); cloud.tencent.com/document/product/679/125357 (20 a second).
    """

    def __init__(self, per_second: float, clock: Clock) -> None:
        self.per_second = per_second
        self._clock = clock
        self._lanes: dict[str, _Lane] = {}

    def wait(self, key: str, until: Deadline | None = None) -> bool:
        """Wait for the turn of the next call of `key` (an API's name; each has its own quota).

        Return whether it came before `until`; where it would not, return at once.
        """
        return self._lane(key).wait(until or Deadline(self._clock, float("inf")))

    def throttled(self, key: str) -> None:
        """Slow down: a call of `key` was over the limit."""
        self._lane(key).slow_down()

    def _lane(self, key: str) -> "_Lane":
        return self._lanes.setdefault(key, _Lane(self.per_second, self._clock))


class _Lane:
    """The pace of one API. `_free_at` is when the next call may be sent."""

    def __init__(self, per_second: float, clock: Clock) -> None:
        self._most = self._rate = per_second
        self._clock = clock
        self._turn, self._once = threading.Lock(), threading.Lock()
        self._free_at = self._rests_until = self._changed_at = float("-inf")
        self._ceiling = self._cautious_until = float("-inf")

    def wait(self, until: Deadline) -> bool:
        if not self._turn.acquire(timeout=min(until.remaining(), threading.TIMEOUT_MAX)):
            return False
        try:
            while (now := self._clock.monotonic()) < (at := max(self._free_at, self._rests_until)):
                if at >= until.at:
                    return False
                self._clock.sleep(at - now)
            if now >= until.at:
                return False
            self._speed_up(now)
            self._free_at = now + MARGIN / self._rate
            return True
        finally:
            self._turn.release()

    def _speed_up(self, now: float) -> None:
        if self._rate < self._most:
            # A fiftieth of the quota more each second: half of it is back in 25 s. Near the pace
            # that was throttled last, an eighth of that.
            near = self._rate >= self._ceiling and now < self._cautious_until
            more = self._most * (now - self._changed_at) / (400 if near else 50)
            self._rate = min(self._most, self._rate + more)
            self._changed_at = now

    def slow_down(self) -> None:
        now = self._clock.monotonic()
        with self._once:
            if now < self._rests_until:
                return  # this call was sent before the lane slowed down
            self._ceiling, self._cautious_until = 0.9 * self._rate, now + _CAUTIOUS_SECONDS
            self._rate = max(self._most / 20, self._rate * (0.5 if self._rate == self._most else 0.7))
            self._rests_until = self._changed_at = now + _WINDOW


class Backoff(NamedTuple):
    """How often to try, and how long to wait in between: exponential with full jitter, times in seconds.

    Where a person waits, a service that has never answered for `unanswered_seconds` is given up.
    Source: AWS Architecture Blog, "Exponential Backoff And Jitter" (full jitter).
    """

    attempts: int = 5
    wait_initial: float = 0.2
    wait_max: float = 5.0
    jitter: Callable[[], float] = random.random
    unanswered_seconds: float = float("inf")

    def wait(self, attempt: int) -> float:
        """Return the seconds to wait after attempt number `attempt`, counted from 1."""
        ceiling = min(self.wait_max, self.wait_initial * 2.0 ** (attempt - 1))
        return ceiling * self.jitter()


def retry(
    call: Callable[[int], T],
    *,
    again: Callable[[Exception, int], bool],
    deadline: Deadline,
    backoff: Backoff,
) -> T:
    """Return what `call(attempt)` returns; retry while `again(error, attempt)` is true.

    The last error is raised after `backoff.attempts`, or when the wait would not end before the deadline.
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


MOST_THREADS = 64

PacedCall = tuple[str, Callable[[], T], Callable[[], bool]]
"""The name of an API, a call of it, and whether it is still wanted when its turn has come."""


def paced(calls: Sequence[PacedCall[T]], limit: RateLimit, until: Deadline) -> list[T | None]:
    """Send calls at the pace of their APIs, and return their answers in order, `None` for those not sent.

    A thread is started only when a call is due and no thread is idle. A call is not sent if its turn, or a
    free thread, would come after `until`. The calls must raise nothing, and must end before `until`.
    """
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - most wake-ups have nothing to send

    answers: list[Future[T] | None] = []
    free = threading.Semaphore(MOST_THREADS)
    with ThreadPoolExecutor(MOST_THREADS if len(calls) > 1 else 1, "paced") as pool:
        for key, call, wanted in calls:
            answer = None
            if wanted() and free.acquire(timeout=min(until.remaining(), threading.TIMEOUT_MAX)):
                if limit.wait(key, until) and wanted():
                    answer = pool.submit(copy_context().run, call)
                    answer.add_done_callback(lambda _: free.release())
                else:
                    free.release()
            answers.append(answer)
    return [None if answer is None else answer.result() for answer in answers]


def bounded(call: Callable[[], T], seconds: float) -> T:
    """Return what `call()` returns, or raise `TimeoutError` when that takes longer than `seconds`.

    The HTTP libraries bound each read, not the whole: an answer that arrives a byte at a time would block
    the function until it is killed. A late call goes on in its thread until it ends by itself.
    """
    answers: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            answers.append(call())
        except BaseException as error:  # noqa: BLE001 - handed over to the waiting thread, whatever it is
            errors.append(error)

    thread = threading.Thread(target=copy_context().run, args=(work,), name="bounded-call", daemon=True)
    thread.start()
    thread.join(max(seconds, 0.001))
    if errors:
        raise errors[0]
    if not answers:
        raise TimeoutError(f"no whole answer within {seconds:.1f} s")
    return answers[0]
