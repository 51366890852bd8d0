"""A known secret is found however it is quoted; an unknown one by the name in front of it."""

from __future__ import annotations

import base64
import html
import json
import math
import re
import string
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from handler.output import redaction
from handler.output.redaction import clean, cleaned
from handler.output.redaction.by_shape import HIDDEN
from handler.report.entries import Problem
from handler.report.report import Report
from tests.support import SECRET_KEY

SIGNATURE = "9d8f" * 16
QUOTINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "a JSON string": json.dumps,
    "a JSON string in UTF-8": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"Message": text})),
    "JSON of PHP": lambda text: json.dumps(text).replace("/", "\\/"),
    "a Python string": repr,
    "a Python string in a list of strings": lambda text: repr([repr(text)]),
    "Python's bytes": lambda text: repr(text.encode("utf-8", "backslashreplace")),
    "a URL": lambda text: quote(text, safe="", errors="backslashreplace"),
    "a URL's path": lambda text: quote(text, errors="backslashreplace"),
    "a form": lambda text: quote_plus(text, errors="backslashreplace"),
    "a URL in a URL": lambda text: quote(quote(text, safe="", errors="backslashreplace"), safe=""),
    "a URL in small hex": lambda text: re.sub(
        "%..", lambda found: found[0].lower(), quote(text, safe="", errors="backslashreplace")
    ),
    "HTML": html.escape,
    "JSON in HTML": lambda text: html.escape(json.dumps(text)),
    "a URL with every character escaped": lambda text: "".join(
        f"%{byte:02X}" for byte in text.encode("utf-8", "backslashreplace")
    ),
    "JSON with every character escaped": lambda text: "".join(f"\\u{ord(each):04x}" for each in text),
    "HTML with every character escaped": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "HTML with every character escaped in hex": lambda text: "".join(f"&#x{ord(each):x};" for each in text),
    "a form in JSON": lambda text: json.dumps(quote_plus(text, errors="backslashreplace")),
}
ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "base64 of a URL": base64.urlsafe_b64encode,
    "base64 after other text": lambda text: base64.b64encode(b"key=" + text),
    "base64 in lines": base64.encodebytes,
    "base64 between others": lambda text: base64.b64encode(b"ab" + text + b"&x=1"),
}
ALPHABET = string.ascii_letters + string.digits
issued = st.text(ALPHABET + "+/=_-", min_size=20, max_size=200).filter(
    lambda text: sum(each in ALPHABET for each in text) >= 16
)
"""Keys and tokens as clouds issue them."""
printable = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=12, max_size=60).filter(
    lambda text: sum(each in ALPHABET for each in text) >= 12
)
anything = st.text(min_size=6, max_size=40).filter(lambda text: len(text.strip()) >= 6)
around = st.text(st.characters(blacklist_characters="\\%&", blacklist_categories=["Cs"]), max_size=20)


def readings(text: str) -> set[str]:
    """Return a text as it stands, and as whoever takes it apart reads it, up to three levels down."""
    found = {text}
    for _ in range(3):
        found |= {read(each) for each in found for read in (unquote, unquote_plus, html.unescape, unescaped)}
    return found


