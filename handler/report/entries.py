"""What a report is made of: a target with its outcome, and what went wrong apart from any. Pure."""

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any, Literal, NamedTuple

from handler.quiet_hours.status import QuietStatus
from handler.quiet_hours.zone import local
from handler.target import Kind, Outcome, State, Target

UNFINISHED = frozenset({Outcome.FAILED, Outcome.DEFERRED})
"""The outcomes for which the trigger is to deliver the message again."""


LEFT_TO_A_PERSON = frozenset({"ResumeUnconfirmed", "PausedBlindly", "NoteExpired", "NoteWithoutEnd"})
"""The codes of failures that no further delivery can change: what they name stays paused."""
STARTS = "and starts in quiet hours"
"""What the reason of a task says that does not call yet, and will."""
UNSEEN = "accepted, but its state could not be seen"
"""What the reason of a task says whose call was accepted, and of which nothing was seen afterwards."""


class TargetError(NamedTuple):
    """Why a target did not become what was asked: the cloud's code and message, and its request id."""

    code: str
    message: str
    request_id: str | None = None

    def entry(self) -> dict[str, Any]:
        """Return the error's entry in the notification."""
        return {key: value and sendable(value) for key, value in self._asdict().items()}


class TargetReport(NamedTuple):
    """What became of one target, and why.

    `state` is what was last seen of it; of a task that was paused or resumed, what was seen afterwards.
    `ccc_name` is its name in CCC, where that was seen. `heard_until` is the end of the quiet hours in which a
    target without quiet hours was seen. `paused_since` is when this function noted that it would pause it.
    """

    target: Target
    outcome: Outcome
    hours: QuietStatus | None
    reason: str
    attempts: int = 0
    request_id: str | None = None
    error: TargetError | None = None
    state: State | None = None
    ccc_name: str | None = None
    heard_until: datetime | None = None
    paused_since: datetime | None = None

    @property
    def is_unfinished(self) -> bool:
        """Whether the trigger is to deliver the message again: not where only a person can act."""
        return self.outcome in UNFINISHED and not (self.error and self.error.code in LEFT_TO_A_PERSON)

    def entry(self) -> dict[str, Any]:
        """Return the target's entry in the notification."""
        target, id_ = self.target, self.target.id
        hours = self.hours
        quiet_until = written_instant(hours.until) if hours and hours.quiet and hours.until else None
        error = self.error
        return {
            "kind": target.kind or "task",
            "task_id": None if target.kind == "campaign" else id_,
            "campaign_id": id_ if target.kind == "campaign" else None,
            "sdk_app_id": target.sdk_app_id,
            "name": target.name and sendable(target.name),
            "ccc_name": self.ccc_name and sendable(self.ccc_name),
            "rule": target.rule,
            "quiet_hours": None if self.outcome is Outcome.UNCOVERED else target.quiet_hours,
            "outcome": self.outcome.value,
            "reason": sendable(self.reason),
            "quiet_until": quiet_until,
            "exempt_until": written_instant(hours.exempt_until) if hours and hours.exempt_until else None,
            "time_zone": hours.time_zone if hours else None,
            "paused_since": self.paused_since and written_instant(self.paused_since),
            "attempts": self.attempts,
            "request_id": self.request_id and sendable(self.request_id),
            "error": error and error.entry(),
        }


class Problem(NamedTuple):
    """What went wrong apart from any target: an invalid message, settings that cannot be used.

    `body` is the message as it came, for a trigger that keeps no copy. `key` identifies the
    message across invocations; `None` where nothing does. `first` is set where the trigger says that the
    message was not delivered before.
    """

    code: Literal["Rejected", "Configuration", "Unexpected", "ListIncomplete", "Ledger"]
    message: str
    message_id: str | None = None
    body: str | None = None
    key: bytes | None = None
    first: bool = False

    def entry(self) -> dict[str, Any]:
        """Return the problem's entry in the notification."""
        return {
            "message_id": self.message_id and sendable(self.message_id),
            "code": self.code,
            "message": sendable(self.message),
            "body": self.body and sendable(self.body),
        }


def nouns(kinds: Iterable[Kind | None]) -> str:
    """Return what several targets of these kinds are called."""
    found = set(kinds)
    return "tasks" if found <= {"task"} else "campaigns" if found == {"campaign"} else "tasks and campaigns"


def written_instant(at: datetime) -> str:
    """Return an instant as the notification writes it: `2026-11-24T13:00:00Z`."""
    return local(at, timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


def sendable(text: str) -> str:
    r"""Return a text that UTF-8 can hold: half of a surrogate pair is written as `\ud800`."""
    return str(text).encode("utf-8", "backslashreplace").decode()
