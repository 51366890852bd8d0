"""At the quota and never over it: in simulated time, so that no test waits.

Two simulations. `Network` is one of discrete events: the rate limit, the backoff and the emulator's sliding
window are the real ones, latencies are events. `Account` is the reconciler on the emulator over HTTP, both on a
clock that stands still while a request is under way.
"""

from __future__ import annotations

import heapq
import random
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handler.cloud.pacing import Backoff, Clock, Deadline, RateLimit
from handler.cloud.tencent_api import TencentApi
from handler.quiet_hours import QuietHours
from handler.report.entries import TargetReport
from handler.target import Outcome
from local.emulator import Emulator, Entry, faults
from local.emulator.limits import Limits
from tests.support import APP, DESCRIBE, LIST, PAUSE, SECRET_ID

from .harness.clock import SimulatedClock
from .harness.constants import ALL_DAY
from .harness.reconciler import SimulatedReconciler, named, numbered, pause

QUOTA = 20
TASKS = 400
LATENCIES = (0.02, 0.1, 0.4)
JITTER = 0.014
"""The spread of arrivals that the margin of the gaps makes up for: 1.5 % of a second."""
HOURS = {"default": QuietHours.model_validate(ALL_DAY["default"])}
RUNNING, ENDED, PAUSED = 1, 4, 5


def busiest_second(times: Iterable[float]) -> int:
    """Give the most instants that any window of one second holds, wherever it begins."""
    window: deque[float] = deque()
    most = 0
    for instant in sorted(times):
        window.append(instant)
        while window[0] <= instant - 1:
            window.popleft()
        most = max(most, len(window))
    return most


class Network(SimulatedClock):
    """A client that paces, a network that takes its time, and an account with a quota; in simulated time."""

    def __init__(self, latency: float = 0.0, jitter: float = 0.0, rival: float = 0.0, seed: int = 1) -> None:
        super().__init__(seconds=1000.0)
        self.limit = RateLimit(QUOTA, self.clock())
        self.backoff = Backoff()
        self.quota = Limits(self.monotonic)
        self.latency, self.jitter = latency, jitter
        self.chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.number = count()
        self.ready: deque[int] = deque()  # each by the number of its next attempt
        self.sent: list[float] = []
        self.arrived: list[float] = []
        self.throttled: list[float] = []
        self.paused = self.failed = 0
        if rival:
            self.after(self.chance.random() / rival, lambda: self.intrude(1 / rival))

    def sleep(self, seconds: float) -> None:
        until = self.seconds + seconds
        while self.events and self.events[0][0] <= until:
            self.seconds, _, event = heapq.heappop(self.events)
            event()
        self.seconds = until

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        heapq.heappush(self.events, (self.seconds + seconds, next(self.number), event))

    def over(self) -> bool:
        return self.quota.over(PAUSE, SECRET_ID) is not None

    def intrude(self, every: float) -> None:
        """Be the other client: a request at a steady rate, whatever the answers are."""
        self.over()
        self.after(every, lambda: self.intrude(every))

    def send(self, attempt: int) -> None:
        self.limit.wait(PAUSE)
        self.sent.append(self.seconds)
        way = self.latency / 2 + self.jitter * self.chance.random()
        self.after(way, lambda: self.arrive(attempt))

    def arrive(self, attempt: int) -> None:
        self.arrived.append(self.seconds)
        refused = self.over()
        if refused:
            self.throttled.append(self.seconds)
        self.after(self.latency / 2, lambda: self.answer(attempt, refused=refused))

    def answer(self, attempt: int, *, refused: bool) -> None:
        if not refused:
            self.paused += 1
            return
        self.limit.throttled(PAUSE)
        if attempt == self.backoff.attempts:
            self.failed += 1
            return
        wait = self.backoff.wait(attempt)
        self.after(wait, lambda: self.ready.appendleft(attempt + 1))

    def run(self, tasks: int = TASKS) -> float:
        """Pause so many tasks; give the seconds until the last answer."""
        self.backoff = Backoff(jitter=self.chance.random)
        self.ready.extend([1] * tasks)
        began = self.seconds
        while self.paused + self.failed < tasks:
            if self.ready:
                self.send(self.ready.popleft())
            else:
                self.sleep(self.events[0][0] - self.seconds)
        return self.seconds - began


