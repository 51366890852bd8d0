"""Targets that have to be found in CCC: by their own name, by a pattern, or because a rule covers them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from handler.errors import CloudError
from handler.policy.entries import NONE
from handler.policy.patterns import matches
from handler.policy.rules import Coverage, Rules
from handler.reconcile import target_reports
from handler.reconcile.attempt import key_of
from handler.reconcile.decision import decide
from handler.reconcile.listing import Listing
from handler.reconcile.schedule import Schedule, places
from handler.report.entries import Problem, TargetReport, nouns
from handler.target import FINISHED, Job, Kind, Outcome, Place, SdkAppId, State, Target, TargetId

if TYPE_CHECKING:
    from handler.cloud.ccc_types import Seen

_log = logging.getLogger(__name__)
_Key = tuple[SdkAppId, Kind, TargetId]
_CALLING = frozenset({State.RUNNING, State.NOT_STARTED})
_NO_ENTRY = frozenset({Outcome.FINISHED, Outcome.NOT_QUIET, Outcome.STILL_QUIET})
"""Outcomes that need no entry where only a rule covers a target, and no call was made for it."""


class _End(NamedTuple):
    """How the reading of a list ended: whether it hides nothing that a job asks for, else why it may."""

    certain: bool
    why: str = ""
    error: CloudError | None = None


class Discovery:
    """The jobs whose targets have to be found, and what was found for each.

    A name or a pattern is reported as `not_found` only where its lists were read whole and stable. CCC is not
    asked where the clock alone decides the job under all quiet hours that its targets may have. `unread` are
    the jobs whose targets may not all have been found, `problems` the lists that could not be read whole.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        known: Mapping[_Key, Target],
        rules: Rules,
        schedule: Schedule,
    ) -> None:
        self._schedule, self._known, self._rules = schedule, known, rules
        self._found: dict[Job, dict[_Key, Job]] = {job: {} for job in jobs}
        self._fitting: dict[Job, int] = dict.fromkeys(jobs, 0)
        self._ends: dict[Job, list[_End]] = {job: [] for job in jobs}
        self._own: dict[Job, TargetReport] = {}
        self._uncovered: dict[_Key, Seen] = {}
        self.problems: list[Problem] = []
        self.unread: set[Job] = set()
        # Thousands of names may meet thousands of targets, of which most share their quiet hours.
        hours = {(*key[:2], each.quiet_hours, each.exempt_until): each for key, each in known.items()}
        possible: dict[Place, set[bool]] = {}
        for (app, kind, *_), each in hours.items():
            possible.setdefault(Place(app, kind), set()).add(schedule.of(each).quiet)
        self._places = {job: self._needed(job, possible) for job in jobs}

    def wanted(self) -> list[Place]:
        """Return the lists that have to be read."""
        return list(dict.fromkeys(place for places in self._places.values() for place in places))

    def pausing(self) -> set[SdkAppId]:
        """Return the applications in which a target may be found that is to be paused for real."""
        jobs = (job for job, places in self._places.items() if places)
        return {job.target.sdk_app_id for job in jobs if job.action == "pause" and not job.dry_run}

    def missing(self, place: Place) -> bool:
        """Return whether nothing was found yet for a name or a pattern that is asked for."""
        return any(not self._fitting[job] for job in self._of(place) if job.target.lookup != "rules")

    def found(self, place: Place, page: Sequence[Seen]) -> tuple[list[Job], Mapping[_Key, Seen]]:
        """Return the jobs for the targets of a page that are asked for, and the page by key."""
        by_name: dict[str, list[Seen]] = {}
        for each in page:
            by_name.setdefault(each.name, []).append(each)
        jobs: list[Job] = []
        for job in self._of(place):
            fitting = by_name.get(job.target.name or "", ()) if job.target.lookup == "name" else page
            wanted = (((*place, each.id), self._job_for(job, place, each)) for each in fitting)
            jobs += [self._found[job].setdefault(key, one) for key, one in wanted if one]
        return jobs, {(*place, each.id): each for each in page}

    def read(self, listing: Listing) -> None:
        """Note that a list is read no further, and report the names that are not found or left uncertain."""
        place, why = listing.place, _why(listing)
        whole = listing.certain or (listing.complete and not self.missing(place))
        for job in self._of(place):
            fitting, lookup = self._fitting[job], job.target.lookup
            if lookup == "rules":
                certain = listing.complete and not listing.unreadable
                whole &= not listing.unreadable
            else:
                hidden = {job.target.name, None} if lookup == "name" else listing.unreadable
                certain = listing.certain or (listing.complete and fitting > 0)
                certain &= listing.unreadable.isdisjoint(hidden)
            self._leave(job, place, _End(certain, why, listing.error))
        if not whole:
            self._incomplete(place, why)

    def stopped(self, place: Place, error: CloudError) -> None:
        """Note that a list could not be read at all."""
        jobs = self._of(place)
        for job in jobs:
            self._leave(job, place, _End(certain=False, why=str(error), error=error))
        if any(job.target.lookup == "rules" for job in jobs):
            self._incomplete(place, str(error))

    def keys(self, job: Job) -> set[_Key]:
        """Return the targets of a job: its own, or those that were found for it."""
        return set(self._found.get(job, ())) if job.target.id is None else {key_of(job.target)}

    def reports(self, job: Job, done: Mapping[Job, TargetReport]) -> list[TargetReport]:
        """Return the reports of all targets that were found for a job, and that of the job itself, if any."""
        found, target = self._found[job], job.target
        if target.lookup == "rules":
            of_targets = [done[one] for one in found.values()]
            worth = [each for each in of_targets if each.attempts or each.outcome not in _NO_ENTRY]
            return worth + self._of_uncovered(target, "*")
        if target.lookup == "name" and len(found) > 1:
            facts = {
                "sdk_app_id": target.sdk_app_id,
                "task_name": target.name,
                "tasks": [id_ for *_, id_ in found],
            }
            _log.warning("a name fits several tasks", extra=facts)
        what = nouns(kind for _, kind, _ in found)
        note = f"the {target.lookup} fits {len(found)} {what}; " if len(found) > 1 else ""
        of_targets = [done[one]._replace(reason=note + done[one].reason) for one in found.values()]
        own = self._own.get(job)
        of_targets += [own] if own else []
        is_pattern = target.lookup == "pattern"
        return of_targets + (self._of_uncovered(target, target.name or "") if is_pattern else [])

    def _needed(self, job: Job, possible: Mapping[Place, Iterable[bool]]) -> list[Place]:
        """Return the lists in which a target may be found that the clock alone does not decide."""
        target = job.target
        if target.lookup == "rules":
            return places(job, self._schedule, self._rules)
        if report := self._schedule.decided(job):
            quiet: set[bool] = set()
            for place in (Place(target.sdk_app_id, kind) for kind in target.kinds):
                by_rules = map(self._schedule.now, self._rules.quiet_hours(*place))
                quiet |= {*possible.get(place, ()), *(status.quiet for status in by_rules)}
            if all(decide(job.action, quiet=each) for each in quiet):
                self._own[job] = report
                return []
        return [Place(target.sdk_app_id, kind) for kind in target.kinds]

    def _of(self, place: Place) -> list[Job]:
        return [job for job, places in self._places.items() if place in places]

    def _job_for(self, job: Job, place: Place, seen: Seen) -> Job | None:
        """Return the job for a target of the list, `None` where it is not asked for, or not concerned."""
        lookup = job.target.lookup
        if lookup == "pattern" and not matches(job.target.name or "", seen.name):
            return None
        coverage = self._rules.decide(*place, seen.id, seen.name or None)
        if lookup == "rules":
            return self._by_rule(job, place, seen, coverage)
        self._fitting[job] += 1
        if lookup == "pattern" and (seen.state in FINISHED or self._lacks_hours(job, place, seen, coverage)):
            return None
        return job._replace(target=self._named(job.target, place, seen, coverage))

    def _lacks_hours(self, job: Job, place: Place, seen: Seen, coverage: Coverage) -> bool:
        """Return whether a target that a pattern fits has no quiet hours at all, and note it."""
        if job.force:
            return False
        lacks = coverage.quiet_hours is None and job.target.quiet_hours == NONE
        if lacks and seen.state in _CALLING:
            self._uncovered |= {(*place, seen.id): seen}
        return lacks

    def _by_rule(self, job: Job, place: Place, seen: Seen, coverage: Coverage) -> Job | None:
        self._uncovered.pop((*place, seen.id), None)
        if coverage.by == "uncovered" and seen.state in _CALLING:
            self._uncovered |= {(*place, seen.id): seen}
        hours = coverage.quiet_hours
        if coverage.by != "rule" or hours is None or seen.state in FINISHED:
            return None
        if hours == NONE and not job.force:
            return None
        target = Target(
            place.sdk_app_id, seen.id, seen.name or None, hours, rule=coverage.rule, kind=place.kind
        )
        if decide(job.action, quiet=self._schedule.of(target).quiet or job.force):
            return None
        if job.action == "resume" and seen.state not in {State.PAUSED, None}:
            return None
        return job._replace(target=target)

    def _named(self, target: Target, place: Place, seen: Seen, coverage: Coverage) -> Target:
        """Return a target under the name that it was asked for by, with the policy's quiet hours."""
        known = self._known.get((*place, seen.id))
        name = target.name if target.lookup == "name" else (known and known.name) or seen.name
        if known is not None:
            return known._replace(name=name)
        hours = coverage.quiet_hours or target.quiet_hours
        return Target(place.sdk_app_id, seen.id, name, hours, rule=coverage.rule, kind=place.kind)

    def _leave(self, job: Job, place: Place, end: _End) -> None:
        """Note that a list has nothing more for a job, and after the last one what is to be said of it."""
        self._places[job].remove(place)
        self._ends[job].append(end)
        if job.target.lookup == "rules":
            if not end.certain:
                self.unread.add(job)
        elif not self._places[job] and (report := self._of_name(job)):
            self._own[job] = report

    def _of_name(self, job: Job) -> TargetReport | None:
        """Return the report of a name or pattern itself, `None` where the reports of its targets say all."""
        hours, fitting = self._schedule.of(job.target), self._fitting[job]
        doubtful = next((end for end in self._ends[job] if not end.certain), None)
        if doubtful is None:
            return None if fitting else target_reports.name_not_found(job, hours)
        if doubtful.error is not None and not fitting:
            return target_reports.not_looked_up(job, hours, doubtful.error)
        return target_reports.list_incomplete(job, hours, doubtful.why)

    def _of_uncovered(self, target: Target, pattern: str) -> list[TargetReport]:
        return [
            target_reports.uncovered(
                Target(app, id_, seen.name or None, NONE, kind=kind), seen, self._heard_until(app, kind)
            )
            for (app, kind, id_), seen in self._uncovered.items()
            if app == target.sdk_app_id and kind in target.kinds and matches(pattern, seen.name)
        ]

    def _heard_until(self, app: SdkAppId, kind: Kind) -> datetime | None:
        """Return when the quiet hours end in which what is uncovered there is seen."""
        now = map(self._schedule.now, self._rules.quiet_hours(app, kind))
        return min((each.until for each in now if each.quiet and each.until), default=None)

    def _incomplete(self, place: Place, why: str) -> None:
        app, kind = place
        _log.warning("list incomplete", extra={"sdk_app_id": app, "kind": kind, "why": why})
        which = "list" if kind == "task" else "list of campaigns"
        message = f"the {which} of application {app} could not be read whole: {why}"
        self.problems.append(Problem("ListIncomplete", message))


def _why(listing: Listing) -> str:
    if listing.error is not None:
        return str(listing.error)
    if listing.left:
        return "the time was up before its last page"
    if listing.unreadable:
        return "an entry has no usable id or Name"
    return f"it changed while it was read, {listing.passes} times"
