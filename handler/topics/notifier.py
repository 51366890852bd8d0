"""What is published, once and not again, and the one wide log line of a run."""

import logging
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any

from handler.errors import PublishError
from handler.errors.sentences import listed
from handler.invocation import Invocation
from handler.report.report import Report
from handler.topics.sending import publish
from handler.topics.topic import Destination

_log = logging.getLogger(__name__)


class Memory:
    """The invalid messages that were published, as digests; the oldest ones are forgotten.

    A warm instance keeps one between its runs. 1,000 of them take 150 KB, whatever the messages hold.
    """

    def __init__(self, most: int = 1_000) -> None:
        self._most = most
        self._keys: dict[bytes, None] = {}
        self._changing = Lock()

    def __contains__(self, key: bytes | None) -> bool:
        return key in self._keys

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, keys: Iterable[bytes]) -> None:
        """Remember these messages as published."""
        with self._changing:
            self._keys.update(dict.fromkeys(keys))
            while len(self._keys) > self._most:
                del self._keys[next(iter(self._keys))]


class Notifier:
    """Publishes the reports of one run. `seen` is shown each report, published or not."""

    def __init__(
        self, invocation: Invocation, memory: Memory, seen: Callable[[Report], None] | None = None
    ) -> None:
        self._invocation = invocation
        self._memory = memory
        self._seen = seen

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
            if news and news.wanted_by(to.notify):
                parts = publish(news, to, run.for_publishing(), run.backoff)
                self._memory.add(problem.key for problem in news.problems if problem.key)
        except PublishError as error:
            parts = error.published
            raise
        finally:
            level = logging.INFO if report.status in {"succeeded", "skipped"} else logging.WARNING
            _log.log(level, "invocation", extra=self._wide(report, to.address, calls, parts))

    def _news(self, report: Report) -> Report | None:
        """Return a report without what was published before, `None` if nothing is left of it."""
        problems = [each for each in report.problems if each.first or each.key not in self._memory]
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
            "tasks": " ".join(
                f"{task['task_id'] or task['name']}={task['outcome']}" for task in data["tasks"]
            ),
            "problems": listed([problem.message for problem in report.problems]),
            "topic": topic,
            "notifications": parts,
            "api_calls": calls,
            "duration_ms": round((run.deadline.clock.monotonic() - run.started) * 1000),
        }
