"""Where the policy is read from: a file, a variable that holds it, or the two variables of a short one."""

from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from handler.cloud.pacing import bounded
from handler.errors import ConfigurationError
from handler.errors.sentences import More, problems
from handler.policy.document import LONGEST, parse_document
from handler.policy.entries import DEFAULT
from handler.policy.model import Policy, read_policy
from handler.quiet_hours import QuietHours


def read(
    address: str | None, intervals: str | None = None, time_zone: str | None = None, seconds: float = 10.0
) -> Policy:
    """Return the policy of the settings: at an address, else of intervals.

    Raises `ConfigurationError`.
    """
    return load(address, seconds) if address else from_intervals(intervals or "", time_zone)


def load(address: str, seconds: float = 10.0) -> Policy:
    """Return the policy that `CALLOUT_POLICY` holds: a path, or the JSON itself.

    Reading a file takes at most `seconds`: one on a file system of the network may stall, and one that is a
    pipe waits for a writer. Raises `ConfigurationError`.
    """
    inline = address.lstrip("\ufeff \t\r\n").startswith("{")
    source = "policy in CALLOUT_POLICY" if inline else f"policy {address}"
    try:
        text = address.lstrip("\ufeff") if inline else bounded(partial(_read, address), seconds)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path, or no UTF-8 in the file
        reason = getattr(error, "strerror", None) or str(error)  # a TimeoutError is an OSError, too
        raise ConfigurationError(source, [f"cannot be read: {reason}"]) from None
    try:
        document = parse_document(text)
    except ValueError as error:
        raise ConfigurationError(source, [str(error)]) from None
    return read_policy(document, source)


def _read(path: str) -> str:
    with Path(path).open("rb") as file:
        content = file.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST:,} bytes")
    return content.decode("utf-8-sig")


def from_intervals(intervals: str, time_zone: str | None) -> Policy:
    """Return the policy without tasks that `CALLOUT_QUIET_HOURS` and `CALLOUT_TIME_ZONE` describe.

    Raises `ConfigurationError`.
    """
    quiet = [text for part in intervals.split(";") if (text := part.strip())]
    if not quiet:
        raise ConfigurationError(
            "settings", ["CALLOUT_QUIET_HOURS: an interval is missing; write one such as '21:00-08:00'"]
        )
    hours: dict[str, Any] = {"quiet": quiet}
    if time_zone:
        hours["time_zone"] = time_zone
    try:
        return Policy(quiet_hours={DEFAULT: QuietHours.model_validate(hours)})
    except ValidationError as error:
        raise ConfigurationError("settings", [_as_set(text) for text in problems(error)]) from None


def _as_set(problem: str) -> str:
    """Return a problem of `from_intervals` with the name of the variable in place of the document's key."""
    if isinstance(problem, More):
        return problem
    for key, variable in (("quiet", "CALLOUT_QUIET_HOURS"), ("time_zone", "CALLOUT_TIME_ZONE")):
        if problem.startswith((f"{key}[", f"{key}:")):
            return variable + problem.removeprefix(key)
    return problem
