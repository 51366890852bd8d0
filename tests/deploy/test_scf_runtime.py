"""The SCF package, unpacked and invoked by a stand-in for SCF's runtime: every SCF sample, on Python 3.10."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from local import package
from local.emulator import Emulator, faults
from local.emulator.ccc.tasks import PAUSED
from tests.support import APP

pytestmark = [
    pytest.mark.deploy,
    pytest.mark.skipif(sys.platform != "linux", reason="the package is for Linux"),
]

ROOT = Path(__file__).resolve().parents[2]
SAMPLES: dict[str, Any] = {
    name: expected
    for name, expected in json.loads((ROOT / "tests/samples.json").read_text(encoding="utf-8")).items()
    if name.startswith("scf-")
}
WITH_TASKS = [name for name, each in SAMPLES.items() if each["tasks"]]
ARCH = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
TOPIC = "callout-reports"
ROLE = {
    "TENCENTCLOUD_SECRETID": "AKIDROLE",
    "TENCENTCLOUD_SECRETKEY": "SECRETROLE",
    "TENCENTCLOUD_SESSIONTOKEN": "TOKENROLE",
}
TASKS = {"spring-renewals": 16498, "us-reminders": 16499, "eu-surveys": 16500}


def policy(*quiet: str) -> str:
    """A policy with the names of the samples, whose hours are all the same."""
    hours = {"time_zone": "UTC", "quiet": list(quiet)}
    tasks = {name: {"task_id": task_id, "sdk_app_id": APP} for name, task_id in TASKS.items()}
    return json.dumps({"quiet_hours": dict.fromkeys(("default", "us-east", "europe"), hours), "tasks": tasks})


ALWAYS, NEVER = policy("00:00-24:00"), policy()


@pytest.fixture(scope="session")
def python310() -> str:
    """The Python of SCF, with which the package is compiled, too."""
    return package.interpreter(package.TARGETS["scf"].python)


@pytest.fixture(scope="session")
def unpacked(python310: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package for SCF as it stands in /var/user; for this machine's processor, if it is another one."""
    folder = tmp_path_factory.mktemp("scf")
    assert package.main(["--target", "scf", "--arch", ARCH, "--output", str(folder / "scf.zip")]) == 0
    with zipfile.ZipFile(folder / "scf.zip") as archive:
        archive.extractall(folder / "user")
    return folder / "user"


