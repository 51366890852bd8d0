"""What a check found as a mail and an SMS, for the person on call. Pure."""

from datetime import timezone

from handler.output.encoding import size
from handler.output.redaction import clean
from handler.quiet_hours.zone import local, written
from handler.report.check import CheckReport
from handler.report.for_people.brief import in_a_subject, in_an_sms, name_of, stage
from handler.report.for_people.columns import aligned, one_line
from handler.report.for_people.mail import ABOUT, MAIL_LIMIT, fitting

_WIDEST_FINDING = 400
_MOST_ROWS = 400
_ADVICE = {
    "errors": "Unless the errors are repaired before quiet hours begin, tasks go on calling then, or nobody "
    "hears of a failure.\nRetrying repairs nothing: somebody has to. Then ask for a check again.",
    "warnings": "A warning stops nothing. Look at it when you have time.",
    "ok": "You need not do anything.",
}
_OF_A_REHEARSAL = "Until the errors are repaired, every wake-up of the timer fails, and its alarm rings."


def subject(check: CheckReport) -> str:
    """Return the subject of a mail: stage, status and count."""
    return in_a_subject(f"Quiet hours [{stage(check)}] {_kind(check)} {check.status}{_counted(check)}")


def sms(check: CheckReport) -> str:
    """Return an SMS: stage, status, and the first finding."""
    first = f". {clean(check.worst_first()[0].message)}" if check.findings else ""
    if check.is_rehearsal and check.findings:  # the deadline before all else
        when = check.occasion.partition(", ")[2]
        return in_an_sms(f"Quiet hours {stage(check)}, {clean(when)}: {check.counts()}{first}")
    return in_an_sms(f"Quiet hours {stage(check)} {_kind(check)} {check.status}{_counted(check)}{first}")


def mail(check: CheckReport) -> str:
    """Return the text of the mail: what it means, the findings, the errors first, and what was read."""
    counts = check.counts() or "everything is in order"
    head = f"{check.occasion}: {counts}."
    advice = _ADVICE[check.status]
    if check.status == "errors" and check.is_rehearsal:
        advice += f"\n{_OF_A_REHEARSAL}"
    above, below = (
        [clean(head), advice],
        [clean(check.scope.replace(". ", ".\n") + "."), _footer(check), ABOUT],
    )
    room = MAIL_LIMIT - size("\n\n".join([*above, *below])) - 200
    return "\n\n".join(block for block in [*above, _table(check, room), *below] if block) + "\n"


def _table(check: CheckReport, room: int) -> str:
    found = check.worst_first()
    if not found:
        return ""
    rows = [("LEVEL", "CODE", "WHAT")]
    rows += [
        (each.level.upper(), one_line(each.code, 60), one_line(clean(each.message), _WIDEST_FINDING))
        for each in found[:_MOST_ROWS]
    ]
    of = len(found) + 1
    return "\n".join(fitting(aligned(rows), room, lambda shown: f"and {of - shown:,} more", of))


def _footer(check: CheckReport) -> str:
    facts = [
        ("Function", name_of(check)),
        ("Time", f"{written(local(check.time, timezone.utc).replace(microsecond=0))} UTC"),
        ("Check", f"{check.id} (report_id in the function's log)"),
    ]
    return "\n".join(aligned(facts))


def _kind(check: CheckReport) -> str:
    return "rehearsal" if check.is_rehearsal else "check"


def _counted(check: CheckReport) -> str:
    counts = check.counts()
    return f": {counts}" if counts else ""
