"""Call records, lists, cursors and policies that lie: the audit never says `clean` of a call it did not see."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from handler.audit.hours import AuditedHours
from handler.errors import CloudError, Meaning, PublishError
from handler.reconcile.ledger.ledger import Ledger
from handler.target import SdkAppId
from local.emulator import Emulator, faults
from tests.emulated.harness.auditing import (
    AUDIT,
    CDR,
    EVENING,
    NOW,
    OTHER_APP,
    POLICY,
    SESSIONS,
    audited,
    dial,
)
from tests.emulated.harness.constants import ALL_DAY
from tests.emulated.harness.events import sqs
from tests.emulated.harness.function import Function
from tests.emulated.harness.subscriber import SnsSubscriber
from tests.support import APP, DESCRIBE, LIST

SHORT = {"time_limit_in_ms": 60_000}
DAY = timedelta(days=1)
MIDNIGHT = NOW.replace(hour=0)
"""At which the audited day ends: eight o'clock in Shanghai, in quiet hours."""


def found(data: dict[str, Any]) -> set[str]:
    """Return the sessions of the violations, each of which is told once."""
    sessions = [each["session"] for each in data["violations"]]
    assert len(sessions) == len(set(sessions))
    return set(sessions)


def changed(change: Callable[[dict[str, Any]], Any]) -> faults.Fault:
    """Return a fault that answers with `change(answer)`, errors apart."""
    return faults.mangled(lambda answer: answer if "Error" in answer else change(answer))


# The records


@pytest.mark.parametrize("total", [0, 1, 99, 100, 200, -1, None, "250", 1.5, True, [], {}])
def test_a_number_of_records_that_is_too_small_or_none_hides_no_call(
    function: Function, emulator: Emulator, total: Any
) -> None:
    made = {each.session_id for each in dial(emulator, EVENING, 250, task_id=16498)}
    emulator.faults.add(changed(lambda answer: answer | {"TotalCount": total}), action=CDR)
    data = audited(function)
    assert found(data) == made
    assert (data["complete"], {each["code"] for each in data["errors"]}) == (False, {"RecordsIncomplete"})


def test_full_pages_are_followed_by_the_next_one_whatever_the_number_of_records_says(
    function: Function, emulator: Emulator
) -> None:
    made = {each.session_id for each in dial(emulator, EVENING, 200, task_id=16498)}
    data = audited(function)
    assert (found(data), data["complete"]) == (made, True)


@pytest.mark.parametrize("total", [10**9, 10**18])
def test_a_number_of_records_that_is_absurd_does_not_fill_the_notification(
    function: Function, emulator: Emulator, total: int
) -> None:
    made = {each.session_id for each in dial(emulator, EVENING, 3, task_id=16498)}
    emulator.faults.add(changed(lambda answer: answer | {"TotalCount": total}), action=CDR)
    data = audited(function, context=SHORT)
    assert not data["complete"]
    assert found(data) <= made
    assert len(data["errors"]) < 30
    assert len(data["text"]) < 10_000


def test_a_server_without_end_ends(function: Function, emulator: Emulator) -> None:
    number = 0

    def more(answer: dict[str, Any]) -> dict[str, Any]:
        nonlocal number
        number += 1
        record = {"Direction": 0, "CallType": 2, "Time": int(EVENING.timestamp())}
        records = [record | {"SessionId": f"{number}-{each}"} for each in range(100)]
        return {"TotalCount": None, "TelCdrs": records}

    emulator.faults.add(changed(more), action=CDR)
    data = audited(function, context=SHORT)
    assert (data["status"], data["complete"]) == ("incomplete", False)
    assert len(data["errors"]) < 30


@pytest.mark.parametrize(
    "page",
    [
        {"TelCdrs": None},
        {"TelCdrs": []},
        {"TelCdrs": {}},
        {"TelCdrList": None},
        {"TelCdrList": []},
        {"TelCdrList": "x"},
    ],
)
def test_either_of_the_two_lists_will_do(
    function: Function, emulator: Emulator, page: dict[str, Any]
) -> None:
    made = {each.session_id for each in dial(emulator, EVENING, 200, task_id=16498)}
    emulator.faults.add(changed(lambda answer: answer | page), action=CDR)
    data = audited(function)
    assert (found(data), data["complete"]) == (made, True)


