"""scf/serverless.yml held against what is known of the component's inputs, and against the rest of the project."""

from __future__ import annotations

import ast
import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from handler.settings.fields import Settings
from local import package

ROOT = Path(__file__).resolve().parents[2]
SCHEMA: dict[str, Any] = json.loads((ROOT / "scf/inputs.schema.json").read_text(encoding="utf-8"))
TEXT = (ROOT / "scf/serverless.yml").read_text(encoding="utf-8")
SHELL = {
    "SCF_REGION": "ap-guangzhou",
    "SCF_LOGSET_ID": "6f2d2a1e-0c6b-4a52-9a55-0d4f8f1f7a01",
    "SCF_LOG_TOPIC_ID": "31d3ce01-228b-42f5-aab5-7f740cc2fb11",
    "SCF_CKAFKA_INSTANCE": "ckafka-7q4m2zxd",
    "SCF_CKAFKA_TOPIC": "callout-requests",
    "CALLOUT_TOPIC": "cmq:callout-reports",
    "CALLOUT_LEDGER": "cos://callout-ledger-1250000000/callout-quiet-hours",
    "CALLOUT_SDK_APP_ID": "1400692008",
    "CALLOUT_ENDPOINT": "ccc.tencentcloudapi.com",
}

Inputs = dict[str, Any]
Resolve = Callable[..., Inputs]


@pytest.fixture
def resolve(scf_instance: Callable[..., dict[str, Any]]) -> Resolve:
    """The inputs with the variables of the shell and of the engine put in."""

    def make(**shell: str) -> Inputs:
        instance = scf_instance(**shell)
        text = json.dumps(instance["inputs"])
        for name in ("name", "stage", "app"):
            text = text.replace(f"${{{name}}}", instance[name])
        inputs: Inputs = json.loads(text)
        return inputs

    return make


@pytest.fixture
def inputs(resolve: Resolve) -> Inputs:
    return resolve(**SHELL)


def faults(inputs: Inputs) -> list[str]:
    """Where the schema refuses the inputs, and why."""
    found = jsonschema.Draft202012Validator(SCHEMA).iter_errors(inputs)
    return sorted(f"{'.'.join(map(str, each.absolute_path))}: {each.validator}" for each in found)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_file_is_what_the_component_takes(inputs: Inputs) -> None:
    assert faults(inputs) == []


def test_what_has_a_default_may_be_left_unset(resolve: Resolve) -> None:
    inputs = resolve(**{name: SHELL[name] for name in ("SCF_CKAFKA_INSTANCE", "SCF_CKAFKA_TOPIC")})
    assert faults(inputs) == []
    assert "region" not in inputs
    assert inputs["cls"] == {}
    assert set(inputs["environment"]["variables"]) == {
        "CALLOUT_POLICY",
        "CALLOUT_NOTIFY",
        "CALLOUT_DRY_RUN",
    }


def test_a_ckafka_trigger_without_its_instance_is_refused(resolve: Resolve) -> None:
    assert faults(resolve()) == [
        "events.1.ckafka.parameters.name: pattern",
        "events.1.ckafka.parameters: required",
        "events.1.ckafka.parameters: required",
    ]


def test_without_ckafka_the_timer_is_a_whole_deployment(resolve: Resolve) -> None:
    inputs = resolve()
    del inputs["events"][1]
    assert faults(inputs) == []


TIMER, CKAFKA = ("events", 0, "timer", "parameters"), ("events", 1, "ckafka", "parameters")
ABSENT = "(absent)"


