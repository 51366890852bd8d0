"""Campaigns: what they are, and how time moves them along.

States and fields: cloud.tencent.com/document/product/679/104034 (Create), the pages 59786 and 59784 of
tencentcloud.com/document/product/1229 (detail and list), and the official SDKs' models.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local.emulator.options import Options

from .dialling import Dialling
from .records import AMOUNT, ID, INT, TEXT, TEXTS, Key, Records, Schema

NOT_STARTED, RUNNING, PAUSED, TERMINATED, COMPLETED = range(5)
FINISHED = frozenset({TERMINATED, COMPLETED})
NORMAL, BY_HAND, BY_TIME = range(3)
_IN_2100 = 4_102_444_800


@dataclass
class Campaign:
    """A predictive dialing campaign. Times in Unix seconds. `state` is the API's `Status`.

    It starts at `start_time`. With `callees` and `calls_per_minute` it calls, each call lasts `call_seconds`,
    and it is completed when all calls have ended. At `end_time` it is terminated. A paused campaign starts no
    calls; those in progress go on, unless `cut` ends them.
    """

    campaign_id: int
    sdk_app_id: int
    name: str = ""
    state: int = RUNNING
    state_reason: int = NORMAL
    start_time: int = 0
    end_time: int = _IN_2100
    callees: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    call_order: int = 1
    skill_group_id: int = 0
    ivr_id: int = 0
    priority: int = 3
    expected_abandon_rate: int = 10
    retry_times: int = 0
    retry_interval: int = 60
    variables: dict[str, str] = field(default_factory=dict)
    uui: str = ""
    calls_per_minute: float = 0.0
    call_seconds: float = 0.0
    finished: int = 0
    """How many calls have ended."""
    in_progress: tuple[float, ...] = ()
    """When the others end."""
    cuts: tuple[float, ...] = ()
    """When calls in progress were ended."""
    seen: float = 0.0
    dialling: Dialling = field(default_factory=Dialling, repr=False, compare=False)

    @property
    def id(self) -> int:
        """The campaign's id."""
        return self.campaign_id

    @property
    def calls(self) -> float:
        """How many calls were started, and what part of the wait for the next one is over."""
        return self.dialling.calls

    def advance(self, now: float, *, ends_paused: bool = True) -> None:
        """Let time pass to `now`. Without `ends_paused`, a paused campaign outlasts its `end_time`."""
        if self.state == NOT_STARTED and now >= self.start_time:
            self.state, self.seen = RUNNING, max(self.seen, float(self.start_time))
        if self.state == RUNNING:
            until = min(now, self.end_time)
            self._call(until)
            self._hang_up(until)
            if self.callees and self.finished == len(self.callees):
                self.state = COMPLETED
        self._hang_up(now)
        self.seen = now
        if now >= self.end_time and self.state not in FINISHED and (self.state != PAUSED or ends_paused):
            self.end(BY_TIME)

    def end(self, reason: int) -> None:
        """End it for ever."""
        self.state, self.state_reason = TERMINATED, reason

    def cut(self) -> None:
        """End the calls in progress."""
        self.finished, self.in_progress = self.finished + len(self.in_progress), ()
        self.cuts = (*self.cuts, self.seen)

    def ended(self, start: float) -> float:
        """Return when a call that was started at `start` ends or has ended, in Unix seconds."""
        return min([start + self.call_seconds, *(each for each in self.cuts if each >= start)])

    def _call(self, until: float) -> None:
        """Start the calls that are due; the first one a whole interval after the start."""
        before = self.dialling.made
        self.dialling.dial(self.seen, until, self.calls_per_minute, len(self.callees))
        if self.dialling.made > before:
            ends = (start + self.call_seconds for _, start in self.dialling.starts(before))
            self.in_progress = (*self.in_progress, *ends)

    def _hang_up(self, now: float) -> None:
        if not self.in_progress:
            return
        left = tuple(end for end in self.in_progress if end > now)
        self.finished, self.in_progress = self.finished + len(self.in_progress) - len(left), left

    def listed(self) -> dict[str, Any]:
        """Return it as the list has it, `DescribePredictiveDialingCampaignsElement`."""
        return {
            "CampaignId": self.campaign_id,
            "Name": self.name,
            "Status": self.state,
            "StatusReason": self.state_reason,
            "CalleeCount": len(self.callees),
            "FinishedCalleeCount": self.finished,
            "Priority": self.priority,
            "SkillGroupId": self.skill_group_id,
        }

    def described(self, *, international: bool = False) -> dict[str, Any]:
        """Return it as DescribePredictiveDialingCampaign answers; the international site leaves out four."""
        common = {
            "CampaignId": self.campaign_id,
            "Name": self.name,
            "CallOrder": self.call_order,
            "SkillGroupId": self.skill_group_id,
            "IVRId": self.ivr_id,
            "Priority": self.priority,
            "ExpectedAbandonRate": self.expected_abandon_rate,
            "RetryTimes": self.retry_times,
            "RetryInterval": self.retry_interval,
            "StartTime": self.start_time,
            "EndTime": self.end_time,
        }
        domestic = {
            "Variables": [{"Key": key, "Value": value} for key, value in self.variables.items()],
            "UUI": self.uui,
            "Status": self.state,
            "StatusReason": self.state_reason,
        }
        return common if international else common | domestic


SCHEMA = Schema(
    "campaign",
    2_567,
    Campaign,
    {
        "campaign_id": ID,
        "sdk_app_id": ID,
        "name": TEXT,
        "state": Key((int,), least=0, most=4),
        "state_reason": Key((int,), least=0, most=2),
        "start_time": INT,
        "end_time": INT,
        "callees": TEXTS,
        "callers": TEXTS,
        "call_order": Key((int,), least=0, most=1),
        "skill_group_id": INT,
        "ivr_id": INT,
        "priority": Key((int,), least=1, most=5),
        "expected_abandon_rate": Key((int,), least=0, most=50),
        "retry_times": Key((int,), least=0, most=2),
        "retry_interval": Key((int,), least=60, most=86_400),
        "variables": Key((dict,)),
        "uui": TEXT,
        "calls_per_minute": AMOUNT,
        "call_seconds": AMOUNT,
    },
)


class Campaigns(Records[Campaign]):
    """The campaigns of all applications, moved along as `options` say."""

    def __init__(self, clock: Callable[[], float], lock: threading.RLock, options: Options) -> None:
        super().__init__(SCHEMA, clock, lock)
        self._options = options

    def advance(self, record: Campaign) -> None:
        """Let time pass for a campaign."""
        record.advance(self.clock(), ends_paused=self._options.campaign_ends_paused)
