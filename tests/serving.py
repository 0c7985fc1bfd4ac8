"""Applications served inside of a test's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import uvicorn

from escalate.emulator.server import Server
from tests.ports import free_port

_USUAL: Final = {"log_level": "error", "lifespan": "off", "ws": "websockets-sansio"}


@contextlib.asynccontextmanager
async def served(app: Any, port: int | None = None, **options: Any) -> AsyncIterator[str]:
    """Serve an ASGI application on loopback, on any port or this one; its address."""
    config: dict[str, Any] = {**_USUAL, **options}
    port = port or free_port()
    server = Server(uvicorn.Config(app, port=port, **config))
    serving = asyncio.create_task(server.serve())
    await server.up.wait()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = server.force_exit = True
        await serving
