"""What a run writes while it pauses: a note before its first pause, and what it takes back of it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from handler.cloud.pacing import Deadline
from handler.errors import CloudError
from handler.reconcile.attempt import Attempt, key_of
from handler.reconcile.ledger.book import may_be_under_way
from handler.reconcile.ledger.closing import close_notes
from handler.reconcile.ledger.ledger import Ledger
from handler.reconcile.ledger.records import Key, Noted
from handler.reconcile.schedule import Schedule
from handler.target import Job, Kind, SdkAppId, State, TargetId

if TYPE_CHECKING:
    from handler.cloud.ccc_types import Seen

_log = logging.getLogger(__name__)
_LONGEST_SECONDS = 5.0
"""So long a ledger that does not answer may hold up the pausing: once in a run."""


@dataclass
class Notes:
    """The notes of one run; without a `ledger` none are written.

    Each batch of pauses in an application has a note of its own, created before the first of them is sent. A
    target is noted once, whatever follows. `at` is when, by this run's clock. `unnoted` are the targets that
    were paused all the same when their note could not be written, and `error` says why.
    """

    ledger: Ledger | None
    schedule: Schedule
    deadline: Deadline
    at: dict[Key, datetime] = field(default_factory=dict)
    unnoted: set[Key] = field(default_factory=set)
    error: CloudError | None = None
    _closed: set[Key] = field(default_factory=set)
    _runs: dict[Key, str] = field(default_factory=dict)
    _noted: dict[Key, Noted] = field(default_factory=dict)
    _attempts: dict[Key, list[Attempt]] = field(default_factory=dict)
    _last: dict[Key, State | None] = field(default_factory=dict)
    _pending: dict[Key, Noted] = field(default_factory=dict)

    def close(self, attempts: Iterable[Attempt]) -> CloudError | None:
        """Close the notes of what is about to be resumed as a message asks: a later pause is not ours.

        Return why that could not be done, so that nothing is resumed.
        """
        resumes = (each for each in attempts if each.action == "resume" and not each.overruled)
        keys = {each.key for each in resumes} - self._closed
        if self.ledger is None or not keys:
            return None
        try:
            close_notes(
                self.ledger,
                keys,
                lambda: self.deadline.within(min(_LONGEST_SECONDS, self.deadline.remaining() / 2)),
            )
        except CloudError as error:
            self.error = self.error or error
            _log.warning("notes not closed, so nothing is resumed", extra={"error": str(error)})
            return error
        self._closed |= keys
        return None

    def before(self, attempts: Iterable[Attempt], wanted: Callable[[Attempt], bool]) -> None:
        """Note the pauses that are about to be sent. It never raises, and never prevents them."""
        if self.ledger is None:
            return
        for each in attempts:
            if each.action != "pause":
                continue
            mine = self._attempts.setdefault(each.key, [])
            mine += [] if any(each is one for one in mine) else [each]
            self._last.pop(each.key, None)
            if each.key not in self.at and each.key not in self.unnoted and wanted(each):
                self._pending[each.key] = self._of(each.jobs, each.before)
        self._write()

    def forced(self, job: Job, state: State | None) -> None:
        """Note a target that is paused by force and needs no call: another wake-up must not resume it."""
        key = key_of(job.target)
        if self.ledger is not None and job.force and key not in self.at:
            self._pending[key] = self._of([job], state)

    def saw(self, seen: Mapping[Key, Seen]) -> None:
        """Take in what was seen after the calls that were sent so far."""
        self._last.update({key: seen[key].state for key in self._noted if key in seen})

    def finish(self) -> set[Key]:
        """Take back what was not paused. Return the targets whose forced pause is not certain to last."""
        if self.ledger is None:
            return set()
        self._write()
        self._withdraw(self.ledger)
        forced = {key for key, noted in self._noted.items() if noted.forced}
        return self._waiting(self.ledger, forced) if forced else set()

    def _of(self, jobs: Sequence[Job], state: State | None) -> Noted:
        target, hours = jobs[0].target, self.schedule.of(jobs[0].target)
        until = hours.until if hours.quiet else None
        _, kind, id_ = key_of(target)
        is_forced = any(job.force for job in jobs)
        return Noted(kind, id_, hours.name, until, is_forced, state is State.RUNNING)

    def _write(self) -> None:
        """Create a note in each application for what is to be noted."""
        apps: dict[SdkAppId, dict[Key, Noted]] = {}
        for key, noted in self._pending.items():
            apps.setdefault(key[0], {})[key] = noted
        self._pending = {}
        until = self.deadline.within(min(_LONGEST_SECONDS, self.deadline.remaining() / 8))
        for app, pending in apps.items():
            run, now = str(uuid.uuid4()), self.deadline.clock.now()
            try:
                if self.error is None and self.ledger is not None:
                    self.ledger.note(app, run, now, pending.values(), until)
            except CloudError as error:
                self.error = error
            if self.error is not None:
                facts = {"sdk_app_id": app, "targets": len(pending), "error": str(self.error)}
                _log.warning("paused without a note", extra=facts)
                self.unnoted |= pending.keys()
                continue
            self.at.update(dict.fromkeys(pending, now))
            self._runs.update(dict.fromkeys(pending, run))
            self._noted |= pending

    def _withdraw(self, ledger: Ledger) -> None:
        """Take back the notes of targets that were provably not paused and still run, in quiet hours only."""
        runs: dict[tuple[SdkAppId, str], list[tuple[Kind, TargetId]]] = {}
        for key, noted in self._noted.items():
            sent = self._attempts.get(key, [])
            untouched = bool(sent) and not any(each.accepted or each.unclear for each in sent)
            if untouched and self._last.get(key) is State.RUNNING and self._may_write(noted, sent[0]):
                runs.setdefault((key[0], self._runs[key]), []).append(key[1:])
        for (app, run), targets in runs.items():
            try:
                until = self.deadline.within(min(_LONGEST_SECONDS, self.deadline.remaining() / 2))
                ledger.withdraw(app, run, targets, until)
            except CloudError as error:
                self.error = self.error or error
                _log.warning("note not withdrawn", extra={"sdk_app_id": app, "error": str(error)})

    def _may_write(self, noted: Noted, attempt: Attempt) -> bool:
        return noted.forced or self.schedule.of(attempt.target).quiet

    def _waiting(self, ledger: Ledger, forced: set[Key]) -> set[Key]:
        """Return the forced targets that a resume of another run may still reach (*force-waits*)."""
        try:
            book = ledger.read(self.deadline)
        except CloudError as error:
            self.error = self.error or error
            return forced
        standing = book.standing()
        return {
            key for key in forced if any(may_be_under_way(each, book.now) for each in standing.get(key, ()))
        }
