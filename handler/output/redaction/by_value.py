"""Known secrets are found in a text, however they are quoted there. Pure.

A text is reduced to its *bones*: its ASCII letters and digits, escape sequences decoded, in lower case. So is
each secret. The bones do not depend on the quoting (JSON, URL, Python or HTML, once or nested), on line
breaks, or on case, which changes in names of headers. Eight consecutive characters of a secret, or of its
base64, are a match, so that a truncated secret is found as well. A *weak* secret has too few letters and
digits for that. It is searched for in each of the common quotings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, partial
from urllib.parse import quote, quote_plus

from handler.output.redaction.by_shape import HIDDEN

SHORTEST = 6
"""Characters. A shorter value is no credential of any cloud, and occurs in ordinary words."""
_RUN = 8
_CHUNK = 4
"""Characters. A run of at least 7 holds a chunk that begins at a multiple of 4, wherever the run begins."""


class Values:
    """Secrets, prepared for the search when the first text is searched."""

    def __init__(self, values: Iterable[str]) -> None:
        stripped = {each for value in values for each in (value, value.strip())}
        self._values = frozenset(value for value in stripped if len(value) >= SHORTEST)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Values) and other._values == self._values

    def __hash__(self) -> int:
        return hash(self._values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def without(self, text: str) -> str:
        """Return a text without the secrets."""
        if not self._values or not self._are_in(text):
            return text
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return self._without_runs(text)

    def _are_in(self, text: str) -> bool:
        return bool(self._spans(_bones(text))) or any(form in text for form in self._forms_of_weak)

    def _without_runs(self, text: str) -> str:
        """Return a text without the secrets that were truncated, or are quoted in an unusual way."""
        letters = list(_letters(text))
        pieces, kept = [], 0
        for start, end in self._spans("".join(letter for letter, _, _ in letters).lower().encode()):
            pieces += [text[kept : letters[start][1]], HIDDEN]
            kept = letters[end - 1][2]
        return "".join(pieces) + text[kept:]

    def _spans(self, bones: bytes) -> list[tuple[int, int]]:
        """Return where bones hold runs of a secret; overlapping and adjacent runs are merged."""
        if self._chunks.isdisjoint(numbers := _numbers(bones)):
            return []
        hits = [number * _CHUNK for number, chunk in enumerate(numbers) if chunk in self._chunks]
        spans: list[tuple[int, int]] = []
        for start in (start for at in hits for start in range(max(0, at - _CHUNK), at + 1)):
            for end in (start + _RUN, start + _RUN - 1):
                if end <= len(bones) and bones[start:end] in self._runs:
                    begun = spans.pop() if spans and start <= spans[-1][1] else (start, end)
                    spans.append((begun[0], max(begun[1], end)))
                    break
        return spans

    @cached_property
    def _searched(self) -> frozenset[bytes]:
        """The bones of what is searched for: the secrets and their base64."""
        texts = [each for value in self._values for each in (value, *_base64(value))]
        # What looks like an escape in a secret is one only where the secret is not quoted itself.
        odd = [value for value in self._values if not {*"\\%&"}.isdisjoint(value)]
        texts += [form for value in odd for form in _quoted(value)]
        return frozenset([*map(_bones, texts), *map(_plain, odd)])

    @cached_property
    def _runs(self) -> frozenset[bytes]:
        """Every eight consecutive bones, and seven where eight characters of a secret hold only seven."""
        found = {bones[at : at + _RUN] for bones in self._searched for at in range(len(bones) - _RUN + 1)}
        for value in self._values:
            starts = (
                at for mark in re.finditer("[^A-Za-z0-9]", value) for at in _around(mark.start(), value)
            )
            parts = {value[at : at + _RUN] for at in starts}
            for read in (_bones, _plain):
                whole, few = read(value), map(read, parts)
                found |= {each for each in few if len(each) == _RUN - 1 and each in whole}
        return frozenset(found)

    @cached_property
    def _chunks(self) -> frozenset[int]:
        """Every four consecutive bones, as an integer in native byte order."""
        shifted = (bones[at:] for bones in self._searched for at in range(_CHUNK))
        return frozenset[int]().union(*map(_numbers, shifted))

    @cached_property
    def _forms(self) -> list[str]:
        return _longest_first(form for value in self._values for form in _quoted(value))

    @cached_property
    def _forms_of_weak(self) -> list[str]:
        weak = [value for value in self._values if len(_bones(value)) < _RUN]
        return _longest_first(form for value in weak for form in _quoted(value))


_NO_BONES = bytes(code for code in range(128) if not chr(code).isalnum())
_OF_HTML = r"&(?:amp;)*(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9A-Fa-f]+);"
_ESCAPE = (
    r"%(?:25)*[0-9A-Fa-f]{2}"
    rf"|\\+(?:u[0-9A-Fa-f]{{4}}|x[0-9A-Fa-f]{{2}}|U[0-9A-Fa-f]{{8}}|{_OF_HTML}|[^\\])?"
    rf"|{_OF_HTML}"
)
_NUMBERED = (
    r"(?:%(?:25)*|\\+[uUx])(?P<hex>[0-9A-Fa-f]{2,8})"
    r"|&(?:amp;)*#(?:x(?P<of_html>[0-9A-Fa-f]{1,6})|(?P<decimal>[0-9]{1,7}));"
)
_NOISE = rf"{_ESCAPE}|[^A-Za-z0-9\\%&]+|[%&]"


def _bones(text: str) -> bytes:
    """Return the ASCII letters and digits of a text, escape sequences decoded, in lower case."""
    if "\\" in text or "%" in text or "&" in text:
        text = re.sub(_ESCAPE, _decoded, text)
    return _plain(text)


def _plain(text: str) -> bytes:
    """Return the ASCII letters and digits of a text as they stand, in lower case."""
    return text.encode("ascii", "ignore").translate(None, _NO_BONES).lower()


def _numbers(bones: bytes) -> memoryview:
    """Return bones as numbers of four bytes each, which are quicker to compare."""
    return memoryview(bones)[: len(bones) - len(bones) % _CHUNK].cast("I")


def _around(place: int, text: str) -> range:
    """Return where runs of a text begin that hold the character at `place`."""
    return range(max(0, place - _RUN + 1), min(place, len(text) - _RUN) + 1)


def _decoded(escape: re.Match[str]) -> str:
    """Return the ASCII letter or digit that an escape sequence stands for, else nothing."""
    found = re.fullmatch(_NUMBERED, escape[0])
    if found is None:
        return ""
    code = int(found["decimal"]) if found["decimal"] else int(found["hex"] or found["of_html"], 16)
    return chr(code) if code < 128 and chr(code).isalnum() else ""  # noqa: PLR2004 - ASCII


def _letters(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the letters of a text's bones, each with where it starts and ends in the text."""
    at = 0
    for noise in re.finditer(_NOISE, text):
        yield from ((text[place], place, place + 1) for place in range(at, noise.start()))
        at = noise.end()
        if letter := _decoded(noise):
            yield letter, noise.start(), at
    yield from ((text[place], place, place + 1) for place in range(at, len(text)))


