"""A seeded generator of worlds: small mostly, hostile always, the same for the same seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from local.emulator import Answer, Fault, Kind, faults
from tests.support import APP, DESCRIBE, LIST, PAUSE, RESUME

from .mangles import IN_ANY, IN_DESCRIPTIONS, IN_LISTS
from .wishes import Wishes
from .world import (
    OTHER_APP,
    PUBLISH,
    TOPIC,
    Key,
    Step,
    Trouble,
    World,
)

T = TypeVar("T")

THEMES = ("any", "shifting list", "turning hours", "stubborn tasks", "overlapping messages", "blind")
"""What is likelier than elsewhere; everything else happens as well."""

ZONES = ("UTC", "Asia/Shanghai", "America/New_York", "Europe/Berlin", "Pacific/Kiritimati", "Asia/Kolkata")
STARTS = (
    datetime(2026, 11, 23, 4, 0, tzinfo=timezone.utc),
    datetime(2026, 3, 29, 0, 59, 40, tzinfo=timezone.utc),
    datetime(2026, 11, 1, 5, 59, 45, tzinfo=timezone.utc),
    datetime(2026, 12, 31, 15, 59, 50, tzinfo=timezone.utc),
)
NAMES = ("spring", "us-west", "Zürich", "续费提醒", "a b", "")
CODES = (
    "ServiceUnavailable",
    "UnsupportedOperation",
    "InvalidParameterValue",
    "FailedOperation.CurStateNotAllowModify",
    "ResourceNotFound",
    "UnauthorizedOperation",
    "NobodyKnows.ThisCode",
)
OF_EVERYTHING = ("AuthFailure.SignatureFailure", "OperationDenied.UinDisabled")
"""With these no call can work; what is halted for them is not a fault."""
PLAIN = (
    "reset",
    "lost_reply",
    "drip",
    "truncated",
    "http_500",
    "http_429",
    "html",
    "empty",
    "other_content_type",
    "internal_error",
    "db_error",
    "throttled",
)


class Builder:
    """Draws one world, part by part."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = Random(seed)  # noqa: S311 - repeatable on purpose
        self.theme = self.one_of(THEMES, (5, 2, 2, 1, 2, 2))
        self.limit = self.one_of((2.0, 3.0, 5.0, 10.0, 20.0, 60.0))
        self.start = self.one_of(STARTS) + timedelta(seconds=self.chance.randrange(30))

    def one_of(self, values: Sequence[T], weights: Sequence[float] | None = None) -> T:
        return self.chance.choices(values, weights)[0]

    def maybe(self, probability: float) -> bool:
        return self.chance.random() < probability

    def world(self) -> World:
        tasks = self.tasks()
        policy = self.policy(tasks)
        triggers = ("sqs", "ckafka", "cmq", "timer", "invocation", "eventbridge")
        trigger = self.one_of(triggers, (5, 4, 1, 2, 2, 1))
        dry_run = self.maybe(0.07)
        wishes = Wishes(self, tasks, policy, dry_run=dry_run)
        many = trigger in {"sqs", "ckafka", "cmq"}
        most = (0, 1, 4, 3, 2) if self.theme == "overlapping messages" else (4, 3, 2, 1, 1)
        text = many or trigger == "timer"
        count = self.one_of((1, 2, 3, 4, 5), most) if many else 1
        messages = [wishes.message(number, text=text) for number in range(count)]
        return World(
            seed=self.seed,
            theme=self.theme,
            start=self.start,
            limit=self.limit,
            rate=self.one_of((0.1, 1, 5, 20, 100, 1000), (1, 1, 2, 8, 2, 1)),
            verify=self.maybe(0.8),
            dry_run=dry_run,
            topic=self.one_of(("stdout:", f"cmq:{TOPIC}"), (2, 1)),
            trigger=trigger,
            policy=policy,
            tasks=tasks,
            messages=messages,
            asks=wishes.asks,
            troubles=self.troubles(wishes),
            options=self.options(),
            quota=self.one_of((None, 20, 10), (6, 2, 1)),
            steps=self.steps(tasks, wishes),
        )

    # What there is.

    def tasks(self) -> list[dict[str, Any]]:
        many = self.theme in {"shifting list", "blind"}
        sizes = (10, 80, 8, 2) if many else (80, 14, 5, 1)
        lowest, highest = self.one_of(((0, 8), (9, 40), (41, 120), (121, 300)), sizes)
        count = self.chance.randint(lowest, highest)
        if self.theme == "shifting list" and self.maybe(0.7):
            count = 10 * (count // 10 + 1)  # whole pages: what is pushed off the last one is on none
        ids = sorted(self.chance.sample(range(100, 100 + 4 * count + 4), count))
        two_apps = self.maybe(0.3) and self.theme != "shifting list"
        busy = self.maybe(0.5)
        return [self.task(each, two_apps=two_apps, busy=busy) for each in ids]

    def task(self, task_id: int, *, two_apps: bool, busy: bool) -> dict[str, Any]:
        state = self.one_of((1, 5, 0, 2, 3, 4), (12 if busy else 4, 3, 1, 1, 1, 1))
        name = self.one_of(NAMES) if self.maybe(0.4) else f"task-{task_id}"
        app = OTHER_APP if two_apps and self.maybe(0.3) else APP
        now = int(self.start.timestamp())
        task = {"task_id": task_id, "sdk_app_id": app, "name": name, "state": state}
        if state == 0:
            soon = now + self.chance.randint(1, max(1, int(self.limit)))
            task["not_before"] = self.one_of((now + 86_400, soon, now * 1000, 10**18), (4, 2, 1, 1))
        elif self.maybe(0.1):
            task["not_before"] = self.one_of((now * 1000, 10**18, -1, 2**62))
        if self.maybe(0.04):
            task["not_after"] = now + self.chance.randint(1, max(1, int(self.limit)))
            task["ending_seconds"] = self.one_of((0, 5))
        return task

    def policy(self, tasks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        hours = {name: self.hours() for name in ("default", "us-east", "late")[: self.one_of((1, 2, 3))]}
        named: dict[str, Any] = {}
        all_of_them = self.maybe(0.3)
        for task in tasks:
            if not (all_of_them or self.maybe(0.25)):
                continue
            entry: dict[str, Any] = {"task_id": task["task_id"], "quiet_hours": self.one_of(list(hours))}
            if task["sdk_app_id"] != APP or self.maybe(0.3):
                entry["sdk_app_id"] = task["sdk_app_id"]
            if self.maybe(0.15):
                entry["exempt_until"] = self.exemption()
            named[f"p-{task['task_id']}"] = entry
        if self.maybe(0.15):
            named["gone"] = {"task_id": 99, "quiet_hours": "default"}
        return {"quiet_hours": hours} | ({"tasks": named} if named else {})

    def exemption(self) -> str:
        soon = self.start + timedelta(seconds=self.chance.randint(0, int(self.limit)))
        return self.one_of(
            (
                "9999-12-31T23:59:59Z",
                "9999-12-31T23:59:59-11:00",
                "0001-01-02T00:00:00+14:00",
                (self.start - timedelta(days=1)).isoformat(),
                (self.start + timedelta(days=1)).isoformat(),
                soon.isoformat(),
            ),
            (2, 1, 1, 2, 1, 3),
        )

    def hours(self) -> dict[str, Any]:
        zone = self.one_of(ZONES)
        kinds = ("always", "never", "ends", "begins", "blip", "gap", "clock")
        likely = {
            "turning hours": (1, 1, 8, 5, 2, 3, 1),
            "shifting list": (20, 1, 1, 1, 1, 1, 1),
        }.get(self.theme, (9, 2, 2, 2, 1, 1, 3))
        kind = self.one_of(kinds, likely)
        first = self.chance.randint(1, max(1, int(self.limit)) if self.maybe(0.3) else 2)
        second = first + self.chance.randint(1, max(1, int(self.limit)))
        lead = 120 if kind == "begins" and self.maybe(0.5) else 0
        hour = 3_600
        quiet = {
            "always": lambda: ["00:00-24:00"],
            "never": lambda: ["1999-01-01T00:00:00Z/1999-01-02T00:00:00Z"],
            "ends": lambda: [self.span(-hour, first)],
            "begins": lambda: [self.span(first + lead, first + lead + hour)],
            "blip": lambda: [self.span(first, second)],
            "gap": lambda: [self.span(-hour, first), self.span(second, hour)],
            "clock": lambda: [self.by_the_clock(zone)],
        }[kind]()
        return {"time_zone": zone, "quiet": quiet} | ({"lead_time": "2m"} if lead else {})

    def span(self, first: float, last: float) -> str:
        ends = (self.start + timedelta(seconds=each) for each in (first, last))
        return "/".join(each.isoformat() for each in ends)

    def by_the_clock(self, zone: str) -> str:
        local = self.start.astimezone(ZoneInfo(zone))
        begin = (local.hour - self.chance.randint(0, 3)) % 24
        return f"{begin:02}:00-{(begin + self.chance.randint(1, 9)) % 24:02}:00"

    # What goes wrong.

    def troubles(self, wishes: Wishes) -> list[Trouble]:
        found = []
        for action in (PAUSE, RESUME, DESCRIBE, LIST):
            likely = (action == PAUSE and self.theme == "turning hours") or (
                action in {LIST, DESCRIBE} and self.theme == "blind"
            )
            count = self.one_of((0, 1, 2), (10, 70, 20) if likely else (65, 28, 7))
            found += [self.trouble(action, wishes) for _ in range(count)]
        if self.maybe(0.12):
            found.append(replace(self.trouble(PUBLISH, wishes), task_id=None))
        return found

    def trouble(self, action: str, wishes: Wishes) -> Trouble:
        title, fault = self.fault(action)
        how: Mapping[str, Any] = self.one_of(
            (
                {},
                {"times": self.chance.randint(1, 3)},
                {"probability": self.one_of((0.2, 0.5)), "seed": self.seed},
            )
        )
        task_id = None
        if action != LIST and wishes.known and self.maybe(0.3):
            task_id = self.one_of(wishes.known)[1]
        return Trouble(title, fault, action, task_id, how)

    def fault(self, action: str) -> tuple[str, Fault]:
        kind = self.one_of(
            ("plain", "code", "latency", "stall", "mangle", "credentials"), (9, 6, 2, 1, 7, 0.4)
        )
        if kind == "mangle" and action != PUBLISH:
            changes = dict(IN_ANY)
            changes |= {LIST: IN_LISTS, DESCRIBE: IN_DESCRIPTIONS}.get(action, {})
            title = self.one_of(list(changes))
            return title, faults.mangled(changes[title])
        if kind == "latency":
            seconds = self.one_of((0.1, 0.5, 1.0, 3.0))
            return f"latency {seconds}", faults.latency(seconds)
        if kind == "stall":
            return "stall", Fault(Kind.STALL, seconds=0.02)
        if kind == "credentials":
            code = self.one_of(OF_EVERYTHING)
            return code, faults.error(code)
        if kind == "code":
            code = self.one_of(CODES)
            return code, faults.error(code)
        name = self.one_of(PLAIN)
        return name, replace(faults.NAMED[name], seconds=0.0)

    def options(self) -> dict[str, Any]:
        answers = [
            "pause_paused pause_finished pause_not_started pause_unknown".split(),
            "resume_running resume_finished resume_not_started resume_unknown describe_unknown".split(),
        ]
        changed: dict[str, Any] = {
            name: self.one_of(list(Answer)) for names in answers for name in names if self.maybe(0.3)
        }
        shifting = self.theme == "shifting list"
        if self.maybe(0.9 if shifting else 0.3):
            changed["max_page_size"] = 10 if shifting else self.one_of((10, 10, 50, None))
        if self.maybe(0.9 if self.theme == "stubborn tasks" else 0.06):
            changed["pauses_without_effect"] = self.one_of((1, 3, 10**6))
        if self.maybe(0.7 if shifting else 0.3):
            changed["newest_first"] = True
        return changed

    def steps(self, tasks: Sequence[Mapping[str, Any]], wishes: Wishes) -> list[Step]:
        shifting = self.theme == "shifting list"
        if not self.maybe(0.9 if shifting else 0.25):
            return []
        keys = wishes.known or [(APP, 1)]
        # Both at once may shift the pages without a trace, and then nobody can know.
        kinds = ("pause", "resume", "stop", "finish", "rename", "delete", "create")
        likely = (
            self.one_of(((1, 1, 1, 1, 1, 20, 0), (1, 1, 1, 1, 1, 0, 40)))
            if shifting
            else (3, 3, 1, 2, 1, 1, 3)
        )
        steps: list[Step] = []
        for _ in range(self.chance.randint(1, 4)):
            what = self.one_of(kinds, likely)
            key: Key = self.one_of(keys)
            if shifting and what == "delete" and tasks:
                key = (APP, self.one_of(tasks)["task_id"])
            if what == "create":
                newest = max((each["task_id"] for each in tasks), default=100)
                key = (APP, newest + 1 + len(steps) if self.maybe(0.7) else self.chance.randint(1, 99))
            last = 6 + len(tasks) // 10 if shifting else 3 + len(wishes.asks) + len(tasks) // 4
            at = self.chance.randint(4 if shifting else 1, last)  # the first page is request 4 where 10 fit
            steps.append(Step(at, what, key, self.one_of(NAMES)))
        return sorted(steps, key=lambda step: step.at)
