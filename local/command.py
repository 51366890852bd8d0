"""`quiet-hours`: run the function on an event, look at a policy, or serve the emulator.

Exit codes: 0 done, 1 not everything was done, 2 wrong use.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from handler.cloud.pacing import Clock
from handler.errors import ConfigurationError, QuietHoursError
from handler.errors.sentences import shortened
from handler.policy.json_document import parse_json
from handler.report.report import Report
from local import hours, show
from local.usage import NOT_DONE, OK, WRONG_USE, UsageError, instant

_LARGEST_EVENT = 20_000_000
"""Bytes; no platform hands over more than 6 MB."""
_LONGEST_COMPLAINT = 6_000


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
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has closed the pipe
        return OK
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
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    invoke = commands.add_parser(
        "invoke",
        help="run the function on a trigger event",
        description="Run the real handler on a trigger event. With no CALLOUT_ setting it brings its own "
        "world: an emulated CCC with a few running tasks, and a topic with a subscriber.",
    )
    invoke.add_argument("event", metavar="EVENT.json", help="the trigger event; samples are in events/")
    invoke.add_argument("--at", metavar="TIME", help="pretend this time, such as 2026-11-24T03:00:00+08:00")
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
        "--port", type=_port, required=True, metavar="N", help="the port; 0 takes a free one"
    )
    emulator.add_argument("--tasks", metavar="FILE", help="a JSON list of tasks; without it there are a few")
    emulator.add_argument("--secret-id", default="AKIDEXAMPLE", help="default: %(default)s")
    emulator.add_argument("--secret-key", default="SECRETEXAMPLE", help="default: %(default)s")
    emulator.set_defaults(command=_emulator)
    return parser


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
    event = _event(options.event)
    clock = _clock(options.at)
    now = clock.now()
    if embedded := not _has_settings():
        run, page = _in_a_world(event, clock)
    else:
        run, page = _in_the_real_world(event, clock)
    if options.logs:
        sys.stderr.write(run.lines)
    if isinstance(run.error, ConfigurationError):
        raise run.error
    if options.json:
        print(json.dumps(run.answer, ensure_ascii=False, indent=2))
    else:
        print(show.heading(options.event, now, embedded=embedded))
        print(page)
    if run.code != OK:
        told = str(run.error) if run.error else json.dumps(run.answer)
        _complain(f"not everything was done; the trigger was told: {_shortened(told)}", run.code)
    return run.code


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + "…"  # noqa: PLR2004 - the report has it all


def _in_the_real_world(event: Any, clock: Clock) -> tuple[Run, str]:
    from handler.settings import read_settings  # noqa: PLC0415

    settings = read_settings()
    if settings.credentials is None:
        raise UsageError(settings.lack_of_credentials)
    run = _run(event, clock, {})
    notification = f"Published to {settings.callout_topic}"
    if settings.callout_topic == "stdout:":
        events = [line for line in run.lines.splitlines() if line.startswith('{"specversion"')]
        notification = "\n".join(["Notification (the topic is stdout:):", *map(show.pretty, events)])
    return run, show.page(run.reports, notification)


def _in_a_world(event: Any, clock: Clock) -> tuple[Run, str]:
    from local.world import world  # noqa: PLC0415 - moto takes a second that `--help` need not wait for

    with world(clock) as here:
        before = {task.task_id: task.state for task in here.emulator.tasks}
        run = _run(event, clock, here.settings)
        after = {task.task_id: task.state for task in here.emulator.tasks}
        return run, show.page(run.reports, show.received(here.topic, here.received()), before, after)


def _run(event: Any, clock: Clock, settings: dict[str, Any]) -> Run:
    from handler.main import handle  # noqa: PLC0415

    run, lines = Run(), io.StringIO()
    try:
        with redirect_stdout(lines):
            run.answer = handle(event, clock=clock, seen=run.reports.append, **settings)
    except QuietHoursError as error:
        run.error = error
    run.lines = lines.getvalue()
    return run


def _event(path: str) -> Any:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LARGEST_EVENT + 1)
        if len(content) > _LARGEST_EVENT:
            raise ValueError(f"it is longer than {_LARGEST_EVENT:,} bytes")
        text = content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UsageError(f"{path} cannot be read: {reason}") from None
    try:
        return parse_json(text)
    except ValueError as error:
        raise UsageError(f"{path} is {error}") from None


def _clock(at: str | None) -> Clock:
    """Return the clock, or one that starts at the time pretended and runs on from there."""
    if at is None:
        return Clock()
    start = instant("--at", at)
    real = Clock()
    started = real.monotonic()

    def now() -> datetime:
        try:
            return start + timedelta(seconds=real.monotonic() - started)
        except OverflowError:  # at the end of year 9999 time stands still
            return start

    return Clock(now=now)


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
    from local.world import TASKS  # noqa: PLC0415

    tasks = TASKS if options.tasks is None else _event(options.tasks)
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
        print(f"listening on {emulator.url}", flush=True)
        stopped.wait()
    return OK


if __name__ == "__main__":
    sys.exit(main())
