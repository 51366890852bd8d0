"""The loop: observe, act on the difference, verify, and repeat until all is as wanted or the time is up."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from handler.cloud.ccc_types import APIS
from handler.cloud.halts import Halts
from handler.cloud.pacing import Backoff, Deadline, paced
from handler.errors import CloudError, Meaning
from handler.policy.rules import NO_RULES, Rules
from handler.reconcile import target_reports
from handler.reconcile.attempt import Attempt, attempts, key_of, round_robin, without_held_resumes
from handler.reconcile.discovery import Discovery
from handler.reconcile.ledger.notes import Notes
from handler.reconcile.listing import Listing
from handler.reconcile.observer import Key, Observer
from handler.reconcile.schedule import Schedule
from handler.reconcile.turns import Turns
from handler.reconcile.verdict import AS_WANTED, UNWANTED, resolve
from handler.report.entries import Problem, TargetReport
from handler.target import Job, Outcome, Place, Target

if TYPE_CHECKING:
    from handler.cloud.ccc import Ccc
    from handler.cloud.ccc_types import Seen

_log = logging.getLogger(__name__)


@dataclass
class Reconciler:
    """Carries jobs out, at the pace of `Ccc`.

    `ccc` connects when it is first called, and then returns the same client. `known` are what the policy
    names, by application, kind and id: what is found by its name in CCC keeps the quiet hours that the policy
    gives it.
    After an error with the meaning `HALT`, calls that it reaches are not sent: they fail with the same cause.
    After `run`, `problems` holds what went wrong apart from any target, and `unread` the jobs whose targets
    may not all have been found.
    """

    ccc: Callable[[], Ccc]
    schedule: Schedule
    deadline: Deadline
    backoff: Backoff
    verify: bool
    known: Mapping[Key, Target]
    notes: Notes
    rules: Rules = NO_RULES
    problems: list[Problem] = field(default_factory=list)
    unread: set[Job] = field(default_factory=set)
    _halts: Halts = field(default_factory=Halts)
    _done: dict[Job, TargetReport] = field(default_factory=dict)
    _spent: dict[Job, int] = field(default_factory=dict)
    _pausing: set[Key] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._observer = Observer(self.ccc, self._halts)

    def run(self, jobs: Sequence[Job]) -> list[tuple[Job, list[TargetReport]]]:
        """Return each job with what became of it; a name may stand for several targets.

        Every job has its report, whatever fails. A target that several jobs name is handled once. At most a
        quarter of the time is spent on looking at those with known ids before the first action.
        """
        unknown = [job for job in jobs if job.target.id is None]
        names = Discovery(unknown, self.known, self.rules, self.schedule)
        todo = self._begin([job for job in jobs if job.target.id is not None])
        quarter = self.deadline.within(self.deadline.remaining() / 4)
        todo = self._settle(todo, self._observer.look((each.target for each in todo), quarter))
        held = names.pausing()
        self._act(without_held_resumes(todo, held))
        for found, seen, fresh in self._discovered(names):
            todo += self._learn(todo, seen) if fresh else []
            todo += self._settle(self._begin(found, todo), seen)
            self._act(without_held_resumes([each for each in todo if not each.tried or each.lost], held))
        self._until_done(todo)
        for job, sent in self._spent.items():
            self._done[job] = self._done[job]._replace(attempts=self._done[job].attempts + sent)
        self.problems += names.problems
        self.unread = names.unread
        self._noted(self.notes.finish())
        self.unread |= {each for each in jobs if not self.notes.unnoted.isdisjoint(names.keys(each))}
        return [(job, self._reports(job, names)) for job in jobs]

    def _begin(self, jobs: Iterable[Job], others: Sequence[Attempt] = ()) -> list[Attempt]:
        """Return attempts for the jobs that the clock alone does not decide; report the other jobs."""
        open_jobs = []
        # The clock does not decide a job for which a call was already sent: it joins that attempt.
        sent = {_demand(job) for each in others if each.sent for job in each.jobs}
        for job in dict.fromkeys(jobs):
            if job in self._done:
                continue
            if _demand(job) not in sent and (report := self.schedule.decided(job)):
                self._done[job] = report
            else:
                open_jobs.append(job)
        pauses = (job for job in open_jobs if job.action == "pause" and not job.dry_run)
        self._pausing |= {key_of(job.target) for job in pauses}
        new, overruled = attempts(open_jobs, others, self._pausing)
        for job in overruled:
            self._done[job] = target_reports.overruled(job, self.schedule.of(job.target))
        return new

    def _settle(self, todo: list[Attempt], seen: Mapping[Key, Seen]) -> list[Attempt]:
        """Return the attempts that are still needed, those with a known state first; report the others."""
        left = [each for each in todo if not self._isolated(each, self._settled, seen.get(each.key))]
        return sorted(left, key=lambda each: each.before is None)

    def _settled(self, each: Attempt, seen: Seen | None) -> bool:
        each.before, each.ccc_name = (seen.state, seen.name or None) if seen else (None, None)
        for job in list(each.jobs):
            hours = self.schedule.of(job.target)
            report = target_reports.settled(job, seen, hours)
            if report is None and job.dry_run and seen is None and each.key in self._observer.unknown:
                report = target_reports.unknown(job, hours)
            elif report is None and job.dry_run:
                halted = self._halts.likely(each.api, each.key[0])
                report = target_reports.dry_run(job, seen, hours, halted)
            if report is not None:
                self._done[job] = report
                each.jobs.remove(job)
                if not job.dry_run and report.outcome is not Outcome.FINISHED:
                    self.notes.forced(job, report.state)
        return not each.jobs

    def _discovered(self, names: Discovery) -> Iterator[tuple[list[Job], Mapping[Key, Seen], bool]]:
        """Yield the jobs for targets found in a list, pages of each list in turn, and what the pages show.

        The last value says whether the pages are fresh: what was read before the first action is no evidence
        of its effect. A quarter of the remaining time is reserved for acting on what is found.
        """
        until = self.deadline.earlier(self.deadline.remaining() / 4)
        turns = Turns(self._listings(names), until)
        for listing in turns.waiting:
            if listing.found:
                yield *names.found(listing.place, list(listing.found.values())), False
        for listing, turn in turns:
            if error := self._halts.of(listing.api, listing.place.sdk_app_id):
                names.stopped(listing.place, error)
                continue
            page = next(listing.read_all(turn, partial(names.missing, listing.place)), None)
            if page is not None:
                yield *names.found(listing.place, page), True
            if turns.again(listing, has_pages=page is not None):
                continue
            if listing.error:
                self._halts.add(listing.api, listing.place.sdk_app_id, listing.error)
            names.read(listing)

    def _listings(self, names: Discovery) -> Iterator[Listing]:
        """Yield the lists to read, as long as there is a connection to read them with."""
        for place in names.wanted():
            try:
                yield self._observer.listing(place)
            except CloudError as error:
                self._halts.unreachable(error)
                names.stopped(place, error)

    def _learn(self, todo: Iterable[Attempt], seen: Mapping[Key, Seen]) -> list[Attempt]:
        """Add what was seen to the evidence; return attempts on targets whose earlier reports it refutes."""
        self.notes.saw(seen)
        for each in todo:
            if each.sent:
                each.note_state(seen.get(each.key))
        again = [
            job for job, report in self._done.items() if _refuted(job, report, seen.get(key_of(job.target)))
        ]
        for job in again:
            self._spent[job] = self._spent.get(job, 0) + self._done.pop(job).attempts
        return self._settle(self._begin(again), seen)

    def _until_done(self, todo: list[Attempt]) -> None:
        """Verify, and act again on what is not as wanted, with growing waits, while there is time."""
        number = 1
        while todo:
            self._act([each for each in todo if not each.tried])
            seen = self._look_again([each for each in todo if self._needs_look(each)])
            todo += self._learn(todo, seen)
            wait = self.backoff.wait(number)
            last = wait >= self.deadline.remaining()
            todo = [each for each in todo if not self._isolated(each, self._resolved, last)]
            if todo:
                self.deadline.clock.sleep(wait)
            number += 1

    def _act(self, todo: Sequence[Attempt]) -> None:
        """Send a call for each attempt at the pace of its API; skip those not wanted or out of time."""
        if not todo:
            return
        # A tenth of the time that is left, 5 s at most, is kept to look at what was done.
        until = self.deadline.earlier(min(5.0, self.deadline.remaining() / 10) if self.verify else 0.0)
        try:
            ccc = self.ccc()
        except CloudError as error:
            self._halts.unreachable(error)
            return
        self.notes.before(todo, self._wanted)
        if lost := self.notes.close(each for each in todo if self._wanted(each)):
            todo = [each for each in todo if not each.note_blocked(lost)]
        calls = []
        for each in round_robin(todo):
            each.tried = True
            calls.append((each.api, partial(self._send, each, ccc, until), partial(self._wanted, each)))
        # Where another API refused the credentials, one call shows whether this API refuses them as well.
        first = 1 if any(self._halts.likely(each.api, each.key[0]) for each in todo) else 0
        paced(calls[:first], ccc.limit, until)
        paced(calls[first:], ccc.limit, until)

    def _wanted(self, each: Attempt) -> bool:
        return self._halted(each) is None and not self._turned(each)

    def _turned(self, each: Attempt) -> bool:
        """Return whether no job is wanted any more: the clock decides, or another message pauses it."""
        return each.overruled or all(self.schedule.decided(job) for job in each.jobs)

    def _halted(self, each: Attempt) -> CloudError | None:
        return self._halts.of(each.api, each.target.sdk_app_id)

    def _send(self, each: Attempt, ccc: Ccc, until: Deadline) -> None:
        app, kind, id_ = each.key
        try:
            place, wanted = Place(app, kind), lambda: not self._turned(each)
            each.note_accepted(ccc.act(each.action, place, id_, wanted, until=until))
        except CloudError as error:
            each.note_failed(error)
            self._halts.add(each.api, app, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it fails this target and no other
            _log.exception("unexpected error", extra={"kind": kind, "id": id_})
            each.note_failed(CloudError("Unexpected", target_reports.named(error), meaning=Meaning.UNKNOWN))

    def _needs_look(self, each: Attempt) -> bool:
        """Return whether to look at the state after the last call: to verify it, or to explain an error."""
        unsent = each.sent == 0 and each.key in self.notes.at
        return unsent or (each.sent > 0 and (each.error is not None or self.verify))

    def _look_again(self, todo: Sequence[Attempt]) -> Mapping[Key, Seen]:
        """Read the states again, in a quarter of the remaining time, but at least 5 s if so much is left."""
        left = self.deadline.remaining()
        until = self.deadline.within(max(left / 4, min(left, 5.0)))
        return self._observer.look((each.target for each in todo), until, afresh=True)

    def _resolved(self, each: Attempt, last: bool) -> bool:  # noqa: FBT001 - called through _isolated
        """Report an attempt whose outcome is known; return whether it is."""
        if not each.sent and (halted := self._halted(each)):
            each.note_halted(halted)
        app, kind, _ = each.key
        unknown = each.key in self._observer.unknown or self._halts.lacks(APIS[kind].describe, app)
        outcome = resolve(each.evidence(unknown=unknown, turned=self._turned(each)), last=last)
        if outcome is None:
            each.tried = False
            return False
        for job in each.jobs:
            by_clock = self.schedule.decided(job) if not each.sent else None
            hours = self.schedule.of(job.target)
            self._done[job] = by_clock or target_reports.acted(job, each, outcome, hours, verify=self.verify)
        return True

    def _isolated(self, each: Attempt, step: Callable[..., bool], *args: object) -> bool:
        """Return what `step` returns. An unexpected error fails this target and no other."""
        try:
            return step(each, *args)
        except Exception as error:  # noqa: BLE001 - as in _send
            _log.exception("unexpected error", extra={"kind": each.target.kind, "id": each.target.id})
            for job in each.jobs:
                self._done[job] = target_reports.unexpected(job, error)
            return True

    def _noted(self, waiting: Container[Key]) -> None:
        """Add to the reports when their targets were noted, and what is not certain for lack of a note."""
        for job, report in self._done.items():
            key = key_of(job.target)
            self._done[job] = target_reports.noted(job, report, self.notes.at.get(key), key in waiting)
        if self.notes.error is not None:
            message = target_reports.without_note(self.notes.error, len(self.notes.unnoted))
            self.problems.append(Problem("Ledger", message))

    def _reports(self, job: Job, names: Discovery) -> list[TargetReport]:
        """Return the reports of a job: of its target, or of each that its name stands for."""
        if job.target.id is not None:
            return [self._done[job]]
        return names.reports(job, self._done)


def _demand(job: Job) -> tuple[object, ...]:
    """Return what a job asks for, without the name of its target."""
    task = job.target
    return job.action, job.dry_run, job.force, key_of(task), task.quiet_hours, task.exempt_until


def _refuted(job: Job, report: TargetReport, seen: Seen | None) -> bool:
    """Return whether a target that was reported as wanted was later seen in the unwanted state."""
    return report.outcome in AS_WANTED and seen is not None and seen.state is UNWANTED[job.action]
