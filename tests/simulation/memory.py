"""A store in memory: what the engines keep on disk, for time that does not pass."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from escalate.store import Note
from escalate.store.base import Change
from escalate.transfer import Call, Received
from escalate.values import Said


class MemoryStore:
    """Keeps calls for as long as the process lives; see `escalate.store.base.Store`."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self._said: dict[str, list[Said]] = {}
        self._notes: dict[tuple[str, str], Note] = {}
        self._turns: dict[str, int] = {}
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    async def apply(self, call_uuid: str, change: Change) -> Received | None:
        received = change(self.calls.get(call_uuid))
        if received is not None and received.changed:
            self.calls[call_uuid] = received.call
            async with self._changed:
                self._changed.notify_all()
        return received

    async def load(self, call_uuid: str) -> Call | None:
        return self.calls.get(call_uuid)

    async def watch(self, call_uuid: str, *, after: int, timeout_s: float) -> Call | None:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._changed:
                while True:
                    call = self.calls.get(call_uuid)
                    if call is not None and call.revision > after:
                        return call
                    await self._changed.wait()
        return None

    async def due(self, now: float) -> Sequence[Call]:
        return [c for c in self.calls.values() if c.deadline is not None and c.deadline <= now]

    async def escalated(self, *, before: float | None = None, limit: int = 50) -> Sequence[Call]:
        return []

    async def remember(self, call_uuid: str, said: Said) -> None:
        self._said.setdefault(call_uuid, []).append(said)

    async def words(self, call_uuid: str) -> Sequence[Said]:
        return self._said.get(call_uuid, [])

    async def keep(self, call_uuid: str, note: Note) -> Note:
        return self._notes.setdefault((call_uuid, note.name), note)

    async def note(self, call_uuid: str, name: str) -> Note | None:
        return self._notes.get((call_uuid, name))

    async def take_turn(self, names: Sequence[str]) -> Sequence[str]:
        order = sorted(names, key=lambda name: self._turns.get(name, 0))
        self._turns[order[0]] = max(self._turns.values(), default=0) + 1
        return order

    async def forget(self, before: float) -> None:
        pass
