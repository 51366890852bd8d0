"""A world is played: the real function and SDK, against the emulator, on a simulated clock."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakSet

import tencentcloud.common.common_client  # noqa: F401 - else the first world pays for it

from handler.cloud.pacing import Backoff
from handler.main import handle
from handler.report.cloudevents import REPORT_TYPE
from handler.report.report import Report
from handler.topics.notifier import Memory
from local.emulator import Emulator, Entry
from local.emulator.ccc.tasks import Task
from tests.support import APP, DESCRIBE, LIST, SECRET_ID, SECRET_KEY

from .clock import Simulated
from .world import OTHER_APP, RESERVE, TOPIC, Calendar, Key, Step, World

RUNNING, PAUSED = 1, 5
READS = frozenset({LIST, DESCRIBE, "DescribeCmqTopicDetail"})
_OF_OTHER_TESTS: WeakSet[threading.Thread] = WeakSet()


@dataclass(frozen=True)
class Request:
    """A request as it was worked on: at `at` seconds, decided on at `since` or later; states around it."""

    entry: Entry
    at: float
    since: float
    before: int | None
    after: int | None

    @property
    def action(self) -> str:
        return self.entry.action

    @property
    def key(self) -> Key:
        params = self.entry.params
        return params.get("SdkAppId", 0), params.get("TaskId", 0)


@dataclass
class Played:
    """All that can be known of a run."""

    world: World
    calendar: Calendar
    report: Mapping[str, Any] | None = None
    answer: Any = None
    error: BaseException | None = None
    ended: float = 0.0
    elsewhere: float = 0.0
    requests: list[Request] = field(default_factory=list)
    touched: list[tuple[int, Step]] = field(default_factory=list)
    """What the other actor did, with the number of requests that were worked on before."""
    final: Mapping[Key, int] = field(default_factory=dict)
    logged: list[dict[str, Any]] = field(default_factory=list)
    published: list[dict[str, Any]] = field(default_factory=list)
    mistakes: list[Exception] = field(default_factory=list)


class Stage:
    """One world on the emulator, while it is played."""

    def __init__(self, world: World, emulator: Emulator) -> None:
        self.world = world
        self.emulator = emulator
        self.clock = Simulated(world.start)
        self.played = Played(world, Calendar(world))
        self.clock.turns = self.played.calendar.turns
        self._count = 0
        self._steps = list(world.steps)
        self._arrived: tuple[float, int | None] = (0.0, None)
        self._over = False
        self._reported_at = 0

    def play(self) -> Played:
        """Invoke the function once and return what happened."""
        self._set_up()
        out, reports = io.StringIO(), []
        world, played = self.world, self.played

        def seen(report: Report) -> None:
            reports.append(json.loads(json.dumps(report.data())))
            self._reported_at = self._count

        with redirect_stdout(out):
            try:
                played.answer = handle(
                    world.event(),
                    {"time_limit_in_ms": world.limit * 1000, "request_id": f"w{world.seed}"},
                    clock=self.clock.clock(),
                    backoff=Backoff(jitter=lambda: 0.5),
                    seen=seen,
                    memory=Memory(),
                    **self._settings(),
                )
            except Exception as error:  # noqa: BLE001 - which ones may come is a rule of the oracle
                played.error = error
        played.ended = self.clock.elapsed()
        played.elsewhere = self.clock.elsewhere
        self._tidy(out.getvalue(), reports)
        return played

    def _settings(self) -> dict[str, Any]:
        world = self.world
        return {
            "tencentcloud_secret_id": SECRET_ID,
            "tencentcloud_secret_key": SECRET_KEY,
            "callout_policy": json.dumps(world.policy),
            "callout_sdk_app_id": APP,
            "callout_endpoint": self.emulator.url,
            "callout_topic": world.topic,
            "callout_requests_per_second": world.rate,
            "callout_verify": world.verify,
            "callout_dry_run": world.dry_run,
        }

    def _set_up(self) -> None:
        emulator, world = self.emulator, self.world
        emulator.reset()
        for thread in threading.enumerate():
            # Given up in the world before, and cut off by the reset. Those of other tests may hang for long.
            if thread.name == "bounded-call" and thread not in _OF_OTHER_TESTS:
                thread.join(1)
                if thread.is_alive():
                    _OF_OTHER_TESTS.add(thread)
        emulator.reset()
        emulator.now = lambda: self.clock.now().timestamp()
        emulator.tasks.clear()
        emulator.tasks.load([dict(each) for each in world.tasks])
        emulator.topics.create(TOPIC)
        emulator.limits.clock = self.clock.elapsed
        emulator.limits.default = world.quota
        for name, value in world.options.items():
            setattr(emulator.options, name, value)
        for each in world.troubles:
            wanted = each.task_id
            when = None if wanted is None else lambda params, wanted=wanted: params.get("TaskId") == wanted
            emulator.faults.add(each.fault, action=each.action, when=when, **each.how)
        emulator.hooks.before = self._before
        emulator.hooks.after = self._after
        emulator.hooks.wait = self._wait
        self.clock.began = time.monotonic()
        self.clock._jumps[0] = (self.clock.began, 0.0)

    def _wait(self, seconds: float) -> None:
        """Wait for a late answer, but no longer than its caller does: nothing waits beyond its deadline."""
        now, publishing = self.clock.elapsed(), self.world.limit - RESERVE
        until = self.world.budget if now < self.world.budget else publishing
        self.clock.sleep(min(seconds, max(0.0, until - now)))

    def _state(self, key: Key) -> int | None:
        found = self.emulator.tasks.get(*key)
        return None if found is None else found.state

    def _before(self, action: str, params: Mapping[str, Any]) -> None:
        del action
        self.clock.request()
        self._count += 1
        while self._steps and self._steps[0].at <= self._count:
            self._act(self._steps.pop(0))
        key = params.get("SdkAppId", 0), params.get("TaskId", 0)
        self._arrived = time.monotonic(), self._state(key)

    def _after(self, entry: Entry) -> None:
        real, before = self._arrived
        at = self.clock.elapsed_at(real)
        since = self.clock.decided_at(real)
        if entry.fault == "latency":
            since -= max(each.fault.seconds for each in self.world.troubles)
        key = entry.params.get("SdkAppId", 0), entry.params.get("TaskId", 0)
        self.played.requests.append(Request(entry, at, max(0.0, since), before, self._state(key)))

    def _act(self, step: Step) -> None:
        tasks, (app, task_id) = self.emulator.tasks, step.key
        found = tasks.get(app, task_id)
        if step.what == "create":
            if found is None:
                tasks.put(Task(task_id, app, step.name, RUNNING))
                self._touch(step)
        elif found is not None:
            states = {"pause": {RUNNING: PAUSED}, "resume": {PAUSED: RUNNING}}
            finished = {0: 4, RUNNING: 2, PAUSED: 4}
            if step.what == "rename":
                found.name = step.name
            elif step.what == "delete":
                tasks.remove(task_id, app)
            else:
                change = states.get(step.what, finished)
                found.state = change.get(found.state, found.state)
            self._touch(step)

    def _touch(self, step: Step) -> None:
        self.played.touched.append((len(self.played.requests), step))

    def _tidy(self, out: str, reports: list[Any]) -> None:
        emulator, played = self.emulator, self.played
        with emulator.tasks.lock:
            apps = (APP, OTHER_APP)
            played.final = {
                (app, each.task_id): each.state for app in apps for each in emulator.tasks.of(app)
            }
            entries = emulator.journal.entries
            played.requests = [
                replace(each, entry=entry) for each, entry in zip(played.requests, entries, strict=False)
            ]
            # What a rehearsal looked at afterwards is no evidence for the report, nor against it.
            played.requests = [
                each
                for number, each in enumerate(played.requests)
                if number < self._reported_at or each.action not in READS
            ]
        played.report = reports[-1] if len(reports) == 1 else None
        if len(reports) != 1 and played.error is None:
            played.error = AssertionError(f"{len(reports)} reports")
        played.logged = [each for each in records(out) if "level" in each]
        if self.world.topic == "stdout:":
            events = [each for each in records(out) if "specversion" in each]
        else:
            events = [json.loads(each.content) for each in emulator.topics.messages(TOPIC)]
        played.published = [each["data"] for each in events if each["type"] == REPORT_TYPE]
        played.mistakes = list(emulator.errors)
        emulator.errors.clear()
        emulator.reset()


def records(out: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects that were printed; those in numbered pieces are joined."""
    text = ""
    for line in out.splitlines():
        record = json.loads(line)
        if "parts" in record and "text" in record:
            text += record["text"]
            if record["part"] < record["parts"]:
                continue
            record, text = json.loads(text), ""
        yield record
