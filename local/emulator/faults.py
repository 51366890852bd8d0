"""Fault injection: what can go wrong between client and cloud, by action and probability, or by script."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any


class Kind(Enum):
    """What happens. Where the work is done although the client cannot know, the text says so."""

    LATENCY = "the answer comes late"
    REFUSED = "the connection is reset, then for some seconds nobody listens on the port"
    RESET = "the connection is reset before anything is done"
    LOST_REPLY = "the work is done, then the connection is reset"
    STALL = "the work is done, the headers are sent, the body is not"
    DRIP = "the work is done, the body comes a byte at a time"
    TRUNCATED = "the work is done, half of the body comes, then the connection is closed"
    HTTP_500 = "a page with status 500 in place of the service"
    HTTP_429 = "a page with status 429 in place of the service"
    HTML = "a page with status 200 in place of the service"
    EMPTY = "status 200 and nothing else"
    OTHER_CONTENT_TYPE = "an API error whose content type is application/json; charset=utf-8"
    ERROR = "an API error of the given code"
    MANGLE = "the work is done, and another answer is sent than the one that was made"


@dataclass(frozen=True)
class Fault:
    """A kind of fault, and its parameters.

    `seconds` is the latency, the stall, the time in which connections are refused, or the time between two
    dripping bytes; they end at once when the emulator is stopped or reset. `code` is that of an API error,
    `message` its text, `None` for the usual one in the client's language. `change` makes the value that is
    sent as `Response` from the answer that was made.
    """

    kind: Kind
    seconds: float = 0.0
    code: str = "InternalError"
    message: str | None = None
    change: Callable[[dict[str, Any]], Any] | None = None

    @property
    def name(self) -> str:
        """The name, as the journal has it."""
        return self.code if self.kind is Kind.ERROR else self.kind.name.lower()


REFUSED = Fault(Kind.REFUSED, seconds=1.0)
RESET = Fault(Kind.RESET)
LOST_REPLY = Fault(Kind.LOST_REPLY)
STALL = Fault(Kind.STALL, seconds=60.0)
DRIP = Fault(Kind.DRIP, seconds=0.05)
TRUNCATED = Fault(Kind.TRUNCATED)
HTTP_500 = Fault(Kind.HTTP_500)
HTTP_429 = Fault(Kind.HTTP_429)
HTML = Fault(Kind.HTML)
EMPTY = Fault(Kind.EMPTY)
OTHER_CONTENT_TYPE = Fault(Kind.OTHER_CONTENT_TYPE)
INTERNAL_ERROR = Fault(Kind.ERROR)
DB_ERROR = Fault(Kind.ERROR, code="InternalError.DBError")
THROTTLED = Fault(Kind.ERROR, code="RequestLimitExceeded")
NAMED: Mapping[str, Fault] = {
    "latency": Fault(Kind.LATENCY, seconds=1.0),
    "refused": REFUSED,
    "reset": RESET,
    "lost_reply": LOST_REPLY,
    "stall": STALL,
    "drip": DRIP,
    "truncated": TRUNCATED,
    "http_500": HTTP_500,
    "http_429": HTTP_429,
    "html": HTML,
    "empty": EMPTY,
    "other_content_type": OTHER_CONTENT_TYPE,
    "internal_error": INTERNAL_ERROR,
    "db_error": DB_ERROR,
    "throttled": THROTTLED,
}
"""Every fault by the name that the control plane takes."""


def latency(seconds: float) -> Fault:
    """Return a fault that delays every answer by `seconds`."""
    return Fault(Kind.LATENCY, seconds=seconds)


def error(code: str, message: str | None = None) -> Fault:
    """Return a fault that answers with an API error."""
    return Fault(Kind.ERROR, code=code, message=message)


def mangled(change: Callable[[dict[str, Any]], Any]) -> Fault:
    """Return a fault that does the work and sends `change(answer)` in place of the answer.

    `change` gets a copy of the `Response`, an error's as well, and may return any value that `json.dumps`
    takes, `Infinity` included.
    """
    return Fault(Kind.MANGLE, change=change)


_RULE_KEYS = ("action", "probability", "times", "seed")


def described(document: Any, more: tuple[str, ...] = ()) -> Fault:
    """Return the fault of a name, or of a JSON object: `fault` with `seconds`, or `code` with `message`.

    A null counts as left out. Keys in `more` are allowed and ignored. Raises `ValueError`, naming the key,
    for a fault that does not exist.
    """
    wanted = _given({"fault": document} if isinstance(document, str) else document)
    own = ("code", "message") if "code" in wanted else ("fault", "seconds")
    _check_keys(wanted, (*own, *more))
    if "code" in wanted:
        message = wanted.get("message")
        return error(_text("code", wanted["code"]), None if message is None else _text("message", message))
    name = wanted.get("fault")
    if not isinstance(name, str) or name not in NAMED:
        raise ValueError(f"fault: one of {', '.join(NAMED)} is wanted, not {name!r}")
    named = NAMED[name]
    return replace(named, seconds=_number("seconds", wanted["seconds"])) if "seconds" in wanted else named


def _given(document: Any) -> dict[str, Any]:
    if not isinstance(document, Mapping):
        raise ValueError(f"fault: a name or an object is wanted, not {document!r}")
    return {name: value for name, value in document.items() if value is not None}


def _check_keys(document: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in document:
        if name not in known:
            raise ValueError(f"{name}: is no key here; keys are {', '.join(known)}")


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name}: text is wanted, not {value!r}")
    return value


def _number(name: str, value: Any, most: float = threading.TIMEOUT_MAX) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise ValueError(f"{name}: a number from 0 to {most:g} is wanted, not {value!r}")
    return float(value)


@dataclass
class _Rule:
    """What one `add` or `script` asked for."""

    action: str | None
    chance: random.Random
    script: list[Fault | None] | None = None
    fault: Fault | None = None
    probability: float = 1.0
    times: int | None = None
    when: Callable[[Mapping[str, Any]], bool] | None = None

    def over(self) -> bool:
        """Return whether there is nothing left to do."""
        return not self.script if self.script is not None else self.times == 0

    def concerns(self, action: str, params: Mapping[str, Any]) -> bool:
        """Return whether a request for `action` with these parameters can meet it."""
        return self.action in {None, action} and not self.over() and (self.when is None or self.when(params))

    def pick(self) -> Fault | None:
        if self.script is not None:
            return self.script.pop(0)
        if self.chance.random() >= self.probability:
            return None
        if self.times is not None:
            self.times -= 1
        return self.fault


@dataclass
class Faults:
    """The active faults, in the order in which they were added.

    A request gets the first fault that is drawn for it. While a script has steps left, it decides alone: its
    `None` means no fault at all.
    """

    _rules: list[_Rule] = field(default_factory=list)
    _chance: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - repeatable on purpose
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(  # noqa: PLR0913 - by name, and each has a default
        self,
        fault: Fault,
        *,
        action: str | None = None,
        probability: float = 1.0,
        times: int | None = None,
        seed: int | None = None,
        when: Callable[[Mapping[str, Any]], bool] | None = None,
    ) -> None:
        """Inject a fault into requests for `action`, or all, with a `probability`, at most `times` times.

        With a `seed` this fault has its own sequence of random numbers, else all share one. `when` gets a
        request's parameters and returns whether the fault applies to it. Raises `ValueError` for an invalid
        probability or number of times.
        """
        _number("probability", probability, 1)
        if times is not None and (type(times) is not int or times < 0):
            raise ValueError(f"times: a whole number from 0 is wanted, not {times!r}")
        chance = self._chance if seed is None else random.Random(seed)  # noqa: S311
        with self._lock:
            self._rules.append(
                _Rule(action, chance, fault=fault, probability=probability, times=times, when=when)
            )

    def script(self, faults: Iterable[Fault | None], *, action: str | None = None) -> None:
        """Inject these faults into the next requests, one each, `None` for none."""
        with self._lock:
            self._rules.append(_Rule(action, self._chance, script=list(faults)))

    def seed(self, seed: int) -> None:
        """Seed the random numbers that faults share; the default seed is 0."""
        with self._lock:
            self._chance.seed(seed)

    def pick(self, action: str, params: Mapping[str, Any] | None = None) -> Fault | None:
        """Return the fault that a request for `action` with `params` meets, if any."""
        with self._lock:
            for rule in self._rules:
                if not rule.concerns(action, params or {}):
                    continue
                fault = rule.pick()
                if fault or rule.script is not None:
                    return fault
            return None

    def clear(self) -> None:
        """Remove all faults and scripts, and restore the default seed."""
        with self._lock:
            self._rules.clear()
            self._chance.seed(0)

    def add_from(self, document: Any) -> None:
        """Add what a JSON object asks for: a fault as `described`, or `script`, a list of them and nulls.

        `action`, `probability`, `times` and `seed` are the arguments of `add` and `script` with these names.
        Raises `ValueError` for anything else.
        """
        if not isinstance(document, Mapping):
            raise ValueError(f"an object is wanted, not {document!r}")
        wanted = _given(document)
        action = _text("action", wanted["action"]) if "action" in wanted else None
        if "script" in wanted:
            _check_keys(wanted, ("script", "action"))
            if not isinstance(steps := wanted["script"], list):
                raise ValueError(f"script: a list is wanted, not {steps!r}")
            self.script([None if step is None else described(step) for step in steps], action=action)
            return
        fault = described(wanted, _RULE_KEYS)
        if type(seed := wanted.get("seed", 0)) is not int:
            raise ValueError(f"seed: a whole number is wanted, not {seed!r}")
        more = {name: wanted[name] for name in _RULE_KEYS[1:] if name in wanted}
        self.add(fault, action=action, **more)
