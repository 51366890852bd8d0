"""A check from its parts: settings, applications and their tasks, the policy, and the topic."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handler.check.applications import Applications
from handler.check.coverage import Covered
from handler.check.policy_findings import policy_findings
from handler.errors import CloudError
from handler.policy.entries import NONE
from handler.policy.rules import Rules, applications, never_matching
from handler.report.check import CheckReport, Finding
from handler.report.entries import nouns
from handler.topics.sending import look_at

if TYPE_CHECKING:
    from handler.cloud.ccc import Ccc
    from handler.cloud.pacing import Backoff, Deadline
    from handler.policy.model import Policy
    from handler.reconcile.ledger.ledger import Ledger
    from handler.target import SdkAppId, Target
    from handler.topics.topic import Destination

_FOR_CCC = 0.7
"""The share of the time that CCC may take; the rest is for the topic."""
_DOUBTFUL = (
    # Answers that say nothing of whether publishing works: a missing permission, or an API that is busy.
    "AuthorizationError",
    "AccessDenied",
    "UnauthorizedOperation",
    "AuthFailure.UnauthorizedOperation",
    "InvalidAction",
    "UnsupportedOperation",
    "Throttl",
    "RequestLimitExceeded",
    "LimitExceeded",
    "InternalError",
    "InternalFailure",
    "ServiceUnavailable",
    "FailedOperation",
    "ResourceUnavailable",
    "ResourceInsufficient",
)
_SHOWN = 5


@dataclass(frozen=True)
class Checker:
    """What is checked, and with what. `named` are the policy's targets; `ccc` may raise `CloudError`."""

    policy: Policy
    named: Mapping[str, Target]
    default_app: SdkAppId | None
    per_second: float
    dry_run: bool
    ccc: Callable[[], Ccc]
    topic: Destination
    until: Deadline
    backoff: Backoff
    ledger: Ledger | None = None

    def run(self, source: str, occasion: str, *, is_rehearsal: bool, reads_topic: bool) -> CheckReport:
        """Return what was found by the deadline. `reads_topic` is for what is not published there anyway."""
        now = self.until.clock.now()
        findings = [*self._settings(), *self._ccc(), *self._ledger()]
        if is_rehearsal:  # what rules cover is no news
            findings = [each for each in findings if each.level != "info"]
        findings += self._topic() if reads_topic else []
        return CheckReport(
            id=str(uuid.uuid4()),
            time=now,
            source=source,
            occasion=occasion,
            scope=self._scope(),
            findings=tuple(dict.fromkeys(findings)),
            is_rehearsal=is_rehearsal,
        )

    def _apps(self) -> list[SdkAppId]:
        named = [task.sdk_app_id for task in self.named.values()]
        default = [self.default_app] if self.default_app else []
        return list(dict.fromkeys([*named, *applications(self.policy, self.default_app), *default]))

    def _settings(self) -> list[Finding]:
        if not self.dry_run:
            return []
        text = "This is a dry run: the function reports what it would pause, and pauses nothing"
        return [Finding("warning", "DryRun", text)]

    def _ccc(self) -> list[Finding]:
        until = self.until.within(self.until.remaining() * _FOR_CCC)
        covered = Covered(Rules(self.policy, self.default_app))
        reading = Applications(self.ccc, self.named, until, self.per_second, covered)
        findings = list(reading.findings(self._apps()))
        named = {each.key: each for each in self.named.values() if each.key not in reading.finished}
        unfinished = [*named.values(), *covered.targets()]
        now, rate = self.until.clock.now(), self.per_second
        findings += policy_findings(self.policy.quiet_hours, unfinished, rate, now)
        for text in never_matching(self.policy, self.default_app):
            findings.append(Finding("warning", "RuleNeverMatches", text, subject=text))
        return [*findings, *covered.findings()]

    def _ledger(self) -> list[Finding]:
        """Return what is wrong with the ledger: an object is created, listed and read in it."""
        if self.ledger is None:
            return []
        try:
            self.ledger.probe(self.until.within(self.until.remaining() / 2))
        except CloudError as error:
            text = f"Ledger: {error.code}: {error.message}; tasks are paused, and not resumed by themselves"
            return [Finding("error", "LedgerNotUsable", text, subject=error.code)]
        return []

    def _topic(self) -> list[Finding]:
        """Return what is wrong with the topic. That it may not be read does not say that publishing fails."""
        try:
            look_at(self.topic, self.until, self.backoff)
        except CloudError as error:
            address, why = self.topic.address, f"{error.code}: {error.message}"
            if error.code.startswith(_DOUBTFUL):
                text = f"The topic {address} could not be read, so it is not known whether it is there: {why}"
                return [Finding("warning", "TopicNotReadable", text, subject=error.code)]
            return [Finding("error", error.code, f"Topic {address}: {why}", subject=address)]
        return []

    def _scope(self) -> str:
        apps, named = len(self._apps()), {each.key: each.kind for each in self.named.values()}
        now = self.until.clock.now()
        used = dict.fromkeys(task.quiet_hours for task in self.named.values() if task.quiet_hours != NONE)
        hours = [self.policy.quiet_hours[name].status(name, now).short() for name in list(used)[:_SHOWN]]
        what = nouns(named.values())[: -1 if len(named) == 1 else None]
        counts = f"{apps} application{'s' * (apps != 1)}" + (f" and {len(named):,} {what}" if named else "")
        return ". ".join([f"Checked {counts} of the policy", *dict.fromkeys(hours)])
