"""All faults of a document at once, each with its place. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from handler.errors.sentences import MORE, SHOWN, shortened
from handler.errors.spelling import suggestion

Place = tuple[str | int, ...]
T = TypeVar("T")


class Faults:
    """Collects what is wrong while the rest is read on; `check` raises it all as one ValidationError.

    Of many faults the first ones are kept and the others counted, as in `handler.errors.few`.
    """

    def __init__(self) -> None:
        self._found: list[InitErrorDetails] = []
        self.count = 0
        """How many faults were noted."""

    @property
    def messages(self) -> set[str]:
        """Return what is wrong, without the places."""
        return {str(found["type"]) for found in self._found}

    def add(self, place: Place, message: str, value: object) -> None:
        """Note that `value` at `place` is refused because of `message`."""
        self.count += 1
        if len(self._found) < SHOWN:
            error = PydanticCustomError("quiet_hours", "{message}", {"message": shortened(message)})
            self._found.append(InitErrorDetails(type=error, loc=place, input=value))

    def attempt(self, place: Place, read: Callable[[Any], T], value: object) -> T | None:
        """Return `read(value)`; where it raises ValueError note that and return None."""
        try:
            return read(value)
        except ValidationError as error:
            for found in error.errors():
                if found["type"] == MORE:
                    self.count += found["ctx"]["count"]
                else:
                    self.add((*place, *found["loc"]), found["msg"], found["input"])
        except ValueError as error:
            self.add(place, str(error), value)
        return None

    def check(self) -> None:
        """Raise ValidationError with all that was noted; nothing if there is none."""
        if not self._found:
            return
        if more := self.count - len(self._found):
            error = PydanticCustomError(MORE, "and {count} more", {"count": more})
            self._found.append(InitErrorDetails(type=error, loc=(), input=None))
        raise ValidationError.from_exception_data("QuietHours", self._found)


nearest = suggestion
