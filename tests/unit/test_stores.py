"""Stores without a network: addresses, the signature of COS, what COS answers, and a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from handler.cloud.credentials import Credentials
from handler.cloud.pacing import Clock, Deadline
from handler.cloud.stores import cos_answers, open_store
from handler.cloud.stores.addresses import Address, checked_key, read
from handler.cloud.stores.cos import authorization
from handler.cloud.stores.files import FileStore
from handler.cloud.stores.store import Stored
from handler.cloud.stores.times import from_header, from_iso
from handler.errors import CloudError, Meaning

EVENING = datetime(2026, 11, 23, 13, 0, 0, 123456, tzinfo=timezone.utc)
UNTIL = Deadline.after(Clock(), 600)


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("s3://night/quiet-hours", Address("s3", "night", "quiet-hours")),
        ("s3://night.example/a/b c/", Address("s3", "night.example", "a/b c")),
        ("cos://night-1250000000/q", Address("cos", "night-1250000000", "q")),
        (
            "cos://n-1-1250000000/q/r?region=ap-guangzhou",
            Address("cos", "n-1-1250000000", "q/r", "ap-guangzhou"),
        ),
        (
            "cos://n-1250000000/q?region=ap-shenzhen-fsi",
            Address("cos", "n-1250000000", "q", "ap-shenzhen-fsi"),
        ),
        ("file:ledger", Address("file", folder="ledger")),
        ("file:/var/the ledger", Address("file", folder="/var/the ledger")),
    ],
)
def test_an_address_is_read(address: str, wanted: Address) -> None:
    assert read(address) == wanted


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("", "is no store"),
        ("S3://night/q", "is no store"),
        ("https://night/q", "is no store"),
        ("s3:night/q", "is no store"),
        ("s3://night", "a prefix behind the bucket is missing"),
        ("s3://night/", "a prefix behind the bucket is missing"),
        ("s3:///q", '"" is not an S3 bucket'),
        ("s3://Night/q", '"Night" is not an S3 bucket'),
        ("s3://ni/q", "is not an S3 bucket"),
        ("s3://a..b/q", "is not an S3 bucket"),
        ("s3://10.0.0.1/q", "is not an S3 bucket"),
        ("s3://night\n/q", "is not an S3 bucket"),
        ("s3://user@night/q", "is not an S3 bucket"),
        ("s3://night/q?region=eu-central-1", 'the prefix has "?"'),
        ("s3://night/a//b", "an empty part"),
        ("s3://night//b", "an empty part"),
        ("s3://night/a/../b", "`..`"),
        ("s3://night/./b", "`.`"),
        ("s3://night/a%2e", 'the prefix has "%"'),
        ("s3://night/a*", 'the prefix has "*"'),
        ("s3://night/a\\b", "the prefix has"),
        ("s3://night/a\tb", "control character"),
        ("s3://night/\ud800", "control character"),
        ("s3://night/" + "q" * 501, "longer than 500 bytes"),
        ("cos://night/q", "is not a COS bucket"),
        ("cos://night-12500000000000/q", "is not a COS bucket"),
        ("cos://-1250000000/q", "is not a COS bucket"),
        ("cos://n-1250000000/q?", '"" is no key here'),
        ("cos://n-1250000000/q?zone=ap-guangzhou", '"zone" is no key here'),
        ("cos://n-1250000000/q?region=", '"" is no region'),
        ("cos://n-1250000000/q?region=ap-guangzhou&region=x", "is no region"),
        ("cos://n-1250000000/q?region=evil.example/", "is no region"),
        ("cos://n-1250000000?region=ap-guangzhou", "a prefix behind the bucket is missing"),
        ("file:", "a folder is missing"),
        ("file:///tmp/x", "write file:/FOLDER"),
        ("file:a\x00b", "control character"),
    ],
)
def test_another_text_is_refused_with_what_is_wanted(address: str, why: str) -> None:
    with pytest.raises(ValueError, match="wanted is s3://BUCKET/PREFIX, cos://") as refused:
        read(address)
    assert why in str(refused.value)


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/./b", "a?b", "a\nb", "a\\b", "k" * 501])
def test_a_key_stays_below_its_prefix(key: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the key"):
        checked_key(key)
    with pytest.raises(ValueError, match="the key"):
        FileStore(tmp_path, Clock()).create(key, b"", UNTIL)


HEADERS = {
    "host": "b-1250000000.cos.ap-guangzhou.myqcloud.com",
    "content-length": "2",
    "content-type": "application/json",
    "x-cos-forbid-overwrite": "true",
    "x-cos-security-token": "tok",
}


def test_a_request_to_cos_is_signed_as_the_official_sdk_signs_it() -> None:
    identity = Credentials("AKIDEXAMPLE", "SECRETEXAMPLE", "tok")
    assert authorization(
        identity, "PUT", "/ledger/a b.json", params={}, headers=HEADERS, now=1_700_000_000.9
    ) == (
        "q-sign-algorithm=sha1&q-ak=AKIDEXAMPLE&q-sign-time=1699999940;1700000600"
        "&q-key-time=1699999940;1700000600"
        "&q-header-list=content-length;content-type;host;x-cos-forbid-overwrite;x-cos-security-token"
        "&q-url-param-list=&q-signature=ab891f5849c9aff3192150ac0cebecaacb033236"
    )


def test_times_are_read() -> None:
    wanted = datetime(2026, 11, 23, 14, 0, tzinfo=timezone.utc)
    assert from_header("Mon, 23 Nov 2026 14:00:00 GMT") == wanted
    assert from_header("Mon, 23 Nov 2026 14:00:00 -0000") == wanted
    assert from_iso("2026-11-23T14:00:00.000Z") == from_iso("2026-11-23T22:00:00+08:00") == wanted
    assert from_header(None) is from_header("yesterday") is None
    with pytest.raises(ValueError, match="without a zone"):
        from_iso("2026-11-23T14:00:00")


def page(contents: str, end: str = "<IsTruncated>false</IsTruncated>", more: str = "") -> bytes:
    return f'<?xml version="1.0"?><ListBucketResult{more}>{contents}{end}</ListBucketResult>'.encode()


ONE = "<Contents><Key>q/ü</Key><LastModified>2026-11-23T14:00:00.000Z</LastModified></Contents>"
GOES_ON = "<IsTruncated>true</IsTruncated>"


@pytest.mark.parametrize("more", ["", ' xmlns="http://www.qcloud.com/document/product/436/7751"'])
def test_a_page_of_cos_is_read(more: str) -> None:
    found = cos_answers.page(page(ONE, more=more), "")
    assert found == ([("q/ü", datetime(2026, 11, 23, 14, 0, tzinfo=timezone.utc))], None)
    assert cos_answers.page(page(ONE, f"{GOES_ON}<NextMarker>q/x</NextMarker>", more), "").marker == "q/x"
    assert cos_answers.page(page(ONE, GOES_ON, more), "").marker == "q/ü"


@pytest.mark.parametrize(
    ("body", "after"),
    [
        (b"", ""),
        (b"<html><body>Welcome</body>", ""),
        (b"<html><body>Welcome</body></html>", ""),
        (b'<!DOCTYPE x [<!ENTITY a "b">]>' + page(ONE), ""),
        (page(ONE, ""), ""),
        (page("", GOES_ON), ""),
        (page(ONE, GOES_ON), "q/ü"),
        (page(ONE.replace("2026-11-23T", "")), ""),
        (page("<Contents><Key>q</Key></Contents>"), ""),
    ],
)
def test_a_page_that_cannot_be_read_is_no_empty_page(body: bytes, after: str) -> None:
    with pytest.raises(CloudError) as refused:
        cos_answers.page(body, after)
    assert (refused.value.code, refused.value.meaning) == ("UnreadableAnswer", Meaning.RETRY)


def clock(at: datetime = EVENING) -> Clock:
    return Clock(now=lambda: at)


def test_a_folder_has_the_times_of_its_clock(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "new", clock())
    assert store.list("", UNTIL) == ([], EVENING)
    assert store.create("b/2.json", b"{}", UNTIL)
    later = EVENING + timedelta(days=1)
    assert FileStore(tmp_path / "new", clock(later)).create("b/1.json", b"{}", UNTIL)
    assert store.list("b/", UNTIL).objects == [Stored("b/1.json", later), Stored("b/2.json", EVENING)]


def test_what_is_not_written_yet_is_not_listed_and_nothing_is_left_behind(tmp_path: Path) -> None:
    store = FileStore(tmp_path, clock())
    (tmp_path / ".being-written-1").write_bytes(b"{")
    assert store.create("a", b"1", UNTIL)
    assert not store.create("a", b"2", UNTIL)
    assert [each.key for each in store.list("", UNTIL).objects] == ["a"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".being-written-1", "a"]
    with pytest.raises(ValueError, match="does not begin with"):
        store.create(".being-written-2", b"", UNTIL)


def test_a_link_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "out").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="leads out of the folder"):
        FileStore(tmp_path / "ledger", clock()).create("out/a", b"", UNTIL)


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_bytes(b"")
    with pytest.raises(CloudError) as refused:
        FileStore(tmp_path / "ledger", clock()).create("a", b"", UNTIL)
    assert refused.value.meaning is Meaning.HALT
    with pytest.raises(CloudError) as refused:
        FileStore(tmp_path / "ledger", clock()).list("", UNTIL)
    assert (refused.value.code, refused.value.meaning) == ("NotADirectoryError", Meaning.HALT)


def test_a_folder_that_cannot_be_read_is_no_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "paused")

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(CloudError) as refused:
        FileStore(tmp_path, clock()).list("", UNTIL)
    assert (refused.value.code, refused.value.meaning) == ("PermissionError", Meaning.HALT)


RACE = """
import sys
from handler.cloud.pacing import Clock, Deadline
from handler.cloud.stores.files import FileStore
store, until = FileStore(sys.argv[1], Clock()), Deadline.after(Clock(), 60)
sys.stdin.readline()
for number in range(200):
    if store.create(f"paused/{number}", sys.argv[2].encode(), until):
        print(number)
