"""A trigger event becomes a `Delivery`, whichever cloud it came from. Pure.

How a platform packs messages, and how it learns of a failure, belongs here. An envelope is read tolerantly:
only the fields in use are required. What a message asks for belongs in `handler.messages`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from handler.errors import RejectedError
from handler.triggers import aws, tencent
from handler.triggers.delivery import Delivery, Fate, Message, OnFailure

__all__ = ["Delivery", "Fate", "Message", "OnFailure", "read"]

_UNDERSTOOD: tuple[tuple[str, Callable[[Mapping[str, Any]], Delivery | None]], ...] = (
    ("SCF timer (Type, TriggerName, Message)", tencent.timer),
    ("SCF CKafka (Records[].Ckafka.msgBody)", tencent.ckafka),
    ("SCF CMQ topic (Records[].CMQ.msgBody)", tencent.cmq),
    ("Tencent EventBridge, one or many (data, or EventList[].data)", tencent.eventbridge),
    ("SQS, also with SNS inside (Records[].eventSource aws:sqs)", aws.sqs),
    ("SNS (Records[].EventSource aws:sns)", aws.sns),
    ("EventBridge rule or Scheduler (detail-type, source, detail)", aws.eventbridge),
    ("a plain invocation, the request itself (action, tasks, dry_run)", tencent.invocation),
)


def read(event: Any) -> Delivery:
    """Return the messages of a trigger event.

    Raises `RejectedError`, naming what was seen and what is understood, for any other event.
    """
    try:
        deliveries = _deliveries(event) if isinstance(event, Mapping) else []
        if deliveries:  # of a batch with a record that looks like another trigger's, the good ones decide
            return next((each for each in deliveries if each.holds_any), deliveries[0])
        seen = _seen(event)
    except (RecursionError, ValueError) as error:  # a name or number that no text can be made of
        seen = f"an object that cannot be read: {error}"
    understood = "; ".join(name for name, _ in _UNDERSTOOD)
    raise RejectedError([f"this event is not understood: {seen}. Understood are: {understood}"])


def _deliveries(event: Mapping[str, Any]) -> list[Delivery]:
    found = (reader(event) for _, reader in _UNDERSTOOD)
    return [delivery for delivery in found if delivery is not None]


def _seen(event: Any) -> str:
    if not isinstance(event, Mapping):
        return f"a {type(event).__name__}, where an object is wanted"
    keys = ", ".join(repr(str(key))[:60] for key in list(event)[:8]) or "none"
    records = event.get("Records")
    if not isinstance(records, list):
        return f"an object with the keys {keys}"
    if not records:
        return "an object whose Records are empty"
    kinds = sorted({_kind(record) for record in records})
    return f"an object whose Records are {' and '.join(kinds[:3])}"


def _kind(record: Any) -> str:
    if not isinstance(record, Mapping):
        return f"of type {type(record).__name__}"
    source = record.get("eventSource", record.get("EventSource"))
    return (
        f"from {str(source)[:60]!r}" if source else f"with the keys {[str(key)[:40] for key in record][:5]}"
    )
