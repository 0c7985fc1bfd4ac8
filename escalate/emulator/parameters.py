"""The parameters Plivo sends with its requests (Plivo "Request" page)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from escalate.emulator.legs import NORMAL

if TYPE_CHECKING:
    from escalate.emulator.call import Call, LegRecord
    from escalate.emulator.legs import LegCause
    from escalate.emulator.rooms import Member, Room
    from escalate.emulator.services import Services

_RATE = "0.0040"


def standard(call: Call, services: Services, event: str) -> dict[str, str]:
    """Return what every request about a call carries."""
    params = {
        "CallUUID": call.uuid,
        "From": call.from_.lstrip("+"),
        "To": call.to.lstrip("+"),
        "CallerName": call.caller_name,
        "CallStatus": call.status,
        "Direction": call.direction,
        "Event": event,
        "SessionStart": call.date_of(call.started_at),
        "BillRate": _RATE,
        "ParentAuthID": services.auth_id,
        **call.arrived_with,
    }
    if call.machine is not None:
        params["Machine"] = str(call.machine).lower()
    if call.direction == "outbound":
        params |= {"RequestUUID": call.uuid, "ALegUUID": call.uuid, "ALegRequestUUID": call.uuid}
    return params


def hangup(call: Call, services: Services) -> dict[str, str]:
    """Return the parameters of the hangup URL."""
    ending = call.ending
    assert ending is not None
    return {
        **standard(call, services, "Hangup"),
        "HangupCause": ending.freeswitch,
        "HangupCauseName": ending.cause,
        "HangupCauseCode": str(ending.code),
        "HangupSource": ending.source,
        "Duration": str(round(call.duration_s)),
        "BillDuration": str(-(-round(call.duration_s) // 60) * 60),
        "TotalCost": "0.00000",
        "StartTime": call.date_of(call.started_at),
        "AnswerTime": call.date_of(call.answered_at),
        "EndTime": call.date_of(ending.at),
        "CarrierFailoverTriggered": "false",
    }


def dial_action(
    call: Call, services: Services, *, cause: LegCause, rang: bool, answered_leg: str
) -> dict[str, str]:
    """Return the parameters of a Dial's action."""
    params = {
        **standard(call, services, "Redirect"),
        "DialStatus": cause.status.value,
        "DialRingStatus": "true" if rang else "false",
        "DialHangupCause": cause.freeswitch,
        "DialALegUUID": call.uuid,
        "DialBLegUUID": answered_leg,
    }
    if services.config.cause_names_in_action:
        params |= {"HangupCauseName": cause.name, "HangupCauseCode": str(cause.code)}
    return params


def conference(
    call: Call, services: Services, event: str, room: Room | None, member: Member | None, name: str
) -> dict[str, str]:
    """Return the parameters of a Conference's action and events; no room: it was not let in."""
    return {
        **standard(call, services, event),
        "ConferenceName": name,
        "ConferenceUUID": room.uuid if room else "",
        "ConferenceMemberID": member.id if member else "",
    }


def dial_event(
    call: Call, services: Services, leg: LegRecord, action: str, *, caller_id: str
) -> dict[str, str]:
    """Return the parameters of a Dial's callback: `answer`, `connected` or `hangup`."""
    talked = 0 if leg.answered_at is None else round(call.clock.now() - leg.answered_at)
    params = {
        **standard(call, services, "Dial"),
        "DialAction": action,
        "DialBLegStatus": action,
        "DialALegUUID": call.uuid,
        "DialBLegUUID": leg.leg,
        "DialBLegFrom": caller_id,
        "DialBLegTo": leg.to,
    }
    if action == "hangup":
        cause = leg.cause or NORMAL
        params |= {
            "DialBLegDuration": str(talked),
            "DialBLegBillDuration": str(-(-talked // 60) * 60),
            "DialBLegHangupCauseName": cause.name,
            "DialBLegHangupCauseCode": str(cause.code),
            "DialBLegHangupSource": "Callee" if cause is NORMAL else "Plivo",
        }
    return params
