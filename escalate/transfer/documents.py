"""Which document the caller's leg gets next: a total function of the stored call.

A document is data here; the carrier's edge renders it. Because it depends on nothing but the call,
a repeated request gets the same answer from any process.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from escalate.transfer.model import Attempt, Call, Escalation, LastResort, Mode, State
from escalate.transfer.rules import bot_is_lost
from escalate.values import Outcome, Reason


@dataclass(frozen=True, slots=True)
class Document:
    """The root of all documents."""


@dataclass(frozen=True, slots=True)
class ConnectBot(Document):
    """Stream number `stream` to the bot, and come back to us when it ends.

    `pause_s` gives a bot that lost its callers time to start again.
    """

    stream: int
    pause_s: int = 0


@dataclass(frozen=True, slots=True)
class DialHuman(Document):
    """Dial the attempt's destination, and those of `others` at the same time; its end is reported.

    With `confirm` the human is briefed and has to press a key before he gets the caller.
    """

    escalation: str
    attempt: Attempt
    others: tuple[Attempt, ...] = ()
    confirm: bool = False


@dataclass(frozen=True, slots=True)
class JoinRoom(Document):
    """Put the caller into the room where the human waits."""

    escalation: str


def room_of(escalation: str) -> str:
    """The name of the room: random, as the escalation's id is, and used once."""
    return f"escalate-{escalation}"


@dataclass(frozen=True, slots=True)
class KeepCaller(Document):
    """Hold the line for a moment and ask again; holds no secret and changes nothing."""


@dataclass(frozen=True, slots=True)
class TakeMessage(Document):
    """Ask for a message and record it; its end is reported to us."""

    escalation: str


@dataclass(frozen=True, slots=True)
class ThankForMessage(Document):
    """Say that the message is kept, and hang up."""


@dataclass(frozen=True, slots=True)
class SayGoodbye(Document):
    """Say that nobody can be reached, and hang up; with a `promise` that somebody calls back."""

    promise: bool = False


@dataclass(frozen=True, slots=True)
class HangUp(Document):
    """End the call: the conversation is over."""


def document_for(call: Call) -> Document:
    """The document in which the caller goes on."""
    held = call.open_escalation
    if held is None:
        return _part(call) if call.over or call.ended else _connect_bot(call)
    attempt = held.current
    match held.state:
        case State.RETURNING | State.JOINING:
            return _connect_bot(call)
        case State.CONSULTING:
            lost = bot_is_lost(call, held.limits)
            return KeepCaller() if lost else _connect_bot(call)
        case State.CONNECTED if attempt is not None and attempt.accepted_at is not None:
            return JoinRoom(held.id)
        case State.LEAVING:
            return _last_resort(held)
        case State.RINGING if held.live and not any(one.touched for one in held.live):
            first, *others = held.live
            confirm = held.mode is not Mode.COLD
            return DialHuman(held.id, first, tuple(others), confirm=confirm)
        case State.ANNOUNCING | State.MOVING:
            # He asks for a document we have served before: the stream he is on.
            return _connect_bot(call)
        case _:
            return KeepCaller()


def _last_resort(held: Escalation) -> Document:
    if held.last_resort is LastResort.VOICEMAIL:
        return TakeMessage(held.id)
    return SayGoodbye(promise=held.last_resort is LastResort.CALLBACK)


def _part(call: Call) -> Document:
    ending = call.escalation.ending if call.escalation is not None else None
    left_a_message = ending is not None and ending.outcome is Outcome.VOICEMAIL
    return ThankForMessage() if left_a_message else HangUp()


def _connect_bot(call: Call) -> ConnectBot:
    return ConnectBot(call.stream, pause_s=2 * max(0, call.streams_lost - 1))


# --- what a human hears who was called ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AskHuman(Document):
    """Say what it is about, and ask whether the human takes the caller, for the nth of `times`."""

    escalation: str
    attempt: int
    times: int = 1


@dataclass(frozen=True, slots=True)
class BriefHuman(Document):
    """Tell a human who was dialled what it is about, and which key takes the caller."""

    escalation: str
    attempt: int


@dataclass(frozen=True, slots=True)
class MeetCaller(Document):
    """Put the human into the room to which the caller is brought."""

    escalation: str
    attempt: int


class Farewell(StrEnum):
    """Why a human is let go."""

    THANKS = "thanks"  # declined, or said nothing that we understand
    LATER = "later"  # not now, but soon: he is called again if the caller can wait
    TAKEN = "taken"  # somebody else has the caller
    GONE = "gone"  # the caller has left, or does not want a human any more


@dataclass(frozen=True, slots=True)
class LetGo(Document):
    """Tell the human why, and hang up."""

    why: Farewell


def human_document_for(call: Call, escalation: str, number: int) -> Document:
    """The document in which a human goes on who was called for a warm handoff."""
    held = call.find(escalation)
    told = held.attempt(number) if held is not None else None
    if held is None or told is None or call.ended:
        return LetGo(Farewell.GONE)
    if told.reason is Reason.MACHINE:
        return HangUp()
    if told.reason in (Reason.DECLINED, Reason.NOT_CONFIRMED):
        return LetGo(Farewell.THANKS)
    if told.reason is Reason.DEFERRED:
        return LetGo(Farewell.LATER)
    if held.is_open and held.claimed_by == number:
        return MeetCaller(escalation, number)
    if held.state is State.CONSULTING and told in held.live:
        return AskHuman(escalation, number)
    return LetGo(Farewell.GONE if not held.is_open else Farewell.TAKEN)
