"""Rules: which quiet hours a task or campaign has that the policy does not name."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handler.errors import ConfigurationError
from handler.policy import patterns
from handler.policy.entries import NONE
from handler.policy.model import Policy, read_policy
from handler.policy.rules import UNCONCERNED, UNCOVERED, Coverage, Rules, never_matching
from handler.target import Kind, SdkAppId, Target, TargetId
from tests.support import APP

OTHER_APP = SdkAppId(1400000001)
HOURS = {
    "default": {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]},
    "us-east": {"time_zone": "America/New_York", "quiet": ["21:00-08:00"]},
}
OF_THE_CONTRACT = [
    {"sdk_app_id": APP, "name": "us-*", "quiet_hours": "us-east"},
    {"sdk_app_id": APP, "name": ["internal *", "test-?"], "quiet_hours": "none"},
    {"sdk_app_id": APP, "kind": "campaign", "quiet_hours": "us-east", "resume": False},
    {"sdk_app_id": APP, "quiet_hours": "default"},
]


def policy(rules: list[Any], **more: Any) -> Policy:
    return read_policy({"quiet_hours": HOURS, "rules": rules} | more)


def refusal(rules: Any, **more: Any) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as refused:
        read_policy({"quiet_hours": HOURS, "rules": rules} | more)
    assert len(str(refused.value)) < 7_000
    return refused.value


def naive(pattern: str, name: str) -> bool:
    """Match as the definition says, in exponential time."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(naive(pattern[1:], name[start:]) for start in range(len(name) + 1))
    return bool(name) and pattern[0] in {"?", name[0]} and naive(pattern[1:], name[1:])


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("us-*", ["us-", "us-east", "us-\n", "us-*"], ["US-east", "us", " us-east", "aus-east"]),
        ("*-us", ["-us", "a-us", "-us-us"], ["us", "a-us "]),
        ("*us*", ["us", "house", "u us"], ["u s", "US"]),
        ("test-?", ["test-1", "test-?", "test-早", "test-\n"], ["test-", "test-12"]),
        ("a*b*c", ["abc", "aXbXc", "abcbc"], ["ac", "acb", "abcX"]),
        ("a*ab", ["aab", "aXab"], ["ab"]),
        ("?*", ["a", "ab"], [""]),
        ("*", ["", "a", "\n"], []),
        ("[us]-*", ["[us]-1"], ["u-1", "s-1"]),
        ("a.b", ["a.b"], ["aXb"]),
        (r"a\d|b$", [r"a\d|b$"], ["a1", "b"]),
        ("早安*", ["早安", "早安 1"], ["早"]),
        ("exact", ["exact"], ["exactly", "inexact"]),
    ],
)
def test_a_pattern_has_two_wildcards_and_everything_else_is_literal(
    pattern: str, matching: list[str], others: list[str]
) -> None:
    assert [name for name in [*matching, *others] if patterns.matches(pattern, name)] == matching


PATTERN = st.text("ab*?[.\\", min_size=1, max_size=8)
NAME = st.text("ab*?[.\\\n", max_size=10)


@given(PATTERN, NAME)
def test_a_pattern_matches_what_its_definition_says(pattern: str, name: str) -> None:
    assert patterns.matches(pattern, name) == naive(pattern, name)
    assert patterns.fixed_part(pattern) in name or not naive(pattern, name)


@given(PATTERN, PATTERN, NAME)
@example("?", "*", "ab")
def test_a_pattern_that_includes_another_matches_all_that_it_does(first: str, then: str, name: str) -> None:
    if patterns.includes(first, then) and naive(then, name):
        assert naive(first, name)
    assert patterns.includes(first, first)


@pytest.mark.parametrize(
    "pattern",
    ["*a" * 99 + "*b", "*" * 199 + "b", "*?" * 99 + "*b", "*" + "a" * 98 + "b*" + "a" * 98 + "b", "a*" * 99 + "b", "?*a" * 66 + "b"],
)  # fmt: skip
def test_no_pattern_explodes(pattern: str) -> None:
    """Ten times the name takes about ten times as long: a search that goes back would not end."""

    def seconds(length: int) -> float:
        found = []
        for _ in range(3):
            started = time.process_time()
            assert not patterns.matches(pattern, "a" * length)
            found.append(time.process_time() - started)
        return min(found)

    assert seconds(100_000) < 40 * max(seconds(10_000), 0.000_5)


