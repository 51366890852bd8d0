"""What a person gets of a report: the mail with its subject, and the SMS. A night each."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.output.encoding import size
from handler.quiet_hours.status import QuietStatus
from handler.report.entries import UNSEEN, Problem, TargetError, TargetReport
from handler.report.for_people import Texts, texts
from handler.report.for_people.columns import aligned, one_line, width
from handler.report.for_people.mail import MAIL_LIMIT
from handler.report.report import Report
from handler.target import Outcome, SdkAppId, State, Target, TargetId
from tests.support import APP

NOW = datetime(2026, 11, 24, 4, 30, tzinfo=timezone.utc)
US = QuietStatus("us-east", True, NOW + timedelta(hours=8.5), "America/New_York", NOW)
CHINA = QuietStatus("default", False, NOW + timedelta(hours=7.5), "Asia/Shanghai", NOW)
RUNNING, PAUSED = State.RUNNING, State.PAUSED
O = Outcome  # noqa: E741
NO_ANSWER = TargetError("NoAnswer", "no answer within 10.0 s")


def became(
    outcome: Outcome,
    number: int | None = 16498,
    name: str | None = "spring-renewals",
    hours: QuietStatus = US,
    said: str = "",
    **more: Any,
) -> TargetReport:
    """Return what became of a task. `said` is what its reason says besides the quiet hours."""
    task = Target(APP, TargetId(number) if number else None, name, hours.name)
    return TargetReport(task, outcome, hours, said or hours.sentence(), **more)


def report(*tasks: TargetReport, problems: Sequence[Problem] = (), **more: Any) -> Report:
    fields: dict[str, Any] = {
        "id": "r1",
        "time": NOW,
        "source": "/callout-quiet-hours/callout-quiet-hours-prod",
        "trigger": "timer",
        "action": "pause",
    }
    return Report(**(fields | more), tasks=tasks, problems=tuple(problems))


def of(what: Report) -> Texts:
    return texts(what, None)


PAUSED_AS_SEEN = became(O.PAUSED, state=PAUSED, attempts=1)
STILL_RUNNING = became(
    O.FAILED,
    16499,
    "us-reminders",
    said="pause was refused; the task is running",
    error=TargetError("UnauthorizedOperation", "you may not"),
    state=RUNNING,
)
FOOTER = """\