class Platform:
    """The stand-in for SCF, with one function."""

    def __init__(self, python: str, function: dict[str, Any]) -> None:
        program = Path(__file__).with_name("scf_runtime.py")
        self._process = subprocess.Popen(  # noqa: S603
            [python, "-I", "-S", "-B", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={},
        )
        self._send(function)

    def invoke(self, event: Any) -> dict[str, Any]:
        """Hand over an event, and give its outcome: status, result, error, log, process."""
        self._send(event)
        assert self._process.stdout is not None
        outcome: dict[str, Any] = json.loads(self._process.stdout.readline())
        return outcome

    def stop(self) -> None:
        """End the platform, and the function with it."""
        self._process.communicate()

    def _send(self, document: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(document) + "\n")
        self._process.stdin.flush()


Deploy = Callable[..., Platform]


@pytest.fixture
def deploy(
    python310: str, unpacked: Path, scf_instance: Callable[..., dict[str, Any]], emulator: Emulator
) -> Iterator[Deploy]:
    """Makes functions as scf/serverless.yml configures them, with an emulated Tencent Cloud of loopback."""
    emulator.secrets.clear()  # so that nothing but the role's credentials is let in
    emulator.secrets["AKIDROLE"], emulator.tokens["AKIDROLE"] = "SECRETROLE", "TOKENROLE"
    emulator.topics.create(TOPIC)
    shell = {"CALLOUT_TOPIC": f"cmq:{TOPIC}", "CALLOUT_ENDPOINT": emulator.url}
    with ExitStack() as stack:

        def make(*, folder: Path = unpacked, seconds: float | None = None, **variables: str) -> Platform:
            inputs = scf_instance(CALLOUT_SDK_APP_ID=str(APP), **shell)["inputs"]
            function = {
                "folder": str(folder),
                "handler": inputs["handler"],
                "seconds": seconds or inputs["timeout"],
                "memory": inputs["memorySize"],
                "variables": {**inputs["environment"]["variables"], **variables},
                "role": ROLE,
            }
            made = Platform(python310, function)
            stack.callback(made.stop)
            return made

        yield make


def sample(name: str) -> Any:
    return json.loads((ROOT / "events" / f"{name}.json").read_text(encoding="utf-8"))


def paused(emulator: Emulator) -> list[int]:
    return [task.task_id for task in emulator.tasks if task.state == PAUSED]


def reports(emulator: Emulator) -> list[dict[str, Any]]:
    return [json.loads(message.content)["data"] for message in emulator.topics.messages(TOPIC)]


def test_there_is_a_sample_for_every_scf_event_and_the_other_way_round() -> None:
    assert {path.stem for path in (ROOT / "events").glob("scf-*.json")} == set(SAMPLES)


def test_the_entry_file_stands_at_the_top_as_a_source(unpacked: Path) -> None:
    """Tencent's emulator loads it by its path, NAME.py; bytecode alone would not be found."""
    assert (unpacked / "index.py").read_bytes() == (ROOT / "scf/index.py").read_bytes()


@pytest.mark.parametrize("name", WITH_TASKS)
class TestEverySampleInAProcessOfItsOwn:
    def test_pauses_its_tasks_in_quiet_hours_and_reports_it(
        self, deploy: Deploy, emulator: Emulator, name: str
    ) -> None:
        outcome = deploy(CALLOUT_POLICY=ALWAYS).invoke(sample(name))
        assert (outcome["status"], outcome["error"]) == (200, "")
        assert paused(emulator) == SAMPLES[name]["tasks"]
        (report,) = reports(emulator)
        assert (report["status"], report["trigger"]) == ("succeeded", SAMPLES[name]["trigger"])
        assert {task["task_id"] for task in report["tasks"]} == set(SAMPLES[name]["tasks"])
        assert outcome["result"] == report

    def test_pauses_nothing_outside_of_quiet_hours_and_reports_that(
        self, deploy: Deploy, emulator: Emulator, name: str
    ) -> None:
        outcome = deploy(CALLOUT_POLICY=NEVER, CALLOUT_NOTIFY="always").invoke(sample(name))
        assert (outcome["status"], outcome["error"]) == (200, "")
        assert paused(emulator) == []
        (report,) = reports(emulator)
        assert {task["outcome"] for task in report["tasks"]} == {"not_quiet"}


def test_the_timer_of_the_audit_is_answered_with_what_the_calls_of_yesterday_show(
    deploy: Deploy, emulator: Emulator
) -> None:
    midnight = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    start = int((midnight - timedelta(hours=3)).timestamp())
    emulator.calls.add(sdk_app_id=APP, session_id="by-an-agent", start=start, CallType=1)
    outcome = deploy(CALLOUT_POLICY=ALWAYS).invoke(sample("scf-timer-audit"))
    assert (outcome["status"], outcome["error"]) == (200, "")
    (report,) = reports(emulator)
    assert outcome["result"] == report
    assert report["to"] == f"{midnight:%Y-%m-%dT%H:%M:%SZ}"
    assert (report["status"], report["calls"], report["unattributed"]) == ("clean", 1, 1)
    assert paused(emulator) == []


def test_one_warm_process_answers_one_event_after_the_other(deploy: Deploy, emulator: Emulator) -> None:
    function = deploy(CALLOUT_POLICY=ALWAYS, CALLOUT_NOTIFY="always")
    outcomes = [function.invoke(sample(name)) for name in SAMPLES]
    assert [outcome["status"] for outcome in outcomes] == [200] * len(SAMPLES)
    assert len({outcome["process"] for outcome in outcomes}) == 1
    assert paused(emulator) == [16498, 16499, 16500]
    assert [report.get("trigger") for report in reports(emulator)] == [
        expected["trigger"] if expected["tasks"] else None for expected in SAMPLES.values()
    ]


def test_intervals_in_variables_need_no_policy(deploy: Deploy, emulator: Emulator) -> None:
    hours = {"CALLOUT_QUIET_HOURS": "00:00-24:00", "CALLOUT_TIME_ZONE": "Asia/Shanghai"}
    outcome = deploy(CALLOUT_POLICY="", **hours).invoke({"tasks": [16499]})
    assert outcome["status"] == 200
    assert paused(emulator) == [16499]


def test_the_policy_in_the_package_is_found_and_its_zones_too(deploy: Deploy, emulator: Emulator) -> None:
    outcome = deploy(CALLOUT_DRY_RUN="true").invoke(sample("scf-timer"))
    assert outcome["status"] == 200
    assert {task["name"] for task in outcome["result"]["tasks"]} == {*TASKS, "spring-dialing"}
    assert paused(emulator) == []


def test_the_credentials_of_the_role_sign_and_are_in_no_log(deploy: Deploy, emulator: Emulator) -> None:
    outcome = deploy(CALLOUT_POLICY=ALWAYS).invoke(sample("scf-timer"))
    assert {entry.service for entry in emulator.journal.entries if not entry.code} == {"ccc", "tdmq"}
    assert outcome["log"]
    assert not [value for value in ROLE.values() if value in outcome["log"] + json.dumps(outcome["result"])]


def test_the_line_about_the_invocation_is_json_and_short_enough_for_cls(deploy: Deploy) -> None:
    outcome = deploy(CALLOUT_POLICY=ALWAYS).invoke(sample("scf-timer"))
    (line,) = (line for line in outcome["log"].splitlines() if line.startswith("{"))
    assert json.loads(line)["message"] == "invocation"
    assert len(line.encode()) <= 8192


def test_the_region_is_the_one_that_scf_names(deploy: Deploy, emulator: Emulator) -> None:
    deploy(CALLOUT_POLICY=ALWAYS).invoke(sample("scf-timer"))
    assert {entry.region for entry in emulator.journal.entries if entry.action == "PublishCmqMsg"} == {
        "ap-guangzhou"
    }


def test_a_failure_is_raised_and_the_process_stays_warm(deploy: Deploy, emulator: Emulator) -> None:
    emulator.faults.add(faults.error("UnauthorizedOperation"), action="PauseAutoCalloutTask")
    function = deploy(CALLOUT_POLICY=ALWAYS)
    failed = function.invoke(sample("scf-timer"))
    assert failed["status"] == 430
    assert "UnfinishedError" in failed["error"]
    emulator.faults.clear()
    after = function.invoke(sample("scf-timer"))
    assert (after["status"], after["process"]) == (200, failed["process"])
    assert [report["status"] for report in reports(emulator)] == ["failed", "succeeded"]


def test_a_slow_cloud_is_reported_before_the_time_is_up(deploy: Deploy, emulator: Emulator) -> None:
    emulator.faults.add(faults.latency(30), action="PauseAutoCalloutTask")
    # Long enough for a cold start beside another worker.
    outcome = deploy(CALLOUT_POLICY=ALWAYS, seconds=5).invoke(sample("scf-timer"))
    assert (outcome["status"], paused(emulator)) == (430, [])
    (report,) = reports(emulator)
    assert report["status"] == "failed"


def test_it_writes_nothing_beside_itself(deploy: Deploy, unpacked: Path) -> None:
    def there() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in unpacked.rglob("*")}

    before = there()
    deploy(CALLOUT_POLICY=ALWAYS).invoke(sample("scf-timer"))
    assert there() == before


