"""The carrier's log: what really happened, in order, with secrets masked."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from escalate.emulator.clock import Clock
    from escalate.emulator.masking import Mask

CAPACITY: Final = 50_000
Event = dict[str, Any]


class EventLog:
    """A ring of numbered events that readers can wait on; secrets are masked when it is read."""

    def __init__(self, clock: Clock, mask: Mask) -> None:
        self._clock = clock
        self._mask = mask
        self._events: deque[Event] = deque(maxlen=CAPACITY)
        self._seq = 0
        # Made by whoever waits: most logs are read when it is all over.
        self._news: asyncio.Event | None = None
        self._closed = False
        self._listeners: list[Callable[[Event], None]] = []

    def add(self, kind: str, call: str | None = None, **fields: Any) -> None:
        """Append one event, stamped with its number and its moment."""
        self._seq += 1
        event = {"seq": self._seq, "at": round(self._clock.now(), 4), "call": call, "kind": kind}
        event.update(fields)
        self._events.append(event)
        self._tell_readers()
        if self._listeners:
            for listener in list(self._listeners):
                listener(event)

    def after(self, seq: int = 0, call: str | None = None) -> list[Event]:
        """Return the events numbered above `seq`, of one call or of all."""
        # Newest first: a reader that follows the log asks for the last few of many.
        found: list[Event] = []
        for event in reversed(self._events):
            if event["seq"] <= seq:
                break
            if call is None or event["call"] == call:
                found.append(self._mask.value(event))
        return found[::-1]

    async def wait(self, seq: int, wait_s: float, call: str | None = None) -> list[Event]:
        """Return what `after` returns, waiting up to `wait_s` for there to be something."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while not (found := self.after(seq, call)) and not self._closed:
                    self._news = self._news or asyncio.Event()
                    await self._news.wait()
                return found
        return self.after(seq, call)

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` with every new event until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def close(self) -> None:
        """Let nobody wait any longer."""
        self._closed = True
        self._tell_readers()

    def _tell_readers(self) -> None:
        if self._news is not None:
            self._news.set()
            self._news = None

    def forget(self) -> None:
        """Drop every event; numbers go on, so a reader's position stays valid."""
        self._events.clear()
