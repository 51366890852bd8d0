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
from tests.support import APP, LIST, LIST_CAMPAIGNS, PAUSE, PAUSE_CAMPAIGN

from .harness.constants import NIGHT
from .harness.function import Function
from .harness.subscriber import CmqSubscriber

OTHER_APP = 1400692999
HOURS = {
    "night": {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]},
    "day": {"time_zone": "America/New_York", "quiet": ["21:00-08:00"]},
}
WORDS = ("us", "eu", "spring", "demo")
NOT_STARTED, RUNNING = 0, 1
PAUSED = {"task": 5, "campaign": 2}
FINISHED = {"task": {2, 3, 4}, "campaign": {3, 4}}
TIMER = {"Type": "Timer", "TriggerName": "t", "Message": ""}
SEEDS = range(int(os.environ.get("RULE_WORLDS", "60")))
Key = tuple[int, str, int]
"""Application, kind and id."""


@dataclass
class World:
    """Tasks, campaigns, rules and named entries, and what somebody does while the lists are read."""

    seed: int
    targets: dict[Key, tuple[str, int]] = field(default_factory=dict)
    rules: list[dict[str, Any]] = field(default_factory=list)
    named: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: dict[Key, set[str]] = field(default_factory=dict)
    touched: set[Key] = field(default_factory=set)

    def __post_init__(self) -> None:
        dice = self.dice = random.Random(self.seed)  # noqa: S311 - a repeatable one
        for kind, count in (("task", dice.choice((5, 40, 230))), ("campaign", dice.choice((0, 4, 120)))):
            for number in range(1, count + 1):
                key = (dice.choice((APP, APP, OTHER_APP)), kind, number)
                states = (NOT_STARTED, RUNNING, RUNNING, RUNNING, PAUSED[kind], *FINISHED[kind])
                self.targets[key] = (self.name(), dice.choice(states))
                self.names[key] = {self.targets[key][0]}
        for _ in range(dice.randint(1, 5)):
            rule: dict[str, Any] = {"quiet_hours": dice.choice(("night", "night", "day", "none"))}
            rule |= {"sdk_app_id": OTHER_APP} if dice.random() < 0.3 else {}
            rule |= {"kind": dice.choice(("task", "campaign"))} if dice.random() < 0.4 else {}
            if dice.random() < 0.8:
                patterns = [f"{dice.choice(WORDS)}*", "*-?", f"*{dice.choice(WORDS)}*", "*"]
                rule["name"] = dice.sample(patterns, dice.randint(1, 2))
            self.rules.append(rule)
        for app, kind, number in dice.sample(sorted(self.targets), 4):
            hours = dice.choice(("night", "day", "none"))
            entry = {f"{kind}_id": number, "sdk_app_id": app, "quiet_hours": hours}
            self.named[f"named-{kind}-{number}"] = entry

    @property
    def named_keys(self) -> dict[Key, str]:
        """The quiet hours of what the policy names."""
        kinds = {name: name.split("-")[1] for name in self.named}
        return {
            (entry["sdk_app_id"], kinds[name], entry[f"{kinds[name]}_id"]): entry["quiet_hours"]
            for name, entry in self.named.items()
        }

    def name(self) -> str:
        return f"{self.dice.choice(WORDS)}-{self.dice.choice(WORDS)}-{self.dice.randint(1, 20)}"

    def hours(self, key: Key, name: str) -> str | None:
        """Return the quiet hours of a target by the contract, `None` where nothing covers it."""
        if (hours := self.named_keys.get(key)) is not None:
            return hours
        for rule in self.of(key[0], key[1]):
            fits = any(re.fullmatch(translated(each), name, re.DOTALL) for each in rule.get("name", ["*"]))
            if fits:
                return str(rule["quiet_hours"])
        return None

    def of(self, app: int, kind: str) -> list[dict[str, Any]]:
        """Return the rules for a kind in an application."""
        of_app = [rule for rule in self.rules if rule.get("sdk_app_id", APP) == app]
        return [rule for rule in of_app if rule.get("kind", kind) == kind]

    def listed(self, app: int, kind: str) -> bool:
        """Return whether a list is read: for its own rules, else for those of the other kind."""
        own = {rule["quiet_hours"] for rule in self.of(app, kind)} - {"none"}
        both = {rule["quiet_hours"] for each in PAUSED for rule in self.of(app, each)}
        return "night" in (own or both)

    def touch(self, emulator: Emulator) -> None:
        """Create, rename, finish or delete a task or a campaign, as others do while a list is read."""
        dice, what = self.dice, self.dice.choice(("create", "rename", "finish", "delete"))
        app, kind, number = dice.choice(sorted(self.targets))
        records = records_of(emulator, kind)
        if what == "create":
            app, number = dice.choice((APP, OTHER_APP)), 1_000 + len(self.touched)
            records.add(**{f"{kind}_id": number}, sdk_app_id=app, name=self.name(), state=RUNNING)
        elif (found := records.get(app, number)) is not None:
            if what == "rename":
                found.name = self.name()
            elif what == "finish":
                found.state = 4
            else:
                records.remove(number, app)
        self.touched.add((app, kind, number))
        if (now := records.get(app, number)) is not None:
            self.names.setdefault((app, kind, number), set()).add(now.name)


