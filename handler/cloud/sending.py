"""One request until it is answered or given up: what its attempts have shown so far."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from handler.cloud.ccc_types import ACTIONS, APIS
from handler.cloud.error_codes import cloud_error
from handler.cloud.pacing import Deadline
from handler.errors import CloudError, Meaning

LONGEST_CALL_SECONDS = 10.0
"""How long one request may take, answer included, before it counts as lost."""

_log = logging.getLogger(__name__)


@dataclass
class Silence:
    """How long no call was answered; after `most` seconds of it the service counts as unreachable."""

    most: float
    broken: bool = False
    since: float | None = None
    over: str | None = None

    def note(self, error: CloudError, begun: float, now: float) -> None:
        """Note the error of a call that began at `begun`; `over` then says why the service is unreachable."""
        self.broken = self.broken or error.code != "NoAnswer"
        self.since = begun if self.since is None else self.since
        if not self.broken and now - self.since >= self.most:
            self.over = error.message


@dataclass
class Sending:
    """How often a request was sent, how its last attempt failed, and whether it is given up.

    `unclear` is set once an attempt may have been carried out all the same.
    """

    api: str
    params: dict[str, Any]
    sent: int = 0
    last: CloudError | None = None
    unclear: bool = False
    over: bool = False

    def seconds(self, until: Deadline) -> float:
        """Return how long the next attempt may take, 0 where the deadline has come."""
        return min(until.remaining(), LONGEST_CALL_SECONDS)

    def failed(self, error: CloudError, seconds: float) -> None:
        """Note that an attempt failed after so many seconds; the error says what follows."""
        self.unclear = self.unclear or not error.refused
        error.attempts, error.unclear, self.last = self.sent, self.unclear, error
        # A call that stalled for so long goes to the end of the queue: others wait for its thread.
        stalled = self.api in ACTIONS and seconds >= LONGEST_CALL_SECONDS
        error.look_first = stalled or _of_state(self.api, error)
        facts = {"api": self.api, "params": self.params, "attempt": self.sent, "error": str(error)}
        _log.info("call failed", extra=facts)

    def given_up(self, code: str, message: str) -> CloudError:
        """Return the error to raise where nothing more is sent: the last one, if there was any."""
        self.over = True
        if self.last is not None:
            return self.last
        error = cloud_error(code, message)
        error.attempts = self.sent
        return error

    def unreachable(self, message: str) -> CloudError:
        """Return the error where no service answers; an earlier attempt may have been carried out."""
        error = cloud_error("Unreachable", message)
        error.attempts, error.unclear = self.sent, self.unclear
        return error


def should_repeat(error: Exception, attempt: int) -> bool:
    """Return whether a request whose attempt failed like this may be sent again."""
    what = error.meaning if isinstance(error, CloudError) else None
    return what is Meaning.RETRY or (what is Meaning.UNKNOWN and attempt == 1)


def _of_state(api: str, error: CloudError) -> bool:
    """Return whether an error may say that a campaign is in the wrong state, so that its state decides.

    The documents of these APIs have no other code for that: `InternalError` and `InvalidParameterValue`.
    """
    return api in _OF_CAMPAIGNS and error.code.startswith("InternalError")


_OF_CAMPAIGNS = frozenset(APIS["campaign"][:2])
