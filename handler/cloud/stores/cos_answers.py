"""What COS answers: errors, and pages of a list, both in XML. Pure."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from handler.cloud.error_codes import cloud_error
from handler.cloud.stores.times import from_iso
from handler.errors import CloudError, Meaning

_REFUSING = {
    "InvalidBucketName",
    "InvalidRegion",
    "MethodNotAllowed",
    "NoSuchBucket",
    "UnavailableForLegalReasons",
}
"""Codes of other statuses than 401 and 403 that say: nothing works until the operator acts."""
_FORBIDDEN = {401, 403}
_ORDINARY = range(200, 300)
_REDIRECTS = range(300, 400)
_SERVER_ERROR = 500


class Page(NamedTuple):
    """A page of a list: whole keys with their times of creation, and where the next page begins, if any."""

    objects: list[tuple[str, datetime]]
    marker: str | None


def page(body: bytes, after: str) -> Page:
    """Return a page of a list that begins behind `after`. Raises `CloudError` for anything else."""
    try:
        root = _read(body)
        if root is None or not root.tag.endswith("ListBucketResult"):
            raise ValueError("no list of objects")
        objects = [
            (_text(each, "Key"), from_iso(_text(each, "LastModified")))
            for each in root.iterfind("{*}Contents")
        ]
        if _text(root, "IsTruncated") != "true":
            return Page(objects, None)
        marker = root.findtext("{*}NextMarker") or (objects[-1][0] if objects else "")
        if marker <= after:  # else the same page would be asked for until the time is over
            raise ValueError("a list that goes on and does not say where")
        return Page(objects, marker)
    except ValueError as error:
        raise cloud_error("UnreadableAnswer", f"COS: {error}: {_start(body)}") from None


def code(body: bytes) -> str | None:
    """Return the code of an error, `None` where the body is none."""
    return (_error(body) or (None,))[0]


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> CloudError | None:
    """Return what an answer says went wrong, `None` for a success; `unclear` where the work may be done."""
    request_id = headers.get("x-cos-request-id")
    if status in _ORDINARY:
        if request_id is not None:
            return None
        # Each answer of COS has one. Without it, a success may be the page of a network that wants a login.
        found = cloud_error("UnreadableAnswer", f"no answer of COS: {_start(body)}")
        found.unclear = True
        return found
    error = _error(body)
    text = f"HTTP {status}: {_start(body)}" if error is None else error[1]
    halts = status in _FORBIDDEN or status in _REDIRECTS or (error is not None and error[0] in _REFUSING)
    found = CloudError(
        error[0] if error else "NoAnswer",
        text,
        request_id,
        meaning=Meaning.HALT if halts else Meaning.RETRY,
    )
    found.unclear = status >= _SERVER_ERROR and not halts
    return found


def _error(body: bytes) -> tuple[str, str] | None:
    """Return code and message; nothing else, since what was signed stands there as well."""
    try:
        root = _read(body)
    except ValueError:
        return None
    if root is None or not root.tag.endswith("Error"):
        return None
    found = root.findtext("{*}Code")
    return (found, root.findtext("{*}Message") or "") if found else None


def _read(body: bytes) -> ET.Element | None:
    """Return the root of a document, `None` where there is none. Raises `ValueError` for a broken one."""
    if not body:
        return None
    if b"<!DOCTYPE" in body:  # a document type can define entities that grow without end
        raise ValueError("a document type where none is used")
    try:
        return ET.fromstring(body)  # noqa: S314 - no entities, see above
    except ET.ParseError:
        raise ValueError("broken XML") from None


def _text(element: ET.Element, name: str) -> str:
    found = element.findtext(f"{{*}}{name}")
    if found is None:
        raise ValueError(f"{name} is missing")
    return found


def _start(body: bytes) -> str:
    return " ".join(body[:200].decode("utf-8", "replace").split()) or "empty"
