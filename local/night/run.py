"""A night as it goes: the real handler at every wake-up, a clock that runs fast, and what happened."""

from __future__ import annotations

import json
import time
from bisect import bisect_left
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from io import StringIO
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple

from handler.audit.application import Ways
from handler.audit.auditor import Unobserved
from handler.cloud.ccc_types import STATES
from handler.cloud.pacing import Clock
from handler.errors import ConfigurationError
from handler.main import audit
from handler.output.numbers import masked
from handler.report.audit import AuditReport
from handler.report.entries import TargetReport
from handler.target import Kind, Outcome, SdkAppId, State
from handler.topics.notifier import Memory
from local.emulator import Emulator
from local.invoke import Run, run_handler
from local.night.plan import Member, Plan
from local.usage import IMPATIENT
from local.world import SECRET_ID, SECRET_KEY, Records, settings_of

CALLS_PER_MINUTE = 2
"""What each running target of a night makes."""
_SECOND_OF_A_CALL = 15
"""Half the time between two calls, so that neither a wake-up nor a turn of quiet hours meets one."""
_MOST_VIOLATIONS = 1_000_000_000
_REQUESTS_PER_SECOND = 1_000
_ENFORCE = {"Type": "Timer", "TriggerName": "night", "Message": json.dumps({"action": "enforce"})}
_SETTLED = timedelta(seconds=60)
_LOOKS_ANYHOW = timedelta(minutes=15)
"""So often a wake-up is run in any case: behind a claim without a result, this is when something changes."""
_CHANGES = frozenset({Outcome.PAUSED, Outcome.RESUMED, Outcome.FAILED, Outcome.DEFERRED})
_PAUSED: dict[Kind, int] = {
    kind: number for kind, known in STATES.items() for number, state in known.items() if state is State.PAUSED
}

What = Literal["paused", "found_paused", "person_paused", "resumed", "left_paused", "failed"]


class Happening(NamedTuple):
    """What happened to targets of the same quiet hours at a moment; `why` is empty where that says it all."""

    at: datetime
    what: What
    members: tuple[Member, ...]
    why: str = ""


class Calls(NamedTuple):
    """How many calls the targets with quiet hours started in these, and in the lead time before them."""

    quiet: int = 0
    lead: int = 0


class Night(NamedTuple):
    """What happened, what the function's audit of it found, and how everything stood at the end.

    Of the wake-ups some were run, and of these some failed. The others could not differ from the last one
    that was run: it had changed nothing, and neither a person nor the quiet hours had since.
    """

    happenings: list[Happening]
    wake_ups: int
    ran: int
    failed: int
    calls: Calls
    audit: AuditReport
    states: dict[tuple[SdkAppId, Kind, int], State | None]


