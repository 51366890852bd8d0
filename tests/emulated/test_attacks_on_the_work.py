"""Attacks on the work: lists that move without a trace, answers that contradict themselves, calls that stall."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from handler.cloud.ccc import Ccc
from handler.cloud.pacing import Backoff, Clock, Deadline, RateLimit
from handler.reconcile.ledger.notes import Notes
from handler.reconcile.reconciler import Reconciler
from handler.reconcile.schedule import Schedule
from handler.report.entries import TargetReport
from handler.target import Job, Outcome, SdkAppId, Target, TargetId
from local.emulator import Emulator, Fault, Kind, faults
from tests.support import APP, DESCRIBE, LIST, PAUSE, RESUME

from .harness.constants import ALL_DAY, HOURS, NIGHT, SPRING
from .harness.function import Function
from .harness.reconciler import SimulatedReconciler, ccc_client, named, numbered, pause

OTHER = SdkAppId(1400000001)


def fill(
    emulator: Emulator, numbers: range, state: int = 1, name: Callable[[int], str] = lambda _: ""
) -> None:
    for number in numbers:
        emulator.tasks.add(task_id=number, sdk_app_id=APP, state=state, name=name(number))


# A list that moves without a trace, counts late, or takes pages of another size


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("page", range(1, 6))
@pytest.mark.parametrize("many", [1, 5, 10])
def test_a_task_is_not_missing_when_as_many_left_the_list_as_came(
    emulator: Emulator, newest_first: bool, page: int, many: int
) -> None:
    emulator.tasks.clear()
    emulator.options.newest_first, emulator.options.max_page_size = newest_first, 10
    fill(emulator, range(100, 160), 5, lambda number: f"task-{number}")
    gone, new = range(100, 100 + many), range(1_000, 1_000 + many)
    if newest_first:
        gone, new = range(160 - many, 160), range(1, 1 + many)
    moved: list[int] = []

    def meanwhile(action: str, params: Mapping[str, Any]) -> None:
        if action == LIST and params["PageSize"] == 10 and params["PageNumber"] == page and not moved:
            moved.append(page)
            for number in gone:
                emulator.tasks.remove(number)
            fill(emulator, new, 5)

    emulator.hooks.before = meanwhile
    reports = SimulatedReconciler(emulator).run(
        *pause(*(named(f"task-{number}") for number in range(110, 150)))
    )
    assert moved
    assert {report.outcome for report in reports} == {Outcome.ALREADY_PAUSED}


def test_a_list_that_never_comes_to_rest_and_keeps_its_count_is_incomplete(emulator: Emulator) -> None:
    emulator.tasks.clear()
    emulator.options.max_page_size = 10
    fill(emulator, range(100, 160), 5)
    first, new = iter(range(100, 160)), iter(range(1_000, 2_000))

    def move(action: str, params: Mapping[str, Any]) -> None:
        if action == LIST and params["PageSize"] == 10 and params["PageNumber"] == 3:
            emulator.tasks.remove(next(first))
            fill(emulator, range(number := next(new), number + 1), 5)

    emulator.hooks.before = move
    simulated = SimulatedReconciler(emulator)
    (report,) = simulated.run(*pause(named("nobody")))
    assert report.outcome is Outcome.DEFERRED
    assert [problem.code for problem in simulated.reconciler.problems] == ["ListIncomplete"]


@pytest.mark.parametrize("more", [1, 9, 10, 11])
@pytest.mark.parametrize("size", [10, None])
def test_a_total_that_lags_behind_full_pages_hides_no_task(
    emulator: Emulator, more: int, size: int | None
) -> None:
    counted = 20 if size else 100
    emulator.tasks.clear()
    emulator.options.max_page_size = size
    fill(emulator, range(1, counted + 1), 5)
    fill(emulator, range(counted + 1, counted + more + 1), 1, lambda _: "wanted")
    emulator.faults.add(
        faults.mangled(lambda answer: answer if "Error" in answer else answer | {"TotalCount": counted}),
        action=LIST,
    )
    reports = SimulatedReconciler(emulator).run(*pause(named("wanted")))
    assert [report.outcome for report in reports if report.target.id] == [Outcome.PAUSED] * more
    assert Outcome.NOT_FOUND not in {report.outcome for report in reports}


def test_a_list_that_is_at_rest_is_read_twice_only_for_a_name_that_is_missing(emulator: Emulator) -> None:
    emulator.options.max_page_size = None
    fill(emulator, range(1, 251))
    (found,) = SimulatedReconciler(emulator).run(*pause(named("eu-surveys")))
    assert found.outcome is Outcome.PAUSED
    once = emulator.journal.count(LIST)
    (missing,) = SimulatedReconciler(emulator).run(*pause(named("nobody")))
    assert missing.outcome is Outcome.NOT_FOUND
    assert (once, emulator.journal.count(LIST) - once) == (3, 6)


@pytest.mark.parametrize("sizes", [(100, 10), (100, 50, 20, 10), (50, 50, 10)])
def test_pages_whose_size_is_refused_in_the_middle_are_read_in_smaller_ones(
    emulator: Emulator, sizes: tuple[int, ...]
) -> None:
    emulator.tasks.clear()
    fill(emulator, range(1, 251), 5)
    fill(emulator, range(251, 252), 1, lambda _: "last")
    allowed = list(sizes)

    def shrink(action: str, _params: Mapping[str, Any]) -> None:
        if action == LIST and allowed:
            emulator.options.max_page_size = allowed.pop(0)

    emulator.hooks.before = shrink
    reports = SimulatedReconciler(emulator).run(*pause(named("last"), named("nobody")))
    assert [report.outcome for report in reports] == [Outcome.PAUSED, Outcome.NOT_FOUND]


def test_a_page_size_that_was_refused_is_not_tried_again_in_the_same_run(emulator: Emulator) -> None:
    emulator.options.max_page_size = 10
    SimulatedReconciler(emulator).run(*pause(*numbered([16498, 16499])), *pause(named("us-reminders")))
    sizes = [each.params["PageSize"] for each in emulator.journal.entries if each.action == LIST]
    assert sizes[:4] == [100, 50, 20, 10]
    assert set(sizes[4:]) == {10}


@pytest.mark.parametrize("rate", [1.0, 0.5])
def test_a_list_that_there_was_no_time_for_at_first_is_read_for_a_name_later(
    emulator: Emulator, rate: float
) -> None:
    emulator.options.max_page_size = 10
    simulated = SimulatedReconciler(emulator, rate=rate, seconds=12 / rate)
    reports = simulated.run(*pause(*numbered([16498, 16499]), named("us-reminders")))
    assert [report.outcome for report in reports] == [Outcome.PAUSED] * 3


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (faults.error("RequestLimitExceeded"), Outcome.ALREADY_PAUSED),
        (faults.error("UnauthorizedOperation"), Outcome.ALREADY_PAUSED),
        (faults.HTTP_500, Outcome.PAUSED),
    ],
)
def test_a_paused_task_is_not_ours_where_every_pause_was_refused(
    emulator: Emulator, fault: Fault, outcome: Outcome
) -> None:
    emulator.tasks.get(APP, 16498).state = 5  # type: ignore[union-attr]
    emulator.faults.add(fault, action=PAUSE)
    emulator.faults.add(faults.HTTP_500, action=DESCRIBE, times=5)  # not seen before it is paused
    (report,) = SimulatedReconciler(emulator, seconds=20.0).run(*pause(SPRING))
    assert emulator.journal.count(PAUSE) > 0
    assert report.outcome is outcome


# Answers that contradict themselves


@pytest.mark.parametrize("states", [(1, 5), (5, 1), (1, 4), (4, 1), (1, 0), (0, 1), (5, 1, 5)])
def test_a_task_that_one_page_shows_in_two_states_is_paused_all_the_same(
    emulator: Emulator, states: tuple[int, ...]
) -> None:
    def twice(answer: dict[str, Any]) -> dict[str, Any]:
        first, *rest = answer["Tasks"]
        return answer | {"Tasks": [*(first | {"State": state} for state in states), *rest]}

    emulator.faults.add(faults.mangled(twice), action=LIST)
    reports = SimulatedReconciler(emulator).run(*pause(*numbered([16498, 16499, 16500])))
    assert {report.outcome for report in reports} == {Outcome.PAUSED}
    assert {task.state for task in emulator.tasks} == {5}


def test_a_description_of_another_task_says_nothing_of_this_one(emulator: Emulator) -> None:
    emulator.faults.add(faults.mangled(lambda answer: answer | {"TaskId": 777, "State": 5}), action=DESCRIBE)
    (report,) = SimulatedReconciler(emulator, seconds=20).run(*pause(SPRING))
    assert report.outcome is Outcome.PAUSED
    assert emulator.tasks.state(16498) == 5


CODES = ("UnsupportedOperation", "InvalidParameterValue", "ResourceNotFound", "FailedOperation.Some")


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("others", [[], [16499, 16500]])
@pytest.mark.parametrize("why", ["UnauthorizedOperation", "AuthFailure.TokenFailure"])
def test_a_task_that_was_seen_running_and_is_refused_is_unfinished_though_it_may_not_be_described(
    emulator: Emulator, code: str, others: list[int], why: str
) -> None:
    emulator.faults.add(faults.error(why), action=DESCRIBE)
    emulator.faults.add(faults.error(code), action=PAUSE, when=lambda params: params["TaskId"] == 16498)
    report, *rest = SimulatedReconciler(emulator).run(
        *pause(SPRING, *numbered(range(16499, 16499 + len(others))))
    )
    assert report.outcome is Outcome.FAILED
    assert {each.outcome for each in rest} <= {Outcome.PAUSED}


@pytest.mark.parametrize("code", CODES)
def test_a_task_that_was_seen_running_and_is_refused_is_unfinished_though_nothing_can_be_seen_later(
    emulator: Emulator, code: str
) -> None:
    emulator.faults.add(faults.error(code), action=PAUSE, when=lambda params: params["TaskId"] == 16498)

    def forbid(action: str, _params: Mapping[str, Any]) -> None:
        if action == PAUSE:
            emulator.faults.add(faults.error("UnauthorizedOperation"), action=LIST)
            emulator.faults.add(faults.error("UnauthorizedOperation"), action=DESCRIBE)

    emulator.hooks.before = forbid
    report, *_ = SimulatedReconciler(emulator).run(*pause(*numbered([16498, 16499, 16500])))
    assert report.outcome is Outcome.FAILED


def test_a_pause_is_verified_by_the_list_where_describing_is_not_allowed(emulator: Emulator) -> None:
    emulator.faults.add(faults.error("UnauthorizedOperation"), action=DESCRIBE)
    (report,) = SimulatedReconciler(emulator).run(*pause(SPRING))
    assert report.outcome is Outcome.PAUSED
    assert "could not be seen" not in report.reason


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_task_that_was_not_tried_for_what_another_was_answered_says_so(
    emulator: Emulator, times: int
) -> None:
    fill(emulator, range(1, 101))
    emulator.faults.add(faults.error("UnauthorizedOperation"), action=PAUSE, times=times)
    reports = SimulatedReconciler(emulator, rate=1).run(*pause(*numbered(range(1, 101))))
    sent = [entry.params["TaskId"] for entry in emulator.journal.entries if entry.action == PAUSE]
    assert sum(report.attempts for report in reports) == len(sent)
    for report in reports:
        assert report.attempts == sent.count(report.target.id)
        if not report.attempts:
            assert (report.outcome, report.reason) == (Outcome.FAILED, "not tried, since no call can work")


# Pauses come before resumes


@pytest.mark.parametrize("resume_first", [True, False])
def test_a_task_that_one_message_pauses_by_its_name_is_not_resumed_by_its_id(
    emulator: Emulator, resume_first: bool
) -> None:
    fill(emulator, range(500, 501), 5, lambda _: "campaign")
    fill(emulator, range(501, 502), 5)
    by_day = [Target(APP, TargetId(number), None, "us-east") for number in (500, 501)]
    jobs = [*(Job("resume", task) for task in by_day), *pause(named("campaign"))]
    answered = dict(SimulatedReconciler(emulator).reconciler.run(jobs if resume_first else jobs[::-1]))
    outcomes = [[report.outcome for report in answered[job]] for job in jobs]
    assert outcomes == [[Outcome.STILL_QUIET], [Outcome.RESUMED], [Outcome.ALREADY_PAUSED]]
    asked = [entry.params["TaskId"] for entry in emulator.journal.entries if entry.action == RESUME]
    assert asked == [501]


# Quiet hours turn between a call and the finding of a name


@pytest.mark.parametrize("reply", [None, faults.LOST_REPLY])
def test_a_task_paused_by_its_id_before_quiet_hours_ended_is_so_by_its_name_as_well(
    emulator: Emulator, reply: Fault | None
) -> None:
    end = datetime(2026, 11, 24, 1, 0, tzinfo=timezone.utc)  # 09:00 in Shanghai
    simulated = SimulatedReconciler(emulator, end - timedelta(seconds=1))
    if reply:
        emulator.faults.add(reply, action=PAUSE)

    def late(action: str, _params: Mapping[str, Any]) -> None:
        if action == PAUSE:
            simulated.clock.sleep(2)

    emulator.hooks.before = late
    reports = simulated.run(*pause(*numbered([16499]), named("us-reminders"), named("eu-surveys")))
    assert [report.outcome for report in reports] == [Outcome.PAUSED, Outcome.PAUSED, Outcome.NOT_QUIET]


# A clock that is set


@pytest.mark.parametrize("hours", [-2, -24 * 30, 12, 36])
def test_a_clock_that_is_set_is_believed_at_once(hours: int) -> None:
    now = [NIGHT]
    schedule = Schedule(HOURS, Clock(now=lambda: now[0]))
    (job,) = pause(SPRING)
    assert schedule.decided(job) is None
    now[0] = NIGHT + timedelta(hours=hours)
    report = schedule.decided(job)
    quiet = HOURS["default"].is_quiet(now[0])
    assert (report is None) is quiet
    now[0] = datetime(2026, 11, 24, 0, 59, 59, 999_999, tzinfo=timezone.utc)
    assert schedule.decided(job) is None


# Calls that stall


def run_really(emulator: Emulator, seconds: float, jobs: list[Job]) -> list[TargetReport]:
    """Run on the real clock: stalls are real."""
    emulator.limits.default = None
    clock = Clock()
    ccc = Ccc(lambda: ccc_client(emulator), RateLimit(100, clock), Backoff())
    deadline = Deadline.after(clock, seconds)
    schedule = Schedule(HOURS, Clock(now=lambda: NIGHT))
    notes = Notes(None, schedule, deadline)
    reconciler = Reconciler(lambda: ccc, schedule, deadline, Backoff(), verify=True, known={}, notes=notes)
    return [report for _, reports in reconciler.run(jobs) for report in reports]


@pytest.fixture
def short_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call counts as lost after less time than a test can wait for."""
    monkeypatch.setattr("handler.cloud.sending.LONGEST_CALL_SECONDS", 1.0)