def test_a_page_without_records_may_have_null_in_place_of_them(
    function: Function, emulator: Emulator
) -> None:
    def without(answer: dict[str, Any]) -> dict[str, Any]:
        return answer if answer["TelCdrs"] else answer | {"TelCdrs": [], "TelCdrList": None}

    made = {each.session_id for each in dial(emulator, EVENING, 100, task_id=16498)}
    emulator.faults.add(changed(without), action=CDR)
    data = audited(function)
    assert (found(data), data["complete"]) == (made, True)


@pytest.mark.parametrize(
    "fields", [{"Direction": False}, {"Direction": False, "CallType": True}, {"CallType": True}]
)
def test_what_is_no_number_says_nothing_of_a_call(
    function: Function, emulator: Emulator, fields: dict[str, Any]
) -> None:
    emulator.calls.add(sdk_app_id=APP, start=EVENING.timestamp(), **fields)
    data = audited(function)
    known = data["unattributed"] == 1 and "CallType" not in fields
    assert known or (data["status"], data["unknown"]) == ("incomplete", 1)


@pytest.mark.parametrize("length", [127, 128, 129, 5_000])
def test_a_session_of_any_length_is_found(function: Function, emulator: Emulator, length: int) -> None:
    dial(emulator, EVENING - timedelta(hours=5), 1, task_id=16498)
    session = "s" * length
    emulator.calls.add(sdk_app_id=APP, start=EVENING.timestamp(), SessionId=session)
    other = session[:-1] + "t"
    emulator.calls.add(sdk_app_id=APP, start=EVENING.timestamp() + 1, SessionId=other)
    callee = {"Callee": "1", "State": 1, "Sessions": [session]}
    emulator.faults.add(changed(lambda answer: answer | {"Callees": [callee]}), action=DESCRIBE)
    data = audited(function)
    assert (len(data["violations"]), data["unattributed"]) == (1, 1)
    assert len(data["violations"][0]["session"]) <= 128


@pytest.mark.parametrize("later", [40, 500])
def test_a_call_that_rings_over_the_end_of_the_day_belongs_to_the_day_on_which_it_was_started(
    function: Function, emulator: Emulator, later: int
) -> None:
    """CCC does not say whether it looks for `Time` or for `StartTimestamp`, which is later."""
    (made,) = dial(emulator, EVENING - timedelta(hours=8), 1, task_id=16498)
    midnight = MIDNIGHT.timestamp()
    for session, start, at in (
        ("over", midnight + later, midnight - 5),
        ("early", midnight - DAY.total_seconds() + later, midnight - DAY.total_seconds() - 5),
    ):
        emulator.calls.add(sdk_app_id=APP, start=start, Time=int(at), SessionId=session)
    callee = {"Callee": "1", "State": 1, "Sessions": ["over", "early", made.session_id]}
    emulator.faults.add(changed(lambda answer: answer | {"Callees": [callee]}), action=DESCRIBE)
    data = audited(function)
    assert (found(data), data["calls"]) == ({"over"}, 2)
    yesterday = AUDIT | {"from": "2026-11-22T00:00:00Z", "to": "2026-11-23T00:00:00Z"}
    assert found(audited(function, yesterday)) == {"early"}


@pytest.mark.parametrize(
    "callee",
    [
        "sip:008613812345678@ccc.example:5060",
        "008613812345678,008613987654321",
        "008613812345678;isub=87654321;phone-context=+86138123456789",
        "tel:+8613812345678 (00861398765432100)",
        "13812345678" + " " * 150,
        "13812345678\x0013812345678",
    ],
)
def test_no_number_shows_in_what_is_no_plain_number(
    function: Function, emulator: Emulator, callee: str, capsys: pytest.CaptureFixture[str]
) -> None:
    dial(emulator, EVENING, 1, task_id=16498, callees=[callee, "1"])
    data = audited(function)
    told = json.dumps(data) + capsys.readouterr().out
    assert len(data["violations"]) == 1
    assert [
        each for each in ("13812345678", "13987654321", "87654321", "1398765432100") if each in told
    ] == []


