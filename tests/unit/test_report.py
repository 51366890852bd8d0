"""Outcomes become a report, and a report becomes CloudEvents."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.output.encoding import encoded
from handler.quiet_hours.status import QuietStatus, span
from handler.report.entries import Problem, TargetError, TargetReport
from handler.report.report import Report, bounded
from handler.target import Outcome, SdkAppId, Target, TargetId
from tests.support import APP

NOW = datetime(2026, 11, 23, 23, 0, tzinfo=timezone.utc)
UNTIL = datetime(2026, 11, 24, 13, 0, tzinfo=timezone.utc)
US = QuietStatus("us-east", True, UNTIL, "America/New_York", NOW)
CHINA = QuietStatus("default", False, UNTIL, "Asia/Shanghai", NOW)


def became(
    outcome: Outcome, number: int = 16498, hours: QuietStatus | None = US, **more: Any
) -> TargetReport:
    task = Target(APP, TargetId(number), "spring-renewals", "us-east")
    return TargetReport(task, outcome, hours, "the reason", **more)


def report(*tasks: TargetReport, problems: tuple[Problem, ...] = (), **more: Any) -> Report:
    fields: dict[str, Any] = {
        "id": "r1",
        "time": NOW,
        "source": "/callout-quiet-hours/f",
        "trigger": "timer",
        "action": "pause",
        "dry_run": False,
    }
    return Report(**(fields | more), tasks=tasks, problems=problems)


def test_a_notification_is_a_cloudevent_with_the_contracts_data() -> None:
    paused = became(Outcome.PAUSED, attempts=1, request_id="2a1c5200")
    (event,) = report(paused, became(Outcome.ALREADY_PAUSED, 16499)).events(100_000)
    data = event.pop("data")
    assert event == {
        "specversion": "1.0",
        "id": "r1",
        "source": "/callout-quiet-hours/f",
        "type": "callout.quiet-hours.report.v1",
        "time": "2026-11-23T23:00:00Z",
        "datacontenttype": "application/json",
    }
    assert data["status"] == "succeeded"
    assert data["action"] == "pause"
    assert data["dry_run"] is False
    assert data["trigger"] == "timer"
    assert data["text"] == "Paused 1 task, 1 was paused already. Quiet in America/New_York until Tue 08:00."
    assert data["summary"] == {"paused": 1, "already_paused": 1}
    assert data["errors"] == []
    assert data["tasks"][0] == {
        "kind": "task",
        "campaign_id": None,
        "ccc_name": None,
        "rule": None,
        "paused_since": None,
        "task_id": 16498,
        "sdk_app_id": 1400692008,
        "name": "spring-renewals",
        "quiet_hours": "us-east",
        "outcome": "paused",
        "reason": "the reason",
        "quiet_until": "2026-11-24T13:00:00Z",
        "exempt_until": None,
        "time_zone": "America/New_York",
        "attempts": 1,
        "request_id": "2a1c5200",
        "error": None,
    }


REJECTED = Problem("Rejected", "tasks: a list is wanted, not 1", "m1", '{"tasks": 1}')
MISCONFIGURED = Problem("Configuration", "settings: CALLOUT_TOPIC: …")
O = Outcome  # noqa: E741


@pytest.mark.parametrize(
    ("outcomes", "problems", "status"),
    [
        ([], (), "skipped"),
        ([O.PAUSED], (), "succeeded"),
        ([O.PAUSED, O.NOT_QUIET], (), "succeeded"),
        ([O.ALREADY_PAUSED], (), "succeeded"),
        ([O.WOULD_PAUSE], (), "succeeded"),
        ([O.NOT_QUIET, O.FINISHED, O.NOT_STARTED], (), "skipped"),
        ([O.STILL_QUIET], (), "skipped"),
        ([O.FAILED], (), "failed"),
        ([O.DEFERRED, O.NOT_FOUND, O.NOT_ALLOWED], (), "failed"),
        ([O.FAILED, O.PAUSED], (), "partial"),
        ([O.FAILED, O.NOT_QUIET], (), "partial"),
        ([], (REJECTED,), "rejected"),
        ([], (MISCONFIGURED,), "failed"),
        ([], (REJECTED, MISCONFIGURED), "failed"),
        ([O.PAUSED], (REJECTED,), "partial"),
        ([O.FAILED], (REJECTED,), "failed"),
    ],
)
def test_the_status_says_the_whole_in_a_word(
    outcomes: list[Outcome], problems: tuple[Problem, ...], status: str
) -> None:
    assert report(*map(became, outcomes), problems=problems).status == status


@pytest.mark.parametrize(
    ("given_report", "text"),
    [
        (
            report(became(O.PAUSED), became(O.FAILED), became(O.FAILED), became(O.NOT_QUIET, hours=CHINA)),
            (
                "2 tasks FAILED, paused 1 task, left 1 task alone. "
                "Quiet in America/New_York until Tue 08:00. Not quiet in Asia/Shanghai until 21:00."
            ),
        ),
        (
            report(became(O.WOULD_PAUSE), became(O.WOULD_PAUSE), dry_run=True),
            "Dry run: Would pause 2 tasks. Quiet in America/New_York until Tue 08:00.",
        ),
        (report(problems=(REJECTED,)), "Invalid message: tasks: a list is wanted, not 1."),
        (
            report(problems=(REJECTED, REJECTED)),
            "2 messages are invalid, the first: tasks: a list is wanted, not 1.",
        ),
        (report(problems=(MISCONFIGURED,)), "Configuration error: settings: CALLOUT_TOPIC: …."),
        (report(), ""),
    ],
)
def test_the_text_is_what_a_person_reads_in_a_chat_room(given_report: Report, text: str) -> None:
    assert given_report.text() == text


def test_an_exempt_task_is_named_while_its_exemption_lasts() -> None:
    exempt = US._replace(quiet=False, exempt_until=NOW + timedelta(days=2))
    given_report = report(became(O.NOT_QUIET, hours=exempt), became(O.PAUSED))
    assert given_report.text() == (
        "Paused 1 task, left 1 task alone. spring-renewals is exempt from quiet hours until Wed 18:00. "
        "Quiet in America/New_York until Tue 08:00."
    )
    entry = given_report.data()["tasks"][0]
    assert (entry["quiet_until"], entry["exempt_until"]) == (None, "2026-11-25T23:00:00Z")
    assert exempt.sentence() == "exempt from quiet hours until Wed 18:00, 2 d from now"


def test_what_is_to_know_of_the_policys_data_is_told_last() -> None:
    plain = report(became(O.NOT_QUIET))
    noted = plain._replace(notes=("China's holidays are known until 2026-12-31",))
    assert noted.text() == f"{plain.text()} China's holidays are known until 2026-12-31."
    assert noted.data() == {**plain.data(), "text": noted.text()}
    assert noted.status == plain.status


def test_the_text_stays_short_with_many_quiet_hours_and_long_refusals() -> None:
    hours = [QuietStatus(f"h{number}", True, UNTIL, "Asia/Tokyo", NOW) for number in range(50)]
    long = Problem("Rejected", "x" * 10_000)
    text = report(*(became(O.PAUSED, hours=each) for each in hours), problems=(long,)).text()
    assert "And 45 more quiet hours." in text
    assert "… (see errors)." in text
    assert len(text) < 1_000


@pytest.mark.parametrize(
    ("many", "more"), [(1, ""), (5, ""), (6, " And 1 more {}."), (1_007, " And 1002 more {}.")]
)
def test_the_text_has_five_of_a_kind_and_how_many_more_there_are(many: int, more: str) -> None:
    end = NOW + timedelta(days=2)
    hours = [US._replace(name=f"h{number}", time_zone="Asia/Tokyo") for number in range(many)]
    text = report(*(became(O.PAUSED, hours=each) for each in hours)).text()
    assert text.partition(". ")[2] == " ".join([hours[0].short() + "."] * min(many, 5)) + more.format(
        "quiet hours"
    )
    exempt = [
        became(O.NOT_QUIET, number, US._replace(quiet=False, exempt_until=end)) for number in range(many)
    ]
    text = report(*exempt).text()
    assert text.count("is exempt from quiet hours until Wed 18:00.") == min(many, 5)
    assert text.endswith("Wed 18:00." + more.format("exempt tasks"))


@pytest.mark.parametrize(("many", "shown"), [(5, 5), (6, 5), (1_000, 5)])
def test_the_text_has_five_of_the_problems_that_are_no_refusals(many: int, shown: int) -> None:
    problems = tuple(Problem("Unexpected", f"no {number}") for number in range(many))
    assert (
        report(problems=problems).text() == "; ".join(f"Unexpected error: no {n}" for n in range(shown)) + "."
    )


def test_of_what_is_wrong_apart_from_tasks_the_text_has_three_hundred_characters() -> None:
    told = "Invalid message: "
    for length, text in ((300, "x" * (300 - len(told))), (301, "x" * (300 - len(told)) + "… (see errors)")):
        problem = Problem("Rejected", "x" * (length - len(told)))
        assert report(problems=(problem,)).text() == f"{told}{text}."


@pytest.mark.parametrize(
    ("quiet", "until", "sentence"),
    [
        (True, UNTIL, "quiet in America/New_York until Tue 08:00, 14 h from now"),
        (True, NOW + timedelta(minutes=312), "quiet in America/New_York until 23:12, 5 h 12 min from now"),
        (False, NOW + timedelta(seconds=20), "not quiet in America/New_York until 18:00, 20 s from now"),
        (
            False,
            NOW + timedelta(days=9),
            "not quiet in America/New_York until 2026-12-02 18:00, 9 d from now",
        ),
        (True, NOW + timedelta(days=6), "quiet in America/New_York until Sun 18:00, 6 d from now"),
        (True, NOW + timedelta(days=7), "quiet in America/New_York until 2026-11-30 18:00, 7 d from now"),
        (True, None, "always quiet in America/New_York"),
        (False, None, "never quiet in America/New_York"),
    ],
)
def test_a_decision_is_told_in_a_sentence(quiet: bool, until: datetime | None, sentence: str) -> None:
    assert QuietStatus("us-east", quiet, until, "America/New_York", NOW).sentence() == sentence


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(seconds=61), "1 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(days=2, hours=3, minutes=5), "2 d 3 h"),
        (timedelta(seconds=-5), "0 s"),
    ],
)
def test_a_length_of_time_in_words(length: timedelta, words: str) -> None:
    assert span(length) == words


@pytest.mark.parametrize(
    ("given_report", "wanted"),
    [
        (report(became(O.NOT_QUIET)), {"always"}),
        (report(became(O.ALREADY_PAUSED)), {"always"}),
        (report(became(O.PAUSED)), {"always", "changes"}),
        (report(became(O.RESUMED)), {"always", "changes"}),
        (report(became(O.FAILED)), {"always", "changes", "failures"}),
        (report(became(O.NOT_FOUND)), {"always", "changes", "failures"}),
        (report(problems=(REJECTED,)), {"always", "changes", "failures"}),
        (report(problems=(MISCONFIGURED,)), {"always", "changes", "failures"}),
    ],
)
def test_who_asks_for_changes_or_failures_gets_no_others(given_report: Report, wanted: set[str]) -> None:
    assert {
        notify for notify in ("always", "changes", "failures") if given_report.wanted_by(notify)
    } == wanted


def put_together(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Do what a subscriber does with numbered parts: this is all it takes."""
    parts = sorted(
        (event["data"] for event in events), key=lambda data: data.get("part", {"number": 1})["number"]
    )
    errors: list[dict[str, Any]] = []
    for error in chain.from_iterable(data["errors"] for data in parts):
        if error.pop("piece", 1) > 1:
            errors[-1]["message"] += error["message"]
            errors[-1]["body"] = (errors[-1]["body"] or "") + (error["body"] or "")
        else:
            errors.append(error)
        error.pop("pieces", None)
    tasks = list(chain.from_iterable(data["tasks"] for data in parts))
    whole = {**parts[0], "tasks": tasks, "errors": errors}
    whole.pop("part", None)
    return whole


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=4_000)
problem_lists = st.lists(
    st.builds(Problem, st.just("Rejected"), texts, st.none(), texts | st.none()), max_size=4
)
errors_of_tasks = st.none() | st.builds(
    TargetError, st.just("NoAnswer"), st.text(st.characters(codec="utf-8"), max_size=300)
)
task_lists = st.lists(
    st.builds(became, st.sampled_from(Outcome), st.integers(1, 2**63 - 1), error=errors_of_tasks), max_size=40
)


