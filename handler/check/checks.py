"""What is done with a check: one that was asked for is published, a rehearsal is heard where it has news."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from handler.check.rehearsal import about_to_begin, occasion
from handler.errors import UnfinishedError
from handler.invocation import Invocation
from handler.messages.reader import MessageResult
from handler.reconcile.schedule import Schedule
from handler.report.check import CheckReport
from handler.report.report import source
from handler.topics.notifier import Notifier
from handler.topics.topic import Destination

if TYPE_CHECKING:
    from handler.check.checker import Checker

_LEAST_TO_REHEARSE_SECONDS = 0.5
"""With less time left after the work, a rehearsal would only find that nobody answers in time."""


class Checks(NamedTuple):
    """The checks of one run. `checker` is made only where one is needed; `calls` counts the requests sent."""

    invocation: Invocation
    notifier: Notifier
    topic: Destination
    checker: "Callable[[], Checker]"
    calls: Callable[[], int]

    def published(self, count: int) -> CheckReport:
        """Return what a check finds, published as an event of its own for each of `count` messages.

        Raises `PublishError`.
        """
        found = self._run("Check", is_rehearsal=False)
        for _ in range(count):
            self.notifier.notify_check(self.topic, found.again(), self.calls())
        return found

    def rehearse(self, results: Iterable[MessageResult], schedule: Schedule) -> None:
        """Check everything if quiet hours begin within the hour, once with success for each beginning.

        This is for the messages that ask for every task of the policy to be paused. Raises `UnfinishedError`
        where that finds errors, at each wake-up until it does not. Without time left nothing is checked: the
        next wake-up has some, or its work fails.
        """
        asked = (each for each in results if each.asks_to_pause_all)
        names = dict.fromkeys(job.task.quiet_hours for each in asked for job in each.jobs)
        coming = self.notifier.not_rehearsed(about_to_begin(map(schedule.now, names)))
        if not coming or self.invocation.for_work().remaining() < _LEAST_TO_REHEARSE_SECONDS:
            return
        found = self._run(occasion(coming), is_rehearsal=True)
        self.notifier.rehearsed(self.topic, found, coming, self.calls())
        if found.status == "errors":
            raise UnfinishedError(found.summary())

    def _run(self, name: str, *, is_rehearsal: bool) -> CheckReport:
        return self.checker().run(source(self.invocation.function), name, is_rehearsal=is_rehearsal)
