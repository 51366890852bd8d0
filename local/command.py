"""`quiet-hours`: run the function on an event, look at a policy, or serve the emulator.

Exit codes: 0 done, 1 not everything was done, 2 wrong use.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from rich.table import Table

from handler.cloud.pacing import Backoff, Clock
from handler.errors import ConfigurationError, QuietHoursError
from handler.errors.sentences import shortened
from handler.report.report import Report
from handler.settings import Settings, read_settings
from local import hours, screen, show
from local.usage import NOT_DONE, OK, WRONG_USE, UsageError, clock_from, read_json

_LONGEST_COMPLAINT = 6_000
_IMPATIENT = Backoff(attempts=100, wait_max=1.0, unanswered_seconds=9.0)
"""A person waits: an endpoint that never answers is given up then, not after a minute."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code. No traceback reaches the user."""
    _escape_unencodable()
    options = _parser().parse_args(arguments)
    try:
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except (UsageError, ConfigurationError) as error:
        return _complain(error, WRONG_USE)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - a bug of ours is reported in one line, too
        return _complain(f"unexpected {type(error).__name__}: {error}", NOT_DONE)


def _complain(what: object, code: int) -> int:
    print(f"quiet-hours: {shortened(str(what), _LONGEST_COMPLAINT)}", file=sys.stderr)
    return code


def _escape_unencodable() -> None:
    """Write characters that the terminal's encoding lacks as escapes, as standard error does."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="quiet-hours", description="Pause outbound call tasks of Tencent Cloud CCC during quiet hours."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {_version()}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

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
    invoke.add_argument("--json", action="store_true", help="print the handler's answer alone")
    invoke.add_argument(
        "--logs", action="store_true", help="print the function's log lines to standard error"
    )
    invoke.set_defaults(command=_invoke)

    hours.add_to(commands)

    emulator = commands.add_parser(
        "emulator",
        help="serve the emulated APIs of Tencent Cloud on loopback",
        description="Serve CCC and TDMQ as TencentCloud API 3.0 on 127.0.0.1 until stopped.",
    )
    emulator.add_argument(
        "--port", type=_port, default=8089, metavar="N", help="default: %(default)s; 0 takes a free one"
    )
    emulator.add_argument("--tasks", metavar="FILE", help="a JSON list of tasks; without it there are a few")
    emulator.add_argument("--secret-id", default="AKIDEXAMPLE", help="default: %(default)s")
    emulator.add_argument("--secret-key", default="SECRETEXAMPLE", help="default: %(default)s")
    emulator.set_defaults(command=_emulator)
    return parser


def _version() -> str:
    try:
        return version("callout-quiet-hours")
    except PackageNotFoundError:
        return "(not installed)"


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"a port from 0 to 65535 is wanted, not {text!r}")
    return int(text)


@dataclass
class Run:
    """One run of the handler: its answer, or the error that it raised; its reports and log lines."""

    answer: dict[str, Any] | None = None
    error: QuietHoursError | None = None
    reports: list[Report] = field(default_factory=list)
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
    run, against, page = (_in_the_real_world if _has_settings() else _in_a_world)(options, event, clock)
    if options.logs:
        sys.stderr.write(run.lines)
    if isinstance(run.error, ConfigurationError):
        raise run.error
    if options.json:
        screen.show(json.dumps(run.answer, ensure_ascii=False, indent=2))
    else:
        screen.show(show.heading(options.event, now, against), *page)
    if run.code != OK:
        told = str(run.error) if run.error else json.dumps(run.answer)
        _complain(f"not everything was done; the trigger was told: {_shortened(told)}", run.code)
    return run.code


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + "…"  # noqa: PLR2004 - the report has it all


Shown = tuple[Run, show.Against, Iterable[str | Table]]


def _in_the_real_world(options: argparse.Namespace, event: Any, clock: Clock) -> Shown:
    given: dict[str, Any] = {"callout_dry_run": True} if options.dry_run or options.at else {}
    if options.policy:
        given |= {"callout_policy": options.policy, "callout_quiet_hours": None, "callout_time_zone": None}
    settings = read_settings(**given)
    if settings.credentials is None and not settings.callout_secret:
        raise UsageError(settings.lack_of_credentials)
    with screen.waiting(f"asking {settings.callout_endpoint}") as note:
        run = _run(event, clock, given | {"backoff": _IMPATIENT}, note)
    notification = f"Published to {settings.callout_topic}"
    if settings.callout_topic == "stdout:":
        events = [line for line in run.lines.splitlines() if line.startswith('{"specversion"')]
        notification = "\n".join(["Notification (the topic is stdout:):", *map(show.pretty, events)])
    return run, _against(options, settings), show.page(run.reports, notification)


def _against(options: argparse.Namespace, settings: Settings) -> show.Against:
    causes = {
        "--dry-run": options.dry_run,
        "--at pretends a time": options.at,
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
        before = {task.task_id: task.state for task in here.emulator.tasks}
        run = _run(event, clock, here.settings | {"callout_dry_run": options.dry_run}, lambda _: None)
        after = {task.task_id: task.state for task in here.emulator.tasks}
        page = show.page(run.reports, show.received(here.topic, here.received()), before, after)
        return run, against, page


class _Lines(io.StringIO):
    """Log lines; `note` is told of each call that failed, while it happens."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__()
        self._note = note

    def write(self, text: str) -> int:
        if '"message":"call failed"' in text:
            self._note(shortened(str(json.loads(text)["error"]), 100))
        return super().write(text)


def _run(event: Any, clock: Clock, given: dict[str, Any], note: Callable[[str], None]) -> Run:
    from handler.main import handle  # noqa: PLC0415

    run, lines = Run(), _Lines(note)
    try:
        with redirect_stdout(lines):
            run.answer = handle(event, clock=clock, seen=run.reports.append, **given)
    except QuietHoursError as error:
        run.error = error
    run.lines = lines.getvalue()
    return run


def _has_settings() -> bool:
    """Return whether a person has set anything of the function's, in the environment or in `.env`.

    Credentials alone do not count: many have them exported for other tools.
    """
    if any(name.upper().startswith("CALLOUT_") and value for name, value in os.environ.items()):
        return True
    from dotenv import dotenv_values  # noqa: PLC0415

    try:
        values = dotenv_values(".env")
    except (OSError, ValueError) as error:
        raise UsageError(f".env cannot be read: {error}") from None
    return any(name.upper().startswith("CALLOUT_") and value for name, value in values.items())


def _emulator(options: argparse.Namespace) -> int:
    import signal  # noqa: PLC0415
    import threading  # noqa: PLC0415

    from local.emulator import Emulator  # noqa: PLC0415
    from local.world import tasks_of  # noqa: PLC0415

    tasks = tasks_of() if options.tasks is None else read_json(options.tasks)
    try:
        emulator = Emulator(port=options.port, tasks=tasks, secrets={options.secret_id: options.secret_key})
    except ValueError as error:
        raise UsageError(f"{options.tasks}: {error}") from None
    stopped = threading.Event()

    def stop(*_: object) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        emulator.start()
    except OSError as error:
        raise UsageError(f"port {options.port} of 127.0.0.1 cannot be had: {error.strerror}") from None
    with emulator:
        screen.show(f"listening on {emulator.url}")
        stopped.wait()
    return OK


if __name__ == "__main__":
    sys.exit(main())
