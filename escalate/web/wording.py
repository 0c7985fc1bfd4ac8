"""What the pages say of a caller: where he stands, how it ended for him, why he needs a human."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from escalate.transfer import State
from escalate.values import Outcome, Trigger

STATES: Final[Mapping[State, str]] = {
    State.CONSULTING: "Waiting for a human",
    State.JOINING: "A human has accepted",
    State.ANNOUNCING: "Being told about the transfer",
    State.MOVING: "On the way to a human",
    State.RINGING: "Waiting for a human",
    State.CONNECTED: "Connected",
    State.RETURNING: "On the way back to the bot",
    State.LEAVING: "Nobody could be reached",
    State.ENDED: "Over",
}
OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.CONNECTED: "Was connected",
    Outcome.RETURNED: "Went back to the bot",
    Outcome.VOICEMAIL: "Left a message",
    Outcome.CALLBACK: "Is to be called back",
    Outcome.GOODBYE: "Was told that nobody could be reached",
    Outcome.CALLER_LEFT: "Has hung up",
    Outcome.CANCELLED: "Does not want a human any more",
    Outcome.REFUSED: "Stayed with the bot",
}

WHY: Final[Mapping[Trigger, str]] = {
    Trigger.ASKED: "asked for a person",
    Trigger.PHRASE: "said one of your phrases",
    Trigger.UNCLEAR: "was not understood",
    Trigger.FRUSTRATED: "is upset",
    Trigger.DIGIT: "pressed a key for it",
    Trigger.SILENCE: "said nothing",
    Trigger.BOT_FAILED: "met a bot that failed",
    Trigger.PROMISED: "was promised a person",
    Trigger.PREDICATE: "was found to need a person",
    Trigger.TOOL: "was found to need a person by the bot",
    Trigger.APPLICATION: "was handed over by your application",
    Trigger.BOT_LOST: "lost the connection to the bot",
}
