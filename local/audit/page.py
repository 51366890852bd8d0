"""What an audit found, on a screen. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from handler.output.redaction import clean
from handler.quiet_hours.zone import written
from handler.report.audit import AuditReport
from local.screen import table

_SHOWN = 40


def findings(audit: AuditReport) -> Iterator[str | Text | Table]:
    """Yield the first violations as a table, then the verdict and what else is to be known."""
    if audit.violations:
        rows = table("LOCAL TIME", "TIME ZONE", "MADE BY", "NAME", "CALLED", "QUIET HOURS", "BY")
        for each in audit.violations[:_SHOWN]:
            rows.add_row(
                written(each.local_time),
                each.time_zone,
                f"{each.kind} {each.id}",
                Text(clean(each.name or "-")),
                Text(each.callee or "not shown"),
                Text(f"{each.quiet_hours}: {each.place} {each.interval}"),
                each.covered_by,
            )
        yield rows
        more = len(audit.violations) - _SHOWN
        yield f"and {more:,} more\n" if more > 0 else ""
    yield f"Audit of {audit.span()}: {audit.verdict()}."
    yield from (clean(each) for each in audit.remarks())
