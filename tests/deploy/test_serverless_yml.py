"""serverless.yml, as far as it can be read without Node.js."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from handler.settings.fields import Settings
from local import package

ROOT = Path(__file__).resolve().parents[2]

LEDGER = ("paused", "withdrawn", "resumed", "results", "probe", "audit")
"""What the keys of the ledger begin with, below its prefix."""

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


def joined(resource: Any) -> str:
    """The ARN of the ledger's bucket, or of objects in it, as one text."""
    if resource == "${self:custom.ledgerArn}":
        return "BUCKET"
    separator, parts = resource["Fn::Join"]
    assert parts[:2] == ["${self:custom.ledgerArn}", "${self:custom.ledgerPrefix}"]
    return str(separator.join(["BUCKET", "PREFIX", *parts[2:]]))


def about_the_ledger(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["Sid"]: each for each in statements(resources) if each["Sid"].endswith("Ledger")}


def test_no_statement_has_a_wildcard_but_behind_a_prefix_of_the_ledger(resources: dict[str, Any]) -> None:
    found = list(statements(resources))
    assert "*" not in json.dumps([each["Action"] for each in found])
    ours = about_the_ledger(resources)
    assert "*" not in json.dumps([each["Resource"] for each in found if each["Sid"] not in ours])
    for statement in ours.values():
        named = statement["Resource"]
        for each in map(joined, named if isinstance(named, list) else [named]):
            assert re.fullmatch(r"BUCKET(/PREFIX/([a-z]+/)?\*)?", each)


def test_every_statement_is_about_one_resource_of_this_stack(resources: dict[str, Any]) -> None:
    ours = about_the_ledger(resources)
    assert len(ours) == 3
    for statement in statements(resources):
        if statement["Sid"] not in ours:
            assert list(statement["Resource"]) in (["Ref"], ["Fn::GetAtt"])


def test_the_role_may_create_read_and_list_in_the_ledger_and_nothing_else(resources: dict[str, Any]) -> None:
    ours = about_the_ledger(resources)
    assert {name: each["Action"] for name, each in ours.items()} == {
        "CreateInLedger": "s3:PutObject",
        "ReadLedger": "s3:GetObject",
        "ListLedger": "s3:ListBucket",
    }
    assert "s3:" not in json.dumps([each for each in statements(resources) if each["Sid"] not in ours])
    assert [joined(each) for each in ours["CreateInLedger"]["Resource"]] == [
        f"BUCKET/PREFIX/{kind}/*" for kind in LEDGER
    ]
    assert joined(ours["ReadLedger"]["Resource"]) == "BUCKET/PREFIX/*"
    assert joined(ours["ListLedger"]["Resource"]) == "BUCKET"
    assert ours["ListLedger"]["Condition"] == {"StringLike": {"s3:prefix": "${self:custom.ledgerPrefix}/*"}}


def test_the_role_may_not_overwrite_in_the_ledger(resources: dict[str, Any]) -> None:
    """Null with `false` wants the key to be there; a YAML key that is not quoted would be no text at all."""
    assert about_the_ledger(resources)["CreateInLedger"]["Condition"] == {
        "Null": {"s3:if-none-match": "false"}
    }


def test_the_ledger_has_a_bucket_of_its_own_unless_one_is_given(configuration: Configuration) -> None:
    assert configuration["params"]["default"]["ledgerBucket"] == ""
    declared = configuration["resources"]
    assert declared["Parameters"]["GivenLedgerBucket"]["Default"] == "${param:ledgerBucket}"
    assert declared["Conditions"]["MakesLedgerBucket"] == {"Fn::Equals": [{"Ref": "GivenLedgerBucket"}, ""]}
    assert {name for name, each in declared["Resources"].items() if each["Type"].startswith("AWS::S3::")} == {
        name for name, each in declared["Resources"].items() if each.get("Condition") == "MakesLedgerBucket"
    }
    assert configuration["custom"]["ledgerBucket"] == {
        "Fn::If": ["MakesLedgerBucket", {"Ref": "LedgerBucket"}, {"Ref": "GivenLedgerBucket"}]
    }
    arn = ["arn:", {"Ref": "AWS::Partition"}, ":s3:::", "${self:custom.ledgerBucket}"]
    assert configuration["custom"]["ledgerArn"] == {"Fn::Join": ["", arn]}
    assert configuration["custom"]["ledgerPrefix"] == "${self:service}-${sls:stage}"


def schedules(configuration: Configuration) -> list[dict[str, Any]]:
    events = configuration["functions"]["pauser"]["events"]
    return [each["schedule"] for each in events if "schedule" in each]


def test_the_timer_asks_for_enforce_and_the_function_knows_its_ledger(configuration: Configuration) -> None:
    schedule = schedules(configuration)[0]
    assert schedule["name"].endswith("-timer")
    assert schedule["input"] == {"action": "enforce"}
    environment = configuration["provider"]["environment"]
    assert environment["CALLOUT_LEDGER"] == "${self:custom.${sls:stage}.ledger, self:custom.ledger}"
    place = ["s3://", "${self:custom.ledgerBucket}", "/${self:custom.ledgerPrefix}"]
    assert configuration["custom"]["ledger"] == {"Fn::Join": ["", place]}
    assert configuration["custom"]["local"]["ledger"] == ""


def test_every_morning_an_audit_is_asked_for_unless_the_parameter_says_otherwise(
    configuration: Configuration,
) -> None:
    _, audit = schedules(configuration)
    assert audit["name"] == "${self:service}-${sls:stage}-audit"
    assert audit["input"] == {"action": "audit"}
    assert audit["input"] == json.loads((ROOT / "events/audit.json").read_text(encoding="utf-8"))
    assert audit["rate"] == ["${callout:auditTime}"], "deploy/plugin.js gives a rule that is off a time, too"
    assert audit["enabled"] == "${callout:auditEnabled}"
    assert configuration["params"]["default"]["audit"] == "cron(0 6 * * ? *)"


def test_the_alarm_of_the_timer_counts_the_timer_and_not_the_audit(
    configuration: Configuration, resources: dict[str, Any]
) -> None:
    """The CLI numbers the rules in the order of the file."""
    metrics = resources["TimerSilenceAlarm"]["Properties"]["Metrics"]
    (dimension,) = metrics[1]["MetricStat"]["Metric"]["Dimensions"]
    assert dimension["Value"] == {"Ref": "PauserEventsRuleSchedule1"}
    assert [each["input"]["action"] for each in schedules(configuration)] == ["enforce", "audit"]


def test_the_ledgers_bucket_is_private_encrypted_and_forgets_after_30_days(resources: dict[str, Any]) -> None:
    properties = resources["LedgerBucket"]["Properties"]
    assert properties["PublicAccessBlockConfiguration"] == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (encryption,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    (rule,) = properties["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 30)
    assert not {"Prefix", "TagFilters"} & set(rule), "every object"


def test_what_was_paused_is_still_known_when_the_stack_is_gone(resources: dict[str, Any]) -> None:
    bucket = resources["LedgerBucket"]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert "BucketName" not in bucket["Properties"], "or what stayed would refuse the next deployment"


def test_the_ledgers_bucket_is_reached_over_tls_alone(resources: dict[str, Any]) -> None:
    properties = resources["LedgerBucketPolicy"]["Properties"]
    assert properties["Bucket"] == {"Ref": "LedgerBucket"}
    (statement,) = properties["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [
        {"Fn::GetAtt": ["LedgerBucket", "Arn"]},
        {"Fn::Sub": "${LedgerBucket.Arn}/*"},
    ]


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
