"""A report as the text of a mail, for the person on call: what happened, what to do, until when. Pure.

The columns are for a fixed-width font; what matters most is also said in sentences above them.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from handler.output.encoding import size
from handler.output.redaction import clean
from handler.quiet_hours.status import QuietStatus, span
from handler.quiet_hours.zone import local, written
from handler.report.for_people.advice import advice, problem
from handler.report.for_people.brief import counts, name_of, status
from handler.report.for_people.columns import aligned, one_line
from handler.report.for_people.facts import Facts
from handler.report.for_people.table import ranked, rows
from handler.report.report import Report
from handler.report.text import hours_of

MAIL_LIMIT = 16 * 1024
"""Bytes of a mail as JSON. What a mail leaves out, a program gets in the CloudEvent."""
_FOR_PROBLEMS, _FOR_CHANGES, _FOR_MORE = 5_000, 2_500, 600
"""Bytes for the problems, for the quiet hours, and for the line that counts tasks left out."""
_MOST_ROWS = 400
_LONGEST_LINE = 300
ABOUT = """\
Callout Quiet Hours pauses automatic outbound call tasks and predictive dialing campaigns of Tencent Cloud
Contact Center (CCC) in quiet hours. A pause lets no new call start; calls of a task that ring or talk go
on. What is paused stays paused until a resume is asked for after quiet hours: by a person, or by a timer
that asks for enforce, which resumes what this function paused."""


def mail(report: Report, facts: Facts) -> str:
    """Return the text of the mail about a report."""
    head = f"{status(report)}: {counts(report, facts)}."
    said = [head[0].upper() + head[1:], "\n".join(advice(report, facts))]
    above, below = [*said, _problems(report), _next_changes(report)], [_footer(report), ABOUT]
    room = MAIL_LIMIT - size("\n\n".join([*above, *below])) - _FOR_MORE
    return "\n\n".join(block for block in [*above, _tasks(report, room), *below] if block) + "\n"


def _problems(report: Report) -> str:
    blocks = [problem(entry) for entry in report.data()["errors"][:_MOST_ROWS]]
    left_out = len(report.problems) - len(blocks)
    return "\n".join(
        fitting(blocks, _FOR_PROBLEMS, lambda shown: f"and {len(blocks) - shown + left_out:,} more")
    )


def _tasks(report: Report, room: int) -> str:
    """Return the table of the tasks, the worst first, as many as there is room for."""
    tasks = ranked(report)
    if not tasks:
        return ""
    lines = aligned(rows(report, tasks[:_MOST_ROWS]))

    def more(shown: int) -> str:
        left_out = Counter(result for result, _ in tasks[shown - 1 :])
        each = ", ".join(f"{count:,} {result}" for result, count in left_out.items())
        return f"and {left_out.total():,} more: {each}. The function's log has them all, see Report below."

    return "\n".join(fitting(lines, room, more, of=len(tasks) + 1))


def _next_changes(report: Report) -> str:
    """Return until when it is quiet or not, for which tasks, and what the policy's data lacks."""
    lines = [_change(each) for each in sorted(hours_of(report.tasks), key=_end)]
    exempt = [task for task in report.tasks if task.hours and task.hours.exempt_until]
    lines += [
        _exemption(str(task.target.name or task.target.id), task.hours) for task in exempt if task.hours
    ]
    lines += [f"Note: {note}." for note in report.notes]
    if not lines:
        return ""
    shown = [one_line(clean(line), _LONGEST_LINE) for line in lines[:_MOST_ROWS]]
    return "\n".join(
        ["NEXT CHANGES", *fitting(shown, _FOR_CHANGES, lambda n: f"and {len(lines) - n:,} more", len(lines))]
    )


def _change(hours: QuietStatus) -> str:
    state = "quiet" if hours.quiet else "not quiet"
    if hours.until is None:
        return f"{hours.name}: {'always' if hours.quiet else 'never'} quiet in {hours.time_zone}"
    return f"{hours.name}: {state} until {_at(hours.until, hours)}"


def _exemption(name: str, hours: QuietStatus) -> str:
    return f"{name}: exempt from quiet hours until {_at(hours.exempt_until or hours.now, hours)}"


def _at(at: datetime, hours: QuietStatus) -> str:
    """Return an instant: `Tue 2026-11-24 08:00 America/New_York (UTC-05:00), 8 h 30 min from now`."""
    then = local(at, ZoneInfo(hours.time_zone))
    return f"{written(then)} {hours.time_zone} (UTC{then.isoformat()[19:]}), {span(at - hours.now)} from now"


def _end(hours: QuietStatus) -> datetime:
    return hours.until or datetime.max.replace(tzinfo=timezone.utc)


def _footer(report: Report) -> str:
    asked = (
        f"{report.action or 'none that is valid'}, from {report.trigger}" if report.trigger else "not read"
    )
    facts = [
        ("Function", name_of(report)),
        ("Time", f"{written(local(report.time, timezone.utc).replace(microsecond=0))} UTC"),
        ("Request", asked),
        ("Report", f"{report.id} (report_id in the function's log)"),
    ]
    return "\n".join(aligned([(name, one_line(value, _LONGEST_LINE)) for name, value in facts]))


def fitting(lines: Sequence[str], room: int, more: Callable[[int], str], of: int | None = None) -> list[str]:
    """Return the lines that fit into so many bytes, and a line for those of `of` that are left out."""
    shown: list[str] = []
    for line in lines:
        room -= size(line)
        if room < 0:
            break
        shown.append(line)
    return shown if len(shown) == (len(lines) if of is None else of) else [*shown, more(len(shown))]
