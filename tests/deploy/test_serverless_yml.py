"""serverless.yml, as far as it can be read without Node.js."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

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
                    # With a secret there is one more; without, nothing.
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
    assert hidden == 6 * configuration["provider"]["timeout"]


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


def test_a_statement_about_a_secret_is_there_only_with_a_secret(configuration: Configuration) -> None:
    policies = configuration["resources"]["Resources"]["PauserRole"]["Properties"]["Policies"]
    optional = [each["Fn::If"] for each in policies[0]["PolicyDocument"]["Statement"] if "Fn::If" in each]
    assert [(condition, otherwise) for condition, _, otherwise in optional] == [
        ("HasSecret", {"Ref": "AWS::NoValue"}),
        ("HasSecretKmsKey", {"Ref": "AWS::NoValue"}),
    ]
    assert [statement["Resource"] for _, statement, _ in optional] == [
        {"Ref": "Secret"},
        {"Ref": "SecretKmsKey"},
    ]


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
    assert len(names) == 10
    assert all(name.startswith("${self:service}-${sls:stage}") for name in names)


def test_every_alarm_reaches_a_topic_that_cloudwatch_can_publish_to(resources: dict[str, Any]) -> None:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    assert set(alarms) == {"ErrorsAlarm", "SilenceAlarm", "RequestDeadLettersAlarm", "FailedWakeUpsAlarm"}
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    assert "KmsMasterKeyId" not in resources["AlarmTopic"]["Properties"]


def test_silence_is_an_alarm(resources: dict[str, Any]) -> None:
    assert resources["SilenceAlarm"]["Properties"]["TreatMissingData"] == "breaching"


def test_every_variable_is_one_that_the_function_reads(configuration: Configuration) -> None:
    assert {name.lower() for name in configuration["provider"]["environment"]} <= set(Settings.model_fields)


def test_the_package_and_serverless_yml_agree(configuration: Configuration) -> None:
    target = package.TARGETS["lambda"]
    params = configuration["params"]["default"]
    assert params["artifact"] == target.output.as_posix()
    assert (params["python"], params["architecture"]) == (target.python, package.ARCHITECTURE)
    assert params["policy"] == package.POLICY_NAME
    assert configuration["provider"]["environment"]["CALLOUT_POLICY"] == "${param:policy}"


def test_a_mistake_in_the_file_is_an_error(configuration: Configuration) -> None:
    assert configuration["configValidationMode"] == "error"


def test_the_cli_is_pinned_without_a_lock_file() -> None:
    pinned = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    assert pinned.keys() == {"osls", "tencent-component-toolkit"}
    assert all(version.replace(".", "").isdigit() for version in pinned.values())
    assert "package-lock=false" in (ROOT / ".npmrc").read_text().splitlines()
    assert not (ROOT / "package-lock.json").exists()
