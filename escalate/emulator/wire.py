"""Answers that do not arrive: the connection breaks, or nothing ever comes."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, Final, NoReturn

import httpx
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_ABORT: Final = "emulator.abort"
_LONGEST_SILENCE_S: Final = 120.0


class Wire:
    """Outermost layer of the app: gives a response the means to break its connection."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with the server's own transport within reach."""
        if scope["type"] == "http":
            # Uvicorn hands out `send` as a method of the object that owns the transport.
            owner = getattr(send, "__self__", None)
            scope[_ABORT] = owner.transport.abort if owner else _break_in_process
        await self._app(scope, receive, send)


def _break_in_process() -> NoReturn:
    """Be what a broken connection is to a client that reaches the app without one."""
    raise httpx.ReadError("the connection was broken")


class NoAnswer(Response):
    """Breaks the connection at once, or keeps silent until the client goes away."""

    def __init__(self, *, at_once: bool) -> None:
        super().__init__()
        self._at_once = at_once

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Send nothing."""
        if self._at_once:
            scope[_ABORT]()
        try:
            async with asyncio.timeout(_LONGEST_SILENCE_S):
                while (await receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            scope[_ABORT]()
