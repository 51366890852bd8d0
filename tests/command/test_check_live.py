"""`quiet-hours check --live` shows what the function's own check finds, and publishes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local.emulator import Emulator
from tests.command.in_process import Done, run_command
from tests.support import APP, ENVIRONMENT, LIST, SECRET_KEY

HOURS: dict[str, Any] = {"default": {"time_zone": "UTC", "quiet": ["21:00-08:00"]}}


@pytest.fixture
def topic() -> Iterator[str]:
    with mock_aws():
        yield boto3.client("sns", region_name="us-east-1").create_topic(Name="reports")["TopicArn"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # no `.env` of a developer


def live(
    monkeypatch: pytest.MonkeyPatch, emulator: Emulator, topic: str, tasks: Any, **settings: str
) -> Done:
    """Run the command with real settings, against an emulator that it takes for CCC."""
    policy = json.dumps({"quiet_hours": HOURS, "tasks": tasks})
    variables = ENVIRONMENT | {
        "CALLOUT_POLICY": policy,
        "CALLOUT_SDK_APP_ID": str(APP),
        "CALLOUT_ENDPOINT": emulator.url,
        "CALLOUT_TOPIC": topic,
    }
    for name, value in (variables | settings).items():
        monkeypatch.setenv(name, value)
    return run_command(["check", "--live"])


def test_without_settings_it_asks_the_embedded_world() -> None:
    done = run_command(["check", "--live"])
    assert done.returncode == 0
    assert "the embedded world" in done.stdout
    assert "Check: 1 WARNING. Checked 1 application and 4 tasks and campaigns" in done.stdout


def test_with_settings_it_asks_ccc_and_the_topic_and_publishes_nothing(
    monkeypatch: pytest.MonkeyPatch, emulator: Emulator, topic: str
) -> None:
    done = live(monkeypatch, emulator, topic, {"spring-renewals": 16498})
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Endpoint     {emulator.url}" in done.stdout
    assert "Check: everything is in order." in done.stdout
    assert emulator.journal.actions() == [LIST]


def test_errors_are_a_table_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, emulator: Emulator, topic: str
) -> None:
    done = live(monkeypatch, emulator, topic + "-deleted", {"gone": 99, "summer-sale": 16498})
    assert done.returncode == 1
    rows = [line.split()[:2] for line in done.stdout.splitlines() if line.startswith(("ERROR", "WARNING"))]
    assert rows == [["ERROR", "TaskNotFound"], ["ERROR", "NotFound"], ["WARNING", "NameDiffers"]]
    assert "Check: 2 ERRORS, 1 WARNING." in done.stdout


def test_warnings_are_exit_code_0(monkeypatch: pytest.MonkeyPatch, emulator: Emulator, topic: str) -> None:
    assert live(monkeypatch, emulator, topic, {"summer-sale": 16498}).returncode == 0


def test_a_key_is_never_shown(monkeypatch: pytest.MonkeyPatch, emulator: Emulator, topic: str) -> None:
    done = live(monkeypatch, emulator, topic, {"a": 16498}, TENCENTCLOUD_SECRET_ID="AKIDOTHER")
    assert done.returncode == 1
    assert "AuthFailure.SecretIdNotFound" in done.stdout
    assert SECRET_KEY not in done.stdout + done.stderr


def test_missing_credentials_are_named(
    monkeypatch: pytest.MonkeyPatch, emulator: Emulator, topic: str
) -> None:
    done = live(monkeypatch, emulator, topic, {"a": 1}, TENCENTCLOUD_SECRET_KEY="")
    assert done.returncode == 2
    assert "TENCENTCLOUD_SECRET_KEY" in done.stderr


def test_a_faulty_policy_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    faulty = tmp_path / "faulty.yaml"
    faulty.write_text("quiet_hours: {default: {time_zone: Mars/Base, quiet: [21:00-08:00]}}")
    done = run_command(["check", str(faulty), "--live"])
    assert done.returncode == 2
    assert "quiet_hours.default.time_zone" in done.stderr
