"""EventBridge 2021-04-16, as far as it is a topic: what PutEvents gave to a bus can be read back.

Source: cloud.tencent.com/document/api/1359/68465 (PutEvents), 1359/56075 (the envelope), 1359/56084
(patterns), tencentcloud.com/document/api/1108/45829 (CreateEventBus), 1108/45827 (GetEventBus), 1108/42271
(limits), and the structures of the official SDKs, which alone have `Region`, `Status`, `Id` and `TagList` of
an event.
"""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import errors
from .api3 import Param, check
from .errors import ApiError
from .options import Options

SERVICE = "eb"
VERSION = "2021-04-16"
MAX_SIZE = 65_536
"""Bytes of an event, measured as a target gets it: JSON in UTF-8 without spaces, the envelope included."""
MAX_BUSES = 10
"""Custom event buses of an account and region."""
DEFAULT_REGION = "ap-guangzhou"
"""The region of a bus, for an event that names none."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,58}[A-Za-z0-9]")
_LONGEST_DESCRIPTION = 200

Event = dict[str, Any]
"""An event as a target gets it: `specversion`, `id`, `source`, `type`, `subject`, `time`, `data`, …"""


@dataclass
class Buses:
    """The custom event buses and the events on them. An id is no name: two buses may be called the same."""

    _events: dict[str, list[str]] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _count: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def names(self) -> dict[str, str]:
        """The buses that exist: names by id."""
        with self.lock:
            return dict(self._names)

    def create(self, name: str) -> str:
        """Create a bus and return its id, which was never used before."""
        with self.lock:
            self._count += 1
            bus_id = f"eb-{self._count:08x}"
            self._names[bus_id] = name
            self._events[bus_id] = []
            return bus_id

    def events(self, bus_id: str, pattern: Mapping[str, Any] | None = None) -> list[Event]:
        """Return the events of a bus, in order; with a pattern, those that a rule with it lets through.

        A bus that does not exist has none. Raises `ValueError` for a pattern that `matches` does not know.
        """
        with self.lock:
            found = [json.loads(event) for event in self._events.get(bus_id, [])]
        return [event for event in found if matches(pattern or {}, event)]

    def put(self, bus_id: str, events: Iterable[str]) -> None:
        """Put events, each in JSON, on a bus. Raises `KeyError` for one that does not exist."""
        with self.lock:
            self._events[bus_id].extend(events)

    def clear(self) -> None:
        """Remove all buses. No id is given twice, though."""
        with self.lock:
            self._names.clear()
            self._events.clear()


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Return whether an event has all the pattern's keys, each with one of the values listed there.

    Operators such as `{"prefix": …}` are not there: `ValueError`.
    """
    if not isinstance(event, Mapping):
        return False
    found = []
    for name, wanted in pattern.items():
        if isinstance(wanted, Mapping):
            found.append(matches(wanted, event.get(name)))
        elif isinstance(wanted, list) and not any(isinstance(value, (dict, list)) for value in wanted):
            found.append(name in event and any(_same(value, event[name]) for value in wanted))
        else:
            raise ValueError(f"{name}: a list of values to compare is wanted, not {wanted!r}")
    return all(found)


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)  # JSON's true is not 1


_CREATE: Mapping[str, Param] = {
    "EventBusName": Param("str"),
    "Description": Param("str", required=False),
    "SaveDays": Param("int", required=False),
    "EnableStore": Param("bool", required=False),
    "LinkMode": Param("str", required=False),
}
_GET: Mapping[str, Param] = {"EventBusId": Param("str")}
_PUT: Mapping[str, Param] = {"EventBusId": Param("str"), "EventList": Param("objects")}
_EVENT: Mapping[str, Param] = {
    "Source": Param("str"),
    "Data": Param("str"),
    "Type": Param("str"),
    "Subject": Param("str"),
    "Time": Param("int", required=False),
    "Region": Param("str", required=False),
    "Status": Param("str", required=False),
    "Id": Param("str", required=False),
    "TagList": Param("objects", required=False),
}


