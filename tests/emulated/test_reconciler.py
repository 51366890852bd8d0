"""Each task is observed, decided on, paused or resumed, and verified, against the emulator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from handler.cloud.ccc import Ccc
from handler.cloud.error_codes import cloud_error
from handler.cloud.tencent_api import TencentApi
from handler.errors import CloudError
from handler.target import Job, Outcome, SdkAppId, Target, TargetId
from local.emulator import Answer, Emulator, Fault, faults
from tests.support import APP, DESCRIBE, LIST, PAUSE

from .harness.clock import SimulatedClock
from .harness.constants import DAY, NIGHT, SPRING, WRONG_CREDENTIALS
from .harness.reconciler import SimulatedReconciler, named, pause


def test_a_running_task_is_paused_in_quiet_hours_and_seen_to_be(emulator: Emulator) -> None:
    (report,) = SimulatedReconciler(emulator).run(*pause(SPRING))
    assert report.outcome is Outcome.PAUSED
    assert report.attempts == 1
    assert report.reason == "quiet in Asia/Shanghai until Tue 09:00, 11 h from now"
    assert emulator.tasks.state(16498) == 5
    assert emulator.journal.actions() == [DESCRIBE, PAUSE, DESCRIBE]
    assert report.request_id == emulator.journal.entries[1].request_id


def test_an_exempt_task_is_left_alone_until_its_exemption_ends(emulator: Emulator) -> None:
    exempt = SPRING._replace(exempt_until=NIGHT + timedelta(hours=1))
    (report,) = SimulatedReconciler(emulator).run(*pause(exempt))
    assert report.outcome is Outcome.NOT_QUIET
    assert report.reason == "exempt from quiet hours until 23:00, 1 h from now"
    assert emulator.journal.entries == []
    (report,) = SimulatedReconciler(emulator, NIGHT + timedelta(hours=1)).run(*pause(exempt))
    assert report.outcome is Outcome.PAUSED


def test_an_exempt_task_may_be_resumed_in_quiet_hours(emulator: Emulator) -> None:
    emulator.tasks.add(task_id=16498, sdk_app_id=APP, state=5)
    exempt = SPRING._replace(exempt_until=NIGHT + timedelta(hours=1))
    (report,) = SimulatedReconciler(emulator).run(Job("resume", exempt))
    assert report.outcome is Outcome.RESUMED


def test_a_task_found_by_name_is_exempt_if_the_policy_says_so(emulator: Emulator) -> None:
    known = {
        (APP, "task", TargetId(16499)): Target(
            APP, TargetId(16499), "mine", "default", NIGHT + timedelta(hours=1)
        )
    }
    (report,) = SimulatedReconciler(emulator, known=known).run(*pause(named("us-reminders")))
    assert report.outcome is Outcome.NOT_QUIET
    assert emulator.tasks.state(16499) == 1


def test_without_verification_a_pause_is_believed(emulator: Emulator) -> None:
    (report,) = SimulatedReconciler(emulator, verify=False).run(*pause(SPRING))
    assert report.outcome is Outcome.PAUSED
    assert emulator.journal.actions() == [DESCRIBE, PAUSE]


def test_without_verification_what_was_refused_or_lost_is_looked_at_all_the_same(emulator: Emulator) -> None:
    def lose(task_id: int) -> Callable[[Any], bool]:
        return lambda params: params.get("TaskId") == task_id

    emulator.faults.add(faults.error("UnsupportedOperation"), action=PAUSE, when=lose(16498))
    emulator.faults.add(faults.LOST_REPLY, action=PAUSE, when=lose(16499))
    simulated = SimulatedReconciler(emulator, verify=False)
    reports = simulated.run(*pause(SPRING, Target(APP, TargetId(16499), None, "default")))
    assert [report.outcome for report in reports] == [Outcome.FAILED, Outcome.PAUSED]
    assert reports[0].reason == "pause was refused; the task is running"


def test_outside_quiet_hours_nothing_is_asked(emulator: Emulator) -> None:
    (report,) = SimulatedReconciler(emulator, DAY).run(*pause(SPRING))
    assert report.outcome is Outcome.NOT_QUIET
    assert emulator.journal.entries == []


@pytest.mark.parametrize("answer", list(Answer))
@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (0, Outcome.NOT_STARTED),
        (2, Outcome.FINISHED),
        (3, Outcome.FINISHED),
        (4, Outcome.FINISHED),
        (5, Outcome.ALREADY_PAUSED),
    ],
)
@pytest.mark.parametrize("describable", [True, False])
def test_a_task_that_is_not_running_has_the_outcome_of_its_state_whatever_ccc_types(
    emulator: Emulator, state: int, outcome: Outcome, answer: Answer, describable: bool
) -> None:
    emulator.tasks.add(task_id=16498, sdk_app_id=APP, state=state, not_before=4_000_000_000)
    emulator.options.pause_paused = emulator.options.pause_finished = answer
    emulator.options.pause_not_started = answer
    if not describable:  # the first look fails, so that the pause is tried blindly
        emulator.faults.script([faults.error("InvalidParameter")], action=DESCRIBE)
    (report,) = SimulatedReconciler(emulator).run(*pause(SPRING))
    if describable or answer is not Answer.SUCCESS:
        assert report.outcome is outcome
    else:
        assert report.outcome in {outcome, Outcome.PAUSED}
    assert emulator.tasks.state(16498) != 1


@pytest.mark.parametrize("answer", [answer for answer in Answer if answer is not Answer.SUCCESS])
def test_a_task_that_does_not_exist_is_not_found_or_refused(emulator: Emulator, answer: Answer) -> None:
    emulator.tasks.clear()
    emulator.options.pause_unknown = emulator.options.describe_unknown = answer
    (report,) = SimulatedReconciler(emulator).run(*pause(SPRING))
    found = {Answer.INVALID_PARAMETER_VALUE: Outcome.NOT_FOUND, Answer.RESOURCE_NOT_FOUND: Outcome.NOT_FOUND}
    assert report.outcome is found.get(answer, Outcome.NOT_ALLOWED)
    assert report.error is not None
    assert report.error.code == answer.value


def test_a_running_task_that_cannot_be_paused_has_failed(emulator: Emulator) -> None:
    emulator.faults.add(faults.error("UnsupportedOperation", "not for this one"), action=PAUSE)
    (report,) = SimulatedReconciler(emulator).run(*pause(SPRING))
    assert report.outcome is Outcome.FAILED
    assert report.reason == "pause was refused; the task is running"
    assert report.error is not None
    assert report.error.message == "not for this one"


def test_a_pause_that_is_accepted_without_effect_is_repeated_until_it_has_one(emulator: Emulator) -> None:
    emulator.options.pauses_without_effect = 2
    (report,) = SimulatedReconciler(emulator).run(*pause(SPRING))
    assert report.outcome is Outcome.PAUSED
    assert report.attempts == 3
    assert emulator.tasks.state(16498) == 5


def test_a_task_that_goes_on_however_often_it_is_paused_has_failed(emulator: Emulator) -> None:
    emulator.options.pauses_without_effect = 99
    (report,) = SimulatedReconciler(emulator).run(*pause(SPRING))
    assert report.outcome is Outcome.FAILED
    assert report.error is not None
    assert report.error.message == "accepted, but the task is still running"


def test_a_lost_reply_does_not_make_a_paused_task_a_failure(emulator: Emulator) -> None:
    emulator.faults.add(faults.LOST_REPLY, action=PAUSE)
    (report,) = SimulatedReconciler(emulator).run(*pause(SPRING))
    assert report.outcome is Outcome.PAUSED
    assert emulator.tasks.state(16498) == 5


PASSING: list[Callable[[], faults.Fault]] = [
    lambda: faults.RESET,
    lambda: faults.LOST_REPLY,
    lambda: faults.TRUNCATED,
    lambda: faults.HTTP_500,
    lambda: faults.HTTP_429,
    lambda: faults.HTML,
    lambda: faults.EMPTY,
    lambda: faults.OTHER_CONTENT_TYPE,
    lambda: faults.DB_ERROR,
    lambda: faults.THROTTLED,
]


@pytest.mark.parametrize("fault", [make() for make in PASSING], ids=lambda fault: fault.name)
def test_what_passes_is_tried_again_until_the_task_is_paused(emulator: Emulator, fault: faults.Fault) -> None:
    emulator.faults.add(fault, action=PAUSE, times=2)
    (report,) = SimulatedReconciler(emulator).run(*pause(SPRING))
    assert report.outcome is Outcome.PAUSED
    assert emulator.tasks.state(16498) == 5


def test_a_success_after_an_error_counts_and_the_call_is_not_sent_again(emulator: Emulator) -> None:
    """The SDK's own retryer throws it away: three requests, and the old error raised."""
    emulator.faults.add(faults.THROTTLED, action=PAUSE, times=1)
    (report,) = SimulatedReconciler(emulator, verify=False).run(*pause(SPRING))
    assert (report.outcome, report.attempts) == (Outcome.PAUSED, 2)
    assert emulator.journal.count(PAUSE) == 2


