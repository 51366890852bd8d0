"""The journal, and the control plane that clients in other languages use."""

from __future__ import annotations

import http.client
import json
from contextlib import suppress
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from local.emulator import Answer, Emulator, Entry, faults
from tests.support import APP, DESCRIBE, PAUSE, SECRET_KEY

TASK = {"TaskId": 16498, "SdkAppId": APP}


def rows(wire: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in wire.control("GET", "journal").body.decode().split("\n") if line]


def test_an_entry_says_what_was_asked_and_answered(emulator: Emulator, official: Any, clock: Any) -> None:
    reply = official.generic(region="ap-guangzhou").call_json(PAUSE, TASK)["Response"]
    (entry,) = emulator.journal.entries
    assert (entry.time, entry.service, entry.action, entry.version) == (clock.at, "ccc", PAUSE, "2020-02-10")
    assert (entry.region, entry.params, entry.answer) == ("ap-guangzhou", TASK, reply)
    assert (entry.fault, entry.code, entry.delivered) == (None, None, True)
    assert entry.request_id == reply["RequestId"]


def test_a_refusal_has_its_code_in_the_journal(emulator: Emulator, wire: Any) -> None:
    wire.call(PAUSE, TASK, secret_key="WRONG")
    wire.call("Nonsense", {}, version="nonsense")
    assert [(entry.service, entry.code) for entry in emulator.journal.entries] == [
        ("ccc", "AuthFailure.SignatureFailure"),
        ("", "NoSuchVersion"),
    ]


@pytest.mark.parametrize(
    "name", [name for name in faults.NAMED if name not in {"latency", "drip", "stall", "refused"}]
)
def test_a_fault_is_in_the_journal_by_its_name_and_the_answer_as_it_was_made(
    emulator: Emulator, wire: Any, name: str
) -> None:
    fault = faults.NAMED[name]
    emulator.faults.add(fault)
    with suppress(OSError, http.client.HTTPException):  # what a client sees is told elsewhere
        wire.call(PAUSE, TASK)
    (entry,) = emulator.journal.entries
    assert entry.fault == fault.name
    unanswered = {
        faults.Kind.RESET,
        faults.Kind.HTTP_500,
        faults.Kind.HTTP_429,
        faults.Kind.HTML,
        faults.Kind.EMPTY,
    }
    assert (entry.answer is None) == (fault.kind in unanswered)
    cut = {faults.Kind.RESET, faults.Kind.LOST_REPLY, faults.Kind.TRUNCATED}
    assert entry.delivered == (fault.kind not in cut)


def test_a_dripping_answer_is_delivered_when_its_last_byte_is(
    emulator: Emulator, wire: Any, eventually: Any
) -> None:
    emulator.faults.add(faults.Fault(faults.Kind.DRIP, seconds=0.0001))
    wire.call(PAUSE, TASK)
    assert eventually(lambda: emulator.journal.entries[0].delivered)


@pytest.mark.parametrize(
    "fault", [faults.STALL, faults.Fault(faults.Kind.DRIP, seconds=60)], ids=lambda fault: fault.name
)
def test_an_answer_on_its_way_is_not_delivered(
    emulator: Emulator, signed: Any, eventually: Any, fault: faults.Fault
) -> None:
    emulator.faults.add(fault)
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=5)
    connection.request("POST", "/", signed(PAUSE).body, signed(PAUSE).headers())
    assert eventually(lambda: emulator.journal.count(PAUSE) == 1)
    assert emulator.journal.entries[0].delivered is False
    connection.close()


def test_counting_and_the_order_of_actions(emulator: Emulator, wire: Any) -> None:
    for action in (DESCRIBE, PAUSE, DESCRIBE):
        wire.call(action, TASK)
    assert emulator.journal.actions() == [DESCRIBE, PAUSE, DESCRIBE]
    assert (emulator.journal.count(DESCRIBE), emulator.journal.count("Nonsense")) == (2, 0)


def test_what_is_written_is_not_rewritten(emulator: Emulator, wire: Any) -> None:
    wire.call(PAUSE, TASK)
    entries = emulator.journal.entries
    with pytest.raises(FrozenInstanceError):
        entries[0].action = "x"  # type: ignore[misc]
    entries.clear()
    assert len(emulator.journal.entries) == 1