def records_of(emulator: Emulator, kind: str) -> Any:
    return emulator.tasks if kind == "task" else emulator.campaigns


def named_of(world: World) -> dict[str, Any]:
    """Return the entries of a policy for what it names."""
    return {
        f"{kind}s": {name: entry for name, entry in world.named.items() if f"{kind}_id" in entry}
        for kind in PAUSED
    }


def translated(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_wake_up_pauses_what_rules_cover_and_tells_what_they_do_not(
    emulator: Emulator, seed: int
) -> None:
    world = World(seed)
    emulator.tasks.clear()
    emulator.campaigns.clear()
    later = {"task": "not_before", "campaign": "start_time"}
    for (app, kind, number), (name, state) in world.targets.items():
        start = {later[kind]: 2_000_000_000} if state == NOT_STARTED else {}
        fields = {f"{kind}_id": number, "sdk_app_id": app, "name": name, "state": state, **start}
        records_of(emulator, kind).add(**fields)
    emulator.options.international = world.dice.random() < 0.5
    emulator.options.newest_first = world.dice.random() < 0.5
    shifts = world.dice.choice((0, 0, 3))

    def meanwhile(action: str, _: Mapping[str, Any]) -> None:
        if action in {LIST, LIST_CAMPAIGNS} and len(world.touched) < shifts:
            world.touch(emulator)

    emulator.hooks.before = meanwhile
    document = json.dumps({"quiet_hours": HOURS, "rules": world.rules, **named_of(world)})
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
        if entry.action in {PAUSE, PAUSE_CAMPAIGN}:
            kind = "task" if entry.action == PAUSE else "campaign"
            key = (entry.params["SdkAppId"], kind, entry.params["TaskId" if kind == "task" else "CampaignId"])
            assert "night" in {world.hours(key, name) for name in world.names[key]}, (
                f"{key} is not to be paused"
            )
    for key, (name, state) in world.targets.items():
        app, kind, number = key
        if state == RUNNING and key not in world.touched and world.hours(key, name) == "night":
            found = records_of(emulator, kind).get(app, number)
            assert found is not None
            assert found.state == PAUSED[kind] or (incomplete and key not in world.named_keys), f"{key} runs"


def assert_entries(world: World, entries: Sequence[Mapping[str, Any]], *, incomplete: bool) -> None:
    by_key = {(entry["sdk_app_id"], entry["kind"], entry[f"{entry['kind']}_id"]): entry for entry in entries}
    assert len(by_key) == len(entries)
    for key, (name, state) in world.targets.items():
        if key in world.touched:
            continue
        entry, hours = by_key.get(key), world.hours(key, name)
        if key in world.named_keys:
            assert entry is not None
            continue
        calling = hours is None and state in {0, RUNNING}
        expected = world.listed(*key[:2]) and (
            calling or (hours == "night" and state not in FINISHED[key[1]])
        )
        if entry is None:
            assert not expected or incomplete, f"{key} has no entry"
        else:
            assert expected, f"{key} has an entry: {entry}"
            assert (entry["outcome"] == "uncovered") == (hours is None)
            assert (entry["rule"] is None) == (hours is None)
