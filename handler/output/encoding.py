"""JSON as it leaves the function: UTF-8 without spaces, and cut where a transport limits its size. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

LINE_LIMIT = 7_900
"""Bytes of one line of standard output. CLS cuts a line at 8 KB, cloud.tencent.com/document/product/614."""


def encoded(value: Any) -> bytes:
    """Return the JSON of a value as it is sent. Half of a surrogate pair is written as its escape."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(
        "utf-8", "backslashreplace"
    )


def size(value: Any) -> int:
    """Return how many bytes the JSON of a value has."""
    return len(encoded(value))


def size_within_text(value: Any) -> int:
    """Return how many bytes the JSON of a value has where it is itself a text in JSON, quotes not counted.

    Every quote and every backslash gets a backslash; the JSON has no other character to escape.
    """
    text = encoded(value)
    return len(text) + text.count(b'"') + text.count(b"\\")


def slices(text: str, space: int, measure: Callable[[Any], int] = size) -> Iterator[str]:
    """Return consecutive pieces of a text, each at most `space` bytes as JSON, quotes not counted.

    A piece has at least one character, whatever `space` is. `measure` is `size` or `size_within_text`.
    """
    start, quotes = 0, measure("")
    while start < len(text):
        length = max(1, space)
        while length > 1 and measure(text[start : start + length]) - quotes > space:
            length //= 2
        yield text[start : start + length]
        start += length
