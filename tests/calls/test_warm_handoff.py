"""A human is called first, through the local Plivo, and the application follows each step."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from escalate import LiveCall, News, Outcome, Step, Switchboard, Trigger
from escalate.settings import Destination
from escalate.transfer import Mode
from escalate.transfer import commands as c
from tests.emulator.harness import Line

from .carried import PHONE, SIP, House, house

SUPPORT = Destination(name="support", sip=SIP)
DUTY = Destination(name="duty", phone=PHONE)
BRIEF = {"consulting": "I call.", "joining": "Here.", "offer": "Hello.", "ask": "Press {accept}."}
ACCEPTS: Mapping[str, Any] = {"answers_after_s": 0, "presses": "1"}
PATIENCE_S = 30


class WarmBot:
    """Lets go of the caller's line when it is told to; speaks no longer than a test wants."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.done: list[str] = []
        self.joins = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    def hold(self) -> None:
        self.done.append("hold")

    async def announce(self, text: str) -> None:
        self.done.append(text)
        if text == BRIEF["joining"]:
            self.joins.set()
            await self.may_go_on.wait()

    async def release(self) -> None:
        self.done.append("release")
        await self.line.hang_up()

    async def resume(self, text: str | None) -> None:
        self.done.append("resume")


def warm(tmp_path: Path, **more: Any) -> Any:
    """A house in which humans are called first."""
    return house(
        tmp_path,
        destination=(SUPPORT, DUTY),
        caller_id="+14155550100",
        handoff={"mode": Mode.WARM, **more.pop("handoff", {})},
        say=BRIEF,
        **more,
    )


async def comes_in(
    home: House, sip: Mapping[str, Any], phone: Mapping[str, Any]
) -> tuple[LiveCall, WarmBot]:
    """Return a caller's call, and the bot that has him."""
    caller = await home.plivo.call(phones={SIP: sip, PHONE: phone})
    live, bot = home.board.call(caller), WarmBot(await home.bot.line())
    live.attach(bot)
    await live.begin()
    return live, bot


async def test_each_step_is_told_where_it_is_taken_and_to_who_follows_from_elsewhere(
    tmp_path: Path,
) -> None:
    """In order, once, with nobody's number; the bot and the caller may talk until the end."""
    here: list[tuple[str, News]] = []
    async with warm(
        tmp_path,
        limits={"at_once_s": 0.0},
        on_news=lambda uuid, news: here.append((uuid, news)),
    ) as home:
        live, bot = await comes_in(home, sip={"busy": True}, phone={**ACCEPTS, "talks_s": 0})
        async with Switchboard(home.board.settings) as elsewhere:
            follower = elsewhere.call(live.call_uuid).news()
            assert live.request(Trigger.ASKED, "asked")
            there = [await asyncio.wait_for(anext(follower), PATIENCE_S) for _ in range(8)]
            ending = await live.outcome()
    told = [(news.step, news.attempt.number if news.attempt else 0) for news in there]
    assert [
        (Step.OPENED, 0),
        (Step.CALLED, 1),
        (Step.FAILED, 1),
        (Step.CALLED, 2),
        (Step.ANSWERED, 2),
        (Step.ACCEPTED, 2),
        (Step.CONNECTED, 2),
        (Step.ENDED, 2),
    ] == told
    assert [(live.call_uuid, step) for step, _ in told] == [
        (uuid, news.step) for uuid, news in here
    ]
    assert ending is not None
    assert Outcome.CONNECTED is ending.outcome
    assert PHONE not in repr(there)
    assert ["hold", "I call.", "resume", "hold", "Here.", "release"] == bot.done


async def test_a_human_who_leaves_while_the_caller_is_told_is_replaced_and_the_bot_goes_on(
    tmp_path: Path,
) -> None:
    """The caller is with the bot until the next human accepts, and is told anew."""
    async with warm(tmp_path) as home:
        live, bot = await comes_in(home, sip=ACCEPTS, phone=ACCEPTS)
        bot.may_go_on.clear()
        assert live.request(Trigger.ASKED, "asked")
        await asyncio.wait_for(bot.joins.wait(), PATIENCE_S)
        first = await home.plivo.wait_for("room.entered", party="human")
        bot.joins.clear()
        await home.plivo.hang_up(first["call"])
        await home.plivo.wait_for("leg.dialed", to=PHONE)
        bot.may_go_on.set()
        await home.plivo.wait_for("leg.bridged", live.call_uuid)
    again = ["hold", "Here."]
    assert ["hold", "I call.", "resume", *again, "resume", *again, "release"] == bot.done


async def test_a_human_who_is_gone_within_seconds_alarms_and_the_next_is_dialled(
    tmp_path: Path,
) -> None:
    """The room closes on the caller, who waits in a Dial for somebody else to take him."""
    alarms: asyncio.Queue[c.RaiseAlarm] = asyncio.Queue()
    async with warm(
        tmp_path,
        limits={"at_once_s": 60.0},
        on_alarm=lambda _, alarm: alarms.put_nowait(alarm),
    ) as home:
        live, _ = await comes_in(home, sip={**ACCEPTS, "talks_s": 0}, phone=ACCEPTS)
        assert live.request(Trigger.ASKED, "asked")
        alarm = await asyncio.wait_for(alarms.get(), PATIENCE_S)
        dialled = await home.plivo.wait_for("leg.bridged", live.call_uuid, to=PHONE)
    assert (c.Alarm.HUMAN_LEFT_AT_ONCE, "support") == (alarm.alarm, alarm.destination)
    assert live.call_uuid == dialled["call"]


async def test_caller_and_human_hear_who_calls_and_why_where_a_business_wants_it(
    tmp_path: Path,
) -> None:
    """Both the same words, from the caller's own, once both are in the room."""
    async with warm(tmp_path, handoff={"introduce": True}) as home:
        live, _ = await comes_in(home, sip=ACCEPTS, phone=ACCEPTS)
        live.hear("my name is Anna Smith and my parcel never arrived", language="en-US")
        live.hear("can I talk to a person", language="en-US")
        human = (await home.plivo.wait_for("room.entered", party="human"))["call"]
        heard = [await home.plivo.wait_for("room.says", leg) for leg in (live.call_uuid, human)]
        (text,) = {one["text"] for one in heard}
    assert text.startswith("You are connected.")
    assert "Anna Smith" in text
    assert "parcel never arrived" in text
