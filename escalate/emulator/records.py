"""How the REST API describes calls (Plivo "Calls" API page)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from escalate.emulator.call import Call


def live(call: Call) -> dict[str, Any]:
    """Return what Plivo says of a call that is going on."""
    return {
        "call_status": call.status,
        "call_uuid": call.uuid,
        "caller_name": call.caller_name,
        "direction": call.direction,
        "from": call.from_.lstrip("+"),
        "to": call.to.lstrip("+"),
        "request_uuid": call.uuid,
        "session_start": call.date_of(call.started_at),
        **({"parent_call_uuid": call.parent} if call.parent else {}),
    }


def finished(call: Call) -> dict[str, Any]:
    """Return the record of a call that is over."""
    ending = call.ending
    assert ending is not None
    return {
        "answer_time": call.date_of(call.answered_at) or None,
        "bill_duration": -(-round(call.duration_s) // 60) * 60,
        "call_direction": call.direction,
        "call_duration": round(call.duration_s),
        "call_state": "ANSWER" if call.answered_at is not None else "NO_ANSWER",
        "call_uuid": call.uuid,
        "end_time": call.date_of(ending.at),
        "from_number": call.from_.lstrip("+"),
        "hangup_cause_code": ending.code,
        "hangup_cause_name": ending.cause,
        "hangup_source": ending.source.value,
        "initiation_time": call.date_of(call.started_at),
        "parent_call_uuid": call.parent,
        "to_number": call.to.lstrip("+"),
        "total_amount": "0.00000",
    }
