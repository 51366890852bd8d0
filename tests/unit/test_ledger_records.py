"""The ledger's objects round-trip, and a book says of each target what its objects say."""

import contextlib
import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handler.cloud.stores.store import Stored
from handler.reconcile.ledger import book, records
from handler.reconcile.ledger.book import LONGEST_RUN, UNDER_WAY, Book, Standing
from handler.reconcile.ledger.records import RESULTS, ROOMS, Noted, Place, Result, Room
from handler.target import INT64_MAX, KINDS, Kind, SdkAppId, TargetId

NOW = datetime(2026, 11, 25, 13, 5, tzinfo=timezone.utc)
NIGHT = NOW - timedelta(hours=12)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
APP = SdkAppId(1400692008)
TASK: tuple[Kind, TargetId] = ("task", TargetId(16499))
OTHER: tuple[Kind, TargetId] = ("campaign", TargetId(2567))
READERS: list[Callable[[bytes], Any]] = [
    records.read_note,
    records.read_withdrawal,
    records.read_claim,
    records.read_result,
]


def uuid(n: int) -> str:
    return f"{n:08x}-0000-4000-8000-000000000000"


# The objects

ids = st.integers(1, INT64_MAX).map(TargetId)
targets = st.tuples(st.sampled_from(KINDS), ids)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
centuries = datetime(2000, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - the zone is drawn
instants = st.datetimes(*centuries, timezones=zones).map(lambda at: at.replace(microsecond=0))
texts = st.text(st.characters())
noted = st.builds(
    Noted, st.sampled_from(KINDS), ids, texts, st.none() | instants, st.booleans(), st.booleans()
)
uuids = st.uuids().map(str)


@given(uuids, instants, st.lists(noted))
def test_a_note_reads_back(run: str, at: datetime, listed: list[Noted]) -> None:
    assert records.read_note(records.note_body(run, at, listed)) == (at, tuple(listed))


@given(uuids, st.lists(targets))
def test_a_withdrawal_reads_back(run: str, listed: list[tuple[Kind, TargetId]]) -> None:
    assert records.read_withdrawal(records.withdrawal_body(run, listed)) == frozenset(listed)


@given(uuids, st.lists(targets), st.booleans())
def test_a_claim_reads_back(run: str, listed: list[tuple[Kind, TargetId]], called: bool) -> None:
    assert records.read_claim(records.claim_body(run, listed, called=called)) == (
        run,
        called,
        frozenset(listed),
    )


@given(uuids, st.dictionaries(targets, st.sampled_from(RESULTS)))
def test_a_result_reads_back(run: str, results: dict[tuple[Kind, TargetId], Result]) -> None:
    assert records.read_result(records.result_body(run, results)) == results


def test_a_note_is_stored_as_documented() -> None:
    body = records.note_body(
        uuid(1),
        NIGHT,
        [Noted(*TASK, "us", NOW, forced=False, running=True), Noted(*OTHER, "us", None, True, False)],
    )
    assert json.loads(body) == {
        "run": uuid(1),
        "time": "2026-11-25T01:05:00Z",
        "targets": [
            {
                "kind": "task",
                "id": 16499,
                "quiet_hours": "us",
                "until": "2026-11-25T13:05:00Z",
                "forced": False,
                "state": "running",
            },
            {
                "kind": "campaign",
                "id": 2567,
                "quiet_hours": "us",
                "until": None,
                "forced": True,
                "state": None,
            },
        ],
    }


# Their keys


@given(st.sampled_from(ROOMS), st.integers(1, INT64_MAX), uuids, st.integers(1, 999_999_999))
def test_a_key_reads_back(room: Room, app: int, note: str, n: int) -> None:
    place = Place(room, SdkAppId(app), note, n if room in {"resumed", "results"} else 0)
    assert records.place(place.key) == place


@given(
    st.text()
    | st.from_regex(
        r"(paused|withdrawn|resumed|results)/[0-9]{1,20}/[0-9a-f-]{36}(/[0-9]{1,10})?\.json\s?",
        fullmatch=True,
    )
)
def test_what_reads_as_a_key_is_that_key(key: str) -> None:
    place = records.place(key)
    assert place is None or place.key == key


@pytest.mark.parametrize(
    "key",
    [
        "",
        f"paused/{APP}/{uuid(1)}",
        f"paused/{APP}/{uuid(1)}/1.json",
        f"paused/{APP}/{uuid(0xABC).upper()}.json",
        f"paused/0/{uuid(1)}.json",
        f"paused/{INT64_MAX + 1}/{uuid(1)}.json",
        f"paused/{APP}/{uuid(1)}.json\n",
        f"resumed/{APP}/{uuid(1)}.json",
        f"resumed/{APP}/{uuid(1)}/0.json",
        f"results/{APP}/{uuid(1)}/01.json",
        f"results/{APP}/{uuid(1)}/1٢.json",
        f"probe/{uuid(1)}.json",
        f"audit/{APP}/2026-11-25T13:05:00Z.json",
    ],
)
def test_what_is_no_key_of_the_protocol_is_left_alone(key: str) -> None:
    assert records.place(key) is None


# What cannot be read

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([*KINDS, *RESULTS, "running", "2026-11-25T13:05:00Z", "2026-11-25"])
)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
fields = {
    "run": anything,
    "time": anything | st.just("2026-11-25T13:05:00Z"),
    "called": anything,
    "targets": anything
    | st.lists(
        anything
        | st.lists(anything | st.sampled_from(KINDS) | ids, max_size=4)
        | st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(
                ("kind", "id", "quiet_hours", "until", "forced", "state"), leaves | anything
            ),
        )
    ),
}
objects = st.fixed_dictionaries({}, optional=fields)


