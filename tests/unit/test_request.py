"""A message's body becomes a request, or a refusal that names every field at fault."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.errors import RejectedError
from handler.request import Request, parse, resolve
from handler.task import SdkAppId, Task, TaskId

APP = SdkAppId(1400692008)
OTHER_APP = SdkAppId(1400000001)
SPRING = Task(APP, TaskId(16498), "spring-renewals", "default")
US = Task(APP, TaskId(16499), "us-reminders", "us-east")
NAMED = {"spring-renewals": SPRING, "us-reminders": US}
HOURS = ("default", "us-east")


def resolved(body: Any, default_app: SdkAppId | None = APP, hours: tuple[str, ...] = HOURS) -> list[Task]:
    return resolve(parse(body), NAMED, hours, default_app)


ACCEPTED = [
    ("{}", [SPRING, US]),
    ('{"tasks": null}', [SPRING, US]),
    ('{"tasks": [16498]}', [SPRING]),
    ('{"tasks": ["us-reminders"]}', [US]),
    ('{"tasks": [16499]}', [US]),
    ('{"tasks": [7]}', [Task(APP, TaskId(7), None, "default")]),
    ('{"tasks": [9223372036854775807]}', [Task(APP, TaskId(2**63 - 1), None, "default")]),
    ('{"tasks": [{"task_id": 7, "quiet_hours": "us-east"}]}', [Task(APP, TaskId(7), None, "us-east")]),
    (
        '{"tasks": [{"task_id": 16498, "sdk_app_id": 1400000001}]}',
        [Task(OTHER_APP, TaskId(16498), None, "default")],
    ),
    (
        '{"tasks": [{"task_id": 16498, "quiet_hours": "us-east"}]}',
        [Task(APP, TaskId(16498), "spring-renewals", "us-east")],
    ),
    ('{"tasks": ["of-ccc"]}', [Task(APP, None, "of-ccc", "default")]),
    ('{"tasks": [16498, "spring-renewals", {"task_id": 16498}]}', [SPRING]),
    ('{"tasks": [16499, 16498, 16499]}', [US, SPRING]),
    (
        '{"tasks": [{"task_id": 7, "sdk_app_id": null, "quiet_hours": null}]}',
        [Task(APP, TaskId(7), None, "default")],
    ),
]


@pytest.mark.parametrize(("body", "tasks"), ACCEPTED)
def test_a_request_names_tasks_by_number_name_or_object(body: str, tasks: list[Task]) -> None:
    assert resolved(body) == tasks


def test_pausing_for_real_is_the_default() -> None:
    assert parse({}) == Request(action="pause", tasks=None, dry_run=False)


def test_a_parsed_body_is_as_good_as_its_text() -> None:
    body = {"action": "resume", "tasks": [16498, {"task_id": 3}], "dry_run": True}
    assert parse(body) == parse(json.dumps(body))


REFUSED = [
    (case["body"], case["reason"])
    for case in json.loads((Path(__file__).parents[1] / "refusals.json").read_text(encoding="utf-8"))
] + [("[" * 100_000, "nested too deeply")]


@pytest.mark.parametrize(("body", "reason"), REFUSED)
def test_what_is_no_request_is_refused_with_field_and_reason(body: str, reason: str) -> None:
    with pytest.raises(RejectedError) as refused:
        resolved(body)
    assert reason in str(refused.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(RejectedError) as refused:
        parse('{"action": "stop", "tasks": [true, 1, "2"], "dry_run": 0}')
    assert [text.split(":")[0] for text in refused.value.problems] == [
        "action",
        "tasks[0]",
        "tasks[2]",
        "dry_run",
    ]


def test_without_a_policy_a_request_must_name_its_tasks() -> None:
    with pytest.raises(RejectedError, match="tasks: is required, since the policy names no tasks"):
        resolve(parse("{}"), {}, ("default",), APP)


def test_a_number_without_a_default_application_is_looked_for_in_the_policy() -> None:
    assert resolved('{"tasks": [16499]}', default_app=None) == [US]


def test_a_task_of_no_application_is_refused() -> None:
    with pytest.raises(RejectedError, match=r"tasks\[0\]: no application; give sdk_app_id"):
        resolved('{"tasks": [7]}', default_app=None)


def test_a_task_without_quiet_hours_is_refused() -> None:
    with pytest.raises(
        RejectedError, match=r"tasks\[0\]: the policy does not name this task and has no quiet"
    ):
        resolved('{"tasks": [7]}', hours=("us-east",))


def test_a_deeply_nested_body_that_is_parsed_already_is_refused() -> None:
    body: Any = []
    for _ in range(100_000):
        body = [body]
    with pytest.raises(RejectedError, match="nested too deeply"):
        parse(body)


@given(
    st.permutations(
        ["spring-renewals", 16498, {"task_id": 16498}, {"task_id": 16498, "sdk_app_id": APP}, "spring"]
    )
)
def test_a_task_is_exempt_by_whatever_name_and_in_whatever_order_it_is_asked_for(tasks: list[Any]) -> None:
    until = datetime(2026, 12, 1, tzinfo=timezone.utc)
    exempt = SPRING._replace(exempt_until=until)
    named = {"spring-renewals": exempt, "spring": exempt._replace(name="spring"), "us-reminders": US}
    for default_app in (APP, None):
        (task,) = resolve(parse({"tasks": tasks}), named, HOURS, default_app)
        assert (task.key, task.exempt_until) == (SPRING.key, until)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
near_requests = st.fixed_dictionaries(
    {},
    optional={
        "action": st.sampled_from(["pause", "resume", "stop"]) | json_values,
        "tasks": st.lists(st.integers(-2, 2**64) | json_values, max_size=4) | json_values,
        "dry_run": st.booleans() | json_values,
        "extra": json_values,
    },
)


@given(near_requests | json_values)
def test_anything_at_all_is_a_request_or_a_refusal_with_a_reason(body: Any) -> None:
    try:
        tasks = resolved(body)
    except RejectedError as refused:
        assert refused.problems
        assert all(refused.problems)
    else:
        assert all(task.task_id is None or 1 <= task.task_id < 2**63 for task in tasks)
        assert len({task.key for task in tasks}) == len(tasks)


@given(st.text() | st.text(alphabet='{}[]",:0123456789tasks \\u'))
def test_any_text_at_all_is_a_request_or_a_refusal_with_a_reason(body: str) -> None:
    try:
        parse(body)
    except RejectedError as refused:
        assert all(refused.problems)
