"""The walk: settings, event, requests, tasks, work, report, topic, answer. It owns the clock."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from handler import log, policy, redaction, request, triggers
from handler.decision import Job, JobKey, Watch, by_the_clock
from handler.encoding import encoded
from handler.errors import (
    CloudError,
    ConfigurationError,
    Meaning,
    QuietHoursError,
    RejectedError,
    without_secrets,
)
from handler.invocation import Invocation
from handler.pacing import Backoff, Clock, Deadline, RateLimit
from handler.report import UNFINISHED, Problem, Report, TaskReport
from handler.secret import credentials, remembered
from handler.settings import Settings, known_secrets, read_reach, read_settings, with_new_credentials
from handler.task import SdkAppId, Task
from handler.triggers import Fate, Message

if TYPE_CHECKING:
    from handler.ccc import Ccc
    from handler.pauser import Pauser

_log = logging.getLogger(__name__)


def main_handler(event: Any, context: Any = None) -> dict[str, Any]:
    """Answer a trigger event of AWS Lambda or Tencent SCF; the entry point of both.

    Raises `handler.errors.QuietHoursError` where the trigger is to be told of a failure: see the
    table in docs/decisions/0004-failure-by-trigger.md.
    """
    return handle(event, context)


@without_secrets
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
    redaction.begin([*known_secrets(given), *remembered()])
    log.set_up(invocation.request_id)
    try:
        settings = read_settings(**given)
        redaction.hide(settings.secrets)
        rules = _policy(settings)
        named = rules.named_tasks(
            SdkAppId(settings.callout_sdk_app_id) if settings.callout_sdk_app_id else None
        )
    except ConfigurationError as error:
        reach = read_reach(**given)
        redaction.hide(reach.secrets)
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


class Walk:
    """One event on its way through, with what does not change on the way."""

    def __init__(
        self,
        invocation: Invocation,
        settings: Settings,
        rules: policy.Policy,
        named: Mapping[str, Task],
        given: Mapping[str, Any],
    ) -> None:
        self.invocation = invocation
        self.settings = settings
        self.policy = rules
        self.named = named
        self.given = given
        self._ccc: Ccc | None = None

    def answer(self, event: Any) -> dict[str, Any]:
        """Give the answer to the trigger, or raise what it is to be told."""
        try:
            delivery = triggers.read(event)
        except RejectedError as error:
            problem = Problem("Rejected", str(error), body=_text(event))
            report = self.invocation.report(None, [], [], [problem])
            self.invocation.tell(self.settings, report, rejected=[Message("", problem.body)])
            raise
        read = [self._read(message) for message in delivery.messages]
        problems = [each for each in read if isinstance(each, Problem)]
        requests = [each for each in read if not isinstance(each, Problem)]
        done = self._work([job for _, jobs in requests for job in jobs])
        unfinished = {job for job, reports in done if any(each.outcome in UNFINISHED for each in reports)}
        report = self.invocation.report(
            delivery,
            [wanted for wanted, _ in requests],
            list({id(each): each for _, reports in done for each in reports}.values()),
            problems,
            dry_run=self.settings.callout_dry_run,
        )
        rejected = [
            message
            for message, each in zip(delivery.messages, read, strict=True)
            if isinstance(each, Problem)
        ]
        self.invocation.tell(self.settings, report, self._ccc.calls if self._ccc else 0, rejected)
        return delivery.answer([_fate(each, unfinished) for each in read], report.data())

    def _read(self, message: Message) -> tuple[request.Request, list[Job]] | Problem:
        app = self.settings.callout_sdk_app_id
        try:
            wanted = request.parse(message.body)
            tasks = request.resolve(
                wanted, self.named, self.policy.quiet_hours.keys(), SdkAppId(app) if app else None
            )
        except RejectedError as error:
            return Problem("Rejected", str(error), message.id[:_LONGEST_ID] or None, _text(message.body))
        dry_run = wanted.dry_run or self.settings.callout_dry_run
        return wanted, [Job(wanted.action, task, dry_run) for task in tasks]

    def _work(self, jobs: list[Job]) -> list[tuple[Job, list[TaskReport]]]:
        """Give each job with what became of it; where the clock decides them all, no more is imported."""
        deadline = self.invocation.for_work()
        watch = Watch(self.policy.quiet_hours, deadline.clock)
        told: dict[JobKey, TaskReport] = {}
        for job in jobs:
            report = None if job.task.task_id is None else by_the_clock(job, watch)
            if report is None:
                return self._pauser(deadline, watch).run(jobs)
            told[job.key] = report
        return [(job, [told[job.key]]) for job in jobs]

    def _pauser(self, deadline: Deadline, watch: Watch) -> Pauser:
        from handler.pauser import Pauser  # noqa: PLC0415 - as in _connect

        return Pauser(
            ccc=lambda: self._connect(deadline),
            watch=watch,
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
                identity = credentials(self.settings)
                if identity is None:
                    raise CloudError("NoCredentials", NO_CREDENTIALS, meaning=Meaning.HALT)
                endpoint, region = self.settings.callout_endpoint, self.settings.callout_region
                return Api3(SERVICE, VERSION, endpoint=endpoint, region=region, identity=identity)

            def renew() -> bool:
                refused = credentials(self.settings)
                self.settings = with_new_credentials(self.settings, **self.given)
                try:
                    return credentials(self.settings, anew=True) != refused
                except CloudError as error:
                    _log.warning("credentials not read anew", extra={"error": str(error)})
                    return False

            limit = RateLimit(self.settings.callout_requests_per_second, deadline.clock)
            self._ccc = Ccc(connect, limit, deadline, self.invocation.backoff, renew)
        return self._ccc


_LONGEST_ID = 200
"""Characters of a message's id in a report: a sender may choose it, and each part of a report repeats it."""

NO_CREDENTIALS = (
    "there are no credentials; set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, "
    "or CALLOUT_SECRET, or give the function a role that may pause tasks"
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
    try:
        return encoded(body).decode()
    except (RecursionError, TypeError, ValueError) as error:
        return f"a {type(body).__name__} that cannot be written as JSON: {error}"
