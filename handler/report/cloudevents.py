"""A report's data as CloudEvents 1.0, in parts where it is too long for one. Pure. Source: cloudevents.io."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from handler.errors.sentences import shortened
from handler.output.encoding import size, slices
from handler.report.entries import sendable, written_instant

REPORT_TYPE = "callout.quiet-hours.report.v1"
CHECK_TYPE = "callout.quiet-hours.check.v1"
AUDIT_TYPE = "callout.quiet-hours.audit.v1"
_LISTS = ("tasks", "errors", "findings", "violations")
"""The lists that may need several parts, as far as the data has them, in the order of their parts."""
_WIDEST_PART = {"number": 99_999, "of": 99_999, "report": ""}
_LONGEST_TEXT = 3_000
"""Bytes of `text` in each part of a report."""
_LONGEST_ESCAPE = 6
"""Bytes that JSON takes for one character of UTF-8."""


class Envelope(NamedTuple):
    """What every event of a report has: its id, the function as its source, when it was made, a type."""

    report_id: str
    source: str
    time: datetime
    type: str = REPORT_TYPE

    def event(self, data: Mapping[str, Any], event_id: str) -> dict[str, Any]:
        """Return `data` in the envelope of a CloudEvent."""
        return {
            "specversion": "1.0",
            "id": event_id,
            "source": sendable(self.source),
            "type": self.type,
            "time": written_instant(self.time),
            "datacontenttype": "application/json",
            "data": dict(data),
        }


Measure = Callable[[Any], int]
"""The bytes of a value's JSON in a message: `encoding.size`, or `size_within_text`."""


def split(
    data: dict[str, Any], envelope: Envelope, limit: int, measure: Measure = size
) -> list[dict[str, Any]]:
    """Return a report's data as CloudEvents of at most `limit` bytes each, by `measure`.

    A report that does not fit becomes several, each with `part`: its number, of how many, of which
    report. Their lists, one after the other, are those of the whole; an error too
    long for one part comes in pieces, whose `message` and `body` are to be joined. Texts of a task that
    no part could hold whole, such as a name of a thousand control characters, lose their middle.
    """
    report_id = envelope.report_id
    whole = envelope.event(data, report_id)
    if measure(whole) <= limit:
        return [whole]
    if size(data["text"]) > _LONGEST_TEXT:
        data = data | {"text": shortened(data["text"], _LONGEST_TEXT // _LONGEST_ESCAPE)}
    parts = list(_parts(data, envelope, limit, measure))
    events = []
    for number, lists in enumerate(parts, 1):
        part = {"number": number, "of": len(parts), "report": report_id}
        content = data | lists | {"part": part}
        events.append(envelope.event(content, f"{report_id}-{number}"))
    return events


def _parts(
    data: dict[str, Any], envelope: Envelope, limit: int, measure: Measure
) -> Iterator[dict[str, list[Any]]]:
    lists = [key for key in _LISTS if key in data]
    empty = data | {key: [] for key in lists} | {"part": _WIDEST_PART | {"report": envelope.report_id}}
    longest_id = f"{envelope.report_id}-{_WIDEST_PART['of']}"
    room = limit - measure(envelope.event(empty, longest_id))
    pieces = (
        (key, piece)
        for key in lists
        for entry in data[key]
        for piece in (_pieces(entry, room, measure) if key == "errors" else [_fitting(entry, room, measure)])
    )
    part: dict[str, list[Any]] = {key: [] for key in lists}
    used = 0
    for key, entry in pieces:
        length = measure(entry) + 1
        if used and used + length > room:
            yield part
            part, used = {key: [] for key in lists}, 0
        part[key].append(entry)
        used += length
    yield part


def _fitting(entry: dict[str, Any], room: int, measure: Measure) -> dict[str, Any]:
    """Return a task's entry, its longest texts shortened where it has more than `room` bytes."""
    most = 512
    while measure(entry) + 1 > room and most >= 32:  # noqa: PLR2004
        entry = _with_texts_of(entry, most)
        most //= 2
    return entry


def _with_texts_of(entry: dict[str, Any], most: int) -> dict[str, Any]:
    parts = {key: _with_texts_of(each, most) for key, each in entry.items() if isinstance(each, dict)}
    texts = {key: shortened(each, most) for key, each in entry.items() if isinstance(each, str)}
    return entry | parts | texts


def _pieces(entry: dict[str, Any], room: int, measure: Measure) -> list[dict[str, Any]]:
    """Return an error's entry in pieces of at most `room` bytes; itself where it fits."""
    if measure(entry) + 1 <= room:
        return [entry]
    empty = entry | {"message": "", "body": "", "piece": 99_999, "pieces": 99_999}
    space = room - measure(empty) - 1
    cut = [("message", text) for text in slices(entry["message"], space, measure)]
    cut += [("body", text) for text in slices(entry["body"] or "", space, measure)]
    return [
        entry | {"message": "", "body": None, "piece": number, "pieces": len(cut)} | {key: text}
        for number, (key, text) in enumerate(cut, 1)
    ]
