"""One run as the platform sees it: its id, the function's name, its time."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from handler.pacing import Backoff, Clock, Deadline

_DEFAULT_SECONDS = 60.0
"""The time to work in where the platform does not say how much there is."""


class Invocation(NamedTuple):
    """What the platform says of this run: its id, the function's name, the time there is."""

    request_id: str | None
    function: str
    deadline: Deadline
    started: float
    backoff: Backoff

    @classmethod
    def start(cls, context: Any, clock: Clock, backoff: Backoff) -> "Invocation":
        """Read a context: SCF hands a dict, Lambda an object, a desk nothing."""
        if isinstance(context, Mapping):
            request_id, function = context.get("request_id"), context.get("function_name")
            limit = context.get("time_limit_in_ms")
        else:
            request_id = getattr(context, "aws_request_id", None)
            function = getattr(context, "function_name", None)
            remaining = getattr(context, "get_remaining_time_in_millis", None)
            limit = remaining() if remaining else None
        seconds = float(limit) / 1000 if limit else _DEFAULT_SECONDS
        deadline = Deadline.after(clock, seconds)
        name = str(function or "local")
        return cls(request_id and str(request_id), name, deadline, clock.monotonic(), backoff)

    def for_work(self) -> Deadline:
        """Give the deadline of the work: a fifth of the time, 10 s at most, is kept to report in."""
        return self.deadline.earlier(min(10.0, self.deadline.remaining() / 5))
