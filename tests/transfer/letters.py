"""What travels between the carrier, its callers and us."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from escalate.transfer import LastResort
from escalate.transfer import commands as c
from escalate.values import Reason


class Word(StrEnum):
    """What a letter to us says."""

    # From the carrier's leg, which waits for the answer.
    ARRIVED = "arrived"
    DIAL_ENDED = "dial ended"
    ROOM_CLOSED = "room closed"
    MESSAGE_ENDED = "message ended"
    # From the leg of a human who was called, which waits for the answer, too.
    HUMAN_ACCEPTED = "human accepted"
    HUMAN_DECLINED = "human declined"
    # From the carrier, reporting.
    CALLER_ENTERED = "caller entered"
    HUMAN_ENTERED = "human entered"
    STREAM_STARTED = "stream started"
    HUMAN_ANSWERED = "human answered"
    MACHINE_ANSWERED = "machine answered"
    HUMAN_CONNECTED = "human connected"
    HUMAN_LEG_ENDED = "human leg ended"
    HUNG_UP = "hung up"
    # From the carrier, answering a request of ours.
    MOVE_ACCEPTED = "move accepted"
    MOVE_REFUSED = "move refused"
    MOVE_UNCLEAR = "move unclear"
    CALL_PLACED = "call placed"
    CALL_REFUSED = "call refused"
    IS_LIVE = "is live"
    IS_GONE = "is gone"
    IS_ALONE = "is alone"
    # From the bot, and from ourselves.
    ASKED = "asked"
    ANNOUNCED = "announced"
    RETRACTED = "retracted"
    BOT_STARTED = "bot started"
    BOT_FINISHED = "bot finished"
    DEADLINE = "deadline"


class Letter(NamedTuple):
    """One thing somebody tells us. `number` is a stream's or an attempt's.

    `connected` is said of a Dial in which two people talked, and of a message that was recorded.
    """

    word: Word
    escalation: str = ""
    number: int = 0
    reason: Reason = Reason.UNKNOWN
    connected: bool = False
    leg: str = ""
    last_resort: LastResort = LastResort.BOT
    deadline: float = 0.0


class Order(StrEnum):
    """What a request of ours asks of the carrier or of the bot."""

    MOVE = "move"
    STOP = "stop"
    CHECK = "check"
    LOOK = "look for the human"
    HANG_UP = "hang up"
    CALL = "call the human"
    RECALL = "stop calling the human"
    LET_GO = "let the human go"


class Request(NamedTuple):
    """A request under way. `number` is the stream that the caller was on then, or an attempt's."""

    order: Order
    escalation: str = ""
    number: int = 0


Thing = Letter | Request

ORDERS: Final = {
    c.MoveCaller: Order.MOVE,
    c.StopStream: Order.STOP,
    c.ReleaseStream: Order.STOP,
    c.CheckCaller: Order.CHECK,
}

ABOUT_HUMANS: Final = (Order.CALL, Order.RECALL, Order.LET_GO)
