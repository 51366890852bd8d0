"""What this function paused it resumes in the morning, and nothing else: the sentences of docs/ledger.md."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handler.errors import ConfigurationError, UnfinishedError
from handler.topics.notifier import Memory
from local.emulator import Emulator, faults
from tests.support import APP, DESCRIBE, LIST, PAUSE, RESUME

from .harness.function import Function

ENFORCE = {"action": "enforce"}
TIMER = {"Type": "Timer", "TriggerName": "t", "Message": json.dumps(ENFORCE)}
EVENING = datetime(2026, 11, 24, 14, 0, tzinfo=timezone.utc)  # 22:00 in Shanghai, where it is quiet till 9:00
MORNING = datetime(2026, 11, 25, 1, 2, tzinfo=timezone.utc)  # 09:02
SHANGHAI = {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]}
RUNNING, PAUSED = 1, 5
SPRING, OTHERS = 16498, (16499, 16500)


def policy(resume: bool = True, **parts: Any) -> str:
    spring = {"task_id": SPRING, "sdk_app_id": APP, "resume": resume}
    return json.dumps({"quiet_hours": {"default": SHANGHAI}, "tasks": {"spring-renewals": spring}} | parts)


@pytest.fixture(params=["file", "cos"])
def function(request: pytest.FixtureRequest, emulator: Emulator, tmp_path: Path) -> Function:
    ledger = (
        f"file:{tmp_path}" if request.param == "file" else "cos://ledger-1250000000/quiet?region=ap-guangzhou"
    )
    return Function(emulator, now=EVENING, callout_policy=policy(), callout_ledger=ledger)


def at(
    function: Function, now: datetime, event: Any = TIMER, *, warm: bool = True, **more: Any
) -> dict[str, Any]:
    """Wake the function at a time that its own clock, the emulator and the store agree on."""
    function.emulator.now = now.timestamp
    if not warm:
        function.memory = Memory()
    return function(event, now, **more)


def outcomes(report: Mapping[str, Any]) -> dict[int, str]:
    return {task["task_id"] or task["campaign_id"]: task["outcome"] for task in report["tasks"]}


def state(function: Function, task: int = SPRING) -> int | None:
    return function.emulator.tasks.state(task)


def sent(function: Function, action: str) -> int:
    return sum(each.action == action for each in function.emulator.journal.entries)


def test_what_was_paused_at_night_is_resumed_in_the_morning_once(function: Function) -> None:
    assert outcomes(at(function, EVENING)) == {SPRING: "paused"}
    assert state(function) == PAUSED
    report = at(function, MORNING)
    assert outcomes(report) == {SPRING: "resumed"}
    assert report["tasks"][0]["paused_since"] == "2026-11-24T14:00:00Z"
    assert (state(function), sent(function, RESUME)) == (RUNNING, 1)
    assert report["text"].startswith("Resumed 1 task.")
    at(function, MORNING + timedelta(minutes=1))
    assert sent(function, RESUME) == 1


def test_what_a_person_paused_stays_paused(function: Function) -> None:
    function.emulator.tasks.add(task_id=SPRING, sdk_app_id=APP, name="spring-renewals", state=PAUSED)
    assert outcomes(at(function, EVENING)) == {SPRING: "already_paused"}
    assert outcomes(at(function, MORNING)) == {SPRING: "not_quiet"}
    assert (state(function), sent(function, RESUME)) == (PAUSED, 0)


@pytest.mark.parametrize("seconds", [0, 59])
def test_settle_nothing_is_resumed_in_the_first_minute_after_the_end(
    function: Function, seconds: int
) -> None:
    at(function, EVENING)
    end = datetime(2026, 11, 25, 1, 0, seconds, tzinfo=timezone.utc)
    assert outcomes(at(function, end)) == {SPRING: "not_quiet"}
    assert outcomes(at(function, end + timedelta(seconds=61))) == {SPRING: "resumed"}


def test_whom_a_person_resumed_in_the_morning_is_closed_and_her_later_pause_is_hers(
    function: Function,
) -> None:
    at(function, EVENING)
    function.emulator.tasks.add(task_id=SPRING, sdk_app_id=APP, name="spring-renewals", state=RUNNING)
    assert outcomes(at(function, MORNING)) == {SPRING: "already_running"}
    function.emulator.tasks.add(task_id=SPRING, sdk_app_id=APP, name="spring-renewals", state=PAUSED)
    at(function, MORNING + timedelta(minutes=5), warm=False)
    assert (state(function), sent(function, RESUME)) == (PAUSED, 0)


def test_what_somebody_resumed_in_quiet_hours_is_paused_and_noted_again(function: Function) -> None:
    at(function, EVENING)
    function.emulator.tasks.add(task_id=SPRING, sdk_app_id=APP, name="spring-renewals", state=RUNNING)
    later = at(function, EVENING + timedelta(minutes=1))
    assert later["tasks"][0]["paused_since"] == "2026-11-24T14:01:00Z"
    assert outcomes(at(function, MORNING)) == {SPRING: "resumed"}


def test_resume_false_keeps_it_paused(function: Function) -> None:
    hold = policy(resume=False)
    at(function, EVENING, callout_policy=hold)
    assert outcomes(at(function, MORNING, callout_policy=hold)) == {SPRING: "not_quiet"}
    assert state(function) == PAUSED


def test_what_the_policy_no_longer_covers_is_resumed_once_its_recorded_end_has_passed(
    function: Function,
) -> None:
    at(function, EVENING)
    other = json.dumps(
        {"quiet_hours": {"default": SHANGHAI | {"quiet": ["01:00-02:00"]}}, "tasks": {"x": {"task_id": 1}}}
    )
    at(function, EVENING + timedelta(minutes=5), callout_policy=other)
    assert state(function) == PAUSED
    assert outcomes(at(function, MORNING, callout_policy=other))[SPRING] == "resumed"


def test_a_blind_pause_is_never_resumed_and_is_named_once(function: Function) -> None:
    for api in (DESCRIBE, LIST):
        function.emulator.faults.add(faults.error("InternalError"), action=api, times=None)
    at_night = outcomes(at(function, EVENING))
    assert at_night[SPRING] == "paused"
    function.emulator.faults.clear()
    report = at(function, MORNING)
    assert outcomes(report) == {SPRING: "failed"}
    assert report["tasks"][0]["error"]["code"] == "PausedBlindly"
    assert outcomes(at(function, MORNING + timedelta(minutes=1), warm=False)) == {SPRING: "not_quiet"}
    assert state(function) == PAUSED


def test_a_note_expires_seven_days_after_its_recorded_end(function: Function) -> None:
    at(function, EVENING)
    report = at(function, MORNING + timedelta(days=7, minutes=1))
    assert (report["tasks"][0]["error"]["code"], state(function)) == ("NoteExpired", PAUSED)


def test_force_pauses_now_and_enforce_does_not_resume_it(function: Function) -> None:
    force = {"action": "pause", "tasks": [SPRING], "force": True}
    noon = MORNING + timedelta(hours=3)
    assert outcomes(at(function, noon, force)) == {SPRING: "paused"}
    assert outcomes(at(function, noon + timedelta(minutes=1))) == {SPRING: "not_quiet"}
    assert outcomes(at(function, MORNING + timedelta(days=1), warm=False)) == {SPRING: "not_quiet"}
    assert state(function) == PAUSED
    resume = {"action": "resume", "tasks": [SPRING]}
    assert outcomes(at(function, MORNING + timedelta(days=1, hours=1), resume)) == {SPRING: "resumed"}


def test_an_explicit_resume_closes_the_notes_so_that_a_later_pause_is_hers(function: Function) -> None:
    at(function, EVENING)
    assert outcomes(at(function, MORNING, {"action": "resume", "tasks": [SPRING]})) == {SPRING: "resumed"}
    function.emulator.tasks.add(task_id=SPRING, sdk_app_id=APP, name="spring-renewals", state=PAUSED)
    at(function, MORNING + timedelta(minutes=10), warm=False)
    assert (state(function), sent(function, RESUME)) == (PAUSED, 1)


def test_force_notes_what_is_paused_already_so_that_it_stays_so(function: Function) -> None:
    at(function, EVENING)
    force = {"action": "pause", "tasks": [SPRING], "force": True}
    assert outcomes(at(function, EVENING + timedelta(minutes=1), force)) == {SPRING: "already_paused"}
    assert outcomes(at(function, MORNING)) == {SPRING: "not_quiet"}
    assert state(function) == PAUSED


def test_no_repeat_a_resume_whose_reply_is_lost_is_not_sent_again(function: Function) -> None:
    at(function, EVENING)
    function.emulator.faults.add(faults.error("InternalError"), action=RESUME, times=1)
    report = at(function, MORNING)
    assert outcomes(report) == {SPRING: "failed"}
    assert report["tasks"][0]["error"]["code"] == "ResumeUnconfirmed"
    at(function, MORNING + timedelta(minutes=20), warm=False)
    assert (sent(function, RESUME), state(function)) == (1, PAUSED)


def test_a_throttled_resume_is_released_and_sent_again(function: Function) -> None:
    at(function, EVENING)
    function.emulator.faults.add(faults.error("RequestLimitExceeded"), action=RESUME, times=3)
    with pytest.raises(UnfinishedError):
        at(function, MORNING)
    assert outcomes(at(function, MORNING + timedelta(minutes=1), warm=False)) == {SPRING: "resumed"}


def test_the_ledger_out_of_reach_pauses_all_the_same_and_the_wake_up_fails(emulator: Emulator) -> None:
    function = Function(
        emulator,
        now=EVENING,
        callout_policy=policy(),
        callout_ledger="cos://b-1250000000/q?region=ap-guangzhou",
    )
    emulator.faults.add(faults.error("InternalError"), action="PutObject", times=None)
    with pytest.raises(UnfinishedError):
        at(function, EVENING)
    assert state(function) == PAUSED
    emulator.faults.clear()
    emulator.faults.add(faults.error("InternalError"), action="ListObjects", times=None)
    with pytest.raises(UnfinishedError, match="ledger"):
        at(function, MORNING)
    assert state(function) == PAUSED


def test_a_dry_run_writes_nothing_and_says_what_it_would_resume(function: Function) -> None:
    at(function, EVENING, ENFORCE | {"dry_run": True})
    assert state(function) == RUNNING
    at(function, EVENING)
    assert outcomes(at(function, MORNING, ENFORCE | {"dry_run": True})) == {SPRING: "would_resume"}
    assert outcomes(at(function, MORNING)) == {SPRING: "resumed"}


def test_enforce_without_a_ledger_pauses_and_is_a_configuration_error(emulator: Emulator) -> None:
    function = Function(emulator, now=EVENING, callout_policy=policy())
    with pytest.raises(ConfigurationError, match="CALLOUT_LEDGER"):
        at(function, EVENING)
    assert state(function) == PAUSED


def test_withdraw_what_was_provably_not_paused_is_not_resumed_later(function: Function) -> None:
    function.emulator.faults.add(faults.error("UnauthorizedOperation"), action=PAUSE, times=None)
    with pytest.raises(UnfinishedError):
        at(function, EVENING)
    function.emulator.faults.clear()
    function.emulator.tasks.add(task_id=SPRING, sdk_app_id=APP, name="spring-renewals", state=PAUSED)
    assert outcomes(at(function, MORNING, warm=False)) == {SPRING: "not_quiet"}
    assert state(function) == PAUSED


def test_a_warm_instance_that_knows_the_ledger_to_be_empty_reads_nothing(emulator: Emulator) -> None:
    function = Function(
        emulator,
        now=EVENING,
        callout_policy=policy(),
        callout_ledger="cos://b-1250000000/q?region=ap-guangzhou",
    )
    at(function, MORNING)
    lists = sent(function, "ListObjects")
    at(function, MORNING + timedelta(minutes=1))
    assert (lists, sent(function, "ListObjects")) == (1, 1)
    at(function, EVENING + timedelta(days=1))
    at(function, MORNING + timedelta(days=1))
    assert state(function) == RUNNING


def test_a_check_tries_the_ledger(emulator: Emulator) -> None:
    ledger = "cos://b-1250000000/q?region=ap-guangzhou"
    function = Function(emulator, now=MORNING, callout_policy=policy(), callout_ledger=ledger)
    checked: list[Any] = []
    at(function, MORNING, {"action": "check"}, inspected=checked.append)
    assert [sent(function, verb) for verb in ("PutObject", "ListObjects", "GetObject")] == [1, 1, 1]
    emulator.faults.add(faults.error("AccessDenied"), action="PutObject", times=None)
    with pytest.raises(UnfinishedError):
        at(function, MORNING, {"action": "check"}, inspected=checked.append)
    assert [any(each.code == "LedgerNotUsable" for each in report.findings) for report in checked] == [
        False,
        True,
    ]


# What goes beyond one task, and S3


def test_a_campaign_and_what_a_rule_covers_come_back_too(function: Function) -> None:
    function.emulator.campaigns.add(campaign_id=2567, sdk_app_id=APP, name="spring-dialing", state=1)
    rules = policy(rules=[{"sdk_app_id": APP, "quiet_hours": "default"}])
    assert set(outcomes(at(function, EVENING, callout_policy=rules)).values()) == {"paused"}
    report = at(function, MORNING, callout_policy=rules)
    assert outcomes(report) == dict.fromkeys((SPRING, *OTHERS, 2567), "resumed")
    assert report["text"].startswith("Resumed 3 tasks and 1 campaign.")
    assert {entry["name"] for entry in report["tasks"]} >= {"spring-renewals", "spring-dialing"}


def test_the_text_says_what_somebody_else_paused_of_what_was_read_anyway(function: Function) -> None:
    function.emulator.tasks.add(task_id=16501, sdk_app_id=APP, name="by hand", state=PAUSED)
    rules = policy(rules=[{"sdk_app_id": APP, "quiet_hours": "default"}])
    at(function, EVENING, callout_policy=rules)
    report = at(function, MORNING, callout_policy=rules)
    assert report["text"].startswith("Resumed 3 tasks; 1 that somebody else paused stays paused.")
    assert state(function, 16501) == PAUSED


def test_enforce_with_tasks_resumes_only_those(function: Function) -> None:
    rules = policy(rules=[{"sdk_app_id": APP, "quiet_hours": "default"}])
    at(function, EVENING, callout_policy=rules)
    report = at(function, MORNING, ENFORCE | {"tasks": [SPRING]}, callout_policy=rules)
    assert outcomes(report) == {SPRING: "resumed"}
    assert [state(function, task) for task in OTHERS] == [PAUSED, PAUSED]


def test_a_claim_lists_at_most_what_can_be_called_in_ten_seconds(emulator: Emulator) -> None:
    for number in range(1, 31):
        emulator.tasks.add(task_id=number, sdk_app_id=APP, name=f"task {number}", state=RUNNING)
    rules = policy(rules=[{"sdk_app_id": APP, "quiet_hours": "default"}])
    ledger = "cos://b-1250000000/q?region=ap-guangzhou"
    function = Function(emulator, callout_policy=rules, callout_ledger=ledger, callout_requests_per_second=1)
    context = {"time_limit_in_ms": 300_000}
    at(function, EVENING, callout_requests_per_second=1000, callout_policy=rules)
    at(function, MORNING, context=context)
    objects = emulator.objects["b-1250000000"].items()
    claims = [json.loads(body) for key, body in objects if key.startswith("q/resumed/")]
    assert sum(len(each["targets"]) for each in claims) == 33
    assert max(len(each["targets"]) for each in claims) == 9
    assert {emulator.tasks.state(number) for number in range(1, 31)} == {RUNNING}


@pytest.fixture
def bucket() -> Iterator[str]:
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="ledger-bucket")
        yield "s3://ledger-bucket/quiet"


def test_the_ledger_in_s3_brings_the_morning_back(emulator: Emulator, bucket: str) -> None:
    function = Function(emulator, callout_policy=policy(), callout_ledger=bucket)
    at(function, EVENING)
    assert outcomes(at(function, MORNING, warm=False)) == {SPRING: "resumed"}
    assert sent(function, RESUME) == 1


def test_a_warm_instance_that_knows_the_ledger_to_be_empty_imports_no_boto3(
    emulator: Emulator, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = Function(emulator, callout_policy=policy(), callout_ledger=bucket)
    at(function, MORNING)
    for name in [each for each in sys.modules if each.split(".")[0] in {"boto3", "botocore", "s3transfer"}]:
        monkeypatch.delitem(sys.modules, name)
    at(function, MORNING + timedelta(minutes=1))
    assert "boto3" not in sys.modules
