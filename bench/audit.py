"""How long an audit takes at CCC's real quota, 20 requests a second for each API, and how much memory.

`python bench/audit.py` prints a table. The emulator, in this process, has the calls of a month; each audit
runs in a process of its own. `function` is what the schedule asks for; `command` is `quiet-hours audit`: it
looks for the makers of all calls. `of the least` is a ratio in one run: the time taken, to the one that
the requests take at the quota alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

from local.emulator import Emulator

APP = 1400692008
PER_SECOND = 20
CALLS_OF_A_TASK = 200
LAST = datetime(2026, 11, 30, tzinfo=timezone.utc)
POLICY = {
    "quiet_hours": {"default": {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]}},
    "rules": [{"quiet_hours": "default"}],
}
FUNCTION = """
import contextlib, datetime, io, json, sys
from handler.main import handle
from handler.cloud.pacing import Clock
now = datetime.datetime.fromisoformat(sys.argv[1])
event = {"action": "audit", "from": sys.argv[2], "to": sys.argv[3]}
found = []
with contextlib.redirect_stdout(io.StringIO()):
    handle(event, {"time_limit_in_ms": 900_000}, clock=Clock(now=lambda: now), inspected=found.append)
"""
COMMAND = """
import contextlib, datetime, io, json, sys
from handler.audit.auditor import AS_DEPLOYED
from handler.cloud.pacing import Clock
from handler.main import audit
now, start, end = map(datetime.datetime.fromisoformat, sys.argv[1:])
everything = AS_DEPLOYED._replace(attributes_all=True, most_waiting=200_000)
with contextlib.redirect_stdout(io.StringIO()):
    found = [audit(everything, start, end, clock=Clock(now=lambda: now))]
"""
TOLD = """
data = found[0].data()
# Not `ru_maxrss`: Linux counts what the parent had when it forked.
used = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
print(json.dumps([used, data["calls"], data["complete"], len(data["violations"])]))
"""


class Measured(NamedTuple):
    """What one audit took: seconds, MB, and how many requests each API got."""

    seconds: float
    memory: float
    calls: int
    requests: list[int]

    @property
    def least(self) -> float:
        """The seconds that the requests take at the quota, the APIs one after the other."""
        return sum(self.requests) / PER_SECOND


def measure(code: str, tasks: int, *, by_night: bool) -> Measured:
    """Audit the month in which so many tasks made 200 calls each, by day or in quiet hours."""
    begins = LAST - timedelta(days=30)
    with Emulator(now=begins.timestamp) as emulator:
        for number in range(tasks):
            # From 10:00 in Shanghai on, a call a minute; by night from 22:00 on.
            at = begins + timedelta(days=number % 29, hours=14 if by_night else 2)
            emulator.tasks.add(
                task_id=number + 1,
                sdk_app_id=APP,
                state=0,
                not_before=int(at.timestamp()),
                callees=[f"0086138{callee:08}" for callee in range(CALLS_OF_A_TASK)],
                calls_per_minute=1,
            )
        emulator.now = LAST.timestamp
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "CALLOUT_POLICY": json.dumps(POLICY),
            "CALLOUT_SDK_APP_ID": str(APP),
            "CALLOUT_ENDPOINT": emulator.url,
            "TENCENTCLOUD_SECRET_ID": "AKIDEXAMPLE",
            "TENCENTCLOUD_SECRET_KEY": "SECRETEXAMPLE",
        }
        times = [each.isoformat() for each in (LAST, begins, LAST)]
        begun = time.perf_counter()
        done = subprocess.run(  # noqa: S603 - no shell, and each word is an argument
            [sys.executable, "-c", code + TOLD, *times],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        seconds = time.perf_counter() - begun
        memory, calls, complete, violations = json.loads(done.stdout.splitlines()[-1])
        assert (calls, complete) == (tasks * CALLS_OF_A_TASK, True)
        assert violations == (calls if by_night else 0)
        asked = [entry.action for entry in emulator.journal.entries]
        return Measured(seconds, memory, calls, [asked.count(each) for each in sorted(set(asked))])


def main() -> None:
    """Print the table."""
    print("| audit | tasks | calls | in quiet hours | seconds | of the least | requests | MB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    rows = [("function", FUNCTION, 5, False), ("function", FUNCTION, 500, False)]
    rows += [("function", FUNCTION, 25, True), ("command", COMMAND, 500, False)]
    for name, code, tasks, by_night in rows:
        found = measure(code, tasks, by_night=by_night)
        quiet = found.calls if by_night else 0
        ratio, requests = found.seconds / found.least, sum(found.requests)
        print(
            f"| {name} | {tasks} | {found.calls:,} | {quiet:,} | {found.seconds:.0f} | {ratio:.2f} "
            f"| {requests:,} | {found.memory:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
