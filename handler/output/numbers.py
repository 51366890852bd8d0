"""Phone numbers as they may be shown: enough to find the call, and not enough to call. Pure."""

import re
from collections.abc import Container

_STARS = "****"
_LONG = 11
"""A number with so many characters has a country or area code before what is hidden."""
_SHOWN = 2
_DATE = r"(?!20\d\d-[01]\d-[0-3]\d\b)"
_DIGITS = re.compile(rf"\d{{7,}}|(?<![\w-]){_DATE}\d(?:[ ()-]{{0,2}}\d){{6,16}}(?!-?\w)")
_SEPARATORS = re.compile("[ ().-]")
_PLAIN = re.compile(r"\+?[\d *().-]*", re.ASCII)
_LONGEST = 25
"""Characters of a number with country code, separators and an extension."""


def masked(number: str) -> str:
    """Return a number with `****` for the four characters before its last four.

    Of one with fewer than 11 characters only the last two are shown; of two or fewer, none. Blanks and dashes
    in it are left out. In what is no plain number, such as the address of a telephone or a list of numbers,
    each number is masked too.
    """
    if len(number) <= _LONGEST and _PLAIN.fullmatch(number):
        return _masked(_SEPARATORS.sub("", number))
    return without_numbers(_masked(number))


def _masked(number: str) -> str:
    if len(number) >= _LONG:
        return f"{number[:-8]}{_STARS}{number[-4:]}"
    hidden = max(len(number) - _SHOWN, 0) or len(number)
    return "*" * hidden + number[hidden:]


def without_numbers(text: str, known: Container[str] = ()) -> str:
    """Return a text in which what may be a phone number is masked: seven digits or more, if not `known`."""

    def hidden(found: re.Match[str]) -> str:
        parts = re.findall(r"\d+", found[0])
        return found[0] if all(each in known for each in parts) else _masked("".join(parts))

    return _DIGITS.sub(hidden, text)
