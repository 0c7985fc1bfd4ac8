"""A caller whom no human takes leaves a message or is called back, and the business is told."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import httpx
import pytest

from escalate import CallbackPromised, Outcome, Reason, VoicemailLeft
from escalate.follow_up import FollowUp
from escalate.handoff import Line
from escalate.settings import Destination
from escalate.transfer import LastResort

from .carried import CALLER, PHONE, house

DUTY = Destination(name="duty", phone=PHONE)
NEVER = Destination(name="duty", phone=PHONE, hours="closed")


class Business:
    """Does what is to be done later, and remembers it."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[FollowUp] = asyncio.Queue()

    async def __call__(self, what: FollowUp) -> None:
        self.told.put_nowait(what)

    async def next(self) -> FollowUp:
        return await asyncio.wait_for(self.told.get(), 20)


async def test_a_message_reaches_the_business_and_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """He speaks, presses the key and is thanked; the recording can be heard where we say it is."""
    caplog.set_level(logging.DEBUG, "escalate")
    business = Business()
    async with house(
        tmp_path,
        destination=(DUTY,),
        handoff={"last_resort": LastResort.VOICEMAIL},
        on_follow_up=business,
    ) as home:
        call_uuid = await home.call(phone={"busy": True})
        transfer = asyncio.create_task(home.board.call(call_uuid).transfer())
        await home.plivo.wait_for("record.started", call_uuid)
        await home.plivo.say(call_uuid, [{"at": 0.0, "text": "call me"}])
        await home.plivo.wait_for("caller.says", call_uuid)
        await home.plivo.press(call_uuid, "#")
        ending = await transfer
        left = await business.next()
        over = await home.plivo.wait_for("call.ended", call_uuid)
        said = (await home.plivo.summary(call_uuid))["heard"][-1]["text"]
        assert isinstance(left, VoicemailLeft)
        assert left.url is not None
        async with httpx.AsyncClient(trust_env=False) as http:
            assert (await http.get(left.url)).content.startswith(b"RIFF")
    assert (Outcome.VOICEMAIL, Reason.BUSY) == (ending.outcome, ending.reason)
    assert ("Answer XML", "Kept.") == (over["source"], said)
    assert left.url not in caplog.text + repr(left)
    assert business.told.empty()


async def test_after_hours_a_caller_leaves_a_message_although_nobody_is_dialled(
    tmp_path: Path,
) -> None:
    """He hangs up as soon as he has spoken: his message counts all the same."""
    business = Business()
    async with house(
        tmp_path,
        destination=(NEVER,),
        handoff={"last_resort": LastResort.VOICEMAIL},
        on_follow_up=business,
    ) as home:
        call_uuid = await home.call()
        transfer = asyncio.create_task(home.board.call(call_uuid).transfer())
        await home.plivo.wait_for("record.started", call_uuid)
        await home.plivo.say(call_uuid, [{"at": 0.0, "text": "call me"}])
        await home.plivo.wait_for("caller.says", call_uuid)
        await home.plivo.hang_up(call_uuid)
        ending = await transfer
        assert isinstance(await business.next(), VoicemailLeft)
        dialled = [e for e in await home.plivo.events(call_uuid) if e["kind"] == "leg.dialed"]
    assert Outcome.VOICEMAIL is ending.outcome
    assert [] == dialled


async def test_a_promise_to_call_back_reaches_the_business_with_the_number(tmp_path: Path) -> None:
    """The caller hears it and hangs up or is hung up on; who keeps the promise knows his number."""
    business = Business()
    async with house(
        tmp_path,
        destination=(DUTY,),
        handoff={"last_resort": LastResort.CALLBACK},
        on_follow_up=business,
    ) as home:
        call_uuid = await home.call(phone={"busy": True})
        ending = await home.board.call(call_uuid).transfer()
        promised = await business.next()
        said = (await home.plivo.summary(call_uuid))["heard"][-1]["text"]
    assert Outcome.CALLBACK is ending.outcome
    assert isinstance(promised, CallbackPromised)
    assert (call_uuid, CALLER) == (promised.call_uuid, promised.number)
    assert CALLER not in repr(promised)
    assert home.board.settings.say.spoken(Line.CALLBACK).text == said
