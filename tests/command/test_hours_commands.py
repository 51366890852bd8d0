"""`quiet-hours check`, `preview` and `explain`, as a compliance officer uses them."""

from __future__ import annotations

import fcntl
import json
import os
import re
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from icalendar import Calendar

from handler.quiet_hours import QuietHours
from tests.command.in_process import Done, run_command

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
POLICY = """
quiet_hours:
  default:
    time_zone: Asia/Shanghai
    quiet: ["21:00-09:00"]
  us-east:
    time_zone: America/New_York
    quiet: ["Mon-Fri 21:00-08:00", "Sun 00:00-24:00"]
    lead_time: 2m
tasks:
  spring-renewals: {task_id: 16498, sdk_app_id: 1400692008}
  us-reminders: {task_id: 16499, sdk_app_id: 1400692008, quiet_hours: us-east}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command in this process: the tests of `invoke` start one each."""
    (tmp_path / "policy.yaml").write_text(POLICY)
    monkeypatch.chdir(tmp_path)

    def quiet_hours(*arguments: str, **environment: str) -> Done:
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            return run_command(arguments)

    return quiet_hours


@pytest.fixture
def start(tmp_path: Path) -> Any:
    """Run a command in a process of its own, whose terminal and modules may differ."""
    (tmp_path / "policy.yaml").write_text(POLICY)

    def quiet_hours(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "local.command", *arguments],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
            | environment,
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done

    return quiet_hours


def test_a_policy_without_faults_is_told_in_plain_words_with_its_tasks(start: Any) -> None:
    done = start("check", "--policy", "policy.yaml")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("policy.yaml: no faults\n")
    assert "Fri 21:00 to Sat 08:00" in done.stdout
    assert "lead_time: quiet begins 2m earlier" in done.stdout
    assert "tasks: us-reminders (16499)" in done.stdout
    assert done.stdout.count("  now: ") == 2
    assert "Worth a look" not in done.stdout


@pytest.mark.parametrize(
    "command",
    [["check"], ["preview", "--from", "2026-11-23"], ["explain", "--at", "2026-11-01T01:30:00-04:00"]],
    ids=lambda each: each[0],
)
def test_the_policy_may_stand_without_its_option(run: Any, command: list[str]) -> None:
    done = run(*command, "policy.yaml")
    assert done.returncode == 0, done.stderr
    assert done.stdout == run(*command, "--policy", "policy.yaml").stdout
    done = run(*command, "policy.yaml", "--policy", "other.yaml")
    assert done.returncode == 2
    assert done.stderr == "quiet-hours: one policy is wanted, not policy.yaml and --policy other.yaml\n"


def test_every_fault_is_told_at_once_with_its_place(run: Any, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(
        POLICY.replace("21:00-09:00", "25:00-09:00")
        .replace("Mon-Fri", "Mon-Fry")
        .replace("us-east}", "us-eest}")
    )
    done = run("check", "--policy", "wrong.yaml")
    assert done.returncode == 2
    head, *faults = done.stderr.splitlines()
    assert head == "quiet-hours: policy wrong.yaml has 3 faults:"
    assert [line.split(": ")[0].strip() for line in faults] == [
        "quiet_hours.default.quiet[0]",
        "quiet_hours.us-east.quiet[0]",
        "tasks.us-reminders.quiet_hours",
    ]
    assert "did you mean 'us-east'?" in faults[2]


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        (("21:00-09:00", "2020-01-01T00:00Z/2020-01-02T00:00Z"), "quiet_hours.default is never quiet"),
        (("21:00-09:00", "00:00-24:00"), "quiet_hours.default is always quiet"),
        (("21:00-09:00", "21:00-21:01"), "lasts one minute"),
        (("lead_time: 2m", "lead_time: 23h"), "lead_time is as long as an open period or longer"),
        ((", quiet_hours: us-east", ""), "quiet_hours.us-east is not used by any task, campaign or rule"),
        (
            ("16498, sdk_app_id: 1400692008", "16498"),
            "CALLOUT_SDK_APP_ID has to be set: spring-renewals name no",
        ),
        (
            ("task_id: 16499", "task_id: 16498"),
            "task 16498 is also 'spring-renewals', with other quiet hours",
        ),
    ],
)
def test_what_is_valid_but_hardly_meant_is_told(
    run: Any, tmp_path: Path, change: tuple[str, str], warning: str
) -> None:
    (tmp_path / "odd.yaml").write_text(POLICY.replace(*change))
    done = run("check", "--policy", "odd.yaml")
    assert done.returncode == 0, done.stderr
    assert "Worth a look:" in done.stdout
    assert warning in done.stdout


