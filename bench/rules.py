"""What rules cost: a list of which most tasks are finished, read and acted on, and the tick that follows.

`python bench/rules.py` prints a table. One process; the emulator on loopback takes 20 requests a second of
each API and answers after 100 ms. `of the limit` is the time of the last pause over that of the list and the
pauses at the pace of the quota. `memory` is the most that one more tick allocates, measured by `tracemalloc`,
the emulator's answers included.
"""

from __future__ import annotations

import contextlib
import io
import json
import time
import tracemalloc
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from handler.cloud.pacing import Clock
from handler.main import handle
from handler.topics.notifier import Memory
from local.emulator import Emulator, faults

APP = 1400692008
QUOTA = 20
PAGE = 100
NIGHT = datetime(2026, 11, 23, 14, 0, tzinfo=timezone.utc)
TIMER = {"Type": "Timer", "TriggerName": "t", "Message": ""}
POLICY = {
    "quiet_hours": {"default": {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]}},
    "rules": [{"name": "never-*", "quiet_hours": "none"}, {"quiet_hours": "default"}],
}
PAUSE = "PauseAutoCalloutTask"


def wake_up(emulator: Emulator) -> float:
    """Run the function once; return how many seconds it took."""
    begun = time.time()
    with contextlib.redirect_stdout(io.StringIO()):
        handle(
            TIMER,
            {"time_limit_in_ms": 120_000},
            clock=Clock(now=lambda: NIGHT),
            memory=Memory(),
            _env_file=None,
            tencentcloud_secret_id="AKIDEXAMPLE",
            tencentcloud_secret_key="SECRETEXAMPLE",
            callout_policy=json.dumps(POLICY),
            callout_sdk_app_id=APP,
            callout_endpoint=emulator.url,
            callout_topic="stdout:",
        )
    return time.time() - begun


def main() -> None:
    """Print the table."""
    print("| listed | running | last pause, s | of the limit | calls | tick, calls | tick, s | memory, MB |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for listed in (100, 1_000, 10_000):
        running = listed // 25
        tasks: list[Mapping[str, Any]] = [
            {"task_id": n, "sdk_app_id": APP, "name": f"task-{n}", "state": 1 if n % 25 == 0 else 4}
            for n in range(1, listed + 1)
        ]
        with Emulator(tasks=tasks) as emulator:
            emulator.faults.add(faults.latency(0.1))
            begun = time.time()
            wake_up(emulator)
            entries = emulator.journal.entries
            last = max(entry.time for entry in entries if entry.action == PAUSE) - begun
            pages = -(-listed // PAGE)
            limit = 0.1 + max(pages - 1, 0) / QUOTA + running / QUOTA
            calls = len(entries)
            emulator.journal.clear()
            tick = wake_up(emulator)
            ticked = len(emulator.journal.entries)
            tracemalloc.start()
            wake_up(emulator)
            memory = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
            row = (
                *(f"{listed:,}", running, f"{last:.1f}", f"{last / limit:.2f}"),
                *(calls, ticked, f"{tick:.1f}", f"{memory:.1f}"),
            )
            print(f"| {' | '.join(map(str, row))} |")


if __name__ == "__main__":
    main()