@pytest.mark.parametrize(
    ("kind", "name", "quiet_hours", "rule"),
    [
        ("task", "us-spring", "us-east", 1),
        ("campaign", "us-spring", "us-east", 1),
        ("task", "internal 1", NONE, 2),
        ("campaign", "test-2", NONE, 2),
        ("task", "test-22", "default", 4),
        ("campaign", "test-22", "us-east", 3),
        ("task", "US-spring", "default", 4),
        ("task", None, "default", 4),
        ("campaign", None, "us-east", 3),
    ],
)
def test_the_first_rule_that_matches_decides(
    kind: Kind, name: str | None, quiet_hours: str, rule: int
) -> None:
    found = Rules(policy(OF_THE_CONTRACT), None).decide(APP, kind, 5, name)
    assert found == Coverage("rule", quiet_hours, rule=rule, resume=rule != 3)


def test_what_the_policy_names_comes_before_the_rules() -> None:
    until = "2026-12-01T00:00:00Z"
    rules = Rules(
        policy(
            OF_THE_CONTRACT,
            tasks={"a": {"task_id": 5, "exempt_until": until}, "b": {"task_id": 6, "quiet_hours": "none"}},
            campaigns={"c": {"campaign_id": 5, "quiet_hours": "us-east", "resume": False}},
        ),
        APP,
    )
    found = rules.decide(APP, "task", 5, "us-spring")
    assert (found.by, found.entry, found.rule, found.quiet_hours) == ("entry", "a", None, "default")
    assert found.exempt_until is not None
    assert rules.decide(APP, "task", 6, "us-spring") == Coverage("entry", NONE, "b")
    assert rules.decide(APP, "campaign", 5, "x") == Coverage("entry", "us-east", "c", resume=False)
    assert rules.decide(APP, "campaign", 6, "us-spring").rule == 1
    assert rules.decide(OTHER_APP, "task", 5, "us-spring") == UNCONCERNED


def test_an_application_with_rules_leaves_what_none_matches_uncovered() -> None:
    rules = Rules(
        policy([{"name": "us-*", "quiet_hours": "us-east"}, {"kind": "campaign", "name": "eu-*"}]), APP
    )
    assert rules.decide(APP, "task", 1, "eu-spring") == UNCOVERED
    assert rules.decide(APP, "task", 1, None) == UNCOVERED
    assert rules.decide(APP, "campaign", 1, "eu-spring").rule == 2
    assert rules.decide(OTHER_APP, "task", 1, "us-spring") == UNCONCERNED
    only = Rules(policy([{"kind": "campaign"}]), APP)
    assert only.decide(APP, "task", 1, "eu-spring") == UNCOVERED
    assert only.quiet_hours(APP, "task") == {"default"}, "a running task is to be heard of at night"


def test_the_applications_with_rules_and_the_quiet_hours_that_they_may_give_are_known() -> None:
    rules = Rules(policy([{"sdk_app_id": OTHER_APP, "name": "x"}, *OF_THE_CONTRACT[:3]]), None)
    assert rules.applications() == (OTHER_APP, APP)
    assert rules.quiet_hours(OTHER_APP, "campaign") == {"default"}
    assert rules.quiet_hours(APP, "task") == {"us-east"}
    assert rules.quiet_hours(SdkAppId(1), "task") == frozenset()
    assert Rules(policy([]), APP).applications() == ()


NAMES = st.lists(PATTERN, min_size=1, max_size=3)
RULES = st.lists(
    st.fixed_dictionaries(
        {"sdk_app_id": st.sampled_from([APP, OTHER_APP])},
        optional={
            "kind": st.sampled_from(["task", "campaign"]),
            "name": NAMES | PATTERN,
            "quiet_hours": st.sampled_from(["us-east", "none"]),
            "resume": st.booleans(),
        },
    ),
    max_size=6,
)


def naive_rule(rules: list[Any], app: int, kind: str, name: str) -> int | None:
    for number, rule in enumerate(rules, 1):
        names = rule.get("name", "*")
        fits = any(naive(each, name) for each in ([names] if isinstance(names, str) else names))
        if rule["sdk_app_id"] == app and rule.get("kind", kind) == kind and fits:
            return number
    return None


@given(RULES, st.sampled_from([APP, OTHER_APP]), st.sampled_from(["task", "campaign"]), NAME)
def test_rules_decide_as_they_are_read_from_top_to_bottom(
    rules: list[Any], app: SdkAppId, kind: Kind, name: str
) -> None:
    read = Rules(policy(rules), None)
    found = read.decide(app, kind, 1, name)
    assert found.rule == naive_rule(rules, app, kind, name)
    assert found.rule not in read.never_matching()
    if found.rule:
        assert found.quiet_hours == rules[found.rule - 1].get("quiet_hours", "default")
        assert found.resume is rules[found.rule - 1].get("resume", True)
        assert found.quiet_hours in {NONE, *read.quiet_hours(app, kind)}
    else:
        assert (found == UNCOVERED) == any(rule["sdk_app_id"] == app for rule in rules)


