"""Twenty requests in any one second, per action and secret id; by a clock that the test moves."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.emulator import Emulator
from local.emulator.limits import Limits
from tests.support import APP

TASK = {"TaskId": 16498, "SdkAppId": APP}
OVER = "RequestLimitExceeded"


@pytest.fixture
def ticks(emulator: Emulator, clock: Any) -> Any:
    """The clock of the limits, which stands still."""
    emulator.limits.clock = clock
    return clock


def codes(wire: Any, count: int, action: str = "DescribeAutoCalloutTask", **changes: Any) -> list[str | None]:
    return [wire.call(action, TASK, **changes).code for _ in range(count)]


def test_the_twenty_first_request_in_a_second_is_refused(wire: Any, ticks: Any) -> None:
    assert codes(wire, 21) == [None] * 20 + [OVER]


def test_the_window_slides(wire: Any, ticks: Any) -> None:
    codes(wire, 10)
    ticks.at += 0.6
    codes(wire, 10)
    ticks.at += 0.39
    assert codes(wire, 1) == [OVER], "all twenty are within the last second"
    ticks.at += 0.02
    assert codes(wire, 10) == [None] * 9 + [OVER], "the first ten are not, but the refused one counts"


def test_who_does_not_wait_is_not_let_in(wire: Any, ticks: Any) -> None:
    codes(wire, 20)
    for _ in range(10):
        ticks.at += 0.5
        assert codes(wire, 20) == [OVER] * 20
    ticks.at += 1
    assert codes(wire, 1) == [None]


def test_every_action_has_a_limit_of_its_own(wire: Any, ticks: Any) -> None:
    codes(wire, 21)
    assert codes(wire, 1, "PauseAutoCalloutTask") == [None]


def test_every_secret_id_has_a_limit_of_its_own(wire: Any, ticks: Any, emulator: Emulator) -> None:
    emulator.secrets["AKIDOTHER"] = "OTHERKEY"
    codes(wire, 21)
    assert codes(wire, 1, secret_id="AKIDOTHER", secret_key="OTHERKEY") == [None]


def test_a_request_that_nobody_signed_counts_towards_nobodys_limit(wire: Any, ticks: Any) -> None:
    assert set(codes(wire, 30, secret_key="WRONG")) == {"AuthFailure.SignatureFailure"}
    assert codes(wire, 1) == [None]


def test_a_request_with_wrong_parameters_counts(wire: Any, ticks: Any) -> None:
    for _ in range(20):
        assert wire.call("DescribeAutoCalloutTask", {}).code == "MissingParameter"
    assert codes(wire, 1) == [OVER]


def test_a_refused_request_does_nothing(wire: Any, ticks: Any, emulator: Emulator) -> None:
    emulator.limits.per_action["PauseAutoCalloutTask"] = 0
    assert codes(wire, 1, "PauseAutoCalloutTask") == [OVER]
    assert emulator.tasks.state(16498) == 1


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_a_limit_can_be_set_for_one_action(wire: Any, ticks: Any, emulator: Emulator, limit: int) -> None:
    emulator.limits.per_action["DescribeAutoCalloutTask"] = limit
    assert codes(wire, limit + 1) == [None] * limit + [OVER]


def test_a_limit_can_be_taken_off_for_one_action_or_all(wire: Any, ticks: Any, emulator: Emulator) -> None:
    emulator.limits.per_action["DescribeAutoCalloutTask"] = None
    assert codes(wire, 30) == [None] * 30
    emulator.reset()
    emulator.limits.default = None
    assert codes(wire, 30) == [None] * 30


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "en-US",
            "Your current request times equals to `2` in a second, which exceeds the frequency limit `1` for a second. Please reduce the frequency of calls.",
        ),
        ("zh-CN", "您当前每秒请求 `2` 次，超过了每秒频率上限 `1`，请稍后重试。"),
    ],
)
def test_the_message_is_the_services_own_in_the_clients_language(
    pause: Any, official: Any, ticks: Any, language: str, text: str
) -> None:
    official.emulator.limits.default = 1
    pause()
    with pytest.raises(TencentCloudSDKException) as refused:
        pause(client=official.client(language=language))
    assert (refused.value.code, refused.value.message) == (OVER, text)


def test_a_client_that_asks_for_no_language_is_answered_in_english(
    wire: Any, ticks: Any, emulator: Emulator
) -> None:
    emulator.limits.default = 0
    answered = wire.call("DescribeAutoCalloutTask", TASK)
    assert answered.response["Error"]["Message"].startswith("Your current request times equals to `1`")


@given(
    limit=st.integers(1, 5),
    waits=st.lists(st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0]), max_size=40),
)
def test_a_request_is_refused_exactly_if_too_many_came_in_the_second_up_to_it(
    limit: int, waits: list[float]
) -> None:
    now = 0.0
    limits = Limits(lambda: now, default=limit)
    seen: deque[float] = deque()
    for wait in waits:
        now += wait
        seen.append(now)
        count = sum(1 for each in seen if each > now - 1)
        assert limits.over("A", "id") == ((count, limit) if count > limit else None)


def test_events_may_be_put_a_thousand_times_a_second_unless_another_limit_is_set() -> None:
    limits = Limits(lambda: 0.0)
    assert [limits.over("PutEvents", "id") for _ in range(1_001)] == [None] * 1_000 + [(1_001, 1_000)]
    limits.change({"PutEvents": 1})
    limits.reset()
    assert [limits.over("PutEvents", "id") for _ in range(2)] == [None, None]
