"""What the ledger holds, for people and for other programs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from handler.policy.rules import Rules
from handler.reconcile.ledger.book import KEPT, Standing, counting
from handler.reconcile.ledger.records import Key
from handler.report.entries import written_instant

MEANINGS = {
    "held": "it is resumed after its quiet hours",
    "forced": "it stays paused until a person resumes it",
    "claimed": "a run is about to resume it, or crashed there",
    "blind": "it was paused unseen, and is not resumed by itself",
    "expired": "its quiet hours ended more than 7 days ago, and it is not resumed by itself",
    "unconfirmed": "whether it was resumed is not known; look, and resume it yourself",
}


class Held(NamedTuple):
    """A target that the ledger holds, with the note that decides."""

    key: Key
    name: str | None
    status: str
    note: Standing

    @property
    def path(self) -> str:
        """How `forget` names it."""
        return path_of(self.key)

    def document(self) -> dict[str, Any]:
        """Return it for other programs."""
        app, kind, id_ = self.key
        until = self.note.noted.until
        return {
            "kind": kind,
            "sdk_app_id": app,
            "id": id_,
            "name": self.name,
            "status": self.status,
            "since": written_instant(self.note.at),
            "until": until and written_instant(until),
            "quiet_hours": self.note.noted.quiet_hours,
        }


def path_of(key: Key) -> str:
    """Return a target as `KIND/APP/ID`."""
    app, kind, id_ = key
    return f"{kind}/{app}/{id_}"


def held(standing: Mapping[Key, Sequence[Standing]], rules: Rules, now: datetime) -> Iterator[Held]:
    """Yield what the ledger holds, in the order of the targets. What is resumed or closed is not held."""
    for key in sorted(standing):
        if found := _deciding(standing[key], now):
            yield Held(key, rules.decide(*key, None).entry, *found)


def _deciding(notes: Sequence[Standing], now: datetime) -> tuple[str, Standing] | None:
    """Return a target's status and the note that says so, `None` where it is not held."""
    forced = [each for each in notes if each.kind == "forced" and each.is_open]
    if forced:
        return "forced", forced[-1]
    note, newest = counting(notes), notes[-1]
    if note is not None and note.is_open:
        expired = note.noted.until is not None and now - note.noted.until > KEPT
        return ("claimed" if note.status == "claimed" else "expired" if expired else "held"), note
    if newest.kind == "blind" and newest.is_open:
        return "blind", newest
    return ("unconfirmed", newest) if newest.status == "unconfirmed" else None
