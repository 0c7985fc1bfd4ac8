"""Lets a caller live through his story at a local Plivo that carries others meanwhile."""

from __future__ import annotations

from dataclasses import replace

from escalate.demo.stage import Performance
from escalate.emulator.client import LocalPlivo
from tests.parity.stories import STORIES, number_of

# Much longer than any story takes, for a machine that has much else to do.
_LIMIT_S = 40.0


async def play(plivo: LocalPlivo, name: str, nth: int = 0) -> list[str]:
    """Play one call to its end; returns what came out otherwise than the story says."""
    story = replace(STORIES[name], limit_s=_LIMIT_S)
    call = Performance(story, plivo, from_=number_of(name, nth), check=lambda: None)
    async for _ in call.play():
        pass
    return story.must.unmet(call.report())
