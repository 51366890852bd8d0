"""The actions on automatic outbound call tasks.

Source: cloud.tencent.com/document/product/679 (Pause 125357, Resume 125356, DescribeAutoCalloutTask
69193, DescribeAutoCalloutTasks 68725, Create 69194), tencentcloud.com/document/product/1229/59781 (Stop)
and the official SDK's models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.emulator import errors
from local.emulator.api3 import INT64, UINT64, Param, check
from local.emulator.options import Answer, Options

from .answers import find, refuse_unfit
from .records import Records
from .tasks import FINISHED, NOT_STARTED, PAUSED, RUNNING, Task

_ONE: Mapping[str, Param] = {"TaskId": INT64, "SdkAppId": INT64}
_ONE_UNSIGNED: Mapping[str, Param] = {"TaskId": UINT64, "SdkAppId": UINT64}
_PAGE: Mapping[str, Param] = {"SdkAppId": UINT64, "PageSize": UINT64, "PageNumber": UINT64}


def _may(kind: str, least: int | None = None, most: int | None = None) -> Param:
    return Param(kind, required=False, least=least, most=most)


_CREATE: Mapping[str, Param] = {
    "SdkAppId": UINT64,
    "NotBefore": INT64,
    "Callees": Param("list"),
    "Callers": Param("list"),
    "IvrId": _may("uint"),
    "Name": _may("str"),
    "Description": _may("str"),
    "NotAfter": _may("int"),
    "Tries": _may("uint", 1, 3),
    "Variables": _may("objects"),
    "UUI": _may("str"),
    "CalleeAttributes": _may("objects"),
    "TimeZone": _may("str"),
    "AvailableTime": _may("objects"),
    "AvailableWorkTimeConfig": _may("objects"),
    "AIAgentId": _may("int"),
    "RetryInterval": _may("int", 600, 86_400),
    "RetryHangupTypes": _may("list"),
    "RetryTags": _may("objects"),
    "MaxRingTimeoutSecond": _may("int"),
    "ConcurrencyLimit": _may("int"),
    "TriggerStrategy": _may("objects"),
}
"""Windows of time and what follows a call are accepted and have no effect: no API gives them back."""


class TaskActions:
    """The actions on `tasks`, with the undocumented answers of `options`."""

    def __init__(self, tasks: Records[Task], options: Options) -> None:
        self.tasks = tasks
        self.options = options
        self.actions: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "PauseAutoCalloutTask": self.pause,
            "ResumeAutoCalloutTask": self.resume,
            "StopAutoCalloutTask": self.stop,
            "DescribeAutoCalloutTask": self.describe,
            "DescribeAutoCalloutTasks": self.describe_all,
            "CreateAutoCalloutTask": self.create,
        }

    def pause(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Interrupt a running task: no new calls until it is resumed."""
        found = self._find(check(params, _ONE), self.options.pause_unknown)
        if found is None:
            return {}
        unfit = {
            PAUSED: self.options.pause_paused,
            NOT_STARTED: self.options.pause_not_started,
            **dict.fromkeys(FINISHED, self.options.pause_finished),
        }
        refuse_unfit("task", found, unfit)
        if self.options.pauses_without_effect:
            self.options.pauses_without_effect -= 1
        elif found.state in {RUNNING, NOT_STARTED}:
            found.state = PAUSED
        return {}

    def resume(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Let a paused task go on."""
        found = self._find(check(params, _ONE), self.options.resume_unknown)
        if found is None:
            return {}
        unfit = {
            RUNNING: self.options.resume_running,
            NOT_STARTED: self.options.resume_not_started,
            **dict.fromkeys(FINISHED, self.options.resume_finished),
        }
        refuse_unfit("task", found, unfit)
        if found.state == PAUSED:
            found.state = RUNNING
        return {}

    def stop(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """End a task for ever."""
        found = self._find(check(params, _ONE_UNSIGNED), self.options.stop_unknown)
        if found is None:
            return {}
        refuse_unfit("task", found, dict.fromkeys(FINISHED, self.options.stop_finished))
        if found.state not in FINISHED:
            found.state = self.options.state_after_stop
        return {}

    def describe(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Describe one task."""
        found = self._find(check(params, _ONE_UNSIGNED), self.options.describe_unknown)
        return found.described(self.options.made_up_callees) if found else {}

    def describe_all(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """List an application's tasks by id, or newest first, a page at a time, from page 0."""
        page = check(params, _PAGE)
        size, largest = page["PageSize"], self.options.max_page_size
        if size < 1 or (largest is not None and size > largest):
            raise errors.wrong_value("PageSize", f"must be from 1 to {largest or 'any'}, not `{size}`")
        total, tasks = self.tasks.page(
            page["SdkAppId"], size * page["PageNumber"], size, newest_first=self.options.newest_first
        )
        return {"TotalCount": total, "Tasks": [each.listed(self.options.made_up_callees) for each in tasks]}

    def create(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Create a task, which starts by itself at NotBefore."""
        wanted = check(params, _CREATE)
        for name in ("Callees", "Callers"):
            if not wanted[name]:
                raise errors.wrong_value(name, "must not be empty")
        if "IvrId" not in wanted and "AIAgentId" not in wanted:
            raise errors.missing("IvrId")
        if "NotAfter" in wanted and wanted["NotAfter"] <= wanted["NotBefore"]:
            raise errors.wrong_value("NotAfter", "must be later than `NotBefore`")
        with self.tasks.lock:
            task_id = self.tasks.next_id()
            self.tasks.put(_created(task_id, wanted))
        return {"TaskId": task_id}

    def _find(self, params: Mapping[str, Any], unknown: Answer) -> Task | None:
        return find(self.tasks, params["SdkAppId"], params["TaskId"], unknown)


def _created(task_id: int, wanted: Mapping[str, Any]) -> Task:
    return Task(
        task_id=task_id,
        sdk_app_id=wanted["SdkAppId"],
        name=wanted.get("Name", ""),
        description=wanted.get("Description", ""),
        state=NOT_STARTED,
        not_before=wanted["NotBefore"],
        not_after=wanted.get("NotAfter"),
        callees=tuple(wanted["Callees"]),
        callers=tuple(wanted["Callers"]),
        ivr_id=wanted.get("IvrId", 0),
        max_ring_timeout_second=wanted.get("MaxRingTimeoutSecond", 0),
    )
