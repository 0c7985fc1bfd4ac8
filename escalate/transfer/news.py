"""What is new about a call for those who follow it from outside: from one stored state to the next.

Each change of a call is made by one process and told by the same, so everybody who follows it there
hears of it once. Nothing here holds a word or a number of a caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from escalate.transfer.model import Attempt, Call, Escalation
from escalate.values import Outcome, Reason


class Step(StrEnum):
    """A step of an escalation that somebody outside may wait for."""

    OPENED = "opened"  # a human was asked for
    CALLED = "called"  # a human's phone is to ring
    ANSWERED = "answered"  # somebody has picked up; a human who was called first is asked
    ACCEPTED = "accepted"  # the human will take the caller
    CONNECTED = "connected"  # caller and human talk
    FAILED = "failed"  # this human will not be the one; the attempt holds the reason
    ENDED = "ended"  # the ending holds the outcome


@dataclass(frozen=True, slots=True)
class News:
    """One step of an escalation; `attempt` is the one it is about, if it is about one."""

    step: Step
    escalation: Escalation
    attempt: Attempt | None = None


def news_of(before: Call | None, after: Call) -> tuple[News, ...]:
    """Return what has happened between two states of a call, in the order it is told."""
    known = {held.id: held for held in _all(before)} if before is not None else {}
    return tuple(
        one
        for held in _all(after)
        if held != known.get(held.id)
        for one in _news(known.get(held.id), held)
    )


def _all(call: Call) -> tuple[Escalation, ...]:
    return (*call.past, call.escalation) if call.escalation is not None else call.past


def _news(before: Escalation | None, after: Escalation) -> list[News]:
    found = [News(Step.OPENED, after)] if before is None else []
    for attempt in after.attempts:
        earlier = before.attempt(attempt.number) if before is not None else None
        steps = _steps(earlier, attempt)
        if _may_have_been_on(after) and attempt.reason is Reason.UNKNOWN:
            steps = [step for step in steps if step is not Step.FAILED]
        found += [News(step, after, attempt) for step in steps]
    if after.ending is not None and (before is None or before.ending is None):
        found.append(News(Step.ENDED, after, after.current))
    return found


def _steps(before: Attempt | None, after: Attempt) -> list[Step]:
    found = [Step.CALLED] if before is None else []
    for step, at in (
        (Step.ANSWERED, "answered_at"),
        (Step.ACCEPTED, "accepted_at"),
        (Step.CONNECTED, "connected_at"),
        (Step.FAILED, "ended_at"),
    ):
        happened = getattr(after, at) is not None
        knew = before is not None and getattr(before, at) is not None
        if happened and not knew:
            found.append(step)
    if after.connected_at is not None and Step.FAILED in found:
        found.remove(Step.FAILED)
    return found


def _may_have_been_on(held: Escalation) -> bool:
    """Whether somebody was on, and nobody knows who: then none of them has failed."""
    ending = held.ending
    return ending is not None and (ending.outcome, ending.destination) == (Outcome.CONNECTED, None)
