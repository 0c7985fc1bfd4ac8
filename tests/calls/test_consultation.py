"""An application of the user's talks with the human first; we wait for his answer and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

import pytest

from escalate import CallGone, Trigger
from escalate.consultation import Consultation
from tests.emulator.harness import Application, Bot, running

from .carried import PHONE, House
from .test_warm_handoff import comes_in, warm

ANSWERS: Mapping[str, Any] = {"answers_after_s": 0}
BUSY: Mapping[str, Any] = {"busy": True}


@pytest.fixture
async def application() -> AsyncIterator[Application]:
    """The user's own XML."""
    async with running(Application) as application:
        yield application


@pytest.fixture
async def consultant() -> AsyncIterator[Bot]:
    """The user's own bot, which talks with humans."""
    async with running(Bot) as bot:
        yield bot


def told_by(url: str) -> dict[str, str]:
    """What the application is told about a human, in the address that it is asked at."""
    return dict(parse_qsl(urlsplit(url).query))


def handle(home: House, told: Mapping[str, str]) -> Consultation:
    """What the application makes of it."""
    return home.board.consultation(told["call_uuid"], told["escalation"], int(told["attempt"]))


async def test_a_bot_talks_with_the_human_and_gives_him_the_caller(
    tmp_path: Path, consultant: Bot
) -> None:
    """Over a stream of his own; he meets the caller when the bot says so, and only once."""
    handoff = {"consult_stream_url": consultant.url.partition("?")[0]}
    async with warm(tmp_path, handoff=handoff) as home:
        live, _ = await comes_in(home, sip=ANSWERS, phone=BUSY)
        live.hear("my name is Anna Smith and my parcel never arrived", language="en-US")
        live.hear("can I talk to a person", language="en-US")
        line = await consultant.line()
        assert line.socket.request is not None
        consultation = handle(home, told_by(line.socket.request.path))
        account = await consultation.account()
        assert [] == [e for e in await home.plivo.events() if e["kind"] == "room.entered"]
        await consultation.accept()
        met = await home.plivo.wait_for("leg.bridged", live.call_uuid)
        with pytest.raises(CallGone):
            await consultation.decline()
    assert "parcel never arrived" in account.briefing.spoken
    assert line.start["start"]["callId"] == met["leg"]


@pytest.mark.parametrize("lets_go", [True, False])
async def test_a_human_who_gave_no_answer_does_not_get_the_caller(
    tmp_path: Path, consultant: Bot, lets_go: bool
) -> None:
    """Whether the bot lets go of him or holds him too long; the next one is called."""
    handoff = {"consult_stream_url": consultant.url.partition("?")[0]}
    limits = {} if lets_go else {"brief_s": 0.5}
    async with warm(tmp_path, handoff=handoff, limits=limits) as home:
        live, bot = await comes_in(home, sip=ANSWERS, phone=BUSY)
        asked = asyncio.create_task(live.transfer())
        line = await consultant.line()
        if lets_go:
            await line.hang_up()
        await home.plivo.wait_for("leg.dialed", to=PHONE)
        await home.plivo.wait_for("call.ended", line.start["start"]["callId"])
        await asked
        assert [] == [e for e in await home.plivo.events() if e["kind"] == "room.entered"]
    assert "release" not in bot.done


async def test_an_application_leads_the_human_back_with_his_answer(
    tmp_path: Path, application: Application
) -> None:
    """Its XML is asked with the addresses of the answers; one that he asks for time is heard."""
    application.answers("consult", "<Speak>A caller.</Speak><Wait length='60'/>")
    handoff = {"consult_url": application.url("consult")}
    async with warm(tmp_path, handoff=handoff) as home:
        live, _ = await comes_in(home, sip=ANSWERS, phone=ANSWERS)
        assert live.request(Trigger.ASKED, "asked")
        first = await application.request("consult")
        await handle(home, told_by(first.url)).defer(after_s=300)
        second = await application.request("consult", 2)
        await home.plivo.wait_for("call.ended", first.params["CallUUID"])
        application.answers(
            "yes", f"<Redirect>{escape(told_by(second.url)['accepted'])}</Redirect>"
        )
        leg = second.params["CallUUID"]
        await home.board.plivo.transfer(leg, application.url("yes"))
        met = await home.plivo.wait_for("leg.bridged", live.call_uuid)
    assert leg == met["leg"]
