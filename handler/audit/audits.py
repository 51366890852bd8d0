"""What is done with audits: each message that asks for one gets it published, whatever it found."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from handler.report.report import source
from handler.triggers.delivery import Fate, Message

if TYPE_CHECKING:
    from handler.audit.auditor import Auditor
    from handler.invocation import Invocation
    from handler.messages.reader import MessageResult
    from handler.report.audit import AuditReport
    from handler.topics.notifier import Notifier
    from handler.topics.topic import Destination

_log = logging.getLogger(__name__)


class Audits(NamedTuple):
    """The audits of one run. `calls` counts the requests sent."""

    invocation: Invocation
    notifier: Notifier
    topic: Destination
    auditor: Auditor
    calls: Callable[[], int]

    def published(
        self, results: Sequence[MessageResult], *, after_work: bool
    ) -> tuple[list[AuditReport], list[tuple[Message, Fate]]]:
        """Return what each audit found, published as an event of its own, and the fate of each message.

        An audit has an equal share of the time that is left. Where other messages' work took more than half
        of it, the messages are to come again. Raises `PublishError`.
        """
        run, until = self.invocation, self.invocation.for_work(len(results))
        if after_work and until.remaining() < (until.at - run.started) / 2:
            _log.warning("no time for an audit")
            return [], [(each.message, Fate.RETRY) for each in results]
        reports: list[AuditReport] = []
        for number, each in enumerate(results):
            request, share = each.request, until.within(until.remaining() / (len(results) - number))
            start, end = (request.start, request.end) if request else (None, None)
            found = self.auditor.run(source(run.function), start, end, share)
            reports.append(found)
            self.notifier.notify_of(self.topic, found, self.calls())
            self.auditor.remember(found, run.for_publishing())
        return reports, [(each.message, Fate.DONE) for each in results]
