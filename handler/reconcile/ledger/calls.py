"""The resumes of a claim: each is sent at most once where its result is unknown (*no-repeat*)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from handler.cloud.ccc_types import APIS
from handler.cloud.halts import Halts
from handler.cloud.pacing import Deadline, paced
from handler.errors import CloudError, Meaning
from handler.reconcile import target_reports
from handler.reconcile.ledger.records import Key, Result
from handler.reconcile.observer import Observer
from handler.reconcile.schedule import Schedule
from handler.target import FINISHED, Place, State, Target

if TYPE_CHECKING:
    from handler.cloud.ccc import Ccc
    from handler.cloud.ccc_types import Answer

_log = logging.getLogger(__name__)


class Called(NamedTuple):
    """What came of one resume: its answer or its error, and the state that was seen afterwards."""

    answer: Answer | None = None
    error: CloudError | None = None
    state: State | None = None

    @property
    def result(self) -> Result:
        """The result as the ledger keeps it: what was seen decides, then what was answered."""
        if self.state is State.RUNNING or self.state in FINISHED:
            return "resumed"
        unclear = self.error is not None and self.error.unclear
        if self.answer is None and not unclear:
            return "released"
        return "resumed" if self.answer is not None and self.state is not State.PAUSED else "unconfirmed"

    @property
    def sent(self) -> int:
        """How many requests were sent."""
        return self.answer.attempts if self.answer else self.error.attempts if self.error else 0


class Calls(NamedTuple):
    """Sends resumes at the pace of CCC, and looks at what became of them."""

    ccc: Callable[[], Ccc]
    observer: Observer
    halts: Halts
    schedule: Schedule
    verify: bool

    def resume(self, targets: Mapping[Key, Target], until: Deadline, last: Deadline) -> dict[Key, Called]:
        """Resume targets before `until`, and look at them before `last`; not in quiet hours."""
        if not targets:
            return {}
        try:
            ccc = self.ccc()
        except CloudError as error:
            return {key: Called(error=error) for key in targets}
        calls = []
        for key, target in targets.items():
            api = APIS[key[1]].act("resume")
            calls.append(
                (api, partial(self._send, ccc, key, target, until), partial(self._wanted, key, target))
            )
        answers = paced(calls, ccc.limit, until)
        done = {key: each or Called() for key, each in zip(targets, answers, strict=True)}
        looked = [targets[key] for key, each in done.items() if self.verify or each.error is not None]
        within = last.within(max(last.remaining() / 4, min(last.remaining(), 5.0)))
        seen = self.observer.look(looked, within, afresh=True) if looked else {}
        return {
            key: each._replace(state=seen[key].state if key in seen else None) for key, each in done.items()
        }

    def _send(self, ccc: Ccc, key: Key, target: Target, until: Deadline) -> Called:
        app, kind, id_ = key
        try:
            place, wanted = Place(app, kind), partial(self._wanted, key, target)
            return Called(ccc.act("resume", place, id_, wanted, until=until, repeats=False))
        except CloudError as error:
            self.halts.add(APIS[kind].act("resume"), app, error)
            return Called(error=error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it fails this target and no other
            _log.exception("unexpected error", extra={"kind": kind, "id": id_})
            unknown = CloudError("Unexpected", target_reports.named(error), meaning=Meaning.UNKNOWN)
            unknown.unclear = True
            return Called(error=unknown)

    def _wanted(self, key: Key, target: Target) -> bool:
        halted = self.halts.of(APIS[key[1]].act("resume"), key[0])
        return halted is None and not self.schedule.of(target).quiet
