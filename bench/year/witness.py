"""The dialler, and who sees what happens to its tasks: by their states, not by what the function says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bench.year.callees import Callees, Wall
from bench.year.plan import SETTLING, Found, Moment
from handler.report.report import Report
from local.emulator import Emulator
from local.emulator.journal import Entry

APP = 1400692008
CALLS: Mapping[str, Any] = {"sdk_app_id": APP, "calls_per_minute": 1, "by_the_clock": True}
"""How the emulator lets each task call. No call is counted by its record: an audit is compared with that."""
RUNNING, ENDED, PAUSED = 1, 4, 5
_PAUSE, _RESUME = "PauseAutoCalloutTask", "ResumeAutoCalloutTask"
_HERS = 900
"""A task that a person resumes in quiet hours calls on her account for at most so many seconds."""


@dataclass
class Life:
    """What happened to the task that callees have now; a stopped one is replaced.

    `paused_by` is who paused it, `None` where it runs or is over. `hers_until` is an instant in Unix seconds.
    `unsure`: the ledger may not know yet what a person did, or the last wake-up failed. `told`: since it was
    paused, a report said that it is not resumed, or may not be.
    """

    callees: Callees
    wall: Wall
    task_id: int
    name: str
    paused_by: Literal["function", "person"] | None = None
    hers_until: float = 0.0
    unsure: bool = False
    told: bool = False

    @property
    def is_named(self) -> bool:
        """Whether the policy names it, so that no other can be in its place."""
        return self.task_id == self.callees.task_id


class Witness:
    """Sees each call that a task starts, at every whole minute, just before whatever else happens then."""

    def __init__(self, emulator: Emulator, lives: Iterable[Life], found: Found, now: float) -> None:
        self.lives = list(lives)
        self.now = now
        self._found = found
        self._emulator = emulator
        self._before: int | None = None
        emulator.hooks.before, emulator.hooks.after = self._asked, self._answered

    def state(self, life: Life) -> int:
        """Return the state of a task, as CCC has it."""
        found = self._emulator.tasks.get(APP, life.task_id)
        return found.state if found else ENDED

    def advance(self, to: float) -> None:
        """Let time pass, and the dialler call."""
        with self._emulator.tasks.lock:  # the function's threads sleep one beside the other
            if to <= self.now:
                return
            for life in self.lives:
                state = self.state(life)
                if state == RUNNING:
                    self._dial(life, to)
                elif state == PAUSED and life.paused_by == "function":
                    self._miss(life, to)
            self.now = to

    def _dial(self, life: Life, to: float) -> None:
        self._found.calls += life.wall.minutes(self.now, to)
        for at in life.wall.quiet_minutes(self.now, to):
            calls = self._found.hers if at <= life.hers_until else self._found.late
            calls.append(Moment(life.task_id, at))

    def _miss(self, life: Life, to: float) -> None:
        missed = life.wall.open_minutes(self.now, to)
        self._found.lost += missed
        if life.told:
            self._found.lost_reported += missed
        elif life.wall.is_open(self.now):
            self._found.longest = max(self._found.longest, life.wall.open_since(to))

    def put(self, life: Life, state: int) -> None:
        """Let a person change the state of a task at the console."""
        record = self._emulator.tasks.get(APP, life.task_id)
        assert record is not None
        record.state = state
        life.paused_by, life.told = ("person" if state == PAUSED else None), False
        life.unsure = True
        if state == RUNNING:
            life.hers_until = self.now + _HERS

    def look(self, life: Life) -> bool:
        """Judge a task when it should run again. Return whether it is still as the function paused it."""
        if self.state(life) != PAUSED or life.paused_by != "function" or life.wall.is_quiet(self.now):
            return False
        if life.told:
            self._found.reported += 1
        else:
            self._found.left_paused.append(Moment(life.task_id, int(self.now)))
        return True

    def woke(self, began: float, *, succeeded: bool) -> None:
        """Take in that a wake-up that began at an instant is over."""
        for life in self.lives:
            if not succeeded:
                life.unsure = True
            elif not life.wall.is_quiet(began - SETTLING) or life.wall.is_quiet(began):
                life.unsure = False
                life.hers_until = min(life.hers_until, self.now)

    def read(self, report: Report) -> None:
        """Take in whom a report tells that a task is not resumed, or may not be.

        By night only a trouble with the ledger says so, and that of all tasks.
        """
        told = {each.target.id for each in report.tasks if each.error or each.is_unfinished}
        about_all = any(each.code == "Ledger" for each in report.problems)
        for life in self.lives:
            about_it = life.task_id in told and not life.wall.is_quiet(self.now)
            life.told |= life.paused_by == "function" and (about_all or about_it)

    def _asked(self, action: str, params: Mapping[str, Any]) -> None:
        life = self._life(params) if action in {_PAUSE, _RESUME} else None
        self._before = self.state(life) if life else None

    def _answered(self, entry: Entry) -> None:
        if entry.action not in {_PAUSE, _RESUME} or (life := self._life(entry.params)) is None:
            return
        was, now = self._before, self.state(life)
        if (was, now) == (RUNNING, PAUSED):
            life.paused_by, life.told = "function", False
        elif (was, now) == (PAUSED, RUNNING):
            self._found.mornings += 1
            if life.paused_by != "function" or life.wall.is_quiet(self.now):
                self._found.wrongly_resumed.append(Moment(life.task_id, int(self.now)))
            life.paused_by, life.told = None, False

    def _life(self, params: Mapping[str, Any]) -> Life | None:
        return next((each for each in self.lives if each.task_id == params.get("TaskId")), None)
