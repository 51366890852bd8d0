"""The command in this process: a process of its own for each run takes a second and more."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple

from local.command import main


class Done(NamedTuple):
    """What a command printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


def run_command(arguments: Sequence[str]) -> Done:
    """Run `quiet-hours` and return what it printed. Raises what a user would see as a traceback."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main(arguments)
        except SystemExit as ended:  # argparse's
            code = int(ended.code or 0)
    return Done(code, *(each.buffer.getvalue().decode() for each in (out, err)))
