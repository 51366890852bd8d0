"""What is decided before a request is sent: a table of action, quiet or not, and state."""

from __future__ import annotations

from itertools import product

import pytest

from handler.reconcile.decision import decide
from handler.target import Action, Outcome, State

SEND = None
OUTSIDE, INSIDE = False, True
TABLE: dict[tuple[Action, bool], dict[State | None, Outcome | None]] = {
    ("pause", INSIDE): {
        State.NOT_STARTED: Outcome.NOT_STARTED,
        State.RUNNING: SEND,
        State.COMPLETED: Outcome.FINISHED,
        State.ENDING: Outcome.FINISHED,
        State.ENDED: Outcome.FINISHED,
        State.PAUSED: Outcome.ALREADY_PAUSED,
        None: SEND,
    },
    ("pause", OUTSIDE): dict.fromkeys([*State, None], Outcome.NOT_QUIET),
    ("resume", INSIDE): dict.fromkeys([*State, None], Outcome.STILL_QUIET),
    ("resume", OUTSIDE): {
        State.NOT_STARTED: Outcome.NOT_STARTED,
        State.RUNNING: Outcome.ALREADY_RUNNING,
        State.COMPLETED: Outcome.FINISHED,
        State.ENDING: Outcome.FINISHED,
        State.ENDED: Outcome.FINISHED,
        State.PAUSED: SEND,
        None: SEND,
    },
}
ROWS = [(*key, state, outcome) for key, row in TABLE.items() for state, outcome in row.items()]


def test_the_table_has_every_case() -> None:
    actions: tuple[Action, ...] = ("pause", "resume")
    assert {row[:3] for row in ROWS} == set(product(actions, (True, False), (*State, None)))


@pytest.mark.parametrize(("action", "quiet", "state", "outcome"), ROWS)
def test_action_quiet_hours_and_state_decide(
    action: Action, quiet: bool, state: State | None, outcome: Outcome | None
) -> None:
    assert decide(action, quiet=quiet, state=state) is outcome
