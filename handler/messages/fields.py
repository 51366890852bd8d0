"""The keys of a request and of the tasks in it, and a sentence for each that is wrong. Pure."""

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
from handler.errors.sentences import More, given, problems
from handler.messages.request import Action, Request
from handler.policy.entries import LONGEST_NAME, Id, Instant
from handler.policy.patterns import check_pattern, is_pattern
from handler.target import Kind


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

    form: ClassVar[Literal["task"]] = "task"

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

    form: ClassVar[Literal["campaign"]] = "campaign"

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

    form: ClassVar[Literal["pattern"]] = "pattern"


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


class _Fields(BaseModel):
    """Those of a request."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    action: Action = "pause"
    tasks: Annotated[list[_Requested], Field(min_length=1)] | None = None
    dry_run: StrictBool = False
    force: StrictBool = False
    start: Instant | None = Field(default=None, alias="from")
    end: Instant | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _a_check_covers_everything(self) -> Self:
        if self.action in {"check", "audit"} and self.tasks is not None:
            name = "a check" if self.action == "check" else "an audit"
            raise ValueError(f"tasks: {name} takes none, since it covers everything that the policy names")
        if self.force and self.action != "pause":
            raise ValueError(f"force: goes with pause only, not with {self.action}")
        return self

    @model_validator(mode="after")
    def _only_an_audit_has_a_time(self) -> Self:
        for name, value in (("from", self.start), ("to", self.end)):
            if value is not None and self.action != "audit":
                raise ValueError(f"{name}: goes with audit only, not with {self.action}")
        if self.start and self.end and self.start >= self.end:
            raise ValueError(f"to: a time after from is wanted, not {self.end.isoformat()}")
        return self


def read(document: Mapping[str, Any], shown: int) -> Request:
    """Return the request that an object describes. Raises `RejectedError` as `request.parse` does."""
    try:
        fields = _Fields.model_validate(document)
    except ValidationError as error:
        raise RejectedError(_faults(document, error, shown)) from None
    return Request(fields.action, fields.tasks, fields.dry_run, fields.force, fields.start, fields.end)


def _faults(document: Mapping[str, Any], error: ValidationError, shown: int) -> list[str]:
    """Return a sentence for each of the first faults, and one for the number of the others.

    pydantic describes all faults or none: so those are described of as many tasks as have enough of them.
    """
    total, tasks = error.error_count(), document.get("tasks")
    if total > shown and isinstance(tasks, list):
        try:
            _Fields.model_validate({**document, "tasks": tasks[: _enough(document, tasks, shown)]})
        except ValidationError as some:
            error = some
    found = problems(error, _known_keys)[:shown]
    return [*found, More(total - len(found))] if total > len(found) else found


def _known_keys(place: tuple[str | int, ...]) -> Iterable[str]:
    """Return the keys that the object at a place of a request may have."""
    model = _MODELS.get(place[-1]) if place else _Fields
    return [field.alias or name for name, field in model.model_fields.items()] if model else ()


_MODELS: dict[str | int, type[BaseModel]] = {
    "<task>": RequestedTask,
    "<campaign>": RequestedCampaign,
    "<pattern>": RequestedPattern,
}


def _enough(document: Mapping[str, Any], tasks: list[Any], shown: int) -> int:
    """Return how many tasks from the first one on have as many faults as are described."""

    def count(length: int) -> int:
        try:
            _Fields.model_validate({**document, "tasks": tasks[:length]})
        except ValidationError as error:
            return error.error_count()
        return 0

    if count(shown) >= shown:  # as where each is wrong
        return shown
    return bisect_left(range(len(tasks)), shown, lo=min(shown, len(tasks)), key=count)
