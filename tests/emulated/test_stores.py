"""One specification for all stores: S3 as moto has it, COS as the emulator has it, and a folder."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from handler.cloud.credentials import Credentials
from handler.cloud.pacing import Clock, Deadline
from handler.cloud.stores import open_store
from handler.cloud.stores.addresses import read
from handler.cloud.stores.cos import CosStore
from handler.cloud.stores.s3 import S3Store
from handler.cloud.stores.store import Store
from handler.errors import CloudError, Meaning
from local.emulator import Emulator, faults
from tests.support import SECRET_ID, SECRET_KEY

from .harness.constants import CREDENTIALS, WRONG_CREDENTIALS

COS_BUCKET = "night-1250000000"
TOKEN = "session-token-of-this-test"
RACER = """
import json, sys
from handler.cloud.credentials import Credentials
from handler.cloud.pacing import Clock, Deadline
from handler.cloud.stores import open_store
from handler.cloud.stores.addresses import read
address, endpoint, me = sys.argv[1:]
store = open_store(
    read(address),
    clock=Clock(),
    identity=lambda: Credentials("AKIDEXAMPLE", "SECRETEXAMPLE"),
    endpoint=endpoint,
    region=None,
)
print("ready", flush=True)
sys.stdin.readline()
until = Deadline.after(Clock(), 40.0)
print(json.dumps([store.create(f"race/{race}", me.encode(), until) for race in range(10)]))
"""
"""A process of its own that tries to create ten objects, and says which ones it did create."""
NO_S3 = "http://127.0.0.1:9"
"""Nothing listens there."""


def soon(seconds: float = 20.0) -> Deadline:
    return Deadline.after(Clock(), seconds)


def cos(emulator: Emulator, identity: Credentials | None = CREDENTIALS) -> CosStore:
    return CosStore(COS_BUCKET, "quiet/hours", "ap-guangzhou", lambda: identity, emulator.url)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """S3 with a bucket; the client of it is not the store's."""
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "3")
    turn, answer = threading.Lock(), BotocoreStubber.__call__

    def one_at_a_time(*args: Any, **more: Any) -> Any:
        with turn:  # moto looks whether a key is there and writes it in two steps, S3 in one
            return answer(*args, **more)

    monkeypatch.setattr(BotocoreStubber, "__call__", one_at_a_time)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="night")
        yield client


@pytest.fixture(params=["s3", "cos", "file"])
def store(request: pytest.FixtureRequest, emulator: Emulator, tmp_path: Path) -> Store:
    """A store with nothing in it, whose lists have pages of three, and beside it an object of somebody else."""
    emulator.options.cos_page_size = 3
    emulator.objects.put(COS_BUCKET, "quiet/hours-of-others", b"")
    address = {
        "s3": "s3://night/quiet/hours",
        "cos": f"cos://{COS_BUCKET}/quiet/hours?region=ap-guangzhou",
        "file": f"file:{tmp_path / 'quiet' / 'hours'}",
    }[request.param]
    if request.param == "s3":
        aws = request.getfixturevalue("aws")
        aws.put_object(Bucket="night", Key="quiet/hours-of-others", Body=b"")
    return open_store(
        read(address), clock=Clock(), identity=lambda: CREDENTIALS, endpoint=emulator.url, region=None
    )


def keys(store: Store, prefix: str = "") -> list[str]:
    return [each.key for each in store.list(prefix, soon()).objects]


def failing(call: Callable[[], object]) -> CloudError:
    with pytest.raises(CloudError) as failed:
        call()
    return failed.value


def test_an_object_is_created_once_and_never_changed(store: Store) -> None:
    assert store.get("paused/1/a.json", soon()) is None
    assert store.create("paused/1/a.json", b'{"1": 2}', soon()) is True
    assert store.create("paused/1/a.json", b"other", soon()) is False
    assert store.get("paused/1/a.json", soon()) == b'{"1": 2}'


def test_what_was_deleted_can_be_created_again(store: Store) -> None:
    store.delete("a", soon())
    assert store.create("a", b"1", soon())
    store.delete("a", soon())
    assert (store.get("a", soon()), keys(store)) == (None, [])
    assert store.create("a", b"", soon())
    assert store.get("a", soon()) == b""


def test_all_pages_of_a_prefix_are_listed_in_order(store: Store) -> None:
    names = [f"paused/1/{number}" for number in range(8)]
    for name in [*reversed(names), "paused/2/0", "paused/10/0", "a b+ü&c"]:
        assert store.create(name, b"", soon())
    assert keys(store, "paused/1/") == names
    assert keys(store, "paused/1") == sorted([*names, "paused/10/0"])
    assert keys(store, "a b") == ["a b+ü&c"]
    assert keys(store, "nothing/") == []
    assert len(keys(store)) == 11


