"""Rule 3: what the report says of a task is what was asked, answered and seen."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .case import API, PAUSED, RUNNING, Case, Entry, Violations, label

_UNVERIFIED = re.compile(r"verified|could not be seen|not seen|unknown state|state .*not")


def the_report_is_true(case: Case) -> Violations:
    """3. What the report says of a task is what was asked, answered and seen."""
    for entry in case.entries:
        rule = _TRUTHS.get(entry["outcome"])
        both = entry["task_id"] and case.contradictory((entry["sdk_app_id"], entry["task_id"]))
        if rule and not both:  # what was paused may have been resumed a moment later
            yield from (f"{label(entry)}: {why}" for why in rule(case, entry))
        if not entry["reason"]:
            yield f"{label(entry)}: no reason"
        if entry["outcome"] == "failed" and not (entry["error"] or {}).get("code"):
            yield f"{label(entry)}: no cause"
        yield from _attempts(case, entry)


def _acted(action: str) -> Callable[[Case, Entry], Violations]:
    api, bad = API[action], RUNNING if action == "pause" else PAUSED
    good = PAUSED if action == "pause" else RUNNING

    def rule(case: Case, entry: Entry) -> Violations:
        told = case.of((entry["sdk_app_id"], entry["task_id"] or 0))
        accepted = told.first_accepted(api)
        if not told.calls[api]:
            yield "no call was sent"
        elif accepted is None:
            if not told.unclear(api):
                yield "every call was refused"
            elif not any(look.state == good for look in told.after(told.calls[api][0][0])):
                yield "no call was accepted, nor was it seen so"
        else:
            after = told.after(accepted)
            sure = [look.state for look in after if look.sure]
            if sure and sure[-1] == bad:
                yield "after an accepted call it was last seen otherwise"
            if (
                not told.after(told.accepted(api) or 0)
                and case.world.verify
                and not _UNVERIFIED.search(entry["reason"])
            ):
                yield "it was not seen after the accepted call, and the reason does not say so"

    return rule


def _seen_in(*states: int, never: int | None = None) -> Callable[[Case, Entry], Violations]:
    def rule(case: Case, entry: Entry) -> Violations:
        told = case.of((entry["sdk_app_id"], entry["task_id"] or 0))
        last = told.last_sure()
        if not told.ever(*states):
            yield "it was never seen so"
        elif last and last.state == never:
            yield "it was seen otherwise later"

    return rule


def _left_alone(action: str) -> Callable[[Case, Entry], Violations]:
    def rule(case: Case, entry: Entry) -> Violations:
        key = (entry["sdk_app_id"], entry["task_id"] or 0)
        wanted = PAUSED if action == "pause" else RUNNING
        changed = [each for _, each in case.of(key).calls[API[action]] if each.after == wanted != each.before]
        several = len({ask.hours for ask in case.of_key(key)}) > 1  # the calls may be another message's
        if changed and not entry["attempts"] and not several:
            yield f"but {API[action]} was carried out at {changed[0].at:.2f}"
        asks = case.of_key(key, action=action) or [
            ask for ask in case.world.asks if ask.name == entry["name"] and ask.action == action
        ]
        quiet = action == "resume"
        if not any(case.calendar.ever(ask, 0, case.played.ended, quiet=quiet) for ask in asks):
            yield f"but it was {'never' if quiet else 'always'} quiet"

    return rule


def _missing(case: Case, entry: Entry) -> Violations:
    if entry["task_id"] is not None:
        key = (entry["sdk_app_id"], entry["task_id"])
        told = case.of(key)
        exists = key in case.start_names and not any(
            step.what == "delete" and step.key == key for _, step in case.played.touched
        )
        if exists and (told.looks or not told.refused_as_missing):
            yield "it exists"
        return
    steps = {step.what for _, step in case.played.touched}
    if {"create", "delete"} <= steps or any(each.title.startswith("Name") for each in case.world.troubles):
        return  # the pages may have shifted without a trace; what has no readable name cannot be found
    for key, name in case.start_names.items():
        if name == entry["name"] and key[0] == entry["sdk_app_id"] and key not in case.touched:
            yield f"task {key[1]} has this name"


_TRUTHS: Mapping[str, Callable[[Case, Entry], Violations]] = {
    "paused": _acted("pause"),
    "resumed": _acted("resume"),
    "already_paused": _seen_in(PAUSED, never=RUNNING),
    "already_running": _seen_in(RUNNING, never=PAUSED),
    "finished": _seen_in(2, 3, 4),
    "not_started": _seen_in(0),
    "not_quiet": _left_alone("pause"),
    "still_quiet": _left_alone("resume"),
    "not_found": _missing,
}


def _attempts(case: Case, entry: Entry) -> Violations:
    key = (entry["sdk_app_id"], entry["task_id"] or 0)
    actions = {ask.action for ask in case.of_key(key)}
    if (
        len(actions) != 1
        or len({ask.hours for ask in case.of_key(key)}) != 1
        or len(case.entries_of(key)) != 1
    ):
        return
    calls = len(case.of(key).calls[API[actions.pop()]])
    if calls and not entry["attempts"]:
        yield f"{label(entry)}: but {calls} calls were sent"
    elif calls != entry["attempts"] and not case.in_doubt:
        yield f"{label(entry)}: {calls} calls were sent"
