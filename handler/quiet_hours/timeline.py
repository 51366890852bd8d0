"""Quiet or not along the line of time, and when it turns: computed, never searched minute by minute. Pure.

A `Line` says for every instant (whole seconds since 1970 UTC) whether something holds, and from an
instant on when that turns; the same is said of the readings of a wall clock. Lines are put together:
`Ahead(Open(Union((Local(zone, rule), ...)), Union(...)), lead_time)`.

These are plain classes, not dataclasses: they are never compared, and a cold start pays for dataclasses.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .zone import DAY, STRETCH, Zone

if TYPE_CHECKING:
    from typing import Protocol

    class Line(Protocol):
        """Something that holds or not at every instant, or at every reading of a wall clock."""

        def holds(self, at: int) -> bool:
            """Return whether it holds at this instant."""

        def turn(self, at: int, limit: int) -> int | None:
            """Return the first later instant up to `limit` at which `holds` changes, None if none does."""

    class Part(Line, Protocol):
        """A line that others are made of."""

        def within(self, at: int, until: int) -> bool:
            """Return whether it holds anywhere from `at` to `until`, both inclusive, at most a day apart."""


# A week, and what a lead time may look ahead.
_WEEK_AND_MORE = 9 * DAY


class Span:
    """Holds from `start` (inclusive) to `end` (exclusive), both instants."""

    __slots__ = ("end", "start")

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end

    def holds(self, at: int) -> bool:
        """Return whether it holds at this instant."""
        return self.start <= at < self.end

    def within(self, at: int, until: int) -> bool:
        """Return whether it holds anywhere from `at` to `until`, both inclusive."""
        return self.start <= until and at < self.end

    def turn(self, at: int, limit: int) -> int | None:
        """Return the next of its two ends."""
        end = self.start if at < self.start else self.end
        return end if at < end <= limit else None


class Local:
    """Holds when the wall clock of a zone reads a time at which the rule holds.

    In the repeated hour of autumn it therefore holds both times; a time that spring skips never comes.
    """

    __slots__ = ("rule", "zone")

    def __init__(self, zone: Zone, rule: Part) -> None:
        self.zone, self.rule = zone, rule

    def holds(self, at: int) -> bool:
        """Return whether it holds at this instant."""
        return self.rule.holds(at + self.zone.offset(at))

    def within(self, at: int, until: int) -> bool:
        """Return whether it holds anywhere from `at` to `until`, both inclusive."""
        offset = self.zone.offset(at)
        moved = self.zone.transition(at, until)
        if moved is None:
            return self.rule.within(at + offset, until + offset)
        return self.rule.within(at + offset, moved - 1 + offset) or self.within(moved, until)

    def turn(self, at: int, limit: int) -> int | None:
        """Return the instant at which the clock first reads something else, by ticking or by being moved."""
        state = self.holds(at)
        while at <= limit:
            offset = self.zone.offset(at)
            wall = self.rule.turn(at + offset, limit + STRETCH)
            expected = None if wall is None else wall - offset
            reach = at + STRETCH if expected is None else min(expected, at + STRETCH)
            moved = self.zone.transition(at, reach)
            if moved is not None:
                if self.holds(moved) != state:
                    return moved if moved <= limit else None
                at = moved
            elif expected is None or expected <= reach:
                return expected if expected is None or expected <= limit else None
            else:
                # A move of the clock in between cannot leave the stretch of wall time that is alike:
                # it is shorter than the two days kept at either end.
                at = max(reach, expected - STRETCH)
        return None


class Union:
    """Holds when any of its lines does."""

    __slots__ = ("lines",)

    def __init__(self, lines: Iterable[Part]) -> None:
        self.lines = tuple(lines)

    def holds(self, at: int) -> bool:
        """Return whether any holds."""
        for line in self.lines:  # noqa: SIM110 - any() costs a generator, and this is asked most
            if line.holds(at):
                return True
        return False

    def within(self, at: int, until: int) -> bool:
        """Return whether any holds anywhere from `at` to `until`, both inclusive."""
        for line in self.lines:  # noqa: SIM110 - as above
            if line.within(at, until):
                return True
        return False

    def turn(self, at: int, limit: int) -> int | None:
        """Return the end of the run of lines that take over from one another, or the next beginning."""
        if not self.holds(at):
            first: int | None = None
            for line in self.lines:  # none is followed beyond the turn of another
                turn = line.turn(at, limit if first is None else first)
                first = first if turn is None else turn
            return first
        while True:
            ends = [line.turn(at, limit) for line in self.lines if line.holds(at)]
            if not ends:
                return at
            known = [end for end in ends if end is not None]
            if len(known) < len(ends):
                return None
            at = max(known)


class Open:
    """Holds when `line` does and `opening` does not."""

    __slots__ = ("line", "opening")

    def __init__(self, line: Part, opening: Part) -> None:
        self.line, self.opening = line, opening

    def holds(self, at: int) -> bool:
        """Return whether it holds at this instant."""
        return self.line.holds(at) and not self.opening.holds(at)

    def within(self, at: int, until: int) -> bool:
        """Return whether it holds anywhere from `at` to `until`, both inclusive."""
        if not self.line.within(at, until):
            return False
        if not self.opening.within(at, until) or self.holds(at):
            return True
        return self.turn(at, until) is not None

    def turn(self, at: int, limit: int) -> int | None:
        """Return the first instant after `at` at which it holds or no longer holds."""
        state = self.holds(at)
        after: int | None = at
        while after is not None and after <= limit:
            quiet = self.line.holds(after)
            if after > at and (quiet and not self.opening.holds(after)) != state:
                return after
            if not quiet:
                after = self.line.turn(after, limit)
            elif state:
                end = self.line.turn(after, limit)
                opened = self.opening.turn(after, limit if end is None else end)
                after = end if opened is None else opened
            else:
                after = self.opening.turn(after, limit)
        return None


class Ahead:
    """Holds when `line` does, and already `lead` seconds before each beginning.

    What is open for no longer than `lead` is not open at all.
    """

    __slots__ = ("lead", "line")

    def __init__(self, line: Part, lead: int) -> None:
        self.line, self.lead = line, lead

    def holds(self, at: int) -> bool:
        """Return whether `line` holds anywhere from `at` to `at + lead`, both inclusive."""
        return self.line.within(at, at + self.lead)

    def turn(self, at: int, limit: int) -> int | None:
        """Return the first instant after `at` at which it holds or no longer holds."""
        if not self.line.holds(at):
            start = self.line.turn(at, limit + self.lead)
            if start is None or start - self.lead > at:
                return None if start is None else start - self.lead
            at = start
        while at <= limit:
            end = self.line.turn(at, limit)
            start = None if end is None else self.line.turn(end, end + self.lead)
            if start is None:
                return end
            at = start
        return None


class Weekly:
    """Holds when `line` does, which is alike from week to week while no clock of `zones` is moved.

    What did not turn in a whole week does not while, and whenever again, the clocks are as far from UTC as
    they were in that week.
    """

    __slots__ = ("line", "zones")

    def __init__(self, line: Line, zones: Iterable[Zone]) -> None:
        self.line, self.zones = line, tuple(zones)

    def holds(self, at: int) -> bool:
        """Return whether it holds at this instant."""
        return self.line.holds(at)

    def turn(self, at: int, limit: int) -> int | None:
        """Return the first instant after `at` at which it holds or no longer holds."""
        still = set()
        while at <= limit:
            at += STRETCH + _WEEK_AND_MORE
            found = self.line.turn(at - STRETCH - _WEEK_AND_MORE, min(at, limit))
            if found is not None:
                return found
            move = self._next_move(at - _WEEK_AND_MORE, limit)
            if move is None or move > at:
                still.add(self._offsets(at))
            while move is not None and self._offsets(move) in still:
                move = self._next_move(move, limit)
            if move is None:
                return None
            at = max(at, move - STRETCH)
        return None

    def _next_move(self, after: int, limit: int) -> int | None:
        return _earliest([zone.next_transition(after, limit) for zone in self.zones])

    def _offsets(self, at: int) -> tuple[int, ...]:
        return tuple(zone.offset(at) for zone in self.zones)


def _earliest(instants: list[int | None]) -> int | None:
    return min((instant for instant in instants if instant is not None), default=None)
