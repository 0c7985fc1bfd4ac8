"""The words every part of escalate speaks: who, why, and how it ended.

Three parties take part in a call: the **caller**, the **bot** (the AI) and the **human** who takes
over. Everything here is a frozen value; nothing here knows a clock, a carrier or a framework.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Party(StrEnum):
    """Who said or did something."""

    CALLER = "caller"
    HUMAN = "human"
    BOT = "bot"


class Trigger(StrEnum):
    """Which kind of signal asked for a human."""

    ASKED = "asked"  # the caller asked for a person
    PHRASE = "phrase"  # a configured phrase or expression
    UNCLEAR = "unclear"  # the bot keeps not understanding
    FRUSTRATED = "frustrated"
    DIGIT = "digit"
    SILENCE = "silence"
    BOT_FAILED = "bot_failed"
    PROMISED = "promised"  # the bot said it would connect, and nothing was dialled
    PREDICATE = "predicate"  # a user's own async predicate
    TOOL = "tool"  # the LLM called transfer_to_human
    APPLICATION = "application"  # the user's code called Call.transfer
    BOT_LOST = "bot_lost"  # the media stream broke and did not come back


class Outcome(StrEnum):
    """How an escalation ended. Exactly one per escalation."""

    CONNECTED = "connected"  # caller and human were bridged
    RETURNED = "returned"  # nobody could be reached; the caller is with the bot
    VOICEMAIL = "voicemail"
    CALLBACK = "callback"
    GOODBYE = "goodbye"  # nobody could be reached; the caller was told so and the call ended
    CALLER_LEFT = "caller_left"
    CANCELLED = "cancelled"  # the caller took the request back
    REFUSED = "refused"  # he never left the bot: closed, not allowed, or not moved


class Reason(StrEnum):
    """Why an attempt or an escalation ended the way it did."""

    COMPLETED = "completed"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    DECLINED = "declined"
    DEFERRED = "deferred"  # not now, but soon
    SIP_AUTH_FAILED = "sip_auth_failed"
    SIP_AUTH_TIMEOUT = "sip_auth_timeout"
    UNREACHABLE = "unreachable"  # not registered, out of service, no route
    INVALID_DESTINATION = "invalid_destination"
    NOT_PERMITTED = "not_permitted"  # barred number or country, no credit, unknown caller id
    MACHINE = "machine"
    NOT_CONFIRMED = "not_confirmed"
    LOST_RACE = "lost_race"
    CARRIER_ERROR = "carrier_error"
    OUR_DOCUMENT = "our_document"  # the carrier could not read or reach what we answered
    CANCELLED = "cancelled"
    CALLER_LEFT = "caller_left"
    RETRACTED = "retracted"
    CLOSED = "closed"  # no destination is open at this hour
    AWAY = "away"  # whoever is asked says that nobody is there
    NO_DESTINATION = "no_destination"
    BUDGET_SPENT = "budget_spent"
    STREAM_LOST = "stream_lost"
    REQUEST_REFUSED = "request_refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Said:
    """One thing a party said. `at` is seconds since the epoch."""

    party: Party
    text: str
    at: float
