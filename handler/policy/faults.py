"""Faults of a policy that concern its names, its size, or two of its places, whatever else is wrong. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from handler.errors.sentences import SHOWN, given
from handler.errors.spelling import suggestion
from handler.policy.entries import DEFAULT, LONGEST_NAME, NONE, Entry

MOST_RULES = 1_000
MOST_PATTERNS = 2_000
"""Patterns of all rules together; 10,000 names are held against each of them in a second or two."""
_LONGEST_NAME_OF_HOURS = 200
_LONGEST_NAMES = {"quiet_hours": _LONGEST_NAME_OF_HOURS, "tasks": LONGEST_NAME, "campaigns": LONGEST_NAME}
_NAMED = ("tasks", "campaigns")


def faults_across(document: Mapping[str, Any]) -> list[str]:
    """Return what no single value of a document shows to be wrong."""
    return [*_too_long(document), *_too_many(document), *_names(document), *_unknown_hours(document)]


def too_many_rules(rules: Any) -> str | None:
    """Return why these are more rules than are read, `None` if they are not."""
    if isinstance(rules, list) and len(rules) > MOST_RULES:
        return f"at most {MOST_RULES:,} are wanted, not {len(rules):,}"
    return None


def contradictions(place: str, what: str, entry: Entry, name: str, other: Entry) -> Iterator[str]:
    """Yield what the entry at a place says differently than `other`, which names the same under `name`."""
    also = f"{place}: {what} is also {name!r}"
    if other.quiet_hours != entry.quiet_hours:
        yield f"{also}, with other quiet hours ({other.quiet_hours!r}, here {entry.quiet_hours!r})"
    if other.exempt_until != entry.exempt_until:
        theirs, ours = _exemption(other.exempt_until), _exemption(entry.exempt_until)
        yield f"{also}, with another exempt_until ({theirs}, here {ours})"
    if other.resume != entry.resume:
        yield f"{also}, with another resume ({given(other.resume)}, here {given(entry.resume)})"


def _exemption(until: datetime | None) -> str:
    return until.isoformat() if until else "never exempt"


def _too_long(document: Mapping[str, Any]) -> Iterator[str]:
    for key, most in _LONGEST_NAMES.items():
        for name in _keys(document, key):
            if len(str(name)) > most:
                yield f"{key}: a name of at most {most:,} characters is wanted, not {given(name)}"


def _too_many(document: Mapping[str, Any]) -> Iterator[str]:
    names = (rule.get("name") for rule in _rules(document) if isinstance(rule, dict))
    patterns = sum(len(name) for name in names if isinstance(name, list))
    if patterns > MOST_PATTERNS:
        yield f"rules: at most {MOST_PATTERNS:,} patterns are wanted, not {patterns:,}"


def _names(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each name that is reserved, stands twice, or is a number."""
    if NONE in _keys(document, "quiet_hours"):
        yield f"quiet_hours.{NONE}: the name {NONE!r} is reserved, for what is never quiet; choose another"
    for key in _NAMED:
        for name in _keys(document, key):
            if str(name).strip().lstrip("+-").isdecimal():
                yield f"{key}.{name}: a name is wanted, not digits; the number is the {key[:-1]}'s value"
    for name in _keys(document, "campaigns"):
        if name in _keys(document, "tasks"):
            yield f"campaigns.{name}: is under tasks as well; a name is that of one task or campaign"


def _unknown_hours(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each entry or rule whose quiet hours the document does not have."""
    hours = document.get("quiet_hours")
    if not isinstance(hours, dict):
        return
    found = 0
    for place, entry in _entries(document):
        wanted = entry.get("quiet_hours", DEFAULT) if isinstance(entry, dict) else DEFAULT
        if not isinstance(wanted, str) or wanted in hours or wanted == NONE:
            continue
        if isinstance(entry, dict) and "quiet_hours" in entry:
            hint = suggestion(wanted, [*hours, NONE]) if found < SHOWN else ""
            yield f"{place}.quiet_hours: {wanted!r} is not under quiet_hours{hint}"
        else:
            yield f"{place}: names no quiet_hours, and there are none called 'default'"
        found += 1


def _entries(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each named task, named campaign and rule with its place, which may be none of these."""
    for key in _NAMED:
        named = document.get(key)
        for name, entry in named.items() if isinstance(named, dict) else ():
            yield f"{key}.{name}", entry
    for index, rule in enumerate(_rules(document)):
        if isinstance(rule, dict):
            yield f"rules[{index}]", rule


def _keys(document: Mapping[str, Any], key: str) -> Mapping[Any, Any]:
    named = document.get(key)
    return named if isinstance(named, dict) else {}


def _rules(document: Mapping[str, Any]) -> Sequence[Any]:
    rules = document.get("rules")
    return rules if isinstance(rules, list) and len(rules) <= MOST_RULES else ()
