"""The times that stores write: HTTP's Date, and ISO 8601 with a Z. Pure."""

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime


def from_header(date: str | None) -> datetime | None:
    """Return the time of a Date header in UTC, `None` where it is missing or cannot be read."""
    try:
        found = parsedate_to_datetime(date or "")
    except (TypeError, ValueError):
        return None
    # Without a zone it is UTC: RFC 9110, section 5.6.7
    return found.replace(tzinfo=found.tzinfo or timezone.utc).astimezone(timezone.utc)


def from_iso(text: str) -> datetime:
    """Return the time of `2026-11-23T14:00:00.000Z`, in UTC. Raises `ValueError` without a zone."""
    found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))  # Python 3.10 does not know the Z
    if found.tzinfo is None:
        raise ValueError(f"a time without a zone: {text[:40]!r}")
    return found.astimezone(timezone.utc)