def _longest_first(forms: Iterable[str]) -> list[str]:
    return sorted(set(forms), key=lambda form: (-len(form), form))


def _quoted(secret: str) -> set[str]:
    """Return a secret in every common quoting, and in every two of them nested."""
    forms = {secret, *_base64(secret)}
    for _ in range(2):
        forms |= {quoting(form) for form in forms for quoting in _QUOTINGS}
    return {form for form in forms if len(form) >= SHORTEST}


def _in_json(text: str, *, ensure_ascii: bool = True) -> str:
    return json.dumps(text, ensure_ascii=ensure_ascii)[1:-1]


def _in_html(text: str, apostrophe: str = "#39") -> str:
    for character, entity in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot"), ("'", apostrophe)):
        text = text.replace(character, f"&{entity};")
    return text


def _in_url(text: str, quoting: Callable[..., str] = quote, *, safe: str = "", lower: bool = False) -> str:
    found = quoting(_utf_8(text), safe=safe)
    return re.sub("%..", lambda escape: escape[0].lower(), found) if lower else found


_QUOTINGS: tuple[Callable[[str], str], ...] = (
    _in_json,
    partial(_in_json, ensure_ascii=False),
    lambda text: _in_json(text).replace("/", "\\/"),  # PHP's
    lambda text: repr(text)[1:-1],
    lambda text: text.replace("'", "\\'"),
    lambda text: repr(_utf_8(text))[2:-1],
    _in_url,
    partial(_in_url, safe="/"),
    partial(_in_url, lower=True),
    partial(_in_url, quoting=quote_plus),
    _in_html,
    partial(_in_html, apostrophe="#x27"),
)


def _base64(secret: str) -> set[str]:
    """Return the base64 of a secret, alone and inside a longer text at each of the three byte offsets."""
    from binascii import b2a_base64  # noqa: PLC0415 - few texts are searched that closely

    whole = b2a_base64(_utf_8(secret), newline=False).decode()
    found = {whole}
    for before, foreign in ((0, 0), (1, 2), (2, 3)):
        text = b2a_base64(bytes(before) + _utf_8(secret), newline=False).decode()
        found.add((text.rstrip("=")[:-1] if "=" in text else text)[foreign:])
    return found | {text.replace("+", "-").replace("/", "_") for text in found}


def _utf_8(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
