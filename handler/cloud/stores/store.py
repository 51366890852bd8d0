"""The protocol of an object store: create once, list, get, delete. Nothing above knows which store it is."""

from datetime import datetime
from typing import NamedTuple, Protocol

from handler.cloud.pacing import Deadline


class Stored(NamedTuple):
    """An object: its key without the address's prefix, and when it was created, by the store's clock."""

    key: str
    created: datetime


class Listed(NamedTuple):
    """The objects under a prefix, in the order of their keys, and the store's time when it answered."""

    objects: list[Stored]
    now: datetime


class Store(Protocol):
    """Four verbs, each sent once. No call ends later than `until`; each is thread-safe.

    Each raises `CloudError`: with the meaning `HALT` where the store refuses (a permission, a bucket that is
    not there, credentials), else `RETRY`. `unclear` is set where a creation may have been carried out.
    """

    def create(self, key: str, body: bytes, until: Deadline) -> bool:
        """Create an object. Return whether it was created; `False` where the store answers that it is there.

        An object that exists is never changed. A store may answer `False` also for a creation that runs into
        another one at the same moment, of which neither may have succeeded (S3: 409).
        """
        ...

    def list(self, prefix: str, until: Deadline) -> Listed:
        """Return all objects whose keys begin with `prefix`, page after page."""
        ...

    def get(self, key: str, until: Deadline) -> bytes | None:
        """Return an object's content, `None` where there is none of that key."""
        ...

    def delete(self, key: str, until: Deadline) -> None:
        """Delete an object. One that is not there is no error."""
        ...
