"""The topic `cmq:NAME`: TDMQ for CMQ, the nearest that Tencent Cloud has to SNS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handler.api3 import Api3, Identity, product_endpoint
from handler.encoding import encoded
from handler.errors import CloudError, Meaning


class Cmq:
    """A CMQ topic. Source: TDMQ API 2020-02-17, cloud.tencent.com/document/product/1179/55920."""

    limit = 60 * 1024
    """A topic's own limit may be as low as 64 KB (FACTS, section 3)."""

    def __init__(self, name: str, ccc_endpoint: str, region: str | None, identity: Identity) -> None:
        self._name = name
        endpoint = product_endpoint(ccc_endpoint, "tdmq")
        self._api = Api3("tdmq", "2020-02-17", endpoint=endpoint, region=region, identity=identity)

    def publish(self, event: Mapping[str, Any], attributes: Mapping[str, str], seconds: float) -> None:
        """Publish one CloudEvent, the values of its attributes as tags. `Result` must be true."""
        params = {
            "TopicName": self._name,
            "MsgContent": encoded(event).decode(),
            "MsgTag": list(attributes.values()),
        }
        response = self._api.call("PublishCmqMsg", params, seconds)
        if response.get("Result") is not True:
            raise CloudError(
                "NotPublished",
                f"PublishCmqMsg answered Result {response.get('Result')!r}",
                response.get("RequestId"),
                meaning=Meaning.RETRY,
            )
