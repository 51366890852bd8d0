"""Whatever CCC answers about calls is read, or refused with an error of the cloud; nothing else is raised."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from handler.audit.gaps import Gaps
from handler.cloud.call_records import records_page, session_key
from handler.errors import CloudError

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, 1, 2, 5, 6, 2**63, 10**30, 1_795_000_000, 1_795_000_000_000])
    | st.floats()
    | st.text(st.characters(), max_size=200)
    | st.sampled_from(["", "\0", "\ud800", "s" * 5_000, "008613812345678"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "SessionId",
    "Time",
    "StartTimestamp",
    "Direction",
    "CallType",
    "Caller",
    "Callee",
    "ProtectedCallee",
    "AIAgentId",
)
RECORD = st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=len(FIELDS))
ANSWER = st.fixed_dictionaries(
    {},
    optional={
        "TotalCount": JSON,
        "TelCdrs": JSON | st.lists(RECORD | JSON, max_size=5),
        "TelCdrList": JSON | st.lists(RECORD | JSON, max_size=5),
    },
)


@given(ANSWER)
def test_any_answer_is_read_or_refused(answer: dict[str, Any]) -> None:
    try:
        page = records_page(answer)
    except CloudError as error:
        assert error.code == "UnreadableAnswer"
        assert not any(isinstance(answer.get(name), list) for name in ("TelCdrs", "TelCdrList"))
        return
    assert page.total is None or page.total >= 0
    lists = [each for name in ("TelCdrs", "TelCdrList") if isinstance(each := answer.get(name), list)]
    assert len(page.keys) == max(map(len, lists), default=0)
    for key, call in page.calls:
        assert key in page.keys
        assert call.start is None or 0 < call.start < 253_402_300_800
        assert len(call.session) <= 128


@given(RECORD)
def test_a_record_is_left_out_only_where_it_says_so_with_a_number(record: dict[str, Any]) -> None:
    page = records_page({"TotalCount": 1, "TelCdrs": [record]})
    direction, kind = record.get("Direction"), record.get("CallType")
    left_out = (type(direction) is int and direction == 0) or (type(kind) is int and kind == 6)
    assert len(page.calls) == (0 if left_out else 1)
    if page.calls and page.calls[0][1].by_person:
        assert type(kind) is int
        assert kind == 1
        assert not record.get("AIAgentId")


@given(st.lists(st.text(st.characters(), max_size=6).map(lambda text: text * 60), max_size=6, unique=True))
def test_sessions_stay_apart_however_long_they_are(sessions: list[str]) -> None:
    keys = [session_key(each) for each in sessions]
    assert len(set(keys)) == len(keys)
    assert all(len(each) <= 128 for each in keys)
    assert [each for each in keys if len(each) < 128] == [each for each in sessions if len(each) < 128]


@given(
    st.lists(st.tuples(st.integers(-(10**12), 10**12), st.sampled_from(["a", "b"])), max_size=60, unique=True)
)
def test_gaps_are_few_sentences(parts: list[tuple[int, str]]) -> None:
    gaps = Gaps()
    for start, code in parts:
        gaps.add(start, start + 1, code, "{} not read: {}{0}")
    said = list(gaps.said())
    assert len(said) <= 11
    assert bool(said) == bool(parts)


def test_neighbours_are_one_gap() -> None:
    gaps = Gaps()
    for hour in (0, 1, 2, 5):
        gaps.add(hour * 3_600, (hour + 1) * 3_600, "NoAnswer", "{} not read")
    assert [text for _, text in gaps.said()] == [
        "from Thu 1970-01-01 00:00 to Thu 1970-01-01 03:00 (UTC) not read",
        "from Thu 1970-01-01 05:00 to Thu 1970-01-01 06:00 (UTC) not read",
    ]