def test_it_is_told_where_the_announced_holidays_of_china_end(start: Any, tmp_path: Path) -> None:
    (tmp_path / "chinese_calendar.py").write_text(
        "from datetime import date\nholidays = {date(2025, 10, 1): ''}\nworkdays = {}\n"
    )
    (tmp_path / "china.yaml").write_text(POLICY.replace('["21:00-09:00"]', '["21:00-09:00", {holidays: CN}]'))
    done = start("check", "--policy", "china.yaml")
    assert done.returncode == 0, done.stderr
    assert "  quiet_hours.default quiet[1]: China's holidays are known until 2025-12-31; " in done.stdout
    assert done.stdout.count("China's holidays") == 1


def test_a_policy_without_tasks_is_told(run: Any, tmp_path: Path) -> None:
    (tmp_path / "bare.yaml").write_text(POLICY.partition("tasks:")[0])
    assert (
        "the policy names no tasks: every message has to name" in run("check", "--policy", "bare.yaml").stdout
    )


def test_the_policy_of_the_settings_is_the_one_that_is_meant(run: Any) -> None:
    done = run("check", CALLOUT_POLICY="policy.yaml")
    assert done.stdout.startswith("policy.yaml: no faults")
    done = run("check", CALLOUT_QUIET_HOURS="21:00-08:00", CALLOUT_TIME_ZONE="Europe/Berlin")
    assert done.stdout.startswith("CALLOUT_QUIET_HOURS: no faults")
    done = run(
        "preview",
        "--json",
        CALLOUT_POLICY=json.dumps({"quiet_hours": {"default": {"preset": "us-federal", "time_zone": "UTC"}}}),
    )
    assert done.returncode == 0, done.stderr
    done = run("check")
    assert done.returncode == 2
    assert "nothing says when it is quiet; set CALLOUT_POLICY" in done.stderr


BACK = """\
us-east: America/New_York

            00    03    06    09    12    15    18    21    24
Fri 10-30   ████████████████·························▐██████
Sat 10-31   ████████████████·······························▐
Sun 11-01   ████████████████████████████████████████████████  clocks go back 60 min
Mon 11-02   ·········································▐██████
            █ quiet  · open

quiet  Fri 2026-10-30 00:00  to  Fri 2026-10-30 08:00          8 h  quiet[0] Mon-Fri 21:00-08:00
open   Fri 2026-10-30 08:00  to  Fri 2026-10-30 20:58  12 h 58 min
quiet  Fri 2026-10-30 20:58  to  Sat 2026-10-31 08:00   11 h 2 min  lead time before quiet[0] Mon-Fri 21:00-08:00
open   Sat 2026-10-31 08:00  to  Sat 2026-10-31 23:58  15 h 58 min
quiet  Sat 2026-10-31 23:58  to  Mon 2026-11-02 00:00      1 d 1 h  lead time before quiet[1] Sun 00:00-24:00
open   Mon 2026-11-02 00:00  to  Mon 2026-11-02 20:58  20 h 58 min
quiet  Mon 2026-11-02 20:58  to  Tue 2026-11-03 00:00    3 h 2 min  lead time before quiet[0] Mon-Fri 21:00-08:00
"""


