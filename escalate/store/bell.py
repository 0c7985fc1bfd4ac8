"""Wakes those who wait for a call to change, whichever process changes it.

A notification may get lost, so a wake-up only means: read again. Whoever waits reads again after a
bounded time anyway; the bell is what makes it quick.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import PubSub

_PING_AFTER_S: Final = 5.0
_AGAIN_S: Final = 0.1


class Bell:
    """Listens to one channel, on which the id of each changed call is published."""

    def __init__(self, client: Redis, channel: str) -> None:
        self._client = client
        self._channel = channel
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @contextmanager
    def listen(self, call_uuid: str) -> Iterator[asyncio.Event]:
        """Lend an event that is set whenever the call may have changed."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="escalate-store-bell")
        rung = asyncio.Event()
        self._waiting.setdefault(call_uuid, set()).add(rung)
        try:
            yield rung
        finally:
            others = self._waiting[call_uuid]
            others.discard(rung)
            if not others:
                del self._waiting[call_uuid]

    def ring(self, call_uuid: str) -> None:
        """Wake those who wait for this call in this process."""
        for rung in self._waiting.get(call_uuid, ()):
            rung.set()

    async def close(self) -> None:
        """Stop listening."""
        self._closed = True
        while self._task is not None and not self._task.done():
            # More than once, since under Python 3.11 redis-py may swallow it in `wait_for`.
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=_AGAIN_S)

    async def _run(self) -> None:
        """Listen until closed, over any number of lost connections."""
        while not self._closed:
            try:
                async with self._client.pubsub() as line:
                    await line.subscribe(self._channel)
                    await self._attend(line)
            except (RedisError, OSError, TimeoutError):
                # Those who wait read by themselves meanwhile, and find out what is the matter.
                await asyncio.sleep(_AGAIN_S)

    async def _attend(self, line: PubSub) -> None:
        asked = False
        while True:
            message: dict[str, Any] | None = await line.get_message(timeout=_PING_AFTER_S)
            if message is None:
                if asked:
                    raise RedisConnectionError("the line is dead")
                # A host that vanished says nothing, like one where nothing happens.
                await line.ping()
                asked = True
                continue
            asked = False
            if message["type"] == "subscribe":
                # What was published while nobody listened is lost.
                for call_uuid in list(self._waiting):
                    self.ring(call_uuid)
            elif message["type"] == "message":
                self.ring(message["data"].decode())
