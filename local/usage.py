"""What all commands have in common: exit codes, wrong use, and how files and times are read."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from handler.cloud.pacing import Backoff, Clock
from handler.errors.sentences import shortened
from handler.policy.json_document import parse_json

OK, NOT_DONE, WRONG_USE, INCOMPLETE = range(4)
IMPATIENT = Backoff(attempts=100, wait_max=1.0, unanswered_seconds=9.0)
"""A person waits: an endpoint that never answers is given up then, not after a minute."""
_LONGEST_COMPLAINT = 6_000
_LARGEST_FILE = 20_000_000
"""Bytes; no platform hands over more than 6 MB."""


class UsageError(Exception):
    """What was asked cannot be done as asked; the message says what is wanted."""


def complain(what: object, code: int) -> int:
    """Print what is wrong to standard error, and return the exit code."""
    print(f"quiet-hours: {shortened(str(what), _LONGEST_COMPLAINT)}", file=sys.stderr)
    return code


def add_command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    summary: str,
    description: str,
) -> argparse.ArgumentParser:
    """Add a command that prints for people, or one document for other programs."""
    command = commands.add_parser(name, help=summary, description=description)
    command.add_argument("--json", action="store_true", help="one document for other programs")
    command.set_defaults(command=run)
    return command


def instant(option: str, text: str, wanted: str = "one such as") -> datetime:
    """Read an instant that an option gives. Raises `UsageError` for what is none, or has no offset."""
    try:
        at = datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        raise UsageError(
            f"{option} {text!r} is no time; wanted is {wanted} 2026-11-24T03:00:00+08:00"
        ) from None
    if at.tzinfo is None:
        raise UsageError(
            f"{option} {text!r} has no offset; write one, such as {at.isoformat()}+08:00 or {at.isoformat()}Z"
        )
    return at


def clock_from(at: str | None) -> Clock:
    """Return the clock, or one that starts at the time pretended and runs on from there."""
    if at is None:
        return Clock()
    start = instant("--at", at)
    real = Clock()
    started = real.monotonic()

    def now() -> datetime:
        try:
            return start + timedelta(seconds=real.monotonic() - started)
        except OverflowError:  # at the end of year 9999 time stands still
            return start

    return Clock(now=now)


def read_json(path: str) -> Any:
    """Read a file of JSON. Raises `UsageError`."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise ValueError(f"it is longer than {_LARGEST_FILE:,} bytes")
        text = content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UsageError(f"{path} cannot be read: {reason}") from None
    try:
        return parse_json(text)
    except ValueError as error:
        raise UsageError(f"{path} is {error}") from None


def has_settings() -> bool:
    """Return whether a person has set anything of the function's, in the environment or in `.env`.

    Credentials alone do not count: many have them exported for other tools.
    """
    if any(name.upper().startswith("CALLOUT_") and value for name, value in os.environ.items()):
        return True
    from dotenv import dotenv_values  # noqa: PLC0415

    try:
        values = dotenv_values(".env")
    except (OSError, ValueError) as error:
        raise UsageError(f".env cannot be read: {error}") from None
    return any(name.upper().startswith("CALLOUT_") and value for name, value in values.items())