def test_no_number_shows_in_the_message_of_an_error(
    function: Function, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    dial(emulator, EVENING, 1, task_id=16498)
    error = faults.error("InvalidParameterValue", "callee 008613812345678 is wrong")
    for api in (DESCRIBE, CDR):
        emulator.faults.clear()
        emulator.faults.add(error, action=api)
        data = audited(function)
        assert not data["complete"]
        assert "InvalidParameterValue" in {each["code"] for each in data["errors"]}
        assert "13812345678" not in json.dumps(data) + capsys.readouterr().out


@pytest.mark.parametrize("hours", [1, 6, 20])
def test_hours_that_cannot_be_read_do_not_keep_the_rest_of_the_day_from_being_read(
    function: Function, emulator: Emulator, hours: int
) -> None:
    (made,) = dial(emulator, EVENING + timedelta(hours=9), 1, task_id=16498)
    readable = round((MIDNIGHT - DAY + timedelta(hours=hours)).timestamp())
    emulator.faults.add(
        faults.INTERNAL_ERROR, action=CDR, when=lambda params: params["StartTimeStamp"] < readable - 1
    )
    data = audited(function)
    assert found(data) == {made.session_id}
    assert data["next_from"] == "2026-11-23T00:00:00Z"
    assert [each["code"] for each in data["errors"]] == ["InternalError"]


# What made them


@pytest.mark.parametrize("total", [0, 1, 999, 1_000])
def test_a_number_of_sessions_that_is_too_small_hides_none(
    function: Function, emulator: Emulator, total: int
) -> None:
    emulator.campaigns.add(campaign_id=2567, sdk_app_id=APP, callees=[])
    emulator.calls.add(sdk_app_id=APP, start=EVENING.timestamp(), SessionId="last", CallType=1)
    pages = [[f"s-{number}" for number in range(1_000)], ["last"]]

    def answer(document: dict[str, Any]) -> dict[str, Any]:
        return document | {"TotalCount": total, "SessionList": asked.pop(0) if asked else []}

    asked = list(pages)
    emulator.faults.add(changed(answer), action=SESSIONS)
    assert found(audited(function)) == {"last"}


@pytest.mark.parametrize("total", [10**9, 10**18])
def test_a_campaign_whose_pages_are_all_the_same_ends(
    function: Function, emulator: Emulator, total: int
) -> None:
    (made,) = dial(emulator, EVENING, 1, task_id=16498)
    emulator.campaigns.add(campaign_id=2567, sdk_app_id=APP, callees=[])
    emulator.calls.add(sdk_app_id=APP, start=EVENING.timestamp(), SessionId="x", CallType=5)
    emulator.calls.add(sdk_app_id=APP, start=EVENING.timestamp(), SessionId="y", CallType=5)
    page = {"TotalCount": total, "SessionList": [f"s-{number}" for number in range(1_000)]}
    emulator.faults.add(changed(lambda answer: answer | page), action=SESSIONS)
    data = audited(function)
    assert (found(data), data["unknown"]) == ({made.session_id}, 2)
    asked = [each for each in emulator.journal.entries if each.action == SESSIONS]
    assert len(asked) < 20


@pytest.mark.parametrize("bad", [None, 7, [], {}])
def test_a_session_that_is_none_keeps_no_other_from_being_read(
    function: Function, emulator: Emulator, bad: Any
) -> None:
    made = dial(emulator, EVENING, 3, kind="campaign", campaign_id=2567)

    def spoiled(answer: dict[str, Any]) -> dict[str, Any]:
        return {"TotalCount": answer["TotalCount"] + 1, "SessionList": [bad, *answer["SessionList"]]}

    emulator.faults.add(changed(spoiled), action=SESSIONS)
    data = audited(function)
    assert (found(data), data["complete"]) == ({each.session_id for each in made}, True)


def test_a_campaign_that_was_put_off_since_is_asked_for_its_sessions(
    function: Function, emulator: Emulator
) -> None:
    made = dial(emulator, EVENING, 3, kind="campaign", campaign_id=2567)

    def put_off(answer: dict[str, Any]) -> dict[str, Any]:
        later = round((EVENING + 9 * DAY).timestamp())
        entries = [each | {"NotBefore": later} for each in answer["CampaignList"]]
        return answer | {"CampaignList": entries}

    emulator.faults.add(changed(put_off), action="DescribePredictiveDialingCampaigns")
    assert found(audited(function)) == {each.session_id for each in made}


def test_the_answer_about_another_task_is_not_believed(function: Function, emulator: Emulator) -> None:
    dial(emulator, EVENING, 1, task_id=16498)
    emulator.faults.add(changed(lambda answer: answer | {"TaskId": 5}), action=DESCRIBE)
    data = audited(function)
    assert (data["violations"], data["unknown"], data["complete"]) == ([], 1, False)


def test_a_name_without_end_is_shortened_in_each_violation(function: Function, emulator: Emulator) -> None:
    name = "us-" + "n" * 60_000
    made = dial(emulator, EVENING, 50, task_id=1, name=name)
    data = audited(function)
    assert found(data) == {each.session_id for each in made}
    assert len(json.dumps(data)) < 200_000


def test_a_list_of_tasks_that_is_said_to_be_shorter_than_it_is_hides_no_task(
    function: Function, emulator: Emulator
) -> None:
    """A full page is followed by the next one where a session was not found."""
    made = dial(emulator, EVENING, 2, task_id=16498, not_before=1)
    for number in range(1, 101):
        emulator.tasks.add(
            task_id=number, sdk_app_id=APP, state=5, not_before=round(EVENING.timestamp()) - number
        )
    emulator.faults.add(changed(lambda answer: answer | {"TotalCount": 100}), action=LIST)
    data = audited(function)
    assert (found(data), data["unattributed"]) == ({each.session_id for each in made}, 0)


# The cursors


@pytest.mark.parametrize(
    "body",
    ["[" * 100_000, '{"next_from": ' + "[" * 100_000, "9" * 5_000, '{"next_from":' + "9" * 5_000 + "}"],
)
def test_a_cursor_that_no_parser_takes_counts_as_none(
    with_ledger: Function, tmp_path: Path, body: str
) -> None:
    folder = tmp_path / "audit" / str(APP)
    folder.mkdir(parents=True)
    (folder / "20261124T050000.000000Z.json").write_text(body)
    assert audited(with_ledger)["from"] == "2026-11-23T00:00:00Z"


def test_what_was_not_published_is_audited_again(
    with_ledger: Function, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dial(emulator, MIDNIGHT - DAY, 20, task_id=16498)
    dial(emulator, MIDNIGHT - DAY + timedelta(hours=2), 9_000, task_id=1, callees=["0086138"] * 9_100)
    slow: dict[str, Any] = {"context": SHORT, "callout_requests_per_second": 1.0}
    missing: dict[str, Any] = {"callout_topic": "arn:aws:sns:us-east-1:123456789012:there-is-none"}
    with pytest.raises(PublishError):
        with_ledger(sqs(AUDIT), **slow, **missing)
    with_ledger.now += timedelta(minutes=5)
    data = audited(with_ledger)
    assert data["from"] == "2026-11-23T00:00:00Z"
    assert found(data) == {each.session_id for each in made}


def test_a_cursor_is_kept_where_the_time_was_up(function: Function, emulator: Emulator) -> None:
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="held")
    dial(emulator, MIDNIGHT - DAY + timedelta(hours=2), 9_000, task_id=1, callees=["0086138"] * 9_100)
    slow = {"context": SHORT, "callout_requests_per_second": 1.0, "callout_ledger": "s3://held/ledger"}
    first = audited(function, **slow)
    assert {each["code"] for each in first["errors"]} == {"NoAnswer"}
    function.now += timedelta(minutes=5)
    assert audited(function, callout_ledger="s3://held/ledger")["from"] == first["next_from"]


# What is said


def test_what_nobody_covers_is_not_said_to_be_outside_quiet_hours(
    function: Function, emulator: Emulator
) -> None:
    dial(emulator, EVENING, 4, task_id=1, name="eu-1")
    text = audited(function)["text"]
    assert "none in quiet hours" not in text
    assert text.startswith("Audit of 2026-11-23 (UTC): 4 calls, no violation.")


@pytest.mark.parametrize(
    ("start", "end", "calls"),
    [
        ("2026-11-23T13:00:00.5Z", "2026-11-23T13:00:00.9Z", 1),
        ("2026-11-23T12:00:00Z", "2026-11-23T13:00:00Z", 0),
        ("2026-11-23T12:00:00Z", "2026-11-23T13:00:00.000001Z", 1),
        ("2026-11-23T13:00:00Z", "2026-11-23T13:00:01Z", 1),
    ],
)
def test_a_part_of_a_second_is_the_whole_second(
    function: Function, emulator: Emulator, start: str, end: str, calls: int
) -> None:
    dial(emulator, EVENING, 1, task_id=16498)
    data = audited(function, AUDIT | {"from": start, "to": end})
    assert (data["calls"], len(data["violations"]), data["complete"]) == (calls, calls, True)


# The time, and the other messages


@pytest.mark.parametrize("seconds", [1, 3, 6])
@pytest.mark.parametrize("api", [CDR, DESCRIBE, LIST, SESSIONS])
@pytest.mark.parametrize("fault", [faults.STALL, faults.latency(1.5)], ids=lambda fault: fault.name)
def test_whatever_stalls_the_audit_is_published_in_time(
    function: Function, emulator: Emulator, api: str, fault: faults.Fault, seconds: int
) -> None:
    emulator.calls.add(sdk_app_id=APP, start=EVENING.timestamp(), CallType=5)
    dial(emulator, EVENING, 1, kind="campaign", campaign_id=2567)
    dial(emulator, EVENING, 1, task_id=16498)
    emulator.faults.add(fault, action=api)
    began = time.monotonic()
    try:
        data = audited(function, context={"time_limit_in_ms": seconds * 1_000})
        assert not data["complete"]
    except PublishError:  # as the platform learns it; the log has the report
        assert seconds <= 3
    assert time.monotonic() - began < seconds


def test_an_audit_and_a_pause_that_fails_do_no_harm_to_each_other(
    function: Function, emulator: Emulator
) -> None:
    (made,) = dial(emulator, EVENING, 1, task_id=16498)
    emulator.tasks.add(task_id=7, sdk_app_id=APP, state=1)
    emulator.faults.add(faults.error("UnauthorizedOperation"), action="PauseAutoCalloutTask")
    pause = {"action": "pause", "tasks": [{"task_id": 7, "quiet_hours": "always"}]}
    policy = POLICY | {"quiet_hours": POLICY["quiet_hours"] | {"always": ALL_DAY["default"]}}
    answer = function(sqs(pause, AUDIT), callout_policy=json.dumps(policy))
    assert len(answer["batchItemFailures"]) == 1
    report, audit = function.received()
    assert report["data"]["status"] == "failed"
    assert found(audit["data"]) == {made.session_id}


def test_a_bug_in_one_application_blocks_neither_the_others_nor_other_messages(
    function: Function,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = dial(emulator, EVENING, 2, task_id=16498, sdk_app_id=OTHER_APP)
    dial(emulator, EVENING, 2, task_id=16498)
    real = AuditedHours.matters

    def matters(self: AuditedHours, app: SdkAppId, start: int) -> bool:
        if app == APP:
            raise ValueError("008613812345678")
        return real(self, app, start)

    monkeypatch.setattr(AuditedHours, "matters", matters)
    rule = {"quiet_hours": "default", "sdk_app_id": OTHER_APP}
    policy = json.dumps(POLICY | {"rules": [rule]})
    assert function(sqs({"action": "pause"}, AUDIT), callout_policy=policy) == {"batchItemFailures": []}
    _, audit = function.received()
    assert found(audit["data"]) == {each.session_id for each in made}
    assert [each["code"] for each in audit["data"]["errors"]] == ["Unexpected"]
    assert audit["data"]["next_from"] == "2026-11-23T00:00:00Z"
    assert "13812345678" not in json.dumps(audit) + capsys.readouterr().out


def test_more_violations_than_a_notification_should_have_are_left_to_the_next_audit(
    with_ledger: Function, emulator: Emulator
) -> None:
    made = dial(emulator, EVENING, 20_000, task_id=16498, callees=["0086138"] * 20_100)
    data = [audited_in_parts(with_ledger)]
    while data[-1]["next_from"] and len(data) < 5:
        with_ledger.now += timedelta(minutes=5)
        data.append(audited_in_parts(with_ledger))
    sessions = [each["session"] for part in data for each in part["violations"]]
    assert len(sessions) <= 20_000 + len(data), "the call at which one audit ends may be told twice"
    assert set(sessions) == {each.session_id for each in made}
    assert max(len(part["violations"]) for part in data) <= 15_000
    assert data[0]["status"] == "violations"


def audited_in_parts(function: Function) -> dict[str, Any]:
    """Return the data of one audit, its parts joined."""
    assert function(sqs(AUDIT)) == {"batchItemFailures": []}
    parts = function.reports()
    return parts[0] | {"violations": [each for part in parts for each in part["violations"]]}


ABSURD_NAMES = (
    "=cmd|' /C calc'!A0",
    "<script>x</script>",
    "us-\r\n\x1b[2J\u202e\x00",
    "us-\ud800",
    "",
    7,
    None,
)


@pytest.mark.parametrize("name", ABSURD_NAMES)
def test_no_name_of_a_task_breaks_the_lines_of_a_mail_or_the_audit(
    function: Function, emulator: Emulator, name: Any
) -> None:
    made = dial(emulator, EVENING, 2, task_id=1)

    def renamed(answer: dict[str, Any]) -> dict[str, Any]:
        return answer | {"Tasks": [each | {"Name": name, "NotBefore": -7} for each in answer["Tasks"]] * 2}

    emulator.faults.add(changed(renamed), action=LIST)
    rule = {"quiet_hours": "default"}
    assert function(sqs(AUDIT), callout_policy=json.dumps(POLICY | {"rules": [rule]})) == {
        "batchItemFailures": []
    }
    assert isinstance(function.subscriber, SnsSubscriber)
    (envelope,) = function.subscriber.envelopes()
    message = json.dumps(envelope)
    assert all(each.session_id in message for each in made)
    mail = json.loads(envelope["Message"]) if envelope["Message"].startswith("{") else {}
    lines = json.dumps(mail.get("email", ""))
    assert "\\u001b" not in lines
    assert "\\u202e" not in lines


def test_pages_that_never_move_are_said_to_be_incomplete(function: Function, emulator: Emulator) -> None:
    dial(emulator, EVENING, 250, task_id=16498)
    first: dict[str, Any] = {}

    def again(answer: dict[str, Any]) -> dict[str, Any]:
        first.update({} if first else answer)
        return first

    emulator.faults.add(changed(again), action=CDR)
    data = audited(function)
    assert (len(data["violations"]), data["complete"]) == (100, False)


@pytest.mark.parametrize("size", [1, 7, 50, 99])
def test_smaller_pages_than_were_asked_for_are_read_to_the_end(
    function: Function, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    made = {each.session_id for each in dial(emulator, EVENING, 120, task_id=16498)}

    real = emulator.calls.page

    def small(app: int, since: float, before: float, first: int, asked: int, **more: Any) -> Any:
        return real(app, since, before, first // asked * size, size, **more)

    monkeypatch.setattr(emulator.calls, "page", small)
    data = audited(function)
    assert len([each for each in emulator.journal.entries if each.action == CDR]) >= 120 // size
    assert (found(data), data["complete"]) == (made, True)


def test_one_candidate_that_always_fails_leaves_only_its_own_calls_unknown(
    function: Function, emulator: Emulator
) -> None:
    made = dial(emulator, EVENING, 3, task_id=16498)
    lost = dial(emulator, EVENING + timedelta(minutes=5), 3, task_id=1, name="us-1")
    for error in ("ResourceNotFound", "InternalError"):
        emulator.faults.clear()
        emulator.faults.add(faults.error(error), action=DESCRIBE, when=lambda params: params["TaskId"] == 1)
        data = audited(function)
        assert found(data) == {each.session_id for each in made}
        assert (data["unknown"], data["complete"], data["unattributed"]) == (len(lost), False, 0)
        assert [each["code"] for each in data["errors"]] == [error]
        assert (data["next_from"] is None) == (error == "ResourceNotFound"), "what was removed stays away"


VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 2, 3, 5, 6, -1, 1.0, 1.5, 2**63, 10**30, "", "1", "x" * 300, "\0", "\ud800"),
    *([], [1], {}, {"a": [None]}, "008613812345678", "=1+1", "<b>", 1_795_000_000_000),
)
QUIET, LOUD = round(EVENING.timestamp()) + 60, round(EVENING.timestamp()) - 3_600


@pytest.mark.parametrize("seed", range(25))
def test_each_record_is_accounted_for_whatever_it_says(
    function: Function, emulator: Emulator, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Records of every JSON type, and null in the place of some."""
    dice = random.Random(seed)  # noqa: S311
    own = {each.session_id for each in dial(emulator, EVENING, 3, task_id=16498)}
    spoiled: list[Any] = []

    def record() -> Any:
        if dice.random() < 0.05:
            return dice.choice(VALUES)
        made = {"Time": dice.choice((QUIET, QUIET + 1, LOUD)), "SessionId": f"s{dice.randint(0, 40)}"}
        made |= {"Direction": 1, "CallType": dice.choice((1, 5)), "Callee": "008613812345678"}
        for name in dice.sample(
            (*made, "StartTimestamp", "AIAgentId", "ProtectedCallee"), dice.randint(0, 3)
        ):
            made[name] = dice.choice(VALUES)
        return made

    def mixed(answer: dict[str, Any]) -> dict[str, Any]:
        spoiled[:] = spoiled or [record() for _ in range(60)]
        records = [*answer["TelCdrs"], *spoiled]
        dice.shuffle(records)
        return {"TotalCount": len(records), dice.choice(("TelCdrs", "TelCdrList")): records}

    emulator.faults.add(changed(mixed), action=CDR)
    data = audited(function)
    told = json.dumps(data) + capsys.readouterr().out
    assert "13812345678" not in told
    assert found(data) == own
    entries = {repr(each): each if isinstance(each, dict) else {} for each in spoiled}.values()
    out = [each for each in entries if not _says(each, "Direction", 0) and not _says(each, "CallType", 6)]
    starts = [_begun(each) for each in out]
    assert data["suspicious"] >= 3 + starts.count(QUIET) + starts.count(QUIET + 1) - len(spoiled) // 10
    assert data["unknown"] + data["unattributed"] + 3 >= data["suspicious"]
    doubtful = [
        each
        for each, start in zip(out, starts, strict=True)
        if start is None
        or (
            start in {QUIET, QUIET + 1}
            and not (_says(each, "CallType", 1) and not each.get("AIAgentId") and each.get("SessionId"))
        )
    ]
    assert not doubtful or not data["complete"]
    assert data["unknown"] > 0 or not doubtful
    assert data["calls"] >= data["suspicious"]


def _says(record: dict[str, Any], name: str, number: int) -> bool:
    return type(record.get(name)) is int and record[name] == number


def _begun(record: dict[str, Any]) -> int | None:
    for value in (record.get("Time"), record.get("StartTimestamp")):
        if value is not None and value != 0:
            return value if type(value) is int and 1_700_000_000 < value < 1_900_000_000 else None
    return None


def test_ten_audits_in_one_event_are_ten_notifications(with_ledger: Function, emulator: Emulator) -> None:
    made = {each.session_id for each in dial(emulator, EVENING, 3, task_id=16498)}
    assert with_ledger(sqs(*[AUDIT] * 10)) == {"batchItemFailures": []}
    reports = with_ledger.reports()
    assert [found(each) for each in reports] == [made] * 10
    assert {each["complete"] for each in reports} == {True}


def test_a_cursor_that_cannot_be_kept_is_logged_and_the_audit_is_done(
    with_ledger: Function,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise CloudError("AccessDenied", "no", meaning=Meaning.HALT)

    monkeypatch.setattr(Ledger, "keep", refuse)
    made = dial(emulator, EVENING, 1, task_id=16498)
    assert found(audited(with_ledger)) == {made[0].session_id}
    (line,) = [each for each in capsys.readouterr().out.splitlines() if "could not be kept" in each]
    assert json.loads(line)["level"] == "ERROR"


def test_many_cursors_are_no_trouble_and_those_of_others_do_not_count(
    with_ledger: Function, emulator: Emulator, tmp_path: Path
) -> None:
    for app, next_from in ((APP, MIDNIGHT - 2 * DAY), (int(f"{APP}1"), MIDNIGHT - 9 * DAY)):
        folder = tmp_path / "audit" / str(app)
        folder.mkdir(parents=True)
        for number in range(500):
            body = json.dumps({"next_from": round(next_from.timestamp()), "complete": False})
            (folder / f"202611240{number % 10}0000.{number:06}Z.json").write_text(body)
    assert audited(with_ledger)["from"] == "2026-11-22T00:00:00Z"


@pytest.mark.parametrize("name", [None, 7])
def test_a_task_whose_name_is_not_shown_is_not_said_to_be_covered_by_no_rule(
    function: Function, emulator: Emulator, name: Any
) -> None:
    dial(emulator, EVENING, 2, task_id=1, name="us-1")

    def nameless(answer: dict[str, Any]) -> dict[str, Any]:
        return answer | {"Tasks": [each | {"Name": name} for each in answer["Tasks"]]}

    emulator.faults.add(changed(nameless), action=LIST)
    data = audited(function)
    assert (data["status"], data["unknown"], data["uncovered"]) == ("incomplete", 2, 0)


def test_nobody_is_an_agent_where_the_list_of_tasks_could_not_be_made_sure_of(
    function: Function, emulator: Emulator
) -> None:
    def fewer(answer: dict[str, Any]) -> dict[str, Any]:
        return answer | {"TotalCount": 100}

    dial(emulator, EVENING, 2, task_id=16498, not_before=1)
    for number in range(1, 101):
        emulator.tasks.add(
            task_id=number, sdk_app_id=APP, state=5, not_before=round(EVENING.timestamp()) - number
        )
    emulator.faults.add(changed(fewer), action=LIST, when=lambda params: params["PageNumber"] == 0)
    emulator.faults.add(
        faults.error("FailedOperation"), action=LIST, when=lambda params: params["PageNumber"] > 0
    )
    data = audited(function)
    assert (data["status"], data["unknown"], data["unattributed"]) == ("incomplete", 2, 0)
    assert [each["code"] for each in data["errors"]] == ["FailedOperation"]


@pytest.mark.parametrize("bad", [None, "x", {"Sessions": "x"}, {"Sessions": [None]}])
def test_a_callee_that_cannot_be_read_may_have_been_called_by_its_task(
    function: Function, emulator: Emulator, bad: Any
) -> None:
    made = dial(emulator, EVENING, 2, task_id=16498)

    def spoiled(answer: dict[str, Any]) -> dict[str, Any]:
        return answer | {"Callees": [bad, *answer["Callees"][1:]]}

    emulator.faults.add(changed(spoiled), action=DESCRIBE)
    data = audited(function)
    assert found(data) == {made[1].session_id}, "one that cannot be read keeps no other from being read"
    assert (data["unknown"], data["unattributed"], data["complete"]) == (1, 0, False)
    assert [each["code"] for each in data["errors"]] == ["UnreadableAnswer"]


def busy_days(emulator: Emulator, days: int, before_midnight: timedelta) -> None:
    """Add 2,000 records of calls that came in to each day: more days than one audit can read at a low pace."""
    for number in range(days * 2_000):
        at = MIDNIGHT + number // 2_000 * DAY - before_midnight
        emulator.calls.add(sdk_app_id=APP, start=at.timestamp() + number % 2_000, Direction=0)


def daily(function: Function, *, days: int, pace: float) -> list[dict[str, Any]]:
    """Return the data of an audit a day, from now on, at so many requests a second."""
    told: list[dict[str, Any]] = []
    for number in range(days):
        function.now = NOW + number * DAY
        function.emulator.now = function.now.timestamp
        told.append(audited(function, context=SHORT, callout_requests_per_second=pace))
    return told


def test_an_hour_that_is_never_read_does_not_keep_later_days_from_being_read(
    with_ledger: Function, emulator: Emulator
) -> None:
    bad = (MIDNIGHT - DAY + timedelta(hours=1, minutes=30)).timestamp()
    never = faults.error("InternalError")
    emulator.faults.add(
        never, action=CDR, when=lambda params: params["StartTimeStamp"] <= bad <= params["EndTimeStamp"]
    )
    busy_days(emulator, 6, timedelta(hours=12))
    made = dial(emulator, EVENING + 3 * DAY, 1, task_id=16498)
    told = daily(with_ledger, days=6, pace=1.0)
    assert {each["session"] for data in told for each in data["violations"]} == {made[0].session_id}
    assert told[1]["from"] == "2026-11-23T01:00:00Z", "it is asked for again"
    starts = [data["from"] for data in told]
    assert starts == sorted(starts)


@pytest.mark.parametrize("error", ["InternalError", None], ids=["fails", "late"])
def test_a_call_whose_maker_is_never_found_does_not_keep_later_days_from_being_read(
    with_ledger: Function, emulator: Emulator, error: str | None
) -> None:
    for number in range(1, 401):
        emulator.tasks.add(task_id=number, sdk_app_id=APP, state=5, not_before=number)
    if error:
        emulator.faults.add(faults.error(error), action=DESCRIBE, when=lambda params: params["TaskId"] == 400)
    emulator.calls.add(sdk_app_id=APP, start=(MIDNIGHT - DAY).timestamp(), CallType=1)
    busy_days(emulator, 6, timedelta(hours=22))
    wanted = EVENING + 3 * DAY
    emulator.now = (wanted + DAY).timestamp
    made = dial(emulator, wanted, 1, task_id=16498, not_before=round(wanted.timestamp()) - 60)
    told = daily(with_ledger, days=6, pace=2.0)
    assert {each["session"] for data in told for each in data["violations"]} == {made[0].session_id}
    assert told[0]["next_from"] == "2026-11-23T00:00:00Z", "it is asked for again"
    starts = [data["from"] for data in told]
    assert starts == sorted(starts)
    assert starts[-1] >= "2026-11-27T00:00:00Z"


@pytest.mark.parametrize(("day", "codes"), [("2026-12-31", []), ("2027-01-01", ["CalendarEnds"])])
def test_a_day_beyond_the_calendar_of_the_quiet_hours_is_not_clean(
    function: Function, emulator: Emulator, day: str, codes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chinese_calendar.holidays", {date(2026, 12, 25): "the last that is known"})
    function.now = datetime.fromisoformat(f"{day}T06:00:00+00:00") + DAY
    emulator.now = function.now.timestamp
    hours = {"time_zone": "UTC", "quiet": [{"holidays": "CN"}, "21:00-09:00"]}
    data = audited(function, callout_policy=json.dumps(POLICY | {"quiet_hours": {"default": hours}}))
    assert data["from"] == f"{day}T00:00:00Z"
    assert [each["code"] for each in data["errors"]] == codes
    assert data["status"] == ("incomplete" if codes else "clean")
