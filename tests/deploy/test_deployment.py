"""What is deployed: built, packaged, deployed and removed with the real tools, on a cloud of loopback."""

from __future__ import annotations

import base64
import json
import os
import platform
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import package
from local.emulator import Emulator
from tests.deploy.test_serverless_yml import LEDGER
from tests.support import APP, ENVIRONMENT

pytestmark = pytest.mark.deploy

STAGE = "callout-quiet-hours-dev"
TOPIC = "arn:aws:sns:us-east-1:123456789012:campaign-requests"
KEY = "arn:aws:kms:us-east-1:123456789012:key/21be56ed-a058-49f5-8c98-aedd2564c486"
ARCH = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())


def reach(emulator: Emulator) -> dict[str, str]:
    """Give the settings with which the function takes an emulator for the cloud."""
    return {
        "CALLOUT_ENDPOINT": emulator.url,
        **ENVIRONMENT,
        "CALLOUT_POLICY": "policy.json",
    }


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class TestThePackage:
    def test_is_the_same_bytes_when_built_again_from_nothing(
        self, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
        assert package.main(["--output", str(tmp_path / "again.zip")]) == 0
        assert (tmp_path / "again.zip").read_bytes() == built.read_bytes()

    def test_holds_these_things_and_no_others(self, built: Path) -> None:
        with zipfile.ZipFile(built) as archive:
            top = {name.partition("/")[0] for name in archive.namelist()}
        assert top == {
            "annotated_types",
            "certifi",
            "charset_normalizer",
            "dotenv",
            "handler",
            "idna",
            "policy.json",
            "pydantic",
            "pydantic_core",
            "pydantic_settings",
            "requests",
            "tencentcloud",
            "typing_extensions.pyc",
            "typing_inspection",
            "tzdata",
            "urllib3",
            "yaml",
        }

    @pytest.mark.parametrize("target", ["lambda", "scf"])
    @pytest.mark.parametrize("calendar", ["", ", {holidays: CN}"])
    def test_is_small_enough_with_the_holidays_too(self, target: str, calendar: str, tmp_path: Path) -> None:
        policy, output = tmp_path / "policy.yaml", tmp_path / "package.zip"
        policy.write_text(f"quiet_hours: {{default: {{time_zone: UTC, quiet: [Sun 00:00-24:00{calendar}]}}}}")
        assert package.main(["--target", target, "--policy", str(policy), "--output", str(output)]) == 0
        assert output.stat().st_size <= package.TARGETS[target].limit
        assert {name: each.limit for name, each in package.TARGETS.items()} == {
            "lambda": 6_000_000,
            "scf": 8_000_000,
        }

    @pytest.mark.parametrize("python", ["3.10", "3.13"])
    @pytest.mark.parametrize(("arch", "machine"), [("x86_64", "x86_64"), ("arm64", "aarch64")])
    def test_is_built_for_a_python_and_a_processor_that_are_not_here(
        self, tmp_path: Path, python: str, arch: str, machine: str
    ) -> None:
        output = tmp_path / "other.zip"
        assert package.main(["--python", python, "--arch", arch, "--output", str(output)]) == 0
        with zipfile.ZipFile(output) as archive:
            compiled = [name for name in archive.namelist() if name.endswith(".so")]
        tag = f".cpython-{python.replace('.', '')}-{machine}-linux-gnu.so"
        assert compiled
        assert all(name.endswith(tag) for name in compiled)

    @pytest.mark.skipif(sys.platform != "linux", reason="the package is for Linux")
    @pytest.mark.parametrize("calendars", [False, True])
    def test_needs_nothing_beside_it_and_has_nothing_that_is_not_imported(
        self, tmp_path: Path, emulator: Emulator, *, calendars: bool
    ) -> None:
        quiet: list[Any] = ["00:00-24:00", *([{"holidays": "CN"}] if calendars else [])]
        policy = tmp_path / "policy.yaml"
        policy.write_text(
            json.dumps(
                {
                    "quiet_hours": {"default": {"time_zone": "Asia/Shanghai", "quiet": quiet}},
                    "tasks": {"spring-renewals": {"task_id": 16498, "sdk_app_id": APP}},
                }
            )
        )
        output = tmp_path / "here.zip"
        here = f"{sys.version_info.major}.{sys.version_info.minor}"
        options = ["--python", here, "--arch", ARCH, "--policy", str(policy), "--output", str(output)]
        assert package.main(options) == 0
        with zipfile.ZipFile(output) as archive:
            archive.extractall(tmp_path / "task")
            tops = {name.partition("/")[0].partition(".")[0] for name in archive.namelist()}
        emulator.topics.create("reports")
        settings = reach(emulator) | {"CALLOUT_TOPIC": "cmq:reports", "CALLOUT_REGION": "ap-guangzhou"}
        code = (
            "import os, sys, zoneinfo\n"
            f"os.chdir({os.fspath(tmp_path / 'task')!r}); sys.path.insert(0, '')\n"
            "zoneinfo.reset_tzpath([])\n"  # a runtime need not bring zones
            f"os.environ.update({settings!r})\n"
            "import handler\n"
            "handler.main_handler({})\n"
            "print('{hours: 1}', file=open('mine.yaml', 'w'))\n"
            "os.environ['CALLOUT_POLICY'] = 'mine.yaml'\n"
            "try: handler.main_handler({})\n"
            "except handler.errors.ConfigurationError: pass\n"
            "print(*sys.modules)\n"
        )
        imported = run(sys.executable, "-I", "-S", "-B", "-c", code).splitlines()[-1].split()
        assert {top.partition("-")[0] for top in tops} - {"policy"} <= {
            name.partition(".")[0] for name in imported
        }
        assert [task.task_id for task in emulator.tasks if task.state == 5] == [16498]
        assert len(emulator.topics.messages("reports")) == 2


class TestTheStack:
    def test_runs_the_package_that_was_built(self, stack: Any, code_hash: bytes) -> None:
        function = stack.client("lambda").get_function_configuration(FunctionName=STAGE)
        assert function["CodeSha256"] == base64.b64encode(code_hash).decode()
        assert function["Handler"] == "handler.main_handler"
        assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["x86_64"])
        assert (function["Timeout"], function["MemorySize"]) == (120, 512)

    def test_tells_the_function_its_topic_its_policy_and_its_secret(self, stack: Any, secret: str) -> None:
        function = stack.client("lambda").get_function_configuration(FunctionName=STAGE)
        variables = function["Environment"]["Variables"]
        assert variables["CALLOUT_TOPIC"] == stack.outputs["ReportTopicArn"]
        assert variables["CALLOUT_POLICY"] == "policy.json"
        assert variables["CALLOUT_LEDGER"] == f"s3://{stack.outputs['LedgerBucketName']}/{STAGE}"
        assert variables["CALLOUT_SECRET"] == secret
        assert not [name for name in variables if name.startswith("TENCENTCLOUD_")]

    def test_runs_one_invocation_at_a_time(self, stack: Any) -> None:
        concurrency = stack.client("lambda").get_function_concurrency(FunctionName=STAGE)
        assert concurrency["ReservedConcurrentExecutions"] == 1

    def test_wakes_the_function_every_minute(self, stack: Any) -> None:
        events = stack.client("events")
        rule = events.describe_rule(Name=f"{STAGE}-timer")
        assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 minute)", "ENABLED")
        function = stack.client("lambda").get_function_configuration(FunctionName=STAGE)
        targets = events.list_targets_by_rule(Rule=f"{STAGE}-timer")["Targets"]
        assert [target["Arn"] for target in targets] == [function["FunctionArn"]]
        assert [json.loads(target["Input"]) for target in targets] == [{"action": "enforce"}]

    def test_asks_for_an_audit_every_morning(self, stack: Any) -> None:
        events = stack.client("events")
        rule = events.describe_rule(Name=f"{STAGE}-audit")
        assert (rule["ScheduleExpression"], rule["State"]) == ("cron(0 6 * * ? *)", "ENABLED")
        function = stack.client("lambda").get_function_configuration(FunctionName=STAGE)
        (target,) = events.list_targets_by_rule(Rule=f"{STAGE}-audit")["Targets"]
        assert (target["Arn"], json.loads(target["Input"])) == (function["FunctionArn"], {"action": "audit"})
        allowed = json.loads(stack.client("lambda").get_policy(FunctionName=STAGE)["Policy"])["Statement"]
        sources = [each["Condition"]["ArnLike"]["AWS:SourceArn"] for each in allowed]
        assert sorted(source.rpartition("/")[2] for source in sources) == [f"{STAGE}-audit", f"{STAGE}-timer"]

    def test_hands_over_messages_and_takes_back_those_that_failed(self, stack: Any) -> None:
        queue = self._attributes(stack, "RequestQueueUrl")["QueueArn"]
        answer = stack.client("lambda").list_event_source_mappings(EventSourceArn=queue)
        (mapping,) = answer["EventSourceMappings"]
        assert mapping["FunctionArn"].endswith(f":function:{STAGE}")
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["BatchSize"] == 10

    def test_keeps_a_message_that_fails_five_times(self, stack: Any) -> None:
        queue = self._attributes(stack, "RequestQueueUrl")
        dead = self._attributes(stack, "RequestDeadLettersUrl")
        assert json.loads(queue["RedrivePolicy"]) == {
            "deadLetterTargetArn": dead["QueueArn"],
            "maxReceiveCount": 5,
        }
        assert queue["VisibilityTimeout"] == "720"

    def test_encrypts_the_reports(self, stack: Any) -> None:
        topic = stack.client("sns").get_topic_attributes(TopicArn=stack.outputs["ReportTopicArn"])
        assert topic["Attributes"]["KmsMasterKeyId"] == "alias/aws/sns"

    def test_lets_the_function_do_these_things_to_these_resources_alone(
        self, stack: Any, secret: str
    ) -> None:
        iam = stack.client("iam")
        function = stack.client("lambda").get_function_configuration(FunctionName=STAGE)
        role = function["Role"].rpartition("/")[2]
        assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
        assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["pauser"]
        # moto answers with Python's spelling of the document, which is YAML too.
        document = yaml.safe_load(iam.get_role_policy(RoleName=role, PolicyName="pauser")["PolicyDocument"])
        (log_group,) = stack.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{STAGE}")[
            "logGroups"
        ]
        # What CloudFormation leaves out, AWS::NoValue, moto leaves in as an empty text.
        statements = [each for each in document["Statement"] if isinstance(each, dict)]
        ledger = f"arn:aws:s3:::{stack.outputs['LedgerBucketName']}"
        assert {each["Sid"]: each["Resource"] for each in statements} == {
            "WriteLogs": log_group["arn"].removesuffix(":*"),  # which AWS appends and moto does not
            "ReadRequests": self._attributes(stack, "RequestQueueUrl")["QueueArn"],
            "PublishReports": stack.outputs["ReportTopicArn"],
            "KeepFailedWakeUps": self._attributes(stack, "FailedWakeUpsUrl")["QueueArn"],
            "ReadSecret": secret,
            "CreateInLedger": [f"{ledger}/{STAGE}/{kind}/*" for kind in LEDGER],
            "ReadLedger": f"{ledger}/{STAGE}/*",
            "ListLedger": ledger,
        }
        (create,) = (each for each in statements if each["Sid"] == "CreateInLedger")
        assert create["Condition"] == {"Null": {"s3:if-none-match": "false"}}

    def test_keeps_logs_for_a_year(self, stack: Any) -> None:
        groups = stack.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{STAGE}")
        assert [group["retentionInDays"] for group in groups["logGroups"]] == [365]

    def test_says_where_everything_is(self, stack: Any, osls: Callable[..., str]) -> None:
        said = osls("info", "--verbose")
        for name in ("RequestQueueUrl", "ReportTopicArn", "AlarmTopicArn", "FunctionName"):
            assert f"{name}: {stack.outputs[name]}" in said

    def _attributes(self, stack: Any, output: str) -> dict[str, str]:
        answer = stack.client("sqs").get_queue_attributes(
            QueueUrl=stack.outputs[output], AttributeNames=["All"]
        )
        attributes: dict[str, str] = answer["Attributes"]
        return attributes

    def test_leaves_others_alone_when_it_is_removed(
        self, stack: Any, osls: Callable[..., str], secret: str
    ) -> None:
        osls("deploy", "--stage", "second", f"--param=secret={secret}")
        assert self._names(stack, "callout-quiet-hours-second")
        before = self._names(stack, STAGE)
        osls("remove", "--stage", "second")
        # moto deletes what CloudFormation retains; see TestTheTemplate.
        assert self._names(stack, "callout-quiet-hours-second") == []
        assert self._names(stack, STAGE) == before

    def _names(self, stack: Any, prefix: str) -> list[str]:
        found = [each["FunctionName"] for each in stack.client("lambda").list_functions()["Functions"]]
        found += [each["Name"] for each in stack.client("events").list_rules()["Rules"]]
        found += [url.rpartition("/")[2] for url in stack.client("sqs").list_queues().get("QueueUrls", [])]
        found += [each["TopicArn"].rpartition(":")[2] for each in stack.client("sns").list_topics()["Topics"]]
        found += [each["RoleName"] for each in stack.client("iam").list_roles()["Roles"]]
        found += [each["Name"] for each in stack.client("s3").list_buckets()["Buckets"]]
        found += [
            each["logGroupName"].rpartition("/")[2]
            for each in stack.client("logs").describe_log_groups()["logGroups"]
        ]
        mappings = stack.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        found += [each["FunctionArn"].rpartition(":")[2] for each in mappings]
        return sorted(name for name in found if name.startswith(prefix))


