"""What is published, once and not again, and the one wide log line of a run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from handler.cloud.stores.memory import LedgerMemory
from handler.errors import PublishError
from handler.errors.sentences import listed
from handler.invocation import Invocation
from handler.quiet_hours.status import QuietStatus
from handler.report.report import Report
from handler.topics.sending import publish
from handler.topics.topic import Destination

if TYPE_CHECKING:
    from handler.report.audit import AuditReport
    from handler.report.check import CheckReport

_log = logging.getLogger(__name__)


class Keys:
    """So many keys at most; the oldest ones are forgotten."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._keys: dict[Hashable, None] = {}
        self._changing = Lock()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._keys

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, keys: Iterable[Hashable]) -> None:
        """Remember these keys."""
        with self._changing:
            self._keys.update(dict.fromkeys(keys))
            while len(self._keys) > self._most:
                del self._keys[next(iter(self._keys))]


class Memory:
    """What a warm instance keeps between its runs; a new one starts empty, and publishes everything again.

    `messages` are the invalid messages that were published, as digests: 1,000 take 150 KB. `lasting` are the
    keys of `Report.lasting`. `rehearsed` are the beginnings of quiet hours that were rehearsed with success,
    and `findings` what the last rehearsal published. `ledger` is what was read of it.
    """

    def __init__(self) -> None:
        self.messages, self.lasting, self.rehearsed = Keys(1_000), Keys(20_000), Keys(1_000)
        self.findings: frozenset[Hashable] = frozenset()
        self.ledger = LedgerMemory()


class Notifier:
    """Publishes the reports of one run.

    `seen` is shown each report and `inspected` what each check and audit found, published or not.
    """

    def __init__(
        self,
        invocation: Invocation,
        memory: Memory,
        seen: Callable[[Report], None] | None = None,
        inspected: Callable[[CheckReport | AuditReport], None] | None = None,
    ) -> None:
        self._invocation = invocation
        self.memory = memory
        self._seen = seen
        self._inspected = inspected

    def notify(self, to: Destination, report: Report, calls: int = 0) -> None:
        """Publish a report and log the one wide line. Raises `PublishError`.

        Invalid messages that were published before are left out, so that redelivery does not bring a
        notification each time. One counts as published when the topic took it, and not before.
        """
        run = self._invocation
        parts = 0
        if self._seen:
            self._seen(report)
        news = self._news(report)
        try:
            if news and news.wanted_by(to.notify, self.memory.lasting):
                parts = publish(news, to, run.for_publishing(), run.backoff)
                self.memory.messages.add(problem.key for problem in news.problems if problem.key)
                self.memory.lasting.add(news.lasting())
        except PublishError as error:
            parts = error.published
            raise
        finally:
            level = logging.INFO if report.status in {"succeeded", "skipped"} else logging.WARNING
            _log.log(level, "invocation", extra=self._wide(report, to.address, calls, parts))

    def notify_of(self, to: Destination, found: CheckReport | AuditReport, calls: int = 0) -> None:
        """Publish what a check or an audit found and log it in one line. Raises `PublishError`."""
        parts = 0
        try:
            parts = publish(found, to, self._invocation.for_publishing(), self._invocation.backoff)
        except PublishError as error:
            parts = error.published
            raise
        finally:
            self._log(to, found, calls, parts)

    def not_rehearsed(self, coming: Sequence[QuietStatus]) -> list[QuietStatus]:
        """Return those beginnings of quiet hours that this instance has not rehearsed with success."""
        return [each for each in coming if each.until not in self.memory.rehearsed]

    def rehearsed(
        self, to: Destination, found: CheckReport, coming: Sequence[QuietStatus], calls: int
    ) -> None:
        """Log what a rehearsal found, and publish it if it is not what the last one published.

        Raises `PublishError`. Only a rehearsal without errors is remembered for the beginnings to come.
        """
        memory, findings = self.memory, frozenset(each.about for each in found.findings)
        if findings and findings != memory.findings:
            self.notify_of(to, found, calls)
        else:
            self._log(to, found, calls)
        memory.findings = findings
        if found.status != "errors":
            memory.rehearsed.add(each.until for each in coming)

    def _log(self, to: Destination, found: CheckReport | AuditReport, calls: int, parts: int = 0) -> None:
        if self._inspected:
            self._inspected(found)
        facts = {
            "status": found.status,
            **found.facts(),
            "report_id": found.id,
            "function": self._invocation.function,
            "topic": to.address,
            "notifications": parts,
            "api_calls": calls,
            "duration_ms": self._duration_ms(),
        }
        fine = found.status in {"ok", "clean"}
        _log.log(logging.INFO if fine else logging.WARNING, found.attributes["action"], extra=facts)

    def _duration_ms(self) -> int:
        run = self._invocation
        return round((run.deadline.clock.monotonic() - run.started) * 1000)

    def _news(self, report: Report) -> Report | None:
        """Return a report without what was published before, `None` if nothing is left of it."""
        problems = [each for each in report.problems if each.first or each.key not in self.memory.messages]
        if len(problems) == len(report.problems):
            return report
        return report.with_problems(problems) if problems or report.tasks else None

    def _wide(self, report: Report, topic: str, calls: int, parts: int) -> dict[str, Any]:
        run, data = self._invocation, report.data()
        hours = {
            task.hours.name: task.hours for task in report.tasks if task.hours and not task.hours.exempt_until
        }
        return {
            **{key: data[key] for key in ("status", "action", "dry_run", "trigger", "text")},
            **{f"tasks_{outcome}": count for outcome, count in data["summary"].items()},
            "report_id": report.id,
            "function": run.function,
            "now": report.time.isoformat(),
            "hours": "; ".join(f"{name}: {each.sentence()}" for name, each in hours.items()),
            "tasks": " ".join(f"{_shown(task)}={task['outcome']}" for task in data["tasks"]),
            "problems": listed([problem.message for problem in report.problems]),
            "topic": topic,
            "notifications": parts,
            "api_calls": calls,
            "duration_ms": self._duration_ms(),
        }


def _shown(task: Mapping[str, Any]) -> str:
    """Return an entry's id, or its name where the id is not known: `16498`, `campaign/2567`."""
    if task["campaign_id"]:
        return f"campaign/{task['campaign_id']}"
    return str(task["task_id"] or task["name"])
