"""What state the wanted tasks are in: in bulk, within a time of its own, never in the way of the pausing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from handler.cloud.ccc_types import APIS, NOT_THERE
from handler.cloud.halts import Halts
from handler.cloud.pacing import Deadline, paced
from handler.errors import CloudError, Meaning
from handler.reconcile.listing import Listing
from handler.target import Kind, Place, SdkAppId, Target, TargetId

if TYPE_CHECKING:
    from handler.cloud.ccc import Ccc
    from handler.cloud.ccc_types import Seen

_log = logging.getLogger(__name__)
_ENOUGH_FAILURES = 5
"""So many targets in a row that could not be described mean that the API does not work now."""
Key = tuple[SdkAppId, Kind, TargetId]
"""Application, kind and id."""


@dataclass
class Observer:
    """Looks at targets. `ccc` connects at the first need and raises `CloudError` where it cannot.

    An API that may not be called is not asked again, and one that does not work not again in the same look:
    pausing goes on blindly. `unknown` are the targets that CCC was asked for and does not know. One that is
    missing without that was not seen this time, and may well be there.
    """

    ccc: Callable[[], Ccc]
    halts: Halts
    unknown: set[Key] = field(default_factory=set)
    _doubtful: set[Key] = field(default_factory=set)
    _listings: dict[Place, Listing] = field(default_factory=dict)

    def listing(self, place: Place) -> Listing:
        """Return the list of a place, as far as it was read in this run. Raises `CloudError`."""
        if place not in self._listings:
            self._listings[place] = Listing(self.ccc(), place)
        return self._listings[place]

    def look(self, targets: Iterable[Target], until: Deadline, *, afresh: bool = False) -> Mapping[Key, Seen]:
        """Return what can be seen, before `until`, of targets whose ids are known, and of others on the way.

        A list that was read in this run serves, unless the look is to be `afresh`. Each place has an equal
        share of the time.
        """
        wanted: dict[Place, dict[TargetId, None]] = {}
        for target in targets:
            if target.id is not None and target.kind is not None:
                wanted.setdefault(Place(target.sdk_app_id, target.kind), {})[target.id] = None
        found: dict[Key, Seen] = {}
        for number, (place, ids) in enumerate(wanted.items()):
            share = until.within(until.remaining() / (len(wanted) - number))
            seen = self._look(place, list(ids), share, afresh=afresh)
            found |= {(*place, id_): each for id_, each in seen.items()}
        return found

    def may_describe(self, place: Place) -> bool:
        """Return whether the states of these targets may be asked for one by one."""
        if place.kind == "campaign" and not self.ccc().may_filter:
            return False
        return self.halts.of(APIS[place.kind].describe, place.sdk_app_id) is None

    def _look(
        self, place: Place, ids: list[TargetId], until: Deadline, *, afresh: bool
    ) -> dict[TargetId, Seen]:
        try:
            ccc = self.ccc()
            listing = Listing(ccc, place) if afresh else self.listing(place)
        except CloudError as error:
            self.halts.unreachable(error)
            return {}
        self._list(listing, ids, until)
        missing = [id_ for id_ in ids if id_ not in listing.found]
        seen = listing.found | self._one_by_one(ccc, place, missing, until)
        doubtful = [each for each in missing if (*place, each) in self._doubtful]
        search = afresh or place.kind == "campaign"
        return seen | self._searched(listing, doubtful, until) if search and doubtful else seen

    def _searched(self, listing: Listing, ids: list[TargetId], until: Deadline) -> dict[TargetId, Seen]:
        """Return what the list shows of targets that were not described, though they may well be known.

        Those that a list read whole does not show are unknown indeed.
        """
        if not self.halts.of(listing.api, listing.place.sdk_app_id):
            for _ in listing.read(until, lambda _: any(each not in listing.found for each in ids)):
                pass
        if listing.complete:
            self.unknown |= {(*listing.place, each) for each in ids if each not in listing.found}
        return listing.found

    def _list(self, listing: Listing, ids: list[TargetId], until: Deadline) -> None:
        """Read the list as far as that takes fewer calls than asking for each, or where that may not be.

        Its first page has half of the time: where the list stalls, the other half is for asking for each.
        """
        app = listing.place.sdk_app_id
        alone = not self.may_describe(listing.place)
        if (len(ids) == 1 and not alone) or self.halts.of(listing.api, app):
            return

        def worth(left: int) -> bool:
            missing = sum(each not in listing.found for each in ids)
            return missing > 0 if alone else left <= missing

        first = until.within(until.remaining() / 2)
        if next(listing.read(first, worth), None) is not None:
            for _ in listing.read(until, worth):
                pass
        if listing.error:
            self.halts.add(listing.api, app, listing.error)
            facts = {"sdk_app_id": app, "kind": listing.place.kind, "error": str(listing.error)}
            _log.warning("list not read", extra=facts)

    def _one_by_one(
        self, ccc: Ccc, place: Place, ids: list[TargetId], until: Deadline
    ) -> dict[TargetId, Seen]:
        failed: list[CloudError] = []
        api, app = APIS[place.kind].describe, place.sdk_app_id

        def look(id_: TargetId) -> Seen | None:
            try:
                seen = ccc.describe(place, id_, until=until, paced=True)
            except CloudError as error:
                if error.meaning is Meaning.OBJECT:  # it says nothing of the API
                    # A filter that finds nothing, or is refused, proves nothing: a list read whole does.
                    known = error.code.startswith(NOT_THERE) and place.kind == "task"
                    (self.unknown if known else self._doubtful).add((*place, id_))
                    return None
                self.halts.add(api, app, error)
                failed.append(error)
                return None
            failed.clear()
            self.unknown.discard((*place, id_))
            self._doubtful.discard((*place, id_))
            return seen

        def works() -> bool:
            return self.may_describe(place) and len(failed) < _ENOUGH_FAILURES

        calls = [(api, partial(look, id_), works) for id_ in ids]
        first = 1 if self.halts.likely(api, app) or place.kind == "campaign" else 0
        lots = (calls[:first], calls[first:])
        answers = [each for lot in lots for each in paced(lot, ccc.limit, until)]
        if place.kind == "campaign" and not ccc.may_filter:
            self._doubtful |= {(*place, id_) for id_ in ids}
        if failed:
            facts = {"sdk_app_id": app, "kind": place.kind, "targets": len(ids), "error": str(failed[-1])}
            _log.warning("states not seen", extra=facts)
        return {each.id: each for each in answers if each is not None}
