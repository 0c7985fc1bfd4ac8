"""A call and its escalations, as frozen values.

A `Call` lives as long as the caller's leg. Each committed decision opens a new `Escalation` in it,
at most one open at a time. An escalation has attempts, one per destination tried, and exactly one
`Ending`. These values are what a store keeps: no name, number or word of a caller is among them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from escalate.values import Outcome, Reason, Trigger


class State(StrEnum):
    """Where an escalation stands."""

    CONSULTING = "consulting"  # a human is called and asked; the caller stays with the bot
    JOINING = "joining"  # a human has accepted and waits; the caller is told, then moved
    ANNOUNCING = "announcing"  # the bot tells the caller what happens next
    MOVING = "moving"  # the caller's leg is on its way from the bot's stream to our document
    RINGING = "ringing"  # a human's phone rings; the caller waits
    CONNECTED = "connected"  # caller and human talk
    RETURNING = "returning"  # nobody could be reached; the caller is on his way back to the bot
    LEAVING = "leaving"  # nobody could be reached; he leaves a message, or hears a last word
    ENDED = "ended"


class Mode(StrEnum):
    """Who is called first."""

    COLD = "cold"  # the caller leaves the bot, then the human is dialled
    CONFIRM = "confirm"  # the same, and the human is briefed and presses a key before they are on
    WARM = "warm"  # the human is called and asked, then the caller leaves the bot


class LastResort(StrEnum):
    """What happens to the caller when no human could be reached."""

    BOT = "bot"
    VOICEMAIL = "voicemail"  # he leaves a message
    CALLBACK = "callback"  # he is promised that somebody calls him back
    GOODBYE = "goodbye"


class DocumentOwner(StrEnum):
    """Who answers the carrier's question what to do with the caller after the stream."""

    OURS = "ours"  # our answer document: a Redirect to us follows the Stream
    THEIRS = "theirs"  # the application's own: the leg has to be moved by a request


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each step may take, in seconds, before somebody looks after the caller."""

    announce_s: float = 20.0
    brief_s: float = 45.0
    confirm_s: float = 30.0  # from a dialled human's answer to the key that takes the caller
    join_s: float = 10.0
    meet_s: float = 5.0  # from the caller's way into the room until somebody looks who is there
    defer_s: float = 60.0  # a human who asks for time without saying how long
    at_once_s: float = 3.0  # a human who is gone again within this time was never there
    move_s: float = 4.0
    ring_slack_s: float = 10.0
    look_again_s: float = 60.0
    return_s: float = 15.0
    goodbye_s: float = 30.0
    message_s: float = 60.0  # how long a message may take to reach us after the caller has gone
    streams: int = 3  # how often a lost stream is opened again before the bot counts as lost
    steady_s: float = 60.0  # a stream that lived this long starts that count anew


LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Leg:
    """A destination that will be tried: its configured name, and how long it may ring (seconds).

    `not_before` is when a human who asked for time may be called again. Where several are called at
    once, those of a higher `tier` wait until nobody of a lower one is left.
    """

    destination: str
    ring_s: float
    not_before: float = 0.0
    tier: int = 1


@dataclass(frozen=True, slots=True)
class Attempt:
    """One destination tried. `number` counts from 1 within an escalation.

    `due_at` is when it is given up if nothing is heard. `touched` is set by the carrier's first
    word about the attempt: from then on the document that holds its credentials is never served
    again. In a warm handoff `request_uuid` is the carrier's name for the call we asked for, `leg`
    the one for the human's leg once it was answered; `entered_at` is when he was in the room, and
    `joined_at`, kept for those who are to be introduced, when the caller was. `left_at_once` says
    that he had accepted the caller, who had to go on without him.
    """

    number: int
    destination: str
    ring_s: float
    started_at: float
    due_at: float = 0.0
    tier: int = 1
    touched: bool = False
    request_uuid: str | None = None
    leg: str | None = None
    answered_at: float | None = None
    accepted_at: float | None = None
    entered_at: float | None = None
    joined_at: float | None = None
    connected_at: float | None = None
    ended_at: float | None = None
    reason: Reason | None = None
    cause_name: str | None = None
    cause_code: int | None = None
    left_at_once: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """How an escalation ended; written once.

    `destination` is where the human was who was on, as far as anybody has told us.
    """

    outcome: Outcome
    reason: Reason
    at: float
    destination: str | None = None


@dataclass(frozen=True, slots=True)
class Escalation:
    """One request for a human, from the decision to its ending.

    `plan` holds the legs not tried yet; `attempts` those tried, in order: one after the other, or
    all destinations of a tier `together`. `claimed_by` is the number of the attempt that has the
    caller; `introduce` asks that he and the human are told of one another; `refusal` is why nobody
    could be tried, if there was no plan. `give_up_at` bounds the caller's whole wait; `deadline` is
    when the present step is looked after if nothing is heard.
    """

    id: str
    trigger: Trigger
    rule: str
    opened_at: float
    state: State
    plan: tuple[Leg, ...]
    give_up_at: float
    last_resort: LastResort
    mode: Mode = Mode.COLD
    together: bool = False
    introduce: bool = False
    limits: Limits = LIMITS
    refusal: Reason = Reason.UNKNOWN
    attempts: tuple[Attempt, ...] = ()
    claimed_by: int | None = None
    move_accepted: bool = False
    nudges: int = 0
    deadline: float | None = None
    ending: Ending | None = None

    @property
    def is_open(self) -> bool:
        """Whether the escalation has not ended yet."""
        return self.ending is None

    @property
    def current(self) -> Attempt | None:
        """The attempt that has the caller, or else the one made last, if any."""
        return self.attempt(self.claimed_by or len(self.attempts))

    @property
    def live(self) -> tuple[Attempt, ...]:
        """The attempts that go on."""
        return tuple(one for one in self.attempts if one.ended_at is None)

    @property
    def rings_until(self) -> float:
        """When no phone may ring any more: a human who has to confirm needs time for that."""
        if self.mode is not Mode.CONFIRM:
            return self.give_up_at
        budget_s = self.give_up_at - self.opened_at
        return self.give_up_at - min(self.limits.confirm_s, budget_s / 2)

    def attempt(self, number: int) -> Attempt | None:
        """The attempt with this number, if it was made."""
        return self.attempts[number - 1] if 1 <= number <= len(self.attempts) else None

    def with_attempt(self, attempt: Attempt) -> Escalation:
        """The same escalation with `attempt` in the place of the one with its number."""
        kept = tuple(attempt if a.number == attempt.number else a for a in self.attempts)
        return replace(self, attempts=kept)


@dataclass(frozen=True, slots=True)
class Call:
    """The caller's leg, from the answer to the hang-up.

    `stream` counts the streams offered to the bot, so that a late word about an old one is known as
    such; `stream_since` is when the present one began, None while there is none. `over` means that
    the conversation was ended on purpose and only the hang-up is left. `language` is the caller's,
    where it is known. `revision` grows by one with each change, so that a watcher can miss no
    wake-up.
    """

    call_uuid: str
    document: DocumentOwner
    opened_at: float
    stream: int = 1
    stream_since: float | None = None
    streams_lost: int = 0
    over: bool = False
    ended: bool = False
    ended_at: float | None = None
    escalation: Escalation | None = None
    past: tuple[Escalation, ...] = ()
    language: str | None = None
    revision: int = 0

    @property
    def open_escalation(self) -> Escalation | None:
        """The escalation in progress, or None."""
        held = self.escalation
        return held if held is not None and held.is_open else None

    def find(self, escalation: str) -> Escalation | None:
        """The escalation with this id, open or past, if the call has it."""
        known = (self.escalation, *self.past)
        return next((held for held in known if held and held.id == escalation), None)

    @property
    def deadline(self) -> float | None:
        """When somebody has to look after this call, or None."""
        held = self.open_escalation
        return held.deadline if held is not None else None
