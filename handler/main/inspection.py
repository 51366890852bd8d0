"""Checks and audits from the settings of a run. What they need is imported here, since few wake-ups do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handler.policy.rules import applications

if TYPE_CHECKING:
    from handler.audit.application import Ways
    from handler.audit.auditor import Auditor
    from handler.audit.audits import Audits
    from handler.check.checker import Checker
    from handler.check.checks import Checks
    from handler.cloud.pacing import Deadline
    from handler.main.event_handler import EventHandler
    from handler.topics.topic import Destination


class Inspection:
    """Makes the checks and the audits of the run of an `EventHandler`."""

    def __init__(self, handler: EventHandler, topic: Destination) -> None:
        self._run, self._topic = handler, topic

    @property
    def checks(self) -> Checks:
        """The checks of this run."""
        from handler.check.checks import Checks  # noqa: PLC0415

        run = self._run
        return Checks(
            run.invocation, run.notifier, self._topic, run.rules, self.checker, lambda: run.connection.calls
        )

    @property
    def audits(self) -> Audits:
        """The audits of this run."""
        from handler.audit.audits import Audits  # noqa: PLC0415

        run = self._run
        return Audits(run.invocation, run.notifier, self._topic, self.auditor(), lambda: run.connection.calls)

    def checker(self, until: Deadline) -> Checker:
        """Return what checks these settings."""
        from handler.check.checker import Checker  # noqa: PLC0415

        run, address = self._run, self._run.settings.callout_ledger
        return Checker(
            policy=run.reader.policy,
            named=run.reader.known.named,
            default_app=run.reader.default_app,
            per_second=run.settings.callout_requests_per_second,
            dry_run=run.settings.callout_dry_run,
            ccc=run.connection.ccc,
            topic=self._topic,
            until=until,
            backoff=run.invocation.backoff,
            ledger=run.ledger(address) if address else None,
        )

    def auditor(self, ways: Ways | None = None) -> Auditor:
        """Return what audits by these settings: as it is deployed, or in other ways and without cursors."""
        from handler.audit.auditor import AS_DEPLOYED, Auditor  # noqa: PLC0415
        from handler.audit.hours import AuditedHours  # noqa: PLC0415
        from handler.audit.period import Cursors  # noqa: PLC0415

        run, address = self._run, self._run.settings.callout_ledger
        policy, default = run.reader.policy, run.reader.default_app
        named = [each.sdk_app_id for each in run.reader.known.named.values()]
        apps = list(dict.fromkeys([*named, *applications(policy, default)]))
        return Auditor(
            apps=apps or ([default] if default else []),
            hours=AuditedHours(policy, run.rules),
            ccc=run.connection.ccc,
            cursors=Cursors(run.ledger(address)) if address and ways is None else None,
            ways=ways or AS_DEPLOYED,
        )
