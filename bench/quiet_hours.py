"""How long a question to the quiet hours takes, next to Alertmanager's idea of the same.

`PYTHONPATH=. python bench/quiet_hours.py` prints a table. The yardstick is a plain scan in the same
Python and the same run: each interval's lists are gone through as Alertmanager's `ContainsTime` does,
and the next change is looked for minute by minute. What counts are the ratios.
"""

from __future__ import annotations

import calendar
import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from handler.quiet_hours import QuietHours

MINUTE = timedelta(minutes=1)
ROUNDS = 5
# Ten intervals that both can say: none is overnight, none wraps.
TEN: list[dict[str, Any]] = [
    {"times": [{"start_time": "00:00", "end_time": "08:00"}, {"start_time": "21:00", "end_time": "24:00"}]},
    {"weekdays": ["saturday"], "times": [{"start_time": "18:00", "end_time": "24:00"}]},
    {"weekdays": ["sunday"]},
    {"weekdays": ["monday:friday"], "times": [{"start_time": "12:00", "end_time": "13:00"}]},
    {"days_of_month": ["-1"], "times": [{"start_time": "16:00", "end_time": "21:00"}]},
    {"days_of_month": ["25:26"], "months": ["december"]},
    {"days_of_month": ["1"], "months": ["january"]},
    {"months": ["july:august"], "weekdays": ["saturday", "sunday"]},
    {"years": ["2030"], "months": ["1"], "times": [{"start_time": "10:00", "end_time": "12:00"}]},
    {
        "weekdays": ["friday"],
        "times": [{"start_time": "15:00", "end_time": "17:00"}],
        "location": "America/Chicago",
    },
]
ZONE = "America/New_York"
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
MONTHS = [name.lower() for name in calendar.month_name]
Scan = list[tuple[ZoneInfo, dict[str, list[tuple[int, int]]]]]


def minute(text: str) -> int:
    """Return `08:00` as minutes of the day."""
    return int(text[:2]) * 60 + int(text[3:])


def scan_of(documents: list[dict[str, Any]]) -> Scan:
    """Compile the intervals as Alertmanager keeps them: lists of inclusive ranges of numbers."""
    scan: Scan = []
    for document in documents:
        fields: dict[str, list[tuple[int, int]]] = {}
        for key, entries in document.items():
            if key == "times":
                fields[key] = [(minute(e["start_time"]), minute(e["end_time"])) for e in entries]
            elif key != "location":
                names = {"weekdays": DAYS, "months": MONTHS}.get(key, [])
                pairs = [(e.partition(":")[0], e.rpartition(":")[2]) for e in entries]
                fields[key] = [
                    tuple(names.index(part) if part in names else int(part) for part in pair)  # type: ignore[misc]
                    for pair in pairs
                ]
        scan.append((ZoneInfo(str(document.get("location", ZONE))), fields))
    return scan


def contains(zone: ZoneInfo, fields: dict[str, list[tuple[int, int]]], at: datetime) -> bool:
    """Return whether one interval holds: `ContainsTime` of alertmanager/timeinterval (68fb2d57)."""
    local = at.astimezone(zone)
    now = local.hour * 60 + local.minute
    if "times" in fields and not any(start <= now < end for start, end in fields["times"]):
        return False
    if "days_of_month" in fields:
        length = calendar.monthrange(local.year, local.month)[1]
        ranges = [tuple(d if d > 0 else length + d + 1 for d in pair) for pair in fields["days_of_month"]]
        if not any(first <= local.day <= min(last, length) for first, last in ranges):
            return False
    plain = {"months": local.month, "weekdays": local.weekday(), "years": local.year}
    return all(any(a <= value <= b for a, b in fields[key]) for key, value in plain.items() if key in fields)


def scan_is_quiet(scan: Scan, at: datetime) -> bool:
    """Return whether any interval holds."""
    return any(contains(zone, fields, at) for zone, fields in scan)


def scan_next_change(scan: Scan, after: datetime) -> datetime:
    """Look for the next change minute by minute."""
    state, at = scan_is_quiet(scan, after), after.replace(second=0, microsecond=0) + MINUTE
    while scan_is_quiet(scan, at) == state:
        at += MINUTE
    return at


