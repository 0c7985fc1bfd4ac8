"""What a store promises, whichever engine is behind it.

The store is the only truth about a call that outlives a process: bot, web side and reconciler may
be three processes on three hosts, and each may be killed between any two lines of its code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from pydantic import TypeAdapter

from escalate.transfer import Call, Received
from escalate.values import Said

Change = Callable[[Call | None], Received | None]
"""Takes the stored call, or None; gives back what became of it, or None to leave it alone.

It has to be pure: an engine may call it twice, and on another thread.
"""

CODEC: TypeAdapter[Call] = TypeAdapter(Call)
"""How a call is written down: JSON by the names of its fields."""


@dataclass(frozen=True, slots=True)
class Note:
    """What was made of the words of a call, written once. `at` is seconds since the epoch."""

    name: str
    text: str = field(repr=False)
    at: float


class Store(Protocol):
    """Keeps calls and, apart from them, what was said and what was made of it.

    Every method raises `StoreUnavailable` when the engine does not answer in time; then nothing
    was changed.
    """

    async def __aenter__(self) -> Self:
        """Connect, and make ready whatever the engine needs."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect."""

    async def apply(self, call_uuid: str, change: Change) -> Received | None:
        """Change one call atomically: nobody comes between the reading and the writing."""

    async def load(self, call_uuid: str) -> Call | None:
        """Return the call as it stands, or None when it is unknown."""

    async def watch(self, call_uuid: str, *, after: int, timeout_s: float) -> Call | None:
        """Wait until the call's revision exceeds `after`; None when `timeout_s` passed first.

        Level-triggered: a change made before the call to `watch` counts, so none is missed.
        """

    async def due(self, now: float) -> Sequence[Call]:
        """Return the calls whose deadline is not after `now` (seconds since the epoch)."""

    async def escalated(self, *, before: float | None = None, limit: int = 50) -> Sequence[Call]:
        """Return calls in which a human was asked for, the one that was opened last first.

        `before` leaves out those opened at that time (seconds since the epoch) or later.
        """

    async def remember(self, call_uuid: str, said: Said) -> None:
        """Keep what somebody said, in the one table that holds words."""

    async def words(self, call_uuid: str) -> Sequence[Said]:
        """Return what was said in a call, in order."""

    async def keep(self, call_uuid: str, note: Note) -> Note:
        """Keep a note beside the words, and return it; the one kept first under its name stays."""

    async def note(self, call_uuid: str, name: str) -> Note | None:
        """Return the note of this name, or None if there is none."""

    async def take_turn(self, names: Sequence[str]) -> Sequence[str]:
        """Return `names` in the order of their last turn, longest ago first, and give that one his.

        Atomic: no two processes give the same turn away. Who never had one comes before all others,
        in the order of `names`.
        """

    async def forget(self, before: float) -> None:
        """Delete words and notes of calls that ended before `before` (seconds since the epoch)."""
