"""The calls of an audit as a CSV file that a spreadsheet opens: whole, or not there."""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, TYPE_CHECKING
from zoneinfo import ZoneInfo

from handler.output.redaction import clean
from handler.quiet_hours.zone import local, moment
from local.usage import UsageError

if TYPE_CHECKING:
    from handler.audit.application import Judged
    from handler.target import SdkAppId

HEADS = (
    "time (UTC)",
    "local time",
    "time zone",
    "verdict",
    "session",
    "kind",
    "id",
    "name",
    "application",
    "rule",
    "quiet hours",
    "interval",
    "callee",
)
_BOM = b"\xef\xbb\xbf"
"""By it, Excel knows that the text is UTF-8."""
_FORMULA = tuple("=+-@＝＋－＠")  # noqa: RUF001 - Excel takes those of East Asian width for the same


class Lines:
    """Lines by their time, whatever order they come in. Only where each begins is kept in memory."""

    def __init__(self, file: IO[bytes], spool: IO[bytes]) -> None:
        self._file, self._spool = file, spool
        self._starts, self._places = array("q"), array("q", [0])

    def write(self, app: SdkAppId, judged: Judged) -> None:
        """Take a call."""
        line = _line(_cells(app, judged))
        self._spool.write(line)
        self._starts.append(judged.call.start or 0)
        self._places.append(self._places[-1] + len(line))

    def finish(self) -> None:
        """Write the file: the heads, and the lines by their time."""
        self._file.write(_BOM + _line(HEADS))
        for number in sorted(range(len(self._starts)), key=self._starts.__getitem__):
            self._spool.seek(self._places[number])
            self._file.write(self._spool.read(self._places[number + 1] - self._places[number]))


@contextmanager
def lines(path: str) -> Iterator[Lines]:
    """Yield what collects the lines of a file, which is there when all went well, and else as it was before.

    Raises `UsageError` where it cannot be written, in most cases before anything is collected.
    """
    if not path:
        raise UsageError("--csv wants the name of a file")
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise UsageError(f"--csv {path} cannot be written: it is no regular file")
    try:
        unfinished = tempfile.NamedTemporaryFile(  # noqa: SIM115 - it is renamed in the end
            dir=target.parent, prefix=f".{target.name[:100]}.", suffix=".unfinished", delete=False
        )
    except (OSError, ValueError) as error:
        raise _refusal(path, error) from None
    beside = Path(unfinished.name)
    try:
        with unfinished, tempfile.TemporaryFile() as spool:
            found = Lines(unfinished, spool)
            yield found
            found.finish()
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    except OSError as error:
        raise _refusal(path, error) from None
    finally:
        beside.unlink(missing_ok=True)


def _refusal(path: str, error: OSError | ValueError) -> UsageError:
    return UsageError(f"--csv {path} cannot be written: {getattr(error, 'strerror', None) or error}")


def _cells(app: SdkAppId, judged: Judged) -> Sequence[object]:
    call, maker, coverage, violation = judged.call, judged.maker, judged.coverage, judged.violation
    zone = violation.time_zone if violation else judged.time_zone
    at = None if call.start is None else moment(call.start)
    return (
        _written(at, "UTC"),
        _written(at, zone),
        zone,
        judged.verdict,
        call.session,
        maker and maker.kind,
        maker and maker.id,
        maker and ((coverage and coverage.entry) or maker.name),
        app,
        coverage and coverage.rule,
        coverage and coverage.quiet_hours,
        violation and f"{violation.place} {violation.interval}",
        call.callee,
    )


def _written(at: datetime | None, zone: str | None) -> str:
    """Return a time as a spreadsheet reads it."""
    if at is None or zone is None:
        return ""
    there = local(at, timezone.utc if zone == "UTC" else ZoneInfo(zone))
    return there.replace(tzinfo=None).isoformat(" ", timespec="seconds")


def _line(cells: Sequence[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([_harmless(each) for each in cells])
    return text.getvalue().encode("utf-8", "replace")


def _harmless(cell: object) -> str:
    """Return a cell as a spreadsheet shows it and does not compute it."""
    text = "" if cell is None else clean(str(cell))
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
