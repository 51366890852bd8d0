"""Objects in Tencent COS, which has an XML API and a signature of its own.

The official SDK needs a compiler for one dependency and 16 MB for another.
Source: cloud.tencent.com/document/product/436, 7778 (signature), 7749 (Put Object), 7734 (Get Bucket)
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from handler.cloud.credentials import NO_CREDENTIALS, Credentials
from handler.cloud.error_codes import cloud_error
from handler.cloud.pacing import Deadline, bounded
from handler.cloud.stores import cos_answers
from handler.cloud.stores.addresses import checked_key
from handler.cloud.stores.store import Listed, Stored
from handler.cloud.stores.times import from_header
from handler.errors import CloudError, Meaning
from handler.output import redaction

if TYPE_CHECKING:
    from requests import Response, Session

CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
_CLOCK_SKEW_SECONDS = 60
_VALID_SECONDS = 600
_NOT_FOUND, _CONFLICT = 404, 409
_UNSENT = {"NameResolutionError", "NewConnectionError", "SSLError"}
"""Why urllib3 had no connection."""


def authorization(  # noqa: PLR0913 - what is signed
    identity: Credentials,
    method: str,
    path: str,
    *,
    params: Mapping[str, str],
    headers: Mapping[str, str],
    now: float,
) -> str:
    """Return the header `Authorization` of a request. `path` is not quoted, `now` in Unix seconds.

    All `params` and `headers` are signed. The signature begins a minute early, since clocks differ, and holds
    for ten minutes.
    """
    period = f"{int(now) - _CLOCK_SKEW_SECONDS};{int(now) + _VALID_SECONDS}"
    names, values = zip(*(_canonical(each) for each in (params, headers)), strict=True)
    asked = f"{method.lower()}\n{path}\n{values[0]}\n{values[1]}\n"
    key = _sha1(identity.secret_key, period)
    signature = _sha1(key, f"sha1\n{period}\n{_digest(asked)}\n")
    return (
        f"q-sign-algorithm=sha1&q-ak={identity.secret_id}&q-sign-time={period}&q-key-time={period}"
        f"&q-header-list={names[1]}&q-url-param-list={names[0]}&q-signature={signature}"
    )


def _canonical(fields: Mapping[str, str]) -> tuple[str, str]:
    """Return the names, and names and values, as they are signed."""
    pairs = sorted((quote(name, safe="-_.~").lower(), quote(fields[name], safe="-_.~")) for name in fields)
    return ";".join(name for name, _ in pairs), "&".join(f"{name}={value}" for name, value in pairs)


def _sha1(key: str, text: str) -> str:
    return hmac.digest(key.encode(), text.encode(), "sha1").hex()


def _digest(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - COS knows no other


class CosStore:
    """The objects below `prefix` of a bucket, whose name ends in the APPID.

    `identity` returns the credentials, and is asked at each request: those of a function's role expire.
    `endpoint` is `CALLOUT_ENDPOINT`: with `http://` before it, an emulator on loopback has the objects.
    A creation is conditional only in a bucket that never had versioning. Needs the permissions
    `name/cos:GetBucket`, `GetObject`, `PutObject` and, if it deletes, `DeleteObject`.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str,
        region: str,
        identity: Callable[[], Credentials | None],
        endpoint: str,
    ) -> None:
        self._prefix = prefix
        self._identity = identity
        loopback = endpoint.startswith("http://")
        self._base = endpoint.rstrip("/") if loopback else f"https://{bucket}.cos.{region}.myqcloud.com"
        self._root = f"/_cos/{bucket}/" if loopback else "/"
        self._idle: list[Session] = []
        """Connections that no request uses: a session is not promised to be safe between threads."""

    def create(self, key: str, body: bytes, until: Deadline) -> bool:
        """Create an object; see `Store`. Any 409 counts as: it is there."""
        wanted = {
            "content-length": str(len(body)),
            "content-type": "application/json",
            "x-cos-forbid-overwrite": "true",
        }
        reply = self._sent("PUT", self._path(key), until, headers=wanted, body=body)
        if reply.status_code == _CONFLICT:
            return False
        self._check(reply)
        return True

    def list(self, prefix: str, until: Deadline) -> Listed:
        """Return all objects whose keys begin with `prefix`; see `Store`."""
        found: list[Stored] = []
        params = {"prefix": f"{self._prefix}/{prefix}"}
        while True:
            reply = self._sent("GET", self._root, until, params=params)
            self._check(reply)
            page = cos_answers.page(reply.content, params.get("marker", ""))
            found += [
                Stored(key.removeprefix(f"{self._prefix}/"), created)
                for key, created in page.objects
                if not key.endswith("/")  # a folder that was made at the console
            ]
            if page.marker is None:
                now = from_header(reply.headers.get("Date")) or until.clock.now()
                return Listed(sorted(found), now)
            params["marker"] = page.marker

    def get(self, key: str, until: Deadline) -> bytes | None:
        """Return an object's content; see `Store`."""
        reply = self._sent("GET", self._path(key), until)
        if _is_absent(reply):
            return None
        self._check(reply)
        return reply.content

    def delete(self, key: str, until: Deadline) -> None:
        """Delete an object; see `Store`."""
        reply = self._sent("DELETE", self._path(key), until)
        if not _is_absent(reply):
            self._check(reply)

    def _path(self, key: str) -> str:
        return f"{self._root}{self._prefix}/{checked_key(key)}"

    def _check(self, reply: Response) -> None:
        if (error := cos_answers.refusal(reply.status_code, reply.headers, reply.content)) is not None:
            raise error

    def _sent(  # noqa: PLR0913 - what a request has
        self,
        method: str,
        path: str,
        until: Deadline,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Response:
        """Return the answer to one signed request, whatever its status. Raises `CloudError` without one."""
        identity = self._identity()
        if identity is None:
            raise cloud_error("NoCredentials", NO_CREDENTIALS)
        redaction.hide(identity)
        fields = params or {}
        signed = {"host": urlsplit(self._base).netloc, **(headers or {})}
        if identity.session_token:
            signed["x-cos-security-token"] = identity.session_token
        now = until.clock.now().timestamp()
        try:
            by = authorization(identity, method, path, params=fields, headers=signed, now=now)
            request = {
                "url": self._base + quote(path, safe="/-_.~"),
                "params": "&".join(f"{name}={quote(fields[name], safe='')}" for name in fields),
                "headers": {**signed, "authorization": by},
                "data": body,
            }
            return bounded(lambda: self._exchanged(method, request, until), until.remaining())
        except Exception as error:  # noqa: BLE001 - requests lets urllib3's and its own mistakes out
            raise _translated(error, self._base) from None

    def _exchanged(self, method: str, request: Mapping[str, Any], until: Deadline) -> Response:
        from requests import Session  # noqa: PLC0415 - 60 ms, and most wake-ups have no use for it

        if (
            left := until.remaining()
        ) <= 0:  # the caller has stopped waiting: nothing is sent behind its back
            raise TimeoutError("no time was left")
        try:
            session = self._idle.pop()
        except IndexError:
            session = Session()
            session.trust_env = False  # else ~/.netrc replaces the signature, and a proxy may see it
        timeout = (min(left, CONNECT_SECONDS), min(left, READ_SECONDS))
        # A redirect is not followed: the token would go wherever an answer points to.
        reply = session.request(method, timeout=timeout, allow_redirects=False, **request)
        self._idle.append(session)
        return reply


def _is_absent(reply: Response) -> bool:
    return reply.status_code == _NOT_FOUND and cos_answers.code(reply.content) == "NoSuchKey"


def _translated(error: Exception, where: str) -> CloudError:
    """Return the error of a request without an answer; only one that was never sent is not `unclear`."""
    from requests.exceptions import ConnectTimeout, InvalidHeader  # noqa: PLC0415 - as above

    if isinstance(error, (InvalidHeader, UnicodeError)):  # whose text may repeat the header
        return cloud_error("InvalidCredential", "a credential cannot be sent in a header; copy it again")
    found = CloudError("NoAnswer", f"{where}: {type(error).__name__}: {error}", meaning=Meaning.RETRY)
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    found.unclear = not (isinstance(error, ConnectTimeout) or type(reason).__name__ in _UNSENT)
    return found
