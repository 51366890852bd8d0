"""A report is published: the topic by its address, the parts by its limit, again if it fails."""

import logging
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from handler.encoding import LINE_LIMIT, encoded
from handler.errors import CloudError, Meaning, PublishError
from handler.pacing import Backoff, Deadline, retry
from handler.report import Report

if TYPE_CHECKING:
    from handler.api3 import Identity

_log = logging.getLogger(__name__)


class Topic(Protocol):
    """Somewhere to publish. `limit` is the most bytes of one message."""

    @property
    def limit(self) -> int:
        """The most bytes that one message may have."""

    def publish(self, event: Mapping[str, Any], attributes: Mapping[str, str], seconds: float) -> None:
        """Publish one CloudEvent within `seconds`. Raises `CloudError` when it is not taken."""


class Stdout:
    """The topic `stdout:`: each notification a line of standard output, short enough for CLS."""

    limit = LINE_LIMIT

    def publish(self, event: Mapping[str, Any], attributes: Mapping[str, str], seconds: float) -> None:  # noqa: ARG002
        """Print one CloudEvent."""
        sys.stdout.write(encoded(event).decode() + "\n")
        sys.stdout.flush()


class Tencent(NamedTuple):
    """Where and as whom a topic of Tencent Cloud is reached: the endpoint of CCC, region, credentials.

    `identity(anew=…)` gives the credentials, read anew or as they were read before; `None` if there are none.
    """

    endpoint: str
    region: str | None
    identity: Callable[..., "Identity | None"]


def topic(address: str, tencent: Tencent) -> Topic:
    """Give the topic at `address`: `arn:aws:sns:…`, `cmq:NAME`, `eventbridge:BUS_ID` or `stdout:`.

    Raises `CloudError` where it is of Tencent Cloud and there are no credentials that it could take, or where
    it is of AWS and there is no boto3.

    Only the topic in use is imported: boto3 takes 200 ms of a cold start, the Tencent SDK 140 ms.
    """
    if address.startswith("arn:"):
        try:
            from handler.topics.sns import Sns  # noqa: PLC0415
        except ImportError as error:
            text = f"{error}: only Lambda brings boto3; elsewhere cmq: or eventbridge: is wanted"
            raise CloudError("NoBoto3", text, meaning=Meaning.HALT) from None
        return Sns(address)
    kind, _, name = address.partition(":")
    if kind not in {"cmq", "eventbridge"}:
        return Stdout()
    identity = tencent.identity(anew=False)
    if identity is None:
        raise CloudError("NoCredentials", "there are no credentials to publish with", meaning=Meaning.HALT)
    if kind == "cmq":
        from handler.topics.cmq import Cmq  # noqa: PLC0415

        return Cmq(name, tencent.endpoint, tencent.region, identity)
    from handler.topics.eventbridge import EventBridge  # noqa: PLC0415

    return EventBridge(name, tencent.endpoint, tencent.region, identity)


def publish(report: Report, address: str, tencent: Tencent, deadline: Deadline, backoff: Backoff) -> int:
    """Publish a report, in as many parts as the topic needs, and give their number.

    Raises `PublishError` after the attempts or the time have run out; the whole report then stands in
    the log, at ERROR.
    """
    events: list[dict[str, Any]] = []
    try:
        target = topic(address, tencent)
        events = report.events(target.limit)
        attributes = {key: value for key in ("status", "action") if (value := events[0]["data"][key])}
        for event in events:
            try:
                _publish_one(target, event, attributes, deadline, backoff)
            except CloudError as error:
                refused = tencent.identity(anew=False) if error.refuses_credentials else None
                if refused is None or tencent.identity(anew=True) == refused:
                    raise
                target = topic(address, tencent)
                _publish_one(target, event, attributes, deadline, backoff)
    except CloudError as error:
        _log.error(
            "report not published",
            extra={"topic": address, "error": str(error), "report": report.data()},
        )
        raise PublishError(f"the report was not published to {address}: {error}; it is in the log") from error
    return len(events)


def _publish_one(
    target: Topic,
    event: Mapping[str, Any],
    attributes: Mapping[str, str],
    deadline: Deadline,
    backoff: Backoff,
) -> None:
    def attempt(number: int) -> None:
        del number
        target.publish(event, attributes, deadline.remaining())

    retry(attempt, again=_again, deadline=deadline, backoff=backoff)


def _again(error: Exception, attempt: int) -> bool:
    del attempt
    return isinstance(error, CloudError) and error.may_pass
