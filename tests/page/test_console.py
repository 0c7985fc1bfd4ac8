"""The operator's console in a real browser, over a real store."""

from __future__ import annotations

import time
from pathlib import Path

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Mount

from escalate import Switchboard
from escalate.settings import Destination, Settings
from escalate.transfer import events as e
from escalate.values import Party, Reason, Said, Trigger
from tests.serving import served

from .chromium import Tab
from .looking import fits, is_accessible, shows

TOKEN = "c0ffee-c0ffee-c0ffee"
SAID = "<b>שלום</b> i want a human, my card is 4111 1111 1111 1111"


def settings(folder: Path) -> Settings:
    names = ("support", "duty-phone")
    return Settings(
        public_url="http://127.0.0.1/escalate",
        stream_url="ws://127.0.0.1/ws",
        plivo_api="http://127.0.0.1",
        plivo_auth_id="MAXXXXXXXXXXXXXXXXXX",
        plivo_auth_token=SecretStr("token"),
        console_token=SecretStr(TOKEN),
        store=str(folder / "calls.db"),
        destination=tuple(Destination(name=name, phone="+14155550199") for name in names),
    )


async def asks(board: Switchboard, call_uuid: str) -> str:
    """A caller who asks for a human; returns the id of his escalation."""
    await board.answered(call_uuid)
    await board.store.remember(call_uuid, Said(Party.CALLER, SAID, time.time()))
    call = await board.receive(call_uuid, board.request(Trigger.ASKED, "asks-to-talk"))
    assert call is not None and call.escalation is not None
    for event in (e.AnnouncementEnded(call.escalation.id), board.arrived(1)):
        await board.receive(call_uuid, event)
    return call.escalation.id


async def test_an_operator_looks_at_calls_as_they_go(tab: Tab, tmp_path: Path) -> None:
    """Past the door, what waits, what must be mended and what was said; live, and by key."""
    board = Switchboard(settings(tmp_path))
    app = Starlette(routes=[Mount("/escalate", app=board.app)])
    async with board, served(app, lifespan="auto") as url:
        held = await asks(board, "call-1")
        failed = e.DialEnded(held, 1, connected=False, reason=Reason.SIP_AUTH_FAILED)
        await board.receive("call-1", failed)
        await board.receive("call-1", e.HumanConnected(held, 2))

        await tab.open(f"{url}/escalate/console")
        await is_accessible(tab)
        await tab.ask("document.querySelector('#token').focus()")
        await tab.write(TOKEN)
        await tab.press("Enter")
        await tab.until(shows("Connected", "#open"))
        assert await tab.ask(shows("support: sip auth failed", "#alerts"))
        assert TOKEN not in await tab.ask("document.cookie + document.documentElement.outerHTML")

        waiting = await asks(board, "call-2")
        await tab.until(shows("Waiting for a human", "#open"))
        await board.receive("call-2", e.HumanConnected(waiting, 1))
        await board.receive("call-2", e.CallerHungUp())
        await tab.until(shows("Was connected", "#past"))

        await tab.ask("document.querySelector('#past .look').focus()")
        await tab.press("Enter")
        await tab.until("document.querySelector('dialog[open] .turn')")
        said = await tab.ask("document.querySelector('dialog .turn .text').textContent")
        assert said.startswith("<b>שלום</b> i want a human") and "4111" not in said
        assert "want a human" == await tab.ask("document.querySelector('dialog .lit').innerText")
        assert await tab.ask(shows("is off the line", "dialog .picture"))
        await tab.press("Escape")
        await tab.until("!document.querySelector('dialog').open")
        await tab.until("document.activeElement.dataset.call === 'call-2'")
        await is_accessible(tab)
        await fits(tab, 390)
        await fits(tab, 320)
