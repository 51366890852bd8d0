"""What tests of the work share: a reconciler on the emulator whose waits take no time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

from handler.cloud.ccc import Ccc
from handler.cloud.credentials import Credentials
from handler.cloud.pacing import Backoff, Clock, Deadline, RateLimit
from handler.cloud.tencent_api import TencentApi
from handler.quiet_hours import QuietHours
from handler.reconcile.reconciler import Reconciler
from handler.reconcile.schedule import Schedule
from handler.report.entries import TaskReport
from handler.task import Job, SdkAppId, Task, TaskId
from local.emulator import Emulator

APP = SdkAppId(1400692008)
SPRING = Task(APP, TaskId(16498), "spring-renewals", "default")
NIGHT = datetime(2026, 11, 23, 14, 0, tzinfo=timezone.utc)  # 22:00 in Shanghai, 09:00 in New York
DAY = datetime(2026, 11, 23, 4, 0, tzinfo=timezone.utc)  # noon in Shanghai, 23:00 in New York
HOURS = {
    "default": QuietHours.model_validate({"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]}),
    "us-east": QuietHours.model_validate({"time_zone": "America/New_York", "quiet": ["21:00-08:00"]}),
}
PAUSE, DESCRIBE, LIST = "PauseAutoCalloutTask", "DescribeAutoCalloutTask", "DescribeAutoCalloutTasks"


class Simulated:
    """A reconciler whose waits take no time. Its clock says `now`, and later as it sleeps or waits for CCC."""

    def __init__(self, emulator: Emulator, now: datetime = NIGHT, **changes: Any) -> None:
        self.seconds = 0.0
        clock = Clock(
            now=changes.pop("wall", lambda: now + timedelta(seconds=self.seconds)),
            monotonic=lambda: self.seconds,
            sleep=self.pass_,
        )
        self.deadline = Deadline(clock, changes.pop("seconds", 60.0))
        self.backoff = Backoff(jitter=lambda: 1.0)
        identity = changes.pop("identity", Credentials("AKIDEXAMPLE", "SECRETEXAMPLE"))
        api = TencentApi("ccc", "2020-02-10", endpoint=emulator.url, region=None, identity=identity)
        emulator.hooks.wait = self.pass_
        emulator.limits.default = None  # the real clock sees no pause between simulated waits
        ccc = Ccc(lambda: api, RateLimit(changes.pop("rate", 20), clock), self.backoff)
        fields: dict[str, Any] = {"verify": True, "known": {}} | changes
        self.reconciler = Reconciler(
            lambda: ccc,
            schedule=Schedule(HOURS, clock),
            deadline=self.deadline,
            backoff=self.backoff,
            **fields,
        )

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds

    def run(self, *jobs: Job) -> list[TaskReport]:
        return [report for _, reports in self.reconciler.run(jobs) for report in reports]


def named(name: str) -> Task:
    """Return a task that is known by its own name in CCC alone."""
    return Task(APP, None, name, "default")


def numbered(numbers: Iterable[int]) -> list[Task]:
    """Return tasks that are known by their ids alone."""
    return [Task(APP, TaskId(number), None, "default") for number in numbers]


def pause(*tasks: Task) -> list[Job]:
    return [Job("pause", task) for task in tasks]
