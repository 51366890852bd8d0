"""One run through the days: the real handler on a clock that runs fast, which everything shares."""

from __future__ import annotations

import heapq
import itertools
import json
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from datetime import datetime, timedelta, timezone
from functools import partial
from io import TextIOBase
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.year.audits import DAILY, Audits, asked
from bench.year.callees import ALL, MINUTE, Wall, policy
from bench.year.person import HOUR, Person
from bench.year.plan import INVOCATION, PERIOD, SETTLING, Found, Plan
from bench.year.weather import Weather
from bench.year.witness import APP, CALLS, PAUSED, RUNNING, Life, Witness
from handler.cloud.pacing import Backoff, Clock
from handler.errors import QuietHoursError
from handler.main import handle
from handler.topics.notifier import Memory
from local.emulator import Emulator
from local.emulator.faults import Faults

RETRIES = 2
"""SCF tries an asynchronous invocation that failed twice more, a minute apart. Source: document 583/39851."""
BUCKET = "ledger-1250000000"
SETTINGS: Mapping[str, Any] = {
    "_env_file": None,
    "tencentcloud_secret_id": "AKIDEXAMPLE",
    "tencentcloud_secret_key": "SECRETEXAMPLE",
    "callout_sdk_app_id": APP,
    "callout_region": "ap-guangzhou",
    "callout_topic": "cmq:reports",
    "callout_notify": "changes",
}
TIMER = {
    "Type": "Timer",
    "TriggerName": "every-five-minutes",
    "Time": "",
    "Message": json.dumps({"action": "enforce"}),
}
CONTEXT = {"time_limit_in_ms": 1_000 * INVOCATION, "function_name": "soak"}
_DAY = 86_400
_AUDIT = 30 * HOUR
"""The audit of a day comes at 06:00 UTC of the next one, as it is deployed."""
_CLOSING = 20
"""So often the rest is asked for at the end, until an audit is complete."""
_SHOWN = 5_760
"""So many calls of a task are shown: those of four days, since an audit may have to read what others left."""
_INSTANCE = 12 * HOUR
"""So long a warm instance lives; then a new one has to read the ledger."""
_LIFECYCLE = timedelta(days=14)
"""The bucket forgets what is older: here sooner than usual, as a new instance reads all that is left."""