def stalling(emulator: Emulator, stalls: Callable[[Mapping[str, Any]], bool]) -> list[tuple[int, int]]:
    """Stall the pauses that `stalls` picks; return where all pauses are written to, in order, by their keys."""
    order: list[tuple[int, int]] = []

    def when(params: Mapping[str, Any]) -> bool:
        order.append((params["SdkAppId"], params["TaskId"]))
        return stalls(params)

    emulator.faults.add(Fault(Kind.STALL, seconds=60), action=PAUSE, when=when)
    return order


@pytest.mark.usefixtures("short_calls")
def test_an_application_of_many_tasks_that_stall_does_not_keep_another_from_being_paused(
    emulator: Emulator,
) -> None:
    fill(emulator, range(1, 151))
    for number in range(1, 6):
        emulator.tasks.add(task_id=number, sdk_app_id=OTHER, state=1)
    order = stalling(emulator, lambda params: params["SdkAppId"] == APP)
    others = [Target(OTHER, TargetId(number), None, "default") for number in range(1, 6)]
    run_really(emulator, 60, pause(*numbered(range(1, 151)), *others))
    assert {emulator.tasks.state(number, OTHER) for number in range(1, 6)} == {5}
    threads = 64
    assert sum(app == OTHER for app, _ in order[:threads]) == len(others), "before all threads are taken"


