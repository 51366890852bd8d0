"""`quiet-hours invoke` as a person uses it: by subprocess, for its output, exit code and the lack of a traceback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from handler.cloud.sending import LONGEST_CALL_SECONDS
from local import screen
from local.emulator import Emulator, faults
from local.usage import IMPATIENT
from tests.command.in_process import run_command
from tests.support import APP, ENVIRONMENT

ROOT = Path(__file__).parents[2]
SAMPLES = json.loads((ROOT / "tests/samples.json").read_text(encoding="utf-8"))
NIGHT_IN_NEW_YORK = "2026-11-23T23:30:00-05:00"
PAST = "2020-01-01T00:00Z/2020-01-02T00:00Z"


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


def heading(page: str) -> dict[str, str]:
    """Return the lines above the table."""
    lines = page.partition("\n\n")[0].splitlines()
    return {line[:11].strip(): line[11:].strip() for line in lines}


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_every_sample_runs_in_the_embedded_world(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run_command(["invoke", event(name), "--at", NIGHT_IN_NEW_YORK])
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line[:2] == "16"}
    by_rules = [16501, 16511] * (SAMPLES[name]["requests"] == [{}])
    assert sorted(rows) == [str(task_id) for task_id in [*SAMPLES[name]["tasks"], *by_rules]]
    if "16498" in rows:
        assert rows["16498"].split()[2:6] == ["default", "running", "not_quiet", "running"]
    if "16499" in rows:
        assert rows["16499"].split()[2:6] == ["us-east", "running", "paused", "paused"]
    assert "Notification, as the subscriber of arn:aws:sns:" in done.stdout


AUDITS = [name for name, each in SAMPLES.items() if each["requests"] == [{"action": "audit"}]]


@pytest.mark.parametrize("name", AUDITS)
def test_an_audit_in_the_embedded_world_shows_what_nobody_paused_the_day_before(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run_command(["invoke", event(name), "--at", NIGHT_IN_NEW_YORK])
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if "us-reminders" in line and "****" in line]
    assert [row.split("  ")[0] for row in rows[:2]] == ["Mon 2026-11-23 01:00", "Mon 2026-11-23 07:00"]
    assert "Audit of 2026-11-23 (UTC): 7 VIOLATIONS among 21 calls.\n3 calls in quiet hours: " in done.stdout
    assert '"type": "callout.quiet-hours.audit.v1"' in done.stdout


def test_the_decision_is_told_with_its_reason_and_how_long_it_lasts(run: Any) -> None:
    done = run("invoke", event("scf-timer"), "--at", NIGHT_IN_NEW_YORK)
    assert "us-east: quiet in America/New_York until Tue 08:00, 8 h 30 min from now" in done.stdout
    assert heading(done.stdout) == {
        "Event": event("scf-timer"),
        "Time": "Tue 2026-11-24 04:30:00 UTC",
        "Policy": "policy.example.yaml",
        "Endpoint": "the embedded world: an emulated CCC and an SNS topic (no CALLOUT_ setting was found)",
        "Application": "1400692008",
        "Dry run": "no",
    }


def test_json_prints_the_answer_alone(run: Any) -> None:
    done = run("invoke", event("scf-timer"), "--at", NIGHT_IN_NEW_YORK, "--json")
    answer = json.loads(done.stdout)
    assert answer["summary"] == {"not_quiet": 2, "paused": 3, "uncovered": 1}
    assert done.stderr == ""


def test_as_email_prints_the_mail_that_was_sent_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where no .env is
    done = run_command(["invoke", event("scf-timer"), "--at", NIGHT_IN_NEW_YORK, "--as", "email"])
    assert done.stdout.startswith(
        "Subject: Quiet hours [local] partial: no rule covers 1 task that runs, paused 3 tasks, left 1 task and 1 ...\n\n"
        "Partial: no rule covers 1 task that runs, paused 3 tasks, left 1 task and 1 campaign alone.\n"
    )
    lines = [line.split(maxsplit=4) for line in done.stdout.splitlines()]
    why = "default      it is not quiet for this task now"
    assert ["left", "alone", "16498", "spring-renewals", why] in lines
    assert [
        "UNCOVERED",
        "16501",
        "autumn-offers",
        "-",
        "the task is running, and no rule of the policy covers it",
    ] in lines
    assert done.stderr == ""


def test_as_sms_prints_the_sms_that_was_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where no .env is
    done = run_command(["invoke", event("scf-timer"), "--at", NIGHT_IN_NEW_YORK, "--as", "sms"])
    assert done.stdout == (
        "Quiet hours local partial: no rule covers 1 task that runs, paused 3 tasks, "
        "left 1 task and 1 campaign alone.\n"
    )


def test_as_email_shows_with_settings_what_a_subscriber_would_get(run: Any, emulator: Emulator) -> None:
    done = run("invoke", event("scf-timer"), "--as", "email", CALLOUT_ENDPOINT=emulator.url, **REAL)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Subject: Quiet hours [local] succeeded: paused 1 task\n\n")
    assert emulator.tasks.state(16498) == 5


def test_as_sms_says_when_such_a_report_is_not_published(run: Any, emulator: Emulator) -> None:
    unwanted = {**REAL, "CALLOUT_NOTIFY": "failures", "CALLOUT_ENDPOINT": emulator.url}
    done = run("invoke", event("scf-timer"), "--as", "sms", **unwanted)
    assert done.stdout == "Nothing was published.\n"


def test_a_failed_night_can_be_read_as_a_mail_too(run: Any, emulator: Emulator) -> None:
    emulator.faults.add(faults.error("UnauthorizedOperation", "you may not"))
    done = run("invoke", event("scf-timer"), "--as", "sms", CALLOUT_ENDPOINT=emulator.url, **REAL)
    assert done.returncode == 1
    assert done.stdout == (
        "Quiet hours local failed: 1 may be running! 1 pause FAILED. Always quiet in UTC.\n"
    )


def test_logs_go_to_standard_error(run: Any) -> None:
    done = run("invoke", event("scf-timer"), "--json", "--logs")
    assert json.loads(done.stdout)
    messages = [json.loads(line)["message"] for line in done.stderr.splitlines()]
    assert "invocation" in messages, "beside it, in the hour before quiet hours, the rehearsal's"


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
    found = heading(done.stdout)
    assert (found["Endpoint"], found["Application"], found["Dry run"]) == (emulator.url, str(APP), "no")
    assert '"specversion": "1.0"' in done.stdout
    assert emulator.tasks.state(16498) == 5


@pytest.mark.parametrize(("action", "state", "hours"), [("pause", 1, "00:00-24:00"), ("resume", 5, PAST)])
@pytest.mark.parametrize(
    ("arguments", "variable", "cause"),
    [
        (["--at", NIGHT_IN_NEW_YORK], "", "--at pretends a time"),
        (["--dry-run"], "", "--dry-run"),
        ([], "true", "CALLOUT_DRY_RUN"),
        (["--dry-run"], "false", "--dry-run"),
    ],
)
def test_with_settings_a_time_that_is_pretended_changes_nothing_and_the_heading_says_dry_run(  # noqa: PLR0913, PLR0917
    run: Any,
    emulator: Emulator,
    tmp_path: Path,
    action: str,
    state: int,
    hours: str,
    arguments: list[str],
    variable: str,
    cause: str,
) -> None:
    emulator.tasks.get(APP, 16498).state = state  # type: ignore[union-attr]
    (tmp_path / "event.json").write_text(json.dumps({"action": action, "tasks": [16498]}))
    more = {"CALLOUT_ENDPOINT": emulator.url, "CALLOUT_DRY_RUN": variable, "CALLOUT_TIME_ZONE": "UTC"}
    more |= {"CALLOUT_POLICY": "", "CALLOUT_QUIET_HOURS": hours}
    done = run("invoke", "event.json", *arguments, **REAL | more)
    assert done.returncode == 0, done.stderr
    assert heading(done.stdout)["DRY RUN"] == f"{cause}; no task is changed"
    assert f"would_{action}" in done.stdout
    assert emulator.tasks.state(16498) == state


def test_a_dry_run_of_the_embedded_world_changes_nothing(run: Any) -> None:
    done = run("invoke", event("scf-timer"), "--at", NIGHT_IN_NEW_YORK, "--dry-run")
    assert heading(done.stdout)["DRY RUN"] == "--dry-run; no task is changed"
    (row,) = (line.split() for line in done.stdout.splitlines() if line.startswith("16499"))
    assert row[2:6] == ["us-east", "running", "would_pause", "running"]


POLICY_OF_ITS_OWN = """
quiet_hours: {night: {time_zone: UTC, quiet: ["00:00-24:00"]}}
tasks:
  spring: {task_id: 16498, quiet_hours: night}
  mine: {task_id: 7, sdk_app_id: 8, quiet_hours: night}
  "\u6625\u5b63\u7eed\u8d39": {task_id: 9, quiet_hours: night}
