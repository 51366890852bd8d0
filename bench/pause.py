"""How long it takes until the last task is paused, and what it costs; beside what people write instead.

`python bench/pause.py` prints four tables in under five minutes, `--part` one of them. Every contender runs
in a process of its own against an emulator of its own; what is counted is counted there, in its journal.
"""

# ruff: noqa: PLC0415 - every contender imports what it needs, and no more: its memory is measured

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from handler.cloud.tencent_api import TencentApi
    from local.emulator import Emulator, Entry

APP = 1400692008
QUOTA = 20
RUNNING, PAUSED = 1, 5
LATENCIES = (20, 100, 400)
PAUSE = "PauseAutoCalloutTask"
RIVAL_TASK = 999_999_999
"""What the other client pauses; it does not exist, but the request counts."""
POOL_THREADS, POOL_ATTEMPTS = 20, 5
GROWTH = (10, 100, 1_000, 10_000)
GROWTH_FACTOR = 10
TICK_TASKS = 1_000
FIRST_CALLS_OF_RIVAL = 15
SLOW = 100
"""From this latency, in ms, a plain loop does little but wait: others may run at the same time."""


@dataclass(frozen=True)
class Order:
    """The input of a contender: where the service is, how many tasks, and how many requests a second."""

    endpoint: str
    tasks: int
    rate: float = QUOTA


@dataclass(frozen=True)
class Ended:
    """The result of a contender: when it began and ended, in Unix seconds, and its peak memory in MB."""

    began: float
    ended: float
    megabytes: float


Contender = Callable[[Order], Ended]
Show = Callable[[], None]


# The contenders. Each runs in a process of its own.


def ours(order: Order) -> Ended:
    """Pause with `handler.reconcile`: observed, paced, verified."""
    from handler.cloud.ccc import Ccc
    from handler.cloud.pacing import Backoff, Clock, Deadline, RateLimit
    from handler.quiet_hours import QuietHours
    from handler.reconcile.ledger.notes import Notes
    from handler.reconcile.reconciler import Reconciler
    from handler.reconcile.schedule import Schedule
    from handler.target import Job, SdkAppId, Target, TargetId

    clock = Clock()
    deadline = Deadline.after(clock, 900)
    hours = {"default": QuietHours.model_validate({"time_zone": "UTC", "quiet": ["00:00-24:00"]})}
    limit = RateLimit(order.rate, clock)
    ccc = Ccc(lambda: _api3(order.endpoint), limit, Backoff())
    schedule = Schedule(hours, clock)
    notes = Notes(None, schedule, deadline)
    reconciler = Reconciler(lambda: ccc, schedule, deadline, Backoff(), verify=True, known={}, notes=notes)
    tasks = (Target(SdkAppId(APP), TargetId(number), None, "default") for number in _numbers(order.tasks))
    jobs = [Job("pause", task) for task in tasks]
    return _timed(lambda: reconciler.run(jobs))


def plain_loop(order: Order) -> Ended:
    """Pause one after the other with the SDK's client as it comes; errors are skipped."""
    from tencentcloud.common.exception import TencentCloudSDKException

    pause = _sdk_pause(order.endpoint)

    def work() -> None:
        for number in _numbers(order.tasks):
            try:
                pause(number)
            except TencentCloudSDKException:
                continue

    return _timed(work)


def thread_pool(order: Order) -> Ended:
    """Pause from twenty threads at once; what is throttled is sent again at once, five times in all."""
    from tencentcloud.common.exception import TencentCloudSDKException

    pause = _sdk_pause(order.endpoint)

    def work(number: int) -> None:
        for _ in range(POOL_ATTEMPTS):
            try:
                return pause(number)
            except TencentCloudSDKException as error:
                if error.code != "RequestLimitExceeded":
                    return None
        return None

    with ThreadPoolExecutor(POOL_THREADS) as pool:
        return _timed(lambda: list(pool.map(work, _numbers(order.tasks))))


def rival(order: Order) -> Ended:
    """Send pauses at a steady rate, whatever the answers are, until it is ended."""
    from handler.cloud.pacing import MARGIN, Clock, Deadline, RateLimit, paced
    from handler.errors import CloudError

    api = [_api3(order.endpoint) for _ in range(POOL_THREADS)]

    def call(number: int) -> None:
        try:
            api[number % len(api)].call(PAUSE, {"TaskId": RIVAL_TASK, "SdkAppId": APP}, 10)
        except CloudError:
            return

    clock = Clock()
    calls = [(PAUSE, partial(call, number), lambda: True) for number in range(order.tasks)]
    return _timed(lambda: paced(calls, RateLimit(order.rate * MARGIN, clock), Deadline.after(clock, 600)))


