"""The names of CCC's APIs, and what they answer as values. Pure.

Answers are read entry by entry: one that is absurd does not spoil the others.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeGuard

from handler.cloud.error_codes import cloud_error
from handler.errors.sentences import given
from handler.task import INT64_MAX, Action, TaskId, TaskState

APIS: Mapping[Action, str] = {"pause": "PauseAutoCalloutTask", "resume": "ResumeAutoCalloutTask"}
DESCRIBE = "DescribeAutoCalloutTask"
LIST = "DescribeAutoCalloutTasks"
NOT_THERE = ("ResourceNotFound", "InvalidParameterValue", "InvalidParameter")
"""The codes with which CCC may answer for a task that it does not know."""


class Answer(NamedTuple):
    """The outcome of a call: its request id, and how often it was sent until it was answered."""

    request_id: str | None
    attempts: int


class Seen(NamedTuple):
    """A task as CCC shows it. `state` is `None` for a number that is not in the documents.

    `not_before` is when the task starts by itself, in Unix seconds, 0 where CCC does not say.
    """

    task_id: TaskId
    name: str
    state: TaskState | None
    not_before: int = 0


class Page(NamedTuple):
    """A page of an application's tasks: its number, from 0, and its size.

    `total` is how many tasks there are, `None` where the answer has no usable number. `unreadable` has the
    name, if any, of each entry without a usable id; `unnamed` says whether a task has no name that is a text.
    """

    tasks: tuple[Seen, ...]
    number: int
    size: int
    total: int | None
    unreadable: tuple[str | None, ...] = ()
    unnamed: bool = False


def read_answer(response: dict[str, Any], attempts: int) -> Answer:
    """Read the answer to an action, whose request was sent so often."""
    request_id = response.get("RequestId")
    return Answer(request_id if isinstance(request_id, str) else None, attempts)


def read_page(response: dict[str, Any], number: int, size: int) -> Page:
    """Read an answer entry by entry: one that cannot be used does not spoil the others.

    Where the first page has fewer entries than were asked for and than there are, that many is its size: the
    largest size is not documented, and may be enforced without an error.
    """
    entries, total = response.get("Tasks"), response.get("TotalCount")
    empty = entries is None and _is_count(total) and total == 0
    if not isinstance(entries, list) and not empty:
        raise cloud_error("UnreadableAnswer", f"Tasks: a list is expected, not {given(entries)}")
    total = response.get("TotalCount")
    tasks: list[Seen] = []
    unreadable: list[str | None] = []
    unnamed = False
    for entry in entries or ():
        fields = entry if isinstance(entry, dict) else {}
        task_id, name = fields.get("TaskId"), _text(fields.get("Name"))
        if _is_count(task_id) and 0 < task_id <= INT64_MAX:
            tasks.append(read_task(fields, TaskId(task_id)))
            unnamed |= name is None
        else:
            unreadable.append(name)
    total = total if _is_count(total) and total <= INT64_MAX else None
    shown = len(entries or ())
    if number == 0 and total is not None and 0 < shown < min(size, total):
        size = shown
    return Page(tuple(_without_contradictions(tasks)), number, size, total, tuple(unreadable), unnamed)


def _without_contradictions(tasks: list[Seen]) -> list[Seen]:
    """Return tasks without the state of those that one page shows in two: which holds is not known."""
    states: dict[TaskId, set[TaskState | None]] = {}
    for each in tasks:
        states.setdefault(each.task_id, set()).add(each.state)
    return [each if len(states[each.task_id]) == 1 else each._replace(state=None) for each in tasks]


def read_task(entry: dict[str, Any], task_id: TaskId) -> Seen:
    """Read a task. What is not as documented is left out: an unknown state, a name that is not text."""
    state, start = entry.get("State"), entry.get("NotBefore")
    return Seen(
        task_id,
        _text(entry.get("Name")) or "",
        TaskState(state) if _is_count(state) and state in _STATES else None,
        start if _is_count(start) else 0,
    )


_STATES = frozenset(TaskState)


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
