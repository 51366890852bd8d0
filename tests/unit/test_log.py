"""Flat JSON lines under 8 KB, without secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handler.output import log, redaction
from handler.output.encoding import LINE_LIMIT

KEY = "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"
TOKEN = "aVeryLong/Session+Token\"with'quotes=="
logger = logging.getLogger("handler.some_module")


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger("handler")
    before = root.handlers, root.propagate, root.level
    yield
    root.handlers, root.propagate = before[:2]
    root.setLevel(before[2])


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    out = capsys.readouterr().out.splitlines()
    assert all(len(line.encode()) < 8 * 1024 for line in out)
    return [json.loads(line) for line in out]


def test_a_record_is_one_flat_json_object_with_the_platforms_request_id(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.set_up("r-1")
    logger.info("invocation", extra={"status": "succeeded", "summary": {"paused": 2}, "api_calls": 3})
    (line,) = lines(capsys)
    assert line.pop("time")
    assert line == {
        "level": "INFO",
        "message": "invocation",
        "request_id": "r-1",
        "status": "succeeded",
        "summary": '{"paused":2}',
        "api_calls": 3,
    }


def test_setting_up_again_does_not_double_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    for request_id in ("r-1", "r-2"):
        log.set_up(request_id)
    logger.info("once")
    assert [line["request_id"] for line in lines(capsys)] == ["r-2"]


def test_a_traceback_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up(None)
    try:
        raise ValueError("of ours")
    except ValueError:
        logger.exception("unexpected error")
    (line,) = lines(capsys)
    assert "ValueError: of ours" in str(line["traceback"])


def test_secrets_tokens_and_signatures_are_left_out_wherever_they_stand(
    capsys: pytest.CaptureFixture[str],
) -> None:
    redaction.begin([KEY, TOKEN, "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE"])
    log.set_up("r-1")
    logger.error(
        "refused %s",
        TOKEN,
        extra={
            "headers": {"Authorization": f"TC3-HMAC-SHA256 Credential=AKIDx/2026, Signature={'0a' * 32}"},
            "nested": [{"key": KEY}],
            "token": TOKEN,
        },
    )
    out = capsys.readouterr().out
    json.loads(out)
    for secret in (KEY, TOKEN, json.dumps(TOKEN)[1:-1], "0a0a0a", "AKIDx"):
        assert secret not in out


def test_a_word_of_a_few_letters_is_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    redaction.begin(["a"])
    log.set_up("r-1")
    logger.info("paused")
    assert lines(capsys)[0]["message"] == "paused"


def test_a_line_that_cannot_be_written_does_not_stop_the_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout", None)
    log.set_up("r-1")
    logger.info("nowhere to go")
    assert "Logging error" in capsys.readouterr().err


@example("x" * 20_000)
@example('"ü\n' * 5_000)
@given(st.text(max_size=300).map(lambda text: text * 200) | st.text())
def test_what_is_longer_than_a_line_goes_into_numbered_lines_that_join_to_the_whole(text: str) -> None:
    record = logging.makeLogRecord(
        {"msg": "report not published", "levelname": "ERROR", "report": {"text": text}}
    )
    written = list(log.JsonLines("r-1").lines(record))
    assert all(len(line.encode()) <= LINE_LIMIT for line in written)
    parts = [json.loads(line) for line in written]
    if len(parts) > 1:
        assert [(part["part"], part["parts"]) for part in parts] == [
            (number, len(parts)) for number in range(1, len(parts) + 1)
        ]
        whole = json.loads("".join(part["text"] for part in parts))
    else:
        (whole,) = parts
    assert json.loads(whole["report"])["text"].encode("utf-8", "backslashreplace") == text.encode(
        "utf-8", "backslashreplace"
    )


def test_half_of_a_secret_does_not_get_past_where_a_line_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    redaction.begin([KEY])
    log.set_up("r-1")
    for before in range(150, 210, 3):
        logger.info("%s%s%s", "x" * before, KEY, "y" * 9_000)
    assert "Gu5t9" not in capsys.readouterr().out


class Broken:
    """What has no text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


endless: dict[str, object] = {}
endless["itself"] = endless
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.builds(Broken),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers() | st.floats(), inner),
    max_leaves=10,
)
long_texts = st.tuples(st.text(max_size=20), st.integers(1, 10_000)).map(lambda drawn: drawn[0] * drawn[1])


def strict(line: str) -> dict[str, Any]:
    """Read a line as a strict reader of JSON does."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    found: dict[str, Any] = json.loads(line, parse_constant=refuse)
    assert all(value is None or isinstance(value, (str, int, float)) for value in found.values()), "flat"
    return found


@example(request_id="r" * 100_000, message="m", level="INFO", fields={})
@example(request_id="\x00" * 8_000, message="\x00" * 8_000, level="\x00" * 8_000, fields={})
@example(request_id="\ud800" * 8_000, message="\ud800" * 8_000, level="", fields={"\ud800": "\ud800" * 8_000})
@example(
    request_id=None,
    message="100% of %s",
    level="INFO",
    fields={"x": endless, "y": Broken(), "z": float("nan")},
)
@example(
    request_id="r",
    message="m",
    level="INFO",
    fields={"time": "t" * 9_000, "level": None, "request_id": 10**5_000},
)
@given(
    request_id=st.none() | long_texts,
    message=long_texts,
    level=long_texts,
    fields=st.dictionaries(long_texts, long_texts | values, max_size=3),
)
def test_any_record_becomes_finitely_many_strict_lines_that_join_to_the_whole(
    request_id: str | None, message: str, level: str, fields: dict[str, Any]
) -> None:
    record = logging.makeLogRecord({"msg": message, "args": (), "levelname": level})
    vars(record).update({key: value for key, value in fields.items() if key not in log._OF_A_RECORD})
    written = list(log.JsonLines(request_id).lines(record))
    assert all(len(line.encode()) <= LINE_LIMIT for line in written)
    parts = [strict(line) for line in written]
    if len(parts) > 1:
        assert [(part["part"], part["parts"]) for part in parts] == [
            (number, len(parts)) for number in range(1, len(parts) + 1)
        ]
        whole = strict("".join(part["text"] for part in parts))
        assert all(part["message"] == whole["message"][:200] for part in parts) or "message" in fields
    else:
        (whole,) = parts
    assert set(fields) - log._OF_A_RECORD <= {
        key.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for key in whole
    } | set(whole)


def test_arguments_that_do_not_fit_a_message_leave_it_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("r-1")
    logger.info("paused %d of %d", "x")  # noqa: PLE1206 - the point
    logger.info("paused %s", Broken())
    found = [line["message"] for line in lines(capsys)]
    assert found == [
        "paused %d of %d (its arguments cannot be shown: TypeError)",
        "paused %s (its arguments cannot be shown: RuntimeError)",
    ]


def test_a_record_that_cannot_be_written_leaves_a_line_that_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.set_up("r-1")
    record = logging.makeLogRecord(
        {"msg": Broken(), "levelname": "ERROR", "levelno": 40, "name": "handler.x", "lineno": 7}
    )
    logging.getLogger("handler").handle(record)
    (line,) = lines(capsys)
    assert line["message"] == "a log line could not be written: RuntimeError at handler.x:7"
    assert line["level"] == "ERROR"
    assert line["request_id"] == "r-1"