class Soak:
    """One run. A step is done at its instant, in Unix seconds; what takes time lets the dialler call."""

    def __init__(self, plan: Plan, emulator: Emulator, folder: str) -> None:
        self.plan = plan
        self.found = Found()
        self.emulator = emulator
        self.folder = Path(folder)
        self.walls = {
            each.city: Wall(each, plan.start, plan.days * 1440 + 2_880, plan.lead_time) for each in ALL
        }
        lives = [
            Life(each, self.walls[each.city], task_id, f"{each.city}-{task_id}")
            for each in ALL
            for task_id in (each.task_id, each.task_id + len(ALL))
        ]
        self.witness = Witness(emulator, lives, self.found, float(plan.start))
        self._numbers = itertools.count()
        self._steps: list[tuple[float, int, Callable[[], None]]] = []
        self.person = Person(plan, emulator, self.witness, self.found, self.later)
        self.weather = Weather(plan, emulator.faults, plan.seed)
        self.audits_weather = Weather(plan, Faults(), plan.seed + 1_000)
        self.audits = Audits(self.found, plan.start)
        address = f"cos://{BUCKET}/quiet" if plan.ledger == "cos" else f"file:{folder}"
        self.settings = {
            **SETTINGS,
            "callout_policy": policy(plan.lead_time),
            "callout_endpoint": emulator.url,
            "callout_ledger": address,
        }
        self._memory = Memory()
        self._instance = 0
        self._idle = 0

    @property
    def now(self) -> float:
        """The simulated time, in Unix seconds."""
        return self.witness.now

    def later(self, at: float, step: Callable[[], None]) -> None:
        """Do a step at an instant."""
        heapq.heappush(self._steps, (at, next(self._numbers), step))

    def run(self) -> Found:
        """Live through the days."""
        began = time.perf_counter()
        self._prepare()
        while self._steps[0][0] < self.plan.end:
            at, _, step = heapq.heappop(self._steps)
            self.witness.advance(at)
            step()
        self.witness.advance(self.plan.end)
        if self.plan.audited:
            self._close()
        self.found.seconds = time.perf_counter() - began
        return self.found

    def _prepare(self) -> None:
        cloud = self.emulator
        cloud.now = lambda: self.now
        cloud.limits.clock = lambda: self.now  # so that the quota holds in simulated seconds
        cloud.topics.create("reports")
        for life in self.witness.lives:
            quiet = life.wall.is_quiet(self.now)
            life.paused_by = "person" if quiet else None
            state = PAUSED if quiet else RUNNING
            cloud.tasks.add(task_id=life.task_id, name=life.name, state=state, **CALLS)
            if quiet:
                self.later(life.wall.ends[0], partial(self.person.first_morning, life))
            self.found.nights += sum(at < self.plan.end for at in life.wall.beginnings)
            for at in life.wall.ends:
                self.later(at + PERIOD + SETTLING + INVOCATION, partial(self._look, life))
        self._at(self.plan.start + self.plan.phase, PERIOD, self._timer)
        if self.plan.audited:
            self._at(self.plan.start + _AUDIT, _DAY, self._audit)
        self._at(self.plan.start + _DAY, _DAY, self._lifecycle)

    def _at(self, at: float, period: float, step: Callable[[], None]) -> None:
        """Do a step at an instant and a period after it, again and again, even if one comes late."""

        def again() -> None:
            self._at(at + period, period, step)
            step()

        self.later(at, again)

    def _look(self, life: Life) -> None:
        if self.witness.look(life):
            self.later(self.now + HOUR, partial(self.person.rescue, life))

    def _timer(self) -> None:
        self.found.wake_ups += 1
        if not self.is_spared():
            self._try(0)

    def _try(self, tries: int) -> None:
        began = self.now
        self.found.worked += 1
        succeeded = self._invoke(TIMER, self.weather)
        self.found.failed += not succeeded
        self.witness.woke(began, succeeded=succeeded)
        if not succeeded and tries < RETRIES:
            self.found.retries += 1
            self.later(self.now + MINUTE, partial(self._try, tries + 1))

    def _audit(self, tries: int = 0) -> None:
        if not self._invoke(DAILY, self.audits_weather) and tries < RETRIES:
            self.later(self.now + MINUTE, partial(self._audit, tries + 1))

    def _close(self) -> None:
        """Audit what no audit has read, up to the last call, which started at the very end."""
        self._wait(1)
        for _ in range(_CLOSING):
            self._invoke(asked(self.audits.goes_on, self.plan.end + 1), self.audits_weather)
            if self.audits.complete:
                break

    def _wait(self, seconds: float) -> None:
        """Let time pass. Calls after the end do not count."""
        with self.emulator.tasks.lock:
            to = self.now + seconds
            self.witness.advance(min(to, self.plan.end))
            self.witness.now = to

    def is_spared(self) -> bool:
        """Return whether a wake-up can be left out, since it could change nothing.

        That is: no running task is in quiet hours, or will be soon; nothing is to be resumed; and the last
        wake-up succeeded and saw what a person did. Some are run all the same: they are to change nothing.
        """
        if any(self._concerns(life) for life in self.witness.lives):
            return False
        self._idle += 1
        return self._idle % self.plan.every > 0

    def _concerns(self, life: Life) -> bool:
        if life.unsure:
            return True
        state = self.witness.state(life)
        if state == RUNNING:
            return life.wall.quiet_within(self.now, (self.plan.lead_time + 1) * MINUTE)
        is_ours = state == PAUSED and life.paused_by == "function" and not life.told
        return is_ours and not life.wall.is_quiet(self.now)

    def _invoke(self, event: Mapping[str, Any], weather: Weather) -> bool:
        """Invoke the function as the platform does, and return whether it succeeded."""
        clock = Clock(
            now=lambda: datetime.fromtimestamp(self.now, timezone.utc),
            monotonic=lambda: self.now,
            sleep=self._wait,
        )
        if self._instance != (instance := int(self.now // _INSTANCE)):
            self._instance, self._memory = instance, Memory()
        # A wake-up that enforces does not read who was called: to write it out takes most of a long soak.
        self.emulator.options.made_up_callees = _SHOWN if weather is self.audits_weather else 0
        try:
            with weather.over(self.emulator):
                handle(
                    event,
                    CONTEXT,
                    clock=clock,
                    backoff=Backoff(jitter=weather.jitter),
                    seen=self.witness.read,
                    inspected=self.audits.take,
                    memory=self._memory,
                    **self.settings,
                )
        except QuietHoursError:
            return False
        finally:
            self._tally()
        return True

    def _tally(self) -> None:
        for entry in self.emulator.journal.entries:
            worked = entry.answer is not None and entry.code is None
            self.found.ccc_calls += entry.service == "ccc"
            self.found.faults_met += entry.fault is not None
            self.found.pauses += worked and entry.action == "PauseAutoCalloutTask"
            self.found.resumes += worked and entry.action == "ResumeAutoCalloutTask"
            self.found.reports += worked and entry.action == "PublishCmqMsg"
        self.emulator.journal.clear()

    def _lifecycle(self) -> None:
        """Remove what is old from the ledger, as the bucket's rule does each day."""
        before = self.now - _LIFECYCLE.total_seconds()
        for path in self.folder.rglob("*.json"):
            if path.stat().st_mtime < before:
                path.unlink()
        for key, each in self.emulator.objects.of(BUCKET).items():
            if each.modified < before:
                self.emulator.objects.remove(BUCKET, key)


class _Nowhere(TextIOBase):
    def write(self, text: str) -> int:
        return len(text)


def soak(plan: Plan, kind: type[Soak] = Soak) -> Found:
    """Soak as planned, in an emulator and with a ledger of its own."""
    with TemporaryDirectory(prefix="soak-") as folder, Emulator() as emulator, redirect_stdout(_Nowhere()):
        found = kind(plan, emulator, folder).run()
    if emulator.errors:
        raise emulator.errors[0]
    return found
