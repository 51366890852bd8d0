"""The lines of a policy: a named task, a named campaign, and a rule for all whose names match. Pure."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    field_validator,
    model_validator,
)

from handler.errors.sentences import given
from handler.policy.patterns import check_pattern
from handler.target import INT64_MAX, KINDS, Kind

LONGEST_NAME = 1_000
"""Characters of a task's name; CCC has none such, and each entry of a report holds it whole, in 8 KB."""
DEFAULT = "default"
"""The quiet hours of everything that names none."""
NONE = "none"
"""In place of the name of quiet hours: deliberately never quiet."""
_LEFT_OUT = "leave the key out for all"
_NUMBER = r"\s*[-+]?[\d._]+(?:[eE][-+]?\d+)?\s*"


def _text(value: Any) -> Any:
    if not isinstance(value, str) or re.fullmatch(_NUMBER, value):  # pydantic takes Unix seconds as well
        raise ValueError(f"a text such as '2026-12-01T00:00+08:00' is wanted, not {given(value)}")
    return value


Id = Annotated[int, Field(strict=True, ge=1, le=INT64_MAX)]
"""An id of CCC: a whole number from 1, and no boolean or fraction."""
Instant = Annotated[AwareDatetime, BeforeValidator(_text)]
"""A time with an offset, as RFC 3339 writes it."""


_Pattern = Annotated[str, Field(strict=True), AfterValidator(check_pattern)]


class Entry(BaseModel):
    """What a named task and a named campaign have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    sdk_app_id: Id | None = None
    quiet_hours: str = DEFAULT
    exempt_until: Instant | None = None
    """Until then no quiet hours apply: an exemption that ends by itself, since people forget to."""
    resume: StrictBool = True
    """Whether it may be resumed without being asked for, once quiet hours have ended."""


class PolicyTask(Entry):
    """A task as the policy writes it: a number, or an object that says more."""

    task_id: Id

    @property
    def id(self) -> int:
        """The id, whatever the kind."""
        return self.task_id

    @model_validator(mode="before")
    @classmethod
    def _number_is_a_task_id(cls, value: Any) -> Any:
        return value if isinstance(value, dict) else {"task_id": value}


class PolicyCampaign(Entry):
    """A predictive dialing campaign as the policy writes it: a number, or an object that says more."""

    campaign_id: Id

    @property
    def id(self) -> int:
        """The id, whatever the kind."""
        return self.campaign_id

    @model_validator(mode="before")
    @classmethod
    def _number_is_a_campaign_id(cls, value: Any) -> Any:
        return value if isinstance(value, dict) else {"campaign_id": value}


class PolicyRule(BaseModel):
    """The quiet hours of all tasks and campaigns of an application whose names match."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    sdk_app_id: Id | None = None
    kind: Kind | None = None
    """`None` for both."""
    name: Annotated[list[_Pattern], Field(min_length=1)] | None = None
    """The patterns, of which one is enough; `None` for every name."""
    quiet_hours: str = DEFAULT
    resume: StrictBool = True

    @property
    def kinds(self) -> Sequence[Kind]:
        """The kinds that it is for."""
        return (self.kind,) if self.kind else KINDS

    @field_validator("kind", mode="before")
    @classmethod
    def _forgets_no_kind(cls, value: Any) -> Any:
        if value is None:  # a forgotten value would widen the rule
            raise ValueError(f"'task' or 'campaign' is wanted, not null; {_LEFT_OUT}")
        return value

    @field_validator("name", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        if value is None:
            raise ValueError(f"a pattern is wanted, not null; {_LEFT_OUT}")
        if not isinstance(value, (str, list)):
            raise ValueError(f"a pattern or a list of patterns is wanted, not {given(value)}")
        return [value] if isinstance(value, str) else value
