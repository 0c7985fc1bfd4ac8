"""A switchboard and a bot on loopback, and a local Plivo that lets callers in to both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from escalate import Switchboard
from escalate.emulator.client import LocalPlivo
from escalate.settings import Destination, Settings
from tests.emulator.harness import Bot, running
from tests.nursery import local_plivo
from tests.ports import free_port
from tests.serving import served

PHONE, SIP = "+14155550199", "sip:queue-1@cc.example.com"
CALLER = "14155550123"
BRIEF = {
    "voicemail": "Speak.",
    "message_kept": "Kept.",
    "callback": "We call back.",
    "goodbye": "Goodbye.",
}


@dataclass
class House:
    """Everybody who takes part; `call` lets a caller in and waits until the bot has him."""

    board: Switchboard
    plivo: LocalPlivo
    bot: Bot

    async def call(self, **phones: Mapping[str, Any]) -> str:
        """Return the id of a caller who is with the bot; telephones by `phone` and `sip`."""
        places = {"phone": PHONE, "sip": SIP}
        told = {places[name]: behaviour for name, behaviour in phones.items()}
        call_uuid = await self.plivo.call(from_=CALLER, phones=told)
        await self.bot.line()
        return call_uuid


@asynccontextmanager
async def house(
    tmp_path: Path, *, destination: tuple[Destination, ...], **more: Any
) -> AsyncIterator[House]:
    """Yield the house; `more` are settings, and what a switchboard takes beside them."""
    told = {
        key: more.pop(key)
        for key in ("on_alarm", "on_follow_up", "on_news", "available")
        if key in more
    }
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    async with local_plivo() as plivo, running(Bot) as bot:
        settings = Settings(
            public_url=base,
            stream_url=bot.url.partition("?")[0],
            plivo_auth_id=plivo.auth_id,
            plivo_auth_token=SecretStr(plivo.auth_token),
            plivo_api=plivo.base_url,
            store=str(tmp_path / "calls.db"),
            destination=destination,
            **{"say": BRIEF, **more},
        )
        board = Switchboard(settings, **told)
        async with board, served(board.app, port):
            await plivo.application(f"{base}/answer", hangup_url=f"{base}/hangup")
            yield House(board, plivo, bot)
