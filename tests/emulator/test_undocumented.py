"""What no document says about CCC: every plausible answer can be had, and CCC itself should give one of them.

With `VERIFY_CCC_SECRET_ID`, `_SECRET_KEY`, `_SDK_APP_ID` in the environment the tests marked `tencent_verified`
ask CCC itself, too. They change nothing: a task to be asked for must be in its state already, and is named by
`VERIFY_CCC_PAUSED_TASK`, `VERIFY_CCC_FINISHED_TASK`, `VERIFY_CCC_NOT_STARTED_TASK`.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from tencentcloud.ccc.v20200210.ccc_client import CccClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.emulator import Answer, Emulator, Options
from tests.support import APP

NOT_STARTED, RUNNING, COMPLETED, ENDING, ENDED, PAUSED = range(6)
UNKNOWN = 987_654_321
CASES = [
    ("pause_paused", "Pause", PAUSED),
    ("pause_finished", "Pause", COMPLETED),
    ("pause_finished", "Pause", ENDING),
    ("pause_finished", "Pause", ENDED),
    ("pause_not_started", "Pause", NOT_STARTED),
    ("pause_unknown", "Pause", None),
    ("resume_running", "Resume", RUNNING),
    ("resume_finished", "Resume", COMPLETED),
    ("resume_finished", "Resume", ENDING),
    ("resume_finished", "Resume", ENDED),
    ("resume_not_started", "Resume", NOT_STARTED),
    ("resume_unknown", "Resume", None),
    ("stop_finished", "Stop", COMPLETED),
    ("stop_finished", "Stop", ENDING),
    ("stop_finished", "Stop", ENDED),
    ("stop_unknown", "Stop", None),
    ("describe_unknown", "Describe", None),
]


def code_of(official: Any, verb: str, task_id: int, app: int = APP, client: Any = None) -> str:
    """Send a request and return the code of the answer, `success` where it is no error."""
    try:
        official(f"{verb}AutoCalloutTask", client, TaskId=task_id, SdkAppId=app)
    except TencentCloudSDKException as error:
        return str(error.code)
    return Answer.SUCCESS.value


def answer_to(official: Any, verb: str, task_id: int) -> Answer:
    """Send a request and return the answer. Raises `ValueError` for a code that is not plausible."""
    return Answer(code_of(official, verb, task_id))


@pytest.mark.parametrize("answer", Answer)
@pytest.mark.parametrize("case", CASES)
def test_every_plausible_answer_can_be_had(
    emulator: Emulator, official: Any, case: tuple[str, str, int | None], answer: Answer
) -> None:
    option, verb, state = case
    emulator.tasks.clear()
    if state is not None:
        emulator.tasks.add(task_id=1, sdk_app_id=APP, state=state, not_before=2**40)
    setattr(emulator.options, option, answer)
    assert answer_to(official, verb, 1) is answer


@pytest.mark.parametrize("answer", Answer)
@pytest.mark.parametrize("case", [case for case in CASES if case[2] is not None])
def test_no_answer_to_an_unfit_request_moves_the_task_but_a_pause_before_its_start(
    emulator: Emulator, official: Any, case: tuple[str, str, int], answer: Answer
) -> None:
    option, verb, state = case
    emulator.tasks.add(task_id=1, sdk_app_id=APP, state=state, not_before=2**40)
    setattr(emulator.options, option, answer)
    answer_to(official, verb, 1)
    early_pause = option == "pause_not_started" and answer is Answer.SUCCESS
    assert emulator.tasks.state(1) == (PAUSED if early_pause else state)


@pytest.mark.parametrize(("option", "verb", "state"), CASES)
def test_an_option_speaks_for_no_other_request(
    emulator: Emulator, official: Any, option: str, verb: str, state: int | None
) -> None:
    for other in {case[0] for case in CASES} - {option}:
        setattr(emulator.options, other, Answer.STATE_NOT_ALLOWED)
    if state is not None:
        emulator.tasks.add(task_id=1, sdk_app_id=APP, state=state, not_before=2**40)
    assert answer_to(official, verb, 1) is not Answer.STATE_NOT_ALLOWED


@pytest.fixture(params=["emulated", "tencent"])
def asked(request: pytest.FixtureRequest, emulator: Emulator, official: Any) -> Any:
    """Ask the emulator, or CCC itself, for a task in a certain state.

    The result is the code of the answer, and the codes that it may be: the default of the emulator's option,
    or any plausible one of CCC.
    """
    states = {"PAUSED": PAUSED, "FINISHED": ENDED, "NOT_STARTED": NOT_STARTED}

    def emulated(verb: str, kind: str) -> tuple[str, set[str]]:
        if kind in states:
            emulator.tasks.add(task_id=1, sdk_app_id=APP, state=states[kind], not_before=2**40)
        default = getattr(Options(), f"{verb}_{kind}".lower())
        return code_of(official, verb, 1), {default.value}

    def real(verb: str, kind: str) -> tuple[str, set[str]]:
        task_id = UNKNOWN if kind == "UNKNOWN" else os.environ.get(f"VERIFY_CCC_{kind}_TASK")
        if task_id is None:
            pytest.skip(f"VERIFY_CCC_{kind}_TASK is not set")
        secret = Credential(os.environ["VERIFY_CCC_SECRET_ID"], os.environ["VERIFY_CCC_SECRET_KEY"])
        app = int(os.environ["VERIFY_CCC_SDK_APP_ID"])
        code = code_of(official, verb, int(task_id), app, CccClient(secret, ""))
        return code, {answer.value for answer in Answer}

    if request.param == "emulated":
        return emulated
    if "VERIFY_CCC_SECRET_ID" not in os.environ:
        pytest.skip("VERIFY_CCC_SECRET_ID is not set: CCC itself is not asked")
    return real


@pytest.mark.tencent_verified
@pytest.mark.parametrize("kind", ["PAUSED", "FINISHED", "NOT_STARTED", "UNKNOWN"])
def test_pausing_what_cannot_be_paused_is_answered_plausibly(asked: Any, kind: str) -> None:
    code, expected = asked("Pause", kind)
    assert code in expected


@pytest.mark.tencent_verified
@pytest.mark.parametrize("kind", ["FINISHED", "UNKNOWN"])
def test_resuming_what_cannot_be_resumed_is_answered_plausibly(asked: Any, kind: str) -> None:
    code, expected = asked("Resume", kind)
    assert code in expected


@pytest.mark.tencent_verified
def test_describing_an_unknown_task_is_answered_plausibly(asked: Any) -> None:
    code, expected = asked("Describe", "UNKNOWN")
    assert code in expected
