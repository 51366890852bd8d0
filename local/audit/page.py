"""What an audit found, on a screen. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from handler.output.redaction import clean
from handler.quiet_hours.zone import written
from handler.report.audit import AuditReport
from handler.report.for_people.columns import one_line
from local.audit.collected import Collected, Key, Made, summed
from local.screen import table

_SHOWN = 40
_MAKERS = 30
_WIDEST_CELL, _LONGEST_LINE = 80, 2_000


def makers(collected: Collected) -> Iterator[str | Text | Table]:
    """Yield who made calls as a table, those with violations first."""
    found, others = collected.worst_first(), collected.others()
    if not (found or others):
        return
    apps = {key.app for key in collected.makers}
    heads = ("MADE BY", "NAME", "CALLS", "IN QUIET HOURS", "FIRST", "LAST", "TIME ZONE")
    rows = table(*heads, *["APPLICATION"] * (len(apps) > 1))
    for number in (2, 3):
        rows.columns[number].justify = "right"

    def add(who: str, made: Made, app: int | str = "") -> None:
        style = "red" if made.violations else ""
        rows.add_row(
            who,
            _cell(made.name or "-"),
            f"{made.calls:,}",
            Text(f"{made.violations:,}", style),
            *(written(at) if at else "-" for at in map(made.there, (made.first, made.last))),
            made.time_zone or "UTC",
            *[str(app)] * (len(apps) > 1),
        )

    for key, made in found[:_MAKERS]:
        add(_maker(key), made, key.app)
    if rest := found[_MAKERS:]:
        add(f"{len(rest):,} more", summed(made for _, made in rest))
    for key, made in others:
        add(_maker(key), made, key.app)
    yield from (rows, "")


def _maker(key: Key) -> str:
    return key.who if key.id is None else f"{key.who} {key.id}"


def findings(audit: AuditReport) -> Iterator[str | Text | Table]:
    """Yield the first violations as a table, then the verdict and what else is to be known."""
    if audit.violations:
        rows = table("LOCAL TIME", "TIME ZONE", "MADE BY", "NAME", "CALLED", "QUIET HOURS", "BY")
        for each in audit.violations[:_SHOWN]:
            rows.add_row(
                written(each.local_time),
                each.time_zone,
                f"{each.kind} {each.id}",
                _cell(each.name or "-"),
                _cell(each.callee or "not shown"),
                Text(f"{each.quiet_hours}: {each.place} {each.interval}"),
                each.covered_by,
            )
        yield rows
        more = len(audit.violations) - _SHOWN
        yield f"and {more:,} more\n" if more > 0 else ""
    yield f"Audit of {audit.span()}: {audit.verdict()}."
    yield from (one_line(clean(each), _LONGEST_LINE) for each in audit.remarks())


def _cell(text: str) -> Text:
    """Return what CCC says without what would move the terminal's cursor."""
    return Text(one_line(clean(text), _WIDEST_CELL))
