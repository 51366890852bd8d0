"""What the function's own audits find in CCC's call records: to be compared with what was counted inside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from bench.year.plan import Found, Moment
from handler.report.audit import AuditReport
from handler.report.check import CheckReport

DAILY: Mapping[str, Any] = {
    "Type": "Timer",
    "TriggerName": "audit",
    "Time": "",
    "Message": json.dumps({"action": "audit"}),
}


def asked(since: int, before: int) -> dict[str, Any]:
    """Return the event with which a person asks for the audit of a time, in Unix seconds."""
    span = {"from": _written(since), "to": _written(before)}
    return {**DAILY, "Message": json.dumps({"action": "audit", **span})}


class Audits:
    """Takes in what audits find, each call once. `goes_on` is from when on nothing was read yet."""

    def __init__(self, found: Found, start: int) -> None:
        self.goes_on = start
        self.complete = False
        self._found = found
        self._sessions: set[str] = set()

    def take(self, report: CheckReport | AuditReport) -> None:
        """Take in an audit, whether its report can be published or not."""
        if not isinstance(report, AuditReport):
            return
        self._found.audits += 1
        self._found.incomplete += not report.complete
        self.complete = report.complete
        self.goes_on = int((report.next_from or report.end).timestamp())
        for each in report.violations:
            if each.session not in self._sessions:
                self._sessions.add(each.session)
                self._found.violations.append(Moment(each.id, int(each.start.timestamp())))


def _written(at: int) -> str:
    return f"{datetime.fromtimestamp(at, timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
