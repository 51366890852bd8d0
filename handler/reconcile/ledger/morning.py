"""The morning: what this function paused is resumed, and nothing else.

The order is: list the ledger, look, claim, list the notes again, call, look, write the result.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from handler.cloud.pacing import MARGIN, Deadline
from handler.errors import CloudError
from handler.policy.rules import Rules
from handler.reconcile.ledger import outcomes
from handler.reconcile.ledger.book import Book, Standing, counting, is_over, to_close
from handler.reconcile.ledger.calls import Calls
from handler.reconcile.ledger.ledger import Ledger
from handler.reconcile.ledger.records import Key, Place, Result
from handler.reconcile.ledger.term import Term, term
from handler.reconcile.observer import Observer
from handler.reconcile.schedule import Schedule
from handler.report.entries import Problem, TargetReport
from handler.target import FINISHED, Kind, State, Target, TargetId

if TYPE_CHECKING:
    from handler.cloud.ccc_types import Seen

_log = logging.getLogger(__name__)
_MOST_ROUNDS = 5
_MOST_TARGETS = 100
_CALLING_SECONDS = 10.0
"""What one claim lists can be called in so many seconds."""
_WRITING_SECONDS = 2.0
"""So much is kept to write the result of a claim: without one, what was never sent counts as unknown."""


@dataclass
class _Plan:
    """What one look leads to: notes to close without a call, and notes by which targets are resumed."""

    closing: list[tuple[Key, Standing]]
    resuming: list[tuple[Key, Standing]]


@dataclass
class Morning:
    """One run that resumes what the ledger holds, or says with `dry_run` what it would do.

    `asked` says of a key and a name in CCC whether it is meant. After `run`, `problems` holds what went wrong
    apart from any target, `failed` says that the wake-up has to come again, and `left` how many targets were
    seen paused that this function did not pause.
    """

    ledger: Ledger
    observer: Observer
    calls: Calls
    schedule: Schedule
    rules: Rules
    deadline: Deadline
    asked: Callable[[Key, str | None], bool]
    per_second: float
    dry_run: bool = False
    problems: list[Problem] = field(default_factory=list)
    failed: bool = False
    left: int = 0
    reports: dict[Key, TargetReport] = field(default_factory=dict)
    _is_late: bool = False
    """Whether nothing of the last claim could be sent in time, so that nothing more is claimed."""
    _run: str = field(default_factory=lambda: str(uuid.uuid4()))
    _seen: Mapping[Key, Seen] = field(default_factory=dict)

    def run(self) -> list[TargetReport]:
        """Return what became of each target that was resumed, closed, or has to be named."""
        try:
            for _ in range(_MOST_ROUNDS):
                if not self._round():
                    break
        except CloudError as error:
            _log.warning("the ledger cannot be used", extra={"error": str(error)})
            self.failed = True
            message = f"the ledger could not be used, so nothing more is resumed: {error}"
            self.problems.append(Problem("Ledger", message))
        self.failed |= any(each.is_unfinished for each in self.reports.values())
        return list(self.reports.values())

    def _round(self) -> bool:
        """Do what the ledger as it stands now asks for. Return whether to begin again."""
        book = self.ledger.read(self.deadline)
        self._unreadable(book)
        standing = book.standing()
        candidates = {key: each for key, each in standing.items() if self._is_candidate(key, each)}
        if not any(to_close(each) for each in standing.values()):
            self._rest()
        if not candidates:
            return False
        seen = self._seen = self._look(candidates)
        self._count_left(seen, standing)
        plan = _Plan([], [])
        for key, notes in candidates.items():
            self._decide(key, notes, book.now, plan)
        again = self._close(book, plan.closing)
        self._settle_crashed(book, standing, seen)
        return self._resume(book, plan.resuming) or again

    def _is_candidate(self, key: Key, notes: Sequence[Standing]) -> bool:
        """Return whether a target may have something to be done: before it is looked at."""
        open_notes = to_close(notes)
        if key in self.reports or not open_notes:
            return False
        exempt = self.rules.decide(*key, None).exempt_until
        return exempt is not None or not self.schedule.is_quiet_lately(open_notes[-1].noted.quiet_hours)

    def _look(self, candidates: Mapping[Key, Sequence[Standing]]) -> Mapping[Key, Seen]:
        targets = [Target(app, id_, None, "", kind=kind) for app, kind, id_ in candidates]
        return self.observer.look(targets, self.deadline.within(self.deadline.remaining() / 3), afresh=True)

    def _decide(self, key: Key, notes: Sequence[Standing], now: datetime, plan: _Plan) -> None:
        """Sort a target: to be resumed, to be closed without a call, or neither."""
        newest, seen = notes[-1], self._seen.get(key)
        of = term(key, newest.noted, seen.name if seen else None, self.rules, self.schedule)
        if not self.asked(key, of.target.name) or of.waits:
            return
        open_notes = to_close(notes)
        if seen is None or seen.state is None:
            if key in self.observer.unknown:
                plan.closing += [(key, each) for each in open_notes]
                self.reports[key] = outcomes.not_found(of, newest)
            elif newest.status != "claimed" or is_over(newest, now):
                self.reports[key] = outcomes.unseen(of, newest)
            return
        if seen.state is State.RUNNING or seen.state in FINISHED:
            plan.closing += [(key, each) for each in open_notes]
            self.reports[key] = outcomes.closed(of, newest, seen)
            return
        if seen.state is not State.PAUSED:
            return
        note = counting(notes)
        if note is not None and note.status == "open" and of.may_resume:
            plan.resuming.append((key, note))
        elif why := outcomes.never_resumed(of, notes):
            plan.closing += [(key, each) for each in open_notes if each.status == "open"]
            self.reports[key] = outcomes.named(of, newest, seen, why)

    def _close(self, book: Book, closing: Sequence[tuple[Key, Standing]]) -> bool:
        """Claim targets that need no call. Return whether a number was taken, so that all begins again."""
        if self.dry_run:
            return False
        taken = False
        for place, keys in _by_note(closing).items():
            claim = place._replace(room="resumed", n=book.next_claim(place))
            targets = [key[1:] for key in keys]
            if not self.ledger.claim(claim, self._run, targets, self.deadline, called=False):
                taken = True
                for key in keys:
                    self.reports.pop(key, None)
        return taken

    def _resume(self, book: Book, resuming: Sequence[tuple[Key, Standing]]) -> bool:
        """Claim and resume. Return whether something is left for another round."""
        notes = dict(resuming)
        if self.dry_run:
            for key, each in resuming:
                self.reports[key] = outcomes.would_resume(self._term(key, each), each)
            return False
        again = False
        for place, keys in _by_note(resuming).items():
            n, left = book.next_claim(place), keys
            while left:
                most = self._most()
                if not most:
                    self._deferred({key: notes[key] for key in left})
                    break
                batch = {key: notes[key] for key in left[:most]}
                claim, targets = place._replace(room="resumed", n=n), [key[1:] for key in batch]
                if not self.ledger.claim(claim, self._run, targets, self._until_result(), called=True):
                    again = True
                    break
                again |= self._call(claim, batch, book.places)
                n, left = n + 1, left[most:]
        return again

    def _until_result(self) -> Deadline:
        return self.deadline.earlier(min(_WRITING_SECONDS, self.deadline.remaining() / 3))

    def _until_looked(self) -> Deadline:
        """Return until when resumes may be sent: a third of what is left before the result is to look in."""
        end = self._until_result()
        # At a slow pace the turn of a single call takes longer than that.
        seconds = max(_CALLING_SECONDS, 2 / self.per_second)
        return end.earlier(min(5.0, end.remaining() / 3)).within(seconds)

    def _most(self) -> int:
        """Return how many targets the next claim may list: what can be called in the time that is left."""
        left = self._until_looked().remaining()
        if self._is_late or self.deadline.remaining() < _CALLING_SECONDS / 2:
            return 0
        return max(1, min(_MOST_TARGETS, int(self.per_second * min(left, _CALLING_SECONDS) / MARGIN)))

    def _call(self, claim: Place, batch: Mapping[Key, Standing], before: Container[Place]) -> bool:
        """Resume what is claimed, unless it was noted meanwhile, and write what came of it (*list-again*)."""
        calls: dict[Key, Target] = {}
        error: CloudError | None = None
        try:
            now = self.ledger.read_notes(claim.app, self._until_result()).standing()
        except CloudError as found:
            error = found
        else:
            for key, note in batch.items():
                fresh = (each for each in now.get(key, ()) if each.place not in before)
                if all(each.kind == "blind" for each in fresh):
                    calls[key] = self._term(key, note).target
        done = self.calls.resume(calls, self._until_looked(), self._until_result())
        self._is_late = bool(done) and all(not each.sent and each.error is None for each in done.values())
        results: dict[tuple[Kind, TargetId], Result] = {key[1:]: "released" for key in batch}
        results |= {key[1:]: each.result for key, each in done.items()}
        for key, came in done.items():
            self.reports[key] = outcomes.called(self._term(key, batch[key]), batch[key], came)
        self.ledger.result(claim, self._run, results, self.deadline)
        if error is not None:
            raise error
        return len(calls) < len(batch)

    def _settle_crashed(
        self, book: Book, standing: Mapping[Key, Sequence[Standing]], seen: Mapping[Key, Seen]
    ) -> None:
        """Write the result of claims whose runs crashed, and report once what is still paused."""
        if self.dry_run:
            return
        for place, claim in book.claimed_without_result():
            held: dict[Key, Standing] = {}
            for target in claim.targets:
                key: Key = (place.app, *target)
                for each in standing.get(key, ()):
                    if each.place.note == place.note and each.n == place.n and each.status == "claimed":
                        held[key] = each
            states = {key: seen[key].state for key in held if key in seen}
            if any(states.get(key) is None for key in held):
                continue  # the next wake-up looks again
            results: dict[tuple[Kind, TargetId], Result] = dict.fromkeys(claim.targets, "unconfirmed")
            results |= {key[1:]: "resumed" for key in held if states[key] is not State.PAUSED}
            if not self.ledger.result(place, self._run, results, self.deadline):
                continue
            for key, note in held.items():
                if states[key] is State.PAUSED:
                    self.reports[key] = outcomes.unconfirmed(self._term(key, note), note)

    def _term(self, key: Key, note: Standing) -> Term:
        seen = self._seen.get(key)
        return term(key, note.noted, seen.name if seen else None, self.rules, self.schedule)

    def _deferred(self, batch: Mapping[Key, Standing]) -> None:
        for key, note in batch.items():
            self.reports[key] = outcomes.deferred(self._term(key, note), note)

    def _count_left(self, seen: Mapping[Key, Seen], standing: Mapping[Key, Sequence[Standing]]) -> None:
        """Count what was seen paused, of what was read anyway, and was not paused by this function."""
        paused = {key for key, each in seen.items() if each.state is State.PAUSED}
        self.left = max(self.left, len(paused - standing.keys()))

    def _rest(self) -> None:
        """Remember that there is nothing to resume, where all quiet hours in use have ended."""
        ends = self.schedule.all_open()
        if ends is not None and not self.dry_run:
            self.ledger.memory.idle_since, self.ledger.memory.idle_until = ends

    def _unreadable(self, book: Book) -> None:
        if book.unreadable and not self.problems:
            more = f" and {len(book.unreadable) - 1:,} more" if len(book.unreadable) > 1 else ""
            message = f"{book.unreadable[0]}{more} cannot be read; what it notes is not resumed"
            self.problems.append(Problem("Ledger", message))


def _by_note(pairs: Sequence[tuple[Key, Standing]]) -> dict[Place, list[Key]]:
    notes: dict[Place, list[Key]] = {}
    for key, each in pairs:
        notes.setdefault(each.place, []).append(key)
    return notes
