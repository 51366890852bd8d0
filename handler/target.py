"""The nouns: a target of the quiet hours, its state, what is asked of it, and what became of it. Pure."""

from datetime import datetime
from enum import Enum
from typing import Literal, NamedTuple, NewType

TargetId = NewType("TargetId", int)
SdkAppId = NewType("SdkAppId", int)
Kind = Literal["task", "campaign"]
Action = Literal["pause", "resume"]
Lookup = Literal["name", "pattern", "rules"]
KINDS: tuple[Kind, ...] = ("task", "campaign")
INT64_MAX = 2**63 - 1
"""The largest id that CCC's `int64` parameters carry."""


class State(Enum):
    """The state of a task or a campaign. CCC numbers those of each kind on its own: see `cloud.ccc_types`."""

    NOT_STARTED = "not started"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    ENDING = "ending"
    ENDED = "ended"


FINISHED = frozenset({State.COMPLETED, State.ENDING, State.ENDED})
"""The states from which nothing comes back: it calls nobody any more."""


class Outcome(str, Enum):
    """What became of one target."""

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


class Target(NamedTuple):
    """A task or a campaign as the policy or a request names it.

    `id` is `None` while it has to be found in CCC, by `lookup`: one with this name, each whose name fits this
    pattern, or each that a rule of the policy covers. `kind` is `None` where both are looked for. Until
    `exempt_until`, an aware datetime, no quiet hours apply to it. `rule` is the number of the rule that gives
    it its quiet hours, if one does.
    """

    sdk_app_id: SdkAppId
    id: TargetId | None
    name: str | None
    quiet_hours: str
    exempt_until: datetime | None = None
    rule: int | None = None
    lookup: Lookup = "name"
    kind: Kind | None = "task"

    @property
    def key(self) -> tuple[SdkAppId, Kind | None, TargetId | str | None]:
        """What makes two mentions the same target: its id, or its name while the id is not known."""
        return self.sdk_app_id, self.kind, self.name if self.id is None else self.id

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that it is, or that are looked for."""
        return (self.kind,) if self.kind else KINDS

    @property
    def noun(self) -> str:
        """What a sentence calls it."""
        return self.kind or "target"


class Job(NamedTuple):
    """A target, and what is asked of it. Two mentions of the same are one job.

    `force` pauses it at any time, quiet or not.
    """

    action: Action
    target: Target
    dry_run: bool = False
    force: bool = False


class Place(NamedTuple):
    """Where targets are listed: an application has one list for each kind."""

    sdk_app_id: SdkAppId
    kind: Kind
