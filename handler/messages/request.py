"""A message's body becomes a request, or a refusal that names the fields at fault. Pure."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from handler.errors import RejectedError
from handler.errors.sentences import SHOWN, given
from handler.policy.json_document import check_characters, parse_json
from handler.triggers.delivery import LONGEST

if TYPE_CHECKING:
    from handler.messages.fields import Requested

Action = Literal["pause", "resume", "enforce", "check", "audit"]

MOST_TASKS = 10_000
"""Tasks that one message may name; at 20 requests per second, pausing them takes eight minutes."""
_MOST_KEYS = 20
"""Keys of an object; a request has 4. Each unknown one costs a sentence."""


class Request(NamedTuple):
    """Which tasks and campaigns, and what to do. `tasks` is `None` for all that the policy covers.

    `force` pauses them at any time, whatever the quiet hours say. `start` and `end` are those of an audit.
    """

    action: Action = "pause"
    tasks: "list[Requested] | None" = None
    dry_run: bool = False
    force: bool = False
    start: datetime | None = None
    end: datetime | None = None


def parse(body: Any, shown: int = SHOWN) -> Request:
    """Return the request that a message's body holds: JSON text, or what was parsed from it.

    Raises `RejectedError` with a sentence for each of the first `shown` faults, and the number of the others.
    """
    try:
        document = _parsed(body)
    except ValueError as error:
        raise RejectedError([str(error)]) from None
    if not document:
        return Request()
    from handler.messages.fields import read  # noqa: PLC0415 - a timer asks for everything, and needs no model

    return read(document, shown)


def _parsed(body: Any) -> dict[str, Any]:
    """Return the object that a body is. Raises `ValueError` if it is none, or a larger one than is taken."""
    if isinstance(body, str):
        _check_length(body)
        document = parse_json(body)
    else:
        document = body
        check_characters(document)
    if not isinstance(document, dict):
        raise ValueError(f'an object such as {{"tasks": [16498]}} is wanted, not {given(document)}')
    _check_numbers(document)
    if not isinstance(body, str):
        _check_length(json.dumps(document, ensure_ascii=False))
    return document


def _check_length(text: str) -> None:
    # Encoded only where that decides: a character takes four bytes at most.
    size = len(text) * 4 > LONGEST and len(text.encode("utf-8", "surrogatepass"))
    if size > LONGEST:
        raise ValueError(f"a message of at most {LONGEST:,} bytes is wanted, not of {size:,}")


def _check_numbers(document: Mapping[str, Any]) -> None:
    """Raise `ValueError` for more tasks or keys than are worth a sentence each."""
    tasks = document.get("tasks")
    if isinstance(tasks, (list, tuple)):
        if len(tasks) > MOST_TASKS:
            raise ValueError(f"tasks: at most {MOST_TASKS:,} are wanted, not {len(tasks):,}")
        for index, task in enumerate(tasks):
            if isinstance(task, dict) and len(task) > _MOST_KEYS:
                raise ValueError(f"tasks[{index}]: at most {_MOST_KEYS} keys are wanted, not {len(task):,}")
    if len(document) > _MOST_KEYS:
        raise ValueError(f"at most {_MOST_KEYS} keys are wanted, not {len(document):,}")
