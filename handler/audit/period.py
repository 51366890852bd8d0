"""Which time an audit covers: what is asked for, else the previous day in UTC. Pure, but for the cursors.

A cursor is an object of the ledger, `audit/<app>/<time>.json`, which says from when the next audit goes on.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from handler.cloud.call_records import KEPT_DAYS
from handler.errors import CloudError
from handler.quiet_hours.zone import FIRST_INSTANT, instant, moment, written
from handler.report.audit import Cursor, Lack

if TYPE_CHECKING:
    from handler.cloud.pacing import Deadline
    from handler.reconcile.ledger.ledger import Ledger
    from handler.target import SdkAppId

_log = logging.getLogger(__name__)
_DAY = timedelta(days=1)
_MOST_BACK = timedelta(days=30)
"""How far back an audit goes on: the ledger's objects are removed after this time."""
_KEPT = timedelta(days=KEPT_DAYS) - timedelta(minutes=20)
"""A little less than CCC keeps is asked for, since an audit takes its time."""


class Period(NamedTuple):
    """From when to when calls are read, in Unix seconds, `end` exclusive; and what cannot be read of it."""

    start: int
    end: int
    lacks: tuple[Lack, ...] = ()
    next_from: int | None = None


def period(start: datetime | None, end: datetime | None, now: datetime) -> Period:
    """Return the period that is asked for, cut to what CCC may know `now`.

    Without a start it is the day before the end; without an end it goes on until now. Without both
    it is the previous day in UTC.
    """
    midnight = now.astimezone(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    last = end or (now if start else midnight)
    first, until = instant(start) if start else _before(last), instant(last)
    lacks: list[Lack] = []
    next_from = None
    latest = instant(now)
    oldest = max(latest - round(_KEPT.total_seconds()), FIRST_INSTANT)
    if end and end.microsecond and (until < latest or end > now):
        until += 1  # a second of which a part is asked for is read whole
    if max(first, until) > latest:
        text = f"What lies after {written(moment(latest))} (UTC) is yet to come"
        lacks.append(Lack("NotYet", text))
        next_from = max(latest, first)
        until = max(first, min(until, next_from))  # nothing, where all of it is yet to come
    if first < oldest:
        text = f"CCC keeps call records for {KEPT_DAYS} days, so none before {written(moment(oldest))} (UTC)"
        lacks.append(Lack("NotKept", text))
        first, until = oldest, max(until, oldest)
    return Period(first, until, tuple(lacks), next_from)


def _before(end: datetime) -> int:
    return max(instant(end) - round(_DAY.total_seconds()), FIRST_INSTANT)


class Cursors(NamedTuple):
    """The cursors of a ledger. Where it cannot be used, that is returned as a lack; nothing is raised."""

    ledger: Ledger

    def start(self, app: SdkAppId, asked: Period, now: datetime, until: Deadline) -> tuple[int, list[Lack]]:
        """Return from when an application is to be audited: where the last audit stopped.

        One that had read everything does not keep a time from being audited again.
        """
        try:
            body = self.ledger.newest(f"audit/{app}/", until)
        except CloudError as error:
            text = f"Application {app}: whether an earlier audit is to go on is not known: {error}"
            return asked.start, [Lack("Ledger", text, app)]
        found, complete = (asked.start, True) if body is None else _read(body, asked.start)
        if complete or found > asked.end:
            found = min(found, asked.start)
        oldest = instant(now - _MOST_BACK)
        if found >= oldest:
            return found, []
        gap = f"{written(moment(found))} to {written(moment(oldest))} (UTC)"
        text = f"no audit has read the call records from {gap}; ask for them by their time"
        return oldest, [Lack("TooFarBack", f"Application {app}: {text}", app)]

    def keep(self, cursor: Cursor, now: datetime, until: Deadline) -> None:
        """Remember from when the next audit of an application goes on. Where that fails, the log says it.

        The report was published before, and says from when the next audit has to begin.
        """
        app = cursor.sdk_app_id
        body = json.dumps({"next_from": cursor.next_from, "complete": cursor.complete}).encode()
        try:
            self.ledger.keep(f"audit/{app}/{now:%Y%m%dT%H%M%S.%fZ}.json", body, until)
        except CloudError as error:
            facts = {"sdk_app_id": app, "next_from": written(moment(cursor.next_from)), "error": str(error)}
            _log.error("from when the next audit goes on could not be kept", extra=facts)


def _read(body: bytes, default: int) -> tuple[int, bool]:
    """Return from when an audit is to go on, and whether everything before was read."""
    try:
        document = json.loads(body)
        found, complete = document["next_from"], document.get("complete") is True
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        found, complete = None, True
    if isinstance(found, int) and not isinstance(found, bool):
        return found, complete
    _log.warning("a cursor of the audit cannot be read")
    return default, True
