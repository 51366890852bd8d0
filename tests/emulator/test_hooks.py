"""Hooks act between requests; mangled answers are sent as they are; a list may begin with the newest."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from local.emulator import Emulator, Entry, Fault, Kind, faults
from tests.support import APP, DESCRIBE, LIST, PAUSE

TASK = {"TaskId": 16498, "SdkAppId": APP}
PAGE = {"SdkAppId": APP, "PageSize": 2, "PageNumber": 0}


def ids(answered: Any) -> list[int]:
    return [task["TaskId"] for task in answered.response["Tasks"]]


def test_before_is_called_before_the_request_is_worked_on(emulator: Emulator, wire: Any) -> None:
    asked: list[tuple[str, Any]] = []

    def before(action: str, params: Any) -> None:
        asked.append((action, params))
        emulator.tasks.get(APP, 16498).state = 2  # type: ignore[union-attr]

    emulator.hooks.before = before
    assert wire.call(DESCRIBE, TASK).response["State"] == 2
    assert asked == [(DESCRIBE, TASK)]


def test_after_is_called_with_the_entry_when_the_work_is_done(emulator: Emulator, wire: Any) -> None:
    met: list[tuple[Entry, int]] = []
    emulator.hooks.after = lambda entry: met.append((entry, emulator.tasks.state(16498)))
    wire.call(PAUSE, TASK)
    assert met == [(emulator.journal.entries[0], 5)]


def test_hooks_are_called_for_a_request_that_a_fault_keeps_from_the_service(
    emulator: Emulator, wire: Any
) -> None:
    met: list[str] = []
    emulator.hooks.before = lambda action, _: met.append(action)
    emulator.hooks.after = lambda entry: met.append(str(entry.fault))
    emulator.faults.add(faults.HTTP_500)
    assert wire.call(PAUSE, TASK).status == 500
    assert met == [PAUSE, "http_500"]


def test_a_hook_may_ask_for_faults_and_tasks(emulator: Emulator, wire: Any) -> None:
    emulator.hooks.before = lambda _action, _params: emulator.tasks.remove(16498, APP)
    assert wire.call(DESCRIBE, TASK).code == "InvalidParameterValue"
    emulator.tasks.remove(16498)
    assert [each.task_id for each in emulator.tasks] == [16499, 16500]


def test_wait_takes_the_place_of_waiting(emulator: Emulator, wire: Any) -> None:
    waited: list[float] = []
    emulator.hooks.wait = waited.append
    emulator.faults.add(faults.latency(3_600.0))
    began = time.monotonic()
    assert wire.call(PAUSE, TASK).code is None
    assert waited == [3_600.0]
    assert time.monotonic() - began < 60


def test_a_mistake_in_a_hook_is_kept_and_answered_as_an_internal_error(emulator: Emulator, wire: Any) -> None:
    def mistaken(_action: str, _params: Any) -> None:
        raise LookupError("a mistake")

    emulator.hooks.before = mistaken
    assert wire.call(PAUSE, TASK).code == "InternalError"
    assert [str(error) for error in emulator.errors] == ["a mistake"]
    emulator.errors.clear()


def test_a_reset_removes_hooks(emulator: Emulator) -> None:
    hooks = emulator.hooks
    hooks.before, hooks.after, hooks.wait = lambda *_: None, lambda _: None, lambda _: None
    emulator.reset()
    assert [getattr(hooks, name) for name in ("before", "after", "wait")] == [None, None, None]


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ([], b'{"Response": []}'),
        (None, b'{"Response": null}'),
        ({"TotalCount": float("inf")}, b'{"Response": {"TotalCount": Infinity}}'),
        ({"TotalCount": 10**30}, b'{"Response": {"TotalCount": 1000000000000000000000000000000}}'),
    ],
    ids=str,
)
def test_a_mangled_answer_is_any_json_and_the_work_is_done(
    emulator: Emulator, wire: Any, value: Any, sent: bytes
) -> None:
    emulator.faults.add(faults.mangled(lambda _: value), action=PAUSE)
    assert wire.call(PAUSE, TASK).body == sent
    assert emulator.tasks.state(16498) == 5
    (entry,) = emulator.journal.entries
    assert (entry.answer, entry.fault, entry.code, entry.request_id) == (value, "mangle", None, None)
    assert entry.delivered
    assert wire.control("GET", "journal").status == 200


def test_a_change_gets_a_copy_and_sees_errors_as_well(emulator: Emulator, wire: Any) -> None:
    seen: list[Any] = []

    def change(answer: dict[str, Any]) -> Any:
        seen.append(json.loads(json.dumps(answer)))
        answer.clear()
        return {"RequestId": ["a list"], "Error": "no object"}

    emulator.faults.add(faults.mangled(change))
    assert wire.call(PAUSE, TASK | {"TaskId": 1}).response["RequestId"] == ["a list"]
    assert seen[0]["Error"]["Code"] == "InvalidParameterValue"
    assert emulator.journal.entries[0].code is None
    assert faults.mangled(change) == Fault(Kind.MANGLE, change=change)


def test_a_fault_concerns_the_requests_that_its_condition_chooses(emulator: Emulator, wire: Any) -> None:
    emulator.faults.add(faults.DB_ERROR, action=PAUSE, when=lambda params: params["TaskId"] == 16499)
    assert wire.call(PAUSE, TASK).code is None
    assert wire.call(PAUSE, TASK | {"TaskId": 16499}).code == "InternalError.DBError"


def test_the_list_begins_with_the_oldest_or_with_the_newest(emulator: Emulator, wire: Any) -> None:
    assert ids(wire.call(LIST, PAGE)) == [16498, 16499]
    wire.control("POST", "options", {"newest_first": True})
    assert ids(wire.call(LIST, PAGE)) == [16500, 16499]
    emulator.tasks.add(task_id=16501, sdk_app_id=APP)
    assert ids(wire.call(LIST, PAGE | {"PageNumber": 1})) == [16499, 16498], "every page has shifted"
