"""The fixtures of the tests on the emulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from handler.cloud import credentials


@pytest.fixture
def cold_instance() -> Iterator[None]:
    """Forget the secrets of AWS that this process has read, before the test and after it."""
    credentials._read.clear()
    yield
    credentials._read.clear()
