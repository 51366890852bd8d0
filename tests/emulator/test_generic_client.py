"""What the official generic client makes of each fault: it lets through what the typed one wraps."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.emulator import Emulator, faults
from tests.support import APP, PAUSE

TASK = {"TaskId": 16498, "SdkAppId": APP}
SDK = TencentCloudSDKException


@pytest.mark.parametrize(
    ("fault", "raised", "after"),
    [
        (faults.RESET, (SDK, "ClientNetworkError"), (False, False)),
        (faults.LOST_REPLY, (SDK, "ClientNetworkError"), (True, False)),
        (
            faults.Fault(faults.Kind.STALL, 0.01),
            (requests.exceptions.ChunkedEncodingError, ""),
            (True, False),
        ),
        (faults.TRUNCATED, (requests.exceptions.ChunkedEncodingError, ""), (True, False)),
        (faults.HTTP_500, (SDK, "ServerNetworkError"), (False, True)),
        (faults.HTTP_429, (SDK, "ServerNetworkError"), (False, True)),
        (faults.HTML, (json.JSONDecodeError, ""), (False, True)),
        (faults.EMPTY, (json.JSONDecodeError, ""), (False, True)),
        (faults.INTERNAL_ERROR, (SDK, "InternalError"), (False, True)),
        (faults.DB_ERROR, (SDK, "InternalError.DBError"), (False, True)),
        (faults.THROTTLED, (SDK, "RequestLimitExceeded"), (False, True)),
    ],
    ids=lambda value: value.name if isinstance(value, faults.Fault) else None,
)
def test_what_the_generic_client_raises_and_whether_the_work_is_done(
    emulator: Emulator,
    official: Any,
    fault: faults.Fault,
    raised: tuple[type[Exception], str],
    after: tuple[bool, bool],
) -> None:
    (error, code), (done, delivered) = raised, after
    emulator.faults.add(fault)
    with pytest.raises(error) as met:
        official.generic().call_json(PAUSE, TASK)
    assert getattr(met.value, "code", "") == code
    assert emulator.tasks.state(16498) == (5 if done else 1)
    (entry,) = emulator.journal.entries
    assert (entry.action, entry.params, entry.fault) == (PAUSE, TASK, fault.name)
    assert entry.delivered is delivered


@pytest.mark.parametrize(
    "fault", [faults.latency(0.01), faults.Fault(faults.Kind.DRIP, 0.0001)], ids=lambda fault: fault.name
)
def test_what_is_slow_is_an_answer_and_in_the_journal_as_delivered(
    emulator: Emulator, official: Any, eventually: Any, fault: faults.Fault
) -> None:
    emulator.faults.add(fault)
    reply = official.generic().call_json(PAUSE, TASK)["Response"]
    assert eventually(lambda: emulator.journal.entries[0].delivered)
    (entry,) = emulator.journal.entries
    assert (entry.answer, entry.fault) == (reply, fault.name)
    assert emulator.tasks.state(16498) == 5


def test_an_error_with_another_content_type_is_handed_out_as_an_answer(
    emulator: Emulator, official: Any
) -> None:
    emulator.faults.add(faults.OTHER_CONTENT_TYPE)
    reply = official.generic().call_json(PAUSE, TASK)["Response"]
    assert reply["Error"]["Code"] == "InternalError"
    assert emulator.tasks.state(16498) == 1


def test_a_page_instead_of_the_service_is_in_the_exception_as_bytes(
    emulator: Emulator, official: Any
) -> None:
    emulator.faults.add(faults.HTTP_429)
    with pytest.raises(SDK) as met:
        official.generic().call_json(PAUSE, TASK)
    assert met.value.message == b"<html><body><h1>429 Too Many Requests</h1></body></html>"
    assert met.value.requestId is None
