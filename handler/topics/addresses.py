"""The grammar of topic addresses, one row for each kind. Pure."""

import re
from typing import NamedTuple


class Address(NamedTuple):
    """A topic's address: its kind, and what the client of that kind takes: an ARN, a name or an id."""

    kind: str
    name: str


_KINDS = {
    # how an address begins: its kind, how it is written, and its pattern, compiled where it is used
    "arn": ("sns", "arn:aws:sns:REGION:ACCOUNT:NAME", r"(arn:aws[^:]*:sns:[^:]+:[^:]+:[^:]+)"),
    "cmq": ("cmq", "cmq:TOPIC", r"cmq:((?s:.+))"),
    "eventbridge": ("eventbridge", "eventbridge:BUS_ID", r"eventbridge:((?s:.+))"),
    "stdout": ("stdout", "stdout:", r"stdout:()"),
}


def read(address: str) -> Address:
    """Return what an address means. Raises `ValueError` where it is of no kind."""
    kind, _, pattern = _KINDS.get(address.partition(":")[0], ("", "", "(?!)"))
    if found := re.fullmatch(pattern, address):
        return Address(kind, found[1])
    *forms, last = (form for _, form, _ in _KINDS.values())
    raise ValueError(f"{address!r} is no topic; wanted is {', '.join(forms)} or {last}")
