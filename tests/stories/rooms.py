"""Caller and human are to meet in a room, and one of them does not come."""

from __future__ import annotations

import asyncio

import httpx

from escalate.emulator.virtual import Answered, Application, Asked
from escalate.errand import Errands
from escalate.values import Outcome

from .house import ACCEPTS, PHONE, SIP, play
from .telling import story, without


async def silence_after_yes(asked: Asked, answer: Application) -> Answered:
    """The first human hears nothing for long after his yes, and nothing is heard of him."""
    if "/humans/1/hangup" in asked.url:
        raise httpx.ConnectError("lost on the way")
    answered = await answer(asked)
    if "/humans/1/reply" in asked.url:
        await asyncio.sleep(10)
    return answered


@story("the caller waits alone in the room", twin=without(Errands, "_look_for_human"))
def a_caller_does_not_stay_alone_in_a_room() -> None:
    """He goes on to the next human, and to nobody's conversation before that."""
    gone = ACCEPTS.model_copy(update={"hangs_up_after_s": 3})
    told = play({SIP: gone, PHONE: ACCEPTS}, handoff={"mode": "warm"}, network=silence_after_yes)

    told.nobody_is_worse_off()
    assert (Outcome.CONNECTED, "duty") == told.ending
    assert 1 == len(told.all("leg.bridged"))
    assert told.at("leg.dialed", 2) - told.at("room.entered", party="caller") < 10
