"""Which document the caller's leg gets next: a total function of the stored call.

A document is data here; the carrier's edge renders it. Because it depends on nothing but the call,
a repeated request gets the same answer from any process.
"""

from __future__ import annotations

from dataclasses import dataclass

from escalate.transfer.model import Attempt, Call, State


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
    """Dial the attempt's destination; its end is reported to us."""

    escalation: str
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class KeepCaller(Document):
    """Hold the line for a moment and ask again; holds no secret and changes nothing."""


@dataclass(frozen=True, slots=True)
class SayGoodbye(Document):
    """Say that nobody can be reached, and hang up."""


@dataclass(frozen=True, slots=True)
class HangUp(Document):
    """End the call: the conversation is over."""


def document_for(call: Call) -> Document:
    """The document in which the caller goes on."""
    held = call.open_escalation
    if held is None:
        return HangUp() if call.over or call.ended else _connect_bot(call)
    attempt = held.current
    match held.state:
        case State.RETURNING:
            return _connect_bot(call)
        case State.LEAVING:
            return SayGoodbye()
        case State.RINGING if attempt is not None and not attempt.touched:
            return DialHuman(held.id, attempt)
        case State.ANNOUNCING | State.MOVING:
            # He asks for a document we have served before: the stream he is on.
            return _connect_bot(call)
        case _:
            return KeepCaller()


def _connect_bot(call: Call) -> ConnectBot:
    return ConnectBot(call.stream, pause_s=2 * max(0, call.streams_lost - 1))
