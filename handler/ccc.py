"""CCC's automatic outbound call tasks: pause, resume, describe, find; paced, and tried again in time.

Source of every call: CCC API 2020-02-10, cloud.tencent.com/document/product/679.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from handler.api3 import Api3, refusal
from handler.errors import CloudError, Meaning
from handler.pacing import Backoff, Deadline, RateLimit, retry
from handler.task import SdkAppId, TaskId, TaskState

SERVICE = "ccc"
VERSION = "2020-02-10"
LARGEST_PAGES = (100, 50, 20, 10)
"""Page sizes to try, since the largest allowed for `DescribeAutoCalloutTasks` is not documented."""

LONGEST_CALL_SECONDS = 15.0
"""How long one request may take, answer included, before it counts as lost."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """The outcome of a call: its request id, and how often it was sent until it was answered."""

    request_id: str | None
    attempts: int


@dataclass(frozen=True)
class Found:
    """A task as CCC lists it. `state` is `None` for a number that is not in the documents."""

    task_id: TaskId
    name: str
    state: TaskState | None


class Ccc:
    """The contact centre, as seen through the official SDK.

    Every method raises `CloudError` when the service refuses, or when attempts or time have run out;
    the error's `attempts` says how often the request was sent.
    """

    def __init__(self, api: Api3, limit: RateLimit, deadline: Deadline, backoff: Backoff) -> None:
        self._api = api
        self._limit = limit
        self._deadline = deadline
        self._backoff = backoff
        self.calls = 0

    def pause(self, app: SdkAppId, task: TaskId) -> Answer:
        """Pause a running task: no new calls; calls already started are not cut. Document 679/125357."""
        return self._answer("PauseAutoCalloutTask", app, task)

    def resume(self, app: SdkAppId, task: TaskId) -> Answer:
        """Let a paused task go on. Document 679/125356."""
        return self._answer("ResumeAutoCalloutTask", app, task)

    def state(self, app: SdkAppId, task: TaskId) -> TaskState | None:
        """Give a task's state, `None` for a number that is not in the documents. Document 679/69193."""
        response, _ = self._call("DescribeAutoCalloutTask", {"SdkAppId": app, "TaskId": task})
        return _state(response)

    def find(self, app: SdkAppId) -> list[Found]:
        """Give all tasks of an application, page by page. Document 679/68725."""
        sizes = iter(LARGEST_PAGES)
        size = next(sizes)
        found: dict[TaskId, Found] = {}
        page = 0
        while True:
            params = {"SdkAppId": app, "PageSize": size, "PageNumber": page}
            try:
                response, _ = self._call("DescribeAutoCalloutTasks", params)
            except CloudError as error:
                smaller = next(sizes, None)
                if page or smaller is None or not error.code.startswith("InvalidParameter"):
                    raise
                size = smaller
                continue
            tasks = response.get("Tasks") or []
            for entry in tasks:
                found[TaskId(entry["TaskId"])] = Found(
                    TaskId(entry["TaskId"]), str(entry.get("Name", "")), _state(entry)
                )
            page += 1
            if not tasks or page * size >= int(response.get("TotalCount") or 0):
                return list(found.values())

    def _answer(self, action: str, app: SdkAppId, task: TaskId) -> Answer:
        response, attempts = self._call(action, {"TaskId": task, "SdkAppId": app})
        return Answer(response.get("RequestId"), attempts)

    def _call(self, action: str, params: dict[str, Any]) -> tuple[dict[str, Any], int]:
        def attempt(number: int) -> tuple[dict[str, Any], int]:
            self._limit.wait(action)
            seconds = min(self._deadline.remaining(), LONGEST_CALL_SECONDS)
            if seconds <= 0:
                error = refusal("NoAnswer", "the deadline came before the request was sent")
                error.attempts = number - 1
                raise error
            self.calls += 1
            try:
                return self._api.call(action, params, seconds), number
            except CloudError as error:
                error.attempts = number
                _log.info(
                    "call failed",
                    extra={"api": action, "params": params, "attempt": number, "error": str(error)},
                )
                raise

        return retry(attempt, again=_again, deadline=self._deadline, backoff=self._backoff)


def _again(error: Exception, attempt: int) -> bool:
    what = error.meaning if isinstance(error, CloudError) else None
    return what is Meaning.RETRY or (what is Meaning.UNKNOWN and attempt == 1)


def _state(entry: dict[str, Any]) -> TaskState | None:
    try:
        return TaskState(entry.get("State", -1))
    except ValueError:
        return None
