"""What a machine asks its surroundings to do. Imperative, plain data, carried out once."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from escalate.values import Reason


@dataclass(frozen=True, slots=True)
class Command:
    """The root of all commands."""


@dataclass(frozen=True, slots=True)
class MoveCaller(Command):
    """Ask the carrier to run the caller's leg from our next document.

    Repeating it is harmless while the caller is on the stream: the carrier fetches the document
    only when the stream ends, and the document is the same.
    """


@dataclass(frozen=True, slots=True)
class ReleaseStream(Command):
    """Let the bot put down the caller's media; what follows is in our hands."""


@dataclass(frozen=True, slots=True)
class StopStream(Command):
    """Ask the carrier to end the stream, because the bot did not."""


@dataclass(frozen=True, slots=True)
class CheckCaller(Command):
    """Ask the carrier whether the caller's leg still exists."""


@dataclass(frozen=True, slots=True)
class LookForHuman(Command):
    """Ask the carrier whether the caller waits in a room for a human whose line is dead."""

    attempt: int


@dataclass(frozen=True, slots=True)
class CallHuman(Command):
    """Ask the carrier to call the human of this attempt. Not to be repeated: a phone would ring."""

    attempt: int


@dataclass(frozen=True, slots=True)
class LetHumanGo(Command):
    """End the human's leg of this attempt, or the request for it."""

    attempt: int


@dataclass(frozen=True, slots=True)
class DeliverMessage(Command):
    """Give the caller's message to the application."""

    recording: str
    url: str | None = field(default=None, repr=False)
    length_s: int | None = None


@dataclass(frozen=True, slots=True)
class PromiseCallback(Command):
    """Tell the application that the caller is promised to be called back."""


@dataclass(frozen=True, slots=True)
class Introduce(Command):
    """Tell caller and human, who are in one room, of one another. Not to be repeated."""


class Alarm(StrEnum):
    """What an operator should know at once."""

    DESTINATION_MISCONFIGURED = "destination_misconfigured"
    MOVE_REFUSED = "move_refused"
    MOVE_FAILED = "move_failed"
    BOT_LOST = "bot_lost"
    HUMAN_LEFT_AT_ONCE = "human_left_at_once"


@dataclass(frozen=True, slots=True)
class RaiseAlarm(Command):
    """Tell the operator."""

    alarm: Alarm
    reason: Reason = Reason.UNKNOWN
    destination: str | None = None