@pytest.mark.parametrize("read", READERS)
@given(body=st.binary() | (objects | anything).map(lambda value: json.dumps(value).encode()))
@example(body=b"")
@example(body=b"\xff")
@example(body=b"[" * 100_000)
@example(body=b"[]")
@example(body=b"{}")
@example(body=b'{"run": 1, "time": "0001-01-01T00:00:00+14:00", "called": 1, "targets": []}')
@example(body=b'{"run": 1, "targets": ' + b"9" * 5_000 + b"}")
@example(body=b'{"targets": [1]}')
@example(body=b'{"targets": [{}]}')
@example(body=b'{"targets": ["task"]}')
@example(body=b'{"targets": [null]}')
@example(body=b'{"time": "2026-11-25T13:05:00Z", "targets": [{"kind": "task", "id": 1, "state": []}]}')
@example(
    body=b'{"time": "2026-11-25T13:05:00Z", "targets": [{"kind": "task", "id": 1, "state": {}, "quiet_hours": ""}]}'
)
@example(body=b'{"time": "\\ud800", "targets": []}')
def test_what_is_no_record_raises_value_error_and_nothing_else(
    read: Callable[[bytes], Any], body: bytes
) -> None:
    with contextlib.suppress(ValueError):
        read(body)


@given(
    st.sampled_from(ROOMS), st.binary() | (objects | anything).map(lambda value: json.dumps(value).encode())
)
def test_a_book_takes_in_whatever_is_stored(room: Room, body: bytes) -> None:
    ledger = Ledger().note(1)
    place = Place(room, APP, uuid(1), 1 if room in {"resumed", "results"} else 0)
    ledger.add(place, body, NIGHT)
    assert ledger.book.unreadable in ([], [place.key])
    for standing in ledger.book.standing().values():
        book.counting(standing)
        book.to_close(standing)
    list(ledger.book.claimed_without_result())


# The book


class Ledger:
    """A book that is written by hand. Notes are numbered; each is created a minute after the one before."""

    def __init__(self) -> None:
        self.book = Book(NOW)

    def add(self, place: Place, body: bytes, created: datetime) -> None:
        self.book.add(Stored(place.key, created), place, body)

    def note(
        self,
        i: int,
        listed: Iterable[tuple[Kind, TargetId]] = (TASK,),
        *,
        forced: bool = False,
        running: bool = True,
        created: datetime | None = None,
    ) -> "Ledger":
        created = created or NIGHT + i * MINUTE
        body = records.note_body(
            uuid(i), created, [Noted(*each, "us", NOW - 5 * MINUTE, forced, running) for each in listed]
        )
        self.add(Place("paused", APP, uuid(i)), body, created)
        return self

    def withdrawal(self, i: int, *listed: tuple[Kind, TargetId]) -> "Ledger":
        self.add(Place("withdrawn", APP, uuid(i)), records.withdrawal_body(uuid(i), listed or (TASK,)), NIGHT)
        return self

    def claim(
        self, i: int, n: int, *listed: tuple[Kind, TargetId], called: bool = True, age: timedelta = MINUTE
    ) -> "Ledger":
        body = records.claim_body(uuid(99), listed or (TASK,), called=called)
        self.add(Place("resumed", APP, uuid(i), n), body, NOW - age)
        return self

    def result(
        self, i: int, n: int, result: Result, *listed: tuple[Kind, TargetId], age: timedelta = SECOND
    ) -> "Ledger":
        body = records.result_body(uuid(99), dict.fromkeys(listed or (TASK,), result))
        self.add(Place("results", APP, uuid(i), n), body, NOW - age)
        return self

    def broken(self, room: Room, i: int, n: int = 0) -> "Ledger":
        self.add(Place(room, APP, uuid(i), n), b"{}", NIGHT)
        return self

    def of(self, target: tuple[Kind, TargetId] = TASK) -> list[Standing]:
        return self.book.standing().get((APP, *target), [])

    @property
    def statuses(self) -> list[str]:
        return [each.status for each in self.of()]

    @property
    def counts(self) -> str | None:
        counting = book.counting(self.of())
        return counting.place.note if counting else None

    @property
    def under_way(self) -> bool:
        return any(book.may_be_under_way(each, NOW) for each in self.of())


