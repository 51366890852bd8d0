"""Flat JSON lines under 8 KB, without secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handler import log, redaction
from handler.encoding import LINE_LIMIT

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
