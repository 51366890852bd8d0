"""`quiet-hours ledger`: what the function holds paused, and how to make it forget a target."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeVar

from rich.table import Table
from rich.text import Text

from handler.cloud.stores import addresses
from handler.errors import CloudError
from handler.errors.sentences import given
from handler.output.redaction import clean
from handler.quiet_hours.zone import local
from handler.report.entries import written_instant
from handler.target import INT64_MAX, KINDS, SdkAppId, TargetId
from local import screen
from local.held import MEANINGS, Held, held, path_of
from local.invoke import Lines
from local.usage import IMPATIENT, NOT_DONE, OK, UsageError, add_command, complain, has_settings

if TYPE_CHECKING:
    from handler.main import Opened
    from handler.reconcile.ledger.records import Key

T = TypeVar("T")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    ledger = add_command(
        commands,
        "ledger",
        _ledger,
        summary="list what the function holds paused, or let it forget a target",
        description="Read the ledger of the settings, CALLOUT_LEDGER. `list` shows what the function paused "
        "and has not resumed yet. `forget` closes the notes of targets: they stay as they are, and the "
        "function does not resume them.",
    )
    ledger.set_defaults(targets=[])
    actions = ledger.add_subparsers(metavar="ACTION")
    listing = actions.add_parser("list", help="what is held, since when and until when; this is the default")
    forget = actions.add_parser("forget", help="close the notes of targets, whose state stays as it is")
    forget.add_argument(
        "targets", nargs="+", metavar="KIND/APP/ID", help="such as task/1400692008/16498, as list shows it"
    )
    for each in (listing, forget):
        each.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="the same")


def _ledger(options: argparse.Namespace) -> int:
    keys = list(dict.fromkeys(_key(each) for each in options.targets))
    if not has_settings():
        raise UsageError(
            "no CALLOUT_ setting was found; set CALLOUT_LEDGER and the others as the function has them"
        )
    try:
        return _forget(keys, options) if keys else _list(options)
    except CloudError as error:
        return complain(f"the ledger cannot be used: {error}", NOT_DONE)


def _key(text: str) -> Key:
    """Read `KIND/APP/ID`. Raises `UsageError`."""
    kind, _, rest = text.partition("/")
    numbers = rest.split("/")
    known = next((each for each in KINDS if each == kind), None)
    if known and len(numbers) == 2 and all(map(_is_id, numbers)):  # noqa: PLR2004 - application and id
        return SdkAppId(int(numbers[0])), known, TargetId(int(numbers[1]))
    raise UsageError(
        f"{given(text)} is no target; wanted is KIND/APP/ID, such as task/1400692008/16498 "
        "or campaign/1400692008/2567"
    )


def _is_id(text: str) -> bool:
    return (
        text.isascii()
        and text.isdecimal()
        and len(text) <= len(str(INT64_MAX))
        and 0 < int(text) <= INT64_MAX
    )


def _opened(work: Callable[[Opened], T]) -> T:
    from handler.main import with_ledger  # noqa: PLC0415 - `--help` need not wait for it

    def check_then_work(opened: Opened) -> T:
        _check_folder(opened.address)
        return work(opened)

    with screen.waiting("reading the ledger") as note, redirect_stdout(Lines(note)):
        return with_ledger(check_then_work, backoff=IMPATIENT)


def _check_folder(address: str) -> None:
    """Raise `UsageError` for a folder that is not there: to the store that is an empty ledger."""
    folder = addresses.read(address).folder
    if folder and not os.path.isdir(folder):  # noqa: PTH112 - never raises
        what = "is no folder" if os.path.lexists(folder) else "does not exist"
        raise UsageError(
            f"CALLOUT_LEDGER {given(address)}: {os.path.abspath(folder)} {what}; "  # noqa: PTH100 - as above
            "wanted is the folder of the function's ledger, which its first pause makes"
        )


def _list(options: argparse.Namespace) -> int:
    def read(opened: Opened) -> tuple[str, datetime, list[Held], list[str]]:
        book = opened.ledger.read(opened.until)
        found = list(held(book.standing(), opened.rules, book.now))
        return opened.address, book.now, found, book.unreadable

    address, now, found, unreadable = _opened(read)
    if options.json:
        document: dict[str, Any] = {
            "ledger": address,
            "time": written_instant(now),
            "held": [each.document() for each in found],
            "unreadable": unreadable,
        }
        screen.show(json.dumps(document, ensure_ascii=False, indent=2))
        return OK
    if found:
        screen.show(_table(found), "")
        named = dict.fromkeys(each.status for each in found)
        screen.show(*(f"{status}: {MEANINGS[status]}" for status in named))
    else:
        screen.show(f"{address} holds nothing: what this function paused is resumed, or it paused nothing.")
    screen.show(*(f"cannot be read, and leads to no resume: {clean(key)}" for key in unreadable))
    return OK


def _table(found: list[Held]) -> Table:
    rows = screen.table(
        "KIND/APP/ID", "NAME", "STATUS", "PAUSED SINCE (UTC)", "QUIET UNTIL (UTC)", "QUIET HOURS"
    )
    for each in found:
        until = each.note.noted.until
        rows.add_row(
            each.path,
            Text(clean(each.name or "-")),
            each.status,
            _written(each.note.at),
            _written(until) if until else "-",
            Text(clean(each.note.noted.quiet_hours)),
        )
    return rows


def _written(at: datetime) -> str:
    utc = local(at, timezone.utc)
    return f"{utc:%a} {utc.date().isoformat()} {utc:%H:%M}"


def _forget(keys: list[Key], options: argparse.Namespace) -> int:
    from handler.reconcile.ledger.closing import close_notes  # noqa: PLC0415 - `--help` need not wait for it

    def close(opened: Opened) -> set[Key]:
        if opened.dry_run:
            raise UsageError("CALLOUT_DRY_RUN is set, so nothing is forgotten")
        return close_notes(opened.ledger, keys, lambda: opened.until)

    closed = _opened(close)
    forgotten, missing = (
        [path_of(key) for key in keys if (key in closed) is which] for which in (True, False)
    )
    if options.json:
        screen.show(json.dumps({"forgotten": forgotten, "not_held": missing}, indent=2))
    else:
        screen.show(*(f"forgotten: {path}; it stays as it is" for path in forgotten))
    if missing:
        return complain(f"the ledger holds no open note of {', '.join(missing)}", NOT_DONE)
    return OK
