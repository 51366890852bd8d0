"""The grammar of a store's address, and of the keys below it. Pure."""

import re
from typing import Literal, NamedTuple

from handler.errors.sentences import given

Kind = Literal["s3", "cos", "file"]

LONGEST = 500
"""Bytes of a prefix, and of a key below it, in UTF-8. COS allows 850 for both together, S3 1,024."""

_FORMS = (
    "s3://BUCKET/PREFIX, cos://BUCKET-APPID/PREFIX, cos://BUCKET-APPID/PREFIX?region=REGION or file:FOLDER"
)
_S3_BUCKET = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_COS_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,47}[a-z0-9])?-[0-9]{6,12}")
_REGION = re.compile(r"[a-z]{2,12}(?:-[a-z0-9]{1,20}){1,3}")
_AMBIGUOUS = "\\%?#*"
"""Characters that mean something else in a URL, in a path or in a permission."""


class Address(NamedTuple):
    """Where objects are kept.

    `prefix` has no slash at either end, and is never empty for `s3` and `cos`: permissions are granted below
    it. `region` is what the address says of it. `folder` belongs to `file` only.
    """

    kind: Kind
    bucket: str = ""
    prefix: str = ""
    region: str | None = None
    folder: str = ""


def read(address: str) -> Address:
    """Return what an address means. Raises `ValueError` that says what was given and what is wanted."""
    try:
        if address.startswith("file:"):
            return Address("file", folder=_folder(address.removeprefix("file:")))
        if address.startswith("s3://"):
            return Address("s3", *_place(address.removeprefix("s3://"), _S3_BUCKET, "an S3 bucket's name"))
        if address.startswith("cos://"):
            place, mark, query = address.removeprefix("cos://").partition("?")
            bucket, prefix = _place(place, _COS_BUCKET, "a COS bucket's name with its APPID")
            return Address("cos", bucket, prefix, _region(query) if mark else None)
    except ValueError as error:
        raise ValueError(f"{given(address)}: {error}; wanted is {_FORMS}") from None
    raise ValueError(f"{given(address)} is no store; wanted is {_FORMS}")


def checked(address: str) -> str:
    """Return an address that can be read. Raises `ValueError` as `read` does."""
    read(address)
    return address


def lacks_region(address: str | None) -> bool:
    """Return whether an address needs a region, and names none."""
    found = read(address) if address else None
    return found is not None and found.kind == "cos" and found.region is None


def checked_key(key: str) -> str:
    """Return a key below a prefix. Raises `ValueError` for one that could lead out of it."""
    _check_path(key, "the key")
    return key


def _place(text: str, bucket: re.Pattern[str], what: str) -> tuple[str, str]:
    name, _, prefix = text.partition("/")
    if not bucket.fullmatch(name):
        raise ValueError(f"{given(name)} is not {what}")
    prefix = prefix.removesuffix("/")
    if not prefix:
        raise ValueError("a prefix behind the bucket is missing")
    _check_path(prefix, "the prefix")
    return name, prefix


def _check_path(path: str, what: str) -> None:
    if not path.isprintable():
        raise ValueError(f"{what} has a control character")
    if found := next((character for character in _AMBIGUOUS if character in path), None):
        raise ValueError(f"{what} has {given(found)}")
    if any(part in {"", ".", ".."} for part in path.split("/")):
        raise ValueError(f"{what} has an empty part, `.` or `..` between its slashes")
    if len(path.encode()) > LONGEST:
        raise ValueError(f"{what} is longer than {LONGEST} bytes")


def _region(query: str) -> str:
    key, _, value = query.partition("=")
    if key != "region":
        raise ValueError(f"{given(key)} is no key here, `region` is the only one")
    if not _REGION.fullmatch(value):
        raise ValueError(f"region: {given(value)} is no region such as ap-guangzhou")
    return value


def _folder(folder: str) -> str:
    if not folder or folder.startswith("//"):
        raise ValueError("a folder is missing" if not folder else "a folder has no host; write file:/FOLDER")
    if not folder.isprintable():
        raise ValueError("the folder has a control character")
    return folder
