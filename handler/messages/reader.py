"""One value per message: what it asks for, or why it is refused, and what became of it. Pure."""

import json
from collections.abc import Container, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from handler.errors import RejectedError
from handler.errors.sentences import SHOWN, few, shortened
from handler.errors.spelling import bounded_suggestions
from handler.messages.request import Action, Request, parse
from handler.messages.resolve import Known, resolve
from handler.policy.model import Policy
from handler.policy.rules import applications
from handler.report.entries import UNFINISHED, Problem, TargetReport
from handler.target import Action as JobAction
from handler.target import Job, Outcome, SdkAppId
from handler.triggers.delivery import Fate, Message

Done = Mapping[Job, Sequence[TargetReport]]
"""What became of each job."""

_LONGEST_ID = 200
"""Characters of a message's id in a report: a sender may choose it, and each part of a report repeats it."""
_MOST_SENTENCES = 2_000
"""Faults described for all messages of one event; each invalid message has at least its first one."""


class MessageResult(NamedTuple):
    """A message, and either the request that it is, with its jobs, or the problem with it."""

    message: Message
    request: Request | None = None
    jobs: tuple[Job, ...] = ()
    problem: Problem | None = None

    @property
    def asks_for(self) -> Action | None:
        """What the message asks for, `None` where it is no request."""
        return self.request and self.request.action

    @property
    def is_inspection(self) -> bool:
        """Whether the message asks for a check or an audit, which have no jobs."""
        return self.asks_for in {"check", "audit"}

    @property
    def asks_to_pause_all(self) -> bool:
        """Whether the message asks for every task of the policy to be paused, as a timer's does."""
        request = self.request
        if request is None or request.tasks is not None or request.force:
            return False
        return request.action in {"pause", "enforce"}

    @property
    def enforces(self) -> bool:
        """Whether the message asks for what was paused to be resumed outside quiet hours."""
        return self.asks_for == "enforce"

    def fate(self, done: Done, unread: Container[Job] = ()) -> Fate:
        """Return what the trigger has to know. A message is done if none of its jobs is unfinished.

        `unread` are the jobs whose tasks may not all have been found.
        """
        if self.problem is not None:
            return Fate.REJECTED
        unfinished = any(
            job in unread or any(report.outcome in UNFINISHED for report in done[job]) for job in self.jobs
        )
        return Fate.RETRY if unfinished else Fate.DONE


class _Shared:
    """Shares one object among equal jobs, and among requests for all tasks, which saves memory."""

    def __init__(self) -> None:
        self.same: dict[Job, Job] = {}
        self.everything: dict[Request, tuple[Job, ...]] = {}


class Reader(NamedTuple):
    """Reads messages. `scope`, the platform's request id, distinguishes messages whose ids are not unique."""

    known: Known
    policy: Policy
    default_app: SdkAppId | None
    dry_run: bool
    scope: str | None

    def read(self, messages: Sequence[Message]) -> "tuple[list[MessageResult], list[Job]]":
        """Return each message as a request or a problem, and the jobs of all of them, each once.

        A fault in one message does not affect the others.
        """
        shown = max(1, min(SHOWN, _MOST_SENTENCES // max(1, len(messages))))
        seen = _Shared()
        with bounded_suggestions():
            results = [self._read(message, shown, seen) for message in messages]
        return results, list(seen.same)

    def _read(self, message: Message, shown: int, seen: _Shared) -> MessageResult:
        try:
            if message.fault:
                raise RejectedError([message.fault])
            request = parse(message.body, shown)
            if request.action in {"check", "audit"}:
                return MessageResult(message, request)
            # What enforce asks for in quiet hours; the ledger says what it asks for outside them.
            action: JobAction = "resume" if request.action == "resume" else "pause"
            if request.tasks is None and (jobs := seen.everything.get(request)):
                return MessageResult(message, request, jobs)
            apps = applications(self.policy, self.default_app) if request.tasks is None else ()
            targets = resolve(request, self.known, self.policy.quiet_hours, self.default_app, apps)
        except RejectedError as error:
            text = "; ".join(few(error.problems, shown))
            return MessageResult(message, problem=rejected(message, text, self.scope))
        except Exception as error:  # noqa: BLE001 - a bug of ours must not block the other messages
            text = shortened(f"{type(error).__name__}: {error}")
            problem = rejected(message, text, self.scope)._replace(code="Unexpected")
            return MessageResult(message, problem=problem)
        dry_run = request.dry_run or self.dry_run
        found = (Job(action, target, dry_run, request.force) for target in targets)
        jobs = tuple(seen.same.setdefault(job, job) for job in found)
        if request.tasks is None:
            seen.everything[request] = jobs
        return MessageResult(message, request, jobs)


def rejected(message: Message, text: str, scope: str | None) -> Problem:
    """Return the problem with an invalid message.

    Its key stays the same when the message is redelivered: a platform that retries keeps the request id.
    """
    body = text_of_body(message.record if message.fault else message.body)
    scope = "" if message.unique else scope
    key = None if scope is None else _digest(scope, message.id, body)
    return Problem("Rejected", text, message.id[:_LONGEST_ID] or None, body, key, message.first)


def entries(done: Done) -> tuple[TargetReport, ...]:
    """Return an entry for each target that is to be paused or resumed, under each of its quiet hours.

    A name and a number, or two messages, may mean the same target. Of several reports of one, a real one is
    kept rather than a dry run, an unfinished one rather than a finished one, and one with requests rather
    than one without: quiet hours may have begun between the two.
    """
    reports = [(job, report) for job, each in done.items() for report in each]
    real = {(job.action, report.target.key) for job, report in reports if not job.dry_run}
    found: dict[tuple[Any, ...], TargetReport] = {}
    for job, report in reports:
        if job.dry_run and (job.action, report.target.key) in real:
            continue
        key = (job.action, report.target.key, report.target.quiet_hours)
        if key not in found or _weight(report) > _weight(found[key]):
            found[key] = report
    return tuple(found.values())


def with_morning(
    entries: Sequence[TargetReport], morning: Sequence[TargetReport]
) -> tuple[TargetReport, ...]:
    """Return the entries with those of the morning, which replace what says only that it is not quiet."""
    held = {each.target.key for each in morning}
    kept = [each for each in entries if each.outcome is not Outcome.NOT_QUIET or each.target.key not in held]
    return (*kept, *morning)


def _weight(report: TargetReport) -> tuple[bool, bool]:
    return report.outcome in UNFINISHED, report.attempts > 0


def text_of_body(body: Any) -> str:
    """Return a message's body as a text for the report."""
    if isinstance(body, str):
        return body
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"))  # NaN may be the fault
    except (RecursionError, TypeError, ValueError) as error:
        return f"a {type(body).__name__} that cannot be written as JSON: {error}"


def _digest(*parts: str) -> bytes:
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()
