"""Phone numbers are masked as the contract says, in whatever they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.output.numbers import masked, without_numbers

DIGITS = st.text("0123456789", min_size=7, max_size=20)
BETWEEN = st.sampled_from([",", ";", " / ", "@", "sip:", "tel:", "\0", "x", "，"])


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("008613812345678", "0086138****5678"),
        ("+8613812345678", "+86138****5678"),
        ("13812345678", "138****5678"),
        ("7345678901", "********01"),
        ("57575", "***75"),
        ("42", "**"),
        ("", ""),
        ("+86 138-1234-5678", "+86138****5678"),
        ("1-3-8-1-2-3-4-5-6-7-8", "138****5678"),
        ("sip:008613812345678@ccc:5060", "sip:0086138****5678@****5060"),
        ("008613812345678,008613987654321", "0086138****5678,*****39****4321"),
    ],
)
def test_a_number_shows_enough_to_find_the_call(number: str, shown: str) -> None:
    assert masked(number) == shown


@given(st.lists(st.tuples(BETWEEN, DIGITS), min_size=2, max_size=4))
def test_of_several_numbers_none_is_shown(parts: list[tuple[str, str]]) -> None:
    text = "".join(between + digits for between, digits in parts)
    assert not [each for _, each in parts if each in masked(text) and len(set(each)) > 1]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("callee +86 138-1234-5678 is wrong", "callee +86138****5678 is wrong"),
        ("(0) 138 1234 5678", "(0138****5678"),
        ("from 1795391880-1795478520", "from 1795391880-1795478520"),
        ("10.0.0.17:8080, page 0 of 100", "10.0.0.17:8080, page 0 of 100"),
        ("af7024b2-6444-4979-83a1-6ff8f5c8e0fb", "af7024b2-6444-4979-83a1-6ff8f5c8e0fb"),
        ("try again after 2026-11-24 13:00:00", "try again after 2026-11-24 13:00:00"),
    ],
)
def test_a_number_in_a_text_is_one_with_blanks_and_dashes_too(text: str, shown: str) -> None:
    assert without_numbers(text, {"1795391880", "1795478520"}) == shown
