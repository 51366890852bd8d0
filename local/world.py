"""The embedded world: an emulated CCC in which a policy's tasks run, and an SNS topic with a subscriber.

The topic is moto's, in this process: real boto3 calls, no AWS.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

from handler.cloud.ccc_types import STATES
from handler.cloud.pacing import Clock
from handler.policy.source import load
from handler.target import Kind, SdkAppId, State
from local.emulator import Emulator

REGION = "us-east-1"
APP = SdkAppId(1400692008)
SECRET_ID, SECRET_KEY = "AKIDEXAMPLE", "SECRETEXAMPLE"  # valid only for the emulator

EXAMPLE = str(Path(__file__).parents[1] / "policy.example.yaml")
_UNNAMED: Mapping[str, Any] = {"task_id": 16501, "name": "autumn-offers"}
"""A task that no policy names: a rule of its application covers it, or it is uncovered."""
_OF_RULES = 16511
"""The id of the task that the first rule covers."""
_ANY = "winter"
"""What stands for the `*` of a pattern."""

_CALLS_PER_MINUTE = 1 / 360
"""What each task called since the day before, day and night, for an audit to find something."""

Records = list[Mapping[str, Any]]


def targets_of(policy: str = EXAMPLE) -> dict[Kind, Records]:
    """Return what runs in the world of a policy. Raises `ConfigurationError`.

    That is everything that the policy names, a task or a campaign for each of its rules, and a task besides.
    """
    document = load(policy)
    names: dict[tuple[Kind, int, int], str] = {}
    for name, each in document.named_targets(APP).items():
        names.setdefault((each.kind or "task", each.sdk_app_id, each.id or 0), name)
    for number, rule in enumerate(document.rules):
        name = (rule.name or ["*"])[0].replace("*", _ANY).replace("?", "1")
        names.setdefault((rule.kinds[0], rule.sdk_app_id or APP, _OF_RULES + number), name)
    names.setdefault(("task", APP, _UNNAMED["task_id"]), _UNNAMED["name"])
    found: dict[Kind, Records] = {"task": [], "campaign": []}
    for (kind, app, id_), name in names.items():
        found[kind].append({f"{kind}_id": id_, "sdk_app_id": app, "name": name, "state": 1})
    return found


def settings_of(emulator: Emulator, policy: str, topic: str) -> dict[str, Any]:
    """Return every setting of the function in a world, so that nothing of the environment is used."""
    return {
        "_env_file": None,
        "tencentcloud_secret_id": SECRET_ID,
        "tencentcloud_secret_key": SECRET_KEY,
        "tencentcloud_session_token": None,
        "role_secret_id": None,
        "role_secret_key": None,
        "role_session_token": None,
        "callout_secret": None,
        "callout_policy": policy,
        "callout_quiet_hours": None,
        "callout_time_zone": None,
        "callout_sdk_app_id": APP,
        "callout_endpoint": emulator.url,
        "callout_region": None,
        "callout_topic": topic,
        "callout_ledger": None,
        "callout_notify": "always",
        "callout_requests_per_second": 20,
        "callout_verify": True,
        "callout_dry_run": False,
    }


@dataclass(frozen=True)
class World:
    """An emulated CCC and a topic, and the settings that select them."""

    emulator: Emulator
    policy: str
    topic: str
    queue: str

    def states(self) -> dict[tuple[Kind, int], State | None]:
        """Return the state of every task and campaign by kind and id."""
        emulator = self.emulator
        found: dict[tuple[Kind, int], State | None] = {}
        found |= {("task", each.id): STATES["task"][each.state] for each in emulator.tasks}
        found |= {("campaign", each.id): STATES["campaign"][each.state] for each in emulator.campaigns}
        return found

    @property
    def settings(self) -> dict[str, Any]:
        """Every setting, so that nothing of the environment is used."""
        return settings_of(self.emulator, self.policy, self.topic)

    def received(self) -> list[dict[str, Any]]:
        """Return what the subscriber got: SNS notifications, with Subject, Message and MessageAttributes."""
        import boto3  # noqa: PLC0415

        sqs = boto3.client("sqs", region_name=REGION)
        bodies: list[dict[str, Any]] = []
        while messages := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def published(self) -> list[tuple[str | None, str]]:
        """Return the messages that the topic took, each its subject and its bodies as they were sent."""
        from moto.sns.models import sns_backends  # noqa: PLC0415

        _, _, _, region, account, _ = self.topic.split(":")
        sent = sns_backends[account][region].topics[self.topic].sent_notifications
        return [(subject, bodies) for _, bodies, subject, *_ in sent]


@contextmanager
def _without_aws() -> Iterator[None]:
    """Hide the AWS settings of the environment, such as profile, endpoint and region."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("AWS_")}
    try:
        yield
    finally:
        os.environ.update(kept)


@contextmanager
def world(clock: Clock, policy: str = EXAMPLE) -> Iterator[World]:
    """Yield a world with a policy, whose tasks run there and follow `clock`. Raises `ConfigurationError`."""
    import boto3  # noqa: PLC0415 - a second, which `quiet-hours emulator` need not wait for
    from moto import mock_aws  # noqa: PLC0415

    targets = targets_of(policy)
    midnight = clock.now().astimezone(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    day_before = (midnight - timedelta(days=1)).timestamp()
    emulator = Emulator(
        tasks=[{**each, "calls_per_minute": _CALLS_PER_MINUTE} for each in targets["task"]],
        campaigns=targets["campaign"],
        secrets={SECRET_ID: SECRET_KEY},
        now=lambda: day_before,
    )
    list(emulator.tasks)
    emulator.now = lambda: clock.now().timestamp()
    with _without_aws(), mock_aws(), emulator:
        topic = boto3.client("sns", region_name=REGION).create_topic(Name="callout-quiet-hours")["TopicArn"]
        sqs = boto3.client("sqs", region_name=REGION)
        queue = sqs.create_queue(QueueName="a-subscriber")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        boto3.client("sns", region_name=REGION).subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        yield World(emulator, policy, topic, queue)