@pytest.mark.parametrize("fault", [faults.HTTP_500, faults.error("UnauthorizedOperation")])
def test_a_state_that_cannot_be_seen_does_not_stop_the_pausing(
    emulator: Emulator, fault: faults.Fault
) -> None:
    emulator.faults.add(fault, action=DESCRIBE)
    emulator.faults.add(fault, action=LIST)
    reports = SimulatedReconciler(emulator).run(*pause(SPRING, Target(APP, TargetId(16499), None, "default")))
    assert [report.outcome for report in reports] == [Outcome.PAUSED] * 2
    assert reports[0].reason.endswith("; accepted, but its state could not be seen")
    assert emulator.tasks.state(16498) == emulator.tasks.state(16499) == 5


def test_nothing_can_work_with_wrong_credentials_so_the_rest_is_not_tried(emulator: Emulator) -> None:
    simulated = SimulatedReconciler(emulator, identity=WRONG_CREDENTIALS)
    reports = simulated.run(
        *pause(SPRING, *(Target(APP, TargetId(number), None, "default") for number in range(50)))
    )
    assert {report.outcome for report in reports} == {Outcome.FAILED}
    assert {report.error.code for report in reports if report.error} == {"AuthFailure.SignatureFailure"}
    assert len(emulator.journal.entries) < 20, "those under way when the first was answered"