def test_a_preview_shows_overnight_hours_and_moved_clocks_at_a_glance(run: Any) -> None:
    done = run(
        "preview", "--policy", "policy.yaml", "--name", "us-east", "--from", "2026-10-30", "--days", "4"
    )
    assert done.stdout == BACK


def test_a_wide_screen_has_a_character_a_quarter_of_an_hour_and_gaps_where_spring_skips(run: Any) -> None:
    where = ("--policy", "policy.yaml", "--name", "us-east", "--from", "2027-03-14", "--days", "1")
    row = run("preview", *where, COLUMNS="120").stdout.splitlines()[3]
    assert row == "Sun 03-14   " + "█" * 8 + " " * 4 + "█" * 84 + "  clocks go forward 60 min"


def test_without_unicode_the_chart_is_plain(start: Any) -> None:
    where = ("--policy", "policy.yaml", "--name", "default", "--from", "2026-11-23", "--days", "1")
    done = start("preview", *where, PYTHONIOENCODING="ascii")
    assert done.stdout.splitlines()[3] == "Mon 11-23   " + "#" * 36 + "." * 48 + "#" * 12


def test_without_a_first_day_the_preview_begins_now(run: Any) -> None:
    done = run("preview", "--policy", "policy.yaml", "--json")
    documents = json.loads(done.stdout)
    assert [each["quiet_hours"] for each in documents] == ["default", "us-east"]
    start = datetime.fromisoformat(documents[0]["periods"][0]["start"].replace("Z", "+00:00"))
    assert abs(datetime.now(timezone.utc) - start) < timedelta(minutes=2)


def test_json_periods_follow_one_another_and_tell_which_interval(run: Any) -> None:
    done = run(
        "preview",
        "--policy",
        "policy.yaml",
        "--name",
        "default",
        "--from",
        "2026-11-23",
        "--days",
        "2",
        "--json",
    )
    ((document),) = json.loads(done.stdout)
    assert document["time_zone"] == "Asia/Shanghai"
    listed = document["periods"]
    assert [each["end"] for each in listed[:-1]] == [each["start"] for each in listed[1:]]
    assert listed[0] == {
        "quiet": True,
        "start": "2026-11-22T16:00:00Z",
        "end": "2026-11-23T01:00:00Z",
        "seconds": 32400,
        "place": "quiet[0]",
        "interval": "21:00-09:00",
    }


def test_a_calendar_has_an_event_a_quiet_period_with_the_same_id_every_time(run: Any) -> None:
    def ids(first: str, days: str) -> dict[str, Any]:
        done = run("preview", "--policy", "policy.yaml", "--ical", "--from", first, "--days", days)
        calendar = Calendar.from_ical(done.stdout)
        return {
            str(event["UID"]): (event.decoded("DTSTART"), event.decoded("DTEND"), str(event["SUMMARY"]))
            for event in calendar.walk("VEVENT")
        }

    two, one = ids("2026-11-24", "2"), ids("2026-11-24", "1")
    assert one.items() <= two.items()
    assert (
        datetime(2026, 11, 24, 13, 0, tzinfo=timezone.utc),
        datetime(2026, 11, 25, 1, 0, tzinfo=timezone.utc),
        "Quiet hours: default",
    ) in one.values()


def test_a_picture_of_the_chart_is_written(run: Any, tmp_path: Path) -> None:
    done = run("preview", "--policy", "policy.yaml", "--name", "default", "--svg", "week.svg", "--days", "7")
    assert done.stdout == "wrote week.svg\n"
    svg = ET.parse(tmp_path / "week.svg").getroot()  # noqa: S314 - our own
    assert svg.tag == f"{SVG}svg"
    ground, *boxes = svg.findall(f"{SVG}rect")
    assert (ground.get("width"), ground.get("height")) == (svg.get("width"), svg.get("height"))
    assert len(boxes) == 7 * 3 + 2
    legend = {
        text.text: box.get("fill")
        for box, text in zip(boxes[-2:], svg.findall(f"{SVG}text")[-2:], strict=True)
    }
    assert [box.get("fill") for box in boxes[:3]] == [legend["quiet"], legend["open"], legend["quiet"]]
    assert (
        len({ground.get("fill"), *legend.values(), *(each.get("fill") for each in svg.findall(f"{SVG}text"))})
        == 4
    )


