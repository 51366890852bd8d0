"""Whether CCC answers for each application, and knows the tasks and campaigns that the policy names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from handler.check.coverage import Covered
from handler.cloud.ccc_types import NOT_THERE
from handler.errors import CloudError, Scope
from handler.errors.sentences import given
from handler.reconcile.listing import Listing
from handler.report.check import Finding, Level, stable
from handler.target import FINISHED, KINDS, Place, SdkAppId, Target, TargetId

if TYPE_CHECKING:
    from handler.cloud.ccc import Ccc
    from handler.cloud.ccc_types import Seen
    from handler.cloud.pacing import Deadline

_LEAST_SECONDS = 1.0
"""For one call, beside the wait for its turn."""


@dataclass
class Applications:
    """Reads the lists of each application until everything that the policy names there was seen.

    `named` are the policy's tasks and campaigns by name. `finished` are the keys of those that CCC shows as
    finished: no pause is needed.
    """

    ccc: Callable[[], Ccc]
    named: Mapping[str, Target]
    until: Deadline
    per_second: float
    covered: Covered
    finished: set[tuple[object, ...]] = field(default_factory=set)

    def findings(self, apps: Iterable[SdkAppId]) -> Iterator[Finding]:
        """Yield what is wrong with each application. An error that every call would meet is yielded once."""
        left = [place for app in apps for place in self._places(app)]
        if not left:
            text = "No application is named, so CCC was not asked; set CALLOUT_SDK_APP_ID, or name tasks"
            yield Finding("warning", "NoApplication", text)
        try:
            ccc = self.ccc()
        except CloudError as error:
            yield _refused(error, None)
            return
        while left:
            listing = Listing(ccc, left.pop(0))
            # At a low rate an equal share may be shorter than the wait for the turn of a call.
            least = 1.5 / self.per_second + _LEAST_SECONDS
            share = self.until.within(max(self.until.remaining() / (len(left) + 1), least))
            yield from self._of(listing, share)
            if listing.error is not None and listing.error.scope is Scope.EVERYTHING:
                return

    def _of(self, listing: Listing, until: Deadline) -> Iterator[Finding]:
        place, app, where = listing.place, listing.place.sdk_app_id, _where(listing.place)
        names = self._names(place)
        calls, whole = listing.ccc.calls, app in self.covered.rules.applications()
        for _ in listing.read_all(until, lambda: not names.keys() <= listing.found.keys()):
            if not whole and names.keys() <= listing.found.keys():
                break
        # Where pages came, or no request was sent, the time was up: that says nothing of CCC.
        late = listing.error is None or listing.error.code == "NoAnswer"
        if not listing.begun and late and listing.ccc.calls == calls:
            text = f"{where} was not asked: there was no time left for it"
            yield Finding("warning", "ListIncomplete", text, sdk_app_id=app)
            return
        if listing.error is not None and not (listing.begun and late):
            yield _refused(listing.error, place)
        elif not listing.begun:
            yield Finding("error", "NoAnswer", f"{where}: no answer in time", sdk_app_id=app)
            return
        seen = {id_: listing.found[id_] for id_ in names if id_ in listing.found}
        self.finished |= {(*place, id_) for id_, each in seen.items() if each.state in FINISHED}
        if whole:
            yield from self._cover(listing)
        yield from _other_names(place, names, seen)
        if late:
            yield from self._missing(listing, [each for each in names if each not in seen], names, until)

    def _cover(self, listing: Listing) -> Iterator[Finding]:
        self.covered.add(listing.place, listing.found.values())
        if not listing.complete:
            text = f"{_where(listing.place)}: the list was not read to its end, so rules may cover more"
            yield Finding("warning", "ListIncomplete", text, sdk_app_id=listing.place.sdk_app_id)

    def _places(self, app: SdkAppId) -> Iterator[Place]:
        """Yield the lists of an application that matter; where nothing does, one shows that CCC answers."""
        kinds = {each.kind for each in self.named.values() if each.sdk_app_id == app} or {"task"}
        if app in self.covered.rules.applications():
            kinds = {*KINDS}
        yield from (Place(app, kind) for kind in KINDS if kind in kinds)

    def _names(self, place: Place) -> dict[TargetId, list[str]]:
        """Return the policy's names of the targets of a list, by id."""
        names: dict[TargetId, list[str]] = {}
        for name, target in self.named.items():
            if (target.sdk_app_id, target.kind) == place and target.id is not None:
                names.setdefault(target.id, []).append(name)
        return names

    def _missing(
        self, listing: Listing, ids: list[TargetId], names: Mapping[TargetId, list[str]], until: Deadline
    ) -> Iterator[Finding]:
        """Yield what CCC does not know: asked for each that its list does not show."""
        app, kind = listing.place
        unseen = []
        for id_ in ids:
            known = self._known(listing, id_, until)
            if known is None and not listing.certain:
                unseen.append(id_)
            elif not known:
                text = f"CCC does not know {kind} {id_} ({_shown(names[id_])}) in application {app}"
                exempt = all(self._is_exempt(name) for name in names[id_])
                level: Level = "warning" if exempt else "error"
                yield Finding(level, _NOT_FOUND[kind], text, kind, id_, app)
        if unseen:
            text = (
                f"{_where(listing.place)}: {len(unseen):,} of the policy's {kind}s were not seen, since the "
                "list was not read to its end in time"
            )
            yield Finding("warning", "ListIncomplete", text, sdk_app_id=app)

    def _is_exempt(self, name: str) -> bool:
        """Return whether a target is exempt for another hour, so that no pause of it is due."""
        until = self.named[name].exempt_until
        return until is not None and until > self.until.clock.now() + timedelta(hours=1)

    @staticmethod
    def _known(listing: Listing, id_: TargetId, until: Deadline) -> bool | None:
        """Return whether CCC knows a target, `None` where it does not say so."""
        try:
            listing.ccc.describe(listing.place, id_, until=until)
        except CloudError as error:
            return False if error.code.startswith(NOT_THERE) else None
        return True


_NOT_FOUND = {"task": "TaskNotFound", "campaign": "CampaignNotFound"}


def _where(place: Place) -> str:
    app, kind = place
    return f"Application {app}" if kind == "task" else f"The campaigns of application {app}"


def _other_names(
    place: Place, names: Mapping[TargetId, list[str]], seen: Mapping[TargetId, Seen]
) -> Iterator[Finding]:
    app, kind = place
    for id_, each in seen.items():
        if each.name and each.name not in names[id_]:
            text = (
                f"{kind.capitalize()} {id_} of application {app} is {_shown(names[id_])} in the policy, and "
                f"{given(each.name)} in CCC: is it the one that is meant?"
            )
            yield Finding("warning", "NameDiffers", text, kind, id_, app, each.name)


def _shown(names: list[str]) -> str:
    return ", ".join(given(name) for name in names[:3])


def _refused(error: CloudError, place: Place | None) -> Finding:
    where = f"{_where(place)}: " if place else ""
    text = f"{where}{error.code}: {error.message}"
    subject = f"{place.kind if place else ''} {stable(error.message)}"
    return Finding("error", error.code, text, sdk_app_id=place and place.sdk_app_id, subject=subject)
