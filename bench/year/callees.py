"""Who is called, and what a compliance officer knows: the clock on the wall where the callees live.

It is said in plain words here, without `handler`'s policy and without its lead time.
"""

from __future__ import annotations

import bisect
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import holidays

MINUTE = 60
_GERMAN = holidays.country_holidays("DE", language="en_US")


def _shanghai(wall: datetime) -> bool:
    return wall.hour >= 21 or wall.hour < 9  # noqa: PLR2004


def _new_york(wall: datetime) -> bool:
    return wall.hour >= 21 or wall.hour < 8 or wall.weekday() == 6  # noqa: PLR2004


def _berlin(wall: datetime) -> bool:
    return wall.hour >= 20 or wall.hour < 9 or wall.date() in _GERMAN  # noqa: PLR2004


@dataclass(frozen=True)
class Callees:
    """Where callees live, when they are to be left alone, and the same as a policy.

    The task `task_id` is named in the policy; a rule covers each task whose name begins with `city`.
    """

    city: str
    task_id: int
    zone: str
    quiet: Callable[[datetime], bool]
    policy: Sequence[object]


ALL = (
    Callees("shanghai", 16498, "Asia/Shanghai", _shanghai, ["21:00-09:00"]),
    Callees("new-york", 16499, "America/New_York", _new_york, ["21:00-08:00", "Sun 00:00-24:00"]),
    Callees("berlin", 16500, "Europe/Berlin", _berlin, ["20:00-09:00", {"holidays": "DE"}]),
)


def policy(lead_time: int) -> str:
    """Return the policy of all callees as JSON; the lead time is in minutes."""
    more = {"lead_time": f"{lead_time}m"} if lead_time else {}
    return json.dumps(
        {
            "quiet_hours": {
                each.zone: {"time_zone": each.zone, "quiet": each.policy, **more} for each in ALL
            },
            "tasks": {
                f"task-{each.task_id}": {"task_id": each.task_id, "quiet_hours": each.zone} for each in ALL
            },
            "rules": [{"quiet_hours": each.zone, "name": [f"{each.city}-*"]} for each in ALL],
        }
    )


class Wall:
    """What the officer's clock says of callees, minute by minute from `start`, in Unix seconds.

    A minute is quiet, or `open`: then a task is to dial. In the `lead_time` before quiet hours, in minutes,
    it is neither: a task may dial, and may be paused.
    """

    def __init__(self, callees: Callees, start: int, minutes: int, lead_time: int = 0) -> None:
        zone = ZoneInfo(callees.zone)
        self._start = start
        self._quiet = bytearray(
            callees.quiet(datetime.fromtimestamp(start + number * MINUTE, zone)) for number in range(minutes)
        )
        self._until = [0, *itertools.accumulate(self._quiet)]
        soon = (
            self._until[min(number + lead_time + 1, minutes)] > self._until[number]
            for number in range(minutes)
        )
        self._open_until = [0, *itertools.accumulate(not each for each in soon)]
        self.beginnings, self.ends = self._turns(1), self._turns(0)

    def is_quiet(self, at: float) -> bool:
        """Return whether it is quiet at an instant."""
        return bool(self._quiet[self._number(at)])

    def is_open(self, at: float) -> bool:
        """Return whether a task is to dial at an instant."""
        number = self._number(at)
        return self._open_until[number + 1] > self._open_until[number]

    def quiet_within(self, now: float, seconds: float) -> bool:
        """Return whether it is quiet now or at any minute of the next `seconds`."""
        first = self._number(now)
        return self._until[first + int(seconds // MINUTE) + 2] > self._until[first]

    def open_since(self, at: float) -> float:
        """Return how long, in seconds, quiet hours have been over; 0 where they are not, or never were."""
        before = bisect.bisect_right(self.ends, at)
        return 0.0 if self.is_quiet(at) or not before else at - self.ends[before - 1]

    def minutes(self, after: float, to: float) -> int:
        """Return how many whole minutes lie in (after, to]."""
        return self._number(to) - self._number(after)

    def quiet_minutes(self, after: float, to: float) -> list[int]:
        """Return the quiet ones of the whole minutes in (after, to], in Unix seconds."""
        first, last = self._number(after) + 1, self._number(to)
        if self._until[last + 1] == self._until[first]:
            return []
        return [self._start + each * MINUTE for each in range(first, last + 1) if self._quiet[each]]

    def open_minutes(self, after: float, to: float) -> int:
        """Return how many of the whole minutes in (after, to] are open."""
        return self._open_until[self._number(to) + 1] - self._open_until[self._number(after) + 1]

    def _number(self, at: float) -> int:
        return int((at - self._start) // MINUTE)

    def _turns(self, to: int) -> list[int]:
        was = self._quiet
        return [
            self._start + number * MINUTE
            for number in range(1, len(was))
            if was[number] == to and was[number - 1] != to
        ]
