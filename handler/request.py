"""A message's body becomes a request, or a refusal that names every field at fault. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Literal

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

from handler.document import check_characters, parse_json
from handler.errors import RejectedError, given, problems, suggestion
from handler.policy import DEFAULT
from handler.task import INT64_MAX, SdkAppId, Task, TaskId

Action = Literal["pause", "resume"]


_LONGEST_NAME = 1_000
"""Characters; no task has such a name, and a report holds each name whole in a part of 8 KB."""


def _not_digits(name: str) -> str:
    if not name.strip():
        raise ValueError('a name is wanted, not ""')
    if name.strip().lstrip("+-").isdecimal():
        raise ValueError(f"a number is written without quotes: {name.strip()}, not {given(name)}")
    if len(name) > _LONGEST_NAME:
        raise ValueError(f"a name of at most {_LONGEST_NAME} characters is wanted, not {given(name)}")
    return name


def _kind_of_task(value: Any) -> str | None:
    if isinstance(value, bool):
        return None
    kinds = {int: "<number>", float: "<number>", str: "<name>", dict: "<object>", RequestedTask: "<object>"}
    return kinds.get(type(value))


_Id = Annotated[int, Field(strict=True, ge=1, le=INT64_MAX)]
_Name = Annotated[str, Field(strict=True), AfterValidator(_not_digits)]


class RequestedTask(BaseModel):
    """A task of which the request says all."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    task_id: _Id
    sdk_app_id: _Id | None = None
    quiet_hours: Annotated[str, Field(strict=True)] | None = None


_RequestedTask = Annotated[
    Annotated[_Id, Tag("<number>")]
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
"""What a request may hold; tells a plain invocation from an event of an unknown trigger."""


def parse(body: Any) -> Request:
    """Give the request that a message's body holds: JSON text, or what was parsed from it.

    Raises `RejectedError` with one sentence for each fault.
    """
    try:
        document = parse_json(body) if isinstance(body, str) else body
        check_characters(document)
    except ValueError as error:
        raise RejectedError([str(error)]) from None
    if not isinstance(document, Mapping):
        raise RejectedError([f'an object such as {{"tasks": [16498]}} is wanted, not {given(document)}'])
    try:
        return Request.model_validate(document)
    except ValidationError as error:
        raise RejectedError(problems(error)) from None


def resolve(
    request: Request,
    named: Mapping[str, Task],
    quiet_hours: Collection[str],
    default_app: SdkAppId | None,
) -> list[Task]:
    """Give the tasks that a request means, each once, with application and quiet hours.

    `named` are the policy's tasks by name. A task that the policy knows keeps the policy's quiet
    hours however it is named; one that nobody knows has those called `default`. A name that the
    policy does not have stays without `task_id`: CCC is asked for it.

    Raises `RejectedError` with one sentence for each task that cannot be told.
    """
    if request.tasks is None:
        if not named:
            raise RejectedError(["tasks: is required, since the policy names no tasks"])
        return _each_once(list(named.values()))
    known = {(task.sdk_app_id, task.task_id): task for task in reversed(list(named.values()))}
    found: list[str] = []
    tasks: list[Task] = []
    for index, entry in enumerate(request.tasks):
        try:
            task = _resolve_one(entry, named, known, default_app)
            _check_quiet_hours(task, quiet_hours)
        except ValueError as error:
            found.append(f"tasks[{index}]{error}")
        else:
            tasks.append(task)
    found += _told_twice(tasks)
    if found:
        raise RejectedError(found)
    return _each_once(tasks)


def _resolve_one(
    entry: int | str | RequestedTask,
    named: Mapping[str, Task],
    known: Mapping[tuple[SdkAppId, TaskId | None], Task],
    default_app: SdkAppId | None,
) -> Task:
    if isinstance(entry, str) and entry in named:
        return named[entry]
    wanted = RequestedTask(task_id=entry) if isinstance(entry, int) else entry
    app = default_app
    if isinstance(wanted, RequestedTask):
        app = SdkAppId(wanted.sdk_app_id) if wanted.sdk_app_id else app or _only_app(wanted.task_id, known)
    if app is None:
        raise ValueError(": no application; give sdk_app_id in an object, or set CALLOUT_SDK_APP_ID")
    if isinstance(wanted, str):
        return Task(app, None, wanted, DEFAULT)
    of_policy = known.get((app, TaskId(wanted.task_id)))
    if of_policy is None:
        return Task(app, TaskId(wanted.task_id), None, wanted.quiet_hours or DEFAULT)
    return of_policy._replace(quiet_hours=wanted.quiet_hours or of_policy.quiet_hours)


def _only_app(task_id: int, known: Mapping[tuple[SdkAppId, TaskId | None], Task]) -> SdkAppId | None:
    """Give the application of a number where there is no default one: that of the policy, if it is one."""
    apps = {app for app, other in known if other == task_id}
    return apps.pop() if len(apps) == 1 else None


def _check_quiet_hours(task: Task, quiet_hours: Collection[str]) -> None:
    if task.quiet_hours in quiet_hours:
        return
    if task.quiet_hours == DEFAULT:
        raise ValueError(": the policy does not name this task and has no quiet hours called 'default'")
    raise ValueError(
        f".quiet_hours: {given(task.quiet_hours)} is not in the policy"
        + suggestion(task.quiet_hours, quiet_hours)
    )


def _told_twice(tasks: Sequence[Task]) -> list[str]:
    """Give the tasks that one message puts under two different quiet hours."""
    hours: dict[tuple[SdkAppId, TaskId | str | None], set[str]] = {}
    for task in tasks:
        hours.setdefault(task.key, set()).add(task.quiet_hours)
    return [
        f"tasks: {key} of application {app} is named twice, "
        f"with different quiet hours ({', '.join(sorted(names))})"
        for (app, key), names in hours.items()
        if len(names) > 1
    ]


def _each_once(tasks: Sequence[Task]) -> list[Task]:
    return list({task.key: task for task in tasks}.values())
