"""It starts at once or says why not, stops at once, and a reset leaves no trace of what was before."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from local.emulator import Answer, Emulator, faults
from tests.support import APP, SECRET_ID

TASK = {"TaskId": 16498, "SdkAppId": APP}


def test_it_listens_when_start_returns_and_on_a_free_port_unless_told() -> None:
    emulator = Emulator()
    assert emulator.port == 0
    began = time.monotonic()
    assert emulator.start() is emulator
    assert time.monotonic() - began < 3
    socket.create_connection(("127.0.0.1", emulator.port), timeout=1).close()
    assert emulator.url == f"http://127.0.0.1:{emulator.port}" == f"http://{emulator.endpoint}"
    emulator.stop()


def test_a_port_that_is_taken_is_an_error_at_once(emulator: Emulator) -> None:
    began = time.monotonic()
    second = Emulator(port=emulator.port)
    with pytest.raises(OSError, match="in use"):
        second.start()
    assert time.monotonic() - began < 3
    second.stop()


@pytest.mark.parametrize("port", [-1, 65_536])
def test_what_is_no_port_is_a_value_error(port: int) -> None:
    with pytest.raises(ValueError, match=f"not {port}"):
        Emulator(port=port)


def test_starting_twice_is_a_mistake(emulator: Emulator) -> None:
    with pytest.raises(RuntimeError, match="running already"):
        emulator.start()


def test_it_starts_again_after_a_stop_on_the_same_port() -> None:
    emulator = Emulator(tasks=[{"task_id": 16498, "sdk_app_id": APP}]).start()
    port = emulator.port
    emulator.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    with emulator.start():
        assert emulator.port == port
        emulator.faults.add(faults.latency(0.001))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("POST", "/", b"{}")
        assert json.loads(connection.getresponse().read())["Response"]["Error"]["Code"] == "MissingParameter"
        connection.close()


def test_stopping_twice_or_before_the_start_is_no_mistake() -> None:
    emulator = Emulator()
    emulator.stop()
    emulator.start().stop()
    emulator.stop()


def test_it_stops_at_once_with_connections_open() -> None:
    emulator = Emulator().start()
    connections = [http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=5) for _ in range(20)]
    for connection in connections:
        connection.request("GET", "/_emulator/tasks")
        connection.getresponse().read()
    began = time.monotonic()
    emulator.stop()
    assert time.monotonic() - began < 3
    for connection in connections:
        assert connection.sock is not None
        with suppress(ConnectionResetError):
            assert connection.sock.recv(1) == b""
        connection.close()


def test_it_listens_on_one_address_of_loopback_only(emulator: Emulator) -> None:
    """127.0.0.2 is this machine's, too, on Linux: whoever listened on all addresses would answer there."""
    others = {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in others - {"127.0.0.1"} | {"127.0.0.2"}:
        with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
            socket.create_connection((address, emulator.port), timeout=1)


def test_a_reset_brings_back_what_was_given_at_construction(emulator: Emulator, wire: Any) -> None:
    clocks = emulator.now, emulator.signature_now
    wire.call("PauseAutoCalloutTask", TASK)
    emulator.tasks.add(task_id=1, sdk_app_id=APP)
    emulator.topics.create("reports")
    emulator.faults.add(faults.HTML)
    emulator.limits.default = 1
    emulator.limits.clock = emulator.now = emulator.signature_now = lambda: 0.0
    emulator.options.pause_paused = Answer.SUCCESS
    emulator.secrets.clear()
    emulator.tokens[SECRET_ID] = "a-token"
    emulator.errors.append(ValueError("seen"))
    emulator.reset()
    assert [task.task_id for task in emulator.tasks] == [16498, 16499, 16500]
    assert {task.state for task in emulator.tasks} == {1}
    assert (emulator.topics.names, emulator.journal.entries, emulator.errors) == ([], [], [])
    assert emulator.options.pause_paused is Answer.UNSUPPORTED_OPERATION
    assert (emulator.now, emulator.signature_now) == clocks
    assert [wire.call("DescribeAutoCalloutTask", TASK).code for _ in range(21)] == [None] * 20 + [
        "RequestLimitExceeded"
    ]


def test_what_was_given_can_be_changed_by_nobody_afterwards() -> None:
    callees = ["a"]
    tasks: list[Any] = [{"task_id": 1, "sdk_app_id": APP, "callees": callees}]
    secrets = {"AKIDMINE": "MYKEY"}
    emulator = Emulator(tasks=tasks, secrets=secrets)
    tasks.clear()
    callees.append("b")
    secrets.clear()
    emulator.reset()
    assert [task.callees for task in emulator.tasks] == [("a",)]
    assert emulator.secrets == {"AKIDMINE": "MYKEY"}


def test_a_mistake_inside_is_an_internal_error_to_the_client_and_is_kept_for_the_test(
    wire: Any, emulator: Emulator
) -> None:
    def broken() -> float:
        raise ZeroDivisionError

    emulator.now = broken
    answered = wire.call("PauseAutoCalloutTask", TASK)
    assert (answered.status, answered.code) == (200, "InternalError")
    assert [type(error) for error in emulator.errors] == [ZeroDivisionError]
    emulator.errors.clear()


def test_a_mistake_of_the_server_itself_is_kept_too(eventually: Any) -> None:
    with Emulator() as emulator:
        emulator._server.answer = lambda _: 1 / 0  # type: ignore[assignment, return-value]
        connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=5)
        connection.request("GET", "/")
        with pytest.raises(http.client.RemoteDisconnected):
            connection.getresponse()
        connection.close()
        assert eventually(lambda: [type(error) for error in emulator.errors] == [ZeroDivisionError])


