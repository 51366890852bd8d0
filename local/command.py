"""`quiet-hours`: run the function on an event or through a night, look at a policy, or serve the emulator.

Exit codes: 0 done, 1 not everything was done, 2 wrong use. Of `audit`, 1 means violations, 3 incomplete.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from handler.errors import ConfigurationError
from local import hours, invoke, ledger, screen, simulate
from local.audit import command as audit
from local.usage import NOT_DONE, OK, WRONG_USE, UsageError, complain, read_json


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code. No traceback reaches the user."""
    _escape_unencodable()
    options = _parser().parse_args(arguments)
    try:
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except (UsageError, ConfigurationError) as error:
        return complain(error, WRONG_USE)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - a bug of ours is reported in one line, too
        return complain(f"unexpected {type(error).__name__}: {error}", NOT_DONE)


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

    invoke.add_to(commands)
    simulate.add_to(commands)
    hours.add_to(commands)
    ledger.add_to(commands)
    audit.add_to(commands)

    emulator = commands.add_parser(
        "emulator",
        help="serve the emulated APIs of Tencent Cloud on loopback",
        description="Serve CCC, TDMQ and EventBridge as TencentCloud API 3.0, and the objects of COS, on "
        "127.0.0.1 until stopped.",
    )
    emulator.add_argument(
        "--port", type=_port, default=8089, metavar="N", help="default: %(default)s; 0 takes a free one"
    )
    emulator.add_argument("--tasks", metavar="FILE", help="a JSON list of tasks; without it there are a few")
    emulator.add_argument("--campaigns", metavar="FILE", help="a JSON list of predictive dialing campaigns")
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


def _emulator(options: argparse.Namespace) -> int:
    import signal  # noqa: PLC0415
    import threading  # noqa: PLC0415

    from local.emulator import Emulator  # noqa: PLC0415
    from local.world import targets_of  # noqa: PLC0415

    few = targets_of()
    tasks = few["task"] if options.tasks is None else read_json(options.tasks)
    campaigns = few["campaign"] if options.campaigns is None else read_json(options.campaigns)
    checked: list[tuple[str | None, dict[str, Any]]]
    checked = [(options.tasks, {"tasks": tasks}), (options.campaigns, {"campaigns": campaigns})]
    for file, given in checked:
        try:
            Emulator(**given)
        except ValueError as error:
            raise UsageError(f"{file}: {error}") from None
    secrets = {options.secret_id: options.secret_key}
    emulator = Emulator(port=options.port, tasks=tasks, campaigns=campaigns, secrets=secrets)
    stopped = threading.Event()

    def stop(*_: object) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        emulator.start()
    except OSError as error:
        hint = "; --port 0 takes a free one"
        raise UsageError(f"port {options.port} of 127.0.0.1 cannot be had: {error.strerror}{hint}") from None
    with emulator:
        screen.show(f"listening on {emulator.url}")
        stopped.wait()
    return OK


if __name__ == "__main__":
    sys.exit(main())