@pytest.mark.usefixtures("short_calls")
def test_more_tasks_that_stall_than_there_are_threads_hold_up_the_others_for_one_call_only(
    emulator: Emulator,
) -> None:
    fill(emulator, range(1, 101))
    order = stalling(emulator, lambda params: params["TaskId"] <= 70)
    run_really(emulator, 60, pause(*numbered(range(1, 101))))
    assert {emulator.tasks.state(number) for number in range(71, 101)} == {5}
    assert sorted(order[:100]) == [(APP, number) for number in range(1, 101)], "each once, before any again"


# What was read before the first action, refusals that say nothing, answers without content


@pytest.mark.parametrize("verify", [True, False])
def test_a_list_read_before_the_pauses_is_no_evidence_of_their_effect(
    emulator: Emulator, verify: bool
) -> None:
    def blind(action: str, _params: Mapping[str, Any]) -> None:
        if action == PAUSE and emulator.journal.count(PAUSE) == 0:
            for api in (DESCRIBE, LIST):
                emulator.faults.add(faults.HTTP_500, action=api)

    emulator.hooks.before = blind
    reconciler = SimulatedReconciler(emulator, verify=verify)
    reports = reconciler.run(*pause(*numbered([16498, 16499]), named("eu-surveys")))
    assert [report.outcome for report in reports[:2]] == [Outcome.PAUSED] * 2
    assert emulator.journal.count(PAUSE) == len({report.target.id for report in reports if report.attempts})


