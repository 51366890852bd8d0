"""CCC's automatic outbound call tasks: pause, resume, describe, list; paced, and retried before a deadline.

Source of every call: CCC API 2020-02-10, cloud.tencent.com/document/product/679.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from handler.cloud.ccc_types import (
    APIS,
    DESCRIBE,
    LIST,
    Answer,
    Page,
    Seen,
    read_answer,
    read_page,
    read_task,
)
from handler.cloud.error_codes import cloud_error
from handler.cloud.pacing import Backoff, Deadline, RateLimit, retry
from handler.cloud.tencent_api import TencentApi
from handler.errors import CloudError, Meaning
from handler.errors.sentences import given
from handler.task import Action, SdkAppId, TaskId

T = TypeVar("T")

SERVICE = "ccc"
VERSION = "2020-02-10"
LARGEST_PAGES = (100, 50, 20, 10)
"""Page sizes to try, since the largest allowed for `DescribeAutoCalloutTasks` is not documented."""

LONGEST_CALL_SECONDS = 10.0
"""How long one request may take, answer included, before it counts as lost."""

NOT_WANTED = "NotWanted"
"""The error code of an action that was not sent, because it was no longer wanted when its turn came."""

_log = logging.getLogger(__name__)


class Ccc:
    """CCC, called through the official SDK. Thread-safe: each thread has its own client.

    `connect` returns a client. When its credentials are refused, `renew` reads them again, once, and returns
    whether they have changed. Every method raises `CloudError` when the service refuses, or when attempts or
    time have run out; the error's `attempts` says how often the request was sent.
    """

    def __init__(
        self,
        connect: Callable[[], TencentApi],
        limit: RateLimit,
        backoff: Backoff,
        renew: Callable[[], bool] = lambda: False,
    ) -> None:
        self.limit = limit
        self._connect = connect
        self._renew = renew
        self._backoff = backoff
        self._mine = threading.local()
        self._renewed: bool | None = None
        self._renewing = threading.Lock()
        self._counted = threading.Lock()
        self._sizes: tuple[int, ...] = LARGEST_PAGES
        self._silence = _Silence(backoff.unanswered_seconds)
        self.calls = 0

    def act(
        self, action: Action, app: SdkAppId, task: TaskId, wanted: Callable[[], bool], *, until: Deadline
    ) -> Answer:
        """Pause a running task, or resume a paused one. Documents 679/125357 and 679/125356.

        A pause stops new calls only; calls already started are not cut. The caller has waited for this API's
        turn. `wanted` is called immediately before every attempt. Where it returns false, `CloudError` with
        the code `NOT_WANTED` is raised.
        """
        params = {"TaskId": task, "SdkAppId": app}
        return self._call(APIS[action], params, read_answer, until=until, paced=True, wanted=wanted)

    def describe(self, app: SdkAppId, task: TaskId, *, until: Deadline, paced: bool = False) -> Seen:
        """Return a task as it is. Document 679/69193. `paced` means as for `page`."""

        def seen(response: dict[str, Any], attempts: int) -> Seen:
            del attempts
            if response.get("TaskId", task) != task:  # TaskId is not documented in this answer
                raise cloud_error("UnreadableAnswer", f"the answer is of task {given(response['TaskId'])}")
            return read_task(response, task)

        return self._call(DESCRIBE, {"SdkAppId": app, "TaskId": task}, seen, until=until, paced=paced)

    def page(
        self, app: SdkAppId, number: int, size: int | None = None, *, until: Deadline, paced: bool = False
    ) -> Page:
        """Return a page of an application's tasks, counted from 0. Document 679/68725.

        Without a `size` it takes the largest that was not refused yet: the limit is not documented. `paced`
        says that the caller has waited for this API's turn.
        """
        while size is None and len(self._sizes) > 1:
            try:
                return self._page(app, number, self._sizes[0], until=until, paced=paced)
            except CloudError as error:
                if not error.code.startswith("InvalidParameter"):
                    raise
                self._sizes, paced = self._sizes[1:], False
        return self._page(app, number, size or self._sizes[0], until=until, paced=paced)

    def _page(self, app: SdkAppId, number: int, size: int, *, until: Deadline, paced: bool) -> Page:
        def page(response: dict[str, Any], attempts: int) -> Page:
            del attempts
            return read_page(response, number, size)

        params = {"SdkAppId": app, "PageSize": size, "PageNumber": number}
        return self._call(LIST, params, page, until=until, paced=paced)

    def _call(  # noqa: PLR0913 - what is sent, how its answer is read, and how long it may take
        self,
        api: str,
        params: dict[str, Any],
        read: Callable[[dict[str, Any], int], T],
        *,
        until: Deadline,
        paced: bool = False,
        wanted: Callable[[], bool] = lambda: True,
    ) -> T:
        """Send a request until it is answered, refused, no longer wanted, or the time is up."""
        sending = _Sending(api, params)

        def attempt(number: int) -> T:
            if not (paced and number == 1) and not self.limit.wait(api, until):
                raise sending.given_up("NoAnswer", "the deadline came before the request was sent")
            if not wanted():
                raise sending.given_up(NOT_WANTED, "no longer wanted when its turn had come")
            if self._silence.over is not None:
                raise sending.unreachable(self._silence.over)
            seconds = min(until.remaining(), LONGEST_CALL_SECONDS)
            if seconds <= 0:
                raise sending.given_up("NoAnswer", "the deadline came before the request was sent")
            begun = until.clock.monotonic()
            try:
                client = self._client()
                sending.sent += 1
                with self._counted:
                    self.calls += 1
                answer = client.call(api, params, seconds)
                self._silence.broken = True
                return read(answer, sending.sent)
            except CloudError as refused:
                self._silence.note(refused, begun, until.clock.monotonic())
                error = self._learn(api, refused)
                sending.failed(error, until.clock.monotonic() - begun)
                raise error from None

        def again(error: Exception, number: int) -> bool:
            # A call that stalled for so long goes to the end of the queue: others wait for its thread.
            stalled = api in APIS.values() and sending.seconds >= LONGEST_CALL_SECONDS
            return not sending.over and not stalled and _again(error, number)

        return retry(attempt, again=again, deadline=until, backoff=self._backoff)

    def _client(self) -> TencentApi:
        """Return this thread's client: the SDK does not promise that a client is thread-safe."""
        if getattr(self._mine, "renewed", None) is not bool(self._renewed):
            self._mine.client, self._mine.renewed = self._connect(), bool(self._renewed)
        client: TencentApi = self._mine.client
        return client

    def _learn(self, api: str, error: CloudError) -> CloudError:
        """Slow down when throttled; renew refused credentials once, and return the error as retryable."""
        if error.code.startswith("RequestLimitExceeded"):
            self.limit.throttled(api)
        elif error.refuses_credentials and not self._mine.renewed:
            with self._renewing:
                if self._renewed is None:
                    self._renewed = self._renew()
            if self._renewed:
                return error.with_new_credentials()
        return error


