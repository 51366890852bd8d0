"""What a person gets of a report, a check or an audit: a mail and an SMS. Pure.

A sentence for the person on call belongs here. What programs get belongs in `handler.report.cloudevents`, the
summary for a chat room, which is part of it, in `handler.report.text`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from handler.report.check import CheckReport
from handler.report.for_people import check
from handler.report.for_people.brief import name_of, of_a_later_part, sms, subject
from handler.report.for_people.facts import Facts
from handler.report.for_people.mail import mail
from handler.report.publishable import Publishable
from handler.report.report import Report


class Texts(NamedTuple):
    """A mail with its subject, and an SMS."""

    subject: str
    email: str
    sms: str


def texts(report: Publishable, part: Mapping[str, Any] | None) -> Texts:
    """Return the texts for one part of a report; `part` is that of the CloudEvent, `None` where it is whole.

    The texts of the first part have everything: the worst task may be in the last part, and a person is to
    read one mail. Those of the other parts only say so.
    """
    if part is not None and part["number"] > 1:
        return _of_a_later_part(report, part)
    if isinstance(report, CheckReport):
        return Texts(check.subject(report), check.mail(report), check.sms(report))
    if not isinstance(report, Report):
        from handler.report.for_people import audit  # noqa: PLC0415 - once a day

        return Texts(audit.subject(report), audit.mail(report), audit.sms(report))
    facts = Facts.of(report)
    return Texts(subject(report, facts), mail(report, facts), sms(report, facts))


def _of_a_later_part(report: Publishable, part: Mapping[str, Any]) -> Texts:
    number, of = part["number"], part["of"]
    line = of_a_later_part(report, number, of)
    text = (
        f"This is part {number} of {of} of a report that is too long for one message. "
        "You need not read it.\nThe mail of part 1 says everything that a person needs. Without it, search\n"
        f"the log of the function {name_of(report)} for the report_id {report.id}.\n"
    )
    return Texts(line, text, line)
