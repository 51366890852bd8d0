"""The triggers of Tencent SCF: timer, CMQ topic, CKafka, EventBridge; and the plain invocation. Pure.

The documents disagree on spelling and type in places (`Partition` and `partition`, `subject` and
`subjuect`): only the fields in use are asked for, and either form is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handler.request import KEYS
from handler.triggers.delivery import Delivery, Message, OnFailure


def timer(event: Mapping[str, Any]) -> Delivery | None:
    """Give the message of an SCF timer; none, or an empty one, asks for every task of the policy.

    Source: Tencent Cloud document 583/9708.
    """
    if event.get("Type") != "Timer" or "TriggerName" not in event:
        return None
    message = event.get("Message")
    if message is None or (isinstance(message, str) and not message.strip()):
        message = {}
    return Delivery("timer", (Message(f"{event['TriggerName']}@{event.get('Time', '')}", message),))


def ckafka(event: Mapping[str, Any]) -> Delivery | None:
    """Give the messages of a CKafka batch. Synchronous: a raise brings the whole batch again.

    Source: Tencent Cloud documents 583/17530 and 583/31439.
    """
    records = _records(event, "Ckafka")
    if records is None:
        return None
    messages = []
    for record in records:
        partition = record.get("partition", record.get("Partition", "?"))
        where = f"{record.get('topic', '?')}/{partition}/{record.get('offset', '?')}"
        messages.append(Message(where, record.get("msgBody"), unique=isinstance(record.get("offset"), int)))
    return Delivery("ckafka", tuple(messages), OnFailure.RAISE_TO_RETRY)


def cmq(event: Mapping[str, Any]) -> Delivery | None:
    """Give the messages of a CMQ topic's push. Source: Tencent Cloud document 583/11517."""
    records = _records(event, "CMQ")
    if records is None:
        return None
    messages = [Message(str(record.get("msgId", "")), record.get("msgBody")) for record in records]
    return Delivery("cmq", tuple(messages))


def eventbridge(event: Mapping[str, Any]) -> Delivery | None:
    """Give the messages that Tencent EventBridge pushes: one bare envelope, or many in `EventList`.

    A connector's event holds the message as text in `data.msgBody`; an event of one's own, put with
    `PutEvents`, holds the request as `data`. Source: Tencent Cloud documents 1108/54944 and 1108/42277.
    """
    envelopes = event.get("EventList", [event])
    if not isinstance(envelopes, list) or not envelopes:
        return None
    messages = []
    for envelope in envelopes:
        if not isinstance(envelope, Mapping) or not {"specversion", "type", "source"} <= envelope.keys():
            return None
        data = envelope.get("data")
        body = data.get("msgBody", data) if isinstance(data, Mapping) else data
        messages.append(Message(str(envelope.get("id", "")), body))
    return Delivery("tencent-eventbridge", tuple(messages))


def invocation(event: Mapping[str, Any]) -> Delivery | None:
    """Give the message of an invocation whose event is the request itself.

    So do the cloud's own `Invoke`, EventBridge Scheduler with an input, and a rule with an input.
    """
    if event and not KEYS & event.keys():
        return None
    return Delivery("invocation", (Message("", event),))


def _records(event: Mapping[str, Any], key: str) -> list[Mapping[str, Any]] | None:
    """Give what stands under `key` in each record, if the first one has it.

    A record without it, in a batch of records with it, becomes an empty one: it is then rejected by
    itself and does not hold up the others.
    """
    records = event.get("Records")
    if not isinstance(records, list) or not records:
        return None
    inner = [record.get(key) if isinstance(record, Mapping) else None for record in records]
    if not isinstance(inner[0], Mapping):
        return None
    return [record if isinstance(record, Mapping) else {} for record in inner]
