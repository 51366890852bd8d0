"""Notes are closed by a claim without a call: what is done with their targets from then on is not ours."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable

from handler.cloud.pacing import Deadline
from handler.reconcile.ledger.book import to_close
from handler.reconcile.ledger.ledger import Ledger
from handler.reconcile.ledger.records import Key, Place


def close_notes(ledger: Ledger, keys: Iterable[Key], until: Callable[[], Deadline]) -> set[Key]:
    """Close all open notes of targets (*close-all*). Return the targets that had one.

    `until` is asked anew each time that another run took a claim's number first. Raises `CloudError`.
    """
    left, closed = set(keys), set[Key]()
    while left:
        had, left = _close_once(ledger, left, until())
        closed |= had
    return closed


def _close_once(ledger: Ledger, keys: set[Key], until: Deadline) -> tuple[set[Key], set[Key]]:
    """Return the targets that had an open note, and those of them whose claims were taken."""
    book = ledger.read(until)
    standing = book.standing()
    notes: dict[Place, list[Key]] = {}
    for key in keys:
        for each in to_close(standing.get(key, ())):
            notes.setdefault(each.place, []).append(key)
    taken: set[Key] = set()
    for place, mine in notes.items():
        claim = place._replace(room="resumed", n=book.next_claim(place))
        if not ledger.claim(claim, str(uuid.uuid4()), [key[1:] for key in mine], until, called=False):
            taken.update(mine)
    return {key for mine in notes.values() for key in mine}, taken
