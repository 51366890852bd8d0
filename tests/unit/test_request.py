"""A message's body becomes a request, or a refusal that names every field at fault."""

from __future__ import annotations

import json
import time
import tracemalloc
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.errors import RejectedError
from handler.messages.request import Request, parse
from handler.messages.resolve import Known, resolve
from handler.target import Kind, SdkAppId, Target, TargetId
from tests.support import APP

OTHER_APP = SdkAppId(1400000001)
SPRING = Target(APP, TargetId(16498), "spring-renewals", "default")
US = Target(APP, TargetId(16499), "us-reminders", "us-east")
NAMED = {"spring-renewals": SPRING, "us-reminders": US}
HOURS = ("default", "us-east")


def resolved(body: Any, default_app: SdkAppId | None = APP, hours: tuple[str, ...] = HOURS) -> list[Target]:
    return resolve(parse(body), Known.of(NAMED), hours, default_app)


ACCEPTED = [
    ("{}", [SPRING, US]),
    ('{"tasks": null}', [SPRING, US]),
    ('{"tasks": [16498]}', [SPRING]),
    ('{"tasks": ["us-reminders"]}', [US]),
    ('{"tasks": [16499]}', [US]),
    ('{"tasks": [7]}', [Target(APP, TargetId(7), None, "default")]),
    ('{"tasks": [9223372036854775807]}', [Target(APP, TargetId(2**63 - 1), None, "default")]),
    ('{"tasks": [{"task_id": 7, "quiet_hours": "us-east"}]}', [Target(APP, TargetId(7), None, "us-east")]),
    (
        '{"tasks": [{"task_id": 16498, "sdk_app_id": 1400000001}]}',
        [Target(OTHER_APP, TargetId(16498), None, "default")],
    ),
    (
        '{"tasks": [{"task_id": 16498, "quiet_hours": "us-east"}]}',
        [Target(APP, TargetId(16498), "spring-renewals", "us-east")],
    ),
    ('{"tasks": ["of-ccc"]}', [Target(APP, None, "of-ccc", "default")]),
    ('{"tasks": [16498, "spring-renewals", {"task_id": 16498}]}', [SPRING]),
    ('{"tasks": [16499, 16498, 16499]}', [US, SPRING]),
    (
        '{"tasks": [{"task_id": 7, "sdk_app_id": null, "quiet_hours": null}]}',
        [Target(APP, TargetId(7), None, "default")],
    ),
]


@pytest.mark.parametrize(("body", "tasks"), ACCEPTED)
def test_a_request_names_tasks_by_number_name_or_object(body: str, tasks: list[Target]) -> None:
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
        resolve(parse("{}"), Known.of({}), ("default",), APP)


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
        (task,) = resolve(parse({"tasks": tasks}), Known.of(named), HOURS, default_app)
        assert (task.key, task.exempt_until) == (SPRING.key, until)


