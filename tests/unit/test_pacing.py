"""Time as an argument: the deadline, the rate limit, trying again, giving up."""

from __future__ import annotations

import threading
from datetime import timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.cloud.pacing import Backoff, Clock, Deadline, RateLimit, bounded, retry
from tests.emulated.harness.clock import SimulatedClock
from tests.support import PAUSE


def simulated() -> SimulatedClock:
    return SimulatedClock(seconds=1000.0)


def test_the_clock_tells_utc() -> None:
    assert Clock().now().tzinfo is timezone.utc


def test_a_deadline_counts_down_to_zero_and_not_below() -> None:
    clock = simulated()
    deadline = Deadline.after(clock.clock(), 5)
    clock.sleep(3)
    assert deadline.remaining() == 2
    assert deadline.earlier(1).remaining() == 1
    clock.sleep(3)
    assert deadline.remaining() == 0


@given(
    st.integers(1, 50),
    st.lists(st.floats(0, 0.3), min_size=1, max_size=80),
)
def test_no_window_of_a_second_holds_more_calls_than_the_rate(rate: int, latencies: list[float]) -> None:
    clock, sent = simulated(), []
    limit = RateLimit(rate, clock.clock())
    for latency in latencies:
        limit.wait(PAUSE)
        sent.append(clock.seconds)
        clock.sleep(latency)
    assert all(later - earlier >= 1 / rate - 1e-9 for earlier, later in pairwise(sent))


def test_each_api_has_a_quota_of_its_own() -> None:
    clock = simulated()
    limit = RateLimit(1, clock.clock())
    for key in ("pause", "describe", "resume"):
        limit.wait(key)
    assert clock.seconds == 1000.0


class FlakyError(Exception):
    pass


def failing(times: int) -> tuple[list[int], object]:
    attempts: list[int] = []

    def call(attempt: int) -> str:
        attempts.append(attempt)
        if attempt <= times:
            raise FlakyError(f"attempt {attempt}")
        return "done"

    return attempts, call


def again(error: Exception, attempt: int) -> bool:
    del attempt
    return isinstance(error, FlakyError)


BACKOFF = Backoff(attempts=4, wait_initial=1, wait_max=3, jitter=lambda: 1.0)


def test_a_call_is_tried_again_with_growing_waits() -> None:
    clock = simulated()
    attempts, call = failing(3)
    deadline = Deadline.after(clock.clock(), 100)
    assert retry(call, again=again, deadline=deadline, backoff=BACKOFF) == "done"  # type: ignore[arg-type]
    assert attempts == [1, 2, 3, 4]
    assert clock.seconds == 1000.0 + 1 + 2 + 3


def test_the_last_error_is_raised_when_the_attempts_are_used_up() -> None:
    attempts, call = failing(9)
    with pytest.raises(FlakyError, match="attempt 4"):
        retry(call, again=again, deadline=Deadline.after(simulated().clock(), 100), backoff=BACKOFF)  # type: ignore[arg-type]
    assert attempts == [1, 2, 3, 4]


def test_no_wait_goes_past_the_deadline() -> None:
    clock = simulated()
    attempts, call = failing(9)
    with pytest.raises(FlakyError, match="attempt 2"):
        retry(call, again=again, deadline=Deadline.after(clock.clock(), 2.5), backoff=BACKOFF)  # type: ignore[arg-type]
    assert attempts == [1, 2]
    assert clock.seconds == 1001.0


def test_what_cannot_pass_is_not_tried_again() -> None:
    def call(attempt: int) -> None:
        raise ValueError(str(attempt))

    with pytest.raises(ValueError, match="1"):
        retry(call, again=again, deadline=Deadline.after(simulated().clock(), 100), backoff=BACKOFF)


@given(st.integers(1, 60), st.floats(0, 1))
def test_a_wait_is_never_negative_nor_over_its_maximum(attempt: int, jitter: float) -> None:
    assert 0 <= Backoff(jitter=lambda: jitter).wait(attempt) <= Backoff().wait_max


def test_a_call_that_ends_in_time_gives_its_answer_or_its_error() -> None:
    assert bounded(lambda: 5, 10) == 5
    with pytest.raises(ZeroDivisionError):
        bounded(lambda: 1 // 0, 10)


def test_a_call_that_does_not_end_is_given_up() -> None:
    end = threading.Event()
    with pytest.raises(TimeoutError, match=r"no whole answer within 0\.0 s"):
        bounded(end.wait, 0.01)
    end.set()
