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

NOT_CLONED = (
    ".git",
    ".venv*",
    "node_modules",
    "build",
    ".serverless",
    ".env",
    ".*_cache",
    "*.egg-info",
    "policy.yaml",
)
"""What a clone does not have."""


@dataclass(frozen=True)
class Stack:
    """A deployed stack: its outputs, the template it was made from, and clients for its cloud."""

    outputs: dict[str, str]
    template: dict[str, Any]
    client: Callable[[str], Any]


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together, on one of several workers, the tests that share what is expensive to make.

    These are the tests of the stack, those of the built package, and else those of one module. Everything else is made
    by each worker for itself: its clone and its cloud.
    """
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("deploy"):
            shared = [name for name in ("stack", "built") if name in item.fixturenames]
            group = shared[0] if shared else item.nodeid.partition("::")[0]
            item.add_marker(pytest.mark.xdist_group(group))


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
def client(moto: str) -> Callable[..., Any]:
    """Clients of the cloud on loopback, by service."""
    return lambda service, **more: boto3.client(service, endpoint_url=moto, **KEYS | more)


@pytest.fixture(scope="session")
def clone() -> Callable[[Path], None]:
    """Copy the repository into a folder as a clone has it, with the tools that `make tools` installs."""

    def into(folder: Path) -> None:
        if not (ROOT / "node_modules/.bin/osls").exists():
            pytest.fail("the serverless CLI is not installed here: make tools")
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_CLONED), dirs_exist_ok=True)
        (folder / ".venv").symlink_to(sys.prefix)
        (folder / "node_modules").symlink_to(ROOT / "node_modules")

    return into


@pytest.fixture(scope="session")
def service(clone: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone whose policy is the example."""
    folder = tmp_path_factory.mktemp("service")
    clone(folder)
    shutil.copy(folder / "policy.example.yaml", folder / "policy.yaml")
    return folder


@pytest.fixture(scope="session")
def secret(client: Callable[[str], Any]) -> str:
    """The ARN of a parameter with the credentials, created with the two calls that a refusal names."""
    client("ssm").put_parameter(Name="/callout/dev", Type="SecureString", Value=json.dumps(ENVIRONMENT))
    arn: str = client("ssm").get_parameter(Name="/callout/dev")["Parameter"]["ARN"]
    return arn


@pytest.fixture(scope="session")
def shell(moto: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of this shell, with nothing of its accounts or of the function's settings in it."""
    nothing = str(tmp_path_factory.mktemp("home") / "nothing")
    ours = ("AWS_", "CALLOUT_", "TENCENT", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {
        "AWS_CONFIG_FILE": nothing,
        "AWS_SHARED_CREDENTIALS_FILE": nothing,
        "AWS_ENDPOINT_URL": moto,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SLS_AWS_MONITORING_FREQUENCY": "100",
        "NODE_NO_WARNINGS": "1",
    }


@pytest.fixture(scope="session")
def osls_says(service: Path, shell: dict[str, str]) -> Callable[..., tuple[int, str]]:
    """The real CLI in a clone: its exit code, and what it said."""

    def run(*arguments: str, **more: str) -> tuple[int, str]:
        command = [str(service / "node_modules/.bin/osls"), *arguments]
        done = subprocess.run(  # noqa: S603
            command, cwd=service, env=shell | more, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture(scope="session")
def osls(osls_says: Callable[..., tuple[int, str]]) -> Osls:
    """The same where it succeeds: what it said."""

    def run(*arguments: str, **more: str) -> str:
        code, said = osls_says(*arguments, **more)
        assert code == 0, said
        return said

    return run


@pytest.fixture(scope="session")
def package_template(
    osls: Osls, secret: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """The CloudFormation template that `osls package` makes with the given arguments."""

    def make(*arguments: str) -> Path:
        folder = tmp_path_factory.mktemp("template")
        osls("package", "--package", str(folder), f"--param=secret={secret}", *arguments)
        return folder / "cloudformation-template-update-stack.json"

    return make


@pytest.fixture(scope="session")
def stack(
    osls: Osls, secret: str, package_template: Callable[..., Path], client: Callable[[str], Any]
) -> Iterator[Stack]:
    """The stage `dev`, deployed as a person would."""
    template = json.loads(package_template().read_text(encoding="utf-8"))
    osls("deploy", f"--param=secret={secret}")
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
