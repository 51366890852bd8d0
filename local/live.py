"""`quiet-hours check --live`: what the function's own check finds, from a developer's machine."""

from __future__ import annotations

from contextlib import redirect_stdout
from datetime import datetime, timezone
from typing import Any

from handler.report.check import CheckReport
from handler.settings import read_settings
from local import screen, show
from local.invoke import Lines, against_settings
from local.usage import IMPATIENT, NOT_DONE, OK, UsageError, has_settings


def check(policy: str | None) -> int:
    """Show what a check finds, and return the exit code, 1 only for errors. The topic is only read.

    Raises `UsageError` and `ConfigurationError`.
    """
    found, against = _of_settings(policy) if has_settings() else _of_a_world(policy)
    heading = show.heading("check --live", datetime.now(timezone.utc), against)
    screen.show(heading, "", *show.findings(found))
    return NOT_DONE if found.status == "errors" else OK


def _of_settings(policy: str | None) -> tuple[CheckReport, show.Against]:
    given: dict[str, Any] = {}
    if policy:
        given = {"callout_policy": policy, "callout_quiet_hours": None, "callout_time_zone": None}
    settings = read_settings(**given)
    if settings.credentials is None and not settings.callout_secret:
        raise UsageError(settings.lack_of_credentials)
    return _found(given, f"asking {settings.callout_endpoint}"), against_settings(settings)


def _of_a_world(policy: str | None) -> tuple[CheckReport, show.Against]:
    from handler.cloud.pacing import Clock  # noqa: PLC0415 - `--help` need not wait for it
    from local.world import APP, EXAMPLE, world  # noqa: PLC0415

    against = show.Against(policy or "policy.example.yaml", show.EMBEDDED, APP, None)
    with world(Clock(), policy or EXAMPLE) as here:
        return _found(here.settings, "asking the embedded world"), against


def _found(given: dict[str, Any], what: str) -> CheckReport:
    from handler.main import check as of_the_function  # noqa: PLC0415

    with screen.waiting(what) as note, redirect_stdout(Lines(note)):
        return of_the_function(backoff=IMPATIENT, **given)
