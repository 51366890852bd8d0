"""An audit holds each outbound call's start against the quiet hours of the task or campaign that made it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from local.emulator import Emulator, faults
from tests.emulated.harness.auditing import (
    AUDIT,
    CDR,
    EVENING,
    OTHER_APP,
    POLICY,
    SESSIONS,
    audited,
    dial,
)
from tests.emulated.harness.events import kafka, sqs, timer
from tests.emulated.harness.function import Function
from tests.emulated.harness.subscriber import SnsSubscriber
from tests.support import APP, DESCRIBE, LIST

ABSURD: tuple[Any, ...] = (0, None, "yesterday", "", -5, 1.5, 10**18, 2**70, True, [], 1)


def test_a_day_without_calls_in_quiet_hours_is_clean(function: Function, emulator: Emulator) -> None:
    dial(emulator, EVENING - timedelta(minutes=2), 100, task_id=16498)
    assert audited(function) == {
        "status": "clean",
        "complete": True,
        "next_from": None,
        "from": "2026-11-23T00:00:00Z",
        "to": "2026-11-24T00:00:00Z",
        "calls": 100,
        "suspicious": 0,
        "uncovered": 0,
        "unattributed": 0,
        "unknown": 0,
        "violations": [],
        "errors": [],
        "text": "Audit of 2026-11-23 (UTC): 100 calls, none in quiet hours.",
    }


def test_a_call_in_quiet_hours_is_a_violation_with_its_task_and_the_interval(
    function: Function, emulator: Emulator
) -> None:
    (call,) = dial(emulator, EVENING, task_id=16498, name="ccc-name", callees=["008613812345678"])
    data = audited(function)
    assert (data["status"], data["complete"], data["suspicious"]) == ("violations", True, 1)
    assert data["violations"] == [
        {
            "time": "2026-11-23T13:00:00Z",
            "local_time": "2026-11-23T21:00:00+08:00",
            "time_zone": "Asia/Shanghai",
            "session": call.session_id,
            "kind": "task",
            "id": 16498,
            "name": "spring-renewals",
            "sdk_app_id": APP,
            "rule": None,
            "quiet_hours": "default",
            "interval": "quiet[0] 21:00-09:00",
            "callee": "0086138****5678",
        }
    ]
    assert data["text"] == (
        "Audit of 2026-11-23 (UTC): 1 VIOLATION among 1 call. Mon 2026-11-23 21:00 Asia/Shanghai: task 16498 "
        "(spring-renewals) called 0086138****5678, in quiet[0] 21:00-09:00 of default."
    )


@pytest.mark.parametrize(
    "fields", [{"kind": "campaign", "campaign_id": 2567}, {"task_id": 1, "name": "us-1"}]
)
def test_calls_of_campaigns_and_of_what_only_a_rule_covers_are_violations(
    function: Function, emulator: Emulator, fields: dict[str, Any]
) -> None:
    made = dial(emulator, EVENING, 3, **fields)
    data = audited(function)
    assert [each["session"] for each in data["violations"]] == [each.session_id for each in made]
    assert {each["rule"] for each in data["violations"]} == {1 if "name" in fields else None}


def test_the_second_at_which_quiet_hours_begin_is_quiet_and_the_one_at_which_they_end_is_not(
    function: Function, emulator: Emulator
) -> None:
    dial(emulator, EVENING - timedelta(seconds=2), 3, task_id=16498)
    assert [each["time"] for each in audited(function)["violations"]] == ["2026-11-23T13:00:00Z"]
    dial(emulator, EVENING - timedelta(hours=12, seconds=1), 3, task_id=1, name="us-1")
    times = [each["time"] for each in audited(function)["violations"]]
    assert times == ["2026-11-23T00:59:59Z", "2026-11-23T13:00:00Z"]


def test_the_lead_time_is_no_quiet_hour_of_the_law(function: Function, emulator: Emulator) -> None:
    dial(emulator, EVENING - timedelta(minutes=4), 10, task_id=16498)
    assert audited(function)["suspicious"] == 0


def test_what_no_rule_covers_is_counted_and_no_violation(function: Function, emulator: Emulator) -> None:
    dial(emulator, EVENING, 4, task_id=1, name="eu-1")
    data = audited(function)
    assert (data["status"], data["suspicious"], data["uncovered"], data["violations"]) == ("clean", 4, 4, [])
    assert "4 calls in quiet hours: made by what no rule and no entry covers." in data["text"]


@pytest.mark.parametrize(
    ("entry", "violations"),
    [
        ({"exempt_until": "2026-11-23T21:00:02+08:00"}, 2),
        ({"exempt_until": "2026-11-23T00:00:00Z"}, 4),
        ({"quiet_hours": "none"}, 0),
        ({"quiet_hours": "late"}, 0),
    ],
)
def test_a_task_is_judged_by_its_own_quiet_hours_and_exemption(
    function: Function, emulator: Emulator, entry: dict[str, Any], violations: int
) -> None:
    late = {"time_zone": "Asia/Shanghai", "quiet": ["23:00-06:00"]}
    task = {"task_id": 16498, **entry}
    policy = POLICY | {"quiet_hours": POLICY["quiet_hours"] | {"late": late}, "tasks": {"spring": task}}
    dial(emulator, EVENING, 4, task_id=16498)
    data = audited(function, callout_policy=json.dumps(policy))
    assert (len(data["violations"]), data["suspicious"], data["complete"]) == (violations, 4, True)


def test_exceptions_and_changes_of_the_clock_are_those_of_that_moment(
    function: Function, emulator: Emulator
) -> None:
    opened = "2026-11-01T21:00:00-05:00/2026-11-01T21:30:00-05:00"
    hours = {"time_zone": "America/New_York", "quiet": ["21:00-08:00"], "except": [opened]}
    policy = {"quiet_hours": {"default": hours}, "tasks": {"spring": 16498, "summer": 16499}}
    winter = datetime(
        2026, 11, 2, 2, 0, tzinfo=timezone.utc
    )  # 21:00, the clocks were set back in the morning
    dial(emulator, winter, 2, task_id=16498)
    dial(emulator, winter + timedelta(minutes=30), 3, task_id=16499)
    body = AUDIT | {"from": "2026-11-02T00:00:00Z", "to": "2026-11-03T00:00:00Z"}
    data = audited(function, body, callout_policy=json.dumps(policy))
    assert [(each["id"], each["local_time"]) for each in data["violations"]] == [
        (16499, f"2026-11-01T21:30:0{second}-05:00") for second in range(3)
    ]


def test_what_agents_dial_is_counted_and_shown_and_no_violation(
    function: Function, emulator: Emulator
) -> None:
    dial(emulator, EVENING, 2, task_id=16498, name="spring-renewals")
    emulator.calls.add(sdk_app_id=APP, start=EVENING.timestamp(), CallType=1)
    data = audited(function)
    assert (len(data["violations"]), data["unattributed"], data["unknown"]) == (2, 1, 0)
    assert data["complete"]
    assert "1 call in quiet hours: dialled by agents, not by a task or campaign." in data["text"]


@pytest.mark.parametrize(
    "fields",
    [
        {"CallType": 1, "AIAgentId": 7},
        {"CallType": 5},
        {"CallType": None},
        {"CallType": "1"},
        {"CallType": 1, "SessionId": ""},
        {"CallType": 1, "SessionId": None},
    ],
)
def test_a_call_whose_maker_nobody_knows_makes_the_audit_incomplete(
    function: Function, emulator: Emulator, fields: dict[str, Any]
) -> None:
    emulator.calls.add(sdk_app_id=APP, start=EVENING.timestamp(), **fields)
    data = audited(function)
    assert (data["status"], data["complete"], data["unknown"], data["unattributed"]) == (
        "incomplete",
        False,
        1,
        0,
    )
    assert data["next_from"] is None, "nothing is left that another audit could read"


@pytest.mark.parametrize("fields", [{"Direction": 0, "CallType": 2}, {"Direction": 0}, {"CallType": 6}])
def test_calls_of_customers_and_between_agents_do_not_count(
    function: Function, emulator: Emulator, fields: dict[str, Any]
) -> None:
    emulator.calls.add(sdk_app_id=APP, start=EVENING.timestamp(), **fields)
    data = audited(function)
    assert (data["status"], data["calls"], data["suspicious"]) == ("clean", 0, 0)


def test_without_time_the_start_timestamp_says_when_a_call_began(
    function: Function, emulator: Emulator
) -> None:
    for time in (0, None):
        emulator.calls.add(sdk_app_id=APP, start=EVENING.timestamp(), CallType=1, Time=time)
    assert audited(function)["unattributed"] == 2


@pytest.mark.parametrize(
    ("time", "start"),
    [
        *((absurd, None) for absurd in ABSURD),
        *((nothing, absurd) for absurd in ("x", -1, 1_795_000_000_000) for nothing in (0, None)),
        (1_795_000_000_000, EVENING.timestamp()),
    ],
)
def test_a_record_without_a_time_that_can_be_true_is_unknown_and_the_audit_incomplete(
    function: Function, emulator: Emulator, time: Any, start: Any
) -> None:
    noon = EVENING - timedelta(hours=9)
    dial(emulator, EVENING, 1, task_id=16498)
    emulator.calls.add(sdk_app_id=APP, start=noon.timestamp(), Time=time, StartTimestamp=start)
    data = audited(function)
    assert (data["calls"], data["unknown"], data["complete"]) == (2, 1, False)
    assert (data["status"], len(data["violations"])) == ("violations", 1), "what was found comes first"


def test_each_candidate_is_described_once_the_newest_first_until_every_session_is_found(
    function: Function, emulator: Emulator
) -> None:
    for number in range(1, 101):
        begun = EVENING - timedelta(days=number)
        emulator.tasks.add(
            task_id=number, sdk_app_id=APP, name=f"us-{number}", not_before=round(begun.timestamp()), state=5
        )
    later = EVENING + timedelta(hours=1)
    emulator.tasks.add(task_id=500, sdk_app_id=APP, not_before=round(later.timestamp()), state=0)
    dial(emulator, EVENING, 5, task_id=20, name="us-20", not_before=round(EVENING.timestamp()) - 20 * 86_400)
    assert len(audited(function)["violations"]) == 5
    described = [entry.params["TaskId"] for entry in emulator.journal.entries if entry.action == DESCRIBE]
    assert sorted(described) == list(range(1, len(described) + 1)), "newest first"
    assert 20 <= len(described) <= 32, "and none that was not under way when the last session was found"
    assert len(described) == len(set(described))


def test_a_task_with_ten_thousand_callees_is_found(function: Function, emulator: Emulator) -> None:
    callees = [f"0086138{number:08}" for number in range(10_000)]
    dial(emulator, EVENING, 3, task_id=16498, callees=callees)
    data = audited(function)
    assert [each["callee"] for each in data["violations"]] == [
        f"0086138****000{number}" for number in range(3)
    ]


def test_numbers_are_masked_in_everything_that_leaves_the_function(
    function: Function, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    callees = ["008613812345678", "13812345678", "7345678901", "57575", "42"]
    dial(emulator, EVENING, 5, task_id=16498, callees=callees)
    function(sqs(AUDIT))
    assert isinstance(function.subscriber, SnsSubscriber)
    (envelope,) = function.subscriber.envelopes()
    shown = ["0086138****5678", "138****5678", "********01", "***75"]
    assert all(each in json.dumps(envelope) for each in shown)
    told = json.dumps(envelope) + capsys.readouterr().out
    assert [each for each in callees[:-1] if each in told] == []


def test_protected_numbers_are_shown_as_ccc_shows_them_and_masked(
    function: Function, emulator: Emulator
) -> None:
    emulator.options.call_numbers_protected = True
    dial(emulator, EVENING, 1, task_id=16498)
    (violation,) = audited(function)["violations"]
    assert len(violation["callee"]) == 32
    assert violation["callee"][-8:-4] == "****"


def test_nothing_is_described_where_no_call_is_suspicious(function: Function, emulator: Emulator) -> None:
    dial(emulator, EVENING - timedelta(minutes=2), 100, task_id=16498)
    audited(function)
    assert {entry.action for entry in emulator.journal.entries} == {CDR}


def test_records_that_come_while_pages_are_read_shift_none_out_of_sight(
    function: Function, emulator: Emulator
) -> None:
    made = dial(emulator, EVENING, 350, task_id=16498)
    noon = (EVENING - timedelta(hours=8)).timestamp()

    def shift(action: str, params: Any) -> None:
        del params
        if action == CDR:
            for number in range(7):
                emulator.calls.add(sdk_app_id=APP, start=noon + number, CallType=1)

    for newest_first in (True, False):
        emulator.options.call_records_newest_first = newest_first
        emulator.hooks.before = shift
        data = audited(function)
        emulator.hooks.before = None
        assert {each["session"] for each in data["violations"]} == {each.session_id for each in made}
        assert len(data["violations"]) == len(made), "none counts twice"


def test_what_shifts_between_pages_that_are_read_at_once_is_not_lost_in_silence(
    function: Function, emulator: Emulator
) -> None:
    """A page is answered, a record comes, and the page before it is answered: one call is in neither."""
    made = dial(emulator, EVENING - timedelta(minutes=10), 590, task_id=16498)
    last = (EVENING + timedelta(hours=1)).timestamp()

    def come(action: str, params: Any) -> None:
        if action == CDR and params["PageNumber"] in {2, 4}:
            emulator.calls.add(sdk_app_id=APP, start=last, Direction=0)

    for _ in range(5):
        emulator.hooks.before = come
        data = audited(function)
        emulator.hooks.before = None
        assert data["calls"] == len(made) or not data["complete"]


def test_a_list_that_never_stands_still_is_read_again_and_then_said_to_be_incomplete(
    function: Function, emulator: Emulator
) -> None:
    dial(emulator, EVENING, 450, task_id=16498)
    emulator.faults.add(more_than_there_are(), action=CDR)
    data = audited(function)
    assert (data["status"], data["complete"]) == ("violations", False)
    assert {each["code"] for each in data["errors"]} == {"RecordsIncomplete"}


def more_than_there_are() -> faults.Fault:
    def more(document: dict[str, Any]) -> dict[str, Any]:
        document["TotalCount"] += 3
        return document

    return faults.mangled(more)


def test_an_event_asks_for_audits_a_check_and_work_each_is_an_event_of_its_own(
    function: Function, emulator: Emulator
) -> None:
    emulator.tasks.add(task_id=16498, sdk_app_id=APP, state=1)
    emulator.campaigns.add(campaign_id=2567, sdk_app_id=APP, state=0)
    one = AUDIT | {"from": "2026-11-20T00:00:00Z", "to": "2026-11-21T00:00:00+08:00"}
    bodies = ({"action": "pause", "tasks": [16498]}, AUDIT, {"action": "check"}, one)
    assert function(sqs(*bodies)) == {"batchItemFailures": []}
    events = function.received()
    assert [each["type"].rsplit(".", 2)[1] for each in events] == ["report", "check", "audit", "audit"]
    assert [each["data"]["from"] for each in events[2:]] == ["2026-11-23T00:00:00Z", "2026-11-20T00:00:00Z"]
    assert events[3]["data"]["to"] == "2026-11-20T16:00:00Z"


@pytest.mark.parametrize("event", [sqs(AUDIT), kafka(AUDIT), timer(AUDIT), AUDIT])
def test_an_audit_that_was_published_is_done_for_every_trigger_whatever_it_found(
    function: Function, emulator: Emulator, event: Any
) -> None:
    dial(emulator, EVENING, 1, task_id=16498)
    function(event)
    assert function.report()["status"] == "violations"


def test_subscribers_can_filter_audits_by_status(function: Function) -> None:
    function(sqs(AUDIT))
    assert isinstance(function.subscriber, SnsSubscriber)
    (envelope,) = function.subscriber.envelopes()
    attributes = {name: each["Value"] for name, each in envelope["MessageAttributes"].items()}
    assert attributes == {"status": "clean", "action": "audit"}


def test_what_is_yet_to_come_cannot_be_audited(function: Function) -> None:
    data = audited(function, AUDIT | {"from": "2026-11-24T00:00:00Z", "to": "2026-11-25T00:00:00Z"})
    assert (data["status"], data["next_from"], data["to"]) == (
        "incomplete",
        "2026-11-24T06:00:00Z",
        "2026-11-24T06:00:00Z",
    )
    assert [each["code"] for each in data["errors"]] == ["NotYet"]


def test_what_ccc_does_not_keep_any_more_is_said_to_be_missing(
    function: Function, emulator: Emulator
) -> None:
    dial(emulator, EVENING, 1, task_id=16498)
    data = audited(function, AUDIT | {"from": "2026-01-01T00:00:00Z"})
    assert [each["code"] for each in data["errors"]] == ["NotKept"]
    assert (data["status"], data["from"]) == ("violations", "2026-05-28T06:20:00Z")


def test_half_a_year_is_read_in_spans_that_ccc_answers(function: Function, emulator: Emulator) -> None:
    dial(emulator, EVENING, 1, task_id=16498)
    data = audited(function, AUDIT | {"from": "2026-06-01T00:00:00Z"})
    assert (data["complete"], len(data["violations"])) == (True, 1)


def test_every_application_that_the_policy_names_is_read(function: Function, emulator: Emulator) -> None:
    rule = {"quiet_hours": "default", "sdk_app_id": OTHER_APP}
    dial(emulator, EVENING, 2, task_id=16498)
    dial(emulator, EVENING, 3, task_id=16498, sdk_app_id=OTHER_APP)
    policy = POLICY | {"rules": [rule]}
    data = audited(function, callout_policy=json.dumps(policy))
    assert [each["sdk_app_id"] for each in data["violations"]].count(OTHER_APP) == 3
    assert data["calls"] == 5


def test_only_lists_and_records_are_read(function: Function, emulator: Emulator) -> None:
    dial(emulator, EVENING, 2, task_id=16498)
    dial(emulator, EVENING, 2, kind="campaign", campaign_id=2567)
    audited(function)
    lists = {LIST, "DescribePredictiveDialingCampaigns"}
    assert {entry.action for entry in emulator.journal.entries} == {CDR, DESCRIBE, SESSIONS, *lists}
