"""CCC's automatic outbound call tasks: pause, resume, describe, find; paced, and tried again in time.

Source of every call: CCC API 2020-02-10, cloud.tencent.com/document/product/679.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeGuard, TypeVar

from handler.api3 import Api3, refusal
from handler.errors import CloudError, Meaning, given
from handler.pacing import Backoff, Deadline, RateLimit, retry
from handler.request import Action
from handler.task import INT64_MAX, SdkAppId, TaskId, TaskState

T = TypeVar("T")

APIS: Mapping[Action, str] = {"pause": "PauseAutoCalloutTask", "resume": "ResumeAutoCalloutTask"}
DESCRIBE = "DescribeAutoCalloutTask"
LIST = "DescribeAutoCalloutTasks"
SERVICE = "ccc"
VERSION = "2020-02-10"
LARGEST_PAGES = (100, 50, 20, 10)
"""Page sizes to try, since the largest allowed for `DescribeAutoCalloutTasks` is not documented."""

LONGEST_CALL_SECONDS = 10.0
"""How long one request may take, answer included, before it counts as lost."""

NOT_WANTED = "NotWanted"
"""The code of an action that was no longer wanted when its turn had come; it was not sent then."""

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
    """A page of an application's tasks: its number, from 0, and its size.

    `total` is how many tasks there are, `None` where the answer has no usable number. `unreadable` has the
    name, if any, of each entry without a usable id; `unnamed` says whether a task has no name that is a text.
    """

    tasks: tuple[Seen, ...]
    number: int
    size: int
    total: int | None
    unreadable: tuple[str | None, ...] = ()
    unnamed: bool = False


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
        self.calls = 0

    def api(self, action: Action) -> str:
        """Return the name of the API that carries an action out, whose pace is its own."""
        return APIS[action]

    def act(
        self, action: Action, app: SdkAppId, task: TaskId, wanted: Callable[[], bool], *, until: Deadline
    ) -> Answer:
        """Pause a running task, or let a paused one go on. Documents 679/125357 and 679/125356.

        Pausing lets no new call start; calls already started are not cut. The caller has waited for this
        API's turn; `wanted` is asked immediately before every attempt, and where it says no, `CloudError`
        with the code `NOT_WANTED` is raised.
        """
        params = {"TaskId": task, "SdkAppId": app}
        return self._call(APIS[action], params, _answer, until=until, paced=True, wanted=wanted)

    def see(self, app: SdkAppId, task: TaskId, *, until: Deadline, paced: bool = False) -> Seen:
        """Return a task as it is. Document 679/69193. `paced` means as for `page`."""

        def seen(response: dict[str, Any], attempts: int) -> Seen:
            del attempts
            if response.get("TaskId", task) != task:  # no document has it in this answer
                raise refusal("UnreadableAnswer", f"the answer is of task {given(response['TaskId'])}")
            return _seen(response, task)

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
            return _read_page(response, number, size)

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
            seconds = min(until.remaining(), LONGEST_CALL_SECONDS)
            if seconds <= 0:
                raise sending.given_up("NoAnswer", "the deadline came before the request was sent")
            begun = until.clock.monotonic()
            try:
                client = self._client()
                sending.sent += 1
                with self._counted:
                    self.calls += 1
                return read(client.call(api, params, seconds), sending.sent)
            except CloudError as error:
                sending.failed(error, until.clock.monotonic() - begun)
                self._learn(api, error)
                raise

        def again(error: Exception, number: int) -> bool:
            # A call that stalled for so long goes to the end of the queue: others wait for its thread.
            stalled = api in APIS.values() and sending.seconds >= LONGEST_CALL_SECONDS
            return not sending.over and not stalled and _again(error, number)

        return retry(attempt, again=again, deadline=until, backoff=self._backoff)

    def _client(self) -> Api3:
        """Return this thread's client: the SDK promises nothing where threads share one."""
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
        error = refusal(code, message)
        error.attempts = self.sent
        return error


def _again(error: Exception, attempt: int) -> bool:
    what = error.meaning if isinstance(error, CloudError) else None
    return what is Meaning.RETRY or (what is Meaning.UNKNOWN and attempt == 1)


def _answer(response: dict[str, Any], attempts: int) -> Answer:
    request_id = response.get("RequestId")
    return Answer(request_id if isinstance(request_id, str) else None, attempts)


def _read_page(response: dict[str, Any], number: int, size: int) -> Page:
    """Read an answer entry by entry: one that cannot be used does not spoil the others."""
    entries = response.get("Tasks")
    if not isinstance(entries, list) and entries is not None:
        raise refusal("UnreadableAnswer", f"Tasks: a list is expected, not {given(entries)}")
    total = response.get("TotalCount")
    tasks: list[Seen] = []
    unreadable: list[str | None] = []
    unnamed = False
    for entry in entries or ():
        fields = entry if isinstance(entry, dict) else {}
        task_id, name = fields.get("TaskId"), _text(fields.get("Name"))
        if _is_count(task_id) and 0 < task_id <= INT64_MAX:
            tasks.append(_seen(fields, TaskId(task_id)))
            unnamed |= name is None
        else:
            unreadable.append(name)
    total = total if _is_count(total) else None
    return Page(tuple(_without_contradictions(tasks)), number, size, total, tuple(unreadable), unnamed)


def _without_contradictions(tasks: list[Seen]) -> list[Seen]:
    """Return tasks without the state of those that one page shows in two: which holds is not known."""
    states: dict[TaskId, set[TaskState | None]] = {}
    for each in tasks:
        states.setdefault(each.task_id, set()).add(each.state)
    return [each if len(states[each.task_id]) == 1 else each._replace(state=None) for each in tasks]


def _seen(entry: dict[str, Any], task_id: TaskId) -> Seen:
    """Read a task. What is not as documented is left out: an unknown state, a name that is not text."""
    state, start = entry.get("State"), entry.get("NotBefore")
    return Seen(
        task_id,
        _text(entry.get("Name")) or "",
        TaskState(state) if _is_count(state) and state in _STATES else None,
        start if _is_count(start) else 0,
    )


_STATES = frozenset(TaskState)


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
