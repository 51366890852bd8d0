"""`quiet-hours invoke`: run the real function on a trigger event, and show what it did."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table
from rich.text import Text

from handler.cloud.pacing import Clock
from handler.errors import ConfigurationError, QuietHoursError
from handler.errors.sentences import shortened
from handler.report.audit import AuditReport
from handler.report.check import CheckReport
from handler.report.publishable import Publishable
from handler.report.report import Report
from handler.settings import read_settings
from handler.settings.fields import Settings
from local import screen, show
from local.subscriber import PROTOCOLS, as_read
from local.usage import (
    IMPATIENT,
    NOT_DONE,
    OK,
    WRONG_USE,
    UsageError,
    clock_from,
    complain,
    has_settings,
    read_json,
)


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    invoke = commands.add_parser(
        "invoke",
        help="run the function on a trigger event",
        description="Run the real handler on a trigger event. With no CALLOUT_ setting it brings its own "
        "world: an emulated CCC with a few running tasks, and a topic with a subscriber.",
    )
    invoke.add_argument("event", metavar="EVENT.json", help="the trigger event; samples are in events/")
    invoke.add_argument("--policy", metavar="FILE", help="use this policy instead of that of the settings")
    invoke.add_argument("--dry-run", action="store_true", help="decide and report, change nothing")
    invoke.add_argument(
        "--at",
        metavar="TIME",
        help="pretend this time, such as 2026-11-24T03:00:00+08:00; with settings this is a dry run",
    )
    form = invoke.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the handler's answer alone")
    form.add_argument(
        "--as",
        dest="protocol",
        choices=PROTOCOLS,
        help="print what such a subscriber of an SNS topic reads, and nothing else",
    )
    invoke.add_argument(
        "--logs", action="store_true", help="print the function's log lines to standard error"
    )
    invoke.set_defaults(command=_invoke)


@dataclass
class Run:
    """One run of the handler: its answer, or the error that it raised; its reports and log lines."""

    answer: dict[str, Any] | None = None
    error: QuietHoursError | None = None
    reports: list[Report] = field(default_factory=list)
    inspected: list[CheckReport | AuditReport] = field(default_factory=list)
    lines: str = ""

    @property
    def code(self) -> int:
        """The exit code: 0 only if the answer to the trigger reports no failure."""
        if isinstance(self.error, ConfigurationError):
            return WRONG_USE
        failed = self.error or (self.answer or {}).get("batchItemFailures")
        return NOT_DONE if failed else OK


def _invoke(options: argparse.Namespace) -> int:
    event, clock = read_json(options.event), clock_from(options.at)
    now = clock.now()
    run, against, page = (_in_the_real_world if has_settings() else _in_a_world)(options, event, clock)
    if options.logs:
        sys.stderr.write(run.lines)
    if isinstance(run.error, ConfigurationError):
        raise run.error
    if options.json:
        screen.show(json.dumps(run.answer, ensure_ascii=False, indent=2))
    elif options.protocol:
        screen.show(*page)
    else:
        screen.show(show.heading(options.event, now, against), *page)
    if run.code != OK:
        told = str(run.error) if run.error else json.dumps(run.answer)
        complain(f"not everything was done; the trigger was told: {_shortened(told)}", run.code)
    return run.code


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + "…"  # noqa: PLR2004 - the report has it all


Shown = tuple[Run, show.Against, Iterable[str | Text | Table]]


def _in_the_real_world(options: argparse.Namespace, event: Any, clock: Clock) -> Shown:
    given: dict[str, Any] = {"callout_dry_run": True} if options.dry_run or options.at else {}
    if options.policy:
        given |= {"callout_policy": options.policy, "callout_quiet_hours": None, "callout_time_zone": None}
    settings = read_settings(**given)
    if settings.credentials is None and not settings.callout_secret:
        raise UsageError(settings.lack_of_credentials)
    with screen.waiting(f"asking {settings.callout_endpoint}") as note:
        run = run_handler(event, clock, given | {"backoff": IMPATIENT}, note)
    against = against_settings(settings, dry_run="--dry-run" * options.dry_run, at=options.at)
    if options.protocol:
        wanted = [report for report in run.reports if report.wanted_by(settings.callout_notify)]
        return run, against, [as_read(_messages([*wanted, *run.inspected]), options.protocol)]
    published = _published(run.lines)
    notification = (
        f"Published to {settings.callout_topic}"
        if published
        else (
            f"Nothing was published to {settings.callout_topic} (CALLOUT_NOTIFY is {settings.callout_notify})"
        )
    )
    if settings.callout_topic == "stdout:":
        events = [line for line in run.lines.splitlines() if line.startswith('{"specversion"')]
        notification = "\n".join(["Notification (the topic is stdout:):", *map(show.pretty, events)])
    return run, against, show.page(run.reports, run.inspected, notification)


def _published(lines: str) -> int:
    """Return how many notifications the function's log says that the topic took."""
    records = (json.loads(line) for line in lines.splitlines() if line.startswith('{"time"'))
    return sum(record.get("notifications", 0) for record in records)


