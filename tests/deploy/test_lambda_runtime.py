"""The deployed stack at work: its code is fetched back and run on what comes from its queue and its timer."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import platform
import re
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import package
from local.emulator import Emulator, faults
from tests.support import APP, SECRET_ID, SECRET_KEY

pytestmark = [
    pytest.mark.deploy,
    pytest.mark.skipif(sys.platform != "linux", reason="the package is for Linux"),
]

ROOT = Path(__file__).resolve().parents[2]
NAME = "callout-quiet-hours-live"
ARCH = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
POLICY = {
    "quiet_hours": {"default": {"time_zone": "America/New_York", "quiet": ["00:00-24:00"]}},
    "tasks": {"spring-renewals": 16498, "us-reminders": 16499},
}
KEYS = {"TENCENTCLOUD_SECRET_ID": "AKIDLIVE", "TENCENTCLOUD_SECRET_KEY": "the-key-in-the-secret"}
Clients = Callable[[str], Any]


@pytest.fixture(scope="module")
def interpreter() -> str:
    """The Python that the function is deployed for."""
    return package.interpreter(package.TARGETS["lambda"].python)


@pytest.fixture(scope="module")
def runtime(interpreter: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Lambda's runtime brings: boto3 and what that needs."""
    folder = tmp_path_factory.mktemp("opt")
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", interpreter]
    command += ["--target", str(folder), "--constraint", str(ROOT / "requirements-dev.txt"), "boto3"]
    subprocess.run(command, check=True)  # noqa: S603
    return folder


