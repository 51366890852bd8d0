"""`docs/policy.md` shows what `quiet-hours preview` prints; `python -m tests.docs.test_policy_page` writes it there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.command.in_process import run_command

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "policy.md"
EXAMPLE = re.compile(
    r"```yaml\n(?P<policy>.*?)```\n\n<!-- preview: (?P<name>[\w-]+) -->\n```text\n\$ quiet-hours (?P<arguments>[^\n]*)\n(?P<output>.*?)```\n",
    re.DOTALL,
)


def examples() -> list[re.Match[str]]:
    return list(EXAMPLE.finditer(PAGE.read_text(encoding="utf-8")))


def printed(policy: str, arguments: str, folder: Path) -> str:
    (folder / "policy.yaml").write_text(policy, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", "80")
        done = run_command(shlex.split(arguments))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_has_its_preview() -> None:
    assert len(examples()) == PAGE.read_text(encoding="utf-8").count("<!-- preview: ") > 10


@pytest.mark.parametrize("example", examples(), ids=lambda example: example["name"])
def test_a_preview_shown_is_what_the_command_prints(example: re.Match[str], tmp_path: Path) -> None:
    assert example["output"] == printed(example["policy"], example["arguments"], tmp_path)


if __name__ == "__main__":
    import tempfile

    def again(example: re.Match[str]) -> str:
        with tempfile.TemporaryDirectory() as folder:
            output = printed(example["policy"], example["arguments"], Path(folder))
        return (
            example[0].replace(example["output"], output)
            if example["output"]
            else example[0][: -len("```\n")] + output + "```\n"
        )

    PAGE.write_text(EXAMPLE.sub(again, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
