"""Tasks and campaigns alike: how they are read from JSON, and the collection of those that exist."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from .dialling import Dialling


class Record(Protocol):
    """A task or a campaign. `seen` is the time up to which it was moved along, `dialling` its calls."""

    sdk_app_id: int
    state: int
    seen: float
    dialling: Dialling

    @property
    def id(self) -> int:
        """The id, unique within its application."""

    def advance(self, now: float) -> None:
        """Let time pass to `now`."""


T = TypeVar("T", bound=Record)


@dataclass(frozen=True)
class Key:
    """A key of a record's JSON object: the types of its value, and its range if it is a number."""

    kinds: tuple[type, ...]
    least: int | None = None
    most: int | None = None

    def check(self, place: str, value: Any) -> None:
        """Raise `ValueError`, naming `place`, for a value that cannot be."""
        if not isinstance(value, self.kinds) or (isinstance(value, bool) and bool not in self.kinds):
            raise ValueError(f"{place}: {self.kinds[0].__name__} is wanted, not {value!r}")
        if isinstance(value, (list, tuple)) and not all(isinstance(item, str) for item in value):
            raise ValueError(f"{place}: a list of strings is wanted, not {value!r}")
        if isinstance(value, dict) and not all(isinstance(text, str) for text in (*value, *value.values())):
            raise ValueError(f"{place}: an object of strings is wanted, not {value!r}")
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise ValueError(f"{place}: a 64-bit integer is wanted, not {value!r}")
        if isinstance(value, (int, float)):
            self._check_range(place, value)

    def _check_range(self, place: str, value: float) -> None:
        if self.least is not None and self.most is not None:
            if not self.least <= value <= self.most:
                raise ValueError(f"{place}: {self.least} to {self.most} is wanted, not {value!r}")
        elif self.least is not None and not self.least <= value < 2**63:
            raise ValueError(f"{place}: at least {self.least} is wanted, not {value!r}")


INT, TEXT, TEXTS, BOOL = Key((int,)), Key((str,)), Key((list, tuple)), Key((bool,))
ID, AMOUNT = Key((int,), least=1), Key((int, float), least=0)


@dataclass(frozen=True)
class Schema(Generic[T]):
    """The JSON of a kind of record: `noun` is its name, `example` an id, `keys` what its objects may have."""

    noun: str
    example: int
    make: Callable[..., T]
    keys: Mapping[str, Key]

    @property
    def id_key(self) -> str:
        """The key of the id."""
        return f"{self.noun}_id"

    def record(self, document: Any, place: str) -> T:
        """Return the record that a JSON object describes. Raises `ValueError` naming `place` and field."""
        wanted = (self.id_key, "sdk_app_id")
        if not isinstance(document, Mapping):
            raise ValueError(f"{place}: an object with {' and '.join(wanted)} is wanted, not {document!r}")
        for name, value in document.items():
            if name not in self.keys:
                raise ValueError(f"{place}.{name}: is not a key here; keys are {', '.join(self.keys)}")
            self.keys[name].check(f"{place}.{name}", value)
        for name in wanted:
            if name not in document:
                raise ValueError(f"{place}.{name}: is missing")
        return self.make(**{name: _own(value) for name, value in document.items()})

    def read(self, source: Any) -> list[T]:
        """Return the records of a JSON list, or of the file with one.

        Raises `ValueError` naming entry and field, or the file's line; `OSError` where no file is there.
        """
        example = {self.id_key: self.example, "sdk_app_id": 1400692008}
        documents = entries(source, self.noun, example)
        records = [self.record(document, f"[{number}]") for number, document in enumerate(documents)]
        seen: set[tuple[int, int]] = set()
        for number, each in enumerate(records):
            if (each.sdk_app_id, each.id) in seen:
                raise ValueError(
                    f"[{number}].{self.id_key}: {each.id} is there twice in application {each.sdk_app_id}"
                )
            seen.add((each.sdk_app_id, each.id))
        return records


def entries(source: Any, noun: str, example: Mapping[str, Any]) -> Sequence[Any]:
    """Return a JSON list of `noun`s, or the one in a file. Raises as `Schema.read` does."""
    if isinstance(source, (str, PathLike)):
        path = Path(source)
        try:
            source = json.loads(path.read_text("utf-8"))
        except ValueError as error:  # of JSON, or of UTF-8
            raise ValueError(f"{path}: is no JSON: {error}") from None
    if not isinstance(source, (list, tuple)):
        raise ValueError(f"a list of {noun}s is wanted, such as {json.dumps([example])}")
    return source


def _own(value: Any) -> Any:
    """Return a copy of what could be changed from outside."""
    if isinstance(value, dict):
        return dict(value)
    return tuple(value) if isinstance(value, list) else value