def test_an_empty_ledger_says_nothing() -> None:
    assert Ledger().book.standing() == {}
    assert book.counting([]) is None


def test_a_note_is_open() -> None:
    (standing,) = Ledger().note(1).of()
    assert (standing.status, standing.n, standing.kind, standing.is_open) == ("open", 0, "running", True)
    assert standing.created == NIGHT + MINUTE


def test_a_claim_without_a_result_is_claimed() -> None:
    (standing,) = Ledger().note(1).claim(1, 1).of()
    assert (standing.status, standing.n, standing.claimed_at, standing.settled_at) == (
        "claimed",
        1,
        NOW - MINUTE,
        None,
    )
    assert standing.is_open


@pytest.mark.parametrize("result", ["resumed", "unconfirmed"])
def test_a_result_ends_a_note(result: Result) -> None:
    (standing,) = Ledger().note(1).claim(1, 1).result(1, 1, result).of()
    assert (standing.status, standing.n, standing.settled_at, standing.is_open) == (
        result,
        1,
        NOW - SECOND,
        False,
    )


def test_what_was_released_is_open_again_and_may_be_claimed_again() -> None:
    ledger = Ledger().note(1).claim(1, 1).result(1, 1, "released")
    assert ledger.statuses == ["open"]
    assert ledger.book.next_claim(Place("paused", APP, uuid(1))) == 2
    assert ledger.claim(1, 2).statuses == ["claimed"]
    assert ledger.result(1, 2, "resumed").statuses == ["resumed"]


def test_a_claim_without_a_call_closes() -> None:
    assert Ledger().note(1).claim(1, 1, called=False).statuses == ["closed"]


def test_a_release_frees_only_what_no_later_claim_lists() -> None:
    ledger = Ledger().note(1, [TASK, OTHER]).claim(1, 1, TASK, OTHER).claim(1, 2, TASK, called=False)
    ledger.result(1, 1, "released", TASK, OTHER)
    assert [each.status for each in ledger.of(TASK)] == ["closed"]
    assert [each.status for each in ledger.of(OTHER)] == ["open"]


def test_a_target_that_its_result_does_not_name_is_unconfirmed() -> None:
    assert Ledger().note(1, [TASK, OTHER]).claim(1, 1, TASK, OTHER).result(
        1, 1, "resumed", OTHER
    ).statuses == ["unconfirmed"]


def test_a_claim_concerns_only_what_it_lists() -> None:
    assert Ledger().note(1, [TASK, OTHER]).claim(1, 1, OTHER).statuses == ["open"]


def test_a_withdrawn_target_is_not_noted_any_more() -> None:
    ledger = Ledger().note(1, [TASK, OTHER]).withdrawal(1, TASK)
    assert ledger.of(TASK) == []
    assert [each.status for each in ledger.of(OTHER)] == ["open"]


def test_the_same_note_of_another_application_is_another_note() -> None:
    ledger = Ledger().note(1)
    place = Place("resumed", SdkAppId(7), uuid(1), 1)
    ledger.add(place, records.claim_body(uuid(99), [TASK], called=False), NOW)
    assert ledger.statuses == ["open"]


def test_the_newest_note_counts_by_creation() -> None:
    ledger = Ledger().note(2, created=NIGHT).note(1, created=NIGHT + SECOND)
    assert ledger.counts == uuid(1)


def test_notes_created_at_the_same_time_count_by_key() -> None:
    assert Ledger().note(2, created=NIGHT).note(1, created=NIGHT).counts == uuid(2)


