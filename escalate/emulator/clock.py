"""Time, in one place: everything in the emulator waits and measures through a `Clock`.

A `Clock` reads the running event loop's time, and so do `asyncio.timeout` and `asyncio.sleep`. An
event loop with a time of its own therefore moves the whole emulator to that time; see `virtual`.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from escalate.emulator.audio import FRAME_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Clock:
    """Seconds since the emulator started, with the moment of the start known as a date."""

    def __init__(self, *, epoch: float | None = None, silent: bool = False) -> None:
        """Start now, which is `epoch` in seconds since 1970; without sound if `silent`."""
        self._loop = asyncio.get_running_loop()
        self._zero = self._loop.time()
        self._epoch = time.time() if epoch is None else epoch
        self.silent = silent

    def now(self) -> float:
        """Return the seconds since the start; never goes backwards."""
        return self._loop.time() - self._zero

    def epoch(self) -> float:
        """Return the date as seconds since 1970, moved along by `now`."""
        return self._epoch + self.now()

    def date(self, at: float) -> datetime:
        """Return the date of a moment, the same whenever it is asked for."""
        return datetime.fromtimestamp(self._epoch + at, UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for a duration; zero or less only lets others run."""
        await asyncio.sleep(max(0.0, seconds))

    async def sleep_until(self, at: float) -> None:
        """Wait until `now` reaches `at`."""
        await self.sleep(at - self.now())

    async def frames(self) -> AsyncIterator[float]:
        """Yield the moment of each 20 ms of sound to carry; where there is none, wait for ever."""
        if self.silent:
            await asyncio.Event().wait()
        async for at in self.ticks(FRAME_S):
            yield at

    async def ticks(self, every_s: float) -> AsyncIterator[float]:
        """Yield the ideal moment of each tick, paced by absolute time.

        A tick that comes late does not move the ones after it, so an hour of audio is an hour long.
        """
        start, count = self.now(), 0
        while True:
            at = start + count * every_s
            await self.sleep_until(at)
            yield at
            count += 1
