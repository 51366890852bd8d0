"""CCC 2020-02-10: automatic outbound call tasks as a state machine that time moves along.

Source: cloud.tencent.com/document/product/679 (Pause 125357, Resume 125356, DescribeAutoCalloutTask
69193, DescribeAutoCalloutTasks 68725, Create 69194) and the official SDK's models. What the documents do
not say is an `Options` field.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .api3 import INT64, UINT64, ApiError, Param, check

VERSION = "2020-02-10"
NOT_STARTED, RUNNING, COMPLETED, ENDING, ENDED, PAUSED = range(6)


class Answer(Enum):
    """The plausible answers to a request that does not fit a task's state."""

    SUCCESS = "success"
    UNSUPPORTED_OPERATION = "UnsupportedOperation"
    INVALID_PARAMETER_VALUE = "InvalidParameterValue"
    STATE_NOT_ALLOWED = "FailedOperation.CurStateNotAllowModify"
    RESOURCE_NOT_FOUND = "ResourceNotFound"


@dataclass
class Options:
    """What is not documented about CCC. Every answer is plausible; a client must live with each."""

    pause_paused: Answer = Answer.UNSUPPORTED_OPERATION
    pause_finished: Answer = Answer.UNSUPPORTED_OPERATION
    pause_not_started: Answer = Answer.UNSUPPORTED_OPERATION
    pause_unknown: Answer = Answer.INVALID_PARAMETER_VALUE
    resume_running: Answer = Answer.UNSUPPORTED_OPERATION
    resume_finished: Answer = Answer.UNSUPPORTED_OPERATION
    resume_not_started: Answer = Answer.UNSUPPORTED_OPERATION
    resume_unknown: Answer = Answer.INVALID_PARAMETER_VALUE
    stop_finished: Answer = Answer.UNSUPPORTED_OPERATION
    stop_unknown: Answer = Answer.INVALID_PARAMETER_VALUE
    describe_unknown: Answer = Answer.INVALID_PARAMETER_VALUE
    max_page_size: int | None = 100
    """The largest `PageSize` of DescribeAutoCalloutTasks; a larger one is `InvalidParameterValue`."""
    pauses_without_effect: int = 0
    """How many pauses are accepted although the task goes on."""
    cmq_needs_region: bool = False
    """Whether TDMQ insists on `X-TC-Region`, as its newer pages say and its older ones do not."""
    cmq_result: bool = True
    """What `PublishCmqMsg` answers in `Result`; a message answered with false is not published."""
    cmq_creates_topics: bool = False
    """Whether publishing to an unknown topic creates it, in place of `ResourceNotFound`."""


@dataclass
class Task:
    """A task. Times in Unix seconds; with `calls_per_minute` it completes when all callees are called."""

    task_id: int
    sdk_app_id: int
    name: str = ""
    state: int = RUNNING
    not_before: int = 0
    not_after: int | None = None
    callees: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    ivr_id: int = 0
    description: str = ""
    calls_per_minute: float = 0.0
    calls: float = 0.0
    seen: float = 0.0

    def advance(self, now: float) -> None:
        """Let time pass to `now`: started at NotBefore, completed when all is called, ended at NotAfter."""
        if self.state == NOT_STARTED and now >= self.not_before:
            self.state, self.seen = RUNNING, max(self.seen, float(self.not_before))
        end = now if self.not_after is None else min(now, self.not_after)
        if self.state == RUNNING and self.calls_per_minute:
            self.calls += max(0.0, end - self.seen) * self.calls_per_minute / 60
            if self.callees and self.calls >= len(self.callees):
                self.state, self.calls = COMPLETED, float(len(self.callees))
        self.seen = now
        if (
            self.state in {NOT_STARTED, RUNNING, PAUSED}
            and self.not_after is not None
            and now >= self.not_after
        ):
            self.state = ENDED

    def listed(self) -> dict[str, Any]:
        """Give the task as DescribeAutoCalloutTasks lists it, `AutoCalloutTaskInfo`."""
        return {
            "Name": self.name,
            "CalleeCount": len(self.callees),
            "Callers": list(self.callers),
            "NotBefore": self.not_before,
            "NotAfter": self.not_after or 0,
            "IvrId": self.ivr_id,
            "State": self.state,
            "TaskId": self.task_id,
        }

    def described(self) -> dict[str, Any]:
        """Give the task as DescribeAutoCalloutTask answers; callees called up to now are `answered`."""
        return {
            "Name": self.name,
            "Description": self.description,
            "NotBefore": self.not_before,
            "NotAfter": self.not_after,
            "Callers": list(self.callers),
            "Callees": [
                {"Callee": callee, "State": 1 if number < int(self.calls) else 0, "Sessions": []}
                for number, callee in enumerate(self.callees)
            ],
            "IvrId": self.ivr_id,
            "State": self.state,
        }


