"""The tasks that a request means: from names and numbers to tasks with application and quiet hours. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from handler.errors import RejectedError
from handler.errors.sentences import given
from handler.errors.spelling import bounded_suggestions, suggestion
from handler.messages.request import Request, RequestedTask
from handler.policy.entries import DEFAULT
from handler.task import SdkAppId, Task, TaskId


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
