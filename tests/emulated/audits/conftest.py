"""A function with a policy, whose audits a topic gets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from local.emulator import Emulator
from tests.emulated.harness.auditing import NOW, POLICY
from tests.emulated.harness.function import Function
from tests.emulated.harness.subscriber import SnsSubscriber


@pytest.fixture
def function(emulator: Emulator) -> Iterator[Function]:
    emulator.tasks.clear()
    emulator.campaigns.clear()
    emulator.calls.clear()
    emulator.now = NOW.timestamp
    with mock_aws():
        yield Function(emulator, SnsSubscriber(), now=NOW, callout_policy=json.dumps(POLICY))


@pytest.fixture
def with_ledger(function: Function, tmp_path: Path) -> Function:
    function.settings["callout_ledger"] = f"file:{tmp_path}"
    return function
