"""Secrets whose values are not known are found by the name in front of them: signatures, tokens, keys. Pure.

Name and value may be quoted, the quotes escaped any number of times, as JSON inside JSON has them, or all of
it be encoded as in a URL or as HTML. Only the value is removed: its quotes stay, so that JSON remains JSON.
"""

from __future__ import annotations

import re
from functools import cache

HIDDEN = "***"

_HINTS = ("signature", "credential", "token", "secret", "authorization", "bearer", "passw", "://")
"""What a text holds, in small letters, if it can hold a secret's name. Most texts hold none of these."""
_SHORTEST_QUOTED = 4


def without_shapes(text: str) -> str:
    """Return a text without the values that follow the name of a secret."""
    small = _small(text)
    if not any(hint in small for hint in _HINTS):
        return text
    pieces, kept = [], 0
    for found in _shapes().finditer(small):
        start, end = found.span(found.lastgroup or 0)
        if found.lastgroup == "quoted" and end - start < _SHORTEST_QUOTED:
            continue
        pieces += [text[kept:start], HIDDEN]
        kept = end
    return "".join(pieces) + text[kept:]


def names_a_secret(key: str) -> bool:
    """Return whether the value of such a key is a secret."""
    small = _small(key)
    return any(hint in small for hint in _HINTS) and bool(re.search(rf"(?:{_NAME}|authorization)$", small))


def _small(text: str) -> str:
    """Return a text in lower case, of the same length: a few letters have two in lower case."""
    small = text.lower()
    return small if len(small) == len(text) else text.translate(_SMALL)


_SMALL = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_NAME = (
    r"(?:signature|credential|token|password|passwd"
    r"|secret[-_ ]?(?:access[-_ ]?)?key|(?:key|client|app)[-_]?secret)"
)


@cache
def _shapes() -> re.Pattern[str]:
    """Return the pattern of them all, for small letters; the group that matched last is the secret."""
    space = r"(?:\s|\\+[nrt]|%(?:25)*(?:20|0[ad])|\+)"
    quote = r"(?:\\*[\"'`]|%(?:25)*2[27]|&(?:amp;)*(?:quot|apos|\#0*3[49]|\#x2[27]);)"
    equals = r"(?:=|%(?:25)*3d|\\+u003d|>|&(?:amp;)*gt;|\\+u003e)"
    colon = rf"{space}*(?::|=>?|%(?:25)*3[ad]|\\+u003d){space}*"
    comma = r"(?<=[\"'`])\s*,\s*"
    ends = r"(?:0[ad]|2[0267c]|3[bce]|5[bcd]|7[bd])"  # white space, quote, comma, bracket and such, in hex
    value = (
        rf"(?:[^\s\"'`\\<>&,;(){{}}\[\]%]|%(?!(?:25)*{ends})|\\+/|\\+u00(?!{ends})[0-9a-f]{{2}}"
        r"|&(?:amp;)*\#(?:x2b|x2f|x3d|43|47|61);)"
    )
    no_number = r"(?!-?[\d.e+-]+(?:[\s,}\]]|$))"  # of JSON
    empty = r"(?P=q)\s*(?:[,}\]]|$)"  # else up to the next quote, which is another value's
    scheme = rf"(?:[\w-]{{0,20}}hmac[\w-]{{0,20}}|bearer|basic|digest|token){space}+"
    further = rf"(?:(?:[,;]|%(?:25)*(?:2c|3b)){space}*[\w-]+(?:=|%(?:25)*3d){value}*|;[\w-]+)"
    return re.compile(
        rf"(?:{_NAME}|authorization){quote}?(?:{equals}|{colon}|{comma})"
        rf"[ub]?(?P<q>\\*[\"'`])(?!{empty})(?P<quoted>.{{1,8192}}?)(?<!\\)(?P=q)"
        rf"|{_NAME}{quote}?{equals}{quote}?(?P<equal>{value}{{2,}})"
        rf"|{_NAME}{quote}?{colon}{quote}(?P<begun>{value}{{4,}})"
        rf"|{_NAME}{quote}?{colon}{no_number}(?P<long>{value}{{16,}})"
        rf"|(?<=-)(?:token|signature){colon}(?P<header>{value}{{4,}})"
        rf"|authorization{quote}?(?:{equals}|{colon}){quote}?"
        rf"(?P<authorization>(?:{scheme}{value}+|{no_number}{value}{{16,}}){further}*)"
        rf"|bearer{space}+(?P<bearer>{value}{{16,}})"
        r"|://[^\s/:@\"'<>]{0,99}:(?P<userinfo>[^\s/@\"'<>]{1,199})@",
        re.DOTALL,
    )
