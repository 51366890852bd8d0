"""The texts of errors: a place, what was given, what is wanted; limited in number and length. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from handler.errors.spelling import suggestion

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails
    from typing_extensions import Self

KnownKeys = Callable[[tuple[str | int, ...]], Iterable[str]]
"""The keys that the object at a place may have."""
MORE = "more"
"""The type of a pydantic error that stands for `count` others."""
SHOWN = 20
"""Problems that an error lists; the others are counted."""
_LONGEST_PROBLEM = 500
LONGEST_TEXT = 6_000
"""Characters of all the problems that an error lists."""
_MAX_SHOWN = 80
_DEEPEST_SHOWN = 50


class More(str):
    """A sentence that stands for several problems, such as `and 4,980 more`; `number` says how many."""

    __slots__ = ("number",)
    number: int

    def __new__(cls, count: int, where: str = "") -> Self:
        """Return the sentence for `count` problems."""
        before = f"{shortened(where)}: " if where else ""
        text = super().__new__(cls, f"{before}and {count:,} more")
        text.number = count
        return text


def few(problems: Sequence[str], shown: int = SHOWN) -> tuple[str, ...]:
    """Return at most `shown` problems, each shortened, and after them how many more there are.

    The result has at most a few kilobytes, however much of the input the problems repeat.
    """
    room, kept = LONGEST_TEXT, list[str]()
    for problem in problems[:shown]:
        room -= min(len(problem), _LONGEST_PROBLEM)
        if room < 0:
            break
        kept.append(problem if isinstance(problem, More) else shortened(problem))
    left = number_of(problems[len(kept) :])
    return (*kept, More(left)) if left else tuple(kept)


def listed(problems: Sequence[str], shown: int = SHOWN) -> str:
    """Return problems as one text of at most a few kilobytes: 20 of them and `and 4,980 more`."""
    return "; ".join(few(problems, shown))


def shortened(text: str, most: int = _LONGEST_PROBLEM) -> str:
    """Return a text that UTF-8 can hold, with an ellipsis for the middle of one longer than `most`.

    The middle is cut because a problem begins with its place and ends with what is wanted.
    """
    if len(text) > most:
        text = f"{text[: most * 2 // 3]}…{text[-(most // 3) :]}"
    return text.encode("utf-8", "backslashreplace").decode()


def problems(error: ValidationError, known_keys: KnownKeys = lambda _: ()) -> list[str]:
    """Return one sentence for each fault that pydantic found, `place: what is wrong`, or the first ones.

    The place is written as in the document, `quiet_hours.us-east.quiet[2].weekdays[0]`. Parts of a
    location in angle brackets are the tags of a union, which no document holds: they are left out.
    An unknown key is followed by the one that may be meant, else by the `known_keys` of its object.
    """
    items = error.errors(include_url=False)
    found: list[str] = [_sentence(item, known_keys) for item in items[:SHOWN]]
    more = sum(item["ctx"]["count"] if item["type"] == MORE else 1 for item in items[SHOWN:])
    return [*found, More(more)] if more else found


def place(parts: Iterable[str | int]) -> str:
    """Return the path of a value as a person writes it: `tasks[2].task_id`."""
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith("<"):
            path += f".{part}" if path else part
    return path


def given(value: object) -> str:
    """Return a value for an error message as JSON would write it, shortened.

    Only what is shown is written: a value of many megabytes costs no more than a small one.
    """
    try:
        text = json.dumps(_beginning(value, [_MAX_SHOWN + 20]), ensure_ascii=False)
    except (RecursionError, TypeError, ValueError):  # such as a key that is no text
        text = f"a {type(value).__name__}"
    text = text[: _MAX_SHOWN + 1].encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"


def _beginning(value: object, room: list[int], depth: int = 0) -> object:
    """Return a truncated copy whose JSON begins alike; `room` is how many more values it may have."""
    if depth > _DEEPEST_SHOWN:
        raise RecursionError
    room[0] -= 1
    if isinstance(value, str):
        return value[: _MAX_SHOWN + 1]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, dict):
        parts = takewhile(lambda _: room[0] > 0, value.items())
        return {_key(key): _beginning(part, room, depth + 1) for key, part in parts}
    if isinstance(value, (list, tuple)):
        return [_beginning(part, room, depth + 1) for part in takewhile(lambda _: room[0] > 0, value)]
    return repr(value)[: _MAX_SHOWN + 1]


def _key(key: object) -> object:
    return key[: _MAX_SHOWN + 1] if isinstance(key, str) else key


def number_of(problems: Sequence[str]) -> int:
    """Return how many problems these sentences stand for."""
    return sum(each.number if isinstance(each, More) else 1 for each in problems)


_WANTED = {
    "missing": "is required",
    "extra_forbidden": "is not a key here",
    "dict_type": "an object is wanted",
    "model_type": "an object is wanted",
    "model_attributes_type": "an object is wanted",
    "list_type": "a list is wanted",
    "string_type": "a text is wanted",
    "bool_type": "true or false is wanted",
    "int_type": "a whole number is wanted",
    "int_from_float": "a whole number is wanted",
    "greater_than_equal": "a whole number of at least {ge} is wanted",
    "less_than_equal": "a whole number of at most {le} is wanted",
    "literal_error": "{expected} is wanted",
    "timezone_aware": "an offset is wanted, as in 2026-12-01T00:00+08:00",
    "too_short": "at least {min_length} is wanted",
}
_WITHOUT_INPUT = {"missing", "extra_forbidden"}


def _instead(key: str, known: Sequence[str]) -> str:
    return suggestion(key, known) or (f"; keys are {', '.join(known)}" if known else "")


def _sentence(item: ErrorDetails, known_keys: KnownKeys) -> str:
    kind = item["type"]
    if kind == MORE:
        return More(item["ctx"]["count"], place(item["loc"]))
    text = item["msg"].removeprefix("Value error, ")
    if kind in _WANTED:
        text = _WANTED[kind].format(**item.get("ctx", {}))
    if kind in _WANTED.keys() - _WITHOUT_INPUT or kind == "task_kind":
        text += f", not {given(item['input'])}"
    if kind == "extra_forbidden":
        text += _instead(str(item["loc"][-1]), tuple(known_keys(item["loc"][:-1])))
    where = place(item["loc"])
    return f"{where}: {text}" if where else text
