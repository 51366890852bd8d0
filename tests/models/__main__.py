"""Explore the ledger's protocol: `python -m tests.models [--without RULE]…`."""

import argparse
import sys
import time

from tests.models.exploration import explore
from tests.models.protocol import INVARIANTS, RULES, SCENARIOS, Protocol


def main() -> int:
    """Print the number of states, and a shortest trace to each violation. Return 1 if there is one."""
    parser = argparse.ArgumentParser(prog="python -m tests.models", description=__doc__)
    parser.add_argument("--without", action="append", default=[], choices=sorted(RULES), metavar="RULE")
    without = frozenset(parser.parse_args().without)
    traces: dict[str, list[str]] = {}
    for name, scenario in SCENARIOS.items():
        begun = time.monotonic()
        found = explore(Protocol(scenario, without))
        print(f"{found.states:9,} states in {time.monotonic() - begun:5.1f} s: {name}", flush=True)
        for invariant, trace in found.traces.items():
            traces[invariant] = min(trace, traces.get(invariant, trace), key=len)
    for invariant, text in INVARIANTS.items():
        print(f"{invariant} {'VIOLATED' if invariant in traces else 'holds'}: {text}")
        for n, sentence in enumerate(traces.get(invariant, ()), 1):
            print(f"   {n:2}. {sentence}")
    return 1 if traces else 0


if __name__ == "__main__":
    sys.exit(main())
