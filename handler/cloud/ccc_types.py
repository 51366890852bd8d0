"""The names of CCC's APIs, and what they answer as values. Pure.

Answers are read entry by entry: one that is absurd does not spoil the others.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeGuard

from handler.cloud.error_codes import cloud_error
from handler.errors.sentences import given
from handler.target import INT64_MAX, Action, Kind, State, TargetId


class Apis(NamedTuple):
    """The APIs of one kind of target, and the names of what they take and answer.

    `describe` is what shows one target: of a campaign the list, filtered by its id, since its detail has no
    state on the international site.
    """

    pause: str
    resume: str
    describe: str
    list: str
    id: str
    entries: str
    state: str

    def act(self, action: Action) -> str:
        """Return the API that carries an action out."""
        return self.pause if action == "pause" else self.resume


APIS: Mapping[Kind, Apis] = {
    "task": Apis(
        "PauseAutoCalloutTask",
        "ResumeAutoCalloutTask",
        "DescribeAutoCalloutTask",
        "DescribeAutoCalloutTasks",
        "TaskId",
        "Tasks",
        "State",
    ),
    "campaign": Apis(
        "PausePredictiveDialingCampaign",
        "ResumePredictiveDialingCampaign",
        "DescribePredictiveDialingCampaigns",
        "DescribePredictiveDialingCampaigns",
        "CampaignId",
        "CampaignList",
        "Status",
    ),
}
ACTIONS = frozenset(each.act(action) for each in APIS.values() for action in ("pause", "resume"))
"""The APIs that change something."""
STATES: Mapping[Kind, Mapping[int, State]] = {
    # `DescribeAutoCalloutTaskResponse.State`
    "task": {
        0: State.NOT_STARTED,
        1: State.RUNNING,
        2: State.COMPLETED,
        3: State.ENDING,
        4: State.ENDED,
        5: State.PAUSED,
    },
    # `DescribePredictiveDialingCampaignsElement.Status`: 2 is paused here, and completed there.
    "campaign": {
        0: State.NOT_STARTED,
        1: State.RUNNING,
        2: State.PAUSED,
        3: State.ENDED,
        4: State.COMPLETED,
    },
}
"""The numbers with which CCC answers. Source: CCC API 2020-02-10, and the official SDK's models."""
NOT_THERE = ("ResourceNotFound", "InvalidParameterValue", "InvalidParameter")
"""The codes with which CCC may answer for a target that it does not know."""


class Answer(NamedTuple):
    """The outcome of a call: its request id, and how often it was sent until it was answered."""

    request_id: str | None
    attempts: int


class Seen(NamedTuple):
    """A target as CCC shows it. `state` is `None` for a number that is not in the documents.

    `not_before` is when a task starts by itself, in Unix seconds, 0 where CCC does not say.
    """

    id: TargetId
    name: str
    state: State | None
    not_before: int = 0


class Page(NamedTuple):
    """A page of an application's tasks or campaigns: its number, from 0, and its size.

    `total` is how many there are, `None` where the answer has no usable number. `unreadable` has the name, if
    any, of each entry without a usable id; `unnamed` says whether one has no name that is a text.
    """

    targets: tuple[Seen, ...]
    number: int
    size: int
    total: int | None
    unreadable: tuple[str | None, ...] = ()
    unnamed: bool = False


def read_answer(response: dict[str, Any], attempts: int) -> Answer:
    """Read the answer to an action, whose request was sent so often."""
    request_id = response.get("RequestId")
    return Answer(request_id if isinstance(request_id, str) else None, attempts)


def read_page(kind: Kind, response: dict[str, Any], number: int, size: int) -> Page:
    """Read an answer entry by entry: one that cannot be used does not spoil the others.

    Where the first page has fewer entries than were asked for and than there are, that many is its size: the
    largest size is not documented, and may be enforced without an error.
    """
    api = APIS[kind]
    entries, total = response.get(api.entries), response.get("TotalCount")
    empty = entries is None and _is_count(total) and total == 0
    if not isinstance(entries, list) and not empty:
        raise cloud_error("UnreadableAnswer", f"{api.entries}: a list is expected, not {given(entries)}")
    targets: list[Seen] = []
    unreadable: list[str | None] = []
    unnamed = False
    for entry in entries or ():
        fields = entry if isinstance(entry, dict) else {}
        id_, name = fields.get(api.id), _text(fields.get("Name"))
        if _is_count(id_) and 0 < id_ <= INT64_MAX:
            targets.append(read_target(kind, fields, TargetId(id_)))
            unnamed |= name is None
        else:
            unreadable.append(name)
    total = total if _is_count(total) and total <= INT64_MAX else None
    shown = len(entries or ())
    if number == 0 and total is not None and 0 < shown < min(size, total):
        size = shown
    return Page(tuple(_without_contradictions(targets)), number, size, total, tuple(unreadable), unnamed)


def _without_contradictions(targets: list[Seen]) -> list[Seen]:
    """Return targets without the state of those that one page shows in two: which holds is not known."""
    states: dict[TargetId, set[State | None]] = {}
    for each in targets:
        states.setdefault(each.id, set()).add(each.state)
    return [each if len(states[each.id]) == 1 else each._replace(state=None) for each in targets]


def read_target(kind: Kind, entry: dict[str, Any], id_: TargetId) -> Seen:
    """Read a target. What is not as documented is left out: an unknown state, a name that is not text."""
    state, start = entry.get(APIS[kind].state), entry.get("NotBefore")
    return Seen(
        id_,
        _text(entry.get("Name")) or "",
        STATES[kind].get(state) if _is_count(state) else None,
        start if _is_count(start) else 0,
    )


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
