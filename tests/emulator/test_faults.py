"""What can go wrong on request, and what the official client makes of each: mostly not what one would think."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.emulator import Emulator, faults
from tests.support import APP, DESCRIBE, PAUSE

TASK = {"TaskId": 16498, "SdkAppId": APP}


def seen(call: Any, *arguments: Any, **more: Any) -> str:
    """Give the code of the exception that the SDK raises."""
    with pytest.raises(TencentCloudSDKException) as met:
        call(*arguments, **more)
    return str(met.value.code)


@pytest.mark.parametrize(
    ("fault", "code", "done"),
    [
        (faults.RESET, "ClientNetworkError", False),
        (faults.LOST_REPLY, "ClientNetworkError", True),
        (faults.TRUNCATED, "ChunkedEncodingError", True),
        (faults.HTTP_500, "ServerNetworkError", False),
        (faults.HTTP_429, "ServerNetworkError", False),
        (faults.HTML, "JSONDecodeError", False),
        (faults.EMPTY, "JSONDecodeError", False),
        (faults.INTERNAL_ERROR, "InternalError", False),
        (faults.DB_ERROR, "InternalError.DBError", False),
        (faults.THROTTLED, "RequestLimitExceeded", False),
        (faults.error("UnauthorizedOperation"), "UnauthorizedOperation", False),
        (faults.error("Any.Code", "any text"), "Any.Code", False),
    ],
    ids=lambda value: value.name if isinstance(value, faults.Fault) else None,
)
def test_what_the_official_client_sees_and_whether_the_work_is_done(
    emulator: Emulator, pause: Any, fault: faults.Fault, code: str, done: bool
) -> None:
    emulator.faults.add(fault)
    assert seen(pause) == code
    assert emulator.tasks.state(16498) == (5 if done else 1)


def test_an_error_with_another_content_type_passes_for_a_success(
    emulator: Emulator, pause: Any, wire: Any
) -> None:
    emulator.faults.add(faults.OTHER_CONTENT_TYPE)
    assert pause()["RequestId"], "the SDK looks at the content type before it looks for an error"
    assert emulator.tasks.state(16498) == 1
    answered = wire.call(PAUSE, TASK)
    assert answered.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answered.code == "InternalError"


def test_a_late_answer_is_an_answer_to_a_patient_client(emulator: Emulator, pause: Any) -> None:
    emulator.faults.add(faults.latency(0.05))
    began = time.monotonic()
    assert pause()["RequestId"]
    assert time.monotonic() - began >= 0.05


def test_a_late_answer_is_none_to_an_impatient_client_though_the_work_is_done(
    emulator: Emulator, pause: Any, official: Any, eventually: Any
) -> None:
    emulator.faults.add(faults.latency(0.2))
    assert seen(pause, client=official.client(timeout=0.05)) == "ClientNetworkError"
    assert eventually(lambda: emulator.tasks.state(16498) == 5)


def test_a_body_that_does_not_come_ends_the_clients_patience(
    emulator: Emulator, pause: Any, official: Any
) -> None:
    emulator.faults.add(faults.STALL)
    assert seen(pause, client=official.client(timeout=0.1)) == "ConnectionError"
    assert emulator.tasks.state(16498) == 5


def test_a_stall_that_ends_closes_the_connection_without_a_body(emulator: Emulator, pause: Any) -> None:
    emulator.faults.add(faults.Fault(faults.Kind.STALL, seconds=0.01))
    assert seen(pause) == "ChunkedEncodingError"


def test_a_dripping_body_takes_longer_than_the_clients_timeout_which_is_per_read(
    emulator: Emulator, pause: Any, official: Any
) -> None:
    emulator.faults.add(faults.Fault(faults.Kind.DRIP, seconds=0.005))
    began = time.monotonic()
    assert pause(client=official.client(timeout=0.2))["RequestId"]
    assert time.monotonic() - began > 0.2


def test_a_reset_is_a_reset_and_no_close(emulator: Emulator, signed: Any) -> None:
    emulator.faults.add(faults.RESET)
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=5)
    connection.request("POST", "/", signed().body, signed().headers())
    with pytest.raises(ConnectionResetError):
        connection.getresponse()
    connection.close()


def test_refused_connections_are_really_refused(emulator: Emulator, pause: Any) -> None:
    with emulator.refusing():
        assert seen(pause) == "ClientNetworkError"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", emulator.port), timeout=5)
    assert pause()["RequestId"], "and accepted again, on the same port"


def test_refusing_cuts_the_connections_there_are(emulator: Emulator, pause: Any, official: Any) -> None:
    client = official.client()
    pause(client=client)
    with emulator.refusing():
        assert seen(pause, client=client) == "ClientNetworkError"
    assert emulator.journal.count(PAUSE) == 1


def test_a_port_that_refuses_is_not_given_to_others(emulator: Emulator) -> None:
    with emulator.refusing(), socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", emulator.port))


def test_a_request_may_be_the_last_for_a_while(emulator: Emulator, pause: Any, eventually: Any) -> None:
    emulator.faults.add(faults.Fault(faults.Kind.REFUSED, seconds=0.2), times=1)
    assert seen(pause) == "ClientNetworkError"
    assert seen(pause) == "ClientNetworkError", "now nobody listens"
    assert emulator.tasks.state(16498) == 1

    def answered() -> bool:
        try:
            return bool(pause()["RequestId"])
        except TencentCloudSDKException:
            return False

    assert eventually(answered)
    assert [entry.fault for entry in emulator.journal.entries] == ["refused", None]


def test_a_reset_of_the_emulator_ends_the_refusing(emulator: Emulator, pause: Any) -> None:
    emulator.faults.add(faults.Fault(faults.Kind.REFUSED, seconds=3_600), times=1)
    assert seen(pause) == "ClientNetworkError"
    with emulator.refusing():
        emulator.reset()
        assert pause()["RequestId"]


def test_the_time_of_an_earlier_fault_does_not_end_a_later_refusing(emulator: Emulator, pause: Any) -> None:
    emulator.faults.add(faults.Fault(faults.Kind.REFUSED, seconds=0.2), times=1)
    assert seen(pause) == "ClientNetworkError"
    with emulator.refusing():
        for timer in [each for each in threading.enumerate() if each.name == "emulator refusing"]:
            timer.join(5)
            assert not timer.is_alive(), "the fault's own time is over"
        assert seen(pause) == "ClientNetworkError"
    assert pause()["RequestId"]


@pytest.mark.parametrize(
    "fault",
    [faults.latency(3_600), faults.Fault(faults.Kind.STALL, 3_600), faults.Fault(faults.Kind.DRIP, 3_600)],
    ids=lambda fault: fault.name,
)
@pytest.mark.parametrize("end", ["reset", "stop"])
def test_whoever_waits_is_cut_off_at_once_when_the_emulator_is_reset_or_stopped(
    fault: faults.Fault, end: str, eventually: Any, signed: Any
) -> None:
    with Emulator(tasks=[{"task_id": 16498, "sdk_app_id": APP}]) as emulator:
        emulator.faults.add(fault, times=1)
        connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=30)
        connection.request("POST", "/", signed(PAUSE).body, signed(PAUSE).headers())
        assert eventually(emulator.faults._rules[0].over), "the request has met the fault"
        began = time.monotonic()
        getattr(emulator, end)()
        with pytest.raises((http.client.HTTPException, OSError)):
            connection.getresponse().read()
        assert time.monotonic() - began < 5
        connection.close()
        if end == "reset":
            assert emulator.journal.entries == [], "what was cut off belongs to no later test"
            assert emulator.tasks.state(16498) == 1


def test_a_fault_may_be_for_one_action_only(emulator: Emulator, official: Any, pause: Any) -> None:
    emulator.faults.add(faults.HTTP_500, action=DESCRIBE)
    assert pause()["RequestId"]
    assert seen(official, DESCRIBE, **TASK) == "ServerNetworkError"


def test_a_fault_may_be_for_so_many_times(emulator: Emulator, wire: Any) -> None:
    emulator.faults.add(faults.DB_ERROR, times=2)
    assert [wire.call(DESCRIBE, TASK).code for _ in range(3)] == ["InternalError.DBError"] * 2 + [None]


def test_a_fault_may_come_by_chance_and_the_same_way_every_time(emulator: Emulator, wire: Any) -> None:
    emulator.limits.default = None

    def run(seed: int) -> list[str | None]:
        emulator.faults.clear()
        emulator.faults.add(faults.INTERNAL_ERROR, probability=0.3, seed=seed)
        return [wire.call(DESCRIBE, TASK).code for _ in range(100)]

    first = run(1)
    assert 15 <= first.count("InternalError") <= 45
    assert run(1) == first
    assert run(2) != first


def test_a_probability_of_zero_never_and_of_one_always(emulator: Emulator) -> None:
    emulator.faults.add(faults.RESET, probability=0.0)
    emulator.faults.add(faults.HTML, probability=1.0)
    assert {emulator.faults.pick(PAUSE) for _ in range(100)} == {faults.HTML}


def test_the_shared_chance_has_a_seed_too(emulator: Emulator) -> None:
    def run(seed: int) -> list[faults.Fault | None]:
        emulator.faults.clear()
        emulator.faults.seed(seed)
        emulator.faults.add(faults.RESET, probability=0.5)
        return [emulator.faults.pick(PAUSE) for _ in range(50)]

    assert run(1) == run(1) != run(2)


def test_a_script_says_what_each_request_meets(emulator: Emulator, wire: Any) -> None:
    emulator.faults.script([None, faults.DB_ERROR, None, faults.THROTTLED])
    answered = [wire.call(DESCRIBE, TASK).code for _ in range(5)]
    assert answered == [None, "InternalError.DBError", None, "RequestLimitExceeded", None]


def test_a_script_for_one_action_is_not_used_up_by_others(emulator: Emulator) -> None:
    emulator.faults.script([None, faults.HTML], action=PAUSE)
    assert [emulator.faults.pick(action) for action in (DESCRIBE, PAUSE, DESCRIBE, PAUSE, PAUSE)] == [
        None,
        None,
        None,
        faults.HTML,
        None,
    ]


def test_while_a_script_lasts_it_decides_alone(emulator: Emulator) -> None:
    emulator.faults.script([None, faults.HTML], action=PAUSE)
    emulator.faults.add(faults.RESET)
    assert [emulator.faults.pick(PAUSE) for _ in range(3)] == [None, faults.HTML, faults.RESET]


@pytest.mark.parametrize(
    "wrong",
    [{"probability": -0.1}, {"probability": 1.1}, {"times": -1}, {"times": 1.5}, {"probability": True}],
    ids=str,
)
def test_a_fault_that_cannot_be_is_refused_by_name(emulator: Emulator, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        emulator.faults.add(faults.RESET, **wrong)


def test_an_error_has_the_services_text_in_the_clients_language(
    emulator: Emulator, pause: Any, official: Any
) -> None:
    emulator.faults.add(faults.DB_ERROR)
    with pytest.raises(TencentCloudSDKException) as chinese:
        pause(client=official.client(language="zh-CN"))
    with pytest.raises(TencentCloudSDKException) as english:
        pause(client=official.client(language="en-US"))
    assert chinese.value.message == "内部数据库访问失败"
    assert english.value.message == "Internal database access failed."


def test_every_kind_of_fault_has_a_name_for_the_control_plane() -> None:
    in_python_only = {faults.Kind.MANGLE}  # it takes a function
    assert {fault.kind for fault in faults.NAMED.values()} == set(faults.Kind) - in_python_only