def test_an_older_note_does_not_count_when_the_newest_is_settled() -> None:
    ledger = Ledger().note(1).note(2).claim(2, 1).result(2, 1, "resumed")
    assert ledger.counts == uuid(2)
    assert ledger.statuses == ["open", "resumed"]


def test_a_withdrawn_note_does_not_hide_an_older_one() -> None:
    assert Ledger().note(1).note(2).withdrawal(2).counts == uuid(1)


def test_a_blind_note_is_left_out() -> None:
    assert Ledger().note(1).note(2, running=False).counts == uuid(1)
    assert Ledger().note(1, running=False).counts is None


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("others", [(), (1,), (3,), (1, 3)])
def test_an_open_forced_note_keeps_whatever_is_newer(others: tuple[int, ...], running: bool) -> None:
    ledger = Ledger().note(2, forced=True, running=running)
    for i in others:
        ledger.note(i)
    assert ledger.counts is None


def test_a_closed_forced_note_keeps_nothing() -> None:
    ledger = Ledger().note(1, forced=True).claim(1, 1, called=False)
    assert ledger.counts is None
    assert ledger.note(2).counts == uuid(2)


def test_all_that_is_open_or_claimed_is_closed() -> None:
    ledger = (
        Ledger()
        .note(1)
        .note(2, running=False)
        .note(3, forced=True)
        .note(4)
        .claim(4, 1)
        .note(5)
        .claim(5, 1, called=False)
    )
    ledger.note(6).claim(6, 1).result(6, 1, "resumed").note(7).claim(7, 1).result(7, 1, "released").note(
        8
    ).withdrawal(8)
    assert [each.place.note for each in book.to_close(ledger.of())] == [uuid(i) for i in (1, 2, 3, 4, 7)]


@pytest.mark.parametrize(("room", "n"), [("withdrawn", 0), ("resumed", 1), ("results", 1)])
def test_a_note_in_doubt_leads_to_no_resume(room: Room, n: int) -> None:
    ledger = Ledger().note(1).note(2).claim(2, 1).result(2, 1, "released").broken(room, 2, n)
    counting = book.counting(ledger.of())
    assert counting is not None
    assert (counting.place.note, counting.status) == (uuid(2), "unconfirmed")
    assert ledger.book.unreadable == [Place(room, APP, uuid(2), n).key]


def test_an_unreadable_claim_takes_its_number() -> None:
    assert Ledger().note(1).broken("resumed", 1, 3).book.next_claim(Place("paused", APP, uuid(1))) == 4


def test_an_unreadable_note_is_named_and_says_nothing() -> None:
    ledger = Ledger().broken("paused", 1)
    assert (ledger.book.unreadable, ledger.book.standing()) == ([f"paused/{APP}/{uuid(1)}.json"], {})


# What may still happen


def test_a_claim_is_taken_for_a_crash_only_when_its_run_must_be_over() -> None:
    ledger = Ledger().note(1).claim(1, 1, age=LONGEST_RUN).note(2).claim(2, 1, age=LONGEST_RUN + SECOND)
    ledger.claim(2, 2, OTHER, called=False, age=LONGEST_RUN + SECOND)
    assert [place.key for place, _ in ledger.book.claimed_without_result()] == [
        f"resumed/{APP}/{uuid(2)}/1.json"
    ]
    assert [book.is_over(each, NOW) for each in ledger.of()] == [False, True]
    assert [book.may_be_under_way(each, NOW) for each in ledger.of()] == [True, False]


def test_nothing_is_under_way_before_a_claim() -> None:
    assert not Ledger().note(1).under_way
    assert not Ledger().note(1).claim(1, 1, called=False).under_way


@pytest.mark.parametrize("result", ["unconfirmed", "resumed"])
def test_a_call_whose_reply_may_be_lost_is_under_way_for_a_minute(result: Result) -> None:
    assert Ledger().note(1).claim(1, 1).result(1, 1, result, age=UNDER_WAY).under_way
    assert not Ledger().note(1).claim(1, 1).result(1, 1, result, age=UNDER_WAY + SECOND).under_way


def test_what_was_released_is_not_under_way() -> None:
    assert not Ledger().note(1).claim(1, 1).result(1, 1, "released").under_way


def test_a_closed_note_may_still_have_a_resume_under_way() -> None:
    assert Ledger().note(1).claim(1, 1).claim(1, 2, called=False).under_way
    assert not Ledger().note(1).claim(1, 1).claim(1, 2, called=False).result(1, 1, "released").under_way
    assert not Ledger().note(1, [TASK, OTHER]).claim(1, 1, OTHER).claim(1, 2, called=False).under_way
