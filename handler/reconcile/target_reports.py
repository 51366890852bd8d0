"""What became of a job, as a report's entry: outcome, reason and error. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from handler.errors import CloudError, Meaning
from handler.errors.sentences import shortened
from handler.quiet_hours.status import QuietStatus, when
from handler.reconcile.attempt import Attempt
from handler.reconcile.decision import by_state, done
from handler.report.entries import STARTS, UNSEEN, TargetError, TargetReport
from handler.target import Job, Outcome, State, Target

if TYPE_CHECKING:
    from handler.cloud.ccc_types import Seen

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LATEST = 253_402_300_799
"""The last second that `datetime` can name, in Unix seconds."""
_UNREACHED = frozenset({"UnknownEndpoint", "Unreachable"})
"""The codes of errors that are no answer of the service: nobody refused anything."""
_AFTERWARDS = "quiet hours turned after it was sent, and whether it took effect could not be seen"


def settled(job: Job, seen: Seen | None, hours: QuietStatus) -> TargetReport | None:
    """Return the report of a target that is as wanted, or cannot become so; else `None`."""
    outcome = by_state(job.action, seen.state if seen else None)
    report = TargetReport(job.target, outcome, hours, _reason(job.target, seen, hours)) if outcome else None
    return report and _with_seen(report, seen)


def dry_run(job: Job, seen: Seen | None, hours: QuietStatus, halted: CloudError | None) -> TargetReport:
    """Return the report of a target that a call would be made for, if it were for real."""
    if halted is not None:  # nor would anything be done without the dry run
        reached = halted.code not in _UNREACHED
        reason = "not tried, since no call can work" if reached else "CCC cannot be reached"
        return _failed(job, hours, halted, reason)
    return _with_seen(
        TargetReport(job.target, done(job.action, dry_run=True), hours, _reason(job.target, seen, hours)),
        seen,
    )


def _with_seen(report: TargetReport, seen: Seen | None) -> TargetReport:
    return report._replace(state=seen.state, ccc_name=seen.name or None) if seen else report


def unknown(job: Job, hours: QuietStatus) -> TargetReport:
    """Return the report of a dry run for a target that CCC does not know."""
    return TargetReport(
        job.target, Outcome.NOT_FOUND, hours, f"CCC does not know the {job.target.noun}; {hours.sentence()}"
    )


def overruled(job: Job, hours: QuietStatus) -> TargetReport:
    """Return the report of a resume whose target another message of the same event pauses."""
    reason = f"another message of this event pauses the {job.target.noun}; {hours.sentence()}"
    return TargetReport(job.target, Outcome.STILL_QUIET, hours, reason)


def acted(job: Job, attempt: Attempt, outcome: Outcome, hours: QuietStatus, *, verify: bool) -> TargetReport:
    """Return the report of an attempt with its outcome."""
    why = _why(job, hours)
    report = TargetReport(job.target, outcome, hours, why, attempt.sent, attempt.request_id)
    report = report._replace(state=_last_seen(attempt, outcome), ccc_name=attempt.ccc_name)
    if outcome is Outcome.DEFERRED:
        return report._replace(reason=f"the time was up; {why}")
    if outcome in {Outcome.FAILED, Outcome.NOT_FOUND, Outcome.NOT_ALLOWED}:
        error = attempt.error or _not_as_wanted(attempt)
        cause = TargetError(error.code, error.message, error.request_id)
        return report._replace(reason=_why_failed(job, attempt, hours), error=cause)
    if attempt.state is None and attempt.sent:
        note = f"; {UNSEEN}" if verify else ""
        return report._replace(reason=why + note)
    if outcome is done(job.action, dry_run=False) and attempt.error is None:
        return report
    return report._replace(reason=f"{_is(job.target, attempt.state)}; {why}")


def _why(job: Job, hours: QuietStatus) -> str:
    """Return why a call was made: what the quiet hours say, or that it was forced despite them."""
    forced = job.force and not hours.quiet
    return f"forced; {hours.sentence()}" if forced else hours.sentence()


def noted(job: Job, report: TargetReport, at: datetime | None, waits: bool) -> TargetReport:  # noqa: FBT001
    """Return a report with the time of our note; a forced pause that `waits` for a resume is not done."""
    if job.force and waits and report.outcome in {Outcome.PAUSED, Outcome.ALREADY_PAUSED}:
        error = TargetError("ResumeUnderWay", "another wake-up may be resuming it; the pause is sent again")
        report = report._replace(outcome=Outcome.DEFERRED, reason=error.message, error=error)
    if at is None or report.outcome not in {Outcome.PAUSED, Outcome.ALREADY_PAUSED}:
        return report
    return report._replace(paused_since=at)


def without_note(error: CloudError, targets: int) -> str:
    """Return what a report says where the ledger could not be written."""
    what = (
        f"{targets:,} paused without a note, so not resumed by enforce" if targets else "not all was written"
    )
    return f"the ledger could not be used: {error}; {what}"


def name_not_found(job: Job, hours: QuietStatus) -> TargetReport:
    """Return the report of a name that nothing has."""
    app = job.target.sdk_app_id
    what = job.target.kind or "task or campaign"
    reason = f"no {what} of application {app} has this name, neither in the policy nor in CCC"
    return TargetReport(job.target, Outcome.NOT_FOUND, hours, reason)


def uncovered(target: Target, seen: Seen, until: datetime | None) -> TargetReport:
    """Return the report of a target that calls, or will, and that no rule of its application covers."""
    reason = f"{_is(target, seen.state)}, and no rule of the policy covers it"
    report = TargetReport(target, Outcome.UNCOVERED, None, reason, heard_until=until)
    return _with_seen(report, seen)


def not_looked_up(job: Job, hours: QuietStatus, error: CloudError) -> TargetReport:
    """Return the report of a name whose application's list could not be read."""
    return _failed(job, hours, error, "the name could not be looked up in CCC")


