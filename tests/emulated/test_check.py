"""A check reads everything that the next quiet hours need, changes no task, and says what it found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from handler.cloud.pacing import Backoff
from handler.errors import PublishError, UnfinishedError
from local.emulator import Emulator, faults
from tests.support import APP, DESCRIBE, LIST, PAUSE

from .harness.events import kafka, sqs, timer
from .harness.function import Function
from .harness.subscriber import BusSubscriber, CmqSubscriber, SnsSubscriber, Subscriber

CHECK = {"action": "check"}
OTHER_APP = 1400692999
HOURS: dict[str, Any] = {"default": {"time_zone": "UTC", "quiet": ["21:00-08:00"]}}
TASKS: dict[str, Any] = {"spring-renewals": 16498, "us-reminders": 16499}


def policy(tasks: dict[str, Any] = TASKS, hours: dict[str, Any] = HOURS) -> str:
    return json.dumps({"quiet_hours": hours, "tasks": tasks})


@pytest.fixture
def function(emulator: Emulator) -> Iterator[Function]:
    with mock_aws():
        yield Function(emulator, SnsSubscriber(), callout_policy=policy())


def checked(function: Function, **changes: Any) -> dict[str, Any]:
    """Return the data of the one event that a check by a queue message publishes."""
    assert function(sqs(CHECK), **changes) == {"batchItemFailures": []}
    return function.report()


def found(data: dict[str, Any]) -> list[tuple[str, str, int | None]]:
    """Return level, code and id of each finding."""
    return [(each["level"], each["code"], each["id"]) for each in data["findings"]]


def test_a_check_without_findings_is_ok_and_says_what_was_looked_at(function: Function) -> None:
    assert function(sqs(CHECK)) == {"batchItemFailures": []}
    (event,) = function.received()
    assert event["type"] == "callout.quiet-hours.check.v1"
    assert event["data"] == {
        "status": "ok",
        "findings": [],
        "text": "Check: everything is in order. Checked 1 application and 2 tasks of the policy. "
        "Quiet in UTC until 08:00.",
    }


def test_a_check_costs_one_call_an_application_and_changes_nothing(
    function: Function, emulator: Emulator
) -> None:
    checked(function)
    assert [entry.action for entry in emulator.journal.entries] == [LIST]


def test_a_direct_invocation_is_answered_with_what_was_found(function: Function) -> None:
    answer = function(CHECK)
    assert (answer["status"], answer["findings"]) == ("ok", [])


def test_subscribers_can_filter_by_status_and_action(function: Function) -> None:
    function(sqs(CHECK))
    assert isinstance(function.subscriber, SnsSubscriber)
    (envelope,) = function.subscriber.envelopes()
    attributes = {name: each["Value"] for name, each in envelope["MessageAttributes"].items()}
    assert attributes == {"status": "ok", "action": "check"}


def test_a_task_that_ccc_does_not_know_is_an_error(function: Function) -> None:
    data = checked(function, callout_policy=policy({**TASKS, "gone": 99}))
    assert data["status"] == "errors"
    assert data["findings"] == [
        {
            "level": "error",
            "code": "TaskNotFound",
            "message": f'CCC does not know task 99 ("gone") in application {APP}',
            "kind": "task",
            "id": 99,
            "sdk_app_id": APP,
        }
    ]
    assert data["text"].startswith("Check: 1 ERROR. CCC does not know task 99")


def test_a_task_that_has_another_name_in_ccc_is_a_warning(function: Function) -> None:
    data = checked(function, callout_policy=policy({"summer-sale": 16498}))
    assert (data["status"], found(data)) == ("warnings", [("warning", "NameDiffers", 16498)])
    assert '"spring-renewals" in CCC' in data["text"]


def test_one_right_name_of_several_is_enough(function: Function) -> None:
    data = checked(function, callout_policy=policy({"summer-sale": 16498, "spring-renewals": 16498}))
    assert data["status"] == "ok"


def test_names_come_from_the_list_and_not_from_a_call_for_each_task(
    function: Function, emulator: Emulator
) -> None:
    for number in range(1, 251):
        emulator.tasks.add(task_id=number, sdk_app_id=APP, name=f"task-{number}", state=1)
    tasks = {f"task-{number}": number for number in range(1, 251)}
    data = checked(
        function, callout_policy=policy(tasks, {"default": HOURS["default"] | {"lead_time": "2m"}})
    )
    assert data["status"] == "ok"
    assert [entry.action for entry in emulator.journal.entries] == [LIST] * 3


def test_a_lead_time_shorter_than_pausing_takes_is_a_warning(function: Function, emulator: Emulator) -> None:
    for number in range(1, 251):
        emulator.tasks.add(task_id=number, sdk_app_id=APP, name=f"task-{number}", state=1)
    tasks = {f"task-{number}": number for number in range(1, 251)}
    data = checked(function, callout_policy=policy(tasks))
    assert found(data) == [("warning", "LeadTimeTooShort", None)]
    assert "pausing its 250 tasks takes 13 s at 20 a second, and lead_time is 0s" in data["text"]
    assert "lead_time: 1m13s is enough" in data["text"]


def test_finished_tasks_need_no_lead_time(function: Function, emulator: Emulator) -> None:
    for number in range(1, 101):
        emulator.tasks.add(task_id=number, sdk_app_id=APP, name=f"task-{number}", state=4)
    tasks = {f"task-{number}": number for number in range(1, 101)}
    assert checked(function, callout_policy=policy(tasks))["status"] == "ok"


def test_refused_credentials_are_one_error_with_its_hint(function: Function) -> None:
    tasks = {"a": {"task_id": 1, "sdk_app_id": OTHER_APP}, **TASKS}
    data = checked(function, callout_policy=policy(tasks), tencentcloud_secret_key="wrong")
    assert found(data) == [("error", "AuthFailure.SignatureFailure", None)]
    assert "is TENCENTCLOUD_SECRET_KEY the key of this TENCENTCLOUD_SECRET_ID?" in data["text"]


def test_missing_credentials_are_an_error(function: Function) -> None:
    data = checked(function, tencentcloud_secret_id=None, tencentcloud_secret_key=None)
    assert found(data) == [("error", "NoCredentials", None)]


def test_an_application_that_may_not_be_read_does_not_hide_the_others(
    function: Function, emulator: Emulator
) -> None:
    emulator.faults.script([faults.error("UnauthorizedOperation")])
    tasks = {"a": {"task_id": 1, "sdk_app_id": OTHER_APP}, "gone": 99}
    data = checked(function, callout_policy=policy(tasks))
    assert [(each["code"], each["sdk_app_id"]) for each in data["findings"]] == [
        ("UnauthorizedOperation", OTHER_APP),
        ("TaskNotFound", APP),
    ]


def test_an_application_that_does_not_answer_is_an_error_and_told_in_time(
    function: Function, emulator: Emulator
) -> None:
    emulator.faults.add(faults.STALL)
    data = checked(function, context={"time_limit_in_ms": 4_000})
    assert (data["status"], data["findings"][0]["code"]) == ("errors", "NoAnswer")


def test_a_list_that_was_not_read_whole_condemns_no_task(function: Function, emulator: Emulator) -> None:
    for number in range(1, 251):
        emulator.tasks.add(task_id=number, sdk_app_id=APP, name=f"task-{number}", state=1)
    emulator.faults.script([None, faults.error("UnsupportedOperation")], action=LIST)
    emulator.faults.add(faults.INTERNAL_ERROR, action=DESCRIBE)
    data = checked(function, callout_policy=policy({"task-1": 1, "gone": 99_999}))
    assert found(data) == [("error", "UnsupportedOperation", None)]


def test_a_task_that_the_list_hides_and_ccc_knows_is_no_finding(
    function: Function, emulator: Emulator
) -> None:
    def without_the_first(response: dict[str, Any]) -> dict[str, Any]:
        tasks = [each for each in response["Tasks"] if each["TaskId"] != 16498]
        return response | {"Tasks": tasks, "TotalCount": len(tasks)}

    emulator.faults.add(faults.mangled(without_the_first), action=LIST)
    assert checked(function)["status"] == "ok"
    assert DESCRIBE in [entry.action for entry in emulator.journal.entries]


def test_what_the_policy_probably_does_not_mean_is_a_warning(function: Function) -> None:
    hours = {"default": {"time_zone": "UTC", "quiet": ["2020-01-01T00:00Z/2020-01-02T00:00Z"]}}
    data = checked(function, callout_policy=policy(hours=hours))
    assert {each["code"] for each in data["findings"]} == {"Policy"}
    assert "never quiet" in data["text"]


@pytest.mark.usefixtures("announced_until_2026")
def test_the_end_of_announced_holidays_is_a_warning_in_its_last_month(function: Function) -> None:
    pytest.importorskip("holidays")
    hours = {"default": {"time_zone": "Asia/Shanghai", "quiet": [{"holidays": "CN"}]}}
    last_month = function.now.replace(month=12, day=20)
    before = checked(function, callout_policy=policy(hours=hours))
    after = checked(function, callout_policy=policy(hours=hours), now=last_month)
    assert (found(before), found(after)) == ([], [("warning", "HolidayData", None)])


def test_a_dry_run_by_settings_is_a_warning(function: Function) -> None:
    assert found(checked(function, callout_dry_run=True)) == [("warning", "DryRun", None)]


def test_without_any_application_the_credentials_are_untried(function: Function) -> None:
    data = checked(function, callout_policy=policy({}), callout_sdk_app_id=None)
    assert found(data) == [("warning", "NoApplication", None)]


def test_errors_raise_on_an_asynchronous_trigger_after_they_were_published(function: Function) -> None:
    with pytest.raises(UnfinishedError, match="Check: 1 ERROR: CCC does not know task 99"):
        function(timer(CHECK), callout_policy=policy({"gone": 99}))
    assert function.report()["status"] == "errors"


def test_warnings_raise_nowhere(function: Function) -> None:
    answer = function(timer(CHECK), callout_policy=policy({"summer-sale": 16498}))
    assert answer["status"] == "warnings"


def test_a_published_check_with_errors_is_done_for_a_queue(function: Function) -> None:
    gone = policy({"gone": 99})
    assert function(sqs(CHECK), callout_policy=gone) == {"batchItemFailures": []}
    assert function(kafka(CHECK), callout_policy=gone)["status"] == "errors"


def test_a_check_that_cannot_be_published_fails_and_stands_in_the_log(
    function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PublishError, match="NotFound"):
        function(sqs(CHECK), callout_topic="arn:aws:sns:us-east-1:123456789012:deleted")
    assert "everything is in order" in capsys.readouterr().out


def test_a_check_beside_other_messages_is_an_event_of_its_own(function: Function, emulator: Emulator) -> None:
    body = {"tasks": [16498]}
    assert function(sqs(body, CHECK, {"tasks": "no"})) == {"batchItemFailures": [{"itemIdentifier": "m2"}]}
    report, check = function.received()
    assert report["type"] == "callout.quiet-hours.report.v1"
    assert (report["data"]["action"], report["data"]["summary"]) == ("pause", {"paused": 1})
    assert check["type"] == "callout.quiet-hours.check.v1"
    assert [task.state for task in emulator.tasks] == [5, 1, 1]


def test_each_message_that_asks_for_a_check_gets_an_event_and_ccc_is_asked_once(
    function: Function, emulator: Emulator
) -> None:
    function(sqs(CHECK, CHECK, CHECK))
    ids = [event["id"] for event in function.received()]
    assert len(set(ids)) == 3
    assert [entry.action for entry in emulator.journal.entries] == [LIST]


def test_a_check_beside_work_that_took_the_time_comes_again(function: Function, emulator: Emulator) -> None:
    emulator.faults.add(faults.THROTTLED, action=PAUSE)
    backoff = Backoff(attempts=100, jitter=lambda: 1.0)
    answer = function(sqs({"tasks": [16498]}, CHECK), function.now.replace(hour=22), backoff=backoff)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m1"}]}
    assert [event["type"] for event in function.received()] == ["callout.quiet-hours.report.v1"]


@pytest.mark.parametrize("tasks", [[16498], []])
def test_a_check_takes_no_tasks(function: Function, tasks: list[int]) -> None:
    body = CHECK | {"tasks": tasks}
    assert function(sqs(body)) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert function.report()["status"] == "rejected"


def test_a_check_ignores_dry_run_and_null_tasks(function: Function) -> None:
    assert function(CHECK | {"dry_run": True, "tasks": None})["status"] == "ok"


@pytest.mark.parametrize("subscriber", [CmqSubscriber, BusSubscriber])
def test_a_check_reaches_the_topics_of_tencent_cloud(
    emulator: Emulator, subscriber: type[CmqSubscriber | BusSubscriber]
) -> None:
    reader: Subscriber = subscriber(emulator)
    function = Function(emulator, reader, callout_policy=policy(), callout_region="ap-guangzhou")
    assert function(timer(CHECK))["status"] == "ok"
    (event,) = reader.received()
    assert event["type"] == "callout.quiet-hours.check.v1"


def test_findings_that_no_one_message_can_hold_come_in_parts(emulator: Emulator) -> None:
    tasks = {f"gone-{number}-{'x' * 80}": 100_000 + number for number in range(600)}
    reader = CmqSubscriber(emulator)
    function = Function(emulator, reader, callout_policy=policy(tasks), callout_region="ap-guangzhou")
    with pytest.raises(UnfinishedError):
        function(timer(CHECK))
    events = reader.received()
    assert [event["data"]["part"]["number"] for event in events] == list(range(1, len(events) + 1))
    findings = [each["id"] for event in events for each in event["data"]["findings"]]
    assert findings[:600] == [*tasks.values()]


def test_no_check_pauses_or_resumes_anything_whatever_it_finds(
    function: Function, emulator: Emulator
) -> None:
    function(sqs(CHECK), callout_policy=policy({**TASKS, "gone": 99}))
    assert PAUSE not in {entry.action for entry in emulator.journal.entries}
    assert {task.state for task in emulator.tasks} == {1}