@pytest.mark.parametrize(
    ("place", "value", "refused"),
    [
        (("runtime",), "Python3.12", "runtime: enum"),
        (("runtime",), "Python3.9", "runtime: enum"),
        (("runtime",), "python3.10", "runtime: enum"),
        (("handler",), "handler/main.main_handler", "handler: pattern"),
        (("handler",), "handler.main.main_handler", "handler: pattern"),
        (("handler",), "main_handler", "handler: pattern"),
        (("handler",), "i.main_handler", "handler: pattern"),
        (("handler",), f"index.{'m' * 61}", "handler: pattern"),
        (("memorySize",), 100, "memorySize: anyOf"),
        (("memorySize",), 192, "memorySize: anyOf"),
        (("memorySize",), 3200, "memorySize: anyOf"),
        (("memorySize",), "512", "memorySize: type"),
        (("timeout",), 0, "timeout: minimum"),
        (("timeout",), 901, "timeout: maximum"),
        (("name",), "1-quiet-hours", "name: pattern"),
        (("name",), "quiet-hours-", "name: pattern"),
        (("name",), "q" * 61, "name: pattern"),
        (("description",), "Pauses tasks: now!", "description: pattern"),
        (("type",), "web", "type: const"),
        (("asyncRunEnable",), True, ": additionalProperties"),
        (("retryNum",), 2, ": additionalProperties"),  # the toolkit does not send these two
        (("msgTTL",), 600, ": additionalProperties"),
        (("memorysize",), 512, ": additionalProperties"),
        (("role",), ABSENT, ": required"),
        (("role",), "", "role: minLength"),
        (("src",), {"object": "code.zip"}, "src: oneOf"),
        (("environment",), {"CALLOUT_DRY_RUN": "true"}, "environment: required"),
        (
            ("environment", "variables", "CALLOUT_DRY_RUN"),
            True,
            "environment.variables.CALLOUT_DRY_RUN: type",
        ),
        (("environment", "variables", "TENCENTCLOUD_SECRET_ID"), "AKID", "environment.variables: pattern"),
        (("environment", "variables", "SCF_REGION"), "ap-guangzhou", "environment.variables: pattern"),
        (("environment", "variables", "CALLOUT-TOPIC"), "stdout:", "environment.variables: pattern"),
        (("cls", "topicId"), ABSENT, "cls: dependentRequired"),
        (("cls", "logsetId"), "ls-1", "cls.logsetId: pattern"),
        (("cls", "logSetId"), "31d3ce01-228b-42f5-aab5-7f740cc2fb11", "cls: additionalProperties"),
        (("tags", "app"), "", "tags.app: minLength"),
        (("events",), [], "events: minItems"),
        (("events", 0, "cmq"), {}, "events.0: additionalProperties"),
        (("events", 0, "timers"), {}, "events.0: additionalProperties"),
        ((*TIMER, "cronExpression"), "*/5 * * * *", "events.0.timer.parameters.cronExpression: pattern"),
        ((*TIMER, "cronExpression"), "0 */5 * * * *", "events.0.timer.parameters.cronExpression: pattern"),
        ((*TIMER, "enable"), ABSENT, "events.0.timer.parameters: required"),
        ((*TIMER, "enable"), "true", "events.0.timer.parameters.enable: type"),
        ((*TIMER, "cron"), "0 */5 * * * * *", "events.0.timer.parameters: additionalProperties"),
        ((*TIMER, "name"), "5-minutes", "events.0.timer.parameters.name: pattern"),
        ((*CKAFKA, "enable"), ABSENT, "events.1.ckafka.parameters: required"),
        ((*CKAFKA, "qualifier"), ABSENT, "events.1.ckafka.parameters: required"),
        ((*CKAFKA, "name"), "callout-requests", "events.1.ckafka.parameters.name: pattern"),
        ((*CKAFKA, "maxMsgNum"), 0, "events.1.ckafka.parameters.maxMsgNum: minimum"),
        ((*CKAFKA, "timeout"), 61, "events.1.ckafka.parameters.timeout: maximum"),
        ((*CKAFKA, "retry"), 10_001, "events.1.ckafka.parameters.retry: maximum"),
        ((*CKAFKA, "offset"), "newest", "events.1.ckafka.parameters.offset: anyOf"),
    ],
    ids=str,
)
def test_a_mistake_is_refused_at_its_place(
    inputs: Inputs, place: tuple[str | int, ...], value: Any, refused: str
) -> None:
    wrong = copy.deepcopy(inputs)
    *path, last = place
    inner: Any = wrong
    for step in path:
        inner = inner[step]
    if value == ABSENT:
        del inner[last]
    else:
        inner[last] = value
    assert refused in faults(wrong)


