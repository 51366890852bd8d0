"""One value per message: what it asks for, what became of it, and what tells it from all others."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from handler.messages.reader import Done, MessageResult, Reader, entries
from handler.messages.resolve import Known
from handler.policy.model import Policy
from handler.quiet_hours import QuietHours
from handler.report.entries import TargetReport
from handler.target import Action, Job, Outcome, Target, TargetId
from handler.triggers.delivery import Fate, Message
from tests.support import APP

O = Outcome  # noqa: E741
NOW = datetime(2026, 11, 23, 23, 0, tzinfo=timezone.utc)
ALWAYS = QuietHours.model_validate({"time_zone": "UTC", "quiet": ["00:00-24:00"]})
POLICY = Policy(quiet_hours={"default": ALWAYS, "us-east": ALWAYS})


def task(number: int | None = 1, name: str | None = None, hours: str = "default") -> Target:
    return Target(APP, TargetId(number) if number else None, name, hours)


def became(outcome: Outcome, of: Target) -> TargetReport:
    return TargetReport(of, outcome, None, "the reason")


def reader(scope: str | None = "r1", **tasks: Target) -> Reader:
    return Reader(Known.of(tasks), POLICY, APP, dry_run=False, scope=scope)


def message(*jobs: Job) -> MessageResult:
    return MessageResult(Message("m", "{}"), jobs=jobs)


def test_a_message_is_answered_by_what_became_of_its_own_jobs() -> None:
    real, dry = Job("pause", task()), Job("pause", task(), dry_run=True)
    done: Done = {real: [became(O.FAILED, task())], dry: [became(O.WOULD_PAUSE, task())]}
    assert message(real).fate(done) is Fate.RETRY
    assert message(dry).fate(done) is Fate.DONE
    assert message(dry, real).fate(done) is Fate.RETRY


@pytest.mark.parametrize("first", ["pause", "resume"])
def test_contradicting_messages_have_each_their_own_fate(first: Action) -> None:
    second: Action = "resume" if first == "pause" else "pause"
    jobs = Job(first, task()), Job(second, task())
    done: Done = {jobs[0]: [became(O.PAUSED, task())], jobs[1]: [became(O.DEFERRED, task())]}
    assert [message(job).fate(done) for job in jobs] == [Fate.DONE, Fate.RETRY]
    assert len(entries(done)) == 2


def test_one_task_under_two_quiet_hours_has_an_entry_and_a_fate_for_each() -> None:
    one, other = task(), task(hours="us-east")
    jobs = Job("pause", one), Job("pause", other)
    done: Done = {jobs[0]: [became(O.FAILED, one)], jobs[1]: [became(O.NOT_QUIET, other)]}
    assert [message(job).fate(done) for job in jobs] == [Fate.RETRY, Fate.DONE]
    assert [each.outcome for each in entries(done)] == [O.FAILED, O.NOT_QUIET]


@pytest.mark.parametrize("dry_first", [True, False])
@pytest.mark.parametrize("hours", ["default", "us-east"])
def test_of_a_dry_run_and_a_real_request_the_real_one_is_reported(dry_first: bool, hours: str) -> None:
    dry, real = Job("pause", task(), dry_run=True), Job("pause", task(hours=hours))
    reports = {dry: [became(O.WOULD_PAUSE, dry.target)], real: [became(O.PAUSED, real.target)]}
    order = [dry, real] if dry_first else [real, dry]
    assert [each.outcome for each in entries({job: reports[job] for job in order})] == [O.PAUSED]


def test_a_dry_run_of_another_task_or_action_is_reported_beside_the_real_one() -> None:
    real = Job("pause", task(1))
    others = [Job("pause", task(2), dry_run=True), Job("resume", task(1), dry_run=True)]
    done: Done = {job: [became(O.PAUSED, job.target)] for job in [real, *others]}
    assert len(entries(done)) == 3


@pytest.mark.parametrize("unfinished_first", [True, False])
def test_a_task_that_two_jobs_mean_has_one_entry_and_it_hides_no_failure(unfinished_first: bool) -> None:
    by_name, by_number = Job("pause", task(None, "spring")), Job("pause", task(1))
    outcomes = [O.FAILED, O.PAUSED] if unfinished_first else [O.PAUSED, O.FAILED]
    done: Done = {
        by_name: [became(outcomes[0], task(1, "spring")), became(O.PAUSED, task(2, "spring"))],
        by_number: [became(outcomes[1], task(1))],
    }
    found = [(each.target.id, each.outcome) for each in entries(done)]
    assert found == [(1, O.FAILED), (2, O.PAUSED)]


@pytest.mark.parametrize("left_alone_first", [True, False])
def test_a_task_left_alone_for_one_job_and_paused_for_another_is_reported_as_paused(
    left_alone_first: bool,
) -> None:
    by_name, by_number = Job("pause", task(None, "spring")), Job("pause", task(1))
    paused = became(O.PAUSED, task(1, "spring"))._replace(attempts=1)
    reports = {by_number: [became(O.NOT_QUIET, task(1))], by_name: [paused]}
    order = [by_number, by_name] if left_alone_first else [by_name, by_number]
    assert entries({job: reports[job] for job in order}) == (paused,)


def test_messages_that_name_the_same_task_share_one_job() -> None:
    results, _ = reader().read([Message(str(number), {"tasks": [1, 2]}) for number in range(3)])
    assert all(result.jobs[0] is results[0].jobs[0] for result in results)


class Broken(dict[str, Any]):
    """A body that fails as no JSON does."""

    def get(self, *_: object) -> Any:
        raise ZeroDivisionError("a bug")


def test_a_mistake_of_ours_in_one_message_holds_up_no_other() -> None:
    (good, bad), _ = reader().read([Message("1", {"tasks": [1]}), Message("2", Broken())])
    assert good.request is not None
    assert bad.problem is not None
    assert bad.problem.code == "Unexpected"
    assert bad.problem.message == "ZeroDivisionError: a bug"
    assert bad.fate({}) is Fate.REJECTED


def keys(*messages: Message, scope: str | None = "r1") -> list[bytes | None]:
    return [result.problem.key if result.problem else None for result in reader(scope).read(messages)[0]]


def test_a_message_is_told_from_others_by_its_id_its_body_and_the_platforms_id_of_the_request() -> None:
    messages = [Message("1", "no"), Message("2", "no"), Message("1", "not"), Message("", "1no")]
    assert len(set(keys(*messages))) == 4
    assert keys(*messages) == keys(*messages)
    assert set(keys(*messages)).isdisjoint(keys(*messages, scope="r2"))
    assert keys(*messages, scope=None) == [None] * 4


def test_a_message_with_an_id_of_its_own_is_known_in_whichever_invocation_it_comes() -> None:
    message = Message("t/0/7", "no", unique=True)
    assert keys(message) == keys(message, scope="r2") == keys(message, scope=None) != [None]


def test_a_key_is_a_digest_however_long_the_body_and_whatever_it_holds() -> None:
    (key,) = keys(Message("\ud800", "\ud800" * 200_000))
    assert key is not None
    assert len(key) == 16


def test_a_record_without_a_message_is_rejected_with_what_it_is() -> None:
    (result,), _ = reader().read(
        [Message("", None, fault="a record is wanted, not NaN", record=float("nan"))]
    )
    assert result.problem is not None
    assert (result.problem.message, result.problem.body) == ("a record is wanted, not NaN", "NaN")


@pytest.mark.parametrize(("messages", "sentences"), [(1, 20), (100, 20), (200, 10), (2_000, 1), (3_000, 1)])
def test_the_more_messages_are_invalid_the_fewer_faults_of_each_are_described(
    messages: int, sentences: int
) -> None:
    results, _ = reader().read([Message(str(number), {"tasks": [0] * 30}) for number in range(messages)])
    texts = [result.problem.message for result in results if result.problem]
    assert len(texts) == messages
    assert all(text.endswith(f"; and {30 - sentences} more") for text in texts)
    assert all(text.count("tasks[") == sentences for text in texts)


def test_messages_that_ask_for_everything_share_what_they_ask_for() -> None:
    """Ten thousand of them, and a policy with a thousand tasks, would else be ten million jobs."""
    bodies: list[Any] = [
        "{}",
        {},
        '{"action": "pause"}',
        {"tasks": None},
        '{"dry_run": true}',
        {"dry_run": True},
    ]
    found, jobs = reader(a=task(1, "a"), b=task(2, "b")).read(
        [Message(str(n), body) for n, body in enumerate(bodies)]
    )
    real, dry = found[0].jobs, found[4].jobs
    assert [job.dry_run for job in (*real, *dry)] == [False, False, True, True]
    assert all(each.jobs is real for each in found[:4])
    assert found[5].jobs is dry
    assert jobs == [*real, *dry], "each once"


def test_a_report_repeats_two_hundred_characters_of_an_id() -> None:
    results, _ = reader().read([Message("x" * length, "no") for length in (200, 201)])
    assert [result.problem and result.problem.message_id for result in results] == ["x" * 200] * 2
