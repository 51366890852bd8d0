"""A run, with what the rules ask of it again and again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from tests.support import APP, PAUSE, RESUME

from .evidence import Told, evidence
from .stage import Played
from .world import Ask, Key

RUNNING, PAUSED = 1, 5
OF_ACTION: Mapping[str, frozenset[str]] = {
    "pause": frozenset({"paused", "already_paused", "would_pause", "not_quiet"}),
    "resume": frozenset({"resumed", "already_running", "would_resume", "still_quiet"}),
}
COMMON = frozenset({"finished", "not_started", "not_found", "not_allowed", "failed", "deferred"})
UNFINISHED = frozenset({"failed", "deferred"})
NOT_FINE = UNFINISHED | {"not_allowed", "not_found"}
API = {"pause": PAUSE, "resume": RESUME}
TOLERANCE = 1.0
"""Seconds by which the clock may go on between a decision and its request."""

Entry = Mapping[str, Any]
Violations = Iterator[str]


class Case:
    """A run, with what the rules ask of it again and again."""

    def __init__(self, played: Played) -> None:
        self.played = played
        self.world = played.world
        self.calendar = played.calendar
        self.entries: Sequence[Entry] = (played.report or {}).get("tasks", [])
        self.told = evidence(played)
        self.touched = {step.key for _, step in played.touched}
        self.start_names = {
            (task["sdk_app_id"], task["task_id"]): str(task["name"]) for task in self.world.tasks
        }
        self.rehearsal_failed = any(
            record.get("message") == "check" and record.get("status") == "errors" for record in played.logged
        )
        self.in_doubt = any("no whole answer" in str(record) for record in played.logged)

    def of(self, key: Key) -> Told:
        return self.told.get(key, Told())

    @cached_property
    def names(self) -> Mapping[str, set[Key]]:
        """The tasks of the default application that had a name at any time, as far as steps say."""
        found: dict[str, set[Key]] = {}
        for key, name in self.start_names.items():
            found.setdefault(name, set()).add(key)
        for _, step in self.played.touched:
            if step.what in {"rename", "create"}:
                found.setdefault(step.name, set()).add(step.key)
        return {name: {key for key in keys if key[0] == APP} for name, keys in found.items()}

    @cached_property
    def asks(self) -> Sequence[Ask]:
        """What is asked of each task, those that are named by their names in CCC included."""
        found = [ask for ask in self.world.asks if ask.task_id is not None]
        for ask in self.world.asks:
            if ask.task_id is None:
                keys = self.names.get(ask.name or "", set())
                found += [self.world.found(ask, task_id) for _, task_id in sorted(keys)]
        return found

    @cached_property
    def by_key(self) -> Mapping[Key, list[Ask]]:
        found: dict[Key, list[Ask]] = {}
        for ask in self.asks:
            if ask.key:
                found.setdefault(ask.key, []).append(ask)
        return found

    def of_key(self, key: Key, *, action: str | None = None, real: bool = False) -> list[Ask]:
        return [
            ask for ask in self.by_key.get(key, []) if action in {None, ask.action} and not (real and ask.dry)
        ]

    def entries_of(self, key: Key, action: str | None = None) -> list[Entry]:
        fitting = COMMON | (OF_ACTION[action] if action else OF_ACTION["pause"] | OF_ACTION["resume"])
        return [
            each
            for each in self.entries
            if (each["sdk_app_id"], each["task_id"]) == key and each["outcome"] in fitting
        ]

    def moves_by_itself(self, key: Key) -> bool:
        """Return whether time changes a task's state during the run, or a moment later."""
        begin = self.world.start.timestamp()
        end = begin + self.played.ended + 60
        for task in self.world.tasks:
            if (task["sdk_app_id"], task["task_id"]) == key:
                starts = task["state"] == 0 and task.get("not_before", 0) <= end
                return bool(starts or begin <= (task.get("not_after") or 0) <= end)
        return False

    def last_touch(self, key: Key) -> int:
        """Return how many requests had been worked on when the other actor last changed a task; else -1."""
        return max((number for number, step in self.played.touched if step.key == key), default=-1)

    def contradictory(self, key: Key) -> bool:
        """Return whether it was really asked both to pause and to resume a task, at times that allow it."""
        ended = self.played.ended
        pauses = (
            self.calendar.ever(ask, 0, ended, quiet=True)
            for ask in self.of_key(key, action="pause", real=True)
        )
        resumes = (
            self.calendar.ever(ask, 0, ended, quiet=False)
            for ask in self.of_key(key, action="resume", real=True)
        )
        return any(pauses) and any(resumes)


def label(entry: Entry) -> str:
    return (
        f"{entry['task_id'] or repr(entry['name'])} of {entry['sdk_app_id']} is {entry['outcome']}"
        f" after {entry['attempts']} attempts ({entry['reason']})"
    )
