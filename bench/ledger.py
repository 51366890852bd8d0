"""What a ledger costs a tick outside quiet hours: with 0, 10 and 10,000 notes of nights that are over.

`python bench/ledger.py` prints a table. One process; the ledger is the emulator's COS on loopback. `cold` is
a new instance, `warm` the next tick of the same one; each as a ratio to the cold tick without any note.
`idle` is the tick after that, which knows that nothing is held.
"""

from __future__ import annotations

import contextlib
import io
import json
import time
import uuid
from datetime import datetime, timedelta, timezone

from handler.cloud.pacing import Clock
from handler.main import handle
from handler.reconcile.ledger import records
from handler.target import SdkAppId, TargetId
from handler.topics.notifier import Memory
from local.emulator import Emulator

APP = SdkAppId(1400692008)
BUCKET = "ledger-1250000000"
DAY = datetime(2026, 11, 23, 4, 0, tzinfo=timezone.utc)
POLICY = {
    "quiet_hours": {"default": {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]}},
    "tasks": {"spring": {"task_id": 16498, "sdk_app_id": APP}},
}


def tick(emulator: Emulator, memory: Memory) -> tuple[float, int]:
    """Run the function once; return how many seconds it took, and how many requests the ledger got."""
    before = len(emulator.journal.entries)
    begun = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        handle(
            {"Type": "Timer", "TriggerName": "t", "Message": '{"action": "enforce"}'},
            {"time_limit_in_ms": 900_000},
            clock=Clock(now=lambda: DAY),
            memory=memory,
            _env_file=None,
            tencentcloud_secret_id="AKIDEXAMPLE",
            tencentcloud_secret_key="SECRETEXAMPLE",
            callout_policy=json.dumps(POLICY),
            callout_ledger=f"cos://{BUCKET}/quiet?region=ap-guangzhou",
            callout_endpoint=emulator.url,
            callout_topic="stdout:",
        )
    return time.perf_counter() - begun, len(emulator.journal.entries) - before


def fill(emulator: Emulator, notes: int) -> None:
    """Put notes of one task each into the ledger, with their claims and results: all were resumed."""
    end = DAY - timedelta(hours=3)
    for number in range(notes):
        run, target = str(uuid.uuid4()), ("task", TargetId(100_000 + number))
        noted = records.Noted("task", target[1], "default", end, forced=False, running=True)
        place = records.Place("paused", APP, run)
        bodies = {
            place: records.note_body(run, end, [noted]),
            place._replace(room="resumed", n=1): records.claim_body(run, [("task", target[1])], called=True),
            place._replace(room="results", n=1): records.result_body(run, {("task", target[1]): "resumed"}),
        }
        for each, body in bodies.items():
            emulator.objects.put(BUCKET, f"quiet/{each.key}", body)


def main() -> None:
    """Print the table."""
    print("| notes | cold, s | of none | requests | warm, s | idle, s | idle, requests |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    base = 0.0
    for notes in (0, 10, 10_000):
        with Emulator(port=0, now=DAY.timestamp) as emulator:
            fill(emulator, notes)
            memory = Memory()
            if not base:
                tick(emulator, Memory())  # the imports are no matter of the ledger
            cold, requests = tick(emulator, memory)
            base = base or cold
            memory.ledger.forget()
            warm, _ = tick(emulator, memory)
            idle, none = tick(emulator, memory)
            of = f"{cold:.3f} | {cold / base:.1f} | {requests:,} | {warm:.3f}"
            print(f"| {notes:,} | {of} | {idle:.3f} | {none} |")


if __name__ == "__main__":
    main()
