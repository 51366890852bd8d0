"""scf/serverless.yml deployed twice and removed, with the library that Tencent's hosted engine itself runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.deploy

HERE = Path(__file__).parent
NAME = "callout-quiet-hours-dev"
FUNCTION = f"default/{NAME}"
SHELL = {
    "SCF_REGION": "ap-shanghai",
    "SCF_LOGSET_ID": "6f2d2a1e-0c6b-4a52-9a55-0d4f8f1f7a01",
    "SCF_LOG_TOPIC_ID": "31d3ce01-228b-42f5-aab5-7f740cc2fb11",
    "SCF_CKAFKA_INSTANCE": "ckafka-7q4m2zxd",
    "SCF_CKAFKA_TOPIC": "callout-requests",
    "CALLOUT_TOPIC": "cmq:callout-reports",
    "CALLOUT_SDK_APP_ID": "1400692008",
}
BY_THE_TOOLKIT = {
    "unknown: DeployMode",
    "unknown: DiskSize",
    "unknown: L5Enable",
    "unknown: ShowTriggers",
}
"""What the toolkit adds to requests by itself, whatever the file says, and the SDK's models do not know."""

State = dict[str, Any]


class Engine:
    """The hosted engine with one instance of the component, in front of a cloud of loopback."""

    def __init__(self, url: str, folder: Path, instance: dict[str, Any]) -> None:
        self.url = url
        self.said = ""
        self._instance = folder / "instance.json"
        self._instance.write_text(json.dumps(instance), encoding="utf-8")
        self._code = folder / "code.zip"
        with zipfile.ZipFile(self._code, "w") as archive:
            archive.write(HERE.parents[1] / "scf/index.py", "index.py")

    def run(self, command: str) -> State:
        """Deploy or remove, and give the state of the cloud by then."""
        node = shutil.which("node")
        if node is None or not (HERE.parents[1] / "node_modules/tencent-component-toolkit").exists():
            pytest.fail("Node.js or tencent-component-toolkit is not installed here: npm install")
        arguments: list[str | Path] = [
            "-r",
            HERE / "loopback.js",
            HERE / "component.js",
            command,
            self._instance,
            self._code,
        ]
        environment = {
            "PATH": os.environ["PATH"],
            "NODE_NO_WARNINGS": "1",
            "TENCENT_STAND_IN_PORT": self.url.rpartition(":")[2],
        }
        done = subprocess.run(  # noqa: S603
            [node, *arguments], env=environment, capture_output=True, text=True, check=False
        )
        self.said += done.stdout + done.stderr
        assert done.returncode == 0, self.said
        return self.state()

    def state(self) -> State:
        """Give the state of the cloud."""
        with urllib.request.urlopen(f"{self.url}/state") as answer:  # noqa: S310 - loopback
            state: State = json.load(answer)
            return state


