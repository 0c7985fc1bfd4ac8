"""Following a call from any process: its stored state, whoever changes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from escalate.errors import StoreUnavailable
from escalate.store import Store
from escalate.transfer import Call
from escalate.transfer.news import News, news_of

_WATCH_S: Final = 30.0
_TRY_AGAIN_S: Final = 1.0


async def changes_of(store: Store, call_uuid: str) -> AsyncIterator[Call]:
    """Yield the call as it is, and again after it has changed, for ever."""
    seen = -1
    while True:
        try:
            call = await store.watch(call_uuid, after=seen, timeout_s=_WATCH_S)
        except StoreUnavailable:
            # What goes on goes on without us; the store knows it when it is back.
            await asyncio.sleep(_TRY_AGAIN_S)
            continue
        if call is not None:
            seen = call.revision
            yield call


async def news_about(store: Store, call_uuid: str) -> AsyncIterator[News]:
    """Yield each step of a call's escalations, first those taken already, until it is over."""
    before: Call | None = None
    async for call in changes_of(store, call_uuid):
        for news in news_of(before, call):
            yield news
        if call.ended and call.open_escalation is None:
            return
        before = call
