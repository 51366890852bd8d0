"""What the evidence of an attempt means: sent, accepted or refused, and what was seen afterwards."""

from __future__ import annotations

from itertools import product

import pytest

from handler.cloud.ccc_types import Answer, Seen
from handler.errors import CloudError, Meaning
from handler.reconcile.attempt import Attempt
from handler.reconcile.verdict import Evidence, resolve
from handler.target import Job, Outcome, SdkAppId, State, Target, TargetId

RUNNING, PAUSED = State.RUNNING, State.PAUSED
LOST = CloudError("NoAnswer", "no whole answer", meaning=Meaning.RETRY)
THROTTLED = CloudError("RequestLimitExceeded", "slower", meaning=Meaning.RETRY)
REFUSED = CloudError("UnsupportedOperation", "not now", meaning=Meaning.OBJECT)
NO_SUCH = CloudError("ResourceNotFound", "unknown", meaning=Meaning.OBJECT)
FORBIDDEN = CloudError("UnauthorizedOperation", "no permission", meaning=Meaning.HALT)
STRANGE = CloudError("NobodyKnows", "?", meaning=Meaning.UNKNOWN)
AGAIN = None


def evidence(**given: object) -> Evidence:
    lost = given.get("error") in (LOST, STRANGE)
    default = {"action": "pause", "sent": 1, "accepted": False, "error": None, "state": None, "unclear": lost}
    given = default | given
    return Evidence(**given)  # type: ignore[arg-type]


ACCEPTED: dict[str, object] = {"accepted": True}
TABLE: list[tuple[str, dict[str, object], Outcome | None, Outcome | None]] = [
    # what the evidence is, the outcome while there is time, and the outcome when there is none
    ("not sent", {"sent": 0}, AGAIN, Outcome.DEFERRED),
    ("not sent, no turn", {"sent": 0, "error": LOST}, AGAIN, Outcome.DEFERRED),
    ("not sent, no use", {"sent": 0, "error": FORBIDDEN}, Outcome.FAILED, Outcome.FAILED),
    ("not sent, unexpected", {"sent": 0, "error": STRANGE}, Outcome.FAILED, Outcome.FAILED),
    ("not sent, turned", {"sent": 0, "turned": True}, Outcome.NOT_QUIET, Outcome.NOT_QUIET),
    ("accepted, seen paused", ACCEPTED | {"state": PAUSED}, Outcome.PAUSED, Outcome.PAUSED),
    ("accepted, seen running", ACCEPTED | {"state": RUNNING}, AGAIN, Outcome.FAILED),
    ("accepted, not seen", ACCEPTED, Outcome.PAUSED, Outcome.PAUSED),
    (
        "accepted again, last seen running",
        ACCEPTED | {"sent": 2, "earlier": RUNNING},
        AGAIN,
        Outcome.FAILED,
    ),
    ("accepted, finished", ACCEPTED | {"state": State.ENDED}, Outcome.FINISHED, Outcome.FINISHED),
    (
        "accepted, still to start",
        ACCEPTED | {"state": State.NOT_STARTED},
        Outcome.NOT_STARTED,
        Outcome.NOT_STARTED,
    ),
    ("lost, seen paused", {"error": LOST, "state": PAUSED}, Outcome.PAUSED, Outcome.PAUSED),
    ("lost, seen running", {"error": LOST, "state": RUNNING}, AGAIN, Outcome.FAILED),
    ("lost, not seen", {"error": LOST}, AGAIN, Outcome.FAILED),
    (
        "lost, turned, seen paused",
        {"error": LOST, "turned": True, "state": PAUSED},
        Outcome.PAUSED,
        Outcome.PAUSED,
    ),
    (
        "lost, turned, seen running",
        {"error": LOST, "turned": True, "state": RUNNING},
        Outcome.NOT_QUIET,
        Outcome.NOT_QUIET,
    ),
    ("lost, turned, not seen", {"error": LOST, "turned": True}, Outcome.FAILED, Outcome.FAILED),
    ("accepted before, then lost", ACCEPTED | {"error": LOST, "sent": 2}, AGAIN, Outcome.FAILED),
    (
        "refused, seen paused",
        {"error": REFUSED, "state": PAUSED},
        Outcome.ALREADY_PAUSED,
        Outcome.ALREADY_PAUSED,
    ),
    (
        "lost, then refused",
        {"error": REFUSED, "sent": 2, "unclear": True, "state": PAUSED},
        Outcome.PAUSED,
        Outcome.PAUSED,
    ),
    (
        "refused twice, seen paused",
        {"error": REFUSED, "sent": 2, "state": PAUSED},
        Outcome.ALREADY_PAUSED,
        Outcome.ALREADY_PAUSED,
    ),
    (
        "throttled, seen paused",
        {"error": THROTTLED, "state": PAUSED},
        Outcome.ALREADY_PAUSED,
        Outcome.ALREADY_PAUSED,
    ),
    ("throttled, seen running", {"error": THROTTLED, "state": RUNNING}, AGAIN, Outcome.FAILED),
    ("refused, seen running", {"error": REFUSED, "state": RUNNING}, Outcome.FAILED, Outcome.FAILED),
    ("refused, not seen", {"error": REFUSED}, Outcome.FAILED, Outcome.FAILED),
    (
        "refused, unknown to CCC",
        {"error": REFUSED, "unknown": True},
        Outcome.NOT_ALLOWED,
        Outcome.NOT_ALLOWED,
    ),
    ("not there, unknown to CCC", {"error": NO_SUCH, "unknown": True}, Outcome.NOT_FOUND, Outcome.NOT_FOUND),
    (
        "not there, but seen running",
        {"error": NO_SUCH, "unknown": True, "state": RUNNING},
        Outcome.FAILED,
        Outcome.FAILED,
    ),
    ("forbidden, not seen", {"error": FORBIDDEN, "unknown": True}, Outcome.FAILED, Outcome.FAILED),
    ("a strange code, seen running", {"error": STRANGE, "state": RUNNING}, Outcome.FAILED, Outcome.FAILED),
    ("a strange code, seen paused", {"error": STRANGE, "state": PAUSED}, Outcome.PAUSED, Outcome.PAUSED),
]


