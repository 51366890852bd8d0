"""CCC's tasks and campaigns: pause, resume, describe, list; paced, and retried before a deadline.

Source of every call: CCC API 2020-02-10, cloud.tencent.com/document/product/679.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from handler.cloud.ccc_types import (
    APIS,
    Answer,
    Page,
    Seen,
    read_answer,
    read_page,
    read_target,
)
from handler.cloud.error_codes import cloud_error
from handler.cloud.pacing import Backoff, Deadline, RateLimit, retry
from handler.cloud.sending import Sending, Silence, should_repeat
from handler.cloud.tencent_api import TencentApi
from handler.errors import CloudError
from handler.errors.sentences import given
from handler.target import Action, Kind, Place, TargetId

T = TypeVar("T")

SERVICE = "ccc"
VERSION = "2020-02-10"
LARGEST_PAGES = (100, 50, 20, 10)
"""Page sizes to try: the largest is 100 for campaigns, and not documented for tasks."""

NOT_WANTED = "NotWanted"
"""The error code of an action that was not sent, because it was no longer wanted when its turn came."""


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
        self._sizes: dict[Kind, tuple[int, ...]] = {}
        self.may_filter = True
        """Whether the list of campaigns may be filtered by an id."""
        self._silence = Silence(backoff.unanswered_seconds)
        self.calls = 0

    def act(  # noqa: PLR0913 - what is asked of which target, and how often it may be sent
        self,
        action: Action,
        place: Place,
        id_: TargetId,
        wanted: Callable[[], bool],
        *,
        until: Deadline,
        repeats: bool = True,
    ) -> Answer:
        """Pause what is running, or resume what is paused. Documents 679/125357 and 679/125356.

        For campaigns 1229/59783 of tencentcloud.com. A pause stops new calls only; calls of a task already
        started are not cut. The caller has waited for this API's turn. `wanted` is called immediately before
        every attempt. Where it returns false, `CloudError` with the code `NOT_WANTED` is raised. Unless it
        `repeats`, a request that may have been carried out is not sent again.
        """
        api = APIS[place.kind]
        params = {api.id: id_, "SdkAppId": place.sdk_app_id}
        return self.send(
            api.act(action), params, read_answer, until=until, paced=True, wanted=wanted, repeats=repeats
        )

    def describe(self, place: Place, id_: TargetId, *, until: Deadline, paced: bool = False) -> Seen:
        """Return a target as it is. Document 679/69193. `paced` means as for `page`.

        A campaign's state comes from the list, which only the domestic site filters by id: where it does not,
        `may_filter` becomes false, and the error has the code `UnknownParameter`.
        """
        kind, params = place.kind, {"SdkAppId": place.sdk_app_id, APIS[place.kind].id: id_}

        def seen(response: dict[str, Any], attempts: int) -> Seen:
            del attempts
            if kind == "campaign":
                return _only(read_page(kind, response, 0, 1), id_)
            if response.get("TaskId", id_) != id_:  # TaskId is not documented in this answer
                raise cloud_error("UnreadableAnswer", f"the answer is of task {given(response['TaskId'])}")
            return read_target(kind, response, id_)

        if kind == "campaign":
            params |= {"PageSize": 1, "PageNumber": 0}
        try:
            return self.send(APIS[kind].describe, params, seen, until=until, paced=paced)
        except CloudError as error:
            if kind == "campaign" and error.code.startswith("UnknownParameter"):
                self.may_filter = False
            raise

    def page(
        self, place: Place, number: int, size: int | None = None, *, until: Deadline, paced: bool = False
    ) -> Page:
        """Return a page of a list, counted from 0. Documents 679/68725, and 1229/59784 of tencentcloud.com.

        Without a `size` it takes the largest that was not refused yet: the limit for tasks is not documented.
        `paced` says that the caller has waited for this API's turn.
        """
        if size is not None:
            return self._page(place, number, size, until=until, paced=paced)
        sizes = self._sizes.get(place.kind, LARGEST_PAGES)
        while True:
            try:
                page = self._page(place, number, sizes[0], until=until, paced=paced)
            except CloudError as error:
                if len(sizes) == 1 or not error.code.startswith("InvalidParameter"):
                    raise
                sizes, paced = sizes[1:], False
            else:
                self._sizes[place.kind] = sizes  # only now: the application may be at fault, not the size
                return page

    def _page(self, place: Place, number: int, size: int, *, until: Deadline, paced: bool) -> Page:
        def page(response: dict[str, Any], attempts: int) -> Page:
            del attempts
            return read_page(place.kind, response, number, size)

        params = {"SdkAppId": place.sdk_app_id, "PageSize": size, "PageNumber": number}
        return self.send(APIS[place.kind].list, params, page, until=until, paced=paced)

    def send(  # noqa: PLR0913 - what is sent, how its answer is read, and how long it may take
        self,
        api: str,
        params: dict[str, Any],
        read: Callable[[dict[str, Any], int], T],
        *,
        until: Deadline,
        paced: bool = False,
        wanted: Callable[[], bool] = lambda: True,
        repeats: bool = True,
    ) -> T:
        """Send a request until it is answered, refused, no longer wanted, or the time is up."""
        sending = Sending(api, params)

        def attempt(number: int) -> T:
            if not (paced and number == 1) and not self.limit.wait(api, until):
                raise sending.given_up("NoAnswer", "the deadline came before the request was sent")
            if not wanted():
                raise sending.given_up(NOT_WANTED, "no longer wanted when its turn had come")
            if self._silence.over is not None:
                raise sending.unreachable(self._silence.over)
            seconds = sending.seconds(until)
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
            looks = isinstance(error, CloudError) and error.look_first
            over = sending.over or looks or (sending.unclear and not repeats)
            return not over and should_repeat(error, number)

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


def _only(page: Page, id_: TargetId) -> Seen:
    """Return the one target of a list that was filtered. Raises `CloudError` where it is not there."""
    found = next((each for each in page.targets if each.id == id_), None)
    if found is not None:
        return found
    if page.targets or page.unreadable or page.total != 0:
        raise cloud_error("UnknownParameter", "the list is not filtered by the campaign's id")
    raise cloud_error("ResourceNotFound", "the list of campaigns does not show it")
