"""What a terminal shows: text, tables and progress. `rich` knows its width, its colours and wide characters.

Where the output is no terminal nothing is wrapped, cut or coloured. `NO_COLOR` and `COLUMNS` are respected.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer

from rich.console import Console
from rich.table import Table
from rich.text import Text

_ENDLESS = 100_000
"""Columns of what is no terminal."""
_PATIENCE = 2.0
"""Seconds before a line says what is waited for, where no terminal can show it."""


def table(*heads: str, gap: int = 2) -> Table:
    """Return a table without lines; without heads its columns are to be added."""
    made = Table(box=None, show_header=bool(heads), pad_edge=False, padding=(0, gap, 0, 0), header_style="")
    for head in heads:
        made.add_column(head, no_wrap=True)
    return made


def width() -> int:
    """Return the columns of the terminal, or those that `COLUMNS` says; 80 where neither is known."""
    return _console().width


def has_unicode() -> bool:
    """Return whether standard output can hold any character."""
    return not _console().options.ascii_only


def show(*blocks: str | Text | Table) -> None:
    """Print blocks below one another: a text as it is, a table within the width of the terminal."""
    for block in blocks:
        write(f"{block}\n" if isinstance(block, str) else drawn(block))


def drawn(block: Text | Table) -> str:
    """Return a block as lines without blanks at their ends."""
    console = _console(_room(block))
    with console.capture() as captured:
        console.print(block)
    return re.sub(r" +$", "", captured.get(), flags=re.MULTILINE)


def write(content: str | bytes) -> None:
    """Write to standard output. When its reader has closed the pipe, the rest goes nowhere."""
    try:
        if isinstance(content, bytes):
            sys.stdout.buffer.write(content)
        else:
            sys.stdout.write(content)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def waiting(what: str) -> Iterator[Callable[[str], None]]:
    """Show on standard error what is waited for; what is yielded adds to it how it goes.

    Where standard error is no terminal, one line says so when it takes longer than a moment.
    """
    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    if console.is_terminal:
        with console.status(what) as status:
            yield lambda how: status.update(f"{what}: {how}"[: console.width - 4])
        return
    late = Timer(_PATIENCE, print, [f"quiet-hours: {what} …"], {"file": sys.stderr, "flush": True})
    late.daemon = True
    late.start()
    try:
        yield lambda _: None
    finally:
        late.cancel()


def _console(columns: int | None = None) -> Console:
    return Console(file=sys.stdout, width=columns, markup=False, highlight=False, emoji=False)


def _room(block: Text | Table) -> int:
    """Return the width to draw in: the terminal's, but enough to cut nothing."""
    if not sys.stdout.isatty():
        return _ENDLESS
    console = _console(_ENDLESS)
    for column in block.columns if isinstance(block, Table) else ():
        if column.no_wrap:
            cells = [column.header, *column.cells]
            column.min_width = max(console.measure(cell).maximum for cell in cells)
    return max(width(), console.measure(block).minimum)