def test_a_picture_is_exact_to_the_minute_and_blank_where_spring_skips(run: Any, tmp_path: Path) -> None:
    hours = {"time_zone": "America/New_York", "quiet": ["21:07-08:11"], "lead_time": "1m"}
    (tmp_path / "odd.json").write_text(json.dumps({"quiet_hours": {"default": hours}}))
    run("preview", "odd.json", "--from", "2027-03-14", "--days", "1", "--svg", "odd.svg")
    svg = ET.parse(tmp_path / "odd.svg").getroot()  # noqa: S314 - our own
    boxes = svg.findall(f"{SVG}rect")[1:-2]
    day = 576 / 24 / 60
    found = [
        (round((float(box.get("x", "")) - 120) / day, 3), round(float(box.get("width", "")) / day, 3))
        for box in boxes
    ]
    assert found == [(0, 120), (180, 311), (491, 775), (1266, 174)]
    assert "(blank: skipped by the clock)" in {text.text for text in svg.findall(f"{SVG}text")}


def test_a_past_decision_is_proved_with_the_interval_that_made_it(run: Any) -> None:
    done = run("explain", "--policy", "policy.yaml", "--at", "2026-11-01T01:30:00-04:00", "--name", "us-east")
    assert done.stdout == (
        "us-east: at Sun 2026-11-01 01:30:00 -0400: Quiet in America/New_York from Sat 2026-10-31 23:58 "
        "until Mon 2026-11-02 00:00: quiet[1] Sun 00:00-24:00.\n"
    )
    done = run("explain", "--policy", "policy.yaml", "--at", "2026-11-01T01:30:00-04:00", "--json")
    china, us = json.loads(done.stdout)
    assert (china["quiet"], us["quiet"]) == (False, True)
    assert (us["place"], us["since"]) == ("quiet[1]", "2026-11-01T03:58:00+00:00")


RULES = """
rules:
  - {sdk_app_id: 1400692008, name: "us-*", quiet_hours: us-east}
  - {sdk_app_id: 1400692008, name: ["internal *", "test-?"], quiet_hours: none}
  - {sdk_app_id: 1400692008, kind: campaign, quiet_hours: us-east, resume: false}
  - {sdk_app_id: 1400692008, name: "us-east-*"}
  - {sdk_app_id: 1400692008, kind: task, name: "eu-*"}
campaigns:
  spring-dialing: {campaign_id: 2567, sdk_app_id: 1400692008, exempt_until: 2026-12-01T00:00+08:00}
  demo-dialing: {campaign_id: 2568, sdk_app_id: 1400692008, quiet_hours: none}
"""


