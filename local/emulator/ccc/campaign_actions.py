"""The actions on predictive dialing campaigns.

Source: cloud.tencent.com/document/product/679/104034 (Create), tencentcloud.com/document/product/1229 (Update
59780, Pause 59783, the lists 59784 and 59785, Describe 59786, Delete 59789, Create 59790, Abort 59792) and
the official SDKs' models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from local.emulator import errors
from local.emulator.api3 import INT64, Param, check
from local.emulator.options import CampaignAnswer, Options

from .answers import find, refuse_unfit
from .campaigns import BY_HAND, FINISHED, NOT_STARTED, PAUSED, RUNNING, Campaign, Campaigns

_ONE: Mapping[str, Param] = {"SdkAppId": INT64, "CampaignId": INT64}
_TEXT, _NUMBERS = Param("str"), Param("list")


def _may(kind: str, least: int | None = None, most: int | None = None) -> Param:
    return Param(kind, required=False, least=least, most=most)


def _page(most: int) -> dict[str, Param]:
    return {"PageSize": Param("int", least=1, most=most), "PageNumber": Param("int", least=0, most=2**63 - 1)}


_LIST: Mapping[str, Param] = {
    "SdkAppId": INT64,
    **_page(100),
    "Name": _may("str"),
    "SkillGroupId": _may("int"),
}
_DOMESTIC_LIST: Mapping[str, Param] = {**_LIST, "CampaignId": _may("int")}
_SESSIONS: Mapping[str, Param] = {**_ONE, **_page(1_000)}
_CREATE: Mapping[str, Param] = {
    "SdkAppId": INT64,
    "Name": _TEXT,
    "Callees": _NUMBERS,
    "Callers": _NUMBERS,
    "CallOrder": Param("int", least=0, most=1),
    "SkillGroupId": INT64,
    "Priority": Param("int", least=1, most=5),
    "ExpectedAbandonRate": Param("int", least=0, most=50),
    "RetryInterval": Param("int", least=60, most=86_400),
    "StartTime": INT64,
    "EndTime": INT64,
    "IVRId": _may("int"),
    "RetryTimes": _may("int", 0, 2),
    "Variables": _may("objects"),
    "UUI": _may("str"),
    "CalleeAttributes": _may("objects"),
    "TimeZone": _may("str"),
    "AvailableTime": _may("objects"),
}
"""The last three are accepted and have no effect: no API gives them back."""
_UPDATE: Mapping[str, Param] = {
    **{name: param for name, param in _CREATE.items() if name not in {"TimeZone", "AvailableTime"}},
    "CampaignId": INT64,
    "ExpectedAbandonRate": Param("int", least=5, most=50),
}
_VARIABLE: Mapping[str, Param] = {"Key": _TEXT, "Value": _TEXT}
_FIELDS: Mapping[str, str] = {
    "Name": "name",
    "CallOrder": "call_order",
    "SkillGroupId": "skill_group_id",
    "Priority": "priority",
    "ExpectedAbandonRate": "expected_abandon_rate",
    "RetryInterval": "retry_interval",
    "StartTime": "start_time",
    "EndTime": "end_time",
    "IVRId": "ivr_id",
    "RetryTimes": "retry_times",
    "UUI": "uui",
}


class CampaignActions:
    """The actions on `campaigns`, with the undocumented answers of `options`."""

    def __init__(self, campaigns: Campaigns, options: Options) -> None:
        self.campaigns = campaigns
        self.options = options
        self.actions: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "PausePredictiveDialingCampaign": self.pause,
            "ResumePredictiveDialingCampaign": self.resume,
            "AbortPredictiveDialingCampaign": self.abort,
            "DeletePredictiveDialingCampaign": self.delete,
            "DescribePredictiveDialingCampaign": self.describe,
            "DescribePredictiveDialingCampaigns": self.describe_all,
            "DescribePredictiveDialingSessions": self.describe_sessions,
            "CreatePredictiveDialingCampaign": self.create,
            "UpdatePredictiveDialingCampaign": self.update,
        }

    def pause(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Interrupt a running campaign: no new calls until it is resumed."""
        found = self._find(check(params, _ONE), self.options.campaign_pause_unknown)
        if found is None:
            return {}
        unfit = {
            PAUSED: self.options.campaign_pause_paused,
            NOT_STARTED: self.options.campaign_pause_not_started,
            **dict.fromkeys(FINISHED, self.options.campaign_pause_finished),
        }
        refuse_unfit("campaign", found, unfit)
        if self.options.pauses_without_effect:
            self.options.pauses_without_effect -= 1
        elif found.state in {RUNNING, NOT_STARTED}:
            found.state = PAUSED
            self._end_calls(found)
        return {}

    def resume(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Let a paused campaign go on."""
        found = self._find(check(params, _ONE), self.options.campaign_resume_unknown)
        if found is None:
            return {}
        unfit = {
            RUNNING: self.options.campaign_resume_running,
            NOT_STARTED: self.options.campaign_resume_not_started,
            **dict.fromkeys(FINISHED, self.options.campaign_resume_finished),
        }
        refuse_unfit("campaign", found, unfit)
        if found.state == PAUSED:
            found.state = RUNNING
        return {}

    def abort(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """End a campaign for ever."""
        found = self._find(check(params, _ONE), self.options.campaign_abort_unknown)
        if found is None:
            return {}
        refuse_unfit("campaign", found, dict.fromkeys(FINISHED, self.options.campaign_abort_finished))
        if found.state not in FINISHED:
            found.end(BY_HAND)
            self._end_calls(found)
        return {}

    def delete(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Remove a campaign."""
        found = self._find(check(params, _ONE), self.options.campaign_delete_unknown)
        if found is None:
            return {}
        unfit = dict.fromkeys((RUNNING, PAUSED), self.options.campaign_delete_running)
        refuse_unfit("campaign", found, unfit)
        self.campaigns.remove(found.id, found.sdk_app_id)
        return {}

    def describe(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Describe one campaign."""
        found = self._find(check(params, _ONE), self.options.campaign_describe_unknown)
        return found.described(international=self.options.international) if found else {}

    def describe_all(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """List an application's campaigns by id, or newest first, a page at a time, from page 0."""
        wanted = check(params, _LIST if self.options.international else _DOMESTIC_LIST)

        def asked_for(campaign: Campaign) -> bool:
            return (
                wanted.get("Name", "") in campaign.name
                and wanted.get("SkillGroupId", campaign.skill_group_id) == campaign.skill_group_id
                and wanted.get("CampaignId", campaign.id) == campaign.id
            )

        size = wanted["PageSize"]
        total, campaigns = self.campaigns.page(
            wanted["SdkAppId"],
            size * wanted["PageNumber"],
            size,
            newest_first=self.options.newest_first,
            where=asked_for if wanted.keys() & {"Name", "SkillGroupId", "CampaignId"} else None,
        )
        return {"TotalCount": total, "CampaignList": [each.listed() for each in campaigns]}

    def describe_sessions(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """List the session ids of a campaign's calls, a page at a time, from page 0."""
        wanted = check(params, _SESSIONS)
        found = self._find(wanted, self.options.campaign_describe_unknown)
        if found is None:
            return {}
        made, start = found.dialling.made, wanted["PageSize"] * wanted["PageNumber"]
        numbers = range(min(start, made), min(start + wanted["PageSize"], made))
        return {"TotalCount": made, "SessionList": [found.dialling.session(number) for number in numbers]}

    def create(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Create a campaign, which starts by itself at StartTime."""
        wanted = check(params, _CREATE)
        fields = _fields(wanted)
        with self.campaigns.lock:
            campaign_id = self.campaigns.next_id()
            self.campaigns.put(Campaign(campaign_id, wanted["SdkAppId"], state=NOT_STARTED, **fields))
        return {"CampaignId": campaign_id}

    def update(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Change a campaign that has not started; optional parameters that are left out stay as they are."""
        wanted = check(params, _UPDATE)
        fields = _fields(wanted)
        found = self._find(wanted, self.options.campaign_update_unknown)
        if found is None:
            return {}
        started = dict.fromkeys((RUNNING, PAUSED, *FINISHED), self.options.campaign_update_started)
        refuse_unfit("campaign", found, started)
        if found.state == NOT_STARTED:
            self.campaigns.put(replace(found, **fields))
        return {}

    def _find(self, params: Mapping[str, Any], unknown: CampaignAnswer) -> Campaign | None:
        return find(self.campaigns, params["SdkAppId"], params["CampaignId"], unknown)

    def _end_calls(self, campaign: Campaign) -> None:
        if self.options.campaign_cuts_calls:
            campaign.cut()


def _fields(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a campaign that parameters set. Raises `ApiError` for what cannot be."""
    for name in ("Callees", "Callers"):
        if not wanted[name]:
            raise errors.wrong_value(name, "must not be empty")
    if wanted["EndTime"] <= wanted["StartTime"]:
        raise errors.wrong_value("EndTime", "must be later than `StartTime`")
    for number, variable in enumerate(wanted.get("Variables", ())):
        check(variable, _VARIABLE, f"Variables.{number}.")
    fields = {field: wanted[name] for name, field in _FIELDS.items() if name in wanted}
    fields |= {"callees": tuple(wanted["Callees"]), "callers": tuple(wanted["Callers"])}
    if "Variables" in wanted:
        fields["variables"] = {each["Key"]: each["Value"] for each in wanted["Variables"]}
    return fields
