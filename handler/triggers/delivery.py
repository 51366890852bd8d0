"""What a trigger event is to the rest: messages, and the way their fates are told to the trigger. Pure."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

from handler.errors import UnfinishedError


class Fate(Enum):
    """What the trigger has to know of one message."""

    DONE = "done"
    REJECTED = "rejected"
    RETRY = "retry"


class OnFailure(Enum):
    """How failure is told to a trigger; the contract's table, row by row."""

    RETURN_IDS = "SQS: the ids of the failed and rejected messages, in batchItemFailures"
    RAISE = "asynchronous triggers: raise, and the platform tries again, then keeps the event aside"
    RAISE_TO_RETRY = "CKafka: raise only if trying again can help, since it blocks the partition"


class Message(NamedTuple):
    """One unit of work. `body` is JSON text or what the platform parsed from it, as it came.

    `again` says that the trigger has delivered it before. `unique` is set where the id alone tells one
    message from all others, whichever invocation it comes in.
    """

    id: str
    body: Any
    again: bool = False
    unique: bool = False


class Delivery(NamedTuple):
    """The messages of one trigger event. `trigger` is the trigger's name in reports."""

    trigger: str
    messages: tuple[Message, ...]
    on_failure: OnFailure = OnFailure.RAISE

    def answer(self, fates: Sequence[Fate], report: Mapping[str, Any]) -> dict[str, Any]:
        """Give what the function returns to its trigger, one fate a message, or raise `UnfinishedError`.

        `report` is the notification's data, which a trigger that reads no answer at least logs.
        """
        if self.on_failure is OnFailure.RETURN_IDS:
            failed = [
                message.id
                for message, fate in zip(self.messages, fates, strict=True)
                if fate is not Fate.DONE
            ]
            return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
        told = {Fate.RETRY} if self.on_failure is OnFailure.RAISE_TO_RETRY else {Fate.RETRY, Fate.REJECTED}
        if told & set(fates):
            raise UnfinishedError(_in_a_line(report))
        return dict(report)


def _in_a_line(report: Mapping[str, Any]) -> str:
    reasons = [error["message"] for error in report["errors"]]
    reasons += [
        f"task {task['task_id'] or task['name']} {task['outcome']}"
        + (f" ({task['error']['code']}: {task['error']['message']})" if task["error"] else "")
        for task in report["tasks"]
        if task["outcome"] in {"failed", "deferred"}
    ]
    shown = reasons[:5] + ([f"and {len(reasons) - 5} more"] if len(reasons) > 5 else [])  # noqa: PLR2004
    return f"{report['status']}: " + "; ".join(shown)
