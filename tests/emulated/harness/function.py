"""The function on the emulated cloud."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from handler.cloud.pacing import Backoff
from handler.main import handle
from handler.topics.notifier import Memory
from local.emulator import Emulator
from tests.support import APP, SECRET_ID, SECRET_KEY

from .clock import SimulatedClock
from .constants import ALL_DAY_POLICY, DAY
from .subscriber import Subscriber


class Function:
    """The function with its settings, a subscriber, and the memory of one warm instance.

    Its account has no rate limit. `context` is what the platform passes to each invocation. `settings` are
    added to those below, or replace them.
    """

    def __init__(  # noqa: PLR0913 - as many as there is to vary
        self,
        emulator: Emulator,
        subscriber: Subscriber | None = None,
        *,
        now: datetime = DAY,
        fixed_wall: bool = True,
        backoff: Backoff | None = None,
        context: Any = None,
        **settings: Any,
    ) -> None:
        emulator.limits.default = None
        self.emulator = emulator
        self.subscriber: Subscriber | None = None
        self.now = now
        self.fixed_wall = fixed_wall
        self.backoff = backoff or Backoff(attempts=3, jitter=lambda: 1.0)
        self.context = context
        self.memory = Memory()
        self.settings: dict[str, Any] = {
            "tencentcloud_secret_id": SECRET_ID,
            "tencentcloud_secret_key": SECRET_KEY,
            "callout_policy": ALL_DAY_POLICY,
            "callout_sdk_app_id": APP,
            "callout_endpoint": emulator.url,
        }
        if subscriber is not None:
            self.publish_to(subscriber)
        self.settings |= settings

    def __call__(
        self, event: Any, now: datetime | None = None, *, context: Any = None, **changes: Any
    ) -> dict[str, Any]:
        """Invoke the function once, at the time `now`, on a new simulated clock.

        `changes` are settings and arguments of `handle` for this invocation only.
        """
        clock = SimulatedClock(now or self.now, real_time=True, fixed_wall=self.fixed_wall)
        given: dict[str, Any] = {
            "clock": clock.clock(),
            "backoff": self.backoff,
            "memory": self.memory,
            **self.settings,
            **changes,
        }
        return handle(event, self.context if context is None else context, **given)

    def publish_to(self, subscriber: Subscriber) -> None:
        """Publish to the topic of this subscriber from now on."""
        self.subscriber = subscriber
        self.settings["callout_topic"] = subscriber.address

    def received(self) -> list[dict[str, Any]]:
        """Return the notifications that the subscriber has received since the last call."""
        assert self.subscriber is not None
        return self.subscriber.received()

    def reports(self) -> list[dict[str, Any]]:
        """Return the reports in the notifications that have been received since the last call."""
        return [event["data"] for event in self.received()]

    def report(self) -> dict[str, Any]:
        """Return the report in the only notification that has been received since the last call."""
        (report,) = self.reports()
        return report