def test_an_unknown_code_is_tried_once_more_and_then_told(emulator: Emulator) -> None:
    emulator.faults.add(faults.error("Surprise", "never seen"), action=PAUSE)
    (report,) = SimulatedReconciler(emulator).run(*pause(SPRING))
    assert (report.outcome, report.attempts) == (Outcome.FAILED, 2)
    assert report.error is not None
    assert (report.error.code, report.error.message) == ("Surprise", "never seen")


def test_what_the_deadline_leaves_undone_is_deferred(emulator: Emulator) -> None:
    tasks = [Target(APP, TargetId(16498 + number), None, "default") for number in range(3)]
    reports = SimulatedReconciler(emulator, seconds=0.06).run(*pause(*tasks))
    outcomes = [report.outcome for report in reports]
    assert outcomes[0] is Outcome.PAUSED
    assert outcomes[-1] is Outcome.DEFERRED
    assert emulator.tasks.state(16500) == 1


def test_a_task_that_several_jobs_name_is_treated_once(emulator: Emulator) -> None:
    answered = SimulatedReconciler(emulator).reconciler.run(pause(SPRING, SPRING))
    assert [reports[0].outcome for _, reports in answered] == [Outcome.PAUSED] * 2
    assert emulator.journal.count(PAUSE) == 1


def test_acting_stops_in_time_to_verify_what_was_done(emulator: Emulator) -> None:
    tasks = [Target(APP, TargetId(20_000 + number), None, "default") for number in range(60)]
    for task in tasks:
        emulator.tasks.add(task_id=task.id, sdk_app_id=APP, state=1)
    reports = SimulatedReconciler(emulator, seconds=2.0).run(*pause(*tasks))
    outcomes = {outcome: [report for report in reports if report.outcome is outcome] for outcome in Outcome}
    assert len(outcomes[Outcome.PAUSED]) + len(outcomes[Outcome.DEFERRED]) == 60
    assert len(outcomes[Outcome.DEFERRED]) > 10
    assert not any("could not be seen" in report.reason for report in outcomes[Outcome.PAUSED])


@pytest.mark.parametrize("fault", [faults.HTTP_500, faults.RESET, faults.error("RequestLimitExceeded")])
def test_what_may_pass_is_tried_for_as_long_as_there_is_time(emulator: Emulator, fault: Fault) -> None:
    emulator.faults.add(fault, action=PAUSE, times=17)
    simulated = SimulatedReconciler(emulator)
    (report,) = simulated.run(*pause(SPRING))
    assert (report.outcome, report.attempts) == (Outcome.PAUSED, 18)
    assert simulated.clock.seconds < 60