def list_incomplete(job: Job, hours: QuietStatus, why: str) -> TargetReport:
    """Return the report of a name that may fit more, since the list was not read whole."""
    reason = f"the list was not read whole, so that more may have this name: {why}"
    error = TargetError("ListIncomplete", why)
    return TargetReport(job.target, Outcome.DEFERRED, hours, reason, error=error)


def unexpected(job: Job, error: Exception) -> TargetReport:
    """Return the report of a target that failed with an unexpected error."""
    cause = TargetError("Unexpected", named(error))
    return TargetReport(job.target, Outcome.FAILED, None, "an unexpected error; see the log", error=cause)


def named(error: Exception) -> str:
    """Return the text of an exception with its type."""
    return shortened(f"{type(error).__name__}: {error}")


def _failed(job: Job, hours: QuietStatus, error: CloudError, reason: str) -> TargetReport:
    cause = TargetError(error.code, error.message, error.request_id)
    return TargetReport(job.target, Outcome.FAILED, hours, reason, request_id=error.request_id, error=cause)


def _not_as_wanted(attempt: Attempt) -> CloudError:
    state = _words(attempt.state or attempt.earlier)
    text = f"accepted, but the {attempt.target.noun} is still {state}"
    return CloudError("NotAsWanted", text, attempt.request_id, meaning=Meaning.RETRY)


def _why_failed(job: Job, attempt: Attempt, hours: QuietStatus) -> str:
    error, action = attempt.error, attempt.action
    if error is None:
        return _not_as_wanted(attempt).message
    if error.code in _UNREACHED:
        return "CCC cannot be reached"
    if not attempt.sent:
        return "not tried, since no call can work"
    if error.meaning is Meaning.HALT:
        return f"{action} was refused"
    unwanted = hours.quiet is not (action == "pause") and not job.force
    if error.meaning is Meaning.RETRY and attempt.state is None and unwanted:
        return _AFTERWARDS
    what = "failed until the time was up" if error.meaning is Meaning.RETRY else "was refused"
    if error.code == "Unexpected":
        what = "failed"
    return f"{action} {what}; {_is(attempt.target, attempt.state)}"


def _reason(target: Target, seen: Seen | None, hours: QuietStatus) -> str:
    state = seen.state if seen else None
    start = ""
    if seen and state is State.NOT_STARTED and 0 < seen.not_before <= _LATEST:
        at = _EPOCH + timedelta(seconds=seen.not_before)
        if hours.quiet and (hours.until is None or at < hours.until):
            start = f" {STARTS}, {when(at, hours.now, hours.time_zone)}"
    return f"{_is(target, state)}{start}; {hours.sentence()}"


def _last_seen(attempt: Attempt, outcome: Outcome) -> State | None:
    """Return what was seen after the last call, or earlier, if the target is not as wanted."""
    if outcome in {Outcome.PAUSED, Outcome.RESUMED}:
        return attempt.state
    return attempt.state or attempt.earlier or attempt.before


def _is(target: Target, state: State | None) -> str:
    return f"the {target.noun} is {_words(state)}"


def _words(state: State | None) -> str:
    return "in a state that could not be seen" if state is None else state.value
