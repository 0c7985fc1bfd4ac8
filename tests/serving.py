"""Applications served inside of a test's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import uvicorn

_USUAL: Final = {"log_level": "error", "lifespan": "off", "ws": "websockets-sansio"}


class _Server(uvicorn.Server):
    """One that says when it listens, and leaves signals to pytest."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def served(app: Any, port: int, **options: Any) -> AsyncIterator[str]:
    """Serve an ASGI application on a port of loopback; its address."""
    config: dict[str, Any] = {**_USUAL, **options}
    server = _Server(uvicorn.Config(app, port=port, **config))
    serving = asyncio.create_task(server.serve())
    await server.up.wait()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = server.force_exit = True
        await serving
