"""What a subscriber of an SNS topic reads: of each message the body for the subscriber's protocol. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable

PROTOCOLS = ("email", "sms")


def as_read(messages: Iterable[tuple[str | None, str]], protocol: str) -> str:
    """Return the messages of a topic, each a subject and its bodies as JSON, as a person reads them.

    Source: SNS API Reference, Publish, MessageStructure.
    """
    read = [_read(subject, json.loads(bodies), protocol) for subject, bodies in messages]
    return "\n---\n".join(read) or "Nothing was published."


def _read(subject: str | None, bodies: dict[str, str], protocol: str) -> str:
    body = bodies.get(protocol, bodies["default"]).rstrip("\n")
    return f"Subject: {subject}\n\n{body}" if protocol == "email" else body
