"""The ledger's protocol as a model: who may do what next, and which step must never happen.

One target. Up to two runs at once, a person, a forced pause and an explicit resume take their steps in every
order. Every request may succeed, fail before it is carried out, lose its reply afterwards, or (pause, resume) be
carried out late, within a minute. Every run may crash between any two steps. The number of faults is bounded.

    in quiet hours    look, write a note, pause, look again, withdraw
    outside           list the ledger, look, claim, list again, resume, write the result; or, seen running: close

What a listing of the ledger means is decided by the project's own code: see ledger.py.

Left out: batches (targets share only the number of a claim), the 7 and the 30 days, `resume: false`, targets that
the policy lost, dry runs, a third run at once, a crash between closing two notes of one target. A reply of the
store that stays unknown is taken for a crash at that step. A person who pauses what is paused leaves no trace.
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

from handler.reconcile.ledger.book import NoteKind
from tests.models.ledger import (
    CLOSED,
    CONFIRMED_ONLY,
    NO_RESULT,
    RELEASED,
    RESUMED,
    UNCONFIRMED,
    Answers,
    Code,
    Stands,
)

RULES = {
    "settle": "nothing is resumed or closed in the first minute after the end: a last pause may be under way",
    "frozen": "notes and withdrawals are begun in quiet hours only, forced notes at any time",
    "withdraw": "a run takes back its note for what it provably did not pause and then sees running",
    "blind": "a blind note says nothing: the newest note that is not blind counts",
    "forced": "an open forced note keeps its target paused, whatever is newer",
    "list-again": "behind the claim, before the call, the notes are listed again",
    "force-waits": "a forced pause is done only when no resume of its target can be under way",
    "no-repeat": "a resume whose result is unknown is not sent again",
    "result": "every claim gets a result, created once",
    "age": "a claim without a result belongs to a crash only when its run must be over",
    "close-all": "who closes a target closes all its open notes",
    "close-claimed": "who closes also closes what is claimed without a result",
}
INVARIANTS = {
    "I1": "what a person paused stays paused",
    "I2": "a target is resumed once a morning, and a person's later pause stays",
    "I3": "what only we paused runs again, or is reported after a crash or an unknown result",
    "I4": "no resume despite an open forced note, and none because of a blind note",
    "I5": "in quiet hours nothing runs after a faultless wake-up",
    "I6": "an earlier night's note overrides neither a newer note nor a person's pause",
    "I7": "no confirmed resume is reported as unconfirmed",
}
NIGHT, MINUTE, DAY = range(3)
PHASES = ("night 1", "the minute after night 1", "day 1", "night 2", "the minute after night 2", "day 2")
NOBODY, US, US_BLINDLY, PERSON = 0, 1, 2, 3
"""Who made the present pause. `US` where a note says that the target ran; a person is `PERSON` plus the phase."""
HAS_LOOKED = frozenset({"write_note", "pause", "look_after_pause"})
MAY_RESUME = frozenset({"claim", "list_again", "resume", "repeat"})
HAS_CLAIMED = frozenset({"list_again", "resume", "repeat", "result"})


class Scenario(NamedTuple):
    """How much may happen: wake-ups a night and a day, then how often everybody else may act."""

    nights: int
    by_night: int
    by_day: int
    person: int
    faults: int
    force: int = 0
    explicit: int = 0


SCENARIOS = {
    "two wake-ups by night and two by day": Scenario(1, 2, 2, 2, 2),
    "three wake-ups by day": Scenario(1, 1, 3, 2, 2),
    "an explicit resume": Scenario(1, 1, 2, 2, 2, explicit=1),
    "a forced pause": Scenario(1, 1, 2, 1, 2, force=1),
    "a forced pause and an explicit resume": Scenario(1, 1, 2, 1, 1, force=1, explicit=1),
    "two nights": Scenario(2, 1, 2, 2, 1),
    "two nights and a forced pause": Scenario(2, 1, 1, 1, 1, force=1),
    "two nights and an explicit resume": Scenario(2, 1, 2, 1, 1, explicit=1),
}


class Note(NamedTuple):
    """A note, in the order of creation. From `replaces` on it is for the invariants only, and in no ledger."""

    kind: NoteKind
    night: int
    withdrawn: bool = False
    claims: str = ""
    replaces: int = 0  # a bit for each note whose pause had come to its end when this run looked
    over: bool = False  # a later look of ours saw the target running
    resumed: bool = False  # a resume by this note was carried out
    done: bool = False  # a forced pause that was reported as done

    @property
    def is_open(self) -> bool:
        """Whether it may still be acted on: judged here, not by the project's code."""
        return not self.withdrawn and self.claims[-1:] in {"", RELEASED}


