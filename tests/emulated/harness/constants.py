"""Constants of the tests on the emulator: instants, policies, tasks and credentials."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from handler.cloud.credentials import Credentials
from handler.quiet_hours import QuietHours
from handler.target import Target, TargetId
from tests.support import APP, SECRET_ID, SECRET_KEY

SPRING = Target(APP, TargetId(16498), "spring-renewals", "default")
CREDENTIALS = Credentials(SECRET_ID, SECRET_KEY)
WRONG_CREDENTIALS = Credentials(SECRET_ID, "wrong")

NIGHT = datetime(2026, 11, 23, 14, 0, tzinfo=timezone.utc)  # 22:00 in Shanghai, 09:00 in New York
DAY = datetime(
    2026, 11, 23, 4, 0, tzinfo=timezone.utc
)  # noon in Shanghai, 23:00 in New York, 05:00 in Berlin
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)

HOURS = {
    "default": QuietHours.model_validate({"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]}),
    "us-east": QuietHours.model_validate({"time_zone": "America/New_York", "quiet": ["21:00-08:00"]}),
}
ALL_DAY = {"default": {"time_zone": "UTC", "quiet": ["00:00-24:00"]}}
"""Quiet hours that never end, as a policy has them."""
ALL_DAY_POLICY = json.dumps({"quiet_hours": ALL_DAY})
TWO_TASKS_POLICY = json.dumps(
    {"quiet_hours": ALL_DAY, "tasks": {"spring-renewals": 16498, "us-reminders": 16499}}
)
"""A policy that names two of the emulator's three tasks."""
