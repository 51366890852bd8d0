"""What is decided before a request is sent: a table of action, quiet or not, and state."""

from __future__ import annotations

from itertools import product

import pytest

from handler.reconcile.decision import decide
from handler.task import Action, Outcome, TaskState

SEND = None
OUTSIDE, INSIDE = False, True
TABLE: dict[tuple[Action, bool], dict[TaskState | None, Outcome | None]] = {
    ("pause", INSIDE): {
        TaskState.NOT_STARTED: Outcome.NOT_STARTED,
        TaskState.RUNNING: SEND,
        TaskState.COMPLETED: Outcome.FINISHED,
        TaskState.ENDING: Outcome.FINISHED,
        TaskState.ENDED: Outcome.FINISHED,
        TaskState.PAUSED: Outcome.ALREADY_PAUSED,
        None: SEND,
    },
    ("pause", OUTSIDE): dict.fromkeys([*TaskState, None], Outcome.NOT_QUIET),
    ("resume", INSIDE): dict.fromkeys([*TaskState, None], Outcome.STILL_QUIET),
    ("resume", OUTSIDE): {
        TaskState.NOT_STARTED: Outcome.NOT_STARTED,
        TaskState.RUNNING: Outcome.ALREADY_RUNNING,
        TaskState.COMPLETED: Outcome.FINISHED,
        TaskState.ENDING: Outcome.FINISHED,
        TaskState.ENDED: Outcome.FINISHED,
        TaskState.PAUSED: SEND,
        None: SEND,
    },
}
ROWS = [(*key, state, outcome) for key, row in TABLE.items() for state, outcome in row.items()]


def test_the_table_has_every_case() -> None:
    actions: tuple[Action, ...] = ("pause", "resume")
    assert {row[:3] for row in ROWS} == set(product(actions, (True, False), (*TaskState, None)))


@pytest.mark.parametrize(("action", "quiet", "state", "outcome"), ROWS)
def test_action_quiet_hours_and_state_decide(
    action: Action, quiet: bool, state: TaskState | None, outcome: Outcome | None
) -> None:
    assert decide(action, quiet=quiet, state=state) is outcome