class Run(NamedTuple):
    """A run of the function: its next step and what it remembers. What a later step does not read is cleared."""

    step: str
    kind: NoteKind | None = None  # of the note it is about to write; afterwards "forced" or None
    note: int = -1
    n: int = 0  # of its claim
    listed: int = 0  # how many notes there were
    plan: str = ""  # what the listing asks for: "claim", "report"
    outcome: str = ""  # of its call: "ok", "not" (provably not carried out), "unknown"
    replaces: int = 0
    old: bool = False  # it began before the present phase
    disturbed: bool = (
        False  # by night: a fault in it, or somebody acted; by day: a person acted since its look
    )
    known: bool = False  # when it claimed, the ledger knew that somebody else had resumed the target


class State(NamedTuple):
    """Everything."""

    phase: int
    paused: bool
    by: int
    wakes: int
    person: int
    faults: int
    force: int = 0
    explicit: int = 0
    notes: tuple[Note, ...] = ()
    runs: tuple[Run, ...] = ()
    late: tuple[tuple[str, int], ...] = ()  # calls under way whose run gave them up: action and note
    resumes: int = 0  # by enforce since the last quiet hours
    touched: bool = False  # somebody else changed the target
    broken: str = ""  # the invariant that the last step violated

    @property
    def part(self) -> int:
        """Whether it is night, the minute after it, or day."""
        return self.phase % 3

    def run(self, i: int, run: Run | None) -> "State":
        """The run goes on so, or ends."""
        return self._replace(runs=(*self.runs[:i], *((run,) if run else ()), *self.runs[i + 1 :]))

    def note(self, i: int, note: Note) -> "State":
        """The note becomes so."""
        return self._replace(notes=(*self.notes[:i], note, *self.notes[i + 1 :]))

    def seen_running(self, listed: int) -> "State":
        """We saw the target running, after these notes were written."""
        notes = tuple(note._replace(over=True) for note in self.notes[:listed])
        return self._replace(notes=notes + self.notes[listed:])

    def disturb(self, steps: frozenset[str]) -> "State":
        """Somebody acts while runs are at these steps."""
        if not any(run.step in steps for run in self.runs):
            return self
        disturbed = (
            run._replace(disturbed=True) if run.step in steps and run.kind != "forced" else run
            for run in self.runs
        )
        return self._replace(runs=tuple(disturbed))


Move = tuple[str, State]
Step = tuple[str, State, bool]
"""What happens, the state after it, and whether it is a fault."""


