"""The function in quiet hours, beside two running campaigns, of which its policy names one."""

from __future__ import annotations

import json
from typing import Any

from local.emulator import Emulator
from tests.support import APP

from .constants import ALL_DAY, NIGHT
from .function import Function
from .subscriber import SnsSubscriber

NAMED = {"spring-dialing": {"campaign_id": 2567, "sdk_app_id": APP}}
NEVER = {"time_zone": "UTC", "quiet": ["2020-01-01T00:00Z/2020-01-02T00:00Z"]}


def policy(**parts: Any) -> str:
    """Return a policy that is always quiet, with these parts."""
    return json.dumps({"quiet_hours": ALL_DAY | {"never": NEVER}, **parts})


def dialing(emulator: Emulator) -> Function:
    """Return the function; beside the campaigns, the emulator's three tasks run."""
    for number, name in ((2567, "spring-dialing"), (2568, "us-dialing")):
        emulator.campaigns.add(campaign_id=number, sdk_app_id=APP, name=name, state=1)
    return Function(emulator, SnsSubscriber(), now=NIGHT, callout_policy=policy(campaigns=NAMED))
