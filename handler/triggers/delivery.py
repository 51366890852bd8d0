"""A trigger event as messages, and how the trigger learns of their results. Pure."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

from handler.errors import UnfinishedError
from handler.errors.sentences import given
from handler.report.report import bounded

LONGEST = 1_000_000
"""Bytes of a message as UTF-8: 1 MB, which is what the queues carry as well."""
_LONGEST_ID = 200
"""Characters of an id that an answer repeats; those of SQS have 36."""


class Fate(Enum):
    """What the trigger has to know of one message."""

    DONE = "done"
    REJECTED = "rejected"
    RETRY = "retry"
    FOUND_ERRORS = "a check that was carried out and published, and found errors"


class OnFailure(Enum):
    """How a trigger learns of a failure: the rows of docs/decisions/0004-failure-by-trigger.md."""

    RETURN_IDS = "SQS: the ids of the failed and rejected messages, in batchItemFailures"
    RAISE = "asynchronous triggers: raise, and the platform tries again, then keeps the event aside"
    RAISE_TO_RETRY = "CKafka: raise only if trying again can help, since it blocks the partition"


class Message(NamedTuple):
    """One unit of work. `body` is JSON text or what the platform parsed from it, as it came.

    `unique` is set where the id alone identifies the message across invocations, and `first` where the
    trigger says that it has not delivered the message before. `fault` says why a `record` of the event holds
    no message; such a record is rejected by itself.
    """

    id: str
    body: Any
    unique: bool = False
    first: bool = False
    fault: str | None = None
    record: Any = None

    @property
    def can_be_named(self) -> bool:
        """Whether an answer can repeat the id so that its trigger recognises it."""
        return 0 < len(self.id) <= _LONGEST_ID and self.id.isprintable()


class Delivery(NamedTuple):
    """The messages of one trigger event. `trigger` is the trigger's name in reports."""

    trigger: str
    messages: tuple[Message, ...]
    on_failure: OnFailure = OnFailure.RAISE

    @property
    def is_timer(self) -> bool:
        """Whether the trigger comes by itself, so that one is sure to come before quiet hours begin."""
        return self.trigger in {"timer", "schedule"}

    @property
    def holds_any(self) -> bool:
        """Whether any record holds a message."""
        return any(message.fault is None for message in self.messages)

    def answer(
        self, fates: Sequence[tuple[Message, Fate]], report: Mapping[str, Any], summary: str
    ) -> dict[str, Any]:
        """Return what the function returns to its trigger, or raise `UnfinishedError`.

        `fates` has each message with its own; `report` is the notification's data, which a trigger that
        reads no answer at least logs, and `summary` says in a line what failed.
        """
        if self.on_failure is OnFailure.RETURN_IDS:
            failed = [message for message, fate in fates if fate in {Fate.RETRY, Fate.REJECTED}]
            if all(message.can_be_named for message in failed):
                ids = dict.fromkeys(message.id for message in failed)
                return {"batchItemFailures": [{"itemIdentifier": each} for each in ids]}
            raise UnfinishedError(f"a message without a usable id. {summary}")
        told = {Fate.RETRY} if self.on_failure is OnFailure.RAISE_TO_RETRY else set(Fate) - {Fate.DONE}
        if any(fate in told for _, fate in fates):
            raise UnfinishedError(summary)
        return bounded(report)


def text_of(value: Any) -> str:
    """Return a part of a message's id as text; `?` for what is neither a text nor a number."""
    if isinstance(value, str):
        return value
    is_number = isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 64  # noqa: PLR2004
    return str(value) if is_number else "?"


def not_a_record(wanted: str, record: Any, message_id: str = "") -> Message:
    """Return the message for a record that holds none: it is rejected by itself, and reported as it came."""
    return Message(message_id, None, fault=f"{wanted}, not {given(record)}", record=record)
