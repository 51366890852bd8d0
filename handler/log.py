"""Flat JSON lines under 8 KB, without secrets: what CLS and CloudWatch Logs Insights can query."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from typing import Any, TextIO

from handler.errors import unsigned

LIMIT = 7_900
"""Bytes of one line. CLS cuts a line at 8 KB (FACTS-SCF, section 8)."""

_OF_A_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_NOTHING = "***"
_SHORTEST_SECRET = 6
"""Characters; what is shorter is no credential of any cloud, and stands in half of all words."""


class JsonLines(logging.Handler):
    """Writes each record to standard output as one JSON object a line, several where it is too long."""

    def __init__(self, request_id: str | None, secrets: Iterable[str]) -> None:
        super().__init__()
        self._request_id = request_id
        self._secrets: list[str] = []
        self.hide(secrets)

    def hide(self, secrets: Iterable[str]) -> None:
        """Leave these out, too, of what is written from now on."""
        more = {secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}
        self._secrets = sorted(more.union(self._secrets), key=len, reverse=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, to standard error where standard output does not take it."""
        try:
            text = "".join(line + "\n" for line in self.lines(record))
            try:
                _write(sys.stdout, text)
            except Exception:  # a broken pipe, a closed file, no file at all
                _write(sys.stderr, text)
                raise
        except Exception:  # noqa: BLE001 - logging's own rule: a log line never stops the work
            self.handleError(record)

    def lines(self, record: logging.LogRecord) -> Iterator[str]:
        """Give the lines of one record, each a flat JSON object of at most `LIMIT` bytes."""
        head: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
            "request_id": self._request_id,
        }
        fields = {key: _flat(value) for key, value in vars(record).items() if key not in _OF_A_RECORD}
        if record.exc_info and record.exc_info[0]:
            fields["traceback"] = logging.Formatter().formatException(record.exc_info)
        line = self.redacted(_dump(head | fields))
        if len(line.encode()) <= LIMIT:
            yield line
            return
        # The rest is cut from the finished, redacted line: joined again, `text` is that line.
        head["message"] = head["message"][:200]
        pieces = list(
            _cut(line, LIMIT - len(_dump(head | {"part": 9999, "parts": 9999, "text": ""}).encode()))
        )
        for number, piece in enumerate(pieces, 1):
            yield self.redacted(_dump(head | {"part": number, "parts": len(pieces), "text": piece}))

    def redacted(self, text: str) -> str:
        """Give a text without secrets, tokens and signatures."""
        for secret in self._secrets:
            text = text.replace(secret, _NOTHING).replace(json.dumps(secret)[1:-1], _NOTHING)
        return unsigned(text)


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


def set_up(request_id: str | None, secrets: Iterable[str], level: int = logging.INFO) -> None:
    """Let everything under the logger `handler` go out as JSON lines, for this invocation.

    The root logger and its handlers belong to the platform and stay as they are.
    """
    logger = logging.getLogger("handler")
    logger.handlers = [JsonLines(request_id, secrets)]
    logger.propagate = False
    logger.setLevel(level)


def hide(secrets: Iterable[str]) -> None:
    """Leave secrets that became known only now out of all further lines."""
    known = list(secrets)
    for each in logging.getLogger("handler").handlers:
        if isinstance(each, JsonLines):
            each.hide(known)


def _flat(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, int, float, bool)) else _dump(value)


def _dump(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.encode("utf-8", "backslashreplace").decode()


def _cut(text: str, size: int) -> Iterator[str]:
    """Give pieces whose JSON has at most `size` bytes: a character may take 4, and escaping doubles some."""
    start = 0
    while start < len(text):
        length = size
        while len(_dump(text[start : start + length]).encode()) - 2 > size:
            length //= 2
        yield text[start : start + length]
        start += length
