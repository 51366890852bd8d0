"""Exit codes and wrong use, alike for every command."""

from __future__ import annotations

from datetime import datetime

OK, NOT_DONE, WRONG_USE = 0, 1, 2


class UsageError(Exception):
    """What was asked cannot be done as asked; the message says what is wanted."""


def instant(option: str, text: str) -> datetime:
    """Read an instant that an option gives. Raises `UsageError` for what is none, or has no offset."""
    try:
        at = datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        raise UsageError(
            f"{option} {text!r} is no time; wanted is one such as 2026-11-24T03:00:00+08:00"
        ) from None
    if at.tzinfo is None:
        raise UsageError(f"{option} {text!r} has no offset; write one, such as {text}+08:00 or {text}Z")
    return at
