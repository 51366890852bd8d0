"""What a request means: from names and numbers to tasks and campaigns with their quiet hours. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from handler.errors import RejectedError
from handler.errors.sentences import given
from handler.errors.spelling import bounded_suggestions, suggestion
from handler.messages.request import Request
from handler.policy.entries import DEFAULT, NONE
from handler.policy.patterns import is_pattern
from handler.target import Kind, SdkAppId, Target, TargetId

if TYPE_CHECKING:
    from handler.messages.fields import Requested


class Known(NamedTuple):
    """What the policy names: by name, by application, kind and id, and the applications that have an id."""

    named: Mapping[str, Target]
    by_id: Mapping[tuple[SdkAppId, Kind, TargetId], Target]
    apps: Mapping[tuple[Kind, int], Collection[SdkAppId]]

    @classmethod
    def of(cls, named: Mapping[str, Target]) -> "Known":
        """Return what is known by name. Of two names for one target, the first one counts."""
        by_id: dict[tuple[SdkAppId, Kind, TargetId], Target] = {}
        apps: dict[tuple[Kind, int], set[SdkAppId]] = {}
        for each in named.values():
            if each.id is not None and each.kind is not None:
                by_id.setdefault((each.sdk_app_id, each.kind, each.id), each)
                apps.setdefault((each.kind, each.id), set()).add(each.sdk_app_id)
        return cls(named, by_id, apps)


def resolve(
    request: Request,
    known: Known,
    quiet_hours: Collection[str],
    default_app: SdkAppId | None,
    with_rules: Collection[SdkAppId] = (),
) -> list[Target]:
    """Return what a request means, each once, with application and quiet hours.

    What the policy knows keeps the policy's quiet hours however it is named; what it does not know has those
    called `default`. A name that the policy does not have stays without an id: CCC is asked for it. A name
    with a wildcard is a pattern, unless the policy has this very name. Without `tasks`, everything is meant
    that the policy names and that the rules of the applications `with_rules` match. What has to be found in
    CCC comes last.

    Raises `RejectedError` with one sentence for each of the first tasks that cannot be resolved.
    """
    if request.tasks is None:
        if not known.named and not with_rules:
            raise RejectedError(["tasks: is required, since the policy names no tasks"])
        hours = _fallback(quiet_hours)
        by_rules = [Target(app, None, None, hours, lookup="rules", kind=None) for app in with_rules]
        return [*_each_once(known.named.values()), *by_rules]
    meant, found = _each(request.tasks, known, quiet_hours, default_app, force=request.force)
    found += _named_twice(meant)
    if found:
        raise RejectedError(found)
    return sorted(_each_once(meant), key=lambda each: each.lookup == "pattern")


def _each(
    entries: "Iterable[Requested]",
    known: Known,
    quiet_hours: Collection[str],
    default_app: SdkAppId | None,
    *,
    force: bool,
) -> tuple[list[Target], list[str]]:
    """Return what the entries of a request mean, and a sentence for each one that means nothing."""
    meant: list[Target] = []
    found: list[str] = []
    with bounded_suggestions():
        for index, entry in enumerate(entries):
            try:
                one = _one(entry, known, quiet_hours, default_app)
                if force and one.quiet_hours == DEFAULT and DEFAULT not in quiet_hours:
                    one = one._replace(quiet_hours=NONE)
                if one.lookup != "pattern":
                    _check_quiet_hours(one, entry, quiet_hours)
            except ValueError as error:
                found.append(f"tasks[{index}]{error}")
            else:
                meant.append(one)
    return meant, found


def _one(
    entry: "Requested", known: Known, quiet_hours: Collection[str], default_app: SdkAppId | None
) -> Target:
    if isinstance(entry, str):
        if named := known.named.get(entry):
            return named
        app = _application(None, (), default_app)
        if is_pattern(entry):
            return Target(app, None, entry, _fallback(quiet_hours), lookup="pattern", kind=None)
        return Target(app, None, entry, DEFAULT)
    if isinstance(entry, int):
        return _numbered(entry, "task", None, known, default_app)
    if entry.form == "pattern":
        app, hours = _application(entry.sdk_app_id, (), default_app), _fallback(quiet_hours)
        return Target(app, None, entry.name, hours, lookup="pattern", kind=entry.kind)
    one = _numbered(entry.id, entry.form, entry.sdk_app_id, known, default_app)
    return one._replace(quiet_hours=entry.quiet_hours) if entry.quiet_hours else one


def _numbered(
    number: int, kind: Kind, asked: int | None, known: Known, default_app: SdkAppId | None
) -> Target:
    app, id_ = _application(asked, known.apps.get((kind, number), ()), default_app), TargetId(number)
    return known.by_id.get((app, kind, id_)) or Target(app, id_, None, DEFAULT, kind=kind)


def _fallback(quiet_hours: Collection[str]) -> str:
    """Return the quiet hours of what is found in CCC and has none of its own."""
    return DEFAULT if DEFAULT in quiet_hours else NONE


def _application(asked: int | None, apps: Collection[SdkAppId], default_app: SdkAppId | None) -> SdkAppId:
    """Return the application that is asked for, else the default one.

    Without either it is the policy's, if only one of its applications, `apps`, has this id.
    """
    if app := SdkAppId(asked) if asked else default_app:
        return app
    if len(apps) == 1:
        return next(iter(apps))
    raise ValueError(": no application; give sdk_app_id in an object, or set CALLOUT_SDK_APP_ID")


def _check_quiet_hours(one: Target, entry: "Requested", quiet_hours: Collection[str]) -> None:
    asked = getattr(entry, "quiet_hours", None) is not None
    if one.quiet_hours in quiet_hours or (one.quiet_hours == NONE and not asked):
        return
    if one.quiet_hours == DEFAULT:
        raise ValueError(
            f": the policy does not name this {one.noun} and has no quiet hours called 'default'"
        )
    raise ValueError(
        f".quiet_hours: {given(one.quiet_hours)} is not in the policy"
        + suggestion(one.quiet_hours, quiet_hours)
    )


def _named_twice(meant: Sequence[Target]) -> list[str]:
    """Return a sentence for each target that one message puts under two different quiet hours."""
    hours: dict[tuple[object, ...], set[str]] = {}
    for one in meant:
        if one.lookup != "pattern":
            hours.setdefault(one.key, set()).add(one.quiet_hours)
    return [
        f"tasks: {'campaign ' if kind == 'campaign' else ''}{key} of application {app} is named twice, "
        f"with different quiet hours ({', '.join(sorted(names))})"
        for (app, kind, key), names in hours.items()
        if len(names) > 1
    ]


def _each_once(meant: Iterable[Target]) -> list[Target]:
    return list({(one.key, one.lookup): one for one in meant}.values())
