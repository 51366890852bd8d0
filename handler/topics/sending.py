"""Publish a report before a deadline: in parts that the topic accepts, at its pace, with retries."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from handler.cloud.error_codes import cloud_error
from handler.cloud.pacing import Backoff, Deadline, RateLimit, bounded, paced, retry
from handler.errors import CloudError, Meaning, PublishError
from handler.errors.sentences import shortened
from handler.report.publishable import Publishable
from handler.topics.stdout import Stdout
from handler.topics.topic import Destination, Topic, connect

_log = logging.getLogger(__name__)
T = TypeVar("T")

LONGEST_CALL_SECONDS = 15.0
"""How long one request may take, answer included, before it counts as lost."""

STDOUT = "stdout:"
_LONGEST_ADDRESS = 300
"""Characters of a topic's address that an error repeats; an ARN of SNS has at most 316, rarely over 100."""
_LANE = "publish"
_THROTTLED = ("RequestLimitExceeded", "Throttl")
_GRACE_SECONDS = 0.1
"""How much earlier than publishing as a whole its requests end, so that their own error is reported."""
_TO_LOG = 10.0
"""Logging a report may take this many times as long as splitting it; 4 was measured with 10,000 tasks."""


def publish(report: Publishable, to: Destination, deadline: Deadline, backoff: Backoff) -> int:
    """Publish a report, in as many parts as the topic needs, and return their number.

    Returns or raises before the deadline, even if a call stalls. Raises `PublishError` when not every part
    was published; the whole report is then in the log, at level ERROR.
    """
    sending = _Sending(report, to, deadline, backoff)
    cause: Exception | None = None
    try:
        sending.run()
    except Exception as error:  # noqa: BLE001 - whatever it is, the report must not be lost
        cause = error
    if sending.complete:
        return len(sending.parts)
    cause = sending.refusal() or cause or cloud_error("NoAnswer", "the time was up")
    text = str(cause) if isinstance(cause, CloudError) else shortened(f"{type(cause).__name__}: {cause}")
    published, of = len(sending.published), len(sending.parts)
    facts = {"topic": to.address, "error": text, "published": published, "of": of, "report": report.data()}
    _log.error("report not published", extra=facts)
    some = f" ({published} of its {of} parts were)" if of > 1 else ""
    where = shortened(to.address, _LONGEST_ADDRESS)
    message = f"the report was not published to {where}{some}: {text}; it is in the log"
    raise PublishError(message, published) from cause


def look_at(to: Destination, deadline: Deadline, backoff: Backoff) -> None:
    """Read the topic itself before the deadline. Raises `CloudError` where that cannot be."""
    now = deadline.clock.monotonic
    patience = now() + backoff.unanswered_seconds

    def attempt(number: int) -> None:
        del number
        target = connect(to, deadline.remaining())
        target.look(min(deadline.remaining(), LONGEST_CALL_SECONDS, backoff.unanswered_seconds))

    def again(error: Exception, number: int) -> bool:
        del number
        return isinstance(error, CloudError) and error.retryable and now() < patience

    _in_time("reading", lambda: retry(attempt, again=again, deadline=deadline, backoff=backoff), deadline)


