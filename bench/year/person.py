"""A person at work at the console: she pauses, resumes and stops tasks, and starts new ones."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from bench.year.plan import PERIOD, Found, Plan
from bench.year.witness import CALLS, ENDED, PAUSED, RUNNING, Life, Witness
from local.emulator import Emulator

HOUR = 3_600
_NEAR = 600
"""Every other act lies within so many seconds of a turn of quiet hours."""
_STOPS = 0.08
"""Of her acts on tasks that may be stopped, so many stop one."""

Later = Callable[[float, Callable[[], None]], None]
"""Does something at a later instant, in Unix seconds."""


class Person:
    """She acts at moments that `plan` decides, by what she sees then; what she paused she resumes some day.

    She keeps away from what docs/ledger.md names as accepted limits: she waits with an act while the ledger
    may not know of what was done to that task before, be it that a wake-up failed or that she had let it run.
    So whatever is undone of hers is a mistake.
    """

    def __init__(self, plan: Plan, emulator: Emulator, witness: Witness, found: Found, later: Later) -> None:
        self._witness = witness
        self._emulator = emulator
        self._found = found
        self._later = later
        self._dice = random.Random(f"{plan.seed} person")  # noqa: S311 - repeatable on purpose
        for _ in range(round(plan.acts * plan.days)):
            later(*self._planned(plan))

    def rescue(self, life: Life) -> None:
        """Resume what the function left paused by day, if it still is so."""
        if life.paused_by == "function" and self._is(life, PAUSED) and not self._is_quiet(life):
            self._do("rescues", life, RUNNING)

    def first_morning(self, life: Life) -> None:
        """Resume a task that was paused before it all began."""
        if life.paused_by == "person":
            self._witness.put(life, RUNNING)

    def _planned(self, plan: Plan) -> tuple[float, Callable[[], None]]:
        dice = self._dice
        life = dice.choice(self._witness.lives)
        turns = [at for at in (*life.wall.beginnings, *life.wall.ends) if plan.start < at < plan.end]
        near = turns and dice.random() < 0.5  # noqa: PLR2004
        at = dice.choice(turns) + dice.uniform(-_NEAR, _NEAR) if near else dice.uniform(plan.start, plan.end)
        hours = dice.choice((dice.uniform(0.1, 3), dice.uniform(2, 40)))
        return max(at, plan.start), partial(self._act, life, dice.random(), hours)

    def _act(self, life: Life, chance: float, hours: float) -> None:
        """Do what is to be done about a task as it stands now; `hours` later, the opposite."""
        if life.unsure:
            self._later(self._witness.now + PERIOD, partial(self._act, life, chance, hours))
            return
        back = self._witness.now + hours * HOUR
        if self._is(life, ENDED):
            return
        if chance < _STOPS and not life.is_named:
            self._do("stops", life, ENDED)
            self._later(back, partial(self._start, life))
        elif self._is(life, RUNNING):
            self._do("pauses", life, PAUSED)
            self._later(back, partial(self._resume, life, life.task_id))
        elif life.paused_by == "person":
            self._do("resumes", life, RUNNING)
        elif chance < 0.5:  # noqa: PLR2004 - else she leaves it to the function
            self._do("resumes what it paused", life, RUNNING)

    def _resume(self, life: Life, task_id: int) -> None:
        """Resume what she had paused, unless she did so before, or stopped it."""
        if life.task_id != task_id or life.paused_by != "person":
            return
        if life.unsure:
            self._later(self._witness.now + PERIOD, partial(self._resume, life, task_id))
            return
        self._do("resumes", life, RUNNING)

    def _start(self, life: Life) -> None:
        """Start a task in the place of one that was stopped."""
        life.task_id = self._emulator.tasks.next_id()
        life.name = f"{life.callees.city}-{life.task_id}"
        self._emulator.tasks.add(task_id=life.task_id, name=life.name, state=RUNNING, **CALLS)
        self._do("starts", life, RUNNING)

    def _do(self, what: str, life: Life, state: int) -> None:
        self._found.acts[what] = self._found.acts.get(what, 0) + 1
        self._witness.put(life, state)

    def _is(self, life: Life, state: int) -> bool:
        return self._witness.state(life) == state

    def _is_quiet(self, life: Life) -> bool:
        return life.wall.is_quiet(self._witness.now)
