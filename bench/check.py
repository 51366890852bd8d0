"""What a check and a rehearsal cost, in calls and milliseconds, beside a wake-up with nothing to do.

`python bench/check.py` prints a table. One process, one emulator on loopback that takes 20 requests a second
and answers after 20 ms; so the times are those of the calls and their pace, without the network's.
"""

from __future__ import annotations

import contextlib
import io
import json
import statistics
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from handler.cloud.pacing import Clock
from handler.main import handle
from handler.topics.notifier import Memory
from local.emulator import Emulator, faults

APP = 1400692008
TIMER = {"Type": "Timer", "TriggerName": "t", "Message": ""}
CHECK = {"action": "check"}
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
JUST_BEFORE = datetime(2026, 11, 23, 20, 30, tzinfo=timezone.utc)
NAMED = 5
RUNS = 5


def policy(listed: int) -> str:
    """Return a policy with a few of the tasks, the last one listed among them."""
    numbers = [*range(1, NAMED), listed]
    tasks = {f"task-{number}": number for number in numbers}
    return json.dumps(
        {"quiet_hours": {"default": {"time_zone": "UTC", "quiet": ["21:00-08:00"]}}, "tasks": tasks}
    )


def measured(emulator: Emulator, event: Any, now: datetime, listed: int, runs: int) -> tuple[int, float]:
    """Return the calls of one run, and the median of its milliseconds."""
    taken = []
    for _ in range(runs):
        emulator.journal.clear()
        emulator.limits.reset()
        begun = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            handle(
                event,
                {"time_limit_in_ms": 120_000},
                clock=Clock(now=lambda: now),
                memory=Memory(),
                _env_file=None,
                tencentcloud_secret_id="AKIDEXAMPLE",
                tencentcloud_secret_key="SECRETEXAMPLE",
                callout_policy=policy(listed),
                callout_sdk_app_id=APP,
                callout_endpoint=emulator.url,
                callout_topic="cmq:reports",
                callout_region="ap-guangzhou",
                callout_notify="changes",
            )
        taken.append((time.perf_counter() - begun) * 1000)
    return len(emulator.journal.entries), statistics.median(taken)


def main() -> None:
    """Print the table."""
    print("| listed tasks | what | calls | ms | of an idle wake-up |")
    print("| ---: | --- | ---: | ---: | ---: |")
    for listed in (10, 1_000, 10_000):
        tasks: list[Mapping[str, Any]] = [
            {"task_id": n, "sdk_app_id": APP, "name": f"task-{n}", "state": 1} for n in range(1, listed + 1)
        ]
        with Emulator(tasks=tasks) as emulator:
            emulator.topics.create("reports")
            emulator.faults.add(faults.latency(0.02))
            rows = (
                ("idle wake-up", TIMER, NOON),
                ("with rehearsal", TIMER, JUST_BEFORE),
                ("check", CHECK, NOON),
            )
            idle = 0.0
            for name, event, now in rows:
                calls, ms = measured(emulator, event, now, listed, RUNS)
                idle = idle or ms
                print(f"| {listed:,} | {name} | {calls} | {ms:.0f} | {ms / idle:.1f} |")


if __name__ == "__main__":
    main()