class TestTheTemplate:
    """What moto accepts without creating it."""

    def test_is_accepted_by_cfn_lint_as_it_is_deployed(self, stack: Any, tmp_path: Path) -> None:
        (tmp_path / "template.json").write_text(json.dumps(stack.template), encoding="utf-8")
        run(Path(sys.executable).with_name("cfn-lint"), "--template", tmp_path / "template.json")

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--stage", "prod", "--region", "eu-west-1", "--param=architecture=arm64"),
            (
                "--param=reservedConcurrency=none",
                f"--param=requestsTopic={TOPIC}",
                f"--param=secretKmsKey={KEY}",
                "--param=ledgerBucket=callout-ledger",
            ),
        ],
    )
    def test_is_accepted_by_cfn_lint_with_other_parameters(
        self, package_template: Callable[..., Path], arguments: tuple[str, ...]
    ) -> None:
        run(Path(sys.executable).with_name("cfn-lint"), "--template", package_template(*arguments))

    def test_has_no_wildcard_in_the_role_but_behind_a_prefix_of_the_ledger(self, stack: Any) -> None:
        roles = [each for each in stack.template["Resources"].values() if each["Type"] == "AWS::IAM::Role"]
        assert len(roles) == 1
        texts = re.findall(r'"([^"]*\*[^"]*)"', json.dumps(roles))
        assert sorted(texts) == sorted(["*", f"{STAGE}/*", *(f"{kind}/*" for kind in LEDGER)])

    def test_keeps_what_an_asynchronous_invocation_could_not_do(self, stack: Any) -> None:
        configured = stack.template["Resources"]["PauserLambdaEvConf"]["Properties"]
        assert configured["DestinationConfig"] == {
            "OnFailure": {"Destination": {"Fn::GetAtt": ["FailedWakeUps", "Arn"]}}
        }
        assert configured["MaximumEventAgeInSeconds"] == 600
        assert configured["MaximumRetryAttempts"] == 2

    def test_asks_for_no_more_pollers_than_can_run(self, stack: Any) -> None:
        mapping = stack.template["Resources"]["PauserEventSourceMappingSQSRequestQueue"]["Properties"]
        assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}

    def test_takes_its_parameters_from_the_command_line(self, package_template: Callable[..., Path]) -> None:
        made = package_template(
            "--param=memorySize=1024",
            "--param=alarmAfterSeconds=660",
            "--param=rate=rate(5 minutes)",
            "--param=timeout=900",
            "--param=audit=cron(30 7 * * ? *)",
        )
        resources = json.loads(made.read_text(encoding="utf-8"))["Resources"]
        function = resources["PauserLambdaFunction"]["Properties"]
        assert (int(function["MemorySize"]), int(function["Timeout"])) == (1024, 900)
        assert resources["RequestQueue"]["Properties"]["VisibilityTimeout"] == 5400
        rule = resources["PauserEventsRuleSchedule1"]["Properties"]
        assert rule["ScheduleExpression"] == "rate(5 minutes)"
        audit = resources["PauserEventsRuleSchedule2"]["Properties"]
        assert (audit["ScheduleExpression"], audit["State"]) == ("cron(30 7 * * ? *)", "ENABLED")
        assert self._periods(resources, "SilenceAlarm") == ([60, 60], 11)
        assert self._periods(resources, "TimerSilenceAlarm") == ([60], 11)

    def test_has_the_audit_switched_off_by_its_parameter_and_the_timer_not(
        self, package_template: Callable[..., Path]
    ) -> None:
        resources = json.loads(package_template("--param=audit=none").read_text(encoding="utf-8"))[
            "Resources"
        ]
        rules = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::Events::Rule"]
        assert {rule["Name"]: rule["State"] for rule in rules} == {
            f"{STAGE}-timer": "ENABLED",
            f"{STAGE}-audit": "DISABLED",
        }

    def test_rings_after_three_times_five_minutes_without_a_success_or_without_the_timer(
        self, stack: Any
    ) -> None:
        resources = stack.template["Resources"]
        assert self._periods(resources, "SilenceAlarm") == ([300, 300], 3)
        assert self._periods(resources, "TimerSilenceAlarm") == ([300], 3)

    def _periods(self, resources: dict[str, Any], alarm: str) -> tuple[list[int], int]:
        properties = resources[alarm]["Properties"]
        stats = [metric["MetricStat"] for metric in properties["Metrics"] if "MetricStat" in metric]
        return [stat["Period"] for stat in stats], properties["EvaluationPeriods"]

    def test_retains_what_is_evidence_but_not_of_a_first_deployment_that_failed(self, stack: Any) -> None:
        resources = stack.template["Resources"]
        retained = {name for name, each in resources.items() if "DeletionPolicy" in each}
        assert retained == {"PauserLogGroup", "RequestDeadLetters", "FailedWakeUps", "LedgerBucket"}
        for name in retained:
            assert resources[name]["DeletionPolicy"] == "RetainExceptOnCreate"
            assert resources[name]["UpdateReplacePolicy"] == "Retain"
