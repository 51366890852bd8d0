"""The objects of COS, by bucket and key; they can be read and changed like the tasks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class StoredObject:
    """An object: its content, when it was written, in Unix seconds, and its content type."""

    content: bytes
    modified: float
    content_type: str = "application/octet-stream"


@dataclass
class Objects:
    """The buckets: `objects[bucket]` is a copy of its contents by key; iterating gives their names.

    A bucket exists when it is first used, unless `only` names those that exist.
    """

    now: Callable[[], float]
    lock: threading.RLock
    only: set[str] | None = None
    _buckets: dict[str, dict[str, StoredObject]] = field(default_factory=dict)

    def __getitem__(self, bucket: str) -> dict[str, bytes]:
        with self.lock:
            return {key: each.content for key, each in self.of(bucket).items()}

    def __iter__(self) -> Iterator[str]:
        with self.lock:
            return iter(list(self._buckets))

    def __len__(self) -> int:
        return len(self._buckets)

    def exists(self, bucket: str) -> bool:
        """Return whether a bucket is there."""
        return self.only is None or bucket in self.only

    def of(self, bucket: str) -> dict[str, StoredObject]:
        """Return the objects of a bucket in the order of their keys, in UTF-8; none for an unknown bucket."""
        with self.lock:
            return dict(sorted(self._buckets.get(bucket, {}).items()))

    def get(self, bucket: str, key: str) -> StoredObject | None:
        """Return an object, `None` where there is none."""
        return self._buckets.get(bucket, {}).get(key)

    def put(
        self, bucket: str, key: str, content: bytes, content_type: str = "application/octet-stream"
    ) -> None:
        """Write an object, whether it is there or not; its time is now."""
        with self.lock:
            written = StoredObject(content, self.now(), content_type)
            self._buckets.setdefault(bucket, {})[key] = written

    def remove(self, bucket: str, key: str) -> None:
        """Remove an object, if it is there."""
        with self.lock:
            self._buckets.get(bucket, {}).pop(key, None)

    def clear(self) -> None:
        """Remove all objects, and let every bucket exist again."""
        with self.lock:
            self._buckets.clear()
            self.only = None
