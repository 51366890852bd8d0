"""A message's body becomes a request, or a refusal that names the fields at fault. Pure."""

import json
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    Tag,
    ValidationError,
)

from handler.errors import RejectedError
from handler.errors.sentences import SHOWN, More, given, problems
from handler.errors.spelling import bounded_suggestions, suggestion
from handler.policy.json_document import check_characters, parse_json
from handler.policy.model import DEFAULT, LONGEST_NAME, Id
from handler.task import SdkAppId, Task, TaskId

Action = Literal["pause", "resume"]

LONGEST = 1_000_000
"""Bytes of a message as UTF-8: 1 MB, which is what the queues carry as well."""
MOST_TASKS = 10_000
"""Tasks that one message may name; at 20 requests per second, pausing them takes eight minutes."""
_MOST_KEYS = 20
"""Keys of an object; a request has 3. Each unknown one costs a sentence."""


def _not_digits(name: str) -> str:
    if len(name) > LONGEST_NAME:
        raise ValueError(f"a name of at most {LONGEST_NAME} characters is wanted, not {given(name)}")
    if not name.strip():
        raise ValueError('a name is wanted, not ""')
    if name.strip().lstrip("+-").isdecimal():
        raise ValueError(f"a number is written without quotes: {name.strip()}, not {given(name)}")
    return name


def _kind_of_task(value: Any) -> str | None:
    return _KINDS.get(type(value))


_Name = Annotated[str, Field(strict=True), AfterValidator(_not_digits)]


class RequestedTask(BaseModel):
    """A task of which the request says all."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    task_id: Id
    sdk_app_id: Id | None = None
    quiet_hours: Annotated[str, Field(strict=True)] | None = None


_KINDS = {int: "<number>", float: "<number>", str: "<name>", dict: "<object>", RequestedTask: "<object>"}
"""By type, so that `true`, which is a number to Python, is none."""
_RequestedTask = Annotated[
    Annotated[Id, Tag("<number>")]
    | Annotated[_Name, Tag("<name>")]
    | Annotated[RequestedTask, Tag("<object>")],
    Discriminator(
        _kind_of_task,
        custom_error_type="task_kind",
        custom_error_message="a task is a number, a name or an object with task_id",
    ),
]


class Request(BaseModel):
    """Which tasks, and what to do. `tasks` is `None` for every task of the policy."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    action: Action = "pause"
    tasks: Annotated[list[_RequestedTask], Field(min_length=1)] | None = None
    dry_run: StrictBool = False


KEYS = frozenset(Request.model_fields)
"""The keys of a request; they distinguish a plain invocation from an event of an unknown trigger."""


def parse(body: Any, shown: int = SHOWN) -> Request:
    """Return the request that a message's body holds: JSON text, or what was parsed from it.

    Raises `RejectedError` with a sentence for each of the first `shown` faults, and the number of the others.
    """
    try:
        document = _parsed(body)
    except ValueError as error:
        raise RejectedError([str(error)]) from None
    try:
        return Request.model_validate(document)
    except ValidationError as error:
        raise RejectedError(_faults(document, error, shown)) from None


def _parsed(body: Any) -> dict[str, Any]:
    """Return the object that a body is. Raises `ValueError` if it is none, or a larger one than is taken."""
    if isinstance(body, str):
        _check_length(body)
        document = parse_json(body)
    else:
        document = body
        check_characters(document)
    if not isinstance(document, dict):
        raise ValueError(f'an object such as {{"tasks": [16498]}} is wanted, not {given(document)}')
    _check_numbers(document)
    if not isinstance(body, str):
        _check_length(json.dumps(document, ensure_ascii=False))
    return document


def _check_length(text: str) -> None:
    # Encoded only where that decides: a character takes four bytes at most.
    size = len(text) * 4 > LONGEST and len(text.encode("utf-8", "surrogatepass"))
    if size > LONGEST:
        raise ValueError(f"a message of at most {LONGEST:,} bytes is wanted, not of {size:,}")


def _check_numbers(document: Mapping[str, Any]) -> None:
    """Raise `ValueError` for more tasks or keys than are worth a sentence each."""
    tasks = document.get("tasks")
    if isinstance(tasks, (list, tuple)):
        if len(tasks) > MOST_TASKS:
            raise ValueError(f"tasks: at most {MOST_TASKS:,} are wanted, not {len(tasks):,}")
        for index, task in enumerate(tasks):
            if isinstance(task, dict) and len(task) > _MOST_KEYS:
                raise ValueError(f"tasks[{index}]: at most {_MOST_KEYS} keys are wanted, not {len(task):,}")
    if len(document) > _MOST_KEYS:
        raise ValueError(f"at most {_MOST_KEYS} keys are wanted, not {len(document):,}")


def _faults(document: Mapping[str, Any], error: ValidationError, shown: int) -> list[str]:
    """Return a sentence for each of the first faults, and one for the number of the others.

    pydantic describes all faults or none: so those are described of as many tasks as have enough of them.
    """
    total, tasks = error.error_count(), document.get("tasks")
    if total > shown and isinstance(tasks, list):
        try:
            Request.model_validate({**document, "tasks": tasks[: _enough(document, tasks, shown)]})
        except ValidationError as some:
            error = some
    found = problems(error)[:shown]
    return [*found, More(total - len(found))] if total > len(found) else found


