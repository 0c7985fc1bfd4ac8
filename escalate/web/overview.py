"""Escalations as an operator sees them: no name, number or word of a caller is among this.

All of it is read from stored calls, so every replica shows the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from escalate.transfer import Attempt, Call, Escalation
from escalate.transfer.commands import Alarm
from escalate.transfer.outcomes import MEANINGS
from escalate.values import Outcome, Trigger
from escalate.web.wording import OUTCOMES, STATES, WHY

Row = dict[str, Any]


def rows_of(calls: Sequence[Call]) -> list[Row]:
    """Return every escalation of these calls, the one that was opened last first."""
    rows = [_row(call, held) for call in calls for held in _all(call)]
    return sorted(rows, key=lambda row: -float(row["opened_at"]))


def summary_of(rows: Sequence[Row]) -> Row:
    """Return what these escalations have in common, in numbers."""
    ended = [row for row in rows if row["outcome"] is not None]
    waits = [row["time_to_human_s"] for row in rows if row["time_to_human_s"] is not None]
    return {
        "escalations": len(rows),
        "open": len(rows) - len(ended),
        "ended": len(ended),
        "connected": sum(row["outcome"] == Outcome.CONNECTED for row in ended),
        "median_time_to_human_s": round(median(waits), 1) if waits else None,
        "alerts": sum(len(row["alerts"]) for row in rows),
    }


def _all(call: Call) -> tuple[Escalation, ...]:
    return (*call.past, call.escalation) if call.escalation is not None else call.past


def _row(call: Call, held: Escalation) -> Row:
    ending = held.ending
    stands = STATES[held.state] if ending is None else OUTCOMES[ending.outcome]
    return {
        "call_uuid": call.call_uuid,
        "escalation": held.id,
        "opened_at": held.opened_at,
        "state": held.state.value,
        "mode": held.mode.value,
        "trigger": held.trigger.value,
        "rule": held.rule,
        "why": f"The caller {WHY[held.trigger]}",
        "stands": stands,
        "attempts": [_tried(attempt) for attempt in held.attempts],
        "outcome": ending.outcome.value if ending is not None else None,
        "reason": ending.reason.value if ending is not None else None,
        "destination": ending.destination if ending is not None else None,
        "ended_at": ending.at if ending is not None else None,
        "time_to_human_s": _time_to_human_s(held),
        "alerts": list(_alerts(held)),
    }


def _tried(attempt: Attempt) -> Row:
    return {
        "destination": attempt.destination,
        "started_at": attempt.started_at,
        "answered_at": attempt.answered_at,
        "accepted_at": attempt.accepted_at,
        "connected_at": attempt.connected_at,
        "left_at_once": attempt.left_at_once,
        "ended_at": attempt.ended_at,
        "reason": attempt.reason.value if attempt.reason is not None else None,
        "cause": attempt.cause_name,
        "code": attempt.cause_code,
    }


def _time_to_human_s(held: Escalation) -> float | None:
    """How long the caller waited, from the decision until he was connected."""
    stayed = [one for one in held.attempts if not one.left_at_once]
    connected = [one.connected_at for one in stayed if one.connected_at is not None]
    return round(min(connected) - held.opened_at, 1) if connected else None


def _alerts(held: Escalation) -> Iterator[str]:
    """Yield what somebody has to mend, because no caller gets through this way until then."""
    if held.trigger is Trigger.BOT_LOST:
        yield "the bot was lost"
    for attempt in held.attempts:
        if attempt.reason is not None and MEANINGS[attempt.reason].alarm:
            yield f"{attempt.destination}: {attempt.reason.value}"
        if attempt.left_at_once:
            yield f"{attempt.destination}: {Alarm.HUMAN_LEFT_AT_ONCE}"
    tried = {attempt.reason for attempt in held.attempts}
    ending = held.ending
    if ending is not None and MEANINGS[ending.reason].alarm and ending.reason not in tried:
        yield ending.reason.value
