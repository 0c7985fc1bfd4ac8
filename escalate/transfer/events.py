"""What can happen to a call. Past tense: each event is a fact somebody reported.

Events that concern one escalation carry its id, and those that concern one attempt its number, so
that whatever comes late or twice is recognised and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from escalate.transfer.model import LIMITS, LastResort, Leg, Limits, Mode
from escalate.values import Reason, Trigger


@dataclass(frozen=True, slots=True)
class Event:
    """The root of all events."""


@dataclass(frozen=True, slots=True)
class Requested(Event):
    """Somebody decided that the caller needs a human.

    An empty `plan` means that nobody can be called; `refusal` then says why. Those in it are called
    one after the other, or tier by tier `together`; `introduce` asks that caller and human are told
    of one another in the room. `language` is the caller's, where it is known.
    """

    escalation: str
    trigger: Trigger
    rule: str
    plan: tuple[Leg, ...]
    budget_s: float
    last_resort: LastResort
    mode: Mode = Mode.COLD
    together: bool = False
    introduce: bool = False
    refusal: Reason = Reason.NO_DESTINATION
    limits: Limits = LIMITS
    language: str | None = None


@dataclass(frozen=True, slots=True)
class EscalationEvent(Event):
    """Something about the escalation with this id."""

    escalation: str


@dataclass(frozen=True, slots=True)
class AnnouncementEnded(EscalationEvent):
    """The caller has heard the announcement to its end, or it could not be spoken."""


@dataclass(frozen=True, slots=True)
class Retracted(EscalationEvent):
    """The caller took the request back."""


@dataclass(frozen=True, slots=True)
class MoveAccepted(EscalationEvent):
    """The carrier accepted the request to move the caller's leg; it has not moved yet."""


@dataclass(frozen=True, slots=True)
class MoveRefused(EscalationEvent):
    """The carrier refused to move the caller's leg; the caller is where he was."""


@dataclass(frozen=True, slots=True)
class MoveUnclear(EscalationEvent):
    """The answer to the move was lost: it may have been carried out."""


@dataclass(frozen=True, slots=True)
class CallerChecked(EscalationEvent):
    """The carrier was asked whether the caller's leg still exists."""

    alive: bool


@dataclass(frozen=True, slots=True)
class DeadlinePassed(EscalationEvent):
    """Nothing was heard until `deadline`, the escalation's own at that time."""

    deadline: float


@dataclass(frozen=True, slots=True)
class AttemptEvent(EscalationEvent):
    """Something about one attempt."""

    attempt: int


@dataclass(frozen=True, slots=True)
class CallPlaced(AttemptEvent):
    """The carrier accepted our request to call the human, under this name."""

    request_uuid: str


@dataclass(frozen=True, slots=True)
class CallRefused(AttemptEvent):
    """The carrier refused to call the human."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class HumanAnswered(AttemptEvent):
    """The human picked up; nobody is bridged yet. `leg` is the human's own, where we know it."""

    leg: str | None = None


@dataclass(frozen=True, slots=True)
class MachineAnswered(AttemptEvent):
    """The carrier takes whoever picked up for a machine. `leg` is its own, where we know it."""

    leg: str | None = None


@dataclass(frozen=True, slots=True)
class HumanAccepted(AttemptEvent):
    """The human will take the caller."""


@dataclass(frozen=True, slots=True)
class HumanDeclined(AttemptEvent):
    """The human will not take the caller, not yet, or gave no answer we understand.

    `after_s` is how long one who was DEFERRED asks for (seconds), if he named a time.
    """

    reason: Reason = Reason.DECLINED
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class HumanEntered(AttemptEvent):
    """The human is in the room and waits for the caller."""


@dataclass(frozen=True, slots=True)
class CallerAlone(AttemptEvent):
    """The human's line was dead, and after that the caller was alone in the room: they never met.

    Whoever leaves the room closes it, and a line that is dead stays so.
    """


@dataclass(frozen=True, slots=True)
class HumanConnected(AttemptEvent):
    """Caller and human are bridged."""


@dataclass(frozen=True, slots=True)
class HumanLegEnded(AttemptEvent):
    """The carrier reports the end of the human's leg, and why. The Dial may still go on."""

    reason: Reason
    cause_name: str | None = None
    cause_code: int | None = None


@dataclass(frozen=True, slots=True)
class CallerEntered(EscalationEvent):
    """The caller is in the room."""


@dataclass(frozen=True, slots=True)
class RoomClosed(EscalationEvent):
    """The room is over for the caller, and his leg asks what comes next."""


@dataclass(frozen=True, slots=True)
class MessageEnded(EscalationEvent):
    """The caller has spoken after the tone; without a `recording` nothing was kept of it.

    `recording` is the carrier's name for it. `url` is where it can be heard, so it is nobody's but
    the application's.
    """

    recording: str | None = None
    url: str | None = field(default=None, repr=False)
    length_s: int | None = None


@dataclass(frozen=True, slots=True)
class DialEnded(AttemptEvent):
    """The Dial is over and the caller's leg asks what comes next.

    `certain` is False where several phones rang in it, two people have talked, and nobody told who
    answered; then `attempt` is one of theirs.
    """

    connected: bool
    reason: Reason
    cause_name: str | None = None
    cause_code: int | None = None
    certain: bool = True


@dataclass(frozen=True, slots=True)
class CallAnswered(Event):
    """The carrier asked for the first document of this call."""


@dataclass(frozen=True, slots=True)
class LanguageHeard(Event):
    """The caller speaks this language, a tag such as "de" or "es-MX"."""

    language: str


@dataclass(frozen=True, slots=True)
class StreamStarted(Event):
    """The caller's media reaches the bot. `stream` is None when the bot itself reports it."""

    stream: int | None = None


@dataclass(frozen=True, slots=True)
class BotFinished(Event):
    """The bot ended the conversation on purpose. `stream` is None when it does not know its own."""

    stream: int | None = None


@dataclass(frozen=True, slots=True)
class CallerArrived(Event):
    """The caller's leg has left stream number `stream` and asks what comes next.

    `rescue` is the request to open should the bot turn out to be lost.
    """

    stream: int
    rescue: Requested


@dataclass(frozen=True, slots=True)
class CallerHungUp(Event):
    """The caller's leg has ended, whoever ended it."""
