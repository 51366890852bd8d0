"""Patterns of names: `*` stands for any text, `?` for one character, everything else for itself. Pure."""

import re
from functools import lru_cache

from handler.errors.sentences import given

LONGEST_PATTERN = 200
"""Characters of a pattern."""
EVERYTHING = "*"
_ANY_CHARACTER = "."
_NO_ASTERISK = "[^*]"


def check_pattern(pattern: str) -> str:
    """Return a pattern. Raises `ValueError` for one that is blank or too long."""
    if not pattern.strip():
        raise ValueError(f"a pattern such as 'us-*' is wanted, not {given(pattern)}")
    if len(pattern) > LONGEST_PATTERN:
        wanted = f"a pattern of at most {LONGEST_PATTERN} characters is wanted"
        raise ValueError(f"{wanted}, not {given(pattern)}")
    return pattern


def is_pattern(name: str) -> bool:
    """Return whether a name has a wildcard."""
    return "*" in name or "?" in name


def takes_everything(pattern: str) -> bool:
    """Return whether a pattern matches every name."""
    return not pattern.strip("*")


def fixed_part(pattern: str) -> str:
    """Return the longest text without a wildcard in a pattern: a name without it does not match."""
    return max(re.split("[*?]", pattern), key=len)


def matches(pattern: str, name: str) -> bool:
    """Return whether a pattern matches a whole name. Upper and lower case differ."""
    return _compiled(pattern, _ANY_CHARACTER).fullmatch(name) is not None


def includes(pattern: str, other: str) -> bool:
    """Return whether a pattern certainly matches every name that another pattern matches.

    The other one is matched as a text: its `*` is then taken only by a `*`.
    """
    return _compiled(pattern, _NO_ASTERISK).fullmatch(other) is not None


@lru_cache(maxsize=4_096)
def _compiled(pattern: str, one: str) -> re.Pattern[str]:
    """Return the expression of a pattern, whose `?` is `one`.

    No name takes longer than its length times that of the pattern. The text up to a part in the middle is
    found once, in a lookahead, and never extended when a later part does not match.
    """
    first, *others = [_literally(part, one) for part in pattern.split("*")]
    if not others:
        return re.compile(first, re.DOTALL)
    *middle, last = others
    found = [f"(?=(?P<p{index}>.*?{part}))(?P=p{index})" for index, part in enumerate(middle) if part]
    return re.compile("".join([first, *found, ".*", last]), re.DOTALL)


def _literally(part: str, one: str) -> str:
    return one.join(re.escape(text) for text in part.split("?"))
