"""`quiet-hours emulator` serves until it is stopped."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from handler.cloud.credentials import Credentials
from handler.cloud.tencent_api import TencentApi
from local import command

ROOT = Path(__file__).parents[2]


@contextmanager
def served(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "local.command", "emulator", "--port", "0", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    try:
        line = process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:")
        yield process, line.split()[-1]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_when_it_is_stopped(number: signal.Signals) -> None:
    with served() as (process, _):
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (0, "", "")


def test_it_knows_the_secret_and_the_tasks_that_it_is_given(tmp_path: Path) -> None:
    tasks = tmp_path / "tasks.json"
    tasks.write_text(json.dumps([{"task_id": 7, "sdk_app_id": 8, "name": "seven", "state": 1}]))
    with served("--tasks", str(tasks), "--secret-id", "AKIDME", "--secret-key", "mine") as (_, url):
        ccc = TencentApi(
            "ccc", "2020-02-10", endpoint=url, region=None, identity=Credentials("AKIDME", "mine")
        )
        assert ccc.call("DescribeAutoCalloutTask", {"TaskId": 7, "SdkAppId": 8}, 5)["Name"] == "seven"
        with urlopen(f"{url}/_emulator/journal", timeout=5) as answer:  # noqa: S310 - loopback
            (line,) = answer.read().decode().splitlines()
        assert json.loads(line)["action"] == "DescribeAutoCalloutTask"
        assert "mine" not in line


def test_it_has_the_campaigns_that_it_is_given(tmp_path: Path) -> None:
    campaigns = tmp_path / "campaigns.json"
    campaigns.write_text(json.dumps([{"campaign_id": 7, "sdk_app_id": 8, "name": "seven"}]))
    with served("--campaigns", str(campaigns)) as (_, url):
        with urlopen(f"{url}/_emulator/campaigns", timeout=5) as answer:  # noqa: S310 - loopback
            assert [each["Name"] for each in json.load(answer)] == ["seven"]
        with urlopen(f"{url}/_emulator/tasks", timeout=5) as answer:  # noqa: S310 - loopback
            assert len(json.load(answer)) == 7, "the tasks are those it has without a file"


@pytest.mark.parametrize("kind", ["task", "campaign"])
def test_a_mistake_in_a_file_is_told_with_the_file(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"{kind}s.json"
    path.write_text(json.dumps([{f"{kind}_id": 7}]))
    assert command.main(["emulator", "--port", "0", f"--{kind}s", str(path)]) == 2
    assert capsys.readouterr().err == f"quiet-hours: {path}: [0].sdk_app_id: is missing\n"


def test_without_a_file_there_are_the_tasks_that_the_example_policy_names_and_covers_and_one_more() -> None:
    with served() as (_, url), urlopen(f"{url}/_emulator/tasks", timeout=5) as answer:  # noqa: S310 - loopback
        names = [task["Name"] for task in json.load(answer)]
    assert names == [
        *("spring-renewals", "us-reminders", "eu-surveys"),
        *("us-winter", "cn-winter", "internal winter", "autumn-offers"),
    ]


def test_without_a_port_it_takes_that_of_the_documentation() -> None:
    assert command._parser().parse_args(["emulator"]).port == 8089
    assert "CALLOUT_ENDPOINT=http://127.0.0.1:8089" in (ROOT / "docs/emulator.md").read_text(encoding="utf-8")


def test_a_port_that_is_taken_is_one_clear_line_and_exit_code_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "local.command", "emulator", "--port", port],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert done.returncode == 2
    assert (
        done.stderr
        == f"quiet-hours: port {port} of 127.0.0.1 cannot be had: Address already in use; --port 0 takes a free one\n"
    )
