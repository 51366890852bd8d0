"""CCC's call records: who was called when, read in pages, and the sessions of each task and campaign.

Sources: CCC API 2020-02-10, `DescribeTelCdr` (document 679/47714), `DescribeAutoCalloutTask` (679/69193) and
`DescribePredictiveDialingSessions`. Answers are read entry by entry; a number is masked as it is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from handler.cloud.ccc_types import APIS
from handler.cloud.error_codes import cloud_error
from handler.output.numbers import masked
from handler.target import Kind, SdkAppId, TargetId

if TYPE_CHECKING:
    from handler.cloud.ccc import Ccc
    from handler.cloud.pacing import Deadline

CALL_RECORDS = "DescribeTelCdr"
CAMPAIGN_SESSIONS = "DescribePredictiveDialingSessions"
LARGEST_PAGE = 100
"""Call records in a page: the documents allow no more."""
KEPT_DAYS = 180
"""How long CCC keeps call records."""
LONGEST_SPAN_DAYS = 89
"""What one request may ask for: less than 90 days."""

_SESSIONS_PER_PAGE = 1_000
_MOST_SESSION_PAGES = 1_000
_LATEST = 253_402_300_799
"""The end of year 9999 in Unix seconds."""
_INBOUND, _INTERNAL = 0, 6
_OF_AN_AGENT, _PREDICTIVE = 1, 5
_LONGEST_TEXT = 128


class CallRecord(NamedTuple):
    """An outbound call. `start` is when it began, in Unix seconds, `None` where the record does not say.

    `is_predictive` says that a campaign made it, as far as CCC knows. `by_person` says that an agent may have
    dialled it: its type is that of a single call, and no AI agent spoke.
    """

    session: str
    start: int | None
    callee: str
    is_predictive: bool
    by_person: bool


class RecordsPage(NamedTuple):
    """A page of call records. `total` is how many there are, `None` where the answer has no usable number.

    `keys` has what distinguishes each record, inbound ones too; `calls` are the outbound ones, each
    with its key.
    """

    total: int | None
    keys: tuple[bytes, ...]
    calls: tuple[tuple[bytes, CallRecord], ...]


class Sessions(NamedTuple):
    """The sessions of a target that are looked for, and how many of its callees cannot be read."""

    these: set[str]
    unreadable: int = 0


Shown = Callable[[str], str]
"""How a number is written: masked, unless a person asks for the number itself."""


class CallRecords(NamedTuple):
    """The call records of an application. `shown` is how a number is written."""

    ccc: Ccc
    app: SdkAppId
    shown: Shown = masked

    def page(
        self, span: tuple[int, int], number: int, *, until: Deadline, paced: bool = False
    ) -> RecordsPage:
        """Return a page, counted from 0, of the records from `span[0]` to `span[1]`, in Unix seconds.

        Raises `CloudError`. `paced` means as for `Ccc.page`.
        """
        params = {
            "SdkAppId": self.app,
            "StartTimeStamp": span[0],
            "EndTimeStamp": span[1],
            "PageSize": LARGEST_PAGE,
            "PageNumber": number,
        }
        return self.ccc.send(
            CALL_RECORDS, params, lambda answer, _: records_page(answer, self.shown), until=until, paced=paced
        )

    def sessions(self, kind: Kind, id_: TargetId, wanted: Container[str], *, until: Deadline) -> Sessions:
        """Return which of the `wanted` sessions a task or a campaign has. Raises `CloudError`.

        Nothing else of the answer is kept: a task may have 10,000 callees. The caller has waited for the turn
        of the first request.
        """
        params = {"SdkAppId": self.app, APIS[kind].id: id_}
        if kind == "campaign":
            return Sessions(self._sessions_of_campaign(params, wanted, until))
        return self.ccc.send(
            APIS[kind].describe,
            params,
            lambda answer, _: _of_task(answer, id_, wanted),
            until=until,
            paced=True,
        )

    def _sessions_of_campaign(
        self, params: dict[str, Any], wanted: Container[str], until: Deadline
    ) -> set[str]:
        """Read page after page: one that runs gets further sessions meanwhile.

        A full page is followed by the next one even where the total says that it is the last.
        """
        found: set[str] = set()
        before: list[Any] = []
        number, read = 0, 0
        while True:
            sessions, total = self.ccc.send(
                CAMPAIGN_SESSIONS,
                params | {"PageSize": _SESSIONS_PER_PAGE, "PageNumber": number},
                lambda answer, _: _of_campaign(answer),
                until=until,
                paced=number == 0,
            )
            found.update(key for each in sessions if (key := session_key(each)) in wanted)
            number, read = number + 1, read + len(sessions)
            full = len(sessions) == _SESSIONS_PER_PAGE
            if full and (sessions == before or number == _MOST_SESSION_PAGES):
                raise cloud_error("UnreadableAnswer", "the list of the campaign's sessions has no end")
            if not full and read < total:
                text = f"only {read:,} of {total:,} sessions of the campaign were shown"
                raise cloud_error("UnreadableAnswer", text)
            if not full:
                return found
            before = sessions


def records_page(response: dict[str, Any], shown: Shown = masked) -> RecordsPage:
    """Read an answer with call records. Raises `CloudError` where it has no list of them."""
    # The documents have two names for the same list.
    lists = [response[name] for name in ("TelCdrs", "TelCdrList") if isinstance(response.get(name), list)]
    entries = max(lists, key=len) if lists else response.get("TelCdrs", response.get("TelCdrList"))
    total = response.get("TotalCount")
    total = total if _is_number(total) and total >= 0 else None
    if entries is None and total == 0:
        entries = []
    if not isinstance(entries, list):
        raise cloud_error("UnreadableAnswer", f"TelCdrs: a list is expected, not a {type(entries).__name__}")
    records = [entry if isinstance(entry, dict) else {} for entry in entries]
    keys = tuple(_key(record) for record in records)
    outbound = ((key, each) for key, each in zip(keys, records, strict=True) if _is_outbound(each))
    return RecordsPage(total, keys, tuple((key, _call(each, shown)) for key, each in outbound))


def _is_outbound(record: dict[str, Any]) -> bool:
    """Return whether somebody outside was called; so it is where the record does not say otherwise."""
    direction, kind = record.get("Direction"), record.get("CallType")
    inbound = _is_number(direction) and direction == _INBOUND
    return not inbound and not (_is_number(kind) and kind == _INTERNAL)


def _call(record: dict[str, Any], shown: Shown) -> CallRecord:
    kind = record.get("CallType")
    kind = kind if _is_number(kind) else None
    number = record.get("Callee") or record.get("ProtectedCallee")
    agent = record.get("AIAgentId")
    return CallRecord(
        session=session_key(record.get("SessionId")),
        start=_start(record),
        callee=shown(number[:_LONGEST_TEXT]) if isinstance(number, str) else "",
        is_predictive=kind == _PREDICTIVE,
        by_person=kind == _OF_AN_AGENT and not agent,
    )


def _start(record: dict[str, Any]) -> int | None:
    """Return when a call began: `Time`, else `StartTimestamp`. One that is there and absurd gives `None`."""
    for name in ("Time", "StartTimestamp"):
        value = record.get(name)
        if value is not None and value != 0:
            return value if _is_number(value) and 0 < value <= _LATEST else None
    return None


def session_key(session: Any) -> str:
    """Return a session's id, "" if it is none; a very long one shortened, to another text than others."""
    if not isinstance(session, str) or len(session) <= _LONGEST_TEXT:
        return session if isinstance(session, str) else ""
    digest = hashlib.blake2b(session.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{session[: _LONGEST_TEXT - len(digest) - 1]}…{digest}"


def _key(record: dict[str, Any]) -> bytes:
    """Return what distinguishes a record, so short that thousands can be kept."""
    names = ("SessionId", "Time", "StartTimestamp", "CallType", "Caller", "Callee", "ProtectedCallee")
    text = "\0".join(f"{record.get(name)!r}" for name in names)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()


def _of_task(response: dict[str, Any], id_: TargetId, wanted: Container[str]) -> Sessions:
    callees = response.get("Callees")
    if response.get("TaskId", id_) != id_:  # TaskId is not documented in this answer
        raise cloud_error("UnreadableAnswer", "the answer is of another task")
    if not isinstance(callees, list):
        raise cloud_error("UnreadableAnswer", f"Callees: a list is expected, not a {type(callees).__name__}")
    found: set[str] = set()
    unreadable = 0
    for callee in callees:
        sessions = (callee.get("Sessions") or []) if isinstance(callee, dict) else None
        sessions = sessions if isinstance(sessions, list) else [None]
        found.update(key for each in sessions if (key := session_key(each)) in wanted)
        unreadable += not all(isinstance(each, str) for each in sessions)
    return Sessions(found, unreadable)


def _of_campaign(response: dict[str, Any]) -> tuple[list[Any], int]:
    """Read a page of sessions; what is no text counts, so that the others can be numbered."""
    sessions, total = response.get("SessionList"), response.get("TotalCount")
    if sessions is None and total == 0:
        sessions = []
    if not isinstance(sessions, list) or not _is_number(total):
        raise cloud_error("UnreadableAnswer", "SessionList, a list, and TotalCount, a number, are expected")
    return sessions, total


def _is_number(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
