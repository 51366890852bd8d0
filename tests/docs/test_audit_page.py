"""`docs/audit.md` shows what an audit prints and mails; `python -m tests.docs.test_audit_page` writes it there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from handler.main import handle
from handler.report.for_people import texts
from local.emulator import Emulator
from tests.command.in_process import run_command
from tests.command.test_audit import World
from tests.support import APP

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"
EXAMPLE = re.compile(
    r"<!-- (?P<what>screen|mail): (?P<world>\w+) -->\n```(?:console|text)\n(?P<shown>.*?)```\n", re.DOTALL
)
COMMAND = re.compile(r"^\$ quiet-hours (.*)\n")
TASKS: list[Mapping[str, Any]] = [
    {"task_id": 16498, "sdk_app_id": APP, "name": "spring-renewals", "callees": ["008613800138000"] * 900},
    {"task_id": 16499, "sdk_app_id": APP, "name": "us-reminders", "callees": ["0012125550123"] * 900},
]


def examples() -> list[re.Match[str]]:
    return list(EXAMPLE.finditer(PAGE.read_text(encoding="utf-8")))


@contextmanager
def world(name: str, patch: pytest.MonkeyPatch) -> Iterator[World]:
    """Yield a world of a clean November, or one in which the first task dialled at dusk of the 24th."""
    with Emulator(tasks=TASKS) as emulator:
        here = World(emulator, patch)
        for day in (2, 9, 16, 23):
            here.dials(16498, f"2026-11-{day:02}T05:00", 60)
            here.dials(16499, f"2026-11-{day:02}T15:00", 40)
        here.somebody_calls("2026-11-17T14:00", CallType=1)
        if name == "violation":
            here.dials(16498, "2026-11-24T12:58", 4)
        yield here


def shown(example: re.Match[str], folder: Path) -> str:
    """Return what an example shows now."""
    with pytest.MonkeyPatch.context() as patch, world(example["world"], patch):
        patch.chdir(folder)
        patch.setenv("COLUMNS", "110")
        if example["what"] == "mail":
            return mail()
        command = COMMAND.match(example["shown"])
        assert command
        done = run_command(shlex.split(command[1]))
        _, _, below = done.stdout.partition(
            "\n\n"
        )  # the heading has the time, and where the emulator listens
        return f"{command[0]}\n{below}"


def mail() -> str:
    found: list[Any] = []
    handle({"action": "audit"}, None, inspected=found.append, callout_topic="stdout:")
    report = found[0]._replace(id="7f6e…", source="/callout-quiet-hours/callout-quiet-hours-prod")
    return texts(report, None).email


def test_the_page_has_a_clean_month_and_a_violation() -> None:
    found = {(example["what"], example["world"]) for example in examples()}
    assert {("screen", "clean"), ("screen", "violation"), ("mail", "violation")} <= found


@pytest.mark.parametrize("example", examples(), ids=lambda example: f"{example['what']}-{example['world']}")
def test_what_the_page_shows_is_what_an_audit_says(example: re.Match[str], tmp_path: Path) -> None:
    assert example["shown"] == shown(example, tmp_path)


if __name__ == "__main__":
    import tempfile

    def again(example: re.Match[str]) -> str:
        with tempfile.TemporaryDirectory() as folder:
            return example[0].replace(example["shown"], shown(example, Path(folder)))

    PAGE.write_text(EXAMPLE.sub(again, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