"""


def test_of_two_processes_one_creates_an_object(tmp_path: Path) -> None:
    racers = [
        subprocess.Popen(  # noqa: S603 - our own text
            [sys.executable, "-c", RACE, str(tmp_path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        for name in ("first", "second")
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = [racer.communicate(timeout=60)[0].split() for racer in racers]
    assert sorted(won[0] + won[1], key=int) == [str(number) for number in range(200)]
    for name, numbers in zip(("first", "second"), won, strict=True):
        for number in numbers:
            assert (tmp_path / "paused" / number).read_text("utf-8") == name


@pytest.mark.parametrize("address", ["s3://night/q", "cos://n-1250000000/q", "file:ledger"])
def test_a_store_is_opened_without_the_others_libraries(address: str) -> None:
    check = (
        "import sys; from handler.cloud.pacing import Clock; from handler.cloud.stores import open_store;"
        "from handler.cloud.stores.addresses import read;"
        f"open_store(read({address!r}), clock=Clock(), identity=lambda: None, endpoint='ccc.x', region='r');"
        "print([name for name in ('boto3', 'requests', 'tencentcloud') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    found = subprocess.run(  # noqa: S603
        [sys.executable, "-c", check], capture_output=True, text=True, check=True, env=environment
    )
    assert found.stdout == "[]\n"


def test_cos_needs_a_region() -> None:
    with pytest.raises(ValueError, match="a region is missing"):
        open_store(
            read("cos://n-1250000000/q"), clock=Clock(), identity=lambda: None, endpoint="ccc.x", region=None
        )
