"""A trigger event in; tasks paused, a report with the subscriber, and the truth told to the trigger."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

import handler
from handler.errors import ConfigurationError, PublishError, RejectedError, UnfinishedError
from handler.settings import read_publish_settings
from local.emulator import Emulator, faults
from tests.support import APP, PAUSE, RESUME, SECRET_ID, SECRET_KEY

from .harness.constants import DAY, NIGHT
from .harness.function import Function
from .harness.subscriber import SnsSubscriber

ROOT = Path(__file__).parents[2]
SAMPLES: dict[str, Any] = json.loads((ROOT / "tests/samples.json").read_text(encoding="utf-8"))
WITH_TASKS = sorted(name for name, each in SAMPLES.items() if each["tasks"])
POLICY: dict[str, Any] = {
    "quiet_hours": {
        "default": {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]},
        "us-east": {"time_zone": "America/New_York", "quiet": ["21:00-08:00"]},
        "europe": {"time_zone": "Europe/Berlin", "quiet": ["20:00-09:00"]},
    },
    "tasks": {
        "spring-renewals": 16498,
        "us-reminders": {"task_id": 16499, "quiet_hours": "us-east"},
        "eu-surveys": {"task_id": 16500, "quiet_hours": "europe"},
    },
}
EVERYWHERE = {
    "quiet_hours": {name: {"time_zone": "UTC", "quiet": ["00:00-24:00"]} for name in POLICY["quiet_hours"]},
    "tasks": POLICY["tasks"],
}


@pytest.fixture
def function(emulator: Emulator) -> Iterator[Function]:
    with mock_aws():
        yield Function(emulator, SnsSubscriber(), callout_policy=json.dumps(POLICY))


def sample(name: str) -> Any:
    return json.loads((ROOT / f"events/{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", WITH_TASKS)
def test_each_sample_pauses_the_tasks_it_names_and_no_others(function: Function, name: str) -> None:
    answer = function(sample(name), callout_policy=json.dumps(EVERYWHERE))
    report = function.report()
    assert report["status"] == "succeeded"
    assert report["trigger"] == SAMPLES[name]["trigger"]
    assert [(task["task_id"], task["outcome"]) for task in report["tasks"]] == [
        (task_id, "paused") for task_id in SAMPLES[name]["tasks"]
    ]
    states = {task.task_id: task.state for task in function.emulator.tasks}
    assert states == {task_id: 5 if task_id in SAMPLES[name]["tasks"] else 1 for task_id in states}
    assert answer == ({"batchItemFailures": []} if name.startswith("aws-sqs") else report)


@pytest.mark.parametrize("name", WITH_TASKS)
def test_each_sample_leaves_every_task_alone_outside_quiet_hours(function: Function, name: str) -> None:
    policy = {
        **EVERYWHERE,
        "quiet_hours": {
            each: {"time_zone": "UTC", "quiet": ["03:00-03:30"]} for each in POLICY["quiet_hours"]
        },
    }
    function(sample(name), NIGHT, callout_policy=json.dumps(policy))
    report = function.report()
    assert report["status"] == "skipped"
    assert {task["outcome"] for task in report["tasks"]} == {"not_quiet"}
    assert function.emulator.journal.entries == []


def test_each_task_is_judged_by_its_own_clock(function: Function) -> None:
    function(sample("scf-timer"))
    outcomes = {task["name"]: task["outcome"] for task in function.report()["tasks"]}
    assert outcomes == {"spring-renewals": "not_quiet", "us-reminders": "paused", "eu-surveys": "paused"}


def test_a_second_wake_up_finds_everything_done(function: Function) -> None:
    for _ in range(2):
        function(sample("scf-timer"))
    first, second = (event["data"]["summary"] for event in function.received())
    assert first == {"not_quiet": 1, "paused": 2}
    assert second == {"not_quiet": 1, "already_paused": 2}
    assert function.emulator.journal.count(PAUSE) == 2


def test_the_time_in_an_event_decides_nothing(function: Function) -> None:
    night = sample("aws-eventbridge-rule") | {"time": "2026-11-23T19:00:00Z"}
    function(night, callout_policy=json.dumps({**POLICY, "tasks": {"spring-renewals": 16498}}))
    assert function.report()["status"] == "skipped"


REJECTED = {"tasks": ["16498"]}
REASON = 'tasks[0]: a number is written without quotes: 16498, not "16498"'


def kafka(*bodies: Any) -> dict[str, Any]:
    return {
        "Records": [
            {"Ckafka": {"topic": "t", "partition": 0, "offset": number, "msgBody": json.dumps(body)}}
            for number, body in enumerate(bodies)
        ]
    }


def sqs(*bodies: Any) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": f"m{number}", "body": json.dumps(body), "eventSource": "aws:sqs"}
            for number, body in enumerate(bodies)
        ]
    }


def test_a_batch_has_one_report_over_all_its_messages(function: Function) -> None:
    answer = function(sqs({"tasks": [16499]}, REJECTED, {"tasks": ["eu-surveys", 16499]}))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    report = function.report()
    assert report["status"] == "partial"
    assert [task["task_id"] for task in report["tasks"]] == [16499, 16500]
    assert report["errors"] == [
        {"message_id": "m1", "code": "Rejected", "message": REASON, "body": json.dumps(REJECTED)}
    ]


def test_sqs_is_told_which_message_could_not_be_done(function: Function) -> None:
    function.emulator.tasks.add(task_id=16498, sdk_app_id=APP, state=5)
    function.emulator.faults.add(faults.HTTP_500, action=RESUME)
    answer = function(sqs({"action": "resume", "tasks": [16498]}, {"tasks": [16500]}))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert function.report()["summary"] == {"failed": 1, "paused": 1}


@pytest.mark.parametrize("name", ["timer", "cmq", "eventbridge", "sns", "invocation"])
def test_an_asynchronous_trigger_hears_of_a_message_that_is_no_request(function: Function, name: str) -> None:
    body = json.dumps(REJECTED)
    event: Any = {
        "timer": {"Type": "Timer", "TriggerName": "t", "Time": "", "Message": body},
        "cmq": {"Records": [{"CMQ": {"msgId": "1", "msgBody": body}}]},
        "eventbridge": sample("aws-eventbridge-rule") | {"detail": REJECTED},
        "sns": {"Records": [{"EventSource": "aws:sns", "Sns": {"MessageId": "1", "Message": body}}]},
        "invocation": REJECTED,
    }[name]
    with pytest.raises(UnfinishedError, match="rejected: tasks"):
        function(event)
    report = function.report()
    assert report["status"] == "rejected"
    assert report["errors"][0]["message"] == REASON
    assert function.emulator.journal.entries == []


REFUSALS = json.loads((ROOT / "tests/refusals.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case["body"][:40])
def test_what_is_no_request_is_refused_on_a_queue_without_a_call_of_any_api(
    function: Function, case: dict[str, str]
) -> None:
    event = {"Records": [{"messageId": "m0", "body": case["body"], "eventSource": "aws:sqs"}]}
    answer = function(event, callout_policy=json.dumps(EVERYWHERE))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    report = function.report()
    assert report["status"] == "rejected"
    assert case["reason"] in report["errors"][0]["message"]
    assert function.emulator.journal.entries == []


def test_a_poison_message_is_published_and_does_not_block_its_kafka_partition(function: Function) -> None:
    answer = function(kafka({"tasks": [16499]}, REJECTED))
    assert answer["status"] == "partial"
    report = function.report()
    assert report["summary"] == {"paused": 1}
    assert report["errors"][0]["body"] == json.dumps(REJECTED)


@pytest.mark.parametrize("event", [kafka({"tasks": [16499]}), sample("scf-timer"), {"tasks": [16499]}])
def test_what_can_be_tried_again_is_told_by_raising_after_publishing(function: Function, event: Any) -> None:
    function.emulator.faults.add(faults.HTTP_500, action=PAUSE)
    with pytest.raises(UnfinishedError, match="task 16499 failed"):
        function(event)
    assert function.report()["status"] in {"failed", "partial"}


def test_a_message_that_is_no_request_is_told_of_once_however_often_sqs_delivers_it(
    function: Function,
) -> None:
    for count in (1, 2, 3):
        event = sqs(REJECTED, {"tasks": [16499]} if count == 3 else REJECTED)
        for record in event["Records"]:
            record["attributes"] = {"ApproximateReceiveCount": str(count)}
        event["Records"][1]["attributes"]["ApproximateReceiveCount"] = "1" if count == 3 else str(count)
        assert {"itemIdentifier": "m0"} in function(event)["batchItemFailures"]
    first, third = (event["data"] for event in function.received())
    assert [error["message_id"] for error in first["errors"]] == ["m0", "m1"]
    assert (third["errors"], third["summary"]) == ([], {"paused": 1}), (
        "the second delivery had nothing new to tell"
    )


def test_a_message_that_is_no_request_is_told_of_once_however_often_scf_tries_again(
    function: Function,
) -> None:
    event = {"Type": "Timer", "TriggerName": "t", "Time": "", "Message": json.dumps(REJECTED)}
    for _ in range(3):
        with pytest.raises(UnfinishedError):
            function(event, context=SCF_CONTEXT | {"request_id": "of-three-tries"})
    assert len(function.received()) == 1
    with pytest.raises(UnfinishedError):
        function(event, context=SCF_CONTEXT | {"request_id": "of-another-timer"})
    assert len(function.received()) == 1


def test_a_poison_message_of_kafka_is_told_of_once_however_often_its_batch_comes(function: Function) -> None:
    batch = kafka({"tasks": [16499]}, REJECTED | {"dry_run": False})
    for number in range(3):
        function(batch, context=SCF_CONTEXT | {"request_id": f"poll-{number}"})
    assert [len(event["data"]["errors"]) for event in function.received()] == [1, 0, 0]


def test_a_token_that_has_expired_is_read_anew_once(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    function.emulator.secrets["AKIDROLE"] = "role-key"
    function.emulator.tokens["AKIDROLE"] = "new-token"
    monkeypatch.setenv("TENCENTCLOUD_SESSION_TOKEN", "old-token")

    def rotated(**given: Any) -> Any:
        monkeypatch.setenv("TENCENTCLOUD_SESSION_TOKEN", "new-token")
        return read_publish_settings(**given)

    monkeypatch.setattr(
        "handler.settings.read_publish_settings", rotated
    )  # the environment, as the platform changes it
    function.settings |= {"tencentcloud_secret_id": "AKIDROLE", "tencentcloud_secret_key": "role-key"}
    assert function(sample("scf-timer"))["summary"] == {"not_quiet": 1, "paused": 2}
    codes = [entry.code for entry in function.emulator.journal.entries]
    assert codes.count("AuthFailure.TokenFailure") >= 1


@pytest.mark.parametrize("event", [b"bytes", {"when": DAY}, {1, 2}])
def test_an_event_that_json_cannot_hold_is_rejected_all_the_same(function: Function, event: Any) -> None:
    with pytest.raises(RejectedError):
        function(event)
    assert function.report()["errors"][0]["body"].startswith("a ")


def test_a_request_nested_too_deeply_is_rejected(function: Function) -> None:
    tasks: Any = []
    for _ in range(100_000):
        tasks = [tasks]
    with pytest.raises(UnfinishedError, match="nested too deeply"):
        function({"tasks": tasks})
    assert function.report()["status"] == "rejected"


def test_an_unknown_event_is_published_as_rejected_and_raised(function: Function) -> None:
    with pytest.raises(RejectedError, match="this event is not understood"):
        function({"hello": "world"})
    report = function.report()
    assert (report["status"], report["trigger"], report["action"]) == ("rejected", None, None)
    assert report["errors"][0]["body"] == '{"hello":"world"}'


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"callout_policy": None}, "nothing says when it is quiet"),
        ({"callout_policy": "no-such-file.yaml"}, "policy no-such-file.yaml: cannot be read"),
        ({"callout_policy": '{"quiet_hours": {}}'}, "quiet_hours: at least 1 is wanted"),
        ({"callout_sdk_app_id": None}, "tasks.spring-renewals: no sdk_app_id"),
        ({"callout_verify": "perhaps"}, "CALLOUT_VERIFY"),
    ],
)
def test_what_cannot_be_configured_is_published_and_raised(
    function: Function, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ConfigurationError) as error:
        function(sample("scf-timer"), **changes)
    assert reason in str(error.value)
    report = function.report()
    assert report["status"] == "failed"
    assert report["errors"][0]["code"] == "Configuration"
    assert reason in report["errors"][0]["message"]


def test_a_topic_that_cannot_be_read_leaves_the_report_on_standard_output(
    function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigurationError, match="CALLOUT_TOPIC"):
        function(sample("scf-timer"), callout_topic="nonsense")
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "specversion" in line]
    assert events[0]["data"]["status"] == "failed"


def test_a_report_that_cannot_be_published_is_logged_whole_and_raised(
    function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PublishError):
        function(sample("scf-timer"), callout_topic="arn:aws:sns:us-east-1:123456789012:gone")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (error,) = (line for line in lines if line["level"] == "ERROR")
    assert json.loads(error["report"])["summary"] == {"not_quiet": 1, "paused": 2}
    assert function.emulator.tasks.state(16499) == 5, "the pausing was done all the same"


def test_a_mistake_of_ours_is_published_and_raised(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(event: Any) -> Any:
        del event
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("handler.triggers.read", broken)
    with pytest.raises(ZeroDivisionError):
        function(sample("scf-timer"))
    assert function.report()["errors"][0]["message"] == "ZeroDivisionError: a bug"


@pytest.mark.parametrize(
    ("notify", "hour", "published"),
    [("always", 14, 1), ("changes", 14, 0), ("failures", 14, 0), ("changes", 4, 1), ("failures", 4, 0)],
)
def test_only_the_reports_asked_for_are_published(
    function: Function, notify: str, hour: int, published: int
) -> None:
    policy = {**POLICY, "tasks": {"us-reminders": POLICY["tasks"]["us-reminders"]}}
    now = datetime(2026, 11, 23, hour, 0, tzinfo=timezone.utc)
    function(sample("scf-timer"), now, callout_notify=notify, callout_policy=json.dumps(policy))
    assert len(function.received()) == published


@pytest.mark.parametrize("where", ["settings", "request"])
def test_a_dry_run_decides_and_reports_and_changes_nothing(function: Function, where: str) -> None:
    event = {"dry_run": where == "request"}
    function(event, callout_dry_run=where == "settings")
    report = function.report()
    assert report["dry_run"] is True
    assert report["summary"] == {"not_quiet": 1, "would_pause": 2}
    assert function.emulator.journal.count(PAUSE) == 0


def test_both_actions_in_one_batch_are_reported_as_mixed(function: Function) -> None:
    function.emulator.tasks.add(task_id=16498, sdk_app_id=APP, state=5)
    function(sqs({"tasks": [16499]}, {"action": "resume", "tasks": [16498]}))
    report = function.report()
    assert report["action"] == "mixed"
    assert report["summary"] == {"paused": 1, "resumed": 1}


def test_intervals_in_one_variable_serve_without_a_policy(function: Function) -> None:
    function(
        {"tasks": [16498]},
        callout_policy=None,
        callout_quiet_hours="11:00-13:00; Sun 00:00-24:00",
        callout_time_zone="Asia/Shanghai",
    )
    (task,) = function.report()["tasks"]
    assert (task["outcome"], task["quiet_until"]) == ("paused", "2026-11-23T05:00:00Z")


class LambdaContext:
    aws_request_id = "lambda-request"
    function_name = "quiet-hours-prod"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


SCF_CONTEXT = {
    "request_id": "scf-request",
    "function_name": "quiet-hours-scf",
    "time_limit_in_ms": 30_000,
    "environ": "TENCENTCLOUD_SECRETKEY=never-to-be-logged;SCF_NAMESPACE=default",
}


@pytest.mark.parametrize(
    ("context", "request_id", "name"),
    [
        (LambdaContext(), "lambda-request", "quiet-hours-prod"),
        (SCF_CONTEXT, "scf-request", "quiet-hours-scf"),
        (SCF_CONTEXT | {"time_limit_in_ms": "30000"}, "scf-request", "quiet-hours-scf"),
        ({}, None, "local"),
        (None, None, "local"),
    ],
)
def test_the_contexts_of_both_clouds_are_understood(
    function: Function, capsys: pytest.CaptureFixture[str], context: Any, request_id: str | None, name: str
) -> None:
    function(sample("scf-timer"), context=context)
    (event,) = function.received()
    assert event["source"] == f"/callout-quiet-hours/{name}"
    out = capsys.readouterr().out
    assert "never-to-be-logged" not in out
    (wide,) = (line for line in map(json.loads, out.splitlines()) if line["message"] == "invocation")
    assert wide["request_id"] == request_id


def test_one_wide_line_tells_what_was_done_and_why(
    function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    function(sample("scf-timer"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (wide,) = (line for line in lines if line["message"] == "invocation")
    assert wide["status"] == "succeeded"
    assert wide["trigger"] == "timer"
    assert wide["now"] == "2026-11-23T04:00:00+00:00"
    assert wide["tasks"] == "16498=not_quiet 16499=paused 16500=paused"
    assert "us-east: quiet in America/New_York until Mon 08:00, 9 h from now" in wide["hours"]
    assert wide["tasks_paused"] == 2
    assert wide["api_calls"] == 4, "a list, two pauses, a list"
    assert wide["notifications"] == 1
    assert all(not isinstance(value, (dict, list)) for value in wide.values())


def test_time_that_is_nearly_up_defers_the_tasks_and_tells_the_trigger(function: Function) -> None:
    class Hurried(LambdaContext):
        def get_remaining_time_in_millis(self) -> int:
            return 1

    with pytest.raises((UnfinishedError, PublishError)):
        function(sample("scf-timer"), context=Hurried())
    assert function.emulator.tasks.state(16499) == 1


def test_without_credentials_nothing_works_and_the_cause_is_told(function: Function) -> None:
    with pytest.raises(
        UnfinishedError, match="NoCredentials: there are no credentials; set TENCENTCLOUD_SECRET_ID"
    ):
        function(sample("scf-timer"), tencentcloud_secret_id=None, tencentcloud_secret_key=None)
    assert function.report()["status"] == "partial"


@pytest.mark.parametrize(
    ("half", "told"),
    [
        ({"tencentcloud_secret_id": None}, "TENCENTCLOUD_SECRET_KEY is set, TENCENTCLOUD_SECRET_ID is not"),
        (
            {
                "tencentcloud_secret_id": None,
                "tencentcloud_secret_key": None,
                "tencentcloud_session_token": "t0ken-of-somebody",
            },
            "TENCENTCLOUD_SESSION_TOKEN is set, TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY are not",
        ),
        (
            {
                "tencentcloud_secret_id": None,
                "tencentcloud_secret_key": None,
                "role_secret_id": "AKIDROLE",
                "role_session_token": "t0ken-of-a-role",
            },
            "TENCENTCLOUD_SECRETID and TENCENTCLOUD_SESSIONTOKEN are set, TENCENTCLOUD_SECRETKEY is not",
        ),
    ],
)
def test_half_a_pair_of_credentials_is_named_without_its_value(
    function: Function, half: dict[str, Any], told: str
) -> None:
    with pytest.raises(
        UnfinishedError, match=f"NoCredentials: the credentials are incomplete: {told}"
    ) as error:
        function(sample("scf-timer"), **half)
    shown = str(error.value) + json.dumps(function.report())
    assert not any(value in shown for value in half.values() if value)


def test_half_a_pair_beside_that_of_the_role_is_logged(
    function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    role: dict[str, Any] = {"role_secret_id": SECRET_ID, "role_secret_key": SECRET_KEY}
    function(sample("scf-timer"), tencentcloud_secret_key=None, **role)
    (line,) = (
        each for each in map(json.loads, capsys.readouterr().out.splitlines()) if each["level"] == "WARNING"
    )
    assert line["message"] == "half a pair of credentials is not used"
    assert line["error"].endswith("TENCENTCLOUD_SECRET_ID is set, TENCENTCLOUD_SECRET_KEY is not")


def test_the_entry_point_of_both_clouds_reads_the_environment(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in function.settings.items():
        monkeypatch.setenv(name.upper(), str(value))
    everywhere = json.dumps(EVERYWHERE)
    monkeypatch.setenv("CALLOUT_POLICY", everywhere)
    assert handler.main_handler(sample("scf-timer"), SCF_CONTEXT)["summary"] == {"paused": 3}
    assert function.report()["status"] == "succeeded"


@pytest.mark.parametrize(
    ("at", "calendar", "told"),
    [
        ("2026-11-30T04:00Z", "CN", 0),
        ("2026-12-01T04:00Z", "CN", 1),
        ("2027-02-13T04:00Z", "CN", 1),
        ("2027-02-13T04:00Z", "DE", 0),
    ],
)
def test_a_report_tells_that_chinas_announced_holidays_end(
    announced_until_2026: None, function: Function, at: str, calendar: str, told: int
) -> None:
    quiet = ["21:00-09:00", {"holidays": calendar}]
    hours = {name: {"time_zone": "Asia/Shanghai", "quiet": quiet} for name in POLICY["quiet_hours"]}
    policy = json.dumps(POLICY | {"quiet_hours": hours})
    function(sample("scf-timer"), datetime.fromisoformat(at.replace("Z", "+00:00")), callout_policy=policy)
    report = function.report()
    assert report["text"].count("China's holidays are known until 2026-12-31") == told
    assert report["status"] == "skipped"


def test_who_watches_sees_the_report_even_if_it_is_not_published(function: Function) -> None:
    seen: list[Any] = []
    function(sample("scf-timer"), NIGHT, callout_notify="failures", seen=seen.append)
    assert [report.trigger for report in seen] == ["timer"]


def test_the_package_gives_the_handler_when_asked_and_nothing_else() -> None:
    assert handler.main_handler.__module__ == "handler.main"
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        handler.nonsense  # noqa: B018


def test_a_wake_up_outside_quiet_hours_imports_no_sdk_and_opens_no_connection(tmp_path: Path) -> None:
    script = """
import socket, sys
def refuse(*args, **kwargs): raise AssertionError("a connection was opened")
socket.socket.connect = socket.create_connection = refuse
import handler
handler.main_handler({"Type": "Timer", "TriggerName": "t", "Message": ""}, {"time_limit_in_ms": 3000})
loaded = [name for name in ("tencentcloud", "boto3", "botocore", "requests", "yaml", "holidays", "handler.report.for_people") if name in sys.modules]
assert not loaded, loaded
"""
    environment = {
        "CALLOUT_POLICY": json.dumps(
            {
                "quiet_hours": {
                    "default": {"time_zone": "UTC", "quiet": ["2020-01-01T00:00Z/2020-01-02T00:00Z"]}
                },
                "tasks": {"a": 1},
            }
        ),
        "CALLOUT_SDK_APP_ID": str(APP),
        "CALLOUT_NOTIFY": "changes",
        "CALLOUT_TOPIC": "arn:aws:sns:us-east-1:123456789012:reports",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"tasks":"1=not_quiet"' in done.stdout
