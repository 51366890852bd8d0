"""Why it is quiet, or not: values for reports, previews and proofs. Pure."""

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from .zone import local, written


class Reason(NamedTuple):
    """Why it is quiet or open at an instant, and for how long.

    All instants are aware datetimes in UTC.
    """

    quiet: bool
    """Whether it is quiet."""
    place: str | None
    """Where the interval that decides stands: `quiet[2]`, `except[0]`, `preset us-federal`, or nowhere."""
    interval: str | None
    """That interval as the document has it, an object as JSON."""
    time_zone: str
    """The zone of that interval; without one the document's."""
    since: datetime | None
    """The first instant of this quiet or open period; None: it has always been quiet, or always open."""
    until: datetime | None
    """The first instant after this period, as `next_change` gives it; None: it never ends."""
    ahead: bool = False
    """Whether it is quiet only because quiet begins early by `lead_time`."""

    @property
    def text(self) -> str:
        """Return it as a sentence, in local time of `time_zone`.

        `Quiet in Asia/Shanghai from Mon 2026-11-23 21:00 until Tue 2026-11-24 09:00: quiet[0] 21:00-09:00.`
        """
        words = f"{'Quiet' if self.quiet else 'Open'} in {self.time_zone}{self._stretch()}"
        if self.place is None:
            return f"{words}: no interval holds."
        because = f"{self.place} {self.interval}"
        if self.ahead:
            because = f"lead time before {because}"
        return f"{words}: {because}."

    def _stretch(self) -> str:
        if self.since is None and self.until is None:
            return " always"
        since = f" from {self._local(self.since)}" if self.since else ""
        return since + (f" until {self._local(self.until)}" if self.until else " for ever")

    def _local(self, at: datetime) -> str:
        return written(local(at, ZoneInfo(self.time_zone)))


class Period(NamedTuple):
    """A stretch that is quiet or open throughout, from `start` (inclusive) to `end` (exclusive), in UTC."""

    start: datetime
    end: datetime
    reason: Reason
    """Why, at `start`. Its `since` and `until` are not cut to what was asked for."""

    @property
    def quiet(self) -> bool:
        """Whether it is quiet."""
        return self.reason.quiet
