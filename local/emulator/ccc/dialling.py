"""When the calls of a task or campaign start, and what their sessions are called.

A call is a number, counted from 0. Of calls at a steady rate, only the first one and
how many there are is kept, so that years of them cost no memory and little time.
"""

from __future__ import annotations

import math
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import overload
from uuid import NAMESPACE_OID, UUID, uuid5

_NEARLY = 1e-6
"""Of a call: what sums of seconds may be off, as floating-point numbers."""
_ORDINARY = 600_000
"""Calls a minute."""
_LOW = 40
_MASK = (1 << _LOW) - 1
_ODD = 0x9E3779B97B
_INVERSE = pow(_ODD, -1, 1 << _LOW)


class Run(Sequence[float]):
    """The starts of calls at a steady rate, ascending, in Unix seconds; `first` is the number of the first.

    It begins a whole interval after `origin`.
    """

    __slots__ = ("first", "length", "origin", "rate")

    def __init__(self, first: int, origin: float, rate: float, length: int = 0) -> None:
        self.first = first
        self.origin = origin
        self.rate = rate
        self.length = length

    def copy(self) -> Run:
        """Return it as it is now."""
        return Run(self.first, self.origin, self.rate, self.length)

    def overlaps(self, since: float, before: float) -> bool:
        """Return whether calls may have been started from `since` on and before `before`."""
        interval = 60 / self.rate
        return self.origin + interval < before + 1 and self.origin + self.length * interval > since - 1

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, place: int) -> float: ...
    @overload
    def __getitem__(self, place: slice) -> list[float]: ...
    def __getitem__(self, place: int | slice) -> float | list[float]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(self.length))]
        if not 0 <= place < self.length:
            raise IndexError(place)
        return round(self.origin + (place + 1) * 60 / self.rate, 6)

    def earlier(self, than: float) -> int:
        """Return how many calls were started earlier than a moment; at an ordinary rate without a search."""
        if self.rate > _ORDINARY:  # so many may have the same start that to step over them takes long
            return bisect_left(self, than)
        place = min(max(0.0, (than - self.origin) * self.rate / 60), float(self.length))
        found = min(int(place), self.length)
        while found < self.length and self[found] < than:
            found += 1
        while found and self[found - 1] >= than:
            found -= 1
        return found


@lru_cache(4_096)
def _base(place: str) -> int:
    return uuid5(NAMESPACE_OID, place).int


@lru_cache(4_096)
def _prefix(place: str) -> str:
    """Return how all session ids of a place begin."""
    return str(UUID(int=_base(place)))[: -_LOW // 4]


@dataclass(slots=True)
class Dialling:
    """The calls of one task or campaign.

    `place` distinguishes it from all others, also from one that had its id before.
    """

    place: str = ""
    runs: list[Run] = field(default_factory=list)
    _until: float = -math.inf
    _next: float = -math.inf
    """When the next call is due, if nothing comes between; infinity where no more are to be made."""

    @property
    def made(self) -> int:
        """How many calls were started."""
        return self.runs[-1].first + self.runs[-1].length if self.runs else 0

    @property
    def calls(self) -> float:
        """How many calls were started, and what part of the wait for the next one is over."""
        return self.made + (self._waited() * self.runs[-1].rate / 60 if self.runs else 0.0)

    def dial(
        self,
        since: float,
        until: float,
        rate: float,
        most: int | None = None,
        *,
        by_the_clock: bool = False,
    ) -> None:
        """Start the calls that are due after `since`, to `until`, at `rate` a minute, in all at most `most`.

        It goes on with the wait for the next call where the last time ended; a pause is no part of it.
        `by_the_clock`, a call is due at each whole interval since 1970, paused or not.
        """
        if until <= since or rate <= 0:
            return
        run = self.runs[-1] if self.runs else None
        if run is None or since != self._until or rate != run.rate:
            run = self._resumed(since, rate, by_the_clock=by_the_clock)
        self._until = until
        if until < self._next:
            return
        due = min(math.floor((until - run.origin) * rate / 60 + _NEARLY), sys.maxsize)
        run.length = max(run.length, due)
        self._next = run.origin + (run.length + 1) * 60 / rate - _NEARLY
        if most is not None and run.first + run.length >= most:
            run.length, self._next = max(0, most - run.first), math.inf

    def _waited(self) -> float:
        """Return for how many seconds the next call has been waited for, without pauses."""
        run = self.runs[-1]
        passed = self._until - run.origin - run.length * 60 / run.rate
        return 0.0 if self._next == math.inf else max(0.0, passed)

    def _resumed(self, since: float, rate: float, *, by_the_clock: bool) -> Run:
        origin = since
        if by_the_clock:
            origin = math.floor(since * rate / 60 + _NEARLY) * 60 / rate
        elif self.runs:
            origin -= self._waited() * self.runs[-1].rate / rate
        made = self.made
        if self.runs and not self.runs[-1].length:
            self.runs.pop()
        self.runs.append(Run(made, origin, rate))
        self._next = -math.inf
        return self.runs[-1]

    def starts(self, first: int = 0) -> Iterator[tuple[int, float]]:
        """Yield the calls from number `first` on, each with its start in Unix seconds."""
        for run in self.runs:
            for place in range(max(0, first - run.first), run.length):
                yield run.first + place, run[place]

    def start(self, number: int) -> float:
        """Return when a call that was made was started, in Unix seconds."""
        run = self.runs[bisect_right(self.runs, number, key=lambda each: each.first) - 1]
        return run[number - run.first]

    def session(self, number: int) -> str:
        """Return the session id of a call. It depends on `place` and `number` only."""
        return f"{_prefix(self.place)}{self._low(number):010x}"

    def _low(self, number: int) -> int:
        """Return what distinguishes a call from the others of the same `place`."""
        return (number * _ODD + _base(self.place)) & _MASK

    def callee(self, number: int, callees: Sequence[str]) -> str:
        """Return who is called: one of `callees` in turn, or a made-up number where there are none."""
        if callees:
            return callees[number % len(callees)]
        return f"0086138{self._low(number) % 10**8:08}"

    def caller(self, number: int, callers: Sequence[str]) -> str:
        """Return whose number is shown: one of `callers` in turn, or a made-up one where there are none."""
        return callers[number % len(callers)] if callers else f"0086755{_base(self.place) % 10**8:08}"

    def number(self, session: str) -> int | None:
        """Return the call that has this session id, `None` if none of those that were made has it."""
        try:
            found = UUID(session).int
        except ValueError:
            return None
        base = _base(self.place)
        number = ((found & _MASK) - base) * _INVERSE & _MASK
        return number if found | _MASK == base | _MASK and number < self.made else None