def test_the_rules_are_listed_in_words_and_who_has_which_quiet_hours(run: Any, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(POLICY + RULES)
    done = run("check", "rules.yaml")
    assert done.returncode == 0, done.stderr
    of = "of application 1400692008"
    for lines in (
        "  tasks: spring-renewals (16498)\n  campaigns: spring-dialing (2567)\n  rules: 4, 5\n",
        "  tasks: us-reminders (16499)\n  rules: 1, 3\n",
        "\nnone: deliberately never quiet\n  campaigns: demo-dialing (2568)\n  rules: 2\n",
        "\nrules, of which the first that matches decides:\n"
        f"  1: tasks and campaigns {of} named us-*: quiet hours us-east\n"
        f"  2: tasks and campaigns {of} named internal * or test-?: quiet hours none (deliberately never quiet)\n"
        f"  3: campaigns {of}: quiet hours us-east, not resumed by itself\n"
        f"  4: tasks and campaigns {of} named us-east-*: quiet hours default\n"
        f"  5: tasks {of} named eu-*: quiet hours default\n",
        "Worth a look:\n  rules[3]: rule 4 can never match, since rule 1 before it takes everything that it names\n",
    ):
        assert lines in done.stdout


def test_a_rule_without_an_application_needs_the_default_one(run: Any, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(
        POLICY.partition("tasks:")[0] + "rules: [{name: x, quiet_hours: us-east}]"
    )
    done = run("check", "rules.yaml")
    assert (
        "\n  1: tasks and campaigns of the default application named x: quiet hours us-east\n" in done.stdout
    )
    assert "CALLOUT_SDK_APP_ID has to be set: rule 1 name no sdk_app_id" in done.stdout
    assert "the policy names no tasks" not in done.stdout
    explain = ["explain", "rules.yaml", "--at", "2026-11-01T01:30Z", "--task", "x"]
    assert run(*explain).stdout.startswith("task or campaign 'x': rule 1, quiet hours us-east\nus-east: at ")
    done = run(*explain, CALLOUT_SDK_APP_ID="1400692008")
    assert done.stdout.startswith("task or campaign 'x' of application 1400692008: rule 1, ")


@pytest.mark.parametrize(
    ("name", "lines", "hours"),
    [
        ("us-reminders", ["task 'us-reminders' of application 1400692008: named in the policy, quiet hours us-east"], ["us-east"]),
        ("spring-dialing", ["campaign 'spring-dialing' of application 1400692008: named in the policy, quiet hours default, exempt until 2026-12-01T00:00:00+08:00"], ["default"]),
        ("us-spring", ["task or campaign 'us-spring' of application 1400692008: rule 1, quiet hours us-east"], ["us-east"]),
        ("test-1", ["task or campaign 'test-1' of application 1400692008: rule 2, quiet hours none (deliberately never quiet)"], []),
        ("eu-1", ["task 'eu-1' of application 1400692008: rule 5, quiet hours default", "campaign 'eu-1' of application 1400692008: rule 3, quiet hours us-east, not resumed by itself"], ["default", "us-east"]),
        ("x", ["task 'x' of application 1400692008: uncovered, since no rule matches", "campaign 'x' of application 1400692008: rule 3, quiet hours us-east, not resumed by itself"], ["us-east"]),
    ],
)  # fmt: skip
def test_it_is_explained_what_covers_a_name(
    run: Any, tmp_path: Path, name: str, lines: list[str], hours: list[str]
) -> None:
    (tmp_path / "rules.yaml").write_text(POLICY + RULES)
    done = run("explain", "rules.yaml", "--at", "2026-11-26T22:00:00-05:00", "--task", name)
    assert done.returncode == 0, done.stderr
    shown = done.stdout.splitlines()
    assert shown[: len(lines)] == lines
    assert [line.partition(": at ")[0] for line in shown[len(lines) :]] == hours
    done = run("preview", "rules.yaml", "--from", "2026-11-23", "--task", name)
    shown = done.stdout.splitlines()
    assert shown[: len(lines)] == lines
    assert [line.partition(": ")[0] for line in shown[len(lines) :] if ": " in line] == hours


def test_what_covers_a_name_is_known_to_programs(run: Any, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(POLICY + RULES)
    explain = ["explain", "rules.yaml", "--at", "2026-11-26T22:00:00-05:00", "--json", "--task"]
    task, campaign = json.loads(run(*explain, "eu-1").stdout)
    assert (task["kind"], task["covered_by"], task["rule"], task["quiet_hours"], task["quiet"]) == (
        "task",
        "rule",
        5,
        "default",
        False,
    )
    assert (campaign["kind"], campaign["rule"], campaign["resume"], campaign["quiet"]) == (
        "campaign",
        3,
        False,
        True,
    )
    task, _ = json.loads(run(*explain, "x").stdout)
    assert (task["covered_by"], task["rule"], task["quiet_hours"], task["quiet"]) == (
        "uncovered",
        None,
        None,
        False,
    )
    (named,) = json.loads(run(*explain, "spring-dialing").stdout)
    assert (named["covered_by"], named["exempt"], named["exempt_until"]) == (
        "entry",
        True,
        "2026-12-01T00:00:00+08:00",
    )


WRONG = [
    (
        ["explain", "policy.yaml", "--task", "x", "--at", "2026-11-01T01:30Z"],
        "--task 'x' is not named in the policy, which has no rules",
    ),
    (["preview", "policy.yaml", "--task", "x", "--name", "y"], "not allowed with argument --task"),
    (
        ["preview", "--policy", "policy.yaml", "--name", "europe"],
        "--name 'europe' is not in the policy, which has default, us-east",
    ),
    (
        ["preview", "--policy", "policy.yaml", "--svg", "x.svg"],
        "--svg draws one: name it with --name, of default, us-east",
    ),
    (
        ["explain", "--policy", "policy.yaml", "--name", "n" * 9_000, "--at", "2026-11-01T01:30Z"],
        "nnn' is not in the policy, which has default, us-east",
    ),
    (
        ["preview", "--policy", "policy.yaml", "--name", "default", "--svg", "no/such/x.svg"],
        "no/such/x.svg cannot be written: No such",
    ),
    (["preview", "--policy", "nowhere.yaml"], "policy nowhere.yaml: cannot be read: No such file"),
    (["explain", "--policy", "policy.yaml", "--at", "yesterday"], "--at 'yesterday' is no time"),
    (
        ["explain", "--policy", "policy.yaml", "--at", "2026-11-01T01:30"],
        "--at '2026-11-01T01:30' has no offset",
    ),
    (
        ["preview", "--policy", "policy.yaml", "--days", "0"],
        "argument --days: 1 to 3660 days are wanted, not '0'",
    ),
    (
        ["preview", "--policy", "policy.yaml", "--from", "today"],
        "argument --from: a date such as 2026-11-23 is wanted",
    ),
]


@pytest.mark.parametrize(("arguments", "reason"), WRONG)
def test_wrong_use_is_told_with_exit_code_2(run: Any, arguments: list[str], reason: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert reason in done.stderr
    assert len(done.stderr) < 7_000


@pytest.mark.parametrize(
    "arguments", [["check"], ["preview"], ["preview", "--json"], ["explain", "--at", "2026-11-01T01:30Z"]]
)
def test_what_the_terminal_has_no_letters_for_is_escaped(
    start: Any, tmp_path: Path, arguments: list[str]
) -> None:
    policy = POLICY.replace("us-east", "\u7ebd\u7ea6").replace("spring-renewals", "\u6625")
    (tmp_path / "policy.yaml").write_text(policy, encoding="utf-8")
    done = start(*arguments, "--policy", "policy.yaml", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "\\u7ebd\\u7ea6" in done.stdout
    if "--json" in arguments:
        assert json.loads(done.stdout)[1]["quiet_hours"] == "\u7ebd\u7ea6"


def test_the_preview_and_the_engine_agree_on_every_minute() -> None:
    hours = QuietHours.model_validate(
        {"time_zone": "Australia/Lord_Howe", "quiet": ["21:07-06:11"], "lead_time": "90s"}
    )
    start = datetime(2026, 10, 3, tzinfo=timezone.utc)
    for period in hours.periods(start, start + timedelta(days=2)):
        at = period.start
        while at < period.end:
            assert hours.is_quiet(at) == period.quiet
            at += timedelta(minutes=1)


ENDS_OF_TIME = [
    (zone, day)
    for zone in ("Asia/Shanghai", "America/New_York", "UTC")
    for day in ("0001-01-01", "9999-12-30", "9999-12-31")
]


@pytest.mark.parametrize(("zone", "day"), ENDS_OF_TIME)
def test_the_first_and_the_last_days_of_the_calendar_are_shown_as_any_other(
    run: Any, tmp_path: Path, zone: str, day: str
) -> None:
    span = "9999-12-31T00:00:00Z/9999-12-31T23:59:59Z"
    hours = {
        "time_zone": zone,
        "quiet": ["21:00-08:00", span, {"dates": ["9999-12-31", "0001-01-01"]}],
        "lead_time": "2m",
    }
    document = {
        "quiet_hours": {"default": hours},
        "tasks": {"a": {"task_id": 1, "exempt_until": "9999-12-31T23:59:59Z"}},
    }
    (tmp_path / "ends.json").write_text(json.dumps(document))
    page = run("preview", "--policy", "ends.json", "--from", day, "--days", "20")
    assert page.returncode == 0, page.stderr
    assert f" {day}" in page.stdout
    document = json.loads(run("preview", "--policy", "ends.json", "--from", day, "--json").stdout)[0]
    ends = [period["end"] for period in document["periods"]]
    assert [period["start"] for period in document["periods"][1:]] == ends[:-1]
    assert all(datetime.fromisoformat(end.replace("Z", "+00:00")) for end in ends)
    done = run("preview", "--policy", "ends.json", "--from", day, "--ical")
    assert done.returncode == 0, done.stderr
    assert Calendar.from_ical(done.stdout).walk("VEVENT")
    done = run("preview", "--policy", "ends.json", "--from", day, "--svg", "ends.svg")
    assert done.returncode == 0, done.stderr
    for time in ("T00:00:00Z", "T23:59:59-12:00", "T00:00:00+14:00"):
        done = run("explain", "--policy", "ends.json", "--at", f"{day}{time}")
        assert done.returncode == 0, done.stderr
        assert run("explain", "--policy", "ends.json", "--at", f"{day}{time}", "--json").returncode == 0
    assert run("check", "--policy", "ends.json").returncode == 0


def test_a_policy_with_thousands_of_faults_is_told_in_a_page(run: Any, tmp_path: Path) -> None:
    tasks = {
        f"t{number}": {"task_id": number + 1, "quiet_hours": f"us-eest-{number}"} for number in range(5_000)
    }
    (tmp_path / "many.json").write_text(
        json.dumps({"quiet_hours": {"us-east": {"time_zone": "UTC", "quiet": "21:00-08:00"}}, "tasks": tasks})
    )
    done = run("check", "--policy", "many.json")
    head, *faults = done.stderr.splitlines()
    assert head == "quiet-hours: policy many.json has 5,000 faults:"
    assert len(faults) == 21
    assert faults[-1].strip() == "and 4,980 more"


def on_a_terminal(columns: int, *arguments: str, **environment: str) -> str:
    """Return what a command prints on a terminal of so many columns, with its escapes."""
    control, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "local.command", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **environment},
        stdout=terminal,
        stderr=subprocess.DEVNULL,
    )
    os.close(terminal)
    printed = b""
    with suppress(OSError):  # the terminal is gone when the command has ended
        while chunk := os.read(control, 65_536):
            printed += chunk
    assert process.wait(30) == 0
    return printed.decode().replace("\r\n", "\n")


def test_a_terminal_has_colours_alike_in_chart_and_legend_and_no_line_is_cut(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY)
    where = (
        "preview",
        str(tmp_path / "policy.yaml"),
        "--name",
        "us-east",
        "--from",
        "2026-10-30",
        "--days",
        "4",
    )
    page = on_a_terminal(70, *where)
    (blue,) = set(re.findall("(\x1b\\[[0-9;]+m)[█▌▐q]", page))
    assert f"            {blue}█\x1b[0m quiet  · open\n" in page
    plain = re.sub(r"\x1b\[[0-9;]*m", "", page)
    assert plain.partition("\n\n")[2].split("\n\n")[0] == BACK.partition("\n\n")[2].split("\n\n")[0]
    assert plain.split() == BACK.split()
    assert on_a_terminal(200, *where, NO_COLOR="1").endswith(BACK.rpartition("\n\n")[2])
