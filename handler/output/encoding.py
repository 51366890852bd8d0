"""JSON as it leaves the function: UTF-8 without spaces, and cut where a transport limits its size. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

LINE_LIMIT = 7_900
"""Bytes of one line of standard output. CLS cuts a line at 8 KB, cloud.tencent.com/document/product/614."""


def encoded(value: Any) -> bytes:
    """Return the JSON of a value as it is sent. Half of a surrogate pair is written as its escape."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(
        "utf-8", "backslashreplace"
    )


def slices(text: str, space: int) -> Iterator[str]:
    """Return consecutive pieces of a text, each at most `space` bytes as JSON, quotes not counted.

    A piece has at least one character, whatever `space` is.
    """
    start = 0
    while start < len(text):
        size = max(1, space)
        while size > 1 and len(encoded(text[start : start + size])) - 2 > space:
            size //= 2
        yield text[start : start + size]
        start += size
