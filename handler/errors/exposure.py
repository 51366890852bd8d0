"""No exception that leaves the function shows a secret: the platform writes it to a log that many read."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from handler.errors import QuietHoursError, UnexpectedError
from handler.errors.sentences import LONGEST_TEXT, shortened
from handler.output.redaction import clean, running

P = ParamSpec("P")
T = TypeVar("T")

_LONGEST_SHOWN = 50_000
"""Characters of an error that leaves the function, as it is written with all that it was made of."""


def without_secrets(function: Callable[P, T]) -> Callable[P, T]:
    """Let no error leave a function with a secret in its text, or in that of an error chained to it.

    The platform writes all of them to a log that many may read.
    """

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        with running():
            try:
                return function(*args, **kwargs)
            except Exception as error:
                shown = _presentable(error)
                if shown is error:
                    raise
            raise shown

    return guarded


def _presentable(error: Exception) -> Exception:
    """Return the error without those in its chain that show a secret or an endless text; else another."""
    if isinstance(error, QuietHoursError):  # it may have become known after the error was made
        error.args = tuple(clean(fact) if isinstance(fact, str) else fact for fact in error.args)
    if not _is_presentable(error):
        text = clean(f"{type(error).__name__}: {_texts(error)[0]}")
        return UnexpectedError(shortened(text, LONGEST_TEXT)).with_traceback(error.__traceback__)
    for each in list(_chain(error)):
        if each.__cause__ and not _is_presentable(each.__cause__):
            each.__cause__ = None
        if each.__context__ and not _is_presentable(each.__context__):
            each.__context__ = None
    return error


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Return an error, what it was raised from or during, and what a group of errors holds."""
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        each = left.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            left += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]
            yield each


def _is_presentable(error: BaseException) -> bool:
    texts = _texts(error)
    return all(len(text) <= _LONGEST_SHOWN for text in texts) and all(clean(text) == text for text in texts)


def _texts(error: BaseException) -> list[str]:
    texts = []
    for show in (str, repr, lambda each: repr(each.args), lambda each: str(getattr(each, "__notes__", ""))):
        try:
            texts.append(show(error))
        except Exception as failed:  # noqa: BLE001 - whatever a foreign __str__ raises
            texts.append(f"its text raises {type(failed).__name__}")
    return texts
