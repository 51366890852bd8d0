"""What many tests share: an emulator that starts once and is reset for each test, and a clean environment."""

from __future__ import annotations

import functools
import gc
import os
import sys
import threading
import time
from collections.abc import Iterator
from weakref import WeakSet

import botocore.loaders
import pytest
from hypothesis import settings

from handler.output import redaction
from handler.topics.notifier import Memory
from local.emulator import Emulator
from tests.support import APP

settings.register_profile("default", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=20)
settings.register_profile("deep", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_collection_finish() -> None:
    """Leave what lives as long as the tests out of garbage collection: it took a fifth of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _models_of_aws_are_read_once() -> Iterator[None]:
    """Each world of moto begins a session of boto3, which reads megabytes of JSON anew for each client."""
    with pytest.MonkeyPatch.context() as patch:
        read = functools.cache(botocore.loaders.JSONFileLoader().load_file)
        patch.setattr(botocore.loaders.JSONFileLoader, "load_file", lambda _, path: read(path))
        yield


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no setting, credential or proxy of whoever runs the tests reach them."""
    for name in list(os.environ):
        if name.upper().startswith(("CALLOUT_", "TENCENTCLOUD_", "AWS_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    redaction.begin(())
    if (main := sys.modules.get("handler.main")) is not None:
        monkeypatch.setattr(
            main, "_OF_THIS_INSTANCE", Memory()
        )  # each test has a new instance of the function


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


def _wait_for_late_calls() -> None:
    """Wait a moment for calls that a test gave up, which would reach the emulator in the next test."""
    until = time.monotonic() + 0.5
    for thread in threading.enumerate():
        if thread.name == "bounded-call" and thread not in _WAITED_FOR:
            thread.join(max(0.0, until - time.monotonic()))
            _WAITED_FOR.add(thread)


_WAITED_FOR: WeakSet[threading.Thread] = WeakSet()
"""Those that may take long, such as to an address that nothing answers at."""


@pytest.fixture
def emulator(_running_emulator: Emulator) -> Iterator[Emulator]:
    """An emulated Tencent Cloud with three running tasks; a mistake inside it fails the test that met it."""
    _running_emulator.reset()
    yield _running_emulator
    mistakes = list(_running_emulator.errors)
    _running_emulator.reset()
    _wait_for_late_calls()
    if mistakes:
        raise mistakes[0]


@pytest.fixture
def announced_until_2026(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what a later chinesecalendar knows, so that a test's literal days stay right."""
    import chinese_calendar

    for known in ("holidays", "workdays"):
        days = {day: name for day, name in getattr(chinese_calendar, known).items() if day.year <= 2026}
        monkeypatch.setattr(chinese_calendar, known, days)
