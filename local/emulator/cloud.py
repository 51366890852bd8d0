"""The emulated cloud without its sockets: a request in, a reply out, and everything that tests may change."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from os import PathLike
from typing import Any

from . import api3, ccc, cos, eb, errors, tdmq
from .api3 import Call, Verifier
from .ccc import Ccc
from .ccc import calls as ccc_calls
from .ccc import tasks as ccc_tasks
from .ccc.calls import Calls
from .ccc.campaigns import Campaigns
from .ccc.records import Records
from .cos import Cos, CosCall
from .eb import Buses, Eb
from .errors import ApiError
from .exchange import DeliveryMode, HttpRequest, Reply
from .faults import Fault, Faults, Kind
from .hooks import Hooks
from .journal import Entry, Journal
from .limits import Limits
from .objects import Objects
from .options import Options
from .tdmq import Tdmq, Topics

_PAGES = {
    Kind.HTTP_500: (500, b"<html><body><h1>500 Internal Server Error</h1></body></html>"),
    Kind.HTTP_429: (429, b"<html><body><h1>429 Too Many Requests</h1></body></html>"),
    Kind.HTML: (200, b"<html><body>Welcome to this network. Please log in.</body></html>"),
    Kind.EMPTY: (200, b""),
}
_UNANSWERED = {Kind.RESET, Kind.REFUSED, *_PAGES}
_MANNERS = {
    Kind.RESET: DeliveryMode.RESET,
    Kind.REFUSED: DeliveryMode.REFUSED,
    Kind.LOST_REPLY: DeliveryMode.RESET,
    Kind.STALL: DeliveryMode.STALLED,
    Kind.DRIP: DeliveryMode.DRIPPING,
    Kind.TRUNCATED: DeliveryMode.TRUNCATED,
}
_SERVICES = {each.VERSION: each.SERVICE for each in (ccc, tdmq, eb)}
_SECRETS = {"AKIDEXAMPLE": "SECRETEXAMPLE"}

Source = str | PathLike[str] | list[Mapping[str, Any]] | tuple[Mapping[str, Any], ...]
"""A list of tasks, campaigns or calls as JSON has it, or the path of a file with one."""


class Cloud:
    """The services and their state.

    `secrets` are secret keys by id, `tokens` the session tokens of those that are temporary. `now` moves
    tasks and campaigns along and `signature_now` judges timestamps; both give Unix seconds. `errors` holds
    what went wrong inside the emulator itself. After a change, `reset` brings back what was given at
    construction.
    """

    def __init__(  # noqa: PLR0913 - by name, and each has a default
        self,
        *,
        tasks: Source = (),
        campaigns: Source = (),
        calls: Source = (),
        secrets: Mapping[str, str] | None = None,
        tokens: Mapping[str, str] | None = None,
        now: Callable[[], float] = time.time,
        signature_now: Callable[[], float] = time.time,
    ) -> None:
        """Read what there is at first. Raises `ValueError`, naming entry and field, for what is invalid."""
        self.now = now
        self.signature_now = signature_now
        self.secrets = dict(_SECRETS if secrets is None else secrets)
        self.tokens = dict(tokens or {})
        self.options = Options()
        self.tasks = Records(ccc_tasks.SCHEMA, self._time)
        self.campaigns = Campaigns(self._time, self.tasks.lock, self.options)
        self.calls = Calls(self.tasks, self.campaigns, self._time, self.tasks.lock)
        self.topics = Topics()
        self.buses = Buses()
        self.objects = Objects(self._time, self.tasks.lock)
        self.journal = Journal()
        self.faults = Faults()
        self.hooks = Hooks()
        self.limits = Limits(time.monotonic)
        self.errors: list[Exception] = []
        self._given = dict(self.secrets), dict(self.tokens), now, signature_now
        self._given_records = (
            self.tasks.schema.read(tasks),
            self.campaigns.schema.read(campaigns),
            ccc_calls.read(calls),
        )
        self._generation = threading.Event()  # set when it is over: by a reset, or by stopping
        self.reset()

    def reset(self) -> None:
        """Bring back what was given at construction, and forget all the rest, such as journal and topics.

        A request that waits in a fault is cut off at once. If its work was not done yet, it is not done.
        """
        with self.tasks.lock:
            self._end()
            self._generation = threading.Event()
            secrets, tokens, self.now, self.signature_now = self._given
            self.secrets, self.tokens = dict(secrets), dict(tokens)
            self.options.reset()
            self.faults.clear()
            self.hooks.reset()
            self.limits.reset()
            self.topics.clear()
            self.buses.clear()
            self.objects.clear()
            tasks, campaigns, calls = self._given_records
            self.tasks.reset(tasks)
            self.campaigns.reset(campaigns)
            self.calls.reset(calls)
            self.journal.clear()
            self.errors.clear()

    def load(self, source: Source) -> None:
        """Add the tasks of a JSON list, or of the file with one, until the next reset.

        Raises `ValueError` naming entry and field, or the file's line; `OSError` where no file is there.
        """
        self.tasks.load(source)

    def answer(self, asked: HttpRequest) -> Reply:
        """Answer an API's request. A mistake of ours is an InternalError to the client, and is kept."""
        generation = self._generation
        stored = asked.path.startswith(cos.PREFIX)
        call = CosCall(asked) if stored else Call(asked.headers, asked.body or b"")
        try:
            return self._answer(asked, call, generation)
        except Exception as error:  # noqa: BLE001 - it fails the test that met it
            self.errors.append(error)
            return _reply(api3.response(errors.of("InternalError")), None)

    def _time(self) -> float:
        return self.now()

    def _end(self) -> None:
        """End every wait."""
        self._generation.set()

    def _answer(self, asked: HttpRequest, call: Call | CosCall, generation: threading.Event) -> Reply:
        params = _readable(call)
        fault = self.faults.pick(call.action, params)
        if fault and fault.kind is Kind.LATENCY:
            (self.hooks.wait or generation.wait)(fault.seconds)
        with self.tasks.lock:
            if generation.is_set():
                return Reply(manner=DeliveryMode.RESET)
            if self.hooks.before:
                self.hooks.before(call.action, params)
            if isinstance(call, CosCall):
                answer, reply = self._stored(fault, call)
            else:
                answer = self._meet(fault, asked, call)
                reply = _reply(answer, fault)
            entry = self._entry(call, answer, fault)
            entry = replace(entry, delivered=reply.manner is DeliveryMode.WHOLE)
            number = self.journal.add(entry)
            if self.hooks.after:
                self.hooks.after(entry)
        return replace(reply, until=generation, sent=partial(self.journal.set_delivered, number))

    def _entry(self, call: Call | CosCall, answer: Any, fault: Fault | None) -> Entry:
        return Entry(
            time=self.now(),
            service=cos.SERVICE if isinstance(call, CosCall) else _SERVICES.get(call.version, ""),
            action=call.action,
            version=call.version,
            region=call.region,
            params=_readable(call),
            answer=answer,
            fault=fault.name if fault else None,
            delivered=False,
        )

    def _meet(self, fault: Fault | None, asked: HttpRequest, call: Call) -> Any:
        """Return the answer, mangled if so asked; `None` where a fault comes before the service."""
        if fault and fault.kind in _UNANSWERED:
            return None
        answer = self._answered(fault, asked, call)
        return fault.change(copy.deepcopy(answer)) if fault and fault.change else answer

    def _stored(self, fault: Fault | None, call: CosCall) -> tuple[Any, Reply]:
        """Return the answer of COS as the journal has it, and the reply that a fault lets out of it."""
        if fault and fault.kind in _UNANSWERED:
            return None, _reply(None, fault)
        try:
            if fault and fault.kind in {Kind.ERROR, Kind.OTHER_CONTENT_TYPE}:
                raise ApiError(fault.code, fault.message or "Refused on request.")
            done = Cos(self.objects, self.options, self.secrets, self.tokens).work(call)
        except ApiError as error:
            done = cos.failure(error)
        return dict(done.shown), _in_its_manner(done.reply(self.now()), fault)

    def _answered(self, fault: Fault | None, asked: HttpRequest, call: Call) -> dict[str, Any]:
        language = call.headers.get("x-tc-language")
        try:
            if fault and fault.kind in {Kind.ERROR, Kind.OTHER_CONTENT_TYPE}:
                usual = errors.of(fault.code)
                raise usual if fault.message is None else ApiError(fault.code, fault.message)
            return api3.response(self._work(asked, call))
        except ApiError as error:
            return api3.response(error, language)

    def _work(self, asked: HttpRequest, call: Call) -> dict[str, Any]:
        """Do what a request asks for. Raises `ApiError`.

        The order: size, signature, action, rate limit, parameters. So a request without a valid signature
        counts towards no limit. The order in the real service is not documented.
        """
        if asked.body is None:
            raise errors.of("RequestSizeLimitExceeded")
        if asked.method != "POST" or asked.path != "/":
            raise ApiError("InvalidRequest", "Only POST / is served here.")
        Verifier(self.secrets, self.tokens, self.signature_now).verify(call)
        product = self._product(call)
        if over := self.limits.over(call.action, call.secret_id):
            raise errors.too_many(*over)
        return product.actions[call.action](call.params())

    def _product(self, call: Call) -> Ccc | Tdmq | Eb:
        """Return the product that has the version and the action. Raises `ApiError`."""
        products: Mapping[str, Ccc | Tdmq | Eb] = {
            ccc.VERSION: Ccc(self.tasks, self.campaigns, self.calls, self.options),
            tdmq.VERSION: Tdmq(self.topics, self.options),
            eb.VERSION: Eb(self.buses, self.options, self._time),
        }
        product = products.get(call.version)
        owner = next((each for each in products.values() if call.action in each.actions), product)
        if product is None or owner is not product:
            raise errors.no_version(call.version, owner.service if owner else "")
        if call.action not in product.actions:
            raise errors.no_action(call.action, product.service, call.version)
        regional = {tdmq.SERVICE: self.options.cmq_needs_region, eb.SERVICE: self.options.eb_needs_region}
        if regional.get(product.service) and not call.region:
            raise errors.missing("Region")
        return product


def _reply(answer: Any, fault: Fault | None) -> Reply:
    """Return what a fault lets out of an answer."""
    if fault is None:
        return Reply(api3.encoded({"Response": answer}))
    if fault.kind in _PAGES:
        status, page = _PAGES[fault.kind]
        return Reply(page, status, "text/html")
    other = fault.kind is Kind.OTHER_CONTENT_TYPE
    content_type = "application/json; charset=utf-8" if other else "application/json"
    return _in_its_manner(Reply(api3.encoded({"Response": answer}), content_type=content_type), fault)


def _in_its_manner(reply: Reply, fault: Fault | None) -> Reply:
    """Return a reply that leaves as a fault has it."""
    if fault is None:
        return reply
    return replace(reply, manner=_MANNERS.get(fault.kind, DeliveryMode.WHOLE), seconds=fault.seconds)


def _readable(call: Call | CosCall) -> Mapping[str, Any]:
    try:
        return call.params()
    except ApiError:
        return {}
