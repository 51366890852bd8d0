"""`quiet-hours simulate`: a night of the real handler, in seconds."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from handler.errors import UnfinishedError
from handler.policy.source import load
from local.invoke import Run
from local.night import plan, run
from local.world import APP, EXAMPLE, targets_of
from tests.command.in_process import Done, run_command

EVENING = "2026-11-24T20:20:00+08:00"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # no `.env` of a developer


def policy(tmp_path: Path, **parts: Any) -> str:
    hours = {"default": {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]}}
    tasks = {"spring-renewals": 16498, "held-back": {"task_id": 16499, "resume": False}}
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({"quiet_hours": hours, "tasks": tasks} | parts), encoding="utf-8")
    return str(path)


def simulated(*arguments: str) -> dict[str, Any]:
    done = run_command(["simulate", *arguments, "--json"])
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def timeline(document: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    return [
        (each["time"][8:16], each["event"], [target["name"] for target in each["targets"]])
        for each in document["timeline"]
    ]


def test_what_was_paused_at_dusk_is_resumed_and_what_a_person_paused_is_left() -> None:
    document = simulated("--from", EVENING, "--hours", "26")
    china = ["spring-renewals", "cn-winter", "spring-dialing"]
    assert timeline(document)[1:] == [
        ("24T12:52", "paused", china),
        ("24T13:01", "resumed", ["us-reminders", "us-winter"]),
        ("24T14:00", "person_paused", ["us-reminders"]),
        ("24T18:52", "paused", ["eu-surveys"]),
        ("25T01:01", "resumed", china),
        ("25T01:52", "found_paused", ["us-reminders"]),
        ("25T01:52", "paused", ["us-winter"]),
        ("25T08:01", "resumed", ["eu-surveys"]),
        ("25T12:52", "paused", china),
        ("25T13:01", "left_paused", ["us-reminders"]),
        ("25T13:01", "resumed", ["us-winter"]),
    ]
    assert document["calls"]["in_quiet_hours"] == 0
    assert document["calls"]["in_lead_time"] > 0
    assert document["wake_ups"] == 26 * 60
    assert document["audit"].pop("calls") > 10_000
    assert "calls, no violation." in document["audit"].pop("text")
    assert document["audit"] == {"status": "clean", "violations": 0}


def test_without_a_lead_time_calls_are_made_until_the_function_is_woken(tmp_path: Path) -> None:
    document = simulated("--policy", policy(tmp_path), "--from", EVENING, "--hours", "14", "--every", "10m")
    assert timeline(document) == [
        ("24T13:05", "paused", ["spring-renewals", "held-back"]),
        ("24T14:00", "person_paused", ["autumn-offers"]),
        ("25T01:05", "resumed", ["spring-renewals"]),
        ("25T01:05", "left_paused", ["held-back"]),
    ]
    assert document["timeline"][-1]["reason"] == "the policy says resume: false"
    # Two running tasks, two calls a minute, five minutes.
    assert document["calls"] == {"per_minute": 2, "in_quiet_hours": 20, "in_lead_time": 0}
    assert (document["audit"]["status"], document["audit"]["violations"]) == ("violations", 20)
    assert "task 16498 (spring-renewals) called" in document["audit"]["text"]


def test_where_everything_is_paused_in_the_evening_the_person_comes_before(tmp_path: Path) -> None:
    everything = policy(tmp_path, rules=[{"sdk_app_id": APP}])
    told = timeline(simulated("--policy", everything, "--from", EVENING, "--hours", "14"))
    assert [event for _, event, _ in told] == [
        "person_paused",
        "paused",
        "found_paused",
        "resumed",
        "left_paused",
        "left_paused",
    ]


def test_without_a_start_the_coming_night_is_whole(tmp_path: Path) -> None:
    events = [event for _, event, _ in timeline(simulated("--policy", policy(tmp_path), "--every", "10m"))]
    assert events == ["paused", "person_paused", "resumed", "left_paused"]


@pytest.mark.parametrize("start", ["2026-11-24T12:20:00+00:00", "2026-11-25T00:30:00+00:00"])
def test_wake_ups_that_are_skipped_would_have_changed_nothing(start: str) -> None:
    read, targets = load(EXAMPLE), targets_of()
    among = plan.members(read, targets, APP)
    planned = plan.planned(read, among, datetime.fromisoformat(start), 2, timedelta(minutes=1))
    all_, some = (run.run(planned, EXAMPLE, targets, lambda _: None, skip=skip) for skip in (False, True))
    assert (all_.wake_ups, all_.ran) == (120, 120)
    assert some.ran < 40
    assert [each._replace(at=each.at.replace(second=0, microsecond=0)) for each in all_.happenings] == [
        each._replace(at=each.at.replace(second=0, microsecond=0)) for each in some.happenings
    ]
    assert (all_.states, round(all_.calls.quiet, 1)) == (some.states, round(some.calls.quiet, 1))


def test_a_slow_machine_simulates_the_same_night(monkeypatch: pytest.MonkeyPatch) -> None:
    def night(seconds_for_each_look: float) -> dict[str, Any]:
        looks = count()
        slow = SimpleNamespace(monotonic=lambda: next(looks) * seconds_for_each_look)
        monkeypatch.setattr(run, "time", slow)
        return simulated("--from", EVENING, "--hours", "20")

    fast, slow = night(0.0), night(0.02)
    assert slow["calls"] == fast["calls"]
    assert slow["audit"]["calls"] == fast["audit"]["calls"]
    assert timeline(slow) == timeline(fast)


def test_the_page_shows_the_timeline(tmp_path: Path) -> None:
    done = run_command(["simulate", "--policy", policy(tmp_path), "--from", EVENING, "--hours", "14"])
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert (
        "Tue 13:00 Tue 21:00 Asia/Shanghai paused spring-renewals, held-back default: quiet until Wed 09:00"
        in lines
    )
    assert "Tue 14:00 Tue 22:00 Asia/Shanghai a person pauses autumn-offers" in lines
    assert "Calls started in quiet hours: 2. (Each running task and campaign starts 2 a minute.)" in lines
    assert "Paused at the end: held-back, autumn-offers" in lines
    assert not [line for line in lines if line.startswith("Ran all the time")]
    audit = next(number for number, line in enumerate(lines) if line.startswith("Audit of the call records"))
    assert lines[audit].startswith("Audit of the call records: 2 VIOLATIONS among ")
    for line in lines[audit + 1 :]:
        assert line.startswith("Tue 2026-11-24 21:00:15 Asia/Shanghai: task 1649")
        assert line.endswith(", in quiet[0] 21:00-09:00 of default")
    assert len(lines) == audit + 3


@pytest.mark.parametrize(
    ("start", "every"),
    [
        ("2026-11-24T12:20:07+00:00", "7m"),
        ("2026-11-24T15:00:00+00:00", "30m"),  # it is quiet when the night begins
        ("2026-11-24T12:59:45+00:00", "1h"),  # calls on the second in which quiet hours begin
    ],
)
def test_the_audit_finds_just_the_calls_that_were_counted(tmp_path: Path, start: str, every: str) -> None:
    rules = [{"sdk_app_id": APP, "name": "autumn-*", "quiet_hours": "late"}, {"sdk_app_id": APP}]
    late = {"time_zone": "UTC", "quiet": ["2026-11-24T18:10:15Z/2026-11-24T20:00:00Z"]}
    hours = {"default": {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]}, "late": late}
    file = policy(tmp_path, rules=rules, quiet_hours=hours, campaigns={"dialing": 2567})
    document = simulated("--policy", file, "--from", start, "--hours", "8", "--every", every)
    assert document["audit"]["violations"] == document["calls"]["in_quiet_hours"]
    assert (document["calls"]["in_quiet_hours"] > 0) is (document["audit"]["status"] == "violations")


def test_what_calls_while_the_function_fails_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> Run:
        return Run(error=UnfinishedError("nothing works"))

    monkeypatch.setattr(run, "run_handler", fails)
    done = run_command(
        [
            "simulate",
            "--policy",
            policy(tmp_path),
            "--from",
            EVENING,
            "--hours",
            "2",
            "--every",
            "1h",
            "--json",
        ]
    )
    assert done.returncode == 1
    document = json.loads(done.stdout)
    # Two tasks from 21:00 to 22:20.
    assert document["audit"]["violations"] == document["calls"]["in_quiet_hours"] == 2 * 2 * 80


def wrong(*arguments: str) -> str:
    done: Done = run_command(["simulate", *arguments])
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr.splitlines()[-1]


def test_wrong_use_is_one_sentence(tmp_path: Path) -> None:
    assert "--from 'tonight' is no time" in wrong("--from", "tonight")
    assert "has no offset" in wrong("--from", "2026-11-24T20:20:00")
    assert "ends of the calendar" in wrong("--from", "9999-12-31T20:00:00Z")
    assert "has no offset; write one, such as 2026-11-24T00:00:00+08:00" in wrong("--from", "2026-11-24")
    assert "--from '' is no time" in wrong("--from", "")
    for hours in ("0", "-3", "0000100000"):
        assert "from 1 to 168" in wrong("--hours", hours)
    assert "from 1m to 1h" in wrong("--every", "1s")
    assert "cannot be read" in wrong("--policy", str(tmp_path / "none.yaml"))
    assert "--policy is empty; a FILE is wanted" in wrong("--policy", "")


def test_a_start_in_the_past_and_far_ahead(tmp_path: Path) -> None:
    for year in (1, 1971, 2200):
        start = datetime(year, 1, 1, tzinfo=timezone.utc)
        document = simulated("--policy", policy(tmp_path), "--from", start.isoformat(), "--every", "1h")
        assert "paused" in [event for _, event, _ in timeline(document)]
        found = document["audit"]
        if year < 1970:  # CCC's times are seconds since then
            assert found["status"] == "incomplete"
        else:
            assert found["violations"] == document["calls"]["in_quiet_hours"]