@pytest.mark.parametrize("latency", LATENCIES)
def test_alone_it_takes_97_percent_of_the_quota_and_nothing_is_throttled(latency: float) -> None:
    network = Network(latency)
    seconds = network.run()
    assert network.paused == TASKS
    assert network.throttled == []
    assert TASKS / QUOTA / (seconds - latency / 2) >= 0.97
    assert busiest_second(network.arrived) == QUOTA


@settings(max_examples=30)
@given(st.floats(0, 1), st.floats(0, JITTER), st.integers())
def test_no_second_holds_more_than_the_quota_wherever_it_begins(
    latency: float, jitter: float, seed: int
) -> None:
    network = Network(latency, jitter, seed=seed)
    network.run(150)
    assert busiest_second(network.sent) <= QUOTA
    assert busiest_second(network.arrived) <= QUOTA
    assert network.throttled == []


def test_threads_that_wait_at_once_share_one_pace() -> None:
    network = Network()
    lock = threading.Lock()

    def work() -> None:
        for _ in range(10):
            network.limit.wait(PAUSE)
            with lock:
                network.sent.append(network.seconds)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(network.sent) == 80
    assert network.seconds - 1000 == pytest.approx(79 / QUOTA * 1.015)


def gaps(network: Network, calls: int) -> list[float]:
    """Give the seconds between so many calls."""
    for _ in range(calls):
        network.send(1)
    return [later - earlier for earlier, later in pairwise(network.sent[-calls:])]


def test_a_lane_that_was_throttled_rests_and_halves_and_comes_back() -> None:
    network = Network()
    even = gaps(network, 20)[-1]
    network.limit.throttled(PAUSE)
    at = network.seconds
    network.send(1)
    assert network.seconds - at == pytest.approx(1)
    assert gaps(network, 2)[-1] == pytest.approx(2 * even, rel=0.05)
    network.sleep(60)
    network.limit.wait(PAUSE)
    assert gaps(network, 2)[-1] == pytest.approx(even)


def test_near_the_pace_that_was_too_much_it_speeds_up_slowly_for_half_a_minute() -> None:
    network = Network()
    even = gaps(network, 2)[-1]
    network.limit.throttled(PAUSE)
    throttled = network.seconds
    paces = {}
    while network.seconds < throttled + 40:
        network.send(1)
        paces[int(network.seconds - throttled)] = (
            even / (network.seconds - network.sent[-2]) if len(network.sent) > 3 else 0
        )
    assert paces[10] == pytest.approx(0.7, abs=0.03), "a fiftieth of the quota more each second"
    assert paces[19] == pytest.approx(0.88, abs=0.03)
    assert paces[28] == pytest.approx(0.92, abs=0.02), "above nine tenths of that pace, an eighth of that"
    assert paces[39] == pytest.approx(1, abs=0.01)


def test_the_refusals_of_one_second_slow_it_down_once() -> None:
    once, often = Network(), Network()
    once.limit.throttled(PAUSE)
    for _ in range(20):
        often.limit.throttled(PAUSE)
    assert gaps(once, 5) == gaps(often, 5)


def test_however_often_it_is_throttled_it_goes_on() -> None:
    network = Network()
    for _ in range(50):
        network.limit.throttled(PAUSE)
        network.sleep(1.1)
    assert gaps(network, 2)[-1] <= 1.1


def test_the_lanes_of_other_apis_keep_their_pace() -> None:
    network = Network()
    network.limit.throttled(PAUSE)
    network.limit.wait(DESCRIBE)
    assert network.seconds == 1000


