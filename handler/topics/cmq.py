"""The topic `cmq:NAME`: TDMQ for CMQ, the nearest that Tencent Cloud has to SNS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handler.errors import CloudError, Meaning
from handler.output.encoding import encoded
from handler.report.publishable import Publishable
from handler.topics.tencent import TencentTopic


class Cmq(TencentTopic):
    """A CMQ topic. Source: TDMQ API 2020-02-17, cloud.tencent.com/document/product/1179/55920.

    The size of its messages is set when a topic is created, and may be 64 KB: document 1179/55915.
    """

    service = "tdmq"
    version = "2020-02-17"
    per_second = 20
    """Requests that PublishCmqMsg takes of an account. Source: the document above."""

    def publish(self, event: Mapping[str, Any], report: Publishable, seconds: float) -> None:
        """Publish one CloudEvent, the report's attributes as tags. `Result` must be true."""
        params = {
            "TopicName": self.name,
            "MsgContent": encoded(event).decode(),
            "MsgTag": list(report.attributes.values()),
        }
        response = self.call("PublishCmqMsg", params, seconds)
        if response.get("Result") is not True:
            raise CloudError(
                "NotPublished",
                f"PublishCmqMsg answered Result {response.get('Result')!r}",
                response.get("RequestId"),
                meaning=Meaning.RETRY,
            )

    def look(self, seconds: float) -> None:
        """Read the topic. Source: TDMQ API, `DescribeCmqTopicDetail`, document 1179/55907."""
        self.call("DescribeCmqTopicDetail", {"TopicName": self.name}, seconds)
