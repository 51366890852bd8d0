"""Tasks: what they are, how time moves them along, and how they are read from JSON.

States and fields: cloud.tencent.com/document/product/679/69193 and 68725, and the official SDK's models.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

NOT_STARTED, RUNNING, COMPLETED, ENDING, ENDED, PAUSED = range(6)
FINISHED = frozenset({COMPLETED, ENDING, ENDED})
_ANSWERED = 1


@dataclass
class Task:
    """A task. Times in Unix seconds.

    It starts at `not_before`. With `callees` and `calls_per_minute` it completes when all are called. At
    `not_after` it ends, paused or not; one that runs then is ending for `ending_seconds` first, because calls
    are under way. A paused task calls nobody.
    """

    task_id: int
    sdk_app_id: int
    name: str = ""
    state: int = RUNNING
    not_before: int = 0
    not_after: int | None = None
    callees: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    ivr_id: int = 0
    max_ring_timeout_second: int = 0
    description: str = ""
    calls_per_minute: float = 0.0
    ending_seconds: float = 0.0
    calls: float = 0.0
    seen: float = 0.0

    def advance(self, now: float) -> None:
        """Let time pass to `now`."""
        if self.state == NOT_STARTED and now >= self.not_before:
            self.state, self.seen = RUNNING, max(self.seen, float(self.not_before))
        if self.state == RUNNING and self.calls_per_minute:
            self._call(now if self.not_after is None else min(now, self.not_after))
        self.seen = now
        if self.not_after is not None and now >= self.not_after:
            self._expire(now - self.not_after)

    def _call(self, until: float) -> None:
        self.calls += max(0.0, until - self.seen) * self.calls_per_minute / 60
        if self.callees and self.calls >= len(self.callees):
            self.state, self.calls = COMPLETED, float(len(self.callees))

    def _expire(self, ago: float) -> None:
        if self.state == RUNNING:
            self.state = ENDING
        if self.state in {NOT_STARTED, PAUSED} or (self.state == ENDING and ago >= self.ending_seconds):
            self.state = ENDED

    def listed(self) -> dict[str, Any]:
        """Return the task as DescribeAutoCalloutTasks lists it, `AutoCalloutTaskInfo`."""
        return {
            "Name": self.name,
            "CalleeCount": len(self.callees),
            "Callers": list(self.callers),
            "NotBefore": self.not_before,
            "NotAfter": self.not_after,
            "IvrId": self.ivr_id,
            "State": self.state,
            "TaskId": self.task_id,
            "MaxRingTimeoutSecond": self.max_ring_timeout_second,
        }

    def described(self) -> dict[str, Any]:
        """Return the task as DescribeAutoCalloutTask answers; callees called up to now have answered."""
        return {
            "Name": self.name,
            "Description": self.description,
            "NotBefore": self.not_before,
            "NotAfter": self.not_after,
            "Callers": list(self.callers),
            "Callees": [
                {"Callee": callee, "State": _ANSWERED if number < int(self.calls) else 0, "Sessions": []}
                for number, callee in enumerate(self.callees)
            ],
            "IvrId": self.ivr_id,
            "State": self.state,
            "MaxRingTimeoutSecond": self.max_ring_timeout_second,
        }


_KEYS: Mapping[str, tuple[type, ...]] = {
    "task_id": (int,),
    "sdk_app_id": (int,),
    "name": (str,),
    "state": (int,),
    "not_before": (int,),
    "not_after": (int, type(None)),
    "callees": (list, tuple),
    "callers": (list, tuple),
    "ivr_id": (int,),
    "max_ring_timeout_second": (int,),
    "description": (str,),
    "calls_per_minute": (int, float),
    "ending_seconds": (int, float),
}
_LEAST: Mapping[str, int] = {"task_id": 1, "sdk_app_id": 1, "calls_per_minute": 0, "ending_seconds": 0}


def task(document: Any, place: str) -> Task:
    """Return the task that a JSON object describes. Raises `ValueError` naming `place` and field."""
    if not isinstance(document, Mapping):
        raise ValueError(f"{place}: an object with task_id and sdk_app_id is wanted, not {document!r}")
    for name, value in document.items():
        _check(f"{place}.{name}", name, value)
    for name in ("task_id", "sdk_app_id"):
        if name not in document:
            raise ValueError(f"{place}.{name}: is missing")
    lists = {name: tuple(document[name]) for name in ("callees", "callers") if name in document}
    return Task(**{**document, **lists})


def _check(place: str, name: str, value: Any) -> None:
    if name not in _KEYS:
        raise ValueError(f"{place}: is not a key here; keys are {', '.join(_KEYS)}")
    if not isinstance(value, _KEYS[name]) or isinstance(value, bool):
        raise ValueError(f"{place}: {_KEYS[name][0].__name__} is wanted, not {value!r}")
    if isinstance(value, (list, tuple)) and not all(isinstance(item, str) for item in value):
        raise ValueError(f"{place}: a list of strings is wanted, not {value!r}")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError(f"{place}: a 64-bit integer is wanted, not {value!r}")
    if name in _LEAST and isinstance(value, (int, float)) and not _LEAST[name] <= value < 2**63:
        raise ValueError(f"{place}: at least {_LEAST[name]} is wanted, not {value!r}")
    if name == "state" and value not in range(6):
        raise ValueError(f"{place}: 0 to 5 is wanted, not {value!r}")


def read(source: Any) -> list[Task]:
    """Return the tasks of a JSON list, or of the file with one.

    Raises `ValueError` naming entry and field, or the file's line; `OSError` for a file that is not there.
    """
    if isinstance(source, (str, PathLike)):
        path = Path(source)
        try:
            source = json.loads(path.read_text("utf-8"))
        except ValueError as error:  # of JSON, or of UTF-8
            raise ValueError(f"{path}: is no JSON: {error}") from None
    if not isinstance(source, (list, tuple)):
        raise ValueError('a list of tasks is wanted, such as [{"task_id": 16498, "sdk_app_id": 1400692008}]')
    tasks = [task(document, f"[{number}]") for number, document in enumerate(source)]
    seen: set[tuple[int, int]] = set()
    for number, each in enumerate(tasks):
        if (each.sdk_app_id, each.task_id) in seen:
            raise ValueError(
                f"[{number}].task_id: {each.task_id} is there twice in application {each.sdk_app_id}"
            )
        seen.add((each.sdk_app_id, each.task_id))
    return tasks


@dataclass
class Tasks:
    """The tasks of all applications. `lock` is held while a request does its work.

    Iterating gives them as they are now, by `clock`.
    """

    clock: Callable[[], float]
    lock: threading.RLock = field(default_factory=threading.RLock)
    _tasks: dict[tuple[int, int], Task] = field(default_factory=dict)
    _ids: dict[int, list[int]] = field(default_factory=dict)
    """The ids of each application, sorted; removed when a task is added or removed."""

    def add(self, **fields: Any) -> Task:
        """Add a task, or put it in the place of the one with its id. Raises `ValueError`."""
        added = task(fields, f"task {fields.get('task_id')}")
        self.put(added)
        return added

    def load(self, source: Any) -> None:
        """Add the tasks of a JSON list or of a file with one, all or none. Raises as `read` does."""
        tasks = read(source)
        with self.lock:
            for each in tasks:
                self.put(each)

    def put(self, added: Task) -> None:
        """Add a task as of now."""
        with self.lock:
            added.seen = self.clock()
            self._tasks[added.sdk_app_id, added.task_id] = added
            self._ids.clear()

    def get(self, app: int, task_id: int) -> Task | None:
        """Return a task as it is now."""
        with self.lock:
            found = self._tasks.get((app, task_id))
            if found:
                found.advance(self.clock())
            return found

    def state(self, task_id: int, app: int | None = None) -> int:
        """Return the state of the task with this id, of any application unless one is named.

        Raises `KeyError` where there is none.
        """
        for each in self:
            if each.task_id == task_id and app in {None, each.sdk_app_id}:
                return each.state
        raise KeyError(task_id)

    def of(self, app: int) -> list[Task]:
        """Return the tasks of an application, by id."""
        return sorted((each for each in self if each.sdk_app_id == app), key=lambda each: each.task_id)

    def page(self, app: int, start: int, size: int, *, newest_first: bool = False) -> tuple[int, list[Task]]:
        """Return how many tasks an application has, and a page of them by id; quick if they are many."""
        with self.lock:
            if app not in self._ids:
                self._ids[app] = sorted(task_id for other, task_id in self._tasks if other == app)
            ids = self._ids[app][::-1] if newest_first else self._ids[app]
            found = [self.get(app, task_id) for task_id in ids[start : start + size]]
            return len(ids), [each for each in found if each]

    def remove(self, task_id: int, app: int | None = None) -> None:
        """Remove the task with this id, of any application unless one is named; none is not an error."""
        with self.lock:
            for key in [key for key in self._tasks if key[1] == task_id and app in {None, key[0]}]:
                del self._tasks[key]
            self._ids.clear()

    def clear(self) -> None:
        """Remove all tasks."""
        with self.lock:
            self._tasks.clear()
            self._ids.clear()

    def __iter__(self) -> Iterator[Task]:
        with self.lock:
            now = self.clock()
            for each in self._tasks.values():
                each.advance(now)
            return iter(list(self._tasks.values()))
