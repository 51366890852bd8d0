"""Time and truth: what goes wrong stays with its task, and nothing is reported that was not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from handler.report.entries import TargetReport
from handler.target import Job, Outcome, SdkAppId, Target, TargetId
from local.emulator import Answer, Emulator, Fault, faults
from tests.support import APP, DESCRIBE, LIST, PAUSE, RESUME

from .harness.constants import NIGHT, SPRING
from .harness.reconciler import SimulatedReconciler, named, numbered, pause

EDGE = datetime(2026, 11, 24, 1, 0, tzinfo=timezone.utc)  # 09:00 in Shanghai: quiet hours end
DUSK = datetime(2026, 11, 23, 13, 0, tzinfo=timezone.utc)  # 21:00 in Shanghai: they begin


def fill(emulator: Emulator, numbers: Iterable[int], state: int = 1, name: str = "") -> None:
    for number in numbers:
        emulator.tasks.add(task_id=number, sdk_app_id=APP, state=state, name=name)


def outcomes(reports: Iterable[TargetReport]) -> Counter[Outcome]:
    return Counter(report.outcome for report in reports)


# 1. What is asked for real, and what is not


@pytest.mark.parametrize("dry_first", [True, False])
def test_a_dry_run_beside_a_real_request_takes_nothing_from_it(emulator: Emulator, dry_first: bool) -> None:
    jobs = [Job("pause", SPRING, dry_run=True), Job("pause", SPRING)]
    answered = dict(SimulatedReconciler(emulator).reconciler.run(jobs if dry_first else jobs[::-1]))
    assert [report.outcome for report in answered[jobs[0]]] == [Outcome.WOULD_PAUSE]
    assert [report.outcome for report in answered[jobs[1]]] == [Outcome.PAUSED]
    assert emulator.tasks.state(16498) == 5


def test_a_dry_run_of_a_pause_takes_nothing_from_a_resume(emulator: Emulator) -> None:
    emulator.tasks.add(task_id=16498, sdk_app_id=APP, state=5)
    jobs = [Job("pause", SPRING, dry_run=True), Job("resume", SPRING._replace(quiet_hours="us-east"))]
    answered = dict(SimulatedReconciler(emulator).reconciler.run(jobs))
    assert answered[jobs[0]][0].outcome in {Outcome.ALREADY_PAUSED, Outcome.WOULD_PAUSE}
    assert answered[jobs[1]][0].outcome is Outcome.RESUMED
    assert emulator.tasks.state(16498) == 1


def test_two_messages_that_put_a_task_under_different_quiet_hours_are_answered_each_by_its_own(
    emulator: Emulator,
) -> None:
    by_day = SPRING._replace(quiet_hours="us-east")  # not quiet now
    answered = dict(SimulatedReconciler(emulator).reconciler.run(pause(SPRING, by_day)))
    assert [each[0].outcome for each in answered.values()] == [Outcome.PAUSED, Outcome.NOT_QUIET]
    assert emulator.tasks.state(16498) == 5


@pytest.mark.parametrize("by_name", [True, False])
def test_a_task_that_one_message_pauses_is_not_resumed_by_another(emulator: Emulator, by_name: bool) -> None:
    resumed = SPRING._replace(quiet_hours="us-east", id=None if by_name else SPRING.id)
    known = {SPRING.key: SPRING._replace(quiet_hours="us-east")}
    jobs = [Job("resume", resumed), Job("pause", SPRING)]
    answered = dict(SimulatedReconciler(emulator, known=known).reconciler.run(jobs))
    assert [report.outcome for report in answered[jobs[1]]] == [Outcome.PAUSED]
    assert answered[jobs[0]][0].outcome in {Outcome.STILL_QUIET, Outcome.ALREADY_RUNNING}
    assert emulator.tasks.state(16498) == 5


def test_a_resume_under_way_is_not_sent_again_once_a_pause_of_its_task_is_found(emulator: Emulator) -> None:
    emulator.tasks.add(task_id=16498, sdk_app_id=APP, name="spring-renewals", state=5)
    emulator.faults.add(faults.HTTP_500, action=RESUME)
    resumed = SPRING._replace(quiet_hours="us-east")
    jobs = [Job("resume", resumed), Job("pause", named("spring-renewals"))]
    answered = dict(SimulatedReconciler(emulator).reconciler.run(jobs))
    assert [answered[job][0].outcome for job in jobs] == [Outcome.STILL_QUIET, Outcome.ALREADY_PAUSED]
    actions = emulator.journal.actions()
    assert RESUME not in actions[actions.index(LIST) :]


# 2. Accepted, and then?


@pytest.mark.parametrize("milliseconds", range(50, 2_200, 100))
def test_a_pause_that_is_accepted_without_effect_is_never_reported_as_done(
    emulator: Emulator, milliseconds: int
) -> None:
    emulator.options.pauses_without_effect = 99
    emulator.faults.add(faults.latency(0.04))
    (report,) = SimulatedReconciler(emulator, seconds=milliseconds / 1000).run(*pause(SPRING))
    seen = [entry.action for entry in emulator.journal.entries if entry.delivered]
    last_pause = max((number for number, action in enumerate(seen) if action == PAUSE), default=-1)
    if last_pause >= 0 and DESCRIBE in seen[last_pause:]:
        assert report.outcome is Outcome.FAILED
        assert report.error is not None
    elif last_pause >= 0 and report.outcome is Outcome.PAUSED:
        assert report.reason.endswith("accepted, but its state could not be seen")
        assert seen.count(PAUSE) == 1, "it was seen to run after the first"


def test_a_pause_whose_effect_was_never_seen_is_believed_and_says_so(emulator: Emulator) -> None:
    emulator.faults.add(faults.HTTP_500, action=DESCRIBE)
    (report,) = SimulatedReconciler(emulator).run(*pause(SPRING))
    assert report.outcome is Outcome.PAUSED
    assert report.reason.endswith("; accepted, but its state could not be seen")


def test_a_task_that_is_resumed_by_somebody_after_every_pause_has_failed(emulator: Emulator) -> None:
    def resume(action: str, _params: Any) -> None:
        if action == DESCRIBE:
            emulator.tasks.get(APP, 16498).state = 1  # type: ignore[union-attr]

    emulator.hooks.before = resume
    (report,) = SimulatedReconciler(emulator, seconds=20).run(*pause(SPRING))
    assert report.outcome is Outcome.FAILED
    assert report.attempts == emulator.journal.count(PAUSE) > 1


# 3. and 4. A list that moves, and a list that lies


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("change", ["created", "removed"])
@pytest.mark.parametrize("page", range(6))
def test_a_task_that_was_there_all_the_time_is_found_however_the_list_moves(
    emulator: Emulator, newest_first: bool, change: str, page: int
) -> None:
    emulator.tasks.clear()
    emulator.options.newest_first, emulator.options.max_page_size = newest_first, 10
    fill(emulator, range(1, 56), state=5)
    fill(emulator, [9, 10, 19, 20, 29, 30, 39, 40, 45, 46, 50, 51], name="wanted")
    pages: list[int] = []

    def meanwhile(action: str, params: Any) -> None:
        if action == LIST and params["PageSize"] == 10 and params["PageNumber"] == page and not pages:
            pages.append(page)
            if change == "created":
                fill(emulator, [1000], state=5)
            else:
                emulator.tasks.remove(55 if newest_first else 1)

    emulator.hooks.before = meanwhile
    reports = SimulatedReconciler(emulator).run(*pause(named("wanted")))
    assert outcomes(reports) == {Outcome.PAUSED: 12}


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_name_is_never_missing_from_a_list_that_does_not_come_to_rest(
    emulator: Emulator, newest_first: bool
) -> None:
    emulator.options.newest_first, emulator.options.max_page_size = newest_first, 10
    fill(emulator, range(1, 56))
    new = iter(range(20_000, 30_000))

    def create(action: str, _params: Any) -> None:
        if action == LIST:
            fill(emulator, [next(new)])

    emulator.hooks.before = create
    simulated = SimulatedReconciler(emulator)
    (report,) = simulated.run(*pause(named("nobody")))
    assert report.outcome is Outcome.DEFERRED
    assert report.error is not None
    assert report.error.code == "ListIncomplete"
    (problem,) = simulated.reconciler.problems
    assert problem.code == "ListIncomplete"
    assert "it changed while it was read" in problem.message


def _empty(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"Tasks": []}


def _absurd(change: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda answer: answer | {"Tasks": [{**answer["Tasks"][0], **change}, *answer["Tasks"][1:]]}


def _total(value: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda answer: answer | {"TotalCount": value}


def _lies(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"TotalCount": 7_000}


@pytest.mark.parametrize(
    "change", [_empty, _lies, lambda answer: answer | {"Tasks": answer["Tasks"][:1] * 3}]
)
def test_an_empty_a_short_and_a_repeated_page_are_not_the_whole_truth(
    emulator: Emulator, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    emulator.faults.add(faults.mangled(change), action=LIST)
    (report,) = SimulatedReconciler(emulator).run(*pause(named("nobody")))
    assert report.outcome is Outcome.DEFERRED
    assert report.error is not None
    assert report.error.code == "ListIncomplete"


@pytest.mark.parametrize("times", [1, 3])
def test_a_page_that_is_wrong_for_a_while_is_read_again(emulator: Emulator, times: int) -> None:
    emulator.faults.add(faults.mangled(_empty), action=LIST, times=times)
    (report,) = SimulatedReconciler(emulator).run(*pause(named("us-reminders")))
    assert report.outcome is Outcome.PAUSED


def test_a_list_that_is_always_wrong_is_read_four_times(emulator: Emulator) -> None:
    emulator.faults.add(faults.mangled(_empty), action=LIST)
    (report,) = SimulatedReconciler(emulator).run(*pause(named("us-reminders")))
    assert report.error is not None
    assert report.error.message == "it changed while it was read, 4 times"
    assert emulator.journal.count(LIST) == 4


ABSURD: Mapping[str, Sequence[Any]] = {
    "TaskId": ([], {}, None, "16498", True, -1, 0, 2**70, 1.5),
    "NotBefore": (10**18, 1764000000000, -(10**18), [], "x"),
    "State": ("1", [], None, 99, True, float("inf")),
    "Name": (None, [], 7),
}
TOTALS: Sequence[Any] = (float("inf"), float("nan"), -1, "3", None, [], 10**30, True)


@pytest.mark.parametrize(
    "change",
    [
        *[_absurd({key: value}) for key, values in ABSURD.items() for value in values],
        *[_total(value) for value in TOTALS],
        lambda answer: answer | {"Tasks": [7, None, "x", [], *answer["Tasks"]]},
    ],
)
def test_one_absurd_entry_of_an_answer_does_not_spoil_the_others(
    emulator: Emulator, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    emulator.faults.add(faults.mangled(change), action=LIST)
    reports = SimulatedReconciler(emulator).run(*pause(SPRING, *numbered([16499]), named("eu-surveys")))
    assert outcomes(reports)[Outcome.PAUSED] == 3, reports
    assert {task.state for task in emulator.tasks} == {5}


@pytest.mark.parametrize("task_id", [0, 2**63, 10**30, -1, True])
def test_a_name_whose_entry_has_no_usable_id_is_left_open_and_nothing_is_sent_for_it(
    emulator: Emulator, task_id: Any
) -> None:
    emulator.faults.add(faults.mangled(_absurd({"TaskId": task_id})), action=LIST)
    unreadable = next(task.name for task in emulator.tasks)
    (report,) = SimulatedReconciler(emulator).run(*pause(named(unreadable)))
    assert report.outcome is Outcome.DEFERRED
    assert report.error is not None
    assert report.error.message == "an entry has no usable id or Name"
    assert emulator.journal.count(PAUSE) == 0


@pytest.mark.parametrize(
    "entry",
    [
        *(None, 7, {}, {"Name": 7}, {"Name": None, "TaskId": 0}),
        *({"Name": name, "TaskId": 16498, "State": 1} for name in (None, 7, ["x"])),
        {"TaskId": 16498, "State": 1},
    ],
)
def test_a_name_is_not_missing_where_an_entry_shows_no_id_or_no_name(emulator: Emulator, entry: Any) -> None:
    emulator.faults.add(
        faults.mangled(lambda answer: answer | {"Tasks": [entry, *answer["Tasks"][1:]]}), action=LIST
    )
    hidden = next(task.name for task in emulator.tasks)
    (report,) = SimulatedReconciler(emulator).run(*pause(named(hidden)))
    assert report.outcome is Outcome.DEFERRED


@pytest.mark.parametrize("start", [10**18, 1764000000000, -(10**18), 253402300800, 2**63 - 1])
@pytest.mark.parametrize("state", [0, 1])
def test_an_absurd_start_of_one_task_is_no_reason_not_to_pause_it_or_others(
    emulator: Emulator, start: int, state: int
) -> None:
    def absurd(answer: dict[str, Any]) -> dict[str, Any]:
        return answer | {"NotBefore": start, "State": state}

    emulator.faults.add(faults.mangled(absurd), action=DESCRIBE, times=1)
    (report,) = SimulatedReconciler(emulator).run(*pause(SPRING))
    assert report.outcome is (Outcome.PAUSED if state else Outcome.NOT_STARTED)


# 7. A permission that is missing for one API


@pytest.mark.parametrize("api", [DESCRIBE, LIST, RESUME])
def test_a_permission_that_one_api_lacks_does_not_stop_the_pausing(emulator: Emulator, api: str) -> None:
    emulator.faults.add(faults.error("UnauthorizedOperation"), action=api)
    fill(emulator, [77], state=5)
    jobs = [
        Job("resume", Target(APP, TargetId(77), None, "us-east")),
        *pause(*numbered([16498, 16499]), named("eu-surveys")),
    ]
    reports = SimulatedReconciler(emulator).run(*jobs)
    assert [emulator.tasks.state(number) for number in (16498, 16499)] == [5, 5]
    assert [report.outcome for report in reports[1:3]] == [Outcome.PAUSED] * 2
    if api != LIST:
        assert emulator.tasks.state(16500) == 5


def test_where_states_may_not_be_read_the_refusal_says_whether_a_task_is_there(emulator: Emulator) -> None:
    for api in (DESCRIBE, LIST):
        emulator.faults.add(faults.error("UnauthorizedOperation"), action=api)
    emulator.faults.add(faults.error("ResourceNotFound"), action=PAUSE)
    (report,) = SimulatedReconciler(emulator).run(*pause(SPRING))
    assert report.outcome is Outcome.NOT_FOUND


def test_a_list_that_is_refused_for_the_credentials_is_asked_for_in_no_other_application(
    emulator: Emulator,
) -> None:
    emulator.faults.add(faults.error("AuthFailure.SignatureFailure"), action=LIST)
    names = [named("spring-renewals"), named("x")._replace(sdk_app_id=SdkAppId(7))]
    simulated = SimulatedReconciler(emulator)
    reports = simulated.run(*pause(*names))
    assert [report.outcome for report in reports] == [Outcome.FAILED] * 2
    assert emulator.journal.count(LIST) == 1
    assert len(simulated.reconciler.problems) == 1


# 8. Looking never stops the pausing


@pytest.mark.parametrize(
    "fault", [faults.error("UnauthorizedOperation"), faults.HTTP_500, faults.latency(6.0)]
)
def test_looking_takes_a_quarter_of_the_time_at_most(emulator: Emulator, fault: Fault) -> None:
    fill(emulator, range(1, 301))
    emulator.faults.add(fault, action=LIST)
    reports = SimulatedReconciler(emulator, seconds=12).run(*pause(*numbered(range(1, 301))))
    assert emulator.journal.count(PAUSE) >= 100
    assert outcomes(reports)[Outcome.PAUSED] >= 100


def test_a_few_hundred_among_very_many_are_paused_all_the_same(emulator: Emulator) -> None:
    emulator.tasks.load(
        [
            {"task_id": number, "sdk_app_id": APP, "state": 1 if number % 75 == 0 else 4}
            for number in range(1, 30_001)
        ]
    )
    simulated = SimulatedReconciler(emulator, seconds=12)
    reports = simulated.run(*pause(*numbered(range(75, 30_001, 75))))
    assert simulated.clock.seconds <= 12
    assert outcomes(reports)[Outcome.PAUSED] >= 100


def test_a_task_that_cannot_be_described_does_not_keep_the_others_from_being_looked_at(
    emulator: Emulator,
) -> None:
    emulator.faults.add(faults.error("UnauthorizedOperation"), action=LIST)
    emulator.faults.add(faults.HTTP_500, action=DESCRIBE, when=lambda params: params["TaskId"] == 16499)
    reports = SimulatedReconciler(emulator).run(*pause(*numbered([16498, 16499, 16500])))
    assert outcomes(reports) == {Outcome.PAUSED: 3}
    assert ["could not be seen" in report.reason for report in reports] == [False, True, False]


def test_a_pause_that_failed_is_sent_again_while_the_list_is_read(emulator: Emulator) -> None:
    emulator.options.max_page_size = 10
    fill(emulator, range(1, 600), state=4)
    emulator.faults.add(faults.HTTP_500, action=PAUSE, times=6)
    SimulatedReconciler(emulator).run(*pause(numbered([16498])[0], named("nobody")))
    actions = emulator.journal.actions()
    last_list = len(actions) - actions[::-1].index(LIST)
    assert actions[:last_list].count(PAUSE) == 7
    assert emulator.tasks.state(16498) == 5


def test_a_task_that_is_let_go_on_after_it_was_done_is_paused_again_and_all_requests_count(
    emulator: Emulator,
) -> None:
    emulator.faults.add(
        faults.HTTP_500, action=PAUSE, when=lambda params: params["TaskId"] != 16498, times=24
    )

    def let_go_on(action: str, _params: Any) -> None:
        if action == LIST and emulator.journal.count(LIST) == 2:
            emulator.tasks.get(APP, 16498).state = 1  # type: ignore[union-attr]

    emulator.hooks.before = let_go_on
    reports = SimulatedReconciler(emulator).run(*pause(*numbered([16498, 16499, 16500])))
    assert outcomes(reports) == {Outcome.PAUSED: 3}
    assert {task.state for task in emulator.tasks} == {5}
    assert reports[0].attempts == 2
    assert sum(report.attempts for report in reports) == emulator.journal.count(PAUSE)


# 10. and 11. Quiet hours turn during the work


def test_a_resume_is_sent_while_any_of_its_messages_wants_it(emulator: Emulator) -> None:
    emulator.tasks.add(task_id=16498, sdk_app_id=APP, state=5)
    emulator.faults.add(faults.HTTP_500, action=RESUME, times=8)
    dusk = datetime(2026, 11, 24, 2, 0, tzinfo=timezone.utc)  # 21:00 in New York, 10:00 in Shanghai
    simulated = SimulatedReconciler(emulator, dusk - timedelta(seconds=1))
    jobs = [Job("resume", SPRING._replace(quiet_hours="us-east")), Job("resume", SPRING)]
    answered = dict(simulated.reconciler.run(jobs))
    assert answered[jobs[1]][0].outcome is Outcome.RESUMED
    assert emulator.tasks.state(16498) == 1
    assert simulated.clock.seconds > 1


def test_what_is_no_longer_wanted_is_not_waited_for(emulator: Emulator) -> None:
    fill(emulator, range(1, 301))
    simulated = SimulatedReconciler(emulator, EDGE - timedelta(seconds=2))
    reports = simulated.run(*pause(*numbered(range(1, 301))))
    assert Outcome.NOT_QUIET in set(outcomes(reports)) <= {Outcome.PAUSED, Outcome.NOT_QUIET}
    assert simulated.clock.seconds < 5, "300 turns of a twentieth of a second each are 15 s"


@pytest.mark.parametrize("fault", [faults.HTTP_500, faults.THROTTLED, faults.DB_ERROR])
def test_no_pause_is_sent_after_quiet_hours_have_ended(emulator: Emulator, fault: Fault) -> None:
    emulator.faults.add(fault, action=PAUSE)
    simulated = SimulatedReconciler(emulator, EDGE - timedelta(seconds=3))
    emulator.now = lambda: simulated.clock.seconds
    (report,) = simulated.run(*pause(SPRING))
    assert report.outcome is Outcome.NOT_QUIET
    assert report.attempts == emulator.journal.count(PAUSE) > 1
    assert all(entry.time < 3 for entry in emulator.journal.entries if entry.action == PAUSE)


@pytest.mark.parametrize("fault", [faults.HTTP_500, faults.THROTTLED, faults.DB_ERROR])
def test_no_resume_is_sent_after_quiet_hours_have_begun(emulator: Emulator, fault: Fault) -> None:
    emulator.tasks.add(task_id=16498, sdk_app_id=APP, state=5)
    emulator.faults.add(fault, action=RESUME)
    simulated = SimulatedReconciler(emulator, DUSK - timedelta(seconds=3))
    emulator.now = lambda: simulated.clock.seconds
    (report,) = simulated.run(Job("resume", SPRING))
    assert report.outcome is Outcome.STILL_QUIET
    assert all(entry.time < 3 for entry in emulator.journal.entries if entry.action == RESUME)


def _late(simulated: SimulatedReconciler, seconds: float) -> Callable[[str, Any], None]:
    def wait(action: str, _params: Any) -> None:
        if action in {PAUSE, RESUME}:
            simulated.clock.sleep(seconds)

    return wait


def test_a_pause_whose_reply_is_lost_when_quiet_hours_end_is_reported_as_what_it_did(
    emulator: Emulator,
) -> None:
    emulator.faults.add(faults.LOST_REPLY, action=PAUSE)
    simulated = SimulatedReconciler(emulator, EDGE - timedelta(seconds=1))
    emulator.hooks.before = _late(simulated, 2)
    (report,) = simulated.run(*pause(SPRING))
    assert (report.outcome, report.attempts) == (Outcome.PAUSED, 1)
    assert emulator.tasks.state(16498) == 5


def test_a_pause_whose_effect_is_unknown_when_quiet_hours_end_is_unfinished(emulator: Emulator) -> None:
    emulator.faults.add(faults.LOST_REPLY, action=PAUSE)
    simulated = SimulatedReconciler(emulator, EDGE - timedelta(seconds=6))
    emulator.hooks.before = _late(simulated, 7)
    emulator.faults.add(faults.HTTP_500, action=DESCRIBE)
    (report,) = simulated.run(*pause(SPRING))
    assert (report.outcome, report.attempts) == (Outcome.FAILED, 1)
    assert report.reason.startswith("quiet hours turned after it was sent")


def test_a_forced_pause_by_day_says_so_and_is_not_told_that_quiet_hours_turned(emulator: Emulator) -> None:
    forced = Job("pause", SPRING, force=True)
    (report,) = SimulatedReconciler(emulator, EDGE + timedelta(hours=1)).run(forced)
    assert report.outcome is Outcome.PAUSED
    assert report.reason.startswith("forced; not quiet in Asia/Shanghai until ")
    emulator.tasks.add(task_id=16498, sdk_app_id=APP, state=1)
    emulator.faults.add(faults.LOST_REPLY, action=PAUSE)
    emulator.faults.add(faults.HTTP_500, action=DESCRIBE)
    (report,) = SimulatedReconciler(emulator, EDGE + timedelta(hours=1)).run(forced)
    assert report.outcome is Outcome.FAILED
    assert report.reason.startswith("pause failed until the time was up; ")


def test_a_resume_whose_reply_is_lost_when_quiet_hours_begin_is_reported_as_what_it_did(
    emulator: Emulator,
) -> None:
    emulator.tasks.add(task_id=16498, sdk_app_id=APP, state=5)
    emulator.faults.add(faults.LOST_REPLY, action=RESUME)
    simulated = SimulatedReconciler(emulator, DUSK - timedelta(seconds=1))
    emulator.hooks.before = _late(simulated, 2)
    (report,) = simulated.run(Job("resume", SPRING))
    assert (report.outcome, report.attempts) == (Outcome.RESUMED, 1)


# 12. Everything ends with the deadline


@pytest.mark.parametrize("rate", [0.01, 0.1, 1, 20])
@pytest.mark.parametrize("seconds", [2, 10])
def test_waiting_for_a_turn_ends_with_the_deadline(emulator: Emulator, rate: float, seconds: float) -> None:
    simulated = SimulatedReconciler(emulator, seconds=seconds, rate=rate)
    reports = simulated.run(*pause(SPRING, *numbered([16499]), named("eu-surveys")))
    assert len(reports) == 3
    assert simulated.clock.seconds <= seconds


@pytest.mark.parametrize("code", ["RequestLimitExceeded", "InternalError"])
def test_a_service_that_is_slow_to_refuse_is_given_up_in_time(emulator: Emulator, code: str) -> None:
    fill(emulator, range(1, 41))
    emulator.faults.add(faults.error(code))
    simulated = SimulatedReconciler(emulator, seconds=20)
    emulator.hooks.before = lambda _action, _params: simulated.clock.sleep(0.5)
    reports = simulated.run(*pause(*numbered(range(1, 41))))
    assert len(reports) == 40
    assert simulated.clock.seconds <= 20 + 0.5 * 64, (
        "requests under way at the deadline take their simulated time"
    )


def test_a_name_among_very_many_tasks_is_looked_for_as_long_as_there_is_time(emulator: Emulator) -> None:
    emulator.tasks.load([{"task_id": number, "sdk_app_id": APP, "state": 4} for number in range(1, 60_001)])
    simulated = SimulatedReconciler(emulator, seconds=16)
    reports = simulated.run(*pause(named("nobody"), SPRING))
    assert simulated.clock.seconds <= 16
    assert reports[0].outcome in {Outcome.DEFERRED, Outcome.FAILED}, "never not_found"
    assert reports[1].outcome is Outcome.FINISHED
    assert simulated.reconciler.problems[0].code == "ListIncomplete"


def test_tasks_are_paused_as_soon_as_their_page_is_read(emulator: Emulator) -> None:
    emulator.options.max_page_size = 10
    emulator.tasks.clear()
    fill(emulator, range(1, 1001), name="wanted")
    SimulatedReconciler(emulator).run(*pause(named("wanted")))
    actions = emulator.journal.actions()
    assert actions.index(PAUSE) < 10
    assert {task.state for task in emulator.tasks} == {5}


def test_no_more_than_two_seconds_of_the_list_are_read_before_what_was_found_is_paused(
    emulator: Emulator,
) -> None:
    emulator.options.max_page_size = 10
    emulator.tasks.clear()
    fill(emulator, range(1, 2_001), state=4)
    fill(emulator, range(50, 2_001, 50), name="wanted")
    SimulatedReconciler(emulator).run(*pause(named("wanted")))
    actions = "".join(
        "L" if each == LIST else "P" for each in emulator.journal.actions() if each in {LIST, PAUSE}
    )
    assert max(map(len, actions.split("P"))) == 40


# Contain what nobody expected


def test_an_unexpected_error_in_one_task_fails_that_task_and_no_other(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from handler.cloud.tencent_api import TencentApi

    call = TencentApi.call

    def broken(self: TencentApi, action: str, params: Any, seconds: float) -> Any:
        if action == PAUSE and params["TaskId"] == 16499:
            raise LookupError("nobody expected this")
        return call(self, action, params, seconds)

    monkeypatch.setattr(TencentApi, "call", broken)  # what a new release of the SDK may bring
    reports = SimulatedReconciler(emulator).run(*pause(*numbered([16498, 16499, 16500])))
    assert [report.outcome for report in reports] == [Outcome.PAUSED, Outcome.FAILED, Outcome.PAUSED]
    assert reports[1].error is not None
    assert (reports[1].error.code, reports[1].error.message) == (
        "Unexpected",
        "LookupError: nobody expected this",
    )


def test_a_stalled_application_does_not_keep_another_from_being_paused(emulator: Emulator) -> None:
    other = SdkAppId(1400000001)
    emulator.tasks.add(task_id=7, sdk_app_id=other, state=1)
    emulator.faults.add(faults.STALL, when=lambda params: params.get("SdkAppId") == APP)
    emulator.hooks.wait = None
    simulated = SimulatedReconciler(emulator, seconds=1.2)
    emulator.hooks.wait = None
    reports = simulated.run(*pause(SPRING, Target(other, TargetId(7), None, "default")))
    assert reports[1].outcome is Outcome.PAUSED
    assert reports[0].outcome in {Outcome.FAILED, Outcome.DEFERRED}


@pytest.mark.parametrize("answer", list(Answer))
def test_a_task_that_somebody_pauses_first_is_paused_whatever_ccc_types(
    emulator: Emulator, answer: Answer
) -> None:
    def pause_it(action: str, _params: Any) -> None:
        if action == PAUSE:
            emulator.tasks.get(APP, 16498).state = 5  # type: ignore[union-attr]

    emulator.options.pause_paused = answer
    emulator.hooks.before = pause_it
    (report,) = SimulatedReconciler(emulator, NIGHT).run(*pause(SPRING))
    assert report.outcome in {Outcome.PAUSED, Outcome.ALREADY_PAUSED}


@pytest.mark.parametrize("apis", [[DESCRIBE], [LIST], [DESCRIBE, LIST]])
@pytest.mark.parametrize(
    "code", ["AuthFailure.SignatureFailure", "AuthFailure.TokenFailure", "IpNotInWhitelist"]
)
def test_credentials_that_the_reading_apis_refuse_are_tried_for_pausing_all_the_same(
    emulator: Emulator, apis: list[str], code: str
) -> None:
    for api in apis:
        emulator.faults.add(faults.error(code), action=api)
    reports = SimulatedReconciler(emulator).run(*pause(*numbered([16498, 16499, 16500])))
    assert outcomes(reports) == {Outcome.PAUSED: 3}


def test_a_name_that_is_found_when_quiet_hours_are_over_is_reported_as_what_became_of_its_task(
    emulator: Emulator,
) -> None:
    simulated = SimulatedReconciler(emulator, EDGE - timedelta(seconds=1))
    emulator.hooks.before = _late(simulated, 2)
    fill(emulator, range(1, 400), state=4)
    jobs = [*pause(*numbered([16499])), *pause(named("us-reminders"))]
    answered = dict(simulated.reconciler.run(jobs))
    assert [each.outcome for job in jobs for each in answered[job]] == [Outcome.PAUSED] * 2