def _numbers(tasks: int) -> range:
    return range(1, tasks + 1)


def _api3(endpoint: str) -> TencentApi:
    from handler.cloud.credentials import Credentials
    from handler.cloud.tencent_api import TencentApi

    identity = Credentials("AKIDEXAMPLE", "SECRETEXAMPLE")
    return TencentApi("ccc", "2020-02-10", endpoint=f"http://{endpoint}", region=None, identity=identity)


def _sdk_pause(endpoint: str) -> Callable[[int], None]:
    from tencentcloud.ccc.v20200210.ccc_client import CccClient
    from tencentcloud.ccc.v20200210.models import PauseAutoCalloutTaskRequest
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile

    profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=endpoint))
    client = CccClient(Credential("AKIDEXAMPLE", "SECRETEXAMPLE"), "", profile)

    def pause(number: int) -> None:
        request = PauseAutoCalloutTaskRequest()
        request.SdkAppId, request.TaskId = APP, number
        client.PauseAutoCalloutTask(request)

    return pause


def _timed(work: Callable[[], object]) -> Ended:
    began = time.time()
    work()
    return Ended(began, time.time(), _peak_megabytes())


def _peak_megabytes() -> float:
    """Return this process's peak; `ru_maxrss` would count the parent's, which Linux hands on to a child."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


# The measuring. It is done at the emulator.


@dataclass(frozen=True)
class Measured:
    """What a run was, as the emulator saw it. `quota` is in requests per second."""

    tasks: int
    quota: float
    ended: Ended
    entries: Sequence[Entry]
    left: int

    @property
    def own(self) -> list[Entry]:
        """The pauses that the contender sent."""
        pauses = (entry for entry in self.entries if entry.action == PAUSE)
        return [entry for entry in pauses if entry.params.get("TaskId") != RIVAL_TASK]

    @property
    def others(self) -> list[Entry]:
        """The pauses that the other client sent while the contender did."""
        first, last = self.own[0].time, self.own[-1].time
        rivals = (entry for entry in self.entries if entry.params.get("TaskId") == RIVAL_TASK)
        return [entry for entry in rivals if first <= entry.time <= last]

    @property
    def seconds(self) -> float:
        """From the contender's beginning to the last task paused; no end where tasks are left running."""
        last = max((each.time for each in self.own if each.code is None), default=inf)
        return inf if self.left else last - self.ended.began

    @property
    def share(self) -> float:
        """Tasks, by what the quota allows from the contender's beginning to the last task paused."""
        return self.tasks / self.quota / self.seconds

    @property
    def pace(self) -> float:
        """Requests from the first pause to the last, by what the quota allows in that time."""
        first, last = self.own[0].time, self.own[-1].time
        return (len(self.own) - 1) / self.quota / (last - first)

    @property
    def throttled(self) -> int:
        """The contender's pauses that were over the limit."""
        return _throttled(self.own)

    @property
    def calls(self) -> int:
        """The contender's requests of every kind."""
        return sum(entry.params.get("TaskId") != RIVAL_TASK for entry in self.entries)

    @property
    def busiest(self) -> int:
        """The most of the contender's pauses that any one-second window holds."""
        return busiest_second(entry.time for entry in self.own)


def _throttled(entries: Iterable[Entry]) -> int:
    return sum(entry.code == "RequestLimitExceeded" for entry in entries)


def busiest_second(times: Iterable[float]) -> int:
    """Return the most instants that any window of one second holds, wherever it begins."""
    ordered, most, oldest = sorted(times), 0, 0
    for newest, instant in enumerate(ordered):
        while ordered[oldest] <= instant - 1:
            oldest += 1
        most = max(most, newest - oldest + 1)
    return most


@contextmanager
def service(tasks: int, latency: int, *, state: int = RUNNING, factor: int = 1) -> Iterator[Emulator]:
    """Yield an emulator with tasks, whose answers come `latency` ms late; its limits times `factor`."""
    from local.emulator import Emulator, faults

    given = tuple(
        {"task_id": number, "sdk_app_id": APP, "name": f"task {number}", "state": state}
        for number in _numbers(tasks)
    )
    with Emulator(tasks=given) as emulator:
        emulator.faults.add(faults.latency(latency / 1000))
        emulator.limits.default = QUOTA * factor
        yield emulator
        if emulator.errors:
            raise emulator.errors[0]


