"""Rules cover tasks that nobody named, tomorrow's too; what no rule covers is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from moto import mock_aws

from handler.errors import UnfinishedError
from local.emulator import Emulator, faults
from tests.support import APP, LIST, LIST_CAMPAIGNS, PAUSE, RESUME

from .harness.constants import NIGHT
from .harness.function import Function
from .harness.subscriber import SnsSubscriber

OTHER_APP = 1400692999
HOURS: dict[str, Any] = {
    "default": {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]},
    "us-east": {"time_zone": "America/New_York", "quiet": ["21:00-08:00"]},
}
EVERYTHING = {"sdk_app_id": APP, "quiet_hours": "default"}
TIMER = {"Type": "Timer", "TriggerName": "t", "Message": ""}
NOON = NIGHT + timedelta(hours=14)


def policy(*rules: Any, **more: Any) -> str:
    return json.dumps({"quiet_hours": HOURS, "rules": list(rules), **more})


@pytest.fixture
def function(emulator: Emulator) -> Iterator[Function]:
    """The function at 22:00 in Shanghai, which is 09:00 in New York; three tasks run."""
    with mock_aws():
        yield Function(emulator, SnsSubscriber(), now=NIGHT, callout_policy=policy(EVERYTHING))


def outcomes(report: Any) -> dict[Any, str]:
    return {task["task_id"]: task["outcome"] for task in report["tasks"]}


def states(emulator: Emulator) -> dict[int, int]:
    return {task.task_id: task.state for task in emulator.tasks}


def test_a_task_that_nobody_named_is_paused(function: Function, emulator: Emulator) -> None:
    emulator.tasks.add(task_id=7, sdk_app_id=APP, name="created an hour ago", state=1)
    report = function(TIMER)
    assert report["status"] == "succeeded"
    assert states(emulator) == {7: 5, 16498: 5, 16499: 5, 16500: 5}
    (entry,) = (each for each in report["tasks"] if each["task_id"] == 7)
    assert (entry["kind"], entry["rule"], entry["name"], entry["ccc_name"], entry["quiet_hours"]) == (
        "task",
        1,
        "created an hour ago",
        "created an hour ago",
        "default",
    )


def test_the_first_rule_that_matches_decides(function: Function, emulator: Emulator) -> None:
    rules = [
        {"sdk_app_id": APP, "name": "us-*", "quiet_hours": "us-east"},
        {"sdk_app_id": APP, "name": ["eu-*"], "quiet_hours": "none"},
        EVERYTHING,
    ]
    report = function(TIMER, callout_policy=policy(*rules))
    assert outcomes(report) == {16498: "paused"}
    assert states(emulator) == {16498: 5, 16499: 1, 16500: 1}
    assert report["tasks"][0]["rule"] == 3


def test_named_tasks_come_first(function: Function, emulator: Emulator) -> None:
    named = {"spring-renewals": {"task_id": 16498, "quiet_hours": "us-east"}, "mine": {"task_id": 16499}}
    report = function(TIMER, callout_policy=policy(EVERYTHING, tasks=named))
    assert outcomes(report) == {16498: "not_quiet", 16499: "paused", 16500: "paused"}
    assert [task["rule"] for task in report["tasks"]] == [None, None, 1]
    assert {task["name"]: task["ccc_name"] for task in report["tasks"]}["mine"] == "us-reminders"
    assert states(emulator)[16498] == 1


def test_named_tasks_may_be_deliberately_never_quiet(function: Function, emulator: Emulator) -> None:
    named = {"internal": {"task_id": 16498, "quiet_hours": "none"}}
    report = function(TIMER, callout_policy=policy(EVERYTHING, tasks=named))
    assert outcomes(report)[16498] == "not_quiet"
    assert states(emulator) == {16498: 1, 16499: 5, 16500: 5}


def test_what_is_finished_or_not_quiet_has_no_entry(function: Function, emulator: Emulator) -> None:
    for number in range(1, 200):
        emulator.tasks.add(task_id=number, sdk_app_id=APP, name=f"old-{number}", state=4)
    emulator.tasks.add(task_id=900, sdk_app_id=APP, name="waiting", state=0, not_before=2_000_000_000)
    emulator.tasks.add(task_id=901, sdk_app_id=APP, name="held", state=5)
    emulator.tasks.add(task_id=902, sdk_app_id=APP, name="us-late", state=1)
    rules = [{"sdk_app_id": APP, "name": "us-*", "quiet_hours": "us-east"}, EVERYTHING]
    report = function(TIMER, callout_policy=policy(*rules))
    assert outcomes(report) == {16498: "paused", 16500: "paused", 900: "not_started", 901: "already_paused"}


def test_a_list_is_read_only_while_a_rule_of_its_application_is_quiet(
    function: Function, emulator: Emulator
) -> None:
    rules = [EVERYTHING, {"sdk_app_id": OTHER_APP, "quiet_hours": "us-east"}]
    function(TIMER, callout_policy=policy(*rules))
    assert {entry.params["SdkAppId"] for entry in emulator.journal.entries} == {APP}
    emulator.journal.clear()
    report = function(TIMER, NOON, callout_policy=policy(EVERYTHING))
    assert (report["status"], report["tasks"], emulator.journal.entries) == ("skipped", [], [])


def test_several_applications_have_rules_of_their_own(function: Function, emulator: Emulator) -> None:
    emulator.tasks.add(task_id=5, sdk_app_id=OTHER_APP, name="theirs", state=1)
    rules = [EVERYTHING, {"sdk_app_id": OTHER_APP, "quiet_hours": "default"}]
    assert outcomes(function(TIMER, callout_policy=policy(*rules)))[5] == "paused"


class TestAnUncoveredTask:
    RULES = policy({"sdk_app_id": APP, "name": "us-*", "quiet_hours": "default"})

    def test_is_left_alone_and_told(self, function: Function, emulator: Emulator) -> None:
        report = function(TIMER, callout_policy=self.RULES)
        assert report["status"] == "partial"
        assert outcomes(report) == {16499: "paused", 16498: "uncovered", 16500: "uncovered"}
        assert states(emulator) == {16498: 1, 16499: 5, 16500: 1}
        (entry,) = (each for each in report["tasks"] if each["task_id"] == 16498)
        assert (entry["quiet_hours"], entry["rule"], entry["name"]) == (None, None, "spring-renewals")
        assert "no rule of the policy covers it" in entry["reason"]
        assert "No rule covers 2 tasks that run" in report["text"]

    def test_alone_makes_the_report_partial_and_the_message_done(
        self, function: Function, emulator: Emulator
    ) -> None:
        emulator.tasks.add(task_id=16499, sdk_app_id=APP, name="us-reminders", state=4)
        event = {"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": "{}"}]}
        assert function(event, callout_policy=self.RULES) == {"batchItemFailures": []}
        assert function.report()["status"] == "partial"

    def test_is_none_if_it_is_paused_or_finished(self, function: Function, emulator: Emulator) -> None:
        emulator.tasks.add(task_id=16498, sdk_app_id=APP, name="spring-renewals", state=5)
        emulator.tasks.add(task_id=16500, sdk_app_id=APP, name="eu-surveys", state=2)
        assert outcomes(function(TIMER, callout_policy=self.RULES)) == {16499: "paused"}

    def test_is_told_once_in_each_quiet_period(self, function: Function) -> None:
        for minutes in range(3):
            at = NIGHT + timedelta(minutes=minutes)
            function(TIMER, at, callout_policy=self.RULES, callout_notify="changes")
        assert [report["summary"] for report in function.reports()] == [{"paused": 1, "uncovered": 2}]
        function(TIMER, NIGHT + timedelta(days=1), callout_policy=self.RULES, callout_notify="changes")
        assert len(function.reports()) == 1


class TestAListThatCannotBeReadWhole:
    def test_is_an_error_and_the_message_comes_again(self, function: Function, emulator: Emulator) -> None:
        for number in range(1, 251):
            emulator.tasks.add(task_id=number, sdk_app_id=APP, name=f"task-{number}", state=1)
        emulator.faults.script([None, *[faults.error("UnsupportedOperation")] * 50], action=LIST)
        with pytest.raises(UnfinishedError, match="could not be read whole"):
            function(TIMER)
        report = function.report()
        assert (report["status"], report["errors"][0]["code"]) == ("partial", "ListIncomplete")
        assert report["summary"] == {"paused": 100}, "what the first page showed is paused all the same"

    def test_that_may_not_be_read_at_all_fails(self, function: Function, emulator: Emulator) -> None:
        emulator.faults.add(faults.error("UnauthorizedOperation"), action=LIST)
        with pytest.raises(UnfinishedError):
            function(TIMER)
        assert function.report()["status"] == "failed"

    def test_because_it_shifts_is_read_again_and_loses_nobody(
        self, function: Function, emulator: Emulator
    ) -> None:
        for number in range(1, 251):
            emulator.tasks.add(task_id=number, sdk_app_id=APP, name=f"task-{number}", state=1)
        emulator.options.newest_first = True
        created = iter(range(1_000, 1_003))

        def create(action: str, _: Any) -> None:
            if action == LIST and (number := next(created, None)):
                emulator.tasks.add(task_id=number, sdk_app_id=APP, name=f"new-{number}", state=1)

        emulator.hooks.before = create
        function(TIMER)
        assert set(states(emulator).values()) == {5}


class TestAPattern:
    def test_pauses_what_fits_it_in_the_application_that_it_names(
        self, function: Function, emulator: Emulator
    ) -> None:
        report = function({"tasks": [{"name": "*-re*", "sdk_app_id": APP}]})
        assert outcomes(report) == {16498: "paused", 16499: "paused"}
        assert [task["rule"] for task in report["tasks"]] == [1, 1]
        assert emulator.tasks.state(16500) == 1

    def test_resumes_what_fits_it(self, function: Function, emulator: Emulator) -> None:
        function(TIMER)
        emulator.journal.clear()
        report = function({"action": "resume", "tasks": ["us-*"]}, NOON)
        assert outcomes(report) == {16499: "resumed"}
        assert emulator.journal.count(RESUME) == 1

    def test_that_fits_nothing_is_not_found_and_finished_ones_are_skipped(
        self, function: Function, emulator: Emulator
    ) -> None:
        emulator.tasks.add(task_id=5, sdk_app_id=APP, name="old-one", state=4)
        assert function({"tasks": ["nothing-*"]})["summary"] == {"not_found": 1}
        report = function({"tasks": ["old-*"]})
        assert (report["status"], report["tasks"]) == ("skipped", [])

    def test_tells_what_has_no_quiet_hours_at_all(self, function: Function, emulator: Emulator) -> None:
        rule = {"sdk_app_id": APP, "name": "us-*", "quiet_hours": "night"}
        night = {"night": HOURS["default"]}
        report = function(
            {"tasks": ["*re*"]}, callout_policy=json.dumps({"quiet_hours": night, "rules": [rule]})
        )
        assert outcomes(report) == {16498: "uncovered", 16499: "paused"}
        assert emulator.tasks.state(16498) == 1

    def test_keeps_the_quiet_hours_of_entries_and_rules(self, function: Function, emulator: Emulator) -> None:
        named = {"mine": {"task_id": 16498, "quiet_hours": "us-east"}}
        rules = [{"sdk_app_id": APP, "name": "us-*", "quiet_hours": "none"}, EVERYTHING]
        report = function({"tasks": ["*"]}, callout_policy=policy(*rules, tasks=named))
        assert outcomes(report) == {16498: "not_quiet", 16499: "not_quiet", 16500: "paused"}
        assert emulator.journal.count(PAUSE) == 1


def test_a_dry_run_says_what_rules_would_pause(function: Function, emulator: Emulator) -> None:
    report = function(TIMER, callout_dry_run=True)
    assert set(outcomes(report).values()) == {"would_pause"}
    assert emulator.journal.count(PAUSE) == 0


def test_resuming_everything_resumes_what_rules_cover_and_is_paused(
    function: Function, emulator: Emulator
) -> None:
    emulator.tasks.add(task_id=16498, sdk_app_id=APP, name="spring-renewals", state=5)
    report = function({"action": "resume"}, NOON)
    assert outcomes(report) == {16498: "resumed"}


def test_a_steady_tick_reads_the_list_once(function: Function, emulator: Emulator) -> None:
    for number in range(1, 998):
        emulator.tasks.add(task_id=number, sdk_app_id=APP, name=f"task-{number}", state=5)
    function(TIMER)
    emulator.journal.clear()
    assert function(TIMER)["summary"] == {"already_paused": 1_000}
    actions = [entry.action for entry in emulator.journal.entries]
    assert (actions.count(LIST), actions.count(LIST_CAMPAIGNS), len(actions)) == (10, 1, 11)


def test_a_list_is_read_only_while_a_rule_that_could_matter_there_is_quiet(
    function: Function, emulator: Emulator
) -> None:
    rules = [
        {"sdk_app_id": APP, "kind": "task", "quiet_hours": "us-east"},
        {"sdk_app_id": APP, "kind": "campaign", "quiet_hours": "default"},
    ]
    function(TIMER, callout_policy=policy(*rules))
    assert [entry.action for entry in emulator.journal.entries] == [LIST_CAMPAIGNS]


class TestACheck:
    def test_tells_what_each_rule_covers_and_what_none_does(
        self, function: Function, emulator: Emulator
    ) -> None:
        emulator.tasks.add(task_id=7, sdk_app_id=APP, name="us-late", state=5)
        rules = policy({"sdk_app_id": APP, "name": "us-*", "quiet_hours": "default"})
        data = function({"action": "check"}, callout_policy=rules)
        assert data["status"] == "warnings"
        assert [(each["level"], each["code"], each["id"]) for each in data["findings"]] == [
            ("info", "RuleCovers", None),
            ("warning", "Uncovered", 16498),
            ("warning", "Uncovered", 16500),
        ]
        told = data["findings"][0]["message"]
        assert told == 'Rule 1 covers 2 unfinished tasks now, 1 of them running: "us-late", "us-reminders"'

    def test_is_ok_where_rules_cover_everything(self, function: Function) -> None:
        data = function({"action": "check"})
        assert (data["status"], [each["code"] for each in data["findings"]]) == ("ok", ["RuleCovers"])
        assert "everything is in order" in data["text"]

    def test_warns_of_a_rule_that_can_never_match(self, function: Function) -> None:
        rules = policy(EVERYTHING, {"sdk_app_id": APP, "name": "us-*", "quiet_hours": "us-east"})
        data = function({"action": "check"}, callout_policy=rules)
        assert "RuleNeverMatches" in {each["code"] for each in data["findings"]}

    def test_counts_covered_tasks_against_the_lead_time(self, function: Function, emulator: Emulator) -> None:
        for number in range(1, 251):
            emulator.tasks.add(task_id=number, sdk_app_id=APP, name=f"task-{number}", state=1)
        data = function({"action": "check"})
        assert "pausing its 253 tasks takes 13 s" in data["text"]

    def test_of_a_rehearsal_is_silent_about_what_rules_cover(self, function: Function) -> None:
        before = NIGHT - timedelta(hours=1, minutes=30)  # 20:30 in Shanghai
        assert function(TIMER, before, callout_notify="changes")["status"] == "skipped"
        assert function.received() == []
        assert len(function.memory.rehearsed) == 1

    def test_is_rehearsed_before_the_quiet_hours_of_rules_also_without_default_ones(
        self, function: Function
    ) -> None:
        rule = {"sdk_app_id": APP, "quiet_hours": "night"}
        nights = json.dumps({"quiet_hours": {"night": HOURS["default"]}, "rules": [rule]})
        function(TIMER, NIGHT - timedelta(hours=1, minutes=30), callout_policy=nights)
        assert len(function.memory.rehearsed) == 1
