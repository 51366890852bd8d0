"""`quiet-hours simulate`: a night in the embedded world, in seconds."""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timedelta, timezone

from handler.quiet_hours.lead_time import read_lead_time
from local import screen
from local.usage import NOT_DONE, OK, UsageError, add_command, complain, instant

_MOST_HOURS = 168
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(hours=1)


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    simulate = add_command(
        commands,
        "simulate",
        _simulate,
        summary="let a night pass in seconds, and show what was paused and resumed",
        description="Run the real handler through a night of an emulated CCC, in which the tasks of a policy "
        "run and a person pauses one of them, on a clock that runs fast. No setting is used, and nothing "
        "leaves this machine.",
    )
    simulate.add_argument("--policy", metavar="FILE", help="the policy; default: policy.example.yaml")
    simulate.add_argument(
        "--from",
        dest="start",
        metavar="TIME",
        help="when to begin, such as 2026-11-24T20:00:00+08:00; default: shortly before coming quiet hours",
    )
    simulate.add_argument(
        "--hours", type=_hours, default=24, metavar="N", help="how long, at most 168; default: %(default)s"
    )
    simulate.add_argument(
        "--every",
        type=_every,
        default=timedelta(minutes=1),
        metavar="LENGTH",
        help="how often the timer wakes the function, from 1m to 1h; default: 1m",
    )


def _hours(text: str) -> int:
    few = text.isascii() and text.isdecimal() and len(text) <= len(str(_MOST_HOURS))
    if not few or not 1 <= int(text) <= _MOST_HOURS:
        raise argparse.ArgumentTypeError(f"a number of hours from 1 to {_MOST_HOURS} is wanted, not {text!r}")
    return int(text)


def _every(text: str) -> timedelta:
    try:
        length = read_lead_time(text)
    except ValueError:
        length = timedelta(0)
    if not _SHORTEST <= length <= _LONGEST:
        raise argparse.ArgumentTypeError(f"a length from 1m to 1h is wanted, such as 5m, not {text!r}")
    return length


def _simulate(options: argparse.Namespace) -> int:
    from handler.policy.source import load  # noqa: PLC0415 - `--help` need not wait for it
    from local.night import page, plan, run  # noqa: PLC0415
    from local.world import APP, EXAMPLE, targets_of  # noqa: PLC0415

    if options.policy == "":
        raise UsageError("--policy is empty; a FILE is wanted, or leave the option out")
    file = options.policy or EXAMPLE
    start = None if options.start is None else instant("--from", options.start)
    policy, targets = load(file), targets_of(file)
    among = plan.members(policy, targets, APP)
    try:
        begin = start or plan.coming(among, datetime.now(timezone.utc), options.hours)
        planned = plan.planned(policy, among, begin, options.hours, options.every)
    except OverflowError:
        raise UsageError(f"--from {options.start!r} is too near to the ends of the calendar") from None
    with screen.waiting("simulating") as note:
        night = run.run(planned, file, targets, note)
    shown = options.policy or "policy.example.yaml"
    if options.json:
        screen.show(json.dumps(page.document(planned, night, shown), ensure_ascii=False, indent=2))
    else:
        screen.show(*page.page(planned, night, shown))
    if night.failed:
        return complain(f"{night.failed:,} of {night.ran:,} wake-ups failed", NOT_DONE)
    return OK