class Deployed:
    """The stage `live`: its queues, its function, and a subscriber of its topic."""

    def __init__(self, clients: Clients, outputs: dict[str, str], task: Path, run: list[str]) -> None:
        self.sqs = clients("sqs")
        self.function = clients("lambda").get_function_configuration(FunctionName=NAME)
        self.queue, self.dead = outputs["RequestQueueUrl"], outputs["RequestDeadLettersUrl"]
        self.arn = self.attribute(self.queue, "QueueArn")
        self.subscriber = self.sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        topic = outputs["ReportTopicArn"]
        arn = self.attribute(self.subscriber, "QueueArn")
        clients("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        self._task, self._run = task, run

    def attribute(self, queue: str, name: str) -> str:
        value: str = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"][name]
        return value

    def invoke(self, event: Any, **platform: str) -> dict[str, Any]:
        """Run the fetched code on an event, in the deployed environment and with the deployed timeout."""
        variables = self.function["Environment"]["Variables"] | {"AWS_LAMBDA_FUNCTION_NAME": NAME} | platform
        python, program, *folders = self._run
        done = subprocess.run(  # noqa: S603
            [
                python,
                "-I",
                "-S",
                "-B",
                program,
                *folders,
                self.function["Handler"],
                str(self.function["Timeout"]),
            ],
            input=json.dumps(event),
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stderr.rpartition("\n")[2])
        self.log = done.stdout
        return answer

    def poll(self) -> list[str]:
        """Do what the event source mapping does once, and give the bodies of the messages that stay."""
        got = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, AttributeNames=["All"])
        if not (messages := got.get("Messages")):
            return []
        records = [
            {
                "messageId": each["MessageId"],
                "receiptHandle": each["ReceiptHandle"],
                "body": each["Body"],
                "attributes": each["Attributes"],
                "messageAttributes": {},
                "md5OfBody": each["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": self.arn,
                "awsRegion": "us-east-1",
            }
            for each in messages
        ]
        answer = self.invoke({"Records": records})
        failed = {each["itemIdentifier"] for each in answer["result"]["batchItemFailures"]}
        for each in messages:
            handle = {"QueueUrl": self.queue, "ReceiptHandle": each["ReceiptHandle"]}
            if each["MessageId"] in failed:
                self.sqs.change_message_visibility(**handle, VisibilityTimeout=0)  # nobody waits 12 minutes
            else:
                self.sqs.delete_message(**handle)
        return [each["Body"] for each in messages if each["MessageId"] in failed]

    def reports(self) -> list[dict[str, Any]]:
        """Give the data of the notifications that the subscriber received since the last time."""
        found = []
        while got := self.sqs.receive_message(QueueUrl=self.subscriber, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for each in got:
                self.sqs.delete_message(QueueUrl=self.subscriber, ReceiptHandle=each["ReceiptHandle"])
                found.append(json.loads(json.loads(each["Body"])["Message"])["data"])
        return found


@pytest.fixture(scope="module")
def live(  # noqa: PLR0913, PLR0917
    osls: Callable[..., str],
    service: Path,
    client: Clients,
    moto: str,
    interpreter: str,
    runtime: Path,
    _running_emulator: Emulator,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Deployed]:
    """The stage `live`, deployed with its own policy and with the credentials in a secret."""
    folder = tmp_path_factory.mktemp("live")
    (service / "live.yaml").write_text(json.dumps(POLICY))
    secret = client("secretsmanager").create_secret(Name="ccc", SecretString=json.dumps(KEYS))["ARN"]
    osls(
        "deploy",
        "--stage=live",
        "--param=policy=live.yaml",
        f"--param=architecture={ARCH}",
        f"--param=secret={secret}",
        f"--param=endpoint={_running_emulator.url}",
        "--param=notify=always",
    )
    described = client("cloudformation").describe_stacks(StackName=NAME)["Stacks"][0]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}
    mappings = client("lambda").list_event_source_mappings()["EventSourceMappings"]
    (mapping,) = (each for each in mappings if each["FunctionArn"].endswith(f":{NAME}"))
    assert mapping["State"] == "Enabled"
    # Else moto hands each message to a Lambda that it cannot run without docker, and counts that as received.
    client("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    with zipfile.ZipFile(io.BytesIO(_fetched(client))) as archive:
        archive.extractall(folder / "task")
    program = str(Path(__file__).with_name("lambda_runtime.py"))
    deployed = Deployed(client, outputs, folder, [interpreter, program, str(folder / "task"), str(runtime)])
    deployed.function["Environment"]["Variables"] |= {  # what the platform itself adds
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "role",
        "AWS_SECRET_ACCESS_KEY": "role",
        "AWS_ENDPOINT_URL": moto,
    }
    yield deployed
    osls("remove", "--stage=live")


def _fetched(client: Clients) -> bytes:
    """Give the code that Lambda runs, from where the stack says that it is, and check its hash."""
    resources = client("cloudformation").get_template(StackName=NAME)["TemplateBody"]["Resources"]
    code = resources["PauserLambdaFunction"]["Properties"]["Code"]
    bucket = code["S3Bucket"]
    if isinstance(bucket, dict):
        bucket = client("cloudformation").describe_stack_resource(
            StackName=NAME, LogicalResourceId=bucket["Ref"]
        )["StackResourceDetail"]["PhysicalResourceId"]
    fetched: bytes = client("s3").get_object(Bucket=bucket, Key=code["S3Key"])["Body"].read()
    told = client("lambda").get_function_configuration(FunctionName=NAME)["CodeSha256"]
    assert base64.b64encode(hashlib.sha256(fetched).digest()).decode() == told
    return fetched


@pytest.fixture
def world(live: Deployed, emulator: Emulator) -> Deployed:
    """The stage with an emulated CCC that knows the secret's credentials alone."""
    emulator.secrets.clear()
    emulator.secrets[KEYS["TENCENTCLOUD_SECRET_ID"]] = KEYS["TENCENTCLOUD_SECRET_KEY"]
    live.reports()
    return live


def test_a_request_in_the_queue_is_carried_out_and_its_report_arrives(
    world: Deployed, emulator: Emulator
) -> None:
    world.sqs.send_message(QueueUrl=world.queue, MessageBody='{"tasks": ["us-reminders", 16500]}')
    assert world.poll() == []
    assert world.poll() == [], "and nothing is left"
    assert {task.task_id: task.state for task in emulator.tasks} == {16498: 1, 16499: 5, 16500: 5}
    (report,) = world.reports()
    assert (report["status"], report["trigger"], report["summary"]) == ("succeeded", "sqs", {"paused": 2})
    assert "the-key-in-the-secret" not in world.log


def test_the_timer_pauses_every_task_of_the_policy(
    world: Deployed, emulator: Emulator, client: Clients
) -> None:
    (rule,) = client("events").list_rules(NamePrefix=f"{NAME}-timer")["Rules"]
    (target,) = client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"] == world.function["FunctionArn"]
    event = json.loads((ROOT / "events/aws-eventbridge-rule.json").read_text())
    answer = world.invoke(json.loads(target.get("Input", "null")) or event | {"resources": [rule["Arn"]]})
    assert answer["result"]["summary"] == {"paused": 2}
    assert {task.task_id: task.state for task in emulator.tasks} == {16498: 5, 16499: 5, 16500: 1}
    (report,) = world.reports()
    assert report["text"].startswith("Paused 2 tasks. Always quiet in America/New_York")


def test_a_message_that_is_no_request_ends_in_the_dead_letter_queue_and_delays_nobody(
    world: Deployed, emulator: Emulator
) -> None:
    world.sqs.send_message(QueueUrl=world.queue, MessageBody="pause it all")
    world.sqs.send_message(QueueUrl=world.queue, MessageBody='{"tasks": ["spring-renewals"]}')
    stayed = [world.poll() for _ in range(6)]
    assert [bodies for bodies in stayed if bodies] == [["pause it all"]] * 5
    (dead,) = world.sqs.receive_message(QueueUrl=world.dead)["Messages"]
    assert dead["Body"] == "pause it all"
    assert emulator.tasks.state(16498) == 5
    told = [error["body"] for report in world.reports() for error in report["errors"]]
    # Here each invocation is a new instance, which cannot know what another one has published.
    assert told == ["pause it all"] * 5


def test_a_failure_is_told_to_the_trigger_and_to_the_subscriber(world: Deployed, emulator: Emulator) -> None:
    emulator.faults.add(faults.error("UnauthorizedOperation"), action="PauseAutoCalloutTask")
    answer = world.invoke(json.loads((ROOT / "events/aws-eventbridge-rule.json").read_text()))
    assert "UnfinishedError: failed" in answer["error"]
    (report,) = world.reports()
    assert report["status"] == "failed"


def test_a_secret_that_was_rotated_is_taken_without_a_deployment(
    world: Deployed, emulator: Emulator, client: Clients
) -> None:
    emulator.secrets.clear()
    emulator.secrets["AKIDROTATED"] = "the-next-key"
    keys = {"TENCENTCLOUD_SECRET_ID": "AKIDROTATED", "TENCENTCLOUD_SECRET_KEY": "the-next-key"}
    client("secretsmanager").put_secret_value(SecretId="ccc", SecretString=json.dumps(keys))
    try:
        answer = world.invoke(json.loads((ROOT / "events/aws-eventbridge-rule.json").read_text()))
    finally:
        client("secretsmanager").put_secret_value(SecretId="ccc", SecretString=json.dumps(KEYS))
    assert answer["result"]["summary"] == {"paused": 2}


def test_a_check_through_the_deployed_function_answers_with_what_it_found(
    world: Deployed, emulator: Emulator
) -> None:
    answer = world.invoke(json.loads((ROOT / "events/check.json").read_text()))
    assert answer["result"]["status"] == "warnings"
    assert [finding["message"] for finding in answer["result"]["findings"]] == [
        "quiet_hours.default is always quiet"  # the policy of these tests, on purpose
    ]
    assert world.reports() == [answer["result"]]
    assert {task.state for task in emulator.tasks} == {1}


def test_what_the_schedule_of_the_audit_sends_is_answered_with_what_the_calls_of_yesterday_show(
    world: Deployed, emulator: Emulator, client: Clients
) -> None:
    yesterday = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0) - timedelta(hours=3)
    emulator.calls.add(sdk_app_id=APP, session_id="by-an-agent", start=int(yesterday.timestamp()), CallType=1)
    (target,) = client("events").list_targets_by_rule(Rule=f"{NAME}-audit")["Targets"]
    result = world.invoke(json.loads(target["Input"]))["result"]
    assert result["from"] == f"{yesterday:%Y-%m-%d}T00:00:00Z"
    assert (result["status"], result["calls"], result["unattributed"]) == ("clean", 1, 1)
    assert world.reports() == [result]
    assert {task.state for task in emulator.tasks} == {1}


def test_a_broken_secret_fails_the_rehearsal_before_quiet_hours_until_it_is_repaired(
    world: Deployed, client: Clients
) -> None:
    soon, later = (datetime.now(timezone.utc) + timedelta(minutes=minutes) for minutes in (45, 105))
    hours = {"default": {"time_zone": "UTC", "quiet": [f"{soon:%H:%M}-{later:%H:%M}"]}}
    policy = json.dumps(POLICY | {"quiet_hours": hours})
    timer = json.loads((ROOT / "events/aws-eventbridge-rule.json").read_text())
    broken = KEYS | {"TENCENTCLOUD_SECRET_KEY": "a-key-that-was-revoked"}
    client("secretsmanager").put_secret_value(SecretId="ccc", SecretString=json.dumps(broken))
    try:
        failed = world.invoke(timer, CALLOUT_POLICY=policy)
    finally:
        client("secretsmanager").put_secret_value(SecretId="ccc", SecretString=json.dumps(KEYS))
    assert "UnfinishedError: Rehearsal" in failed["error"]
    report, rehearsal = world.reports()
    assert report["status"] == "skipped"
    assert [finding["code"] for finding in rehearsal["findings"]] == ["AuthFailure.SignatureFailure"]
    assert world.invoke(timer, CALLOUT_POLICY=policy)["result"]["status"] == "skipped"


def test_the_role_may_read_the_topic_that_the_rehearsal_looks_at(world: Deployed, client: Clients) -> None:
    role = world.function["Role"].rpartition("/")[2]
    text = client("iam").get_role_policy(RoleName=role, PolicyName="pauser")["PolicyDocument"]
    statement = next(each for each in yaml.safe_load(text)["Statement"] if each["Sid"] == "PublishReports")
    assert statement["Action"] == ["sns:Publish", "sns:GetTopicAttributes"]


def test_the_role_may_read_that_secret_and_no_other(world: Deployed, client: Clients) -> None:
    role = world.function["Role"].rpartition("/")[2]
    text = client("iam").get_role_policy(RoleName=role, PolicyName="pauser")["PolicyDocument"]
    document = yaml.safe_load(text)  # moto answers with Python's spelling of the document, which is YAML too
    statement = next(each for each in document["Statement"] if each["Sid"] == "ReadSecret")
    assert statement["Action"] == ["secretsmanager:GetSecretValue", "ssm:GetParameter"]
    assert statement["Resource"] == world.function["Environment"]["Variables"]["CALLOUT_SECRET"]
    assert "DecryptSecret" not in json.dumps(document)


def test_the_cli_invokes_it_locally_without_an_account(
    osls_here: Callable[..., str], emulator: Emulator
) -> None:
    said = osls_here(
        "invoke", "local", "--stage", "local", "-f", "pauser", "-p", "events/aws-eventbridge-rule.json",
        "-e", f"CALLOUT_ENDPOINT={emulator.url}",
        "-e", f"TENCENTCLOUD_SECRET_ID={SECRET_ID}", "-e", f"TENCENTCLOUD_SECRET_KEY={SECRET_KEY}",
        "-e", f"CALLOUT_POLICY={json.dumps(POLICY)}",
    )  # fmt: skip
    assert '"outcome": "would_pause"' in said
    assert [task.state for task in emulator.tasks] == [1, 1, 1]


@pytest.mark.parametrize("page", ["README.md", "docs/deploy.md"])
def test_the_command_that_is_documented_for_it_works_as_printed(page: str, tmp_path: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    (printed,) = (block for block in blocks if "osls invoke local" in block)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    assert "quiet-hours emulator &\n" in printed
    script = printed.replace("quiet-hours emulator", f"python -m local.command emulator --port {port}")
    script = script.replace("8089", port).replace(". .venv/bin/activate\n", "")
    done = subprocess.run(  # noqa: S603 - what the page says
        ["/bin/bash", "-e", "-c", script],
        cwd=ROOT,
        env=local_environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert '"dry_run": true' in done.stdout
    assert '"trigger": "schedule"' in done.stdout


def local_environment(home: Path) -> dict[str, str]:
    """The variables of a shell without accounts, in which the environment is active."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NODE_NO_WARNINGS": "1",
    }


@pytest.fixture
def osls_here(tmp_path: Path) -> Callable[..., str]:
    """The CLI in the repository itself, as after a clone, without an account."""

    def run(*arguments: str) -> str:
        command = [str(ROOT / "node_modules/.bin/osls"), *arguments]
        done = subprocess.run(  # noqa: S603
            command, cwd=ROOT, env=local_environment(tmp_path), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return str(done.stdout)

    return run
