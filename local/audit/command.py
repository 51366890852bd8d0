"""`quiet-hours audit`: was anybody called in quiet hours? CCC's call records are held against the policy."""

from __future__ import annotations

import argparse
import json
from contextlib import nullcontext, redirect_stdout
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from handler.settings import read_settings
from handler.settings.fields import Settings
from local import screen, show
from local.audit import page
from local.audit.collected import Collected
from local.audit.lines import lines
from local.audit.period import bounds
from local.invoke import Lines, against_settings
from local.usage import (
    IMPATIENT,
    INCOMPLETE,
    NOT_DONE,
    OK,
    WRONG_USE,
    UsageError,
    add_command,
    complain,
    has_settings,
)

if TYPE_CHECKING:
    from handler.report.audit import AuditReport

_MOST_WAITING = 200_000
_MOST_VIOLATIONS = 1_000_000_000
"""More than anybody makes: a person is shown all of them."""
_CODES = {"violations": NOT_DONE, "incomplete": INCOMPLETE, "clean": OK}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    audit = add_command(
        commands,
        "audit",
        _audit,
        summary="look into CCC's call records: was anybody called in quiet hours?",
        description="Read the call records of every application of the settings, and hold each outbound call "
        "against the quiet hours of the task or campaign that made it. Nothing is published or changed. Exit "
        "codes: 0 nobody was called in quiet hours, 1 somebody was, 3 not everything could be read or "
        "judged, 2 wrong use.",
    )
    audit.add_argument(
        "--from",
        dest="start",
        metavar="T",
        help="a day in UTC such as 2026-11-01, or a time such as 2026-11-01T00:00:00+08:00; default: a day "
        "before --to",
    )
    audit.add_argument(
        "--to",
        dest="end",
        metavar="T",
        help="the same; the calls of that day are read, those at that time are not; default: now if there is "
        "--from, else the end of yesterday in UTC",
    )
    audit.add_argument("--csv", metavar="FILE", help="write the calls in question, one a line")
    audit.add_argument("--show-numbers", action="store_true", help="show whole phone numbers")
    audit.add_argument("--policy", metavar="FILE", help="use this policy instead of that of the settings")


def _audit(options: argparse.Namespace) -> int:
    start, end = bounds(options.start, options.end)
    if not has_settings():
        raise UsageError(
            "no CALLOUT_ setting was found; set CALLOUT_POLICY and the others as the function has them"
        )
    given: dict[str, Any] = {}
    if options.policy:
        given = {"callout_policy": options.policy, "callout_quiet_hours": None, "callout_time_zone": None}
    settings = read_settings(**given)
    if settings.credentials is None and not settings.callout_secret:
        raise UsageError(settings.lack_of_credentials)
    collected, found, unwritten = Collected(), None, None
    try:
        with lines(options.csv) if options.csv is not None else nullcontext() as file:
            collected.write = file.write if file else collected.write
            found = _found(options, settings, given, collected, (start, end))
    except UsageError as error:  # what was read is shown, even if it could not be written
        if found is None:
            raise
        unwritten = error
    if options.json:
        document = {**found.data(), "makers": collected.document()}
        screen.show(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        heading = show.heading("audit", datetime.now(timezone.utc), against_settings(settings))
        screen.show(heading, "", *page.makers(collected), *page.findings(found))
    return complain(unwritten, WRONG_USE) if unwritten else _CODES[found.status]


def _found(
    options: argparse.Namespace,
    settings: Settings,
    given: dict[str, Any],
    collected: Collected,
    span: tuple[datetime | None, datetime | None],
) -> AuditReport:
    from handler.audit.application import Ways  # noqa: PLC0415 - `--help` need not wait for it
    from handler.main import audit  # noqa: PLC0415
    from handler.output.numbers import masked  # noqa: PLC0415

    ways = Ways(
        shown=_whole if options.show_numbers else masked,
        observer=collected,
        most_waiting=_MOST_WAITING,
        most_violations=_MOST_VIOLATIONS,
        attributes_all=True,
    )
    with screen.waiting(f"asking {settings.callout_endpoint}") as note, redirect_stdout(Lines(note)):
        collected.note = note
        return audit(ways, *span, backoff=IMPATIENT, **given)


def _whole(number: str) -> str:
    return number
