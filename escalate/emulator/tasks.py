"""Waiting for one of several things, and calling the others off."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType


class Signal(asyncio.Event):
    """An event that can break off what is being done: see `until`."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[_Block] = []

    def set(self) -> None:
        """Wake whoever waits, and break off what goes on until this happens."""
        super().set()
        for block in self.blocks:
            block.is_due()


def until(signal: Signal) -> _Block:
    """Let a `with` block run until a signal is set, then break it off and go on after it.

    As `asyncio.timeout` does, this cancels the task that runs the block, which needs no task of
    its own. Whatever else cancels that task still does.
    """
    return _Block(signal)


class _Block:
    """What `until` breaks off."""

    def __init__(self, signal: Signal) -> None:
        self._signal = signal
        self._due: asyncio.Handle | None = None
        self._broke_off = False

    def __enter__(self) -> Self:
        """Begin; a block whose signal is set already comes as far as its first wait."""
        task = asyncio.current_task()
        assert task is not None, "only a task can be broken off"
        self._task = task
        self._cancelling = task.cancelling()
        self._signal.blocks.append(self)
        if self._signal.is_set():
            self.is_due()
        return self

    def is_due(self) -> None:
        """Break the block off, unless it is over before the event loop comes to that."""
        # The block itself may have set the signal: a task that is running is not cancelled.
        if self._due is None:
            self._due = asyncio.get_running_loop().call_soon(self._break_off)

    def _break_off(self) -> None:
        self._broke_off = True
        self._task.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """End the block; only what this very block was broken off by is swallowed."""
        self._signal.blocks.remove(self)
        if self._due is not None:
            self._due.cancel()
        if not self._broke_off:
            return False
        return self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError


async def cancelled(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.gather(*tasks, return_exceptions=True)
