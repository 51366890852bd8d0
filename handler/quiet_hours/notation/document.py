"""The fields of a quiet hours document, read with all their faults at once. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from handler.errors.sentences import shortened
from handler.errors.spelling import bounded_suggestions
from handler.quiet_hours.interval import Interval
from handler.quiet_hours.notation.object_interval import read_object
from handler.quiet_hours.notation.text_interval import read_compact
from handler.quiet_hours.notation.validation import Faults, Place
from handler.quiet_hours.zone import Zone, read_zone

if TYPE_CHECKING:
    from handler.quiet_hours.notation.presets import Preset

Placed = tuple[str, Interval]
"""An interval with its place in the document, `quiet[2]`."""

_ZONE_OF_PRESET = "leaves the zone to the called party; write the document's `time_zone`"


def read_intervals(value: Any, default: Zone | None) -> tuple[Interval, ...]:
    """Read a list of strings and objects, or one of them; ValidationError holds every fault.

    `default` is the zone of those that name none.
    """
    if isinstance(value, (str, dict)):
        return read_intervals([value], default)
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"a list of intervals is wanted, not {shortened(repr(value), 80)}")
    faults = Faults()
    with bounded_suggestions():
        read = [_interval(entry, default, (index,), faults) for index, entry in enumerate(value)]
    faults.check()
    return tuple(interval for interval in read if interval is not None)


def read_presets(value: Any, default: Zone | None) -> tuple[str, ...]:
    """Read the name of a preset, or a list of names; ValidationError holds every fault."""
    faults = Faults()
    names = value if isinstance(value, (list, tuple)) else [value]
    with bounded_suggestions():
        for index, name in enumerate(names):
            _check_preset(name, default, (index,) if names is value else (), faults)
    faults.check()
    return tuple(names)


def _check_preset(name: object, default: Zone | None, place: Place, faults: Faults) -> None:
    from handler.quiet_hours.notation.presets import read_preset  # noqa: PLC0415 - only for policies that name one

    preset = faults.attempt(place, read_preset, name)
    if preset is not None and default is None and preset.time_zone is None:
        faults.add(place, f"{preset.name!r} {_ZONE_OF_PRESET}", name)
    elif preset is not None:
        _read_preset(preset, default, place, faults)


def preset_intervals(names: Collection[str], default: Zone | None) -> list[Placed]:
    """Return the intervals of presets that were read before."""
    if not names:
        return []
    from handler.quiet_hours.notation.presets import PRESETS  # noqa: PLC0415 - as above

    faults = Faults()
    return [
        (f"preset {name}", interval)
        for name in names
        for interval in _read_preset(PRESETS[name], default, (), faults)
        if interval is not None
    ]


def _read_preset(preset: Preset, default: Zone | None, place: Place, faults: Faults) -> list[Interval | None]:
    zone = read_zone(preset.time_zone) if preset.time_zone else default
    # A preset's own entries are right: all that can fail is the missing `holidays` package.
    entries = Faults()
    read = [_interval(entry, zone, (), entries) for entry in preset.quiet]
    for message in sorted(entries.messages):
        faults.add(place, message, preset.name)
    return read


def _interval(value: Any, default: Zone | None, place: Place, faults: Faults) -> Interval | None:
    if isinstance(value, str):
        return faults.attempt(place, lambda text: read_compact(text, default), value)
    if isinstance(value, dict):
        return read_object(value, default, place, faults)
    if isinstance(value, Interval):
        return value
    faults.add(place, f"an interval is a text such as '21:00-08:00' or an object, not {value!r}", value)
    return None