def test_a_variable_of_the_shell_is_alone_in_its_value_but_in_the_name_of_the_trigger() -> None:
    """The CLI has no defaults: inside a text, a variable that is not set becomes the word `undefined`."""
    values = re.findall(r"^[^#\n]*?: +(\S*\$\{env:.*?)(?: #.*)?$", TEXT, re.MULTILINE)
    assert len(values) == TEXT.count("${env:") - 2  # NAME in the comment, and two in one name
    assert [each for each in values if not re.fullmatch(r"\$\{env:\w+\}", each)] == [
        "${env:SCF_CKAFKA_INSTANCE}-${env:SCF_CKAFKA_TOPIC}"
    ]


def test_every_variable_is_one_that_the_function_reads(inputs: Inputs) -> None:
    variables = inputs["environment"]["variables"]
    assert {name.lower() for name in variables} <= set(Settings.model_fields)


def test_the_variables_fit_into_their_4_kilobytes(inputs: Inputs) -> None:
    assert len(json.dumps(inputs["environment"]["variables"])) < 4096


def test_no_timer_names_an_hour(inputs: Inputs) -> None:
    expressions = [
        each["timer"]["parameters"]["cronExpression"] for each in inputs["events"] if "timer" in each
    ]
    assert [expression.split()[2] for expression in expressions] == ["*"] * len(expressions)


def test_no_audit_is_asked_for_until_its_lines_are_put_in_force(inputs: Inputs, resolve: Resolve) -> None:
    assert "audit" not in json.dumps(inputs["events"])
    lines = re.findall(r"^    #(- timer:|    .*)$", TEXT, re.MULTILINE)
    (trigger,) = yaml.safe_load("\n".join(lines))
    given = trigger["timer"]["parameters"]
    assert json.loads(given["argument"]) == {"action": "audit"}
    sample = json.loads((ROOT / "events/scf-timer-audit.json").read_text(encoding="utf-8"))
    assert (sample["TriggerName"], sample["Message"]) == (given["name"], given["argument"])
    inputs["events"].insert(1, trigger)
    assert faults(inputs) == []


def test_the_hour_of_the_audit_is_between_two_midnights_of_utc_whichever_zone_it_is_in() -> None:
    """An audit is of the day before in UTC: near midnight it could leave out a day, or repeat one."""
    (hour,) = re.findall(r"^    #      cronExpression: '0 0 (\d+) \* \* \* \*'$", TEXT, re.MULTILINE)
    assert 2 <= int(hour) - 8 < int(hour) <= 22


def test_the_timer_asks_for_everything_and_the_page_says_how_it_asks_for_enforce(inputs: Inputs) -> None:
    assert json.loads(inputs["events"][0]["timer"]["parameters"]["argument"]) == {}
    assert """argument: '{"action": "enforce"}'""" in (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    ledger = inputs["environment"]["variables"]["CALLOUT_LEDGER"]
    assert ledger == "cos://callout-ledger-1250000000/callout-quiet-hours"


def test_the_name_of_the_ckafka_trigger_is_its_instance_and_its_topic(inputs: Inputs) -> None:
    trigger = inputs["events"][1]["ckafka"]["parameters"]
    assert trigger["name"] == f"{trigger['instanceId']}-{trigger['topic']}"


def test_the_package_and_the_file_agree(inputs: Inputs) -> None:
    target = package.TARGETS["scf"]
    assert inputs["runtime"] == f"Python{target.python}"
    assert inputs["environment"]["variables"]["CALLOUT_POLICY"] == package.POLICY_NAME
    # The CLI makes the zip itself, so the package is unpacked beside where it was written.
    assert f"../{target.output.with_suffix('').as_posix()}" == inputs["src"]
    file, _, function = inputs["handler"].partition(".")
    assert target.more == {f"{file}.py": ROOT / "scf" / f"{file}.py"}
    assert function == "main_handler"


def test_the_entry_file_is_one_import() -> None:
    (_, only) = ast.parse((ROOT / "scf/index.py").read_text(encoding="utf-8")).body
    assert ast.unparse(only) == "from handler import main_handler"


def test_the_aws_file_one_folder_up_says_nothing_that_the_cli_would_take_over() -> None:
    """It reads `app`, `stage` and `org` of a serverless.yml one folder up, and lets them win."""
    above = yaml.safe_load((ROOT / "serverless.yml").read_text(encoding="utf-8"))
    assert not {"app", "stage", "org"} & set(above)


def test_the_role_may_do_what_the_function_calls_and_nothing_else() -> None:
    policy = json.loads((ROOT / "scf/cam-policy.json").read_text(encoding="utf-8"))
    assert policy["version"] == "2.0"
    assert {each["effect"] for each in policy["statement"]} == {"allow"}
    granted = sorted(action for each in policy["statement"] for action in each["action"])
    assert granted == [
        "ccc:DescribeAutoCalloutTask",
        "ccc:DescribeAutoCalloutTasks",
        "ccc:DescribePredictiveDialingCampaigns",
        "ccc:DescribePredictiveDialingSessions",
        "ccc:DescribeTelCdr",
        "ccc:PauseAutoCalloutTask",
        "ccc:PausePredictiveDialingCampaign",
        "ccc:ResumeAutoCalloutTask",
        "ccc:ResumePredictiveDialingCampaign",
        "eb:GetEventBus",
        "eb:PutEvents",
        "tdmq:DescribeCmqTopicDetail",
        "tdmq:PublishCmqMsg",
    ]
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "handler").rglob("*.py"))
    called = set(re.findall(r'"((?:Describe|GetEvent|Pause|Publish|Put|Resume)[A-Z]\w+)"', sources))
    called -= {"ResumeUnconfirmed", "ResumeUnderWay"}  # codes of our own, no actions
    assert called == {action.partition(":")[2] for action in granted}


