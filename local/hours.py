"""`quiet-hours check`, `preview` and `explain`: show what a policy means before it is deployed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from handler.errors import ConfigurationError
from handler.policy.entries import DEFAULT, NONE
from handler.policy.model import Policy
from handler.policy.source import from_intervals, load
from handler.quiet_hours import Period, QuietHours, Reason
from handler.quiet_hours.zone import local
from handler.settings import read_settings
from local import coverage, live, periods, picture, screen, week
from local.usage import OK, WRONG_USE, UsageError, has_settings, instant

LONGEST_PREVIEW = 3660
"""Days; about ten years."""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the three commands to the parser."""
    check = commands.add_parser(
        "check",
        help="list every fault of a policy, or describe it",
        description="List every fault of a policy with its place. Of a policy without faults, show what it "
        "means, whether it is quiet now, and what is probably not intended.",
    )
    check.add_argument(
        "--live",
        action="store_true",
        help="ask CCC and the topic as well; see the table in docs/reference.md",
    )
    check.set_defaults(command=_check)

    preview = commands.add_parser(
        "preview",
        help="show the coming quiet and open periods",
        description="Show the coming quiet and open periods, and a chart with a row a day.",
    )
    _which(preview)
    preview.add_argument(
        "--days", type=_days, default=14, metavar="N", help="how many days; default %(default)s"
    )
    preview.add_argument(
        "--from", dest="start", type=_date, metavar="DATE", help="the first day; default today"
    )
    form = preview.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="the periods for other programs")
    form.add_argument("--ical", action="store_true", help="the quiet periods as a calendar to import")
    form.add_argument("--svg", metavar="FILE", help="the chart as a picture, written to FILE")
    preview.set_defaults(command=_preview)

    explain = commands.add_parser(
        "explain",
        help="explain why it is quiet, or not, at an instant",
        description="Say whether it is quiet at an instant, and which interval makes it so.",
    )
    explain.add_argument("--at", required=True, metavar="TIME", help="such as 2026-11-01T01:30:00-04:00")
    _which(explain)
    explain.add_argument("--json", action="store_true", help="the answer for other programs")
    explain.set_defaults(command=_explain)
    for command in (check, preview, explain):
        command.add_argument(
            "file", metavar="FILE", nargs="?", help="the policy; default: what the settings name"
        )
        command.add_argument("--policy", metavar="FILE", help="the same")


def _which(command: argparse.ArgumentParser) -> None:
    which = command.add_mutually_exclusive_group()
    which.add_argument("--name", metavar="NAME", help="the quiet hours of this name only")
    which.add_argument(
        "--task", metavar="NAME", help="those of this task or campaign: a name of the policy, else one in CCC"
    )


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LONGEST_PREVIEW:
        raise argparse.ArgumentTypeError(f"1 to {LONGEST_PREVIEW} days are wanted, not {text!r}")
    return int(text)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a date such as 2026-11-23 is wanted, not {text!r}") from None


def _policy(options: argparse.Namespace) -> tuple[str, Policy]:
    if options.policy and options.file:
        raise UsageError(f"one policy is wanted, not {options.file} and --policy {options.policy}")
    if file := options.policy or options.file:
        return file, load(file)
    try:
        settings = read_settings()
    except ConfigurationError as error:
        raise UsageError(f"no policy FILE was given, and {error}") from None
    if settings.callout_policy:
        source = "CALLOUT_POLICY" if settings.callout_policy.lstrip()[:1] == "{" else settings.callout_policy
        return source, load(settings.callout_policy)
    read = from_intervals(settings.callout_quiet_hours or "", settings.callout_time_zone)
    return "CALLOUT_QUIET_HOURS", read


def _chosen(options: argparse.Namespace, read: Policy) -> Mapping[str, QuietHours]:
    if options.task is not None:
        wanted = {each.coverage.quiet_hours for each in coverage.covering(read, options.task)}
        return {name: hours for name, hours in read.quiet_hours.items() if name in wanted}
    if options.name is None:
        return read.quiet_hours
    if options.name not in read.quiet_hours:
        known = ", ".join(read.quiet_hours)
        raise UsageError(f"--name {options.name!r} is not in the policy, which has {known}")
    return {options.name: read.quiet_hours[options.name]}


