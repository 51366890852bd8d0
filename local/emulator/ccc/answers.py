"""The answers to requests that do not fit: an unknown id, or a state in which the action makes no sense."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from local.emulator import errors

from .records import Records, T

SUCCESS = "success"


def find(records: Records[T], app: int, record_id: int, unknown: Enum) -> T | None:
    """Return a task or campaign; `None` if it does not exist and `unknown` is no error. Raises `ApiError`."""
    found = records.get(app, record_id)
    if found is None:
        _refuse(unknown, f"{records.schema.noun} {record_id} does not exist")
    return found


def refuse_unfit(noun: str, found: T, answers: Mapping[int, Enum]) -> None:
    """Raise the answer to a request that does not fit the state, if it is an error."""
    if found.state in answers:
        _refuse(answers[found.state], f"the state of {noun} {found.id} is {found.state}")


def _refuse(answer: Enum, why: str) -> None:
    if answer.value != SUCCESS:
        raise errors.of(answer.value, why)
