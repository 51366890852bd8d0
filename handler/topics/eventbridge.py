"""The topic `eventbridge:BUS_ID`: a custom event bus of Tencent Cloud's EventBridge, not of AWS's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from handler.output.encoding import encoded
from handler.report.publishable import Publishable
from handler.topics.tencent import TencentTopic


class EventBridge(TencentTopic):
    """An event bus. Source: EB API 2021-04-16, cloud.tencent.com/document/api/1359/68465.

    A bus makes a CloudEvent of its own from what it is given, so ours is taken apart. `Source`, `Type`, `Id`,
    `Data` and `Time`, in milliseconds, are ours; `specversion` and `datacontenttype` it sets itself, to what
    ours are. An older page (1359/56075) has the bus choose the `id`, so ours is the `Subject` as well: by
    that, a subscriber can always tell an event that came twice. Status and action need no field: the pattern
    of a rule looks into `data` (1359/56084).

    A bus without a rule answers like one that does not exist: `ResourceNotFound.EventBusNotFound`. The SDK of
    the international site has no PutEvents; there, an answer such as `InvalidAction` is to be expected.
    """

    service = "eb"
    version = "2021-04-16"
    per_second = 1_000
    """Requests that PutEvents takes of an account. Source: the document above."""

    def publish(self, event: Mapping[str, Any], report: Publishable, seconds: float) -> None:  # noqa: ARG002
        """Publish one CloudEvent. One alone: the answer says of a list that it failed, not which of it."""
        mapped = {
            "Source": event["source"],
            "Type": event["type"],
            "Id": event["id"],
            "Subject": event["id"],
            "Time": _milliseconds(event["time"]),
            "Data": encoded(event["data"]).decode(),
        }
        self.call("PutEvents", {"EventBusId": self.name, "EventList": [mapped]}, seconds)

    def look(self, seconds: float) -> None:
        """Read the bus. Source: EB API, `GetEventBus`, tencentcloud.com/document/product/1108/45827."""
        self.call("GetEventBus", {"EventBusId": self.name}, seconds)


def _milliseconds(time: str) -> int:
    return int(datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() * 1000)