@pytest.mark.parametrize(
    ("rules", "sentences"),
    [
        (OF_THE_CONTRACT, []),
        ([{}, {"name": "us-*"}], ["rules[1]: rule 2 can never match, since rule 1 before it takes everything that it names"]),
        ([{"name": "us-*"}, {"name": "us-*"}], ["rules[1]: rule 2 can never match, since rule 1 before it takes everything that it names"]),
        ([{"name": "us-*"}, {"name": "us-east-?"}], ["rules[1]: rule 2 can never match, since rule 1 before it takes everything that it names"]),
        ([{"name": "us-?"}, {"name": "us-*"}], []),
        ([{"name": "us-*"}, {"name": ["us-1", "eu-1"]}], []),
        ([{"name": "us-*"}, {"name": "eu-*"}, {"name": ["us-1", "eu-1"]}], ["rules[2]: rule 3 can never match, since rules 1 and 2 before it take everything that it names"]),
        ([{"kind": "task"}, {"name": "us-*"}], []),
        ([{"kind": "task"}, {"kind": "campaign"}, {"name": "us-*"}], ["rules[2]: rule 3 can never match, since rules 1 and 2 before it take everything that it names"]),
        ([{"name": ["x", "**"]}, {"kind": "task"}], ["rules[1]: rule 2 can never match, since rule 1 before it takes everything that it names"]),
        ([{"sdk_app_id": 5}, {}], []),
    ],
)  # fmt: skip
def test_a_rule_that_can_never_match_is_known(rules: list[Any], sentences: list[str]) -> None:
    assert never_matching(policy(rules), APP) == sentences


WRONG: list[tuple[Any, list[str]]] = [
    ({}, ["rules: a list is wanted, not {}"]),
    ([5], ["rules[0]: an object is wanted, not 5"]),
    ([{"names": "us-*"}], ["rules[0].names: is not a key here; did you mean 'name'?"]),
    ([{"exempt_until": "2026-12-01T00:00Z"}], ["rules[0].exempt_until: is not a key here"]),
    ([{}, {"name": ["a", ""]}], ["rules[1].name[1]: a pattern such as 'us-*' is wanted, not \"\""]),
    ([{"name": " "}], ["rules[0].name[0]: a pattern such as 'us-*' is wanted, not \" \""]),
    ([{"name": []}], ["rules[0].name: at least 1 is wanted, not []"]),
    ([{"name": None}], ["rules[0].name: a pattern is wanted, not null; leave the key out for all"]),
    ([{"name": 5}], ["rules[0].name: a pattern or a list of patterns is wanted, not 5"]),
    ([{"name": ["a", 5]}], ["rules[0].name[1]: a text is wanted, not 5"]),
    ([{"name": "x" * 201}], ['rules[0].name[0]: a pattern of at most 200 characters is wanted, not "xxx']),
    ([{"kind": "tasks"}], ["rules[0].kind: 'task' or 'campaign' is wanted, not \"tasks\""]),
    ([{"kind": None}], ["rules[0].kind: 'task' or 'campaign' is wanted, not null; leave the key out for all"]),
    ([{"sdk_app_id": "1"}], ['rules[0].sdk_app_id: a whole number is wanted, not "1"']),
    ([{"resume": "no"}], ['rules[0].resume: true or false is wanted, not "no"']),
    ([{"quiet_hours": "us-eest"}], ["rules[0].quiet_hours: 'us-eest' is not under quiet_hours; did you mean 'us-east'?"]),
    ([{"quiet_hours": "None"}], ["rules[0].quiet_hours: 'None' is not under quiet_hours; did you mean 'none'?"]),
    ([{"quiet_hours": None}], ["rules[0].quiet_hours: a text is wanted, not null"]),
    ([{}] * 1_001, ["rules: at most 1,000 are wanted, not 1,001"]),
    ([{"name": ["a"] * 1_001}] * 2, ["rules: at most 2,000 patterns are wanted, not 2,002"]),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "problems"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_rule_is_refused_with_its_place(rules: Any, problems: list[str]) -> None:
    found = refusal(rules).problems
    assert len(found) == len(problems)
    for text, expected in zip(found, problems, strict=True):
        assert text.startswith(expected)


WRONG_NAMES: list[tuple[dict[str, Any], list[str]]] = [
    ({"campaigns": {"a": 1}, "tasks": {"a": 1}}, ["campaigns.a: is under tasks as well; a name is that of one task or campaign"]),
    ({"campaigns": {"5": 1}}, ["campaigns.5: a name is wanted, not digits; the number is the campaign's value"]),
    ({"campaigns": {"a": {"task_id": 1}}}, ["campaigns.a.campaign_id: is required", "campaigns.a.task_id: is not a key here"]),
    ({"campaigns": {"a": {"campain_id": 1}}}, ["campaigns.a.campaign_id: is required", "campaigns.a.campain_id: is not a key here; did you mean 'campaign_id'?"]),
    ({"campaigns": {"a": {"campaign_id": 1, "quiet_hours": "x"}}}, ["campaigns.a.quiet_hours: 'x' is not under quiet_hours"]),
    ({"campaigns": {"n" * 1_001: 1}}, ["campaigns: a name of at most 1,000 characters is wanted, not "]),
    ({"tasks": {"a": {"task_id": 1, "resume": 0}}}, ["tasks.a.resume: true or false is wanted, not 0"]),
    ({"quiet_hours": HOURS | {"none": HOURS["default"]}}, ["quiet_hours.none: the name 'none' is reserved, for what is never quiet; choose another"]),
    ({"rule": []}, ["rule: is not a key here; did you mean 'rules'?"]),
    ({"quiet_hours": HOURS | {"x": {"time_zone": "UTC", "quite": []}}}, ["quiet_hours.x.quiet: is required", "quiet_hours.x.quite: is not a key here; did you mean 'quiet'?"]),
]  # fmt: skip


@pytest.mark.parametrize(("more", "problems"), WRONG_NAMES, ids=range(len(WRONG_NAMES)))
def test_a_wrong_name_is_refused_with_its_place(more: Any, problems: list[str]) -> None:
    found = refusal([], **more).problems
    assert len(found) == len(problems)
    for text, expected in zip(sorted(found), problems, strict=True):
        assert text.startswith(expected)


def test_a_rule_may_give_the_default_only_where_there_is_one() -> None:
    with pytest.raises(
        ConfigurationError, match=r"rules\[0\]: names no quiet_hours, and there are none called"
    ):
        read_policy({"quiet_hours": {"x": HOURS["default"]}, "rules": [{"name": "us-*"}]})


def test_campaigns_are_named_as_tasks_are() -> None:
    read = policy(
        [],
        campaigns={"a": 2567, "b": {"campaign_id": 2568, "sdk_app_id": OTHER_APP, "quiet_hours": "us-east"}},
    )
    assert read.named_targets(APP) == {
        "a": Target(APP, TargetId(2567), "a", "default", kind="campaign"),
        "b": Target(OTHER_APP, TargetId(2568), "b", "us-east", kind="campaign"),
    }


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ({"quiet_hours": "us-east"}, r"with other quiet hours \('default', here 'us-east'\)"),
        ({"exempt_until": "2026-12-01T00:00:00Z"}, r"with another exempt_until \(never exempt, here 2026"),
        ({"resume": False}, r"with another resume \(true, here false\)"),
    ],
)
def test_one_campaign_under_two_names_that_differ_is_refused(second: Any, reason: str) -> None:
    read = policy([], campaigns={"a": 2567, "b": {"campaign_id": 2567} | second}, tasks={"t": 2567})
    with pytest.raises(ConfigurationError, match=rf"campaigns\.b: campaign 2567 is also 'a', {reason}"):
        read.named_targets(APP)


