"""docs/emulator.md does what it shows, and names all there is."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from local.emulator import Emulator, Options, faults
from local.emulator.ccc import calls, campaigns, tasks

PAGE = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text("utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
POSTS = re.findall(r"curl (?:-d '(.*?)'|-X POST) \$E/(\w+)", PAGE)


def test_the_page_starts_an_emulator(capsys: pytest.CaptureFixture[str]) -> None:
    exec(PYTHON[0], {})  # noqa: S102
    assert capsys.readouterr().out.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("number", range(1, len(PYTHON)))
def test_an_example_in_python_runs(emulator: Emulator, number: int) -> None:
    names: dict[str, Any] = {}
    exec(PYTHON[0].split("\n")[0], names)  # noqa: S102 - its import
    exec(PYTHON[number], names | {"emulator": emulator})  # noqa: S102


@pytest.mark.parametrize(("document", "path"), POSTS, ids=str)
def test_an_example_of_the_control_plane_is_accepted(wire: Any, document: str, path: str) -> None:
    assert wire.control("POST", path, json.loads(document or "{}")).status == 200


def test_there_are_examples() -> None:
    assert (len(PYTHON), len(POSTS)) == (6, 9)


@pytest.mark.parametrize(
    "name",
    [
        *faults.NAMED,
        *(option.name for option in fields(Options)),
        *tasks.SCHEMA.keys,
        *campaigns.SCHEMA.keys,
        *calls.KEYS,
    ],
)
def test_every_fault_option_and_key_is_on_the_page(name: str) -> None:
    assert f"`{name}`" in PAGE
