"""What an audit found as a mail and an SMS, for a compliance officer to read and to keep. Pure."""

from datetime import timezone

from handler.output.encoding import size
from handler.output.redaction import clean
from handler.quiet_hours.zone import local, written
from handler.report.audit import AuditReport, Violation
from handler.report.for_people.brief import in_a_subject, in_an_sms, name_of, stage
from handler.report.for_people.columns import aligned, one_line
from handler.report.for_people.mail import MAIL_LIMIT, fitting

_MOST_ROWS = 400
_MOST_REMARKS = 20
_LONGEST_LINE = 400
_WIDEST_NAME = 40
_HEADINGS = ("LOCAL TIME", "TIME ZONE", "MADE BY", "NAME", "CALLED", "QUIET HOURS", "BY")
_MEANING = {
    "violations": "Calls were started in quiet hours of the task or campaign that made them. Find out why it "
    "was not paused:\nthe function's reports of that time say what it did. The quiet hours below are by "
    "the policy of now.",
    "incomplete": "No violation was found, but not every call could be judged. This is no proof that nobody "
    "was called.\nWhat is missing stands below.",
    "clean": "Every outbound call of this time was read from CCC's call records. None was started in quiet "
    "hours of the\ntask or campaign that made it.",
}
ABOUT = """\
Callout Quiet Hours pauses automatic outbound call tasks and predictive dialing campaigns of Tencent Cloud
Contact Center (CCC) in quiet hours. This audit is independent of that: it reads CCC's call records, and
holds the start of each outbound call against the quiet hours that the policy of now gives to the task or
campaign that made it, with holidays and exceptions, and without the lead time. Phone numbers are masked."""


def subject(audit: AuditReport) -> str:
    """Return the subject of a mail: stage, day and verdict."""
    return in_a_subject(f"Quiet hours [{stage(audit)}] audit of {audit.span()}: {audit.verdict()}")


def sms(audit: AuditReport) -> str:
    """Return an SMS: stage, day and verdict."""
    return in_an_sms(f"Quiet hours {stage(audit)} audit of {audit.span()}: {audit.verdict()}")


def mail(audit: AuditReport) -> str:
    """Return the text of the mail: the verdict, what it means, each violation, and what was checked."""
    head = f"{audit.status.upper()}. Audit of {audit.span()}: {audit.verdict()}."
    above = [clean(head), _MEANING[audit.status], _remarks(audit)]
    below = [_checked(audit), _footer(audit), ABOUT]
    room = MAIL_LIMIT - size("\n\n".join([*above, *below])) - 200
    return "\n\n".join(block for block in [*above, _table(audit, room), *below] if block) + "\n"


def _remarks(audit: AuditReport) -> str:
    remarks = audit.remarks()
    more = [f"And {len(remarks) - _MOST_REMARKS:,} more."] if len(remarks) > _MOST_REMARKS else []
    return "\n".join(one_line(clean(each), _LONGEST_LINE) for each in [*remarks[:_MOST_REMARKS], *more])


def _table(audit: AuditReport, room: int) -> str:
    """Return the violations in the order of their times, as many as there is room for."""
    if not audit.violations:
        return ""
    of = len(audit.violations) + 1
    rows = [_HEADINGS, *(_row(each) for each in audit.violations[:_MOST_ROWS])]

    def more(shown: int) -> str:
        return f"and {of - shown:,} more: the notification has them all, as has quiet-hours audit --csv"

    return "\n".join(fitting(aligned(rows), room, more, of))


def _row(violation: Violation) -> tuple[str, ...]:
    hours = f"{violation.quiet_hours}: {violation.place} {violation.interval}"
    cells = (
        written(violation.local_time),
        violation.time_zone,
        f"{violation.kind} {violation.id}",
        violation.name or "-",
        violation.callee or "not shown",
        hours,
        violation.covered_by,
    )
    return tuple(one_line(clean(each), _WIDEST_NAME) for each in cells)


def _checked(audit: AuditReport) -> str:
    start, end = (written(local(each, timezone.utc)) for each in (audit.start, audit.end))
    apps, counts = ", ".join(map(str, audit.apps)) or "none", audit.counts
    facts = [
        ("Checked", f"call records of CCC, application{'s' * (len(audit.apps) != 1)} {apps}"),
        ("From, to", f"{start} to {end} (UTC)"),
        ("Outbound calls", f"{counts.calls:,}"),
        ("In any quiet hours", f"{counts.suspicious:,}"),
        ("Violations", f"{len(audit.violations):,}"),
        ("Not covered", f"{counts.uncovered:,}"),
        ("By agents", f"{counts.unattributed:,}"),
        ("Not known", f"{counts.unknown:,}"),
    ]
    return "\n".join(aligned([(name, one_line(value, _LONGEST_LINE)) for name, value in facts]))


def _footer(audit: AuditReport) -> str:
    facts = [
        ("Function", name_of(audit)),
        ("Time", f"{written(local(audit.time, timezone.utc).replace(microsecond=0))} UTC"),
        ("Audit", f"{audit.id} (report_id in the function's log)"),
    ]
    return "\n".join(aligned(facts))
