"""The function's audits find the calls that the soak counted in quiet hours; a difference is noticed."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:  # bench is not installed
    sys.path.append(ROOT)

from bench.year.plan import Plan  # noqa: E402
from bench.year.run import Soak, soak  # noqa: E402
from bench.year.weather import Weather  # noqa: E402
from bench.year.witness import APP  # noqa: E402
from local.emulator import Emulator, faults  # noqa: E402
from local.emulator.faults import Faults  # noqa: E402

from .test_soak import AUDITED, DAY, HOUR, MINUTE, Planted, assert_audits_are_right  # noqa: E402


class Stormy(Soak):
    """A cloud that fails now and then when the function audits, the first time for the whole of it."""

    def __init__(self, plan: Plan, emulator: Emulator, folder: str) -> None:
        super().__init__(plan, emulator, folder)
        self.audits_weather = Weather(replace(plan, faults=0.1, outages=0.4), Faults(), seed=1_009)


def test_what_an_audit_cannot_read_in_an_outage_is_found_by_the_next_one() -> None:
    plan = replace(DAY, days=2, lead_time=0, phase=240, audited=True, ledger="cos")
    found = soak(plan, Stormy)
    assert 0 < found.incomplete < found.audits
    assert_audits_are_right(found)
    assert len({each.at // 86_400 for each in found.violations}) == plan.days
    assert len(found.violations) > 40


class Lost(Soak):
    """A cloud that loses the record of one call, the first one in the night of Shanghai."""

    def __init__(self, plan: Plan, emulator: Emulator, folder: str) -> None:
        super().__init__(plan, emulator, folder)
        self.audits_weather.usual.add(faults.mangled(self.without_it), action="DescribeTelCdr")

    def without_it(self, answer: dict[str, Any]) -> dict[str, Any]:
        if "Error" in answer:
            return answer
        begun = self.emulator.calls.between(self.plan.start + 13 * HOUR)
        first = next(each for each in begun if each.target_id == self.witness.lives[0].task_id)
        for name in ("TelCdrs", "TelCdrList"):
            answer[name] = [each for each in answer[name] if each["SessionId"] != first.session_id]
        return {**answer, "TotalCount": answer["TotalCount"] - 1}


class Disobedient(Planted):
    """A dialler that makes one call although its task is paused."""

    def plant(self) -> None:
        task = self.emulator.tasks.get(APP, self.shanghai.task_id)
        assert task is not None
        task.dialling.dial(self.now - MINUTE, self.now, 1, by_the_clock=True)


class Lenient(Soak):
    """A function whose policy lets Shanghai be called for an hour longer than its law."""

    def __init__(self, plan: Plan, emulator: Emulator, folder: str) -> None:
        super().__init__(plan, emulator, folder)
        policy = self.settings["callout_policy"]
        self.settings["callout_policy"] = policy.replace("21:00-09:00", "22:00-09:00")
        assert policy != self.settings["callout_policy"]


def test_a_call_without_a_record_is_noticed_though_the_audit_says_it_read_all() -> None:
    found = soak(replace(AUDITED, lead_time=0, phase=60), Lost)
    assert found.incomplete == 0
    assert found.missed == [(16498, DAY.start + 13 * HOUR)]
    assert found.unheard == []


def test_a_call_that_was_not_counted_is_found_by_audits() -> None:
    found = soak(AUDITED, Disobedient)
    assert found.unheard == [(16498, DAY.start + 20 * HOUR)]
    assert found.missed == found.late == []


def test_quiet_hours_that_the_policy_has_wrong_are_noticed() -> None:
    found = soak(AUDITED, Lenient)
    assert len(found.missed) == 2 * (60 - 4), "until the lead time of what the policy says"
    assert found.unheard == []
