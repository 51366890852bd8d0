"""One run as the platform sees it: its id, its time, and how it tells what it did."""

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from handler import topics
from handler.errors import PublishError
from handler.pacing import Backoff, Clock, Deadline
from handler.report import Problem, Report, TaskReport
from handler.request import Request
from handler.secret import SecretBudget, credentials
from handler.settings import Reach, Settings
from handler.triggers import Delivery, Message

_log = logging.getLogger("handler.main")
_DEFAULT_SECONDS = 60.0
"""The time that there is where the platform does not say it."""
_MOST_SECONDS = 86_400.0
"""The longest that SCF lets a function run; what is said to be longer is a mistake."""
_TO_LOG_SECONDS = 1.5
_TO_PUBLISH_SECONDS = 10.0

_TOLD: dict[str | None, None] = {}
"""The messages that were no requests and of which this warm instance has told, oldest first."""
_MOST_TOLD = 1_000


def _remember(keys: Sequence[str | None]) -> None:
    _TOLD.update(dict.fromkeys(key for key in keys if key is not None))
    while len(_TOLD) > _MOST_TOLD:
        del _TOLD[next(iter(_TOLD))]


class Invocation(NamedTuple):
    """What the platform says of this run: its id, the function's name, the time there is."""

    request_id: str | None
    function: str
    deadline: Deadline
    started: float
    backoff: Backoff
    secret: SecretBudget
    seen: Callable[[Report], None] | None = None

    @classmethod
    def start(
        cls, context: Any, clock: Clock, backoff: Backoff, seen: Callable[[Report], None] | None
    ) -> "Invocation":
        """Read a context: SCF hands a dict, Lambda an object, a desk nothing."""
        if isinstance(context, Mapping):
            request_id, function = context.get("request_id"), context.get("function_name")
        else:
            request_id = getattr(context, "aws_request_id", None)
            function = getattr(context, "function_name", None)
        started = clock.monotonic()
        seconds = _seconds(context)
        log, publish = _reserves(seconds)
        budget = SecretBudget(seconds - log - publish, Deadline(clock, started + seconds - log), backoff)
        return cls(
            request_id and str(request_id),
            str(function or "local"),
            Deadline(clock, started + seconds),
            started,
            backoff,
            budget,
            seen,
        )

    def for_publishing(self) -> Deadline:
        """Return the deadline of publishing: the last 1.5 s are kept to log what was not published."""
        return self.deadline.earlier(_reserves(self.deadline.at - self.started)[0])

    def for_work(self) -> Deadline:
        """Return the deadline of the work: a fifth of what is left, 10 s at most, is kept to publish in.

        docs/decisions/0008-who-has-how-much-time.md has the numbers.
        """
        return self.deadline.earlier(sum(_reserves(self.deadline.at - self.started)))

    def report(
        self,
        delivery: Delivery | None,
        requests: Sequence[Request],
        tasks: Sequence[TaskReport],
        problems: Sequence[Problem],
        *,
        dry_run: bool = False,
    ) -> Report:
        """Give the report of this run. Requests that ask for both actions have `mixed` for one."""
        actions = {each.action for each in requests}
        return Report(
            id=str(uuid.uuid4()),
            time=self.deadline.clock.now(),
            source=f"/callout-quiet-hours/{self.function}",
            trigger=delivery.trigger if delivery else None,
            action="mixed" if len(actions) > 1 else next(iter(actions), None),
            dry_run=dry_run or (bool(requests) and all(each.dry_run for each in requests)),
            tasks=tuple(tasks),
            problems=tuple(problems),
        )

    def tell(self, reach: Reach, report: Report, calls: int = 0, rejected: Sequence[Message] = ()) -> None:
        """Publish a report and log the one wide line. Raises `PublishError`.

        `rejected` are the messages of the report's problems. One that was told of before is left out of
        what is published, so that redelivery does not bring a notification each time.
        """
        identity = partial(credentials, reach, self.secret)
        tencent = topics.Tencent(reach.callout_endpoint, reach.callout_region, identity)
        notify = reach.callout_notify if isinstance(reach, Settings) else "always"
        parts = 0
        if self.seen:
            self.seen(report)
        news = self._news(report, rejected)
        try:
            if news and news.wanted_by(notify):
                deadline = self.for_publishing()
                parts = topics.publish(news, reach.callout_topic, tencent, deadline, self.backoff)
                _remember(self._keys(report, rejected))
        except PublishError as error:
            parts = error.published
            raise
        finally:
            level = logging.INFO if report.status in {"succeeded", "skipped"} else logging.WARNING
            _log.log(level, "invocation", extra=self._wide(report, reach.callout_topic, calls, parts))

    def _news(self, report: Report, rejected: Sequence[Message]) -> Report | None:
        """Give a report without what was told before, `None` if nothing is left of it."""
        if not rejected:
            return report
        told = [
            message.again or key in _TOLD
            for message, key in zip(rejected, self._keys(report, rejected), strict=True)
        ]
        problems = tuple(problem for problem, old in zip(report.problems, told, strict=True) if not old)
        return report._replace(problems=problems) if problems or report.tasks else None

    def _keys(self, report: Report, rejected: Sequence[Message]) -> list[str | None]:
        """Give what tells a message from all others, `None` where nothing does.

        A platform that retries keeps the request id; CKafka's offsets are unique whatever it is.
        """
        scopes = ["" if message.unique else self.request_id for message in rejected]
        return [
            None if scope is None else f"{scope} {message.id} {problem.body}"
            for scope, message, problem in zip(scopes, rejected, report.problems, strict=False)
        ]

    def _wide(self, report: Report, topic: str, calls: int, parts: int) -> dict[str, Any]:
        data = report.data()
        hours = {
            task.hours.name: task.hours for task in report.tasks if task.hours and not task.hours.exempt_until
        }
        return {
            **{key: data[key] for key in ("status", "action", "dry_run", "trigger", "text")},
            **{f"tasks_{outcome}": count for outcome, count in data["summary"].items()},
            "report_id": report.id,
            "function": self.function,
            "now": report.time.isoformat(),
            "hours": "; ".join(f"{name}: {each.sentence()}" for name, each in hours.items()),
            "tasks": " ".join(
                f"{task['task_id'] or task['name']}={task['outcome']}" for task in data["tasks"]
            ),
            "problems": "; ".join(problem.message for problem in report.problems),
            "topic": topic,
            "notifications": parts,
            "api_calls": calls,
            "duration_ms": round((self.deadline.clock.monotonic() - self.started) * 1000),
        }


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
    return log, min(_TO_PUBLISH_SECONDS, (seconds - log) / 5)
