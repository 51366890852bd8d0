"""A world that is audited while its pages shift, its records come late and its APIs fail."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from local.emulator import Call, Emulator, faults
from tests.support import DESCRIBE, LIST, LIST_CAMPAIGNS

from .function import Function

CDR, SESSIONS = "DescribeTelCdr", "DescribePredictiveDialingSessions"
READS = (CDR, LIST, DESCRIBE, LIST_CAMPAIGNS, SESSIONS)
FAULTS = (
    faults.LOST_REPLY,
    faults.RESET,
    faults.INTERNAL_ERROR,
    faults.THROTTLED,
    faults.HTTP_500,
    faults.TRUNCATED,
    faults.error("UnauthorizedOperation"),
)
DELAY = 7_200


class Audited:
    """The calls of a world from `start` to `end`, and an oracle: `is_violation` says which ones it has."""

    def __init__(
        self, emulator: Emulator, start: datetime, end: datetime, is_violation: Callable[[Call], bool]
    ) -> None:
        self.emulator, self.start, self.end = emulator, start, end
        made = [each for each in emulator.calls if start.timestamp() <= int(each.start) < end.timestamp()]
        self.calls = len(made)
        self.violations = {each.session_id for each in made if is_violation(each)}

    def run(self, function: Function, now: datetime) -> dict[str, Any]:
        """Return the data of one audit, without publishing it to anybody."""
        self.emulator.now = now.timestamp
        found: list[Any] = []
        times = {"from": self.start.isoformat(), "to": self.end.isoformat()}
        function({"action": "audit", **times}, now, inspected=found.append)
        data: dict[str, Any] = found[0].data()
        return data

    def spoil(self, dice: random.Random) -> None:
        """Let pages shift, records come late, requests be throttled, and APIs fail for a while."""
        self.emulator.options.call_record_delay = dice.choice((0, DELAY))
        self.emulator.limits.default = dice.choice((None, 15))
        for api in dice.sample(READS, dice.randint(0, len(READS))):
            fault, times = dice.choice(FAULTS), dice.choice((1, 3, None))
            self.emulator.faults.add(
                fault, action=api, times=times, probability=0.3, seed=dice.randint(0, 99)
            )
        apps = sorted({each.sdk_app_id for each in self.emulator.tasks})
        length = (self.end - self.start).total_seconds()

        def shift(action: str, params: Mapping[str, Any]) -> None:
            del params
            if action == CDR and dice.random() < 0.5:
                at = self.start.timestamp() + dice.random() * length
                self.emulator.calls.add(sdk_app_id=dice.choice(apps), start=at, Direction=0, CallType=2)

        self.emulator.hooks.before, self.emulator.hooks.after = shift, None

    def mend(self) -> None:
        """Let everything work again, and the last records appear."""
        self.emulator.hooks.reset()
        self.emulator.faults.clear()
        self.emulator.options.call_record_delay = 0
        self.emulator.limits.default = None

    def faults_of(self, data: Mapping[str, Any], *, late: bool) -> list[str]:
        """Return what is wrong with an audit: it missed a call and says nothing of it, or found another."""
        found = [each["session"] for each in data["violations"]]
        wrong = [f"not a violation: {each}" for each in set(found) - self.violations]
        wrong += ["a violation is told twice"] if len(found) != len(set(found)) else []
        if data["complete"] and not late:
            missed = self.violations - set(found)
            wrong += [f"missed: {sorted(missed)[:3]}"] if missed else []
            wrong += [f"{data['calls']} calls, not {self.calls}"] if data["calls"] != self.calls else []
        if data["status"] == "clean" and self.violations and not late:
            wrong.append("clean")
        return [f"{each} in {json.dumps({**data, 'violations': len(found)})}" for each in wrong]


def audited(
    emulator: Emulator,
    function: Function,
    between: tuple[datetime, datetime],
    is_violation: Callable[[Call], bool],
    dice: random.Random,
) -> list[str]:
    """Audit a world in bad circumstances, then in good ones, and return what is wrong with what was found."""
    start, end = between
    world = Audited(emulator, start, end, is_violation)
    world.spoil(dice)
    late = emulator.options.call_record_delay > 0
    wrong = world.faults_of(world.run(function, end + timedelta(hours=1)), late=late)
    world.mend()
    data = world.run(function, end + timedelta(hours=6))
    wrong += world.faults_of(data, late=False)
    wrong += [] if data["complete"] else [f"incomplete: {data['errors']} {data['unknown']}"]
    return wrong
