"""What the ledger says of each target: which of its notes stand, and which one decides. Pure.

The rules in *italics* are those of docs/ledger.md, explored as a model in tests/models.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from handler.cloud.stores.store import Stored
from handler.reconcile.ledger import records
from handler.reconcile.ledger.records import Claim, Key, Note, Noted, Place, Result
from handler.target import Kind, SdkAppId, TargetId

LONGEST_RUN = timedelta(minutes=15)
"""A claim without a result that is older belongs to a run that crashed (*age*)."""
UNDER_WAY = timedelta(seconds=60)
"""So long a call whose reply was lost may still be carried out (*settle*, *force-waits*)."""
KEPT = timedelta(days=7)
"""So long after its recorded end a note may lead to a resume."""

NoteKind = Literal["running", "blind", "forced"]
Status = Literal["open", "claimed", "resumed", "unconfirmed", "closed"]


class Standing(NamedTuple):
    """A note of a target that was not withdrawn.

    `status` is `open` while the target may be resumed by it, `claimed` while a run is about to, else what
    came of it. `n` is the number of the claim that says so, 0 for none; `claimed_at` and `settled_at` are
    when that and its result were created. Until `call_until` a resume by any claim of this note may still be
    carried out: an earlier one may be, while a later claim has closed the note.
    """

    place: Place
    created: datetime
    at: datetime
    noted: Noted
    status: Status = "open"
    n: int = 0
    claimed_at: datetime | None = None
    settled_at: datetime | None = None
    call_until: datetime | None = None

    @property
    def kind(self) -> NoteKind:
        """What the note says: seen running, seen nothing, or paused by force."""
        return "forced" if self.noted.forced else "running" if self.noted.running else "blind"

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done about it: it is open, or claimed without a result."""
        return self.status in {"open", "claimed"}


def counting(standing: Sequence[Standing]) -> Standing | None:
    """Return the note that decides whether a target is resumed, of its notes from the oldest to the newest.

    Only the newest counts. Blind ones are left out (*blind*), and an open forced one keeps its target paused,
    whatever is newer (*forced*).
    """
    if any(each.kind == "forced" and each.status == "open" for each in standing):
        return None
    seen = [each for each in standing if each.kind != "blind"]
    return seen[-1] if seen and seen[-1].kind == "running" else None


def to_close(standing: Iterable[Standing]) -> list[Standing]:
    """Return the notes to close when somebody else resumed their target: all that are open (*close-all*).

    Also those that are claimed without a result: a release would open them again (*close-claimed*).
    """
    return [each for each in standing if each.is_open]


def is_over(each: Standing, now: datetime) -> bool:
    """Return whether the run that claimed must have ended (*age*)."""
    return each.claimed_at is not None and now - each.claimed_at > LONGEST_RUN


def may_be_under_way(each: Standing, now: datetime) -> bool:
    """Return whether a resume by this note may still be carried out (*force-waits*)."""
    return each.call_until is not None and now <= each.call_until


@dataclass
class _Objects:
    """Of one note: its own object, what was withdrawn, its claims and their results, by number."""

    note: Note | None = None
    created: datetime | None = None
    withdrawn: frozenset[tuple[Kind, TargetId]] = frozenset()
    claims: dict[int, tuple[Claim, datetime]] = field(default_factory=dict)
    numbers: set[int] = field(default_factory=set)
    results: dict[int, tuple[Mapping[tuple[Kind, TargetId], Result], datetime]] = field(default_factory=dict)
    doubtful: bool = False


