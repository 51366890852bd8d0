"""Attacks on the ledger, each reduced to a few wake-ups."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from handler.errors import QuietHoursError, UnfinishedError
from handler.topics.notifier import Memory
from local.emulator import Emulator, faults
from tests.support import APP, PAUSE, RESUME

from .harness.function import Function

ENFORCE = {"action": "enforce"}
TIMER = {"Type": "Timer", "TriggerName": "t", "Message": json.dumps(ENFORCE)}
EVENING = datetime(2026, 11, 24, 14, 0, tzinfo=timezone.utc)
MORNING = datetime(2026, 11, 25, 1, 2, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
SHANGHAI = {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]}
RUNNING, PAUSED = 1, 5
SPRING = 16498
BUCKET = "ledger-1250000000"
NOTE = "11111111-1111-4111-8111-111111111111"


def policy(**parts: Any) -> str:
    spring = {"task_id": SPRING, "sdk_app_id": APP}
    return json.dumps({"quiet_hours": {"default": SHANGHAI}, "tasks": {"spring-renewals": spring}} | parts)


@pytest.fixture
def function(emulator: Emulator) -> Function:
    ledger = f"cos://{BUCKET}/quiet?region=ap-guangzhou"
    return Function(emulator, now=EVENING, callout_policy=policy(), callout_ledger=ledger)


def at(function: Function, now: datetime, event: Any = TIMER, **more: Any) -> dict[str, Any]:
    """Wake a cold instance of the function."""
    function.emulator.now = now.timestamp
    function.memory = Memory()
    return function(event, now, **more)


def outcomes(report: Mapping[str, Any]) -> dict[int, str]:
    return {task["task_id"]: task["outcome"] for task in report["tasks"]}


def put_state(function: Function, state: int, task: int = SPRING) -> None:
    function.emulator.tasks.add(task_id=task, sdk_app_id=APP, name="spring-renewals", state=state)


def sent(function: Function, action: str) -> int:
    return sum(each.action == action for each in function.emulator.journal.entries)


def put(function: Function, key: str, body: Any) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    function.emulator.objects.put(BUCKET, f"quiet/{key}", content)


def note(**changes: Any) -> dict[str, Any]:
    target = {
        "kind": "task",
        "id": 16499,
        "quiet_hours": "default",
        "until": "2026-11-25T01:00:00Z",
        "forced": False,
        "state": "running",
    }
    return {"run": NOTE, "time": "2026-11-24T14:00:00Z", "targets": [target | changes]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"9" * 5000,
        b"[" * 100_000,
        {"run": NOTE},
        note(id=-1),
        note(id=2**64),
        note(kind="robot"),
        note(until="soon"),
        note(until="0001-01-01T00:00:00+14:00"),
        note(until="9999-12-31T23:59:59-14:00"),
        note() | {"time": "0001-01-01T00:00:00+14:00"},
        note() | {"time": "9999-12-31T23:59:59-14:00"},
        note(quiet_hours="\ud800"),
        note(quiet_hours="x" * 100_000),
        note(quiet_hours="", until=None),
        note() | {"targets": note()["targets"] * 3},
        note() | {"targets": [{}]},
    ],
    ids=range(19),
)
@pytest.mark.parametrize(
    "key",
    [
        f"paused/{APP}/{NOTE}.json",
        f"withdrawn/{APP}/{NOTE}.json",
        f"resumed/{APP}/{NOTE}/1.json",
        f"results/{APP}/{NOTE}/1.json",
    ],
)
def test_an_absurd_object_holds_up_nothing_else(function: Function, key: str, body: Any) -> None:
    at(function, EVENING)
    put(function, key, body)
    with contextlib.suppress(UnfinishedError):
        at(function, MORNING)
    assert function.emulator.tasks.state(SPRING) == RUNNING
    at(function, MORNING + timedelta(hours=11, minutes=59))
    assert function.emulator.tasks.state(SPRING) == PAUSED


def test_an_absurd_time_of_a_paused_target_holds_up_nothing(function: Function) -> None:
    at(function, EVENING)
    put_state(function, PAUSED, 16499)
    put(function, f"paused/{APP}/{NOTE}.json", note() | {"time": "0001-01-01T00:00:00+14:00"})
    report = at(function, MORNING)
    assert outcomes(report)[SPRING] == "resumed"


def test_two_overlapping_mornings_resume_once(function: Function) -> None:
    for number in range(30):
        put_state(function, RUNNING, 20_000 + number)
    rules = policy(rules=[{"quiet_hours": "default"}])
    function.settings["callout_policy"] = rules
    at(function, EVENING)
    function.emulator.now = MORNING.timestamp
    found: list[str] = []

    def wake() -> None:
        try:
            function(TIMER, MORNING, memory=Memory())
        except QuietHoursError as error:
            found.append(str(error))

    threads = [threading.Thread(target=wake) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    ids = [e.params["TaskId"] for e in function.emulator.journal.entries if e.action == RESUME]
    assert len(ids) == len(set(ids)) >= 31, found
    assert not found


def test_force_during_the_morning(function: Function) -> None:
    at(function, EVENING)
    forced: list[str] = []
    threads: list[threading.Thread] = []

    def meanwhile(action: str, params: Mapping[str, Any]) -> None:
        if action == "PutObject" and "/resumed/" in params["Key"] and not threads:
            threads.append(threading.Thread(target=force))
            threads[0].start()

    def force() -> None:
        try:
            function({"action": "pause", "tasks": [SPRING], "force": True}, MORNING, memory=Memory())
            forced.append("done")
        except UnfinishedError:
            forced.append("again")

    function.emulator.hooks.before = meanwhile
    at(function, MORNING)
    for each in threads:
        each.join(30)
    function.emulator.hooks.before = None
    assert len(forced) == 1
    if forced == ["again"]:
        at(function, MORNING + 2 * MINUTE, {"action": "pause", "tasks": [SPRING], "force": True})
    at(function, MORNING + 4 * MINUTE)
    assert function.emulator.tasks.state(SPRING) == PAUSED


@pytest.mark.parametrize("named", ["spring-renewals", SPRING])
def test_enforce_with_named_tasks_only(function: Function, named: Any) -> None:
    both = policy(
        tasks={
            "spring-renewals": {"task_id": SPRING, "sdk_app_id": APP},
            "b": {"task_id": 16499, "sdk_app_id": APP},
        }
    )
    put_state(function, RUNNING, 16499)
    at(function, EVENING, callout_policy=both)
    report = at(function, MORNING, {"action": "enforce", "tasks": [named]}, callout_policy=both)
    assert outcomes(report) == {SPRING: "resumed"}
    assert function.emulator.tasks.state(16499) == PAUSED
    function(TIMER, MORNING + MINUTE, callout_policy=both)
    assert function.emulator.tasks.state(16499) == RUNNING


def sqs(*bodies: Any) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": str(n),
                "body": json.dumps(b),
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:1:q",
                "receiptHandle": "x",
                "attributes": {},
                "messageAttributes": {},
                "md5OfBody": "",
                "awsRegion": "eu-west-1",
            }
            for n, b in enumerate(bodies)
        ]
    }


def test_one_batch_of_enforce_pause_and_resume(function: Function) -> None:
    batch = sqs(ENFORCE, {"action": "pause", "tasks": [SPRING]}, {"action": "resume", "tasks": [SPRING]})
    at(function, EVENING, batch)
    assert function.emulator.tasks.state(SPRING) == PAUSED
    at(function, MORNING, batch)
    assert function.emulator.tasks.state(SPRING) == RUNNING
    assert sent(function, RESUME) == 1
    put_state(function, PAUSED)
    at(function, MORNING + 5 * MINUTE)
    assert sent(function, RESUME) == 1


def test_force_and_enforce_in_one_batch(function: Function) -> None:
    at(function, EVENING)
    batch = sqs(ENFORCE, {"action": "pause", "tasks": [SPRING], "force": True})
    at(function, MORNING, batch)
    assert function.emulator.tasks.state(SPRING) == PAUSED


def test_a_dry_run_by_setting_writes_nothing(function: Function) -> None:
    at(function, EVENING, callout_dry_run=True)
    at(function, EVENING, {"action": "pause", "tasks": [SPRING], "force": True}, callout_dry_run=True)
    assert sent(function, "PutObject") == 0
    at(function, EVENING)
    writes = sent(function, "PutObject")
    report = at(function, MORNING, callout_dry_run=True)
    assert outcomes(report) == {SPRING: "would_resume"}
    assert (sent(function, "PutObject"), sent(function, RESUME)) == (writes, 0)


def hold(function: Function, count: int) -> None:
    for number in range(count):
        put_state(function, RUNNING, 20_000 + number)
    function.settings["callout_policy"] = policy(rules=[{"quiet_hours": "default"}])
    at(function, EVENING, callout_requests_per_second=1000)
    assert sent(function, PAUSE) >= count


def test_three_hundred_are_claimed_a_hundred_at_a_time(function: Function) -> None:
    hold(function, 300)
    at(function, MORNING, callout_requests_per_second=1000)
    claims = [
        e
        for e in function.emulator.journal.entries
        if e.action == "PutObject" and "/resumed/" in e.params["Key"]
    ]
    assert sent(function, RESUME) == sent(function, PAUSE)
    assert len(claims) <= 5
    assert all(
        len(json.loads(v)["targets"]) <= 100
        for k, v in function.emulator.objects[BUCKET].items()
        if "/resumed/" in k
    )


def test_at_a_tenth_of_a_request_per_second_no_claim_is_made_in_vain(function: Function) -> None:
    hold(function, 30)
    with pytest.raises(UnfinishedError):
        at(function, MORNING, callout_requests_per_second=0.1)
    claims = [
        e
        for e in function.emulator.journal.entries
        if e.action == "PutObject" and "/resumed/" in e.params["Key"]
    ]
    assert sent(function, RESUME) >= 1
    assert len(claims) <= sent(function, RESUME) + 1, (len(claims), sent(function, RESUME))


@pytest.mark.parametrize("seconds", [4, 10])
@pytest.mark.parametrize("action", ["ListObjects", "GetObject", "PutObject"])
def test_with_ten_seconds_and_a_ledger_that_stalls_nothing_is_left_claimed(
    function: Function, action: str, seconds: int
) -> None:
    at(function, EVENING)
    function.emulator.faults.add(faults.Fault(faults.Kind.STALL, seconds=3.0), action=action, times=None)
    context = {"time_limit_in_ms": seconds * 1000, "request_id": "x", "function_name": "f"}
    begun = time.monotonic()
    with contextlib.suppress(UnfinishedError):
        at(function, MORNING, context=context)
    assert time.monotonic() - begun < seconds
    function.emulator.faults.clear()
    at(function, MORNING + 20 * MINUTE)
    assert sent(function, RESUME) <= 1


def test_what_was_not_sent_for_lack_of_time_is_released(function: Function) -> None:
    hold(function, 100)
    context = {"time_limit_in_ms": 12_000, "request_id": "x", "function_name": "f"}
    function.emulator.faults.add(faults.latency(0.3), action=RESUME, times=None)
    with contextlib.suppress(UnfinishedError):
        at(function, MORNING, context=context, callout_requests_per_second=10)
    objects = function.emulator.objects[BUCKET]
    claims = {k.split("/resumed/")[1] for k in objects if "/resumed/" in k}
    results = {k.split("/results/")[1] for k in objects if "/results/" in k}
    assert claims <= results


def test_409_conflicts(function: Function) -> None:
    function.emulator.faults.add(faults.error("FileAlreadyExists"), action="PutObject", times=1)
    at(function, EVENING)
    function.emulator.faults.add(faults.error("FileAlreadyExists"), action="PutObject", times=1)
    report = at(function, MORNING)
    assert outcomes(report) == {SPRING: "resumed"}


def test_a_target_that_is_gone_is_named_once(function: Function) -> None:
    gone = policy(rules=[{"quiet_hours": "default"}])
    put_state(function, RUNNING, 20_000)
    at(function, EVENING, callout_policy=gone)
    function.emulator.tasks.remove(20_000, APP)
    first = at(function, MORNING, callout_policy=gone)
    again = at(function, MORNING + 5 * MINUTE, callout_policy=gone)
    assert 20_000 in outcomes(first)
    assert 20_000 not in outcomes(again), again["tasks"]


def test_what_is_exempt_from_now_on_is_resumed_at_night(function: Function) -> None:
    at(function, EVENING)
    exempt = policy(
        tasks={"s": {"task_id": SPRING, "sdk_app_id": APP, "exempt_until": "2026-11-25T00:00:00Z"}}
    )
    report = at(function, EVENING + 10 * MINUTE, callout_policy=exempt)
    assert function.emulator.tasks.state(SPRING) == RUNNING, report["tasks"]
