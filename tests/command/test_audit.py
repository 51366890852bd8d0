"""`quiet-hours audit`: who called whom in quiet hours, from CCC's call records."""

from __future__ import annotations

import csv
import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from handler.cloud.pacing import Clock
from local.audit.lines import HEADS
from local.emulator import Emulator, faults
from tests.command.in_process import Done, run_command
from tests.support import APP, DESCRIBE, ENVIRONMENT, LIST

HOURS = {
    "default": {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]},
    "us": {"time_zone": "America/New_York", "quiet": ["21:00-08:00"]},
}
POLICY = {
    "quiet_hours": HOURS,
    "tasks": {"spring": 16498, "us-reminders": {"task_id": 16499, "quiet_hours": "us"}},
}
NOW = datetime(2026, 11, 25, 6, tzinfo=timezone.utc)
MORNING, MIDDAY, DUSK = "2026-11-24T01:30", "2026-11-24T05:00", "2026-11-24T13:00"
"""In UTC. It is 9:30, 13:00 and 21:00 in Shanghai. At midday there it is night in New York."""
NUMBER, MASKED = "008613900001234", "0086139****1234"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


class World:
    """An emulated CCC in which calls were made, and a machine with the function's settings."""

    def __init__(self, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        emulator.limits.default = None
        self.emulator, self.monkeypatch = emulator, monkeypatch
        variables = {
            "CALLOUT_POLICY": json.dumps(POLICY),
            "CALLOUT_SDK_APP_ID": str(APP),
            "CALLOUT_ENDPOINT": emulator.url,
            "CALLOUT_REQUESTS_PER_SECOND": "1000",
        }
        for name, value in (ENVIRONMENT | variables).items():
            monkeypatch.setenv(name, value)
        self.at(NOW)

    def at(self, now: datetime) -> None:
        """Let it be another time, for CCC and for the function."""
        self.emulator.now = now.timestamp
        self.monkeypatch.setattr("handler.main.Clock", lambda: Clock(now=lambda: now))

    def dials(self, id_: int, start: str, calls: int) -> None:
        """Let a task make calls, one a minute, from a minute after `start` on."""
        self.at(utc(start))
        task = self.emulator.tasks.get(APP, id_)
        assert task is not None
        task.calls_per_minute = 1
        self.at(utc(start) + timedelta(minutes=calls))
        self.emulator.tasks.get(APP, id_)
        task.calls_per_minute = 0
        self.at(NOW)

    def somebody_calls(self, start: str, **fields: Any) -> None:
        """Add a call that no task made."""
        fields.setdefault("callee", NUMBER)
        self.emulator.calls.add(sdk_app_id=APP, start=utc(start).timestamp(), **fields)


@pytest.fixture
def world(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.chdir(tmp_path)  # no `.env` of a developer
    return World(emulator, monkeypatch)


def audit(*arguments: str) -> Done:
    return run_command(["audit", *arguments])


def document(*arguments: str, code: int = 0) -> dict[str, Any]:
    done = audit("--json", *arguments)
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def rows(file: str) -> list[dict[str, str]]:
    with Path(file).open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


def lines(done: Done) -> list[str]:
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


def test_a_clean_day_is_exit_code_0_and_says_who_called(world: World) -> None:
    world.dials(16498, MIDDAY, 3)
    world.dials(16499, "2026-11-24T13:30", 2)
    done = audit()
    assert done.returncode == 0, done.stderr
    assert "task 16498 spring 3 0 Tue 2026-11-24 13:01 Tue 2026-11-24 13:03 Asia/Shanghai" in lines(done)
    assert "task 16499 us-reminders 2 0 Tue 2026-11-24 08:31 Tue 2026-11-24 08:32 America/New_York" in lines(
        done
    )
    assert lines(done)[-1] == "Audit of 2026-11-24 (UTC): 5 calls, no violation."
    assert f"Endpoint {world.emulator.url}" in lines(done)


def test_a_day_without_calls_has_no_table(world: World) -> None:
    done = audit()
    assert done.returncode == 0
    assert "MADE BY" not in done.stdout
    assert done.stdout.endswith("\nAudit of 2026-11-24 (UTC): 0 calls, none in quiet hours.\n")


def test_violations_are_exit_code_1_and_their_makers_stand_first(world: World) -> None:
    world.dials(16500, MIDDAY, 9)
    world.dials(16498, "2026-11-24T12:57", 5)
    done = audit()
    assert done.returncode == 1, done.stderr
    shown = lines(done)
    assert shown.index(
        "task 16498 spring 5 3 Tue 2026-11-24 20:58 Tue 2026-11-24 21:02 Asia/Shanghai"
    ) + 1 == (shown.index("task 16500 eu-surveys 9 0 Tue 2026-11-24 05:01 Tue 2026-11-24 05:09 UTC"))
    violations = [line for line in shown if "default: quiet[0] 21:00-09:00" in line]
    assert len(violations) == 3
    assert violations[0].startswith("Tue 2026-11-24 21:00 Asia/Shanghai task 16498 spring 0086138****")
    assert "Audit of 2026-11-24 (UTC): 3 VIOLATIONS among 14 calls." in shown
    assert "9 calls in quiet hours: made by what no rule and no entry covers." in shown


def test_nothing_is_published_and_nothing_but_reading_is_asked(world: World) -> None:
    world.dials(16498, DUSK, 2)
    audit("--csv", "calls.csv")
    assert set(world.emulator.journal.actions()) <= {
        DESCRIBE,
        LIST,
        "DescribePredictiveDialingCampaigns",
        "DescribeTelCdr",
    }
    assert [each.name for each in Path().iterdir()] == ["calls.csv"]


def test_the_file_has_a_line_for_each_suspicious_call_by_its_time(world: World) -> None:
    world.dials(16499, "2026-11-24T11:58", 2)
    world.dials(16498, "2026-11-24T12:59", 2)
    world.dials(16500, "2026-11-24T13:10", 1)
    world.somebody_calls("2026-11-24T13:30")
    world.somebody_calls("2026-11-24T13:40", AIAgentId=7)
    assert audit("--csv", "calls.csv").returncode == 1
    content = Path("calls.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf" + ",".join(HEADS).encode() + b"\r\n")
    found = rows("calls.csv")
    assert [(each["time (UTC)"][11:16], each["verdict"], each["id"]) for each in found] == [
        ("11:59", "violation", "16499"),
        ("12:00", "violation", "16499"),
        ("13:00", "violation", "16498"),
        ("13:01", "violation", "16498"),
        ("13:11", "uncovered", "16500"),
        ("13:30", "unattributed", ""),
        ("13:40", "unknown", ""),
    ]
    first = found[2]
    assert first.pop("session")
    assert first.pop("callee").startswith("0086138****")
    assert first == {
        "time (UTC)": "2026-11-24 13:00:00",
        "local time": "2026-11-24 21:00:00",
        "time zone": "Asia/Shanghai",
        "verdict": "violation",
        "kind": "task",
        "id": "16498",
        "name": "spring",
        "application": str(APP),
        "rule": "",
        "quiet hours": "default",
        "interval": "quiet[0] 21:00-09:00",
    }


def test_a_call_is_a_line_where_only_the_quiet_hours_of_others_held(world: World) -> None:
    world.dials(16498, MIDDAY, 1)
    world.dials(16499, DUSK, 1)
    assert audit("--csv", "calls.csv").returncode == 0
    assert [(each["verdict"], each["quiet hours"], each["interval"]) for each in rows("calls.csv")] == [
        ("allowed", "default", ""),
        ("allowed", "us", ""),
    ]


@pytest.mark.parametrize("name", ["=1+2", "+1", "-1", "@x", " =1", "\t=1", "\r=1", "\u3000=1", "\uff1d1"])
def test_a_cell_is_never_a_formula(world: World, name: str) -> None:
    world.emulator.tasks.add(task_id=16501, sdk_app_id=APP, name=name, state=1)
    world.dials(16501, DUSK, 1)
    world.somebody_calls("2026-11-24T13:30", callee="+8613900001234", session_id='=HYPERLINK("x"), "y"')
    assert audit("--csv", "calls.csv").returncode == 0
    first, second = rows("calls.csv")
    assert first["name"].startswith("'")
    assert first["name"].lstrip("'").strip() == name.strip()
    assert second["session"] == """'=HYPERLINK("x"), "y\""""
    assert second["callee"] == "'+86139****1234"


def test_numbers_are_masked_unless_a_person_asks(world: World) -> None:
    world.dials(16498, DUSK, 1)
    world.somebody_calls("2026-11-24T13:30")
    violation = document("--csv", "calls.csv", code=1)["violations"][0]
    assert "****" in violation["callee"]
    assert rows("calls.csv")[-1]["callee"] == MASKED
    number = document("--csv", "calls.csv", "--show-numbers", code=1)["violations"][0]["callee"]
    assert number.isdecimal()
    assert rows("calls.csv")[-1]["callee"] == NUMBER
    assert number in audit("--show-numbers").stdout
    assert number not in audit().stdout


def test_the_document_is_the_notifications_with_the_makers(world: World) -> None:
    world.dials(16498, "2026-11-24T12:58", 3)
    world.somebody_calls("2026-11-24T13:30")
    found = document(code=1)
    assert (found["status"], found["complete"], found["calls"], len(found["violations"])) == (
        "violations",
        True,
        4,
        2,
    )
    assert found["makers"] == [
        {
            "made_by": "task",
            "id": 16498,
            "name": "spring",
            "sdk_app_id": APP,
            "calls": 3,
            "violations": 2,
            "first": "2026-11-24T12:59:00Z",
            "last": "2026-11-24T13:01:00Z",
            "time_zone": "Asia/Shanghai",
        },
        {
            "made_by": "agents",
            "id": None,
            "name": None,
            "sdk_app_id": APP,
            "calls": 1,
            "violations": 0,
            "first": "2026-11-24T13:30:00Z",
            "last": "2026-11-24T13:30:00Z",
            "time_zone": None,
        },
    ]


def test_agents_calls_are_no_violation_and_those_of_an_ai_agent_are_not_known(world: World) -> None:
    world.somebody_calls(MORNING)
    world.somebody_calls("2026-11-24T13:30")
    clean = audit()
    assert clean.returncode == 0
    assert "agents - 2 0 Tue 2026-11-24 01:30 Tue 2026-11-24 13:30 UTC" in lines(clean)
    assert "1 call in quiet hours: dialled by agents, not by a task or campaign." in lines(clean)
    world.somebody_calls("2026-11-24T13:40", AIAgentId=7)
    done = audit()
    assert done.returncode == 3
    assert "unknown - 1 0 Tue 2026-11-24 13:40 Tue 2026-11-24 13:40 UTC" in lines(done)
    assert "Audit of 2026-11-24 (UTC): INCOMPLETE after 3 calls." in lines(done)


def test_a_call_without_a_time_is_unknown_and_a_line(world: World) -> None:
    world.somebody_calls(MIDDAY, Time=0, StartTimestamp=0)
    assert audit("--csv", "calls.csv").returncode == 3
    (only,) = rows("calls.csv")
    assert (only["time (UTC)"], only["local time"], only["verdict"]) == ("", "", "unknown")


def test_a_campaigns_calls_are_its_own(world: World) -> None:
    world.at(utc("2026-11-24T12:58"))
    world.emulator.campaigns.add(
        campaign_id=2567,
        sdk_app_id=APP,
        name="us-dialing",
        state=1,
        calls_per_minute=1,
        callees=["008613900000001", "008613900000002", "008613900000003"],
    )
    world.at(utc("2026-11-24T13:30"))
    list(world.emulator.campaigns)
    world.at(NOW)
    world.monkeypatch.setenv("CALLOUT_POLICY", json.dumps(POLICY | {"campaigns": {"us-dialing": 2567}}))
    done = audit()
    assert done.returncode == 1
    assert "campaign 2567 us-dialing 3 2 Tue 2026-11-24 20:59 Tue 2026-11-24 21:01 Asia/Shanghai" in lines(
        done
    )


def test_what_could_not_be_read_is_exit_code_3(world: World) -> None:
    world.dials(16498, MIDDAY, 1)
    world.emulator.faults.add(faults.error("UnauthorizedOperation"), action="DescribeTelCdr", times=None)
    done = audit()
    assert done.returncode == 3
    assert "UnauthorizedOperation" in done.stdout
    assert "The next audit has to begin at Tue 2026-11-24 00:00 (UTC)." in lines(done)


def test_dates_are_whole_days_so_two_of_them_are_a_month(world: World) -> None:
    world.at(datetime(2026, 12, 3, tzinfo=timezone.utc))
    for start in ("2026-10-31T23:59:59", "2026-11-01T00:00", "2026-11-30T23:59:59", "2026-12-01T00:00"):
        world.somebody_calls(start)
    found = document("--from", "2026-11-01", "--to", "2026-11-30")
    assert (found["from"], found["to"], found["calls"]) == (
        "2026-11-01T00:00:00Z",
        "2026-12-01T00:00:00Z",
        2,
    )


def test_times_with_an_offset_and_one_end_alone(world: World) -> None:
    for start in ("2026-11-23T15:59", "2026-11-23T16:00", "2026-11-24T15:59", "2026-11-24T16:00"):
        world.somebody_calls(start)
    whole = document("--from", "2026-11-24T00:00:00+08:00", "--to", "2026-11-25T00:00:00+08:00")
    assert whole["calls"] == 2
    assert document("--to", "2026-11-25T00:00:00+08:00")["calls"] == 2
    assert document("--from", "2026-11-24T00:00:00+08:00")["calls"] == 3


@pytest.mark.parametrize(
    "span",
    [("--from", "2026-11-24", "--to", "2026-11-25"), ("--from", "2026-12-24"), ("--to", "2026-11-26")],
)
def test_a_time_to_come_is_no_error_and_makes_it_incomplete(world: World, span: tuple[str, ...]) -> None:
    found = document(*span, code=3)
    assert [each["code"] for each in found["errors"]] == ["NotYet"]
    assert found["from"] <= found["to"] <= found["next_from"]


def test_hundreds_of_tasks_fit_on_a_screen(world: World) -> None:
    for number in range(300):
        world.emulator.tasks.add(task_id=20_000 + number, sdk_app_id=APP, name=f"wave-{number}", state=1)
    world.at(utc(MIDDAY))
    for task in world.emulator.tasks:
        task.calls_per_minute = 1 if task.id >= 20_000 else 0
    world.at(utc(MIDDAY) + timedelta(minutes=2))
    for task in world.emulator.tasks:
        task.calls_per_minute = 0
    world.at(NOW)
    world.dials(16498, DUSK, 1)
    done = audit()
    shown = lines(done)
    assert done.returncode == 1
    assert [line for line in shown if line.startswith("task 16498 ")]
    assert len([line for line in shown if line.startswith("task ")]) == 30
    assert "271 more - 542 0 Tue 2026-11-24 05:01 Tue 2026-11-24 05:02 UTC" in shown
    assert "Audit of 2026-11-24 (UTC): 1 VIOLATION among 601 calls." in shown
    assert len(document(code=1)["makers"]) == 301


def test_another_policy_can_be_tried(world: World, tmp_path: Path) -> None:
    world.dials(16498, MIDDAY, 2)
    other = tmp_path / "policy.json"
    quiet = {"default": {"time_zone": "UTC", "quiet": ["05:00-05:02"]}}
    other.write_text(json.dumps({"quiet_hours": quiet, "rules": [{"sdk_app_id": APP}]}), encoding="utf-8")
    done = audit("--policy", str(other))
    assert done.returncode == 1
    assert "rule 1" in done.stdout
    assert audit().returncode == 0


def wrong(*arguments: str) -> str:
    done = audit(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr.splitlines()[-1]


def test_wrong_use_is_one_sentence_and_nothing_is_asked(world: World, tmp_path: Path) -> None:
    assert wrong("--from", "yesterday") == (
        "quiet-hours: --from 'yesterday' is no time; wanted is a day such as 2026-11-24, or a time such as 2026-11-24T03:00:00+08:00"
    )
    assert "--to '2026-11-24T03:00' has no offset" in wrong("--to", "2026-11-24T03:00")
    assert "--from '2026-11-31' is no day of the calendar" in wrong("--from", "2026-11-31")
    assert "too near to the ends of the calendar" in wrong("--to", "9999-12-31")
    assert wrong("--from", "2026-11-24", "--to", "2026-11-23") == (
        "quiet-hours: --to '2026-11-23' is not after --from '2026-11-24'"
    )
    assert "is not after" in wrong("--from", "2026-11-24T00:00Z", "--to", "2026-11-24T08:00+08:00")
    assert "--csv none/calls.csv cannot be written: No such file or directory" in wrong(
        "--csv", "none/calls.csv"
    )
    assert "cannot be written: it is no regular file" in wrong("--csv", str(tmp_path))
    assert "cannot be written: it is no regular file" in wrong("--csv", "/dev/null")
    assert "--csv wants the name of a file" in wrong("--csv", "")
    assert "cannot be read" in wrong("--policy", "none.yaml")
    assert world.emulator.journal.actions() == []
    assert list(tmp_path.iterdir()) == []


def test_settings_that_are_missing_are_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TENCENTCLOUD_SECRET_KEY")
    assert "TENCENTCLOUD_SECRET_KEY" in wrong()
    for name in [name for name in os.environ if name.startswith("CALLOUT_")]:
        monkeypatch.delenv(name)
    assert "no CALLOUT_ setting was found; set CALLOUT_POLICY" in wrong()


def test_an_older_file_is_replaced_in_the_end_and_only_then(world: World, tmp_path: Path) -> None:
    older = tmp_path / "older.csv"
    older.write_text("older")
    older.chmod(0o640)
    link = tmp_path / "calls.csv"
    link.symlink_to(older)

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with world.monkeypatch.context() as patch:
        patch.setattr("handler.audit.auditor.Auditor.run", dies)
        assert audit("--csv", str(link)).returncode == 130
    assert older.read_text() == "older"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["calls.csv", "older.csv"]
    assert audit("--csv", str(link)).returncode == 0
    assert link.is_symlink()
    assert rows(str(older)) == []
    assert older.stat().st_mode & 0o777 == 0o640


def test_what_was_read_is_shown_even_if_the_file_cannot_be_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    world.dials(16498, DUSK, 1)
    monkeypatch.setattr("local.audit.lines.Lines.finish", full)
    done = audit("--csv", "calls.csv")
    assert done.returncode == 2
    assert "1 VIOLATION among 1 call" in done.stdout
    assert done.stderr.endswith("quiet-hours: --csv calls.csv cannot be written: No space left on device\n")
    assert list(Path().iterdir()) == []


def test_a_name_does_not_command_the_terminal(world: World) -> None:
    name = "us-\x1b[2J\r\n\u202e" + "x" * 500
    world.emulator.tasks.add(task_id=16501, sdk_app_id=APP, name=name, state=1)
    world.dials(16501, DUSK, 1)
    world.monkeypatch.setenv("CALLOUT_POLICY", json.dumps(POLICY | {"rules": [{"name": "us-*"}]}))
    done = audit()
    assert done.returncode == 1
    assert [each for each in ("\x1b", "\r", "\u202e") if each in done.stdout] == []
    assert len([line for line in lines(done) if "task 16501 us-" in line]) == 2
    assert max(map(len, done.stdout.splitlines())) < 250
