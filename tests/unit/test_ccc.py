"""How a request is sent: how long one may take, and when refused credentials are read anew."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, cast

import pytest

from handler.cloud.ccc import NOT_WANTED, Ccc
from handler.cloud.ccc_types import Answer
from handler.cloud.error_codes import cloud_error
from handler.cloud.pacing import Backoff, Deadline, RateLimit
from handler.cloud.tencent_api import TencentApi
from handler.errors import CloudError
from handler.target import Place, SdkAppId, TargetId
from tests.emulated.harness.clock import SimulatedClock
from tests.support import APP, PAUSE

TASK = TargetId(16498)
TASKS = Place(SdkAppId(APP), "task")
REFUSED = "AuthFailure.TokenFailure"


class Client:
    """A client in the place of the SDK's: `answer` gets the seconds that a request may take."""

    def __init__(self, answer: Callable[[float], dict[str, Any]]) -> None:
        self._answer = answer

    def call(self, action: str, params: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        return self._answer(seconds)


class Service:
    """A contact centre on a clock of its own. It takes the credentials `right`; `current` are those at hand.

    So many requests as `silent` says are answered with a `fault` after a `silence`.
    """

    def __init__(
        self, right: str = "new", current: str = "old", rate: float = 1_000, patience: float = float("inf")
    ) -> None:
        self.clock = SimulatedClock()
        self.right, self.current = right, current
        self.read_anew = self.requests = 0
        self.meeting: threading.Barrier | None = None
        self.allowed: list[float] = []
        self.sent: list[float] = []
        self.silent, self.silence, self.fault = 0, float("inf"), "NoAnswer"
        clock = self.clock.clock()
        self.until = Deadline.after(clock, 600)
        limit = RateLimit(rate, clock)
        backoff = Backoff(jitter=lambda: 1.0, unanswered_seconds=patience)
        self.ccc = Ccc(self.connect, limit, backoff, self.renew)

    def connect(self) -> TencentApi:
        signed_with = self.current
        return cast("TencentApi", Client(lambda seconds: self.answer(signed_with, seconds)))

    def answer(self, signed_with: str, seconds: float) -> dict[str, Any]:
        self.requests += 1
        self.allowed.append(seconds)
        self.sent.append(self.clock.seconds)
        if self.silent:
            self.silent -= 1
            self.clock.sleep(min(seconds, self.silence))
            raise cloud_error(self.fault, "not now")
        if signed_with == self.right:
            return {"RequestId": "r1", "Tasks": [], "TotalCount": 0}
        if self.meeting is not None:
            self.meeting.wait(10)  # all are refused before any of them hears it
        raise cloud_error(REFUSED, "not these")

    def renew(self) -> bool:
        self.read_anew += 1
        before, self.current = self.current, "new"
        return self.current != before

    def pause(self) -> Answer:
        return self.ccc.act("pause", TASKS, TASK, lambda: True, until=self.until)

    def apis(self) -> list[Callable[[], Any]]:
        """Return a call of each API that reads, and of each that acts."""
        return [
            lambda: self.ccc.page(TASKS, 0, 100, until=self.until),
            lambda: self.ccc.describe(TASKS, TASK, until=self.until),
            self.pause,
            lambda: self.ccc.act("resume", TASKS, TASK, lambda: True, until=self.until),
        ]


def test_a_pause_without_an_answer_is_given_up_after_ten_seconds_and_left_to_the_next_round() -> None:
    service = Service(current="new")
    service.silent = 1
    with pytest.raises(CloudError, match="NoAnswer") as error:
        service.pause()
    assert (error.value.attempts, service.allowed) == (1, [10])
    assert 10 <= service.clock.seconds < 11


def test_no_request_may_take_longer_than_there_is_time() -> None:
    service = Service(current="new")
    service.until = service.until.within(4)
    service.silent = 9
    with pytest.raises(CloudError, match="NoAnswer"):
        service.pause()
    assert service.allowed == [4]
    assert service.clock.seconds == 4


def test_a_service_that_never_answers_is_given_up_when_the_patience_is_over() -> None:
    service = Service(current="new", patience=9)
    service.silent = 9
    with pytest.raises(CloudError, match="NoAnswer: not now") as pause:
        service.pause()
    assert pause.value.unclear, "it may have been carried out all the same"
    for call in service.apis():
        with pytest.raises(CloudError, match=r"Unreachable: not now \(hint: is CALLOUT_ENDPOINT right"):
            call()
    assert service.requests == 1
    assert service.clock.seconds < 11


def test_a_service_that_is_refused_a_connection_is_tried_again_until_the_patience_is_over() -> None:
    service = Service(current="new", patience=1)
    service.silent, service.silence = 9, 0
    with pytest.raises(CloudError, match="Unreachable"):
        service.ccc.describe(TASKS, TASK, until=service.until)
    assert service.requests > 1
    assert 1 <= service.clock.seconds <= 3


def test_a_service_that_has_answered_once_is_never_given_up() -> None:
    service = Service(current="new", patience=1)
    service.ccc.describe(TASKS, TASK, until=service.until)
    service.silent = 3
    with pytest.raises(CloudError, match="NoAnswer"):
        service.pause()
    service.silent = 0
    assert service.pause().attempts == 1


def test_credentials_that_are_refused_are_read_anew_and_the_same_call_goes_on() -> None:
    service = Service()
    assert service.pause() == Answer("r1", 2)
    for call in service.apis():
        call()
    assert (service.read_anew, service.requests) == (1, 6)


def test_credentials_that_several_threads_see_refused_at_once_are_read_anew_once() -> None:
    service = Service()
    service.meeting = threading.Barrier(8)
    with ThreadPoolExecutor(8) as pool:
        answers = [each.result() for each in [pool.submit(service.pause) for _ in range(8)]]
    assert {answer.attempts for answer in answers} == {2}
    assert service.read_anew == 1


def test_credentials_that_are_refused_as_well_after_reading_them_anew_are_not_read_again() -> None:
    service = Service(right="none of them")
    for call in service.apis():
        with pytest.raises(CloudError, match=REFUSED):
            call()
    assert service.read_anew == 1
    assert service.requests == 1 + len(service.apis()), "each API once, and the first with both"


def test_credentials_that_are_the_same_after_reading_them_anew_are_not_read_again() -> None:
    service = Service(right="none of them", current="new")
    for call in service.apis():
        with pytest.raises(CloudError, match=REFUSED):
            call()
    assert (service.read_anew, service.requests) == (1, len(service.apis()))


def test_every_attempt_waits_for_its_turn_and_not_the_first_alone() -> None:
    service = Service(current="new", rate=1)
    service.silent, service.silence = 3, 0.0
    assert service.ccc.limit.wait(PAUSE), "as the caller of `act` does"
    assert service.pause().attempts == 4
    assert all(later - earlier >= 1 for earlier, later in pairwise(service.sent))


def test_a_throttled_call_is_sent_again_after_a_second_and_slows_down_those_of_its_api() -> None:
    service = Service(current="new", rate=20)
    service.silent, service.silence, service.fault = 1, 0.0, "RequestLimitExceeded.UinLimitExceeded"
    service.pause()
    for _ in range(2):
        service.ccc.act("resume", TASKS, TASK, lambda: True, until=service.until)
        service.ccc.describe(TASKS, TASK, until=service.until)
        service.ccc.describe(TASKS, TASK, until=service.until)
    first, second, *others = service.sent
    assert second - first >= 1
    assert others[-1] - second < 0.2, "other APIs have a quota of their own"
    assert service.ccc.limit.wait(PAUSE)
    assert service.clock.seconds - second >= 0.09, "at half the pace"


def test_a_call_that_was_never_wanted_is_not_sent_and_says_so() -> None:
    service = Service(current="new")
    with pytest.raises(CloudError, match=NOT_WANTED) as error:
        service.ccc.act("pause", TASKS, TASK, lambda: False, until=service.until)
    assert (error.value.attempts, service.requests, service.clock.seconds) == (0, 0, 0)
