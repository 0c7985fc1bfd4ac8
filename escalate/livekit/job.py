"""Who ended a session that runs in a LiveKit job: the bot, or the job that was ended under it.

LiveKit gives both the same reason. But what a bot does runs in the context of its entrypoint, and
what is done to its job does not; and the job's shutdown callbacks learn why.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextvars import ContextVar
from typing import Final

# What the process of a job gives as its reasons (livekit-agents 1.6 and later; 1.5 gives none for
# the first of them). Everything else comes from the bot's own `ctx.shutdown(reason)`.
_NOT_THE_BOTS: Final = ("parent process shutdown", "room disconnected", "job crashed")
# Between the session's close and the callbacks LiveKit uploads and disconnects.
_WHY_S: Final = 3.0

_entrypoint: ContextVar[JobEnd | None] = ContextVar("_entrypoint", default=None)


class JobEnd:
    """Watches for the end of the job whose entrypoint makes it."""

    def __init__(self) -> None:
        self._why: str | None = None
        self._told = asyncio.Event()
        _entrypoint.set(self)

    def tell(self, reason: str) -> None:
        """Note why the job is shut down."""
        self._why = reason
        self._told.set()

    async def is_the_bots(self) -> bool:
        """Whether the bot wanted the end of its session; to be asked from where it was closed."""
        if _entrypoint.get() is self:
            return True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_WHY_S):
                await self._told.wait()
        return self._why not in _NOT_THE_BOTS
