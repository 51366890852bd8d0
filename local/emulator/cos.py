"""COS at `/_cos/BUCKET/KEY`: objects by its XML API, signed as COS wants it.

Source: cloud.tencent.com/document/product/436, pages 7778 (signature), 7749, 7753, 7745, 7743 (objects), 7734
(list) and 7730 (errors).
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import formatdate
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote, unquote
from xml.sax.saxutils import escape

from .errors import ApiError
from .exchange import HttpRequest, Reply
from .objects import Objects
from .options import Options

SERVICE = "cos"
PREFIX = "/_cos/"
_MOST_KEYS = 1_000
_STATUS: Mapping[str, int] = {
    "AccessDenied": 403,
    "InvalidAccessKeyId": 403,
    "RequestTimeTooSkewed": 403,
    "SignatureDoesNotMatch": 403,
    "NoSuchBucket": 404,
    "NoSuchKey": 404,
    "MethodNotAllowed": 405,
    "FileAlreadyExists": 409,
    "InternalError": 500,
    "InternalError.DBError": 500,
    "RequestLimitExceeded": 503,
    "ServiceUnavailable": 503,
    "SlowDown": 503,
}
_ACTIONS = {"PUT": "PutObject", "GET": "GetObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}


@dataclass(frozen=True)
class CosCall:
    """A request to COS, in the words of the journal and of the faults."""

    asked: HttpRequest
    version = ""
    region = None

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers by lower-case name."""
        return self.asked.headers

    @cached_property
    def path(self) -> str:
        """The path as it is signed: without its quoting."""
        return unquote(self.asked.path.partition("?")[0])

    @cached_property
    def query(self) -> dict[str, str]:
        """What stands behind the question mark."""
        return dict(parse_qsl(self.asked.path.partition("?")[2], keep_blank_values=True))

    @property
    def bucket(self) -> str:
        """The bucket, with its APPID."""
        return self.path.removeprefix(PREFIX).partition("/")[0]

    @property
    def key(self) -> str:
        """The key, `""` for the bucket itself."""
        return self.path.removeprefix(PREFIX).partition("/")[2]

    @property
    def action(self) -> str:
        """The name of the action in the documents, `""` for one that is not served."""
        if not self.key:
            return "ListObjects" if self.asked.method == "GET" else ""
        return _ACTIONS.get(self.asked.method, "")

    def params(self) -> dict[str, Any]:
        """Return what is asked for, without content, signature and token."""
        if not self.key:
            return {"Bucket": self.bucket, **self.query}
        more = {"ForbidOverwrite": True} if self.forbids_overwrite else {}
        return {"Bucket": self.bucket, "Key": self.key, **more}

    @property
    def forbids_overwrite(self) -> bool:
        """Whether an object that exists is not to be replaced."""
        return self.headers.get("x-cos-forbid-overwrite", "").lower() == "true"


@dataclass(frozen=True)
class Done:
    """What was done: a status, headers and a body; and the answer as the journal has it."""

    shown: Mapping[str, Any] = field(default_factory=dict)
    body: bytes = b""
    status: int = 200
    content_type: str = "application/xml"
    headers: Mapping[str, str] = field(default_factory=dict)

    def reply(self, now: float) -> Reply:
        """Return it as a reply. `now`, in Unix seconds, is the time that COS says it is."""
        headers = {"Date": formatdate(now, usegmt=True), "x-cos-request-id": self.shown.get("RequestId", "")}
        return Reply(self.body, self.status, self.content_type, headers={**headers, **self.headers})


def failure(error: ApiError) -> Done:
    """Return the answer that is an error."""
    request_id = str(uuid.uuid4())
    body = (
        f"<?xml version='1.0' encoding='utf-8' ?>\n<Error><Code>{escape(error.code)}</Code>"
        f"<Message>{escape(error.message)}</Message><RequestId>{request_id}</RequestId></Error>"
    )
    status = _STATUS.get(error.code, 400)
    shown = {
        "Status": status,
        "Error": {"Code": error.code, "Message": error.message},
        "RequestId": request_id,
    }
    return Done(shown, body.encode(), status)


