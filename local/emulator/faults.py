"""Faults on request: what can go wrong between a client and a cloud, by action and chance, or by script."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Kind(Enum):
    """What happens. Where the work is done although the client cannot know, the text says so."""

    LATENCY = "the answer comes late"
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


@dataclass(frozen=True)
class Fault:
    """A kind of fault; `seconds` of latency, stall, or between two dripping bytes; `code` of an API error."""

    kind: Kind
    seconds: float = 0.0
    code: str = "InternalError"
    message: str = "An internal error has occurred. Retry your request."

    @property
    def name(self) -> str:
        """The name, as the journal has it."""
        return self.code if self.kind is Kind.ERROR else self.kind.name.lower()


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
DB_ERROR = Fault(Kind.ERROR, code="InternalError.DBError", message="Internal database access failed.")
THROTTLED = Fault(
    Kind.ERROR,
    code="RequestLimitExceeded",
    message="Your current request times equals to `21` in a second, which exceeds the frequency limit `20` "
    "for a second. Please reduce the frequency of calls.",
)
NAMED: Mapping[str, Fault] = {
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
"""Every fault but latency and refused connections, by the name that the control plane takes."""


def latency(seconds: float) -> Fault:
    """Give a fault that lets every answer come `seconds` late."""
    return Fault(Kind.LATENCY, seconds=seconds)


def error(code: str, message: str = "refused on request") -> Fault:
    """Give a fault that answers with an API error."""
    return Fault(Kind.ERROR, code=code, message=message)


@dataclass
class _Rule:
    """The faults of one `add` or `script`: by chance for so many requests, or one after the other."""

    action: str | None
    script: list[Fault | None] | None = None
    fault: Fault | None = None
    probability: float = 1.0
    times: int | None = None

    def pick(self, chance: random.Random) -> Fault | None:
        if self.script is not None:
            return self.script.pop(0) if self.script else None
        if self.times == 0 or chance.random() >= self.probability:
            return None
        if self.times is not None:
            self.times -= 1
        return self.fault


@dataclass
class Faults:
    """The faults in force. The first rule that gives one for a request counts."""

    _rules: list[_Rule] = field(default_factory=list)
    _chance: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - repeatable on purpose
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self,
        fault: Fault,
        *,
        action: str | None = None,
        probability: float = 1.0,
        times: int | None = None,
    ) -> None:
        """Let requests meet a fault: those for `action`, or all; by chance; for so many `times`."""
        with self._lock:
            self._rules.append(_Rule(action, fault=fault, probability=probability, times=times))

    def script(self, faults: Iterable[Fault | None], *, action: str | None = None) -> None:
        """Let the next requests meet these faults, one each, `None` for none."""
        with self._lock:
            self._rules.append(_Rule(action, script=list(faults)))

    def seed(self, seed: int) -> None:
        """Choose the sequence of chance; it is 0 unless said otherwise."""
        with self._lock:
            self._chance.seed(seed)

    def pick(self, action: str) -> Fault | None:
        """Give the fault that a request for `action` meets, if any."""
        with self._lock:
            for rule in self._rules:
                if rule.action in {None, action} and (fault := rule.pick(self._chance)):
                    return fault
            return None

    def clear(self) -> None:
        """Let everything go well again."""
        with self._lock:
            self._rules.clear()
            self._chance.seed(0)

    def add_from(self, document: Mapping[str, Any]) -> None:
        """Add what a JSON object asks for: `fault`, or `latency` in seconds, or `code`; `action`, `times`.

        Raises `ValueError` for a fault that does not exist.
        """
        if "latency" in document:
            fault = latency(float(document["latency"]))
        elif "code" in document:
            fault = error(str(document["code"]), str(document.get("message", "refused on request")))
        elif document.get("fault") in NAMED:
            fault = NAMED[str(document["fault"])]
        else:
            raise ValueError(f"fault: one of {', '.join(NAMED)} is wanted, not {document.get('fault')!r}")
        times = document.get("times")
        self.add(
            fault,
            action=document.get("action"),
            probability=float(document.get("probability", 1.0)),
            times=None if times is None else int(times),
        )
