"""The rules that hold in every world, whatever fails. Each yields a sentence for every violation.

They follow the contracts "requests", "outcomes", "how failure is told" and "time and truth", and ask only for
what could be known: from the journal, the clock, the world and what the other actor did.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from handler.errors import PublishError, QuietHoursError, UnfinishedError
from tests.support import DESCRIBE, LIST, PAUSE, RESUME

from .builder import OF_EVERYTHING
from .case import (
    API,
    COMMON,
    NOT_FINE,
    OF_ACTION,
    RUNNING,
    TOLERANCE,
    UNFINISHED,
    Case,
    Entry,
    Violations,
    label,
)
from .stage import Played, Request
from .truth import the_report_is_true
from .world import PUBLISH, Ask


def every_job_is_reported_and_nothing_else(case: Case) -> Violations:
    """1. Every job has its entry in the report, one for each task, and nothing else has one."""
    named = {ask.name for ask in case.world.asks if ask.task_id is None}
    for entry in case.entries:
        key = (entry["sdk_app_id"], entry["task_id"])
        if key not in case.by_key and not (entry["task_id"] is None and entry["name"] in named):
            yield f"nobody asked: {label(entry)}"
    for ask in case.world.asks:
        if ask.key and not case.entries_of(ask.key, ask.action):
            yield f"no entry: {ask.action} {ask.key} of message {ask.message}"
        if ask.task_id is None and not _entries_by_name(case, ask):
            yield f"no entry: {ask.action} {ask.name!r} of message {ask.message}"
    keys = Counter((each["sdk_app_id"], each["task_id"] or each["name"]) for each in case.entries)
    for (app, which), count in keys.items():
        asks = (
            case.of_key((app, which))
            if isinstance(which, int)
            else [ask for ask in case.world.asks if ask.task_id is None and ask.name == which]
        )
        if count > len({(ask.action, ask.hours) for ask in asks}):
            yield f"{count} entries for {which} of {app}"


def _entries_by_name(case: Case, ask: Ask) -> list[Entry]:
    fitting = COMMON | OF_ACTION[ask.action]
    keys = case.names.get(ask.name or "", set())
    return [
        each
        for each in case.entries
        if each["outcome"] in fitting
        and (each["name"] == ask.name or (each["sdk_app_id"], each["task_id"]) in keys)
        and each["sdk_app_id"] == ask.app
    ]


def only_what_was_asked_is_called_and_only_when_it_may_be(case: Case) -> Violations:
    """2. Pauses in quiet hours, resumes outside them, of tasks that were really asked for; nothing else."""
    for each in case.played.requests:
        if each.action not in {PAUSE, RESUME, DESCRIBE, LIST, PUBLISH}:
            yield f"{each.action} is not the function's business"
        for action, api in API.items():
            if each.action == api:
                yield from _may_call(case, action, each)


def _may_call(case: Case, action: str, each: Request) -> Violations:
    asks = case.of_key(each.key, action=action, real=True)
    if not asks:
        yield f"nobody really asked: {each.action} {each.key} at {each.at:.2f}"
        return
    first, wanted = max(0.0, each.since - TOLERANCE), action == "pause"
    if not any(case.calendar.ever(ask, first, each.at, quiet=wanted) for ask in asks):
        why = "outside" if wanted else "inside"
        yield f"{each.action} {each.key} at {each.at:.2f} (decided after {each.since:.2f}), {why} quiet hours"


def a_running_task_is_never_reported_as_fine(case: Case) -> Violations:
    """4. What runs at the end, and should not, is told of as what is not well."""
    for key in case.by_key:
        pauses = case.of_key(key, action="pause", real=True)
        if case.played.final.get(key) != RUNNING or not pauses or case.contradictory(key):
            continue
        always = [
            ask
            for ask in pauses
            if not case.calendar.ever(ask, 0, case.played.ended + TOLERANCE, quiet=False)
        ]
        told = case.of(key)
        last = max(
            [look.number for look in told.looks] + [number for number, _ in told.calls[PAUSE]], default=-1
        )
        if not always or case.moves_by_itself(key) or case.last_touch(key) > last:
            continue
        entries = case.entries_of(key, "pause")
        name = case.start_names.get(key)
        if any(
            each["name"] == name and not each["task_id"] and each["outcome"] in NOT_FINE
            for each in case.entries
        ):
            continue  # by its name it was asked for, too, and that is told as unfinished
        unseen = not [look for look in told.after(told.first_accepted(PAUSE) or -1) if look.sure]
        fine = [
            each
            for each in entries
            if each["outcome"] not in NOT_FINE and not (each["outcome"] == "paused" and unseen)
        ]
        several = len({ask.hours for ask in case.of_key(key)}) > 1  # then some may rightly be left alone
        if fine and (not several or len(fine) == len(entries)):
            yield from (f"{label(each)}, but it runs" for each in fine)


def each_message_is_answered_by_what_it_asked(case: Case) -> Violations:
    """5. The trigger hears of each message what became of what it asked, by the table of the contract."""
    played, world = case.played, case.world
    if isinstance(played.error, PublishError) or not isinstance(played.error, (UnfinishedError, type(None))):
        return
    problems = (played.report or {}).get("errors", [])
    rejected = {number for number, each in enumerate(world.messages) if not each.valid}
    told = [each for each in problems if each["code"] == "Rejected"]
    if len(told) != len(rejected):
        yield f"{len(rejected)} messages are no requests, {len(told)} were rejected: {problems}"
        return
    fates = [(ask.message, *_retry(case, ask)) for ask in world.asks]
    must = {number for number, required, _ in fates if required}
    may = {number for number, _, allowed in fates if allowed or len(problems) > len(told)}
    if world.trigger == "sqs":
        yield from _ids(case, must | rejected, may | rejected)
        return
    kept = set() if world.trigger == "ckafka" else rejected
    if played.error is None and must | kept:
        yield f"nothing is raised for messages {sorted(must | kept)}"
    if case.rehearsal_failed and must | kept:
        yield f"a rehearsal after failed work, of messages {sorted(must | kept)}"
    if played.error is not None and not may | kept and not case.rehearsal_failed:
        yield f"raised without need: {played.error}"


def _ids(case: Case, must: set[int], may: set[int]) -> Violations:
    played, world = case.played, case.world
    if played.error or not isinstance(played.answer, dict):
        yield f"SQS is answered with {played.error or played.answer!r}"
        return
    ids = {each["itemIdentifier"] for each in played.answer["batchItemFailures"]}
    failed = {number for number in range(len(world.messages)) if world.message_id(number) in ids}
    if must - failed:
        yield f"messages {sorted(must - failed)} are answered as done"
    if failed - may:
        yield f"messages {sorted(failed - may)} are to come again, though what they asked is done"


def _retry(case: Case, ask: Ask) -> tuple[bool, bool]:
    """Return whether a message must come again for what it asked, and whether it may."""
    if ask.key:
        groups = [case.entries_of(ask.key, ask.action)]
    else:
        entries = _entries_by_name(case, ask)
        groups = [[each] for each in entries]
        keys = {(each["sdk_app_id"], each["task_id"]) for each in entries if each["task_id"]}
        same = [each for each in case.world.asks if (each.app, each.name) == (ask.app, ask.name)]
        if len({(each.action, each.hours) for each in same}) > 1 or any(
            len(case.of_key(key)) > 1 for key in keys
        ):
            return False, any(each["outcome"] in UNFINISHED for each in entries)
    required = any(group and all(each["outcome"] in UNFINISHED for each in group) for group in groups)
    allowed = any(each["outcome"] in UNFINISHED for group in groups for each in group)
    others = ask.key is not None and any(not other.dry for other in case.of_key(ask.key))
    return required and not (ask.dry and others), allowed


def it_answers_in_time_and_its_report_is_heard(case: Case) -> Violations:
    """6. It ends before the platform's limit; the report is published whole, or stands in the log."""
    played = case.played
    # A simulated latency jumps over the bound that the function really sets to a call.
    latency = max(
        (each.fault.seconds for each in case.world.troubles if each.fault.name == "latency"), default=0
    )
    if played.ended > case.world.limit + latency:
        yield f"answered after {played.ended:.2f} s of {case.world.limit:g}"
    if played.report is None:
        return
    tasks = [task for each in played.published for task in each["tasks"]]
    if all(task in tasks for task in played.report["tasks"]) and played.published:
        return
    logged = [each for each in played.logged if each["level"] == "ERROR" and "report" in each]
    if not isinstance(played.error, PublishError):
        yield "the report was not published whole"
    elif not any(_read(each["report"]) == played.report for each in logged):
        yield "neither published nor in the log"


