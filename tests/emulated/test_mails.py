"""What the person on call gets of a night: the mail and the SMS that the function sends to SNS."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from moto import mock_aws

from local.emulator import Emulator, faults
from tests.support import APP, DESCRIBE, LIST, PAUSE

from .harness.constants import ALL_DAY, TWO_TASKS_POLICY
from .harness.function import Function
from .harness.subscriber import SnsSubscriber


@pytest.fixture
def function(emulator: Emulator) -> Iterator[Function]:
    """The function on a policy with two running tasks; its topic is of SNS."""
    with mock_aws():
        yield Function(emulator, SnsSubscriber(), callout_policy=TWO_TASKS_POLICY)


def told(function: Function) -> tuple[str, str, str]:
    """Return the subject, the mail and the SMS of the only message that was published."""
    assert isinstance(function.subscriber, SnsSubscriber)
    (request,) = function.subscriber.requests
    (bodies,) = function.subscriber.bodies()
    return request["Subject"], bodies["email"], bodies["sms"]


def test_a_task_that_was_seen_paused_needs_nobody(function: Function) -> None:
    function({})
    subject, mail, sms = told(function)
    assert subject == "Quiet hours [local] succeeded: paused 2 tasks"
    assert "\nYou need not do anything.\n" in mail
    assert sms == "Quiet hours local succeeded: paused 2 tasks. Always quiet in UTC."


def test_a_task_that_is_seen_running_after_its_pause_failed_is_said_to_run(function: Function) -> None:
    function.emulator.faults.add(
        faults.error("FailedOperation", "no"), action=PAUSE, when=lambda params: params["TaskId"] == 16499
    )
    with pytest.raises(Exception, match="16499"):
        function({})
    subject, mail, sms = told(function)
    assert subject == "Quiet hours [local] partial: 1 pause FAILED, paused 1 task"
    assert "\n1 task was still running when last seen: it may be calling people in quiet hours.\n" in mail
    assert "PAUSE FAILED  16499" in mail
    assert sms.startswith("Quiet hours local partial: 1 still running! ")


def test_a_task_that_nobody_saw_after_its_pause_is_not_said_to_be_paused(function: Function) -> None:
    function.emulator.faults.add(faults.error("UnauthorizedOperation", "no"), action=DESCRIBE)
    function.emulator.faults.add(faults.error("UnauthorizedOperation", "no"), action=LIST)
    function({})
    subject, mail, _ = told(function)
    assert subject == "Quiet hours [local] succeeded: 2 tasks NOT CONFIRMED"
    assert "2 tasks are NOT CONFIRMED: CCC accepted the requests, but nothing was seen then." in mail
    assert "You need not do anything" not in mail


def test_without_verification_an_accepted_call_is_a_pause(function: Function) -> None:
    function({}, callout_verify=False)
    subject, mail, _ = told(function)
    assert subject == "Quiet hours [local] succeeded: paused 2 tasks"
    assert "NOT CONFIRMED" not in mail


def test_a_policy_that_cannot_be_used_is_told_by_mail_as_well(function: Function) -> None:
    with pytest.raises(Exception, match="time_zone"):
        function({}, callout_policy=json.dumps({"quiet_hours": {"default": {"time_zone": "Asia/Shangai"}}}))
    subject, mail, sms = told(function)
    assert subject == "Quiet hours [local] failed: 1 configuration error, NOTHING CAN BE PAUSED"
    assert "did you mean 'Asia/Shanghai'?" in mail
    assert sms == "Quiet hours local failed: 1 configuration error, NOTHING CAN BE PAUSED."


def test_no_secret_reaches_a_mail(function: Function) -> None:
    secret = function.settings["tencentcloud_secret_key"]
    function.emulator.faults.add(faults.error("FailedOperation", f"the key {secret} is bad"), action=PAUSE)
    policy = {"quiet_hours": ALL_DAY, "tasks": {f"task {secret}": {"task_id": 16498, "sdk_app_id": APP}}}
    with pytest.raises(Exception, match="FailedOperation"):
        function({}, callout_policy=json.dumps(policy))
    subject, mail, sms = told(function)
    assert secret not in subject + mail + sms
    assert "task ***" in mail


class TestACheck:
    """Its mail says what it means for the next quiet hours, and what to do."""

    def test_that_finds_nothing_needs_nobody(self, function: Function) -> None:
        hours = {"default": {"time_zone": "UTC", "quiet": ["21:00-08:00"]}}
        policy = json.dumps({"quiet_hours": hours, "tasks": {"spring-renewals": 16498}})
        function({"action": "check"}, callout_policy=policy)
        subject, mail, sms = told(function)
        assert subject == "Quiet hours [local] check ok"
        assert sms == "Quiet hours local check ok"
        assert mail.startswith(
            "Check: everything is in order.\n\nYou need not do anything.\n\n"
            "Checked 1 application and 1 task of the policy.\nQuiet in UTC until 08:00.\n\nFunction  local\n"
        )

    def test_says_each_finding_the_errors_first(self, function: Function) -> None:
        hours = {"default": {"time_zone": "UTC", "quiet": ["21:00-08:00"]}}
        policy = json.dumps({"quiet_hours": hours, "tasks": {"summer-sale": 16498, "gone": 99}})
        with pytest.raises(Exception, match="99"):
            function({"action": "check"}, callout_policy=policy)
        subject, mail, sms = told(function)
        assert subject == "Quiet hours [local] check errors: 1 ERROR, 1 WARNING"
        assert sms.startswith("Quiet hours local check errors: 1 ERROR, 1 WARNING. CCC does not know task 99")
        assert len(sms) <= 140
        assert "Retrying repairs nothing: somebody has to." in mail
        assert "every wake-up of the timer fails" not in mail
        lines = mail.splitlines()
        at = lines.index("LEVEL    CODE          WHAT")
        assert lines[at + 1].startswith('ERROR    TaskNotFound  CCC does not know task 99 ("gone")')
        assert lines[at + 2].startswith("WARNING  NameDiffers   Task 16498 of application")

    def test_of_a_rehearsal_says_when_quiet_hours_begin_and_that_it_goes_on(self, function: Function) -> None:
        hours = {"default": {"time_zone": "UTC", "quiet": ["05:00-06:00"]}}
        policy = json.dumps({"quiet_hours": hours, "tasks": {"gone": 99}})
        timer = {"Type": "Timer", "TriggerName": "t", "Message": ""}
        with pytest.raises(Exception, match="Rehearsal"):
            function(timer, function.now.replace(minute=30), callout_policy=policy, callout_notify="changes")
        subject, mail, _ = told(function)
        assert subject == "Quiet hours [local] rehearsal errors: 1 ERROR"
        assert mail.startswith(
            "Rehearsal, 30 min before the quiet hours 'default' begin at 05:00 in UTC: 1 ERROR.\n"
        )
        assert "every wake-up of the timer fails" in mail