def _messages(published: Iterable[Publishable]) -> Iterator[tuple[str, str]]:
    """Return the messages that reports are on an SNS topic, whichever topic they were published to."""
    from handler.output.encoding import size_within_text  # noqa: PLC0415 - like the next one, which is boto3's
    from handler.topics.sns import Sns, message  # noqa: PLC0415

    for report in published:
        for event in report.events(Sns.limit, size_within_text):
            request = message(event, report)
            yield request["Subject"], request["Message"]


def against_settings(settings: Settings, *, dry_run: str = "", at: str | None = None) -> show.Against:
    """Return what real settings run against; `dry_run` and `at` are what the options say of it."""
    causes = {
        dry_run: dry_run,
        "--at pretends a time": at,
        "CALLOUT_DRY_RUN": settings.callout_dry_run,
    }
    policy = settings.callout_policy or f"CALLOUT_QUIET_HOURS={settings.callout_quiet_hours}"
    return show.Against(
        "the JSON in CALLOUT_POLICY" if policy.lstrip()[:1] == "{" else policy,
        settings.callout_endpoint,
        settings.callout_sdk_app_id,
        next((cause for cause, holds in causes.items() if holds), None),
    )


def _in_a_world(options: argparse.Namespace, event: Any, clock: Clock) -> Shown:
    from local.world import APP, EXAMPLE, world  # noqa: PLC0415 - `--help` need not wait for it

    policy = options.policy or EXAMPLE
    dry_run = "--dry-run" if options.dry_run else None
    against = show.Against(options.policy or "policy.example.yaml", show.EMBEDDED, APP, dry_run)
    with world(clock, policy) as here:
        before = here.states()
        run = run_handler(event, clock, here.settings | {"callout_dry_run": options.dry_run}, lambda _: None)
        after = here.states()
        if options.protocol:
            return run, against, [as_read(here.published(), options.protocol)]
        received = show.received(here.topic, here.received())
        return run, against, show.page(run.reports, run.inspected, received, before, after)


class Lines(io.StringIO):
    """Log lines; `note` is told of each call that failed, while it happens."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__()
        self._note = note

    def write(self, text: str) -> int:
        """Keep the text, and tell of the call that failed, if it is that line."""
        if '"message":"call failed"' in text:
            self._note(shortened(str(json.loads(text)["error"]), 100))
        return super().write(text)


def run_handler(event: Any, clock: Clock, given: dict[str, Any], note: Callable[[str], None]) -> Run:
    """Run the handler once; `given` are settings and arguments of `handle`, `note` hears of failed calls."""
    from handler.main import handle  # noqa: PLC0415

    run, lines = Run(), Lines(note)
    try:
        with redirect_stdout(lines):
            run.answer = handle(
                event, clock=clock, seen=run.reports.append, inspected=run.inspected.append, **given
            )
    except QuietHoursError as error:
        run.error = error
    run.lines = lines.getvalue()
    return run
