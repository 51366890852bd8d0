"""Errors are for people: what was given, what is wanted, where."""

from __future__ import annotations

from typing import Any

import pytest

from handler import redaction
from handler.errors import (
    CloudError,
    ConfigurationError,
    Meaning,
    PublishError,
    RejectedError,
    given,
    place,
    suggestion,
    without_secrets,
)


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
