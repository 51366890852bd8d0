"""Which task or campaign made a call: each is asked for its sessions, until every session is found.

CCC's call records do not say it. The way back is `DescribeAutoCalloutTask.Callees[].Sessions` for a task, and
`DescribePredictiveDialingSessions` for a campaign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from handler.audit.hours import Maker
from handler.cloud.call_records import CAMPAIGN_SESSIONS, CallRecords
from handler.cloud.ccc_types import APIS
from handler.cloud.error_codes import cloud_error
from handler.cloud.pacing import Deadline, paced
from handler.errors import CloudError, Meaning, Scope
from handler.reconcile.listing import Listing
from handler.target import KINDS, Kind, Place

if TYPE_CHECKING:
    from handler.cloud.ccc_types import Seen

_MOST_AT_ONCE = 64
_LATEST = 253_402_300_799
_SESSIONS_OF = {"task": APIS["task"].describe, "campaign": CAMPAIGN_SESSIONS}


class Wanted(NamedTuple):
    """A call whose maker is looked for: when it started, and whether CCC says that a campaign made it."""

    start: int
    is_predictive: bool


@dataclass
class Attribution:
    """Finds the makers of calls of one application. Its lists are read once.

    `told` hears how many candidates were read, of how many. `errors` is why some could not be, if any.
    """

    records: CallRecords
    told: Callable[[int, int], None]
    errors: list[CloudError] = field(default_factory=list)
    _lists: dict[Kind, Listing] = field(default_factory=dict)

    def find(self, wanted: Mapping[str, Wanted], until: Deadline) -> dict[str, Maker]:
        """Return the makers of the sessions that are `wanted`, as far as they are found before `until`.

        What is not found was made by no candidate, unless `errors` has grown.
        """
        makers: dict[str, Maker] = {}
        predictive = sum(each.is_predictive for each in wanted.values())
        kinds = KINDS[::-1] if 2 * predictive > len(wanted) else KINDS
        for kind in kinds:
            left = {session: each for session, each in wanted.items() if session not in makers}
            if left:
                makers |= self._of_kind(kind, left, until)
        return makers

    def _of_kind(self, kind: Kind, wanted: Mapping[str, Wanted], until: Deadline) -> dict[str, Maker]:
        latest = max(each.start for each in wanted.values())
        candidates = self._candidates(kind, latest, until)
        search = _Search(set(wanted), len(candidates), self.told)
        self._ask(kind, candidates, search, until)
        if search.left and not search.over and not search.late:
            # Nobody's call is that of an agent: so the list is made sure of first.
            known = {each.id for each in candidates}
            further = [
                each for each in self._candidates(kind, latest, until, sure=True) if each.id not in known
            ]
            search.of += len(further)
            self._ask(kind, further, search, until)
        if search.late:
            late = "the deadline came before every task and campaign was read"
            self.errors.append(CloudError("NoAnswer", late, meaning=Meaning.RETRY))
        return search.makers

    def _ask(self, kind: Kind, candidates: Sequence[Seen], search: _Search, until: Deadline) -> None:
        """Ask candidates for their sessions until all are found."""

        def read(seen: Seen) -> CloudError | None:
            try:
                found = self.records.sessions(kind, seen.id, search.left, until=until)
            except CloudError as error:
                search.failed(over=error.scope is not Scope.CALL)
                return error
            search.take(Maker(kind, seen.id, seen.name), found.these)
            if found.unreadable:
                text = f"callees of {kind} {seen.id} that cannot be read: {found.unreadable:,}"
                return cloud_error("UnreadableAnswer", text)
            return None

        done = 0
        while done < len(candidates) and search.goes_on() and until.remaining() > 0:
            # As many at once as were read before: one that need not be read costs others their turn.
            batch = candidates[done : done + min(max(done, 1), _MOST_AT_ONCE)]
            calls = [(_SESSIONS_OF[kind], partial(read, each), search.goes_on) for each in batch]
            errors = paced(calls, self.records.ccc.limit, until)
            self.errors += [each for each in errors if each is not None]
            done += len(batch)

    def _candidates(self, kind: Kind, latest: int, until: Deadline, *, sure: bool = False) -> list[Seen]:
        """Return what may have made a call that started by `latest`, the newest first.

        To be `sure`, a last page that is full is followed by the next one, whatever the list's total says.
        """
        place = Place(self.records.app, kind)
        listing = self._lists.setdefault(kind, Listing(self.records.ccc, place))
        if (sure and not listing.certain) or not listing.over:
            for _ in listing.read_all(until, lambda: sure):
                pass
        if not (listing.certain if sure else listing.complete and not listing.unreadable):
            late = cloud_error("ListIncomplete", f"the list of {kind}s was not read whole")
            self.errors.append(listing.error or late)
        # A campaign may be put off after its first calls; the API that does this knows no tasks.
        begun = (each for each in listing.found.values() if kind == "campaign" or _begins(each) <= latest)
        return sorted(begun, key=lambda each: (_begins(each), each.id), reverse=True)


@dataclass
class _Search:
    """The sessions that are `left` to be found among `of` candidates, and the makers of the others.

    Several threads take what candidates answer.
    """

    left: set[str]
    of: int
    told: Callable[[int, int], None]
    makers: dict[str, Maker] = field(default_factory=dict)
    asked: int = 0
    over: bool = False
    _taking: Lock = field(default_factory=Lock)

    def goes_on(self) -> bool:
        """Return whether another candidate is to be read."""
        return bool(self.left) and not self.over

    @property
    def late(self) -> bool:
        """Whether the time was up before every candidate was asked that had to be."""
        return self.goes_on() and self.asked < self.of

    def take(self, maker: Maker, sessions: set[str]) -> None:
        """Take the sessions of a candidate."""
        with self._taking:
            found = sessions & self.left
            self.makers.update(dict.fromkeys(found, maker))
            self.left -= found
            self._count()

    def failed(self, *, over: bool) -> None:
        """Take note that a candidate could not be read; it is `over` where no other can be."""
        with self._taking:
            self.over = self.over or over
            self._count()

    def _count(self) -> None:
        self.asked += 1
        self.told(self.asked, self.of)


def _begins(seen: Seen) -> int:
    """Return when a target begins, 0 where CCC says nothing that can be true."""
    return seen.not_before if seen.not_before <= _LATEST else 0
