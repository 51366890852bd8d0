"""events/: one sample per trigger, each as the cloud would send it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

EVENTS = Path(__file__).resolve().parents[2] / "events"
SAMPLES = sorted(EVENTS.glob("*.json"), key=lambda path: path.stem)
BODIES = {"body", "msgBody", "Message"}
AUDITS = ("audit", "aws-sqs-audit", "scf-timer-audit")
POLICY_TASKS = {"spring-renewals", "us-reminders", "eu-surveys", 16498, 16499, 16500}


def strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every string in a document, with the key that it stands under."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from strings(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, key)
    elif isinstance(value, str):
        yield key, value


def requests(event: Any) -> Iterator[dict[str, Any]]:
    """Every request in an event, out of however many envelopes."""
    if not isinstance(event, dict):
        return
    if "tasks" in event:
        yield event
    for key, text in strings(event):
        if key in BODIES and text:
            yield from requests(json.loads(text))


def task_of(asked: Any) -> Any:
    """The name or the number of a task, in whichever of the three forms it is asked for."""
    return asked["task_id"] if isinstance(asked, dict) else asked


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
class TestEverySample:
    def test_is_named_after_its_cloud_and_trigger(self, sample: Path) -> None:
        assert re.fullmatch(r"(aws|scf)-[a-z]+(-[a-z]+)*\.json|(audit|check)\.json", sample.name)

    def test_is_an_object_printed_for_people(self, sample: Path) -> None:
        text = sample.read_text(encoding="utf-8")
        event = json.loads(text)
        assert isinstance(event, dict)
        assert text == json.dumps(event, indent=2, ensure_ascii=False) + "\n"

    def test_asks_for_tasks_of_the_policy_or_for_all_of_them(self, sample: Path) -> None:
        event = json.loads(sample.read_text(encoding="utf-8"))
        asked = {task_of(task) for request in requests(event) for task in request.get("tasks", ())}
        assert asked <= POLICY_TASKS
        assert bool(asked) != (sample.stem in {"scf-timer", "aws-eventbridge-rule", "check", *AUDITS})

    def test_stands_in_the_table(self, sample: Path) -> None:
        assert f"| `{sample.name}` |" in (EVENTS / "README.md").read_text(encoding="utf-8")


def test_the_table_names_no_sample_that_is_not_there() -> None:
    text = (EVENTS / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE) == [sample.name for sample in SAMPLES]


def test_there_is_a_sample_for_every_trigger() -> None:
    assert [sample.stem for sample in SAMPLES] == [
        "audit",
        "aws-eventbridge-rule",
        "aws-scheduler",
        "aws-sns",
        "aws-sqs",
        "aws-sqs-audit",
        "aws-sqs-sns",
        "check",
        "scf-ckafka",
        "scf-cmq",
        "scf-eventbridge-ckafka",
        "scf-eventbridge-tdmq",
        "scf-eventbridge-tdmq-batch",
        "scf-invoke",
        "scf-timer",
        "scf-timer-audit",
        "scf-timer-message",
    ]


@pytest.mark.parametrize("name", AUDITS)
def test_an_audit_is_asked_for_of_the_day_before_whenever_that_is(name: str) -> None:
    """One with times would be of a day that CCC forgets."""
    text = (EVENTS / f"{name}.json").read_text(encoding="utf-8")
    bodies = [json.loads(each) for key, each in strings(json.loads(text)) if key in BODIES]
    assert (bodies or [json.loads(text)]) == [{"action": "audit"}]


@pytest.mark.parametrize("name", ["aws-sqs", "aws-sqs-audit", "aws-sqs-sns"])
def test_every_sqs_record_carries_the_md5_of_its_body(name: str) -> None:
    for record in json.loads((EVENTS / f"{name}.json").read_text())["Records"]:
        assert record["md5OfBody"] == hashlib.md5(record["body"].encode()).hexdigest()  # noqa: S324 - SQS does


def test_the_batch_shows_each_documented_variant_of_the_envelope() -> None:
    batch = json.loads((EVENTS / "scf-eventbridge-tdmq-batch.json").read_text())["EventList"]
    assert [event["specversion"] for event in batch] == ["1.0", "1.0.2", "0"]
    assert [type(event["time"]) for event in batch] == [str, int, str]
    assert ["subjuect" in event for event in batch] == [False, False, True]
    assert [event["data"]["TopicType"] for event in batch] == ["0", "0", 0]
