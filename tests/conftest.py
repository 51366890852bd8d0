"""What many tests share: an emulator that starts once and is reset for each test, and a clean environment."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from handler import redaction
from local.emulator import Emulator

APP = 1400692008

settings.register_profile("default", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=20)
settings.register_profile("deep", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no setting, credential or proxy of whoever runs the tests reach them."""
    for name in list(os.environ):
        if name.upper().startswith(("CALLOUT_", "TENCENTCLOUD_", "AWS_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    redaction.begin(())


@pytest.fixture(scope="session")
def _running_emulator() -> Iterator[Emulator]:
    with Emulator(
        tasks=[
            {"task_id": 16498, "sdk_app_id": APP, "name": "spring-renewals", "state": 1},
            {"task_id": 16499, "sdk_app_id": APP, "name": "us-reminders", "state": 1},
            {"task_id": 16500, "sdk_app_id": APP, "name": "eu-surveys", "state": 1},
        ]
    ) as emulator:
        yield emulator


@pytest.fixture
def emulator(_running_emulator: Emulator) -> Iterator[Emulator]:
    """An emulated Tencent Cloud with three running tasks; a mistake inside it fails the test that met it."""
    _running_emulator.reset()
    yield _running_emulator
    if _running_emulator.errors:
        raise _running_emulator.errors[0]


@pytest.fixture
def announced_until_2026(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what a later chinesecalendar knows, so that a test's literal days stay right."""
    import chinese_calendar

    for known in ("holidays", "workdays"):
        days = {day: name for day, name in getattr(chinese_calendar, known).items() if day.year <= 2026}
        monkeypatch.setattr(chinese_calendar, known, days)
