"""Quiet hours: is it quiet at an instant, when does that turn, and why. Pure: no I/O, no clock.

It is quiet when any interval of `quiet` or of a preset holds and none of `except` does, and already
`lead_time` before each beginning. An interval holds when the wall clock of its zone reads a time inside
it, start inclusive, end exclusive; one that runs past midnight belongs to the day on which it starts.

What is computed belongs here, how it is written in `notation`. Which task has which quiet hours belongs in
`handler.policy`, and what is done about it in `handler.reconcile`.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from handler.quiet_hours.interval import Interval
from handler.quiet_hours.lead_time import read_lead_time, write_lead_time
from handler.quiet_hours.notation.document import Placed, preset_intervals, read_intervals, read_presets
from handler.quiet_hours.notation.holidays import ending
from handler.quiet_hours.notation.object_interval import plain
from handler.quiet_hours.status import Period, QuietStatus, Reason
from handler.quiet_hours.timeline import Timeline
from handler.quiet_hours.zone import FIRST_INSTANT, LAST_INSTANT, Zone, instant, moment, read_zone

__all__ = ["Interval", "Period", "QuietHours", "QuietStatus", "Reason"]

_NARROWED = (
    "cannot narrow a preset; write the preset's intervals under quiet instead, where an except may open them"
)
_NOTED_AHEAD = timedelta(days=30)
_NO_QUIET = "is required, unless a preset says when it is quiet"


class QuietHours(BaseModel):
    """When no new call may be started. Frozen; equal when the documents mean the same in the same words."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)

    time_zone: str | None = None
    """The zone of every interval that names none, as the tz database spells it."""
    preset: tuple[str, ...] = ()
    """Legal quiet hours by name, see `handler.quiet_hours.presets`; in a document one name or a list."""
    quiet: tuple[Interval, ...] = Field(default=(), validate_default=True)
    """The intervals in which it is quiet."""
    except_: tuple[Interval, ...] = Field(default=(), alias="except")
    """The intervals in which it is not quiet after all; not together with a preset."""
    lead_time: timedelta = timedelta(0)
    """How much earlier quiet begins: whole seconds, less than a day; `2m`, `90s`, `1h30m`."""

    @field_validator("time_zone", mode="before")
    @classmethod
    def _read_time_zone(cls, value: Any) -> str | None:
        return None if value is None else read_zone(value).name

    @field_validator("preset", mode="before")
    @classmethod
    def _read_preset(cls, value: Any, info: ValidationInfo) -> tuple[str, ...]:
        return () if value is None else read_presets(value, _zone_to_read_with(info))

    @field_validator("quiet", mode="plain")
    @classmethod
    def _read_quiet(cls, value: Any, info: ValidationInfo) -> tuple[Interval, ...]:
        missing = value is None or value == ()
        if missing and info.data.get("preset") == ():
            raise ValueError(_NO_QUIET)
        return () if missing else read_intervals(value, _zone_to_read_with(info))

    @field_validator("except_", mode="plain")
    @classmethod
    def _read_except(cls, value: Any, info: ValidationInfo) -> tuple[Interval, ...]:
        read = () if value is None else read_intervals(value, _zone_to_read_with(info))
        if read and info.data.get("preset"):
            raise ValueError(_NARROWED)
        return read

    @field_validator("lead_time", mode="plain")
    @classmethod
    def _read_lead_time(cls, value: Any) -> timedelta:
        return read_lead_time(value)

    def document(self) -> dict[str, Any]:
        """Return the document that validates to the same quiet hours, as JSON or YAML can hold it.

        Not pydantic's `model_serializer`: what it imports would be a hundredth of every cold start.
        """
        document: dict[str, Any] = {"time_zone": self.time_zone} if self.time_zone else {}
        if self.preset:
            document["preset"] = list(self.preset)
        if self.quiet or not self.preset:
            document["quiet"] = [plain(interval.source) for interval in self.quiet]
        if self.except_:
            document["except"] = [plain(interval.source) for interval in self.except_]
        if self.lead_time:
            document["lead_time"] = write_lead_time(self.lead_time)
        return document

    def without_lead_time(self) -> "QuietHours":
        """Return these quiet hours as they are without their lead time."""
        return self.model_validate({**self.document(), "lead_time": 0}) if self.lead_time else self

    def is_quiet(self, at: datetime) -> bool:
        """Return whether it is quiet at this instant; ValueError for a naive datetime."""
        return self._line.holds(instant(at))

    def next_change(self, after: datetime) -> datetime | None:
        """Return the first instant after `after` at which `is_quiet` turns, in UTC.

        None if it never turns in the years 1 to 9999; ValueError for a naive datetime. With a calendar of
        holidays, only the next 100 years and the years that the policy names are searched.
        """
        return _moment(self._turn(instant(after)))

    def status(self, name: str, at: datetime) -> QuietStatus:
        """Return what these quiet hours, called `name`, say at an instant. ValueError for a naive datetime.

        It costs less than a `reason`, which also searches backwards for the beginning of the period.
        """
        second = instant(at)
        reason = self._reason(second, None, self._turn(second))
        return QuietStatus(name, reason.quiet, reason.until, reason.time_zone, at)

    def reason(self, at: datetime) -> Reason:
        """Return why it is quiet or not at this instant, since when and until when.

        ValueError for a naive datetime.
        """
        second = instant(at)
        return self._reason(second, self._since(second), self._turn(second))

    def periods(self, start: datetime, end: datetime) -> Iterator[Period]:
        """Yield the quiet and open periods from `start` to `end` in turn, the first and last cut to these.

        ValueError for a naive datetime.
        """
        second, last = max(instant(start), FIRST_INSTANT), min(instant(end), LAST_INSTANT)
        since = self._since(second)
        while second < last:
            until = self._turn(second)
            stop = last if until is None else min(until, last)
            yield Period(moment(second), moment(stop), self._reason(second, since, until))
            second = since = stop

    def describe(self) -> list[str]:
        """Return each interval with its place in plain words, overnight ones spelled out; lead time last."""
        from handler.quiet_hours.description import in_words  # noqa: PLC0415 - for the command's reader, not for a cold start

        lines = [f"{place}: {in_words(interval)}" for place, interval in self._placed]
        lines += [f"{place}: not quiet {in_words(interval)}" for place, interval in self._openings]
        if self.lead_time:
            lines.append(f"lead_time: quiet begins {write_lead_time(self.lead_time)} earlier")
        return lines

    def needs_calendars(self) -> bool:
        """Return whether an interval or preset names a calendar, which takes the `holidays` extra."""
        return any(interval.of_calendar for _, interval in [*self._placed, *self._openings])

    def notes(self, at: datetime, ahead: timedelta = _NOTED_AHEAD) -> list[str]:
        """Return what to know of the data behind these quiet hours, a sentence each without its full stop.

        The only note is: a calendar of announced holidays ends within `ahead` of `at`, or has ended.
        Nothing is imported for it. ValueError for a naive datetime.
        """
        today = moment(instant(at)).date()
        found = [ending(source, today, ahead) for source in self._sources]
        return [text for text in dict.fromkeys(found) if text]

    def warnings(self, at: datetime, ahead: timedelta = timedelta(days=366)) -> list[str]:
        """Return what is valid but most likely not meant, seen from an instant.

        Such as: never quiet, an interval of one minute, a lead time that leaves nothing open, a calendar of
        announced holidays that ends within `ahead`.
        """
        from handler.quiet_hours.warnings import find_warnings, swallows  # noqa: PLC0415 - as for `describe`

        second, placed = instant(at), [*self._placed, *self._openings]
        found = list(find_warnings(self.reason(at), placed, second, ahead))
        if self._lead and swallows(self._base, self._lead, second):
            found.append("lead_time is as long as an open period or longer, which is therefore never open")
        return found

    @cached_property
    def _zone(self) -> Zone | None:
        return read_zone(self.time_zone) if self.time_zone else None

    @cached_property
    def _lead(self) -> int:
        return self.lead_time // timedelta(seconds=1)

    @cached_property
    def _placed(self) -> list[Placed]:
        own = [(f"quiet[{index}]", interval) for index, interval in enumerate(self.quiet)]
        return preset_intervals(self.preset, self._zone) + own

    @cached_property
    def _openings(self) -> list[Placed]:
        return [(f"except[{index}]", interval) for index, interval in enumerate(self.except_)]

    @property
    def _sources(self) -> list[Any]:
        return [interval.source for _, interval in [*self._placed, *self._openings]]

    @cached_property
    def _base(self) -> Timeline:
        return Timeline([interval for _, interval in self._placed], self.except_)

    @cached_property
    def _line(self) -> Timeline:
        return Timeline([interval for _, interval in self._placed], self.except_, self._lead)

    def _reason(self, at: int, since: int | None, until: int | None) -> Reason:
        quiet = self._line.holds(at)
        ahead = quiet and not self._base.holds(at)
        decisive = self._base.next_turn(at) if ahead else at
        found = _first_holding(self._placed, decisive)
        if found and not quiet:
            found = _first_holding(self._openings, at)
        place, interval = found or (None, None)
        zone = interval.zone if interval and interval.zone else self._zone
        return Reason(
            quiet=quiet,
            place=place,
            interval=interval.text if interval else None,
            time_zone=zone.name if zone else "UTC",
            since=_moment(since),
            until=_moment(until),
            ahead=ahead,
        )

    def _turn(self, at: int) -> int | None:
        turn = self._line.next_turn(at)
        return turn if turn is not None and turn <= LAST_INSTANT else None

    def _since(self, at: int) -> int | None:
        return self._line.last_turn(at)


def _zone_to_read_with(info: ValidationInfo) -> Zone | None:
    if "time_zone" not in info.data:
        # The zone was refused already. With UTC, its absence is not a second fault of every interval.
        return read_zone("UTC")
    name = info.data["time_zone"]
    return read_zone(name) if name else None


def _first_holding(placed: list[Placed], at: int | None) -> Placed | None:
    return next((found for found in placed if at is not None and found[1].holds(at)), None)


def _moment(instant: int | None) -> datetime | None:
    return None if instant is None else moment(instant)
