"""Which quiet hours a task or campaign has: of its named entry, else of the first rule that matches. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, NamedTuple

from handler.policy.entries import NONE, PolicyRule
from handler.policy.model import Policy
from handler.policy.patterns import EVERYTHING, fixed_part, includes, matches, takes_everything
from handler.target import KINDS, Kind, SdkAppId


class Coverage(NamedTuple):
    """What a policy says of one task or campaign.

    Of the values of `by`, `uncovered` is what no rule of its application matches, `unconcerned` what is
    unnamed in an application without rules; neither has quiet hours.
    """

    by: Literal["entry", "rule", "uncovered", "unconcerned"]
    quiet_hours: str | None = None
    """A name under `quiet_hours`, or `NONE`."""
    entry: str | None = None
    """Its name under `tasks` or `campaigns`."""
    rule: int | None = None
    """The number of the rule, from 1."""
    resume: bool = True
    exempt_until: datetime | None = None


UNCOVERED = Coverage("uncovered")
UNCONCERNED = Coverage("unconcerned")
_Place = tuple[SdkAppId, Kind]


class _Row(NamedTuple):
    """A pattern of a rule."""

    pattern: str
    coverage: Coverage
    rule: int


class Rules:
    """The rules and named entries of a policy, prepared for being asked about thousands of names.

    `default_app` is the application of what names none; without one, what names none is left out, which
    `Policy.named_tasks` refuses.
    """

    def __init__(self, policy: Policy | None, default_app: SdkAppId | None) -> None:
        self._named = dict(_named(policy, default_app)) if policy else {}
        # Each with its fixed part, which rules out most names in a tenth of the time of a match.
        self._rows: dict[_Place, list[tuple[str, _Row]]] = {}
        self._hours: dict[_Place, set[str]] = {}
        for number, rule in enumerate(policy.rules if policy else (), 1):
            if app := rule.sdk_app_id or default_app:
                self._add(number, rule, SdkAppId(app))

    def applications(self) -> tuple[SdkAppId, ...]:
        """Return the applications that have rules, in the order of their first ones."""
        return tuple(dict.fromkeys(app for app, _ in self._hours))

    def in_use(self, app: SdkAppId) -> frozenset[str]:
        """Return the names of the quiet hours that rules or named entries give in an application."""
        named = {each.quiet_hours for place, each in self._named.items() if place[0] == app}
        ruled = {name for kind in KINDS for name in self._hours.get((app, kind), ())}
        return frozenset(name for name in named | ruled if name not in {None, NONE})

    def quiet_hours(self, app: SdkAppId, kind: Kind) -> frozenset[str]:
        """Return the names of the quiet hours that rules may give there, `NONE` left out.

        Where no rule gives any to this kind, they are those of the other one: nothing of this kind is
        covered while they hold, and that is to be heard.
        """
        own = self._hours.get((app, kind), set()) - {NONE}
        return frozenset(
            own or {name for each in KINDS for name in self._hours.get((app, each), ())} - {NONE}
        )

    def decide(self, app: SdkAppId, kind: Kind, id_: int, name: str | None) -> Coverage:
        """Return what the policy says of a task or campaign of CCC. An unknown name is `None`."""
        named = self._named.get((app, kind, id_))
        return named or self.by_name(app, kind, name)

    def by_name(self, app: SdkAppId, kind: Kind, name: str | None) -> Coverage:
        """Return what the rules say of a name. For an unknown name, only rules for every name count."""
        rows = self._rows.get((app, kind))
        if rows is None:
            return UNCONCERNED
        if name is None:
            return next((row.coverage for _, row in rows if row.pattern == EVERYTHING), UNCOVERED)
        for fixed, row in rows:
            if fixed in name and matches(row.pattern, name):
                return row.coverage
        return UNCOVERED

    def never_matching(self) -> dict[int, tuple[int, ...]]:
        """Return the rules that can never match, each with the earlier ones that take all of its names."""
        takers: dict[int, set[int | None]] = {}
        for rows in self._rows.values():
            for _, row in rows:
                takers.setdefault(row.rule, set()).add(_taker(row, rows))
        found = {rule: by for rule, by in takers.items() if None not in by}
        return {rule: tuple(sorted(each for each in found[rule] if each)) for rule in sorted(found)}

    def _add(self, number: int, rule: PolicyRule, app: SdkAppId) -> None:
        coverage = Coverage("rule", rule.quiet_hours, rule=number, resume=rule.resume)
        for kind in KINDS:
            hours = self._hours.setdefault((app, kind), set())
            rows = self._rows.setdefault((app, kind), [])
            if kind in rule.kinds:
                hours.add(rule.quiet_hours)
                rows += [(fixed_part(each), _Row(each, coverage, number)) for each in _patterns(rule)]


NO_RULES = Rules(None, None)
"""Those of no policy."""


def applications(policy: Policy, default_app: SdkAppId | None) -> tuple[SdkAppId, ...]:
    """Return the applications that have rules, in the order of their first ones."""
    apps = (rule.sdk_app_id or default_app for rule in policy.rules)
    return tuple(dict.fromkeys(SdkAppId(app) for app in apps if app))


def never_matching(policy: Policy, default_app: SdkAppId | None) -> list[str]:
    """Return a sentence, without its full stop, for each rule that can never match."""
    return [
        f"rules[{rule - 1}]: rule {rule} can never match, since {_rules(takers)} before it "
        f"{'takes' if len(takers) == 1 else 'take'} everything that it names"
        for rule, takers in Rules(policy, default_app).never_matching().items()
    ]


def _rules(numbers: tuple[int, ...]) -> str:
    *others, last = (str(number) for number in numbers)
    return f"rules {', '.join(others)} and {last}" if others else f"rule {last}"


def _named(
    policy: Policy, default_app: SdkAppId | None
) -> Iterator[tuple[tuple[SdkAppId, Kind, int], Coverage]]:
    for kind, name, entry in policy.entries():
        if app := entry.sdk_app_id or default_app:
            coverage = Coverage("entry", entry.quiet_hours, name, None, entry.resume, entry.exempt_until)
            yield (SdkAppId(app), kind, entry.id), coverage


def _patterns(rule: PolicyRule) -> list[str]:
    names = rule.name or [EVERYTHING]
    return [EVERYTHING] if any(map(takes_everything, names)) else names


def _taker(row: _Row, rows: list[tuple[str, _Row]]) -> int | None:
    """Return the first earlier rule that takes every name that a pattern matches, `None` if there is none."""
    for fixed, each in rows:
        if each.rule == row.rule:
            return None
        if fixed in row.pattern and includes(each.pattern, row.pattern):
            return each.rule
    return None
