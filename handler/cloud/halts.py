"""What no further call can work with: in one API of one application, in one API, or at all."""

from __future__ import annotations

from handler.errors import CloudError, Meaning, Scope
from handler.target import SdkAppId


class Halts:
    """The errors that end the calls of a run, each for the API that it was answered to and no other.

    A missing permission ends the calls of that API in that application. Refused credentials end those of that
    API in all applications; each other API tries one call for itself first, since nothing but its own answer
    may keep a task from being seen or paused.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, SdkAppId | None], CloudError] = {}
        self._unreachable: CloudError | None = None

    def add(self, api: str, app: SdkAppId, error: CloudError) -> None:
        """Keep an error that a call was answered with, if it halts anything."""
        if error.meaning is Meaning.HALT:
            self._found.setdefault((api, None if error.scope is Scope.EVERYTHING else app), error)

    def unreachable(self, error: CloudError) -> None:
        """Keep an error that kept us from connecting at all: it ends all calls."""
        self._unreachable = self._unreachable or error

    def of(self, api: str, app: SdkAppId) -> CloudError | None:
        """Return the error that a call of this API would only repeat, if there is one."""
        return self._unreachable or self._found.get((api, app)) or self._found.get((api, None))

    def lacks(self, api: str, app: SdkAppId) -> bool:
        """Return whether this API refused this application for good, as for a missing permission."""
        return (api, app) in self._found

    def likely(self, api: str, app: SdkAppId) -> CloudError | None:
        """Return the error that a call of this API would most likely meet, also if only others met it."""
        of_any_api = (error for (_, where), error in self._found.items() if where is None)
        return self.of(api, app) or next(of_any_api, None)
