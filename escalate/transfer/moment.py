"""What a row of the table may look at, and what can be read from it in more than one way."""

from __future__ import annotations

from dataclasses import dataclass

from escalate.transfer import events as e
from escalate.transfer.model import Attempt, Call, Escalation, Limits, Mode
from escalate.values import Reason


@dataclass(frozen=True, slots=True)
class Moment:
    """All a row may look at: the call, its open escalation, the event and the time."""

    call: Call
    escalation: Escalation
    event: e.Event
    now: float

    @property
    def limits(self) -> Limits:
        """The limits this escalation was opened with."""
        return self.escalation.limits

    @property
    def attempt(self) -> Attempt:
        """The attempt that the event is about, or else the one in progress.

        Raises:
            ValueError: There is none: a row was put where it cannot belong.
        """
        found = self.escalation.current
        if isinstance(self.event, e.AttemptEvent):
            found = self.escalation.attempt(self.event.attempt)
        if found is None:
            raise ValueError(f"{type(self.event).__name__} without an attempt")
        return found


def human_was_on(m: Moment) -> bool:
    """Caller and human were bridged."""
    return isinstance(m.event, e.DialEnded) and m.event.connected and has_confirmed(m)


def human_is_known(m: Moment) -> bool:
    """Nobody knows of a Dial with several phones who was on, if no word of it has reached us."""
    return not isinstance(m.event, e.DialEnded) or m.event.certain


def has_confirmed(m: Moment) -> bool:
    """The human of a Dial took the caller, as far as he had to say so.

    Plivo calls a Dial completed, too, whose human hangs up before he has pressed the key. That the
    two were bridged is reported; should the report be lost, the time he was given tells.
    """
    told = m.attempt
    if m.escalation.mode is Mode.COLD or told.connected_at is not None:
        return True
    return told.answered_at is not None and m.now > told.answered_at + m.limits.confirm_s


def reason_of(m: Moment, told: Attempt | None = None) -> Reason:
    """Why an attempt ended: the human's leg tells it more exactly than the Dial around it.

    Without `told` it is the attempt that the event is about.
    """
    told = told or m.attempt
    if isinstance(m.event, e.DialEnded) and m.event.connected and not has_confirmed(m):
        return Reason.NOT_CONFIRMED
    if told.reason is not None and told.reason is not Reason.UNKNOWN:
        return told.reason
    if not human_is_known(m):
        return Reason.UNKNOWN
    lost = human_was_on(m) or isinstance(m.event, e.HumanAccepted | e.HumanConnected)
    if lost and told.number != m.attempt.number:
        return Reason.LOST_RACE
    match m.event:
        case e.DialEnded() | e.HumanLegEnded() | e.HumanDeclined() | e.CallRefused():
            return m.event.reason
        case e.MachineAnswered():
            return Reason.MACHINE
        case e.DeadlinePassed():
            return Reason.NO_ANSWER
        case e.CallerHungUp():
            return Reason.CALLER_LEFT
        case e.Retracted():
            return Reason.RETRACTED
        case _:
            return Reason.UNKNOWN


def leg_of(m: Moment) -> str | None:
    """The carrier's name for the human's leg, as soon as anybody has told it."""
    told = m.event.leg if isinstance(m.event, e.HumanAnswered | e.MachineAnswered) else None
    return told or m.attempt.leg
