"""The page over a local Plivo that runs by itself, and asks somebody else's application."""

from __future__ import annotations

import asyncio

import pytest

from escalate.demo.onlooker import Onlooker
from escalate.emulator.client import EmulatorError, LocalPlivo

from .harness import Application

SPEAKS = "<Speak>Good morning.</Speak><Dial><User>sip:q@example.com</User></Dial><Hangup/>"


async def read_until(onlooker: Onlooker, kind: str) -> list[dict[str, object]]:
    """What the page is told, up to a message of this type."""
    told = []
    async with asyncio.timeout(20):
        async for message in onlooker.feed.follow(0, beat_s=20.0):
            assert message is not None
            told.append(dict(message[1]))
            if message[1]["type"] == kind:
                return told
    raise AssertionError("the feed has no end")


async def test_calls_of_any_application_are_shown_and_meddled_with(
    plivo: LocalPlivo, app: Application
) -> None:
    """The one that began last, with what became of it; the names are the addresses dialled."""
    app.answers("answer", SPEAKS)
    await plivo.phones({"sip:q@example.com": {"answers_after_s": 0.1}})
    async with Onlooker(plivo.base_url) as onlooker:
        with pytest.raises(EmulatorError, match="nobody is on the call"):
            await onlooker.hang_up()
        await onlooker.play("a-call")
        await plivo.wait_for("leg.bridged")
        await onlooker.hang_up()
        told = await read_until(onlooker, "over")
    turns = [message["turn"] for message in told if message.get("turn")]
    assert {"who": "plivo", "name": "Plivo", "text": "Good morning."} in turns
    (report,) = [message for message in told if message["type"] == "report"]
    assert ("The caller was connected to a human: sip:q@example.com.", []) == (
        report["outcome"],
        report["unmet"],
    )


async def test_where_no_local_plivo_runs_is_said_at_once() -> None:
    """With the address that was tried."""
    with pytest.raises(EmulatorError, match="no local Plivo answers at http"):
        async with Onlooker("http://127.0.0.1:9/"):
            pass