Function  callout-quiet-hours-prod
Time      Tue 2026-11-24 04:30 UTC
Request   {}
Report    r1 (report_id in the function's log)

Callout Quiet Hours pauses automatic outbound call tasks and predictive dialing campaigns of Tencent Cloud
Contact Center (CCC) in quiet hours. A pause lets no new call start; calls of a task that ring or talk go
on. What is paused stays paused until a resume is asked for after quiet hours: by a person, or by a timer
that asks for enforce, which resumes what this function paused.
"""
UNTIL_EIGHT = """\
NEXT CHANGES
us-east: quiet until Tue 2026-11-24 08:00 America/New_York (UTC-05:00), 8 h 30 min from now
"""


def test_a_night_on_which_everything_was_paused() -> None:
    left = became(O.NOT_QUIET, 16500, "cn-surveys", CHINA)
    told = of(report(PAUSED_AS_SEEN, became(O.ALREADY_PAUSED, 16499, "us-reminders", state=PAUSED), left))
    assert (
        told.subject == "Quiet hours [prod] succeeded: paused 1 task, 1 was paused already, left 1 task alone"
    )
    assert told.email == (
        """\
Succeeded: paused 1 task, 1 was paused already, left 1 task alone.

You need not do anything.

NEXT CHANGES
default: not quiet until Tue 2026-11-24 20:00 Asia/Shanghai (UTC+08:00), 7 h 30 min from now
us-east: quiet until Tue 2026-11-24 08:00 America/New_York (UTC-05:00), 8 h 30 min from now

RESULT          TASK   NAME             QUIET HOURS  WHY
paused          16498  spring-renewals  us-east
already paused  16499  us-reminders     us-east
left alone      16500  cn-surveys       default      it is not quiet for this task now
"""
        + FOOTER.format("pause, from timer")
    )
    assert told.sms == (
        "Quiet hours prod succeeded: paused 1 task, 1 was paused already, left 1 task alone. "
        "Quiet in America/New_York until Tue 08:00."
    )


def test_a_night_on_which_a_pause_failed_and_the_task_is_still_running() -> None:
    told = of(report(PAUSED_AS_SEEN, STILL_RUNNING))
    assert told.subject == "Quiet hours [prod] partial: 1 pause FAILED, paused 1 task"
    assert told.email == (
        f"""\
Partial: 1 pause FAILED, paused 1 task.

1 task was still running when last seen: it may be calling people in quiet hours.
Look in CCC now at the tasks in capitals below. Pause by hand those that run; leave the others alone. The function tries again at its next wake-up, or when the trigger delivers the event again.

{UNTIL_EIGHT}
RESULT        TASK   NAME             QUIET HOURS  WHY
PAUSE FAILED  16499  us-reminders     us-east      pause was refused; the task is running [UnauthorizedOperation: you may not]
paused        16498  spring-renewals  us-east
"""
        + FOOTER.format("pause, from timer")
    )
    assert told.sms == (
        "Quiet hours prod partial: 1 still running! 1 pause FAILED, paused 1 task. "
        "Quiet in America/New_York until Tue 08:00."
    )


def test_what_nobody_has_seen_is_neither_called_paused_nor_running() -> None:
    accepted = became(O.PAUSED, said=f"{US.sentence()}; {UNSEEN}", attempts=1)
    lost = became(O.FAILED, 16499, None, said="pause failed until the time was up", error=NO_ANSWER)
    told = of(report(accepted, lost))
    assert told.subject == "Quiet hours [prod] partial: 1 pause FAILED, 1 task NOT CONFIRMED"
    assert "running when last seen" not in told.email
    assert lines_of(told.email, 2, 7) == [
        "Whether 1 task is calling people is not known: nothing was seen of it.",
        "Look in CCC now at the tasks in capitals below. Pause by hand those that run; leave the others alone. "
        "The function tries again at its next wake-up, or when the trigger delivers the event again.",
        "1 task is NOT CONFIRMED: CCC accepted the request, but nothing was seen afterwards. Look in CCC.",
    ]
    assert table_of(told.email) == [
        "RESULT         TASK   NAME             QUIET HOURS  WHY",
        "PAUSE FAILED   16499  -                us-east      pause failed until the time was up; the task's state is not known [NoAnswer: no answer within 10.0 s]",
        "NOT CONFIRMED  16498  spring-renewals  us-east      accepted, but its state could not be seen",
    ]
    assert told.sms.startswith(
        "Quiet hours prod partial: 2 may be running! 1 pause FAILED, 1 task NOT CONFIRMED."
    )


def test_of_tasks_and_campaigns_each_is_counted_once() -> None:
    accepted = became(O.PAUSED, said=f"{US.sentence()}; {UNSEEN}", attempts=1)
    dialing = became(O.PAUSED, 2567, attempts=1)
    dialing = dialing._replace(target=dialing.target._replace(kind="campaign"))
    told = of(report(accepted, became(O.PAUSED, 16499, attempts=1), dialing))
    assert told.subject == (
        "Quiet hours [prod] succeeded: 1 task or campaign NOT CONFIRMED, paused 1 task and 1 campaign"
    )


def test_only_a_call_that_was_not_to_be_verified_needs_no_confirmation() -> None:
    told = of(report(became(O.PAUSED, attempts=1)))  # CALLOUT_VERIFY=false
    assert table_of(told.email)[1].endswith("CCC accepted the request; it was not verified")
    assert "NOT CONFIRMED" not in told.email


def test_a_night_on_which_the_time_was_up() -> None:
    waiting = became(
        O.DEFERRED, 16499, "us-reminders", said=f"the time was up; {US.sentence()}", state=RUNNING
    )
    told = of(report(PAUSED_AS_SEEN, waiting))
    assert told.subject == "Quiet hours [prod] partial: 1 task was not reached in time, paused 1 task"
    assert "1 task was still running when last seen: it may be calling people in quiet hours." in told.email
    assert table_of(told.email)[1] == (
        "NOT REACHED  16499  us-reminders     us-east      the time was up; the task was running when last seen"
    )


INVALID = Problem(
    "Rejected",
    'tasks[0]: a number is written without quotes: 16498, not "16498"',
    "m1",
    '{"tasks": ["16498"]}',
)


def test_an_invalid_message_is_shown_with_what_is_wanted_and_what_happens_next() -> None:
    told = of(report(problems=[INVALID], action=None))
    assert told.subject == "Quiet hours [prod] rejected: 1 invalid message, NOTHING WAS DONE FOR IT"
    assert told.email == (
        """\
Rejected: 1 invalid message, NOTHING WAS DONE FOR IT.

An invalid message was rejected as a whole. NOTHING WAS DONE FOR IT: tasks that it was to pause may be calling. The timer sends the same message each time: correct it where the timer is set.

INVALID MESSAGE m1
  Wrong: tasks[0]: a number is written without quotes: 16498, not "16498"
  Given: {"tasks": ["16498"]}
"""
        + FOOTER.format("none that is valid, from timer")
    )
    assert told.sms == "Quiet hours prod rejected: 1 invalid message, NOTHING WAS DONE FOR IT."


@pytest.mark.parametrize(
    ("trigger", "then"),
    [
        (
            "sqs",
            "The queue delivers it again, with the same result, and then keeps it in its dead-letter queue.",
        ),
        ("ckafka", "It is passed over and does not come again."),
        ("cmq", "The trigger delivers it a few times more, with the same result."),
        ("invocation", "tasks that it was to pause may be calling. Send a corrected message."),
    ],
)
def test_what_happens_next_to_an_invalid_message_depends_on_the_trigger(trigger: str, then: str) -> None:
    assert then in of(report(problems=[INVALID], trigger=trigger)).email


def test_a_function_that_cannot_work_says_that_nothing_is_paused() -> None:
    wrong = "settings: CALLOUT_TOPIC: 'nonsense' is no topic; wanted is arn:aws:sns:REGION:ACCOUNT:NAME"
    told = of(report(problems=[Problem("Configuration", wrong)], action=None, trigger=None))
    assert told.subject == "Quiet hours [prod] failed: 1 configuration error, NOTHING CAN BE PAUSED"
    assert told.sms == "Quiet hours prod failed: 1 configuration error, NOTHING CAN BE PAUSED."
    assert told.email == (
        f"""\
Failed: 1 configuration error, NOTHING CAN BE PAUSED.

The settings or the policy cannot be used, so the function CANNOT PAUSE ANYTHING: tasks that run go on calling. Pause by hand in CCC, now, what has to be quiet. Every wake-up fails until this is corrected and deployed; what was paused stays paused.

CONFIGURATION ERROR
  Wrong: {wrong}
"""
        + FOOTER.format("not read")
    )


def test_an_error_in_the_function_leaves_open_what_became_of_the_tasks() -> None:
    told = of(report(problems=[Problem("Unexpected", "KeyError: 'x'")], action=None, trigger=None))
    assert told.subject == "Quiet hours [prod] failed: 1 unexpected error, CALLS MAY GO ON"
    assert "may not have done its work: look at the tasks in CCC" in told.email


def test_a_list_that_was_not_read_whole_may_hide_tasks_that_call() -> None:
    told = of(report(PAUSED_AS_SEEN, problems=[Problem("ListIncomplete", "application 1: the time was up")]))
    assert told.subject == "Quiet hours [prod] partial: 1 incomplete list, paused 1 task"
    assert "more tasks or campaigns may be there that were asked for, and may be calling." in told.email


def test_a_ledger_that_cannot_be_used_may_leave_tasks_paused() -> None:
    lost = Problem("Ledger", "the ledger could not be used: NoAnswer; 1 paused without a note")
    told = of(report(PAUSED_AS_SEEN, problems=[lost], action="enforce"))
    assert told.subject == "Quiet hours [prod] partial: 1 ledger error, paused 1 task"
    assert "written or read, see below: what this function paused may stay paused. Look in CCC" in told.email
    assert "\nLEDGER ERROR\n  Wrong: the ledger could not be used: NoAnswer; 1 paused without" in told.email
    alone = of(report(problems=[lost], action="enforce"))
    assert alone.subject.endswith(": 1 ledger error, WHAT WAS PAUSED MAY STAY PAUSED")


def test_without_the_ledger_that_is_asked_for_tasks_are_paused_and_not_resumed() -> None:
    missing = Problem("Configuration", "CALLOUT_LEDGER: is not set")
    told = of(report(PAUSED_AS_SEEN, problems=[missing], action="enforce"))
    assert told.subject == "Quiet hours [prod] partial: 1 configuration error, paused 1 task"
    assert "Tasks are paused, but the ledger that the request needs is missing: NOTHING IS" in told.email
    assert "CANNOT PAUSE" not in told.email
    alone = of(report(problems=[missing], action="enforce"))
    assert alone.subject.endswith(": 1 configuration error, NOTHING IS RESUMED")


def test_what_the_ledger_leaves_to_a_person_is_said_to_stay_paused() -> None:
    why = TargetError("PausedBlindly", "its state was not known when it was paused")
    left = became(O.FAILED, said="it stays paused", hours=CHINA, error=why, state=PAUSED, paused_since=NOW)
    told = of(report(left, action="enforce"))
    assert (
        "1 task stays paused, and the function does not resume it: look in CCC, and resume it there."
        in told.email
    )
    assert "tries again" not in told.email


def test_what_was_not_reached_in_the_morning_is_not_said_to_be_calling() -> None:
    late = became(O.DEFERRED, said="the time was up", hours=CHINA, paused_since=NOW)
    told = of(report(late, action="enforce"))
    assert "1 task was not resumed. The function tries again" in told.email
    assert "calling people" not in told.email
    assert "running" not in told.sms
    at_night = of(report(became(O.DEFERRED, said="the time was up"), action="enforce"))
    assert "Whether 1 task is calling people is not known" in at_night.email


def test_a_dry_run_says_that_nothing_was_changed() -> None:
    told = of(report(became(O.WOULD_PAUSE, said=f"the task is running; {US.sentence()}"), dry_run=True))
    assert told.subject == "Quiet hours [prod] DRY RUN, succeeded: would pause 1 task"
    assert told.email == (
        f"""\
DRY RUN, succeeded: would pause 1 task.

This was a dry run for 1 task: nothing was changed, and if it was running, it still is.

{UNTIL_EIGHT}
RESULT       TASK   NAME             QUIET HOURS  WHY
would pause  16498  spring-renewals  us-east      the task is running
"""
        + FOOTER.format("pause, from timer")
    )
    assert told.sms.startswith("Quiet hours prod DRY RUN, succeeded: would pause 1 task.")


def test_a_morning_on_which_tasks_were_resumed() -> None:
    refused = became(O.STILL_QUIET, 16499, "us-reminders")
    told = of(report(became(O.RESUMED, hours=CHINA, state=RUNNING), refused, action="resume", trigger="sqs"))
    assert (
        told.subject == "Quiet hours [prod] succeeded: resumed 1 task, did not resume 1 task in quiet hours"
    )
    assert (
        "1 task was not resumed because it is quiet. Ask again after quiet hours: nothing resumes it"
        in told.email
    )
    assert "Request   resume, from sqs" in told.email


def test_a_task_that_could_not_be_resumed_is_not_said_to_be_calling() -> None:
    failed = became(O.FAILED, said="resume was refused", hours=CHINA, error=NO_ANSWER, state=PAUSED)
    told = of(report(failed, action="resume"))
    assert "1 task was not resumed. The function tries again" in told.email
    assert "calling people" not in told.email
    assert "running" not in told.sms


def test_a_night_on_which_there_was_nothing_to_do() -> None:
    done = became(O.FINISHED, said=f"the task is completed; {US.sentence()}", state=State.COMPLETED)
    told = of(report(became(O.NOT_QUIET, 16500, "cn-surveys", CHINA), done))
    assert told.subject == "Quiet hours [prod] skipped: left 1 task alone, 1 is finished"
    assert "\nYou need not do anything.\n" in told.email


def test_a_report_without_tasks_says_that_none_is_named() -> None:
    told = of(report())
    assert told.subject == "Quiet hours [prod] skipped: no task was asked for"
    assert "Neither the request nor the policy names a task, so nothing was looked at." in told.email


def test_a_mixed_night_has_the_worst_first() -> None:
    exempt = US._replace(quiet=False, exempt_until=NOW + timedelta(days=2))
    told = of(
        report(
            PAUSED_AS_SEEN,
            became(O.NOT_QUIET, 9, "vip", exempt),
            became(
                O.NOT_STARTED, 8, "tomorrow", said="the task is not started and starts in quiet hours, 03:00"
            ),
            became(O.NOT_FOUND, None, "gone", said="no task of application 1400692008 has this name"),
            STILL_RUNNING._replace(error=TargetError("NotAsWanted", STILL_RUNNING.reason)),
            problems=[INVALID],
            notes=("China's holidays are known until 2026-12-31",),
        )
    )
    assert told.subject == (
        "Quiet hours [prod] partial: 1 pause FAILED, 1 task was not found, 1 invalid message, paused 1 ta..."
    )
    assert [line.split("  ")[0] for line in table_of(told.email)] == [
        "RESULT",
        "PAUSE FAILED",
        "NOT FOUND",
        "paused",
        "left alone",
        "not started",
    ]
    assert "pause was refused; the task is running [NotAsWanted]" in told.email, "not said twice"
    assert (
        "1 task was not found in CCC. There is no retry: correct it in the policy or in the request."
        in told.email
    )
    assert (
        "\nvip: exempt from quiet hours until Wed 2026-11-25 23:30 America/New_York (UTC-05:00), 2 d from now\n"
        in told.email
    )
    assert "\nNote: China's holidays are known until 2026-12-31.\n" in told.email
    assert told.sms.startswith(
        "Quiet hours prod partial: 1 still running! 1 pause FAILED, 1 task was not found,"
    )
    assert len(told.sms) == 140


def test_applications_are_shown_where_there_are_several() -> None:
    other = STILL_RUNNING._replace(target=Target(SdkAppId(1400000001), TargetId(16498), None, "us-east"))
    head, *rows = table_of(of(report(PAUSED_AS_SEEN, other)).email)
    assert head.split() == ["RESULT", "TASK", "APPLICATION", "NAME", "QUIET", "HOURS", "WHY"]
    assert [re.findall(r"\b\d{5,}\b", row) for row in rows] == [
        ["16498", "1400000001"],
        ["16498", "1400692008"],
    ]


def test_of_many_tasks_the_worst_are_listed_and_the_others_counted() -> None:
    many = [became(O.PAUSED, number, f"campaign-{number}", state=PAUSED) for number in range(1, 1_000)]
    told = of(report(*many, STILL_RUNNING))
    rows = table_of(told.email)
    assert rows[1].startswith("PAUSE FAILED")
    left_out = re.fullmatch(
        r"and (\d+) more: \1 paused\. The function's log has them all, see Report below\.", rows[-1]
    )
    assert left_out
    assert len(rows) - 3 + int(left_out[1]) == 999
    assert size(told.email) <= MAIL_LIMIT
    assert told.subject == "Quiet hours [prod] partial: 1 pause FAILED, paused 999 tasks"


def test_the_work_for_a_mail_grows_no_faster_than_the_tasks() -> None:
    def work(tasks: int) -> int:
        many = report(*(became(O.PAUSED, number, state=PAUSED) for number in range(1, tasks + 1)))
        many.data()
        calls = 0

        def count(*_: object) -> None:
            nonlocal calls
            calls += 1

        sys.setprofile(count)
        try:
            of(many)
        finally:
            sys.setprofile(None)
        return calls

    assert work(6_000) < 12 * work(600)


def test_the_first_part_has_everything_and_the_others_say_so() -> None:
    whole = report(PAUSED_AS_SEEN)
    assert texts(whole, {"number": 1, "of": 3, "report": "r1"}) == of(whole)
    later = texts(whole, {"number": 2, "of": 3, "report": "r1"})
    assert later.subject == later.sms == "Quiet hours prod: part 2 of 3 of a long report, nothing new"
    assert later.email == (
        "This is part 2 of 3 of a report that is too long for one message. You need not read it.\n"
        "The mail of part 1 says everything that a person needs. Without it, search\n"
        "the log of the function callout-quiet-hours-prod for the report_id r1.\n"
    )


@pytest.mark.parametrize(
    ("source", "stage"),
    [
        ("/callout-quiet-hours/callout-quiet-hours-staging", "staging"),
        ("/callout-quiet-hours/local", "local"),
        ("/callout-quiet-hours/our-own-name", "our-own-name"),
        ("/callout-quiet-hours/" + "x" * 200, "x" * 37 + "..."),
        ("/callout-quiet-hours/callout-quiet-hours-", "?"),
    ],
)
def test_the_stage_is_what_the_name_of_the_function_says_of_it(source: str, stage: str) -> None:
    told = of(report(PAUSED_AS_SEEN, source=source))
    assert told.subject == f"Quiet hours [{stage}] succeeded: paused 1 task"
    assert told.sms.startswith(f"Quiet hours {stage} succeeded: paused 1 task.")


hostile = st.text(max_size=200) | st.sampled_from(
    [
        "\n",
        "\r\nBcc: all@example.com",
        "\x00\x07",
        "\u202e",
        "\ud800",
        "任务" * 300,
        "🌙",
        "<b>",
        "{}",
        "x" * 5_000,
    ]
)
zones = st.sampled_from(["America/New_York", "Asia/Shanghai", "Asia/Kathmandu", "UTC"])
hours = st.builds(
    QuietStatus,
    hostile,
    st.booleans(),
    st.none() | st.datetimes(timezones=st.just(timezone.utc)),
    zones,
    st.just(NOW),
    st.none() | st.just(NOW + timedelta(days=1)),
)
tasks = st.builds(
    TargetReport,
    st.builds(
        Target, st.sampled_from([APP, SdkAppId(1)]), st.none() | st.integers(1, 2**63 - 1), hostile, hostile
    ),
    st.sampled_from(Outcome),
    st.none() | hours,
    hostile,
    error=st.none() | st.builds(TargetError, hostile, hostile),
    state=st.none() | st.sampled_from(State),
    paused_since=st.none() | st.just(NOW),
)
codes = st.sampled_from(get_args(get_type_hints(Problem)["code"]))
problems = st.builds(Problem, codes, hostile, st.none() | hostile, st.none() | hostile)
reports = st.builds(
    Report,
    hostile,
    st.just(NOW),
    hostile,
    st.none() | st.sampled_from(["timer", "sqs"]),
    st.sampled_from([None, "pause", "resume", "enforce", "mixed"]),
    st.booleans(),
    st.lists(tasks, max_size=30).map(tuple),
    st.lists(problems, max_size=30).map(tuple),
    st.lists(hostile, max_size=3).map(tuple),
)
GSM = set(" !\"#%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz@$")
"""The ASCII characters that an SMS has without an escape. Source: 3GPP TS 23.038, section 6.2.1."""


@given(reports)
def test_whatever_the_names_say_subject_sms_and_mail_keep_their_form(what: Report) -> None:
    told = of(what)
    assert 0 < len(told.subject) < 100
    assert told.subject.isascii()
    assert told.subject.isprintable()
    assert what.status in told.subject
    assert 0 < len(told.sms) <= 140
    assert set(told.sms) <= GSM
    assert size(told.email) <= MAIL_LIMIT
    assert all(line.isprintable() for line in told.email.split("\n"))
    told.email.encode()


@given(st.lists(st.tuples(hostile, hostile, st.just("|")), min_size=1, max_size=5))
def test_columns_are_aligned_in_a_fixed_width_font(cells: list[tuple[str, ...]]) -> None:
    rows = [[one_line(cell, 20) for cell in row] for row in cells]
    assert all(width(cell) <= 20 for row in rows for cell in row)
    assert len({width(line.rpartition("|")[0]) for line in aligned(rows)}) == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("us\n\ttasks", "us tasks"),
        ("a\x07b\u202ec", "a\ufffdb\ufffdc"),
        ("x" * 11, "x" * 9 + "…"),
        ("任务任务任务", "任务任务…"),
        ("e\N{COMBINING ACUTE ACCENT}" * 10, "e\N{COMBINING ACUTE ACCENT}" * 10),
    ],
)
def test_a_text_on_one_line_of_ten_columns(text: str, line: str) -> None:
    assert one_line(text, 10) == line


def lines_of(text: str, start: int, end: int) -> list[str]:
    return [line for line in text.splitlines()[start:end] if line and line != "NEXT CHANGES"][: end - start]


def table_of(mail: str) -> list[str]:
    """Return the lines of the table in a mail."""
    (block,) = (block for block in mail.split("\n\n") if block.startswith("RESULT"))
    return block.splitlines()
