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
    """How many pauses are accepted although the task goes on."""
    cmq_needs_region: bool = False
    """Whether TDMQ insists on `X-TC-Region`, as its newer pages say and its older ones do not."""
    cmq_result: bool = True
    """What PublishCmqMsg answers in `Result`; a message answered with false is not published."""
    cmq_creates_topics: bool = False
    """Whether publishing to an unknown topic creates it, in place of ResourceNotFound."""
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


_LEAST: Mapping[str, int] = {"max_page_size": 1, "pauses_without_effect": 0}


def _value(name: str, value: Any, known: Mapping[str, Any]) -> Any:
    if name not in known:
        raise ValueError(f"{name}: is no option; options are {', '.join(known)}")
    default = known[name]
    if isinstance(default, Answer):
        answers = [answer.value for answer in Answer]
        if value not in answers:
            raise ValueError(f"{name}: one of {', '.join(answers)} is wanted, not {value!r}")
        return Answer(value)
    if value is None and name == "max_page_size":
        return None
    if type(value) is not type(default):
        raise ValueError(f"{name}: {type(default).__name__} is wanted, not {value!r}")
    if name == "state_after_stop" and value not in range(2, 5):
        raise ValueError(f"{name}: 2 to 4 is wanted, not {value!r}")
    if name in _LEAST and value < _LEAST[name]:
        raise ValueError(f"{name}: at least {_LEAST[name]} is wanted, not {value!r}")
    return value
