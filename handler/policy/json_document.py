"""A JSON text becomes plain data, or a refusal that says where. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from handler.errors.sentences import place, shortened

DEEPEST = 100
"""Lists and objects inside one another, in YAML as well."""
_DEEP = f"nested too deeply: {DEEPEST} levels are allowed"
# These two only for a refusal: compiling them would be a part of every cold start.
_PARTS = r'("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[\[\]{}]|[^\s\[\]{},:"]+'
_HOLDERS = (dict, list, tuple)
_INFINITE = float("inf")
_TOO_LONG_A_NUMBER = r"\d{4301}"
"""As long as Python does not read: its default limit, see `sys.int_info`."""


class NotJsonError(ValueError):
    """The text is not JSON at all; it may be something else."""


class _RefusedError(Exception):
    """A problem, and the token that has it; `None` for a key that stands twice."""

    def __init__(self, problem: str, token: str | None) -> None:
        self.problem, self.token = problem, token
        super().__init__(problem)


def parse_json(text: str) -> Any:
    """Return the value of a JSON text.

    Stricter than `json.loads`: a key given twice, `NaN`, `Infinity`, `1e999` and half of a surrogate pair
    are refused, since two readers could understand them differently, and so is what is nested more than
    100 deep. Raises `ValueError` with a sentence that names the place.
    """
    try:
        value = json.loads(text, object_pairs_hook=_no_key_twice, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f" at line {error.lineno}, column {error.colno}"
        raise NotJsonError(f"not JSON: {error.msg}{where}{_shown(text)}") from None
    except _RefusedError as error:
        twice, token = error.token is None, error.token
        where = _where(text, lambda sign, _, again: again if twice else sign == token)
        raise ValueError(f"not usable JSON: {error.problem}{where}") from None
    except ValueError as error:  # of int(), for thousands of digits
        where = _where(text, lambda sign, *_: sign[0] != '"' and bool(re.search(_TOO_LONG_A_NUMBER, sign)))
        raise ValueError(f"not usable JSON: {error}{where}") from None
    except RecursionError:
        raise _too_deep(text) from None
    if not _is_shallow(value):
        raise _too_deep(text)
    try:
        written = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        where = _where(text, lambda sign, *_: sign[0] in "-0123456789" and abs(float(sign)) == _INFINITE)
        raise ValueError(f"not usable JSON: a number is too large{where}") from None
    _check_pairs(value, written)
    return value


def check_characters(value: Any) -> None:
    """Raise `ValueError` when `value` cannot be sent on as JSON in UTF-8, or is nested too deeply."""
    if not _is_shallow(value):
        raise ValueError(f"not usable JSON: {_DEEP}")
    try:
        written = json.dumps(value, ensure_ascii=False)
    except (RecursionError, TypeError, ValueError) as error:  # a caller in Python handed over no JSON
        raise ValueError(f"not JSON: {error}") from None
    _check_pairs(value, written)


def at(text: str, position: int) -> str:
    """Return where a position is, for the end of a sentence: ` at line 1, column 2`."""
    line, start = text.count("\n", 0, position) + 1, text.rfind("\n", 0, position) + 1
    return f" at line {line}, column {position - start + 1}"


def half_of_a_pair(text: str) -> str | None:
    """Return what is wrong with a text that holds half of a surrogate pair, which UTF-8 cannot hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"holds U+{ord(text[error.start]):04X}, half of a surrogate pair, which is no character"
    return None


def _check_pairs(value: Any, written: str) -> None:
    if problem := half_of_a_pair(written):
        where = place(next(_paths_to_half_a_pair(value), ()))
        raise ValueError(f"{shortened(where, 200)}: {problem}" if where else problem)


def _paths_to_half_a_pair(value: Any) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of each text that is one; a key that is one has the path of its object."""
    if isinstance(value, str) and half_of_a_pair(value):
        yield ()
    parts: Any = value.items() if isinstance(value, dict) else ()
    parts = enumerate(value) if isinstance(value, (list, tuple)) else parts
    for key, part in parts:
        if isinstance(key, str) and half_of_a_pair(key):
            yield ()
        for path in _paths_to_half_a_pair(part):
            yield (key, *path)


def _is_shallow(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST + 1):
        inside = [
            each.values() if isinstance(each, dict) else each for each in level if isinstance(each, _HOLDERS)
        ]
        if not inside:
            return True
        level = [part for parts in inside for part in parts]
    return False


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = set[str]()
        for key, _ in pairs:
            if key in keys:
                raise _RefusedError(f"the key {shortened(repr(key), 80)} stands twice", None)
            keys.add(key)
    return value


def _no_constant(name: str) -> NoReturn:
    raise _RefusedError(f"{name} is no JSON number", name)


def _too_deep(text: str) -> ValueError:
    where = _where(text, lambda _, depth, __: depth > DEEPEST)
    return ValueError(f"not usable JSON: {_DEEP}{where}")


def _where(text: str, wrong: Callable[[str, int, bool], bool]) -> str:
    """Return where the first token stands for which `wrong(token, depth, key stands twice)`.

    The text is JSON at least up to there.
    """
    keys = [set[str]()]
    for token in re.finditer(_PARTS, text):
        sign, twice = token.group(), False
        if sign in {"[", "{"}:
            keys.append(set())
        elif sign in {"]", "}"}:
            keys.pop()
        elif token[2]:
            sign = token[1]
            key = json.loads(sign) if "\\" in sign else sign[1:-1]
            twice = key in keys[-1]
            keys[-1].add(key)
        if wrong(sign, len(keys) - 1, twice):
            return at(text, token.start())
    return ""


def _shown(text: str) -> str:
    start = text.strip()[:40]
    return f", in {start!r}" if start else " (it is empty)"
