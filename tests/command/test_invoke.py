"""`quiet-hours invoke` as a person uses it: by subprocess, for its output, exit code and the lack of a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from handler.quiet_hours import QuietHours
from local.emulator import Emulator, faults
from local.world import POLICY
from tests.command.in_process import run_command
from tests.support import APP, ENVIRONMENT

ROOT = Path(__file__).parents[2]
SAMPLES = json.loads((ROOT / "tests/samples.json").read_text(encoding="utf-8"))
NIGHT_IN_NEW_YORK = "2026-11-23T23:30:00-05:00"


@pytest.fixture
def run(tmp_path: Path) -> Any:
    def quiet_hours(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "local.command", *arguments],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done

    return quiet_hours


def event(name: str) -> str:
    return str(ROOT / f"events/{name}.json")


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_every_sample_runs_in_the_embedded_world(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run_command(["invoke", event(name), "--at", NIGHT_IN_NEW_YORK])
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line[:2] == "16"}
    assert sorted(rows) == [str(task_id) for task_id in SAMPLES[name]["tasks"]]
    if "16498" in rows:
        assert rows["16498"].split()[2:6] == ["default", "running", "not_quiet", "running"]
    if "16499" in rows:
        assert rows["16499"].split()[2:6] == ["us-east", "running", "paused", "paused"]
    assert "Notification, as the subscriber of arn:aws:sns:" in done.stdout


def test_the_decision_is_told_with_its_reason_and_how_long_it_lasts(run: Any) -> None:
    done = run("invoke", event("scf-timer"), "--at", NIGHT_IN_NEW_YORK)
    assert "us-east: quiet in America/New_York until Tue 08:00, 8 h 30 min from now" in done.stdout
    assert "Time      Tue 2026-11-24 04:30:00 UTC" in done.stdout


def test_json_prints_the_answer_alone(run: Any) -> None:
    done = run("invoke", event("scf-timer"), "--at", NIGHT_IN_NEW_YORK, "--json")
    answer = json.loads(done.stdout)
    assert answer["summary"] == {"not_quiet": 1, "paused": 2}
    assert done.stderr == ""


def test_logs_go_to_standard_error(run: Any) -> None:
    done = run("invoke", event("scf-timer"), "--json", "--logs")
    assert json.loads(done.stdout)
    assert json.loads(done.stderr.splitlines()[-1])["message"] == "invocation"


def test_credentials_alone_do_not_leave_the_embedded_world(run: Any) -> None:
    done = run(
        "invoke", event("scf-timer"), TENCENTCLOUD_SECRET_ID="somebody", TENCENTCLOUD_SECRET_KEY="real"
    )
    assert done.returncode == 0
    assert "the embedded world" in done.stdout


def test_what_is_set_for_the_real_aws_does_not_reach_the_embedded_world(run: Any) -> None:
    done = run("invoke", event("scf-timer"), AWS_PROFILE="nobody", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert done.returncode == 0, done.stderr
    assert "Notification, as the subscriber" in done.stdout


REAL = {
    **ENVIRONMENT,
    "CALLOUT_SDK_APP_ID": str(APP),
    "CALLOUT_POLICY": json.dumps(
        {
            "quiet_hours": {"default": {"time_zone": "UTC", "quiet": ["00:00-24:00"]}},
            "tasks": {"spring": 16498},
        }
    ),
}


def test_with_settings_it_talks_to_what_they_name(run: Any, emulator: Emulator) -> None:
    done = run("invoke", event("scf-timer"), CALLOUT_ENDPOINT=emulator.url, **REAL)
    assert done.returncode == 0, done.stderr
    assert "the real thing" in done.stdout
    assert '"specversion": "1.0"' in done.stdout
    assert emulator.tasks.state(16498) == 5


def test_a_failed_pause_is_exit_code_1(run: Any, emulator: Emulator) -> None:
    emulator.faults.add(faults.error("UnauthorizedOperation", "you may not"))
    done = run("invoke", event("scf-timer"), CALLOUT_ENDPOINT=emulator.url, **REAL)
    assert done.returncode == 1
    assert "UnauthorizedOperation: you may not" in done.stdout
    assert done.stderr.startswith(
        "quiet-hours: not everything was done; the trigger was told: failed: task 16498"
    )
    assert emulator.tasks.state(16498) == 1


def test_a_message_that_is_no_request_is_exit_code_1(run: Any, tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text('{"tasks": ["16498"]}')
    done = run("invoke", "event.json")
    assert done.returncode == 1
    assert 'a number is written without quotes: 16498, not "16498"' in done.stderr


def test_settings_are_read_from_a_file_too(run: Any, emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("".join(f"{name}='{value}'\n" for name, value in REAL.items()))
    done = run("invoke", event("scf-timer"), CALLOUT_ENDPOINT=emulator.url)
    assert done.returncode == 0, done.stderr
    assert emulator.tasks.state(16498) == 5


WRONG: list[tuple[list[str], dict[str, str], str]] = [
    (["invoke", "no-such-event.json"], {}, "no-such-event.json cannot be read: No such file or directory"),
    (["invoke", "."], {}, ". cannot be read: Is a directory"),
    (["invoke", "bad.json"], {}, "bad.json is not JSON: Expecting property name"),
    (["invoke", "twice.json"], {}, "twice.json is not usable JSON: the key 'a' stands twice"),
    (
        ["invoke", event("scf-timer"), "--at", "yesterday"],
        {},
        "--at 'yesterday' is no time; wanted is one such as",
    ),
    (["invoke", event("scf-timer"), "--at", "2026-11-23T21:00"], {}, "has no offset; write one, such as"),
    (
        ["invoke", event("scf-timer")],
        REAL | {"TENCENTCLOUD_SECRET_ID": "", "TENCENTCLOUD_SECRET_KEY": ""},
        "there are no credentials; set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY",
    ),
    (
        ["invoke", event("scf-timer")],
        REAL | {"TENCENTCLOUD_SECRET_KEY": ""},
        "the credentials are incomplete: TENCENTCLOUD_SECRET_ID is set, TENCENTCLOUD_SECRET_KEY is not",
    ),
    (
        ["invoke", event("scf-timer")],
        REAL | {"CALLOUT_POLICY": "nowhere.yaml"},
        "policy nowhere.yaml: cannot be read: No such file or directory",
    ),
    (
        ["invoke", event("scf-timer")],
        REAL | {"CALLOUT_POLICY": '{"quiet_hours": {"default": {"time_zone": "Asia/Shangai"}}}'},
        "policy in CALLOUT_POLICY: quiet_hours.default.time_zone:",
    ),
    (
        ["invoke", event("scf-timer")],
        REAL | {"CALLOUT_TOPIC": "nonsense"},
        "settings: CALLOUT_TOPIC: 'nonsense'",
    ),
    (["invoke", "/dev/zero"], {}, "/dev/zero cannot be read: it is longer than 20,000,000 bytes"),
    (["emulator", "--port", "0", "--tasks", "nowhere.json"], {}, "nowhere.json cannot be read"),
    (
        ["emulator", "--port", "0", "--tasks", "tasks.json"],
        {},
        "tasks.json: [0].task_id: int is wanted, not 'x'",
    ),
]


@pytest.mark.parametrize(("arguments", "environment", "line"), WRONG)
def test_wrong_use_is_one_clear_line_and_exit_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    environment: dict[str, str],
    line: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "bad.json").write_text("{'a': 1}")
    (tmp_path / "twice.json").write_text('{"a": 1, "a": 2}')
    (tmp_path / "tasks.json").write_text('[{"task_id": "x"}]')
    done = run_command(arguments)
    assert done.returncode == 2
    assert line in done.stderr
    assert done.stderr.startswith("quiet-hours: ")
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["invoke"], ["emulator"], ["emulator", "--port", "x"]]
)
def test_wrong_arguments_are_told_with_the_usage_and_exit_code_2(run: Any, arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: quiet-hours")


def test_in_the_embedded_world_somebody_sleeps_and_somebody_does_not_at_any_time() -> None:
    hours = [QuietHours.model_validate(each) for each in POLICY["quiet_hours"].values()]
    at = datetime(2026, 1, 1, tzinfo=timezone.utc)
    for _ in range(366 * 24 * 4):
        assert len({each.is_quiet(at) for each in hours}) == 2, at
        at += timedelta(minutes=15)
