"""The policy document: named tasks and named quiet hours. Pure, but for `load`, which reads one file."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from handler.document import LONGEST, parse_document
from handler.errors import SHOWN, ConfigurationError, More, given, problems, suggestion
from handler.pacing import bounded
from handler.quiet_hours import QuietHours
from handler.spelling import bounded_suggestions
from handler.task import INT64_MAX, SdkAppId, Task, TaskId

LONGEST_NAME = 1_000
"""Characters of a task's name; CCC has none such, and each entry of a report holds it whole, in 8 KB."""
_LONGEST_NAME_OF_HOURS = 200
DEFAULT = "default"
"""The quiet hours of every task that names none."""


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f"a text such as '2026-12-01T00:00+08:00' is wanted, not {given(value)}")
    return value


_Id = Annotated[int, Field(strict=True, ge=1, le=INT64_MAX)]


class PolicyTask(BaseModel):
    """A task as the policy writes it: a number, or an object that says more."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    task_id: _Id
    sdk_app_id: _Id | None = None
    quiet_hours: str = DEFAULT
    exempt_until: Annotated[AwareDatetime, BeforeValidator(_text)] | None = None
    """Until then no quiet hours apply: an exemption that ends by itself, since people forget to."""

    @model_validator(mode="before")
    @classmethod
    def _number_is_a_task_id(cls, value: Any) -> Any:
        return value if isinstance(value, dict) else {"task_id": value}


class Policy(BaseModel):
    """When it is quiet, by name, and for which tasks."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    quiet_hours: dict[str, QuietHours] = Field(min_length=1)
    tasks: dict[str, PolicyTask] = {}

    def notes(self, at: datetime, ahead: timedelta = timedelta(days=30)) -> tuple[str, ...]:
        """Return what to know of the data behind the quiet hours, each sentence once: `QuietHours.notes`."""
        return tuple(
            dict.fromkeys(note for hours in self.quiet_hours.values() for note in hours.notes(at, ahead))
        )

    def named_tasks(self, default_app: SdkAppId | None) -> dict[str, Task]:
        """Return the policy's tasks by name, each with its application.

        Raises `ConfigurationError` when a task has no application, or when one task stands under two
        names with different quiet hours or different exemptions: what becomes of it would depend on
        the name that is asked for, or on the order of the lines.
        """
        found: list[str] = []
        tasks: dict[str, Task] = {}
        first: dict[tuple[int, int], Task] = {}
        for name, entry in self.tasks.items():
            app = entry.sdk_app_id or default_app
            if app is None:
                found.append(f"tasks.{name}: no sdk_app_id; name it here or set CALLOUT_SDK_APP_ID")
                continue
            task = Task(SdkAppId(app), TaskId(entry.task_id), name, entry.quiet_hours, entry.exempt_until)
            other = first.setdefault((app, entry.task_id), task)
            found += _contradictions(name, task, other)
            tasks[name] = task
        if found:
            raise ConfigurationError("policy", found)
        return tasks


def _contradictions(name: str, task: Task, other: Task) -> Iterator[str]:
    """Yield what one task's second name in the policy says differently than `other`, the first."""
    also = f"tasks.{name}: task {task.task_id} is also {other.name!r}"
    if other.quiet_hours != task.quiet_hours:
        yield f"{also}, with other quiet hours ({other.quiet_hours!r}, here {task.quiet_hours!r})"
    if other.exempt_until != task.exempt_until:
        theirs, ours = (
            each.exempt_until.isoformat() if each.exempt_until else "never exempt" for each in (other, task)
        )
        yield f"{also}, with another exempt_until ({theirs}, here {ours})"


def read_policy(document: Any, source: str = "policy") -> Policy:
    """Return the policy that a parsed document describes.

    Raises `ConfigurationError` with all faults at once, each with its place in the document.
    """
    if not isinstance(document, dict):
        raise ConfigurationError(source, ["an object with the key quiet_hours is wanted at the top"])
    with bounded_suggestions():
        found = [*_too_long(document), *_faults_across(document)]
        try:
            policy = Policy.model_validate(document)
        except ValidationError as error:
            raise ConfigurationError(source, problems(error) + found) from None
    if found:
        raise ConfigurationError(source, found)
    return policy


