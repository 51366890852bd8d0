"""Three campaigns, and a function that asks for them with both official clients of Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.emulator import Emulator
from tests.support import APP

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(params=["typed", "generic"])
def ask(request: pytest.FixtureRequest, official: Any) -> Ask:
    """Send `<verb>PredictiveDialing<noun>` of the application; return the answer without its RequestId."""

    def call(verb: str, noun: str = "Campaign", **params: Any) -> dict[str, Any]:
        action, given = f"{verb}PredictiveDialing{noun}", {"SdkAppId": APP, **params}
        if request.param == "typed":
            answer = official(action, **given)
        else:
            answer = official.generic().call_json(action, given)["Response"]
        assert answer.pop("RequestId")
        return dict(answer)

    return call


@pytest.fixture
def refusal(ask: Ask) -> Callable[..., str]:
    """Send a request that is refused, and return the code."""

    def call(verb: str, noun: str = "Campaign", **params: Any) -> str:
        with pytest.raises(TencentCloudSDKException) as refused:
            ask(verb, noun, **params)
        return str(refused.value.code)

    return call


@pytest.fixture
def campaigns(emulator: Emulator) -> Any:
    """The emulator's campaigns, three of which run."""
    emulator.campaigns.load(
        [
            {"campaign_id": 2567, "sdk_app_id": APP, "name": "spring-dialing", "skill_group_id": 255},
            {"campaign_id": 2568, "sdk_app_id": APP, "name": "us-dialing", "skill_group_id": 256},
            {"campaign_id": 2569, "sdk_app_id": APP, "name": "spring-surveys", "skill_group_id": 256},
        ]
    )
    return emulator.campaigns
