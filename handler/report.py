"""Outcomes become a report, and a report becomes CloudEvents: status, text, splitting by size. Pure."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import cached_property
from itertools import islice
from typing import Any, Literal, NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

from handler.encoding import encoded, slices
from handler.errors import shortened
from handler.quiet_hours.zone import WEEKDAYS, local
from handler.redaction import clean, cleaned
from handler.task import Outcome, Task

EVENT_TYPE = "callout.quiet-hours.report.v1"

Status = Literal["succeeded", "partial", "failed", "skipped", "rejected"]
Notify = Literal["always", "changes", "failures"]

UNFINISHED = frozenset({Outcome.FAILED, Outcome.DEFERRED})
"""What the trigger is asked to come back for."""
_BAD = UNFINISHED | {Outcome.NOT_FOUND, Outcome.NOT_ALLOWED}
_IDLE = frozenset({Outcome.NOT_QUIET, Outcome.STILL_QUIET, Outcome.NOT_STARTED, Outcome.FINISHED})
_CHANGED = frozenset({Outcome.PAUSED, Outcome.RESUMED, Outcome.WOULD_PAUSE, Outcome.WOULD_RESUME})
_SHOWN = 5


class Hours(NamedTuple):
    """What the quiet hours called `name` say at `now`: quiet or not, and until when.

    `until` is the next change, `None` if there is none; `interval` the rule that holds, as written.
    `exempt_until` is set for a task that the policy exempts; then it is not quiet, whatever the rules say.
    """

    name: str
    quiet: bool
    until: datetime | None
    time_zone: str
    interval: str | None
    now: datetime
    exempt_until: datetime | None = None

    def sentence(self) -> str:
        """Return it as a sentence: `quiet in America/New_York until 08:00, 5 h 12 min from now`."""
        if self.exempt_until:
            return f"{self.exemption()}, {span(self.exempt_until - self.now)} from now"
        if self.until is None:
            return f"always quiet in {self.time_zone}" if self.quiet else f"never quiet in {self.time_zone}"
        return f"{self._until()}, {span(self.until - self.now)} from now"

    def short(self) -> str:
        """Return it without the distance: `Quiet in America/New_York until Tue 08:00`."""
        text = self._until() if self.until else self.sentence()
        return text[0].upper() + text[1:]

    def exemption(self) -> str:
        """Return how long the task is exempt: `exempt from quiet hours until Tue 00:00`."""
        return (
            f"exempt from quiet hours until {when(self.exempt_until or self.now, self.now, self.time_zone)}"
        )

    def _until(self) -> str:
        state = "quiet" if self.quiet else "not quiet"
        return f"{state} in {self.time_zone} until {when(self.until or self.now, self.now, self.time_zone)}"


class TaskError(NamedTuple):
    """Why a task did not become what was asked: the cloud's code and message, and its request id."""

    code: str
    message: str
    request_id: str | None = None

    def entry(self) -> dict[str, Any]:
        """Return the error's entry in the notification."""
        return {key: value and sendable(value) for key, value in self._asdict().items()}


class TaskReport(NamedTuple):
    """What became of one task, and why. `before` is the state that was seen, as CCC names it."""

    task: Task
    outcome: Outcome
    hours: Hours | None
    reason: str
    attempts: int = 0
    request_id: str | None = None
    error: TaskError | None = None

    def entry(self) -> dict[str, Any]:
        """Return the task's entry in the notification."""
        hours = self.hours
        quiet_until = _instant(hours.until) if hours and hours.quiet and hours.until else None
        error = self.error
        return {
            "task_id": self.task.task_id,
            "sdk_app_id": self.task.sdk_app_id,
            "name": self.task.name and sendable(self.task.name),
            "quiet_hours": self.task.quiet_hours,
            "outcome": self.outcome.value,
            "reason": sendable(self.reason),
            "quiet_until": quiet_until,
            "exempt_until": _instant(hours.exempt_until) if hours and hours.exempt_until else None,
            "time_zone": hours.time_zone if hours else None,
            "attempts": self.attempts,
            "request_id": self.request_id and sendable(self.request_id),
            "error": error and error.entry(),
        }