@given(task_lists, problem_lists, st.integers(7_900, 20_000))
def test_a_report_over_the_limit_arrives_whole_in_parts(
    tasks: list[TargetReport], problems: list[Problem], limit: int
) -> None:
    whole = report(*tasks, problems=tuple(problems))
    events = whole.events(limit)
    assert all(len(encoded(event)) <= limit for event in events)
    assert len({event["id"] for event in events}) == len(events)
    assert {event["data"]["status"] for event in events} == {whole.status}
    if len(events) > 1:
        assert [event["data"]["part"] for event in events] == [
            {"number": number, "of": len(events), "report": "r1"} for number in range(1, len(events) + 1)
        ]
    received = put_together(json.loads(json.dumps(list(reversed(events)))))
    expected = json.loads(json.dumps(whole.data()))
    for error in chain(expected["errors"], received["errors"]):
        error["body"] = error["body"] or None
    assert received == expected


def test_a_message_longer_than_a_part_arrives_whole_in_pieces() -> None:
    whole = report(
        problems=(Problem("Rejected", "ü" * 9_000, "m1", '"' * 9_000), Problem("Rejected", "short"))
    )
    events = whole.events(7_900)
    assert len(events) > 3
    assert put_together(events)["errors"] == whole.data()["errors"]


def test_a_thousand_tasks_fit_where_eight_kilobytes_are_the_limit() -> None:
    events = report(*(became(O.PAUSED, number) for number in range(1, 1001))).events(7_900)
    assert sum(len(event["data"]["tasks"]) for event in events) == 1000
    assert len(events) < 80