class TestTheStandInItself:
    @pytest.fixture
    def write(self, tmp_path: Path) -> Callable[[str], Path]:
        def write(source: str) -> Path:
            (tmp_path / "index.py").write_text(source)
            return tmp_path

        return write

    def test_ends_what_takes_too_long_and_goes_on_in_a_new_process(
        self, deploy: Deploy, write: Callable[[str], Path]
    ) -> None:
        folder = write(
            "def main_handler(event, context):\n    print('here', flush=True)\n    while event: pass"
        )
        function = deploy(folder=folder, seconds=0.3)
        late = function.invoke({"for": "ever"})
        assert (late["status"], late["error"]) == (433, "Invoking task timed out after 0.3 seconds.")
        assert late["log"] == "here\n"
        after = function.invoke({})
        assert after["status"] == 200
        assert after["process"] != late["process"]

    def test_notices_a_process_that_ends_itself(self, deploy: Deploy, write: Callable[[str], Path]) -> None:
        folder = write("import os\ndef main_handler(event, context):\n    os._exit(3)")
        outcome = deploy(folder=folder).invoke({})
        assert (outcome["status"], outcome["error"]) == (439, "The process ended with 3.")

    def test_takes_no_answer_that_is_no_json(self, deploy: Deploy, write: Callable[[str], Path]) -> None:
        folder = write("def main_handler(event, context):\n    return {1, 2}")
        outcome = deploy(folder=folder).invoke({})
        assert outcome["status"] == 430
        assert "not JSON serializable" in outcome["error"]

    def test_has_nothing_on_the_path_but_the_package_and_the_standard_library(
        self, deploy: Deploy, write: Callable[[str], Path]
    ) -> None:
        folder = write(
            "import sys\n"
            "def main_handler(event, context):\n"
            "    return [type(context).__name__, sys.version_info[:2], sys.path, 'site' in sys.modules]"
        )
        kind, version, path, site = deploy(folder=folder).invoke({})["result"]
        assert (kind, version, site) == ("dict", [3, 10], False)
        assert path[0] == str(folder)
        assert not [place for place in path[1:] if "site-packages" in place or str(ROOT) in place]

    def test_gives_the_credentials_of_the_role_with_the_event_and_not_before(
        self, deploy: Deploy, write: Callable[[str], Path]
    ) -> None:
        folder = write(
            "import os\n"
            "before = 'TENCENTCLOUD_SECRETID' in os.environ\n"
            "def main_handler(event, context):\n"
            "    return [before, os.environ['TENCENTCLOUD_SESSIONTOKEN']]"
        )
        assert deploy(folder=folder).invoke({})["result"] == [False, "TOKENROLE"]
