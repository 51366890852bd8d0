"""What an audit says when not all can be read: it is incomplete, never clean, and the next one goes on."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

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
from tests.emulated.harness.events import sqs
from tests.emulated.harness.function import Function
from tests.support import APP, DESCRIBE, LIST, LIST_CAMPAIGNS

DAY = timedelta(days=1)
MIDNIGHT = NOW.replace(hour=0)
READS = (CDR, LIST, DESCRIBE, LIST_CAMPAIGNS, SESSIONS)
SHORT = {"time_limit_in_ms": 60_000}
SLOW = {"callout_requests_per_second": 1.0}


def sessions(*reports: dict[str, Any]) -> list[str]:
    """Return the sessions of all violations of some audits."""
    return [each["session"] for data in reports for each in data["violations"]]


def everything(emulator: Emulator) -> set[str]:
    """Let a task and a campaign call in quiet hours, and return the sessions."""
    made = dial(emulator, EVENING, 3, task_id=16498)
    made += dial(emulator, EVENING, 3, kind="campaign", campaign_id=2567)
    return {each.session_id for each in made}


@pytest.mark.parametrize(
    "fault",
    [
        faults.LOST_REPLY,
        faults.RESET,
        faults.INTERNAL_ERROR,
        faults.HTTP_500,
        faults.TRUNCATED,
        faults.THROTTLED,
    ],
    ids=lambda fault: fault.name,
)
@pytest.mark.parametrize("api", READS)
def test_a_fault_that_passes_changes_nothing_of_what_is_found(
    function: Function, emulator: Emulator, api: str, fault: faults.Fault
) -> None:
    made = everything(emulator)
    emulator.faults.script([fault], action=api)
    data = audited(function)
    assert (set(sessions(data)), data["complete"]) == (made, True)


@pytest.mark.parametrize(
    "fault",
    [
        faults.RESET,
        faults.INTERNAL_ERROR,
        faults.TRUNCATED,
        faults.error("UnauthorizedOperation"),
        faults.error("InvalidParameterValue"),
        faults.error("SomethingNew"),
        faults.mangled(lambda _: {"RequestId": "r"}),
        faults.mangled(lambda answer: answer | {"TotalCount": None}),
        faults.mangled(lambda answer: answer | dict.fromkeys(answer.keys() - {"RequestId", "TotalCount"}, 7)),
    ],
    ids=lambda fault: fault.name,
)
@pytest.mark.parametrize("api", READS)
def test_what_cannot_be_read_makes_the_audit_incomplete_and_the_rest_is_found(
    function: Function, emulator: Emulator, api: str, fault: faults.Fault
) -> None:
    made = everything(emulator)
    emulator.faults.add(fault, action=api)
    data = audited(function)
    found = set(sessions(data))
    assert found <= made
    if found < made:
        assert not data["complete"]
        assert data["status"] == ("violations" if found else "incomplete")
        assert data["errors"] or data["unknown"]
    assert len(found) >= (0 if api == CDR else 3), "what the other API knows is found"


def test_without_credentials_or_permission_the_audit_says_so_and_is_published(
    function: Function, emulator: Emulator
) -> None:
    data = audited(function, tencentcloud_secret_key="wrong")
    assert (data["status"], data["next_from"]) == ("incomplete", "2026-11-23T00:00:00Z")
    assert [each["code"] for each in data["errors"]] == ["AuthFailure.SignatureFailure"]
    emulator.faults.add(faults.error("UnauthorizedOperation"), action=CDR)
    assert [each["code"] for each in audited(function)["errors"]] == ["UnauthorizedOperation"]


def test_an_application_without_quiet_hours_is_no_clean_one(function: Function, emulator: Emulator) -> None:
    dial(emulator, EVENING, 3, task_id=16498)
    data = audited(function, callout_policy=json.dumps({"quiet_hours": POLICY["quiet_hours"]}))
    assert (data["status"], [each["code"] for each in data["errors"]]) == ("incomplete", ["NoQuietHours"])


def test_an_application_that_refuses_does_not_keep_the_others_from_being_read(
    function: Function, emulator: Emulator
) -> None:
    made = dial(emulator, EVENING, 3, task_id=16498, sdk_app_id=OTHER_APP)
    emulator.faults.add(
        faults.error("UnauthorizedOperation"), action=CDR, when=lambda params: params["SdkAppId"] == APP
    )
    rule = {"quiet_hours": "default", "sdk_app_id": OTHER_APP}
    data = audited(function, callout_policy=json.dumps(POLICY | {"rules": [rule]}))
    assert sessions(data) == [each.session_id for each in made]
    assert [each["sdk_app_id"] for each in data["errors"]] == [APP]


def test_an_hour_that_cannot_be_read_does_not_keep_the_others_from_being_read(
    function: Function, emulator: Emulator
) -> None:
    made = dial(emulator, MIDNIGHT - DAY, 3, task_id=16498) + dial(
        emulator, EVENING, 3, task_id=1, name="us-1"
    )
    noon = int((EVENING - timedelta(hours=9)).timestamp())
    emulator.faults.add(
        faults.TRUNCATED,
        action=CDR,
        when=lambda params: params["StartTimeStamp"] < noon < params["EndTimeStamp"],
    )
    data = audited(function)
    assert sessions(data) == [each.session_id for each in made]
    assert (data["complete"], data["next_from"]) == (False, "2026-11-23T04:00:00Z")
    assert [each["code"] for each in data["errors"]] == ["UnreadableAnswer"]


def test_a_deadline_that_comes_first_gives_from_when_to_go_on_and_the_next_audit_does(
    with_ledger: Function, emulator: Emulator
) -> None:
    made = dial(emulator, MIDNIGHT - DAY, 20, task_id=16498)  # 08:00 in Shanghai
    dial(emulator, MIDNIGHT - DAY + timedelta(hours=2), 9_000, task_id=1, callees=["0086138"] * 9_100)
    made += dial(emulator, EVENING, 20, task_id=2, name="us-2")
    first = audited(with_ledger, context=SHORT, **SLOW)
    assert (first["complete"], first["status"]) == (False, "violations")
    assert "2026-11-23T00:00:00Z" < first["next_from"] < "2026-11-23T13:00:00Z"
    with_ledger.now += timedelta(minutes=5)
    second = audited(with_ledger)
    assert second["from"] == first["next_from"]
    assert sorted(sessions(first, second)) == sorted(each.session_id for each in made)
    assert (second["complete"], second["next_from"]) == (True, None)


def test_a_cursor_that_could_not_be_read_once_is_still_there_for_the_audit_after(
    function: Function, emulator: Emulator
) -> None:
    function.settings["callout_ledger"] = "cos://ledger-1250000000/quiet?region=ap-guangzhou"
    made = dial(emulator, MIDNIGHT - DAY, 20, task_id=16498)
    dial(emulator, MIDNIGHT - DAY + timedelta(hours=2), 9_000, task_id=1, callees=["0086138"] * 9_100)
    made += dial(emulator, EVENING, 20, task_id=2, name="us-2")
    first = audited(function, context=SHORT, **SLOW)
    function.now += DAY
    emulator.now = function.now.timestamp
    emulator.faults.add(faults.HTTP_500, action="ListObjects")
    second = audited(function)
    assert (second["from"], second["complete"]) == ("2026-11-24T00:00:00Z", False)
    assert {each["code"] for each in second["errors"]} == {"Ledger"}
    emulator.faults.clear()
    function.now += timedelta(minutes=5)
    emulator.now = function.now.timestamp
    third = audited(function)
    assert third["from"] == first["next_from"]
    assert sorted(sessions(first, second, third)) == sorted(each.session_id for each in made)
    assert third["complete"]


def test_each_audit_gets_on_however_low_the_pace_is(with_ledger: Function, emulator: Emulator) -> None:
    dial(emulator, MIDNIGHT - DAY + timedelta(hours=2), 9_000, task_id=16498, callees=["0086138"] * 9_100)
    data = audited(with_ledger, context=SHORT, callout_requests_per_second=0.5)
    starts = [data["from"]]
    while not data["complete"] and len(starts) < 40:
        with_ledger.now += timedelta(minutes=1)
        data = audited(with_ledger, context=SHORT, callout_requests_per_second=0.5)
        starts.append(data["from"])
    assert data["complete"]
    assert starts == sorted(set(starts)), "each goes on where the last one ended"


def test_a_day_on_which_nothing_ran_is_audited_by_the_next_run(
    with_ledger: Function, emulator: Emulator
) -> None:
    audited(with_ledger)
    made = dial(emulator, EVENING + DAY - timedelta(hours=13), 3, task_id=16498)
    emulator.now = (NOW + 3 * DAY).timestamp
    made += dial(emulator, EVENING + 2 * DAY, 3, task_id=2, name="us-2")
    emulator.now = (NOW + 3 * DAY).timestamp
    assert with_ledger(sqs(AUDIT), NOW + 3 * DAY) == {"batchItemFailures": []}
    data = with_ledger.report()
    assert (data["from"], data["to"]) == ("2026-11-24T00:00:00Z", "2026-11-27T00:00:00Z")
    assert sessions(data) == [each.session_id for each in made]


def test_an_audit_of_a_time_that_is_named_neither_follows_nor_leaves_a_cursor(
    with_ledger: Function, emulator: Emulator, tmp_path: Path
) -> None:
    audited(with_ledger, AUDIT | {"from": "2026-11-01T00:00:00Z", "to": "2026-11-02T00:00:00Z"})
    assert not list(tmp_path.rglob("audit/*/*"))
    audited(with_ledger)
    (kept,) = tmp_path.rglob("audit/*/*.json")
    assert kept.parent.name == str(APP)


def test_a_ledger_out_of_reach_leaves_the_audit_incomplete(function: Function, emulator: Emulator) -> None:
    made = dial(emulator, EVENING, 3, task_id=16498)
    data = audited(function, callout_ledger="s3://no-such-bucket/held")
    assert sessions(data) == [each.session_id for each in made]
    assert {each["code"] for each in data["errors"]} == {"Ledger"}
    assert not data["complete"]


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"next_from": "x"}', b'{"next_from": true}', b"\xff"])
def test_a_cursor_that_cannot_be_read_counts_as_none(
    with_ledger: Function, emulator: Emulator, tmp_path: Path, body: bytes
) -> None:
    folder = tmp_path / "audit" / str(APP)
    folder.mkdir(parents=True)
    (folder / "20261124T050000.000000Z.json").write_bytes(body)
    assert audited(with_ledger)["from"] == "2026-11-23T00:00:00Z"


def test_what_lies_too_far_back_for_the_cursor_is_not_left_out_without_a_word(
    with_ledger: Function, emulator: Emulator
) -> None:
    emulator.faults.add(faults.error("UnauthorizedOperation"), action=CDR)
    audited(with_ledger)
    emulator.faults.clear()
    with_ledger.now += 31 * DAY
    emulator.now = with_ledger.now.timestamp
    data = audited(with_ledger)
    assert (data["from"], data["status"]) == ("2026-11-25T06:00:00Z", "incomplete")
    assert [each["code"] for each in data["errors"]] == ["TooFarBack"]
    assert audited(with_ledger)["complete"], "it is said once"


def test_records_that_were_said_to_be_there_and_not_shown_are_asked_for_again_the_next_day(
    with_ledger: Function, emulator: Emulator
) -> None:
    (made,) = dial(emulator, EVENING, 1, task_id=16498)
    nothing: dict[str, Any] = {"TelCdrs": [], "TelCdrList": []}
    emulator.faults.add(faults.mangled(lambda answer: answer | nothing), action=CDR)
    assert audited(with_ledger)["next_from"] == "2026-11-23T00:00:00Z"
    emulator.faults.clear()
    with_ledger.now += DAY
    emulator.now = with_ledger.now.timestamp
    assert sessions(audited(with_ledger)) == [made.session_id]


@pytest.mark.parametrize("next_from", [-(10**30), 0, 10**30])
def test_a_cursor_goes_back_thirty_days_at_most_and_not_ahead_of_what_is_asked_for(
    with_ledger: Function, emulator: Emulator, tmp_path: Path, next_from: int
) -> None:
    folder = tmp_path / "audit" / str(APP)
    folder.mkdir(parents=True)
    (folder / "20261124T050000.000000Z.json").write_text(json.dumps({"next_from": next_from}))
    wanted = "2026-11-23T00:00:00Z" if next_from > 0 else "2026-10-25T06:00:00Z"
    assert audited(with_ledger)["from"] == wanted


def test_a_record_that_comes_late_is_found_by_a_later_audit(function: Function, emulator: Emulator) -> None:
    made = dial(emulator, NOW - timedelta(hours=9), 2, task_id=16498)  # five o'clock in Shanghai
    emulator.options.call_record_delay = 10 * 3_600
    assert audited(function)["calls"] == 0
    emulator.options.call_record_delay = 8 * 3_600
    assert sessions(audited(function)) == [each.session_id for each in made]


def test_a_quota_that_others_use_up_slows_the_audit_down_and_hides_nothing(
    function: Function, emulator: Emulator
) -> None:
    dial(emulator, EVENING - timedelta(hours=2), 2_000, task_id=1, name="us-1", callees=["0086138"] * 2_100)
    made = dial(emulator, EVENING, 10, task_id=16498)
    emulator.faults.add(faults.THROTTLED, probability=0.3, seed=1)
    data = audited(function, backoff=function.backoff._replace(attempts=12))
    assert set(sessions(data)) == {each.session_id for each in made}
    assert data["complete"]


def test_an_answer_that_is_cut_off_shows_no_number(
    function: Function, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    dial(emulator, EVENING, 3, task_id=16498, callees=["008613812345678"] * 4)
    emulator.faults.add(faults.TRUNCATED, action=CDR)
    told = json.dumps(audited(function)) + capsys.readouterr().out
    assert "UnreadableAnswer" in told
    assert "13812345678" not in told


@pytest.mark.parametrize(
    "times",
    [
        {"from": "0001-01-01T00:00:00+14:00"},
        {"from": "9999-12-31T23:59:59-12:00"},
        {"to": "0001-01-01T00:00:00+14:00"},
        {"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"},
    ],
)
def test_a_time_at_the_end_of_all_times_is_incomplete_and_no_crash(
    function: Function, times: dict[str, str]
) -> None:
    assert audited(function, AUDIT | times)["status"] == "incomplete"
