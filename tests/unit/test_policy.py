"""The policy document: named tasks and named quiet hours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from handler import policy
from handler.errors import ConfigurationError
from handler.task import SdkAppId, Task, TaskId

APP = SdkAppId(1400692008)
SHANGHAI = {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]}
NEW_YORK = {"time_zone": "America/New_York", "quiet": ["21:00-08:00", "Sun 00:00-24:00"]}
OF_THE_CONTRACT = """
quiet_hours:
  default:
    time_zone: Asia/Shanghai
    quiet: ["21:00-09:00"]
  us-east:
    time_zone: America/New_York
    quiet: ["21:00-08:00", "Sun 00:00-24:00"]
    lead_time: 2m
tasks:
  spring-renewals: 16498
  us-reminders: {task_id: 16499, sdk_app_id: 1400000001, quiet_hours: us-east}
"""


def test_a_policy_is_read_from_a_yaml_file(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(OF_THE_CONTRACT, encoding="utf-8")
    read = policy.load(str(path))
    assert list(read.quiet_hours) == ["default", "us-east"]
    assert read.named_tasks(APP) == {
        "spring-renewals": Task(APP, TaskId(16498), "spring-renewals", "default"),
        "us-reminders": Task(SdkAppId(1400000001), TaskId(16499), "us-reminders", "us-east"),
    }


def test_a_policy_is_read_from_json_in_the_variable_itself() -> None:
    read = policy.load(json.dumps({"quiet_hours": {"default": SHANGHAI}, "tasks": {"spring": 16498}}))
    assert read.tasks["spring"].task_id == 16498


def test_a_policy_may_name_no_tasks() -> None:
    assert policy.load(json.dumps({"quiet_hours": {"default": SHANGHAI}})).named_tasks(None) == {}


def test_intervals_in_one_string_make_a_policy_of_their_own() -> None:
    read = policy.from_intervals("21:00-08:00; Sun 00:00-24:00;", "America/New_York")
    assert read == policy.Policy.model_validate({"quiet_hours": {"default": NEW_YORK}})


def test_intervals_with_a_zone_of_their_own_need_no_other() -> None:
    read = policy.from_intervals("21:00-08:00 Europe/Berlin", None)
    assert read.quiet_hours["default"].time_zone is None


REFUSED: list[tuple[Any, list[str]]] = [
    ([], ["an object with the key quiet_hours is wanted at the top"]),
    ({}, ["quiet_hours: is required"]),
    ({"quiet_hours": {}}, ["quiet_hours: at least 1 is wanted, not {}"]),
    ({"quiet_hours": {"default": SHANGHAI}, "task": {}}, ["task: is not a key here"]),
    (
        {"quiet_hours": {"default": SHANGHAI | {"quite": []}}},
        ["quiet_hours.default.quite: "],
    ),
    (
        {"quiet_hours": {"default": SHANGHAI}, "tasks": {"a": "16498", "b": True, "c": {"sdk_app_id": 1}}},
        [
            'tasks.a.task_id: a whole number is wanted, not "16498"',
            "tasks.b.task_id: a whole number is wanted, not true",
            "tasks.c.task_id: is required",
        ],
    ),
    (
        {
            "quiet_hours": {"us-east": NEW_YORK},
            "tasks": {"a": {"task_id": 1, "quiet_hours": "us-eest"}, "b": 2},
        },
        [
            "tasks.a.quiet_hours: 'us-eest' is not under quiet_hours; did you mean 'us-east'?",
            "tasks.b: names no quiet_hours, and there are none called 'default'",
        ],
    ),
    (
        {
            "quiet_hours": {"default": SHANGHAI},
            "tasks": {
                "a": {"task_id": 1, "exempt_until": "2026-12-01T00:00"},
                "b": {"task_id": 2, "exempt_until": 5},
                "c": {"task_id": 3, "exempt_until": "soon"},
            },
        },
        [
            'tasks.a.exempt_until: an offset is wanted, as in 2026-12-01T00:00+08:00, not "2026-12-01T00:00"',
            "tasks.b.exempt_until: a text such as '2026-12-01T00:00+08:00' is wanted, not 5",
            "tasks.c.exempt_until: Input should be a valid datetime",
        ],
    ),
    (
        {"quiet_hours": {"default": SHANGHAI}, "tasks": {"16498": 16498}},
        ["tasks.16498: a name is wanted, not digits; the number is the task's value"],
    ),
]


@pytest.mark.parametrize(("document", "problems"), REFUSED)
def test_a_wrong_policy_is_refused_with_every_fault_and_its_place(document: Any, problems: list[str]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        policy.read_policy(document)
    assert len(refused.value.problems) == len(problems)
    for expected in problems:
        assert any(expected in problem for problem in refused.value.problems), refused.value.problems


def test_faults_of_quiet_hours_and_of_tasks_are_told_together() -> None:
    document = {
        "quiet_hours": {"default": {"time_zone": "Asia/Shangai", "quiet": ["25:00-08:00"]}},
        "tasks": {"a": {"task_id": 0, "quiet_hours": "night"}},
    }
    with pytest.raises(ConfigurationError) as refused:
        policy.read_policy(document)
    places = {problem.split(": ")[0] for problem in refused.value.problems}
    assert {"quiet_hours.default.time_zone", "tasks.a.task_id", "tasks.a.quiet_hours"} <= places


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("no-such-policy.yaml", "policy no-such-policy.yaml: cannot be read: No such file or directory"),
        ("a\0b", "cannot be read: embedded null byte"),
        ('{"quiet_hours": ', "policy in CALLOUT_POLICY: not JSON: Expecting value at line 1, column 17"),
    ],
)
def test_a_policy_that_cannot_be_read_says_why(given: str, reason: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        policy.load(given)
    assert reason in str(refused.value)


def test_a_wrong_interval_of_the_environment_is_named_as_there() -> None:
    with pytest.raises(ConfigurationError) as refused:
        policy.from_intervals("21:00-08:00; Thur 09:00-10:00", "Asia/Shanghai")
    assert str(refused.value).startswith("settings: CALLOUT_QUIET_HOURS[1]")


def test_a_wrong_zone_of_the_environment_is_named_as_there() -> None:
    with pytest.raises(ConfigurationError) as refused:
        policy.from_intervals("21:00-08:00", "Asia/Shangai")
    assert "CALLOUT_TIME_ZONE: " in str(refused.value)


def test_a_task_without_an_application_is_refused() -> None:
    read = policy.read_policy({"quiet_hours": {"default": SHANGHAI}, "tasks": {"spring": 16498}})
    with pytest.raises(
        ConfigurationError, match=r"tasks\.spring: no sdk_app_id; name it here or set CALLOUT"
    ):
        read.named_tasks(None)


def test_one_task_under_two_quiet_hours_is_refused() -> None:
    tasks = {"a": 16498, "b": {"task_id": 16498, "quiet_hours": "us-east"}}
    read = policy.read_policy({"quiet_hours": {"default": SHANGHAI, "us-east": NEW_YORK}, "tasks": tasks})
    with pytest.raises(ConfigurationError, match=r"tasks\.b: task 16498 is also 'a', with other quiet hours"):
        read.named_tasks(APP)
