"""A text becomes plain data, or a refusal that says where."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.document import parse_document, parse_json


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
        ("a: !!python/object:os.system x", "not YAML: could not determine a constructor"),
        ("a: \x00", "not YAML: unacceptable character"),
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


@given(st.text())
def test_no_text_gives_another_error_than_a_refusal(text: str) -> None:
    try:
        parse_document(text)
    except ValueError as refused:
        assert str(refused)
