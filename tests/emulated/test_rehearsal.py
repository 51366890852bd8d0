"""In the hour before quiet hours a timer rehearses them, so that what is broken is known in daylight."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from moto import mock_aws

from handler.errors import PublishError, UnfinishedError
from handler.topics.notifier import Memory
from local.emulator import Emulator, faults
from tests.support import LIST, PAUSE

from .harness.clock import SimulatedClock
from .harness.function import Function
from .harness.subscriber import BusSubscriber, CmqSubscriber, SnsSubscriber, Subscriber

TIMER = {"Type": "Timer", "TriggerName": "t", "Message": ""}
SCHEDULE = {"id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}
TASKS: dict[str, Any] = {"spring-renewals": 16498, "us-reminders": 16499}
BEGINNING = datetime(2026, 11, 23, 21, 0, tzinfo=timezone.utc)
EARLIER = timedelta(minutes=40)


def policy(tasks: dict[str, Any] = TASKS, **quiet_hours: Any) -> str:
    hours = quiet_hours or {"default": {"time_zone": "UTC", "quiet": ["21:00-08:00"]}}
    return json.dumps({"quiet_hours": hours, "tasks": tasks})


@pytest.fixture
def function(emulator: Emulator) -> Iterator[Function]:
    with mock_aws():
        yield Function(
            emulator,
            SnsSubscriber(),
            now=BEGINNING - EARLIER,
            callout_policy=policy(),
            callout_notify="changes",
        )


def calls(emulator: Emulator) -> list[str]:
    """Return the actions that were asked for since the last call."""
    found = [entry.action for entry in emulator.journal.entries]
    emulator.journal.clear()
    return found


@pytest.mark.parametrize("event", [TIMER, SCHEDULE])
def test_a_rehearsal_without_findings_reads_and_says_nothing(
    function: Function, emulator: Emulator, event: dict[str, Any]
) -> None:
    assert function(event)["status"] == "skipped"
    assert calls(emulator) == [LIST]
    assert function.received() == []


def test_success_is_remembered_for_this_beginning_by_this_instance(
    function: Function, emulator: Emulator
) -> None:
    function(TIMER)
    function(TIMER, BEGINNING - timedelta(minutes=5))
    assert calls(emulator) == [LIST]
    function(TIMER, memory=Memory())
    assert calls(emulator) == [LIST]
    function(TIMER, BEGINNING + timedelta(days=1) - EARLIER)
    assert calls(emulator) == [LIST]


@pytest.mark.parametrize(
    ("before", "rehearsed"),
    [
        (timedelta(hours=1, seconds=1), False),
        (timedelta(hours=1), True),
        (timedelta(seconds=20), True),
        (timedelta(seconds=10), False),
        (timedelta(hours=9), False),
    ],
)
def test_a_rehearsal_takes_place_in_the_hour_before_quiet_hours_begin(
    function: Function, emulator: Emulator, before: timedelta, *, rehearsed: bool
) -> None:
    function(TIMER, BEGINNING - before)
    assert bool(calls(emulator)) is rehearsed


def test_the_hour_ends_at_the_lead_time(function: Function, emulator: Emulator) -> None:
    hours = {"default": {"time_zone": "UTC", "quiet": ["21:00-08:00"], "lead_time": "30m"}}
    function(TIMER, BEGINNING - timedelta(minutes=75), callout_policy=policy(**hours))
    assert calls(emulator) == [LIST]


def test_quiet_hours_that_no_task_uses_are_not_rehearsed(function: Function, emulator: Emulator) -> None:
    unused = {"time_zone": "UTC", "quiet": ["21:00-08:00"]}
    far = {"time_zone": "UTC", "quiet": ["04:00-05:00"]}
    function(TIMER, callout_policy=policy(default=far, unused=unused))
    assert calls(emulator) == []


def test_each_beginning_is_rehearsed_also_while_other_quiet_hours_last(
    function: Function, emulator: Emulator
) -> None:
    always = {"time_zone": "UTC", "quiet": ["00:00-24:00"]}
    soon = {"time_zone": "UTC", "quiet": ["21:00-08:00"]}
    tasks = {"spring-renewals": 16498, "us-reminders": {"task_id": 16499, "quiet_hours": "soon"}}
    function(TIMER, callout_policy=policy(tasks, default=always, soon=soon))
    found = calls(emulator)
    assert PAUSE in found
    assert found[-1] == LIST


@pytest.mark.parametrize(
    "event",
    [
        {"Records": [{"messageId": "m1", "eventSource": "aws:sqs", "body": "{}"}]},
        {"Records": [{"Ckafka": {"topic": "t", "partition": 1, "offset": 1, "msgBody": "{}"}}]},
        TIMER | {"Message": '{"tasks": [16498]}'},
        TIMER | {"Message": '{"action": "resume"}'},
        {"action": "pause"},
    ],
)
def test_only_a_timer_that_asks_for_everything_rehearses(function: Function, event: dict[str, Any]) -> None:
    function(event, callout_dry_run=True)
    assert len(function.memory.rehearsed) == 0


def test_a_revoked_key_is_known_before_quiet_hours_and_raises_until_it_is_replaced(
    function: Function,
) -> None:
    wrong = {"tencentcloud_secret_key": "wrong"}
    for minutes in (40, 35, 30):
        with pytest.raises(UnfinishedError, match=r"Rehearsal, .*SignatureFailure"):
            function(TIMER, BEGINNING - timedelta(minutes=minutes), **wrong)
    assert function(TIMER, BEGINNING - timedelta(minutes=25))["status"] == "skipped"


def test_a_wrong_endpoint_is_known_before_quiet_hours(function: Function) -> None:
    with pytest.raises(UnfinishedError, match="Rehearsal, "):
        function(TIMER, callout_endpoint="http://127.0.0.1:9")
    assert function.report()["status"] == "errors"


def test_unchanged_findings_are_published_once_and_changed_ones_again(function: Function) -> None:
    for _ in range(2):
        with pytest.raises(UnfinishedError):
            function(TIMER, tencentcloud_secret_key="wrong")
    (event,) = function.received()
    assert event["type"] == "callout.quiet-hours.check.v1"
    assert event["data"]["text"].startswith(
        "Rehearsal, 40 min before the quiet hours 'default' begin at 21:00 in UTC: 1 ERROR. "
        "Application 1400692008: AuthFailure.SignatureFailure"
    )
    with pytest.raises(UnfinishedError):
        function(TIMER, callout_policy=policy({"gone": 99}))
    assert [event["data"]["findings"][0]["code"] for event in function.received()] == ["TaskNotFound"]


def test_a_warning_is_published_once_and_raises_nothing(function: Function, emulator: Emulator) -> None:
    for _ in range(2):
        function(TIMER, callout_policy=policy({"summer-sale": 16498}))
    assert [event["data"]["status"] for event in function.received()] == ["warnings"]
    assert calls(emulator) == [LIST]


def test_a_deleted_topic_is_known_before_quiet_hours(
    function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    deleted = "arn:aws:sns:us-east-1:123456789012:deleted"
    for _ in range(2):
        with pytest.raises(PublishError, match="NotFound"):
            function(TIMER, callout_topic=deleted)
    assert f"Topic {deleted}: NotFound" in capsys.readouterr().out


@pytest.mark.parametrize("kind", [CmqSubscriber, BusSubscriber])
def test_a_deleted_topic_of_tencent_cloud_is_known_before_quiet_hours(
    emulator: Emulator, kind: type[CmqSubscriber | BusSubscriber]
) -> None:
    reader: Subscriber = kind(emulator)
    function = Function(
        emulator, reader, now=BEGINNING - EARLIER, callout_policy=policy(), callout_region="ap-guangzhou"
    )
    function.settings["callout_notify"] = "changes"
    assert function(TIMER)["status"] == "skipped"
    emulator.topics.clear()
    emulator.buses.clear()
    with pytest.raises(PublishError, match="ResourceNotFound"):
        function(TIMER, BEGINNING + timedelta(days=1) - EARLIER)


def test_a_topic_that_may_not_be_read_is_a_warning(emulator: Emulator) -> None:
    reader = CmqSubscriber(emulator)
    function = Function(
        emulator, reader, now=BEGINNING - EARLIER, callout_policy=policy(), callout_region="ap-guangzhou"
    )
    emulator.faults.add(faults.error("UnauthorizedOperation"), action="DescribeCmqTopicDetail")
    assert function(TIMER)["status"] == "skipped"
    report, check = function.reports()
    assert report["status"] == "skipped"
    assert [(each["level"], each["code"]) for each in check["findings"]] == [("warning", "TopicNotReadable")]


def test_failed_work_is_not_followed_by_a_rehearsal(function: Function, emulator: Emulator) -> None:
    always = {"time_zone": "UTC", "quiet": ["00:00-24:00"]}
    soon = {"time_zone": "UTC", "quiet": ["21:00-08:00"]}
    tasks = {"spring-renewals": 16498, "us-reminders": {"task_id": 16499, "quiet_hours": "soon"}}
    emulator.faults.add(faults.error("UnauthorizedOperation"), action=PAUSE)
    with pytest.raises(UnfinishedError, match="task 16498 failed"):
        function(TIMER, callout_policy=policy(tasks, default=always, soon=soon))
    assert [event["type"] for event in function.received()] == ["callout.quiet-hours.report.v1"]


def test_a_rehearsal_ends_before_the_limit_of_the_platform_whatever_stalls(
    function: Function, emulator: Emulator
) -> None:
    emulator.faults.add(faults.STALL)
    with pytest.raises(UnfinishedError, match="no answer in time"):
        function(TIMER, context={"time_limit_in_ms": 4_000})
    assert function.report()["status"] == "errors"


def test_a_wake_up_outside_that_hour_connects_to_nothing(function: Function, emulator: Emulator) -> None:
    function(
        TIMER, BEGINNING - timedelta(hours=5), callout_topic="arn:aws:sns:us-east-1:123456789012:deleted"
    )
    assert calls(emulator) == []


def test_a_rehearsal_has_ended_before_the_quiet_hours_begin(function: Function, emulator: Emulator) -> None:
    for number in range(1, 30_001):
        emulator.tasks.add(task_id=number, sdk_app_id=1400692008, name=f"task-{number}", state=4)
    for before in (20, 60):
        clock = SimulatedClock(BEGINNING - timedelta(seconds=before))
        gone = policy({"spring-renewals": 16498, "gone": 99_999_999})
        function(TIMER, clock=clock.clock(), context={"time_limit_in_ms": 120_000}, callout_policy=gone)
        assert timedelta(0) < BEGINNING - clock.now()
        assert clock.now() - (BEGINNING - timedelta(seconds=before)) < timedelta(seconds=45)


def test_another_finding_of_the_same_code_is_published(function: Function) -> None:
    at_nine = {"time_zone": "UTC", "quiet": ["21:00-22:00"]}
    a = at_nine | {"quiet": ["2026-11-20T00:00Z/2026-11-21T00:00Z", "21:00-22:00"]}
    b = at_nine | {"quiet": ["2026-11-24T00:00Z/2026-11-24T10:00Z", "21:00-22:00"]}
    function(TIMER, callout_policy=policy(default=at_nine, a=a, b=b))
    (first,) = function.reports()
    function(TIMER, BEGINNING + timedelta(days=1) - EARLIER, callout_policy=policy(default=at_nine, a=a, b=b))
    (second,) = function.reports()
    assert ("quiet_hours.b" in first["text"], "quiet_hours.b" in second["text"]) == (False, True)


def test_applications_that_were_not_reached_at_a_low_rate_are_not_said_to_be_silent(
    function: Function, emulator: Emulator
) -> None:
    apps = range(1400000001, 1400000041)
    for app in apps:
        emulator.tasks.add(task_id=1, sdk_app_id=app, name="one", state=1)
    tasks = {f"one of {app}": {"task_id": 1, "sdk_app_id": app} for app in apps}
    clock = SimulatedClock(BEGINNING - EARLIER)
    function(
        TIMER,
        clock=clock.clock(),
        context={"time_limit_in_ms": 60_000},
        callout_requests_per_second=1,
        callout_policy=policy(tasks),
        callout_sdk_app_id=None,
    )
    codes = {each["code"] for each in function.report()["findings"]}
    assert codes == {"NameDiffers", "ListIncomplete", "LeadTimeTooShort"}


@pytest.mark.parametrize("code", ["InvalidAction", "FailedOperation.CamAuth", "InternalError"])
def test_a_topic_that_cannot_be_read_is_not_said_to_be_broken(emulator: Emulator, code: str) -> None:
    reader = CmqSubscriber(emulator)
    function = Function(
        emulator, reader, now=BEGINNING - EARLIER, callout_policy=policy(), callout_region="ap-guangzhou"
    )
    emulator.faults.add(faults.error(code), action="DescribeCmqTopicDetail")
    assert function(TIMER)["status"] == "skipped"
    assert [each["code"] for each in function.reports()[-1]["findings"]] == ["TopicNotReadable"]


def test_tasks_that_are_exempt_beyond_the_beginning_need_no_rehearsal(
    function: Function, emulator: Emulator
) -> None:
    exempt = {"task_id": 99, "exempt_until": "2099-01-01T00:00:00Z"}
    function(TIMER, callout_policy=policy({"gone": exempt}))
    assert calls(emulator) == []
    function(TIMER, callout_policy=policy({"gone": exempt, "spring-renewals": 16498}))
    assert [(each["level"], each["code"]) for each in function.report()["findings"]] == [
        ("warning", "TaskNotFound")
    ]


def test_a_rate_close_to_nothing_does_not_end_a_rehearsal(function: Function) -> None:
    function(TIMER, callout_requests_per_second=1e-15)
    assert "LeadTimeTooShort" in {each["code"] for each in function.report()["findings"]}


def test_a_rehearsal_that_there_is_no_time_for_is_in_the_log(
    function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    function(TIMER, context={"time_limit_in_ms": 1_000})
    assert '"no time for a rehearsal"' in capsys.readouterr().out


class TestATaskThatCccDoesNotKnow:
    """It makes each report fail, and is told once in each quiet period instead of 130 times a night."""

    NIGHT = BEGINNING + timedelta(hours=2)
    GONE = policy({"gone": 99})

    @pytest.mark.parametrize("notify", ["changes", "failures"])
    def test_is_published_once_for_each_instance_and_quiet_period(
        self, function: Function, notify: Any
    ) -> None:
        settings = {"callout_policy": self.GONE, "callout_notify": notify}
        for minutes in range(3):
            answer = function(TIMER, self.NIGHT + timedelta(minutes=minutes), **settings)
            assert (answer["status"], answer["summary"]) == ("failed", {"not_found": 1})
        assert [report["summary"] for report in function.reports()] == [{"not_found": 1}]
        function(TIMER, self.NIGHT, memory=Memory(), **settings)
        function(TIMER, self.NIGHT + timedelta(days=1), **settings)
        assert len(function.reports()) == 2

    def test_is_published_each_time_where_everything_is(self, function: Function) -> None:
        for _ in range(2):
            function(TIMER, self.NIGHT, callout_policy=self.GONE, callout_notify="always")
        assert len(function.reports()) == 2

    def test_does_not_hide_another_one(self, function: Function) -> None:
        function(TIMER, self.NIGHT, callout_policy=self.GONE)
        function(TIMER, self.NIGHT, callout_policy=policy({"gone": 99, "lost": 98}))
        assert [report["summary"]["not_found"] for report in function.reports()] == [1, 2]

    def test_does_not_hide_a_failure_or_a_change(self, function: Function, emulator: Emulator) -> None:
        both = policy({"gone": 99, "spring-renewals": 16498})
        function(TIMER, self.NIGHT, callout_policy=both)
        function(TIMER, self.NIGHT, callout_policy=both)
        assert len(function.reports()) == 1
        emulator.tasks.add(task_id=16498, sdk_app_id=1400692008, name="spring-renewals", state=1)
        function(TIMER, self.NIGHT, callout_policy=both)
        assert [report["summary"] for report in function.reports()] == [{"not_found": 1, "paused": 1}]

    def test_of_a_dry_run_does_not_hide_that_of_a_real_request(self, function: Function) -> None:
        for dry_run in (True, False):
            event = TIMER | {"Message": json.dumps({"tasks": [99], "dry_run": dry_run})}
            function(event, self.NIGHT)
        assert [report["dry_run"] for report in function.reports()] == [True, False]

    def test_is_published_again_where_publishing_failed(self, function: Function) -> None:
        topic = function.settings["callout_topic"]
        with pytest.raises(PublishError):
            function(TIMER, self.NIGHT, callout_policy=self.GONE, callout_topic=topic + "-deleted")
        function(TIMER, self.NIGHT, callout_policy=self.GONE)
        assert len(function.reports()) == 1