def test_what_never_passes_has_failed_with_its_cause_when_the_time_is_up(emulator: Emulator) -> None:
    emulator.faults.add(faults.error("InternalError"), action=PAUSE)
    simulated = SimulatedReconciler(emulator)
    (report,) = simulated.run(*pause(SPRING))
    assert report.outcome is Outcome.FAILED
    assert report.error is not None
    assert report.error.code == "InternalError"
    assert 50 < simulated.clock.seconds <= 60
    assert report.attempts == emulator.journal.count(PAUSE)


def test_a_task_is_not_paused_again_and_again_past_the_deadline(emulator: Emulator) -> None:
    emulator.options.pauses_without_effect = 99
    (report,) = SimulatedReconciler(emulator, seconds=0.3).run(*pause(SPRING))
    assert report.outcome is Outcome.FAILED
    assert emulator.journal.count(PAUSE) == 2


def test_an_error_while_pausing_again_is_told(emulator: Emulator) -> None:
    emulator.options.pauses_without_effect = 1
    emulator.faults.script([None, faults.error("UnauthorizedOperation")], action=PAUSE)
    (report,) = SimulatedReconciler(emulator).run(*pause(SPRING))
    assert report.error is not None
    assert report.error.code == "UnauthorizedOperation"


def test_a_call_for_which_no_time_is_left_is_deferred(emulator: Emulator) -> None:
    simulated = SimulatedReconciler(emulator, seconds=0.1, rate=5)
    simulated.ccc.limit.wait(PAUSE)  # the next turn comes after 0.2 s, and so after the deadline
    (report,) = simulated.run(*pause(SPRING))
    assert report.outcome is Outcome.DEFERRED
    assert emulator.tasks.state(16498) == 1


def test_a_task_that_will_start_in_quiet_hours_is_reported_with_its_start(emulator: Emulator) -> None:
    start = int((NIGHT + timedelta(hours=2)).timestamp())
    emulator.tasks.add(task_id=16498, sdk_app_id=APP, state=0, not_before=start)
    emulator.now = NIGHT.timestamp
    (report,) = SimulatedReconciler(emulator).run(*pause(SPRING))
    assert report.outcome is Outcome.NOT_STARTED
    assert report.reason.startswith(
        "the task is not started and starts in quiet hours, Tue 00:00; quiet in Asia/"
    )


def test_many_tasks_that_are_as_wanted_cost_a_page_of_the_list_for_each_hundred(emulator: Emulator) -> None:
    ids = range(1, 1001)
    emulator.tasks.clear()
    for number in ids:
        emulator.tasks.add(task_id=number, sdk_app_id=APP, state=5)
    reports = SimulatedReconciler(emulator).run(
        *pause(*(Target(APP, TargetId(number), None, "default") for number in ids))
    )
    assert {report.outcome for report in reports} == {Outcome.ALREADY_PAUSED}
    assert emulator.journal.actions() == [LIST] * 10


def test_a_few_tasks_among_very_many_are_asked_for_one_by_one(emulator: Emulator) -> None:
    for number in range(1, 1001):
        emulator.tasks.add(task_id=number, sdk_app_id=APP, state=5)
    reports = SimulatedReconciler(emulator).run(*pause(SPRING, Target(APP, TargetId(16499), None, "default")))
    assert [report.outcome for report in reports] == [Outcome.PAUSED] * 2
    assert emulator.journal.count(LIST) == 2, "a first page each, which tells how many there are"
    assert emulator.journal.count(DESCRIBE) == 4


def test_a_list_that_breaks_off_serves_as_far_as_it_was_read(emulator: Emulator) -> None:
    for number in range(1, 151):
        emulator.tasks.add(task_id=number, sdk_app_id=APP, state=5)
    emulator.faults.script([None, *[faults.error("UnauthorizedOperation")] * 9], action=LIST)
    tasks = [Target(APP, TargetId(number), None, "default") for number in range(1, 151)]
    reports = SimulatedReconciler(emulator).run(*pause(*tasks))
    assert {report.outcome for report in reports} == {Outcome.ALREADY_PAUSED}
    assert emulator.journal.count(DESCRIBE) == 50


def test_a_list_of_another_shape_is_unreadable_and_does_not_stop_the_pausing(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        TencentApi, "call", _listing_nonsense(TencentApi.call)
    )  # what the network might bring
    reports = SimulatedReconciler(emulator).run(*pause(SPRING, Target(APP, TargetId(16499), None, "default")))
    assert [report.outcome for report in reports] == [Outcome.PAUSED] * 2