class Problem(NamedTuple):
    """What went wrong apart from any task: an invalid message, settings that cannot be used.

    `body` is the message as it came, for a trigger that keeps no copy. `key` tells the message from all
    others, whichever invocation it comes in; `None` where nothing does. `first` is set where the trigger says
    that the message was not delivered before.
    """

    code: Literal["Rejected", "Configuration", "Unexpected", "ListIncomplete"]
    message: str
    message_id: str | None = None
    body: str | None = None
    key: bytes | None = None
    first: bool = False

    def entry(self) -> dict[str, Any]:
        """Return the problem's entry in the notification."""
        return {
            "message_id": self.message_id and sendable(self.message_id),
            "code": self.code,
            "message": sendable(self.message),
            "body": self.body and sendable(self.body),
        }


class _Report(NamedTuple):
    id: str
    time: datetime
    source: str
    trigger: str | None = None
    action: str | None = None
    dry_run: bool = False
    tasks: tuple[TaskReport, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    """What to know of the policy's data, a sentence each: `handler.policy.Policy.notes`."""


class Report(_Report):
    """The outcomes of one invocation, and why. `action` is `None` where no message was a request."""

    @property
    def status(self) -> Status:
        """The whole in a word."""
        outcomes = {task.outcome for task in self.tasks}
        if self.problems and not outcomes:
            return "rejected" if all(problem.code == "Rejected" for problem in self.problems) else "failed"
        if self.problems or outcomes & _BAD:
            return "partial" if outcomes - _BAD else "failed"
        return "skipped" if outcomes <= _IDLE else "succeeded"

    def text(self) -> str:
        """Return what happened in a line or two that a person reads in a chat room."""
        sentences = [_sentence_of_problems(self.problems), _sentence_of_outcomes(self.tasks)]
        exempt = [task for task in self.tasks if task.hours and task.hours.exempt_until]
        sentences += _some([_exemption(task) for task in exempt[:_SHOWN]], len(exempt), "exempt tasks")
        hours = {
            task.hours.name: task.hours for task in self.tasks if task.hours and not task.hours.exempt_until
        }
        shown = islice(hours.values(), _SHOWN)
        sentences += _some([each.short() for each in shown], len(hours), "quiet hours")
        sentences += self.notes
        prefix = "Dry run: " if self.dry_run else ""
        return sendable(prefix + " ".join(f"{sentence}." for sentence in sentences if sentence))

    def data(self) -> Mapping[str, Any]:
        """Return the notification's `data`, whole. It is built once."""
        return self._data

    def with_problems(self, problems: Sequence[Problem]) -> "Report":
        """Return the report of the same tasks with other problems."""
        other = self._replace(problems=tuple(problems))
        other.entries = self.entries
        return other

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        """The tasks' entries in the notification."""
        entries: list[dict[str, Any]] = cleaned([task.entry() for task in self.tasks])
        for task, entry in zip(self.tasks, entries, strict=True):
            entry["outcome"] = task.outcome.value  # a word of ours, even where a key is such a word
        return entries

    @cached_property
    def _data(self) -> dict[str, Any]:
        summary = Counter(task.outcome.value for task in self.tasks)
        return {
            "status": self.status,
            "action": self.action,
            "dry_run": self.dry_run,
            "trigger": self.trigger,
            "text": clean(self.text()),
            "summary": dict(summary),
            "tasks": self.entries,
            "errors": cleaned([problem.entry() for problem in self.problems]),
        }

    def wanted_by(self, notify: Notify) -> bool:
        """Return whether a report like this one is to be published."""
        if notify == "always":
            return True
        failed = self.status in {"partial", "failed", "rejected"}
        return failed or (notify == "changes" and any(task.outcome in _CHANGED for task in self.tasks))

    def events(self, limit: int) -> list[dict[str, Any]]:
        """Return the notification as CloudEvents of at most `limit` bytes each, encoded by `encoded`.

        A report that does not fit becomes several, each with `part`: its number, of how many, of which
        report. Their `tasks` and `errors`, one after the other, are those of the whole; an error too
        long for one part comes in pieces, whose `message` and `body` are to be joined. Texts of a task that
        no part could hold whole, such as a name of a thousand control characters, lose their middle.
        """
        data = self._data
        whole = self._event(data, self.id)
        if len(encoded(whole)) <= limit:
            return [whole]
        if len(encoded(data["text"])) > _LONGEST_TEXT:
            data = data | {"text": shortened(data["text"], _LONGEST_TEXT // _LONGEST_ESCAPE)}
        parts = list(self._parts(data, limit))
        events = []
        for number, (tasks, errors) in enumerate(parts, 1):
            part = {"number": number, "of": len(parts), "report": self.id}
            events.append(
                self._event(data | {"tasks": tasks, "errors": errors, "part": part}, f"{self.id}-{number}")
            )
        return events

    def _parts(self, data: dict[str, Any], limit: int) -> Iterator[tuple[list[Any], list[Any]]]:
        empty = data | {"tasks": [], "errors": [], "part": _WIDEST_PART | {"report": self.id}}
        room = limit - len(encoded(self._event(empty, f"{self.id}-{_WIDEST_PART['of']}")))
        entries = [("tasks", _fitting(entry, room)) for entry in data["tasks"]]
        entries += [("errors", piece) for error in data["errors"] for piece in _pieces(error, room)]
        part: dict[str, list[Any]] = {"tasks": [], "errors": []}
        used = 0
        for key, entry in entries:
            size = len(encoded(entry)) + 1
            if used and used + size > room:
                yield part["tasks"], part["errors"]
                part, used = {"tasks": [], "errors": []}, 0
            part[key].append(entry)
            used += size
        yield part["tasks"], part["errors"]

    def _event(self, data: Mapping[str, Any], event_id: str) -> dict[str, Any]:
        """Wrap `data` in the envelope of CloudEvents 1.0, cloudevents.io."""
        return {
            "specversion": "1.0",
            "id": event_id,
            "source": sendable(self.source),
            "type": EVENT_TYPE,
            "time": _instant(self.time),
            "datacontenttype": "application/json",
            "data": dict(data),
        }


_WIDEST_PART = {"number": 99_999, "of": 99_999, "report": ""}


def bounded(data: Mapping[str, Any], limit: int = 1_000_000) -> dict[str, Any]:
    """Return a report's data for an answer of at most `limit` bytes.

    What is too long is left out, and how much of it there was stands in `tasks_omitted` or
    `errors_omitted`; the notification has it all. A platform takes no answer beyond 6 MB, and a trigger
    that waits for one delivers the event again.
    """
    answer = dict(data)
    for key in ("tasks", "errors"):
        if answer[key] and len(json.dumps(answer).encode()) > limit:
            answer[f"{key}_omitted"] = len(answer.pop(key))
    return answer


def source(function: str) -> str:
    """Return the source of a function's CloudEvents: a URI reference, which has no space and no secret."""
    path = quote(clean(function), safe="/:@!$&'()*+,;=", errors="backslashreplace")
    return f"/callout-quiet-hours/{path}"


def sendable(text: str) -> str:
    r"""Return a text that UTF-8 can hold: half of a surrogate pair is written as `\ud800`."""
    return str(text).encode("utf-8", "backslashreplace").decode()


def span(length: timedelta) -> str:
    """Return a length of time as text: `5 h 12 min`, `3 d 4 h`, `40 s`."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds} s"
    minutes = round(seconds / 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "d"), (hours, "h"), (minutes if not days else 0, "min")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def when(at: datetime, now: datetime, time_zone: str) -> str:
    """Return when an instant is, on the clocks of a zone: `08:00` today, `Tue 08:00`, `2026-12-01 08:00`."""
    zone = ZoneInfo(time_zone)
    then, today = local(at, zone), local(now, zone).date()
    days = (then.date() - today).days
    if days == 0:
        return f"{then:%H:%M}"
    day = WEEKDAYS[then.weekday()] if 0 < days < 7 else then.date().isoformat()  # noqa: PLR2004
    return f"{day} {then:%H:%M}"


def _instant(at: datetime) -> str:
    return local(at, timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


_CLAUSES: tuple[tuple[Outcome, str, str], ...] = (
    # What a reader must not overlook comes first.
    (Outcome.FAILED, "1 task FAILED", "{} tasks FAILED"),
    (Outcome.DEFERRED, "1 task was not reached in time", "{} tasks were not reached in time"),
    (Outcome.NOT_FOUND, "1 task was not found", "{} tasks were not found"),
    (Outcome.NOT_ALLOWED, "1 task was refused", "{} tasks were refused"),
    (Outcome.PAUSED, "paused 1 task", "paused {} tasks"),
    (Outcome.RESUMED, "resumed 1 task", "resumed {} tasks"),
    (Outcome.WOULD_PAUSE, "would pause 1 task", "would pause {} tasks"),
    (Outcome.WOULD_RESUME, "would resume 1 task", "would resume {} tasks"),
    (Outcome.ALREADY_PAUSED, "1 was paused already", "{} were paused already"),
    (Outcome.ALREADY_RUNNING, "1 was running already", "{} were running already"),
    (Outcome.NOT_QUIET, "left 1 task alone", "left {} tasks alone"),
    (Outcome.STILL_QUIET, "did not resume 1 task in quiet hours", "did not resume {} tasks in quiet hours"),
    (Outcome.NOT_STARTED, "1 has not started", "{} have not started"),
    (Outcome.FINISHED, "1 is finished", "{} are finished"),
)


def _sentence_of_outcomes(tasks: Sequence[TaskReport]) -> str:
    counts = Counter(task.outcome for task in tasks)
    clauses = [
        one if counts[outcome] == 1 else many.format(counts[outcome])
        for outcome, one, many in _CLAUSES
        if counts[outcome]
    ]
    text = ", ".join(clauses)
    return text[:1].upper() + text[1:]


def _sentence_of_problems(found: Sequence[Problem]) -> str:
    rejected = [problem for problem in found if problem.code == "Rejected"]
    others = (problem for problem in found if problem.code != "Rejected")
    parts = [f"{problem.code} error: {problem.message}" for problem in islice(others, _SHOWN)]
    if len(rejected) == 1:
        parts.append(f"Not a request: {rejected[0].message}")
    elif rejected:
        parts.append(f"{len(rejected)} messages are no requests, the first: {rejected[0].message}")
    text = "; ".join(parts).rstrip(".")
    return text if len(text) <= _LONGEST_SENTENCE else text[:_LONGEST_SENTENCE] + "… (see errors)"


def _exemption(report: TaskReport) -> str:
    name = shortened(str(report.task.name or report.task.task_id), _LONGEST_NAME)
    return f"{name} is {report.hours.exemption() if report.hours else ''}"


def _some(sentences: list[str], of: int, of_what: str) -> list[str]:
    more = of - len(sentences)
    return sentences + ([f"And {more} more {of_what}"] if more > 0 else [])


_LONGEST_SENTENCE = 300
_LONGEST_NAME = 80
_LONGEST_TEXT = 3_000
"""Bytes of `text` in each part of a report."""
_LONGEST_ESCAPE = 6
"""Bytes that JSON takes for one character of UTF-8."""


def _fitting(entry: dict[str, Any], room: int) -> dict[str, Any]:
    """Return a task's entry, its longest texts shortened where it has more than `room` bytes."""
    most = 512
    while len(encoded(entry)) + 1 > room and most >= 32:  # noqa: PLR2004
        entry = _with_texts_of(entry, most)
        most //= 2
    return entry


def _with_texts_of(entry: dict[str, Any], most: int) -> dict[str, Any]:
    parts = {key: _with_texts_of(each, most) for key, each in entry.items() if isinstance(each, dict)}
    texts = {key: shortened(each, most) for key, each in entry.items() if isinstance(each, str)}
    return entry | parts | texts


def _pieces(entry: dict[str, Any], room: int) -> list[dict[str, Any]]:
    """Return an error's entry in pieces of at most `room` bytes; itself where it fits."""
    if len(encoded(entry)) + 1 <= room:
        return [entry]
    empty = entry | {"message": "", "body": "", "piece": 99_999, "pieces": 99_999}
    space = room - len(encoded(empty)) - 1
    cut = [("message", text) for text in slices(entry["message"], space)]
    cut += [("body", text) for text in slices(entry["body"] or "", space)]
    return [
        entry | {"message": "", "body": None, "piece": number, "pieces": len(cut)} | {key: text}
        for number, (key, text) in enumerate(cut, 1)
    ]
