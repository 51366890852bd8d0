"""What stands in the ledger: notes, withdrawals, claims and results, objects that are created once. Pure.

`<run>` is a new UUID for each note and each resuming run. A note is named by the run that wrote it.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from handler.report.entries import written_instant
from handler.target import INT64_MAX, KINDS, Kind, SdkAppId, TargetId

Key = tuple[SdkAppId, Kind, TargetId]
"""Application, kind and id of a target."""
Result = Literal["resumed", "released", "unconfirmed"]
"""`resumed`: it runs. `released`: the resume was provably not carried out. `unconfirmed`: nobody knows."""
Room = Literal["paused", "withdrawn", "resumed", "results"]
"""What the key of an object begins with: notes, withdrawals, claims and results, in this order."""
ROOMS: tuple[Room, ...] = ("paused", "withdrawn", "resumed", "results")
RESULTS: tuple[Result, ...] = ("resumed", "released", "unconfirmed")
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_PLACE = re.compile(
    rf"(?P<room>paused|withdrawn)/(?P<app>[1-9][0-9]{{0,18}})/(?P<note>{_UUID})\.json"
    rf"|(?P<room_n>resumed|results)/(?P<app_n>[1-9][0-9]{{0,18}})/(?P<note_n>{_UUID})/(?P<n>[1-9][0-9]{{0,8}})\.json"
)


class Place(NamedTuple):
    """What a key says: the room, the application, the note, and the number of a claim or a result."""

    room: Room
    app: SdkAppId
    note: str
    n: int = 0

    @property
    def key(self) -> str:
        """The key of the object, without the prefix of the ledger's address."""
        number = f"/{self.n}" if self.room in {"resumed", "results"} else ""
        return f"{self.room}/{self.app}/{self.note}{number}.json"


class Noted(NamedTuple):
    """A target in a note: what it was when it was about to be paused.

    `until` is the end of its quiet hours as they were then, `None` where they had none. `running` says that
    it was seen running; a blind pause has seen nothing. `forced` says that it was paused by force.
    """

    kind: Kind
    id: TargetId
    quiet_hours: str
    until: datetime | None
    forced: bool
    running: bool


class Note(NamedTuple):
    """What a run was about to pause. `at` is when, by that run's clock."""

    at: datetime
    targets: tuple[Noted, ...]


class Claim(NamedTuple):
    """Targets of a note that a run is about to resume, or that it closes without a call."""

    run: str
    called: bool
    targets: frozenset[tuple[Kind, TargetId]]


def place(key: str) -> Place | None:
    """Return what a key says, `None` where it is no key of the ledger's protocol."""
    found = _PLACE.fullmatch(key)
    if found is None:
        return None
    room, app, note = (found[name] or found[f"{name}_n"] for name in ("room", "app", "note"))
    rooms: dict[str, Room] = {each: each for each in ROOMS}
    number = int(app)
    return Place(rooms[room], SdkAppId(number), note, int(found["n"] or 0)) if number <= INT64_MAX else None


def note_body(run: str, at: datetime, targets: Iterable[Noted]) -> bytes:
    """Return a note as it is stored."""
    return _body(
        run,
        time=written_instant(at),
        targets=[
            {
                "kind": each.kind,
                "id": each.id,
                "quiet_hours": each.quiet_hours,
                "until": each.until and written_instant(each.until),
                "forced": each.forced,
                "state": "running" if each.running else None,
            }
            for each in targets
        ],
    )


def withdrawal_body(run: str, targets: Iterable[tuple[Kind, TargetId]]) -> bytes:
    """Return a withdrawal as it is stored."""
    return _body(run, targets=[[kind, id_] for kind, id_ in targets])


def claim_body(run: str, targets: Iterable[tuple[Kind, TargetId]], *, called: bool) -> bytes:
    """Return a claim as it is stored: `called` where a resume follows."""
    return _body(run, called=called, targets=[[kind, id_] for kind, id_ in targets])


def result_body(run: str, results: Mapping[tuple[Kind, TargetId], Result]) -> bytes:
    """Return a result as it is stored."""
    return _body(run, targets=[[kind, id_, result] for (kind, id_), result in results.items()])


def read_note(body: bytes) -> Note:
    """Return the note that an object holds. Raises `ValueError` where it holds none."""
    found = _object(body)
    return Note(_instant(found["time"]), tuple(_noted(each) for each in _list(found)))


def read_withdrawal(body: bytes) -> frozenset[tuple[Kind, TargetId]]:
    """Return what a withdrawal takes back. Raises `ValueError` where it is none."""
    return frozenset(_target(each) for each in _list(_object(body)))


def read_claim(body: bytes) -> Claim:
    """Return the claim that an object holds. Raises `ValueError` where it holds none."""
    found = _object(body)
    return Claim(str(found["run"]), _flag(found["called"]), frozenset(_target(each) for each in _list(found)))


def read_result(body: bytes) -> dict[tuple[Kind, TargetId], Result]:
    """Return what a result says of each target. Raises `ValueError` where it is none."""
    results: dict[tuple[Kind, TargetId], Result] = {}
    for each in _list(_object(body)):
        if not isinstance(each, list) or each[2:] not in ([result] for result in RESULTS):
            raise ValueError("a target has no known result")
        target = _target(each[:2])
        results[target] = each[2]
    return results


def _body(run: str, **more: Any) -> bytes:
    return json.dumps({"run": run, **more}, separators=(",", ":")).encode()


class _Object(dict[str, Any]):
    def __missing__(self, key: str) -> Any:
        raise ValueError(f"{key} is missing")


def _object(body: bytes) -> _Object:
    try:
        found: Any = json.loads(body)
    except RecursionError:
        found = None
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    return _Object(found)


def _list(found: _Object) -> list[Any]:
    targets = found["targets"]
    if not isinstance(targets, list):
        raise ValueError("targets is no list")
    return targets


def _noted(each: Any) -> Noted:
    if not isinstance(each, dict):
        raise ValueError("a target is no object")
    one = _Object(each)
    kind, id_ = _target([one["kind"], one["id"]])
    if one["state"] not in ("running", None) or not isinstance(one["quiet_hours"], str):
        raise ValueError("a target's state or quiet_hours cannot be read")
    until = None if one["until"] is None else _instant(one["until"])
    return Noted(kind, id_, one["quiet_hours"], until, _flag(one["forced"]), one["state"] == "running")


def _target(each: Any) -> tuple[Kind, TargetId]:
    if isinstance(each, list) and len(each) == 2:  # noqa: PLR2004 - its kind and its id
        kind, id_ = each
        if kind in KINDS and type(id_) is int and 0 < id_ <= INT64_MAX:
            return kind, TargetId(id_)
    raise ValueError("a target is no kind with an id")


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false is wanted")
    return value


def _instant(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError("a time is no text")
    at = datetime.fromisoformat(value.replace("Z", "+00:00"))
    if at.tzinfo is None:
        raise ValueError("a time has no offset")
    return at