@pytest.mark.parametrize("latency", LATENCIES)
@pytest.mark.parametrize("seed", range(5))
def test_beside_a_client_that_takes_half_few_are_throttled_and_all_are_paused(
    latency: float, seed: int
) -> None:
    network = Network(latency, JITTER, rival=QUOTA / 2, seed=seed)
    seconds = network.run()
    assert network.paused == TASKS
    assert len(network.throttled) <= 0.05 * len(network.sent)
    assert seconds < 1.5 * TASKS / (QUOTA / 2)


class Turns(RateLimit):
    """A rate limit that tells of each call it lets through."""

    def __init__(self, per_second: float, clock: Clock, granted: Callable[[int], None]) -> None:
        super().__init__(per_second, clock)
        self.granted = granted

    def wait(self, key: str, until: Deadline | None = None) -> bool:
        granted = super().wait(key, until)
        self.granted(int(granted))
        return granted


class Told(TencentApi):
    """An API that tells when a call has ended."""

    granted: Callable[[int], None]

    def call(self, action: str, params: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        try:
            return super().call(action, params, seconds)
        finally:
            self.granted(-1)


class AccountClock(SimulatedClock):
    """A clock that moves only where somebody sleeps and no request is under way.

    `rival` is how many requests a second another client of the account sends. `meanwhile` are actions by
    the time at which they are taken.
    """

    def __init__(self, emulator: Emulator, rival: float) -> None:
        super().__init__(seconds=1000.0)
        self.emulator = emulator
        self.rival = rival
        self.under_way = 0
        self.patience = 5.0  # real seconds; a turn may also be given up, once there is no use in it
        self.changed = threading.Condition()
        self.meanwhile: dict[float, Callable[[], None]] = {}

    def count(self, change: int) -> None:
        """Add `change` to the number of requests under way."""
        with self.changed:
            self.under_way += change
            self.changed.notify_all()

    def sleep(self, seconds: float) -> None:
        until = self.seconds + seconds
        with self.changed:
            if not self.changed.wait_for(lambda: self.under_way <= 0, self.patience):
                self.under_way = 0
            while self.rival and (tick := (int(self.seconds * self.rival + 1e-6) + 1) / self.rival) <= until:
                self.seconds = tick
                self.emulator.limits.over(PAUSE, SECRET_ID)
            self.seconds = max(self.seconds, until)
            for at in [each for each in self.meanwhile if each <= self.seconds]:
                self.meanwhile.pop(at)()


class Account(SimulatedReconciler):
    """A reconciler on an account with a quota, on a clock that stands still while a request is under way."""

    clock: AccountClock

    def __init__(  # noqa: PLR0913 - as many as there is to vary
        self,
        emulator: Emulator,
        tasks: int,
        state: int = RUNNING,
        rival: float = 0.0,
        *,
        seconds: float = 600,
        rate: float = QUOTA,
        verify: bool = True,
    ) -> None:
        clock = AccountClock(emulator, rival)
        emulator.limits.clock = emulator.now = clock.monotonic
        emulator.tasks.load([self.task(number, state) for number in range(1, tasks + 1)])
        super().__init__(
            emulator,
            clock=clock,
            seconds=seconds,
            rate=rate,
            jitter=random.Random(1).random,  # noqa: S311 - repeatable on purpose
            hours=HOURS,
            unlimited=False,
            verify=verify,
        )

    def task(self, number: int, state: int) -> dict[str, Any]:
        return {"task_id": number, "sdk_app_id": APP, "name": f"task {number}", "state": state}

    def connect(self) -> Told:
        api = Told("ccc", "2020-02-10", endpoint=self.emulator.url, region=None, identity=self.identity)
        api.granted = self.clock.count
        return api

    def rate_limit(self, rate: float, clock: Clock) -> RateLimit:
        return Turns(rate, clock, self.clock.count)

    def put(self, number: int, state: int) -> None:
        self.emulator.tasks.add(**self.task(number, state))

    def pause(self, numbers: Iterable[int]) -> dict[int | None, TargetReport]:
        """Pause tasks and return the report of each."""
        jobs = pause(*numbered(numbers))
        reports = self.run(*jobs)
        assert len(reports) == len(jobs)
        return {report.target.id: report for report in reports}

    def asked(self, action: str) -> list[Entry]:
        return [entry for entry in self.emulator.journal.entries if entry.action == action]

    def times(self, action: str) -> list[float]:
        """Return when an API was called, in seconds since the beginning."""
        return [entry.time - 1000 for entry in self.asked(action)]


def outcomes(reports: Mapping[int | None, TargetReport]) -> Counter[Outcome]:
    return Counter(report.outcome for report in reports.values())


def running(emulator: Emulator, numbers: Iterable[int]) -> set[int]:
    states = {task.task_id: task.state for task in emulator.tasks}
    return {number for number in numbers if states[number] == RUNNING}


def test_alone_on_the_account_the_function_is_never_throttled(emulator: Emulator) -> None:
    account, numbers = Account(emulator, 100), range(1, 101)
    assert outcomes(account.pause(numbers)) == {Outcome.PAUSED: 100}
    assert all(entry.code is None for entry in emulator.journal.entries)
    assert 100 / QUOTA / (account.clock.seconds - 1000) >= 0.97
    assert not running(emulator, numbers)


def test_beside_a_client_that_takes_half_the_function_pauses_all(emulator: Emulator) -> None:
    account, numbers = Account(emulator, TASKS, rival=QUOTA / 2), range(1, TASKS + 1)
    assert outcomes(account.pause(numbers)) == {Outcome.PAUSED: TASKS}
    assert not running(emulator, numbers)
    asked = account.asked(PAUSE)
    throttled = sum(entry.code == "RequestLimitExceeded" for entry in asked)
    assert 0 < throttled <= 0.05 * len(asked)


def test_a_tick_over_a_thousand_paused_tasks_takes_a_page_for_each_hundred(emulator: Emulator) -> None:
    account = Account(emulator, 1_000, state=PAUSED)
    assert outcomes(account.pause(range(1, 1_001))) == {Outcome.ALREADY_PAUSED: 1_000}
    assert set(emulator.journal.actions()) == {LIST}
    assert emulator.journal.count(LIST) <= 12
    assert account.clock.seconds - 1000 < 1


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "InternalError", "FailedOperation"])
def test_a_look_that_fails_does_not_stop_the_pausing(emulator: Emulator, code: str) -> None:
    account, numbers = Account(emulator, 30), range(1, 31)
    account.clock.patience = 0.05
    for action in (LIST, DESCRIBE):
        emulator.faults.add(faults.error(code), action=action)
    reports = account.pause(numbers)
    assert outcomes(reports) == {Outcome.PAUSED: 30}
    assert not running(emulator, numbers)
    assert "could not be seen" in reports[1].reason


