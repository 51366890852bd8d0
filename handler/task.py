"""The nouns: a task, its state in CCC, what is asked of it, and what became of it. Pure."""

from datetime import datetime
from enum import Enum, IntEnum
from typing import Literal, NamedTuple, NewType

TaskId = NewType("TaskId", int)
SdkAppId = NewType("SdkAppId", int)
CampaignId = NewType("CampaignId", int)
Kind = Literal["task", "campaign"]
Action = Literal["pause", "resume"]
Lookup = Literal["name", "pattern", "rules"]
INT64_MAX = 2**63 - 1
"""The largest id that CCC's `int64` parameters carry."""


class TaskState(IntEnum):
    """The state of an automatic outbound call task, as `DescribeAutoCalloutTask` numbers it.

    Source: CCC API 2020-02-10, `DescribeAutoCalloutTaskResponse.State`.
    """

    NOT_STARTED = 0
    RUNNING = 1
    COMPLETED = 2
    ENDING = 3
    ENDED = 4
    PAUSED = 5


FINISHED = frozenset({TaskState.COMPLETED, TaskState.ENDING, TaskState.ENDED})
"""The states from which no task comes back: it calls nobody any more."""


class Outcome(str, Enum):
    """What became of one task."""

    PAUSED = "paused"
    ALREADY_PAUSED = "already_paused"
    RESUMED = "resumed"
    ALREADY_RUNNING = "already_running"
    WOULD_PAUSE = "would_pause"
    WOULD_RESUME = "would_resume"
    NOT_QUIET = "not_quiet"
    STILL_QUIET = "still_quiet"
    NOT_STARTED = "not_started"
    FINISHED = "finished"
    NOT_FOUND = "not_found"
    NOT_ALLOWED = "not_allowed"
    FAILED = "failed"
    DEFERRED = "deferred"
    UNCOVERED = "uncovered"


class Task(NamedTuple):
    """A task as the policy or a request names it.

    `task_id` is `None` while it has to be found in CCC, by `lookup`: one with this name, each whose name fits
    this pattern, or each that a rule of the policy covers. Until `exempt_until`, an aware datetime, no quiet
    hours apply to it. `rule` is the number of the rule that gives it its quiet hours, if one does.
    """

    sdk_app_id: SdkAppId
    task_id: TaskId | None
    name: str | None
    quiet_hours: str
    exempt_until: datetime | None = None
    rule: int | None = None
    lookup: Lookup = "name"

    @property
    def key(self) -> tuple[SdkAppId, TaskId | str | None]:
        """What makes two mentions the same task: its id, or its name while the id is not known."""
        return self.sdk_app_id, self.name if self.task_id is None else self.task_id


class Campaign(NamedTuple):
    """A predictive dialing campaign as the policy or a request names it. See `Task`."""

    sdk_app_id: SdkAppId
    campaign_id: CampaignId
    name: str | None
    quiet_hours: str
    exempt_until: datetime | None = None

    @property
    def key(self) -> tuple[SdkAppId, CampaignId]:
        """What makes two mentions the same campaign."""
        return self.sdk_app_id, self.campaign_id


class Pattern(NamedTuple):
    """All tasks and campaigns of an application whose names in CCC match; `kind` is `None` for both."""

    sdk_app_id: SdkAppId
    name: str
    kind: Kind | None = None


class Job(NamedTuple):
    """A task, and what is asked of it. Two mentions of the same are one job."""

    action: Action
    task: Task
    dry_run: bool = False