def test_what_has_no_application_is_refused_with_its_place() -> None:
    read = policy([{"sdk_app_id": APP}, {}], campaigns={"a": 2567}, tasks={"t": 2567})
    with pytest.raises(ConfigurationError) as refused:
        read.named_targets(None)
    assert refused.value.problems == tuple(
        f"{place}: no sdk_app_id; name it here or set CALLOUT_SDK_APP_ID" for place in ("tasks.t", "campaigns.a", "rules[1]")
    )  # fmt: skip


def test_ten_thousand_names_are_held_against_a_hundred_rules() -> None:
    rules = Rules(policy([{"name": f"pre{number}-*"} for number in range(100)]), APP)
    started = time.process_time()
    found = [rules.decide(APP, "task", number, f"us-spring-{number}-renewals") for number in range(10_000)]
    assert set(found) == {UNCOVERED}
    assert time.process_time() - started < 2  # 50 ms, on a machine that does nothing else


ABSURD: list[Any] = [
    [{"name": [""] * 100_000}],
    [{"name": ["*a" * 99] * 2_001}],
    [{"name": "*" * 1_000_000}],
    [{f"k{number}": 1 for number in range(50_000)}],
    [{"quiet_hours": f"hours-{number}"} for number in range(1_000)],
    [{"kind": "x" * 1_000_000}] * 500,
    [[]] * 100_000,
]


@pytest.mark.parametrize("rules", ABSURD, ids=range(len(ABSURD)))
def test_absurd_rules_are_refused_quickly_and_in_few_words(rules: Any) -> None:
    started = time.process_time()
    assert len(refusal(rules).problems) <= 21
    assert time.process_time() - started < 5


def test_the_largest_rules_are_looked_through_for_those_that_never_match() -> None:
    read = policy([{"name": [f"{'*a' * 90}{number}*", f"b{number}?"]} for number in range(1_000)])
    started = time.process_time()
    never_matching(read, APP)
    assert time.process_time() - started < 60