@pytest.mark.parametrize(
    ("describe", "refusal"),
    [
        ("FailedOperation", "FailedOperation"),
        ("FailedOperation", "UnsupportedOperation"),
        ("UnsupportedOperation", "InvalidParameter"),
        ("FailedOperation.DBError", "FailedOperation.DBError"),
    ],
)
def test_a_task_whose_describing_is_refused_is_looked_for_in_the_list(
    emulator: Emulator, describe: str, refusal: str
) -> None:
    emulator.faults.add(faults.error(describe), action=DESCRIBE)
    emulator.faults.add(faults.error(refusal), action=PAUSE)
    (report,) = SimulatedReconciler(emulator).run(*pause(SPRING))
    assert report.outcome is Outcome.FAILED, "the list shows that it runs"
    assert emulator.journal.count(LIST) > 0
    emulator.tasks.remove(16498, APP)
    (report,) = SimulatedReconciler(emulator).run(*pause(SPRING))
    assert report.outcome in {Outcome.NOT_ALLOWED, Outcome.NOT_FOUND}, "the list was read whole, without it"


@pytest.mark.parametrize(
    "answer", [{}, {"Tasks": None}, {"Tasks": [], "TotalCount": None}, {"Tasks": [], "TotalCount": 0}]
)
def test_one_empty_answer_to_the_list_hides_no_task(emulator: Emulator, answer: dict[str, Any]) -> None:
    change = faults.mangled(lambda real: answer | {"RequestId": real["RequestId"]})
    emulator.faults.add(change, action=LIST, times=1)
    (report,) = SimulatedReconciler(emulator).run(*pause(named("eu-surveys")))
    assert report.outcome is Outcome.PAUSED
    emulator.faults.add(change, action=LIST)
    (report,) = SimulatedReconciler(emulator).run(*pause(named("eu-surveys")))
    counted = answer.get("TotalCount") == 0  # said twice, it is believed
    assert report.outcome in ({Outcome.NOT_FOUND} if counted else {Outcome.DEFERRED, Outcome.FAILED})


