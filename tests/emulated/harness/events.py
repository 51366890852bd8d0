"""Events of the platforms with the least that the function reads of them."""

from __future__ import annotations

import json
from typing import Any


def sqs(*bodies: Any) -> dict[str, Any]:
    """Return an event of SQS with a message for each body."""
    return {
        "Records": [
            {"messageId": f"m{number}", "eventSource": "aws:sqs", "body": json.dumps(body)}
            for number, body in enumerate(bodies)
        ]
    }


def kafka(body: Any) -> dict[str, Any]:
    """Return an event of CKafka with one message."""
    record = {"topic": "t", "partition": 1, "offset": 36, "msgBody": json.dumps(body)}
    return {"Records": [{"Ckafka": record}]}


def timer(body: Any) -> dict[str, Any]:
    """Return an event of SCF's timer with this argument."""
    return {"Type": "Timer", "TriggerName": "t", "Message": json.dumps(body)}
