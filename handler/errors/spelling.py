"""The name that a misspelt one may stand for, at a bounded cost. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_LONGEST_WORD = 64
_MOST_COMPARED_AT_ONCE = 20_000
"""Characters that one word is compared with: the names of all time zones, and not much more."""
_MOST_COMPARED = 100_000
"""Characters that all words of one document are compared with."""
_left: ContextVar[list[int] | None] = ContextVar("left", default=None)


@contextmanager
def bounded_suggestions() -> Iterator[None]:
    """Bound what all suggestions made inside cost together; those beyond are left out.

    Thousands of misspelt names in one document are then refused as fast as a few.
    """
    if _left.get() is not None:  # the caller has bounded them already
        yield
        return
    token = _left.set([_MOST_COMPARED])
    try:
        yield
    finally:
        _left.reset(token)


def exhausted() -> bool:
    """Return whether nothing more is compared: the document is refused for many other words already."""
    left = _left.get()
    return left is not None and left[0] <= 0


def spend(characters: int) -> None:
    """Count what was compared against what is allowed in one document."""
    if (left := _left.get()) is not None:
        left[0] -= characters


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` where a known name is close, whatever its case, else nothing."""
    spelled = {each.lower(): each for each in _comparable(name, known)}
    near = closest(name.lower(), spelled)
    return f"; did you mean {spelled[near]!r}?" if near is not None else ""


def closest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known word that is closest to this one, `None` if none is close.

    Long words are not compared, nor are more than some thousand, see `bounded_suggestions`.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only a refusal needs it

    candidates = list(_comparable(word, known))
    spend(sum(len(each) + 1 for each in candidates))
    close = get_close_matches(word, candidates, n=1, cutoff=cutoff)
    return close[0] if close else None


def _comparable(word: str, known: Iterable[str]) -> Iterator[str]:
    """Return the known words that comparing `word` with is worth its cost."""
    left = _left.get()
    room = _MOST_COMPARED_AT_ONCE if left is None else min(_MOST_COMPARED_AT_ONCE, left[0])
    if len(word) > _LONGEST_WORD:
        return
    for each in known:
        room -= min(len(each), _LONGEST_WORD) + 1
        if room < 0:
            return
        if len(each) <= _LONGEST_WORD:
            yield each
