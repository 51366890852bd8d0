"""What a person gets of a report: a mail and an SMS. Pure.

A sentence for the person on call belongs here. What programs get belongs in `handler.report.cloudevents`, the
summary for a chat room, which is part of it, in `handler.report.text`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from handler.report.for_people.brief import function, of_a_later_part, sms, subject
from handler.report.for_people.findings import Findings
from handler.report.for_people.mail import mail
from handler.report.report import Report


class Texts(NamedTuple):
    """A mail with its subject, and an SMS."""

    subject: str
    email: str
    sms: str


def texts(report: Report, part: Mapping[str, Any] | None) -> Texts:
    """Return the texts for one part of a report; `part` is that of the CloudEvent, `None` where it is whole.

    The texts of the first part have everything: the worst task may be in the last part, and a person is to
    read one mail. Those of the other parts only say so.
    """
    if part is not None and part["number"] > 1:
        return _of_a_later_part(report, part)
    findings = Findings.of(report)
    return Texts(subject(report, findings), mail(report, findings), sms(report, findings))


def _of_a_later_part(report: Report, part: Mapping[str, Any]) -> Texts:
    number, of = part["number"], part["of"]
    line = of_a_later_part(report, number, of)
    text = (
        f"This is part {number} of {of} of a report that is too long for one message. "
        "You need not read it.\nThe mail of part 1 says everything that a person needs. Without it, search\n"
        f"the log of the function {function(report)} for the report_id {report.id}.\n"
    )
    return Texts(line, text, line)
