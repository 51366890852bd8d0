"""One run as the platform sees it: its id, the function's name, its time."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from handler.cloud.credentials import SecretBudget
from handler.cloud.pacing import Backoff, Clock, Deadline

_DEFAULT_SECONDS = 60.0
"""The time that there is where the platform does not say it."""
_MOST_SECONDS = 86_400.0
"""The longest that SCF lets a function run; what is said to be longer is a mistake."""
_LONGEST_NAME = 200
"""Characters of the function's name, which each part of a report repeats; both clouds allow fewer."""
_TO_LOG_SECONDS = 1.5
_TO_REPORT_A_JOB_SECONDS = 0.0004
"""What the report of 60,000 jobs took a job, 0.15 ms, on a processor of less than half the speed."""
_TO_PUBLISH_SECONDS = 10.0
_LEAST_TO_PUBLISH_SECONDS = 0.5
"""What a first call with a new connection takes on a small, busy machine."""


class Invocation(NamedTuple):
    """What the platform says of this run: its id, the function's name, the time there is."""

    request_id: str | None
    function: str
    deadline: Deadline
    started: float
    backoff: Backoff
    secret: SecretBudget

    @classmethod
    def start(cls, context: Any, clock: Clock, backoff: Backoff) -> "Invocation":
        """Read a context: SCF hands a dict, Lambda an object, a developer's machine nothing."""
        names = (
            ("request_id", "function_name")
            if isinstance(context, Mapping)
            else ("aws_request_id", "function_name")
        )
        request_id, function = (_said(context, name) for name in names)
        started = clock.monotonic()
        seconds = _seconds(context)
        log, publish = _reserves(seconds)
        budget = SecretBudget(seconds - log - publish, Deadline(clock, started + seconds - log), backoff)
        return cls(
            request_id,
            (function or "local")[:_LONGEST_NAME],
            Deadline(clock, started + seconds),
            started,
            backoff,
            budget,
        )

    def for_publishing(self) -> Deadline:
        """Return the deadline of publishing: the last 1.5 s are kept to log what was not published."""
        return self.deadline.earlier(_reserves(self.deadline.at - self.started)[0])

    def for_work(self, jobs: int = 0) -> Deadline:
        """Return the deadline of the work on so many jobs: time is kept to report and to publish in.

        docs/decisions/0008-who-has-how-much-time.md has the numbers.
        """
        end = self.deadline.earlier(sum(_reserves(self.deadline.at - self.started)))
        return end.earlier(min(jobs * _TO_REPORT_A_JOB_SECONDS, end.remaining() / 2))


def _said(context: Any, name: str) -> str | None:
    """Return what a context says under a name as a text, `None` where it says nothing that can be read."""
    try:
        value = context.get(name) if isinstance(context, Mapping) else getattr(context, name, None)
        return None if value is None else str(value) or None
    except Exception:  # noqa: BLE001 - whatever a context is or does, the run goes on
        return None


def _seconds(context: Any) -> float:
    """Return how long this run may take, in seconds; the default where a context does not say it sensibly."""
    try:
        given: Any = (
            context.get("time_limit_in_ms")
            if isinstance(context, Mapping)
            else context.get_remaining_time_in_millis()
        )
        seconds = _DEFAULT_SECONDS if isinstance(given, bool) else float(given) / 1000
    except Exception:  # noqa: BLE001 - whatever a context is or does, the run goes on
        return _DEFAULT_SECONDS
    return seconds if 0 < seconds <= _MOST_SECONDS else _DEFAULT_SECONDS


def _reserves(seconds: float) -> tuple[float, float]:
    """Return what is kept of a run's time to log in, half of it at most, and to publish in."""
    log = min(_TO_LOG_SECONDS, seconds / 2)
    rest = seconds - log
    return log, min(_TO_PUBLISH_SECONDS, max(rest / 5, min(_LEAST_TO_PUBLISH_SECONDS, rest / 3)))
