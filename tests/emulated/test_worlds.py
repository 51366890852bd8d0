"""Random worlds: whatever is asked, fails, turns or interferes, the report is true and the trigger hears it.

`WORLDS=2000` plays that many, `WORLD=1234` plays one alone; the seed is in the name of each case.
"""

from __future__ import annotations

import os

import pytest

from local.emulator import Emulator

from .worlds.builder import Builder
from .worlds.describe import described
from .worlds.oracle import violations
from .worlds.stage import Stage

ALONE = os.environ.get("WORLD")
SEEDS = [int(ALONE)] if ALONE else list(range(int(os.environ.get("WORLDS", "60"))))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_rule_holds_in_a_world(emulator: Emulator, seed: int) -> None:
    played = Stage(Builder(seed).world(), emulator).play()
    found = violations(played)
    assert not found, described(played, found)
