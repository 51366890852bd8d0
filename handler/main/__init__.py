"""The entry point. It reads settings and event, does the work, and publishes the report.

The clock is created here and passed on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from handler.cloud.credentials import remembered
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
from handler.main.event_handler import EventHandler, NoLedgerError, destination, new_report
from handler.messages.reader import Reader
from handler.messages.resolve import Known
from handler.output import log, redaction
from handler.policy.source import read
from handler.report.entries import Problem
from handler.report.report import Report, source
from handler.settings import known_secrets, read_publish_settings, read_settings
from handler.settings.fields import Settings
from handler.target import SdkAppId
from handler.topics.notifier import Memory, Notifier

if TYPE_CHECKING:
    from datetime import datetime

    from handler.audit.application import Ways
    from handler.policy.rules import Rules
    from handler.reconcile.ledger.ledger import Ledger
    from handler.report.audit import AuditReport
    from handler.report.check import CheckReport

T = TypeVar("T")
_log = logging.getLogger(__name__)


def main_handler(event: Any, context: Any = None) -> dict[str, Any]:
    """Answer a trigger event of AWS Lambda or Tencent SCF; the entry point of both.

    Raises `handler.errors.QuietHoursError` where the trigger has to learn of a failure: see the
    table in docs/decisions/0004-failure-by-trigger.md.
    """
    return handle(event, context)


@without_secrets
def handle(  # noqa: PLR0913 - replaced in a test or on a developer's machine
    event: Any,
    context: Any = None,
    *,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
    seen: Callable[[Report], None] | None = None,
    inspected: Callable[[CheckReport | AuditReport], None] | None = None,
    memory: Memory | None = None,
    **given: Any,
) -> dict[str, Any]:
    """Do what `main_handler` does, with another clock, backoff or memory where one is passed.

    Settings in `given` override the environment. `seen` is called with each report and `inspected` with each
    check and audit, published or not. `memory` holds what was published before and what was read
    of the ledger; the default is that of this instance.
    """
    invocation = Invocation.start(context, clock or Clock(), backoff or Backoff())
    notifier = Notifier(invocation, _OF_THIS_INSTANCE if memory is None else memory, seen, inspected)
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
            destination(least, invocation), new_report(invocation, [Problem("Configuration", str(error))])
        )
        raise
    try:
        return EventHandler(invocation, notifier, settings, reader, given).answer(event)
    except (
        NoLedgerError,
        PublishError,
        RejectedError,
        UnfinishedError,
    ):  # the report is published, or in the log
        raise
    except Exception as error:
        _log.exception("unexpected error")
        problem = Problem("Unexpected", shortened(f"{type(error).__name__}: {error}"))
        notifier.notify(destination(settings, invocation), new_report(invocation, [problem]))
        raise


@without_secrets
def check(*, clock: Clock | None = None, backoff: Backoff | None = None, **given: Any) -> CheckReport:
    """Return what a check finds, the topic included, and publish nothing. Raises `ConfigurationError`.

    It is for a developer's machine; the arguments are those of `handle`.
    """
    invocation, settings = _by_hand(given, clock, backoff)
    handler = _handler(invocation, settings, given)
    checker, of = handler.inspection.checker(invocation.for_work()), source(invocation.function)
    return checker.run(of, "Check", is_rehearsal=False, reads_topic=True)


@without_secrets
def audit(
    ways: Ways,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
    **given: Any,
) -> AuditReport:
    """Return what an audit from `start` to `end` finds in these ways, and publish nothing.

    It has as long as it takes, and keeps no cursor. Raises `ConfigurationError`. It is for a developer's
    machine; the other arguments are those of `handle`.
    """
    invocation, settings = _by_hand(given, clock, backoff, _AS_LONG_AS_IT_TAKES)
    handler = _handler(invocation, settings, given)
    auditor = handler.inspection.auditor(ways)
    return auditor.run(source(invocation.function), start, end, invocation.for_work())


class Opened(NamedTuple):
    """The ledger of the settings with what belongs to it: the policy's rules, and the time there is."""

    ledger: Ledger
    address: str
    rules: Rules
    until: Deadline
    dry_run: bool


@without_secrets
def with_ledger(
    work: Callable[[Opened], T], *, clock: Clock | None = None, backoff: Backoff | None = None, **given: Any
) -> T:
    """Return what `work` returns of the ledger. Raises `ConfigurationError`, also where there is none.

    It is for a developer's machine; the arguments are those of `handle`.
    """
    invocation, settings = _by_hand(given, clock, backoff)
    address = settings.callout_ledger
    if not address:
        raise ConfigurationError(
            "settings", ["CALLOUT_LEDGER: is not set; wanted is the function's, such as s3://BUCKET/PREFIX"]
        )
    handler = _handler(invocation, settings, given)
    until = invocation.for_work()
    return work(Opened(handler.ledger(address), address, handler.rules, until, settings.callout_dry_run))


_OF_THIS_INSTANCE = Memory()
"""What this warm instance has published. A new instance starts empty, and publishes it again."""


_AS_LONG_AS_IT_TAKES = {"time_limit_in_ms": 86_400_000}
"""The context of a run that nothing ends: a day is the longest that there is."""


def _by_hand(
    given: Mapping[str, Any], clock: Clock | None, backoff: Backoff | None, context: Any = None
) -> tuple[Invocation, Settings]:
    """Return what a run on a developer's machine begins with. Raises `ConfigurationError`."""
    invocation = Invocation.start(context, clock or Clock(), backoff or Backoff())
    redaction.begin([*known_secrets(given), *remembered()])
    log.set_up(None)
    settings = read_settings(**given)
    redaction.hide(settings.secrets)
    return invocation, settings


def _handler(invocation: Invocation, settings: Settings, given: Mapping[str, Any]) -> EventHandler:
    """Return the handler of such a run, which publishes nothing. Raises `ConfigurationError`."""
    reader = _reader(settings, invocation)
    return EventHandler(invocation, Notifier(invocation, Memory()), settings, reader, given)


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
