"""Random worlds with rules: whatever they are, one wake-up in quiet hours pauses what they cover, and no more."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from handler.errors import UnfinishedError
from handler.report.report import Report
from local.emulator import Emulator
from tests.support import APP, LIST, PAUSE

from .harness.constants import NIGHT
from .harness.function import Function
from .harness.subscriber import CmqSubscriber

OTHER_APP = 1400692999
HOURS = {
    "night": {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]},
    "day": {"time_zone": "America/New_York", "quiet": ["21:00-08:00"]},
}
WORDS = ("us", "eu", "spring", "demo")
RUNNING, PAUSED = 1, 5
FINISHED = {2, 3, 4}
TIMER = {"Type": "Timer", "TriggerName": "t", "Message": ""}
SEEDS = range(int(os.environ.get("RULE_WORLDS", "60")))
Key = tuple[int, int]


@dataclass
class World:
    """Tasks, rules and named entries, and what somebody does while the lists are read."""

    seed: int
    tasks: dict[Key, tuple[str, int]] = field(default_factory=dict)
    rules: list[dict[str, Any]] = field(default_factory=list)
    named: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: dict[Key, set[str]] = field(default_factory=dict)
    touched: set[Key] = field(default_factory=set)

    def __post_init__(self) -> None:
        dice = self.dice = random.Random(self.seed)  # noqa: S311 - a repeatable one
        for number in range(1, dice.choice((5, 40, 230)) + 1):
            key = (dice.choice((APP, APP, OTHER_APP)), number)
            self.tasks[key] = (self.name(), dice.choice((0, 1, 1, 1, 2, 4, 5)))
            self.names[key] = {self.tasks[key][0]}
        for _ in range(dice.randint(1, 5)):
            rule: dict[str, Any] = {"quiet_hours": dice.choice(("night", "night", "day", "none"))}
            rule |= {"sdk_app_id": OTHER_APP} if dice.random() < 0.3 else {}
            rule |= {"kind": "task"} if dice.random() < 0.3 else {}
            if dice.random() < 0.8:
                patterns = [f"{dice.choice(WORDS)}*", "*-?", f"*{dice.choice(WORDS)}*", "*"]
                rule["name"] = dice.sample(patterns, dice.randint(1, 2))
            self.rules.append(rule)
        for key in dice.sample(sorted(self.tasks), min(3, len(self.tasks))):
            hours = dice.choice(("night", "day", "none"))
            self.named[f"named-{key[1]}"] = {"task_id": key[1], "sdk_app_id": key[0], "quiet_hours": hours}

    def name(self) -> str:
        return f"{self.dice.choice(WORDS)}-{self.dice.choice(WORDS)}-{self.dice.randint(1, 20)}"

    def hours(self, key: Key, name: str) -> str | None:
        """Return the quiet hours of a task by the contract, `None` where nothing covers it."""
        for entry in self.named.values():
            if (entry["sdk_app_id"], entry["task_id"]) == key:
                return str(entry["quiet_hours"])
        for rule in self.rules:
            fits = any(re.fullmatch(translated(each), name, re.DOTALL) for each in rule.get("name", ["*"]))
            if rule.get("sdk_app_id", APP) == key[0] and fits:
                return str(rule["quiet_hours"])
        return None

    def listed(self, app: int) -> bool:
        return any(
            rule["quiet_hours"] == "night" and rule.get("sdk_app_id", APP) == app for rule in self.rules
        )

    def touch(self, emulator: Emulator) -> None:
        """Create, rename, finish or delete a task, as others do while a list is read."""
        dice, what = self.dice, self.dice.choice(("create", "rename", "finish", "delete"))
        app, number = dice.choice(sorted(self.tasks))
        if what == "create":
            app, number = dice.choice((APP, OTHER_APP)), 1_000 + len(self.touched)
            emulator.tasks.add(task_id=number, sdk_app_id=app, name=self.name(), state=RUNNING)
        elif (found := emulator.tasks.get(app, number)) is not None:
            if what == "rename":
                found.name = self.name()
            elif what == "finish":
                found.state = 4
            else:
                emulator.tasks.remove(number, app)
        self.touched.add((app, number))
        if (now := emulator.tasks.get(app, number)) is not None:
            self.names.setdefault((app, number), set()).add(now.name)


def translated(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_wake_up_pauses_what_rules_cover_and_tells_what_they_do_not(
    emulator: Emulator, seed: int
) -> None:
    world = World(seed)
    emulator.tasks.clear()
    for (app, number), (name, state) in world.tasks.items():
        start = {"not_before": 2_000_000_000} if state == 0 else {}
        emulator.tasks.add(task_id=number, sdk_app_id=app, name=name, state=state, **start)
    emulator.options.newest_first = world.dice.random() < 0.5
    shifts = world.dice.choice((0, 0, 3))

    def meanwhile(action: str, _: Mapping[str, Any]) -> None:
        if action == LIST and len(world.touched) < shifts:
            world.touch(emulator)

    emulator.hooks.before = meanwhile
    document = json.dumps({"quiet_hours": HOURS, "rules": world.rules, "tasks": world.named})
    function = Function(emulator, CmqSubscriber(emulator), now=NIGHT, callout_policy=document)
    function.settings["callout_region"] = "ap-guangzhou"
    reports: list[Report] = []
    try:
        function(TIMER, seen=reports.append)
        raised = False
    except UnfinishedError:
        raised = True
    report = reports[0].data()
    incomplete = any(error["code"] == "ListIncomplete" for error in report["errors"])
    assert raised == (
        incomplete or any(task["outcome"] in {"failed", "deferred"} for task in report["tasks"])
    )
    assert_paused(world, emulator, incomplete=incomplete)
    assert_entries(world, report["tasks"], incomplete=incomplete)


def assert_paused(world: World, emulator: Emulator, *, incomplete: bool) -> None:
    for entry in emulator.journal.entries:
        if entry.action == PAUSE:
            key = (entry.params["SdkAppId"], entry.params["TaskId"])
            assert "night" in {world.hours(key, name) for name in world.names[key]}, (
                f"{key} is not to be paused"
            )
    for key, (name, state) in world.tasks.items():
        if state == RUNNING and key not in world.touched and world.hours(key, name) == "night":
            found = emulator.tasks.get(*key)
            named = key in {(each["sdk_app_id"], each["task_id"]) for each in world.named.values()}
            assert found is not None
            assert found.state == PAUSED or (incomplete and not named), f"{key} runs"


def assert_entries(world: World, entries: Sequence[Mapping[str, Any]], *, incomplete: bool) -> None:
    by_key = {(entry["sdk_app_id"], entry["task_id"]): entry for entry in entries}
    assert len(by_key) == len(entries)
    for key, (name, state) in world.tasks.items():
        if key in world.touched:
            continue
        entry, hours = by_key.get(key), world.hours(key, name)
        if key in {(each["sdk_app_id"], each["task_id"]) for each in world.named.values()}:
            assert entry is not None
            continue
        calling = hours is None and state in {0, RUNNING}
        expected = world.listed(key[0]) and (calling or (hours == "night" and state not in FINISHED))
        if entry is None:
            assert not expected or incomplete, f"{key} has no entry"
        else:
            assert expected, f"{key} has an entry: {entry}"
            assert (entry["outcome"] == "uncovered") == (hours is None)
            assert (entry["rule"] is None) == (hours is None)
