"""`npx osls deploy` is everything: it builds the package itself, and refuses what cannot be meant."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import re
import shlex
import shutil
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import ENVIRONMENT

pytestmark = pytest.mark.deploy

ROOT = Path(__file__).resolve().parents[2]
ARN = "arn:aws:ssm:us-east-1:123456789012:parameter/callout/dev"
Says = Callable[..., tuple[int, str]]


def packed(archive: Path) -> dict[str, bytes]:
    """The files of a package."""
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture
def node() -> Callable[..., Any]:
    """What an expression over deploy/parameters.js gives; `GIVEN` is the list of what else is given."""
    command = shutil.which("node")
    assert command

    def run(expression: str, *given: Any) -> Any:
        module = json.dumps(str(ROOT / "deploy/parameters.js"))
        program = f"const {{ faults, WANTED }} = require({module}); const GIVEN = {json.dumps(given)};"
        program += f"console.log(JSON.stringify({expression}))"
        done = subprocess.run([command, "-e", program], capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


class TestThePackageIsBuiltByTheDeployment:
    @pytest.mark.parametrize(
        ("architecture", "machine", "python"), [("x86_64", "x86_64", "3.10"), ("arm64", "aarch64", "3.13")]
    )
    def test_for_the_python_and_the_processor_of_the_function(
        self,
        service: Path,
        package_template: Callable[..., Path],
        architecture: str,
        machine: str,
        python: str,
    ) -> None:
        made = package_template(
            "--stage=built", f"--param=architecture={architecture}", f"--param=python={python}"
        )
        function = json.loads(made.read_text())["Resources"]["PauserLambdaFunction"]["Properties"]
        assert (function["Architectures"], function["Runtime"]) == ([architecture], f"python{python}")
        compiled = [name for name in packed(service / "build/built.zip") if name.endswith(".so")]
        tag = f".cpython-{python.replace('.', '')}-{machine}-linux-gnu.so"
        assert compiled
        assert all(name.endswith(tag) for name in compiled)

    def test_with_the_policy_as_it_is_now(
        self, service: Path, osls: Callable[..., str], client: Callable[[str], Any], secret: str
    ) -> None:
        command = ("deploy", "--stage=changing", "--param=policy=changing.yaml", f"--param=secret={secret}")

        def deployed(quiet: str) -> str:
            hours = {"default": {"time_zone": "Asia/Shanghai", "quiet": [quiet]}}
            (service / "changing.yaml").write_text(json.dumps({"quiet_hours": hours, "tasks": {"one": 1}}))
            osls(*command)
            inside = json.loads(packed(service / "build/changing.zip")["policy.json"])
            assert inside["quiet_hours"]["default"]["quiet"] == [quiet]
            name = "callout-quiet-hours-changing"
            digest: str = client("lambda").get_function_configuration(FunctionName=name)["CodeSha256"]
            code = (service / "build/changing.zip").read_bytes()
            assert digest == base64.b64encode(hashlib.sha256(code).digest()).decode()
            return digest

        try:
            assert deployed("21:00-08:00") != deployed("20:00-08:00")
        finally:
            osls("remove", "--stage=changing")

    def test_and_a_function_deployed_by_itself_is_built_anew_too_even_if_its_secret_may_not_be_looked_up(
        self, service: Path, stack: Any, osls_says: Says, secret: str, refusing: str
    ) -> None:
        del stack
        (service / "build/dev.zip").unlink()
        command = ("deploy", "function", "-f", "pauser", "--force", f"--param=secret={secret}")
        _, said = osls_says(*command, AWS_ENDPOINT_URL_SSM=refusing)
        assert f"secret: whether {secret} exists could not be looked up (AccessDeniedException" in said
        # The CLI (4.3.1) then stumbles over the role, which is a reference, when it updates the configuration.
        assert "Function code deployed" in said
        assert (service / "build/dev.zip").exists()


class TestADeploymentIsRefused:
    def refused(self, osls_says: Says, client: Callable[[str], Any], *arguments: str) -> str:
        """The error of a deployment that created nothing."""
        code, said = osls_says("deploy", "--stage=refused", *arguments)
        assert code == 1, said
        stacks = client("cloudformation").list_stacks()["StackSummaries"]
        assert "callout-quiet-hours-refused" not in {each["StackName"] for each in stacks}
        told = said[said.index("Error:\n") + len("Error:\n") :]
        return re.split(r"\n*(?:Deploying callout-|Environment:)", told)[0].strip()

    @pytest.mark.parametrize(
        ("parameter", "text"),
        [
            ("dryRun=yep", 'dryRun: "yep" was given (--param), true or false is wanted'),
            (
                "notify=sometimes",
                'notify: "sometimes" was given (--param), always, changes or failures is wanted',
            ),
            (
                "alarmAfterSeconds=150",
                'alarmAfterSeconds: "150" was given (--param), a multiple of 60 up to 86400 is wanted',
            ),
            ("timeout=901", 'timeout: "901" was given (--param), a whole number from 10 to 900 is wanted'),
            (
                "memorySize=64",
                'memorySize: "64" was given (--param), a whole number from 128 to 10240 is wanted',
            ),
            (
                "logRetentionInDays=ever",
                'logRetentionInDays: "ever" was given (--param), a whole number from 1 to 3653 is wanted',
            ),
            ("architecture=arm", 'architecture: "arm" was given (--param), x86_64 or arm64 is wanted'),
            ("python=3.9", 'python: "3.9" was given (--param), 3.10, 3.11, 3.12, 3.13 or 3.14 is wanted'),
            (
                "region=Frankfurt",
                'region: "Frankfurt" was given (--param), a region of AWS, such as eu-central-1 is wanted',
            ),
            (
                "policy=hours.txt",
                'policy: "hours.txt" was given (--param), the path of a policy, such as policy.yaml is wanted',
            ),
            ("reservedConcurrency=0", 'reservedConcurrency: "0" was given (--param), 1 or none is wanted'),
            (
                "rate=rate(1 minutes)",
                'rate: "rate(1 minutes)" was given (--param), "rate(1 minute)", "rate(5 minutes)" or a cron(...) is wanted',
            ),
            (
                "rate=rate(10 minutes)",
                'alarmAfterSeconds: "900" was given (serverless.yml, params.default), two wake-ups of rate(10 minutes) '
                "or more are wanted: 1200",
            ),
            (
                "audit=cron(0 6 * * *)",
                'audit: "cron(0 6 * * *)" was given (--param), "cron(0 6 * * ? *)", another cron(...) of six fields, '
                "or none is wanted",
            ),
            (
                "audit=rate(1 day)",
                'audit: "rate(1 day)" was given (--param), "cron(0 6 * * ? *)", another cron(...) of six fields, '
                "or none is wanted",
            ),
            (
                "secret=callout/ccc",
                'secret: "callout/ccc" was given (--param), the ARN of a secret of Secrets Manager, or of a parameter '
                "of Systems Manager is wanted",
            ),
            (
                "secretKmsKey=alias/mine",
                'secretKmsKey: "alias/mine" was given (--param), the ARN of a key of KMS, or nothing is wanted',
            ),
            (
                "requestsTopic=campaigns",
                'requestsTopic: "campaigns" was given (--param), the ARN of an SNS topic, or nothing is wanted',
            ),
            ("sdkAppId=mine", 'sdkAppId: "mine" was given (--param), the number of an application is wanted'),
            (
                "endpoint=https://x/y",
                'endpoint: "https://x/y" was given (--param), a host, such as ccc.tencentcloudapi.com is wanted',
            ),
            (
                "dryrun=true",
                "dryrun: there is no such parameter; did you mean dryRun? (--param); there are policy, region, python, "
                "architecture, memorySize, timeout, reservedConcurrency, rate, alarmAfterSeconds, audit, logRetentionInDays, "
                "secret, secretKmsKey, requestsTopic, ledgerBucket, sdkAppId, endpoint, notify, dryRun",
            ),
        ],
    )
    def test_for_a_parameter_that_cannot_be_meant(
        self, configuration: dict[str, Any], node: Callable[..., Any], parameter: str, text: str
    ) -> None:
        options = {"param": [f"secret={ARN}", parameter]}
        assert node("faults(...GIVEN)", configuration["params"], "refused", options) == [text]

    def test_for_each_fault_at_once(self, osls_says: Says, client: Callable[[str], Any]) -> None:
        given = [
            "dryRun=yep",
            "notify=sometimes",
            "alarmAfterSeconds=150",
            "timeout=901",
            "architecture=arm",
            "dryrun=true",
            "artifact=build/mine.zip",
        ]
        said = self.refused(
            osls_says, client, f"--param=secret={ARN}", *(f"--param={each}" for each in given)
        )
        named = [line.partition(":")[0] for line in said.splitlines()]
        assert sorted(named) == sorted(each.partition("=")[0] for each in given)

    def test_for_a_fault_in_the_file_of_its_stage(self, service: Path, osls_says: Says) -> None:
        file = service / "stages/staging.yml"
        before = file.read_text()
        file.write_text(f"secret: {ARN}\ndryRun: yep\ndryrun: true\n")
        try:
            code, said = osls_says("deploy", "--stage=staging")
        finally:
            file.write_text(before)
        assert code == 1
        assert 'dryRun: "yep" was given (stages/staging.yml), true or false is wanted' in said
        assert "dryrun: there is no such parameter; did you mean dryRun? (stages/staging.yml)" in said

    def test_without_a_secret_with_the_lines_that_create_one(
        self, osls_says: Says, client: Callable[[str], Any]
    ) -> None:
        assert self.refused(osls_says, client, "--region=eu-west-1") == (
            "secret: nothing was given, the ARN of a secret with the credentials of Tencent Cloud is wanted; these create "
            "one, free of charge:\n"
            "  aws ssm put-parameter --region eu-west-1 --name /callout/refused --type SecureString "
            "--value file://keys.json\n"
            "  aws ssm get-parameter --region eu-west-1 --name /callout/refused --query Parameter.ARN --output text\n"
            'keys.json is {"TENCENTCLOUD_SECRET_ID": "AKID...", "TENCENTCLOUD_SECRET_KEY": "..."}; delete it afterwards.\n'
            'Write "secret: ARN" into stages/refused.yml, and "refused: ${file(stages/refused.yml)}" under params in '
            "serverless.yml."
        )

    @pytest.mark.parametrize(
        ("service_and_name", "command"),
        [
            (
                "ssm:eu-west-1:123456789012:parameter/callout/absent",
                "  aws ssm put-parameter --region eu-west-1 --name /callout/absent --type SecureString --value file://keys.json",
            ),
            (
                "secretsmanager:eu-west-1:123456789012:secret:callout/absent-a1B2c3",
                "  aws secretsmanager create-secret --region eu-west-1 --name callout/absent --secret-string file://keys.json "
                "--query ARN\nIt prints the ARN to write into the file of the stage.",
            ),
        ],
    )
    def test_for_a_secret_that_does_not_exist_with_the_line_that_creates_it(
        self, osls_says: Says, client: Callable[[str], Any], service_and_name: str, command: str
    ) -> None:
        arn = f"arn:aws:{service_and_name}"
        assert self.refused(osls_says, client, f"--param=secret={arn}") == (
            f"secret: {arn} does not exist in eu-west-1 of account 123456789012; this creates it:\n{command}"
        )

    def test_without_a_policy_with_what_to_copy(self, osls_says: Says, client: Callable[[str], Any]) -> None:
        said = self.refused(osls_says, client, f"--param=secret={ARN}", "--param=policy=mine.yaml")
        assert said == (
            "policy: mine.yaml is not there; cp policy.example.yaml mine.yaml, and write your tasks and quiet hours into it"
        )

    def test_for_a_faulty_policy_with_the_place_of_its_fault(
        self, service: Path, osls_says: Says, client: Callable[[str], Any], secret: str
    ) -> None:
        (service / "faulty.yaml").write_text(
            "quiet_hours: {default: {time_zone: Mars/Base, quiet: [21:00-08:00]}}\n"
        )
        said = self.refused(osls_says, client, f"--param=secret={secret}", "--param=policy=faulty.yaml")
        assert said.startswith("not deployed: policy faulty.yaml: quiet_hours.default.time_zone: ")
        assert len(said.splitlines()) == 1

    def test_where_nothing_can_build_the_package(self, service: Path, osls_says: Says) -> None:
        (service / ".venv").rename(service / ".venv-away")
        try:
            code, said = osls_says("deploy", "--stage=refused", f"--param=secret={ARN}")
        finally:
            (service / ".venv-away").rename(service / ".venv")
        assert code == 1
        assert '.venv is not there, whose Python builds the package; run "make tools" first' in said

    def test_but_a_stage_without_a_secret_can_still_be_looked_at(self, osls_says: Says) -> None:
        code, said = osls_says("info", "--stage=refused")
        assert code == 1
        assert "secret" not in said
        assert "callout-quiet-hours-refused does not exist" in said


class TestLookingForTheSecret:
    """deploy/secret.js by itself; `TestADeploymentIsRefused` has it in a deployment."""

    @pytest.fixture
    def look(self, moto: str) -> Callable[..., Any]:
        command = shutil.which("node")
        assert command

        def run(arn: str, endpoint: str = moto) -> Any:
            keys = {"accessKeyId": "testing", "secretAccessKey": "testing"}
            config = {"endpoint": endpoint, "credentials": keys, "maxAttempts": 1}
            program = f"const {{ lookUp }} = require({json.dumps(str(ROOT / 'deploy/secret.js'))});"
            program += f"lookUp({json.dumps(arn)}, ({{ region }}) => ({{ region, ...{json.dumps(config)} }}))"
            program += ".then((found) => console.log(JSON.stringify(found)))"
            done = subprocess.run(  # noqa: S603
                [command, "--no-warnings", "-e", program], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

        return run

    def test_finds_a_parameter_and_a_secret(
        self, look: Callable[..., Any], secret: str, client: Callable[..., Any]
    ) -> None:
        made = client("secretsmanager").create_secret(Name="callout/there", SecretString="{}")
        assert look(secret) == {}
        assert look(made["ARN"]) == {}

    def test_refuses_a_secret_that_is_marked_for_deletion(
        self, look: Callable[..., Any], client: Callable[..., Any]
    ) -> None:
        arn = client("secretsmanager").create_secret(Name="callout/leaving", SecretString="{}")["ARN"]
        client("secretsmanager").delete_secret(SecretId=arn)
        fault = f"secret: {arn} is marked for deletion; aws secretsmanager restore-secret takes that back"
        assert look(arn) == {"fault": fault}

    @pytest.mark.parametrize(
        "arn", [ARN, "arn:aws:secretsmanager:us-east-1:123456789012:secret:callout/ccc-a1B2c3"]
    )
    def test_only_warns_where_the_credentials_may_not_look(
        self, look: Callable[..., Any], refusing: str, arn: str
    ) -> None:
        why = "(AccessDeniedException: You may not.)"
        assert look(arn, refusing) == {"doubt": f"secret: whether {arn} exists could not be looked up {why}"}


@pytest.fixture
def refusing() -> Iterator[str]:
    """The address of a service that permits nothing; moto permits everything."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = b'{"__type": "AccessDeniedException", "message": "You may not."}'
            self.send_response(400)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_no_key_of_this_machine_reaches_a_template_or_a_state_file(
    service: Path, osls: Callable[..., str], secret: str, tmp_path: Path
) -> None:
    key = "a-key-that-nobody-may-read"
    (service / ".env").write_text(f"TENCENTCLOUD_SECRET_ID=AKIDDOTENV\nTENCENTCLOUD_SECRET_KEY={key}\n")
    exported = {"TENCENTCLOUD_SECRET_ID": "AKIDSHELL", "TENCENTCLOUD_SECRET_KEY": key}
    try:
        osls("package", "--stage=keys", "--package", str(tmp_path), f"--param=secret={secret}", **exported)
    finally:
        (service / ".env").unlink()
    written = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {"serverless-state.json", "cloudformation-template-update-stack.json"} <= set(written)
    written |= packed(service / "build/keys.zip")
    for name, content in written.items():
        for word in (key, "AKIDDOTENV", "AKIDSHELL"):
            assert word.encode() not in content, name


