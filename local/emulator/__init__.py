"""TencentCloud API 3.0 on loopback: CCC's automatic outbound call tasks and TDMQ's CMQ topics.

It serves the official clients as they are: the Python SDK, `tccli`, the Node SDK. See docs/emulator.md.
"""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from typing_extensions import Self

from . import api3, ccc, tdmq
from .api3 import ApiError, Call, Verifier
from .ccc import Answer, Ccc, Options, Task, Tasks
from .faults import Fault, Faults, Kind
from .journal import Entry, Journal
from .limits import Limits
from .server import HOST, Asked, Reply, Server
from .tdmq import Published, Tdmq, Topics

__all__ = ["Answer", "Emulator", "Entry", "Fault", "Kind", "Options", "Published", "Task"]

_Delivered = Callable[[bool], None]
_PAGES = {
    Kind.HTTP_500: (500, b"<html><body><h1>500 Internal Server Error</h1></body></html>"),
    Kind.HTTP_429: (429, b"<html><body><h1>429 Too Many Requests</h1></body></html>"),
    Kind.HTML: (200, b"<html><body>Welcome to this network. Please log in.</body></html>"),
    Kind.EMPTY: (200, b""),
}


class Emulator:
    """A TencentCloud of one's own.

    `secrets` are secret keys by id, `tokens` the session tokens of those that are temporary. `now` moves
    tasks along and `signature_now` judges timestamps; both give Unix seconds. After a change, `reset`
    brings back what was given here. `errors` holds what went wrong inside the emulator itself.
    """

    def __init__(  # noqa: PLR0913 - by name, and each has a default
        self,
        *,
        port: int = 0,
        tasks: Iterable[Mapping[str, Any]] = (),
        secrets: Mapping[str, str] | None = None,
        tokens: Mapping[str, str] | None = None,
        now: Callable[[], float] = time.time,
        signature_now: Callable[[], float] = time.time,
    ) -> None:
        """Read the tasks. Raises `ValueError`, naming entry and field, for what is no task."""
        self.now = now
        self.signature_now = signature_now
        self.options = Options()
        self.tasks = Tasks(self._time)
        self.topics = Topics()
        self.journal = Journal()
        self.faults = Faults()
        self.limits = Limits(time.monotonic)
        self.errors: list[Exception] = []
        self.secrets: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self._given = copy.deepcopy(
            (list(tasks) if isinstance(tasks, (list, tuple)) else tasks, secrets, tokens)
        )
        self._clocks = now, signature_now
        self._cut = threading.Event()
        self._server = Server(port, self._answer, api3.MAX_BODY)
        self.reset()

    @property
    def port(self) -> int:
        """The port; 0 before the start where a free one was asked for."""
        return self._server.port

    @property
    def endpoint(self) -> str:
        """Host and port, as `HttpProfile.endpoint` takes them."""
        return f"{HOST}:{self.port}"

    @property
    def url(self) -> str:
        """The address, as `tccli --endpoint` and `CALLOUT_ENDPOINT` take it."""
        return f"http://{self.endpoint}"

    def start(self) -> Self:
        """Listen; returns listening, or raises `OSError` at once, as when the port is taken."""
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop listening and cut every connection."""
        self._server.stop()

    def __enter__(self) -> Self:
        return self if self._server.running else self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Refuse connections, really, as long as the `with` block lasts: nobody listens on the port."""
        self._server.stop()
        try:
            yield
        finally:
            self._server.start()

    def reset(self) -> None:
        """Bring back what was given at construction: tasks, secrets, clocks; forget everything else."""
        self._cut.set()  # whoever waits in a fault goes on at once
        self._cut = threading.Event()
        tasks, secrets, tokens = copy.deepcopy(self._given)
        self.now, self.signature_now = self._clocks
        self.secrets = {"AKIDEXAMPLE": "SECRETEXAMPLE"} if secrets is None else dict(secrets)
        self.tokens = dict(tokens or {})
        vars(self.options).update(vars(Options()))
        self.faults.clear()
        self.limits.reset()
        self.topics.clear()
        self.tasks.clear()
        self.tasks.load(tasks)
        self.journal.clear()
        self.errors.clear()

    def _time(self) -> float:
        return self.now()

    def _answer(self, asked: Asked) -> tuple[Reply, _Delivered]:
        try:
            if asked.path.startswith("/_emulator/"):
                return self._control(asked), lambda _: None
            return self._api(asked)
        except Exception as error:  # noqa: BLE001 - a mistake of ours fails the test that met it
            self.errors.append(error)
            return _reply(api3.response(ApiError("InternalError", "The emulator failed."))), lambda _: None

    def _api(self, asked: Asked) -> tuple[Reply, _Delivered]:
        call = Call(asked.headers, asked.body or b"")
        fault = self.faults.pick(call.action)
        answer, reply = self._meet(fault, asked, call)
        entry = Entry(
            time=self.now(),
            service=_service(call),
            action=call.action,
            version=call.version,
            region=call.region,
            params=_readable(call),
            answer=answer,
            fault=fault.name if fault else None,
            delivered=False,
        )
        if reply.reset or reply.stall or reply.drip:  # their end may be long in coming
            self.journal.add(entry)
            return reply, lambda _: None
        # Written down before the answer is sent: whoever has the answer finds it in the journal.
        self.journal.add(replace(entry, delivered=reply.break_after is None))
        return reply, lambda _: None

    def _meet(self, fault: Fault | None, asked: Asked, call: Call) -> tuple[dict[str, Any] | None, Reply]:
        """Give the answer that was made, and what is sent of it."""
        kind = fault.kind if fault else None
        if kind is Kind.RESET:
            return None, Reply(reset=True)
        if kind in _PAGES:
            status, page = _PAGES[kind]
            return None, Reply(page, status, "text/html")
        if fault and kind in {Kind.ERROR, Kind.OTHER_CONTENT_TYPE}:
            answer = api3.response(ApiError(fault.code, fault.message))
            reply = _reply(answer)
            other = "application/json; charset=utf-8"
            return answer, replace(reply, content_type=other) if kind is Kind.OTHER_CONTENT_TYPE else reply
        if fault and kind is Kind.LATENCY:
            self._cut.wait(fault.seconds)
        answer = self._work(asked, call)
        return answer, _spoilt(_reply(answer), fault)

    def _work(self, asked: Asked, call: Call) -> dict[str, Any]:
        """Do what a request asks for, and give its `Response`, errors included."""
        try:
            if asked.body is None:
                raise ApiError("RequestSizeLimitExceeded", "The request is larger than 10 MB.")
            if asked.method != "POST" or asked.path != "/":
                raise ApiError("InvalidRequest", "Only POST / is served here.")
            Verifier(self.secrets, self.tokens, self.signature_now).verify(call)
            actions = self._actions(call)
            if over := self.limits.over(call.action, call.secret_id):
                raise api3.too_many(*over, call.headers.get("x-tc-language"))
            with self.tasks.lock:
                return api3.response(actions[call.action](call.params()))
        except ApiError as error:
            return api3.response(error)

    def _actions(self, call: Call) -> Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]]:
        """Give the actions of the product that the version tells. Raises `ApiError`."""
        products: Mapping[str, Ccc | Tdmq] = {
            ccc.VERSION: Ccc(self.tasks, self.options),
            tdmq.VERSION: Tdmq(self.topics, self.options),
        }
        of_others = [product for version, product in products.items() if version != call.version]
        product = products.get(call.version)
        if product is None or (
            call.action not in product.actions and any(call.action in other.actions for other in of_others)
        ):
            raise ApiError("NoSuchVersion", f"The version `{call.version}` of this action does not exist.")
        if call.action not in product.actions:
            raise ApiError("InvalidAction", f"The action `{call.action}` is invalid or not found.")
        if isinstance(product, Tdmq) and self.options.cmq_needs_region and not call.region:
            raise ApiError("MissingParameter", "The request is missing a required parameter `Region`.")
        return product.actions

    def _control(self, asked: Asked) -> Reply:
        """Serve the control plane, for clients in other languages; docs/emulator.md lists it."""
        what = asked.method, asked.path.removeprefix("/_emulator/")
        if what == ("GET", "journal"):
            return Reply(self.journal.lines().encode(), content_type="application/jsonl")
        if what == ("GET", "tasks"):
            return _json([{"sdk_app_id": each.sdk_app_id, **each.listed()} for each in self.tasks])
        if what == ("GET", "topics"):
            return _json(
                {name: [vars(each) for each in self.topics.messages(name)] for name in self.topics.names}
            )
        try:
            document = json.loads(asked.body or b"{}")
            if what == ("POST", "reset"):
                self.reset()
            elif what == ("POST", "tasks"):
                self.tasks.load(document)
            elif what == ("POST", "faults"):
                self.faults.add_from(document)
            else:
                return _json({"error": f"{' /_emulator/'.join(what)} is not served"}, 404)
        except (ValueError, TypeError, AttributeError) as error:
            return _json({"error": str(error)}, 400)
        return _json({})


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(value, ensure_ascii=False).encode(), status)


def _reply(response: Mapping[str, Any]) -> Reply:
    return Reply(json.dumps({"Response": response}, ensure_ascii=False).encode("utf-8", "backslashreplace"))


def _spoilt(reply: Reply, fault: Fault | None) -> Reply:
    """Give a reply as a fault after the work lets it out."""
    kind = fault.kind if fault else None
    if kind is Kind.LOST_REPLY:
        return replace(reply, reset=True)
    if kind is Kind.TRUNCATED:
        return replace(reply, break_after=len(reply.body) // 2)
    if fault and kind is Kind.STALL:
        return replace(reply, stall=fault.seconds)
    if fault and kind is Kind.DRIP:
        return replace(reply, drip=fault.seconds)
    return reply


def _service(call: Call) -> str:
    return {ccc.VERSION: "ccc", tdmq.VERSION: "tdmq"}.get(call.version, "")


def _readable(call: Call) -> Mapping[str, Any]:
    try:
        return call.params()
    except ApiError:
        return {}
