"""Objects in a folder of a developer's machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import wraps
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from handler.cloud.pacing import Clock, Deadline
from handler.cloud.stores.addresses import checked_key
from handler.cloud.stores.store import Listed, Stored
from handler.errors import CloudError, Meaning

F = TypeVar("F", bound=Callable[..., object])

_BEING_WRITTEN = ".being-written-"
"""How the names of files begin that are no objects yet."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
_REFUSALS = (PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError)


def _translating(verb: F) -> F:
    """Let an operating system's errors out as `CloudError`."""

    @wraps(verb)
    def call(*args: object, **more: object) -> object:
        try:
            return verb(*args, **more)
        except OSError as error:
            meaning = Meaning.HALT if isinstance(error, _REFUSALS) else Meaning.RETRY
            raise CloudError(type(error).__name__, str(error), meaning=meaning) from None

    return call  # type: ignore[return-value]


class FileStore:
    """The files below `folder`, which is made when it is needed. Times of creation are those of `clock`.

    Several processes may share a folder whose file system has hard links.
    """

    def __init__(self, folder: str | Path, clock: Clock) -> None:
        self._folder = Path(folder)
        self._clock = clock

    @_translating
    def create(self, key: str, body: bytes, until: Deadline) -> bool:
        """Create an object; see `Store`. It appears whole and with its time, or not at all."""
        del until
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        written = self._folder / f"{_BEING_WRITTEN}{uuid4()}"
        try:
            written.write_bytes(body)
            moment = (self._clock.now() - _EPOCH) // _MICROSECOND * 1_000
            os.utime(written, ns=(moment, moment))
            return _linked(written, path)
        finally:
            written.unlink(missing_ok=True)

    @_translating
    def list(self, prefix: str, until: Deadline) -> Listed:
        """Return all objects whose keys begin with `prefix`; see `Store`."""
        del until
        found = []
        for parent, _, names in os.walk(self._folder, onerror=_unless_missing):
            for name in names:
                path = Path(parent, name)
                key = path.relative_to(self._folder).as_posix()
                if key.startswith(prefix) and not key.startswith(_BEING_WRITTEN):
                    found.append((key, path))
        stored = [Stored(key, created) for key, path in found if (created := _created(path))]
        return Listed(sorted(stored), self._clock.now())

    @_translating
    def get(self, key: str, until: Deadline) -> bytes | None:
        """Return an object's content; see `Store`."""
        del until
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    @_translating
    def delete(self, key: str, until: Deadline) -> None:
        """Delete an object; see `Store`."""
        del until
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        """Return the file of a key. Raises `ValueError` for one that leads out of the folder."""
        if checked_key(key).startswith(_BEING_WRITTEN):
            raise ValueError(f"a key does not begin with {_BEING_WRITTEN}")
        path = self._folder / key
        if not path.resolve().is_relative_to(self._folder.resolve()):
            raise ValueError("the key leads out of the folder")
        return path


def _linked(written: Path, path: Path) -> bool:
    """Link a file under its final name unless it is taken: a link, unlike a move, replaces nothing."""
    try:
        os.link(written, path)
    except FileExistsError:
        return False
    return True


def _unless_missing(error: OSError) -> None:
    """Raise an error of a folder, unless it is not made yet: what cannot be read is not empty."""
    if not isinstance(error, FileNotFoundError):
        raise error


def _created(path: Path) -> datetime | None:
    try:
        return _EPOCH + timedelta(microseconds=path.stat().st_mtime_ns // 1_000)
    except FileNotFoundError:  # deleted meanwhile
        return None
