"""The ledger in its store: objects are created once, read, and never changed."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextvars import copy_context
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from handler.cloud.pacing import Backoff, Deadline, retry
from handler.cloud.stores.memory import LedgerMemory
from handler.cloud.stores.store import Stored
from handler.errors import CloudError, Meaning
from handler.reconcile.ledger import records
from handler.reconcile.ledger.book import Book
from handler.reconcile.ledger.records import Noted, Place, Result
from handler.target import Kind, SdkAppId, TargetId

if TYPE_CHECKING:
    from handler.cloud.stores.store import Store

T = TypeVar("T")
_log = logging.getLogger(__name__)
_READERS = 32
"""Objects that are read at once."""


class Ledger:
    """The ledger of one run. `store` opens its store at the first need; `memory` is that of the instance.

    Every method raises `CloudError` where the store cannot be used before `until`.
    """

    def __init__(self, store: Callable[[], Store], memory: LedgerMemory, backoff: Backoff) -> None:
        self._open = store
        self._opened: Store | None = None
        self._backoff = backoff
        self.memory = memory

    def note(self, app: SdkAppId, run: str, at: datetime, targets: Iterable[Noted], until: Deadline) -> None:
        """Create the note of a run: what it is about to pause in an application."""
        self.memory.forget()
        self._create(Place("paused", app, run).key, records.note_body(run, at, targets), until)

    def withdraw(
        self, app: SdkAppId, run: str, targets: Iterable[tuple[Kind, TargetId]], until: Deadline
    ) -> None:
        """Take back the note of a run for targets that it provably did not pause."""
        self._create(Place("withdrawn", app, run).key, records.withdrawal_body(run, targets), until)

    def claim(
        self,
        place: Place,
        run: str,
        targets: Iterable[tuple[Kind, TargetId]],
        until: Deadline,
        *,
        called: bool,
    ) -> bool:
        """Create a claim; `called` says that a resume follows. Return `False` where its number is taken."""
        return self._create(place.key, records.claim_body(run, targets, called=called), until)

    def result(
        self, place: Place, run: str, results: Mapping[tuple[Kind, TargetId], Result], until: Deadline
    ) -> bool:
        """Create the result of a claim. Return `False` where another run has created it."""
        place = place._replace(room="results")
        return self._create(place.key, records.result_body(run, results), until)

    def read(self, until: Deadline) -> Book:
        """Return all that the ledger holds. What this instance has read before is not read again."""
        return self._read("", until)

    def read_notes(self, app: SdkAppId, until: Deadline) -> Book:
        """Return the notes of an application as they are now, without claims and withdrawals."""
        return self._read(f"paused/{app}/", until)

    def probe(self, until: Deadline) -> None:
        """Create an object, list it and read it. Raises `CloudError` where any of that fails.

        The ledger's lifecycle rule removes it: this function may delete nothing.
        """
        key = f"probe/{uuid.uuid4()}.json"
        store = self._tried(self._store, until)
        self._tried(lambda: store.create(key, b"{}", until), until)
        listed = self._tried(lambda: store.list("probe/", until), until)
        if key not in {each.key for each in listed.objects}:
            raise CloudError("NotListed", "what was created is not listed", meaning=Meaning.HALT)
        if self._tried(lambda: store.get(key, until), until) != b"{}":
            raise CloudError("NotRead", "what was created cannot be read", meaning=Meaning.HALT)

    def newest(self, prefix: str, until: Deadline) -> bytes | None:
        """Return the newest object under a prefix apart from the protocol's, `None` where there is none."""
        listed = self._tried(lambda: self._store().list(prefix, until), until)
        if not listed.objects:
            return None
        key = max(listed.objects, key=lambda each: (each.created, each.key)).key
        return self._tried(lambda: self._store().get(key, until), until)

    def keep(self, key: str, body: bytes, until: Deadline) -> None:
        """Create an object apart from the protocol's."""
        if not self._create(key, body, until):
            raise CloudError("Conflict", f"{key} is there with another content", meaning=Meaning.HALT)

    def _store(self) -> Store:
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def _read(self, prefix: str, until: Deadline) -> Book:
        listed = self._tried(lambda: self._store().list(prefix, until), until)
        wanted = [(each, found) for each in listed.objects if (found := records.place(each.key))]
        bodies = self.memory.bodies
        self._fetch([each for each, _ in wanted if each.key not in bodies], until)
        if not prefix:
            for key in bodies.keys() - {each.key for each, _ in wanted}:
                del bodies[key]
        book = Book(listed.now)
        for each, place in wanted:
            if each.key in bodies:
                book.add(each, place, bodies[each.key])
        if book.unreadable:
            facts = {"objects": len(book.unreadable), "first": book.unreadable[0]}
            _log.warning("objects of the ledger cannot be read", extra=facts)
        return book

    def _fetch(self, objects: list[Stored], until: Deadline) -> None:
        """Read objects, several at once. One that was removed meanwhile is left out."""
        if not objects:
            return
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - most wake-ups read nothing

        store = self._store()

        def get(key: str) -> bytes | None:
            return self._tried(lambda: store.get(key, until), until)

        with ThreadPoolExecutor(min(_READERS, len(objects)), "ledger") as pool:
            answers = [(each.key, pool.submit(copy_context().run, get, each.key)) for each in objects]
            try:
                for key, answer in answers:
                    body = answer.result()
                    if body is not None:
                        self.memory.bodies[key] = body
            except CloudError:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _create(self, key: str, body: bytes, until: Deadline) -> bool:
        """Create an object. Return whether it is this run's; the run's id is in its body."""
        store = self._tried(self._store, until)

        def create() -> bool:
            if store.create(key, body, until):
                return True
            found = store.get(key, until)
            if found is None:  # two creations met, and neither need have succeeded
                raise CloudError(
                    "Conflict", "another creation of the object was under way", meaning=Meaning.RETRY
                )
            return found == body

        return self._tried(create, until)

    def _tried(self, call: Callable[[], T], until: Deadline) -> T:
        return retry(lambda _: call(), again=_again, deadline=until, backoff=self._backoff)


def _again(error: Exception, attempt: int) -> bool:
    del attempt
    return isinstance(error, CloudError) and error.retryable
