"""A switchboard and a bot in one process with the local Plivo, in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import SecretStr

from escalate import Switchboard
from escalate.emulator.virtual import ACCOUNT, BASE_URL, VirtualPlivo
from escalate.plivo.client import PlivoClient
from escalate.settings import Settings

from .memory import MemoryStore


@dataclass
class Bot:
    """Speaks for as long as it takes to, and remembers what it was told to say."""

    said: list[str | None] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def hold(self) -> None:
        pass

    async def announce(self, text: str) -> None:
        self.said.append(text)
        await asyncio.sleep(3)

    async def release(self) -> None:
        self.released.set()

    async def resume(self, text: str | None) -> None:
        self.said.append(text)
        await asyncio.sleep(2 if text else 0)


def switchboard(
    plivo: VirtualPlivo,
    settings: Settings,
    *,
    way: httpx.AsyncBaseTransport | None = None,
    **more: Any,
) -> tuple[Switchboard, MemoryStore]:
    """Return a switchboard that reaches `plivo` by `way`, and its store."""
    client = PlivoClient(
        ACCOUNT.auth_id,
        SecretStr(ACCOUNT.auth_token),
        base_url=BASE_URL,
        http=httpx.AsyncClient(transport=way or httpx.ASGITransport(plivo.rest)),
    )
    store = MemoryStore()
    return Switchboard(settings, store=store, plivo=client, clock=plivo.now, **more), store
