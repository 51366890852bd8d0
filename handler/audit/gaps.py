"""The parts of an audit's time whose call records were not all read. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from handler.quiet_hours.zone import moment, written

_SHOWN = 10


class _Gap(NamedTuple):
    start: int
    end: int
    code: str
    text: str


@dataclass
class Gaps:
    """Parts of the time, in Unix seconds, in the order of their beginnings; neighbours become one."""

    _found: list[_Gap] = field(default_factory=list)

    def add(self, start: int, end: int, code: str, text: str) -> None:
        """Add a part; `text` says what is wrong, with `{}` where from when to when belongs."""
        last = self._found[-1] if self._found else None
        if last and last.code == code and last.end >= start:
            self._found[-1] = last._replace(end=end)
        else:
            self._found.append(_Gap(start, end, code, text))

    def said(self) -> Iterator[tuple[str, str]]:
        """Yield the code and the text of the first ones, and how many there are besides."""
        for each in self._found[:_SHOWN]:
            since, until = (written(moment(second)) for second in (each.start, each.end))
            yield each.code, each.text.replace("{}", f"from {since} to {until} (UTC)", 1)
        if more := self._found[_SHOWN:]:
            since = written(moment(more[0].start))
            text = (
                f"not all call records were read in {len(more):,} more parts of the time after {since} (UTC)"
            )
            yield more[0].code, text