_WORDS: Mapping[str, tuple[type, ...]] = {
    "task_id": (int,),
    "sdk_app_id": (int,),
    "name": (str,),
    "state": (int,),
    "not_before": (int,),
    "not_after": (int, type(None)),
    "callees": (list, tuple),
    "callers": (list, tuple),
    "ivr_id": (int,),
    "description": (str,),
    "calls_per_minute": (int, float),
}


def task(document: Any, place: str = "") -> Task:
    """Give the task that a JSON object describes. Raises `ValueError` naming `place` and field."""
    if not isinstance(document, Mapping):
        raise ValueError(f"{place}: an object with task_id and sdk_app_id is wanted, not {document!r}")
    for name, value in document.items():
        if name not in _WORDS:
            raise ValueError(f"{place}.{name}: is not a key here; keys are {', '.join(_WORDS)}")
        if not isinstance(value, _WORDS[name]) or isinstance(value, bool):
            raise ValueError(f"{place}.{name}: {_WORDS[name][0].__name__} is wanted, not {value!r}")
    for name in ("task_id", "sdk_app_id"):
        if document.get(name, 0) < 1:
            raise ValueError(f"{place}.{name}: a whole number of at least 1 is wanted")
    if document.get("state", RUNNING) not in range(6):
        raise ValueError(f"{place}.state: 0 to 5 is wanted, not {document['state']}")
    lists = {name: tuple(document[name]) for name in ("callees", "callers") if name in document}
    return Task(**{**document, **lists})


@dataclass
class Tasks:
    """The tasks of all applications. Iterating gives them as they are now."""

    clock: Callable[[], float]
    _tasks: dict[tuple[int, int], Task] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, **fields: Any) -> Task:
        """Add a task, or put it in the place of the one with its id. Raises `ValueError`."""
        added = task(fields, f"task {fields.get('task_id')}")
        with self.lock:
            added.seen = self.clock()
            self._tasks[added.sdk_app_id, added.task_id] = added
            added.advance(added.seen)
        return added

    def load(self, documents: Any) -> None:
        """Add the tasks of a JSON list. Raises `ValueError` naming entry and field."""
        if not isinstance(documents, (list, tuple)):
            raise ValueError(
                'a list of tasks is wanted, such as [{"task_id": 16498, "sdk_app_id": 1400692008}]'
            )
        for read in [task(document, f"[{number}]") for number, document in enumerate(documents)]:
            read.seen = self.clock()
            self._tasks[read.sdk_app_id, read.task_id] = read

    def get(self, app: int, task_id: int) -> Task | None:
        """Give a task as it is now."""
        with self.lock:
            found = self._tasks.get((app, task_id))
            if found:
                found.advance(self.clock())
            return found

    def state(self, task_id: int, app: int | None = None) -> int:
        """Give the state of the task with this id, of any application unless one is named.

        Raises `KeyError` where there is none.
        """
        for each in self:
            if each.task_id == task_id and app in {None, each.sdk_app_id}:
                return each.state
        raise KeyError(task_id)

    def of(self, app: int) -> list[Task]:
        """Give the tasks of an application, by id."""
        return sorted((each for each in self if each.sdk_app_id == app), key=lambda each: each.task_id)

    def clear(self) -> None:
        """Remove all tasks."""
        with self.lock:
            self._tasks.clear()

    def __iter__(self) -> Iterator[Task]:
        with self.lock:
            now = self.clock()
            for each in self._tasks.values():
                each.advance(now)
            return iter(list(self._tasks.values()))


_FINISHED = {COMPLETED, ENDING, ENDED}
_ONE: Mapping[str, Param] = {"TaskId": INT64, "SdkAppId": INT64}
_ONE_UNSIGNED: Mapping[str, Param] = {"TaskId": UINT64, "SdkAppId": UINT64}
_PAGE: Mapping[str, Param] = {"SdkAppId": UINT64, "PageSize": UINT64, "PageNumber": UINT64}
_OPTIONAL_INT = Param("int", required=False)
_CREATE: Mapping[str, Param] = {
    "SdkAppId": UINT64,
    "NotBefore": INT64,
    "Callees": Param("list"),
    "Callers": Param("list"),
    "IvrId": Param("int", required=False, least=0),
    "Name": Param("str", required=False),
    "Description": Param("str", required=False),
    "NotAfter": _OPTIONAL_INT,
    "Tries": Param("int", required=False, least=0),
    "Variables": Param("objects", required=False),
    "UUI": Param("str", required=False),
    "CalleeAttributes": Param("objects", required=False),
    "TimeZone": Param("str", required=False),
    "AvailableTime": Param("objects", required=False),
    "AvailableWorkTimeConfig": Param("objects", required=False),
    "AIAgentId": _OPTIONAL_INT,
    "RetryInterval": _OPTIONAL_INT,
    "MaxRingTimeoutSecond": _OPTIONAL_INT,
    "ConcurrencyLimit": _OPTIONAL_INT,
    "TriggerStrategy": Param("object", required=False),
}