@dataclass
class Records(Generic[T]):
    """The tasks, or the campaigns, of all applications. `lock` is held while a request does its work.

    Iterating gives them as they are now, by `clock`.
    """

    schema: Schema[T]
    clock: Callable[[], float]
    lock: threading.RLock = field(default_factory=threading.RLock)
    _records: dict[tuple[int, int], T] = field(default_factory=dict)
    _largest_id: int = 0
    """Of all records that there ever were: no id is given out again."""
    _ids: dict[int, list[int]] = field(default_factory=dict)
    """The ids of each application, sorted; removed when a record is added or removed."""
    _gone: list[T] = field(default_factory=list)
    """Those that were removed or replaced and had made calls: what was called stays known."""

    def add(self, **fields: Any) -> T:
        """Add a record, or put it in the place of the one with its id. Raises `ValueError`."""
        added = self.schema.record(fields, f"{self.schema.noun} {fields.get(self.schema.id_key)}")
        self.put(added)
        return added

    def load(self, source: Any) -> None:
        """Add the records of a JSON list or of a file with one, all or none. Raises as `Schema.read` does."""
        records = self.schema.read(source)
        with self.lock:
            for each in records:
                self.put(each)

    def put(self, added: T) -> None:
        """Add a record as of now."""
        with self.lock:
            key = added.sdk_app_id, added.id
            if (replaced := self._records.get(key)) is not added:
                if replaced:
                    self._part(replaced)
                self._gone = [each for each in self._gone if each is not added]
                lives = sum((each.sdk_app_id, each.id) == key for each in self._gone)
                added.dialling.place = f"{self.schema.noun}/{added.sdk_app_id}/{added.id}/{lives}"
            added.seen = self.clock()
            self._records[added.sdk_app_id, added.id] = added
            self._largest_id = max(self._largest_id, added.id)
            self._ids.clear()

    def reset(self, given: Iterable[T]) -> None:
        """Replace all records by copies of those that are given."""
        with self.lock:
            self.clear()
            for each in given:
                self.put(copy.deepcopy(each))

    def advance(self, record: T) -> None:
        """Let time pass for a record."""
        record.advance(self.clock())

    def next_id(self) -> int:
        """Return an id that no record has or had since the last `clear`."""
        return (self._largest_id or self.schema.example - 1) + 1

    def get(self, app: int, record_id: int) -> T | None:
        """Return a record as it is now."""
        with self.lock:
            found = self._records.get((app, record_id))
            if found:
                self.advance(found)
            return found

    def state(self, record_id: int, app: int | None = None) -> int:
        """Return the state of the record with this id, of any application unless one is named.

        Raises `KeyError` where there is none.
        """
        for each in self:
            if each.id == record_id and app in {None, each.sdk_app_id}:
                return each.state
        raise KeyError(record_id)

    def of(self, app: int) -> list[T]:
        """Return the records of an application, by id."""
        return sorted((each for each in self if each.sdk_app_id == app), key=lambda each: each.id)

    def page(
        self,
        app: int,
        start: int,
        size: int,
        *,
        newest_first: bool = False,
        where: Callable[[T], bool] | None = None,
    ) -> tuple[int, list[T]]:
        """Return how many records an application has, and a page of them by id; quick if they are many.

        With `where`, only those for which it returns true count.
        """
        with self.lock:
            if app not in self._ids:
                self._ids[app] = sorted(record_id for other, record_id in self._records if other == app)
            ids = self._ids[app][::-1] if newest_first else self._ids[app]
            if where:
                ids = [record_id for record_id in ids if where(self._records[app, record_id])]
            found = [self.get(app, record_id) for record_id in ids[start : start + size]]
            return len(ids), [each for each in found if each]

    def remove(self, record_id: int, app: int | None = None) -> None:
        """Remove the record with this id, of any application unless one is named; none is not an error."""
        with self.lock:
            for key in [key for key in self._records if key[1] == record_id and app in {None, key[0]}]:
                self._part(self._records.pop(key))
            self._ids.clear()

    def clear(self) -> None:
        """Remove all records, and forget their ids and calls."""
        with self.lock:
            self._records.clear()
            self._gone.clear()
            self._ids.clear()
            self._largest_id = 0

    def callers(self, app: int | None = None) -> list[T]:
        """Return those of an application, or of all, that have made calls, whether they exist or are gone."""
        with self.lock:
            return [
                each for each in (*self._gone, *self) if each.dialling.made and app in {None, each.sdk_app_id}
            ]

    def _part(self, record: T) -> None:
        self.advance(record)
        if record.dialling.made:
            self._gone.append(record)

    def __iter__(self) -> Iterator[T]:
        with self.lock:
            for each in self._records.values():
                self.advance(each)
            return iter(list(self._records.values()))
