"""CCC's automatic outbound call tasks: pause, resume, describe, find; paced, and tried again in time.

Source of every call: CCC API 2020-02-10, cloud.tencent.com/document/product/679.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from math import ceil
from typing import Any, NamedTuple

from handler.api3 import Api3, refusal
from handler.errors import CloudError, Meaning
from handler.pacing import Backoff, Deadline, RateLimit, retry
from handler.request import Action
from handler.task import SdkAppId, TaskId, TaskState

APIS: Mapping[Action, str] = {"pause": "PauseAutoCalloutTask", "resume": "ResumeAutoCalloutTask"}
DESCRIBE = "DescribeAutoCalloutTask"
LIST = "DescribeAutoCalloutTasks"
SERVICE = "ccc"
VERSION = "2020-02-10"
LARGEST_PAGES = (100, 50, 20, 10)
"""Page sizes to try, since the largest allowed for `DescribeAutoCalloutTasks` is not documented."""

LONGEST_CALL_SECONDS = 15.0
"""How long one request may take, answer included, before it counts as lost."""

_log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """The outcome of a call: its request id, and how often it was sent until it was answered."""

    request_id: str | None
    attempts: int


class Seen(NamedTuple):
    """A task as CCC shows it. `state` is `None` for a number that is not in the documents.

    `not_before` is when the task starts by itself, in Unix seconds, 0 where it is not told.
    """

    task_id: TaskId
    name: str
    state: TaskState | None
    not_before: int = 0


class Page(NamedTuple):
    """A page of an application's tasks: its number, from 0, its size, and how many tasks there are."""

    tasks: tuple[Seen, ...]
    number: int
    size: int
    total: int

    @property
    def left(self) -> int:
        """How many pages follow."""
        return max(0, ceil(self.total / self.size) - self.number - 1)


class Ccc:
    """The contact centre, as seen through the official SDK. Safe between threads: each has its own client.

    `connect` gives a client. When its credentials are refused, `renew` reads them anew, once, and tells
    whether they are others now. Every method raises `CloudError` when the service refuses, or when attempts
    or time have run out; the error's `attempts` says how often the request was sent.
    """

    def __init__(
        self,
        connect: Callable[[], Api3],
        limit: RateLimit,
        deadline: Deadline,
        backoff: Backoff,
        renew: Callable[[], bool] = lambda: False,
    ) -> None:
        self.limit = limit
        self._connect = connect
        self._renew = renew
        self._deadline = deadline
        self._backoff = backoff
        self._mine = threading.local()
        self._renewed: bool | None = None
        self._renewing = threading.Lock()
        self._counted = threading.Lock()
        self.calls = 0

    def api(self, action: Action) -> str:
        """Give the name of the API that carries an action out, whose pace is its own."""
        return APIS[action]

    def act(self, action: Action, app: SdkAppId, task: TaskId, *, paced: bool = False) -> Answer:
        """Pause a running task, or let a paused one go on. Documents 679/125357 and 679/125356.

        Pausing lets no new call start; calls already started are not cut. `paced` says that the caller
        has waited for this API's turn.
        """
        response, attempts = self._call(APIS[action], {"TaskId": task, "SdkAppId": app}, paced=paced)
        return Answer(response.get("RequestId"), attempts)

    def see(self, app: SdkAppId, task: TaskId, *, paced: bool = False) -> Seen:
        """Give a task as it is. Document 679/69193."""
        response, _ = self._call(DESCRIBE, {"SdkAppId": app, "TaskId": task}, paced=paced)
        return _seen({**response, "TaskId": task})

    def page(self, app: SdkAppId, number: int, size: int | None = None, *, paced: bool = False) -> Page:
        """Give a page of an application's tasks, counted from 0. Document 679/68725.

        Without a `size` it takes the largest that is not refused: the limit is not documented. `paced` says
        that the caller has waited for this API's turn.
        """
        *larger, last = LARGEST_PAGES if size is None else (size,)
        for each in larger:
            try:
                return self._page(app, number, each, paced=paced)
            except CloudError as error:
                if not error.code.startswith("InvalidParameter"):
                    raise
        return self._page(app, number, last, paced=paced)

    def _page(self, app: SdkAppId, number: int, size: int, *, paced: bool) -> Page:
        params = {"SdkAppId": app, "PageSize": size, "PageNumber": number}
        response, _ = self._call(LIST, params, paced=paced)
        try:
            tasks = tuple(_seen(entry) for entry in response.get("Tasks") or ())
            return Page(tasks, number, size, int(response.get("TotalCount") or 0))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise refusal("UnreadableAnswer", f"a list of tasks that is none: {error!r}") from None

    def _call(self, api: str, params: dict[str, Any], *, paced: bool = False) -> tuple[dict[str, Any], int]:
        def attempt(number: int) -> tuple[dict[str, Any], int]:
            if not (paced and number == 1):
                self.limit.wait(api)
            seconds = min(self._deadline.remaining(), LONGEST_CALL_SECONDS)
            if seconds <= 0:
                error = refusal("NoAnswer", "the deadline came before the request was sent")
                error.attempts = number - 1
                raise error
            with self._counted:
                self.calls += 1
            try:
                return self._client().call(api, params, seconds), number
            except CloudError as error:
                error.attempts = number
                self._learn(api, error)
                facts = {"api": api, "params": params, "attempt": number, "error": str(error)}
                _log.info("call failed", extra=facts)
                raise

        return retry(attempt, again=_again, deadline=self._deadline, backoff=self._backoff)

    def _client(self) -> Api3:
        """Give this thread's client: the SDK promises nothing where threads share one."""
        if getattr(self._mine, "renewed", None) is not bool(self._renewed):
            self._mine.client, self._mine.renewed = self._connect(), bool(self._renewed)
        client: Api3 = self._mine.client
        return client

    def _learn(self, api: str, error: CloudError) -> None:
        """Slow down when throttled; read refused credentials anew, once."""
        if error.code.startswith("RequestLimitExceeded"):
            self.limit.throttled(api)
        elif error.refuses_credentials and not self._mine.renewed:
            with self._renewing:
                if self._renewed is None:
                    self._renewed = self._renew()
            if self._renewed:
                error.meaning = Meaning.RETRY


def _again(error: Exception, attempt: int) -> bool:
    what = error.meaning if isinstance(error, CloudError) else None
    return what is Meaning.RETRY or (what is Meaning.UNKNOWN and attempt == 1)


def _seen(entry: dict[str, Any]) -> Seen:
    try:
        state = TaskState(entry.get("State", -1))
    except ValueError:
        state = None
    start = entry.get("NotBefore")
    return Seen(
        TaskId(entry["TaskId"]), str(entry.get("Name", "")), state, start if isinstance(start, int) else 0
    )