def microseconds(ask: Callable[[datetime], object], instants: list[datetime]) -> float:
    """Return the microseconds that one call takes, in the best of several rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for at in instants:
            ask(at)
        best = min(best, time.perf_counter() - begin)
    return best / len(instants) * 1e6


def import_milliseconds(code: str, setup: str = "pass") -> float:
    """Return the time of `code` in a fresh interpreter that has pydantic, zoneinfo and a model already."""
    base = "import time, zoneinfo, pydantic; type('M', (pydantic.BaseModel,), {})"
    show = f"{base}; {setup}; t = time.perf_counter(); {code}; print((time.perf_counter() - t) * 1e3)"
    root = Path(__file__).parent.parent
    command, runs = [sys.executable, "-c", show], []
    for _ in range(ROUNDS):
        done = subprocess.run(command, capture_output=True, check=True, cwd=root)  # noqa: S603 - our own code
        runs.append(float(done.stdout))
    return min(runs)


NEVER: dict[str, dict[str, Any]] = {
    "two objects fill the day": {
        "quiet": [
            {"months": ["1:12"], "times": ["20:00-10:00"]},
            {"months": ["1:12"], "times": ["09:00-21:00"]},
        ]
    },
    "the lead time fills it": {"quiet": [{"months": ["1:12"], "times": ["21:00-08:00"]}], "lead_time": "14h"},
    "two zones fill it": {"quiet": ["20:00-09:00", "00:00-20:00", "10:00-11:00 Europe/Berlin"]},
}


def never_microseconds(document: dict[str, Any]) -> float:
    """Return what the first question takes in a fresh interpreter that has read the policy."""
    setup = f"import datetime, handler.quiet_hours as q; e = q.QuietHours.model_validate({document!r})"
    ask = "found = e.next_change(datetime.datetime(2026, 11, 23, tzinfo=datetime.timezone.utc))"
    return import_milliseconds(f"{ask}; assert found is None", setup) * 1e3


def main() -> None:
    """Print the table; exit with 1 when a limit is exceeded."""
    engine = QuietHours.model_validate({"time_zone": ZONE, "quiet": TEN})
    led = QuietHours.model_validate({"time_zone": ZONE, "quiet": TEN, "lead_time": "2m"})
    far = QuietHours.model_validate({"time_zone": ZONE, "quiet": [{"years": ["2035"]}]})
    scan = scan_of(TEN)
    chance = random.Random(1)  # noqa: S311 - no secret
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    instants = [start + MINUTE * chance.randrange(525_600) for _ in range(400)]
    assert [engine.is_quiet(at) for at in instants] == [scan_is_quiet(scan, at) for at in instants]
    few = instants[:10]
    assert [engine.next_change(at) for at in few] == [scan_next_change(scan, at) for at in few]

    rows = [
        ("is_quiet", microseconds(engine.is_quiet, instants), "is_quiet", 20.0),
        ("is_quiet, lead_time 2m", microseconds(led.is_quiet, instants), "is_quiet", 20.0),
        ("next_change", microseconds(engine.next_change, instants), "next_change", 5000.0),
        ("next_change, lead_time 2m", microseconds(led.next_change, instants), "next_change", 5000.0),
        ("next_change, in 2035", microseconds(far.next_change, few), "", 5000.0),
        ("reason, lead_time 2m", microseconds(led.reason, instants), "", 0.0),
        *(
            (name, never_microseconds({"time_zone": ZONE, **document}), "", 50_000.0)
            for name, document in NEVER.items()
        ),
    ]
    plain = {
        "is_quiet": microseconds(lambda at: scan_is_quiet(scan, at), instants),
        "next_change": microseconds(lambda at: scan_next_change(scan, at), few),
    }
    print(f"{'ten intervals, two zones':28}{'us':>10}{'plain scan':>12}{'ratio':>8}{'limit':>8}")
    for name, found, yardstick, limit in rows:
        scanned = plain.get(yardstick)
        compared = f"{scanned:12.1f}{scanned / found:7.1f}x" if scanned else " " * 20
        print(f"{name:28}{found:10.1f}{compared}{f'{limit:8.0f}' if limit else ''}")
    document = "{'time_zone': 'UTC', 'quiet': ['21:00-08:00']}"
    print(f"{'import':28}{import_milliseconds('import handler.quiet_hours') * 1e3:10.0f}")
    read = f"import handler.quiet_hours as q; q.QuietHours.model_validate({document})"
    print(f"{'import and read a document':28}{import_milliseconds(read) * 1e3:10.0f}")
    sys.exit(any(limit and found > limit for _, found, _, limit in rows))


if __name__ == "__main__":
    main()