def _listing_nonsense(call: Any) -> Any:
    def changed(self: TencentApi, action: str, params: Any, seconds: float) -> Any:
        response = call(self, action, params, seconds)
        return response | {"Tasks": [{"Name": "no id"}]} if action == LIST else response

    return changed


def test_a_permission_that_is_missing_in_one_application_does_not_stop_the_others(emulator: Emulator) -> None:
    other = SdkAppId(1400000001)
    emulator.tasks.add(task_id=7, sdk_app_id=other, state=1)
    emulator.faults.add(
        faults.error("UnauthorizedOperation"),
        action=PAUSE,
        when=lambda params: params["SdkAppId"] == APP,
    )
    reports = SimulatedReconciler(emulator).run(*pause(SPRING, Target(other, TargetId(7), None, "default")))
    assert [report.outcome for report in reports] == [Outcome.FAILED, Outcome.PAUSED]
    assert reports[0].error is not None
    assert "hint: the credentials lack the permission" in reports[0].error.message


def test_quiet_hours_that_end_during_the_work_end_it(emulator: Emulator) -> None:
    times = iter([NIGHT] * 4)

    class Turning(SimulatedClock):
        def now(self) -> datetime:
            return next(times, NIGHT + timedelta(hours=12))

    simulated = SimulatedReconciler(emulator, clock=Turning())
    tasks = [Target(APP, TargetId(number), None, "default") for number in (16498, 16499, 16500)]
    outcomes = {report.outcome for report in simulated.run(*pause(*tasks))}
    assert Outcome.NOT_QUIET in outcomes


def test_a_dry_run_changes_nothing_and_says_what_would_be(emulator: Emulator) -> None:
    emulator.tasks.add(task_id=16499, sdk_app_id=APP, state=5)
    jobs = [
        Job("pause", SPRING, dry_run=True),
        Job("pause", Target(APP, TargetId(16499), None, "default"), dry_run=True),
    ]
    reports = SimulatedReconciler(emulator).run(*jobs)
    assert [report.outcome for report in reports] == [Outcome.WOULD_PAUSE, Outcome.ALREADY_PAUSED]
    assert emulator.journal.count(PAUSE) == 0


def test_a_dry_run_of_a_task_that_ccc_does_not_know_says_so(emulator: Emulator) -> None:
    jobs = [
        Job("pause", Target(APP, TargetId(99_999), None, "default"), dry_run=dry) for dry in (True, False)
    ]
    for job in jobs:
        (report,) = SimulatedReconciler(emulator).run(job)
        assert report.outcome is Outcome.NOT_FOUND
    assert emulator.journal.count(PAUSE) == 1, "that of the real request"


def test_a_dry_run_tells_what_no_call_can_work_with(emulator: Emulator) -> None:
    simulated = SimulatedReconciler(emulator, identity=WRONG_CREDENTIALS)
    (report,) = simulated.run(Job("pause", SPRING, dry_run=True))
    assert report.outcome is Outcome.FAILED
    assert report.error is not None
    assert report.error.code == "AuthFailure.SignatureFailure"


def test_resuming_outside_quiet_hours_lets_a_paused_task_go_on(emulator: Emulator) -> None:
    emulator.tasks.add(task_id=16498, sdk_app_id=APP, state=5)
    (report,) = SimulatedReconciler(emulator, DAY).run(Job("resume", SPRING))
    assert report.outcome is Outcome.RESUMED
    assert emulator.tasks.state(16498) == 1


def test_a_task_that_runs_already_is_not_resumed(emulator: Emulator) -> None:
    (report,) = SimulatedReconciler(emulator, DAY).run(Job("resume", SPRING))
    assert report.outcome is Outcome.ALREADY_RUNNING


def test_resuming_in_quiet_hours_is_refused_without_a_call(emulator: Emulator) -> None:
    (report,) = SimulatedReconciler(emulator).run(Job("resume", SPRING))
    assert report.outcome is Outcome.STILL_QUIET
    assert emulator.journal.entries == []


def test_a_name_of_ccc_is_looked_up_once_for_all(emulator: Emulator) -> None:
    reports = SimulatedReconciler(emulator).run(
        *pause(named("us-reminders"), named("eu-surveys"), named("nobody"))
    )
    assert [(report.target.id, report.outcome) for report in reports] == [
        (16499, Outcome.PAUSED),
        (16500, Outcome.PAUSED),
        (None, Outcome.NOT_FOUND),
    ]
    assert emulator.journal.count(LIST) == 2, "once for the names, once to verify"
    assert reports[2].reason.startswith("no task of application 1400692008 has this name")