def test_the_journal_is_served_as_json_lines(emulator: Emulator, wire: Any) -> None:
    emulator.tasks.add(task_id=1, sdk_app_id=APP, name="续约\n\ud800")
    wire.call("DescribeAutoCalloutTasks", {"SdkAppId": APP, "PageSize": 10, "PageNumber": 0})
    wire.call(PAUSE, {"TaskId": "\ud800", "SdkAppId": None})
    listed, refused = rows(wire)
    assert listed["answer"]["Tasks"][0]["Name"] == "续约\n\ud800"
    assert (refused["action"], refused["params"]["TaskId"]) == (PAUSE, "\ud800")
    assert refused["request_id"] == refused["answer"]["RequestId"]
    assert set(refused) == {
        "time",
        "service",
        "action",
        "version",
        "region",
        "params",
        "answer",
        "fault",
        "delivered",
        "request_id",
    }


def test_parameters_nested_beyond_measure_do_not_keep_the_rest_from_being_served(
    wire: Any, signed: Any
) -> None:
    for depth in (100, 900, 980, 990, 995):
        wire.send(signed(PAUSE, b'{"a":' + b"[" * depth + b"]" * depth + b"}"))
    wire.call(DESCRIBE, TASK)
    assert [row["action"] for row in rows(wire)] == [PAUSE] * 5 + [DESCRIBE]


def test_an_entry_nested_beyond_measure_is_written_without_its_parameters() -> None:
    nested: list[Any] = []
    for _ in range(200_000):
        nested = [nested]
    entry = Entry(0.0, "ccc", PAUSE, "v", None, {"a": nested}, {"RequestId": "r"}, None, delivered=True)
    row = json.loads(entry.line())
    assert (row["action"], row["params"], row["request_id"]) == (PAUSE, {}, "r")


def test_neither_secrets_nor_signatures_nor_tokens_are_in_the_journal(
    emulator: Emulator, wire: Any, official: Any, pause: Any
) -> None:
    emulator.secrets["AKIDROLE"], emulator.tokens["AKIDROLE"] = "ROLEKEY", "ROLETOKEN"
    pause(client=official.client(("AKIDROLE", "ROLEKEY", "ROLETOKEN")))
    written = wire.control("GET", "journal").body.decode() + repr(emulator.journal)
    assert PAUSE in written
    for secret in (SECRET_KEY, "ROLEKEY", "ROLETOKEN", "Signature", "AKIDROLE"):
        assert secret not in written


def test_the_control_plane_is_in_no_journal_and_meets_no_fault(emulator: Emulator, wire: Any) -> None:
    emulator.faults.add(faults.RESET)
    assert wire.control("GET", "journal").status == 200
    assert emulator.journal.entries == []


def test_tasks_are_shown_and_added(emulator: Emulator, wire: Any) -> None:
    added = {"task_id": 1, "sdk_app_id": APP, "name": "n", "state": 5}
    assert wire.control("POST", "tasks", [added]).status == 200
    assert wire.control("POST", "tasks", added | {"task_id": 2}).status == 200
    shown = json.loads(wire.control("GET", "tasks").body)
    assert [task["TaskId"] for task in shown] == [16498, 16499, 16500, 1, 2]
    assert (shown[-1]["SdkAppId"], shown[-1]["Name"], shown[-1]["State"]) == (APP, "n", 5)


def test_messages_are_shown_by_topic(emulator: Emulator, wire: Any) -> None:
    emulator.topics.create("empty")
    emulator.topics.create("reports")
    msg_id = emulator.topics.publish("reports", "已暂停", ("a",))
    shown = json.loads(wire.control("GET", "topics").body)
    assert shown == {"empty": [], "reports": [{"msg_id": msg_id, "content": "已暂停", "tags": ["a"]}]}


EB = "2021-04-16"


def test_events_are_shown_by_bus(emulator: Emulator, wire: Any) -> None:
    empty, bus_id = emulator.buses.create("empty"), emulator.buses.create("reports")
    event = {"Source": "s", "Type": "t", "Subject": "x", "Time": 5, "Id": "1", "Data": '{"text": "已暂停"}'}
    assert wire.call("PutEvents", {"EventBusId": bus_id, "EventList": [event]}, version=EB).code is None
    shown = json.loads(wire.control("GET", "buses").body)
    assert shown == {empty: [], bus_id: emulator.buses.events(bus_id)}
    assert shown[bus_id][0]["data"] == {"text": "已暂停"}
    assert rows(wire)[-1]["service"] == "eb"


