"""The topic `arn:aws:sns:…`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from handler.cloud.aws_sdk import client
from handler.cloud.pacing import bounded
from handler.errors import CloudError, Meaning
from handler.output.encoding import encoded, size_within_text
from handler.report.for_people import Texts, texts
from handler.report.for_people.mail import MAIL_LIMIT
from handler.report.publishable import Publishable

_RETRYABLE_CODES = (
    "Throttl",
    "InternalError",
    "InternalFailure",
    "ServiceUnavailable",
    "RequestTimeout",
    "KMSThrottling",
)
_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError")
"""What boto3 raises where no role and no person gives it a key."""
_LARGEST = 256 * 1024
"""Bytes of a message: bodies, attributes and subject. Source: SNS API Reference, Publish, Message."""
_BESIDES = 1_024
"""Bytes for the SMS, the subject, the attributes, and the names of the bodies."""

_log = logging.getLogger(__name__)


class Sns:
    """An SNS topic; the region is the one its ARN names."""

    limit = _LARGEST - MAIL_LIMIT - _BESIDES
    """Bytes of a CloudEvent within the JSON of the bodies."""

    per_second = 300
    """The smallest quota of any region. Source: docs.aws.amazon.com/general/latest/gr/sns.html, Publish."""

    def __init__(self, arn: str, seconds: float) -> None:
        self._arn = arn
        try:
            self._client = client("sns", arn.split(":")[3], seconds)
        except ImportError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever boto3 lets out; its text may hold the token
            raise _translated(error) from None

    def split(self, report: Publishable) -> list[dict[str, Any]]:
        """Return a report as CloudEvents, each short enough for one message."""
        return report.events(self.limit, size_within_text)

    def publish(self, event: Mapping[str, Any], report: Publishable, seconds: float) -> None:
        """Publish one CloudEvent, with a text for people who read mails and SMS."""
        request = {"TopicArn": self._arn, **message(event, report)}
        try:
            bounded(lambda: self._client.publish(**request), seconds)
        except Exception as error:  # noqa: BLE001 - whatever boto3 lets out; its text may hold the token
            raise _translated(error) from None

    def look(self, seconds: float) -> None:
        """Read the topic's attributes, which needs the permission `sns:GetTopicAttributes`."""
        try:
            bounded(lambda: self._client.get_topic_attributes(TopicArn=self._arn), seconds)
        except Exception as error:  # noqa: BLE001 - whatever boto3 lets out; its text may hold the token
            raise _translated(error) from None


def message(event: Mapping[str, Any], report: Publishable) -> dict[str, Any]:
    """Return the parameters of Publish for one CloudEvent of a report.

    `default` is for the protocols that are not named: `sqs`, `lambda`, `http`, `https`, `firehose`,
    `application`, and `email-json`, which is for programs. To repeat the CloudEvent for each of them would
    multiply the size of the message, which counts all bodies. Source: SNS API Reference, Publish.

    The report's attributes are message attributes, so that a subscriber can filter. Of a report in parts, the
    parts after the first have the attribute `part`, which has nothing for a person.
    """
    part = event["data"].get("part")
    attributes = report.attributes | ({"part": str(part["number"])} if part and part["number"] > 1 else {})
    people = _for_people(report, part)
    bodies = {"email": people.email, "sms": people.sms} if people else {}
    return {
        "Subject": people.subject if people else "Callout quiet hours",
        "MessageStructure": "json",
        "Message": encoded({"default": encoded(event).decode(), **bodies}).decode(),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    }


def _for_people(report: Publishable, part: Mapping[str, Any] | None) -> Texts | None:
    """Return the texts for people, `None` where they cannot be written."""
    try:
        return texts(report, part)
    except Exception:  # noqa: BLE001 - whatever it is, programs must get the event
        _log.exception("no text for people could be written")
        return None


def _translated(error: Exception) -> CloudError:
    """Return the error of boto3 as one of ours; without a `response` it never got an answer."""
    answer = getattr(error, "response", None)
    if not isinstance(answer, dict):
        final = type(error).__name__ in _NO_CREDENTIALS
        meaning = Meaning.HALT if final else Meaning.RETRY
        return CloudError(type(error).__name__, str(error), meaning=meaning)
    code = str(answer.get("Error", {}).get("Code", "Unknown"))
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return CloudError(
        code,
        str(answer.get("Error", {}).get("Message", "")),
        answer.get("ResponseMetadata", {}).get("RequestId"),
        meaning=_meaning(code, status),
    )


def _meaning(code: str, status: int) -> Meaning:
    if code.startswith(_RETRYABLE_CODES) or status >= 500 or status == 429:  # noqa: PLR2004
        return Meaning.RETRY
    return Meaning.OBJECT if code.startswith("InvalidParameter") else Meaning.HALT
