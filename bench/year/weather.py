"""How often the cloud fails, and for how long: by chance, and each time the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.year.plan import Plan
from local.emulator import Emulator, faults
from local.emulator.faults import Faults

FAULTS = (faults.THROTTLED, faults.LOST_REPLY, faults.RESET, faults.HTTP_500)


class Weather:
    """What invocations of one sort meet. Each sort has its own, so that none has the bad luck of another.

    `jitter` is what the function draws its waits by.
    """

    def __init__(self, plan: Plan, usual: Faults, seed: int) -> None:
        self.usual = usual
        self.jitter: Callable[[], float] = random.Random(seed).random  # noqa: S311 - repeatable on purpose
        self._outages = plan.outages
        self._outage = random.Random(seed)  # noqa: S311 - its own, so that it does not depend on the waits
        for number, fault in enumerate(FAULTS if plan.faults else ()):
            chance = plan.faults / (1 - plan.faults * number / len(FAULTS)) / len(FAULTS)
            usual.add(fault, probability=chance, seed=100 * seed + number)

    @contextmanager
    def over(self, emulator: Emulator) -> Iterator[None]:
        """Let the cloud fail now and then; for the whole of this try, if chance wants it."""
        before, emulator.faults = emulator.faults, self.usual
        if self._outage.random() < self._outages:
            emulator.faults = Faults()
            emulator.faults.add(faults.HTTP_500)
        try:
            yield
        finally:
            emulator.faults = before