def test_a_list_that_fails_costs_one_look_a_task_at_its_own_pace(emulator: Emulator) -> None:
    account, numbers = Account(emulator, 30), range(1, 31)
    emulator.faults.add(faults.error("UnauthorizedOperation"), action=LIST)
    assert outcomes(account.pause(numbers)) == {Outcome.PAUSED: 30}
    assert emulator.journal.count(DESCRIBE) == 60, "once before and once after"
    assert not any(entry.code == "RequestLimitExceeded" for entry in emulator.journal.entries)


def test_what_somebody_else_did_meanwhile_is_told_as_it_is(emulator: Emulator) -> None:
    account, numbers = Account(emulator, 30), range(1, 31)

    def meddle() -> None:  # all were seen running by now
        account.put(28, PAUSED)
        account.put(29, ENDED)

    account.clock.meanwhile[1000.2] = meddle
    account.clock.meanwhile[1000.8] = lambda: account.put(1, RUNNING)  # paused by then, and let go on
    reports = account.pause(numbers)
    assert reports[29].outcome is Outcome.FINISHED
    assert reports[28].outcome is Outcome.ALREADY_PAUSED
    assert "the task is paused" in reports[28].reason
    assert (reports[1].outcome, reports[1].attempts) == (Outcome.PAUSED, 2)
    assert outcomes(reports)[Outcome.FAILED] == 0
    assert not running(emulator, numbers)