class Book:
    """The ledger as it was read at `now`, a time of the store. Notes stand in the order of their creation.

    `unreadable` are the keys of objects that hold something else. A note of which a withdrawal, a claim or a
    result cannot be read leads to no resume; a forced one keeps its targets paused.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.unreadable: list[str] = []
        self._of: dict[tuple[SdkAppId, str], _Objects] = {}

    def add(self, stored: Stored, place: Place, body: bytes) -> None:
        """Take in an object that was read."""
        mine = self._of.setdefault((place.app, place.note), _Objects())
        mine.numbers |= {place.n} if place.room == "resumed" else set()
        try:
            if place.room == "paused":
                mine.note, mine.created = records.read_note(body), stored.created
            elif place.room == "withdrawn":
                mine.withdrawn = records.read_withdrawal(body)
            elif place.room == "resumed":
                mine.claims[place.n] = (records.read_claim(body), stored.created)
            else:
                mine.results[place.n] = (records.read_result(body), stored.created)
        except ValueError:
            self.unreadable.append(place.key)
            mine.doubtful = True

    @property
    def places(self) -> set[Place]:
        """The notes that were read."""
        return {Place("paused", app, note) for app, note in self._of}

    def next_claim(self, place: Place) -> int:
        """Return the number of the next claim of a note."""
        return max(self._of[place.app, place.note].numbers, default=0) + 1

    def standing(self) -> dict[Key, list[Standing]]:
        """Return the notes of each target that were not withdrawn, from the oldest to the newest."""
        found: dict[Key, list[Standing]] = {}
        notes = [(mine.created, key, mine) for key, mine in self._of.items() if mine.note and mine.created]
        for created, (app, note), mine in sorted(notes, key=lambda each: (each[0], each[1])):
            for each in _standing(Place("paused", app, note), created, mine):
                found.setdefault((app, each.noted.kind, each.noted.id), []).append(each)
        return found

    def claimed_without_result(self) -> Iterator[tuple[Place, Claim]]:
        """Yield each claim for a call that has no result, and whose run must have ended."""
        for (app, note), mine in self._of.items():
            for n, (claim, created) in mine.claims.items():
                if claim.called and n not in mine.results and self.now - created > LONGEST_RUN:
                    yield Place("resumed", app, note, n), claim


def _standing(place: Place, created: datetime, mine: _Objects) -> Iterator[Standing]:
    """Yield a note for each of its targets, with what the last claim that lists the target says."""
    if mine.note is None:
        return
    last: dict[tuple[Kind, TargetId], int] = {}
    for n in sorted(mine.claims):
        last.update(dict.fromkeys(mine.claims[n][0].targets, n))
    for noted in mine.note.targets:
        target = (noted.kind, noted.id)
        if target in mine.withdrawn:
            continue
        n = last.get(target, 0)
        each = Standing(place, created, mine.note.at, noted, n=n, call_until=_call_until(mine, target))
        if mine.doubtful and not noted.forced:
            yield each._replace(status="unconfirmed")
        elif n == 0:
            yield each
        else:
            claim, claimed_at = mine.claims[n]
            results, settled_at = mine.results.get(n, (None, None))
            status = _status(claim, results, target)
            yield each._replace(status=status, claimed_at=claimed_at, settled_at=settled_at)


def _call_until(mine: _Objects, target: tuple[Kind, TargetId]) -> datetime | None:
    """Return until when a resume may still be carried out, `None` where nothing may be.

    Without a result the run may be about to send it. With one, its reply may have been lost: `resumed` may
    only say that the target was seen running, because somebody else resumed it.
    """
    until: list[datetime] = []
    for n, (claim, claimed_at) in mine.claims.items():
        if claim.called and target in claim.targets:
            results, settled_at = mine.results.get(n, (None, None))
            if results is None or settled_at is None:
                until.append(claimed_at + LONGEST_RUN)
            elif results.get(target) != "released":
                until.append(settled_at + UNDER_WAY)
    return max(until, default=None)


def _status(
    claim: Claim, results: Mapping[tuple[Kind, TargetId], Result] | None, target: tuple[Kind, TargetId]
) -> Status:
    if not claim.called:
        return "closed"
    if results is None:
        return "claimed"
    result = results.get(target, "unconfirmed")
    return "open" if result == "released" else result
