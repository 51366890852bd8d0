"""The reconciler on the emulator and on a simulated clock, and the jobs to give it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from handler.cloud.ccc import Ccc
from handler.cloud.credentials import Credentials
from handler.cloud.pacing import Backoff, Clock, Deadline, RateLimit
from handler.cloud.tencent_api import TencentApi
from handler.quiet_hours import QuietHours
from handler.reconcile.ledger.notes import Notes
from handler.reconcile.reconciler import Reconciler
from handler.reconcile.schedule import Schedule
from handler.report.entries import TargetReport
from handler.target import Job, Target, TargetId
from local.emulator import Emulator
from tests.support import APP

from .clock import SimulatedClock
from .constants import CREDENTIALS, HOURS, NIGHT


class SimulatedReconciler:
    """A reconciler whose waits take no time: its clock moves when it sleeps or waits for CCC.

    `seconds` is the time it has. `unlimited` says that the account has no rate limit: the emulator's
    limit has a real clock, which does not see the simulated waits. `changes` are other arguments of
    `Reconciler`.
    """

    def __init__(  # noqa: PLR0913 - as many as there is to vary
        self,
        emulator: Emulator,
        now: datetime = NIGHT,
        *,
        clock: SimulatedClock | None = None,
        seconds: float = 60.0,
        rate: float = 20,
        jitter: Callable[[], float] = lambda: 1.0,
        hours: Mapping[str, QuietHours] = HOURS,
        identity: Credentials = CREDENTIALS,
        unlimited: bool = True,
        **changes: Any,
    ) -> None:
        self.emulator = emulator
        self.clock = clock or SimulatedClock(now)
        self.identity = identity
        self.backoff = Backoff(jitter=jitter)
        if unlimited:
            emulator.hooks.wait = self.clock.sleep
            emulator.limits.default = None
        used = self.clock.clock()
        self.ccc = Ccc(self.connect, self.rate_limit(rate, used), self.backoff)
        fields: dict[str, Any] = {
            "ccc": lambda: self.ccc,
            "schedule": Schedule(hours, used),
            "deadline": Deadline.after(used, seconds),
            "backoff": self.backoff,
            "verify": True,
            "known": {},
        }
        fields |= changes
        fields.setdefault("notes", Notes(None, fields["schedule"], fields["deadline"]))
        self.reconciler = Reconciler(**fields)

    def connect(self) -> TencentApi:
        """Return a client of the emulated CCC."""
        return ccc_client(self.emulator, self.identity)

    def rate_limit(self, rate: float, clock: Clock) -> RateLimit:
        """Return what keeps the calls at the pace `rate`, in calls a second."""
        return RateLimit(rate, clock)

    def run(self, *jobs: Job) -> list[TargetReport]:
        """Run the jobs and return the reports of all of them."""
        return [report for _, reports in self.reconciler.run(jobs) for report in reports]


def ccc_client(emulator: Emulator, identity: Credentials = CREDENTIALS) -> TencentApi:
    """Return a client of the emulated CCC."""
    return TencentApi("ccc", "2020-02-10", endpoint=emulator.url, region=None, identity=identity)


def named(name: str) -> Target:
    """Return a task that is known only by its name in CCC."""
    return Target(APP, None, name, "default")


def numbered(numbers: Iterable[int]) -> list[Target]:
    """Return tasks that are known only by their ids."""
    return [Target(APP, TargetId(number), None, "default") for number in numbers]


def pause(*tasks: Target) -> list[Job]:
    """Return a job to pause each of the tasks."""
    return [Job("pause", task) for task in tasks]
