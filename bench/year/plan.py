"""What is to be soaked, and what was found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from typing import Literal, NamedTuple

PERIOD = 300
"""How often the timer fires, in seconds."""
SETTLING = 60
"""In so many seconds after quiet hours the function resumes nothing: a pause may still be under way."""
INVOCATION = 60
"""The longest that an invocation takes, in seconds."""
IDLE_SAMPLE = 48
"""Of the wake-ups at which nothing can change, one in so many is done all the same."""


@dataclass(frozen=True)
class Plan:
    """What is to be soaked. `phase` is how long after :00 the timer fires, in seconds.

    `lead_time` is in minutes. `faults` is the probability that a request meets a fault, `outages` that the
    cloud fails for the whole of a try. A person does `acts` a day. A ledger in `cos` meets the faults as
    well, one in a `file` does not. Of the wake-ups that can change nothing, one in `every` is run.
    `audited`, the function audits each day and the rest at the end.
    """

    first: date
    days: int
    lead_time: int = 5
    phase: int = 0
    faults: float = 0.0
    outages: float = 0.0
    acts: float = 2.0
    ledger: Literal["file", "cos"] = "file"
    seed: int = 1
    every: int = IDLE_SAMPLE
    audited: bool = True

    @property
    def start(self) -> int:
        """The midnight of UTC at which it begins, in Unix seconds."""
        return int(
            datetime(self.first.year, self.first.month, self.first.day, tzinfo=timezone.utc).timestamp()
        )

    @property
    def end(self) -> int:
        """When it ends, in Unix seconds."""
        return self.start + self.days * 86_400


class Moment(NamedTuple):
    """What concerns a task at an instant, in Unix seconds."""

    task_id: int
    at: int

    def __str__(self) -> str:
        """Return it as a line of a list has it."""
        return f"task {self.task_id} {datetime.fromtimestamp(self.at, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"


@dataclass
class Found:
    """What was counted.

    `late` are the calls that a task started in quiet hours, but for `hers`: those that it started because a
    person had resumed it in quiet hours, before a wake-up that was due could pause it again. `violations` are
    the calls in quiet hours that `audits` found, `incomplete` of which had not all; no count but these comes
    from the call records.

    `lost` are the calls that a task did not make because the function had paused it, although quiet hours
    were over; `lost_reported` of these, after a report had named it. `longest` is for how many seconds at
    most a task waited in a morning, without a report.

    `mornings` counts the resumes by the function, one for each task and morning, and `wrongly_resumed` are
    those of what it had not paused, or in quiet hours. `left_paused` is what it had paused and was still
    paused when it should have been resumed, without a word; `reported`, how often a report had named it.
    """

    wake_ups: int = 0
    worked: int = 0
    failed: int = 0
    retries: int = 0
    ccc_calls: int = 0
    faults_met: int = 0
    nights: int = 0
    pauses: int = 0
    resumes: int = 0
    reports: int = 0
    acts: dict[str, int] = field(default_factory=dict)
    calls: int = 0
    late: list[Moment] = field(default_factory=list)
    hers: list[Moment] = field(default_factory=list)
    lost: int = 0
    lost_reported: int = 0
    longest: float = 0.0
    mornings: int = 0
    wrongly_resumed: list[Moment] = field(default_factory=list)
    left_paused: list[Moment] = field(default_factory=list)
    reported: int = 0
    audits: int = 0
    incomplete: int = 0
    violations: list[Moment] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def missed(self) -> list[Moment]:
        """The calls in quiet hours that were counted, but found by no audit."""
        return _without([*self.late, *self.hers], self.violations)

    @property
    def unheard(self) -> list[Moment]:
        """The calls in quiet hours that audits found, but that were not counted."""
        return _without(self.violations, [*self.late, *self.hers])


def _without(these: list[Moment], those: list[Moment]) -> list[Moment]:
    return sorted((Counter(these) - Counter(those)).elements())
