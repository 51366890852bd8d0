"""How a request is sent: how long one may take, and when refused credentials are read anew."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from handler.api3 import Api3, refusal
from handler.ccc import Answer, Ccc
from handler.errors import CloudError
from handler.pacing import Backoff, Clock, Deadline, RateLimit
from handler.task import SdkAppId, TaskId

APP, TASK = SdkAppId(1400692008), TaskId(16498)
REFUSED = "AuthFailure.TokenFailure"


class Client:
    """A client in the place of the SDK's: `answer` gets the seconds that a request may take."""

    def __init__(self, answer: Callable[[float], dict[str, Any]]) -> None:
        self._answer = answer

    def call(self, action: str, params: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        return self._answer(seconds)


class Service:
    """A contact centre on a clock of its own. It takes the credentials `right`; `current` are those at hand."""

    def __init__(self, right: str = "new", current: str = "old") -> None:
        self.seconds = 0.0
        self.right, self.current = right, current
        self.read_anew = self.requests = 0
        self.meeting: threading.Barrier | None = None
        self.allowed: list[float] = []
        self.silent = 0
        clock = Clock(monotonic=lambda: self.seconds, sleep=self.pass_)
        self.until = Deadline.after(clock, 600)
        limit = RateLimit(1_000, clock)
        self.ccc = Ccc(self.connect, limit, Backoff(jitter=lambda: 1.0), self.renew)

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds

    def connect(self) -> Api3:
        signed_with = self.current
        return cast("Api3", Client(lambda seconds: self.answer(signed_with, seconds)))

    def answer(self, signed_with: str, seconds: float) -> dict[str, Any]:
        self.requests += 1
        self.allowed.append(seconds)
        if self.silent:
            self.silent -= 1
            self.pass_(seconds)
            raise refusal("NoAnswer", "no whole answer")
        if signed_with == self.right:
            return {"RequestId": "r1"}
        if self.meeting is not None:
            self.meeting.wait(10)  # all are refused before any of them hears it
        raise refusal(REFUSED, "not these")

    def renew(self) -> bool:
        self.read_anew += 1
        before, self.current = self.current, "new"
        return self.current != before

    def pause(self) -> Answer:
        return self.ccc.act("pause", APP, TASK, lambda: True, until=self.until)

    def apis(self) -> list[Callable[[], Any]]:
        """Return a call of each API that reads, and of each that acts."""
        return [
            lambda: self.ccc.page(APP, 0, 100, until=self.until),
            lambda: self.ccc.see(APP, TASK, until=self.until),
            self.pause,
            lambda: self.ccc.act("resume", APP, TASK, lambda: True, until=self.until),
        ]


def test_a_request_without_an_answer_is_given_up_after_ten_seconds_and_sent_again() -> None:
    service = Service(current="new")
    service.silent = 2
    assert service.pause().attempts == 3
    assert service.allowed == [10, 10, 10]
    assert 20 < service.seconds < 22


def test_no_request_may_take_longer_than_there_is_time() -> None:
    service = Service(current="new")
    service.until = service.until.within(12)
    service.silent = 9
    with pytest.raises(CloudError, match="NoAnswer"):
        service.pause()
    assert service.allowed == [10, pytest.approx(1.8)]
    assert service.seconds == 12


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
