"""A year of wake-ups against a dialler: how many calls start inside quiet hours, with lead time and without.

`python bench/soak.py` prints a table in about ten minutes; `--from 2026-10-26 --days 14` looks at less. The
real handler runs with the real SDK over a socket against the emulator, on a simulated clock that both share.
The timer wakes it; each morning a simulated campaign system resumes each task through the same handler.

A call starts at every whole minute at which its task is running, just before whatever else happens at that
instant. Whether it may start is judged as a compliance officer would: by a clock on the wall where the callee
lives, in plain words below, without `handler`'s policy and without lead time.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import multiprocessing
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timezone
from io import TextIOBase
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from handler.cloud.pacing import Backoff, Clock
from handler.errors import QuietHoursError
from handler.main import handle
from local.emulator import Emulator, faults
from local.emulator.faults import Faults

APP = 1400692008
RUNNING, PAUSED = 1, 5
MINUTE, PERIOD = 60, 300
RETRIES = 2
"""SCF tries an asynchronous invocation that failed twice more, a minute apart. Source: document 583/39851."""
SETTINGS: Mapping[str, Any] = {
    "_env_file": None,
    "tencentcloud_secret_id": "AKIDEXAMPLE",
    "tencentcloud_secret_key": "SECRETEXAMPLE",
    "callout_sdk_app_id": APP,
    "callout_region": "ap-guangzhou",
    "callout_topic": "cmq:reports",
    "callout_notify": "changes",
}
TIMER = {"Type": "Timer", "TriggerName": "every-five-minutes", "Time": "", "Message": ""}
CONTEXT = {"time_limit_in_ms": 60_000, "function_name": "soak"}
FAULTS = (faults.THROTTLED, faults.LOST_REPLY, faults.RESET, faults.HTTP_500)
SOON = 900
"""More than the longest lead time here and a period of the timer, in seconds."""
IDLE_SAMPLE = 48
"""Of the wake-ups at which nothing can change, one in so many is done all the same."""


# What the officer knows: who lives where, and when they must be left alone.

_GERMAN = holidays.country_holidays("DE", language="en_US")


def _shanghai(wall: datetime) -> bool:
    return wall.hour >= 21 or wall.hour < 9  # noqa: PLR2004


def _new_york(wall: datetime) -> bool:
    return wall.hour >= 21 or wall.hour < 8 or wall.weekday() == 6  # noqa: PLR2004


def _berlin(wall: datetime) -> bool:
    return wall.hour >= 20 or wall.hour < 9 or wall.date() in _GERMAN  # noqa: PLR2004


@dataclass(frozen=True)
class Callees:
    """Where the callees of a task live, when they are to be left alone, and the same as a policy."""

    task_id: int
    zone: str
    quiet: Callable[[datetime], bool]
    policy: Sequence[Any]


ALL = (
    Callees(16498, "Asia/Shanghai", _shanghai, ["21:00-09:00"]),
    Callees(16499, "America/New_York", _new_york, ["21:00-08:00", "Sun 00:00-24:00"]),
    Callees(16500, "Europe/Berlin", _berlin, ["20:00-09:00", {"holidays": "DE"}]),
)


def policy(lead_time: str | None) -> str:
    """Return the policy of the three tasks as JSON."""
    more = {"lead_time": lead_time} if lead_time else {}
    return json.dumps(
        {
            "quiet_hours": {
                each.zone: {"time_zone": each.zone, "quiet": each.policy, **more} for each in ALL
            },
            "tasks": {
                f"task-{each.task_id}": {"task_id": each.task_id, "quiet_hours": each.zone} for each in ALL
            },
        }
    )


class Wall:
    """What the officer's clock says of one task, minute by minute from `start`, in Unix seconds."""

    def __init__(self, callees: Callees, start: int, minutes: int) -> None:
        zone = ZoneInfo(callees.zone)
        self._start = start
        self._quiet = bytearray(
            callees.quiet(datetime.fromtimestamp(start + number * MINUTE, zone)) for number in range(minutes)
        )
        self._until = [0, *itertools.accumulate(self._quiet)]

    def count(self, after: float, to: float) -> tuple[int, int]:
        """Return how many whole minutes lie in (after, to], and how many of them are quiet."""
        first, last = int((after - self._start) // MINUTE) + 1, int((to - self._start) // MINUTE)
        return last + 1 - first, self._until[last + 1] - self._until[first]

    def quiet_within(self, now: float, seconds: float) -> bool:
        """Return whether it is quiet now or at any minute of the next `seconds`."""
        first = int((now - self._start) // MINUTE)
        return self._until[first + int(seconds // MINUTE) + 2] > self._until[first]

    def turns(self, *, quiet: bool) -> list[int]:
        """Return the minutes at which it becomes quiet, or ceases to be, in Unix seconds."""
        was = self._quiet
        return [
            self._start + number * MINUTE
            for number in range(1, len(was))
            if was[number] == quiet and was[number - 1] != quiet
        ]


@dataclass(frozen=True)
class Plan:
    """What is to be soaked. Times in seconds; `phase` is how long after :00 the timer fires.

    `faults` is the probability that a request meets a fault, `outages` that CCC fails for the whole of a try.
    """

    first: date
    days: int
    lead_time: str | None = "5m"
    phase: int = 0
    faults: float = 0.0
    outages: float = 0.0
    seed: int = 1
    every: int = IDLE_SAMPLE

    @property
    def start(self) -> int:
        """The midnight of UTC at which it begins, in Unix seconds."""
        return int(
            datetime(self.first.year, self.first.month, self.first.day, tzinfo=timezone.utc).timestamp()
        )


@dataclass
class Found:
    """What was counted. `late` are the instants of calls that were started inside quiet hours, by task."""

    wake_ups: int = 0
    worked: int = 0
    failed: int = 0
    retries: int = 0
    ccc_calls: int = 0
    faults_met: int = 0
    beginnings: int = 0
    pauses: int = 0
    resumes: int = 0
    reports: int = 0
    calls: int = 0
    calls_in_quiet_hours: int = 0
    late: list[tuple[int, str]] = field(default_factory=list)
    seconds: float = 0.0


class Soak:
    """One run. The simulated clock is `now`, in Unix seconds; whatever moves it lets the dialler call."""

    def __init__(self, plan: Plan, emulator: Emulator) -> None:
        self.plan = plan
        self.found = Found()
        self._emulator = emulator
        self._turn = threading.Lock()
        self._walls = {each.task_id: Wall(each, plan.start, plan.days * 1440 + 2_880) for each in ALL}
        self._chance = random.Random(plan.seed)  # noqa: S311 - repeatable on purpose
        self._outage = random.Random(plan.seed)  # noqa: S311 - its own, so that it does not depend on the waits
        self._settings = {
            **SETTINGS,
            "callout_policy": policy(plan.lead_time),
            "callout_endpoint": emulator.url,
        }
        self._idle = 0
        self.now = float(plan.start)

    def run(self) -> Found:
        """Live through the days: the timer's wake-ups, and each morning the campaign system's request."""
        began = time.perf_counter()
        end = self.plan.start + self.plan.days * 86_400
        self._prepare()
        number = itertools.count()
        events: list[tuple[float, int, int, Mapping[str, Any]]] = [
            (float(self.plan.start + self.plan.phase), next(number), 0, TIMER)
        ]
        for each in ALL:
            wall, resume = self._walls[each.task_id], {"action": "resume", "tasks": [each.task_id]}
            events += [(float(at), next(number), 0, resume) for at in wall.turns(quiet=False)]
            self.found.beginnings += sum(at < end for at in wall.turns(quiet=True))
        heapq.heapify(events)
        while events[0][0] < end:
            at, _, tries, event = heapq.heappop(events)
            self.advance(at)
            if event is TIMER and not tries:
                self.found.wake_ups += 1
                heapq.heappush(events, (at + PERIOD, next(number), 0, TIMER))
                if self._spared():
                    continue
            if not self._wake(event) and tries < RETRIES:
                self.found.retries += 1
                heapq.heappush(events, (self.now + MINUTE, next(number), tries + 1, event))
        self.advance(end)
        self.found.seconds = time.perf_counter() - began
        return self.found

    def advance(self, to: float) -> None:
        """Let time pass, and the dialler call at every whole minute of it."""
        with self._turn:
            if to <= self.now:
                return
            for task in self._emulator.tasks:
                if task.state == RUNNING:
                    calls, late = self._walls[task.task_id].count(self.now, to)
                    self.found.calls += calls
                    self.found.calls_in_quiet_hours += late
                    if late:
                        self.found.late.append((task.task_id, _utc(to)))
            self.now = to

    def _prepare(self) -> None:
        cloud = self._emulator
        cloud.now = lambda: self.now
        cloud.limits.clock = lambda: self.now  # so that the quota holds in simulated seconds
        cloud.topics.create("reports")
        for task_id, wall in self._walls.items():
            state = PAUSED if wall.quiet_within(self.now, 0) else RUNNING
            cloud.tasks.add(task_id=task_id, sdk_app_id=APP, name=f"task-{task_id}", state=state)
        for number, fault in enumerate(FAULTS if self.plan.faults else ()):
            chance = self.plan.faults / (1 - self.plan.faults * number / len(FAULTS)) / len(FAULTS)
            cloud.faults.add(fault, probability=chance, seed=100 * self.plan.seed + number)

    def _spared(self) -> bool:
        """Return whether a wake-up can be left out: no running task is in quiet hours, or will be soon.

        Then there is nothing to pause. Some wake-ups are run all the same, to check that nothing is paused.
        """
        running = (task.task_id for task in self._emulator.tasks if task.state == RUNNING)
        if any(self._walls[task_id].quiet_within(self.now, SOON) for task_id in running):
            return False
        self._idle += 1
        return self._idle % self.plan.every > 0

    def _wake(self, event: Mapping[str, Any]) -> bool:
        """Invoke the function as the platform does, and return whether it succeeded."""
        clock = Clock(
            now=lambda: datetime.fromtimestamp(self.now, timezone.utc),
            monotonic=lambda: self.now,
            sleep=lambda seconds: self.advance(self.now + seconds),
        )
        self.found.worked += 1
        try:
            with self._weather():
                handle(
                    event, CONTEXT, clock=clock, backoff=Backoff(jitter=self._chance.random), **self._settings
                )
        except QuietHoursError:
            self.found.failed += 1
            return False
        finally:
            self._tally()
        return True

    @contextmanager
    def _weather(self) -> Iterator[None]:
        """Let CCC fail for the whole of this try, if chance wants it."""
        if self._outage.random() >= self.plan.outages:
            yield
            return
        usual, self._emulator.faults = self._emulator.faults, Faults()
        self._emulator.faults.add(faults.HTTP_500)
        try:
            yield
        finally:
            self._emulator.faults = usual

    def _tally(self) -> None:
        for entry in self._emulator.journal.entries:
            worked = entry.answer is not None and entry.code is None
            self.found.ccc_calls += entry.service == "ccc"
            self.found.faults_met += entry.fault is not None
            self.found.pauses += worked and entry.action == "PauseAutoCalloutTask"
            self.found.resumes += worked and entry.action == "ResumeAutoCalloutTask"
            self.found.reports += worked and entry.action == "PublishCmqMsg"
        self._emulator.journal.clear()


def _utc(at: float) -> str:
    return f"{datetime.fromtimestamp(at, timezone.utc):%Y-%m-%d %H:%M:%S}"


class _Nowhere(TextIOBase):
    def write(self, text: str) -> int:
        return len(text)


def soak(plan: Plan) -> Found:
    """Soak as planned, in an emulator of its own."""
    with Emulator() as emulator, redirect_stdout(_Nowhere()):
        found = Soak(plan, emulator).run()
    if emulator.errors:
        raise emulator.errors[0]
    return found


Column = tuple[str, int, Callable[[Plan, Found], str]]
COLUMNS: tuple[Column, ...] = (
    ("lead time", 9, lambda plan, _: plan.lead_time or "none"),
    ("timer at", 8, lambda plan, _: f":{plan.phase // 60:02}:{plan.phase % 60:02}"),
    ("requests fail", 13, lambda plan, _: f"{plan.faults:.0%}"),
    ("tries fail", 10, lambda plan, _: f"{plan.outages:.0%}"),
    ("wake-ups", 8, lambda _, found: f"{found.wake_ups:,}"),
    ("run", 6, lambda _, found: f"{found.worked:,}"),
    ("failed", 6, lambda _, found: f"{found.failed:,}"),
    ("API calls", 9, lambda _, found: f"{found.ccc_calls:,}"),
    ("nights", 6, lambda _, found: f"{found.beginnings:,}"),
    ("pauses", 6, lambda _, found: f"{found.pauses:,}"),
    ("calls", 9, lambda _, found: f"{found.calls:,}"),
    ("in quiet hours", 14, lambda _, found: f"{found.calls_in_quiet_hours:,}"),
)


def plans(first: date, days: int, every: int) -> list[Plan]:
    """Return the rows of the table: with and without lead time and faults, several phases, failing tries."""
    none = Plan(first, days, lead_time=None, every=every)
    five = replace(none, lead_time="5m")
    last_minute, last_second = PERIOD - MINUTE, PERIOD - 1
    return [
        none,
        replace(none, faults=0.1),
        replace(none, phase=last_minute, faults=0.1),
        five,
        *(replace(five, phase=phase, faults=0.1) for phase in (0, 120, last_minute)),
        *(replace(five, lead_time=lead, phase=last_second, faults=0.1) for lead in ("5m", "6m")),
        *(replace(five, lead_time=lead, phase=last_minute, faults=0.1, outages=0.1) for lead in ("5m", "8m")),
    ]


def _without_settings() -> None:
    """Leave out what a person has set for the real clouds, proxies included."""
    os.environ.clear()


def main() -> None:
    """Print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="first", type=date.fromisoformat, default=date(2026, 11, 1))
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--all", action="store_true", help="run every wake-up, also where nothing can change")
    parser.add_argument(
        "--late", action="store_true", help="print when the calls in quiet hours were started"
    )
    given = parser.parse_args()
    began = time.perf_counter()
    print(f"{given.days} days from {given.first}, a wake-up every five minutes, three tasks in three zones")
    print("run: wake-ups, retries and requests that were carried out; the others could not change anything")
    print("  ".join(f"{name:>{width}}" for name, width, _ in COLUMNS))
    # Spawned, since the emulator has threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context, _without_settings) as pool:
        wanted = plans(given.first, given.days, 1 if given.all else IDLE_SAMPLE)
        for plan, found in zip(wanted, pool.map(soak, wanted), strict=True):
            print("  ".join(f"{cell(plan, found):>{width}}" for _, width, cell in COLUMNS), flush=True)
            for task_id, at in found.late if given.late else ():
                print(f"    task {task_id} called in quiet hours until {at} UTC")
    print(f"{time.perf_counter() - began:.0f} s on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
