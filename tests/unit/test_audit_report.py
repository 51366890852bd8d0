"""What an audit found becomes a status, a text, CloudEvents, a mail and an SMS; numbers are masked."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.output.encoding import size
from handler.output.numbers import masked, without_numbers
from handler.report.audit import AuditReport, Counts, Lack, Violation
from handler.report.for_people import texts
from handler.report.report import bounded

START = datetime(2026, 11, 23, tzinfo=timezone.utc)
END = datetime(2026, 11, 24, tzinfo=timezone.utc)


def violation(number: int = 0, **changes: Any) -> Violation:
    return Violation(
        start=START + timedelta(hours=13, seconds=number),
        session=f"cad25747-3bcb-5f06-b78e-{number:012}",
        kind="task",
        id=16498,
        name="spring-renewals",
        sdk_app_id=1400692008,
        rule=None,
        quiet_hours="default",
        place="quiet[0]",
        interval="21:00-09:00",
        time_zone="Asia/Shanghai",
        callee="0086138****5678",
    )._replace(**changes)


def audit(**changes: Any) -> AuditReport:
    source = "/callout-quiet-hours/callout-quiet-hours-prod"
    return AuditReport("an-id", END, source, (1400692008,), START, END)._replace(**changes)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("008613812345678", "0086138****5678"),
        ("13812345678", "138****5678"),
        ("7345678901", "********01"),
        ("12345", "***45"),
        ("110", "*10"),
        ("42", "**"),
        ("7", "*"),
        ("", ""),
    ],
)
def test_a_number_is_masked_by_its_length(number: str, shown: str) -> None:
    assert masked(number) == shown


@given(st.text("0123456789", min_size=11, max_size=25))
def test_of_a_long_number_the_four_characters_before_the_last_four_are_hidden(number: str) -> None:
    assert masked(number) == f"{number[:-8]}****{number[-4:]}"


@given(st.text(st.sampled_from("0123456789"), min_size=7, max_size=20))
def test_no_number_is_left_in_a_text(number: str) -> None:
    text = without_numbers(f'{{"Callee":"{number}","Time":1}}')
    assert f'"{number}"' not in text
    assert text.endswith('"Time":1}')


@pytest.mark.parametrize(
    ("changes", "status", "complete"),
    [
        ({}, "clean", True),
        ({"counts": Counts(calls=9, suspicious=3, uncovered=2, unattributed=1)}, "clean", True),
        ({"counts": Counts(calls=9, unknown=1)}, "incomplete", False),
        ({"lacks": (Lack("NoAnswer", "no answer"),)}, "incomplete", False),
        ({"next_from": START}, "incomplete", False),
        ({"violations": (violation(),)}, "violations", True),
        ({"violations": (violation(),), "next_from": START}, "violations", False),
    ],
)
def test_violations_come_before_incomplete_and_that_before_clean(
    changes: dict[str, Any], status: str, *, complete: bool
) -> None:
    found = audit(**changes)
    assert (found.status, found.data()["complete"], found.attributes["status"]) == (status, complete, status)


def test_the_text_says_day_verdict_the_first_calls_and_what_was_counted() -> None:
    counts = Counts(calls=1_200, suspicious=9, uncovered=2, unattributed=1, unknown=1)
    found = audit(violations=tuple(map(violation, range(5))), counts=counts, next_from=START)
    assert found.data()["text"] == (
        "Audit of 2026-11-23 (UTC): 5 VIOLATIONS among 1,200 calls, AND NOT ALL WAS READ. "
        + "".join(
            f"Mon 2026-11-23 21:00{second} Asia/Shanghai: task 16498 (spring-renewals) called 0086138****5678, "
            "in quiet[0] 21:00-09:00 of default. "
            for second in ("", ":01", ":02")
        )
        + "And 2 more. The next audit has to begin at Mon 2026-11-23 00:00 (UTC). "
        "1 call could not be judged: which task or campaign made each, its name, or when, is not known. "
        "2 calls in quiet hours: made by what no rule and no entry covers. "
        "1 call in quiet hours: dialled by agents, not by a task or campaign."
    )


def test_a_mail_of_a_clean_day_says_what_was_checked() -> None:
    mail = texts(audit(counts=Counts(calls=1_234)), None)
    assert mail.subject == "Quiet hours [prod] audit of 2026-11-23 (UTC): 1,234 calls, none in quiet hours"
    assert mail.email.startswith("CLEAN. Audit of 2026-11-23 (UTC): 1,234 calls, none in quiet hours.\n")
    lines = [" ".join(line.split()) for line in mail.email.splitlines()]
    assert "Checked call records of CCC, application 1400692008" in lines
    assert "From, to Mon 2026-11-23 00:00 to Tue 2026-11-24 00:00 (UTC)" in lines
    assert "Outbound calls 1,234" in lines
    assert len(mail.sms) <= 140


def test_a_mail_of_violations_has_local_time_rule_and_quiet_hours_of_each() -> None:
    mail = texts(audit(violations=(violation(), violation(1, rule=2))), None).email
    rows = [" ".join(line.split()) for line in mail.splitlines() if "task 16498" in line]
    of = "Asia/Shanghai task 16498 spring-renewals 0086138****5678 default: quiet[0] 21:00-09:00"
    assert rows == [
        f"Mon 2026-11-23 21:00 {of} its own entry",
        f"Mon 2026-11-23 21:00:01 {of} rule 2",
    ]


def test_an_incomplete_mail_says_that_it_is_no_proof_and_why() -> None:
    lack = Lack("NoAnswer", "Application 7: the call records were not read", 7)
    mail = texts(audit(lacks=(lack,)), None).email
    assert "This is no proof that nobody" in mail
    assert "Application 7: the call records were not read." in mail


@pytest.mark.parametrize("limit", [8_000, 60_000, 250_000])
def test_a_long_audit_is_split_and_nothing_is_cut(limit: int) -> None:
    found = audit(violations=tuple(map(violation, range(3_000))))
    parts = found.events(limit)
    assert all(size(each) <= limit for each in parts)
    together = [each for part in parts for each in part["data"]["violations"]]
    assert together == found.data()["violations"]
    assert {part["data"]["part"]["of"] for part in parts} == {len(parts)}


def test_a_mail_of_thousands_of_violations_says_how_many_more_there_are() -> None:
    mail = texts(audit(violations=tuple(map(violation, range(3_000)))), None)
    assert size(mail.email) <= 16 * 1024
    assert "more: the notification has them all" in mail.email
    assert "3,000 VIOLATIONS" in mail.subject


def test_an_answer_that_is_too_long_leaves_the_violations_out_and_says_how_many() -> None:
    data = audit(violations=tuple(map(violation, range(5_000)))).data()
    answer = bounded(data)
    assert (answer["violations_omitted"], "violations" in answer, answer["status"]) == (
        5_000,
        False,
        "violations",
    )
    assert len(json.dumps(answer)) < 10_000


@pytest.mark.parametrize("name", ["a\nb", "=cmd()", "<b>x</b>", "\ud800", "\u202eabc", "x" * 5_000])
def test_a_name_of_any_sort_stays_in_its_line(name: str) -> None:
    found = audit(violations=(violation(name=name),))
    mail = texts(found, None)
    assert sum("task 16498" in line for line in mail.email.splitlines()) == 1
    json.dumps(found.events(250_000)).encode()
    assert all(line.isprintable() for line in mail.email.splitlines())
