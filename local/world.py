"""The embedded world: the emulator with a few running tasks, and an SNS topic with a subscriber.

The topic is moto's, in this process: real boto3 calls, no AWS.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto import mock_aws
from moto.sns.models import sns_backends

from handler.cloud.pacing import Clock
from local.emulator import Emulator

REGION = "us-east-1"
APP = 1400692008
SECRET_ID, SECRET_KEY = "AKIDEXAMPLE", "SECRETEXAMPLE"  # valid only for the emulator

POLICY: dict[str, Any] = {
    "quiet_hours": {
        # At any time it is quiet in at least one of these zones, and not quiet in another.
        "default": {"time_zone": "Asia/Shanghai", "quiet": ["20:00-09:00"]},
        "us-east": {"time_zone": "America/New_York", "quiet": ["21:00-08:00"]},
        "europe": {"time_zone": "Europe/Berlin", "quiet": ["20:00-09:00"]},
    },
    "tasks": {
        "spring-renewals": 16498,
        "us-reminders": {"task_id": 16499, "quiet_hours": "us-east"},
        "eu-surveys": {"task_id": 16500, "quiet_hours": "europe"},
    },
}
TASKS: tuple[dict[str, Any], ...] = (
    {"task_id": 16498, "sdk_app_id": APP, "name": "spring-renewals", "state": 1},
    {"task_id": 16499, "sdk_app_id": APP, "name": "us-reminders", "state": 1},
    {"task_id": 16500, "sdk_app_id": APP, "name": "eu-surveys", "state": 1},
    # The policy does not know this one: it is paused only by a message that names it.
    {"task_id": 16501, "sdk_app_id": APP, "name": "autumn-offers", "state": 1},
)


@dataclass(frozen=True)
class World:
    """An emulated CCC and a topic, and the settings that select them."""

    emulator: Emulator
    topic: str
    queue: str

    @property
    def settings(self) -> dict[str, Any]:
        """Every setting, so that nothing of the environment is used."""
        return {
            "_env_file": None,
            "tencentcloud_secret_id": SECRET_ID,
            "tencentcloud_secret_key": SECRET_KEY,
            "tencentcloud_session_token": None,
            "role_secret_id": None,
            "role_secret_key": None,
            "role_session_token": None,
            "callout_policy": json.dumps(POLICY),
            "callout_quiet_hours": None,
            "callout_time_zone": None,
            "callout_sdk_app_id": APP,
            "callout_endpoint": self.emulator.url,
            "callout_region": None,
            "callout_topic": self.topic,
            "callout_notify": "always",
            "callout_requests_per_second": 20,
            "callout_verify": True,
            "callout_dry_run": False,
        }

    def received(self) -> list[dict[str, Any]]:
        """Return what the subscriber got: SNS notifications, with Subject, Message and MessageAttributes."""
        sqs = boto3.client("sqs", region_name=REGION)
        bodies: list[dict[str, Any]] = []
        while messages := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def published(self) -> list[tuple[str | None, str]]:
        """Return the messages that the topic took, each its subject and its bodies as they were sent."""
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
def world(clock: Clock) -> Iterator[World]:
    """Yield a world that exists as long as the `with` block; its tasks follow `clock`."""
    emulator = Emulator(tasks=TASKS, secrets={SECRET_ID: SECRET_KEY}, now=lambda: clock.now().timestamp())
    with _without_aws(), mock_aws(), emulator:
        topic = boto3.client("sns", region_name=REGION).create_topic(Name="callout-quiet-hours")["TopicArn"]
        sqs = boto3.client("sqs", region_name=REGION)
        queue = sqs.create_queue(QueueName="a-subscriber")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        boto3.client("sns", region_name=REGION).subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        yield World(emulator, topic, queue)
