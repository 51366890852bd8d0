"""The policy: named tasks and named quiet hours, and what is wrong with a document that is none. Pure."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from handler.errors import ConfigurationError
from handler.errors.sentences import SHOWN, given, problems
from handler.errors.spelling import bounded_suggestions, suggestion
from handler.quiet_hours import QuietHours
from handler.quiet_hours.lead_time import read_lead_time
from handler.task import INT64_MAX, SdkAppId, Task, TaskId

LONGEST_NAME = 1_000
"""Characters of a task's name; CCC has none such, and each entry of a report holds it whole, in 8 KB."""
_LONGEST_NAME_OF_HOURS = 200
_NUMBER = re.compile(r"\s*[-+]?[\d._]+(?:[eE][-+]?\d+)?\s*")
DEFAULT = "default"
"""The quiet hours of every task that names none."""


def _text(value: Any) -> Any:
    if not isinstance(value, str) or _NUMBER.fullmatch(value):  # pydantic takes Unix seconds as well
        raise ValueError(f"a text such as '2026-12-01T00:00+08:00' is wanted, not {given(value)}")
    return value


Id = Annotated[int, Field(strict=True, ge=1, le=INT64_MAX)]
"""An id of CCC: a whole number from 1, and no boolean or fraction."""


class PolicyTask(BaseModel):
    """A task as the policy writes it: a number, or an object that says more."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    task_id: Id
    sdk_app_id: Id | None = None
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

    lead_time: timedelta = timedelta(0)
    """The lead time of all quiet hours that name none of their own."""
    quiet_hours: dict[str, QuietHours] = Field(min_length=1)
    tasks: dict[str, PolicyTask] = {}

    @field_validator("lead_time", mode="plain")
    @classmethod
    def _read_lead_time(cls, value: Any) -> timedelta:
        return read_lead_time(value)

    @field_validator("quiet_hours", mode="before")
    @classmethod
    def _begin_earlier(cls, value: Any, info: ValidationInfo) -> Any:
        """Return the documents of quiet hours, with the policy's lead time where they name none."""
        lead_time = info.data.get("lead_time")  # missing where it was refused
        if not lead_time or not isinstance(value, dict):
            return value
        return {
            name: {"lead_time": lead_time, **hours} if isinstance(hours, dict) else hours
            for name, hours in value.items()
        }

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