def test_a_task_that_is_let_go_on_again_and_again_is_told_as_a_failure(emulator: Emulator) -> None:
    account = Account(emulator, 2)
    emulator.options.pauses_without_effect = 10_000
    reports = account.pause([1, 2])
    assert outcomes(reports) == {Outcome.FAILED: 2}
    assert running(emulator, [1, 2]) == {1, 2}


# How the time is shared out


def test_looking_takes_a_quarter_of_the_time_and_then_the_first_pause_is_sent(emulator: Emulator) -> None:
    emulator.faults.add(faults.error("UnauthorizedOperation"), action=LIST)
    account = Account(emulator, 100, seconds=12)
    account.pause(range(1, 101))
    assert account.times(PAUSE)[0] == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize(("seconds", "rate", "kept"), [(10, 5, 1), (30, 2, 3), (80, 1, 5)])
def test_a_tenth_of_the_time_but_no_more_than_five_seconds_is_kept_to_look_at_what_was_done(
    emulator: Emulator, seconds: float, rate: float, kept: float
) -> None:
    account = Account(emulator, 100, seconds=seconds, rate=rate)
    account.pause(range(1, 101))
    assert account.times(LIST)[1] == pytest.approx(seconds - kept, abs=1.1 / rate)


def test_where_nothing_is_verified_no_time_is_kept_for_it(emulator: Emulator) -> None:
    account = Account(emulator, 100, seconds=10, rate=5, verify=False)
    account.pause(range(1, 101))
    assert emulator.journal.count(LIST) == 1
    assert account.times(PAUSE)[-1] == pytest.approx(10, abs=0.25)


def test_looking_again_leaves_the_time_to_act_again(emulator: Emulator) -> None:
    emulator.faults.add(faults.error("UnauthorizedOperation"), action=LIST)
    emulator.options.pauses_without_effect = 1
    account = Account(emulator, 100, seconds=200, rate=2)
    account.pause(range(1, 101))
    of_one = [entry.time - 1000 for entry in account.asked(PAUSE) if entry.params["TaskId"] == 1]
    assert of_one[0] == pytest.approx(50, abs=1)
    assert of_one[1] == pytest.approx(125, abs=2), "a quarter of what is left was looked, not all of it"


def test_the_last_quarter_of_the_time_is_kept_for_what_a_name_stands_for(emulator: Emulator) -> None:
    emulator.options.max_page_size = 10
    account = Account(emulator, 2_000, seconds=8)
    (report,) = account.run(*pause(named("task 0")))
    assert report.outcome in {Outcome.DEFERRED, Outcome.FAILED}
    assert account.times(LIST)[-1] == pytest.approx(6, abs=0.1)


def test_tasks_that_were_seen_are_paused_before_those_that_were_not(emulator: Emulator) -> None:
    emulator.faults.add(faults.error("UnauthorizedOperation"), action=LIST)
    emulator.faults.add(faults.HTTP_500, action=DESCRIBE, when=lambda params: params["TaskId"] == 1)
    account = Account(emulator, 3, seconds=20)
    account.pause([1, 2, 3])
    assert [entry.params["TaskId"] for entry in account.asked(PAUSE)] == [2, 3, 1]


def test_what_was_seen_before_the_first_call_is_no_evidence_against_it(emulator: Emulator) -> None:
    emulator.faults.script([None, None, *[faults.HTTP_500] * 1_000], action=LIST)
    emulator.faults.add(faults.error("UnauthorizedOperation"), action=DESCRIBE)
    account = Account(emulator, 50, seconds=10, rate=5)
    reports = account.pause(range(1, 51))
    asked = {entry.params["TaskId"] for entry in account.asked(PAUSE)}
    seen = account.times(LIST)[1]
    assert any(at > seen for at in account.times(PAUSE)), "some are paused when no look is left"
    assert {number for number, each in reports.items() if each.outcome is Outcome.PAUSED} == asked