class FastClock:
    """A clock that is moved, on which a sleep takes no time; durations also grow as real time passes."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._slept = 0.0

    def now(self) -> datetime:
        """Return the simulated time."""
        return self._now

    def move(self, to: datetime) -> None:
        """Move on to a later time."""
        self._now = max(self._now, to)

    def _sleep(self, seconds: float) -> None:
        self._slept += seconds
        self._now += timedelta(seconds=seconds)

    def clock(self) -> Clock:
        """Return it in the form in which the function takes one."""
        return Clock(self.now, lambda: time.monotonic() + self._slept, self._sleep)


def run(
    plan: Plan, policy: str, targets: dict[Kind, Records], note: Callable[[str], None], *, skip: bool = True
) -> Night:
    """Let a night pass, and return what happened. `note` is told how far it is.

    With `skip`, wake-ups that could not differ from the one before are not run.
    Raises `ConfigurationError` where the handler does.
    """
    # So no call starts in the very second in which quiet hours begin.
    clock = FastClock(plan.start + timedelta(seconds=(_SECOND_OF_A_CALL - plan.start.second) % 30))
    minutes = int((plan.end - plan.start) / timedelta(minutes=1))
    most = CALLS_PER_MINUTE * minutes + 1
    quiet = {each.key for each in plan.members if each.is_quiet(plan.start)}
    callees = [str(number) for number in range(most)]  # a campaign calls nobody else
    campaigns = [{**each, "callees": callees} for each in targets["campaign"]]
    emulator = Emulator(
        tasks=[_calling("task", each, quiet) for each in targets["task"]],
        campaigns=[_calling("campaign", each, quiet) for each in campaigns],
        secrets={SECRET_ID: SECRET_KEY},
        now=lambda: clock.now().timestamp(),
    )
    emulator.limits.default = None  # they count in real time, of which a night takes too little
    emulator.options.made_up_callees = most  # those whom a task called are all known to the audit
    with TemporaryDirectory(prefix="quiet-hours-") as folder, emulator:
        settings = settings_of(emulator, policy, "stdout:") | {"callout_ledger": f"file:{folder}"}
        return _Passing(plan, clock, emulator, settings, skip=skip).run(note)


def _calling(
    kind: Kind, record: Mapping[str, Any], quiet: Container[tuple[SdkAppId, Kind, int]]
) -> Mapping[str, Any]:
    """Return a record that calls; what is quiet when the night begins waits for the first wake-up."""
    waits = (record["sdk_app_id"], kind, record[f"{kind}_id"]) in quiet
    return {**record, "calls_per_minute": 0 if waits else CALLS_PER_MINUTE}


class _Passing:
    """A night that passes."""

    def __init__(
        self, plan: Plan, clock: FastClock, emulator: Emulator, settings: dict[str, Any], *, skip: bool
    ) -> None:
        self._plan, self._clock, self._emulator = plan, clock, emulator
        self._settings = settings
        self._given = settings | {"memory": Memory(), "backoff": IMPATIENT}
        self._without_lead = {
            each.key: each.hours and each.hours.without_lead_time() for each in plan.members
        }
        self._happenings: list[Happening] = []
        self._calls = Calls()
        self._at_night: set[Member] = set()
        self._known_paused: set[Member] = set()
        self._failure = ""
        self._wake_ups = self._ran = self._failed = 0
        self._skip, self._stirred, self._last_run = skip, True, plan.start

    def run(self, note: Callable[[str], None]) -> Night:
        since = self._plan.start
        for at, step in self._steps():
            self._clock.move(at)
            self._count(since, at)
            step()
            note(f"{at:%H:%M}")
            since = at
        self._clock.move(self._plan.end)
        self._count(since, self._plan.end)
        states = {each.key: self._state(each) for each in self._plan.members}
        note("reading the call records")
        return Night(
            self._happenings, self._wake_ups, self._ran, self._failed, self._calls, self._audit(), states
        )

    def _audit(self) -> AuditReport:
        """Return what the function's own audit says of the calls of this night."""
        ways = Ways(masked, Unobserved(), most_violations=_MOST_VIOLATIONS)
        settings = self._settings | {"callout_requests_per_second": _REQUESTS_PER_SECOND}
        with redirect_stdout(StringIO()):
            return audit(
                ways,
                self._plan.start,
                self._plan.end,
                clock=self._clock.clock(),
                backoff=IMPATIENT,
                **settings,
            )

    def _steps(self) -> Iterator[tuple[datetime, Callable[[], None]]]:
        """Yield what is done when, in its order. At a turn nothing is done, but the next wake-up is run."""
        steps: list[tuple[datetime, Callable[[], None]]] = []
        for at in self._plan.turns():
            steps += [(at, self._stir), (at + _SETTLED, self._stir)]
        steps += [(self._plan.act.at, self._person)] if self._plan.act else []
        steps += [(at, self._wake) for at in self._plan.wake_ups()]
        first = next(self._plan.wake_ups())
        steps.append((first - timedelta(seconds=_SECOND_OF_A_CALL), self._dial))
        return iter(sorted(steps, key=lambda each: each[0]))

    def _stir(self) -> None:
        self._stirred = True

    def _dial(self) -> None:
        """Let all dial: those that were quiet from the beginning as well."""
        for each in self._plan.members:
            self._record(each).calls_per_minute = CALLS_PER_MINUTE

    def _person(self) -> None:
        """Let a person pause her target, if it still runs."""
        act = self._plan.act
        self._stir()
        if act is not None and self._state(act.member) is State.RUNNING:
            self._record(act.member).state = _PAUSED[act.member.kind]
            self._happenings.append(Happening(act.at, "person_paused", (act.member,)))

    def _wake(self) -> None:
        self._wake_ups += 1
        at = self._clock.now()
        if self._skip and not self._stirred and at - self._last_run < _LOOKS_ANYHOW:
            return
        self._ran, self._last_run = self._ran + 1, at
        told = len(self._happenings)
        done = run_handler(_ENFORCE, self._clock.clock(), self._given, lambda _: None)
        if isinstance(done.error, ConfigurationError):
            raise done.error
        self._failed += done.error is not None
        self._see(at, done)
        changed = any(each.outcome in _CHANGES for report in done.reports for each in report.tasks)
        self._stirred = changed or done.error is not None or len(self._happenings) > told

    def _see(self, at: datetime, done: Run) -> None:
        """Take in what a wake-up did, and what it left."""
        entries: dict[tuple[int, Kind | None, int | None], TargetReport] = {}
        for report in done.reports:
            for each in report.tasks:
                entries[each.target.sdk_app_id, each.target.kind, each.target.id] = each
        found: dict[tuple[What, str | None, str], list[Member]] = {}
        for member in self._plan.members:
            if said := self._said(member, at, entries.get(member.key)):
                found.setdefault((said[0], member.coverage.quiet_hours, said[1]), []).append(member)
        self._happenings += [Happening(at, what, tuple(all_), why) for (what, _, why), all_ in found.items()]
        failure = str(done.error) if done.error else ""
        if failure and failure != self._failure:
            self._happenings.append(Happening(at, "failed", (), failure))
        self._failure = failure

    def _said(self, member: Member, at: datetime, entry: TargetReport | None) -> tuple[What, str] | None:
        """Return what is to be told of a target: what was done, or in the morning that nothing was."""
        outcome = entry.outcome if entry else None
        if member.is_quiet(at):
            self._at_night.add(member)
            knows = member in self._known_paused
            self._known_paused |= {member} if outcome in {Outcome.PAUSED, Outcome.ALREADY_PAUSED} else set()
            if outcome is Outcome.PAUSED:
                return "paused", ""
            return ("found_paused", "") if outcome is Outcome.ALREADY_PAUSED and not knows else None
        if outcome is Outcome.RESUMED:
            self._at_night.discard(member)
            self._known_paused.discard(member)
            return "resumed", ""
        if member not in self._at_night or member.is_quiet(at - _SETTLED):
            return None
        self._at_night.discard(member)
        self._known_paused.discard(member)
        return ("left_paused", self._why(member, entry)) if self._state(member) is State.PAUSED else None

    def _why(self, member: Member, entry: TargetReport | None) -> str:
        act = self._plan.act
        if act is not None and act.member == member:
            return "a person had paused it"
        if not member.coverage.resume:
            return "the policy says resume: false"
        return entry.reason if entry else "the function did not pause it"

    def _count(self, since: datetime, until: datetime) -> None:
        """Count the calls that started in a time in which no quiet hours begin or end."""
        quiet, lead = self._calls
        for each in self._plan.members:
            if not each.is_quiet(since):
                continue
            runs = self._record(each).dialling.runs
            before, by_now = (sum(bisect_left(run, at.timestamp()) for run in runs) for at in (since, until))
            if each.is_quiet(since, self._without_lead[each.key]):
                quiet += by_now - before
            else:
                lead += by_now - before
        self._calls = Calls(quiet, lead)

    def _record(self, member: Member) -> Any:
        records: Any = self._emulator.tasks if member.kind == "task" else self._emulator.campaigns
        return records.get(member.app, member.id)

    def _state(self, member: Member) -> State | None:
        return STATES[member.kind][self._record(member).state]
