"""What a request means: from names and numbers to tasks and campaigns with their quiet hours. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from handler.errors import RejectedError
from handler.errors.sentences import given
from handler.errors.spelling import bounded_suggestions, suggestion
from handler.messages.request import Request, Requested, RequestedCampaign, RequestedPattern, RequestedTask
from handler.policy.entries import DEFAULT, NONE
from handler.policy.patterns import is_pattern
from handler.task import Campaign, CampaignId, Pattern, SdkAppId, Task, TaskId

_Apps = Mapping[int | None, Collection[SdkAppId]]
_Meant = Task | Campaign | Pattern
_Named = TypeVar("_Named", Task, Campaign)


class Known(NamedTuple):
    """The policy's tasks: by name, by application and id, and the applications that have an id.

    Its campaigns likewise.
    """

    named: Mapping[str, Task]
    by_id: Mapping[tuple[SdkAppId, TaskId | None], Task]
    apps: _Apps
    campaigns: Mapping[str, Campaign]
    campaigns_by_id: Mapping[tuple[SdkAppId, CampaignId], Campaign]
    campaign_apps: _Apps

    @classmethod
    def of(cls, named: Mapping[str, Task], campaigns: Mapping[str, Campaign] | None = None) -> "Known":
        """Return what is known by name. Of two names for one task or campaign, the first one counts."""
        campaigns = campaigns or {}
        by_id: dict[tuple[SdkAppId, TaskId | None], Task] = {}
        for task in named.values():
            by_id.setdefault((task.sdk_app_id, task.task_id), task)
        campaigns_by_id: dict[tuple[SdkAppId, CampaignId], Campaign] = {}
        for campaign in campaigns.values():
            campaigns_by_id.setdefault(campaign.key, campaign)
        return cls(
            named, by_id, _applications(by_id), campaigns, campaigns_by_id, _applications(campaigns_by_id)
        )


class Resolved(NamedTuple):
    """What a request means, each once: tasks, campaigns, and patterns of names in CCC."""

    tasks: list[Task]
    campaigns: list[Campaign]
    patterns: list[Pattern]


def resolve(
    request: Request,
    named: Mapping[str, Task] | Known,
    quiet_hours: Collection[str],
    default_app: SdkAppId | None,
    with_rules: Collection[SdkAppId] = (),
) -> Resolved:
    """Return what a request means, each once, with application and quiet hours.

    `named` are the policy's tasks by name. A task that the policy knows keeps the policy's quiet
    hours however it is named; an unknown task has those called `default`. A name that the
    policy does not have stays without `task_id`: CCC is asked for it. A name with a wildcard is a pattern,
    unless the policy has this very name. Without `tasks`, all that the policy names is meant; what the rules
    of the applications `with_rules` match is for the caller.

    Raises `RejectedError` with one sentence for each of the first tasks that cannot be resolved.
    """
    known = named if isinstance(named, Known) else Known.of(named)
    if request.tasks is None:
        if not known.named and not known.campaigns and not with_rules:
            raise RejectedError(["tasks: is required, since the policy names no tasks"])
        return Resolved(_each_once(known.named.values()), _each_once(known.campaigns.values()), [])
    meant, found = _each(request.tasks, known, quiet_hours, default_app)
    tasks = [one for one in meant if isinstance(one, Task)]
    campaigns = [one for one in meant if isinstance(one, Campaign)]
    found += [*_named_twice(tasks, ""), *_named_twice(campaigns, "campaign ")]
    if found:
        raise RejectedError(found)
    patterns = dict.fromkeys(one for one in meant if isinstance(one, Pattern))
    return Resolved(_each_once(tasks), _each_once(campaigns), list(patterns))


def _each(
    entries: Iterable[Requested], known: Known, quiet_hours: Collection[str], default_app: SdkAppId | None
) -> tuple[list[_Meant], list[str]]:
    """Return what the entries of a request mean, and a sentence for each one that means nothing."""
    meant: list[_Meant] = []
    found: list[str] = []
    with bounded_suggestions():
        for index, entry in enumerate(entries):
            try:
                one = _one(entry, known, default_app)
                if not isinstance(one, Pattern):
                    _check_quiet_hours(one, entry, quiet_hours)
            except ValueError as error:
                found.append(f"tasks[{index}]{error}")
            else:
                meant.append(one)
    return meant, found


def _one(entry: Requested, known: Known, default_app: SdkAppId | None) -> _Meant:
    if isinstance(entry, str):
        return _by_name(entry, known, default_app)
    if isinstance(entry, int):
        return _task(entry, known, _application(None, known.apps.get(entry, ()), default_app))
    if isinstance(entry, RequestedPattern):
        return Pattern(_application(entry.sdk_app_id, (), default_app), entry.name, entry.kind)
    if isinstance(entry, RequestedCampaign):
        apps = known.campaign_apps.get(entry.campaign_id, ())
        campaign = _campaign(entry.campaign_id, known, _application(entry.sdk_app_id, apps, default_app))
        return campaign._replace(quiet_hours=entry.quiet_hours) if entry.quiet_hours else campaign
    apps = known.apps.get(entry.task_id, ())
    task = _task(entry.task_id, known, _application(entry.sdk_app_id, apps, default_app))
    return task._replace(quiet_hours=entry.quiet_hours) if entry.quiet_hours else task


def _by_name(name: str, known: Known, default_app: SdkAppId | None) -> _Meant:
    if named := known.named.get(name) or known.campaigns.get(name):
        return named
    app = _application(None, (), default_app)
    return Pattern(app, name) if is_pattern(name) else Task(app, None, name, DEFAULT)


def _task(number: int, known: Known, app: SdkAppId) -> Task:
    task_id = TaskId(number)
    return known.by_id.get((app, task_id)) or Task(app, task_id, None, DEFAULT)


def _campaign(number: int, known: Known, app: SdkAppId) -> Campaign:
    campaign_id = CampaignId(number)
    return known.campaigns_by_id.get((app, campaign_id)) or Campaign(app, campaign_id, None, DEFAULT)


def _application(asked: int | None, apps: Collection[SdkAppId], default_app: SdkAppId | None) -> SdkAppId:
    """Return the application that is asked for, else the default one.

    Without either it is the policy's, if only one of its applications, `apps`, has this id.
    """
    if app := SdkAppId(asked) if asked else default_app:
        return app
    if len(apps) == 1:
        return next(iter(apps))
    raise ValueError(": no application; give sdk_app_id in an object, or set CALLOUT_SDK_APP_ID")


def _check_quiet_hours(one: Task | Campaign, entry: Requested, quiet_hours: Collection[str]) -> None:
    asked = isinstance(entry, (RequestedTask, RequestedCampaign)) and entry.quiet_hours is not None
    if one.quiet_hours in quiet_hours or (one.quiet_hours == NONE and not asked):
        return
    if one.quiet_hours == DEFAULT:
        kind = "task" if isinstance(one, Task) else "campaign"
        raise ValueError(f": the policy does not name this {kind} and has no quiet hours called 'default'")
    raise ValueError(
        f".quiet_hours: {given(one.quiet_hours)} is not in the policy"
        + suggestion(one.quiet_hours, quiet_hours)
    )


def _named_twice(meant: Sequence[Task] | Sequence[Campaign], kind: str) -> list[str]:
    """Return a sentence for each task or campaign that one message puts under two different quiet hours."""
    hours: dict[tuple[SdkAppId, int | str | None], set[str]] = {}
    for one in meant:
        hours.setdefault(one.key, set()).add(one.quiet_hours)
    return [
        f"tasks: {kind}{key} of application {app} is named twice, "
        f"with different quiet hours ({', '.join(sorted(names))})"
        for (app, key), names in hours.items()
        if len(names) > 1
    ]


def _each_once(meant: Iterable[_Named]) -> list[_Named]:
    return list({one.key: one for one in meant}.values())


def _applications(keys: Iterable[tuple[SdkAppId, int | None]]) -> _Apps:
    """Return the applications that have an id, by id."""
    apps: dict[int | None, set[SdkAppId]] = {}
    for app, number in keys:
        apps.setdefault(number, set()).add(app)
    return apps