class Protocol:
    """The protocol in a scenario, with some rules left out."""

    def __init__(self, scenario: Scenario, without: frozenset[str] = frozenset()) -> None:
        if without - RULES.keys():
            raise ValueError(f"no such rule: {', '.join(sorted(without - RULES.keys()))}")
        self.scenario, self.rules, self.code = scenario, RULES.keys() - without, Code(without)
        self.recovers: dict[tuple[int, tuple[Note, ...]], bool] = {}

    def initial(self) -> Iterator[State]:
        """Night falls; the target runs, or a person has paused it."""
        c = self.scenario
        for paused, by in ((False, NOBODY), (True, PERSON)):
            yield State(0, paused, by, c.by_night, c.person, c.faults, c.force, c.explicit)

    def moves(self, s: State) -> Iterator[Move]:
        """Everything that can happen next."""
        yield from self.clock(s)
        if len(s.runs) < 2:
            yield from self.begin(s)
        if s.person:
            by = NOBODY if s.paused else PERSON + s.phase
            after = s._replace(paused=not s.paused, by=by, person=s.person - 1, touched=True)
            yield "a person resumes or pauses it", after.disturb(HAS_LOOKED | MAY_RESUME)
        for i, (action, note) in enumerate(s.late):
            rest = s._replace(late=s.late[:i] + s.late[i + 1 :])
            yield f"a {action} that was under way is carried out", self.carry_out(rest, action, note)
            yield f"a {action} that was under way is lost", rest
        for i, run in enumerate(s.runs):
            for sentence, after, fault in self.steps[run.step](s, i, run):
                if not fault:
                    yield sentence, after
                elif s.faults:
                    yield sentence, self.after_fault(after, i, len(s.runs))
            if s.faults:
                yield "it crashes", s.run(i, None)._replace(faults=s.faults - 1)

    @cached_property
    def steps(self) -> dict[str, Callable[[State, int, Run], Iterator[Step]]]:
        """The steps of a run by their names."""
        steps = (
            *(
                self.look,
                self.write_note,
                self.pause,
                self.look_after_pause,
                self.withdraw,
                self.look_after_force,
            ),
            *(self.list_ledger, self.look_by_day, self.report, self.close, self.claim, self.list_again),
            *(self.resume, self.repeat, self.result, self.close_as_told, self.resume_as_told),
        )
        return {step.__name__: step for step in steps}

    @staticmethod
    def after_fault(after: State, i: int, runs: int) -> State:
        """Return a state in which a fault has been used up."""
        run = after.runs[i] if len(after.runs) == runs else None
        if run and run.step in HAS_LOOKED and run.kind != "forced":
            after = after.run(i, run._replace(disturbed=True))
        return after._replace(faults=after.faults - 1)

    def clock(self, s: State) -> Iterator[Move]:
        """The clock goes on. A call is under way for less than a minute; no run lives through a night or a day."""
        landed = {NIGHT: "resume", MINUTE: "pause", DAY: ""}[s.part]
        if s.phase + 1 == self.scenario.nights * 3 or any(action == landed for action, _ in s.late):
            return
        if s.part == MINUTE or not any(run.old for run in s.runs):
            phase = s.phase + 1
            wakes = (self.scenario.by_night, self.scenario.by_day, s.wakes)[phase % 3]
            runs = tuple(run._replace(old=True) for run in s.runs)
            resumes = 0 if phase % 3 == MINUTE else s.resumes
            yield (
                f"the clock: {PHASES[phase]}",
                s._replace(phase=phase, wakes=wakes, runs=runs, resumes=resumes),
            )

    def begin(self, s: State) -> Iterator[Move]:
        """A run begins."""
        if s.wakes and s.part == NIGHT:
            yield "a wake-up begins", s._replace(wakes=s.wakes - 1, runs=(*s.runs, Run("look")))
        if s.wakes and self.may_resume(s):
            yield "a wake-up begins", s._replace(wakes=s.wakes - 1, runs=(*s.runs, Run("list_ledger")))
        if s.force:
            yield (
                "a forced pause begins",
                s._replace(force=s.force - 1, runs=(*s.runs, Run("write_note", "forced"))),
            )
        if s.explicit and s.part == DAY:
            yield "an explicit resume begins", s._replace(explicit=0, runs=(*s.runs, Run("close_as_told")))

    def may_resume(self, s: State) -> bool:
        """Whether quiet hours are over, and settled."""
        return s.part == DAY or (s.part == MINUTE and "settle" not in self.rules)

    def ask(self, s: State, listed: int | None = None) -> Answers:
        """Ask the project's code what the ledger says now, of the notes listed."""
        busy = {run.note for run in s.runs if run.step in HAS_CLAIMED}
        busy |= {note for action, note in s.late if action == "resume"}
        stands = (Stands(n.kind, n.withdrawn, n.claims, i in busy) for i, n in enumerate(s.notes[:listed]))
        return self.code.ask(tuple(stands))

    # Calls to CCC

    @staticmethod
    def carry_out(s: State, action: str, i: int) -> State:
        """CCC does what a run asked for, by its note `i`, -1 without one. Once more changes nothing."""
        if s.paused == (action == "pause"):
            return s
        if action == "pause":
            return s._replace(paused=True, by=US if i >= 0 and s.notes[i].kind == "running" else US_BLINDLY)
        broken = s.broken
        if s.resumes or s.notes[i].resumed:
            broken = "I2"
        elif any(note.done and note.is_open for note in s.notes):
            broken = "I4"
        after = s.note(i, s.notes[i]._replace(resumed=True)).disturb(HAS_LOOKED)
        return after._replace(paused=False, by=NOBODY, resumes=1, broken=broken)

    def call(self, s: State, i: int, action: str, then: Run) -> Iterator[Step]:
        """The four ways in which a call may go."""
        done = self.carry_out(s, action, s.runs[i].note)
        then = then._replace(disturbed=done.runs[i].disturbed)
        unknown = then._replace(outcome="unknown")
        gone = s._replace(late=tuple(sorted((*s.late, (action, then.note)))))
        yield f"it sends {action}: done", done.run(i, then._replace(outcome="ok")), False
        yield f"it sends {action}: refused", s.run(i, then._replace(outcome="not")), True
        yield f"it sends {action}: done, the reply is lost", done.run(i, unknown), True
        yield f"it sends {action}: no reply, still under way", gone.run(i, unknown), True

    # In quiet hours, and forced pauses

    def look(self, s: State, i: int, run: Run) -> Iterator[Step]:
        """Running, or not to be seen: it is noted and paused."""
        pausing = {each.note for each in s.runs if each.step == "pause"}
        pausing |= {note for action, note in s.late if action == "pause"}
        if s.paused:
            yield "it looks: paused, nothing to do", s.run(i, None), False
        else:
            at_rest = sum(1 << note for note in range(len(s.notes)) if note not in pausing)
            then = run._replace(step="write_note", kind="running", replaces=at_rest)
            yield "it looks: running", s.run(i, then), False
        yield "it looks in vain", s.run(i, run._replace(step="write_note", kind="blind")), True

    def write_note(self, s: State, i: int, run: Run) -> Iterator[Step]:
        """The note is written before the pause."""
        if s.part != NIGHT and run.kind != "forced" and "frozen" in self.rules:
            yield "it finds quiet hours over", s.run(i, None), False
            return
        assert run.kind
        note = Note(run.kind, s.phase // 3, replaces=run.replaces)
        then = run._replace(step="pause", kind="forced" if run.kind == "forced" else None, replaces=0)
        noted = s._replace(notes=(*s.notes, note)).run(i, then._replace(note=len(s.notes)))
        yield f"it writes a note: {run.kind}", noted, False
        yield "it cannot write its note, and goes on", s.run(i, then), True

    def pause(self, s: State, i: int, run: Run) -> Iterator[Step]:
        """The pause is sent, unless quiet hours are over."""
        if s.part == NIGHT or run.kind == "forced":
            step = "look_after_force" if run.kind == "forced" else "look_after_pause"
            yield from self.call(s, i, "pause", run._replace(step=step))
        else:
            then = run._replace(step="look_after_pause", outcome="not")
            yield "it finds quiet hours over, and sends nothing", s.run(i, then), False

    def look_after_pause(self, s: State, i: int, run: Run) -> Iterator[Step]:
        """Paused, or unknown, or too late: the note stands. Else it is withdrawn."""
        after = s.run(i, None)
        if s.part == NIGHT and not s.paused and not run.disturbed:
            after = after._replace(broken="I5")
        elif not s.paused and run.outcome == "not" and run.note >= 0:
            if "withdraw" in self.rules and (s.part == NIGHT or "frozen" not in self.rules):
                after = s.run(i, Run("withdraw", note=run.note, old=run.old))
            elif s.part == NIGHT:
                after = after.note(run.note, s.notes[run.note]._replace(over=True))
        yield f"it looks again: {'paused' if s.paused else 'running'}", after, False
        yield "it looks again in vain", s.run(i, None), True

    def withdraw(self, s: State, i: int, run: Run) -> Iterator[Step]:
        """The note is taken back."""
        if s.part == NIGHT or "frozen" not in self.rules:
            note = s.notes[run.note]._replace(withdrawn=True, replaces=0)
            yield "it withdraws its note", s.note(run.note, note).run(i, None), False
        yield "it does not withdraw its note", s.run(i, None), s.part == NIGHT

    def look_after_force(self, s: State, i: int, run: Run) -> Iterator[Step]:
        """A forced pause is done when it is seen, and no resume can be under way. Until then it waits."""
        if self.ask(s).under_way and "force-waits" in self.rules:
            return
        after = s.run(i, None)
        if s.paused and run.note >= 0:
            done = after.note(run.note, s.notes[run.note]._replace(done=True))
            yield "it looks again: paused, it is done", done, False
        else:
            yield "it looks again: it fails", after, False

    # Outside quiet hours

    def list_ledger(self, s: State, i: int, run: Run) -> Iterator[Step]:
        """What counts is claimed if it is open; else what a run that is over left behind is reported."""
        said = self.ask(s)
        then = Run("look_by_day", listed=len(s.notes), old=run.old)
        if said.resumable:
            then = then._replace(plan="claim", note=said.counting, n=said.numbers[said.counting])
        elif said.unsettled:
            note, n = said.unsettled[0]
            then = then._replace(plan="report", note=note, n=n)
        yield "it lists the ledger", s.run(i, then), False
        yield "it cannot list the ledger", s.run(i, None), True

    def look_by_day(self, s: State, i: int, run: Run) -> Iterator[Step]:
        """Seen running: close. Seen paused: as the listing asks for."""
        yield "it looks in vain", s.run(i, None), True
        then = None
        if self.may_resume(s) and s.paused and run.plan:
            then = run._replace(step=run.plan, plan="")
        elif s.part == DAY and not s.paused and run.listed:
            then = Run("close", listed=run.listed, old=run.old)
        yield f"it looks: {'paused' if s.paused else 'running'}", s.run(i, then), False

    def report(self, s: State, i: int, run: Run) -> Iterator[Step]:
        """Who creates the result of a claim that a crashed run left reports it."""
        claims = s.notes[run.note].claims
        after = self.settle(s, run.note, run.n, UNCONFIRMED).run(i, None)
        if claims[run.n - 1] == CONFIRMED_ONLY:
            after = after._replace(broken="I7")
        yield "it reports it as unconfirmed, and writes that", after, False
        yield "it cannot write the result", s.run(i, None), True

    def close(self, s: State, i: int, run: Run) -> Iterator[Step]:
        """Somebody else resumed the target."""
        if s.part == DAY:
            yield "it closes", self.closed(s, run.listed).seen_running(run.listed).run(i, None), False
        yield "it closes nothing", s.run(i, None), s.part == DAY

    def closed(self, s: State, listed: int) -> State:
        """Return the state after what was listed has been closed without a call."""
        for note in self.ask(s, listed).to_close:
            s = s.note(note, s.notes[note]._replace(claims=s.notes[note].claims + CLOSED))
        return s

    def claim(self, s: State, i: int, run: Run) -> Iterator[Step]:
        """The number is free, or somebody else has it."""
        note = s.notes[run.note]
        if not self.may_resume(s):
            yield "it finds that quiet hours have begun", s.run(i, None), False
        elif len(note.claims) >= run.n:
            yield (
                "it finds the number taken, and begins again",
                s.run(i, Run("list_ledger", old=run.old)),
                False,
            )
        else:
            newer = any(each.replaces >> run.note & 1 for each in s.notes if not each.withdrawn)
            then = run._replace(step="list_again" if "list-again" in self.rules else "resume")
            claimed = s.note(run.note, note._replace(claims=note.claims + NO_RESULT))
            yield "it creates its claim", claimed.run(i, then._replace(known=note.over or newer)), False
            yield "it cannot create its claim", s.run(i, None), True

    def list_again(self, s: State, i: int, run: Run) -> Iterator[Step]:
        """What was forced meanwhile is left out."""
        left_out = self.left_out(run)
        if self.ask(s).counting == run.note:
            yield "it lists the notes again", s.run(i, run._replace(step="resume")), False
        else:
            yield "it lists the notes again: forced", s.run(i, left_out), False
        yield "it cannot list the notes again", s.run(i, left_out), True

    @staticmethod
    def left_out(run: Run) -> Run:
        """Return the run after it sent no call."""
        return Run("result", note=run.note, n=run.n, outcome="not", old=run.old)

    def resume(self, s: State, i: int, run: Run) -> Iterator[Step]:
        """The call, judged in the moment in which it is sent."""
        if not self.may_resume(s):
            yield "it finds that quiet hours have begun", s.run(i, self.left_out(run)), False
            return
        if "no-repeat" in self.rules:
            then = Run("result", note=run.note, n=run.n, old=run.old)
        else:
            then = run._replace(step="repeat")
        wrong = self.judge(s, run)
        for sentence, after, fault in self.call(s, i, "resume", then):
            yield sentence, after._replace(broken=wrong) if wrong else after, fault

    @staticmethod
    def judge(s: State, run: Run) -> str:
        """Return the invariant that a resume violates when it is sent now, "" for none."""
        note = s.notes[run.note]
        if note.kind != "running":
            return "I4"
        if any(n.night > note.night and n.kind != "blind" and not n.withdrawn for n in s.notes[: run.listed]):
            return "I6"
        if s.by < PERSON or run.disturbed or not run.known:
            return ""
        if note.night < s.phase // 3:
            return "I6"
        return "I1" if (s.by - PERSON) % 3 == NIGHT else "I2"

    def repeat(self, s: State, i: int, run: Run) -> Iterator[Step]:
        """Without "no-repeat": an unknown result is tried once more."""
        then = Run("result", note=run.note, n=run.n, outcome=run.outcome, old=run.old)
        if run.outcome == "unknown" and s.paused:
            for sentence, after, fault in self.call(s, i, "resume", then):
                yield f"it looks: paused; {sentence}", after, fault
        else:
            yield "it goes on", s.run(i, then), False

    @staticmethod
    def settle(s: State, i: int, n: int, result: str) -> State:
        """Create the result of a claim; one that exists stays."""
        claims = s.notes[i].claims
        if claims[n - 1] not in {NO_RESULT, CONFIRMED_ONLY}:
            return s
        return s.note(i, s.notes[i]._replace(claims=claims[: n - 1] + result + claims[n:]))

    def result(self, s: State, i: int, run: Run) -> Iterator[Step]:
        """The result; after an unknown reply it is what is seen."""
        unknown = UNCONFIRMED if s.paused else RESUMED
        result = {"ok": RESUMED, "not": RELEASED, "unknown": unknown}[run.outcome]
        if "result" not in self.rules:
            result = CONFIRMED_ONLY if run.outcome == "ok" else NO_RESULT
        after = self.settle(s, run.note, run.n, result).run(i, None)
        if run.outcome == "ok" and after.notes[run.note].claims[run.n - 1] == UNCONFIRMED:
            after = after._replace(broken="I7")
        yield "it writes the result", after, False
        yield "it cannot write the result", s.run(i, None), True

    # An explicit resume

    def close_as_told(self, s: State, i: int, run: Run) -> Iterator[Step]:
        """An explicit resume closes before its call."""
        closed = self.closed(s, len(s.notes))._replace(touched=True)
        yield "it closes", closed.run(i, Run("resume_as_told", listed=len(s.notes), old=run.old)), False

    def resume_as_told(self, s: State, i: int, run: Run) -> Iterator[Step]:
        """The call of an explicit resume."""
        after = s.run(i, None)
        if s.part == DAY:
            after = after.seen_running(run.listed).disturb(HAS_LOOKED)._replace(paused=False, by=NOBODY)
        yield "it resumes, or is refused in quiet hours", after, False

    # In the end

    def forgotten(self, s: State) -> bool:
        """By day, nothing going on, paused by us alone: do faultless wake-ups neither resume nor report it?"""
        if s.by != US or s.part != DAY or s.runs or s.late or s.touched:
            return False
        if any(note.kind == "forced" for note in s.notes):
            return False
        known = self.recovers.get((s.phase, s.notes))
        if known is None:
            known = self.recovers[s.phase, s.notes] = self.is_recovered(s)
        return not known

    def is_recovered(self, s: State) -> bool:
        """Whether three faultless wake-ups resume or report it."""
        s = State(s.phase, s.paused, s.by, 0, 0, 0, notes=s.notes)
        for _ in range(3):
            s = s._replace(runs=(Run("list_ledger"),))
            while s.runs:
                (s,) = (after for _, after, fault in self.steps[s.runs[0].step](s, 0, s.runs[0]) if not fault)
        return not s.paused or any(UNCONFIRMED in note.claims for note in s.notes)