def test_a_port_that_was_lost_while_it_refused_is_an_error_and_no_silence() -> None:
    emulator = Emulator().start()
    refusing = emulator.refusing()
    refusing.__enter__()
    with Emulator(port=emulator.port), pytest.raises(OSError, match="in use"):
        refusing.__exit__(None, None, None)
    emulator.stop()
    with emulator.start():
        assert emulator.url


def test_the_fixture_raises_what_went_wrong_inside(
    emulator: Emulator, request: pytest.FixtureRequest
) -> None:
    definitions = request.session._fixturemanager.getfixturedefs("emulator", request.node)
    assert definitions
    fixture = definitions[-1].func
    generator = getattr(fixture, "__wrapped__", fixture)(emulator)
    next(generator).errors.append(ZeroDivisionError("inside"))
    with pytest.raises(ZeroDivisionError, match="inside"):
        next(generator)
    emulator.errors.clear()


def test_it_needs_nothing_but_the_standard_library() -> None:
    program = (
        "import sys; import local.emulator; "
        "print(sorted({name.split('.')[0] for name in sys.modules} - set(sys.stdlib_module_names) - {'__main__'}))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(root)!r}); {program}"], capture_output=True, text=True, check=True)  # fmt: skip  # noqa: S603
    assert done.stdout.strip() == "['local']"


@pytest.mark.parametrize("as_file", [False, True])
def test_tasks_are_loaded_from_a_list_or_a_file(emulator: Emulator, tmp_path: Path, as_file: bool) -> None:
    tasks: list[Any] = [{"task_id": 1, "sdk_app_id": APP, "name": "续约", "state": 5}]
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(tasks, ensure_ascii=False), "utf-8")
    emulator.load(path if as_file else tasks)
    assert emulator.tasks.state(1) == 5
    assert len(list(emulator.tasks)) == 4


def test_tasks_of_a_file_may_be_given_at_construction(tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    path.write_text('[{"task_id": 1, "sdk_app_id": 2}]', "utf-8")
    emulator = Emulator(tasks=str(path))
    emulator.tasks.clear()
    emulator.reset()
    assert emulator.tasks.state(1) == 1


GOOD = {"task_id": 16498, "sdk_app_id": APP}


@pytest.mark.parametrize(
    ("tasks", "text"),
    [
        ({}, "a list of tasks is wanted"),
        (None, "a list of tasks is wanted"),
        ([5], r"\[0\]: an object"),
        ([GOOD, {}], r"\[1\]\.task_id: is missing"),
        ([{"task_id": 1}], r"\[0\]\.sdk_app_id: is missing"),
        ([GOOD | {"task_id": "1"}], r"\[0\]\.task_id: int is wanted, not '1'"),
        ([GOOD | {"task_id": True}], r"\[0\]\.task_id: int is wanted, not True"),
        ([GOOD | {"task_id": 0}], r"\[0\]\.task_id: at least 1"),
        ([GOOD | {"sdk_app_id": 2**63}], r"\[0\]\.sdk_app_id"),
        ([GOOD | {"state": 6}], r"\[0\]\.state: 0 to 5 is wanted, not 6"),
        ([GOOD | {"state": "running"}], r"\[0\]\.state: int is wanted"),
        ([GOOD | {"name": None}], r"\[0\]\.name: str is wanted, not None"),
        ([GOOD | {"callees": "0086"}], r"\[0\]\.callees: list is wanted"),
        ([GOOD | {"callees": [86]}], r"\[0\]\.callees: a list of strings"),
        ([GOOD | {"calls_per_minute": -1}], r"\[0\]\.calls_per_minute: at least 0"),
        ([GOOD | {"calls_per_minute": float("nan")}], r"\[0\]\.calls_per_minute: at least 0"),
        ([GOOD | {"by_the_clock": 1}], r"\[0\]\.by_the_clock: bool is wanted, not 1"),
        ([GOOD | {"colour": "red"}], r"\[0\]\.colour: is not a key here; keys are task_id,"),
        ([GOOD, GOOD], r"\[1\]\.task_id: 16498 is there twice"),
    ],
    ids=str,
)
def test_what_is_no_list_of_tasks_is_refused_by_entry_and_field(
    emulator: Emulator, tasks: Any, text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        Emulator(tasks=tasks)
    with pytest.raises(ValueError, match=text):
        emulator.load(tasks)
    assert len(list(emulator.tasks)) == 3, "all or none"


def test_a_file_that_is_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    path.write_text("[\n{,", "utf-8")
    with pytest.raises(ValueError, match=r"tasks\.json: is no JSON: .*line 2"):
        Emulator(tasks=path)


def test_a_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Emulator(tasks=tmp_path / "none.json")


def test_the_state_of_a_task_that_does_not_exist_is_a_key_error(emulator: Emulator) -> None:
    with pytest.raises(KeyError, match="99"):
        emulator.tasks.state(99)