def unescaped(text: str) -> str:
    """Return a text with the escapes of JSON and Python as what they stand for."""
    plain = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}

    def one(found: re.Match[str]) -> str:
        escape = found[1]
        return chr(int(escape[1:], 16)) if len(escape) > 1 else plain.get(escape, escape)

    return re.sub(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", one, text, flags=re.DOTALL)


def shown(secret: str, text: str) -> list[str]:
    """Return the runs of eight characters of a secret, at most one of them punctuation, that a text shows."""
    runs = {secret[at : at + 8] for at in range(len(secret) - 7)}
    runs = {run for run in runs if sum(each in ALPHABET for each in run) >= 7}
    return [run for run in runs if any(run in reading for reading in readings(text))]


@pytest.mark.parametrize("quoting", QUOTINGS)
@example(secret="k3y/Zm9v\"YmF\\yU2%VjcmV0+S2V5'Q&4a<5b>==", before="", after="")
@example(secret='000000"000000', before="", after="")
@example(secret="00000::00%01200", before="", after="")
@given(secret=issued | printable, before=around, after=around)
def test_a_key_or_token_is_removed_in_any_quoting(quoting: str, secret: str, before: str, after: str) -> None:
    redaction.begin([secret])
    found = clean(before + QUOTINGS[quoting](secret) + after)
    assert not shown(secret, found)
    assert HIDDEN in found


@pytest.mark.parametrize(
    "quoting",
    sorted(each for each in QUOTINGS if "every character" not in each and "list of strings" not in each),
)
@example(secret="密钥密钥密钥密钥")
@example(secret='"\\\'/%+&<>\n"')
@example(secret="\ud800\ud800\ud800!!!!")
@example(secret="100%ab\\u0041\\nabc&amp;x")
@example(secret="!" * 20 + "abcdefgh" + "?" * 20)
@given(secret=anything)
def test_even_a_secret_that_no_cloud_issues_is_removed(quoting: str, secret: str) -> None:
    redaction.begin([secret])
    found = clean(f"refused {QUOTINGS[quoting](secret)} (request 1)")
    assume(secret.strip() not in "refused  (request 1)" + HIDDEN)
    assert secret.strip() not in found
    assert QUOTINGS[quoting](secret.strip())[1:-1] not in found


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(secret=issued)
def test_the_base64_of_a_secret_is_removed(encoding: str, secret: str) -> None:
    redaction.begin([secret])
    text = ENCODINGS[encoding](secret.encode()).decode()
    left = re.sub(r"[^A-Za-z0-9]", "", clean(f"<{text}>"))
    assert len(left) <= 12, "what other text has its share in, and less than a run"


@given(
    secret=issued | printable,
    start=st.integers(0, 199),
    end=st.integers(1, 200),
    quoting=st.sampled_from(list(QUOTINGS)),
)
def test_the_part_of_a_secret_that_was_not_cut_off_is_removed(
    secret: str, start: int, end: int, quoting: str
) -> None:
    redaction.begin([secret])
    assert not shown(secret, clean(f"cut: {QUOTINGS[quoting](secret[start:end])}"))
    assert not shown(secret, clean(f"cut: {QUOTINGS[quoting](secret)}"[: 5 + end]))


@given(secret=issued, width=st.integers(1, 40))
def test_a_secret_that_is_broken_into_lines_is_removed(secret: str, width: int) -> None:
    redaction.begin([secret])
    lines = [secret[at : at + width] for at in range(0, len(secret), width)]
    for join in ("\n", "\r\n  ", "\\n", '"\n"'):
        assert not any(
            sum(each in ALPHABET for each in line) >= 8 for line in lines if line in clean(join.join(lines))
        )
        assert HIDDEN in clean(join.join(lines))


@given(secret=issued, change=st.sampled_from([str.upper, str.lower, str.swapcase, str.capitalize]))
def test_a_secret_in_other_letters_is_removed(secret: str, change: Callable[[str], str]) -> None:
    redaction.begin([secret])
    assert not shown(change(secret), clean(f"x-amz-header: {change(secret)}; {secret}"))
    assert HIDDEN in clean(change(secret))


def test_a_word_of_a_few_letters_is_no_secret() -> None:
    redaction.begin(["a", "paus", None, ""])
    assert clean("paused a task") == "paused a task"


def test_only_the_secrets_of_this_invocation_are_known() -> None:
    redaction.begin(["first-0123456789"])
    redaction.hide(["second-9876543210", None])
    assert clean("first-0123456789 second-9876543210") == "*** ***"
    redaction.begin(["third-abcdefghij"])
    assert clean("first-0123456789 third-abcdefghij") == "first-0123456789 ***"


TOKEN = "IQoJb3JpZ2luX2VjE/x+y=="
HEADER = (
    "TC3-HMAC-SHA256 Credential=AKIDx/2026-11-23/ccc/tc3_request, SignedHeaders=content-type;host, "
    f"Signature={SIGNATURE}"
)
SHAPES = {
    "an assignment": f"Signature={SIGNATURE}",
    "single quotes": f"'Signature': '{SIGNATURE}'",
    "double quotes": f'"Signature": "{SIGNATURE}"',
    "escaped quotes": f'\\"Signature\\": \\"{SIGNATURE}\\"',
    "JSON": json.dumps({"Signature": SIGNATURE, "X-TC-Token": TOKEN}),
    "JSON in JSON": json.dumps(json.dumps({"Signature": SIGNATURE})),
    "JSON in JSON in JSON": json.dumps(json.dumps(json.dumps({"SessionToken": TOKEN}))),
    "JSON of PHP": json.dumps({"Token": TOKEN}).replace("/", "\\/"),
    "JSON of Go": f'{{"url":"?Signature\\u003d{SIGNATURE}\\u0026x\\u003d1"}}',
    "JSON, cut off": json.dumps({"TmpSecretKey": SIGNATURE})[:40],
    "JSON with a quote in the value": json.dumps({"SecretKey": f'{SIGNATURE}"{SIGNATURE}'}),
    "Python": str({"Authorization": HEADER}),
    "Python's bytes": str({b"X-TC-Token": TOKEN.encode()}),
    "a list of headers": str([("Authorization", HEADER), ("X-TC-Token", TOKEN)]),
    "headers": f"Authorization: {HEADER}\r\nX-TC-Token: {TOKEN}\r\n",
    "a header of AWS": f"Authorization: AWS4-HMAC-SHA256 Credential=AKIA/x, SignedHeaders=host, Signature={SIGNATURE}",
    "a canonical request": f"x-amz-date:20261123T120000Z\nx-amz-security-token:{TOKEN}\n",
    "a bearer": f"Authorization: Bearer {SIGNATURE}",
    "a bearer alone": f"with Bearer {SIGNATURE}.{SIGNATURE}",
    "basic": f"Authorization: Basic {SIGNATURE}",
    "a header in a URL": f"Authorization%3A%20TC3-HMAC-SHA256%20Credential%3DAKIDx%2C%20Signature%3D{SIGNATURE}",
    "a query": f"https://x.y/?a=1&Signature={SIGNATURE}&X-Amz-Security-Token={quote(TOKEN, safe='')}&SecretKey={SIGNATURE}&b=2",
    "a query in a URL": quote(f"?Signature={SIGNATURE}&Token={quote(TOKEN, safe='')}", safe=""),
    "JSON in a URL": quote(json.dumps({"Signature": SIGNATURE}), safe=""),
    "HTML": html.escape(json.dumps({"Signature": SIGNATURE})),
    "XML": f"<SecretAccessKey>{SIGNATURE}</SecretAccessKey><SessionToken>{TOKEN}</SessionToken>",
    "Ruby": f'"secret_access_key" => "{SIGNATURE}"',
    "YAML": f"TENCENTCLOUD_SECRET_KEY: {SIGNATURE}",
    "a shell": f"export AWS_SECRET_ACCESS_KEY='{SIGNATURE}' TENCENTCLOUD_SECRETKEY=\"{SIGNATURE}\"",
    "a proxy": f"https://user:{SIGNATURE}@proxy.example:8080/",
    "a letter that has two small ones": f"İİİ Signature={SIGNATURE}",
    "capitals": f"SIGNATURE={SIGNATURE}",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_stands_behind_the_name_of_a_secret_is_removed(shape: str) -> None:
    found = clean(f"you sent {SHAPES[shape]} today")
    assert SIGNATURE[:8] not in found
    assert TOKEN[:8] not in found
    assert found.startswith("you sent ")
    assert HIDDEN in found


@pytest.mark.parametrize(
    "text",
    [
        "TENCENTCLOUD_SECRET_KEY: holds a line break, which no credential has; copy it again",
        "the credentials are incomplete: TENCENTCLOUD_SECRET_ID is set, TENCENTCLOUD_SECRET_KEY is not",
        "TENCENTCLOUD_SECRET_KEY is set, TENCENTCLOUD_SECRET_ID is not",
        'it has the keys ["id"]; wanted is JSON, {"TENCENTCLOUD_SECRET_ID": "…", "TENCENTCLOUD_SECRET_KEY": "…"}',
        "CALLOUT_SECRET: arn:aws:secretsmanager:eu-central-1:123456789012:secret:ccc-AbCdEf cannot be read",
        "AuthFailure.SignatureFailure: The signature is wrong (hint: is TENCENTCLOUD_SECRET_KEY the key of this TENCENTCLOUD_SECRET_ID?)",
        "AuthFailure.TokenFailure: the token is wrong: it has expired",
        "Signature expired: 20261123T120000Z is now earlier than 20261123T121500Z",
        "The Canonical String should have been signed;headers",
        "https://ccc.tencentcloudapi.com:443/path: unexpected token: '}' at line 1",
        "the name 'token' fits 2 tasks; quiet in Asia/Shanghai until 09:00",
    ],
)
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    redaction.begin(["Gu5t9xGARNpq86cd98joQYCN3Cozk1qA", SECRET_KEY])
    assert clean(text) == text


names = st.sampled_from(["Signature", "X-TC-Token", "SecretKey", "Authorization", "other", "name"])
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | issued,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | st.text(), inner, max_size=4),
    max_leaves=20,
)


