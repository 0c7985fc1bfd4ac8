"""A page served on loopback inside of a test's own event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from tests.ports import free_port
from tests.serving import served


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[str]:
    """Serve `app` on a free port; its address."""
    async with served(app, free_port(), lifespan="auto") as url:
        yield url
