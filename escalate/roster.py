"""Whom a caller is handed to at this moment: who is open, who is there, and whose turn it is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from escalate.errors import StoreUnavailable
from escalate.settings import Settings
from escalate.store import Store
from escalate.transfer import Leg, Strategy, equals, plan
from escalate.transfer import events as e
from escalate.values import Reason, Trigger

log = logging.getLogger("escalate")

Available = Callable[[str], Awaitable[bool]]
"""A user's own knowledge: is somebody there at the destination of this name?"""

_ANSWER_S: Final = 1.0


class Roster:
    """Makes the plans of one process.

    `available` is asked about every destination that is open, at once, when an escalation opens.
    Who does not know in time, or fails, is taken to say yes: a phone that rings for nobody costs
    less than a caller who is told that nobody is there.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        clock: Callable[[], float],
        available: Available | None = None,
        answer_s: float = _ANSWER_S,
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._available = available
        self._answer_s = answer_s

    def plan(
        self, trigger: Trigger, *, wanted: str | None = None, language: str | None = None
    ) -> tuple[Leg, ...]:
        """Return the legs to try by the settings and the hour alone. Does no I/O."""
        now = self._clock()
        open_now = {
            one.name: one.opening_hours().is_open(now) for one in self._settings.destination
        }
        return plan(
            self._settings.routes(),
            wanted=wanted,
            language=language,
            trigger=trigger,
            available=open_now,
        )

    async def refine(
        self, request: e.Requested, *, wanted: str | None = None, language: str | None = None
    ) -> e.Requested:
        """Return `request` with a plan for those who are there, and whose turn it is first."""
        names = tuple(dict.fromkeys(leg.destination for leg in request.plan))
        if not names:
            return request
        there = await self._there(names)
        routes = [one for one in self._settings.routes() if one.name in there]
        trigger = request.trigger
        due: tuple[str, ...] = ()
        if self._settings.handoff.strategy is Strategy.ROUND_ROBIN and routes:
            best = equals(routes, wanted=wanted, language=language, trigger=trigger)
            due = await self._due(best)
        legs = plan(routes, wanted=wanted, language=language, trigger=trigger, due=due)
        return replace(request, plan=legs, refusal=request.refusal if legs else Reason.AWAY)

    async def _there(self, names: Sequence[str]) -> set[str]:
        if self._available is None:
            return set(names)
        said = await asyncio.gather(*(self._is_there(self._available, name) for name in names))
        return {name for name, yes in zip(names, said, strict=True) if yes}

    async def _is_there(self, available: Available, name: str) -> bool:
        try:
            async with asyncio.timeout(self._answer_s):
                return bool(await available(name))
        except TimeoutError:
            log.warning("destination %s: nobody said in time whether it is available", name)
        # Somebody else's code: whatever is wrong with it must not cost the caller his human.
        except Exception as error:
            log.error("destination %s: available failed: %s", name, type(error).__name__)
        return True

    async def _due(self, names: Sequence[str]) -> tuple[str, ...]:
        try:
            return tuple(await self._store.take_turn(names))
        except StoreUnavailable as error:
            log.warning("whose turn it is is not known: %s", error)
            return ()
