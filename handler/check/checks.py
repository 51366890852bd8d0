"""What is done with a check: one that was asked for is published, a rehearsal is heard where it has news."""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from handler.check.rehearsal import about_to_begin, occasion
from handler.cloud.pacing import Deadline
from handler.errors import UnfinishedError
from handler.invocation import Invocation
from handler.messages.reader import MessageResult
from handler.policy.rules import Rules
from handler.reconcile.schedule import Schedule
from handler.report.report import source
from handler.target import Target
from handler.topics.notifier import Notifier
from handler.topics.topic import Destination
from handler.triggers.delivery import Fate

if TYPE_CHECKING:
    from handler.check.checker import Checker
    from handler.report.check import CheckReport

_LEAST_TO_REHEARSE_SECONDS = 0.5
"""With less time left after the work, a rehearsal would only find that nobody answers in time."""
_LONGEST_REHEARSAL_SECONDS = 30.0
"""A wake-up each minute is to find the function free."""
_BEFORE_THE_BEGINNING = timedelta(seconds=15)
"""How long before quiet hours begin a rehearsal must have ended, with what it publishes."""
_log = logging.getLogger(__name__)


class Checks(NamedTuple):
    """The checks of one run. `checker` is made only where one is needed; `calls` counts the requests sent."""

    invocation: Invocation
    notifier: Notifier
    topic: Destination
    rules: Rules
    checker: "Callable[[Deadline], Checker]"
    calls: Callable[[], int]

    def published(self, count: int, *, after_work: bool) -> "tuple[CheckReport | None, Fate]":
        """Return what a check finds, published as an event for each of `count` messages, and their fate.

        Where other messages' work took more than half of the time, the check would find that there is none:
        its messages are to come again. Raises `PublishError`.
        """
        run = self.invocation
        until = run.for_work()
        if after_work and until.remaining() < (until.at - run.started) / 2:
            _log.warning("no time for a check")
            return None, Fate.RETRY
        found = self._run("Check", until, is_rehearsal=False)
        for _ in range(count):
            self.notifier.notify_of(self.topic, found.again(), self.calls())
        return found, Fate.FOUND_ERRORS if found.status == "errors" else Fate.DONE

    def rehearse(self, results: Iterable[MessageResult], schedule: Schedule) -> None:
        """Check everything if quiet hours begin within the hour, once with success for each beginning.

        This is for the messages that ask for every task of the policy to be paused. Raises `UnfinishedError`
        where that finds errors, at each wake-up until it does not. It has ended before quiet hours begin, so
        that the next wake-up is not held up. Without time nothing is checked.
        """
        asked = (each for each in results if each.asks_to_pause_all)
        targets = [one for each in asked for job in each.jobs for one in self._under_each(job.target)]
        coming = self.notifier.not_rehearsed(about_to_begin(targets, schedule.now))
        if not coming:
            return
        left = (coming[0].until or coming[0].now) - coming[0].now - _BEFORE_THE_BEGINNING
        until = self.invocation.for_work().within(min(_LONGEST_REHEARSAL_SECONDS, left.total_seconds()))
        if until.remaining() < _LEAST_TO_REHEARSE_SECONDS:
            _log.warning("no time for a rehearsal")
            return
        found = self._run(occasion(coming), until, is_rehearsal=True)
        self.notifier.rehearsed(self.topic, found, coming, self.calls())
        if found.status == "errors":
            raise UnfinishedError(found.summary())

    def _under_each(self, target: Target) -> list[Target]:
        """Return a target, or for all that rules cover one under each of their quiet hours."""
        if target.lookup != "rules":
            return [target]
        hours = {name for kind in target.kinds for name in self.rules.quiet_hours(target.sdk_app_id, kind)}
        return [target._replace(quiet_hours=name) for name in hours]

    def _run(self, name: str, until: Deadline, *, is_rehearsal: bool) -> "CheckReport":
        of = source(self.invocation.function)
        return self.checker(until).run(of, name, is_rehearsal=is_rehearsal, reads_topic=is_rehearsal)
