"""Whatever goes wrong and whoever acts in between: the ledger's protocol keeps its invariants.

Each rule of docs/ledger.md has a test that leaves it out, and shows what goes wrong then. So the model can fail.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from handler.reconcile.ledger import book
from handler.reconcile.ledger.book import Standing
from tests.models.exploration import explore
from tests.models.protocol import RULES, SCENARIOS, Protocol, Scenario


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_invariant_holds(name: str) -> None:
    found = explore(Protocol(SCENARIOS[name]))
    assert found.traces == {}
    assert found.states > 20_000, "the model does nothing any more"


# What goes wrong without a rule, in a world just large enough for it


def without(rule: str, scenario: Scenario) -> set[str]:
    """Return the invariants that the model violates without a rule, and does not violate with it."""
    assert explore(Protocol(scenario)).traces == {}
    return set(explore(Protocol(scenario, frozenset({rule}))).traces)


def test_settle() -> None:
    assert "I3" in without("settle", Scenario(nights=1, by_night=2, by_day=1, person=0, faults=1))


def test_frozen() -> None:
    assert "I4" in without("frozen", Scenario(nights=1, by_night=1, by_day=1, person=1, faults=0, force=1))


def test_withdraw() -> None:
    assert "I1" in without("withdraw", Scenario(nights=1, by_night=1, by_day=1, person=1, faults=1))


def test_blind() -> None:
    assert "I3" in without("blind", Scenario(nights=1, by_night=2, by_day=1, person=0, faults=1))


def test_forced() -> None:
    assert "I4" in without("forced", Scenario(nights=1, by_night=1, by_day=1, person=0, faults=0, force=1))


def test_list_again() -> None:
    assert "I4" in without(
        "list-again", Scenario(nights=1, by_night=1, by_day=1, person=0, faults=0, force=1)
    )


def test_force_waits() -> None:
    assert "I4" in without(
        "force-waits", Scenario(nights=1, by_night=1, by_day=1, person=0, faults=0, force=1)
    )


def test_no_repeat() -> None:
    assert "I2" in without("no-repeat", Scenario(nights=1, by_night=1, by_day=1, person=1, faults=1))


def test_result() -> None:
    assert "I7" in without("result", Scenario(nights=1, by_night=1, by_day=2, person=1, faults=0))


def test_age() -> None:
    assert "I7" in without("age", Scenario(nights=1, by_night=1, by_day=2, person=0, faults=0))


def test_close_all() -> None:
    assert "I2" in without("close-all", Scenario(nights=1, by_night=2, by_day=2, person=2, faults=1))


def test_close_claimed() -> None:
    scenario = Scenario(nights=1, by_night=1, by_day=2, person=1, faults=1, explicit=1)
    assert "I2" in without("close-claimed", scenario)


def test_every_rule_has_its_test() -> None:
    assert {f"test_{rule.replace('-', '_')}" for rule in RULES} <= globals().keys()


# The model asks the project's own code: when that changes what it means, the model notices

FORCED = Scenario(nights=1, by_night=1, by_day=2, person=1, faults=1, force=1)


def only_the_last_claim(each: Standing, _: datetime) -> bool:
    """Return what `may_be_under_way` would if a later claim hid an earlier one."""
    return each.status == "claimed"


def oldest(standing: Sequence[Standing]) -> Standing | None:
    """Return what `counting` would if the oldest note counted."""
    return next((each for each in standing if each.kind == "running"), None)


def never_open_again(*_: object) -> str:
    """Return what the status of a claim would be if a release freed nothing."""
    return "unconfirmed"


@pytest.mark.parametrize(
    ("name", "instead", "scenario", "violated"),
    [
        ("counting", oldest, Scenario(nights=2, by_night=1, by_day=1, person=1, faults=1), "I3"),
        ("to_close", lambda _: [], Scenario(nights=1, by_night=1, by_day=2, person=2, faults=0), "I2"),
        ("may_be_under_way", only_the_last_claim, FORCED, "I4"),
        ("_status", never_open_again, Scenario(nights=1, by_night=1, by_day=1, person=0, faults=1), "I3"),
        ("LONGEST_RUN", timedelta(0), Scenario(nights=1, by_night=1, by_day=2, person=0, faults=0), "I7"),
        ("UNDER_WAY", timedelta(0), FORCED, "I4"),
    ],
)
def test_another_meaning_of_the_code_is_noticed(
    name: str, instead: object, scenario: Scenario, violated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, name, instead)
    assert violated in explore(Protocol(scenario)).traces
