"""A day with calls in quiet hours, which an audit by a queue message looks into."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from local.emulator import Call, Emulator
from tests.support import APP

from .events import sqs
from .function import Function

AUDIT = {"action": "audit"}
OTHER_APP = 1400692999
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=timezone.utc)
"""When the deployed schedule asks for the audit of the 23rd, a Monday."""
POLICY: dict[str, Any] = {
    "quiet_hours": {"default": {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"], "lead_time": "5m"}},
    "rules": [{"name": "us-*", "quiet_hours": "default"}],
    "tasks": {"spring-renewals": 16498},
    "campaigns": {"autumn": 2567},
}
EVENING = datetime(2026, 11, 23, 13, 0, tzinfo=timezone.utc)
"""21:00 in Shanghai."""
CDR = "DescribeTelCdr"
SESSIONS = "DescribePredictiveDialingSessions"


def audited(function: Function, body: Any = AUDIT, **changes: Any) -> dict[str, Any]:
    """Return the data of the one event that an audit by a queue message publishes."""
    assert function(sqs(body), **changes) == {"batchItemFailures": []}
    (event,) = function.received()
    assert event["type"] == "callout.quiet-hours.audit.v1"
    data: dict[str, Any] = event["data"]
    return data


def dial(
    emulator: Emulator, at: datetime, count: int = 1, *, kind: str = "task", **fields: Any
) -> list[Call]:
    """Let a task or a campaign make so many calls, one a second from `at` on, and return these."""
    records: Any = emulator.tasks if kind == "task" else emulator.campaigns
    before = {each.session_id for each in emulator.calls}
    # The first call comes a second after the start.
    emulator.now = (at - timedelta(seconds=1)).timestamp
    given: dict[str, Any] = {"sdk_app_id": APP, "calls_per_minute": 60}
    given |= {} if kind == "task" else {"callees": [f"0086139{number:08}" for number in range(count + 1)]}
    given |= fields
    records.add(**given)
    emulator.now = (at + timedelta(seconds=count - 1)).timestamp
    made = [each for each in emulator.calls if each.session_id not in before]
    assert len(made) == count
    found = records.get(given["sdk_app_id"], given[f"{kind}_id"])
    found.calls_per_minute = 0
    emulator.now = NOW.timestamp
    return made
