"""serverless.yml, as far as it can be read without Node.js."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from handler.settings import Settings
from local import package

ROOT = Path(__file__).resolve().parents[2]

Configuration = dict[str, Any]


@pytest.fixture
def resources(configuration: Configuration) -> dict[str, Any]:
    declared: dict[str, Any] = configuration["resources"]["Resources"]
    return declared


def statements(resources: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in resources.values():
        if resource["Type"] == "AWS::IAM::Role":
            for policy in resource["Properties"]["Policies"]:
                for each in policy["PolicyDocument"]["Statement"]:
                    # With a key of the secret there is one more; without, nothing.
                    yield each["Fn::If"][1] if "Fn::If" in each else each


def of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: each["Properties"] for name, each in resources.items() if each["Type"] == kind}


def test_every_handler_exists(configuration: Configuration) -> None:
    for function in configuration["functions"].values():
        module, _, name = function["handler"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


def test_a_message_is_hidden_for_six_times_the_functions_timeout(
    configuration: Configuration, resources: dict[str, Any]
) -> None:
    hidden = resources["RequestQueue"]["Properties"]["VisibilityTimeout"]
    assert hidden == "${callout:hiddenSeconds}", "deploy/plugin.js calculates it"
    assert configuration["provider"]["timeout"] == "${param:timeout}"
    assert configuration["params"]["default"]["timeout"] == 120


def test_a_message_that_keeps_failing_is_kept_for_a_person(resources: dict[str, Any]) -> None:
    redrive = resources["RequestQueue"]["Properties"]["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["RequestDeadLetters", "Arn"]}
    assert redrive["maxReceiveCount"] >= 5
    kept = resources["RequestDeadLetters"]["Properties"]["MessageRetentionPeriod"]
    assert kept > resources["RequestQueue"]["Properties"]["MessageRetentionPeriod"]


def test_one_bad_message_does_not_bring_its_batch_again(configuration: Configuration) -> None:
    mapping = next(e["sqs"] for e in configuration["functions"]["pauser"]["events"] if "sqs" in e)
    assert mapping["functionResponseType"] == "ReportBatchItemFailures"


def test_no_statement_has_a_wildcard(resources: dict[str, Any]) -> None:
    found = list(statements(resources))
    assert found
    assert "*" not in json.dumps([[each["Action"], each["Resource"]] for each in found])


def test_every_statement_is_about_one_resource_of_this_stack(resources: dict[str, Any]) -> None:
    for statement in statements(resources):
        assert list(statement["Resource"]) in (["Ref"], ["Fn::GetAtt"])


def test_a_statement_about_a_key_is_there_only_with_a_key(configuration: Configuration) -> None:
    policies = configuration["resources"]["Resources"]["PauserRole"]["Properties"]["Policies"]
    optional = [each["Fn::If"] for each in policies[0]["PolicyDocument"]["Statement"] if "Fn::If" in each]
    ((condition, statement, otherwise),) = optional
    assert (condition, otherwise) == ("HasSecretKmsKey", {"Ref": "AWS::NoValue"})
    assert statement["Resource"] == {"Ref": "SecretKmsKey"}


def test_the_role_may_send_to_the_on_failure_destination(
    configuration: Configuration, resources: dict[str, Any]
) -> None:
    arn = configuration["functions"]["pauser"]["destinations"]["onFailure"]["arn"]
    allowed = [each["Action"] for each in statements(resources) if each["Resource"] == arn]
    assert allowed == ["sqs:SendMessage"]


def test_every_name_carries_the_stage(configuration: Configuration, resources: dict[str, Any]) -> None:
    names = [function["name"] for function in configuration["functions"].values()]
    for resource in resources.values():
        properties = resource["Properties"]
        names += [properties[key] for key in ("QueueName", "TopicName", "AlarmName") if key in properties]
    assert len(names) == 11
    assert all(name.startswith("${self:service}-${sls:stage}") for name in names)


def test_every_alarm_reaches_a_topic_that_cloudwatch_can_publish_to(resources: dict[str, Any]) -> None:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    assert set(alarms) == {
        "ErrorsAlarm",
        "SilenceAlarm",
        "TimerSilenceAlarm",
        "RequestDeadLettersAlarm",
        "FailedWakeUpsAlarm",
    }
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    assert "KmsMasterKeyId" not in resources["AlarmTopic"]["Properties"]


@pytest.mark.parametrize(
    ("alarm", "expression", "namespace", "dimension"),
    [
        ("SilenceAlarm", "FILL(invocations, 0) - FILL(errors, 0)", "AWS/Lambda", "FunctionName"),
        # Messages of the queue are invocations of the function, too, and mask a timer that is dead.
        ("TimerSilenceAlarm", "FILL(invocations, 0)", "AWS/Events", "RuleName"),
    ],
)
def test_silence_is_an_alarm(
    resources: dict[str, Any], alarm: str, expression: str, namespace: str, dimension: str
) -> None:
    properties = resources[alarm]["Properties"]
    assert properties["TreatMissingData"] == "breaching"
    result, *stats = properties["Metrics"]
    assert (result["Expression"], result["ReturnData"]) == (expression, True)
    for metric in (each["MetricStat"]["Metric"] for each in stats):
        assert metric["Namespace"] == namespace
        assert [each["Name"] for each in metric["Dimensions"]] == [dimension]


def test_the_reservation_is_a_condition(configuration: Configuration) -> None:
    reserved = configuration["functions"]["pauser"]["reservedConcurrency"]
    assert reserved == {"Fn::If": ["HasReservation", 1, {"Ref": "AWS::NoValue"}]}
    condition = configuration["resources"]["Conditions"]["HasReservation"]
    assert condition == {"Fn::Not": [{"Fn::Equals": [{"Ref": "ReservedConcurrency"}, "none"]}]}
    assert configuration["params"]["default"]["reservedConcurrency"] == "1"


def test_the_queue_takes_messages_of_one_topic_if_one_is_given(resources: dict[str, Any]) -> None:
    assert resources["RequestQueuePolicy"]["Condition"] == "HasRequestsTopic"
    properties = resources["RequestQueuePolicy"]["Properties"]
    assert properties["Queues"] == [{"Ref": "RequestQueue"}]
    (statement,) = properties["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"] == {"Fn::GetAtt": ["RequestQueue", "Arn"]}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "RequestsTopic"}}}


def test_credentials_reach_the_function_as_a_secret_alone(configuration: Configuration) -> None:
    assert "useDotenv" not in configuration
    assert "${env:" not in (ROOT / "serverless.yml").read_text(encoding="utf-8")
    assert configuration["params"]["default"]["secret"] == ""
    assert "TENCENTCLOUD" not in json.dumps(configuration["provider"])


@pytest.mark.parametrize("stage", ["prod", "staging"])
def test_a_stage_is_a_file_of_known_parameters(configuration: Configuration, stage: str) -> None:
    assert configuration["params"][stage] == f"${{file(stages/{stage}.yml)}}"
    block = yaml.safe_load((ROOT / "stages" / f"{stage}.yml").read_text(encoding="utf-8"))
    assert set(block) <= set(configuration["params"]["default"])


def test_every_variable_is_one_that_the_function_reads(configuration: Configuration) -> None:
    assert {name.lower() for name in configuration["provider"]["environment"]} <= set(Settings.model_fields)


def test_the_package_and_serverless_yml_agree(configuration: Configuration) -> None:
    target = package.TARGETS["lambda"]
    params = configuration["params"]["default"]
    assert (params["python"], params["architecture"]) == (target.python, package.ARCHITECTURE)
    assert configuration["package"]["artifact"] == "build/${sls:stage}.zip"
    assert package.POLICY_NAME in configuration["provider"]["environment"]["CALLOUT_POLICY"]


def test_a_mistake_in_the_file_is_an_error(configuration: Configuration) -> None:
    assert configuration["configValidationMode"] == "error"


def test_the_cli_is_pinned_without_a_lock_file() -> None:
    declared = json.loads((ROOT / "package.json").read_text())
    assert declared["license"] == "MIT"
    pinned = declared["devDependencies"]
    assert pinned.keys() == {
        "@aws-sdk/client-secrets-manager",
        "@aws-sdk/client-ssm",
        "osls",
        "tencent-component-toolkit",
    }
    assert all(version.replace(".", "").isdigit() for version in pinned.values())
    assert "package-lock=false" in (ROOT / ".npmrc").read_text().splitlines()
    assert not (ROOT / "package-lock.json").exists()


def test_git_ignores_the_file_that_the_credentials_are_written_into() -> None:
    assert "keys.json" in (ROOT / ".gitignore").read_text().splitlines()
    assert "file://keys.json" in (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