def test_a_list_has_the_times_of_creation_and_of_the_answer(store: Store) -> None:
    before = datetime.now(timezone.utc)
    assert store.create("a", b"1", soon())
    listed = store.list("", soon())
    after = datetime.now(timezone.utc)
    second = timedelta(seconds=1)  # headers have whole ones
    assert before - second <= listed.objects[0].created <= after
    assert before - second <= listed.now <= after
    assert listed.now.utcoffset() == listed.objects[0].created.utcoffset() == timedelta(0)


def test_of_many_threads_one_creates_an_object(store: Store) -> None:
    """Each thread has its own content, so that what is kept tells who won."""
    with ThreadPoolExecutor(6) as pool:
        races = [
            [pool.submit(store.create, f"race/{number}", str(each).encode(), soon()) for each in range(6)]
            for number in range(10)
        ]
    for number, race in enumerate(races):
        winners = [str(each).encode() for each, created in enumerate(race) if created.result()]
        assert winners == [store.get(f"race/{number}", soon())]


@pytest.mark.parametrize("kind", ["cos", "file"])
def test_of_many_processes_one_creates_an_object(emulator: Emulator, tmp_path: Path, kind: str) -> None:
    """Each process has its own content, and begins when all are ready."""
    address = f"cos://{COS_BUCKET}/quiet/hours?region=ap-guangzhou" if kind == "cos" else f"file:{tmp_path}"
    racers = [
        subprocess.Popen(  # noqa: S603 - no shell, and each word is an argument
            [sys.executable, "-c", RACER, address, emulator.url, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for each in racers:
        assert each.stdout
        assert each.stdout.readline() == "ready\n"
    answers = []
    for each in racers:
        assert each.stdin
        each.stdin.write("go\n")
        each.stdin.flush()
    for each in racers:
        told, _ = each.communicate(timeout=60)
        assert each.returncode == 0
        answers.append(json.loads(told))
    read_by_us = open_store(
        read(address), clock=Clock(), identity=lambda: CREDENTIALS, endpoint=emulator.url, region=None
    )
    for race in range(10):
        winners = [str(number).encode() for number, won in enumerate(answers) if won[race]]
        assert winners == [read_by_us.get(f"race/{race}", soon())]


def test_no_key_leads_out_of_the_prefix(store: Store) -> None:
    verbs: list[Callable[[], object]] = [
        partial(store.create, "../a", b"", soon()),
        partial(store.get, "../a", soon()),
        partial(store.delete, "../a", soon()),
    ]
    for verb in verbs:
        with pytest.raises(ValueError, match="the key"):
            verb()


def verbs_of(store: Store, until: Callable[[], Deadline] = soon) -> Mapping[str, Callable[[], object]]:
    return {
        "PutObject": lambda: store.create("a", b"1", until()),
        "ListObjects": lambda: store.list("", until()),
        "GetObject": lambda: store.get("a", until()),
        "DeleteObject": lambda: store.delete("a", until()),
    }


VERBS = ["PutObject", "ListObjects", "GetObject", "DeleteObject"]


@pytest.mark.parametrize("verb", VERBS)
def test_cos_refuses_and_nothing_works_until_the_operator_acts(emulator: Emulator, verb: str) -> None:
    found = [
        failing(verbs_of(cos(emulator, None))[verb]),
        failing(verbs_of(cos(emulator, WRONG_CREDENTIALS))[verb]),
        failing(verbs_of(cos(emulator, CREDENTIALS._replace(session_token=TOKEN)))[verb]),
    ]
    emulator.objects.only = set()
    found.append(failing(verbs_of(cos(emulator))[verb]))
    emulator.faults.add(faults.error("AccessDenied"))
    found.append(failing(verbs_of(cos(emulator))[verb]))
    assert [(each.code, each.meaning, each.unclear) for each in found] == [
        (code, Meaning.HALT, False)
        for code in (
            "NoCredentials",
            "SignatureDoesNotMatch",
            "InvalidAccessKeyId",
            "NoSuchBucket",
            "AccessDenied",
        )
    ]


def test_temporary_credentials_are_read_at_each_request(emulator: Emulator) -> None:
    emulator.tokens[SECRET_ID] = TOKEN
    given = [CREDENTIALS._replace(session_token=TOKEN), None]
    store = CosStore(COS_BUCKET, "q", "ap-guangzhou", lambda: given.pop(0), emulator.url)
    assert store.create("a", b"", soon())
    assert failing(lambda: store.get("a", soon())).code == "NoCredentials"


BROKEN = [
    faults.INTERNAL_ERROR,
    faults.THROTTLED,
    faults.HTTP_500,
    faults.HTTP_429,
    faults.HTML,
    faults.EMPTY,
    faults.RESET,
    faults.LOST_REPLY,
]


@pytest.mark.parametrize("fault", BROKEN, ids=lambda fault: fault.name)
@pytest.mark.parametrize("verb", VERBS)
def test_what_is_no_answer_of_cos_is_tried_again(emulator: Emulator, verb: str, fault: faults.Fault) -> None:
    emulator.faults.add(fault, action=verb)
    assert failing(verbs_of(cos(emulator))[verb]).meaning is Meaning.RETRY


@pytest.mark.parametrize(
    "fault", [fault for fault in BROKEN if fault is not faults.HTTP_429], ids=lambda fault: fault.name
)
def test_a_creation_without_an_answer_is_unclear(emulator: Emulator, fault: faults.Fault) -> None:
    emulator.faults.add(fault, action="PutObject", times=1)
    store = cos(emulator)
    assert failing(lambda: store.create("a", b"1", soon())).unclear
    done = fault is faults.LOST_REPLY
    assert (store.get("a", soon()) == b"1") is done
    assert store.create("a", b"1", soon()) is not done


def test_a_creation_that_was_never_sent_is_not_unclear(emulator: Emulator) -> None:
    store = cos(emulator)
    with emulator.refusing():
        error = failing(lambda: store.create("a", b"1", soon()))
    assert (error.meaning, error.unclear) == (Meaning.RETRY, False)
    assert store.create("a", b"1", soon())


@pytest.mark.parametrize(
    "fault", [faults.STALL, faults.latency(60), faults.DRIP], ids=lambda fault: fault.name
)
@pytest.mark.parametrize("verb", ["ListObjects", "GetObject"])
def test_a_store_that_stalls_ends_in_time(emulator: Emulator, verb: str, fault: faults.Fault) -> None:
    emulator.objects.put(COS_BUCKET, "quiet/hours/a", b"1" * 1_000)
    emulator.faults.add(fault, action=verb)
    begun = time.monotonic()
    error = failing(verbs_of(cos(emulator), lambda: soon(0.3))[verb])
    assert time.monotonic() - begun < 2
    assert error.meaning is Meaning.RETRY


def test_without_time_nothing_is_sent(emulator: Emulator) -> None:
    before = threading.enumerate()
    assert failing(lambda: cos(emulator).create("a", b"1", soon(0))).meaning is Meaning.RETRY
    for late in set(threading.enumerate()).difference(before):
        late.join(5)
    assert emulator.journal.entries == []


def test_a_redirect_is_not_followed(emulator: Emulator) -> None:
    emulator.faults.add(faults.error("PermanentRedirect"))
    error = failing(lambda: cos(emulator).get("a", soon()))
    assert error.code == "PermanentRedirect"
    assert emulator.journal.count("GetObject") == 1


def test_a_folder_of_the_console_is_no_object(emulator: Emulator, aws: Any) -> None:
    emulator.objects.put(COS_BUCKET, "quiet/hours/paused/", b"")
    aws.put_object(Bucket="night", Key="quiet/hours/paused/", Body=b"")
    assert keys(cos(emulator), "paused/") == keys(S3Store("night", "quiet/hours"), "paused/") == []


def test_no_secret_is_in_an_error_or_in_the_log(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    emulator.tokens[SECRET_ID] = TOKEN
    store = cos(emulator, CREDENTIALS._replace(session_token=TOKEN))
    found = [str(failing(verbs_of(cos(emulator, WRONG_CREDENTIALS))["PutObject"]))]
    for fault in (faults.RESET, faults.HTML, faults.error("InternalError", f"{SECRET_KEY} and {TOKEN}")):
        emulator.faults.script([fault])
        found.append(repr(failing(lambda: store.create("a", b"1", soon()))))
    newline = cos(emulator, Credentials(SECRET_ID, SECRET_KEY, "to\nken"))
    error = failing(lambda: newline.create("a", b"1", soon()))
    assert (error.code, error.meaning) == ("InvalidCredential", Meaning.HALT)
    shown = "".join([*found, str(error), caplog.text])
    assert not [each for each in (SECRET_KEY, TOKEN, "q-signature", "ken'") if each in shown]


@pytest.fixture
def without_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """boto3 as it is on a machine that has no account."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it remembers credentials
    return monkeypatch


@pytest.fixture
def keyed(without_aws: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    without_aws.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    without_aws.setenv("AWS_SECRET_ACCESS_KEY", "aws-secret-of-this-test")
    without_aws.setenv("AWS_SESSION_TOKEN", TOKEN)
    return without_aws


Answering = Callable[[str, int], S3Store]


@pytest.fixture
def answering(keyed: pytest.MonkeyPatch) -> Answering:
    """Return a store that gets an error for an answer, since moto has none of these."""

    def made(code: str, status: int) -> S3Store:
        body = f"<Error><Code>{code}</Code><Message>of this test</Message></Error>".encode()

        def answer(request: Any, **_: Any) -> AWSResponse:
            return AWSResponse(request.url, status, {"content-type": "application/xml"}, Raw(body))

        session = botocore.session.get_session()
        session.register("before-send.s3", answer)
        keyed.setattr(boto3, "DEFAULT_SESSION", boto3.Session(botocore_session=session))
        return S3Store("night", "quiet/hours", "us-east-1")

    return made


class Raw(BytesIO):
    """A body as urllib3 has it."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.getvalue()


@pytest.mark.parametrize(
    ("code", "status"), [("ConditionalRequestConflict", 409), ("PreconditionFailed", 412)]
)
def test_two_creations_at_once_in_s3_are_no_creation(answering: Answering, code: str, status: int) -> None:
    assert answering(code, status).create("a", b"1", soon()) is False


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("code", "status", "meaning"),
    [
        ("AccessDenied", 403, Meaning.HALT),
        ("NoSuchBucket", 404, Meaning.HALT),
        ("ExpiredToken", 400, Meaning.HALT),
        ("InvalidAccessKeyId", 403, Meaning.HALT),
        ("SlowDown", 503, Meaning.RETRY),
        ("InternalError", 500, Meaning.RETRY),
        ("RequestTimeout", 400, Meaning.RETRY),
    ],
)
def test_errors_of_s3_have_a_meaning(
    answering: Answering, verb: str, code: str, status: int, meaning: Meaning
) -> None:
    error = failing(verbs_of(answering(code, status))[verb])
    assert (error.code, error.meaning, error.unclear) == (code, meaning, status >= 500)


@pytest.mark.parametrize("verb", VERBS)
def test_a_bucket_that_is_not_there_is_refused(aws: Any, verb: str) -> None:
    error = failing(verbs_of(S3Store("another", "quiet/hours"))[verb])
    assert (error.code, error.meaning) == ("NoSuchBucket", Meaning.HALT)


def test_s3_without_credentials_is_refused(without_aws: pytest.MonkeyPatch) -> None:
    error = failing(lambda: S3Store("night", "q").create("a", b"1", soon()))
    assert (error.code, error.meaning, error.unclear) == ("NoCredentialsError", Meaning.HALT, False)


def test_a_creation_that_s3_never_got_is_not_unclear(keyed: pytest.MonkeyPatch) -> None:
    keyed.setenv("AWS_ENDPOINT_URL_S3", NO_S3)
    error = failing(lambda: S3Store("night", "q", "us-east-1").create("a", b"1", soon()))
    assert (error.code, error.meaning, error.unclear) == ("EndpointConnectionError", Meaning.RETRY, False)


@pytest.mark.parametrize(
    ("fault", "until"), [(faults.STALL, 1.0), (faults.RESET, 20.0)], ids=["stall", "reset"]
)
def test_a_creation_that_s3_does_not_answer_is_unclear_and_ends_in_time(
    keyed: pytest.MonkeyPatch,
    emulator: Emulator,
    caplog: pytest.LogCaptureFixture,
    fault: faults.Fault,
    until: float,
) -> None:
    caplog.set_level(logging.DEBUG)
    keyed.setenv("AWS_ENDPOINT_URL_S3", emulator.url)
    emulator.faults.add(fault)  # an S3 that takes requests and does no more
    store = S3Store("night", "q", "us-east-1")
    begun = time.monotonic()
    error = failing(lambda: store.create("a", b"1", soon(until)))
    assert time.monotonic() - begun < until + 2
    assert (error.meaning, error.unclear) == (Meaning.RETRY, True)
    shown = str(error) + caplog.text
    assert not [each for each in ("aws-secret-of-this-test", TOKEN, "Signature=") if each in shown]


def test_the_client_of_s3_is_made_once(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    original = boto3.client

    def counted(*args: Any, **more: Any) -> Any:
        made.append(args)
        return original(*args, **more)

    monkeypatch.setattr(boto3, "client", counted)
    store = S3Store("night", "q")
    threads = [threading.Thread(target=store.get, args=("a", soon())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [("s3",)]
