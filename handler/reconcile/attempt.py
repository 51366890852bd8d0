"""An attempt to pause or resume one target: its jobs, and the evidence of its result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handler.cloud.ccc_types import APIS
from handler.errors import CloudError, Meaning
from handler.reconcile.verdict import Evidence
from handler.target import Action, Job, Kind, SdkAppId, State, Target, TargetId

if TYPE_CHECKING:
    from handler.cloud.ccc_types import Answer, Seen


@dataclass
class Attempt:
    """One attempt for all jobs that ask the same of a target. `before` is the state before the first call.

    `error` is how the last call ended, if it was not accepted. `state` is what was seen after the last call,
    `earlier` what was last seen after a previous one. `unclear` says that a call that was neither accepted
    nor refused may have been carried out. `tried` says that its call was sent or skipped in this round.
    `overruled` is set on a resume when a message of the same event pauses the target. `ccc_name` is its
    name in CCC, where that was seen.
    """

    jobs: list[Job]
    before: State | None = None
    tried: bool = False
    overruled: bool = False
    sent: int = 0
    accepted: bool = False
    unclear: bool = False
    request_id: str | None = None
    error: CloudError | None = None
    state: State | None = None
    earlier: State | None = None
    ccc_name: str | None = None

    @property
    def action(self) -> Action:
        """What is asked of the target."""
        return self.jobs[0].action

    @property
    def api(self) -> str:
        """The API that carries the action out."""
        return APIS[self.target.kind or "task"].act(self.action)

    @property
    def target(self) -> Target:
        """The target, as the first of the jobs names it."""
        return self.jobs[0].target

    @property
    def lost(self) -> bool:
        """Whether the last call failed so that it may be sent again without looking first."""
        error = self.error
        return error is not None and error.retryable and not error.look_first

    @property
    def key(self) -> tuple[SdkAppId, Kind, TargetId]:
        """The application, the kind and the id of the target."""
        return key_of(self.target)

    def note_accepted(self, answer: Answer) -> None:
        """Note that a call was accepted. The state seen before it becomes `earlier`."""
        self._sent(answer.attempts, answer.request_id)
        self.accepted, self.error = True, None

    def note_failed(self, error: CloudError) -> None:
        """Note how a call failed. One that was not sent replaces no earlier result, unless it halts."""
        if error.attempts:
            self._sent(error.attempts, error.request_id)
        self.unclear = self.unclear or error.unclear
        if error.attempts or not self.sent or error.meaning is Meaning.HALT:
            self.error = error

    def note_blocked(self, error: CloudError) -> bool:
        """Note why a resume cannot be sent; return whether this is one."""
        if self.action == "resume":
            self.tried, self.error = True, self.error or error
        return self.action == "resume"

    def note_halted(self, error: CloudError) -> None:
        """Note the error of another call, after which a call for this target cannot succeed."""
        self.error = error

    def note_state(self, seen: Seen | None) -> None:
        """Note what was seen after the last call."""
        if seen is not None and seen.state is not None:
            self.state = seen.state

    def evidence(self, *, unknown: bool, turned: bool) -> Evidence:
        """Return what is known, for `verdict.resolve`."""
        return Evidence(
            self.action,
            self.sent,
            self.accepted,
            self.error,
            self.state,
            self.earlier,
            unknown,
            turned,
            self.before,
            self.unclear,
        )

    def _sent(self, requests: int, request_id: str | None) -> None:
        self.sent += requests
        self.request_id = request_id
        self.earlier = self.state or self.earlier
        self.state = None


def key_of(target: Target) -> tuple[SdkAppId, Kind, TargetId]:
    """Return the application, the kind and the id of a target whose id is known."""
    return target.sdk_app_id, target.kind or "task", TargetId(target.id or 0)


def attempts(
    jobs: Iterable[Job], others: Sequence[Attempt], pausing: Container[tuple[SdkAppId, Kind, TargetId]]
) -> tuple[list[Attempt], list[Job]]:
    """Return new attempts for jobs, and the resumes that a pause of the same event overrules.

    A job on a target that is already attempted joins that attempt; a dry run is an attempt of its own.
    `pausing` is what the event pauses for real: its resumes are overruled, also those under way.
    """
    new: list[Attempt] = []
    known = {(each.action, each.key): each for each in others}
    for job in jobs:
        attempt = Attempt([job])
        key = (attempt.action, attempt.key)
        if not job.dry_run and key in known:
            known[key].jobs.append(job)
            continue
        if not job.dry_run:
            known[key] = attempt
        new.append(attempt)
    overruled = []
    for each in [*others, *new]:
        if each.action == "resume" and not each.jobs[0].dry_run and each.key in pausing:
            each.overruled = True
            overruled += each.jobs if each in new else []
    return [each for each in new if not each.overruled], overruled


def without_held_resumes(todo: Iterable[Attempt], held: Container[SdkAppId]) -> list[Attempt]:
    """Return attempts, except resumes in applications where something to be paused may still be found."""
    return [each for each in todo if each.action == "pause" or each.key[0] not in held]


def round_robin(todo: Sequence[Attempt]) -> list[Attempt]:
    """Return attempts round-robin by application and kind: stalled calls of one do not block the others."""
    turns: Counter[tuple[object, ...]] = Counter()
    numbered = []
    for each in todo:
        numbered.append((turns[each.key[:2]], each))
        turns[each.key[:2]] += 1
    return [each for _, each in sorted(numbered, key=lambda pair: pair[0])]
