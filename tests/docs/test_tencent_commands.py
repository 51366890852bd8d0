"""The commands of `tccli` in the documentation, compared with the models of the official SDK."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import warnings
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
VERSIONS = {  # of the services whose models are installed
    "cam": "v20190116",
    "ccc": "v20200210",
    "ckafka": "v20190819",
    "cls": "v20201016",
    "monitor": "v20180724",
    "scf": "v20180416",
    "tdmq": "v20200217",
}
OF_TCCLI = {"region", "filter", "cli-input-json", "endpoint"}
"""Options of `tccli` itself; all others are parameters of the action."""


def commands(page: Path) -> list[str]:
    """Return the commands of a page's shell blocks, each on one line."""
    found = []
    for block in re.findall(
        r"^ *```sh\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    ):
        text = re.sub(r"\\\n\s*", " ", block)
        found += re.findall(r"^ *(tccli \w(?:'[^']*'|\"(?:\\.|[^\"\\])*\"|[^'\"\n])*)", text, re.MULTILINE)
    return found


COMMANDS = [
    pytest.param(command, id=f"{page.stem}-{number}-{command.split()[2]}")
    for page in sorted((ROOT / "docs").glob("*.md"))
    for number, command in enumerate(commands(page))
    if command.split()[1]
    != "eb"  # of emulator.md, which a test of the emulator calls with the SDK's generic client
]


def parsed(command: str) -> tuple[str, str, dict[str, str]]:
    """Return the service, the action and the options of a command, as a shell would hand them over."""
    command = re.split(r" +\| jq", command)[0]
    # What the shell puts in: the content of a file, a time, a variable. `$1` and `$DEFAULT` are in single quotes.
    command = re.sub(
        r'"\$\(cat ([\w./-]+)\)"',
        lambda match: shlex.quote((ROOT / match[1]).read_text(encoding="utf-8")),
        command,
    )
    command = re.sub(r"\$\(date [^()]*%s000\)", "1700000000000", command)
    command = re.sub(r"\$\(date [^()]*\)", "2026-11-23T21:00:00+08:00", command)
    command = re.sub(r"(?<!')'?\$(R|N|LOG|LOGSET|PWD)\b'?(?!')", lambda match: match[1], command)
    _, service, action, *words = shlex.split(command, comments=True)
    assert len(words) % 2 == 0, command
    options = dict(zip(words[::2], words[1::2], strict=True))
    assert all(name.startswith("--") for name in options), command
    return service, action, {name[2:]: value for name, value in options.items()}


def value_of(text: str, kind: str) -> Any:
    """Return a parameter as `tccli` sends it: what is not a text is JSON."""
    if kind == "str":
        return text
    if kind == "bool":
        assert text in {"True", "False", "true", "false"}
        return text.lower() == "true"
    value = json.loads(text)
    if kind == "int":
        assert type(value) is int, text
    elif kind.startswith("list of"):
        assert isinstance(value, list), text
        if kind in {"list of int", "list of str"}:
            assert {type(each).__name__ for each in value} == {kind.removeprefix("list of ")}, text
    else:
        assert isinstance(value, dict), text
    return value


def names_in(models: Any, model: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """Return the names of everything in a model and in the models inside it."""
    found = set()
    for name, kind in kinds(models, model).items():
        found.add(name)
        inner = re.sub(r".*[. `]", "", kind.rstrip("`"))
        if hasattr(models, inner) and inner not in seen:
            found |= names_in(models, inner, seen | {inner})
    return found


def kinds(models: Any, model: str) -> dict[str, str]:
    """Return the types of a model's parameters by name, from its docstring."""
    described = getattr(models, model).__init__.__doc__ or ""
    return {name.lstrip("_"): kind.strip() for name, kind in re.findall(r":type (\w+): ([^\n]+)", described)}


def test_the_commands_are_found() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))
    assert len(COMMANDS) == len(re.findall(r"^ *tccli (?!eb )\w+ [A-Z]", text, re.MULTILINE)) > 50


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one_that_the_official_sdk_knows(command: str) -> None:
    service, action, options = parsed(command)
    models = importlib.import_module(f"tencentcloud.{service}.{VERSIONS[service]}.models")
    known = kinds(models, f"{action}Request")
    given = {name: value for name, value in options.items() if name not in OF_TCCLI}
    assert set(given) <= set(known)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        request = getattr(models, f"{action}Request")()
        request._deserialize({name: value_of(value, known[name]) for name, value in given.items()})
    assert [str(each.message) for each in said] == []  # the SDK warns of names that it does not know
    words = set(re.findall(r"[A-Za-z]+", options.get("filter", "")))
    assert words <= names_in(models, f"{action}Response")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("tccli scf PutReservedConcurrencyConfig --FunctionName f --ReservedConcurrency 0", "unknown"),
        (
            "tccli scf PutReservedConcurrencyConfig --FunctionName f --ReservedConcurrencyMem none",
            "no number",
        ),
        ("tccli scf UpdateTriggerState --FunctionName f", "no such action"),
        (
            "tccli scf UpdateFunctionEventInvokeConfig --FunctionName f --AsyncTriggerConfig '{\"MsgTtl\": 600}'",
            "unknown, inside",
        ),
        ("tccli scf GetFunction --FunctionName f --filter Rolle", "not in the answer"),
    ],
)
def test_a_wrong_command_would_be_noticed(command: str, why: str) -> None:
    with pytest.raises((AssertionError, AttributeError, ValueError)):
        test_a_command_is_one_that_the_official_sdk_knows(command)
