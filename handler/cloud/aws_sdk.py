"""The clients of boto3, with bounded waiting.

By default boto3 waits 60 s for a connection, 60 s for each piece of an answer, and tries five times: that is
longer than a function may run. Retries are left to `handler.cloud.pacing`, which knows the deadline.
Source: boto3.amazonaws.com/v1/documentation/api/latest/guide/retries.html
"""

from __future__ import annotations

import logging
from typing import Any

from handler.cloud.pacing import MOST_THREADS

CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0


def client(service: str, region: str | None, seconds: float) -> Any:
    """Return a client that makes one attempt a call and waits at most `seconds` for each of its steps.

    Without a `region` it is the one that boto3 finds: on Lambda, the function's own.

    Raises `ImportError` where there is no boto3: only Lambda brings it.
    """
    import boto3  # noqa: PLC0415 - 200 ms, and most wake-ups have no use for it
    from botocore.config import Config  # noqa: PLC0415

    logging.getLogger("botocore").setLevel(logging.WARNING)  # at DEBUG it logs signatures, tokens and answers
    longest = max(seconds, 0.1)
    config = Config(
        connect_timeout=min(longest, CONNECT_SECONDS),
        read_timeout=min(longest, READ_SECONDS),
        max_pool_connections=MOST_THREADS,
        retries={"total_max_attempts": 1, "mode": "standard"},
    )
    return boto3.client(service, region_name=region, config=config)
