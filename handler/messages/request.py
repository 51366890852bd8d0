"""A message's body becomes a request, or a refusal that names the fields at fault. Pure."""

import json
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    Tag,
    ValidationError,
    model_validator,
)
from typing_extensions import Self

from handler.errors import RejectedError
from handler.errors.sentences import SHOWN, More, given, problems
from handler.policy.entries import LONGEST_NAME, Id
from handler.policy.json_document import check_characters, parse_json
from handler.policy.patterns import check_pattern, is_pattern
from handler.target import Kind
from handler.triggers.delivery import LONGEST

Action = Literal["pause", "resume", "check"]

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


def _is_no_long_pattern(name: str) -> str:
    return check_pattern(name) if is_pattern(name) else name


def _form(value: Any) -> str | None:
    """Return the form in which a task is given: one of the tags below."""
    if isinstance(value, dict):
        forms = [form for key, form in _BY_KEY.items() if key in value]
        return forms[0] if len(forms) == 1 else None
    return _BY_TYPE.get(type(value))


_Name = Annotated[str, Field(strict=True), AfterValidator(_not_digits), AfterValidator(_is_no_long_pattern)]
_Text = Annotated[str, Field(strict=True)]


class RequestedTask(BaseModel):
    """A task of which the request says all."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    task_id: Id
    sdk_app_id: Id | None = None
    quiet_hours: _Text | None = None

    target_kind: ClassVar[Kind] = "task"

    @property
    def id(self) -> int:
        """The id, whatever the kind."""
        return self.task_id


class RequestedCampaign(BaseModel):
    """A campaign of which the request says all."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    campaign_id: Id
    sdk_app_id: Id | None = None
    quiet_hours: _Text | None = None

    target_kind: ClassVar[Kind] = "campaign"

    @property
    def id(self) -> int:
        """The id, whatever the kind."""
        return self.campaign_id


class RequestedPattern(BaseModel):
    """All tasks and campaigns whose names in CCC match; what is not a wildcard stands for itself."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    name: Annotated[_Text, AfterValidator(check_pattern)]
    sdk_app_id: Id | None = None
    kind: Kind | None = None


_BY_KEY = {"task_id": "<task>", "campaign_id": "<campaign>", "name": "<pattern>"}
_BY_TYPE = {
    int: "<number>",
    float: "<number>",
    str: "<name>",
    RequestedTask: "<task>",
    RequestedCampaign: "<campaign>",
    RequestedPattern: "<pattern>",
}
"""By type, so that `true`, which is a number to Python, is none."""
Requested = int | str | RequestedTask | RequestedCampaign | RequestedPattern
_Requested = Annotated[
    Annotated[Id, Tag("<number>")]
    | Annotated[_Name, Tag("<name>")]
    | Annotated[RequestedTask, Tag("<task>")]
    | Annotated[RequestedCampaign, Tag("<campaign>")]
    | Annotated[RequestedPattern, Tag("<pattern>")],
    Discriminator(
        _form,
        custom_error_type="task_kind",
        custom_error_message="a task is a number, a name or an object with one of task_id, campaign_id "
        "and name",
    ),
]


class Request(BaseModel):
    """Which tasks and campaigns, and what to do. `tasks` is `None` for all that the policy covers."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    action: Action = "pause"
    tasks: Annotated[list[_Requested], Field(min_length=1)] | None = None
    dry_run: StrictBool = False

    @model_validator(mode="after")
    def _a_check_covers_everything(self) -> Self:
        if self.action == "check" and self.tasks is not None:
            raise ValueError("tasks: a check takes none, since it covers everything that the policy names")
        return self


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
    found = problems(error, _known_keys)[:shown]
    return [*found, More(total - len(found))] if total > len(found) else found


def _known_keys(place: tuple[str | int, ...]) -> Iterable[str]:
    """Return the keys that the object at a place of a request may have."""
    model = _MODELS.get(place[-1]) if place else Request
    return model.model_fields if model else ()


_MODELS: dict[str | int, type[BaseModel]] = {
    "<task>": RequestedTask,
    "<campaign>": RequestedCampaign,
    "<pattern>": RequestedPattern,
}


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
