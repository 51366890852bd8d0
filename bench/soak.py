"""A year of wake-ups that enforce quiet hours: how many calls start inside them, and how many are lost after.

`.venv/bin/python bench/soak.py` prints a table, a row as soon as it is known; `--from 2027-03-01 --days 92`
looks at less. The real handler runs with the real SDK over a socket against the emulator, on a simulated
clock that all share. The timer wakes it to `enforce`, with a ledger; a person pauses, resumes, stops and
starts tasks by hand. `bench/year/` has the parts: who is called, who counts, the person, the weather, the
audits, and the run.

A call starts at every whole minute at which its task is running, just before whatever else happens at that
instant. Whether it may start is judged as a compliance officer would: by a clock on the wall where the callee
lives, without `handler`'s policy and without lead time. The function's own audits, one a day and one at the
end, have to find the same calls in the call records, task by task and second by second.
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
    ("lead", 4, lambda plan, _: f"{plan.lead_time}m" if plan.lead_time else "none"),
    ("timer at", 8, lambda plan, _: f":{plan.phase // 60:02}:{plan.phase % 60:02}"),
    ("faults", 6, lambda plan, _: f"{plan.faults:.0%}"),
    ("outages", 7, lambda plan, _: f"{plan.outages:.0%}"),
    ("ledger", 6, lambda plan, _: plan.ledger),
    ("run", 6, lambda _, found: f"{found.worked:,}"),
    ("pauses", 6, lambda _, found: f"{found.pauses:,}"),
    ("resumed", 7, lambda _, found: f"{found.mornings:,}"),
    ("calls", 9, lambda _, found: f"{found.calls:,}"),
    ("quiet", 6, lambda _, found: f"{len(found.late):,}"),
    ("hers", 5, lambda _, found: f"{len(found.hers):,}"),
    ("audit", 5, lambda _, found: f"{len(found.violations):,}"),
    ("part", 4, lambda _, found: f"{found.incomplete:,}"),
    ("equal", 5, lambda _, found: "NO" if found.missed or found.unheard else "yes"),
    ("lost", 6, lambda _, found: f"{found.lost - found.lost_reported:,}"),
    ("longest", 7, lambda _, found: f"{found.longest:.1f} s"),
    ("wrong", 5, lambda _, found: f"{len(found.wrongly_resumed):,}"),
    ("left", 4, lambda _, found: f"{len(found.left_paused):,}"),
    ("told", 4, lambda _, found: f"{found.reported:,}"),
)
LEGEND = """\
faults: requests that fail; outages: tries in which none succeeds; ledger: one in COS meets faults as well
run: wake-ups and retries that were carried out; the others could not change anything
quiet: calls in quiet hours, but for hers: of tasks that a person had resumed then, until the next wake-up
audit: calls in quiet hours that the function's own audits found in the call records, each once
part: audits that could not read or judge all; equal: whether audit has each call of quiet and hers, no other
lost: calls after quiet hours of tasks that the function had paused; longest: how long one waited in a morning
wrong: resumes of what the function had not paused; left: what it left paused without a word
told: what it left paused and reported"""


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
                for what in ("late", "missed", "unheard", "wrongly_resumed", "left_paused"):
                    for each in getattr(found, what):
                        print(f"    {what.replace('_', ' ')}: {each}")
    print(f"{time.perf_counter() - began:.0f} s on {os.cpu_count()} processors, {used:.0f} s for all rows")


if __name__ == "__main__":
    main()
