"""What no further call can work with: in one API of one application, or at all."""

from __future__ import annotations

from handler.errors import CloudError, Meaning
from handler.task import SdkAppId


class Halts:
    """The errors that end the calls of a run.

    A missing permission halts the API it was answered to, no other.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, SdkAppId] | None, CloudError] = {}

    def add(self, api: str, app: SdkAppId, error: CloudError) -> None:
        """Keep an error if it halts anything: everything where nothing can work, else this API here."""
        if error.meaning is Meaning.HALT:
            self._found.setdefault(None if error.stops_everything else (api, app), error)

    def everything(self, error: CloudError) -> None:
        """Keep an error that kept us from connecting at all."""
        self._found.setdefault(None, error)

    def of(self, api: str, app: SdkAppId) -> CloudError | None:
        """Return the error that a call of this API would only repeat, if there is one."""
        return self._found.get(None) or self._found.get((api, app))

    @property
    def all(self) -> CloudError | None:
        """The error that no call at all can work with, if there is one."""
        return self._found.get(None)
