"""Objects in S3. The conditional creation needs no versioning and no table beside the bucket.

Source: docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html; API Reference, Error Responses
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from handler.cloud.aws_sdk import READ_SECONDS, client
from handler.cloud.pacing import Deadline, bounded
from handler.cloud.stores.addresses import checked_key
from handler.cloud.stores.store import Listed, Stored
from handler.cloud.stores.times import from_header
from handler.errors import CloudError, Meaning

T = TypeVar("T")

_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}
"""It is there; or another creation of this key is under way, of which neither need have succeeded."""
_REFUSING = {
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "IllegalLocationConstraintException",
    "InvalidBucketName",
    "InvalidToken",
    "NoSuchBucket",
    "NotImplemented",
    "PermanentRedirect",
    "TokenRefreshRequired",
}
"""Codes of other statuses than 401 and 403 that say: nothing works until the operator acts."""
_UNUSABLE = {
    "InvalidRegionError",
    "NoCredentialsError",
    "NoRegionError",
    "ParamValidationError",
    "PartialCredentialsError",
    "ProfileNotFound",
    "SSOTokenLoadError",
    "TokenRetrievalError",
    "UnauthorizedSSOTokenError",
}
"""What boto3 raises before it sends anything, and will raise again."""
_UNSENT = {"ConnectTimeoutError", "EndpointConnectionError"}
_FORBIDDEN = {401, 403}
_SERVER_ERROR = 500


class S3Store:
    """The objects below `prefix` of a bucket. Without a `region` it is the one that boto3 finds.

    Needs the permissions `s3:GetObject`, `s3:PutObject` and, if it deletes, `s3:DeleteObject` below the
    prefix, and `s3:ListBucket`; without the last one, S3 answers 403 for an object that is not there.
    """

    def __init__(self, bucket: str, prefix: str, region: str | None = None) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._region = region
        self._client: Any = None
        self._once = threading.Lock()

    def create(self, key: str, body: bytes, until: Deadline) -> bool:
        """Create an object; see `Store`."""
        request = self._named(key) | {"Body": body, "ContentType": "application/json", "IfNoneMatch": "*"}
        try:
            self._sent(lambda s3: s3.put_object(**request), until)
        except CloudError as error:
            if error.code in _TAKEN:
                return False
            raise
        return True

    def list(self, prefix: str, until: Deadline) -> Listed:
        """Return all objects whose keys begin with `prefix`; see `Store`."""
        request = {"Bucket": self._bucket, "Prefix": f"{self._prefix}/{prefix}"}
        found: list[Stored] = []
        while True:
            page = self._sent(lambda s3: s3.list_objects_v2(**request), until)
            found += [
                self._stored(each)
                for each in page.get("Contents", ())
                if not each["Key"].endswith("/")  # a folder that was made at the console
            ]
            if not page.get("IsTruncated"):
                break
            request["ContinuationToken"] = page["NextContinuationToken"]
        date = page["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
        return Listed(sorted(found), from_header(date) or until.clock.now())

    def get(self, key: str, until: Deadline) -> bytes | None:
        """Return an object's content; see `Store`."""
        request = self._named(key)
        try:
            return self._sent(lambda s3: bytes(s3.get_object(**request)["Body"].read()), until)
        except CloudError as error:
            if error.code == "NoSuchKey":
                return None
            raise

    def delete(self, key: str, until: Deadline) -> None:
        """Delete an object; see `Store`."""
        request = self._named(key)
        self._sent(lambda s3: s3.delete_object(**request), until)

    def _named(self, key: str) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}/{checked_key(key)}"}

    def _stored(self, entry: dict[str, Any]) -> Stored:
        return Stored(entry["Key"].removeprefix(f"{self._prefix}/"), entry["LastModified"])

    def _sent(self, call: Callable[[Any], T], until: Deadline) -> T:
        """Return what one call of boto3 returns. Raises `CloudError`, `unclear` without a clear answer."""

        def work() -> T:
            connected = self._connected()
            if until.remaining() <= 0:  # the caller has stopped waiting: nothing is sent behind its back
                raise TimeoutError("no time was left")
            return call(connected)

        try:
            return bounded(work, until.remaining())
        except Exception as error:  # noqa: BLE001 - whatever boto3 lets out; its text may hold a token
            raise _translated(error) from None

    def _connected(self) -> Any:
        with self._once:
            if self._client is None:
                self._client = client("s3", self._region, READ_SECONDS)
            return self._client


def _translated(error: Exception) -> CloudError:
    """Return the error of boto3 as one of ours; without a `response` it never got an answer."""
    name, answer = type(error).__name__, getattr(error, "response", None)
    if not isinstance(answer, dict):
        final = isinstance(error, ImportError) or name in _UNUSABLE
        code = "NoAnswer" if isinstance(error, TimeoutError) else name
        found = CloudError(code, str(error), meaning=Meaning.HALT if final else Meaning.RETRY)
        found.unclear = not final and name not in _UNSENT
        return found
    about = answer.get("ResponseMetadata", {})
    status = about.get("HTTPStatusCode", _SERVER_ERROR)
    code = str(answer.get("Error", {}).get("Code", "Unknown"))
    halts = status in _FORBIDDEN or code in _REFUSING
    found = CloudError(
        code,
        str(answer.get("Error", {}).get("Message", "")),
        about.get("RequestId"),
        meaning=Meaning.HALT if halts else Meaning.RETRY,
    )
    found.unclear = status >= _SERVER_ERROR and not halts
    return found