@example(document={"Signature": {"Signature": ""}, "X-TC-Token": None}, nested=False)
@example(document={"Authorization": -100_000_000_000_000}, nested=False)
@example(document={"Signature": {"Signature": ""}, "X-TC-Token": [""]}, nested=True)
@given(document=trees, nested=st.booleans())
def test_json_in_which_names_of_secrets_stand_remains_json(document: Any, nested: bool) -> None:
    text = json.dumps({"document": document})
    json.loads(clean(json.dumps(text) if nested else text))


@given(trees)
def test_data_stay_data(value: Any) -> None:
    redaction.begin(["Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"])
    json.dumps(cleaned(value), allow_nan=False)


@given(trees)
def test_what_is_clean_stays_as_it_is(value: Any) -> None:
    redaction.begin(["Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"])
    once = cleaned(value)
    assert cleaned(once) == once


def test_data_that_json_cannot_hold_are_said_in_words() -> None:
    class Mute:
        def __str__(self) -> str:
            raise RuntimeError("no")

    endless: list[Any] = []
    endless += [endless, endless]
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    found = cleaned(
        {
            1: math.nan,
            (2, "x"): math.inf,
            "endless": endless,
            "mute": Mute(),
            "set": {3},
            "huge": 10**5000,
            "deep": deep,
        }
    )
    assert found | {"deep": ""} == {
        "1": "nan",
        "(2, 'x')": "inf",
        "endless": ["(a value that contains itself)"] * 2,
        "mute": "(a Mute whose text raises RuntimeError)",
        "set": [3],
        "huge": "(an integer of 16610 bits)",
        "deep": "",
    }
    assert "(nested too deeply)" in json.dumps(found["deep"])