@pytest.mark.parametrize(
    ("given", "in_time", "at_last"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_evidence_has_one_meaning(
    given: dict[str, object], in_time: Outcome | None, at_last: Outcome | None
) -> None:
    assert resolve(evidence(**given), last=False) is in_time
    assert resolve(evidence(**given), last=True) is at_last


MIRRORED = {
    Outcome.PAUSED: Outcome.RESUMED,
    Outcome.ALREADY_PAUSED: Outcome.ALREADY_RUNNING,
    Outcome.NOT_QUIET: Outcome.STILL_QUIET,
}


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_a_resume_is_judged_as_a_pause_with_the_states_exchanged(
    row: tuple[str, dict[str, object], Outcome | None, Outcome | None],
) -> None:
    _, given, in_time, at_last = row
    swapped = {RUNNING: PAUSED, PAUSED: RUNNING}
    given = {
        name: swapped.get(value, value) if isinstance(value, State) else value
        for name, value in given.items()
    }
    for last, expected in ((False, in_time), (True, at_last)):
        wanted = MIRRORED.get(expected, expected) if expected else None
        assert resolve(evidence(action="resume", **given), last=last) is wanted


FINE = {Outcome.PAUSED, Outcome.ALREADY_PAUSED, Outcome.NOT_STARTED, Outcome.FINISHED}
SPACE = list(
    product(
        (0, 1, 2),
        (True, False),
        (None, LOST, REFUSED, NO_SUCH, FORBIDDEN, STRANGE),
        (None, *State),
        (None, RUNNING, PAUSED),
        (True, False),
        (True, False),
    )
)


@pytest.mark.parametrize("last", [True, False])
def test_whatever_the_evidence_a_task_last_seen_running_is_never_fine(last: bool) -> None:
    for sent, accepted, error, state, earlier, unknown, turned in SPACE:
        outcome = resolve(
            Evidence("pause", sent, accepted, error, state, earlier, unknown, turned), last=last
        )
        if state is RUNNING or (state is None and earlier is RUNNING):
            assert outcome not in FINE or sent == 0
        if last:
            assert outcome is not None
        if sent == 0:
            assert outcome not in FINE


def attempt() -> Attempt:
    return Attempt([Job("pause", Target(SdkAppId(1), TargetId(2), None, "default"))])


def seen(state: State | None) -> Seen:
    return Seen(TargetId(2), "", state)


def test_what_was_seen_after_one_accepted_call_is_history_after_the_next() -> None:
    paused = attempt()
    for state in (State.RUNNING, None, None):
        paused.note_accepted(Answer("r", 1))
        paused.note_state(None if state is None else seen(state))
    found = paused.evidence(unknown=False, turned=False)
    assert (found.sent, found.state, found.earlier) == (3, None, State.RUNNING)


def test_a_state_without_a_name_takes_nothing_from_what_was_seen() -> None:
    paused = attempt()
    paused.note_accepted(Answer("r", 1))
    paused.note_state(seen(State.RUNNING))
    paused.note_state(seen(None))
    assert paused.evidence(unknown=False, turned=False).state is State.RUNNING


@pytest.mark.parametrize(
    ("meaning", "sent", "kept"),
    [
        (Meaning.RETRY, 0, False),
        (Meaning.RETRY, 1, True),
        (Meaning.HALT, 0, True),
        (Meaning.HALT, 1, True),
    ],
)
def test_an_error_counts_after_an_accepted_call_if_it_was_sent_or_nothing_more_can_be(
    meaning: Meaning, sent: int, kept: bool
) -> None:
    error = CloudError("X", "no", meaning=meaning)
    error.attempts = sent
    paused = attempt()
    paused.note_accepted(Answer("r", 1))
    paused.note_failed(error)
    found = paused.evidence(unknown=False, turned=False)
    assert (found.error is error, found.sent, found.accepted) == (kept, 1 + sent, True)
    paused.note_accepted(Answer("r", 1))
    assert paused.evidence(unknown=False, turned=False).error is None


@pytest.mark.parametrize("error", [LOST, STRANGE, REFUSED, FORBIDDEN, THROTTLED])
def test_an_answer_that_says_that_nothing_was_done_leaves_nothing_unclear(error: CloudError) -> None:
    assert error.refused is (error in (REFUSED, FORBIDDEN, THROTTLED))


def test_what_one_call_left_unclear_stays_so() -> None:
    lost, refused = (CloudError("X", "no", meaning=Meaning.OBJECT) for _ in range(2))
    lost.attempts, lost.unclear, refused.attempts = 1, True, 1
    paused = attempt()
    paused.note_failed(lost)
    paused.note_failed(refused)
    assert paused.evidence(unknown=False, turned=False).unclear


def test_an_error_that_kept_the_first_call_from_being_sent_is_the_cause() -> None:
    error = CloudError("X", "no", meaning=Meaning.RETRY)
    deferred = attempt()
    deferred.note_failed(error)
    found = deferred.evidence(unknown=False, turned=False)
    assert (found.error, found.sent, found.accepted) == (error, 0, False)