def test_a_name_that_fits_several_tasks_pauses_them_all_and_says_so(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.tasks.add(task_id=16502, sdk_app_id=APP, name="us-reminders")
    reports = SimulatedReconciler(emulator).run(*pause(named("us-reminders")))
    assert [(report.target.id, report.outcome) for report in reports] == [
        (16499, Outcome.PAUSED),
        (16502, Outcome.PAUSED),
    ]
    assert all("the name fits 2 tasks" in report.reason for report in reports)
    assert "a name fits several tasks" in caplog.text


def test_a_task_found_by_name_keeps_the_quiet_hours_that_the_policy_gives_it(emulator: Emulator) -> None:
    known = {(APP, "task", TargetId(16499)): Target(APP, TargetId(16499), "mine", "us-east")}
    (report,) = SimulatedReconciler(emulator, known=known).run(*pause(named("us-reminders")))
    assert report.outcome is Outcome.NOT_QUIET
    assert emulator.tasks.state(16499) == 1


def test_a_name_is_not_looked_up_while_nothing_could_be_quiet(emulator: Emulator) -> None:
    (report,) = SimulatedReconciler(emulator, DAY).run(*pause(named("us-reminders")))
    assert (report.outcome, report.target.id) == (Outcome.NOT_QUIET, None)
    assert emulator.journal.entries == []


def test_a_name_that_cannot_be_looked_up_has_failed(emulator: Emulator) -> None:
    emulator.faults.add(faults.HTTP_500, action=LIST)
    (report,) = SimulatedReconciler(emulator).run(*pause(named("us-reminders")))
    assert report.outcome is Outcome.FAILED
    assert report.error is not None
    assert report.error.code == "NoAnswer"


@pytest.mark.parametrize("largest", [None, 100, 99, 50, 20, 10])
def test_all_pages_are_read_whatever_the_largest_page_may_be(emulator: Emulator, largest: int | None) -> None:
    emulator.options.max_page_size = largest
    for number in range(230):
        emulator.tasks.add(task_id=20_000 + number, sdk_app_id=APP, name=f"task-{number}")
    (report,) = SimulatedReconciler(emulator).run(*pause(named("task-229")))
    assert (report.target.id, report.outcome) == (20_229, Outcome.PAUSED)


def test_a_page_size_that_no_one_takes_is_an_error(emulator: Emulator) -> None:
    emulator.options.max_page_size = 5
    (report,) = SimulatedReconciler(emulator).run(*pause(named("us-reminders")))
    assert report.outcome is Outcome.FAILED


def test_a_state_of_another_number_is_no_reason_not_to_pause(emulator: Emulator) -> None:
    emulator.tasks.get(APP, 16498).state = 9  # type: ignore[union-attr]
    (report,) = SimulatedReconciler(emulator).run(*pause(SPRING))
    assert report.outcome is Outcome.PAUSED
    assert emulator.journal.count(PAUSE) == 1


@pytest.mark.parametrize("dry", [False, True])
@pytest.mark.parametrize("code", ["UnknownEndpoint", "Unreachable"])
def test_nobody_is_said_to_have_refused_where_nobody_was_reached(
    emulator: Emulator, code: str, dry: bool
) -> None:
    def nowhere() -> TencentApi:
        raise cloud_error(code, "nobody is there")

    simulated = SimulatedReconciler(emulator)
    simulated.ccc._connect = nowhere
    (report,) = simulated.run(*(job._replace(dry_run=dry) for job in pause(SPRING)))
    assert (report.outcome, report.reason) == (Outcome.FAILED, "CCC cannot be reached")


def test_without_credentials_every_task_fails_with_that_cause(emulator: Emulator) -> None:
    from handler.errors import Meaning

    def nobody() -> Ccc:
        raise CloudError("NoCredentials", "there are no credentials", meaning=Meaning.HALT)

    simulated = SimulatedReconciler(emulator, ccc=nobody)
    (report, other) = simulated.run(*pause(SPRING, named("us-reminders")))
    assert (report.outcome, other.outcome) == (Outcome.FAILED, Outcome.FAILED)
    assert report.error is not None
    assert report.error.code == "NoCredentials"
