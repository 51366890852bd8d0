"""A world and its run as a person reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .stage import Played, Request

_MOST = 60


def described(played: Played, found: Mapping[str, Sequence[str]]) -> str:
    """Return what was violated, the world, the run and the report, one thing a line."""
    return "\n".join(_lines(played, found))


def _lines(played: Played, found: Mapping[str, Sequence[str]]) -> Iterator[str]:
    world = played.world
    yield f"world {world.seed}: WORLD={world.seed} runs it alone"
    for rule, sentences in found.items():
        yield from _some([f"  VIOLATED {rule}: {sentence}" for sentence in sentences])
    yield (
        f"{world.theme}; {world.trigger}, {world.topic} limit {world.limit:g} s, {world.rate:g} a second, quota {world.quota},"
        f" verify {world.verify}, dry run {world.dry_run}, start {world.start.isoformat()}"
    )
    yield f"turns at {[round(turn, 1) for turn in played.calendar.turns[:20]]}"
    for name, hours in world.policy["quiet_hours"].items():
        yield f"hours {name}: {json.dumps(hours)}"
    yield from _some(
        [f"policy {name}: {json.dumps(each)}" for name, each in world.policy.get("tasks", {}).items()]
    )
    yield from _some([f"task {json.dumps(each, ensure_ascii=False)}" for each in world.tasks])
    for number, message in enumerate(world.messages):
        text = json.dumps(message.body, ensure_ascii=False)
        yield f"message {number}{'' if message.valid else ' (no request)'}: {text[:400]}"
    for each in world.troubles:
        yield f"trouble: {each.title} on {each.action} {each.task_id or ''} {dict(each.how)}"
    yield f"options: { {name: str(value) for name, value in world.options.items()} }"
    for number, step in played.touched:
        yield f"before request {number} somebody does {step.what} {step.key} {step.name!r}"
    yield from _some([_request(number, each) for number, each in enumerate(played.requests)])
    yield f"ended at {played.ended:.2f} with {type(played.error).__name__} {str(played.error or played.answer)[:300]}"
    report: Mapping[str, Any] = played.report or {"tasks": [], "errors": []}
    keys = ("task_id", "sdk_app_id", "name", "quiet_hours", "outcome", "attempts", "reason", "error")
    yield from _some(["entry: " + json.dumps({key: each[key] for key in keys}) for each in report["tasks"]])
    yield from _some([f"error: {json.dumps(each)[:300]}" for each in report["errors"]])
    yield f"final: { {key[1]: state for key, state in list(played.final.items())[:_MOST]} }"
    warned = [record for record in played.logged if record["level"] != "INFO"]
    yield from _some([f"log: {json.dumps(record)[:300]}" for record in warned])


def _request(number: int, each: Request) -> str:
    entry = each.entry
    answer = json.dumps(entry.answer, default=str)
    params = {key: value for key, value in entry.params.items() if key != "MsgContent"}
    heard = "" if entry.delivered else " (not delivered)"
    return f"{number:3} {each.at:7.3f} {entry.action} {json.dumps(params)} {entry.fault or ''}{heard} -> {answer[:240]}"


def _some(lines: Sequence[str]) -> list[str]:
    more = len(lines) - _MOST
    return [*lines[:_MOST], *([f"… and {more} more"] if more > 0 else [])]
