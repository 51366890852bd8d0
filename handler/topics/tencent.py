"""What the topics of Tencent Cloud have in common: API 3.0, and a client for each thread."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from handler.cloud.credentials import Credentials
from handler.cloud.tencent_api import TencentApi, product_endpoint
from handler.report.publishable import Publishable


class TencentTopic:
    """A topic `name` of the product `service`. Safe between threads, which the SDK's client is not."""

    service: str
    version: str
    limit = 60 * 1024
    """CMQ topics and event buses take 64 KB a message; the rest is for what they add."""

    def __init__(self, name: str, ccc_endpoint: str, region: str | None, identity: Credentials) -> None:
        self.name = name
        self._endpoint = product_endpoint(ccc_endpoint, self.service)
        self._region, self._identity = region, identity
        self._of_this_thread = threading.local()

    def split(self, report: Publishable) -> list[dict[str, Any]]:
        """Return a report as CloudEvents, each short enough for one message."""
        return report.events(self.limit)

    def call(self, action: str, params: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Return the `Response` of one request. Raises `CloudError`."""
        api: TencentApi | None = getattr(self._of_this_thread, "api", None)
        if api is None:
            api = self._of_this_thread.api = TencentApi(
                self.service,
                self.version,
                endpoint=self._endpoint,
                region=self._region,
                identity=self._identity,
            )
        return api.call(action, params, seconds)