@pytest.mark.parametrize(
    ("document", "codes"),
    [
        ({"fault": "db_error", "times": 1}, ["InternalError.DBError", None]),
        (
            {"fault": "internal_error", "action": DESCRIBE, "probability": 1, "seed": 4, "times": 1},
            ["InternalError", None],
        ),
        ({"code": "Any.Code", "message": "any text", "times": 1}, ["Any.Code", None]),
        ({"fault": "latency", "seconds": 0.001}, [None, None]),
        ({"fault": "db_error", "action": PAUSE}, [None, None]),
        ({"script": [None, "throttled", {"code": "X"}]}, [None, "RequestLimitExceeded", "X", None]),
    ],
    ids=str,
)
def test_faults_are_asked_for(wire: Any, document: dict[str, Any], codes: list[str | None]) -> None:
    assert wire.control("POST", "faults", document).status == 200
    assert [wire.call(DESCRIBE, TASK).code for _ in codes] == codes


def test_options_and_limits_are_set(emulator: Emulator, wire: Any) -> None:
    assert wire.control("POST", "options", {"pause_paused": "success", "max_page_size": None}).status == 200
    assert emulator.options.pause_paused is Answer.SUCCESS
    assert emulator.options.max_page_size is None
    assert wire.control("POST", "limits", {"default": None, PAUSE: 3}).status == 200
    assert (emulator.limits.default, emulator.limits.per_action[PAUSE]) == (None, 3)


def test_a_reset_brings_everything_back(emulator: Emulator, wire: Any) -> None:
    wire.call(PAUSE, TASK)
    wire.control("POST", "options", {"cmq_result": False})
    assert wire.control("POST", "reset").status == 200
    assert emulator.tasks.state(16498) == 1
    assert emulator.options.cmq_result is True
    assert rows(wire) == []


@pytest.mark.parametrize(
    ("path", "document", "text"),
    [
        ("tasks", [{"task_id": 1}], "[0].sdk_app_id: is missing"),
        ("tasks", 5, "[0]: an object"),
        ("faults", {"fault": "gremlins"}, "not 'gremlins'"),
        ("faults", {"fault": "reset", "times": "two"}, "times:"),
        ("faults", {"fault": "reset", "probability": 2}, "probability:"),
        ("faults", {"fault": "latency", "seconds": -1}, "seconds:"),
        ("faults", {"script": "reset"}, "script:"),
        ("faults", [], "an object is wanted"),
        ("faults", {"script": [5]}, "fault:"),
        ("options", {"pause_puased": "success"}, "pause_puased: is no option"),
        ("options", {"pause_paused": "maybe"}, "pause_paused: one of success,"),
        ("options", {"pause_paused": ["success"]}, "pause_paused:"),
        ("options", {"cmq_result": 1}, "cmq_result: bool is wanted"),
        ("options", [], "an object is wanted"),
        ("limits", {"default": "twenty"}, "default:"),
        ("limits", {PAUSE: -1}, f"{PAUSE}:"),
        ("limits", None, "an object is wanted"),
    ],
    ids=str,
)
def test_a_wrong_request_to_the_control_plane_is_told_what_is_wrong(
    emulator: Emulator, wire: Any, path: str, document: object, text: str
) -> None:
    answered = wire.control("POST", path, document)
    assert answered.status == 400
    assert text in json.loads(answered.body)["error"]
    assert len(list(emulator.tasks)) == 3
    assert emulator.faults.pick(PAUSE) is None


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "nonsense"), ("POST", "journal"), ("GET", "reset"), ("DELETE", "tasks")]
)
def test_what_the_control_plane_does_not_have_is_not_found(wire: Any, method: str, path: str) -> None:
    assert wire.control(method, path).status == 404


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000], ids=len)
def test_no_json_is_told_so(wire: Any, body: bytes) -> None:
    assert wire.exchange({"Host": "x"}, body, "POST", "/_emulator/options").status == 400
