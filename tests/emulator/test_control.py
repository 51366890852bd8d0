"""The control plane tells whoever errs what is wrong, whatever is sent, and believes nothing by half."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.emulator import Emulator, faults
from tests.support import APP, PAUSE

HUGE = 10**400
with_fixture = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
"""The emulator of this property is one for all examples: each is followed by a reset."""


@pytest.mark.parametrize(
    ("path", "document", "text"),
    [
        ("faults", {"fault": ["reset"]}, "fault: one of latency,"),
        ("faults", {"fault": {}}, "fault: one of latency,"),
        ("faults", {"script": [{"fault": []}]}, "fault: one of latency,"),
        ("faults", {"fault": "reset", "tims": 1}, "tims: is no key here; keys are fault, seconds, action,"),
        ("faults", {"script": ["reset"], "times": 2}, "times: is no key here; keys are script, action"),
        (
            "faults",
            {"script": [{"fault": "reset", "times": 3}]},
            "times: is no key here; keys are fault, seconds",
        ),
        (
            "faults",
            {"fault": "reset", "code": "InternalError"},
            "fault: is no key here; keys are code, message,",
        ),
        ("faults", {"code": 5}, "code: text is wanted, not 5"),
        ("faults", {"code": ""}, "code: text is wanted, not ''"),
        ("faults", {"code": "X", "message": 5}, "message: text is wanted, not 5"),
        ("faults", {"fault": "reset", "action": 5}, "action: text is wanted, not 5"),
        ("faults", {"script": [], "action": []}, "action: text is wanted, not []"),
        ("faults", {"fault": "reset", "seed": [1]}, "seed: a whole number is wanted, not [1]"),
        ("options", {"state_after_stop": 5}, "state_after_stop: 2 to 4 is wanted, not 5"),
        ("options", {"max_page_size": 0}, "max_page_size: at least 1 is wanted, not 0"),
        ("options", {"pauses_without_effect": -1}, "pauses_without_effect: at least 0 is wanted, not -1"),
        ("tasks", {"task_id": 1, "sdk_app_id": APP, "not_after": -HUGE}, "[0].not_after: a 64-bit integer"),
        ("tasks", {"task_id": 1, "sdk_app_id": APP, "not_before": HUGE}, "[0].not_before: a 64-bit integer"),
        ("tasks", {"task_id": 2**63, "sdk_app_id": APP}, "[0].task_id: a 64-bit integer"),
        (
            "campaigns",
            {"campaign_id": 1, "sdk_app_id": APP, "end_time": HUGE},
            "[0].end_time: a 64-bit integer",
        ),
    ],
    ids=lambda value: str(value)[:80],
)
def test_what_cannot_be_is_refused_by_name_and_changes_nothing(
    emulator: Emulator, wire: Any, path: str, document: object, text: str
) -> None:
    answered = wire.control("POST", path, document)
    assert answered.status == 400
    assert text in json.loads(answered.body)["error"]
    assert emulator.faults.pick(PAUSE) is None
    assert emulator.options.state_after_stop == 4
    assert [task.task_id for task in emulator.tasks] == [16498, 16499, 16500]


@pytest.mark.parametrize("path", ["tasks", "campaigns", "calls", "faults", "options", "limits", "reset"])
def test_more_than_ten_megabytes_are_refused_and_not_taken_for_nothing(
    emulator: Emulator, wire: Any, path: str
) -> None:
    emulator.limits.default = 7
    answered = wire.exchange({"Host": "x"}, b" " * (10 * 1024 * 1024 + 1), "POST", f"/_emulator/{path}")
    assert (answered.status, json.loads(answered.body)) == (400, {"error": "the body is larger than 10 MB"})
    assert emulator.limits.default == 7


def test_null_is_as_good_as_left_out(emulator: Emulator, wire: Any) -> None:
    document = {"code": "X", "message": None, "action": None, "times": None, "seed": None}
    assert wire.control("POST", "faults", document).status == 200
    assert emulator.faults.pick(PAUSE) == faults.error("X")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(HUGE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
known_keys = st.sampled_from(
    "fault seconds code message script action probability times seed default "
    "session_id start caller Time Direction SeatUser call_record_delay made_up_callees "
    "campaign_id start_time end_time priority variables call_seconds campaign_pause_paused international "
    "task_id sdk_app_id state not_before not_after callees calls_per_minute by_the_clock "
    "pause_paused state_after_stop max_page_size pauses_without_effect cmq_result".split()
)
plausible = json_values | st.sampled_from(["reset", "latency", "success", 1, 2, -HUGE])


@with_fixture
@given(
    path=st.sampled_from(["tasks", "campaigns", "calls", "faults", "options", "limits"]),
    document=json_values
    | st.dictionaries(known_keys, plausible | st.lists(plausible, max_size=2), max_size=5),
)
def test_any_json_at_all_is_done_or_refused_with_a_reason(
    emulator: Emulator, wire: Any, path: str, document: object
) -> None:
    answered = wire.control("POST", path, document)
    assert answered.status in {200, 400}
    assert answered.status == 200 or json.loads(answered.body)["error"]
    for what in ("tasks", "campaigns", "calls"):
        assert wire.control("GET", what).status == 200, "and what was accepted breaks nothing"
    assert emulator.errors == []
    emulator.reset()
