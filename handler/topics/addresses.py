"""The grammar of topic addresses, one row for each kind. Pure."""

import re
from typing import NamedTuple


class Address(NamedTuple):
    """A topic's address: its kind, and what the client of that kind takes: an ARN, a name or an id."""

    kind: str
    name: str


_KINDS = {
    # kind: how an address of it is written, and the pattern of that
    "sns": ("arn:aws:sns:REGION:ACCOUNT:NAME", re.compile(r"(arn:aws[^:]*:sns:[^:]+:[^:]+:[^:]+)")),
    "cmq": ("cmq:TOPIC", re.compile(r"cmq:(.+)", re.DOTALL)),
    "eventbridge": ("eventbridge:BUS_ID", re.compile(r"eventbridge:(.+)", re.DOTALL)),
    "stdout": ("stdout:", re.compile(r"stdout:()")),
}


def read(address: str) -> Address:
    """Return what an address means. Raises `ValueError` where it is of no kind."""
    for kind, (_, pattern) in _KINDS.items():
        if found := pattern.fullmatch(address):
            return Address(kind, found[1])
    *forms, last = (form for form, _ in _KINDS.values())
    raise ValueError(f"{address!r} is no topic; wanted is {', '.join(forms)} or {last}")