def _read(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def one_thing_that_goes_wrong_keeps_nothing_else_from_being_paused(case: Case) -> Violations:
    """7. A task that runs and is to be paused is paused, whatever happens to other APIs, tasks, messages."""
    world, played = case.world, case.played
    troubles = world.troubles
    if world.dry_run or world.quota is not None or world.options.get("pauses_without_effect"):
        return
    if any(each.title in OF_EVERYTHING for each in troubles):
        return
    count = len({ask.key for ask in case.asks if not ask.dry})
    by_name = any(ask.task_id is None for ask in world.asks)
    pages = len(world.tasks) / min(100, world.options.get("max_page_size") or 100) + 4 if by_name else 0
    needed = (count + pages) / world.rate * 1.05 + 1 + played.elsewhere
    next_turn = played.ended + 1.05 / world.rate  # what would come after the deadline is not waited for
    if needed > 0.6 * world.budget and next_turn > 0.8 * world.budget:
        return
    listed = [each for each in troubles if each.action == LIST]
    for key, asks in case.by_key.items():
        state = next((t["state"] for t in world.tasks if (t["sdk_app_id"], t["task_id"]) == key), None)
        if state != RUNNING or key in case.touched or case.moves_by_itself(key):
            continue
        if any(each.concerns(PAUSE, key[1]) for each in troubles) or case.of_key(
            key, action="resume", real=True
        ):
            continue
        wanted = [ask for ask in asks if ask.action == "pause" and not ask.dry]
        named = [ask for ask in world.asks if ask.task_id is None and ask.name == case.start_names[key]]
        known = [ask for ask in wanted if any(each.key == key for each in world.asks)]
        sure = known if (listed or case.played.touched or not named) else wanted
        steady = [ask for ask in sure if not case.calendar.ever(ask, 0, played.ended, quiet=False)]
        if steady and played.final.get(key) == RUNNING:
            outcomes = [label(each) for each in case.entries_of(key, "pause")]
            yield f"{key} was not paused in {played.ended:.1f} s of {world.limit:g}: {outcomes}"


def nothing_unexpected(case: Case) -> Violations:
    """8. No error but the project's own, none called Unexpected, no traceback; the emulator is well."""
    error = case.played.error
    if error is not None and not isinstance(error, QuietHoursError):
        yield f"raised {type(error).__name__}: {error}"
    for each in (case.played.report or {}).get("errors", []):
        if each["code"] == "Unexpected":
            yield f"Unexpected: {each['message']}"
    for record in case.played.logged:
        if "traceback" in record:
            yield f"a traceback in the log: {record['traceback'][-200:]}"
    yield from (f"the emulator: {type(each).__name__}: {each}" for each in case.played.mistakes)


RULES: Mapping[str, Callable[[Case], Violations]] = {
    "1 reported": every_job_is_reported_and_nothing_else,
    "2 called": only_what_was_asked_is_called_and_only_when_it_may_be,
    "3 true": the_report_is_true,
    "4 running": a_running_task_is_never_reported_as_fine,
    "5 answered": each_message_is_answered_by_what_it_asked,
    "6 in time": it_answers_in_time_and_its_report_is_heard,
    "7 contained": one_thing_that_goes_wrong_keeps_nothing_else_from_being_paused,
    "8 expected": nothing_unexpected,
}


def violations(played: Played) -> dict[str, list[str]]:
    """Return what was violated, by rule."""
    case = Case(played)
    errors = (played.report or {}).get("errors", [])
    unexpected = any(each["code"] == "Unexpected" for each in errors)
    whole = not unexpected and isinstance(played.error, (QuietHoursError, type(None)))
    rules = RULES if whole and played.report is not None else {"8 expected": nothing_unexpected}
    found = {name: list(rule(case)) for name, rule in rules.items()}
    return {name: each for name, each in found.items() if each}
