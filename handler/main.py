"""The entry point. It reads settings and event, does the work, and publishes the report.

The clock is created here and passed on.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from handler import triggers
from handler.cloud.connection import Connection
from handler.cloud.credentials import Credentials, read_credentials, remembered
from handler.cloud.pacing import Backoff, Clock, Deadline
from handler.errors import (
    ConfigurationError,
    PublishError,
    RejectedError,
    UnfinishedError,
)
from handler.errors.exposure import without_secrets
from handler.errors.sentences import shortened
from handler.invocation import Invocation
from handler.messages.reader import Done, MessageResult, Reader, entries, rejected
from handler.messages.resolve import Known
from handler.output import log, redaction
from handler.policy.rules import Rules
from handler.policy.source import read
from handler.reconcile.ledger.memory import LedgerMemory
from handler.reconcile.schedule import Schedule, by_clock
from handler.report.entries import Problem, TargetReport
from handler.report.report import Report, source
from handler.settings import (
    PublishSettings,
    Settings,
    known_secrets,
    read_publish_settings,
    read_settings,
    with_new_credentials,
)
from handler.target import Job, SdkAppId
from handler.topics.notifier import Memory, Notifier
from handler.topics.topic import Destination
from handler.triggers.delivery import Delivery, Fate, Message

if TYPE_CHECKING:
    from handler.check.checker import Checker
    from handler.check.checks import Checks
    from handler.reconcile.reconciler import Reconciler
    from handler.report.check import CheckReport

_log = logging.getLogger(__name__)


def main_handler(event: Any, context: Any = None) -> dict[str, Any]:
    """Answer a trigger event of AWS Lambda or Tencent SCF; the entry point of both.

    Raises `handler.errors.QuietHoursError` where the trigger has to learn of a failure: see the
    table in docs/decisions/0004-failure-by-trigger.md.
    """
    return handle(event, context, memory=_OF_THIS_INSTANCE)


@without_secrets
def handle(  # noqa: PLR0913 - replaced in a test or on a developer's machine
    event: Any,
    context: Any = None,
    *,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
    seen: Callable[[Report], None] | None = None,
    checked: Callable[[CheckReport], None] | None = None,
    memory: Memory | None = None,
    **given: Any,
) -> dict[str, Any]:
    """Do what `main_handler` does, with another clock, backoff or memory where one is passed.

    Settings in `given` override the environment. `seen` is called with each report and `checked` with each
    check, published or not. `memory` holds what was published before; the default is that of this instance.
    """
    invocation = Invocation.start(context, clock or Clock(), backoff or Backoff())
    notifier = Notifier(invocation, _OF_THIS_INSTANCE if memory is None else memory, seen, checked)
    redaction.begin([*known_secrets(given), *remembered()])
    log.set_up(invocation.request_id)
    try:
        settings = read_settings(**given)
        redaction.hide(settings.secrets)
        reader = _reader(settings, invocation)
    except ConfigurationError as error:
        least = read_publish_settings(**given)
        redaction.hide(least.secrets)
        notifier.notify(
            _destination(least, invocation), _report(invocation, [Problem("Configuration", str(error))])
        )
        raise
    try:
        return EventHandler(invocation, notifier, settings, reader, given).answer(event)
    except (PublishError, RejectedError, UnfinishedError):  # the report is published, or in the log
        raise
    except Exception as error:
        _log.exception("unexpected error")
        problem = Problem("Unexpected", shortened(f"{type(error).__name__}: {error}"))
        notifier.notify(_destination(settings, invocation), _report(invocation, [problem]))
        raise


@without_secrets
def check(*, clock: Clock | None = None, backoff: Backoff | None = None, **given: Any) -> CheckReport:
    """Return what a check finds, the topic included, and publish nothing. Raises `ConfigurationError`.

    It is for a developer's machine; the arguments are those of `handle`.
    """
    invocation = Invocation.start(None, clock or Clock(), backoff or Backoff())
    redaction.begin([*known_secrets(given), *remembered()])
    log.set_up(None)
    settings = read_settings(**given)
    redaction.hide(settings.secrets)
    notifier, reader = Notifier(invocation, Memory()), _reader(settings, invocation)
    handler = EventHandler(invocation, notifier, settings, reader, given)
    checker, of = handler.checker(invocation.for_work()), source(invocation.function)
    return checker.run(of, "Check", is_rehearsal=False, reads_topic=True)


class EventHandler:
    """Handles one event; its attributes are what every step uses."""

    def __init__(
        self,
        invocation: Invocation,
        notifier: Notifier,
        settings: Settings,
        reader: Reader,
        given: Mapping[str, Any],
    ) -> None:
        self.invocation = invocation
        self.notifier = notifier
        self.settings = settings
        self.reader = reader
        self.rules = Rules(reader.policy, reader.default_app)
        self.given = given
        self.problems: list[Problem] = []
        self.unread: set[Job] = set()
        self.connection = self._connection()

    def answer(self, event: Any) -> dict[str, Any]:
        """Return the answer to the trigger, or raise an error where it has to learn of a failure."""
        try:
            delivery = triggers.read(event)
        except RejectedError as error:
            problem = rejected(Message("", event), str(error), self.invocation.request_id)
            self._notify(_report(self.invocation, [problem]))
            raise
        results, jobs = self.reader.read(delivery.messages)
        done = self._work(jobs)
        fates = [(each.message, each.fate(done, self.unread)) for each in results if not each.is_check]
        reports: list[Report | CheckReport] = []
        if fates or not results:
            report = self._report(delivery, results, done)
            self._notify(report)
            reports.append(report)
        if checks := [each.message for each in results if each.is_check]:
            found, fate = self._checks.published(len(checks), after_work=bool(jobs))
            fates += [(message, fate) for message in checks]
            reports += [found] if found else []
        if delivery.is_timer and all(fate is Fate.DONE for _, fate in fates):
            policy, clock = self.reader.policy, self.invocation.deadline.clock
            self._checks.rehearse(results, Schedule(policy.quiet_hours, clock))
        summary = "; ".join(each.summary() for each in reports) or "there was no time for the check"
        return delivery.answer(fates, reports[0].data() if reports else {}, summary)

    def _notify(self, report: Report) -> None:
        self.notifier.notify(_destination(self.settings, self.invocation), report, self.connection.calls)

    @property
    def _checks(self) -> Checks:
        from handler.check.checks import Checks  # noqa: PLC0415 - most events ask for no check

        topic = _destination(self.settings, self.invocation)
        return Checks(
            self.invocation, self.notifier, topic, self.rules, self.checker, lambda: self.connection.calls
        )

    def checker(self, until: Deadline) -> Checker:
        """Return what checks these settings. It is imported here, since most wake-ups do not need it."""
        from handler.check.checker import Checker  # noqa: PLC0415

        return Checker(
            policy=self.reader.policy,
            named=self.reader.known.named,
            default_app=self.reader.default_app,
            per_second=self.settings.callout_requests_per_second,
            dry_run=self.settings.callout_dry_run,
            ccc=self.connection.ccc,
            topic=_destination(self.settings, self.invocation),
            until=until,
            backoff=self.invocation.backoff,
        )

    def _report(self, delivery: Delivery, results: Sequence[MessageResult], done: Done) -> Report:
        """Return the report of one event. Its action is `mixed` where the requests ask for both."""
        requests = [each.request for each in results if each.request and not each.is_check]
        actions = {each.action for each in requests}
        problems = [each.problem for each in results if each.problem]
        report = _report(self.invocation, [*problems, *self.problems])
        return report._replace(
            notes=self.reader.policy.notes(report.time),
            trigger=delivery.trigger,
            action="mixed" if len(actions) > 1 else next(iter(actions), None),
            dry_run=self.settings.callout_dry_run
            or (bool(requests) and all(each.dry_run for each in requests)),
            tasks=entries(done),
        )

    def _work(self, jobs: Sequence[Job]) -> Done:
        """Return the reports of each job. Where the clock decides every job, nothing more is imported."""
        deadline = self.invocation.for_work(len(jobs))
        schedule = Schedule(self.reader.policy.quiet_hours, deadline.clock)
        done: dict[Job, list[TargetReport]] = {}
        for job in jobs:
            reports = by_clock(job, schedule, self.rules)
            if reports is None:
                reconciler = self._reconciler(deadline, schedule)
                finished = dict(reconciler.run(jobs))
                self.problems += reconciler.problems
                self.unread |= reconciler.unread
                return finished
            done[job] = reports
        return done

    def _reconciler(self, deadline: Deadline, schedule: Schedule) -> Reconciler:
        from handler.reconcile.reconciler import Reconciler  # noqa: PLC0415 - not in a cold start

        return Reconciler(
            ccc=self.connection.ccc,
            schedule=schedule,
            deadline=deadline,
            backoff=self.invocation.backoff,
            verify=self.settings.callout_verify,
            known=self.reader.known.by_id,
            rules=self.rules,
        )

    def _connection(self) -> Connection:
        settings, run = self.settings, self.invocation

        def identity(*, refresh: bool = False) -> Credentials | None:
            now = self.settings
            return read_credentials(now.callout_secret, now.credentials, run.secret, refresh=refresh)

        def reread() -> None:
            self.settings = with_new_credentials(self.settings, **self.given)

        return Connection(
            endpoint=settings.callout_endpoint,
            region=settings.callout_region,
            per_second=settings.callout_requests_per_second,
            identity=identity,
            reread=reread,
            lack=lambda: self.settings.lack_of_credentials,
            clock=run.deadline.clock,
            backoff=run.backoff,
        )


_OF_THIS_INSTANCE = Memory()
"""What this warm instance has published. A new instance starts empty, and publishes it again."""


def _destination(settings: PublishSettings, invocation: Invocation) -> Destination:
    """Return where reports go. With only the settings for publishing, every report is published."""
    identity = partial(read_credentials, settings.callout_secret, settings.credentials, invocation.secret)
    notify = settings.callout_notify if isinstance(settings, Settings) else "always"
    return Destination(
        settings.callout_topic, settings.callout_endpoint, settings.callout_region, identity, notify
    )


def _reader(settings: Settings, invocation: Invocation) -> Reader:
    """Return the reader of messages under the policy. Raises `ConfigurationError`."""
    seconds = min(10.0, invocation.for_work().remaining() / 4)
    rules = read(settings.callout_policy, settings.callout_quiet_hours, settings.callout_time_zone, seconds)
    app = SdkAppId(settings.callout_sdk_app_id) if settings.callout_sdk_app_id else None
    return Reader(
        known=Known.of(rules.named_targets(app)),
        policy=rules,
        default_app=app,
        dry_run=settings.callout_dry_run,
        scope=invocation.request_id,
    )


def _report(invocation: Invocation, problems: Sequence[Problem]) -> Report:
    return Report(
        id=str(uuid.uuid4()),
        time=invocation.deadline.clock.now(),
        source=source(invocation.function),
        problems=tuple(problems),
    )