class Eb:
    """The actions of EventBridge on `buses`. `now` gives Unix seconds, for an event that has no time."""

    service = SERVICE

    def __init__(self, buses: Buses, options: Options, now: Callable[[], float] = time.time) -> None:
        self.buses = buses
        self.options = options
        self.now = now
        self.actions: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "CreateEventBus": self.create,
            "GetEventBus": self.get,
            "PutEvents": self.put,
        }

    def create(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Create a custom event bus."""
        wanted = check(params, _CREATE)
        if not _NAME.fullmatch(wanted["EventBusName"]):
            raise ApiError(
                "InvalidParameterValue.EventBusName",
                "The name has 2 to 60 letters, digits, `-` and `_`, a letter first, a letter or digit last.",
            )
        if len(wanted.get("Description", "")) > _LONGEST_DESCRIPTION:
            raise ApiError(
                "InvalidParameterValue.Description",
                f"The description has at most {_LONGEST_DESCRIPTION} characters.",
            )
        if len(self.buses.names) >= MAX_BUSES:
            raise ApiError("LimitExceeded.EventBus", f"There are {MAX_BUSES} event buses already.")
        return {"EventBusId": self.buses.create(wanted["EventBusName"])}

    def get(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return a bus, those fields of it that are known here."""
        bus_id = check(params, _GET)["EventBusId"]
        if bus_id not in self.buses.names:
            raise _no_such_bus()
        return {"EventBusId": bus_id, "EventBusName": self.buses.names[bus_id], "Description": ""}

    def put(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Put events on a bus: all of them or, if one of them cannot be, none."""
        wanted = check(params, _PUT)
        bus_id = wanted["EventBusId"]
        if not wanted["EventList"]:
            raise errors.wrong_value("EventList", "has at least one event")
        events = [
            self._event(f"EventList.{number}.", each) for number, each in enumerate(wanted["EventList"])
        ]
        if bus_id not in self.buses.names:
            raise _no_such_bus()
        self.buses.put(bus_id, events)
        return {}

    def _event(self, place: str, params: Mapping[str, Any]) -> str:
        """Return the event in JSON as targets get it: its data an object, its time a text of milliseconds."""
        given = check(params, _EVENT, place)
        event: Event = {
            "specversion": "1.0",
            "id": given["Id"] if given.get("Id") and self.options.eb_keeps_id else str(uuid.uuid4()),
            "source": given["Source"],
            "type": given["Type"],
            "subject": given["Subject"],
            "time": str(given.get("Time", int(self.now() * 1000))),
            "region": given.get("Region") or DEFAULT_REGION,
            "datacontenttype": "application/json;charset=utf-8",
            "data": None,
        }
        if given.get("Status"):
            event["status"] = given["Status"]
        if given.get("TagList"):
            event["tags"] = {str(tag.get("Key")): tag.get("Value") for tag in given["TagList"]}
        text = _with_data(event, given["Data"])
        size = len(text.encode("utf-8", "backslashreplace"))
        if size > MAX_SIZE:
            raise _invalid(f"it has {size} bytes, and {MAX_SIZE} are the most")
        return text


def _no_such_bus() -> ApiError:
    return ApiError(
        "ResourceNotFound.EventBusNotFound",
        "The event bus does not exist, or no rule is set on it.",
        "事件集不存在或未配置规则，请检查后再试。",
    )


def _with_data(event: Event, data: str) -> str:
    """Return the JSON of an event with the data, itself in JSON, as an object in it."""
    try:
        event["data"] = json.loads(data, parse_constant=_no_json)
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        raise _invalid("`Data` is no JSON") from None
    if not isinstance(event["data"], dict):
        raise _invalid("`Data` is no JSON object")
    return text


def _no_json(name: str) -> None:
    raise ValueError(name)


def _invalid(why: str) -> ApiError:
    return ApiError(
        "InvalidParameterValue.InvalidEvent",
        f"The format of the event is not valid: {why}.",
        "事件格式非法，请修正后再试。",
    )