def _enough(document: Mapping[str, Any], tasks: list[Any], shown: int) -> int:
    """Return how many tasks from the first one on have as many faults as are described."""

    def count(length: int) -> int:
        try:
            Request.model_validate({**document, "tasks": tasks[:length]})
        except ValidationError as error:
            return error.error_count()
        return 0

    if count(shown) >= shown:  # as where each is wrong
        return shown
    return bisect_left(range(len(tasks)), shown, lo=min(shown, len(tasks)), key=count)


class Known(NamedTuple):
    """The policy's tasks: by name, by application and id, and the applications that have an id."""

    named: Mapping[str, Task]
    by_id: Mapping[tuple[SdkAppId, TaskId | None], Task]
    apps: Mapping[TaskId | None, Collection[SdkAppId]]

    @classmethod
    def of(cls, named: Mapping[str, Task]) -> "Known":
        """Return what is known of tasks by name. Of two names for one task, the first one counts."""
        by_id: dict[tuple[SdkAppId, TaskId | None], Task] = {}
        apps: dict[TaskId | None, set[SdkAppId]] = {}
        for task in named.values():
            by_id.setdefault((task.sdk_app_id, task.task_id), task)
            apps.setdefault(task.task_id, set()).add(task.sdk_app_id)
        return cls(named, by_id, apps)


def resolve(
    request: Request,
    named: Mapping[str, Task] | Known,
    quiet_hours: Collection[str],
    default_app: SdkAppId | None,
) -> list[Task]:
    """Return the tasks that a request means, each once, with application and quiet hours.

    `named` are the policy's tasks by name. A task that the policy knows keeps the policy's quiet
    hours however it is named; an unknown task has those called `default`. A name that the
    policy does not have stays without `task_id`: CCC is asked for it.

    Raises `RejectedError` with one sentence for each of the first tasks that cannot be resolved.
    """
    known = named if isinstance(named, Known) else Known.of(named)
    if request.tasks is None:
        if not known.named:
            raise RejectedError(["tasks: is required, since the policy names no tasks"])
        return _each_once(known.named.values())
    found: list[str] = []
    tasks: list[Task] = []
    with bounded_suggestions():
        for index, entry in enumerate(request.tasks):
            try:
                task = _resolve_one(entry, known, default_app)
                _check_quiet_hours(task, quiet_hours)
            except ValueError as error:
                found.append(f"tasks[{index}]{error}")
            else:
                tasks.append(task)
    found += _named_twice(tasks)
    if found:
        raise RejectedError(found)
    return _each_once(tasks)


def _resolve_one(entry: int | str | RequestedTask, known: Known, default_app: SdkAppId | None) -> Task:
    if isinstance(entry, str):
        task = known.named.get(entry)
        return task or Task(_app(default_app), None, entry, DEFAULT)
    if isinstance(entry, int):
        return _by_id(entry, None, known, default_app) or Task(
            _app(default_app), TaskId(entry), None, DEFAULT
        )
    app = SdkAppId(entry.sdk_app_id) if entry.sdk_app_id else None
    task = _by_id(entry.task_id, app, known, default_app)
    if task is None:
        return Task(_app(app or default_app), TaskId(entry.task_id), None, entry.quiet_hours or DEFAULT)
    return task._replace(quiet_hours=entry.quiet_hours) if entry.quiet_hours else task


def _by_id(number: int, app: SdkAppId | None, known: Known, default_app: SdkAppId | None) -> Task | None:
    """Return the policy's task of that number, `None` if it has none.

    Without an application and a default one, it is the policy's, if only one application has this number.
    """
    task_id, apps = TaskId(number), known.apps.get(TaskId(number), ())
    only = next(iter(apps)) if len(apps) == 1 else None
    of = app or default_app or only
    return known.by_id.get((of, task_id)) if of else None


def _app(app: SdkAppId | None) -> SdkAppId:
    if app is None:
        raise ValueError(": no application; give sdk_app_id in an object, or set CALLOUT_SDK_APP_ID")
    return app


def _check_quiet_hours(task: Task, quiet_hours: Collection[str]) -> None:
    if task.quiet_hours in quiet_hours:
        return
    if task.quiet_hours == DEFAULT:
        raise ValueError(": the policy does not name this task and has no quiet hours called 'default'")
    raise ValueError(
        f".quiet_hours: {given(task.quiet_hours)} is not in the policy"
        + suggestion(task.quiet_hours, quiet_hours)
    )


def _named_twice(tasks: Sequence[Task]) -> list[str]:
    """Return a sentence for each task that one message puts under two different quiet hours."""
    hours: dict[tuple[SdkAppId, TaskId | str | None], set[str]] = {}
    for task in tasks:
        hours.setdefault(task.key, set()).add(task.quiet_hours)
    return [
        f"tasks: {key} of application {app} is named twice, "
        f"with different quiet hours ({', '.join(sorted(names))})"
        for (app, key), names in hours.items()
        if len(names) > 1
    ]


def _each_once(tasks: Iterable[Task]) -> list[Task]:
    return list({task.key: task for task in tasks}.values())
