"""One signed call of TencentCloud API 3.0 through the official SDK: bounded in time, errors with a meaning.

What the SDK does by itself was measured (docs/decisions/0003), and some of it is not used here:

* its `StandardRetryer` throws a success away after an error, so its retries stay off;
* an error with another content type than `application/json` passes for a success, so the answer is
  read here, from the bytes; that is also why the generic client serves and no typed model;
* its timeout is per read, so the whole call is bounded from outside;
* at DEBUG it logs signatures and tokens, so its logger never goes below WARNING;
* it takes no session token from the environment, so credentials are handed to it;
* its HTTP session lets `~/.netrc` replace the signature, so the session trusts no environment;
* it follows redirects, and sends the token there, so the session takes none.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from handler.cloud.credentials import Credentials
from handler.cloud.error_codes import cloud_error
from handler.cloud.pacing import bounded
from handler.errors import CloudError
from handler.output.numbers import without_numbers

_READING_CALLEES = frozenset(
    {"DescribeTelCdr", "DescribeAutoCalloutTask", "DescribePredictiveDialingSessions"}
)
Shown = Callable[[Any], str]
CONNECT_AND_READ_SECONDS = 10
"""How long the SDK waits for a connection, and then for each piece of the answer."""


class TencentApi:
    """A product of TencentCloud at one endpoint.

    `endpoint` is a host, with `http://` before it only for loopback. Not safe to share between threads:
    the SDK promises nothing there.
    """

    def __init__(
        self, service: str, version: str, *, endpoint: str, region: str | None, identity: Credentials
    ) -> None:
        logging.getLogger("tencentcloud_sdk_common").setLevel(logging.WARNING)
        self._endpoint = endpoint
        self._connect = lambda: _connected(service, version, endpoint, region, identity)
        self._client = self._connect()

    def call(self, action: str, params: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Return the `Response` of one request, `RequestId` included.

        Raises `CloudError` for everything else that can happen, also when it takes over `seconds`.
        """
        try:
            body = bounded(lambda: self._client.call(action, dict(params)), seconds)
        except TimeoutError as error:
            self._client = self._connect()  # the late call may still hold the old one's connection
            raise cloud_error("NoAnswer", str(error)) from None
        except TencentCloudSDKException as error:
            raise _translated(error, self._endpoint, _shown(action, params)) from None
        except Exception as error:  # noqa: BLE001 - the SDK lets json's, requests' and its own mistakes out
            raise cloud_error("UnreadableAnswer", f"{type(error).__name__}: {error}") from None
        return _response(body, _shown(action, params))


def _connected(
    service: str, version: str, endpoint: str, region: str | None, identity: Credentials
) -> CommonClient:
    scheme, _, host = endpoint.rpartition("://")
    http = HttpProfile(protocol=scheme or "https", endpoint=host, reqTimeout=CONNECT_AND_READ_SECONDS)
    try:
        credential = Credential(identity.secret_id, identity.secret_key, identity.session_token)
    except TencentCloudSDKException as error:
        raise cloud_error("InvalidCredential", str(error.message)) from None
    profile = ClientProfile(httpProfile=http, language="en-US")
    client = CommonClient(service, version, credential, region or "", profile)
    connection = client.request.conn
    session = connection._session  # noqa: SLF001 - the SDK has no setting for what follows
    session.trust_env = False  # else ~/.netrc replaces the signature
    session.max_redirects = 0  # else the token and the signed body go wherever an answer points to
    if scheme == "http":
        connection.proxy = None  # loopback is never behind a proxy
    return client


def product_endpoint(ccc_endpoint: str, service: str) -> str:
    """Return the endpoint of another product on the same site: `ccc.intl.…` becomes `tdmq.intl.…`.

    An address without a product's name, such as an emulator's, serves all products.
    """
    scheme, separator, host = ccc_endpoint.rpartition("://")
    if urlsplit(f"//{host}").hostname and host.startswith("ccc."):
        host = service + host[len("ccc") :]
    return f"{scheme}{separator}{host}"


def _shown(action: str, params: Mapping[str, Any]) -> Shown:
    """Return how the message of an error is shown: it may repeat a number where callees are read."""
    if action not in _READING_CALLEES:
        return str
    known = {str(value) for value in params.values()}
    return lambda message: without_numbers(str(message), known)


def _translated(error: TencentCloudSDKException, endpoint: str, shown: Shown = str) -> CloudError:
    code, message = str(error.code), error.message
    if code == "ServerNetworkError":  # HTTP other than 200; the message is the body, in bytes
        return _http_error(message, shown)
    if code != "ClientNetworkError":
        return cloud_error(code, shown(message), error.requestId)
    reason = _unconnected(error)
    if reason is None:
        return cloud_error("NoAnswer", str(message))
    text = next((each for each in reversed(reason.args) if isinstance(each, str)), str(reason))
    found = "UnknownEndpoint" if isinstance(reason, NameResolutionError) else "NoAnswer"
    return cloud_error(found, f"{endpoint} cannot be reached: {_short(text)}")


def _short(text: str) -> str:
    return text.rpartition("): ")[2].removeprefix("Failed to establish a new connection: ")


def _unconnected(error: BaseException) -> Exception | None:
    """Return why there was no connection, which urllib3 has deep inside; `None` if there was one."""
    reasons = (getattr(inner, "reason", None) for inner in getattr(error.__context__, "args", ()))
    never = (NewConnectionError, ConnectTimeoutError, ProxyError, SSLError)
    return next((reason for reason in reasons if isinstance(reason, never)), None)


def _http_error(body: Any, shown: Shown = str) -> CloudError:
    """Return the error that a page other than HTTP 200 holds; a gateway may still send an API error in it."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    try:
        _response(text, shown)
    except CloudError as error:
        if error.code != "UnreadableAnswer":
            return error
    return cloud_error(
        "NoAnswer", f"HTTP error page: {without_numbers(' '.join(text.split())[:200]) or 'empty'}"
    )


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; of a state that stands there twice, nobody knows which one holds."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is repeated")
    return found


def _response(body: bytes | str, shown: Shown = str) -> dict[str, Any]:
    """Return the `Response` object in an answer's body, whatever its content type said."""
    try:
        response = json.loads(body, object_pairs_hook=_each_key_once)["Response"]
        failure = response.get("Error")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        start = body[:200].decode("utf-8", "replace") if isinstance(body, bytes) else body[:200]
        raise cloud_error(
            "UnreadableAnswer", f"no API 3.0 answer: {without_numbers(' '.join(start.split())) or 'empty'}"
        ) from None
    request_id = response.get("RequestId")
    if failure is None:
        return dict(response)
    if not isinstance(failure, dict) or not isinstance(failure.get("Code"), str):
        raise cloud_error(
            "UnreadableAnswer", f"an error without a code: {without_numbers(str(failure)[:200])}", request_id
        )
    raise cloud_error(failure["Code"], shown(failure.get("Message", "")), request_id)