def filled(entry: str, size: int = 1_000_000) -> str:
    """Return a request of at most `size` bytes that names this entry as often as fits."""
    return '{"tasks": [' + ",".join([entry] * ((size - 13) // (len(entry) + 1))) + "]}"


def refusal(body: Any) -> RejectedError:
    with pytest.raises(RejectedError) as refused:
        resolved(body)
    assert len(str(refused.value).encode()) < 7_000
    return refused.value


@pytest.mark.parametrize("entry", ["0", "true", "{}", "[]", "16498", '"x"', "1e5", '{"task_id":1}'])
def test_of_a_message_with_too_many_tasks_none_is_looked_at(entry: str) -> None:
    body = filled(entry)
    tracemalloc.start()
    try:
        error = refusal(body)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000  # 724 MB once; plain data alone is up to 36 MB
    finally:
        tracemalloc.stop()
    (problem,) = error.problems
    assert problem.startswith("tasks: at most 10,000 are wanted, not ")


def test_10_000_tasks_are_taken_and_one_more_is_refused() -> None:
    assert len(resolved({"tasks": list(range(1, 10_001))})) == 10_000
    assert refusal({"tasks": list(range(1, 10_002))}).problems == (
        "tasks: at most 10,000 are wanted, not 10,001",
    )


@pytest.mark.parametrize("space", [" ", "\n"])
def test_a_message_of_1_mb_is_taken_and_of_one_byte_more_is_refused(space: str) -> None:
    request = '{"tasks": [16498]}'
    assert resolved(request + space * (1_000_000 - len(request))) == [SPRING]
    assert refusal(request + space * (1_000_001 - len(request))).problems == (
        "a message of at most 1,000,000 bytes is wanted, not of 1,000,001",
    )


@pytest.mark.parametrize(
    "body",
    [
        '{"tasks": ["' + "\U0001f319" * 250_000 + '"]}',
        {"tasks": ["\U0001f319" * 250_000]},
        {"tasks": ["x" * 1_000 + str(number) for number in range(1_000)]},
        {"note": "x" * 1_000_000},
        {"tasks": [16498], "note": {str(number): [number] for number in range(100_000)}},
        "[" + "0," * 499_999 + "0]",
        "\U0001f319" * 250_001,
        "\ud800" * 400_000,
    ],
)
def test_the_bytes_count_whether_they_come_as_text_or_parsed(body: Any) -> None:
    assert "bytes is wanted, not of 1," in str(refusal(body)) or "an object such as" in str(refusal(body))


def test_of_many_faults_twenty_are_described_and_the_others_counted() -> None:
    error = refusal({"tasks": [True] * 10_000, "dry_run": 0, "action": "stop"})
    assert len(error.problems) == 21
    assert error.problems[0].startswith("action: 'pause', 'resume', 'enforce', 'check' or 'audit' is wanted")
    assert error.problems[1].startswith("tasks[0]: a task is a number, a name or an object")
    assert error.problems[-1] == "and 9,982 more"
    assert error.count == 10_002


@pytest.mark.parametrize("at", [0, 1, 19, 20, 21, 5_000, 9_980, 9_981, 9_999])
def test_the_faults_described_are_the_first_ones_wherever_they_stand(at: int) -> None:
    tasks: list[Any] = [16498] * 10_000
    tasks[at : at + 30] = [0] * min(30, 10_000 - at)
    found = refusal({"tasks": tasks}).problems
    wrong = range(at, min(at + 20, 10_000))
    described = [problem for problem in found if not problem.startswith("and")]
    assert [problem.split(":")[0] for problem in described] == [f"tasks[{index}]" for index in wrong]


@pytest.mark.parametrize(
    "entry", [{"a": 1, "b": 2, "c": 3}, {"task_id": 0, "b": 2, "c": 3}, [1], None, "7", 1.5]
)
@given(before=st.integers(0, 60), wrong=st.integers(0, 60), after=st.integers(0, 60))
def test_however_faults_are_spread_all_are_described_or_counted(
    entry: Any, before: int, wrong: int, after: int
) -> None:
    tasks = [16498] * before + [entry] * wrong + [16499] * after
    per_entry = {"task_id": 3}.get(next(iter(entry)) if isinstance(entry, dict) else "", 1)
    try:
        resolved({"tasks": tasks or [16498]})
    except RejectedError as error:
        assert error.count == wrong * per_entry
        assert len(error.problems) == min(20, error.count) + (error.count > 20)
    else:
        assert not wrong


def test_an_object_with_thousands_of_keys_is_refused_for_their_number() -> None:
    keys = {f"k{number}": 1 for number in range(50_000)}
    assert refusal({"tasks": [1, keys]}).problems == ("tasks[1]: at most 20 keys are wanted, not 50,000",)
    assert refusal(keys).problems == ("at most 20 keys are wanted, not 50,000",)


def test_an_unknown_key_and_a_name_are_shortened_in_the_refusal() -> None:
    assert len(str(refusal({"k" * 500_000: 1}))) <= 501
    assert len(str(refusal({"tasks": ["9" * 900_000]}))) <= 501
    assert len(str(refusal({"tasks": [{"task_id": 1, "quiet_hours": "h" * 900_000}]}))) <= 501


def test_thousands_of_misspelt_quiet_hours_are_refused_in_time() -> None:
    hours = tuple(f"quiet-hours-of-campaign-{number}" for number in range(500))
    tasks = [
        {"task_id": number, "quiet_hours": f"quiet-hours-of-campagne-{number}"} for number in range(1, 10_001)
    ]
    started = time.process_time()
    with pytest.raises(RejectedError) as refused:
        resolved({"tasks": tasks}, hours=hours)
    assert refused.value.count == 10_000
    assert "did you mean 'quiet-hours-of-campaign-1" in refused.value.problems[0]
    assert time.process_time() - started < 10  # 0.3 s; unbounded it was 70 s


@pytest.mark.parametrize("default_app", [APP, None])
@pytest.mark.parametrize("what", ["number", "name", "object"])
def test_10_000_tasks_of_10_000_are_resolved_in_no_time(what: str, default_app: SdkAppId | None) -> None:
    named = {
        f"n{number}": Target(APP, TargetId(number), f"n{number}", "default") for number in range(1, 10_001)
    }
    entries: dict[str, list[Any]] = {
        "number": list(range(1, 10_001)),
        "name": list(named),
        "object": [{"task_id": number} for number in range(1, 10_001)],
    }
    request, known = parse({"tasks": entries[what]}), Known.of(named)
    started = time.process_time()
    assert resolve(request, known, ("default",), default_app) == list(named.values())
    assert time.process_time() - started < 1  # 15 ms; with a look at every named task for each it was 3 s


def campaign(app: SdkAppId, number: int, name: str | None, hours: str) -> Target:
    return Target(app, TargetId(number), name, hours, kind="campaign")


def pattern(app: SdkAppId, name: str, kind: Kind | None = None) -> Target:
    return Target(app, None, name, "default", lookup="pattern", kind=kind)


CAMPAIGNS = {
    "spring-dialing": campaign(APP, 2567, "spring-dialing", "us-east"),
    "all*": campaign(OTHER_APP, 16498, "all*", "none"),
}


@pytest.mark.parametrize(
    ("entry", "meant"),
    [
        ("us-*", pattern(APP, "us-*")),
        ("test-?", pattern(APP, "test-?")),
        ({"name": "us-*"}, pattern(APP, "us-*")),
        ({"name": "spring-dialing", "kind": None}, pattern(APP, "spring-dialing")),
        ({"name": "2567", "sdk_app_id": OTHER_APP, "kind": "campaign"}, pattern(OTHER_APP, "2567", "campaign")),
        ("all*", CAMPAIGNS["all*"]),
        ("spring-dialing", CAMPAIGNS["spring-dialing"]),
        ({"campaign_id": 2567}, CAMPAIGNS["spring-dialing"]),
        ({"campaign_id": 2567, "quiet_hours": "default"}, CAMPAIGNS["spring-dialing"]._replace(quiet_hours="default")),
        ({"campaign_id": 2567, "sdk_app_id": OTHER_APP}, campaign(OTHER_APP, 2567, None, "default")),
        ({"campaign_id": 16498}, campaign(APP, 16498, None, "default")),
        (16498, SPRING),
    ],
)  # fmt: skip
def test_a_request_names_campaigns_and_patterns(entry: Any, meant: Any) -> None:
    assert resolve(parse({"tasks": [entry, entry]}), Known.of(NAMED | CAMPAIGNS), HOURS, APP) == [meant]


def test_a_campaign_without_a_default_application_is_looked_for_in_the_policy() -> None:
    known = Known.of(NAMED | CAMPAIGNS)
    assert resolve(parse({"tasks": [{"campaign_id": 16498}]}), known, HOURS, None) == [CAMPAIGNS["all*"]]
    for entry in ("us-*", {"name": "us-*"}, {"campaign_id": 5}):
        with pytest.raises(RejectedError, match=r"tasks\[0\]: no application; give sdk_app_id"):
            resolve(parse({"tasks": [entry]}), known, HOURS, None)


def test_a_request_without_tasks_means_the_campaigns_of_the_policy_too() -> None:
    assert resolve(parse("{}"), Known.of(CAMPAIGNS), HOURS, APP) == list(CAMPAIGNS.values())


def test_a_long_pattern_is_refused_and_a_long_name_is_not() -> None:
    assert resolved({"tasks": ["x" * 1_000]}) == [Target(APP, None, "x" * 1_000, "default")]
    for entry in ("x" * 200 + "*", {"name": "x" * 201}):
        with pytest.raises(
            RejectedError, match=r"tasks\[0\]\S*: a pattern of at most 200 characters is wanted"
        ):
            resolved({"tasks": [entry]})


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
        tasks = resolve(parse(body), Known.of(NAMED), HOURS, APP)
    except RejectedError as refused:
        assert refused.problems
        assert all(refused.problems)
    else:
        assert all(task.id is None or 1 <= task.id < 2**63 for task in tasks)
        assert len({task.key for task in tasks}) == len(tasks)


@given(st.text() | st.text(alphabet='{}[]",:0123456789tasks \\u'))
def test_any_text_at_all_is_a_request_or_a_refusal_with_a_reason(body: str) -> None:
    try:
        parse(body)
    except RejectedError as refused:
        assert all(refused.problems)
