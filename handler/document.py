"""A text becomes plain data, or a refusal that says where: strict JSON, and YAML as 1.2 means it. Pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from yaml import SafeLoader

_MERGE = "tag:yaml.org,2002:merge"
_HALF_OF_A_PAIR = re.compile("[\ud800-\udfff]")


def parse_json(text: str) -> Any:
    """Give the value of a JSON text.

    Stricter than `json.loads`: a key given twice, `NaN`, `Infinity` and half of a surrogate pair are
    refused, since two readers could understand them differently. Raises `ValueError` with a sentence.
    """
    try:
        value = json.loads(text, object_pairs_hook=_no_key_twice, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}" + _shown(text)
        ) from None
    except RecursionError:
        raise ValueError("not usable JSON: nested too deeply") from None
    check_characters(value)
    return value


def check_characters(value: Any) -> None:
    """Raise `ValueError` when a text inside `value` cannot be sent on as UTF-8."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        raise ValueError("not usable JSON: nested too deeply") from None
    except TypeError as error:  # a caller in Python handed over what no platform can
        raise ValueError(f"not JSON: {error}") from None
    if found := _HALF_OF_A_PAIR.search(text):
        raise ValueError(f"holds U+{ord(found.group()):04X}, half of a surrogate pair, which is no character")


def parse_document(text: str) -> Any:
    """Give the value of a YAML or JSON document. Raises `ValueError` with line and column."""
    if text.lstrip()[:1] in {"{", "["}:
        try:
            return parse_json(text)
        except ValueError as error:
            if text.lstrip().startswith("["):
                raise
            json_problem = error
        try:  # `{a: b}` is YAML too
            return _parse_yaml(text)
        except ValueError:
            raise json_problem from None
    return _parse_yaml(text)


def _parse_yaml(text: str) -> Any:
    import yaml  # noqa: PLC0415 - 20 ms of cold start that a policy in JSON need not pay

    try:
        value = yaml.load(text, Loader=_yaml_loader())  # noqa: S506 - a SafeLoader, see below
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ValueError(f"not YAML: {error.problem}{where}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"not YAML: {error}") from None
    check_characters(value)
    return value


def _yaml_loader() -> type[SafeLoader]:
    """Give a loader that reads plain words as YAML 1.2 does.

    In YAML 1.1, which PyYAML follows, `NO` (Norway's holidays) is false, `21:00` the number 1260 and
    `2026-12-24` a date. Source: YAML 1.2.2, section 10.3.2, core schema.
    """
    import yaml  # noqa: PLC0415

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own form

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
            seen: set[Any] = set()
            for key_node, _ in node.value:
                if key_node.tag == _MERGE:
                    continue
                key = self.construct_object(key_node, deep=True)
                if not isinstance(key, str):
                    _refuse(key_node, f"the key {key!r} is wanted as a text; write it in quotes")
                if key in seen:
                    _refuse(key_node, f"the key {key!r} stands twice")
                seen.add(key)
            return super().construct_mapping(node, deep=deep)

    def _refuse(node: Any, problem: str) -> NoReturn:
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)

    for tag, pattern, first in (
        ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
        ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
        ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+0123456789."),
        ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
        ("merge", r"^<<$", "<"),  # YAML 1.1's, since people do write `<<: *shared`
    ):
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))
    Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value))  # 010 is ten
    return Loader


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"not usable JSON: the key {twice!r} stands twice")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"not usable JSON: {name} is no JSON number")


def _shown(text: str) -> str:
    start = text.strip()[:40]
    return f", in {start!r}" if start else " (it is empty)"