@pytest.fixture(scope="module")
def engine(
    tmp_path_factory: pytest.TempPathFactory, scf_instance: Callable[..., dict[str, Any]]
) -> Iterator[Engine]:
    command = [sys.executable, str(HERE / "tencent_stand_in.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stand_in:  # noqa: S603
        assert stand_in.stdout is not None
        url = stand_in.stdout.readline().strip()
        yield Engine(url, tmp_path_factory.mktemp("instance"), scf_instance(**SHELL))
        stand_in.terminate()


@pytest.fixture(scope="module")
def states(engine: Engine) -> dict[str, State]:
    """The cloud after a first deployment, a second one and the removal."""
    return {when: engine.run(when.partition(" ")[0]) for when in ("deploy", "deploy again", "remove")}


def actions(state: State, service: str = "scf") -> list[str]:
    return [each["action"] for each in state["asked"] if each["service"] == service]


def test_the_first_deployment_makes_the_function_that_the_file_describes(states: dict[str, State]) -> None:
    function = states["deploy"]["functions"][FUNCTION]
    told = (function["Handler"], function["Runtime"], function["Type"], function["Role"])
    assert told == ("index.main_handler", "Python3.10", "Event", "callout-quiet-hours")
    assert (function["MemorySize"], function["Timeout"]) == ("512", "120")  # a form has no numbers
    assert "AsyncRunEnable" not in function
    assert function["PublicNetConfig"]["PublicNetStatus"] == "ENABLE"
    assert function["ClsLogsetId"] == SHELL["SCF_LOGSET_ID"]
    assert function["ClsTopicId"] == SHELL["SCF_LOG_TOPIC_ID"]
    assert actions(states["deploy"]).count("CreateFunction") == 1


def test_the_function_gets_its_settings_and_none_that_was_not_set(states: dict[str, State]) -> None:
    variables = states["deploy"]["functions"][FUNCTION]["Environment"]["Variables"]
    assert {each["Key"]: each["Value"] for each in variables} == {
        "CALLOUT_POLICY": "policy.json",
        "CALLOUT_TOPIC": "cmq:callout-reports",
        "CALLOUT_SDK_APP_ID": "1400692008",
        "CALLOUT_NOTIFY": "changes",
        "CALLOUT_DRY_RUN": "false",
    }


def test_the_code_is_brought_to_cos_with_the_entry_file_at_its_top(states: dict[str, State]) -> None:
    code = states["deploy"]["functions"][FUNCTION]["Code"]
    assert code["CosBucketName"] == "sls-cloudfunction-ap-shanghai-code"
    held = states["deploy"]["objects"][f"{code['CosBucketName']}-1250000000{code['CosObjectName']}"]
    assert held == ["index.py"]


def test_the_timer_wakes_the_function_every_five_minutes(states: dict[str, State]) -> None:
    timer = states["deploy"]["triggers"][FUNCTION]["timer/every-five-minutes"]
    assert json.loads(timer["TriggerDesc"]) == {"cron": "0 */5 * * * * *"}
    assert (timer["Enable"], timer["Qualifier"], timer["CustomArgument"]) == (1, "$DEFAULT", "{}")


def test_ckafka_hands_over_batches_and_tries_again_for_an_hour(states: dict[str, State]) -> None:
    trigger = states["deploy"]["triggers"][FUNCTION]["ckafka/ckafka-7q4m2zxd-callout-requests"]
    assert json.loads(trigger["TriggerDesc"]) == {
        "maxMsgNum": 10,
        "offset": "latest",
        "retry": 60,
        "timeOut": 1,
        "consumerGroupName": "",
        "InstanceId": "ckafka-7q4m2zxd",
        "Topic": "callout-requests",
    }
    assert (trigger["Enable"], trigger["Qualifier"]) == (1, "$DEFAULT")


def test_the_function_is_tagged(states: dict[str, State]) -> None:
    assert states["deploy"]["tags"] == {FUNCTION: {"app": "callout-quiet-hours", "stage": "dev"}}


def test_the_second_deployment_changes_the_code_and_nothing_else(states: dict[str, State]) -> None:
    first, second = states["deploy"], states["deploy again"]
    since = actions(second)[len(actions(first)) :]
    assert {"UpdateFunctionCode", "UpdateFunctionConfiguration", "UpdateTrigger"} <= set(since)
    assert not {"CreateFunction", "CreateTrigger", "DeleteTrigger"} & set(since)
    before, after = first["functions"][FUNCTION], second["functions"][FUNCTION]
    assert {name for name in before | after if before.get(name) != after.get(name)} == {"Code"}
    assert second["triggers"] == first["triggers"]
    assert second["tags"] == first["tags"]


def test_the_retries_of_the_timer_are_left_to_the_call_in_the_docs(states: dict[str, State]) -> None:
    """As the file says; if this fails, the toolkit has learnt it, and file and docs can be shorter."""
    assert "UpdateFunctionEventInvokeConfig" not in actions(states["deploy again"])


def test_removal_leaves_the_zips_in_cos_and_nothing_else(states: dict[str, State]) -> None:
    removed = states["remove"]
    assert (removed["functions"], removed["triggers"], removed["tags"]) == ({}, {}, {})
    assert len(removed["objects"]) == 2


def test_every_request_is_one_that_the_official_sdk_knows(states: dict[str, State]) -> None:
    faults = {fault for each in states["remove"]["asked"] for fault in each["faults"]}
    assert faults == BY_THE_TOOLKIT


def test_no_connection_was_tried_to_anything_but_loopback(engine: Engine, states: dict[str, State]) -> None:
    assert states
    assert "refused" not in engine.said


def test_a_connection_to_anything_else_would_have_been_seen() -> None:
    node = shutil.which("node")
    assert node
    code = "require('net').connect(9, '192.0.2.1').on('error', () => process.exit(7))"
    done = subprocess.run(  # noqa: S603
        [node, "-r", HERE / "loopback.js", "-e", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (7, "refused: a connection to 192.0.2.1\n")
