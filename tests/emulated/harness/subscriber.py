"""The subscribers of a report's topic: a queue behind SNS, a CMQ topic, and an event bus."""

from __future__ import annotations

import json
from typing import Any, Protocol

import boto3

from local.emulator import Emulator

REGION = "us-east-1"


class Subscriber(Protocol):
    """Receives what is published to the topic `address`."""

    address: str

    def received(self) -> list[dict[str, Any]]:
        """Return the notifications that have arrived since the last call."""
        ...


class Sqs:
    """The queues of a region of moto."""

    def __init__(self, region: str = REGION) -> None:
        self.client = boto3.client("sqs", region_name=region)

    def queue(self, name: str, **attributes: str) -> str:
        """Create a queue and return its URL."""
        url: str = self.client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    def arn(self, url: str) -> str:
        """Return the ARN of a queue."""
        answer = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn: str = answer["Attributes"]["QueueArn"]
        return arn

    def take(self, url: str) -> list[dict[str, Any]]:
        """Receive messages once, as the Lambda service does. They stay visible until they are deleted."""
        answer = self.client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], VisibilityTimeout=0
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    def delete(self, url: str, message: dict[str, Any]) -> None:
        """Delete a message that was received."""
        self.client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


class SnsSubscriber:
    """A queue that is subscribed to an SNS topic. Both belong to moto.

    `requests` has the parameters of each request to Publish, as they are sent.
    """

    def __init__(self, region: str = REGION) -> None:
        self.sqs = Sqs(region)
        self._sns = boto3.client("sns", region_name=region)
        self.address: str = self._sns.create_topic(Name="reports")["TopicArn"]
        self.queue = self.subscribed("subscriber")
        self.requests: list[dict[str, Any]] = []
        # Clients that are created from now on have this hook.
        boto3.DEFAULT_SESSION.events.register("provide-client-params.sns.Publish", self._record)

    def subscribed(self, name: str, **attributes: str) -> str:
        """Create another queue, subscribe it with these attributes, and return its URL."""
        url = self.sqs.queue(name)
        arn = self.sqs.arn(url)
        self._sns.subscribe(TopicArn=self.address, Protocol="sqs", Endpoint=arn, Attributes=attributes or {})
        return url

    def bodies(self) -> list[dict[str, str]]:
        """Return the bodies of each request, by protocol."""
        return [json.loads(request["Message"]) for request in self.requests]

    def _record(self, params: dict[str, Any], **_: Any) -> None:
        self.requests.append(params)

    def envelopes(self) -> list[dict[str, Any]]:
        """Return the messages of SNS, each with its attributes, that have arrived since the last call."""
        found = []
        while messages := self.sqs.take(self.queue):
            for message in messages:
                self.sqs.delete(self.queue, message)
                found.append(json.loads(message["Body"]))
        return found

    def received(self) -> list[dict[str, Any]]:
        """Return the notifications that have arrived since the last call."""
        return [json.loads(envelope["Message"]) for envelope in self.envelopes()]


class CmqSubscriber:
    """A reader of a CMQ topic of the emulator. The topic is created if it is missing."""

    def __init__(self, emulator: Emulator, topic: str = "reports") -> None:
        self.address = f"cmq:{topic}"
        self._emulator, self._topic = emulator, topic
        self._read = 0
        emulator.topics.create(topic)

    def received(self) -> list[dict[str, Any]]:
        """Return the notifications that have arrived since the last call."""
        messages = self._emulator.topics.messages(self._topic)
        new, self._read = messages[self._read :], len(messages)
        return [json.loads(message.content) for message in new]


class BusSubscriber:
    """A reader of an event bus of the emulator. The bus is new."""

    def __init__(self, emulator: Emulator, name: str = "reports") -> None:
        self.id = emulator.buses.create(name)
        self.address = f"eventbridge:{self.id}"
        self._emulator = emulator
        self._read = 0

    def received(self) -> list[dict[str, Any]]:
        """Return the events that have arrived since the last call."""
        events = self._emulator.buses.events(self.id)
        new, self._read = events[self._read :], len(events)
        return new
