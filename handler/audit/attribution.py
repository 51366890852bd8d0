"""Which task or campaign made a call: each is asked for its sessions, until every session is found.

CCC's call records do not say it. The way back is `DescribeAutoCalloutTask.Callees[].Sessions` for a task, and
`DescribePredictiveDialingSessions` for a campaign.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
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

_AT_ONCE = 16
"""Few enough for the answers of tasks with 10,000 callees to fit into memory."""
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
        makers: dict[str, Maker] = {}
        left = dict(wanted)
        candidates = self._candidates(kind, max(each.start for each in wanted.values()), until)
        done, batch = 0, candidates[:_AT_ONCE]
        while batch and left:
            for seen, found in self._sessions(kind, batch, left, until):
                for session in found & left.keys():
                    makers[session] = Maker(kind, seen.id, seen.name)
                    del left[session]
            done += len(batch)
            self.told(done, len(candidates))
            if self.errors and self.errors[-1].scope is not Scope.CALL:
                break
            batch = candidates[done : done + _AT_ONCE]
        return makers

    def _candidates(self, kind: Kind, latest: int, until: Deadline) -> list[Seen]:
        """Return what may have made a call that started by `latest`, the newest first."""
        place = Place(self.records.app, kind)
        listing = self._lists.setdefault(kind, Listing(self.records.ccc, place))
        if not listing.over:
            for _ in listing.read_all(until, lambda: False):
                pass
        if not listing.complete or listing.unreadable:
            late = cloud_error("ListIncomplete", f"the list of {kind}s was not read whole")
            self.errors.append(listing.error or late)
        # A campaign may be put off after its first calls; the API that does this knows no tasks.
        begun = (each for each in listing.found.values() if kind == "campaign" or _begins(each) <= latest)
        return sorted(begun, key=lambda each: (_begins(each), each.id), reverse=True)

    def _sessions(
        self, kind: Kind, batch: Iterable[Seen], wanted: Mapping[str, Wanted], until: Deadline
    ) -> Iterator[tuple[Seen, set[str]]]:
        """Yield each candidate of a batch with those sessions of it that are wanted."""

        def read(seen: Seen) -> set[str] | CloudError:
            try:
                return self.records.sessions(kind, seen.id, wanted, until=until)
            except CloudError as error:
                return error

        api, asked = _SESSIONS_OF[kind], list(batch)
        answers = paced(
            [(api, partial(read, each), _always) for each in asked], self.records.ccc.limit, until
        )
        for seen, answer in zip(asked, answers, strict=True):
            if answer is None:
                text = "the deadline came before every task and campaign was read"
                self.errors.append(CloudError("NoAnswer", text, meaning=Meaning.RETRY))
            elif isinstance(answer, CloudError):
                self.errors.append(answer)
            else:
                yield seen, answer


def _begins(seen: Seen) -> int:
    """Return when a target begins, 0 where CCC says nothing that can be true."""
    return seen.not_before if seen.not_before <= _LATEST else 0


def _always() -> bool:
    return True