def test_what_the_audit_alone_needs_is_a_statement_of_its_own() -> None:
    """So that it can be deleted where nobody asks for audits."""
    policy = json.loads((ROOT / "scf/cam-policy.json").read_text(encoding="utf-8"))
    found = [each for each in policy["statement"] if "ccc:DescribeTelCdr" in each["action"]]
    assert [each["action"] for each in found] == [
        ["ccc:DescribeTelCdr", "ccc:DescribePredictiveDialingSessions"]
    ]
    assert "*" not in json.dumps([each["action"] for each in policy["statement"]])


PLACE = "qcs::cos:ap-guangzhou:uid/1250000000:callout-ledger-1250000000/"
"""The bucket as the document names it; docs/deploy.md replaces region, account and name with sed."""


@pytest.fixture
def ledger() -> dict[str, dict[str, Any]]:
    """The statements of the policy for the ledger, by their only action."""
    policy = json.loads((ROOT / "scf/cam-policy-ledger.json").read_text(encoding="utf-8"))
    assert policy["version"] == "2.0"
    for each in policy["statement"]:
        assert each["effect"] == "allow"
    return {action: each for each in policy["statement"] for (action,) in [each["action"]]}


def test_the_role_may_create_read_and_list_in_the_ledger_and_nothing_else(
    ledger: dict[str, dict[str, Any]],
) -> None:
    assert {action: each["resource"] for action, each in ledger.items()} == {
        "cos:PutObject": [
            f"{PLACE}callout-quiet-hours/{kind}/*"
            for kind in ("paused", "withdrawn", "resumed", "results", "probe", "audit")
        ],
        "cos:GetObject": [f"{PLACE}callout-quiet-hours/*"],
        "cos:GetBucket": [PLACE],
    }


def test_the_role_may_not_overwrite_in_the_ledger(ledger: dict[str, dict[str, Any]]) -> None:
    assert ledger["cos:PutObject"]["condition"] == {"string_equal": {"cos:x-cos-forbid-overwrite": "true"}}


def test_the_role_lists_below_the_prefix_alone(ledger: dict[str, dict[str, Any]]) -> None:
    """In both spellings: that CAM compares the encoded one was seen in use, and is not in its documents."""
    assert ledger["cos:GetBucket"]["condition"] == {
        "string_like": {"cos:prefix": ["callout-quiet-hours/*", "callout-quiet-hours%2F*"]}
    }


def test_the_steps_name_what_stands_in_the_policy_for_the_ledger() -> None:
    """What sed does not find, it leaves as it is, and the role would be refused at the bucket."""
    text = (ROOT / "scf/cam-policy-ledger.json").read_text(encoding="utf-8")
    steps = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"sed (.*) scf/cam-policy-ledger\.json", steps)
    replaced = re.findall(r"s/([^/]+)/[^/]+/g", command)
    assert replaced == ["callout-ledger-1250000000", "1250000000", "ap-guangzhou"]
    assert all(each in text for each in replaced)