def in_a_process(contender: Contender, order: Order) -> Ended:
    """Run a contender in a fresh interpreter."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        return pool.submit(contender, order).result()


def measure(
    contender: Contender, tasks: int, latency: int, *, state: int = RUNNING, factor: int = 1
) -> Measured:
    """Let a contender pause tasks at a latency, in ms, alone on the account."""
    with service(tasks, latency, state=state, factor=factor) as emulator:
        ended = in_a_process(contender, Order(emulator.endpoint, tasks, QUOTA * factor))
        return _measured(emulator, tasks, QUOTA * factor, ended)


def measure_shared(tasks: int, latency: int) -> Measured:
    """Let ours pause tasks while another client takes half of the quota."""
    fresh = multiprocessing.get_context("spawn")
    with service(tasks, latency) as emulator:
        order = Order(emulator.endpoint, 100_000, QUOTA / 2)
        other = fresh.Process(target=rival, args=(order,), daemon=True)
        other.start()
        try:
            while emulator.journal.count(PAUSE) < FIRST_CALLS_OF_RIVAL:
                time.sleep(0.05)
            ended = in_a_process(ours, Order(emulator.endpoint, tasks))
        finally:
            other.terminate()
            other.join()
        return _measured(emulator, tasks, QUOTA, ended)


def _measured(emulator: Emulator, tasks: int, quota: float, ended: Ended) -> Measured:
    left = sum(task.state == RUNNING for task in emulator.tasks)
    return Measured(tasks, quota, ended, emulator.journal.entries, left)


# The tables.

CONTENDERS: dict[str, Contender] = {
    "ours": ours,
    "(a) SDK, plain loop": plain_loop,
    "(b) SDK, 20 threads": thread_pool,
}


def table(head: Sequence[str], rows: Iterable[Sequence[object]], notes: str) -> None:
    """Print rows under their head as Markdown, with a line of what each figure means."""
    lines = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for number, line in enumerate(lines):
        print(f"| {' | '.join(_cells(line, widths))} |")
        if not number:
            print(f"| {' | '.join(_rule(widths))} |")
    print(f"\n{notes.strip()}\n", flush=True)


def _cells(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = zip(line, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]


def _rule(widths: Sequence[int]) -> list[str]:
    return ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]


def _later(title: str, head: Sequence[str], rows: Sequence[Sequence[object]], notes: str) -> Show:
    def show() -> None:
        print(f"## {title}\n")
        table(head, rows, notes)

    return show


def part_latency(tasks: int) -> Show:
    """Compare the contenders, alone on the account."""
    cases = [(latency, name) for latency in LATENCIES for name in CONTENDERS]
    slow = [case for case in cases if case[0] >= SLOW and CONTENDERS[case[1]] is plain_loop]
    pool = ThreadPoolExecutor(len(slow))
    late = {(at, name): pool.submit(measure, CONTENDERS[name], tasks, at) for at, name in slow}
    pool.shutdown(wait=False)
    quick = {(at, name): measure(CONTENDERS[name], tasks, at) for at, name in cases if (at, name) not in late}

    def show() -> None:
        found = quick | {case: future.result() for case, future in late.items()}
        title = f"Alone on the account: {tasks:,} running tasks, {QUOTA} requests per second"
        rows = [_compared(name, at, found[at, name]) for at, name in cases]
        _later(title, _COMPARED, rows, _LATENCY_NOTES)()

    return show


_COMPARED = (
    "contender",
    "latency",
    "seconds",
    "of the limit",
    "pace",
    "throttled",
    "calls",
    "busiest second",
    "left running",
    "peak MB",
)


def _compared(name: str, latency: int, run: Measured) -> tuple[object, ...]:
    return (
        name,
        f"{latency} ms",
        *_time(run),
        f"{run.pace:.1%}",
        f"{run.throttled:,}",
        f"{run.calls:,}",
        run.busiest,
        run.left,
        f"{run.ended.megabytes:.0f}",
    )


def _time(run: Measured) -> tuple[str, str]:
    return ("never", "-") if run.left else (f"{run.seconds:.1f}", f"{run.share:.1%}")


_LATENCY_NOTES = f"""
seconds: from the contender's beginning, imports done, to the last task paused; looking at them included.
of the limit: tasks ÷ quota ÷ seconds.
pace: requests ÷ quota ÷ seconds, from the first pause to the last as they arrive at the service.
throttled: pauses answered with RequestLimitExceeded; they count towards the quota as well.
calls: requests of every kind: ours observes before and verifies after, the others do neither.
busiest second: the most pauses in any one-second window, by the emulator's journal; {QUOTA} are allowed.
left running: tasks that still call when the contender has ended.
peak MB: the contender's process at its largest, interpreter and SDK included.
"""


def part_shared(tasks: int) -> Show:
    """Measure ours beside a client that takes half of the quota."""
    rows = []
    with ThreadPoolExecutor(
        len(LATENCIES)
    ) as pool:  # they do little but wait, each at an emulator of its own
        runs = list(pool.map(partial(measure_shared, tasks), LATENCIES))
    for latency, run in zip(LATENCIES, runs, strict=True):
        own, others = run.own, run.others
        rows.append(
            (
                f"{latency} ms",
                *_time(run),
                f"{run.throttled} of {len(own)}",
                f"{run.throttled / len(own):.1%}",
                f"{_throttled(others)} of {len(others)}",
                busiest_second(entry.time for entry in [*own, *others]),
                run.left,
            )
        )
    title = f"Beside a client that takes half of the quota: {tasks:,} running tasks"
    head = (
        "latency",
        "seconds",
        "of the limit",
        "throttled",
        "own throttled",
        "the other's",
        "busiest second",
        "left running",
    )
    return _later(title, head, rows, _SHARED_NOTES)


_SHARED_NOTES = f"""
of the limit: tasks ÷ whole quota ÷ seconds; what the other client leaves is 50 %.
throttled, own throttled: our pauses answered with RequestLimitExceeded; at most 5 % are wanted.
the other's: its throttled requests while ours ran; it sends {QUOTA // 2} a second and never slows down.
busiest second: the most pauses of both in any one-second window; {QUOTA} are allowed.
"""


def part_tick(tasks: int) -> Show:
    """Measure the timer's common case: all is as it should be."""
    rows = []
    for latency in LATENCIES:
        run = measure(ours, tasks, latency, state=PAUSED)
        rows.append((f"{latency} ms", f"{run.ended.ended - run.ended.began:.2f}", run.calls, len(run.own)))
    title = f"A tick of the timer: {tasks:,} listed tasks, all paused already"
    return _later(title, ("latency", "seconds", "calls", "pauses"), rows, _TICK_NOTES)