@pytest.mark.parametrize("cap", [1, 7, 20, 99])
def test_pages_that_are_shorter_than_asked_for_without_an_error_are_all_read(
    emulator: Emulator, cap: int
) -> None:
    emulator.tasks.clear()
    fill(emulator, range(1, 241), 5)
    fill(emulator, range(241, 242), 1, lambda _: "last")
    reader = emulator.tasks.page

    def page(app: int, start: int, size: int, **more: Any) -> Any:
        return reader(app, start, min(size, cap), **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(emulator.tasks, "page", page)
        reports = SimulatedReconciler(emulator, rate=1000).run(*pause(named("last"), named("nobody")))
    assert [report.outcome for report in reports] == [Outcome.PAUSED, Outcome.NOT_FOUND]


def test_thousands_of_names_beside_thousands_of_tasks_of_the_policy_cost_little(emulator: Emulator) -> None:
    known = {
        (APP, "task", TargetId(number)): Target(APP, TargetId(number), f"known-{number}", "us-east")
        for number in range(1, 3_001)
    }
    jobs = pause(SPRING, *(named(f"unknown-{number}") for number in range(3_000)))
    began = time.process_time()
    reports = SimulatedReconciler(emulator, known=known).run(*jobs)
    assert reports[0].outcome is Outcome.PAUSED
    assert time.process_time() - began < 10, "9,000,000 decisions took a minute"


def test_an_absurd_total_keeps_no_task_from_being_paused(emulator: Emulator) -> None:
    ids = range(1, 61)
    for number in ids:
        emulator.tasks.add(task_id=number, sdk_app_id=APP, name=f"task-{number}", state=1)
    emulator.faults.add(faults.mangled(lambda answer: answer | {"TotalCount": 10**400}), action=LIST)
    tasks = {f"task-{number}": number for number in ids}
    function = Function(emulator, callout_policy=json.dumps({"quiet_hours": ALL_DAY, "tasks": tasks}))
    assert function({})["summary"] == {"paused": 60}
    assert [task.state for task in emulator.tasks if task.task_id in ids] == [5] * 60