def test_the_data_of_a_report_is_built_once() -> None:
    whole = report(became(O.PAUSED), problems=(REJECTED,))
    assert whole.data() is whole.data()
    other = whole.with_problems(())
    assert other.data()["tasks"] is whole.data()["tasks"]
    assert (other.data()["errors"], other.status) == ([], "succeeded")
    assert whole._replace(dry_run=True).data()["dry_run"] is True


def test_an_answer_of_at_most_a_megabyte_is_the_whole_report() -> None:
    whole = report(*(became(O.PAUSED, number) for number in range(1, 2_001)), problems=(REJECTED,)).data()
    assert 500_000 < len(json.dumps(whole)) < 1_000_000
    assert bounded(whole) == whole


def test_a_longer_answer_counts_the_tasks_and_if_need_be_the_errors_that_it_leaves_out() -> None:
    many = [became(O.PAUSED, number) for number in range(1, 10_001)]
    long = tuple(Problem("Rejected", "no", str(number), "x" * 1_000) for number in range(2_000))
    data = report(*many, problems=(REJECTED,)).data()
    answer = bounded(data)
    assert answer["tasks_omitted"] == 10_000
    assert answer["errors"] == data["errors"]
    assert {**answer, "tasks": data["tasks"]} == {**data, "tasks_omitted": 10_000}
    answer = bounded(report(*many, problems=long).data())
    assert (answer["tasks_omitted"], answer["errors_omitted"]) == (10_000, 2_000)
    assert {"tasks", "errors"}.isdisjoint(answer)
    answer = bounded(report(problems=long).data())
    assert (answer["tasks"], answer["errors_omitted"]) == ([], 2_000)


