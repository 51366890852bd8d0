"""A text becomes plain data, or a refusal that says where."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from handler.policy import yaml_document
from handler.policy.document import LONGEST, parse_document
from handler.policy.json_document import check_characters, parse_json
from handler.policy.yaml_document import MOST_EXPANDED, MOST_NODES


@pytest.mark.parametrize(
    ("yaml", "value"),
    [
        ("country: NO", "NO"),
        ("at: 21:00", "21:00"),
        ("day: 2026-12-24", "2026-12-24"),
        ("day: 12-25", "12-25"),
        ("on_off: off", "off"),
        ("flag: true", True),
        ("nothing: null", None),
        ("nothing: ", None),
        ("number: 010", 10),
        ("number: 1.5", 1.5),
        ("text: '1'", "1"),
    ],
)
def test_yaml_words_mean_what_yaml_1_2_says(yaml: str, value: Any) -> None:
    (read,) = parse_document(yaml).values()
    assert read == value
    assert type(read) is type(value)


def test_yaml_may_share_a_part() -> None:
    text = "a: &shared {time_zone: UTC}\nb: {<<: *shared, lead_time: 2m}"
    assert parse_document(text)["b"] == {"time_zone": "UTC", "lead_time": "2m"}


def test_a_flow_mapping_that_is_no_json_is_yaml() -> None:
    assert parse_document("{a: [21:00-08:00]}") == {"a": ["21:00-08:00"]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\na: 2", "not YAML: the key 'a' stands twice at line 2, column 1"),
        ("1: a", "not YAML: the key 1 is wanted as a text; write it in quotes at line 1, column 1"),
        ("a: [", "not YAML: expected the node content, but found '<stream end>' at line 1, column 5"),
        ("a: b\x00", "not YAML: unacceptable character U+0000 at line 1, column 5"),
        ("a:\n  - \ud800", "not YAML: unacceptable character U+D800 at line 2, column 5"),
        ("a: 1\n---\nb: 1", "not YAML: one document is wanted, and another begins here at line 2, column 1"),
        (
            "%TAG ! tag:x,2000:\n---\na: 1",
            "a directive (a line that begins with '%') is not allowed at line 1",
        ),
        (
            "a:\n  <<: 5",
            "not YAML: after << a mapping is wanted, or a list of them, not 5 at line 2, column 7",
        ),
        ("a: " + "9" * 5_000, "not YAML: Exceeds the limit (4300"),
        ("a: 1e999", "not YAML: the number 1e999 is too large at line 1, column 4"),
        ('a: "\\U00110000"', "at line 1, column 7"),
        ('a: "\\UFFFFFFFF"', "at line 1, column 7"),
        ("a: [1, *b]", 'not YAML: the alias "b" stands for nothing that ends before it at line 1, column 8'),
        ('{"a":\n1, "b": {"c": 1, "c":2}}', "not usable JSON: the key 'c' stands twice at line 2, column 18"),
        ('{"a": 1, "\\u0061": 2}', "not usable JSON: the key 'a' stands twice at line 1, column 10"),
        ('{"a": [1, NaN]}', "not usable JSON: NaN is no JSON number at line 1, column 11"),
        ('{"a": [1, -1e999]}', "not usable JSON: a number is too large at line 1, column 11"),
        ('{"a": [1,\n' + "9" * 5_000 + "]}", "to increase the limit at line 2, column 1"),
        ('{"a": ["b", "\\ud83d"]}', "a[1]: holds U+D83D, half of a surrogate pair"),
        (
            "[" * 101 + "]" * 101,
            "not usable JSON: nested too deeply: 100 levels are allowed at line 1, column 101",
        ),
        ('{"a": 1, "a": 2}', "not usable JSON: the key 'a' stands twice"),
        ("[1, 2", "not JSON: Expecting ',' delimiter at line 1, column 6"),
        ('{"a": [}', "not JSON: Expecting value at line 1, column 8"),
        ('a: "\\ud83d"', "half of a surrogate pair"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse_document(text)
    assert reason in str(refused.value)


def test_a_number_too_long_to_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="Exceeds the limit"):
        parse_json("9" * 5000)


@pytest.mark.parametrize(
    "tag", ["!!int", "!!bool", "!!timestamp", "!!str", "!!python/object:os.system", "!x", "!"]
)
@pytest.mark.parametrize("value", ["[1]", "{a: 1}", "maybe", "1", "x", "'1'", ""])
@pytest.mark.parametrize("text", ["a:\n  b: {}", "{{a: 1,\n b: {}}}"])
def test_every_explicit_tag_is_refused_whatever_it_tags(tag: str, value: str, text: str) -> None:
    with pytest.raises(
        ValueError, match=r"the tag \S+ is not allowed; write the plain value at line 2, column"
    ):
        parse_document(text.format(f"{tag} {value}"))


def levels(most: int) -> str:
    """Let each level name the one before nine times."""
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, most)]
    return "\n".join(lines)


def merges(most: int) -> str:
    """Let each level take over from the one before nine times."""
    lines = ["l0: &l0 {" + ", ".join(f"k{n}: {n}" for n in range(40)) + "}"]
    lines += [f"l{n}: &l{n} {{<<: [{', '.join([f'*l{n - 1}'] * 9)}]}}" for n in range(1, most)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (levels(5), "aliases stand for more than 10,000 nodes"),
        (levels(9), "aliases stand for more than 10,000 nodes"),
        (merges(9), "aliases stand for more than 10,000 nodes"),
        ("a: &a x\nb: [" + "*a, " * 51 + "]", "more than 50 aliases"),
        ("a: &a " + "x" * 600_000 + "\nb: [*a, *a]", "aliases stand for more than 10,000 nodes"),
        (
            "a: &a {" + ", ".join(f"k{n}: x" for n in range(MOST_EXPANDED // 2)) + "}\nb: *a",
            "aliases stand for more",
        ),
        ("a: &a [*a]", 'the alias "a" stands for nothing that ends before it at line 1, column 8'),
        ("a: &a\n  b: {c: *a}", "stands for nothing that ends before it at line 2, column 10"),
        ("a: &a {<<: *a}", "stands for nothing that ends before it"),
        ("&a [*a, 1]", "stands for nothing that ends before it"),
        ("a: &a 1\nb: &a [*a]", "stands for nothing that ends before it"),
    ],
)
def test_aliases_that_expand_are_refused_before_anything_is_built(text: str, reason: str) -> None:
    tracemalloc.start()
    started = time.process_time()
    try:
        with pytest.raises(ValueError, match=r" at line \d+, column \d+") as refused:
            parse_document(text)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < 5
    assert reason in str(refused.value)


def test_as_many_aliases_as_anybody_needs_are_read() -> None:
    text = "a: &a {time_zone: UTC}\nb: [" + "*a, " * 50 + "]"
    assert parse_document(text)["b"] == [{"time_zone": "UTC"}] * 50


def test_a_merge_key_takes_over_what_is_not_said_otherwise() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc: {z: 3, <<: [*a, *b]}\nd: {'<<': 1}\ne: ['<<', <<]"
    read = parse_document(text)
    assert read["c"] == {"x": 1, "y": 1, "z": 3}
    assert read["d"] == {"<<": 1}
    assert read["e"] == ["<<", "<<"]


def test_a_merge_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(
        ValueError, match="the key '<<' stands twice; give one with a list at line 2, column 1"
    ):
        parse_document("<<: {tasks: {a: 1}}\n<<: {tasks: {b: 2}}\n")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        '{"a":' * 100_000,
        "- " * 100_000,
        "? " * 100_000,
        "a: " + "[" * 500_000,
        "\n".join(" " * depth + "a:" for depth in range(1_200)),
    ],
)
def test_what_is_nested_too_deeply_is_refused(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"nested too deeply: 100 levels are allowed at line \d+, column \d+"
    ):
        parse_document(text)


@pytest.mark.parametrize("text", ["[" * 100 + "]" * 100, "a: " + "[" * 99 + "]" * 99])
def test_what_is_nested_as_deep_as_is_allowed_is_read(text: str) -> None:
    assert str(parse_document(text)).count("[") in {99, 100}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: " + "x" * 1_000_000, "not usable YAML: it has 1,000,003 characters, 1,000,000 are allowed"),
        ('{"a": "' + "x" * LONGEST + '"}', "too long: 4,000,009 characters, 4,000,000 are allowed"),
        (
            "-\n" * (MOST_NODES + 1),
            f"more than 150,000 texts, numbers, lists and mappings at line {MOST_NODES}",
        ),
    ],
)
def test_what_is_too_long_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_document(text)


@pytest.mark.parametrize(
    "sign", [*"[]{}\"':,&*!%#|>-? \t\n\\", "[]", "{}", ": ", "&a ", "*a ", "? ", "a: [", "b\n"]
)
@pytest.mark.parametrize("start", ["", "a: ", "{", '{"', "a: '"])
def test_whatever_is_repeated_is_read_or_refused_at_once(sign: str, start: str) -> None:
    started = time.process_time()
    try:
        parse_document(start + sign * (200_000 // len(sign)))
    except ValueError as refused:
        assert len(str(refused)) < 700
    assert time.process_time() - started < 3  # some hundredths, on a machine that does nothing else


@pytest.fixture
def switch_to_pure_python(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what makes the function read YAML as it does where PyYAML comes without libyaml."""
    return lambda: monkeypatch.setattr(yaml_document, "_PARSER", yaml.SafeLoader)


