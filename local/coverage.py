"""What a policy's rules mean in words, and what covers a name: for `check`, `preview` and `explain`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from handler.errors import ConfigurationError
from handler.policy.entries import NONE, PolicyRule
from handler.policy.model import Policy
from handler.policy.rules import Coverage, Rules, never_matching
from handler.target import INT64_MAX, KINDS, Kind, SdkAppId
from local.usage import UsageError

NEVER_QUIET = "deliberately never quiet"
_NOT_SET = SdkAppId(-1)
_BY_KIND: dict[Kind | None, str] = {None: "tasks and campaigns", "task": "tasks", "campaign": "campaigns"}


class Covered(NamedTuple):
    """A name, as that of a task or campaign in an application, and what the policy says of it."""

    name: str
    kind: Kind | None
    """`None` where the same holds for both."""
    app: SdkAppId | None
    coverage: Coverage

    @property
    def text(self) -> str:
        """The answer in one line: what covers it, and with which quiet hours."""
        found = self.coverage
        where = f" of application {self.app}" if self.app else ""
        what = f"{self.kind or 'task or campaign'} {self.name!r}{where}: "
        if found.quiet_hours is None:
            return what + "uncovered, since no rule matches"
        by = "named in the policy" if found.rule is None else f"rule {found.rule}"
        until = f", exempt until {found.exempt_until.isoformat()}" if found.exempt_until else ""
        return f"{what}{by}, {_given(found.quiet_hours, resume=found.resume)}{until}"

    def document(self, at: datetime) -> dict[str, Any]:
        """Return the same for other programs, and whether it is exempt at an instant."""
        until = self.coverage.exempt_until
        return {
            "name": self.name,
            "kind": self.kind,
            "sdk_app_id": self.app,
            "covered_by": self.coverage.by,
            "rule": self.coverage.rule,
            "resume": self.coverage.resume,
            "exempt": until is not None and at < until,
            "exempt_until": until and until.isoformat(),
            "quiet_hours": self.coverage.quiet_hours,
        }


def _given(quiet_hours: str, *, resume: bool) -> str:
    never = f" ({NEVER_QUIET})" if quiet_hours == NONE else ""
    return f"quiet hours {quiet_hours}{never}" + ("" if resume else ", not resumed by itself")


def default_application() -> SdkAppId | None:
    """Return the default application of the environment, if it is set to one."""
    text = os.environ.get("CALLOUT_SDK_APP_ID", "").strip()
    return SdkAppId(int(text)) if text.isdecimal() and 0 < int(text[:20]) <= INT64_MAX else None


def covering(policy: Policy, name: str) -> list[Covered]:
    """Return what a policy says of a name: of its own task or campaign of that name, else by its rules.

    A name that only rules cover is one in CCC: it may be a task's or a campaign's, in any application with
    rules. Raises `UsageError` where the policy can say nothing.
    """
    for kind, own, entry in policy.entries():
        if own == name:
            app = entry.sdk_app_id or default_application()
            found = Coverage("entry", entry.quiet_hours, own, None, entry.resume, entry.exempt_until)
            return [Covered(name, kind, SdkAppId(app) if app else None, found)]
    return list(_by_rules(policy, name))


def _by_rules(policy: Policy, name: str) -> Iterator[Covered]:
    if not policy.rules:
        raise UsageError(f"--task {name!r} is not named in the policy, which has no rules")
    # A rule without an application is for the default one, also where that is not set here.
    rules = Rules(policy, default_application() or _NOT_SET)
    for app in rules.applications():
        known = None if app == _NOT_SET else app
        found = {kind: rules.by_name(app, kind, name) for kind in KINDS}
        if len(set(found.values())) == 1:
            yield Covered(name, None, known, found["task"])
        else:
            yield from (Covered(name, kind, known, each) for kind, each in found.items())


def in_words(rule: PolicyRule) -> str:
    """Return what a rule says: what it is for, and its quiet hours."""
    app = f"application {rule.sdk_app_id}" if rule.sdk_app_id else "the default application"
    named = f" named {' or '.join(rule.name)}" if rule.name else ""
    return f"{_BY_KIND[rule.kind]} of {app}{named}: {_given(rule.quiet_hours, resume=rule.resume)}"


def users(policy: Policy, hours: str) -> list[str]:
    """Return what has these quiet hours: a line each for tasks, campaigns and rules, where there are any."""
    found: dict[str, list[str]] = {"tasks": [], "campaigns": [], "rules": []}
    for kind, name, entry in policy.entries():
        if entry.quiet_hours == hours:
            found[f"{kind}s"].append(f"{name} ({entry.id})")
    found["rules"] = [str(number) for number, rule in enumerate(policy.rules, 1) if rule.quiet_hours == hours]
    return [f"{what}: {', '.join(names)}" for what, names in found.items() if names]


def warnings(policy: Policy) -> list[str]:
    """Return what is valid of entries and rules, but not usable everywhere or probably not intended."""
    if not (policy.tasks or policy.campaigns or policy.rules):
        return ["the policy names no tasks: every message has to name its own"]
    found = []
    without = [name for _, name, entry in policy.entries() if entry.sdk_app_id is None]
    without += [f"rule {number}" for number, rule in enumerate(policy.rules, 1) if rule.sdk_app_id is None]
    if without and not os.environ.get("CALLOUT_SDK_APP_ID"):
        found.append(f"CALLOUT_SDK_APP_ID has to be set: {', '.join(without)} name no sdk_app_id")
    assumed = default_application() or SdkAppId(1)
    try:
        policy.named_targets(assumed)
    except ConfigurationError as error:
        found += error.problems
    return found + never_matching(policy, assumed)
