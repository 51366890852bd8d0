"""What no document says about campaigns: every plausible answer can be had, and each option is one case."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.emulator import Answer, CampaignAnswer, Emulator
from tests.support import APP

NOT_STARTED, RUNNING, PAUSED, TERMINATED, COMPLETED = range(5)
CASES = [
    ("campaign_pause_paused", "Pause", PAUSED),
    ("campaign_pause_finished", "Pause", TERMINATED),
    ("campaign_pause_finished", "Pause", COMPLETED),
    ("campaign_pause_not_started", "Pause", NOT_STARTED),
    ("campaign_pause_unknown", "Pause", None),
    ("campaign_resume_running", "Resume", RUNNING),
    ("campaign_resume_finished", "Resume", TERMINATED),
    ("campaign_resume_finished", "Resume", COMPLETED),
    ("campaign_resume_not_started", "Resume", NOT_STARTED),
    ("campaign_resume_unknown", "Resume", None),
    ("campaign_abort_finished", "Abort", TERMINATED),
    ("campaign_abort_finished", "Abort", COMPLETED),
    ("campaign_abort_unknown", "Abort", None),
    ("campaign_delete_running", "Delete", RUNNING),
    ("campaign_delete_running", "Delete", PAUSED),
    ("campaign_delete_unknown", "Delete", None),
    ("campaign_describe_unknown", "Describe", None),
    ("campaign_describe_unknown", "DescribeSessions", None),
    ("campaign_update_started", "Update", RUNNING),
    ("campaign_update_started", "Update", PAUSED),
    ("campaign_update_started", "Update", TERMINATED),
    ("campaign_update_started", "Update", COMPLETED),
    ("campaign_update_unknown", "Update", None),
]
UPDATE = {
    "Name": "changed", "Callees": ["a"], "Callers": ["b"], "CallOrder": 0, "SkillGroupId": 1, "Priority": 1,
    "ExpectedAbandonRate": 5, "RetryInterval": 60, "StartTime": 2**40, "EndTime": 2**41,
}  # fmt: skip
MORE: dict[str, dict[str, Any]] = {"Update": UPDATE, "DescribeSessions": {"PageSize": 1, "PageNumber": 0}}
EFFECTS = {"campaign_pause_not_started": PAUSED, "campaign_delete_running": None}
"""The state after a success, `None` for a campaign that is gone; elsewhere a success changes nothing."""


def answers_of(option: str) -> type[Enum]:
    """Return the answers that an option may have."""
    return Answer if option == "campaign_update_started" else CampaignAnswer


@pytest.fixture
def place(emulator: Emulator) -> Any:
    """Put campaign 1 into a state."""

    def put(state: int | None) -> None:
        if state is not None:
            emulator.campaigns.add(
                campaign_id=1, sdk_app_id=APP, name="n", state=state, start_time=2**40, end_time=2**41
            )

    return put


@pytest.fixture
def code_of(ask: Any) -> Any:
    """Send a request and return the code of the answer, `success` where it is no error."""

    def send(verb: str) -> str:
        more = MORE.get(verb, {})
        noun = "Sessions" if verb == "DescribeSessions" else "Campaign"
        try:
            ask(verb.removesuffix("Sessions"), noun, CampaignId=1, **more)
        except TencentCloudSDKException as error:
            return str(error.code)
        return "success"

    return send


@pytest.mark.parametrize(
    ("case", "answer"), [(case, answer) for case in CASES for answer in answers_of(case[0])], ids=str
)
def test_every_plausible_answer_can_be_had_and_moves_nothing_without_a_reason(
    emulator: Emulator, place: Any, code_of: Any, case: tuple[str, str, int | None], answer: Enum
) -> None:
    option, verb, state = case
    place(state)
    setattr(emulator.options, option, answer)
    assert code_of(verb) == answer.value
    after = EFFECTS.get(option, state) if answer.value == "success" else state
    assert [(each.state, each.name) for each in emulator.campaigns] == (
        [] if after is None else [(after, "n")]
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_option_speaks_for_no_other_request(
    emulator: Emulator, place: Any, code_of: Any, case: tuple[str, str, int | None]
) -> None:
    option, verb, state = case
    for other in {case[0] for case in CASES} - {option}:
        setattr(emulator.options, other, Answer.STATE_NOT_ALLOWED)
    place(state)
    assert code_of(verb) in {"InvalidParameterValue", "UnsupportedOperation"}


@pytest.mark.parametrize(("option", "verb", "state"), CASES)
def test_a_campaign_has_no_unsupported_operation_but_when_updated(
    place: Any, code_of: Any, option: str, verb: str, state: int | None
) -> None:
    place(state)
    started = option == "campaign_update_started"
    assert code_of(verb) == ("UnsupportedOperation" if started else "InvalidParameterValue")


def test_the_options_of_tasks_do_not_speak_for_campaigns(
    emulator: Emulator, place: Any, code_of: Any
) -> None:
    emulator.options.pause_paused = Answer.SUCCESS
    place(PAUSED)
    assert code_of("Pause") == "InvalidParameterValue"
