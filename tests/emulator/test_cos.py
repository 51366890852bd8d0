"""COS by its XML API, over real sockets, with requests signed by hand."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest

from local.emulator import Emulator, faults
from tests.support import SECRET_ID, SECRET_KEY

BUCKET = "night-1250000000"
CREATE = {"x-cos-forbid-overwrite": "true", "content-type": "application/json"}


class Cos:
    """A client as somebody writes it who has read page 436/7778 only."""

    def __init__(self, wire: Any, now: Any) -> None:
        self.wire = wire
        self.now = now
        self.secret = (SECRET_ID, SECRET_KEY)

    def __call__(  # noqa: PLR0913 - what a request has
        self,
        method: str,
        key: str = "",
        body: bytes = b"",
        *,
        more: Mapping[str, str] | None = None,
        signature: str | None = None,
        unsigned: Mapping[str, str] | None = None,
        **query: str,
    ) -> Any:
        path = f"/_cos/{BUCKET}/{key}"
        headers = {"host": self.wire.emulator.endpoint, **(more or {})}
        params = {name.replace("_", "-"): value for name, value in query.items()}
        signed = [
            sorted(f"{name}={quote(value, safe='-_.~')}" for name, value in each.items())
            for each in (params, headers)
        ]
        period = f"{int(self.now) - 60};{int(self.now) + 600}"
        text = f"{method.lower()}\n{path}\n{'&'.join(signed[0])}\n{'&'.join(signed[1])}\n"
        key_of_period = self._sha1(self.secret[1], period)
        right = self._sha1(key_of_period, f"sha1\n{period}\n{hashlib.sha1(text.encode()).hexdigest()}\n")  # noqa: S324
        authorization = (
            f"q-sign-algorithm=sha1&q-ak={self.secret[0]}&q-sign-time={period}&q-key-time={period}"
            f"&q-header-list={';'.join(sorted(headers))}&q-url-param-list={';'.join(sorted(params))}"
            f"&q-signature={signature or right}"
        )
        sent = {**headers, **(unsigned or {}), "authorization": authorization}
        asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in params.items())
        return self.wire.exchange(sent, body, method, quote(path) + (f"?{asked}" if asked else ""))

    def _sha1(self, key: str, text: str) -> str:
        return hmac.new(key.encode(), text.encode(), hashlib.sha1).hexdigest()

    def listed(self, **query: Any) -> tuple[list[str], str | None]:
        page = self("GET", **query).body.decode()
        marker = re.search("<NextMarker>(.*)</NextMarker>", page)
        assert (marker is not None) == ("<IsTruncated>true</IsTruncated>" in page)
        return re.findall("<Key>(.*?)</Key>", page), marker and marker[1]


@pytest.fixture
def cos(wire: Any, clock: Any) -> Cos:
    return Cos(wire, clock())


def code(answered: Any) -> str | None:
    found = re.search("<Code>(.*)</Code>", answered.body.decode())
    return found and found[1]


def test_an_object_is_written_read_and_deleted(cos: Cos, emulator: Emulator) -> None:
    written = cos("PUT", "q/a b.json", b"{}", more={"content-type": "application/json"})
    assert (written.status, written.body) == (200, b"")
    assert written.headers["ETag"] == '"99914b932bd37a50b983c5e7c90ae93b"'
    read = cos("GET", "q/a b.json")
    assert (read.status, read.body, read.headers["Content-Type"]) == (200, b"{}", "application/json")
    assert read.headers["Date"] == read.headers["Last-Modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    head = cos("HEAD", "q/a b.json")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", "2")
    assert emulator.objects[BUCKET] == {"q/a b.json": b"{}"}
    assert (cos("DELETE", "q/a b.json").status, cos("DELETE", "q/a b.json").status) == (204, 204)
    assert (cos("GET", "q/a b.json").status, code(cos("GET", "q/a b.json"))) == (404, "NoSuchKey")
    assert cos("HEAD", "q/a b.json").status == 404
    assert list(emulator.objects) == [BUCKET]
    assert emulator.objects[BUCKET] == {}


def test_an_object_is_created_once(cos: Cos, emulator: Emulator) -> None:
    assert cos("PUT", "a", b"1", more=CREATE).status == 200
    refused = cos("PUT", "a", b"2", more=CREATE)
    assert (refused.status, code(refused)) == (409, "FileAlreadyExists")
    assert emulator.objects[BUCKET]["a"] == b"1"
    assert cos("PUT", "a", b"3").status == 200
    assert emulator.objects[BUCKET]["a"] == b"3"


def test_in_a_bucket_that_had_versioning_nothing_is_forbidden(cos: Cos, emulator: Emulator) -> None:
    emulator.options.cos_had_versioning = True
    assert [cos("PUT", "a", body, more=CREATE).status for body in (b"1", b"2")] == [200, 200]
    assert emulator.objects[BUCKET]["a"] == b"2"


def test_a_list_has_pages_of_a_thousand(cos: Cos, emulator: Emulator) -> None:
    keys = [f"q/{number:04}" for number in range(1_001)]
    for key in reversed(keys):
        emulator.objects.put(BUCKET, key, b"")
    emulator.objects.put(BUCKET, "p", b"")
    assert cos.listed(prefix="q/") == (keys[:1_000], "q/0999")
    assert cos.listed(prefix="q/", marker="q/0999") == (keys[1_000:], None)
    assert cos.listed(prefix="q/", max_keys="2", marker="q/0997") == (["q/0998", "q/0999"], "q/0999")
    assert cos.listed(prefix="r") == ([], None)
    emulator.options.cos_page_size = 3
    assert cos.listed() == (["p", "q/0000", "q/0001"], "q/0001")
    assert code(cos("GET", max_keys="many")) == "InvalidArgument"


def test_a_list_has_the_times_of_the_emulators_clock(cos: Cos, emulator: Emulator, clock: Any) -> None:
    emulator.objects.put(BUCKET, "a&b<c>", b"")
    clock.at += 60.9
    answered = cos("GET", prefix="a&")
    assert b"<Key>a&amp;b&lt;c&gt;</Key>" in answered.body
    assert b"<LastModified>2023-11-14T22:13:20.000Z</LastModified>" in answered.body
    assert answered.headers["Date"] == "Tue, 14 Nov 2023 22:14:20 GMT"


def test_a_request_that_is_not_signed_rightly_is_refused(cos: Cos, emulator: Emulator) -> None:
    refused = [
        cos("PUT", "a", signature="0" * 40),
        cos("PUT", "a", unsigned={"x-cos-security-token": "tok"}),
        cos.wire.exchange({"host": "x"}, b"", "PUT", f"/_cos/{BUCKET}/a"),
    ]
    cos.secret = (SECRET_ID, "wrong")
    refused.append(cos("PUT", "a"))
    cos.secret = ("AKIDOTHER", SECRET_KEY)
    refused.append(cos("PUT", "a"))
    assert [(each.status, code(each)) for each in refused] == [
        (403, "SignatureDoesNotMatch"),
        (403, "InvalidAccessKeyId"),
        (403, "AccessDenied"),
        (403, "SignatureDoesNotMatch"),
        (403, "InvalidAccessKeyId"),
    ]
    assert emulator.objects[BUCKET] == {}


@pytest.mark.parametrize(("seconds", "status"), [(-61, 403), (-60, 200), (600, 200), (601, 403)])
def test_a_signature_holds_for_its_time(cos: Cos, clock: Any, seconds: int, status: int) -> None:
    clock.at += seconds
    assert cos("PUT", "a").status == status


def test_a_temporary_secret_needs_its_token(cos: Cos, emulator: Emulator) -> None:
    emulator.tokens[SECRET_ID] = "tok"
    assert cos("PUT", "a", more={"x-cos-security-token": "tok"}).status == 200
    assert cos("PUT", "a").status == 403


def test_only_some_buckets_and_methods_are_there(cos: Cos, emulator: Emulator) -> None:
    assert code(cos("POST", "a")) == "MethodNotAllowed"
    assert code(cos("PUT")) == "MethodNotAllowed"
    emulator.objects.only = {"other-1250000000"}
    assert (cos("PUT", "a").status, code(cos("GET"))) == (404, "NoSuchBucket")
    emulator.reset()
    assert emulator.objects.exists(BUCKET)


def test_faults_apply_by_action_and_key(cos: Cos, emulator: Emulator) -> None:
    emulator.faults.add(faults.INTERNAL_ERROR, action="PutObject", when=lambda asked: asked["Key"] == "a")
    emulator.faults.add(faults.error("SlowDown", "slower"), action="ListObjects")
    emulator.faults.add(faults.HTTP_500, action="GetObject")
    emulator.faults.add(faults.LOST_REPLY, action="DeleteObject")
    assert (cos("PUT", "a").status, cos("PUT", "b").status) == (500, 200)
    assert (cos("GET").status, code(cos("GET"))) == (503, "SlowDown")
    assert cos("GET", "b").body.startswith(b"<html>")
    with pytest.raises(ConnectionError):
        cos("DELETE", "b")
    assert emulator.objects[BUCKET] == {}


def test_the_journal_has_what_was_asked_without_the_signature(
    cos: Cos, emulator: Emulator, wire: Any
) -> None:
    cos("PUT", "a", b"secret content", more={**CREATE, "x-cos-meta-a": "b"})
    cos("PUT", "a", more=CREATE)
    cos("GET", prefix="a")
    created, refused, listed = emulator.journal.entries
    assert (created.service, created.action, created.code) == ("cos", "PutObject", None)
    assert created.params == {"Bucket": BUCKET, "Key": "a", "ForbidOverwrite": True}
    assert (refused.code, refused.answer["Status"]) == ("FileAlreadyExists", 409)
    assert (listed.action, listed.params) == ("ListObjects", {"Bucket": BUCKET, "prefix": "a"})
    assert listed.answer["Keys"] == ["a"]
    assert b"q-signature" not in emulator.journal.lines()
    assert wire.control("GET", "objects").body == b'{"night-1250000000": {"a": "secret content"}}'