"""


def test_another_policy_brings_its_tasks_into_the_embedded_world(run: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(POLICY_OF_ITS_OWN, encoding="utf-8")
    done = run("invoke", event("scf-timer"), "--policy", "mine.yaml")
    assert done.returncode == 0, done.stderr
    assert heading(done.stdout)["Policy"] == "mine.yaml"
    rows = [line.split()[:6] for line in done.stdout.splitlines() if " running " in line]
    assert [row[:2] for row in rows] == [
        ["16498", "spring"],
        ["7", "mine"],
        ["9", "\u6625\u5b63\u7eed\u8d39"],
    ]
    assert {tuple(row[2:]) for row in rows} == {("night", "running", "paused", "paused")}


def test_another_policy_goes_before_that_of_the_settings(
    run: Any, emulator: Emulator, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text(POLICY_OF_ITS_OWN, encoding="utf-8")
    settings = {name: value for name, value in REAL.items() if name != "CALLOUT_POLICY"}
    more = {
        "CALLOUT_QUIET_HOURS": "00:00-00:01",
        "CALLOUT_TIME_ZONE": "UTC",
        "CALLOUT_ENDPOINT": emulator.url,
    }
    (tmp_path / "event.json").write_text('{"tasks": ["spring"]}')
    done = run("invoke", "event.json", "--policy", "mine.yaml", **settings, **more)
    assert done.returncode == 0, done.stderr
    assert heading(done.stdout)["Policy"] == "mine.yaml"
    assert emulator.tasks.state(16498) == 5


def test_wide_letters_keep_the_columns_of_the_table(run: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(POLICY_OF_ITS_OWN, encoding="utf-8")
    done = run("invoke", event("scf-timer"), "--policy", "mine.yaml")
    rows = [line for line in done.stdout.splitlines() if " running " in line or line.startswith("TASK")]
    assert len({cell_len(re.split("night|QUIET", row)[0]) for row in rows}) == 1


def test_what_is_no_terminal_is_neither_cut_nor_coloured(run: Any) -> None:
    done = run("invoke", event("scf-timer"), "--at", NIGHT_IN_NEW_YORK, COLUMNS="40", TERM="xterm-256color")
    assert "quiet in America/New_York until Tue 08:00, 8 h 30 min from now" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(("faulty", "code"), [(False, 0), (True, 1)])
def test_a_reader_that_closes_the_pipe_keeps_the_exit_code(
    emulator: Emulator, tmp_path: Path, faulty: bool, code: int
) -> None:
    if faulty:
        emulator.faults.add(faults.error("UnauthorizedOperation", "you may not"))
    invoke = f"{sys.executable} -m local.command invoke {event('scf-timer')}"
    done = subprocess.run(  # noqa: S603 - our own command
        ["/bin/bash", "-o", "pipefail", "-c", f"{{ {invoke}; echo code $? >&2; }} | head -1"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "CALLOUT_ENDPOINT": emulator.url, **REAL},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.startswith("Event ")
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr.splitlines()[-1] == f"code {code}"
    assert "BrokenPipe" not in done.stderr


def test_the_version_is_told(run: Any) -> None:
    assert re.fullmatch(r"quiet-hours (\d+\.\d+\.\d+|\(not installed\))\n", run("--version").stdout)


def test_a_dead_endpoint_is_told_when_the_patience_of_a_person_is_over(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert IMPATIENT.unanswered_seconds < LONGEST_CALL_SECONDS <= 10, "one call that is never answered"
    monkeypatch.setattr("local.invoke.IMPATIENT", IMPATIENT._replace(unanswered_seconds=0.2))
    monkeypatch.setattr(screen, "_PATIENCE", 0.05)
    monkeypatch.chdir(tmp_path)
    for name, value in REAL.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CALLOUT_ENDPOINT", emulator.url)
    for arguments in ([], ["--dry-run"]):
        with emulator.refusing():
            done = run_command(["invoke", event("scf-timer"), *arguments])
        assert done.returncode == 1
        assert "CCC cannot be reached [Unreachable: " in done.stdout
        assert "was refused" not in done.stdout
        assert done.stderr.startswith(
            f"quiet-hours: asking {emulator.url} …\nquiet-hours: not everything was done"
        )


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
    "arguments",
    [
        [],
        ["nonsense"],
        ["invoke"],
        ["invoke", event("scf-timer"), "--json", "--as", "sms"],
        ["emulator", "--port", "x"],
    ],
)
def test_wrong_arguments_are_told_with_the_usage_and_exit_code_2(run: Any, arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: quiet-hours")