class _Sending:
    """Sends the parts of one report. `published` has the numbers of the parts that the topic accepted.

    Parts are sent at the pace of the topic, and failed ones again after a wait. A failed part does not block
    the others, unless its error means that no request can succeed.
    """

    def __init__(self, report: Publishable, to: Destination, deadline: Deadline, backoff: Backoff) -> None:
        self._report = report
        self._to = to
        self._deadline = deadline
        self._backoff = backoff
        self.parts: Sequence[dict[str, Any]] = ()
        self.published: set[int] = set()
        self._refused: dict[int, CloudError] = {}
        self._halted: CloudError | None = None
        self._renewed = False

    @property
    def complete(self) -> bool:
        """Whether every part was taken."""
        return 0 < len(self.parts) == len(self.published)

    def refusal(self) -> CloudError | None:
        """Return the error of the first part that was refused, `None` if none was."""
        refused = dict(self._refused)  # copied: an abandoned call may still change it
        return self._halted or (refused[min(refused)] if refused else None)

    def run(self) -> None:
        """Publish what can be published by the deadline. Raises `CloudError` when there is no client."""
        if self._to.address == STDOUT:  # no remote call; the log goes there as well
            self._print()
            return
        connected = partial(connect, self._to, self._deadline.remaining())
        target = _in_time("connecting", connected, self._deadline)
        self._split(target)
        limit = RateLimit(target.per_second, self._deadline.clock)
        end = self._deadline
        self._deadline = end.earlier(min(_GRACE_SECONDS, end.remaining() / 10))
        _in_time("publishing", partial(self._send_all, target, connected, limit), end)

    def _print(self) -> None:
        self._deadline = Deadline(self._deadline.clock, float("inf"))
        target = Stdout()
        self._split(target)
        for number in range(len(self.parts)):
            self._send(target, number)

    def _split(self, target: Topic) -> None:
        """Split the report, and reserve the time that logging it may take."""
        now = self._deadline.clock.monotonic
        begun = now()
        self.parts = target.split(self._report)
        to_log = _TO_LOG * (now() - begun)
        self._deadline = self._deadline.earlier(min(to_log, self._deadline.remaining() / 2))

    def _send_all(self, target: Topic, connected: Callable[[], Topic], limit: RateLimit) -> None:
        attempt, now = 1, self._deadline.clock.monotonic
        patience = now() + self._backoff.unanswered_seconds
        while numbers := self._due():
            self._send_each(target, numbers, limit)
            if self._halted is not None:
                if not self._renew_credentials():
                    return
                target = connected()
                continue
            wait = self._backoff.wait(attempt)
            if attempt >= self._backoff.attempts or wait >= self._deadline.remaining() or not self._due():
                return
            if not self.published and now() >= patience:
                return
            self._deadline.clock.sleep(wait)
            attempt += 1

    def _send_each(self, target: Topic, numbers: Sequence[int], limit: RateLimit) -> None:
        """Send each part once: one after the other if there is time, else the remaining ones in parallel."""
        now = self._deadline.clock.monotonic
        slowest = 0.0
        for done, number in enumerate(numbers):
            if slowest * (len(numbers) - done) > self._deadline.remaining() / 2:
                rest = numbers[done:]
                calls = [(_LANE, partial(self._send, target, each, limit), self._goes_on) for each in rest]
                paced(calls, limit, self._deadline)
                return
            if len(self.parts) > 1 and not (self._goes_on() and limit.wait(_LANE, self._deadline)):
                return
            begun = now()
            self._send(target, number, limit, 1 / min(2, len(numbers) - done))
            slowest = max(slowest, now() - begun)

    def _due(self) -> list[int]:
        """Return the numbers of the parts to send: neither accepted nor refused permanently."""
        over = self.published | {number for number, error in self._refused.items() if not error.retryable}
        return [number for number in range(len(self.parts)) if number not in over]

    def _goes_on(self) -> bool:
        return not self._stopped()

    def _stopped(self) -> bool:
        return self._halted is not None or self._deadline.remaining() <= 0

    def _send(self, target: Topic, number: int, limit: RateLimit | None = None, share: float = 1.0) -> None:
        """Send one part once, within a share of the time, and record the result. Raises nothing."""
        if self._stopped():
            return
        try:
            seconds = min(self._deadline.remaining() * share, LONGEST_CALL_SECONDS)
            target.publish(self.parts[number], self._report, seconds)
        except CloudError as error:
            refused = error
        except Exception as error:  # noqa: BLE001 - one part that fails holds up no other
            refused = CloudError("Unexpected", f"{type(error).__name__}: {error}", meaning=Meaning.UNKNOWN)
        else:
            self.published.add(number)
            self._refused.pop(number, None)
            return
        self._refused[number] = refused
        if refused.meaning is Meaning.HALT:
            self._halted = refused
        if limit is not None and refused.code.startswith(_THROTTLED):
            limit.throttled(_LANE)

    def _renew_credentials(self) -> bool:
        """Read refused credentials again, once; return whether they have changed."""
        refused = self._halted
        if refused is None or self._renewed or not refused.refuses_credentials:
            return False
        self._renewed = True
        try:
            before = self._to.identity(refresh=False)
            if before is None or self._to.identity(refresh=True) == before:
                return False
        except CloudError as error:
            _log.warning("credentials not read again", extra={"error": str(error)})
            return False
        self._halted = None
        self._refused = {}
        return True


def _in_time(what: str, call: Callable[[], T], deadline: Deadline) -> T:
    """Return what `call()` returns. Raises `CloudError` when it does not end before the deadline."""
    seconds = deadline.remaining()
    if seconds > 0:
        try:
            return bounded(call, seconds)
        except TimeoutError:
            pass  # it goes on in its thread, which ends by itself
    text = f"{what}: no answer within the {seconds:.1f} s that were left"
    raise CloudError("NoAnswer", text, meaning=Meaning.RETRY)
