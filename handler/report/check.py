"""What a check found, and how it is said: findings become status, text and CloudEvents. Pure."""

import uuid
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, NamedTuple

from handler.errors.sentences import shortened
from handler.output.encoding import size
from handler.output.redaction import clean, cleaned
from handler.report.cloudevents import CHECK_TYPE, Envelope, Measure, split
from handler.report.entries import sendable
from handler.target import Kind

Level = Literal["error", "warning", "info"]

_SHOWN = 5
_LONGEST_SENTENCE = 300
_LONGEST_MESSAGE = 2_000


class Finding(NamedTuple):
    """What a check found. An error means that quiet hours may not be kept, or not be reported.

    `kind` and `id` say what it is about, `sdk_app_id` which application; `None` where none is.
    `subject` is what else makes it another finding, such as the name of quiet hours; it is not published.
    """

    level: Level
    code: str
    message: str
    kind: Kind | None = None
    id: int | None = None
    sdk_app_id: int | None = None
    subject: str = ""

    @property
    def about(self) -> Hashable:
        """What makes two findings the same: the message may tell a time, or the id of a request."""
        return self._replace(message="")

    def entry(self) -> dict[str, Any]:
        """Return the finding's entry in the notification."""
        entry = self._asdict() | {"message": sendable(shortened(self.message, _LONGEST_MESSAGE))}
        del entry["subject"]
        return entry


class _CheckReport(NamedTuple):
    id: str
    time: datetime
    source: str
    occasion: str
    scope: str
    findings: tuple[Finding, ...] = ()
    is_rehearsal: bool = False


class CheckReport(_CheckReport):
    """The findings of one check. `occasion` is how its text begins, `scope` says what was looked at."""

    def again(self) -> "CheckReport":
        """Return the same findings as a report with an id of its own."""
        return self._replace(id=str(uuid.uuid4()))

    @property
    def status(self) -> Literal["ok", "warnings", "errors"]:
        """The result of the check, in one word."""
        levels = {finding.level for finding in self.findings}
        return "errors" if "error" in levels else "warnings" if "warning" in levels else "ok"

    @property
    def attributes(self) -> dict[str, str]:
        """What subscribers of a topic can filter by."""
        return {"status": self.status, "action": "check"}

    def facts(self) -> dict[str, Any]:
        """Return what the function's log says of the check, apart from its status."""
        return {"text": self._data["text"], "findings": len(self.findings)}

    def data(self) -> Mapping[str, Any]:
        """Return the notification's `data`, whole. It is built once."""
        return self._data

    @cached_property
    def _data(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "findings": cleaned([finding.entry() for finding in self.findings]),
            "text": clean(self._text()),
        }

    def events(self, limit: int, measure: Measure = size) -> list[dict[str, Any]]:
        """Return the notification as CloudEvents of at most `limit` bytes each, see `cloudevents.split`."""
        return split(self._data, Envelope(self.id, self.source, self.time, CHECK_TYPE), limit, measure)

    def summary(self) -> str:
        """Return what a trigger is told of a check with errors: the first of them, in a line."""
        return clean(f"{self.occasion}: {self.counts()}: {_sentences(self._of('error'))}")

    def worst_first(self) -> list[Finding]:
        """Return the findings: the errors, the warnings, then what is only told."""
        return [*self._of("error"), *self._of("warning"), *self._of("info")]

    def counts(self) -> str:
        """Return the number of errors and of warnings, `1 ERROR, 2 WARNINGS`; nothing without any."""
        counts = Counter(finding.level for finding in self.findings)
        levels: tuple[Level, ...] = ("error", "warning")
        return ", ".join(
            f"{counts[each]:,} {each.upper()}{'S' * (counts[each] > 1)}" for each in levels if counts[each]
        )

    def _text(self) -> str:
        found = _sentences(self.worst_first())
        told = f"{found} " if found else ""
        return sendable(f"{self.occasion}: {self.counts() or 'everything is in order'}. {told}{self.scope}.")

    def _of(self, level: Level) -> list[Finding]:
        return [finding for finding in self.findings if finding.level == level]


def stable(message: str) -> str:
    """Return a cloud's message without words that have a digit, such as a time or a request id."""
    return " ".join(word for word in message.split() if not any(map(str.isdigit, word)))


def _sentences(findings: Sequence[Finding]) -> str:
    sentences = [shortened(finding.message.rstrip("."), _LONGEST_SENTENCE) for finding in findings[:_SHOWN]]
    more = [f"And {len(findings) - _SHOWN:,} more"] if len(findings) > _SHOWN else []
    return " ".join(f"{each}." for each in sentences + more)
