"""An event loop whose time passes only where it would wait, and then at once."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import selectors
from collections import deque
from collections.abc import Callable
from contextvars import Context
from typing import Any, Final, TypeVar, TypeVarTuple

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")

# So often the loop looks whether the world outside, a signal or a thread, wants something.
_LOOK_OUT_EVERY: Final = 64
# Timers that were called off are thrown out once there are so many, and half of all are such.
_MANY: Final = 128


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs what is due without waiting for it; what is due at one moment keeps its order.

    Most of what a simulated call costs is the event loop. This one keeps its timers in tuples,
    which are compared without a line of Python, and asks the operating system for news only now
    and then. For that it takes the place of `_run_once`, which asyncio's own loops, and all those
    derived from them, are built around.
    """

    _ready: deque[asyncio.Handle]
    _selector: selectors.BaseSelector
    _process_events: Callable[[list[Any]], None]
    _check_closed: Callable[[], None]
    _stopping: bool

    def __init__(self) -> None:
        self._now = 0.0
        self._turns = 0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._numbers = itertools.count()
        self._called_off = 0
        super().__init__()

    def time(self) -> float:
        """Return the seconds since the loop was made."""
        return self._now

    def call_soon(
        self,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Call back at this moment, after what is ready."""
        self._check_closed()
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call back at a moment, after what is due at the same one and was ordered before."""
        self._check_closed()
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def run_in_executor(
        self, executor: Any, func: Callable[[*_Ts], _T], *args: *_Ts
    ) -> asyncio.Future[_T]:
        """Do at once what would be done in a thread: that takes no time either."""
        done: asyncio.Future[_T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done

    def _timer_handle_cancelled(self, _: asyncio.TimerHandle) -> None:
        """Hear from a timer that it is called off, which may be after it was due."""
        self._called_off += 1
        if self._called_off > max(_MANY, len(self._timers) // 2):
            self._timers = [timer for timer in self._timers if not timer[2].cancelled()]
            heapq.heapify(self._timers)
            self._called_off = 0

    def _run_once(self) -> None:
        """Run what is ready; if that is nothing, leap to what is due next."""
        ready = self._ready
        self._turns += 1
        if not self._turns % _LOOK_OUT_EVERY:
            self._process_events(self._selector.select(0))
        if not ready and not self._stopping:
            self._leap()
        while self._timers and self._timers[0][0] <= self._now:
            ready.append(heapq.heappop(self._timers)[2])
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _leap(self) -> None:
        """Let time pass until something is due."""
        timers = self._timers
        while timers and timers[0][2]._cancelled:
            heapq.heappop(timers)
        if timers:
            self._now = max(self._now, timers[0][0])
        else:
            # Nobody waits for time, so only the world outside can go on with this.
            self._process_events(self._selector.select(None))
