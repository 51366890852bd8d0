"""What became of a target, from the evidence: what was sent, how it ended, what was seen afterwards. Pure.

The observed state decides, not the answer. A state that was not seen does not count as the wanted one, with
one exception: an accepted call whose effect could not be seen counts as done, and the report says so.
"""

from collections.abc import Mapping
from typing import NamedTuple

from handler.cloud.ccc_types import NOT_THERE
from handler.errors import CloudError, Meaning
from handler.reconcile.decision import by_state, done
from handler.target import Action, Outcome, State

UNWANTED: Mapping[Action, State] = {"pause": State.RUNNING, "resume": State.PAUSED}
"""The state that an action is to end."""
AS_WANTED = frozenset(
    {
        Outcome.PAUSED,
        Outcome.ALREADY_PAUSED,
        Outcome.RESUMED,
        Outcome.ALREADY_RUNNING,
        Outcome.NOT_STARTED,
        Outcome.FINISHED,
    }
)
"""The outcomes of targets that need no call any more."""


class Evidence(NamedTuple):
    """Everything known of an attempt to pause or resume one target.

    * `sent`: the number of requests, those without a reply included
    * `accepted`: whether any of them was accepted
    * `error`: how the last call ended, if it was not accepted
    * `state`: what was seen after the last call
    * `earlier`: what was last seen after a previous call
    * `before`: what was seen before the first call
    * `unknown`: CCC does not know the target, or its state may not be asked for
    * `turned`: the action is no longer wanted, by the clock or because another message pauses the target
    * `unclear`: a call that was not accepted may have been carried out all the same
    """

    action: Action
    sent: int
    accepted: bool
    error: CloudError | None
    state: State | None
    earlier: State | None = None
    unknown: bool = False
    turned: bool = False
    before: State | None = None
    unclear: bool = False


def resolve(evidence: Evidence, *, last: bool) -> Outcome | None:
    """Return the outcome, `None` where it is not as wanted and acting again may help.

    `last` says that there is no time to act again.
    """
    if evidence.sent == 0:
        return _not_sent(evidence, last=last)
    state = evidence.state
    if state is None:
        return _unseen(evidence, last=last)
    if state is UNWANTED[evidence.action]:
        return _unchanged(evidence, last=last)
    settled = by_state(evidence.action, state)
    as_wanted = settled in {Outcome.ALREADY_PAUSED, Outcome.ALREADY_RUNNING}
    ours = evidence.accepted or evidence.unclear
    return done(evidence.action, dry_run=False) if as_wanted and ours else settled


def _not_sent(evidence: Evidence, *, last: bool) -> Outcome | None:
    if evidence.turned:
        return Outcome.NOT_QUIET if evidence.action == "pause" else Outcome.STILL_QUIET
    if evidence.error is not None and not _retryable(evidence.error):
        return Outcome.FAILED
    return Outcome.DEFERRED if last else None


def _unchanged(evidence: Evidence, *, last: bool) -> Outcome | None:
    """Resolve an attempt after which the target is still in the unwanted state."""
    if evidence.turned:
        return Outcome.NOT_QUIET if evidence.action == "pause" else Outcome.STILL_QUIET
    return None if not last and _worth_repeating(evidence) else Outcome.FAILED


def _unseen(evidence: Evidence, *, last: bool) -> Outcome | None:
    if not last and not evidence.turned and _retryable(evidence.error):
        return None
    if evidence.error is None and evidence.earlier is not UNWANTED[evidence.action]:
        return done(evidence.action, dry_run=False)
    if evidence.error is None and not last and not evidence.turned:
        return None
    if (evidence.earlier or evidence.before) is UNWANTED[evidence.action]:
        return Outcome.FAILED
    if evidence.error is not None and evidence.error.meaning is Meaning.OBJECT and evidence.unknown:
        not_there = evidence.error.code.startswith(NOT_THERE)
        return Outcome.NOT_FOUND if not_there else Outcome.NOT_ALLOWED
    return Outcome.FAILED


def _worth_repeating(evidence: Evidence) -> bool:
    """Return whether sending again may help: accepted without effect, or a retryable error.

    After an accepted call a refusal says rather that the state seen is a moment old.
    """
    error = evidence.error
    return error is None or _retryable(error) or (evidence.accepted and error.meaning is Meaning.OBJECT)


def _retryable(error: CloudError | None) -> bool:
    return error is not None and error.meaning is Meaning.RETRY
