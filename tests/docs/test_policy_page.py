"""`docs/policy.md` shows what `quiet-hours` prints; `python -m tests.docs.test_policy_page` writes it there.

A block shows one command or several. Where the name of the block is followed by `at TIME`, it is that time.
"""

from __future__ import annotations

import re
import shlex
from datetime import datetime, tzinfo
from pathlib import Path

import pytest

from tests.command.in_process import run_command

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "policy.md"
EXAMPLE = re.compile(
    r"```yaml\n(?P<policy>.*?)```\n\n<!-- preview: (?P<name>[\w-]+)(?: at (?P<at>\S+))? -->\n"
    r"```text\n(?P<shown>\$ quiet-hours .*?)```\n",
    re.DOTALL,
)
COMMAND = re.compile(r"^\$ quiet-hours (.*)\n", re.MULTILINE)


def examples() -> list[re.Match[str]]:
    return list(EXAMPLE.finditer(PAGE.read_text(encoding="utf-8")))


def printed(example: re.Match[str], folder: Path) -> str:
    """Return the commands of an example, each with what it prints now."""
    (folder / "policy.yaml").write_text(example["policy"], encoding="utf-8")
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", "80")
        if example["at"]:
            patch.setattr("local.hours.datetime", stopped_at(datetime.fromisoformat(example["at"])))
        for arguments in COMMAND.findall(example["shown"]):
            done = run_command(shlex.split(arguments))
            assert done.returncode == 0, done.stderr
            found.append(f"$ quiet-hours {arguments}\n{done.stdout}")
    return "\n".join(found)


def stopped_at(at: datetime) -> type[datetime]:
    """Return a `datetime` whose `now` is always the same instant."""

    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return at.astimezone(tz)

    return Stopped


def test_every_example_has_its_preview() -> None:
    assert len(examples()) == PAGE.read_text(encoding="utf-8").count("<!-- preview: ") > 10


@pytest.mark.parametrize("example", examples(), ids=lambda example: example["name"])
def test_a_preview_shown_is_what_the_command_prints(example: re.Match[str], tmp_path: Path) -> None:
    assert example["shown"] == printed(example, tmp_path)


def test_the_four_policies_are_checked_as_well() -> None:
    page = PAGE.read_text(encoding="utf-8")
    section = page[page.index("## Four policies") : page.index("## What is refused")]
    four = [COMMAND.findall(example["shown"]) for example in EXAMPLE.finditer(section)]
    assert [each[0] for each in four] == ["check policy.yaml"] * 4
    assert all(any(command.startswith("preview ") for command in each) for each in four)


if __name__ == "__main__":
    import tempfile

    def again(example: re.Match[str]) -> str:
        with tempfile.TemporaryDirectory() as folder:
            return example[0].replace(example["shown"], printed(example, Path(folder)))

    PAGE.write_text(EXAMPLE.sub(again, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
