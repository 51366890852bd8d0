"""The triggers of AWS Lambda: EventBridge rule and Scheduler, SQS, SNS, SNS inside SQS. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from handler.triggers.delivery import Delivery, Message, OnFailure


def sqs(event: Mapping[str, Any]) -> Delivery | None:
    """Give the messages of an SQS batch; a body that is an SNS envelope is unwrapped.

    Failed ones are told by id, `ReportBatchItemFailures`.
    Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS".
    """
    records = _records(event, "eventSource", "aws:sqs")
    if records is None:
        return None
    messages = []
    for record in records:
        if not isinstance(record.get("messageId"), str):
            return None  # its fate could not be told
        messages.append(Message(record["messageId"], _inside_sns(record.get("body")), again=_again(record)))
    return Delivery("sqs", tuple(messages), OnFailure.RETURN_IDS)


def sns(event: Mapping[str, Any]) -> Delivery | None:
    """Give the message of an SNS notification.

    Source: AWS Lambda Developer Guide, "Invoking Lambda functions with Amazon SNS notifications".
    """
    records = _records(event, "EventSource", "aws:sns")
    if records is None:
        return None
    messages = []
    for record in records:
        envelope = record.get("Sns")
        if not isinstance(envelope, Mapping):
            return None
        messages.append(Message(str(envelope.get("MessageId", "")), envelope.get("Message")))
    return Delivery("sns", tuple(messages))


def eventbridge(event: Mapping[str, Any]) -> Delivery | None:
    """Give the message of an EventBridge event: a schedule asks for everything, others for their detail.

    A rule's `detail` is an object; Scheduler without an input sends the text `"{}"`.
    Source: EventBridge User Guide, "Events"; Scheduler User Guide, "Templated targets".
    """
    if not isinstance(event.get("detail-type"), str) or not isinstance(event.get("source"), str):
        return None
    detail = event.get("detail")
    if not isinstance(detail, (Mapping, str)):
        return None
    name = "schedule" if event["detail-type"] == "Scheduled Event" else "eventbridge"
    return Delivery(name, (Message(str(event.get("id", "")), detail or {}),))


def _records(event: Mapping[str, Any], key: str, source: str) -> list[Mapping[str, Any]] | None:
    records = event.get("Records")
    if not isinstance(records, list) or not records:
        return None
    if all(isinstance(record, Mapping) and record.get(key) == source for record in records):
        return records
    return None


def _again(record: Mapping[str, Any]) -> bool:
    attributes = record.get("attributes")
    count = attributes.get("ApproximateReceiveCount") if isinstance(attributes, Mapping) else None
    return str(count).isdecimal() and int(str(count)) > 1


def _inside_sns(body: Any) -> Any:
    """Give what an SNS envelope in `body` carries, or `body` itself when it is none."""
    if not isinstance(body, str) or '"Notification"' not in body:
        return body
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(envelope, dict) or envelope.get("Type") != "Notification" or "TopicArn" not in envelope:
        return body
    return envelope.get("Message")
