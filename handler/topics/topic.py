"""What every topic can do, and the client for an address."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from handler.cloud.credentials import Credentials
from handler.cloud.error_codes import cloud_error
from handler.errors import CloudError, Meaning
from handler.report.publishable import Publishable
from handler.report.report import Notify
from handler.topics import addresses
from handler.topics.stdout import Stdout


class Topic(Protocol):
    """Somewhere to publish: a report in which parts, and at which pace."""

    @property
    def per_second(self) -> float:
        """How many requests a second it takes."""

    def split(self, report: Publishable) -> list[dict[str, Any]]:
        """Return a report as CloudEvents, each short enough for one message."""

    def publish(self, event: Mapping[str, Any], report: Publishable, seconds: float) -> None:
        """Publish one CloudEvent of a report within `seconds`. Raises `CloudError` when it is not taken.

        Several threads may call it at once.
        """

    def look(self, seconds: float) -> None:
        """Read the topic itself within `seconds`. Raises `CloudError` where that cannot be."""


class Destination(NamedTuple):
    """Where reports go, which ones, and as whom: `endpoint` and `region` are those of CCC.

    `identity(refresh=…)` returns the credentials, read again or as they were read before; `None` without any.
    """

    address: str
    endpoint: str
    region: str | None
    identity: Callable[..., Credentials | None]
    notify: Notify = "always"


def connect(to: Destination, seconds: float) -> Topic:
    """Return the topic at an address. A client of boto3 waits at most `seconds` for each step of a call.

    Raises `CloudError` where it is of Tencent Cloud and there are no credentials that it could take, or where
    it is of AWS and there is no boto3. Only the topic in use is imported: boto3 takes 200 ms of a cold start,
    the Tencent SDK 140 ms.
    """
    kind, name = addresses.read(to.address)
    if kind == "stdout":
        return Stdout()
    if kind == "sns":
        from handler.topics.sns import Sns  # noqa: PLC0415

        try:
            return Sns(name, seconds)
        except ImportError as error:
            text = f"{error}: only Lambda brings boto3; elsewhere cmq: or eventbridge: is wanted"
            raise CloudError("NoBoto3", text, meaning=Meaning.HALT) from None
    identity = to.identity(refresh=False)
    if identity is None:
        raise cloud_error("NoCredentials", "there are no credentials to publish with")
    if kind == "cmq":
        from handler.topics.cmq import Cmq  # noqa: PLC0415

        return Cmq(name, to.endpoint, to.region, identity)
    from handler.topics.eventbridge import EventBridge  # noqa: PLC0415

    return EventBridge(name, to.endpoint, to.region, identity)
