"""What is done about one event, step by step: read, carried out, reported, answered."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from handler import triggers
from handler.cloud.connection import Connection
from handler.cloud.credentials import Credentials, read_credentials
from handler.cloud.pacing import Deadline
from handler.cloud.stores import addresses, open_store
from handler.errors import ConfigurationError, RejectedError, UnfinishedError
from handler.invocation import Invocation
from handler.messages.reader import Done, MessageResult, Reader, entries, rejected, with_morning
from handler.policy.rules import Rules
from handler.reconcile.ledger.enforced import NOTHING, Enforced, Scope
from handler.reconcile.schedule import Schedule, by_clock
from handler.report.entries import Problem, TargetReport
from handler.report.report import Report, source
from handler.settings import with_new_credentials
from handler.settings.fields import PublishSettings, Settings
from handler.target import Job
from handler.topics.notifier import Notifier
from handler.topics.topic import Destination
from handler.triggers.delivery import Delivery, Fate, Message

if TYPE_CHECKING:
    from handler.main.inspection import Inspection
    from handler.reconcile.ledger.ledger import Ledger
    from handler.reconcile.reconciler import Reconciler
    from handler.report.audit import AuditReport
    from handler.report.check import CheckReport

_log = logging.getLogger(__name__)


class NoLedgerError(ConfigurationError):
    """A message asks to enforce, and there is no ledger. It is published, as other failures are."""


_NO_LEDGER = (
    "CALLOUT_LEDGER: is not set, and enforce resumes what the ledger holds; set it, or ask for pause instead"
)


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
        self.enforced: Enforced = NOTHING

    def answer(self, event: Any) -> dict[str, Any]:
        """Return the answer to the trigger, or raise an error where it has to learn of a failure."""
        try:
            delivery = triggers.read(event)
        except RejectedError as error:
            problem = rejected(Message("", event), str(error), self.invocation.request_id)
            self._notify(new_report(self.invocation, [problem]))
            raise
        results, jobs = self.reader.read(delivery.messages)
        done = self._work(jobs)
        self._enforce(results)
        fates = [(each.message, self._fate(each, done)) for each in results if not each.is_inspection]
        reports: list[Report | CheckReport | AuditReport] = []
        if fates or not results:
            report = self._report(delivery, results, done)
            self._notify(report)
            reports.append(report)
        if checks := [each.message for each in results if each.asks_for == "check"]:
            found, fate = self.inspection.checks.published(len(checks), after_work=bool(jobs))
            fates += [(message, fate) for message in checks]
            reports += [found] if found else []
        if audits := [each for each in results if each.asks_for == "audit"]:
            audited, done_with = self.inspection.audits.published(audits, after_work=bool(jobs or checks))
            reports += audited
            fates += done_with
        if delivery.is_timer and all(fate is Fate.DONE for _, fate in fates):
            policy, clock = self.reader.policy, self.invocation.deadline.clock
            self.inspection.checks.rehearse(results, Schedule(policy.quiet_hours, clock))
        summary = "; ".join(each.summary() for each in reports) or "there was no time for a check or an audit"
        try:
            return delivery.answer(fates, reports[0].data() if reports else {}, summary)
        except UnfinishedError:
            if self._lacks_ledger(results):
                raise NoLedgerError("settings", [_NO_LEDGER]) from None
            raise

    def _notify(self, report: Report) -> None:
        self.notifier.notify(destination(self.settings, self.invocation), report, self.connection.calls)

    @property
    def inspection(self) -> Inspection:
        """What makes the checks and audits of this run."""
        from handler.main.inspection import Inspection  # noqa: PLC0415 - most events ask for none

        return Inspection(self, destination(self.settings, self.invocation))

    def _report(self, delivery: Delivery, results: Sequence[MessageResult], done: Done) -> Report:
        """Return the report of one event. Its action is `mixed` where the requests ask for both."""
        requests = [each.request for each in results if each.request and not each.is_inspection]
        actions = {each.action for each in requests}
        problems = [each.problem for each in results if each.problem]
        problems += [Problem("Configuration", _NO_LEDGER)] if self._lacks_ledger(results) else []
        report = new_report(self.invocation, [*problems, *self.problems, *self.enforced.problems])
        return report._replace(
            notes=self.reader.policy.notes(report.time),
            trigger=delivery.trigger,
            action="mixed" if len(actions) > 1 else next(iter(actions), None),
            dry_run=self.settings.callout_dry_run
            or (bool(requests) and all(each.dry_run for each in requests)),
            tasks=with_morning(entries(done), self.enforced.reports),
            left=self.enforced.left if self.enforced.resumed else 0,
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

    def _enforce(self, results: Sequence[MessageResult]) -> None:
        """Resume what the ledger holds, where a message asks for that and it is not quiet everywhere."""
        scopes = [self._scope(each) for each in results if each.enforces]
        address = self.settings.callout_ledger
        if address is None or not scopes:
            return
        deadline = self.invocation.for_work(len(scopes))
        if self.notifier.memory.ledger.of(address).is_idle(deadline.clock.now()):
            return
        schedule = Schedule(self.reader.policy.quiet_hours, deadline.clock)
        if schedule.all_quiet() and not self._is_any_exempt(schedule):
            return
        from handler.reconcile.ledger.enforcement import Enforcement  # noqa: PLC0415 - not in a cold start

        verify, per_second = self.settings.callout_verify, self.settings.callout_requests_per_second
        enforcement = Enforcement(
            self.ledger(address), self.connection.ccc, schedule, self.rules, deadline, verify, per_second
        )
        self.enforced = enforcement.run(scopes)

    def _is_any_exempt(self, schedule: Schedule) -> bool:
        """Return whether the policy exempts a target from its quiet hours now, so that it may be resumed."""
        now = schedule.clock.now()
        exempt = (each.exempt_until for each in self.reader.known.named.values())
        return any(until is not None and now < until for until in exempt)

    def _scope(self, result: MessageResult) -> Scope:
        request = result.request
        everything = request is None or request.tasks is None
        dry_run = self.settings.callout_dry_run or (request is not None and request.dry_run)
        return Scope(None if everything else [job.target for job in result.jobs], dry_run)

    def _fate(self, result: MessageResult, done: Done) -> Fate:
        fate = result.fate(done, self.unread)
        lacking = result.enforces and (self.settings.callout_ledger is None or self.enforced.failed)
        return Fate.RETRY if fate is Fate.DONE and lacking else fate

    def _lacks_ledger(self, results: Sequence[MessageResult]) -> bool:
        return self.settings.callout_ledger is None and any(each.enforces for each in results)

    def _reconciler(self, deadline: Deadline, schedule: Schedule) -> Reconciler:
        from handler.reconcile.ledger.notes import Notes  # noqa: PLC0415 - not in a cold start
        from handler.reconcile.reconciler import Reconciler  # noqa: PLC0415

        address = self.settings.callout_ledger
        return Reconciler(
            ccc=self.connection.ccc,
            schedule=schedule,
            deadline=deadline,
            backoff=self.invocation.backoff,
            verify=self.settings.callout_verify,
            known=self.reader.known.by_id,
            notes=Notes(self.ledger(address) if address else None, schedule, deadline),
            rules=self.rules,
        )

    def ledger(self, address: str) -> Ledger:
        """Return the ledger at an address; its store is opened at the first need."""
        from handler.reconcile.ledger.ledger import Ledger  # noqa: PLC0415 - not in a cold start

        settings, run = self.settings, self.invocation
        store = partial(
            open_store,
            addresses.read(address),
            clock=run.deadline.clock,
            identity=self._identity,
            endpoint=settings.callout_endpoint,
            region=settings.callout_region,
        )
        return Ledger(store, self.notifier.memory.ledger.of(address), run.backoff)

    def _identity(self, *, refresh: bool = False) -> Credentials | None:
        now = self.settings
        return read_credentials(now.callout_secret, now.credentials, self.invocation.secret, refresh=refresh)

    def _connection(self) -> Connection:
        settings, run = self.settings, self.invocation

        def reread() -> None:
            self.settings = with_new_credentials(self.settings, **self.given)

        return Connection(
            endpoint=settings.callout_endpoint,
            region=settings.callout_region,
            per_second=settings.callout_requests_per_second,
            identity=self._identity,
            reread=reread,
            lack=lambda: self.settings.lack_of_credentials,
            clock=run.deadline.clock,
            backoff=run.backoff,
        )


def destination(settings: PublishSettings, invocation: Invocation) -> Destination:
    """Return where reports go. With only the settings for publishing, every report is published."""
    identity = partial(read_credentials, settings.callout_secret, settings.credentials, invocation.secret)
    notify = settings.callout_notify if isinstance(settings, Settings) else "always"
    return Destination(
        settings.callout_topic, settings.callout_endpoint, settings.callout_region, identity, notify
    )


def new_report(invocation: Invocation, problems: Sequence[Problem]) -> Report:
    """Return the report of a run, with what went wrong apart from any target."""
    return Report(
        id=str(uuid.uuid4()),
        time=invocation.deadline.clock.now(),
        source=source(invocation.function),
        problems=tuple(problems),
    )
