"""Errors are for people: what was given, what is wanted, where."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from handler.errors import (
    CloudError,
    ConfigurationError,
    Meaning,
    PublishError,
    RejectedError,
    UnexpectedError,
)
from handler.errors.exposure import without_secrets
from handler.errors.sentences import More, few, given, listed, place, shortened
from handler.errors.spelling import bounded_suggestions, closest, suggestion
from handler.output import redaction


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'),
        (None, "null"),
        (True, "true"),
        ("x" * 200, '"' + "x" * 79 + "…"),
        ("\ud800", '"\\ud800"'),
        ({1, 2}, '"{1, 2}"'),
    ],
)
def test_a_value_is_shown_as_json_writes_it(value: Any, text: str) -> None:
    assert given(value) == text


def test_a_value_that_json_cannot_write_is_shown_by_its_kind() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert given(deep) == "a list"


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        ((), ""),
        (("tasks", 2, "<object>", "task_id"), "tasks[2].task_id"),
        (("quiet_hours", "us-east", "quiet", 0), "quiet_hours.us-east.quiet[0]"),
        ((3,), "[3]"),
    ],
)
def test_a_place_is_written_as_in_the_document(parts: tuple[str | int, ...], path: str) -> None:
    assert place(parts) == path


def test_a_name_is_suggested_only_if_it_is_close() -> None:
    assert suggestion("us-eest", ["us-east", "europe"]) == "; did you mean 'us-east'?"
    assert suggestion("mars", ["us-east", "europe"]) == ""


def test_the_message_of_a_cloud_is_kept_within_bounds() -> None:
    error = CloudError("NoAnswer", "x" * 10_000, "r-1", meaning=Meaning.RETRY)
    assert len(error.message) == 501
    assert str(error).endswith("… (request r-1)")


def test_twenty_problems_are_listed_and_the_others_counted() -> None:
    assert listed(["a", "b"]) == "a; b"
    assert listed([str(number) for number in range(20)]).endswith("18; 19")
    assert listed([str(number) for number in range(5_000)]).endswith("18; 19; and 4,980 more")
    assert few(["a", "b", "c"], shown=1) == ("a", "and 2 more")


@pytest.mark.parametrize("error", [RejectedError, lambda problems: ConfigurationError("policy", problems)])
def test_an_error_keeps_as_many_problems_as_it_lists_and_knows_how_many_there_were(error: Any) -> None:
    raised = error([f"tasks[{number}]: is wrong" for number in range(10_000)])
    assert len(raised.problems) == 21
    assert raised.problems[-1] == "and 9,980 more"
    assert raised.count == 10_000
    assert str(raised).endswith("tasks[19]: is wrong; and 9,980 more")


def test_problems_that_were_counted_before_are_not_counted_as_one() -> None:
    assert few(few([str(number) for number in range(100)])) == few([str(number) for number in range(100)])
    assert few(["a", More(80, "quiet"), "b"], shown=2) == ("a", "quiet: and 80 more", "and 1 more")
    assert few(["a", More(80, "quiet"), "b"], shown=1)[-1] == "and 81 more"


@hypothesis.given(st.lists(st.text() | st.integers(0, 100_000).map("x".__mul__), max_size=60))
def test_what_an_error_says_has_at_most_some_kilobytes_and_can_be_encoded(problems: list[str]) -> None:
    error = ConfigurationError("y" * 5_000, problems)
    assert len(str(error).encode()) <= 30_000
    assert len(str(error)) <= 8_000
    assert error.count == len(problems)


def test_a_long_text_is_shortened_in_its_middle_where_the_place_and_what_is_wanted_are_not() -> None:
    text = shortened("quiet[3]: '" + "x" * 10_000 + "' is not a time; write it as '21:00'")
    assert len(text) <= 501
    assert text.startswith("quiet[3]: 'xxx")
    assert text.endswith("xxx' is not a time; write it as '21:00'")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["x" * 10_000_000] * 3, '["' + "x" * 78 + "…"),
        ([[0] * 1_000_000] * 3, "[[" + "0, " * 26 + "…"),
        ({"a": {"b": list(range(1_000_000))}}, '{"a": {"b": ['),
        ({"k" * 10_000_000: 1}, '{"' + "k" * 78 + "…"),
    ],
)
def test_showing_the_beginning_of_a_large_value_costs_no_more_than_what_is_shown(
    value: Any, text: str
) -> None:
    tracemalloc.start()
    try:
        shown = given(value)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
    assert shown.startswith(text)
    assert len(shown) == 81


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(), inner, max_size=30),
)


@hypothesis.given(JSON)
def test_what_is_shown_is_the_beginning_of_the_json(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
    assert given(value) == (text if len(text) <= 80 else text[:80] + "…")


def test_a_suggestion_does_not_mind_the_case() -> None:
    assert suggestion("US-EAST", ["us-east"]) == "; did you mean 'us-east'?"


def test_what_suggestions_of_one_document_cost_is_bounded() -> None:
    known = [f"quiet-hours-of-the-campaign-{number:05}" for number in range(5_000)]
    started = time.process_time()
    with bounded_suggestions():
        found = [suggestion(f"quiet-hours-of-a-campaign-{number:05}", known) for number in range(5_000)]
    assert found[0].startswith("; did you mean")
    assert found[-1] == ""
    assert time.process_time() - started < 5  # it was 26 s, and is 0.2 s


def test_one_suggestion_compares_with_no_more_than_some_thousand_words_and_no_long_ones() -> None:
    assert closest("abcdefgh", ["x" * 60] * 100_000 + ["abcdefgi"]) is None
    assert closest("a" * 100_000, ["a" * 99_999]) is None
    assert closest("abcdefgh", ["abcdefgh" * 1_000, "abcdefgi"]) == "abcdefgi"


def test_what_a_cloud_answers_is_cut_after_its_secrets_are_removed() -> None:
    redaction.begin(["Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"])
    for before in (470, 490, 496, 20_000 - 10):
        error = CloudError(
            "NoAnswer", "x" * before + "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA", meaning=Meaning.RETRY
        )
        assert "Gu" not in f"{error} {error.message} {error!r}"


def test_code_and_request_id_of_a_cloud_are_kept_within_bounds_and_without_secrets() -> None:
    redaction.begin(["Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"])
    request_id: Any = {"Gu5t9xGARNpq86cd98joQYCN3Cozk1qA": 1}
    error = CloudError("C" * 9_000, "m", request_id, meaning=Meaning.RETRY)
    assert error.code == "C" * 200 + "…"
    assert error.request_id == "{'***': 1}"


@pytest.mark.parametrize(
    "error",
    [
        RejectedError(["a", "b"]),
        ConfigurationError("settings", ["a"]),
        PublishError("a"),
        CloudError("C", "m", "r", meaning=Meaning.RETRY),
    ],
)
def test_a_secret_that_becomes_known_later_does_not_leave_with_the_error(error: Exception) -> None:
    error.args = (f"{error}: Gu5t9xGARNpq86cd98joQYCN3Cozk1qA",)
    redaction.begin(["Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"])

    @without_secrets
    def fails() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        fails()
    assert raised.value is error
    assert str(error).endswith(": ***")


def test_errors_that_are_chained_in_a_circle_end() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__context__, second.__context__ = second, first

    @without_secrets
    def fails() -> None:
        raise first

    with pytest.raises(ValueError, match="a"):
        fails()


def test_no_error_leaves_with_an_endless_text() -> None:
    @without_secrets
    def fails(error: Exception, cause: Exception | None) -> None:
        raise error from cause

    with pytest.raises(UnexpectedError, match=r"^ValueError: x+…x+$") as raised:
        fails(ValueError("x" * 1_000_000), None)
    assert len(str(raised.value)) < 7_000
    short = ValueError("short")
    with pytest.raises(ValueError, match="short"):
        fails(short, KeyError("x" * 1_000_000))
    assert short.__cause__ is None
