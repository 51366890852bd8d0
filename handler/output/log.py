"""Flat JSON lines under 8 KB, without secrets: what CLS and CloudWatch Logs Insights can query."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import datetime, timezone
from typing import Any, TextIO

from handler.output.encoding import LINE_LIMIT, encoded, slices
from handler.output.redaction import clean, cleaned

_OF_A_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LONGEST_IN_A_HEAD = 200
"""Characters of each field that every line of a long record repeats; the whole is in the joined `text`."""
_MOST_PARTS = 9_999_999
_request_id: ContextVar[str | None] = ContextVar("request_id")
"""That of the invocation whose thread this is; others may run at the same time."""


class JsonLines(logging.Handler):
    """Writes each record to standard output as one JSON object a line, several where it is too long."""

    def __init__(self, request_id: str | None) -> None:
        super().__init__()
        self._of_the_last = request_id

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, to standard error where standard output does not take it.

        Where a record cannot be written, a line says so, and what the record was.
        """
        try:
            try:
                lines = list(self.lines(record))
            except Exception as error:  # noqa: BLE001 - logging's own rule: a log line never stops the work
                lines = [self._instead(record, error)]
            text = "".join(line + "\n" for line in lines)
            try:
                _write(sys.stdout, text)
            except Exception:  # a broken pipe, a closed file, no file at all
                _write(sys.stderr, text)
                raise
        except Exception:  # noqa: BLE001 - no stream to write to: logging prints a traceback
            self.handleError(record)

    def lines(self, record: logging.LogRecord) -> Iterator[str]:
        """Return the lines of one record, each a flat JSON object of at most `LINE_LIMIT` bytes."""
        head = self._head(record, _message(record))
        fields = {str(key): value for key, value in vars(record).items() if key not in _OF_A_RECORD}
        if record.exc_info and record.exc_info[0]:
            fields["traceback"] = logging.Formatter().formatException(record.exc_info)
        line = _dump(head | {key: _flat(value) for key, value in cleaned(fields).items()})
        if len(line.encode()) <= LINE_LIMIT:
            yield line
            return
        # The rest is cut from the finished line, which has no secrets: joined again, `text` is that line.
        head = {key: value and value[:_LONGEST_IN_A_HEAD] for key, value in head.items()}
        widest = _dump(head | {"part": _MOST_PARTS, "parts": _MOST_PARTS, "text": ""})
        pieces = list(slices(line, LINE_LIMIT - len(widest.encode())))
        for number, piece in enumerate(pieces, 1):
            yield _dump(head | {"part": number, "parts": len(pieces), "text": piece})

    def _head(self, record: logging.LogRecord, message: str) -> dict[str, str | None]:
        request_id = _request_id.get(self._of_the_last)
        return {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": str(record.levelname),
            "message": clean(message),
            "request_id": None if request_id is None else clean(str(request_id)),
        }

    def _instead(self, record: logging.LogRecord, error: Exception) -> str:
        message = f"a log line could not be written: {type(error).__name__} at {record.name}"
        head = self._head(record, f"{message}:{record.lineno}")
        return _dump({key: value and value[:_LONGEST_IN_A_HEAD] for key, value in head.items()})


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


def set_up(request_id: str | None, level: int = logging.INFO) -> None:
    """Let everything under the logger `handler` be written as JSON lines, for this invocation.

    The root logger and its handlers belong to the platform and stay as they are. What was switched off is
    switched on, as `logging.config` does with existing loggers: the log is where a report goes last.
    """
    _request_id.set(request_id)
    logging.disable(logging.NOTSET)
    for name, each in list(logging.root.manager.loggerDict.items()):
        if name.partition(".")[0] == "handler" and isinstance(each, logging.Logger):
            each.disabled = False
            each.setLevel(logging.NOTSET)
    logger = logging.getLogger("handler")
    logger.handlers = [JsonLines(request_id)]
    logger.propagate = False
    logger.setLevel(level)


def _message(record: logging.LogRecord) -> str:
    """Return the message, as written where its arguments do not fit it or have no text."""
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - whatever an argument raises
        return f"{record.msg} (its arguments cannot be shown: {type(error).__name__})"


def _flat(value: Any) -> Any:
    return _dump(value) if isinstance(value, (dict, list)) else value


def _dump(value: Any) -> str:
    return encoded(value).decode()
