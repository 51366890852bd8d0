"""What the function needs of a platform: the most memory, and processor time, by the number of tasks.

`python bench/memory.py` runs the real handler in a process of its own for each row, against the emulator in
this one, whose quota is raised so that no call waits. Both figures are of the whole process, interpreter and
imports included; `sns` adds what a client of boto3 costs, which on Lambda comes with every report.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.emulator import Emulator

APP = 1400692008
CHILD = """
import json, resource, sys
import handler
if sys.argv[1] == "sns":
    import boto3
    boto3.client("sns", region_name="us-east-1")
handler.main_handler({}, {"time_limit_in_ms": 900_000})
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([used.ru_maxrss / 1024, used.ru_utime + used.ru_stime]), file=sys.stderr)
"""


ALWAYS, NEVER = "00:00-24:00", "1999-01-01T00:00:00Z/1999-01-02T00:00:00Z"


def measure(tasks: int, quiet: str, topic: str) -> tuple[float, float]:
    """Return the most memory, in MB, and the processor time, in seconds, of one wake-up."""
    names = {f"task-{number}": {"task_id": number, "sdk_app_id": APP} for number in range(1, tasks + 1)}
    hours = {"default": {"time_zone": "Asia/Shanghai", "quiet": [quiet]}}
    known: list[Mapping[str, Any]] = [each | {"state": 1} for each in names.values()]
    with Emulator(tasks=known) as emulator:
        emulator.limits.default = None
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "CALLOUT_POLICY": json.dumps({"quiet_hours": hours, "tasks": names}),
            "CALLOUT_ENDPOINT": emulator.url,
            "CALLOUT_REQUESTS_PER_SECOND": "1000",
            "TENCENTCLOUD_SECRET_ID": "AKIDEXAMPLE",
            "TENCENTCLOUD_SECRET_KEY": "SECRETEXAMPLE",
        }
        done = subprocess.run(  # noqa: S603 - no shell, and each word is an argument
            [sys.executable, "-c", CHILD, topic],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=True,
        )
    memory, seconds = json.loads(done.stderr.splitlines()[-1])
    return memory, seconds


def main() -> None:
    """Print the table, a row as soon as it is known."""
    print(f"{'tasks':>7}  {'':22}{'topic':8}{'peak MB':>8}{'CPU s':>8}{'ms a task':>11}")
    base = 0.0
    for topic in ("stdout", "sns"):
        for tasks, quiet in ((10, NEVER), (1_000, NEVER), (10, ALWAYS), (1_000, ALWAYS)):
            memory, seconds = measure(tasks, quiet, topic)
            each = f"{1_000 * (seconds - base) / tasks:11.1f}" if tasks > 10 and quiet is ALWAYS else ""  # noqa: PLR2004
            base = seconds if tasks == 10 else base  # noqa: PLR2004
            what = "all paused" if quiet is ALWAYS else "outside quiet hours"
            print(f"{tasks:>7,}  {what:22}{topic:8}{memory:8.0f}{seconds:8.2f}{each}", flush=True)


if __name__ == "__main__":
    main()