def test_without_libyaml_all_is_read_alike(switch_to_pure_python: Callable[[], None]) -> None:
    text = "a: &a {x: [1, '1', 010, 21:00, NO, 1.5, ~]}\nb: {<<: *a, y: |\n  z\n}\n".replace(
        ", y: |\n  z\n", ""
    )
    read = parse_document(text)
    switch_to_pure_python()
    assert (
        parse_document(text) == read == {key: {"x": [1, "1", 10, "21:00", "NO", 1.5, None]} for key in "ab"}
    )
    with pytest.raises(ValueError, match="the tag !!int is not allowed"):
        parse_document("a: !!int 1")


def test_what_python_hands_over_is_refused_where_it_is_nested_too_deeply() -> None:
    deep: Any = {}
    for _ in range(101):
        deep = {"a": deep}
    with pytest.raises(ValueError, match="nested too deeply"):
        check_characters(deep)


YAML_PIECES = st.sampled_from(
    ["a", "b: ", "- ", "? ", "&a ", "*a", "<<: ", "!!int ", "!x ", "!<y> ", "[", "]", "{", "}", ", ", ": ", "\n", "  ",
     "'", '"', "|\n", ">-\n", "#", "%YAML 1.1", "%TAG ! x", "---\n", "...\n", "\\", "\\u", "\\UFFFFFFFF", "\\x", "1",
     "1e999", "9" * 4_301, "~", "true", "\t", "\x00", "\ud800", "\ufeff", "\u2028", "\x85", "@", "`", "=", "é", "😀"]
)  # fmt: skip


@given(st.text() | st.lists(YAML_PIECES, max_size=40).map("".join))
def test_any_text_becomes_plain_data_or_a_refusal(text: str) -> None:
    started = time.process_time()
    try:
        read = parse_document(text)
    except ValueError as refused:
        assert 0 < len(str(refused).encode()) < 3_000
    else:
        assert json.loads(json.dumps(read, allow_nan=False)) == read
    assert time.process_time() - started < 2


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    ).filter(lambda value: not isinstance(value, (int, float, str)))
)
def test_what_json_writes_is_read_as_it_was(value: Any) -> None:
    assert parse_json(json.dumps(value)) == value
    assert parse_document(json.dumps({"a": value}, ensure_ascii=False)) == {"a": value}