_TICK_NOTES = """
seconds: from the beginning to the last report.
calls: requests of every kind; pauses: those that would have changed something.
"""


def part_growth(sizes: Sequence[int]) -> Show:
    """Measure how cost grows with the number of tasks."""
    rows = []
    for tasks in sizes:
        run = measure(ours, tasks, LATENCIES[0], factor=GROWTH_FACTOR)
        rows.append(
            (
                f"{tasks:,}",
                f"{GROWTH_FACTOR} x {QUOTA}",
                *_time(run),
                f"{run.pace:.1%}",
                f"{tasks / QUOTA:,.1f}",
                run.throttled,
                f"{run.calls:,}",
                f"{run.calls / tasks:.2f}",
                run.left,
                f"{run.ended.megabytes:.0f}",
            )
        )
    title = f"How cost grows, at {LATENCIES[0]} ms and {QUOTA * GROWTH_FACTOR} requests per second"
    head = (
        "tasks",
        "quota",
        "seconds",
        "of the limit",
        "pace",
        f"at {QUOTA}",
        "throttled",
        "calls",
        "per task",
        "left running",
        "peak MB",
    )
    return _later(title, head, rows, _GROWTH_NOTES)


_GROWTH_NOTES = f"""
seconds, of the limit, pace: as above.
quota: requests per second; the emulator's limit and the configured rate are both raised by a factor of
    {GROWTH_FACTOR}, so that nobody waits {GROWTH[-1] // QUOTA} s.
at {QUOTA}: the seconds that the real quota asks for; a function with less time comes back for more.
per task: calls ÷ tasks: one to pause it, and its part of the lists read before and after.
"""

PARTS: dict[str, Callable[[int | None], Show]] = {
    "latency": lambda tasks: part_latency(tasks or 400),
    "shared": lambda tasks: part_shared(tasks or 400),
    "tick": lambda tasks: part_tick(tasks or TICK_TASKS),
    "growth": lambda tasks: part_growth((tasks,) if tasks else GROWTH),
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--part", choices=[*PARTS], action="append", help="only this one; repeatable")
    parser.add_argument(
        "--tasks", type=int, help="tasks in place of 400 (latency, shared), 1,000 or 10 to 10,000"
    )
    wanted: Any = parser.parse_args()
    began = time.monotonic()
    print(f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores\n")
    shows = []
    for part in wanted.part or PARTS:
        print(f"measuring: {part}", file=sys.stderr)
        shows.append(PARTS[part](wanted.tasks))
    for show in shows:
        show()
    print(f"{time.monotonic() - began:.0f} s in all")


if __name__ == "__main__":
    main()
