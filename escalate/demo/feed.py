"""Messages for whoever looks on: kept, so that a page that is opened late sees everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

Message = Mapping[str, Any]
Numbered = tuple[int, Message]

# A call that goes on for long is shown from its middle rather than not at all.
_MOST: Final = 5_000


class Feed:
    """The messages of the call that is shown, numbered from 1 on for as long as the feed lives."""

    def __init__(self) -> None:
        self._messages: list[Numbered] = []
        self._number = 0
        self._news = asyncio.Event()
        self._closed = False

    def begin(self, message: Message) -> None:
        """Forget the call before; `message` is the first about the next one."""
        self._messages.clear()
        self.add(message)

    def add(self, message: Message) -> None:
        """Tell everybody who follows."""
        self._number += 1
        self._messages.append((self._number, message))
        del self._messages[:-_MOST]
        self._wake()

    def close(self) -> None:
        """Let nobody follow any longer."""
        self._closed = True
        self._wake()

    async def follow(self, after: int, *, beat_s: float) -> AsyncIterator[Numbered | None]:
        """Yield what is numbered above `after`, then all that comes; None every `beat_s` without.

        After a restart numbers begin anew: one that was never given means everything.
        """
        after = after if after <= self._number else 0
        while not self._closed:
            news = self._news
            fresh = [one for one in self._messages if one[0] > after]
            for after, message in fresh:
                yield after, message
            if fresh:
                continue
            try:
                async with asyncio.timeout(beat_s):
                    await news.wait()
            except TimeoutError:
                yield None

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