def load(address: str, seconds: float = 10.0) -> Policy:
    """Return the policy that `CALLOUT_POLICY` holds: a path, or the JSON itself.

    Reading a file takes at most `seconds`: one on a file system of the network may stall, and one that is a
    pipe waits for a writer. Raises `ConfigurationError`.
    """
    inline = address.lstrip("\ufeff \t\r\n").startswith("{")
    source = "policy in CALLOUT_POLICY" if inline else f"policy {address}"
    try:
        text = address.lstrip("\ufeff") if inline else bounded(partial(_read, address), seconds)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path, or no UTF-8 in the file
        reason = getattr(error, "strerror", None) or str(error)  # a TimeoutError is an OSError, too
        raise ConfigurationError(source, [f"cannot be read: {reason}"]) from None
    try:
        document = parse_document(text)
    except ValueError as error:
        raise ConfigurationError(source, [str(error)]) from None
    return read_policy(document, source)


def _read(path: str) -> str:
    with Path(path).open("rb") as file:
        content = file.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST:,} bytes")
    return content.decode("utf-8-sig")


def from_intervals(intervals: str, time_zone: str | None) -> Policy:
    """Return the policy without tasks that `CALLOUT_QUIET_HOURS` and `CALLOUT_TIME_ZONE` describe.

    Raises `ConfigurationError`.
    """
    quiet = [text for part in intervals.split(";") if (text := part.strip())]
    if not quiet:
        raise ConfigurationError(
            "settings", ["CALLOUT_QUIET_HOURS: an interval is missing; write one such as '21:00-08:00'"]
        )
    hours: dict[str, Any] = {"quiet": quiet}
    if time_zone:
        hours["time_zone"] = time_zone
    try:
        return Policy(quiet_hours={DEFAULT: QuietHours.model_validate(hours)})
    except ValidationError as error:
        raise ConfigurationError("settings", [_as_set(text) for text in problems(error)]) from None


def _as_set(problem: str) -> str:
    """Return a problem of `from_intervals` with the name of the variable in place of the document's key."""
    if isinstance(problem, More):
        return problem
    for key, variable in (("quiet", "CALLOUT_QUIET_HOURS"), ("time_zone", "CALLOUT_TIME_ZONE")):
        if problem.startswith((f"{key}[", f"{key}:")):
            return variable + problem.removeprefix(key)
    return problem


def _too_long(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each name that is too long, whatever else is wrong with the document."""
    for key, most in (("quiet_hours", _LONGEST_NAME_OF_HOURS), ("tasks", LONGEST_NAME)):
        names = document.get(key)
        for name in names if isinstance(names, dict) else ():
            if len(str(name)) > most:
                yield f"{key}: a name of at most {most:,} characters is wanted, not {given(name)}"


def _faults_across(document: Mapping[str, Any]) -> list[str]:
    """Return the faults that concern two places of the document, whatever else is wrong with it."""
    hours, tasks = document.get("quiet_hours"), document.get("tasks")
    if not isinstance(hours, dict) or not isinstance(tasks, dict):
        return []
    found = []
    for name, entry in tasks.items():
        if str(name).strip().lstrip("+-").isdecimal():
            found.append(f"tasks.{name}: a name is wanted, not digits; the number is the task's value")
        wanted = entry.get("quiet_hours", DEFAULT) if isinstance(entry, dict) else DEFAULT
        if not isinstance(wanted, str) or wanted in hours:
            continue
        if isinstance(entry, dict) and "quiet_hours" in entry:
            hint = suggestion(wanted, hours) if len(found) < SHOWN else ""
            found.append(f"tasks.{name}.quiet_hours: {wanted!r} is not under quiet_hours{hint}")
        else:
            found.append(f"tasks.{name}: names no quiet_hours, and there are none called 'default'")
    return found
