"""`quiet-hours ledger`: what the function holds paused, and what it is made to forget."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from handler.cloud.pacing import Backoff, Clock
from handler.main import handle
from handler.topics.notifier import Memory
from local.emulator import Emulator, faults
from tests.command.in_process import Done, run_command
from tests.support import APP, DESCRIBE, ENVIRONMENT, LIST, RESUME

HOURS = {"default": {"time_zone": "UTC", "quiet": ["00:00-24:00"]}}
POLICY = {"quiet_hours": HOURS, "tasks": {"spring-renewals": 16498, "us-reminders": 16499}}
LONG_AGO = {"default": {"time_zone": "UTC", "quiet": ["1999-01-01T00:00Z/1999-01-02T00:00Z"]}}
NEVER_QUIET = json.dumps(POLICY | {"quiet_hours": LONG_AGO})
SPRING = f"task/{APP}/16498"


class Held:
    """A function that works on an emulator, and the command with the same settings."""

    def __init__(self, emulator: Emulator, ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
        emulator.limits.default = None
        self.emulator = emulator
        variables = {
            "CALLOUT_POLICY": json.dumps(POLICY),
            "CALLOUT_SDK_APP_ID": str(APP),
            "CALLOUT_ENDPOINT": emulator.url,
            "CALLOUT_LEDGER": ledger,
        }
        for name, value in (ENVIRONMENT | variables).items():
            monkeypatch.setenv(name, value)

    def wake(self, action: str = "enforce", after: timedelta = timedelta(0), **more: Any) -> None:
        request = {"action": action} | {name: more.pop(name) for name in ("tasks", "force") if name in more}
        event = {"Type": "Timer", "TriggerName": "t", "Message": json.dumps(request)}
        self.emulator.now = lambda: time.time() + after.total_seconds()
        clock = Clock(now=lambda: datetime.now(timezone.utc) + after)
        handle(event, clock=clock, backoff=Backoff(attempts=2, jitter=lambda: 0.0), memory=Memory(), **more)

    def listed(self) -> list[dict[str, Any]]:
        done = run_command(["ledger", "--json"])
        assert done.returncode == 0, done.stderr
        held: list[dict[str, Any]] = json.loads(done.stdout)["held"]
        return held


@pytest.fixture(params=["file", "cos"])
def held(
    request: pytest.FixtureRequest, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Held:
    monkeypatch.chdir(tmp_path)  # no `.env` of a developer
    cos = "cos://ledger-1250000000/quiet?region=ap-guangzhou"
    return Held(emulator, f"file:{tmp_path}/ledger" if request.param == "file" else cos, monkeypatch)


def states(of: Held) -> list[tuple[int, str]]:
    return [(each["id"], each["status"]) for each in of.listed()]


def test_what_is_held_is_listed_with_its_name_since_when_and_until_when(held: Held) -> None:
    held.wake()
    first = held.listed()[0]
    assert {key: first[key] for key in ("kind", "sdk_app_id", "id", "name", "status", "quiet_hours")} == {
        "kind": "task",
        "sdk_app_id": APP,
        "id": 16498,
        "name": "spring-renewals",
        "status": "held",
        "quiet_hours": "default",
    }
    assert first["since"].startswith(f"{datetime.now(timezone.utc):%Y-}")
    assert first["until"] is None
    page = run_command(["ledger", "list"]).stdout
    assert f"{SPRING}" in page
    assert "held: it is resumed after its quiet hours" in page


def test_forget_closes_the_note_so_that_the_morning_does_not_resume(held: Held) -> None:
    held.wake()
    done = run_command(["ledger", "forget", SPRING])
    assert (done.returncode, done.stdout) == (0, f"forgotten: {SPRING}; it stays as it is\n")
    assert states(held) == [(16499, "held")]
    held.wake(after=timedelta(minutes=2), callout_policy=NEVER_QUIET)
    resumed = [each.params["TaskId"] for each in held.emulator.journal.entries if each.action == RESUME]
    assert resumed == [16499]
    assert states(held) == []


def test_forced_and_blind_are_told_apart(held: Held) -> None:
    held.wake("pause", tasks=[16499], force=True)
    for api in (DESCRIBE, LIST):
        held.emulator.faults.add(faults.error("InternalError"), action=api, times=None)
    held.wake(tasks=[16498])
    held.emulator.faults.clear()
    assert states(held) == [(16498, "blind"), (16499, "forced")]
    assert "forced: it stays paused until a person resumes it" in run_command(["ledger"]).stdout


def test_a_resume_that_could_not_be_confirmed_is_listed(held: Held) -> None:
    held.wake()
    held.emulator.faults.add(faults.error("InternalError"), action=RESUME, times=1)
    held.wake(after=timedelta(minutes=2), callout_policy=NEVER_QUIET)
    assert [status for _, status in states(held)] == ["unconfirmed"]


def test_an_empty_ledger_says_so(held: Held, tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    done = run_command(["ledger"])
    assert (done.returncode, done.stderr) == (0, "")
    assert "holds nothing" in done.stdout


def test_what_is_not_held_cannot_be_forgotten(held: Held) -> None:
    held.wake()
    done = run_command(["ledger", "forget", SPRING, "campaign/1/2", "--json"])
    assert json.loads(done.stdout) == {"forgotten": [SPRING], "not_held": ["campaign/1/2"]}
    assert done.returncode == 1
    assert done.stderr == "quiet-hours: the ledger holds no open note of campaign/1/2\n"


def test_a_dry_run_forgets_nothing(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    held.wake()
    monkeypatch.setenv("CALLOUT_DRY_RUN", "true")
    assert wrong("forget", SPRING) == "quiet-hours: CALLOUT_DRY_RUN is set, so nothing is forgotten"
    assert len(held.listed()) == 2


def test_a_ledger_out_of_reach_is_one_sentence(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    held.wake()
    held.emulator.objects.only = set()
    monkeypatch.setenv("CALLOUT_LEDGER", "cos://gone-1250000000/quiet?region=ap-guangzhou")
    done = run_command(["ledger"])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("quiet-hours: the ledger cannot be used: NoSuchBucket")


@pytest.mark.parametrize("command", [[], ["forget", SPRING]])
def test_a_folder_that_is_not_there_is_no_empty_ledger(
    held: Held, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("CALLOUT_LEDGER", "file:nowhere")
    told = wrong(*command)
    assert told.startswith(f'quiet-hours: CALLOUT_LEDGER "file:nowhere": {tmp_path}/nowhere does not exist; ')
    assert told.endswith("; wanted is the folder of the function's ledger, which its first pause makes")
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "nowhere").write_bytes(b"")
    assert f"{tmp_path}/nowhere is no folder; " in wrong(*command)


def test_without_a_ledger_its_variable_is_named(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLOUT_LEDGER")
    assert "CALLOUT_LEDGER: is not set; wanted is the function's, such as s3://BUCKET/PREFIX" in wrong()


def wrong(*arguments: str) -> str:
    done: Done = run_command(["ledger", *arguments])
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr.splitlines()[-1]


def test_wrong_use_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "no CALLOUT_ setting was found; set CALLOUT_LEDGER" in wrong()
    for text in ("16498", "job/1/2", "task/1", "task/0/1", "task/1/2/3", "task/1/-2"):
        assert "wanted is KIND/APP/ID, such as task/1400692008/16498 or campaign/" in wrong("forget", text)
    assert "required: KIND/APP/ID" in wrong("forget")
