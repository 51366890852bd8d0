"""The package, as far as it can be built without fetching anything."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from handler.policy.source import load
from local import package

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def vendored(tmp_path: Path) -> Path:
    folder = tmp_path / "vendored"
    for name in (
        ".lock",
        "bin/tool",
        "one-1.0.dist-info/METADATA",
        "one/__init__.py",
        "one/__pycache__/__init__.cpython-312.pyc",
        "one/_fast.cpython-312-x86_64-linux-gnu.so",
        "one/_fast.pyi",
        "one/py.typed",
        "one/tests/test_one.py",
        "one/testing.py",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text("quiet_hours: {}")
    return path


def test_what_nothing_reads_is_left_out(vendored: Path, policy: Path) -> None:
    found = package.contents(vendored, policy, {})
    assert {name for name in found if name.startswith(("one", "bin", "."))} == {
        "one/__init__.py",
        "one/_fast.cpython-312-x86_64-linux-gnu.so",
        "one/testing.py",
    }


def test_the_handler_is_in_it_whole(vendored: Path, policy: Path) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "handler").rglob("*.py")}
    assert modules <= set(package.contents(vendored, policy, {}))


def test_the_policy_is_in_it_under_the_name_that_the_function_is_given(vendored: Path, policy: Path) -> None:
    assert package.contents(vendored, policy, {})["policy.json"] == b'{\n  "quiet_hours": {}\n}\n'


def test_only_names_and_bytes_make_the_zip(tmp_path: Path, vendored: Path, policy: Path) -> None:
    files = package.contents(vendored, policy, {})
    package.write(files, tmp_path / "build" / "one.zip")
    for path in vendored.rglob("*"):
        os.utime(path, (0, 0))
    package.write(dict(reversed(files.items())), tmp_path / "two.zip")
    assert (tmp_path / "build" / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_a_runtime_that_is_another_user_can_read_every_file(
    tmp_path: Path, vendored: Path, policy: Path
) -> None:
    package.write(package.contents(vendored, policy, {}), tmp_path / "one.zip")
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert {entry.external_attr >> 16 & 0o777 for entry in archive.infolist()} == {0o644}


def test_the_description_names_sizes_and_the_largest_things(tmp_path: Path) -> None:
    files = {"large/a.py": bytes(2_000_000), "large/b.py": bytes(1_000_000), "small.py": b""}
    package.write(files, tmp_path / "one.zip")
    first, digest, largest, smallest = package.describe(files, tmp_path / "one.zip").splitlines()
    assert first == f"{tmp_path / 'one.zip'}: 0.00 MB zipped, 3.00 MB unpacked, 3 files"
    assert len(digest) == len("sha256 ") + 64
    assert largest.split() == ["3.00", "MB", "large"]
    assert smallest.split() == ["0.00", "MB", "small.py"]


def test_a_wrong_policy_is_refused_before_anything_is_fetched(
    tmp_path: Path, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert package.main(["--policy", str(policy), "--output", str(tmp_path / "no.zip")]) == 2
    assert "quiet_hours" in capsys.readouterr().err
    assert not (tmp_path / "no.zip").exists()


@pytest.mark.usefixtures("announced_until_2026")
@pytest.mark.parametrize(("calendar", "told"), [("CN", 1), ("US", 0)])
def test_who_packages_is_told_where_chinas_announced_holidays_end(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    calendar: str,
    told: int,
) -> None:
    monkeypatch.setattr(package, "vendor", lambda *_, **__: None)  # the network's part
    policy, output = tmp_path / "policy.yaml", tmp_path / "small.zip"
    hours = {name: {"time_zone": "UTC", "quiet": [{"holidays": calendar}]} for name in ("a", "b")}
    policy.write_text(json.dumps({"quiet_hours": hours}))
    assert package.main(["--no-bytecode", "--policy", str(policy), "--output", str(output)]) == 0
    assert capsys.readouterr().err.count("worth a look: China's holidays are known until 2026-12-31") == told


def test_a_missing_policy_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert package.main(["--policy", str(tmp_path / "nowhere.yaml")]) == 2
    assert "nowhere.yaml" in capsys.readouterr().err


def test_the_example_policy_has_the_three_tasks_of_the_samples_and_a_campaign() -> None:
    named = load(str(ROOT / "policy.example.yaml")).named_targets(None)
    assert {name: (task.id, task.quiet_hours) for name, task in named.items()} == {
        "spring-renewals": (16498, "default"),
        "us-reminders": (16499, "us-east"),
        "eu-surveys": (16500, "europe"),
        "spring-dialing": (2567, "default"),
    }
    assert {task.sdk_app_id for task in named.values()} == {1400692008}


def test_a_policy_that_the_function_would_refuse_is_not_packed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("quiet_hours: {default: {time_zone: UTC, quiet: [21:00-08:00]}}\ncampaigns: {one: 0}\n")
    assert package.main(["--policy", str(policy), "--output", str(tmp_path / "never.zip")]) == 2
    assert "campaigns.one.campaign_id: " in capsys.readouterr().err
