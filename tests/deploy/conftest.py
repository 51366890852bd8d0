"""A cloud on loopback, the real serverless CLI, and a stack deployed with it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from local import package
from tests.support import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}

Osls = Callable[..., str]


@dataclass(frozen=True)
class Stack:
    """A deployed stack: its outputs, the template it was made from, and clients for its cloud."""

    outputs: dict[str, str]
    template: dict[str, Any]
    client: Callable[[str], Any]


@pytest.fixture(scope="session")
def configuration() -> dict[str, Any]:
    """serverless.yml, unresolved; that it loads at all proves it free of YAML tags."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "serverless.yml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as serverless.yml wants it by default."""
    output = tmp_path_factory.mktemp("package") / "lambda.zip"
    assert package.main(["--output", str(output)]) == 0
    return output


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of AWS as moto plays it: a process of its own, as the CLI and boto3 both call it."""
    command = [sys.executable, "-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:  # noqa: S603
        assert server.stdout is not None
        said = ""
        for line in server.stdout:
            said += line
            if found := re.search(r"Running on (http://127\.0\.0\.1:\d+)", line):
                break
        else:
            pytest.fail(f"moto_server did not start:\n{said}")
        # Nobody reads on; without this the server would stop once the pipe is full.
        drain = subprocess.Popen(["cat"], stdin=server.stdout, stdout=subprocess.DEVNULL)  # noqa: S607
        yield found[1]
        server.terminate()
        server.wait()
        drain.wait()


@pytest.fixture(scope="session")
def client(moto: str) -> Callable[[str], Any]:
    """Clients of the cloud on loopback, by service."""
    return lambda service: boto3.client(service, endpoint_url=moto, **KEYS)


@pytest.fixture(scope="session")
def osls(moto: str, built: Path, tmp_path_factory: pytest.TempPathFactory) -> Osls:
    """The real CLI in a folder of its own, with nothing of this machine's accounts or settings around it."""
    command = ROOT / "node_modules/.bin/osls"
    if not command.exists():
        pytest.fail("the serverless CLI is not installed here: npm install")
    folder = tmp_path_factory.mktemp("service")
    shutil.copy(ROOT / "serverless.yml", folder)
    (folder / "build").mkdir()
    shutil.copy(built, folder / "build")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AWS_ENDPOINT_URL": moto,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        **ENVIRONMENT,
        "SLS_AWS_MONITORING_FREQUENCY": "100",
        "NODE_NO_WARNINGS": "1",
    }

    def run(*arguments: str) -> str:
        done = subprocess.run(  # noqa: S603
            [command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture(scope="session")
def package_template(osls: Osls, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The CloudFormation template that `osls package` makes with the given arguments."""

    def make(*arguments: str) -> Path:
        folder = tmp_path_factory.mktemp("template")
        osls("package", "--package", str(folder), *arguments)
        return folder / "cloudformation-template-update-stack.json"

    return make


@pytest.fixture(scope="session")
def stack(osls: Osls, package_template: Callable[..., Path], client: Callable[[str], Any]) -> Iterator[Stack]:
    """The stage `dev`, deployed as a person would."""
    template = json.loads(package_template().read_text(encoding="utf-8"))
    osls("deploy")
    described = client("cloudformation").describe_stacks(StackName="callout-quiet-hours-dev")
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described["Stacks"][0]["Outputs"]}
    yield Stack(outputs, template, client)
    osls("remove")


@pytest.fixture(scope="session")
def code_hash(built: Path) -> bytes:
    """The hash of the package's bytes."""
    return hashlib.sha256(built.read_bytes()).digest()


@pytest.fixture(scope="session")
def scf_instance() -> Callable[..., dict[str, Any]]:
    """scf/serverless.yml as the CLI hands it to the engine: with the variables of a shell put in.

    As `resolveVariables` in serverless-cloud-framework 1.3.0: a variable that is alone in a value and not set
    leaves nothing of its key behind, one inside a text leaves the word "undefined".
    """

    def put(value: Any, shell: Mapping[str, str]) -> Any:
        if isinstance(value, dict):
            placed = {key: put(each, shell) for key, each in value.items()}
            return {key: each for key, each in placed.items() if each is not None}
        if isinstance(value, list):
            return [put(each, shell) for each in value]
        if not isinstance(value, str):
            return value
        if alone := re.fullmatch(r"\$\{env:(\w+)\}", value):
            return shell.get(alone[1])
        return re.sub(r"\$\{env:(\w+)\}", lambda match: shell.get(match[1], "undefined"), value)

    def make(stage: str = "dev", **shell: str) -> dict[str, Any]:
        document = yaml.safe_load((ROOT / "scf/serverless.yml").read_text(encoding="utf-8"))
        instance: dict[str, Any] = {**put(document, shell), "stage": stage}
        return instance

    return make
