"""Random nights with a person at work, and a function that crashes at any point between two requests.

What happened is told by the emulator's own states, request by request, never by the code under test.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import select
import signal
import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from handler.errors import QuietHoursError
from handler.report.report import Report
from handler.topics.notifier import Memory
from local.emulator import Call, Emulator, faults
from local.emulator.journal import Entry
from tests.support import APP, PAUSE, PAUSE_CAMPAIGN, RESUME, RESUME_CAMPAIGN

from .harness.audits import audited
from .harness.function import Function

SEEDS = range(int(os.environ.get("NIGHTS_FROM", "0")), int(os.environ.get("NIGHTS", "3")))
OTHER_APP = 1400692999
BUCKET = "ledger-1250000000"
HOURS = {
    "night": {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]},
    "late": {"time_zone": "Asia/Tokyo", "quiet": ["23:00-06:00"]},
}
OPEN, SHUT = {"night": 60, "late": 21 * 60}, {"night": 13 * 60, "late": 14 * 60}
"""The end and the beginning of the quiet hours, in minutes of the day in UTC."""
RULES = [
    {"quiet_hours": "night", "name": ["us-*"]},
    {"quiet_hours": "late", "name": ["eu-*"]},
    {"quiet_hours": "night", "name": ["hold-*"], "resume": False},
    {"quiet_hours": "night", "name": ["us-*"], "sdk_app_id": OTHER_APP},
]
RUNNING = 1
PAUSED = {"task": 5, "campaign": 2}
FINISHED = {"task": {2, 3, 4}, "campaign": {3, 4}}
ACTS = {PAUSE: "task", PAUSE_CAMPAIGN: "campaign", RESUME: "task", RESUME_CAMPAIGN: "campaign"}
PAUSES, RESUMES = {PAUSE, PAUSE_CAMPAIGN}, {RESUME, RESUME_CAMPAIGN}
LEDGER = {"PutObject", "ListObjects", "GetObject"}
WRONG = (
    faults.LOST_REPLY,
    faults.RESET,
    faults.INTERNAL_ERROR,
    faults.THROTTLED,
    faults.HTTP_500,
    faults.TRUNCATED,
    faults.error("UnauthorizedOperation"),
)
NAMED = 100
CALLEES = [f"0086139{number:08}" for number in range(1_000)]
"""More than a campaign calls in two days."""
START = datetime(2026, 11, 24, 12, 50, tzinfo=timezone.utc)
TIMER = {"Type": "Timer", "TriggerName": "t", "Message": json.dumps({"action": "enforce"})}
Key = tuple[int, str, int]
"""Application, kind and id."""


def quiet(hours: str | None, at: datetime) -> bool:
    """Return whether it is quiet: all of these hours go over midnight in UTC, or end before it."""
    if hours is None:
        return False
    minute = at.hour * 60 + at.minute
    begin, end = SHUT[hours], OPEN[hours]
    return begin <= minute < end if begin < end else minute >= begin or minute < end


def settled(hours: str | None, at: datetime) -> bool:
    """Return whether it has not been quiet for more than a minute."""
    return not any(quiet(hours, at - timedelta(seconds=each)) for each in (0, 30, 61))


@dataclass
class Life:
    """What happened to a target, by the person's log and the emulator's states."""

    paused_by: str | None = None
    excuse: str | None = None
    """Why the contract lets her pause be taken for ours."""
    since: datetime = START
    resumed: int = 0
    """How many resumes of the function had to do with the last pause of its own."""
    noted: int = -1
    """The last wake-up that may have left a note behind which it did not pause."""
    told: set[str] = field(default_factory=set)
    touched: int = -1
    lost: bool = False
    """A note, or a report of it, may be lost: the ledger was down, or the function crashed."""
    ours_open: bool = False
    forced: bool = False
    woken: bool = False
    """She resumed what we had paused, and no wake-up has noted or closed it since."""


@dataclass
class Night:
    """A world, its person, and the wake-ups."""

    emulator: Emulator
    seed: int
    lives: dict[Key, Life] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    faulty: bool = False
    wake: int = 0
    requests: int = 0
    hers: bool = False
    resuming: set[Key] = field(default_factory=set)
    plan: dict[int, int] = field(default_factory=dict)
    kill: tuple[int, int] | None = None
    wrote: set[str] = field(default_factory=set)
    before: tuple[Key, int] | None = None
    broken: list[str] = field(default_factory=list)
    now: datetime = START

    def __post_init__(self) -> None:
        dice = self.dice = random.Random(self.seed)  # noqa: S311 - a repeatable one
        self.emulator.tasks.clear()
        self.emulator.campaigns.clear()
        self.emulator.now = lambda: self.now.timestamp()  # noqa: PLW0108 - it changes
        self.emulator.options.international = dice.random() < 0.3
        self.emulator.hooks.before, self.emulator.hooks.after = self._before, self._after
        for kind, count in (("task", dice.randint(2, 7)), ("campaign", dice.randint(0, 3))):
            for number in range(1, count + 1):
                app = dice.choice((APP, APP, OTHER_APP))
                self._put((app, kind, number), dice.choice((RUNNING, RUNNING, RUNNING, PAUSED[kind])))
        self._put((APP, "task", NAMED), RUNNING)
        policy = {
            "quiet_hours": {"default": HOURS["night"], **HOURS},
            "rules": RULES,
            "tasks": {"named": {"task_id": NAMED, "sdk_app_id": APP, "quiet_hours": "night"}},
        }
        self.function = Function(
            self.emulator,
            now=START,
            callout_policy=json.dumps(policy),
            callout_ledger=f"cos://{BUCKET}/quiet?region=ap-guangzhou",
            callout_region="ap-guangzhou",
        )
        self.function.backoff = self.function.backoff._replace(attempts=dice.choice((1, 3)))

    def _put(self, key: Key, state: int) -> None:
        app, kind, number = key
        name = f"{self.dice.choice(('us', 'us', 'eu', 'hold', 'free'))}-{number}"
        name = "us-100" if number == NAMED else name
        records = self.records(kind)
        calls = {"calls_per_minute": 0.2} | ({"callees": CALLEES} if kind == "campaign" else {})
        records.add(**{f"{kind}_id": number}, sdk_app_id=app, name=name, state=state, **calls)
        life = self.lives.setdefault(key, Life())
        life.touched = self.wake
        if state == PAUSED[kind]:
            life.paused_by, life.since = "her", self.now

    def records(self, kind: str) -> Any:
        return self.emulator.tasks if kind == "task" else self.emulator.campaigns

    def state(self, key: Key) -> int | None:
        found = self.records(key[1]).get(key[0], key[2])
        return None if found is None else found.state

    def hours(self, key: Key) -> str | None:
        """Return the quiet hours of a target by the policy."""
        if key == (APP, "task", NAMED):
            return "night"
        name = self.records(key[1]).get(key[0], key[2]).name
        by = {"us": "night", "eu": "late", "hold": "night"} if key[0] == APP else {"us": "night"}
        return by.get(name.split("-")[0])

    def held(self, key: Key) -> bool:
        """Return whether the policy says that it is not to be resumed."""
        return key[0] == APP and self.records(key[1]).get(key[0], key[2]).name.startswith("hold")

    def say(self, text: str) -> None:
        self.log.append(f"{self.now:%d %H:%M:%S} #{self.wake}.{self.requests} {text}")

    def person(self) -> None:
        """Do one thing that a person does at the console."""
        dice = self.dice
        key = dice.choice(sorted(self.lives))
        state, life = self.state(key), self.lives[key]
        act = dice.choice(("toggle", "toggle", "toggle", "toggle", "rename", "finish", "create"))
        app, kind, number = key
        if state is None:
            return
        record = self.records(kind).get(app, number)
        if act == "create":
            new = (dice.choice((APP, OTHER_APP)), kind, 200 + len(self.lives))
            self._put(new, RUNNING)
            self.say(f"she creates {new}")
        elif act == "rename" and key != (APP, "task", NAMED):
            record.name = f"{dice.choice(('us', 'eu', 'hold', 'free'))}-{number}"
            life.touched = self.wake
            life.lost = True  # renamed, other hours decide: not followed any more
            self.say(f"she renames {key} to {record.name}")
        elif act == "finish" and dice.random() < 0.2:
            record.state = 4
            life.touched = self.wake
            self.say(f"she ends {key}")
        elif state == RUNNING:
            record.state = PAUSED[kind]
            life.touched, life.since, life.paused_by = self.wake, self.now, "her"
            life.excuse = "note" if life.noted >= 0 else "woken" if life.woken else None
            self.say(f"she pauses {key} ({life.excuse})")
        elif state == PAUSED[kind]:
            record.state = RUNNING
            life.touched, life.woken = self.wake, life.ours_open or life.woken
            life.paused_by = None
            self.say(f"she resumes {key}")

    def _before(self, action: str, params: Mapping[str, Any]) -> None:
        self.requests += 1
        for _ in range(self.plan.pop(self.requests, 0)):
            self.person()
        self.before = None
        if action in ACTS:
            kind = ACTS[action]
            key = (params["SdkAppId"], kind, params["TaskId" if kind == "task" else "CampaignId"])
            self.before = (key, self.state(key) or 0)

    def _after(self, entry: Entry) -> None:
        if entry.action in ACTS and self.before:
            self._acted(entry, *self.before)
        if entry.action == "PutObject" and entry.code is None and entry.answer is not None:
            self._wrote(entry.params["Key"])
        if self.kill and self.requests >= self.kill[0] and self.kill[1]:
            self.say(f"killed after {entry.action}")
            os.kill(self.kill[1], signal.SIGKILL)
            self.kill = None

    def _wrote(self, key: str) -> None:
        body = json.loads(self.emulator.objects[BUCKET][key])
        room, app = key.split("/")[1:3]
        if room == "probe":  # of a check before quiet hours
            return
        self.wrote.add(room)
        for each in body["targets"]:
            kind, number = (each["kind"], each["id"]) if isinstance(each, dict) else each[:2]
            life = self.lives[int(app), kind, number]
            if room == "paused":
                life.noted, life.woken, life.told = self.wake, False, set()
                if life.paused_by == "her" and life.touched == self.wake:
                    life.excuse = "look"  # she paused between our look and our pause
            elif room == "withdrawn" and life.noted == self.wake:
                life.noted = -1
            elif room == "resumed" and not body["called"]:
                life.woken = life.ours_open = False
            self.say(f"{room} {app}/{kind}/{number} {key.split('/')[-2:]} {each}")

    def _acted(self, entry: Entry, key: Key, state: int) -> None:  # noqa: C901 - a case for each that acts
        kind, life = key[1], self.lives[key]
        after = self.state(key)
        self.say(f"{entry.action} {key} {state}->{after} fault={entry.fault} code={entry.code}")
        if entry.action in PAUSES:
            if state == RUNNING and after == PAUSED[kind]:
                if not quiet(self.hours(key), self.now) and not life.lost and not self.hers:
                    self.broken.append(f"{key} is paused outside quiet hours")
                life.paused_by, life.excuse, life.since = "her" if self.hers else "us", None, self.now
                life.resumed, life.ours_open, life.noted = 0, True, -1
        elif entry.action in RESUMES and self.hers:
            life.paused_by, life.woken, life.ours_open, life.touched = None, False, False, self.wake
        elif entry.action in RESUMES:
            if quiet(self.hours(key), self.now) and not life.lost:
                self.broken.append(f"{key} is resumed in quiet hours")
            if entry.code is None:
                life.resumed += 1
            if life.resumed > 1 and life.paused_by == "us":
                self.broken.append(f"{key} is resumed twice")
            if state == PAUSED[kind]:
                mine = life.touched == self.wake
                if life.paused_by == "her" and not life.excuse and not mine:
                    self.broken.append(f"her pause of {key} is undone")
                if self.held(key) and not mine:
                    self.broken.append(f"{key} is resumed although it is held")
                life.paused_by = None
            life.ours_open = life.woken = False

    def message(self) -> None:
        """Let her send a message: a resume, or a pause by force."""
        key = self.dice.choice([each for each in sorted(self.lives) if each[:2] == (APP, "task")])
        action = self.dice.choice(("resume", "pause"))
        event = {"action": action, "tasks": [key[2]]} | ({"force": True} if action == "pause" else {})
        self.say(f"she sends {event}")
        self.hers = True
        done = self.woke(event)
        self.hers = False
        life = self.lives[key]
        if action == "pause":
            life.forced = True
            if self.state(key) == PAUSED["task"] and life.touched < self.wake:
                life.paused_by, life.excuse = "her", None if done else "force"

    def faulted(self) -> None:
        """Let something go wrong in the next wake-up."""
        dice, add = self.dice, self.emulator.faults.add
        what = dice.choice(("ccc", "ccc", "ledger", "down", "any"))
        self.faulty = True
        if what == "down":
            action = dice.choice(sorted(LEDGER))
            add(faults.INTERNAL_ERROR, action=action, times=None)
            self.say(f"{action} is down")
            return
        by: dict[str, list[str | None]] = {"ccc": [*sorted(ACTS)], "ledger": [*sorted(LEDGER)], "any": [None]}
        at, fault = dice.choice(by[what]), dice.choice(WRONG)
        times = dice.choice((1, 2, 4, 20))
        add(
            fault,
            action=at,
            times=times,
            probability=dice.choice((0.4, 1.0)),
            seed=dice.randint(0, 9_999),
        )
        self.say(f"{fault.name} at {at}, {times} times")

    def woke(self, event: Any, *, crash: int = 0) -> bool:
        """Wake the function once, or let it crash behind a request. Return whether it says that it is done."""
        self.requests, self.wrote = 0, set()
        self.wake += 1
        self.emulator.journal.clear()
        running = {key for key in self.lives if self.state(key) == RUNNING}
        reports: list[Report] = []
        crashed = raised = False
        if crash:
            crashed, raised = self._crashed(event, crash)
        else:
            try:
                self.function(event, self.now, seen=reports.append)
            except QuietHoursError as error:
                raised = True
                self.say(f"raised {type(error).__name__}")
        fine = not self.faulty and not crashed
        if reports:
            self._told(reports[0].data())
        self._check(running, fine=fine, raised=raised, crashed=crashed)
        if crashed:
            self.function.memory = Memory()
        return not raised and not crashed

    def _crashed(self, event: Any, crash: int) -> tuple[bool, bool]:
        """Return whether it crashed, and whether it raised before that."""
        before = threading.enumerate()
        ended, alive = os.pipe()  # reading ends when the child does, whose end is the only one left open
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            self._die_of(event)
        os.close(alive)
        self.kill = (crash, child)
        if not select.select([ended], [], [], 6)[0]:
            os.kill(child, signal.SIGKILL)
            self.say("the child hangs")
        os.close(ended)
        with self.emulator.tasks.lock:
            self.kill = None
        status = os.waitpid(child, 0)[1]
        self._await_what_was_sent(before)
        assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) in {0, 3}
        return os.WIFSIGNALED(status), not os.WIFSIGNALED(status) and status != 0

    def _await_what_was_sent(self, before: Sequence[threading.Thread]) -> None:
        """Wait until the emulator has worked on all that was sent to it by a child that is dead."""
        barrier = http.client.HTTPConnection(self.emulator.url.removeprefix("http://"), timeout=5)
        barrier.request("GET", "/_emulator/topics")  # accepted after every connection of the child
        barrier.getresponse().read()
        barrier.close()
        for each in set(threading.enumerate()).difference(before):
            each.join(5)  # ends with its connection

    def _die_of(self, event: Any) -> None:
        """Handle the event in a process of its own, whose end says what became of it."""
        code = 4
        try:
            self.function.memory = Memory()
            self.function(event, self.now)
            code = 0
        except QuietHoursError:
            code = 3
        finally:
            os._exit(code)

    def _told(self, report: Mapping[str, Any]) -> None:
        for entry in report["tasks"]:
            if entry["error"] is not None and (number := entry["task_id"] or entry["campaign_id"]):  # noqa: SIM102 - two questions
                if (life := self.lives.get((entry["sdk_app_id"], entry["kind"], number))) is not None:
                    life.told.add(entry["error"]["code"])
                    self.say(f"told {entry['kind']} {number}: {entry['outcome']} {entry['error']['code']}")

    def _check(self, running: set[Key], *, fine: bool, raised: bool, crashed: bool) -> None:
        for key, life in self.lives.items():
            state, touched = self.state(key), life.touched == self.wake
            if not fine:
                life.lost |= life.paused_by == "us" and life.since == self.now
                life.lost |= crashed and not {"results", "resumed"}.isdisjoint(self.wrote)
                continue
            if life.noted < self.wake:
                life.noted = -1
            if not raised and not touched and not self.hers:
                if state == RUNNING and key in running and quiet(self.hours(key), self.now):
                    self.broken.append(f"{key} runs in quiet hours")
                if (
                    state == RUNNING
                    and settled(self.hours(key), self.now)
                    and (not life.lost or settled("night", self.now))
                ):
                    life.woken = life.ours_open = False
        down = [
            each
            for each in self.emulator.journal.entries
            if each.action in LEDGER and each.fault and each.code == "InternalError"
        ]
        ok = {
            each.params.get("Key")
            for each in self.emulator.journal.entries
            if each.action == "PutObject" and not each.code
        }
        if not raised and not crashed and self.emulator.faults._rules:
            rules = [each.action for each in self.emulator.faults._rules if each.times is None]
            lost = [each for each in down if each.action in rules and each.params.get("Key") not in ok]
            if lost:
                self.broken.append(f"the ledger failed, and the wake-up says it is done: {lost[-1]}")

    def is_violation(self, call: Call) -> bool:
        """Return whether a call was started in quiet hours of its target, by the policy and name of now."""
        if call.kind is None or call.target_id is None:
            return False
        hours = self.hours((call.sdk_app_id, call.kind, call.target_id))
        return quiet(hours, datetime.fromtimestamp(int(call.start), timezone.utc))

    def morning(self) -> None:
        """Check what is left after a morning with wake-ups that met no fault."""
        for key, life in self.lives.items():
            if self.state(key) == PAUSED[key[1]] and life.paused_by == "us" and not life.lost:  # noqa: SIM102 - two questions
                if not self.held(key) and not life.forced and not life.told and life.touched < self.wake - 3:
                    self.broken.append(f"{key} was paused by us, and is left so")


def times(dice: random.Random) -> list[datetime]:
    """Return when the function wakes up: often at the ends of quiet hours, now and then in between."""
    minutes: set[int] = set()
    for day in (0, 1440):
        for middle in (13 * 60, 14 * 60, 21 * 60, 24 * 60 + 60):
            minutes |= {day + middle + dice.randint(-9, 12) for _ in range(4)} | {day + middle + 1}
        minutes |= {day + dice.randint(13 * 60, 36 * 60) for _ in range(4)}
    first = START.replace(hour=0, minute=0)
    return [first + timedelta(minutes=each, seconds=dice.choice((0, 0, 30))) for each in sorted(minutes)]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_she_paused_stays_so_and_what_we_paused_is_resumed_once(emulator: Emulator, seed: int) -> None:  # noqa: C901 - it is one night
    night = Night(emulator, seed)
    dice = night.dice
    wild = dice.choice((0.0, 0.2, 0.5))
    for now in times(dice):
        night.now = now
        for _ in range(dice.choice((0, 0, 1, 2))):
            night.person()
        if dice.random() < 0.5:
            night.plan = {dice.randint(1, 25): 1}
        if dice.random() < wild:
            night.faulted()
        night.woke(TIMER, crash=dice.randint(1, 30) if dice.random() < wild else 0)
        emulator.faults.clear()
        night.faulty, night.plan = False, {}
        if dice.random() < 0.3:
            night.function.memory = Memory()
        if dice.random() < 0.15:
            night.woke(TIMER)
        if dice.random() < 0.15:
            night.message()
        if night.broken:
            break
        if now.hour == 1 and now.minute > 10:
            for minutes in (0, 20, 40):
                night.now = now + timedelta(minutes=20 + minutes)
                night.woke(TIMER)
            night.morning()
    end = times(dice)[-1]
    night.now = end + timedelta(hours=2)
    night.broken += audited(emulator, night.function, (START, end), night.is_violation, dice)
    assert not night.broken, "\n".join([*night.broken, *night.log[-int(os.environ.get("LOG", "60")) :]])
    assert not emulator.errors
