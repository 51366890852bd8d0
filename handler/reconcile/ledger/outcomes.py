"""What became of a target that the ledger holds, as a report's entry. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from handler.reconcile.ledger.book import Standing, counting
from handler.reconcile.ledger.term import Term
from handler.report.entries import TargetError, TargetReport
from handler.target import FINISHED, Outcome, State

if TYPE_CHECKING:
    from handler.cloud.ccc_types import Seen
    from handler.reconcile.ledger.calls import Called

_WHY = {
    "PausedBlindly": "its state was not known when it was paused, so whether it ran before is not known",
    "NoteExpired": "its quiet hours ended more than 7 days ago",
    "NoteWithoutEnd": "the policy no longer covers it, and its quiet hours had no end",
}
_UNCONFIRMED = "a resume of it was sent, or was about to be, and it is still paused; it is not sent again"


def never_resumed(of: Term, notes: Sequence[Standing]) -> str | None:
    """Return why a target seen paused is never resumed by itself, `None` where it may be, or is kept so."""
    if any(each.status == "claimed" or (each.kind == "forced" and each.is_open) for each in notes):
        return None
    if of.expired:
        return "NoteExpired"
    if of.endless:
        return "NoteWithoutEnd"
    note, newest = counting(notes), notes[-1]
    blindly = newest.kind == "blind" and newest.status == "open" and (note is None or note.status != "open")
    return "PausedBlindly" if blindly else None


def named(of: Term, note: Standing, seen: Seen, why: str) -> TargetReport:
    """Return the report of a target that stays paused until a person resumes it."""
    reason = f"it stays paused: {_WHY[why]}"
    report = _report(of, note, Outcome.FAILED, reason)
    return report._replace(error=TargetError(why, _WHY[why]), state=seen.state, ccc_name=seen.name or None)


def closed(of: Term, note: Standing, seen: Seen) -> TargetReport:
    """Return the report of a target that somebody else resumed, or that is finished."""
    finished = seen.state in FINISHED
    outcome = Outcome.FINISHED if finished else Outcome.ALREADY_RUNNING
    what = "it is finished" if finished else "somebody else resumed it"
    report = _report(of, note, outcome, f"{what}; its note is closed")
    return report._replace(state=seen.state, ccc_name=seen.name or None)


def would_resume(of: Term, note: Standing) -> TargetReport:
    """Return the report of a dry run for a target that would be resumed."""
    return _report(of, note, Outcome.WOULD_RESUME, _ours(of))


def called(of: Term, note: Standing, came: Called) -> TargetReport:
    """Return the report of a resume that was sent, or that could not be sent."""
    if came.result == "resumed":
        report = _report(of, note, Outcome.RESUMED, _ours(of))
    elif came.result == "unconfirmed":
        report = unconfirmed(of, note)
    elif came.error is None or came.sent == 0:
        cause = f": {came.error}" if came.error else ""
        report = deferred(of, note)._replace(reason=f"the resume was not sent{cause}")
    else:
        report = _report(of, note, Outcome.FAILED, "resume was refused; it is still paused")
    error = came.error
    if error is not None and report.error is None and report.outcome is not Outcome.RESUMED:
        report = report._replace(error=TargetError(error.code, error.message, error.request_id))
    request_id = came.answer.request_id if came.answer else error.request_id if error else None
    return report._replace(attempts=came.sent, request_id=request_id, state=came.state)


def unconfirmed(of: Term, note: Standing) -> TargetReport:
    """Return the report of a target of which nobody knows whether its resume was carried out."""
    error = TargetError("ResumeUnconfirmed", _UNCONFIRMED)
    report = _report(of, note, Outcome.FAILED, "the resume could not be confirmed; resume it yourself")
    return report._replace(error=error, state=State.PAUSED)


def deferred(of: Term, note: Standing) -> TargetReport:
    """Return the report of a target that was not reached in time."""
    return _report(of, note, Outcome.DEFERRED, "the time was up before it could be resumed")


def unseen(of: Term, note: Standing) -> TargetReport:
    """Return the report of a target whose state could not be seen, so that it was not resumed."""
    return _report(of, note, Outcome.DEFERRED, "its state could not be seen, so it was not resumed")


def not_found(of: Term, note: Standing) -> TargetReport:
    """Return the report of a target that CCC does not know any more."""
    return _report(of, note, Outcome.NOT_FOUND, f"CCC does not know the {of.target.noun}")


def _report(of: Term, note: Standing, outcome: Outcome, reason: str) -> TargetReport:
    return TargetReport(of.target, outcome, of.hours, reason, paused_since=note.at)


def _ours(of: Term) -> str:
    why = (
        of.hours.sentence() if of.hours else "the policy no longer covers it, and its quiet hours have ended"
    )
    return f"paused by this function; {why}"
