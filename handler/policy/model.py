"""The policy: named quiet hours, and for which tasks and campaigns; what is wrong with one. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from handler.errors import ConfigurationError
from handler.errors.sentences import problems
from handler.errors.spelling import bounded_suggestions
from handler.policy.entries import Entry, PolicyCampaign, PolicyRule, PolicyTask
from handler.policy.faults import contradictions, faults_across, too_many_rules
from handler.quiet_hours import QuietHours
from handler.quiet_hours.lead_time import read_lead_time
from handler.target import Kind, SdkAppId, Target, TargetId

_NO_APPLICATION = "no sdk_app_id; name it here or set CALLOUT_SDK_APP_ID"


class Policy(BaseModel):
    """When it is quiet, by name, and for which tasks and campaigns."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    lead_time: timedelta = timedelta(0)
    """The lead time of all quiet hours that name none of their own."""
    quiet_hours: dict[str, QuietHours] = Field(min_length=1)
    rules: list[PolicyRule] = []
    """For what is not named below; the first one that matches decides."""
    tasks: dict[str, PolicyTask] = {}
    campaigns: dict[str, PolicyCampaign] = {}

    @field_validator("lead_time", mode="plain")
    @classmethod
    def _read_lead_time(cls, value: Any) -> timedelta:
        return read_lead_time(value)

    @field_validator("rules", mode="before")
    @classmethod
    def _are_not_too_many(cls, value: Any) -> Any:
        if fault := too_many_rules(value):
            raise ValueError(fault)
        return value

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

    def named_targets(self, default_app: SdkAppId | None) -> dict[str, Target]:
        """Return the policy's tasks and campaigns by name, each with its application.

        Raises `ConfigurationError` when a task, campaign or rule has no application, or when one task or
        campaign stands under two names with different quiet hours or exemptions: what becomes of it would
        depend on the name that is asked for, or on the order of the lines.
        """
        self._check(default_app)
        return {
            name: Target(
                SdkAppId(entry.sdk_app_id or default_app or 0),
                TargetId(entry.id),
                name,
                entry.quiet_hours,
                entry.exempt_until,
                kind=kind,
            )
            for kind, name, entry in self.entries()
        }

    def entries(self) -> Iterator[tuple[Kind, str, PolicyTask | PolicyCampaign]]:
        """Yield what the policy names: kind, name and entry."""
        for name, task in self.tasks.items():
            yield "task", name, task
        for name, campaign in self.campaigns.items():
            yield "campaign", name, campaign

    def _check(self, default_app: SdkAppId | None) -> None:
        found: list[str] = []
        first: dict[tuple[int, Kind, int], tuple[str, Entry]] = {}
        for kind, name, entry in self.entries():
            place, app = f"{kind}s.{name}", entry.sdk_app_id or default_app
            if app is None:
                found.append(f"{place}: {_NO_APPLICATION}")
                continue
            other = first.setdefault((app, kind, entry.id), (name, entry))
            if other[1] is not entry:
                found += contradictions(place, f"{kind} {entry.id}", entry, *other)
        if default_app is None:
            places = (f"rules[{index}]" for index, rule in enumerate(self.rules) if rule.sdk_app_id is None)
            found += [f"{place}: {_NO_APPLICATION}" for place in places]
        if found:
            raise ConfigurationError("policy", found)


def read_policy(document: Any, source: str = "policy") -> Policy:
    """Return the policy that a parsed document describes.

    Raises `ConfigurationError` with all faults at once, each with its place in the document.
    """
    if not isinstance(document, dict):
        raise ConfigurationError(source, ["an object with the key quiet_hours is wanted at the top"])
    with bounded_suggestions():
        found = faults_across(document)
        try:
            policy = Policy.model_validate(document)
        except ValidationError as error:
            raise ConfigurationError(source, problems(error, _known_keys) + found) from None
    if found:
        raise ConfigurationError(source, found)
    return policy


def _known_keys(place: tuple[str | int, ...]) -> Iterable[str]:
    """Return the keys that the object at a place of a document may have."""
    if not place:
        return Policy.model_fields
    model = _MODELS.get(str(place[0])) if len(place) == 2 else None  # noqa: PLR2004 - such as rules[0]
    return [field.alias or name for name, field in model.model_fields.items()] if model else ()


_MODELS: dict[str, type[BaseModel]] = {
    "quiet_hours": QuietHours,
    "tasks": PolicyTask,
    "campaigns": PolicyCampaign,
    "rules": PolicyRule,
}
