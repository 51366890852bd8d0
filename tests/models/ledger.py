"""What the project's own code says of the notes of the model: real bodies, read into a real `Book`.

Nothing here decides anything. So the model explores the rules of `handler.reconcile.ledger.book` themselves, and
a change of what they mean shows in the invariants.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import NamedTuple

from handler.cloud.stores.store import Stored
from handler.reconcile.ledger import book, records
from handler.reconcile.ledger.book import Book, NoteKind, Standing
from handler.reconcile.ledger.records import Noted, Place, Result
from handler.target import Kind, SdkAppId, TargetId

APP = SdkAppId(1400692008)
TARGET: tuple[Kind, TargetId] = ("task", TargetId(16499))
NOW = datetime(2026, 11, 25, 13, 30, tzinfo=timezone.utc)
FIRST_NOTE = NOW - timedelta(hours=16)
LONG_AGO = NOW - timedelta(hours=1)
YOUNG_CLAIM = NOW - timedelta(minutes=1)
YOUNG_RESULT = NOW - timedelta(seconds=30)

NO_RESULT, CONFIRMED_ONLY, RESUMED, RELEASED, UNCONFIRMED, CLOSED = "?!+-~x"
"""A claim in the model is one letter. `!` is a claim without a result whose run knew that its call was done."""
RESULTS: dict[str, Result] = {RESUMED: "resumed", RELEASED: "released", UNCONFIRMED: "unconfirmed"}


class Stands(NamedTuple):
    """A note as the ledger holds it. `busy`: a run is between a claim and its result, or its call is under way."""

    kind: NoteKind
    withdrawn: bool
    claims: str
    busy: bool


class Answers(NamedTuple):
    """What the project's code says of a ledger. Notes are named by their number in the order of creation."""

    counting: int  # -1: none
    resumable: bool  # the note that counts is open
    numbers: tuple[int, ...]  # of each note's next claim
    to_close: tuple[int, ...]
    under_way: bool
    unsettled: tuple[tuple[int, int], ...]  # note and number of each claim left by a run that is over


def key(i: int) -> str:
    """Return the UUID of a note. Keys stand in another order than notes: the time of creation has to decide."""
    return f"{9 - i:08}-0000-4000-8000-000000000000"


def read(notes: Sequence[Stands], *, age: bool) -> Book:
    """Return the book of a ledger that holds these notes. Without `age`, every claim looks like an old one."""
    objects: list[tuple[Place, datetime, bytes]] = []
    for i, note in enumerate(notes):
        created = FIRST_NOTE + timedelta(minutes=i)
        noted = Noted(*TARGET, "night", NOW, note.kind == "forced", note.kind != "blind")
        objects.append((Place("paused", APP, key(i)), created, records.note_body(key(i), created, [noted])))
        if note.withdrawn:
            body = records.withdrawal_body(key(i), [TARGET])
            objects.append((Place("withdrawn", APP, key(i)), created, body))
        sent = [n for n, claim in enumerate(note.claims, 1) if claim not in {CLOSED, RELEASED}]
        for n, claim in enumerate(note.claims, 1):
            busy = note.busy and n == sent[-1:][0] if sent else False
            body = records.claim_body("a run", [TARGET], called=claim != CLOSED)
            objects.append(
                (Place("resumed", APP, key(i), n), YOUNG_CLAIM if busy and age else LONG_AGO, body)
            )
            if claim in RESULTS:
                body = records.result_body("a run", {TARGET: RESULTS[claim]})
                objects.append((Place("results", APP, key(i), n), YOUNG_RESULT if busy else LONG_AGO, body))
    found = Book(NOW)
    for place, created, body in sorted(objects):
        parsed = records.place(place.key)
        assert parsed == place
        found.add(Stored(place.key, created), parsed, body)
    assert not found.unreadable
    return found


class Code:
    """The project's functions, or what stands in for one of them while its rule is left out."""

    def __init__(self, without: frozenset[str]) -> None:
        self.age = "age" not in without
        self.counting: Callable[[Sequence[Standing]], Standing | None] = book.counting
        self.to_close: Callable[[Sequence[Standing]], list[Standing]] = book.to_close
        if "forced" in without:
            self.counting = lambda notes: newest([each for each in notes if each.kind != "blind"])
        if "blind" in without:
            self.counting = lambda notes: newest(notes) if book.counting(notes) else None
        if "close-all" in without:
            self.to_close = lambda notes: book.to_close(notes[-1:])
        if "close-claimed" in without:
            self.to_close = lambda notes: [each for each in book.to_close(notes) if each.status == "open"]
        self.ask = cache(self._ask)

    def _ask(self, notes: tuple[Stands, ...]) -> Answers:
        read_now = read(notes, age=self.age)
        standing = read_now.standing().get((APP, *TARGET), [])
        number = {key(i): i for i in range(len(notes))}
        counting = self.counting(standing)
        return Answers(
            number[counting.place.note] if counting else -1,
            counting is not None and counting.status == "open",
            tuple(read_now.next_claim(Place("paused", APP, key(i))) for i in range(len(notes))),
            tuple(number[each.place.note] for each in self.to_close(standing)),
            any(book.may_be_under_way(each, NOW) for each in standing),
            tuple((number[place.note], place.n) for place, _ in read_now.claimed_without_result()),
        )


def newest(notes: Sequence[Standing]) -> Standing | None:
    """Return the newest note, if it says that the target was seen running."""
    return notes[-1] if notes and notes[-1].kind == "running" else None
