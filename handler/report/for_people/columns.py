"""Text of any origin in lines and columns, for a reader with a fixed-width font. Pure."""

from collections.abc import Sequence
from itertools import accumulate
from unicodedata import combining, east_asian_width

_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"


def one_line(text: str, most: int) -> str:
    """Return a text on one line, at most `most` columns wide, with an ellipsis for what is left out.

    Runs of white space become one space, control characters and marks that turn the writing round a sign.
    """
    words = " ".join(text[: 4 * most].split())  # a text may have a megabyte
    line = "".join(each if each.isprintable() else _UNPRINTABLE for each in words)
    shown = line if len(text) <= 4 * most else line + "…"
    return shown if width(shown) <= most else _beginning(shown, most - 1) + "…"


def width(text: str) -> int:
    """Return how many columns a text takes: two for a Chinese character, none for a combining mark."""
    return len(text) if text.isascii() else sum(map(_width, text))


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of cells as lines whose columns are aligned."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell + " " * (most - width(cell)) for cell, most in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _width(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def _beginning(text: str, most: int) -> str:
    return text[: sum(1 for end in accumulate(map(_width, text)) if end <= most)]
