"""No secret leaves the function: whatever is logged, reported, published or raised passes through here.

A secret that is known is removed by its value, in any quoting; one that is not, by the name in front of it.
Where secrets come from belongs in `handler.settings` and `handler.cloud.credentials`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from handler.output.redaction.by_shape import HIDDEN, names_a_secret, without_shapes
from handler.output.redaction.by_value import SHORTEST, Values

_DEEPEST = 50
_LARGEST_INTEGER_BITS = 4_096
"""Python refuses to convert a much larger one to text."""

_known = Values(())
"""The secrets of this invocation, which its threads share, and of those that run at the same time."""
_running = 0
_changing = threading.Lock()


@contextmanager
def running() -> Iterator[None]:
    """Keep the secrets of an invocation known while it runs, whatever others begin meanwhile."""
    global _running  # noqa: PLW0603 - as in _set
    with _changing:
        _running += 1
    try:
        yield
    finally:
        with _changing:
            _running -= 1


def begin(secrets: Iterable[str | None]) -> None:
    """Replace the known secrets by those of the invocation that begins; keep those of others that run."""
    with _changing:
        _set(Values([*(_known if _running > 1 else ()), *filter(None, secrets)]))


def hide(secrets: Iterable[str | None]) -> None:
    """Add secrets that became known only now."""
    with _changing:
        _set(Values([*_known, *filter(None, secrets)]))


def _set(secrets: Values) -> None:
    global _known  # noqa: PLW0603 - every module and thread creates errors
    if secrets != _known:  # else a warm instance keeps what it has prepared
        _known = secrets


def clean(text: str) -> str:
    """Return a text without secrets."""
    return text if len(text) < SHORTEST else without_shapes(_known.without(text))


def cleaned(value: Any) -> Any:
    """Return any value without secrets, as data that JSON can hold."""
    return _Data().of(value)


class _Data:
    """One traversal of a value. Each distinct text is searched once."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._keys: dict[Any, tuple[str, bool]] = {}
        self._enclosing: set[int] = set()

    def of(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, (int, float)):
            return _number(value)
        if not isinstance(value, (Mapping, list, tuple, set, frozenset)):
            return self._text(_text_of(value))
        if id(value) in self._enclosing:
            return "(a value that contains itself)"
        if len(self._enclosing) >= _DEEPEST:
            return "(nested too deeply)"
        self._enclosing.add(id(value))
        found = self._mapping(value) if isinstance(value, Mapping) else [self.of(each) for each in value]
        self._enclosing.discard(id(value))
        return found

    def _mapping(self, value: Mapping[Any, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, each in value.items():
            name, secret = self._keys.get(key) or self._key(key)
            if secret and each and not isinstance(each, (int, float)):
                found[name] = HIDDEN
            else:
                found[name] = self.of(each)
        return found

    def _key(self, key: Any) -> tuple[str, bool]:
        name = key if isinstance(key, str) else _text_of(key)
        self._keys[key] = found = clean(name), names_a_secret(name)
        return found

    def _text(self, text: str) -> str:
        found = self._texts.get(text)
        if found is None:
            found = self._texts[text] = clean(text)
        return found


def _number(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and value.bit_length() > _LARGEST_INTEGER_BITS:
        return f"(an integer of {value.bit_length()} bits)"
    return value


def _text_of(value: Any) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - whatever a foreign __str__ raises
        return f"(a {type(value).__name__} whose text raises {type(error).__name__})"