ODD = "\ud800 \udfff \x00 \U0001f319"


def test_whatever_a_cloud_or_a_sender_says_the_report_can_be_encoded() -> None:
    task = Target(SdkAppId(1), None, ODD, "default")
    failed = TargetReport(task, O.FAILED, US, ODD, 1, ODD, TargetError("NoAnswer", ODD, ODD))
    whole = report(failed, problems=(Problem("Rejected", ODD, ODD, ODD),), source=ODD)
    text = json.dumps(whole.data(), ensure_ascii=False, allow_nan=False).encode().decode()
    assert text.count("\\\\ud800 \\\\udfff \\u0000 \U0001f319") == 9, "as text, not as half of a pair"
    for event in whole.events(8_000):
        json.dumps(event, ensure_ascii=False).encode()


def test_a_report_of_thousands_of_problems_and_exempt_tasks_is_written_in_no_time() -> None:
    exempt = US._replace(quiet=False, exempt_until=NOW + timedelta(days=2))
    many = [became(O.NOT_QUIET, number, exempt) for number in range(1, 10_001)]
    problems = tuple(Problem("Unexpected", "no") for _ in range(10_000))
    started = time.process_time()
    text = report(*many, problems=problems).text()
    assert "And 9995 more exempt tasks." in text
    assert time.process_time() - started < 1  # 20 ms; it was 10 s
