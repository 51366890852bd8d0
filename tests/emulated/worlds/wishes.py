"""The messages of a world, and what each valid one asks for by the contract "requests"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tests.support import APP

from .world import Ask, Key, Message, exemption

if TYPE_CHECKING:
    from .builder import Builder

_TEXTS_THAT_ARE_NONE = ("not JSON", "", "[]", "null", "5", '{"tasks": [1]', '{"tasks": [1], "tasks": [2]}')
_OBJECTS_THAT_ARE_NONE: tuple[Any, ...] = (
    {"tasks": []},
    {"tasks": [True]},
    {"tasks": [1.5]},
    {"tasks": [-3]},
    {"tasks": ["16498"]},
    {"tasks": [{"task_id": 1, "quiet_hours": "nobody's"}]},
    {"tasks": [{"task": 1}]},
    {"tasks": [1], "dry_run": "yes"},
    {"tasks": [1], "action": "stop"},
    {"tasks": [1], "when": "now"},
)


class Wishes:
    """Draws messages that overlap: they name tasks of a small set, in every way there is."""

    def __init__(
        self,
        builder: Builder,
        tasks: Sequence[Mapping[str, Any]],
        policy: Mapping[str, Any],
        *,
        dry_run: bool,
    ) -> None:
        self._builder = builder
        self._dry_run = dry_run
        self._hours = list(policy["quiet_hours"])
        self._policy: Mapping[str, Mapping[str, Any]] = policy.get("tasks", {})
        self._by_key = {self._key(entry): entry for entry in self._policy.values()}
        sizes = {"overlapping messages": (8, 2, 0), "blind": (0, 1, 9)}.get(builder.theme, (5, 5, 2))
        size = min(len(tasks), builder.one_of((3, 6, 300), sizes))
        hot = builder.chance.sample(list(tasks), size)
        if tasks and builder.theme == "shifting list":
            hot = [tasks[0], tasks[-1]] * 2 + hot[:2]  # one of them is the last of the list
        self.known: list[Key] = [(task["sdk_app_id"], task["task_id"]) for task in hot]
        self._names = [task["name"] for task in hot if task["name"] and task["sdk_app_id"] == APP]
        self.asks: list[Ask] = []

    def message(self, number: int, *, text: bool) -> Message:
        chance = self._builder
        if chance.maybe(0.12):
            wrong = chance.one_of(_OBJECTS_THAT_ARE_NONE + (_TEXTS_THAT_ARE_NONE if text else ()))
            if not text or not isinstance(wrong, str) or wrong:  # a timer's empty message asks for everything
                return Message(wrong, valid=False)
        action = chance.one_of(("pause", "resume"), (4, 1))
        dry = chance.maybe(0.35 if chance.theme == "overlapping messages" else 0.1)
        body: dict[str, Any] = {"action": action} if action == "resume" or chance.maybe(0.3) else {}
        body |= {"dry_run": dry} if dry or chance.maybe(0.2) else {}
        if self._policy and chance.maybe(0.3 if chance.theme != "shifting list" else 0.1):
            wanted = [self._of_policy(name) for name in self._policy]
            body |= {"tasks": None} if chance.maybe(0.3) or not body else {}
        else:
            body["tasks"], wanted = self._list()
        for app, task_id, name, hours in {(each[0], each[1] or each[2]): each for each in wanted}.values():
            exempt = exemption(self._by_key.get((app, task_id or 0), {}))
            ask = Ask(number, action, app, task_id, name, hours, exempt, dry or self._dry_run)
            self.asks.append(ask)
        return Message(body, valid=True)

    def _list(self) -> tuple[list[Any], list[tuple[int, int | None, str | None, str]]]:
        chance = self._builder
        everything = len(self.known) > 6 and chance.maybe(0.7)
        count = len(self.known) if everything else chance.chance.randint(1, 6)
        refs: list[Any] = []
        wanted: list[tuple[int, int | None, str | None, str]] = []
        hours_of: dict[tuple[int, int | str | None], str] = {}
        for number in range(count):
            ref, meant = self._ref(self.known[number] if everything else None)
            app, task_id, name, hours = meant
            if hours_of.setdefault((app, task_id or name), hours) == hours:  # else the message is refused
                refs.append(ref)
                wanted.append(meant)
        return refs, wanted

    def _ref(self, key: Key | None) -> tuple[Any, tuple[int, int | None, str | None, str]]:
        chance = self._builder
        kinds = ("id", "object", "policy", "ccc", "unknown", "nobody")
        by_name = 12 if chance.theme == "shifting list" else 3
        kind = chance.one_of(
            kinds, (6, 3, 3, by_name, 1, 0.5) if chance.theme != "blind" else (9, 1, 2, 0, 0.2, 0)
        )
        if key is None and self.known:
            key = chance.one_of(self.known)
        if kind == "policy" and self._policy:
            name = chance.one_of(list(self._policy))
            return name, self._of_policy(name)
        if kind == "ccc" and self._names:
            name = chance.one_of(self._names)
            return name, (APP, None, name, "default")
        if kind == "nobody":
            return "nobody-has-this-name", (APP, None, "nobody-has-this-name", "default")
        if key is None or kind == "unknown":
            task_id = chance.one_of((7, 8, 2**62))
            return task_id, (APP, task_id, None, "default")
        app, task_id = key
        hours = str(self._by_key.get(key, {}).get("quiet_hours", "default"))
        if kind == "object" or app != APP:
            ref: dict[str, Any] = {"task_id": task_id}
            ref |= {"sdk_app_id": app} if app != APP or chance.maybe(0.3) else {}
            if chance.maybe(0.3):
                hours = ref["quiet_hours"] = chance.one_of(self._hours)
            return ref, (app, task_id, None, hours)
        return task_id, (app, task_id, None, hours)

    def _of_policy(self, name: str) -> tuple[int, int | None, str | None, str]:
        entry = self._policy[name]
        app, task_id = self._key(entry)
        return app, task_id, name, entry["quiet_hours"]

    def _key(self, entry: Mapping[str, Any]) -> Key:
        return entry.get("sdk_app_id", APP), entry["task_id"]
