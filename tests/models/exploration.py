"""Visit every state, breadth first: the first violation that is found has a shortest trace."""

import gc
from typing import NamedTuple

from tests.models.protocol import Protocol, State


class Found(NamedTuple):
    """How many states there are, and the trace to the first violation of each invariant."""

    states: int
    traces: dict[str, list[str]]


def explore(model: Protocol, *, only_first: bool = False) -> Found:
    """Explore a model completely, or until something is violated."""
    came_from: dict[State, State | None] = dict.fromkeys(model.initial())
    queue, traces = list(came_from), dict[str, list[str]]()
    collected = gc.isenabled()
    gc.disable()  # there is no garbage, and looking for it would take half of the time
    try:
        for s in queue:  # grows as we go
            if "I3" not in traces and model.forgotten(s):
                traces["I3"] = [
                    *_trace(model, came_from, s),
                    "faultless wake-ups neither resume nor report it",
                ]
            for sentence, after in model.moves(s):
                if after.broken:
                    if after.broken not in traces:
                        traces[after.broken] = [*_trace(model, came_from, s), sentence]
                elif after not in came_from:
                    came_from[after] = s
                    queue.append(after)
            if traces and only_first:
                break
    finally:
        if collected:
            gc.enable()
    return Found(len(queue), traces)


def _trace(model: Protocol, came_from: dict[State, State | None], s: State) -> list[str]:
    """Return what happened on the way to a state. `it` is the older or the newer of two runs, by `1:` and `2:`."""
    sentences: list[str] = []
    before = came_from[s]
    while before is not None:
        sentence = next(sentence for sentence, after in model.moves(before) if after == s)
        if sentence.startswith("it ") and len(before.runs) > 1:
            moved = next(i for i, run in enumerate(before.runs) if i >= len(s.runs) or run != s.runs[i])
            sentence = f"{moved + 1}: {sentence}"
        sentences.append(sentence)
        s, before = before, came_from[before]
    sentences.append(
        "night 1, the target is paused by a person" if s.paused else "night 1, the target is running"
    )
    return sentences[::-1]
