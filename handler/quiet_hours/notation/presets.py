"""Legal quiet hours of outbound calls, each with its source. Data. Not legal advice.

A law says between which hours calls are allowed; a preset is quiet at all other times. Where a text says
"after 9 p.m.", it is quiet from 21:00:00 on, and where two readings or two rules remain, the quieter one
holds. Only rules whose statute or regulator's text is named are here; what was seen at second hand, or
covers only some calls or some callers, says so in `source` or `note`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

_EVENING_TO_EIGHT = ("21:00-08:00",)
_NIGHT_FROM_EIGHT = ("20:00-08:00",)
_CANADA = ("Mon-Fri 00:00-09:00,21:30-24:00", "Sat,Sun 00:00-10:00,18:00-24:00")
_TCPA = "Automated calls need the called party's prior express written consent: TCPA, 47 CFR 64.1200(a)."
_THREE_CALLS = "At most 3 calls in 24 hours; that is not checked here."
_EXTRA = "Needs the holidays extra."
_SPAIN = (
    "AN", "AR", "AS", "CB", "CE", "CL", "CM", "CN", "CT", "EX",
    "GA", "IB", "MC", "MD", "ML", "NC", "PV", "RI", "VC",
)  # fmt: skip


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
    looked_up: str = "2026-11-26"


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "us-federal",
            "United States: telephone solicitation",
            _EVENING_TO_EIGHT,
            "TCPA, 47 CFR 64.1200(c)(1); FTC Telemarketing Sales Rule, 16 CFR 310.4(c)",
            note=f"States may be stricter. Calls to residential subscribers. {_TCPA}",
        ),
        Preset(
            "us-debt-collection",
            "United States: debt collection",
            _EVENING_TO_EIGHT,
            "Regulation F, 12 CFR 1006.6(b)(1)",
            note="At most 7 calls in 7 days about a debt, and none in the 7 days after a conversation"
            " about it (7-in-7, 12 CFR 1006.14(b)(2)); that is not checked here. States may be"
            " stricter. Automated calls to mobile numbers need prior express consent: TCPA, 47 CFR"
            " 64.1200(a)(1).",
        ),
        Preset(
            "us-florida",
            "Florida",
            _NIGHT_FROM_EIGHT,
            "Fla. Stat. 501.616(6)",
            note=f"Automated calls need prior express written consent: 501.059(8). {_THREE_CALLS}",
        ),
        Preset(
            "us-washington",
            "Washington State",
            _NIGHT_FROM_EIGHT,
            "RCW 19.158.040(2); RCW 80.36.390",
            note="Automated calls with a recorded message are forbidden for commercial solicitation:"
            f" RCW 80.36.400(2). {_TCPA}",
        ),
        Preset(
            "us-maryland",
            "Maryland",
            _NIGHT_FROM_EIGHT,
            "Md. Code, Commercial Law, 14-4501 ff., from 2024-01-01",
            note=f"Automated calls need prior express written consent: 14-4502(a)(3). {_THREE_CALLS}",
        ),
        Preset(
            "us-texas",
            "Texas",
            ("Mon-Sat 00:00-09:00,21:00-24:00", "Sun 00:00-12:00,21:00-24:00"),
            "Tex. Bus. & Com. Code 301.051",
            note=f"Unsolicited calls to consumers. {_TCPA}",
        ),
        Preset(
            "us-massachusetts",
            "Massachusetts",
            _NIGHT_FROM_EIGHT,
            "201 CMR 12.02(2)",
            note=f"Unsolicited sales calls with a recorded message are forbidden: 201 CMR 12.02(4). {_TCPA}",
        ),
        Preset(
            "us-oklahoma",
            "Oklahoma: automated calls",
            ("20:00-09:00",),
            "Telephone Solicitation Act of 2022 (HB 3168), 15 O.S. 775C.4; 15 O.S. 755.1(C)(2)",
            note="The act ends at 20:00, and automatic dial announcing devices begin at 09:00."
            f" Automated calls need prior express written consent: HB 3168. {_THREE_CALLS}",
        ),
        Preset(
            "canada",
            "Canada: telemarketing",
            _CANADA,
            "CRTC Unsolicited Telecommunications Rules, Part III, sections 23 and 24",
            note="Provinces may be stricter: British Columbia forbids calls on its statutory holidays,"
            " see canada-bc. Automated calls need express consent: the same rules, Part IV.",
        ),
        Preset(
            "canada-bc",
            "British Columbia: telemarketing",
            (*_CANADA, {"holidays": "CA-BC"}),
            "British Columbia, Telemarketer Licensing Regulation, as told by Consumer Protection BC",
            note="Automated calls need express consent: CRTC Unsolicited Telecommunications Rules, Part"
            f" IV. At most 1 call in 30 days about the same goods; that is not checked here. {_EXTRA}",
        ),
        Preset(
            "france",
            "France: telemarketing",
            ("Mon-Fri 00:00-10:00,13:00-14:00,20:00-24:00", "Sat,Sun 00:00-24:00", {"holidays": "FR"}),
            "Code de la consommation, art. D. 223-9 (décret 2022-1313), from 2023-03-01",
            note="Since 2026-08-11 every call needs prior consent (loi 2025-594, art. L. 223-1); no"
            " newer decree on the hours was found. Automated calls need consent besides: CPCE, art. L."
            f" 34-5. At most 4 calls in 30 days; that is not checked here. {_EXTRA}",
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
            note="Binds those who adhere to the code. National holidays, no city's patron saint."
            f" Automated calls need consent: d.lgs. 196/2003, art. 130(1). {_EXTRA}",
        ),
        Preset(
            "australia",
            "Australia: telemarketing",
            (
                "Mon-Fri 00:00-09:00,20:00-24:00",
                "Sat 00:00-09:00,17:00-24:00",
                "Sun 00:00-24:00",
                {"holidays": "AU"},
                # All eight states move New Year, Australia Day, Christmas and Boxing Day off a weekend.
                {"dates": ["01-02:01-03", "01-27:01-28", "12-27:12-28"], "weekdays": "Mon"},
                {"dates": "12-27:12-28", "weekdays": "Tue"},
            ),
            "Telecommunications (Telemarketing and Research Calls) Industry Standard 2017",
            note="National public holidays, and the days that all states and territories have off in"
            " their place; add a state's own, {holidays: AU-VIC}. Research calls have other hours."
            " Automated calls, too, need consent where the number is on the Do Not Call Register (Act"
            f" of 2006, section 11). {_EXTRA}",
        ),
        Preset(
            "spain",
            "Spain: commercial calls",
            (
                "Mon-Fri 00:00-09:00,21:00-24:00",
                "Sat,Sun 00:00-24:00",
                {"holidays": ["ES", *(f"ES-{community}" for community in _SPAIN)]},
            ),
            "TRLGDCU (Real Decreto Legislativo 1/2007), art. 96.2",
            note="The holidays of Spain and of every community: a number does not say where its owner"
            " is. Who calls in one alone writes the hours out with {holidays: ES-MD}, say. No town's"
            f" own. Automated calls need prior express consent: art. 96.3. {_EXTRA}",
        ),
        Preset(
            "china-tencent",
            "China: numbers of Tencent Cloud Contact Center",
            _EVENING_TO_EIGHT,
            "Tencent Cloud, cloud.tencent.com.cn/document/product/679/79155",
            time_zone="Asia/Shanghai",
            note="The platform's rule, in Beijing time. No calls to Xinjiang and Tibet; at most 5 calls"
            " in 24 hours and 3 in 5 minutes to a callee: that is not checked here.",
        ),
        Preset(
            "china-loan-collection",
            "China: collection of loans",
            ("22:00-08:00",),
            "China Banking Association (中国银行业协会),"
            " 金融机构个人消费类贷款催收工作指引(试行), 2026-01-30",
            time_zone="Asia/Shanghai",
            note="The guidelines for the collection of personal consumer loans by financial"
            " institutions (trial). Unless the debtor consents. At most 6 attempts a day to a number"
            " that is not answered; that is not checked here.",
        ),
        Preset(
            "india-loan-collection",
            "India: collection of loans",
            ("19:00-08:00", {"years": "2000:2026", "times": ["00:00-09:00", "18:00-24:00"]}),
            "Reserve Bank of India (Commercial Banks - Responsible Business Conduct) Directions, 2025,"
            " paragraph 410(2); from 2027-01-01 paragraph 454Y(4)",
            time_zone="Asia/Kolkata",
            note="Microfinance is included: its hours, 09:00 to 18:00, are kept for all loans until"
            " 2026-12-31. From 2027-01-01 it is 08:00 to 19:00 for all; of that paragraph only the"
            " draft was seen, so read it before then. Calls on a bereavement, a wedding or a festival"
            " are not checked here.",
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
        from handler.quiet_hours.notation.validation import nearest  # noqa: PLC0415 - only a refusal needs it

        hint = nearest(str(name), PRESETS) or "; there are " + ", ".join(PRESETS)
        raise ValueError(f"{name!r} is not a preset{hint}")
    return preset
