"""What the documents leave open, each as a named option: code that works against one answer only is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any


class Answer(Enum):
    """The plausible answers to a request that does not fit a task's state, or whose task does not exist."""

    SUCCESS = "success"
    UNSUPPORTED_OPERATION = "UnsupportedOperation"
    INVALID_PARAMETER_VALUE = "InvalidParameterValue"
    STATE_NOT_ALLOWED = "FailedOperation.CurStateNotAllowModify"
    RESOURCE_NOT_FOUND = "ResourceNotFound"


class CampaignAnswer(Enum):
    """The same for campaigns. The documents of their actions do not list `UnsupportedOperation`."""

    SUCCESS = "success"
    INVALID_PARAMETER_VALUE = "InvalidParameterValue"
    INTERNAL_ERROR = "InternalError"


@dataclass(slots=True)
class Options:
    """Every default is a judgement, no fact. A misspelt name is an `AttributeError`."""

    pause_paused: Answer = Answer.UNSUPPORTED_OPERATION
    pause_finished: Answer = Answer.UNSUPPORTED_OPERATION
    """For a task in state 2, 3 or 4. A success changes nothing."""
    pause_not_started: Answer = Answer.UNSUPPORTED_OPERATION
    """With success the task is paused before its first call."""
    pause_unknown: Answer = Answer.INVALID_PARAMETER_VALUE
    """For a task that does not exist, or is another application's."""
    resume_running: Answer = Answer.UNSUPPORTED_OPERATION
    resume_finished: Answer = Answer.UNSUPPORTED_OPERATION
    resume_not_started: Answer = Answer.UNSUPPORTED_OPERATION
    resume_unknown: Answer = Answer.INVALID_PARAMETER_VALUE
    stop_finished: Answer = Answer.UNSUPPORTED_OPERATION
    stop_unknown: Answer = Answer.INVALID_PARAMETER_VALUE
    describe_unknown: Answer = Answer.INVALID_PARAMETER_VALUE
    """With success, an answer that has a RequestId and nothing else."""
    state_after_stop: int = 4
    """The state of a task that was stopped: 2, 3 or 4."""
    max_page_size: int | None = 100
    """The largest `PageSize` of DescribeAutoCalloutTasks, `None` for any; a larger one is refused."""
    newest_first: bool = False
    """Whether the list begins with the largest id, so that a new task shifts every page."""
    pauses_without_effect: int = 0
    """How many pauses are accepted although the task or the campaign goes on."""
    international: bool = False
    """Whether the international site is played. The detail of a campaign has no Status, StatusReason,
    Variables and UUI there, and the list cannot be filtered by CampaignId."""
    campaign_pause_paused: CampaignAnswer = CampaignAnswer.INVALID_PARAMETER_VALUE
    campaign_pause_finished: CampaignAnswer = CampaignAnswer.INVALID_PARAMETER_VALUE
    """For a campaign in state 3 or 4. A success changes nothing."""
    campaign_pause_not_started: CampaignAnswer = CampaignAnswer.INVALID_PARAMETER_VALUE
    """With success the campaign is paused before its first call."""
    campaign_pause_unknown: CampaignAnswer = CampaignAnswer.INVALID_PARAMETER_VALUE
    """For a campaign that does not exist, or is another application's."""
    campaign_resume_running: CampaignAnswer = CampaignAnswer.INVALID_PARAMETER_VALUE
    campaign_resume_finished: CampaignAnswer = CampaignAnswer.INVALID_PARAMETER_VALUE
    campaign_resume_not_started: CampaignAnswer = CampaignAnswer.INVALID_PARAMETER_VALUE
    campaign_resume_unknown: CampaignAnswer = CampaignAnswer.INVALID_PARAMETER_VALUE
    campaign_abort_finished: CampaignAnswer = CampaignAnswer.INVALID_PARAMETER_VALUE
    campaign_abort_unknown: CampaignAnswer = CampaignAnswer.INVALID_PARAMETER_VALUE
    campaign_delete_running: CampaignAnswer = CampaignAnswer.INVALID_PARAMETER_VALUE
    """For a campaign that is running or paused. With success it is removed."""
    campaign_delete_unknown: CampaignAnswer = CampaignAnswer.INVALID_PARAMETER_VALUE
    campaign_describe_unknown: CampaignAnswer = CampaignAnswer.INVALID_PARAMETER_VALUE
    """For the detail and for the sessions."""
    campaign_update_started: Answer = Answer.UNSUPPORTED_OPERATION
    """For a campaign that has started; of the actions on campaigns, Update alone has this code."""
    campaign_update_unknown: CampaignAnswer = CampaignAnswer.INVALID_PARAMETER_VALUE
    campaign_cuts_calls: bool = False
    """Whether a pause or an abort ends calls in progress; by default they go on, as those of tasks do."""
    campaign_ends_paused: bool = True
    """Whether a paused campaign is terminated at its EndTime, as a running one is."""
    made_up_callees: int = 10_000
    """How many of its last calls a task without callees shows as its callees."""
    call_records_newest_first: bool = True
    """Whether DescribeTelCdr begins with the last call, so that a new one shifts every page."""
    call_record_delay: int = 0
    """Seconds from the start of a call until DescribeTelCdr has its record."""
    call_numbers_protected: bool = False
    """Whether records have the customer's number as an id only, in ProtectedCallee or ProtectedCaller."""
    cmq_needs_region: bool = False
    """Whether TDMQ insists on `X-TC-Region`, as its newer pages say and its older ones do not."""
    cmq_result: bool = True
    """What PublishCmqMsg answers in `Result`; a message answered with false is not published."""
    cmq_creates_topics: bool = False
    """Whether publishing to an unknown topic creates it, in place of ResourceNotFound."""
    cos_had_versioning: bool = False
    """Whether the buckets of COS ever had versioning, so that x-cos-forbid-overwrite has no effect."""
    cos_page_size: int = 1_000
    """The most keys that a page of a list has."""
    eb_needs_region: bool = False
    """Whether EventBridge insists on `X-TC-Region`, as the Chinese pages say and the others do not."""
    eb_keeps_id: bool = True
    """Whether an event keeps the `Id` it was given, as the SDKs say; by older pages the bus has its own."""

    def reset(self) -> None:
        """Bring the defaults back."""
        for option in fields(self):
            setattr(self, option.name, option.default)

    def change(self, document: Mapping[str, Any]) -> None:
        """Set options from a JSON object, answers by their codes.

        Raises `ValueError`, naming the option, before anything is changed.
        """
        known = {option.name: option.default for option in fields(self)}
        changes = {name: _value(name, value, known) for name, value in document.items()}
        for name, value in changes.items():
            setattr(self, name, value)


_LEAST: Mapping[str, int] = {
    "call_record_delay": 0,
    "cos_page_size": 1,
    "made_up_callees": 0,
    "max_page_size": 1,
    "pauses_without_effect": 0,
}


def _value(name: str, value: Any, known: Mapping[str, Any]) -> Any:
    if name not in known:
        raise ValueError(f"{name}: is no option; options are {', '.join(known)}")
    default = known[name]
    if isinstance(default, Enum):
        answers = [answer.value for answer in type(default)]
        if value not in answers:
            raise ValueError(f"{name}: one of {', '.join(answers)} is wanted, not {value!r}")
        return type(default)(value)
    if value is None and name == "max_page_size":
        return None
    if type(value) is not type(default):
        raise ValueError(f"{name}: {type(default).__name__} is wanted, not {value!r}")
    if name == "state_after_stop" and value not in range(2, 5):
        raise ValueError(f"{name}: 2 to 4 is wanted, not {value!r}")
    if name in _LEAST and value < _LEAST[name]:
        raise ValueError(f"{name}: at least {_LEAST[name]} is wanted, not {value!r}")
    return value
