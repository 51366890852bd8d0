"""CCC 2020-02-10: automatic outbound call tasks, predictive dialing campaigns, records of calls.

What the documents do not say is a field of `Options`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.emulator.options import Options

from .call_actions import CallActions
from .calls import Calls
from .campaign_actions import CampaignActions
from .campaigns import Campaigns
from .records import Records
from .task_actions import TaskActions
from .tasks import Task

SERVICE = "ccc"
VERSION = "2020-02-10"


class Ccc:
    """The actions of CCC on `tasks`, `campaigns` and `calls`, with the undocumented answers of `options`."""

    service = SERVICE

    def __init__(self, tasks: Records[Task], campaigns: Campaigns, calls: Calls, options: Options) -> None:
        self.actions: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            **TaskActions(tasks, options).actions,
            **CampaignActions(campaigns, options).actions,
            **CallActions(calls, options).actions,
        }
