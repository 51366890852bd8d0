"""Legal quiet hours of outbound calls, each with its source. Data. Not legal advice.

A law says between which hours calls are allowed; a preset is quiet at all other times. Where a text says
"after 9 p.m.", it is quiet from 21:00:00 on. Only rules found in the statute's or the regulator's own
text are here; where a rule covers only some calls or some callers, `note` says so.
"""

from __future__ import annotations

from typing import Any, NamedTuple

_EVENING_TO_EIGHT = ("21:00-08:00",)
_NIGHT_FROM_EIGHT = ("20:00-08:00",)
_LIMITS = "At most 3 calls in 24 hours are allowed besides; that is not checked here."


class Preset(NamedTuple):
    """A legal rule: when it is quiet, who says so, and when we looked."""

    name: str
    title: str
    quiet: tuple[Any, ...]
    source: str
    """The statute or regulator's text, with its section."""
    time_zone: str | None = None
    """The zone the rule itself names; None: the called party's, which the document has to say."""
    note: str = ""
    looked_up: str = "2026-11"


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "us-federal",
            "United States: telephone solicitation",
            _EVENING_TO_EIGHT,
            "TCPA, 47 CFR 64.1200(c)(1); FTC Telemarketing Sales Rule, 16 CFR 310.4(c)",
            note="States may be stricter. Calls to residential subscribers.",
        ),
        Preset(
            "us-debt-collection",
            "United States: debt collection",
            _EVENING_TO_EIGHT,
            "Regulation F, 12 CFR 1006.6(b)(1)",
        ),
        Preset("us-florida", "Florida", _NIGHT_FROM_EIGHT, "Fla. Stat. 501.616(6)", note=_LIMITS),
        Preset("us-washington", "Washington State", _NIGHT_FROM_EIGHT, "RCW 19.158.040(2); RCW 80.36.390"),
        Preset(
            "us-maryland",
            "Maryland",
            _NIGHT_FROM_EIGHT,
            "Md. Code, Commercial Law, 14-4501 ff., from 2024-01-01",
            note=_LIMITS,
        ),
        Preset(
            "canada",
            "Canada: telemarketing",
            ("Mon-Fri 00:00-09:00,21:30-24:00", "Sat,Sun 00:00-10:00,18:00-24:00"),
            "CRTC Unsolicited Telecommunications Rules, Part III, sections 23 and 24",
        ),
        Preset(
            "italy",
            "Italy: telemarketing by adherents of the code",
            (
                "Mon-Fri 00:00-09:00,20:00-24:00",
                "Sat 00:00-10:00,19:00-24:00",
                "Sun 00:00-24:00",
                {"holiday_eves": "IT", "times": ["00:00-10:00", "19:00-24:00"]},
                {"holidays": "IT"},
            ),
            "Garante per la protezione dei dati personali, code of conduct for telemarketing, 2024-03-07",
            note="Binds those who adhere to the code. Needs the holidays extra.",
        ),
        Preset(
            "australia",
            "Australia: telemarketing",
            (
                "Mon-Fri 00:00-09:00,20:00-24:00",
                "Sat 00:00-09:00,17:00-24:00",
                "Sun 00:00-24:00",
                {"holidays": "AU"},
            ),
            "Telecommunications (Telemarketing and Research Calls) Industry Standard 2017",
            note="National public holidays; research calls have other hours. Needs the holidays extra.",
        ),
        Preset(
            "spain",
            "Spain: commercial calls",
            ("Mon-Fri 00:00-09:00,21:00-24:00", "Sat,Sun 00:00-24:00", {"holidays": "ES"}),
            "TRLGDCU (Real Decreto Legislativo 1/2007), art. 96.2",
            note="National holidays: add your community's, {holidays: ES-MD}. Automated calls need consent."
            " Needs the holidays extra.",
        ),
        Preset(
            "china-tencent",
            "China: numbers of Tencent Cloud Contact Center",
            _EVENING_TO_EIGHT,
            "Tencent Cloud, cloud.tencent.com.cn/document/product/679/79155",
            time_zone="Asia/Shanghai",
            note="The platform's rule, in Beijing time. No calls to Xinjiang and Tibet; at most 5 calls in"
            " 24 hours and 3 in 5 minutes to a callee: that is not checked here.",
        ),
        Preset(
            "china-loan-collection",
            "China: collection of loans",
            ("22:00-08:00",),
            "China Banking Association, guideline (trial), 2026-01",
            time_zone="Asia/Shanghai",
            note="Unless the called party consents. At most 6 calls a day besides; that is not checked here.",
        ),
        Preset(
            "india-loan-collection",
            "India: calls of recovery agents",
            ("19:00-08:00",),
            "Reserve Bank of India, instructions on recovery agents, August 2022",
            time_zone="Asia/Kolkata",
        ),
        Preset(
            "japan-loan-collection",
            "Japan: collection of loans",
            _EVENING_TO_EIGHT,
            "Money Lending Business Act, Enforcement Regulation, art. 19",
            time_zone="Asia/Tokyo",
        ),
    )
}


def read_preset(name: object) -> Preset:
    """Read the name of a preset; ValueError for an unknown one, with the one that may be meant."""
    preset = PRESETS.get(name) if isinstance(name, str) else None
    if preset is None:
        from .faults import nearest  # noqa: PLC0415 - only a refusal needs it

        hint = nearest(str(name), PRESETS) or "; there are " + ", ".join(PRESETS)
        raise ValueError(f"{name!r} is not a preset{hint}")
    return preset
