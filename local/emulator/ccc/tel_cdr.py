"""The record of a call as DescribeTelCdr has it, `TelCdrInfo`.

Fields and values: cloud.tencent.com/document/product/679/47714 and the official SDK's models.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .calls import Call

IN, OUT = range(2)
CALL_OUT, CALL_IN, PREDICTIVE = 1, 2, 5
_OK = 1

FIELDS: Mapping[str, Any] = {
    "Caller": "", "Callee": "", "Time": 0, "Direction": OUT, "CallType": CALL_OUT, "Duration": 0,
    "RecordURL": "", "RecordId": "", "SeatUser": None, "EndStatus": _OK, "SkillGroup": "",
    "CallerLocation": "", "IVRDuration": 0, "RingTimestamp": 0, "AcceptTimestamp": 0, "EndedTimestamp": 0,
    "IVRKeyPressed": [], "IVRKeyPressedEx": [], "HungUpSide": "user", "ServeParticipants": [],
    "SkillGroupId": 0, "EndStatusString": "ok", "StartTimestamp": 0, "QueuedTimestamp": 0,
    "PostIVRKeyPressed": [], "PostIVRKeyPressedEx": [], "QueuedSkillGroupId": 0, "SessionId": "",
    "ProtectedCaller": "", "ProtectedCallee": "", "Uui": "", "UUI": "", "AsrUrl": "",
    "AsrStatus": "NotExists", "CustomRecordURL": "", "Remark": "", "QueuedSkillGroupName": "",
    "VoicemailRecordURL": [], "VoicemailAsrURL": [], "AIAgentId": 0, "AIAgentName": "",
    "SysHangupReason": 0, "SysHangupReasonString": "", "EndStatusV2": _OK,
}  # fmt: skip
"""All fields, and what they are where nothing is known."""
SEAT: Mapping[str, Any] = {
    "Name": "", "Mail": "", "StaffNumber": "", "Phone": "", "Nick": "", "UserId": "",
    "SkillGroupNameList": [], "Role": 3, "ExtensionNumber": "",
}  # fmt: skip
PARTICIPANT: Mapping[str, Any] = {
    "Mail": "", "Phone": "", "RingTimestamp": 0, "AcceptTimestamp": 0, "EndedTimestamp": 0, "RecordId": "",
    "Type": "staffSeat", "TransferFrom": "", "TransferFromType": "", "TransferTo": "", "TransferToType": "",
    "SkillGroupId": 0, "EndStatusString": "ok", "RecordURL": "", "Sequence": 0, "StartTimestamp": 0,
    "SkillGroupName": "", "CustomRecordURL": "",
}  # fmt: skip


def tel_cdr(call: Call, *, protected: bool = False) -> dict[str, Any]:
    """Return the record of a call; `protected`, it has an id in place of the customer's number.

    What the call's `fields` say replaces the rest. Their seat and participants get the fields they lack.
    """
    given = dict(call.fields)
    direction = given.get("Direction", OUT)
    found = {
        **FIELDS,
        "Caller": call.caller,
        "Callee": call.callee,
        "Time": int(call.start),
        "CallType": PREDICTIVE if call.kind == "campaign" else CALL_IN if direction == IN else CALL_OUT,
        "Duration": int(call.end) - int(call.accepted),
        "RingTimestamp": int(call.rung),
        "AcceptTimestamp": int(call.accepted),
        "EndedTimestamp": int(call.end),
        "StartTimestamp": int(call.start),
        "SkillGroupId": call.skill_group_id,
        "SessionId": call.session_id,
        "Uui": call.uui,
        "UUI": call.uui,
    }
    if protected:
        customer = "Caller" if direction == IN else "Callee"
        found |= {customer: "", f"Protected{customer}": sha256(found[customer].encode()).hexdigest()[:32]}
    if isinstance(given.get("SeatUser"), Mapping):
        given["SeatUser"] = {**SEAT, **given["SeatUser"]}
    if isinstance(given.get("ServeParticipants"), list):
        given["ServeParticipants"] = [
            {**PARTICIPANT, **each} if isinstance(each, Mapping) else each
            for each in given["ServeParticipants"]
        ]
    return found | given
