"""What the README and the reference show is what there is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from handler.messages.request import parse
from handler.policy.document import parse_document
from handler.policy.model import read_policy
from handler.report.check import CheckReport, Finding
from handler.report.cloudevents import REPORT_TYPE
from handler.report.entries import Problem
from handler.report.report import Status
from handler.settings.fields import Settings
from handler.target import Outcome, SdkAppId
from local.held import MEANINGS
from local.night.run import What
from tests.unit import test_for_people as for_people

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")


def block(page: str, after: str, language: str) -> str:
    """Return the first code block of a language after a text of a page."""
    found = re.search(rf"```{language}\n(.*?)```", page[page.index(after) :], re.DOTALL)
    assert found
    return found[1]


def settings_table() -> str:
    """Return the table of the reference as the settings have it; paste it there when this fails."""
    lines = ["| variable | default | meaning |", "| --- | --- | --- |"]
    order = ("tencentcloud_", "callout_")
    fields = [
        (name, field)
        for prefix in order
        for name, field in Settings.model_fields.items()
        if name.startswith(prefix)
    ]
    fields += [(name, field) for name, field in Settings.model_fields.items() if name.startswith("role_")]
    for name, field in fields:
        variable = field.validation_alias if isinstance(field.validation_alias, str) else name.upper()
        default = (
            ""
            if field.default is None
            else f"`{json.dumps(field.default) if not isinstance(field.default, str) else field.default}`"
        )
        lines.append(f"| `{variable}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def test_the_settings_are_those_of_the_function() -> None:
    assert settings_table() in REFERENCE, f"\n{settings_table()}"


SHOWN = [
    (page, command)
    for page in ("README.md", "docs/deploy.md")
    for command in re.findall(r"<!-- output: (.*?) -->", (ROOT / page).read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("page", "command"), SHOWN)
def test_the_output_shown_is_what_the_command_prints(page: str, command: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    name, *arguments = command.split()
    assert name == "quiet-hours"
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "local.command", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    printed = done.stdout.split("Notification")[0].rstrip() + "\n"
    assert block(text, f"<!-- output: {command}", "text") == printed, f"\n{printed}"


def test_the_check_shown_has_the_keys_of_a_real_one() -> None:
    shown: Any = json.loads(block(REFERENCE, "<!-- check -->", "json"))
    finding = Finding("error", "TaskNotFound", shown["findings"][0]["message"], "task", 99, 1400692008)
    scope = "Checked 1 application and 1 task of the policy. Not quiet in Asia/Shanghai until 21:00"
    at = datetime(2026, 11, 24, tzinfo=timezone.utc)
    assert shown == CheckReport("id", at, "/f", "Check", scope, (finding,)).data()


def test_the_policy_shown_is_one() -> None:
    read_policy(parse_document(block(README, "## The policy", "yaml"))).named_targets(SdkAppId(1))


def test_the_request_shown_is_one() -> None:
    assert parse(block(REFERENCE, "## Requests", "json")).action == "pause"


def test_the_notification_shown_has_the_keys_of_a_real_one() -> None:
    shown: Any = json.loads(block(REFERENCE, "<!-- notification -->", "json"))
    done = subprocess.run(
        [sys.executable, "-m", "local.command", "invoke", "events/scf-timer.json", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    real = json.loads(done.stdout)
    assert shown["type"] == REPORT_TYPE
    assert list(shown["data"]) == list(real)
    assert list(shown["data"]["tasks"][0]) == list(real["tasks"][0])


def test_the_mail_and_the_sms_shown_are_what_is_sent() -> None:
    told = for_people.of(for_people.report(for_people.PAUSED_AS_SEEN, for_people.STILL_RUNNING))
    mail = f"Subject: {told.subject}\n\n{told.email}"
    assert block(REFERENCE, "<!-- mail", "text") == mail, f"\n{mail}"
    assert block(REFERENCE, "<!-- sms", "text") == told.sms + "\n", f"\n{told.sms}"


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_is_explained(outcome: Outcome) -> None:
    table = REFERENCE[REFERENCE.index("### Outcomes") : REFERENCE.index("### Errors")]
    assert re.search(rf"^\| [^|]*`{outcome.value}`", table, re.MULTILINE)


@pytest.mark.parametrize("status", get_args(Status))
def test_every_status_is_explained(status: str) -> None:
    assert f"\n| `{status}` | " in REFERENCE


@pytest.mark.parametrize("code", get_args(get_type_hints(Problem)["code"]))
def test_every_code_of_an_error_is_explained(code: str) -> None:
    assert f"\n| `{code}` | " in REFERENCE


def test_every_link_to_a_file_leads_to_one() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_link_to_a_heading_leads_to_one() -> None:
    pages = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "bench/README.md", "events/README.md")]
    for page in [*pages, *(ROOT / "docs").rglob("*.md")]:
        for target, anchor in re.findall(
            r"\]\((?!https?:)([^)#]*)#([^)]+)", page.read_text(encoding="utf-8")
        ):
            assert anchor in headings((page.parent / target) if target else page), f"{page.name}: {anchor}"


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        named = set(re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8")))
        assert named <= targets, page.name


def test_the_events_of_a_simulated_night_are_explained() -> None:
    table = REFERENCE[REFERENCE.index("| event | what happened |") :].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(get_args(What))


def test_the_statuses_of_what_is_held_are_explained() -> None:
    page = (ROOT / "docs" / "ledger.md").read_text(encoding="utf-8")
    table = page[page.index("| status | what it means |") :].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == set(MEANINGS)
