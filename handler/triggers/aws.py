"""The triggers of AWS Lambda: EventBridge rule and Scheduler, SQS, SNS, SNS inside SQS. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from handler.triggers.delivery import LONGEST, Delivery, Message, OnFailure, not_a_record, text_of


def sqs(event: Mapping[str, Any]) -> Delivery | None:
    """Return the messages of an SQS batch; a body that is an SNS envelope is unwrapped.

    Failures are reported by id, `ReportBatchItemFailures`. A record without an id is rejected by itself.
    Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS".
    """
    records = _records(event, "eventSource", "aws:sqs")
    if records is None:
        return None
    messages = [_of_queue(record) for record in records]
    if all(message.fault and not message.id for message in messages):
        return None
    return Delivery("sqs", tuple(messages), OnFailure.RETURN_IDS)


def sns(event: Mapping[str, Any]) -> Delivery | None:
    """Return the message of an SNS notification.

    Source: AWS Lambda Developer Guide, "Invoking Lambda functions with Amazon SNS notifications".
    """
    records = _records(event, "EventSource", "aws:sns")
    if records is None:
        return None
    delivery = Delivery("sns", tuple(_of_notification(record) for record in records))
    return delivery if delivery.holds_any else None


def eventbridge(event: Mapping[str, Any]) -> Delivery | None:
    """Return the message of an EventBridge event: a schedule asks for everything, others for their detail.

    A rule's `detail` is an object; Scheduler without an input sends the text `"{}"`.
    Source: EventBridge User Guide, "Events"; Scheduler User Guide, "Templated targets".
    """
    if not isinstance(event.get("detail-type"), str) or not isinstance(event.get("source"), str):
        return None
    detail = event.get("detail")
    if not isinstance(detail, (Mapping, str)):
        return None
    name = "schedule" if event["detail-type"] == "Scheduled Event" else "eventbridge"
    return Delivery(name, (Message(text_of(event.get("id", "")), detail or {}),))


def _records(event: Mapping[str, Any], key: str, source: str) -> list[Any] | None:
    """Return the records of an event if any of them is from `source`."""
    records = event.get("Records")
    if not isinstance(records, list):
        return None
    found = any(isinstance(record, Mapping) and record.get(key) == source for record in records)
    return records if found else None


def _of_queue(record: Any) -> Message:
    message_id = record.get("messageId") if isinstance(record, Mapping) else None
    if not isinstance(message_id, str) or not message_id:
        return not_a_record("a record of SQS with a messageId is wanted", record)
    if record.get("eventSource") != "aws:sqs" or "body" not in record:
        return not_a_record("a record of SQS with a body is wanted", record, message_id)
    return Message(message_id, _inside_sns(record["body"]), unique=True, first=not _again(record))


def _again(record: Mapping[str, Any]) -> bool:
    attributes = record.get("attributes")
    count = text_of(attributes.get("ApproximateReceiveCount")) if isinstance(attributes, Mapping) else ""
    return count.isdecimal() and count.lstrip("0") not in {"", "1"}


def _of_notification(record: Any) -> Message:
    envelope = record.get("Sns") if isinstance(record, Mapping) else None
    if not isinstance(envelope, Mapping):
        return not_a_record("a record of SNS with an object Sns is wanted", record)
    return Message(text_of(envelope.get("MessageId", "")), envelope.get("Message"))


def _inside_sns(body: Any) -> Any:
    """Return what an SNS envelope in `body` carries, or `body` itself when it is none."""
    if not isinstance(body, str) or '"Notification"' not in body or len(body) > _LONGEST_ENVELOPE:
        return body
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(envelope, dict) or envelope.get("Type") != "Notification" or "TopicArn" not in envelope:
        return body
    return envelope.get("Message")


_LONGEST_ENVELOPE = 7 * LONGEST
"""Characters, of which escaping may take six for each of a message's. Anything longer is no envelope."""
