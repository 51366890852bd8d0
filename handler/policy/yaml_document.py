"""A YAML text becomes plain data, or a refusal that says where: no tags, few aliases. Pure.

The data is built from the parser's events, one by one: what would take memory or time beyond measure is
refused before it is built. Plain words are read as YAML 1.2 reads them. In YAML 1.1, which PyYAML follows,
`NO` (Norway's holidays) is false, `21:00` the number 1260 and `2026-12-24` a date. Source: YAML 1.2.2,
section 10.3.2, core schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NoReturn

import yaml

from handler.errors.sentences import given, shortened
from handler.policy.json_document import DEEPEST, at, half_of_a_pair

LONGEST = 1_000_000
"""Characters of a YAML document."""
MOST_NODES = 150_000
"""Texts, numbers, lists and mappings of a YAML document."""
MOST_ALIASES = 50
MOST_EXPANDED = 10_000
"""Nodes that all aliases together may stand for; a long text counts as one for each hundred characters."""

_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Libyaml is ten times as fast, and PyYAML's own parser says better what is wrong.
_LONGEST_TO_EXPLAIN = 10_000
_MERGE = "<<"  # YAML 1.1's, since people do write `<<: *shared`
_TAGS = "tag:yaml.org,2002:"
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DIRECTIVE = re.compile(r"^%(?!YAML\s)", re.MULTILINE)

_Sized = tuple[Any, int]
"""A value, and as how many nodes it counts."""


def parse_yaml(text: str) -> Any:
    """Return the value of a YAML document. Raises `ValueError` with line and column."""
    if len(text) > LONGEST:
        raise ValueError(f"not usable YAML: it has {len(text):,} characters, {LONGEST:,} are allowed")
    for pattern, problem in (
        (yaml.reader.Reader.NON_PRINTABLE, "unacceptable character U+{:04X}"),
        (_DIRECTIVE, "a directive (a line that begins with {!r}) is not allowed"),
    ):
        if found := pattern.search(text):
            sign = found.group()
            raise ValueError(
                f"not YAML: {problem.format('%' if sign == '%' else ord(sign))}{at(text, found.start())}"
            )
    try:
        return _Document(text, _PARSER).read()
    except yaml.YAMLError as error:
        refused = _refusal(error)
    if len(text) <= _LONGEST_TO_EXPLAIN:
        try:
            _Document(text, yaml.SafeLoader).read()
        except yaml.YAMLError as error:
            refused = _refusal(error)
    raise refused


class NotAllowedError(ValueError):
    """The text is YAML, and something in it is not allowed here."""


class _Document:
    """The only document of a text, built from its events."""

    def __init__(self, text: str, parser: Any) -> None:
        self._events = _events(text, parser)
        self._anchors: dict[str, _Sized] = {}
        self._nodes = self._aliases = self._expanded = 0

    def read(self) -> Any:
        """Return its value. Raises `ValueError` or `yaml.YAMLError`."""
        next(self._events)  # the stream starts
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        value, _ = self._node(next(self._events), DEEPEST)
        next(self._events)  # the document ends
        if not isinstance(event := next(self._events), yaml.StreamEndEvent):
            _refuse(event, "one document is wanted, and another begins here")
        return value

    def _node(self, event: Any, depth: int) -> _Sized:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        self._nodes += 1
        if self._nodes > MOST_NODES:
            _refuse(event, f"more than {MOST_NODES:,} texts, numbers, lists and mappings")
        if event.tag is not None:
            tag = "!!" + event.tag.removeprefix(_TAGS) if event.tag.startswith(_TAGS) else event.tag
            _refuse(event, f"the tag {shortened(tag, 80)} is not allowed; write the plain value")
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)  # until it is read, it is not there
        if isinstance(event, yaml.ScalarEvent):
            read: _Sized = _scalar(event), 1 + len(event.value) // 100
        elif not depth:
            _refuse(event, f"nested too deeply: {DEEPEST} levels are allowed")
        elif isinstance(event, yaml.SequenceStartEvent):
            read = self._sequence(depth - 1)
        else:
            read = self._mapping(depth - 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = read
        return read

    def _alias(self, event: Any) -> _Sized:
        self._aliases += 1
        if self._aliases > MOST_ALIASES:
            _refuse(event, f"more than {MOST_ALIASES} aliases; write out what they stand for")
        read = self._anchors.get(event.anchor)
        if read is None:
            _refuse(event, f"the alias {given(event.anchor)} stands for nothing that ends before it")
        self._expanded += read[1]
        if self._expanded > MOST_EXPANDED:
            _refuse(event, f"aliases stand for more than {MOST_EXPANDED:,} nodes; write less, or each out")
        return read

    def _sequence(self, depth: int) -> _Sized:
        values, size = [], 1
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            value, more = self._node(event, depth)
            values.append(value)
            size += more
        return values, size

    def _mapping(self, depth: int) -> _Sized:
        own: dict[str, Any] = {}
        merged: dict[str, Any] | None = None
        size = 1
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key, of_key = self._node(event, depth)
            value, of_value = self._node(at_value := next(self._events), depth)
            size += of_key + of_value
            if _is_merge(event):
                if merged is not None:
                    _refuse(event, "the key '<<' stands twice; give one with a list")
                merged = _merged(at_value, value)
            elif not isinstance(key, str):
                _refuse(event, f"the key {given(key)} is wanted as a text; write it in quotes")
            elif key in own:
                _refuse(event, f"the key {shortened(repr(key), 80)} stands twice")
            else:
                own[key] = value
        return (merged or {}) | own, size


def _events(text: str, parser: Any) -> Iterator[Any]:
    loader = parser(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    except yaml.YAMLError:
        raise
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        # PyYAML's own mistakes, such as chr() of what an escape says.
        raise yaml.MarkedYAMLError(problem=str(error), problem_mark=loader.get_mark()) from None
    finally:
        loader.dispose()


def _scalar(event: Any) -> Any:
    text = event.value
    if problem := half_of_a_pair(text):
        _refuse(event, problem)
    if not event.implicit[0]:  # in quotes, or a block
        return text
    if text in _WORDS:
        return _WORDS[text]
    try:
        if _INTEGER.fullmatch(text):
            return int(text)  # 010 is ten
        number = float(text) if _FLOAT.fullmatch(text) else None
    except ValueError as error:  # thousands of digits
        _refuse(event, str(error))
    if number is not None and number - number != 0:
        _refuse(event, f"the number {shortened(text, 40)} is too large")
    return text if number is None else number


def _is_merge(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == _MERGE and bool(event.implicit[0])


def _merged(event: Any, value: Any) -> dict[str, Any]:
    """Return what `<<` takes over: of several mappings that have a key, the first one's value."""
    parts = value if isinstance(value, list) else [value]
    merged: dict[str, Any] = {}
    for part in reversed(parts):
        if not isinstance(part, dict):
            _refuse(event, f"after << a mapping is wanted, or a list of them, not {given(part)}")
        merged |= part
    return merged


def _refuse(event: Any, problem: str) -> NoReturn:
    mark = event.start_mark
    raise NotAllowedError(f"not YAML: {problem} at line {mark.line + 1}, column {mark.column + 1}")


def _refusal(error: yaml.YAMLError) -> ValueError:
    problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return ValueError(f"not YAML: {shortened(problem or str(error))}{where}")
