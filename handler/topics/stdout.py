"""The topic `stdout:`."""

import sys
from collections.abc import Mapping
from typing import Any

from handler.errors import CloudError, Meaning
from handler.output.encoding import LINE_LIMIT, encoded
from handler.report.publishable import Publishable


class Stdout:
    """The topic `stdout:`: each notification a line of standard output, short enough for CLS."""

    limit = LINE_LIMIT
    per_second = float("inf")

    def split(self, report: Publishable) -> list[dict[str, Any]]:
        """Return a report as CloudEvents, each short enough for one message."""
        return report.events(self.limit)

    def publish(self, event: Mapping[str, Any], report: Publishable, seconds: float) -> None:  # noqa: ARG002
        """Print one CloudEvent."""
        try:
            sys.stdout.write(encoded(event).decode() + "\n")
            sys.stdout.flush()
        except (OSError, ValueError, AttributeError) as error:  # a broken pipe, a closed file, no file at all
            raise CloudError("NotWritten", f"standard output: {error}", meaning=Meaning.HALT) from None

    def look(self, seconds: float) -> None:
        """Do nothing: standard output is there, or a platform keeps no log at all."""
