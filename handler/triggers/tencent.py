"""The triggers of Tencent SCF: timer, CMQ topic, CKafka, EventBridge; and the plain invocation. Pure.

The documents disagree on spelling and type in places (`Partition` and `partition`, `subject` and
`subjuect`): only the fields in use are asked for, and either form is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handler.triggers.delivery import Delivery, Message, OnFailure, not_a_record, text_of

KEYS = frozenset({"action", "tasks", "dry_run", "force", "from", "to"})
"""The keys of a request, by which an event that is one is known; a test holds them against the request."""


def timer(event: Mapping[str, Any]) -> Delivery | None:
    """Return the message of an SCF timer; none, or an empty one, asks for every task of the policy.

    Source: Tencent Cloud document 583/9708.
    """
    if event.get("Type") != "Timer" or "TriggerName" not in event:
        return None
    message = event.get("Message")
    if message is None or (isinstance(message, str) and not message.strip()):
        message = {}
    name = f"{text_of(event['TriggerName'])}@{text_of(event.get('Time', ''))}"
    return Delivery("timer", (Message(name, message),))


def ckafka(event: Mapping[str, Any]) -> Delivery | None:
    """Return the messages of a CKafka batch. Synchronous: a raise brings the whole batch again.

    Source: Tencent Cloud documents 583/17530 and 583/31439.
    """
    records = _records(event, "Ckafka")
    if records is None:
        return None
    messages = tuple(_of_partition(record) for record in records)
    return Delivery("ckafka", messages, OnFailure.RAISE_TO_RETRY)


def cmq(event: Mapping[str, Any]) -> Delivery | None:
    """Return the messages of a CMQ topic's push. Source: Tencent Cloud document 583/11517."""
    records = _records(event, "CMQ")
    return None if records is None else Delivery("cmq", tuple(_of_topic(record) for record in records))


def eventbridge(event: Mapping[str, Any]) -> Delivery | None:
    """Return the messages that Tencent EventBridge pushes: one bare envelope, or many in `EventList`.

    A connector's event holds the message as text in `data.msgBody`; an event of one's own, put with
    `PutEvents`, holds the request as `data`. Source: Tencent Cloud documents 1108/54944 and 1108/42277.
    """
    envelopes = event.get("EventList", [event])
    if not isinstance(envelopes, list):
        return None
    delivery = Delivery("tencent-eventbridge", tuple(_of_bus(envelope) for envelope in envelopes))
    return delivery if delivery.holds_any else None


def invocation(event: Mapping[str, Any]) -> Delivery | None:
    """Return the message of an invocation whose event is the request itself.

    So do the cloud's own `Invoke`, EventBridge Scheduler with an input, and a rule with an input.
    """
    if event and not KEYS & event.keys():
        return None
    return Delivery("invocation", (Message("", event),))


def _records(event: Mapping[str, Any], key: str) -> list[Any] | None:
    """Return the records of an event if any of them has the key.

    One that has not, in a batch of such records, is then rejected by itself and does not hold up the others.
    """
    records = event.get("Records")
    if not isinstance(records, list):
        return None
    return records if any(isinstance(record, Mapping) and key in record for record in records) else None


def _of_partition(record: Any) -> Message:
    inner = record.get("Ckafka") if isinstance(record, Mapping) else None
    if not isinstance(inner, Mapping):
        return not_a_record("a record with an object Ckafka is wanted", record)
    offset = inner.get("offset", "?")
    parts = (inner.get("topic", "?"), inner.get("partition", inner.get("Partition", "?")), offset)
    where = "/".join(map(text_of, parts))
    if inner.get("msgBody") is None:
        return not_a_record("Ckafka.msgBody is wanted", record, where)
    return Message(where, inner["msgBody"], unique=text_of(offset).isdecimal())


def _of_topic(record: Any) -> Message:
    inner = record.get("CMQ") if isinstance(record, Mapping) else None
    if not isinstance(inner, Mapping):
        return not_a_record("a record with an object CMQ is wanted", record)
    message_id = text_of(inner.get("msgId", ""))
    if inner.get("msgBody") is None:
        return not_a_record("CMQ.msgBody is wanted", record, message_id)
    return Message(message_id, inner["msgBody"])


def _of_bus(envelope: Any) -> Message:
    if not isinstance(envelope, Mapping) or not {"specversion", "type", "source"} <= envelope.keys():
        return not_a_record("an event with specversion, type and source is wanted", envelope)
    data = envelope.get("data")
    body = data.get("msgBody", data) if isinstance(data, Mapping) else data
    return Message(text_of(envelope.get("id", "")), body)