class Ccc:
    """The actions of CCC on `tasks`, with the undocumented answers of `options`."""

    def __init__(self, tasks: Tasks, options: Options) -> None:
        self.tasks = tasks
        self.options = options
        self.actions: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "PauseAutoCalloutTask": self.pause,
            "ResumeAutoCalloutTask": self.resume,
            "StopAutoCalloutTask": self.stop,
            "DescribeAutoCalloutTask": self.describe,
            "DescribeAutoCalloutTasks": self.describe_all,
            "CreateAutoCalloutTask": self.create,
        }

    def pause(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Interrupt a running task for a time."""
        found = self._find(check(params, _ONE), self.options.pause_unknown)
        if found is None or not self._allowed(
            found,
            {
                PAUSED: self.options.pause_paused,
                NOT_STARTED: self.options.pause_not_started,
                **dict.fromkeys(_FINISHED, self.options.pause_finished),
            },
        ):
            return {}
        if self.options.pauses_without_effect:
            self.options.pauses_without_effect -= 1
        elif found.state in {RUNNING, NOT_STARTED}:
            found.state = PAUSED
        return {}

    def resume(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Let a paused task go on."""
        found = self._find(check(params, _ONE), self.options.resume_unknown)
        if found is None or not self._allowed(
            found,
            {
                RUNNING: self.options.resume_running,
                NOT_STARTED: self.options.resume_not_started,
                **dict.fromkeys(_FINISHED, self.options.resume_finished),
            },
        ):
            return {}
        if found.state == PAUSED:
            found.state = RUNNING
        return {}

    def stop(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """End a task for ever."""
        found = self._find(check(params, _ONE_UNSIGNED), self.options.stop_unknown)
        answers = dict.fromkeys(_FINISHED, self.options.stop_finished)
        if found and self._allowed(found, answers) and found.state not in _FINISHED:
            found.state = ENDED
        return {}

    def describe(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Describe one task."""
        found = self._find(check(params, _ONE_UNSIGNED), self.options.describe_unknown)
        return found.described() if found else {}

    def describe_all(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """List an application's tasks, a page at a time, from page 0."""
        page = check(params, _PAGE)
        size, largest = page["PageSize"], self.options.max_page_size
        if size < 1 or (largest is not None and size > largest):
            raise ApiError(
                "InvalidParameterValue", f"The value `{size}` of parameter `PageSize` is not valid."
            )
        tasks = self.tasks.of(page["SdkAppId"])
        start = size * page["PageNumber"]
        return {"TotalCount": len(tasks), "Tasks": [each.listed() for each in tasks[start : start + size]]}

    def create(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Create a task, which starts by itself at NotBefore."""
        wanted = check(params, _CREATE)
        for name in ("Callees", "Callers"):
            if not wanted[name]:
                raise ApiError("InvalidParameterValue", f"The parameter `{name}` must not be empty.")
        if "IvrId" not in wanted and "AIAgentId" not in wanted:
            raise ApiError("MissingParameter", "One of the parameters `IvrId` and `AIAgentId` is required.")
        if wanted.get("NotAfter", wanted["NotBefore"] + 1) <= wanted["NotBefore"]:
            raise ApiError(
                "InvalidParameterValue", "The parameter `NotAfter` must be later than `NotBefore`."
            )
        with self.tasks.lock:
            task_id = max((each.task_id for each in self.tasks), default=16_497) + 1
            self.tasks.add(
                task_id=task_id,
                sdk_app_id=wanted["SdkAppId"],
                name=wanted.get("Name", ""),
                description=wanted.get("Description", ""),
                state=NOT_STARTED,
                not_before=wanted["NotBefore"],
                not_after=wanted.get("NotAfter"),
                callees=wanted["Callees"],
                callers=wanted["Callers"],
                ivr_id=wanted.get("IvrId", 0),
            )
        return {"TaskId": task_id}

    def _find(self, params: Mapping[str, Any], unknown: Answer) -> Task | None:
        found = self.tasks.get(params["SdkAppId"], params["TaskId"])
        if found is None:
            _refuse(unknown, f"task {params['TaskId']} does not exist")
        return found

    def _allowed(self, found: Task, answers: Mapping[int, Answer]) -> bool:
        """Raise the answer to a request that does not fit the state, if it is an error."""
        if found.state in answers:
            _refuse(answers[found.state], f"the state of task {found.task_id} is {found.state}")
        return True


def _refuse(answer: Answer, why: str) -> None:
    if answer is not Answer.SUCCESS:
        raise ApiError(answer.value, f"{_TEXTS[answer]}: {why}.")


_TEXTS: Mapping[Answer, str] = {
    Answer.UNSUPPORTED_OPERATION: "The operation is not supported",
    Answer.INVALID_PARAMETER_VALUE: "The parameter value is not valid",
    Answer.STATE_NOT_ALLOWED: "The current state does not allow modification",
    Answer.RESOURCE_NOT_FOUND: "The resource does not exist",
}


def tasks_of(documents: Iterable[Mapping[str, Any]], clock: Callable[[], float]) -> Tasks:
    """Give the tasks that a list describes. Raises `ValueError`."""
    tasks = Tasks(clock)
    tasks.load(list(documents))
    return tasks