@dataclass(frozen=True)
class Cos:
    """The actions of COS on `objects`, by their clock, for those who have one of `secrets`."""

    objects: Objects
    options: Options
    secrets: Mapping[str, str]
    tokens: Mapping[str, str]

    def work(self, call: CosCall) -> Done:
        """Do what a request asks for. Raises `ApiError`."""
        self._verify(call)
        if not self.objects.exists(call.bucket):
            raise ApiError("NoSuchBucket", "The specified bucket does not exist.")
        if not call.action:
            raise ApiError("MethodNotAllowed", "The specified method is not allowed against this resource.")
        if call.asked.body is None:
            raise ApiError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size.")
        work = {"PutObject": self._put, "DeleteObject": self._delete, "ListObjects": self._list}
        done: Done = work.get(call.action, self._get)(call)
        shown = {"Status": done.status, **done.shown, "RequestId": str(uuid.uuid4())}
        return Done(shown, done.body, done.status, done.content_type, done.headers)

    def _put(self, call: CosCall) -> Done:
        there = self.objects.get(call.bucket, call.key) is not None
        if there and call.forbids_overwrite and not self.options.cos_had_versioning:
            raise ApiError("FileAlreadyExists", "The file already exists.")
        body = call.asked.body or b""
        self.objects.put(call.bucket, call.key, body, call.headers.get("content-type", ""))
        return Done(headers={"ETag": _etag(body)})

    def _get(self, call: CosCall) -> Done:
        found = self.objects.get(call.bucket, call.key)
        if found is None:
            raise ApiError("NoSuchKey", "The specified key does not exist.")
        times = {"Last-Modified": formatdate(found.modified, usegmt=True), "ETag": _etag(found.content)}
        return Done({}, found.content, 200, found.content_type, times)

    def _delete(self, call: CosCall) -> Done:
        self.objects.remove(call.bucket, call.key)
        return Done(status=204)

    def _list(self, call: CosCall) -> Done:
        prefix, marker = call.query.get("prefix", ""), call.query.get("marker", "")
        asked = call.query.get("max-keys", str(_MOST_KEYS))
        if not (asked.isascii() and asked.isdecimal()):
            raise ApiError("InvalidArgument", "max-keys is no number.")
        most = min(int(asked[:9]), self.options.cos_page_size)
        found = [
            (key, each)
            for key, each in self.objects.of(call.bucket).items()
            if key.startswith(prefix) and key > marker
        ]
        page, goes_on = found[:most], len(found) > most > 0
        fields = {"Name": call.bucket, "Prefix": prefix, "Marker": marker, "MaxKeys": str(most)}
        fields["IsTruncated"] = "true" if goes_on else "false"
        if goes_on:
            fields["NextMarker"] = page[-1][0]
        contents = "".join(
            _xml(
                "Contents", {"Key": key, "LastModified": _iso(each.modified), "Size": str(len(each.content))}
            )
            for key, each in page
        )
        body = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
        text = (
            f"<?xml version='1.0' encoding='utf-8' ?>\n<ListBucketResult>{body}{contents}</ListBucketResult>"
        )
        return Done({"Keys": [key for key, _ in page]}, text.encode())

    def _verify(self, call: CosCall) -> None:
        """Raise `ApiError` unless a secret that is known has signed what came, lately enough."""
        given = dict(parse_qsl(call.headers.get("authorization", "").replace(";", "%3B"), max_num_fields=20))
        secret = self.secrets.get(given.get("q-ak", ""))
        if not given.get("q-signature"):
            raise ApiError("AccessDenied", "Access Denied.")
        if secret is None:
            raise ApiError("InvalidAccessKeyId", "The Access Key Id you provided does not exist.")
        if self.tokens.get(given["q-ak"]) != call.headers.get("x-cos-security-token"):
            raise ApiError("InvalidAccessKeyId", "The security token is not that of the Access Key Id.")
        for name in ("q-sign-time", "q-key-time"):
            begins, _, ends = given.get(name, "").partition(";")
            if not (begins.isdecimal() and ends.isdecimal()):
                raise ApiError("AccessDenied", f"{name} is invalid.")
            if not int(begins) <= self.objects.now() <= int(ends):
                raise ApiError("AccessDenied", "Request has expired.")
        if not hmac.compare_digest(_signature(call, given, secret) or "", given["q-signature"]):
            raise ApiError(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.",
            )


def _signature(call: CosCall, given: Mapping[str, str], secret: str) -> str | None:
    """Return the right signature, `None` where something that is said to be signed did not come."""
    texts = []
    for names, fields in (("q-url-param-list", call.query), ("q-header-list", call.headers)):
        known = {quote(name, safe="-_.~").lower(): value for name, value in fields.items()}
        wanted = [name for name in given.get(names, "").split(";") if name]
        if any(name not in known for name in wanted) or wanted != sorted(wanted):
            return None
        texts.append("&".join(f"{name}={quote(known[name], safe='-_.~')}" for name in wanted))
    canonical = "\n".join((call.asked.method.lower(), call.path, *texts, ""))
    hashed = hashlib.sha1(canonical.encode()).hexdigest()  # noqa: S324 - COS knows no other
    key = hmac.digest(secret.encode(), given["q-key-time"].encode(), "sha1").hex()
    return hmac.digest(key.encode(), f"sha1\n{given['q-sign-time']}\n{hashed}\n".encode(), "sha1").hex()


def _xml(name: str, fields: Mapping[str, str]) -> str:
    inner = "".join(f"<{each}>{escape(value)}</{each}>" for each, value in fields.items())
    return f"<{name}>{inner}</{name}>"


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'  # noqa: S324 - what an ETag of COS is


def _iso(seconds: float) -> str:
    """Return a time as COS writes it; it has whole seconds."""
    return f"{datetime.fromtimestamp(int(seconds), timezone.utc):%Y-%m-%dT%H:%M:%S}.000Z"