def test_every_parameter_has_its_rule_and_its_row_in_the_page(
    node: Callable[..., Any], configuration: dict[str, Any]
) -> None:
    known = list(configuration["params"]["default"])
    assert node("Object.keys(WANTED)") == known
    page = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    table = page[page.index("## Parameters\n") : page.index("### How long it may run\n")]
    rows = re.findall(r"^\| (`[^|]+`) \|", table, re.MULTILINE)
    assert sorted(name for row in rows for name in re.findall(r"`(\w+)`", row)) == sorted(known)


class TestFromTheCloneToLive:
    """The commands of docs/deploy.md, as they stand there."""

    @pytest.fixture
    def commands(self) -> list[str]:
        page = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
        found = re.search(r"<!-- five commands -->\n```sh\n(.*?)```", page, re.DOTALL)
        assert found
        return found[1].splitlines()

    def test_are_five_at_most(self, commands: list[str]) -> None:
        assert len(commands) <= 5
        assert commands[-1] == "npx osls deploy --stage prod"

    def test_deploy_two_stages_of_which_one_changes_nothing(  # noqa: PLR0913, PLR0917
        self,
        commands: list[str],
        clone: Callable[[Path], None],
        tmp_path: Path,
        shell: dict[str, str],
        client: Callable[..., Any],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        folder, began = tmp_path / "callout-quiet-hours", time.monotonic()
        clone(folder)
        copy, put, deploy = commands[2:]
        self._run(copy, folder, shell)
        self._put(put, client)
        self._put(put.replace("/callout/prod", "/callout/staging"), client)
        for stage in ("prod", "staging"):
            file = folder / f"stages/{stage}.yml"
            file.write_text(file.read_text().replace("#secret:", "secret:"))
            self._run(deploy.replace("prod", stage), folder, shell)
        took = time.monotonic() - began
        with capsys.disabled():
            print(f" [from the clone to two stages: {took:.0f} s] ", end="")  # noqa: T201
        assert took < 300
        functions = client("lambda", region_name="eu-central-1")
        try:
            for stage, dry in (("prod", "false"), ("staging", "true")):
                name = f"callout-quiet-hours-{stage}"
                function = functions.get_function_configuration(FunctionName=name)
                variables = function["Environment"]["Variables"]
                assert variables["CALLOUT_DRY_RUN"] == dry
                secret = f"arn:aws:ssm:eu-central-1:123456789012:parameter/callout/{stage}"
                assert variables["CALLOUT_SECRET"] == secret
        finally:
            for stage in ("prod", "staging"):
                self._run(f"npx osls remove --stage {stage}", folder, shell)

    def _run(self, command: str, folder: Path, shell: dict[str, str]) -> None:
        done = subprocess.run(  # noqa: S603
            shlex.split(command), cwd=folder, env=shell, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _put(self, command: str, client: Callable[..., Any]) -> None:
        """Do what a call of `aws ssm put-parameter` does, which is not installed here."""
        words = shlex.split(command)
        assert words[:3] == ["aws", "ssm", "put-parameter"]
        given = dict(zip(words[3::2], words[4::2], strict=True))
        assert given.pop("--value") == "file://keys.json"
        ssm = client("ssm", region_name=given["--region"])
        ssm.put_parameter(Name=given["--name"], Type=given["--type"], Value=json.dumps(ENVIRONMENT))