@dataclass
class _Silence:
    """How long no call was answered; after `most` seconds of it the service counts as unreachable."""

    most: float
    broken: bool = False
    since: float | None = None
    over: str | None = None

    def note(self, error: CloudError, begun: float, now: float) -> None:
        """Note the error of a call that began at `begun`; `over` then says why the service is unreachable."""
        self.broken = self.broken or error.code != "NoAnswer"
        self.since = begun if self.since is None else self.since
        if not self.broken and now - self.since >= self.most:
            self.over = error.message


@dataclass
class _Sending:
    """How often a request was sent, how its last attempt failed, and whether it is given up.

    `seconds` is how long that attempt took; `unclear` is set once one may have been carried out all the same.
    """

    api: str
    params: dict[str, Any]
    sent: int = 0
    last: CloudError | None = None
    seconds: float = 0.0
    unclear: bool = False
    over: bool = False

    def failed(self, error: CloudError, seconds: float) -> None:
        self.unclear = self.unclear or not error.refused
        error.attempts, error.unclear, self.last, self.seconds = self.sent, self.unclear, error, seconds
        facts = {"api": self.api, "params": self.params, "attempt": self.sent, "error": str(error)}
        _log.info("call failed", extra=facts)

    def given_up(self, code: str, message: str) -> CloudError:
        """Return the error to raise where nothing more is sent: the last one, if there was any."""
        self.over = True
        if self.last is not None:
            return self.last
        error = cloud_error(code, message)
        error.attempts = self.sent
        return error

    def unreachable(self, message: str) -> CloudError:
        """Return the error where no service answers; an earlier attempt may have been carried out."""
        error = cloud_error("Unreachable", message)
        error.attempts, error.unclear = self.sent, self.unclear
        return error


def _again(error: Exception, attempt: int) -> bool:
    what = error.meaning if isinstance(error, CloudError) else None
    return what is Meaning.RETRY or (what is Meaning.UNKNOWN and attempt == 1)
