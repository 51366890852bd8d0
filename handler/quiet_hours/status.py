"""What the quiet hours say of an instant: quiet or not, until when, and why. Pure."""

from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from handler.quiet_hours.zone import WEEKDAYS, local, written


class QuietStatus(NamedTuple):
    """What the quiet hours called `name` say at `now`: quiet or not, and until when.

    `until` is the next change, `None` if there is none. `exempt_until` is set for a task that the policy
    exempts; then it is not quiet, whatever the rules say.
    """

    name: str
    quiet: bool
    until: datetime | None
    time_zone: str
    now: datetime
    exempt_until: datetime | None = None

    def sentence(self) -> str:
        """Return it as a sentence: `quiet in America/New_York until 08:00, 5 h 12 min from now`."""
        if self.exempt_until:
            return f"{self.exemption()}, {span(self.exempt_until - self.now)} from now"
        if self.until is None:
            return f"always quiet in {self.time_zone}" if self.quiet else f"never quiet in {self.time_zone}"
        return f"{self._until()}, {span(self.until - self.now)} from now"

    def short(self) -> str:
        """Return it without the distance: `Quiet in America/New_York until Tue 08:00`."""
        text = self._until() if self.until else self.sentence()
        return text[0].upper() + text[1:]

    def exemption(self) -> str:
        """Return how long the task is exempt: `exempt from quiet hours until Tue 00:00`."""
        return (
            f"exempt from quiet hours until {when(self.exempt_until or self.now, self.now, self.time_zone)}"
        )

    def _until(self) -> str:
        state = "quiet" if self.quiet else "not quiet"
        return f"{state} in {self.time_zone} until {when(self.until or self.now, self.now, self.time_zone)}"


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


def span(length: timedelta) -> str:
    """Return a length of time as text: `5 h 12 min`, `3 d 4 h`, `40 s`."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds} s"
    minutes = round(seconds / 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "d"), (hours, "h"), (minutes if not days else 0, "min")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def when(at: datetime, now: datetime, time_zone: str) -> str:
    """Return when an instant is, on the clocks of a zone: `08:00` today, `Tue 08:00`, `2026-12-01 08:00`."""
    zone = ZoneInfo(time_zone)
    then, today = local(at, zone), local(now, zone).date()
    days = (then.date() - today).days
    if days == 0:
        return f"{then:%H:%M}"
    day = WEEKDAYS[then.weekday()] if 0 < days < 7 else then.date().isoformat()  # noqa: PLR2004
    return f"{day} {then:%H:%M}"
