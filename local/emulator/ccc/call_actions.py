"""The action on the records of calls, DescribeTelCdr.

Source: cloud.tencent.com/document/product/679/47714 and the official SDK's models.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from local.emulator import errors
from local.emulator.api3 import INT64, Param, check
from local.emulator.options import Options

from .calls import Call, Calls
from .tel_cdr import tel_cdr

_DAY = 86_400
_OLDEST, _LONGEST = 180 * _DAY, 90 * _DAY


def _may(kind: str) -> Param:
    return Param(kind, required=False)


_TEL_CDR: Mapping[str, Param] = {
    "StartTimeStamp": INT64,
    "EndTimeStamp": INT64,
    "SdkAppId": INT64,
    "PageSize": Param("int", least=1, most=100),
    "PageNumber": Param("int", least=0, most=2**63 - 1),
    "InstanceId": _may("int"),
    "Limit": _may("int"),
    "Offset": _may("int"),
    "Phones": _may("list"),
    "SessionIds": _may("list"),
}
"""`InstanceId`, `Limit` and `Offset` are deprecated: they are accepted and have no effect."""


class CallActions:
    """The action on the records of `calls`, as `options` say."""

    def __init__(self, calls: Calls, options: Options) -> None:
        self.calls = calls
        self.options = options
        self.actions: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "DescribeTelCdr": self.describe
        }

    def describe(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """List the records of calls that were started in a span of time, a page at a time, from page 0."""
        wanted = check(params, _TEL_CDR)
        since, before = self._span(wanted)
        size, newest_first = wanted["PageSize"], self.options.call_records_newest_first
        first = size * wanted["PageNumber"]
        if wanted.get("Phones") or wanted.get("SessionIds"):
            found = self._filtered(wanted, since, before)
            total, page = len(found), (found[::-1] if newest_first else found)[first : first + size]
        else:
            total, page = self.calls.page(
                wanted["SdkAppId"], since, before, first, size, newest_first=newest_first
            )
        records = [tel_cdr(each, protected=self.options.call_numbers_protected) for each in page]
        return {"TotalCount": total, "TelCdrs": records, "TelCdrList": records}

    def _span(self, wanted: Mapping[str, Any]) -> tuple[float, float]:
        """Return from when on and before when the calls were started that can be seen. Raises `ApiError`."""
        since, until, now = wanted["StartTimeStamp"], wanted["EndTimeStamp"], self.calls.clock()
        if since < now - _OLDEST:
            raise errors.wrong_value("StartTimeStamp", "must be at most 180 days ago")
        if not 0 <= until - since < _LONGEST:
            raise errors.wrong_value("EndTimeStamp", "must be less than 90 days after `StartTimeStamp`")
        visible = math.nextafter(now - self.options.call_record_delay, math.inf)
        return since, max(since, min(until + 1, visible))

    def _filtered(self, wanted: Mapping[str, Any], since: float, before: float) -> list[Call]:
        """Return the calls of these sessions, and from or to these numbers, by their start."""
        app, phones = wanted["SdkAppId"], set(wanted.get("Phones") or ())
        if sessions := wanted.get("SessionIds"):
            known = (self.calls.get(app, each) for each in dict.fromkeys(sessions))
            found = sorted((each for each in known if each), key=lambda each: (each.start, each.session_id))
            found = [each for each in found if since <= each.start < before]
        else:
            found = list(self.calls.between(since, before, app))
        return [each for each in found if not phones or phones & {each.caller, each.callee}]
