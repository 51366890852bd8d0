"""The topic `arn:aws:sns:…`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handler.cloud.aws_sdk import client
from handler.cloud.pacing import bounded
from handler.errors import CloudError, Meaning
from handler.output.encoding import encoded

_RETRYABLE_CODES = (
    "Throttl",
    "InternalError",
    "InternalFailure",
    "ServiceUnavailable",
    "RequestTimeout",
    "KMSThrottling",
)
_SUBJECT_LIMIT = 100
"""Characters, ASCII, without control characters. Source: SNS API Reference, Publish, Subject."""


class Sns:
    """An SNS topic; the region is the one its ARN names."""

    limit = 255 * 1024
    """SNS takes 256 KiB, attributes included. Source: SNS API Reference, Publish, Message."""

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

    def publish(self, event: Mapping[str, Any], attributes: Mapping[str, str], seconds: float) -> None:
        """Publish one CloudEvent, its attributes as message attributes, so that subscribers can filter."""
        message = {
            "TopicArn": self._arn,
            "Subject": _subject(event["data"]["text"]),
            "Message": encoded(event).decode(),
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        }
        try:
            bounded(lambda: self._client.publish(**message), seconds)
        except Exception as error:  # noqa: BLE001 - whatever boto3 lets out; its text may hold the token
            raise _translated(error) from None

    def look(self, seconds: float) -> None:
        """Read the topic's attributes, which needs the permission `sns:GetTopicAttributes`."""
        try:
            bounded(lambda: self._client.get_topic_attributes(TopicArn=self._arn), seconds)
        except Exception as error:  # noqa: BLE001 - whatever boto3 lets out; its text may hold the token
            raise _translated(error) from None


def _subject(text: str) -> str:
    plain = " ".join(text.encode("ascii", "replace").decode().split())
    plain = "".join(character for character in plain if character.isprintable()) or "Callout quiet hours"
    return plain if len(plain) <= _SUBJECT_LIMIT else plain[: _SUBJECT_LIMIT - 3] + "..."


def _translated(error: Exception) -> CloudError:
    """Return the error of boto3 as one of ours; without a `response` it never got an answer."""
    answer = getattr(error, "response", None)
    if not isinstance(answer, dict):
        return CloudError(type(error).__name__, str(error), meaning=Meaning.RETRY)
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
