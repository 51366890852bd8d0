"""Errors are for people: what was given, what is wanted, where."""

from __future__ import annotations

from typing import Any

import pytest

from handler.errors import CloudError, Meaning, given, place, suggestion


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