def test_a_value_is_removed_by_its_key() -> None:
    value = {
        "X-TC-Token": "abc",
        "headers": {"Authorization": ["x"], "SecretKey": {"a": 1}},
        "NextToken": None,
    }
    assert cleaned(value) == {
        "X-TC-Token": "***",
        "headers": {"Authorization": "***", "SecretKey": "***"},
        "NextToken": None,
    }


def test_a_report_has_no_secrets_wherever_they_stood() -> None:
    redaction.begin(["Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"])
    body = json.dumps(
        {"tasks": [1], "SecretKey": "another-account's", "key": "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"}
    )
    problem = Problem(
        "Rejected", "key Gu5t9xGARNpq86cd98joQYCN3Cozk1qA", "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA", body
    )
    report = Report(
        "i", datetime(2026, 11, 23, tzinfo=timezone.utc), "/f", "sqs", None, False, (), (problem,)
    )
    text = json.dumps([report.data(), *report.events(100_000), *report.events(1_200)])
    assert "Gu5t9xGA" not in text
    assert "another-account" not in text


@pytest.mark.parametrize(
    "part",
    [
        "token=",
        "token='x\\",
        "token   ",
        "authorization=a-a-",
        "://a:",
        "%25",
        "\\",
        "bearer ",
        "&amp;",
        "token\n",
    ],
)
def test_a_hostile_megabyte_takes_no_more_than_its_length(part: str) -> None:
    """It would not end if the patterns went back and forth in it."""
    redaction.begin(["Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"])
    clean(part * (1_000_000 // len(part)))
