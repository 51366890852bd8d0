"""The walk: settings, event, requests, tasks, work, report, topic, answer. It owns the clock."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handler import log, policy, request, topics, triggers
from handler.errors import CloudError, ConfigurationError, Meaning, QuietHoursError, RejectedError
from handler.pacing import Backoff, Clock, Deadline, RateLimit
from handler.pauser import Job, Pauser, Watch
from handler.report import UNFINISHED, Problem, Report, TaskReport, encoded
from handler.settings import Reach, Settings, read_reach, read_settings
from handler.task import SdkAppId, Task
from handler.triggers import Delivery, Fate, Message

if TYPE_CHECKING:
    from handler.ccc import Ccc

_log = logging.getLogger(__name__)

_DEFAULT_SECONDS = 60.0
"""The time to work in where the platform does not say how much there is."""


def main_handler(event: Any, context: Any = None) -> dict[str, Any]:
    """Answer a trigger event of AWS Lambda or Tencent SCF; the entry point of both.

    Raises `handler.errors.QuietHoursError` where the trigger is to be told of a failure: see the
    table in docs/decisions/0004-failure-by-trigger.md.
    """
    return handle(event, context)


def handle(
    event: Any,
    context: Any = None,
    *,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
    seen: Callable[[Report], None] | None = None,
    **given: Any,
) -> dict[str, Any]:
    """Do what `main_handler` does with another clock or backoff.

    Settings that are `given` win over the environment; `seen` is shown the report, published or not.
    """
    invocation = Invocation.start(context, clock or Clock(), backoff or Backoff(), seen)
    log.set_up(invocation.request_id, ())
    try:
        settings = read_settings(**given)
        log.set_up(invocation.request_id, settings.secrets)
        rules = _policy(settings)
        named = rules.named_tasks(
            SdkAppId(settings.callout_sdk_app_id) if settings.callout_sdk_app_id else None
        )
    except ConfigurationError as error:
        reach = read_reach(**given)
        log.set_up(invocation.request_id, reach.secrets)
        problem = Problem("Configuration", str(error))
        invocation.tell(reach, invocation.report(None, [], [], [problem]))
        raise
    try:
        return Walk(invocation, settings, rules, named, given).answer(event)
    except QuietHoursError:
        raise
    except Exception as error:
        _log.exception("unexpected error")
        problem = Problem("Unexpected", f"{type(error).__name__}: {error}")
        invocation.tell(settings, invocation.report(None, [], [], [problem]))
        raise


@dataclass(frozen=True)
class Invocation:
    """What the platform says of this run: its id, the function's name, the time there is."""

    request_id: str | None
    function: str
    deadline: Deadline
    started: float
    backoff: Backoff
    seen: Callable[[Report], None] | None = None

    @classmethod
    def start(
        cls, context: Any, clock: Clock, backoff: Backoff, seen: Callable[[Report], None] | None
    ) -> Invocation:
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
        return cls(request_id and str(request_id), name, deadline, clock.monotonic(), backoff, seen)

    def for_work(self) -> Deadline:
        """Give the deadline of the work: a fifth of the time, 10 s at most, is kept to report in."""
        return self.deadline.earlier(min(10.0, self.deadline.remaining() / 5))

    def report(
        self,
        delivery: Delivery | None,
        requests: Sequence[request.Request],
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

    def tell(self, reach: Reach, report: Report, calls: int = 0) -> None:
        """Publish a report and log the one wide line. Raises `PublishError`."""
        tencent = topics.Tencent(reach.callout_endpoint, reach.callout_region, reach.credentials)
        notify = reach.callout_notify if isinstance(reach, Settings) else "always"
        parts = 0
        if self.seen:
            self.seen(report)
        try:
            if report.wanted_by(notify):
                parts = topics.publish(report, reach.callout_topic, tencent, self.deadline, self.backoff)
        finally:
            level = logging.INFO if report.status in {"succeeded", "skipped"} else logging.WARNING
            _log.log(level, "invocation", extra=self._wide(report, reach.callout_topic, calls, parts))

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


@dataclass
class Walk:
    """One event on its way through, with what does not change on the way."""

    invocation: Invocation
    settings: Settings
    policy: policy.Policy
    named: Mapping[str, Task]
    given: Mapping[str, Any]
    _ccc: Ccc | None = None

    def answer(self, event: Any) -> dict[str, Any]:
        """Give the answer to the trigger, or raise what it is to be told."""
        try:
            delivery = triggers.read(event)
        except RejectedError as error:
            problem = Problem("Rejected", str(error), body=_text(event))
            self.invocation.tell(self.settings, self.invocation.report(None, [], [], [problem]))
            raise
        read = [self._read(message) for message in delivery.messages]
        problems = [each for each in read if isinstance(each, Problem)]
        requests = [each for each in read if not isinstance(each, Problem)]
        done = self._pauser().run([job for _, jobs in requests for job in jobs])
        unfinished = {job for job, reports in done if any(each.outcome in UNFINISHED for each in reports)}
        report = self.invocation.report(
            delivery,
            [wanted for wanted, _ in requests],
            list({id(each): each for _, reports in done for each in reports}.values()),
            problems,
            dry_run=self.settings.callout_dry_run,
        )
        self.invocation.tell(self.settings, report, self._ccc.calls if self._ccc else 0)
        return delivery.answer([_fate(each, unfinished) for each in read], report.data())

    def _read(self, message: Message) -> tuple[request.Request, list[Job]] | Problem:
        app = self.settings.callout_sdk_app_id
        try:
            wanted = request.parse(message.body)
            tasks = request.resolve(
                wanted, self.named, self.policy.quiet_hours.keys(), SdkAppId(app) if app else None
            )
        except RejectedError as error:
            return Problem("Rejected", str(error), message.id or None, _text(message.body))
        dry_run = wanted.dry_run or self.settings.callout_dry_run
        return wanted, [Job(wanted.action, task, dry_run) for task in tasks]

    def _pauser(self) -> Pauser:
        deadline = self.invocation.for_work()
        return Pauser(
            ccc=lambda: self._connect(deadline),
            watch=Watch(self.policy.quiet_hours, deadline.clock),
            deadline=deadline,
            backoff=self.invocation.backoff,
            verify=self.settings.callout_verify,
            known={(task.sdk_app_id, task.task_id): task for task in self.named.values()},
        )

    def _connect(self, deadline: Deadline) -> Ccc:
        """Give the contact centre. Only here is the SDK imported: most wake-ups have no use for it."""
        from handler.api3 import Api3  # noqa: PLC0415
        from handler.ccc import SERVICE, VERSION, Ccc  # noqa: PLC0415

        if self._ccc is None:

            def connect() -> Api3:
                # Read anew each time: a token that has expired meanwhile is another one now.
                identity = read_reach(**self.given).credentials
                if identity is None:
                    raise CloudError("NoCredentials", NO_CREDENTIALS, meaning=Meaning.HALT)
                endpoint, region = self.settings.callout_endpoint, self.settings.callout_region
                return Api3(SERVICE, VERSION, endpoint=endpoint, region=region, identity=identity)

            limit = RateLimit(self.settings.callout_requests_per_second, deadline.clock)
            self._ccc = Ccc(connect, limit, deadline, self.invocation.backoff)
        return self._ccc


NO_CREDENTIALS = (
    "there are no credentials; set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, "
    "or give the function a role that may pause tasks"
)


def _policy(settings: Settings) -> policy.Policy:
    if settings.callout_policy:
        return policy.load(settings.callout_policy)
    return policy.from_intervals(settings.callout_quiet_hours or "", settings.callout_time_zone)


def _fate(read: tuple[request.Request, list[Job]] | Problem, unfinished: set[Job]) -> Fate:
    if isinstance(read, Problem):
        return Fate.REJECTED
    return Fate.RETRY if unfinished & set(read[1]) else Fate.DONE


def _text(body: Any) -> str:
    if isinstance(body, str):
        return body
    return encoded(body).decode()
