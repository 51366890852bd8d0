"""The policy document: named tasks and named quiet hours."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from handler.errors import ConfigurationError
from handler.policy import model, source
from handler.quiet_hours import QuietHours
from handler.target import SdkAppId, Target, TargetId
from tests.support import APP

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
    read = source.load(str(path))
    assert list(read.quiet_hours) == ["default", "us-east"]
    assert read.named_targets(APP) == {
        "spring-renewals": Target(APP, TargetId(16498), "spring-renewals", "default"),
        "us-reminders": Target(SdkAppId(1400000001), TargetId(16499), "us-reminders", "us-east"),
    }


def test_a_policy_is_read_from_json_in_the_variable_itself() -> None:
    read = source.load(json.dumps({"quiet_hours": {"default": SHANGHAI}, "tasks": {"spring": 16498}}))
    assert read.tasks["spring"].task_id == 16498


def test_a_policy_may_name_no_tasks() -> None:
    assert source.load(json.dumps({"quiet_hours": {"default": SHANGHAI}})).named_targets(None) == {}


def test_intervals_in_one_string_make_a_policy_of_their_own() -> None:
    read = source.from_intervals("21:00-08:00; Sun 00:00-24:00;", "America/New_York")
    assert read == model.Policy.model_validate({"quiet_hours": {"default": NEW_YORK}})


def test_intervals_with_a_zone_of_their_own_need_no_other() -> None:
    read = source.from_intervals("21:00-08:00 Europe/Berlin", None)
    assert read.quiet_hours["default"].time_zone is None


def test_the_lead_time_at_the_top_is_that_of_all_quiet_hours_that_name_none() -> None:
    hours = {
        "plain": SHANGHAI,
        "own": SHANGHAI | {"lead_time": "30s"},
        "late": SHANGHAI | {"lead_time": 0},
        "law": {"preset": "us-federal", "time_zone": "America/New_York"},
    }
    read = model.read_policy({"lead_time": "8m", "quiet_hours": hours})
    found = {name: each.lead_time.total_seconds() for name, each in read.quiet_hours.items()}
    assert found == {"plain": 480, "own": 30, "late": 0, "law": 480}
    assert read.quiet_hours["plain"] == QuietHours.model_validate(SHANGHAI | {"lead_time": "8m"})
    assert read.quiet_hours["plain"].describe()[-1] == "lead_time: quiet begins 8m earlier"


@pytest.mark.parametrize(
    "text",
    [
        "lead_time: 8m\nquiet_hours: {default: {time_zone: Asia/Shanghai, quiet: ['21:00-09:00']}}",
        '{"lead_time": "PT8M", "quiet_hours": {"default": {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]}}}',
    ],
)
def test_the_lead_time_at_the_top_stands_in_yaml_and_in_json(tmp_path: Path, text: str) -> None:
    (tmp_path / "policy").write_text(text, encoding="utf-8")
    hours = source.load(str(tmp_path / "policy")).quiet_hours["default"]
    assert hours.is_quiet(datetime(2026, 11, 26, 12, 52, tzinfo=timezone.utc))
    assert not hours.is_quiet(datetime(2026, 11, 26, 12, 51, 59, tzinfo=timezone.utc))


@pytest.mark.parametrize("lead_time", ["24h", 120, None, "-2m", True, "soon", {"minutes": 2}])
def test_a_wrong_lead_time_at_the_top_is_refused_once_and_as_in_quiet_hours(lead_time: Any) -> None:
    with pytest.raises(ConfigurationError) as inside:
        model.read_policy({"quiet_hours": {"default": SHANGHAI | {"lead_time": lead_time}}})
    with pytest.raises(ConfigurationError) as at_the_top:
        model.read_policy({"lead_time": lead_time, "quiet_hours": {"default": SHANGHAI, "other": NEW_YORK}})
    (theirs,), (ours,) = inside.value.problems, at_the_top.value.problems
    assert ours.startswith("lead_time: ")
    assert theirs == f"quiet_hours.default.{ours}"


def test_faults_of_quiet_hours_are_found_beside_a_lead_time_at_the_top() -> None:
    hours = {"default": "21:00-09:00", "other": SHANGHAI | {"quiet": ["25:00-09:00"]}}
    with pytest.raises(ConfigurationError) as refused:
        model.read_policy({"quiet_hours": hours, "lead_time": "8m"})
    places = [problem.split(": ")[0] for problem in refused.value.problems]
    assert places == ["quiet_hours.default", "quiet_hours.other.quiet[0]"]


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
        model.read_policy(document)
    assert len(refused.value.problems) == len(problems)
    for expected in problems:
        assert any(expected in problem for problem in refused.value.problems), refused.value.problems


def test_faults_of_quiet_hours_and_of_tasks_are_told_together() -> None:
    document = {
        "quiet_hours": {"default": {"time_zone": "Asia/Shangai", "quiet": ["25:00-08:00"]}},
        "tasks": {"a": {"task_id": 0, "quiet_hours": "night"}},
    }
    with pytest.raises(ConfigurationError) as refused:
        model.read_policy(document)
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
        source.load(given)
    assert reason in str(refused.value)


def test_a_wrong_interval_of_the_environment_is_named_as_there() -> None:
    with pytest.raises(ConfigurationError) as refused:
        source.from_intervals("21:00-08:00; Thur 09:00-10:00", "Asia/Shanghai")
    assert str(refused.value).startswith("settings: CALLOUT_QUIET_HOURS[1]")


def test_a_wrong_zone_of_the_environment_is_named_as_there() -> None:
    with pytest.raises(ConfigurationError) as refused:
        source.from_intervals("21:00-08:00", "Asia/Shangai")
    assert "CALLOUT_TIME_ZONE: " in str(refused.value)


def test_a_task_without_an_application_is_refused() -> None:
    read = model.read_policy({"quiet_hours": {"default": SHANGHAI}, "tasks": {"spring": 16498}})
    with pytest.raises(
        ConfigurationError, match=r"tasks\.spring: no sdk_app_id; name it here or set CALLOUT"
    ):
        read.named_targets(None)


def test_one_task_under_two_quiet_hours_is_refused() -> None:
    tasks = {"a": 16498, "b": {"task_id": 16498, "quiet_hours": "us-east"}}
    read = model.read_policy({"quiet_hours": {"default": SHANGHAI, "us-east": NEW_YORK}, "tasks": tasks})
    with pytest.raises(ConfigurationError, match=r"tasks\.b: task 16498 is also 'a', with other quiet hours"):
        read.named_targets(APP)


UNTIL = "2026-12-01T00:00:00Z"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"exempt_until": UNTIL}),
        ({"exempt_until": UNTIL}, {}),
        ({"exempt_until": UNTIL}, {"exempt_until": "2026-12-01T00:00:01Z"}),
        ({"exempt_until": "2020-01-01T00:00:00Z"}, {}),
        ({"sdk_app_id": APP}, {"exempt_until": UNTIL}),
    ],
)
def test_one_task_that_is_exempt_under_one_name_only_is_refused(first: Any, second: Any) -> None:
    tasks = {"a": {"task_id": 16498} | first, "b": {"task_id": 16498} | second}
    read = model.read_policy({"quiet_hours": {"default": SHANGHAI}, "tasks": tasks})
    with pytest.raises(
        ConfigurationError, match=r"tasks\.b: task 16498 is also 'a', with another exempt_until \("
    ):
        read.named_targets(APP)


@pytest.mark.parametrize("until", [{}, {"exempt_until": "2026-12-01T08:00:00+08:00"}])
def test_one_task_under_two_names_that_say_the_same_is_one_task(until: Any) -> None:
    tasks = {"a": {"task_id": 16498} | until, "b": {"task_id": 16498} | until}
    if until:
        tasks["c"] = {"task_id": 16498, "exempt_until": UNTIL}  # the same instant
    named = model.read_policy({"quiet_hours": {"default": SHANGHAI}, "tasks": tasks}).named_targets(APP)
    assert len({(task.key, task.exempt_until) for task in named.values()}) == 1


def refused(document: Any) -> ConfigurationError:
    """Read a document that is wrong, quickly, and give what is said of it."""
    started = time.process_time()
    with pytest.raises(ConfigurationError) as caught:
        model.read_policy(document)
    assert time.process_time() - started < 10  # a second or less, on a machine that does nothing else
    assert len(str(caught.value)) < 7_000
    assert len(caught.value.problems) <= 21
    return caught.value


ABSURD_LENGTHS: tuple[Any, ...] = (
    "99999999999999999999h", "9" * 1_000_000 + "h", "9" * 5_000 + "s", "1h99999999999999999999m", 10**4_000, 1e308,
    float("nan"), float("inf"), "0" * 1_000_000, {}, [[]], True, "24h", "86400s",
)  # fmt: skip
MANY = range(5_000)
ABSURD: list[tuple[int, Any]] = [
    (5_000, {"quiet_hours": {f"hours-of-{n}": SHANGHAI for n in MANY}, "tasks": {f"t{n}": {"task_id": n + 1, "quiet_hours": f"hour-of-{n}"} for n in MANY}}),
    (5_000, {"quiet_hours": {f"n{n}": {"time_zone": f"Asia/Shangai{n}", "quiet": ["21:00-08:00"]} for n in MANY}}),
    (5_000, {"quiet_hours": {f"n{n}": {"time_zone": f"UTC+{n}", "quiet": ["21:00-08:00"]} for n in MANY}}),
    (5_000, {"quiet_hours": {f"n{n}": {"preset": f"us-federl-{n}"} for n in MANY}}),
    (5_000, {"quiet_hours": {"default": {"preset": [f"us-federl-{n}" for n in MANY]}}}),
    (5_000, {"quiet_hours": {"default": {"quiet": [f"21:00-08:00 Asia/Shangai{n}" for n in MANY]}}}),
    (5_000, {"quiet_hours": {"default": SHANGHAI | {"except": [f"Mox{n} 21:00-08:00" for n in MANY]}}}),
    (5_000, {"quiet_hours": {"default": SHANGHAI | {"quiet": [{"datez": n} for n in MANY]}}}),
    (5_000, {"quiet_hours": {"default": SHANGHAI | {"quiet": [{f"datez{n}": n for n in MANY}]}}}),
    (5_000, {"quiet_hours": {"default": SHANGHAI | {"quiet": [{"dates": [f"2026-13-{n}" for n in MANY]}]}}}),
    (5_000, {"quiet_hours": {"default": SHANGHAI | {f"quite{n}": 1 for n in MANY}}}),
    (10_000, {"quiet_hours": {"default": SHANGHAI}, "tasks": {str(n): "x" * 1_000 for n in MANY}}),
    (1, {"quiet_hours": {"default": SHANGHAI}, "tasks": {"a": list(range(500_000))}}),
    (3, {"quiet_hours": {"k" * 1_000_000: 1}, "t" * 1_000_000: 1}),
    (1, {"quiet_hours": {"default": {"time_zone": "x" * 1_000_000, "quiet": "21:00-08:00"}}}),
    (1, {"quiet_hours": {"default": SHANGHAI | {"quiet": 10**4_000}}}),
    (1, {"quiet_hours": {"default": SHANGHAI | {"quiet": ["Mon," * 200_000 + "Tue 21:00-08:00"]}}}),
    (1, {"quiet_hours": {"default": SHANGHAI | {"quiet": ["a-" * 200_000 + "1"]}}}),
    (1, {"quiet_hours": {"default": SHANGHAI | {"quiet": [{"years": [f"{n}" for n in range(1000, 9000)], "dates": ["0900-01-01"] * 5_000}]}}}),
]  # fmt: skip
LEAD_TIMES: list[Any] = [
    "99999999999999999999h", "9" * 1_000_000 + "h", "9" * 5_000 + "s", "1h99999999999999999999m", 10**4_000, 1e308,
    float("nan"), float("inf"), "0" * 1_000_000, {}, [[]], True, "24h", "86400s",
]  # fmt: skip
ABSURD += [(1, {"quiet_hours": {"default": SHANGHAI | {"lead_time": value}}}) for value in LEAD_TIMES]


@pytest.mark.parametrize(("count", "document"), ABSURD, ids=range(len(ABSURD)))
def test_whatever_is_absurd_is_refused_quickly_and_in_few_words(count: int, document: Any) -> None:
    assert refused(document).count == count


def test_what_is_counted_in_one_place_is_counted_in_the_whole() -> None:
    wrong = {"time_zone": "UTC", "quiet": ["x"] * 100}
    error = refused({"quiet_hours": {"a": wrong, "b": wrong}, "tasks": {"t": 1}})
    assert error.problems[-1] == "and 181 more"
    assert error.count == 201


def test_hundred_thousand_tasks_are_read() -> None:
    tasks = {f"task-{number}": number + 1 for number in range(100_000)}
    started = time.process_time()
    named = model.read_policy({"quiet_hours": {"default": SHANGHAI}, "tasks": tasks}).named_targets(APP)
    assert len(named) == 100_000
    assert time.process_time() - started < 20  # two seconds, on a machine that does nothing else


@pytest.mark.parametrize(
    ("intervals", "zone"),
    [
        ("Mox 21:00-08:00;" * 10_000, "UTC"),
        ("x" * 1_000_000, "y" * 1_000_000),
        ("21:00-08:00 " + "a " * 100_000, "UTC"),
        ("a-" * 500_000, None),
        ("\0", "\0"),
        ("\udcff", "\udcff"),
        (";", None),
        ("0" * 1_000_000 + ":00-08:00", "UTC"),
    ],
)
def test_what_is_absurd_in_the_environment_is_refused_quickly_and_in_few_words(
    intervals: str, zone: Any
) -> None:
    started = time.process_time()
    with pytest.raises(ConfigurationError) as caught:
        source.from_intervals(intervals, zone)
    assert time.process_time() - started < 5
    assert len(str(caught.value).encode()) < 7_000


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            b"a: \xff",
            "cannot be read: 'utf-8' codec can't decode byte 0xff in position 3: invalid start byte",
        ),
        (b"#" * 4_000_001, "cannot be read: it is longer than 4,000,000 bytes"),
        (b"#" * 2_000_000, "not usable YAML: it has 2,000,000 characters, 1,000,000 are allowed"),
        (b"a: b\0c", "not YAML: unacceptable character U+0000 at line 1, column 5"),
        (
            b"a: !!int [1]",
            "not YAML: the tag !!int is not allowed; write the plain value at line 1, column 4",
        ),
        (b"", "an object with the key quiet_hours is wanted at the top"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        source.load(str(path))
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "address", ["/dev/zero", "x" * 10_000, "\udcff", "/", "", "~", "{" * 1_000, "{" + "\udcff"]
)
def test_an_address_that_is_no_policy_says_why_in_few_words(address: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        source.load(address)
    assert len(str(caught.value).encode()) < 2_000


def test_a_pipe_into_which_nobody_writes_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigurationError, match=r"pipe: cannot be read: no whole answer within 0\.1 s"):
        source.load(str(tmp_path / "pipe"), 0.1)


def test_json_in_the_variable_may_begin_with_a_byte_order_mark() -> None:
    read = source.load("\ufeff" + json.dumps({"quiet_hours": {"default": SHANGHAI}}))
    assert set(read.quiet_hours) == {"default"}


@pytest.mark.parametrize(
    ("tasks", "hours", "problem"),
    [
        ({"n" * 1_001: 16498}, "default", "tasks: a name of at most 1,000 characters is wanted, not "),
        ({"a": 16498}, "n" * 201, "quiet_hours: a name of at most 200 characters is wanted, not "),
    ],
)
def test_a_name_that_no_part_of_a_report_could_hold_is_refused(tasks: Any, hours: str, problem: str) -> None:
    document = {"quiet_hours": {"default": SHANGHAI, hours: SHANGHAI}, "tasks": tasks}
    with pytest.raises(ConfigurationError) as caught:
        model.read_policy(document)
    assert caught.value.problems[0].startswith(problem + '"nnn')
    assert len(caught.value.problems) == 1
    assert len(str(caught.value)) < 300


def test_a_name_may_be_as_long_as_that() -> None:
    hours, task = "n" * 200, "n" * 1_000
    document = {"quiet_hours": {hours: SHANGHAI}, "tasks": {task: {"task_id": 16498, "quiet_hours": hours}}}
    assert set(model.read_policy(document).tasks) == {task}


WORDS = st.sampled_from(
    ["quiet_hours", "tasks", "default", "time_zone", "quiet", "except", "preset", "lead_time", "times", "dates", "years",
     "months", "weekdays", "days_of_month", "holidays", "workdays", "holiday_eves", "location", "task_id", "sdk_app_id",
     "exempt_until", "campaigns", "rules", "campaign_id", "kind", "name", "resume", "none", "task", "us-*", "start_time", "end_time", "UTC", "Asia/Shanghai", "us-federal", "21:00-08:00", "Mon 21:00-08:00", "9999",
     "0001", "9999-12-31", "0001-01-01", "02-29", "-1", "1:5", "monday#5", "2m", "CN", "XNYS", "../../etc/passwd", "\0", "-", "#",
     "0001-01-01T00:00:00Z/9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "0000-01-01T00:00:00Z/0001-01-01T00:00:00Z"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=15,
)
HOURS = st.fixed_dictionaries(
    {"quiet": st.lists(WORDS | st.dictionaries(WORDS, VALUES, max_size=4), max_size=4) | VALUES},
    optional={"time_zone": WORDS | VALUES, "except": VALUES, "preset": VALUES, "lead_time": VALUES},
)


@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.too_slow])
@hypothesis.given(
    VALUES
    | st.fixed_dictionaries(
        {"quiet_hours": st.dictionaries(WORDS, HOURS | VALUES, max_size=3)},
        optional={
            "tasks": st.dictionaries(WORDS, VALUES, max_size=3),
            "campaigns": st.dictionaries(WORDS, VALUES, max_size=3),
            "rules": st.lists(st.dictionaries(WORDS, VALUES, max_size=4) | VALUES, max_size=3) | VALUES,
        },
    )
)
def test_any_document_is_a_policy_or_refused(document: Any) -> None:
    try:
        model.read_policy(document).named_targets(None)
    except ConfigurationError as error:
        assert 0 < len(str(error).encode()) < 30_000
    if isinstance(document, dict):
        try:
            source.load(json.dumps(document))
        except ConfigurationError as error:
            assert str(error)


def test_quiet_hours_by_themselves_bound_what_they_say_too() -> None:
    with pytest.raises(ValueError, match="and 980 more") as caught:
        QuietHours.model_validate({"time_zone": "UTC", "quiet": ["x" * 1_000] * 1_000})
    assert len(str(caught.value)) < 30_000


@pytest.mark.parametrize(
    "written", ["20261201000000", "1764000000", "99999999999", "20261201", "1.9e9", "-1", "1764000000.5"]
)
def test_an_exemption_is_a_time_and_no_number_in_quotes(written: str) -> None:
    tasks = {"a": {"task_id": 1, "exempt_until": written}}
    with pytest.raises(ConfigurationError) as refused:
        model.read_policy({"quiet_hours": {"default": SHANGHAI}, "tasks": tasks})
    assert refused.value.problems == (
        f"tasks.a.exempt_until: a text such as '2026-12-01T00:00+08:00' is wanted, not {json.dumps(written)}",
    )
