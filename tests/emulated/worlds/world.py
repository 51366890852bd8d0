"""What a world is: its tasks, its policy, what is asked, what goes wrong, and who else acts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from handler.quiet_hours import QuietHours
from local.emulator import Fault
from tests.support import APP

OTHER_APP = 1400692009
TOPIC = "reports"
PUBLISH = "PublishCmqMsg"
RESERVE, MOST_KEPT = 1.5, 10.0

Key = tuple[int, int]


@dataclass(frozen=True)
class Ask:
    """One task of one valid message, by id or (with `task_id` `None`) by its name in CCC."""

    message: int
    action: str
    app: int
    task_id: int | None
    name: str | None
    hours: str
    exempt_until: datetime | None
    dry: bool

    @property
    def key(self) -> Key | None:
        return None if self.task_id is None else (self.app, self.task_id)


@dataclass(frozen=True)
class Message:
    """A message as it is sent; `valid` by the contract."""

    body: Any
    valid: bool


@dataclass(frozen=True)
class Trouble:
    """A fault and the requests that it concerns: those of an action, of one task, of some."""

    title: str
    fault: Fault
    action: str
    task_id: int | None
    how: Mapping[str, Any]

    def concerns(self, action: str, task_id: int) -> bool:
        return self.action == action and self.task_id in {None, task_id}


@dataclass(frozen=True)
class Step:
    """What another actor does just before request number `at` is worked on."""

    at: int
    what: str
    key: Key
    name: str = ""


@dataclass(frozen=True)
class World:
    """All that a run begins with. Times in seconds since `start`."""

    seed: int
    theme: str
    start: datetime
    limit: float
    rate: float
    verify: bool
    dry_run: bool
    topic: str
    trigger: str
    policy: Mapping[str, Any]
    tasks: Sequence[Mapping[str, Any]]
    messages: Sequence[Message]
    asks: Sequence[Ask]
    troubles: Sequence[Trouble]
    options: Mapping[str, Any]
    quota: int | None
    steps: Sequence[Step]

    @property
    def budget(self) -> float:
        """The seconds for the work: the limit, less what is kept to report in."""
        rest = self.limit - RESERVE
        return rest - min(MOST_KEPT, rest / 5)

    def message_id(self, number: int) -> str:
        return f"w{self.seed}-m{number}"

    def event(self) -> dict[str, Any]:
        """Return the trigger event."""
        texts = [each.body if isinstance(each.body, str) else json.dumps(each.body) for each in self.messages]
        first = self.messages[0].body
        if self.trigger == "sqs":
            records: list[dict[str, Any]] = [
                {"messageId": self.message_id(number), "body": text, "eventSource": "aws:sqs"}
                for number, text in enumerate(texts)
            ]
            return {"Records": records}
        if self.trigger == "ckafka":
            offset = self.seed * 10
            records = [
                {"Ckafka": {"topic": "t", "partition": 0, "offset": offset + number, "msgBody": text}}
                for number, text in enumerate(texts)
            ]
            return {"Records": records}
        if self.trigger == "cmq":
            return {
                "Records": [
                    {"CMQ": {"msgId": self.message_id(number), "msgBody": text}}
                    for number, text in enumerate(texts)
                ]
            }
        if self.trigger == "timer":
            return {"Type": "Timer", "TriggerName": "t", "Time": "", "Message": texts[0]}
        if self.trigger == "eventbridge":
            return {"detail-type": "ask", "source": "campaigns", "id": "1", "detail": first}
        return dict(first)

    def found(self, ask: Ask, task_id: int) -> Ask:
        """Return what is asked of a task that was found by its name: it keeps the policy's quiet hours."""
        for entry in self.policy.get("tasks", {}).values():
            if (entry.get("sdk_app_id", APP), entry["task_id"]) == (ask.app, task_id):
                return replace(
                    ask, task_id=task_id, hours=entry["quiet_hours"], exempt_until=exemption(entry)
                )
        return replace(ask, task_id=task_id)

    def hours(self) -> dict[str, QuietHours]:
        documents = self.policy["quiet_hours"]
        return {name: QuietHours.model_validate(document) for name, document in documents.items()}


def exemption(entry: Mapping[str, Any]) -> datetime | None:
    """Return until when the policy's entry exempts a task."""
    until = entry.get("exempt_until")
    return datetime.fromisoformat(until.replace("Z", "+00:00")) if until else None


class Calendar:
    """When the quiet hours of a world hold, by the engine that has an oracle of its own."""

    def __init__(self, world: World) -> None:
        self._start = world.start
        self._hours = world.hours()
        end = world.start + timedelta(seconds=world.limit + 120)
        turns: set[datetime] = {ask.exempt_until for ask in world.asks if ask.exempt_until}
        for hours in self._hours.values():
            at: datetime | None = world.start
            while at is not None and at < end:
                at = hours.next_change(at)
                turns |= {at} if at else set()
        inside = (turn for turn in turns if world.start < turn < end)
        self.turns = sorted((turn - world.start).total_seconds() for turn in inside)

    def quiet(self, ask: Ask, at: float) -> bool:
        """Return whether it is quiet for what was asked, so many seconds after the start."""
        now = self._start + timedelta(seconds=at)
        if ask.exempt_until and now < ask.exempt_until:
            return False
        return self._hours[ask.hours].is_quiet(now)

    def ever(self, ask: Ask, first: float, last: float, *, quiet: bool) -> bool:
        """Return whether it is quiet (or not) at any time from `first` to `last`."""
        points = [first, *(turn for turn in self.turns if first < turn < last), last]
        return any(self.quiet(ask, each) is quiet for each in points)
