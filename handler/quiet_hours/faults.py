"""All faults of a document at once, each with its place. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

Place = tuple[str | int, ...]
T = TypeVar("T")


class Faults:
    """Collects what is wrong while the rest is read on; `check` raises it all as one ValidationError."""

    def __init__(self) -> None:
        self._found: list[InitErrorDetails] = []

    @property
    def count(self) -> int:
        """Give how many faults were noted."""
        return len(self._found)

    @property
    def messages(self) -> set[str]:
        """Give what is wrong, without the places."""
        return {str(found["type"]) for found in self._found}

    def add(self, place: Place, message: str, value: object) -> None:
        """Note that `value` at `place` is refused because of `message`."""
        error = PydanticCustomError("quiet_hours", "{message}", {"message": message})
        self._found.append(InitErrorDetails(type=error, loc=place, input=value))

    def attempt(self, place: Place, read: Callable[[Any], T], value: object) -> T | None:
        """Give `read(value)`; where it raises ValueError note that and give None."""
        try:
            return read(value)
        except ValidationError as error:
            for found in error.errors():
                self.add((*place, *found["loc"]), found["msg"], found["input"])
        except ValueError as error:
            self.add(place, str(error), value)
        return None

    def check(self) -> None:
        """Raise ValidationError with all that was noted; nothing if there is none."""
        if self._found:
            raise ValidationError.from_exception_data("QuietHours", self._found)


def nearest(word: str, known: Iterable[str]) -> str:
    """Give `; did you mean 'x'?` for the known word closest to this one, or nothing."""
    import difflib  # noqa: PLC0415 - only a refusal needs it

    spelled = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), spelled, n=1)
    return f"; did you mean {spelled[near[0]]!r}?" if near else ""
