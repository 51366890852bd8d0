"""A year of wake-ups that keep quiet hours with a ledger: how many calls start in quiet hours, and how many are lost.

`.venv/bin/python bench/soak.py` prints a table, a row as soon as it is known; `--from 2026-10-26 --days 14` looks
at less. The real handler runs with the real SDK over a socket against the emulator, on a simulated clock that
all share. The timer wakes it to `enforce`; a person pauses, resumes, stops and starts tasks by hand.
`bench/year/` has the parts: who is called, the witness who counts, the person, and the run.

A call starts at every whole minute at which its task is running, just before whatever else happens at that
instant. Whether it may start is judged as a compliance officer would: by a clock on the wall where the callee
lives, without `handler`'s policy and without lead time.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # run as a script, it does not find its parts otherwise

from bench.year.plan import IDLE_SAMPLE, PERIOD, Found, Plan
from bench.year.run import soak

Column = tuple[str, int, Callable[[Plan, Found], str]]
COLUMNS: tuple[Column, ...] = (
    ("lead time", 9, lambda plan, _: f"{plan.lead_time}m" if plan.lead_time else "none"),
    ("timer at", 8, lambda plan, _: f":{plan.phase // 60:02}:{plan.phase % 60:02}"),
    ("requests fail", 13, lambda plan, _: f"{plan.faults:.0%}"),
    ("tries fail", 10, lambda plan, _: f"{plan.outages:.0%}"),
    ("ledger", 6, lambda plan, _: plan.ledger),
    ("run", 6, lambda _, found: f"{found.worked:,}"),
    ("failed", 6, lambda _, found: f"{found.failed:,}"),
    ("API calls", 9, lambda _, found: f"{found.ccc_calls:,}"),
    ("pauses", 6, lambda _, found: f"{found.pauses:,}"),
    ("mornings", 8, lambda _, found: f"{found.mornings:,}"),
    ("calls", 9, lambda _, found: f"{found.calls:,}"),
    ("in quiet hours", 14, lambda _, found: f"{len(found.late):,}"),
    ("hers", 5, lambda _, found: f"{found.hers:,}"),
    ("lost", 7, lambda _, found: f"{found.lost - found.lost_reported:,}"),
    ("longest", 8, lambda _, found: f"{found.longest:.1f} s"),
    ("wrongly resumed", 15, lambda _, found: f"{len(found.wrongly_resumed):,}"),
    ("left paused", 11, lambda _, found: f"{len(found.left_paused):,}"),
    ("reported", 8, lambda _, found: f"{found.reported:,}"),
)
LEGEND = """\
run: wake-ups and retries that were carried out; the others could not change anything
in quiet hours: calls, but for hers: those of a task that a person had resumed in quiet hours, until the next wake-up
lost: calls after quiet hours of a task that the function had paused, and the longest wait of a task in a morning
reported: tasks that a report left to a person to resume"""


def plans(first: date, days: int, every: int) -> list[Plan]:
    """Return the rows of the table: with and without lead time and faults, several phases, failing tries."""
    five = Plan(first, days, every=every)
    last_minute, last_second = PERIOD - 60, PERIOD - 1
    return [
        replace(five, lead_time=0, phase=last_minute),
        *(replace(five, phase=phase) for phase in (0, 59, last_minute)),
        replace(five, phase=last_minute, faults=0.02, ledger="cos"),
        *(replace(five, lead_time=lead, phase=last_second, faults=0.1) for lead in (5, 6)),
        *(replace(five, lead_time=lead, phase=last_minute, faults=0.1, outages=0.1) for lead in (5, 8)),
    ]


def _without_settings() -> None:
    """Leave out what a person has set for the real clouds, proxies included."""
    os.environ.clear()


def _acts(found: Found) -> str:
    return ", ".join(f"{what} {count:,}" for what, count in sorted(found.acts.items()))


def main() -> None:
    """Print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="first", type=date.fromisoformat, default=date(2026, 11, 1))
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--all", action="store_true", help="run every wake-up, also where nothing can change")
    parser.add_argument("--moments", action="store_true", help="print what went wrong when, and her acts")
    given = parser.parse_args()
    began = time.perf_counter()
    print(f"{given.days} days from {given.first}, a wake-up every five minutes, six tasks in three zones")
    print(LEGEND)
    print("  ".join(f"{name:>{width}}" for name, width, _ in COLUMNS))
    # Spawned, since the emulator has threads.
    context = multiprocessing.get_context("spawn")
    used = 0.0
    with ProcessPoolExecutor(os.cpu_count(), context, _without_settings) as pool:
        wanted = plans(given.first, given.days, 1 if given.all else IDLE_SAMPLE)
        for plan, found in zip(wanted, pool.map(soak, wanted), strict=True):
            used += found.seconds
            print("  ".join(f"{cell(plan, found):>{width}}" for _, width, cell in COLUMNS), flush=True)
            if given.moments:
                print(f"    she {_acts(found)}")
                for what in ("late", "wrongly_resumed", "left_paused"):
                    for each in getattr(found, what):
                        print(f"    {what.replace('_', ' ')}: {each}")
    print(f"{time.perf_counter() - began:.0f} s on {os.cpu_count()} processors, {used:.0f} s for all rows")


if __name__ == "__main__":
    main()