def _check(options: argparse.Namespace) -> int:
    if options.live and not (options.policy or options.file or has_settings()):
        from local.world import EXAMPLE  # noqa: PLC0415 - `--help` need not wait for it

        options.file = EXAMPLE
    try:
        source, read = _policy(options)
    except ConfigurationError as error:
        number = error.count
        print(f"quiet-hours: {error.source} has {number:,} fault{'s' * (number > 1)}:", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
        return WRONG_USE
    now = datetime.now(timezone.utc)
    lines, warnings = [f"{source}: no faults"], []
    for name, hours in read.quiet_hours.items():
        lines += ["", name, *(f"  {line}" for line in hours.describe())]
        lines.append(f"  now: {hours.reason(now).text}")
        users = coverage.users(read, name)
        lines += [f"  {line}" for line in users or ["tasks: none named"]]
        warnings += [f"quiet_hours.{name} {text}" for text in hours.warnings(now)]
        if not users and name != DEFAULT:
            warnings.append(f"quiet_hours.{name} is not used by any task, campaign or rule of the policy")
    if never := coverage.users(read, NONE):
        lines += ["", f"{NONE}: {coverage.NEVER_QUIET}", *(f"  {line}" for line in never)]
    if read.rules:
        lines += ["", "rules, of which the first that matches decides:"]
        lines += [f"  {number}: {coverage.in_words(rule)}" for number, rule in enumerate(read.rules, 1)]
    screen.show(*lines)
    if warnings := [*warnings, *coverage.warnings(read)]:
        screen.show("", Text("Worth a look:", "yellow"), *(f"  {warning}" for warning in warnings))
    if options.live:
        screen.show("")
        return live.check(options.policy or options.file)
    return OK


def _preview(options: argparse.Namespace) -> int:
    _, read = _policy(options)
    chosen = _chosen(options, read)
    now = datetime.now(timezone.utc).replace(second=0, microsecond=0)
    if options.svg and len(chosen) != 1:
        raise UsageError(f"--svg draws one: name it with --name, of {', '.join(chosen or read.quiet_hours)}")
    listed = {name: _periods(hours, options, now) for name, hours in chosen.items()}
    if options.json:
        documents = [periods.as_json(name, listed[name], str(_zone(hours))) for name, hours in chosen.items()]
        screen.show(json.dumps(documents, ensure_ascii=False, indent=2))
    elif options.ical:
        screen.write(periods.as_ical(list(listed.items()), now))
    elif options.svg:
        ((name, hours),) = chosen.items()
        drawn = picture.as_svg(f"{name}: quiet hours in {_zone(hours)}", _days_of(hours, options, now))
        _write(options.svg, drawn)
    else:
        screen.show(*(each.text for each in _covered(options, read)))
        for number, (name, hours) in enumerate(chosen.items(), options.task is not None):
            screen.show(*[""] * (number > 0), f"{name}: {_zone(hours)}", "", _chart(hours, options, now), "")
            screen.show(periods.listed(listed[name], _zone(hours)))
    return OK


def _chart(hours: QuietHours, options: argparse.Namespace, now: datetime) -> Table:
    return week.chart(_days_of(hours, options, now), width=screen.width(), unicode=screen.has_unicode())


def _zone(hours: QuietHours) -> ZoneInfo:
    """Return the zone to show quiet hours in: their own, else that of the first interval that has one."""
    return ZoneInfo(hours.time_zone or next((each.zone.name for each in hours.quiet if each.zone), "UTC"))


def _first_day(hours: QuietHours, options: argparse.Namespace, now: datetime) -> date:
    first: date | None = options.start
    return first or local(now, _zone(hours)).date()


def _days_of(hours: QuietHours, options: argparse.Namespace, now: datetime) -> list[week.Day]:
    first = _first_day(hours, options, now)
    return list(week.days(hours, first, min(options.days, (date.max - first).days + 1), _zone(hours)))


def _periods(hours: QuietHours, options: argparse.Namespace, now: datetime) -> list[Period]:
    zone, first = _zone(hours), _first_day(hours, options, now)
    start = datetime.combine(first, time(), zone)
    try:
        end = datetime.combine(first + timedelta(days=options.days), time(), zone)
    except OverflowError:  # with year 9999 the calendar ends
        end = datetime.combine(date.max, time.max, zone)
    return list(hours.periods(start if options.start else max(start, now), end))


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    screen.show(f"wrote {path}")


def _explain(options: argparse.Namespace) -> int:
    _, read = _policy(options)
    at = instant("--at", options.at)
    answers = {name: hours.reason(at) for name, hours in _chosen(options, read).items()}
    covered = _covered(options, read)
    if options.json:
        rows = [{"quiet_hours": name} | _row(at, reason) for name, reason in answers.items()]
        if options.task is not None:
            rows = [
                each.document(at) | _row(at, answers.get(each.coverage.quiet_hours or "")) for each in covered
            ]
        screen.show(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        screen.show(*(each.text for each in covered))
        for name, reason in answers.items():
            there = local(at, ZoneInfo(reason.time_zone))
            when = f"{there:%a} {there.date().isoformat()} {there:%H:%M:%S %z}"
            screen.show(f"{name}: at {when}: {reason.text}")
    return OK


def _covered(options: argparse.Namespace, read: Policy) -> list[coverage.Covered]:
    return [] if options.task is None else coverage.covering(read, options.task)


def _row(at: datetime, reason: Reason | None) -> dict[str, Any]:
    """Return an answer for other programs; without a reason, for what has no quiet hours."""
    return {
        "at": local(at, timezone.utc).isoformat(),
        "quiet": reason is not None and reason.quiet,
        "place": reason and reason.place,
        "interval": reason and reason.interval,
        "lead_time": reason is not None and reason.ahead,
        "time_zone": reason and reason.time_zone,
        "since": reason and reason.since and reason.since.isoformat(),
        "until": reason and reason.until and reason.until.isoformat(),
    }
