"""Lets a caller live through his story at a local Plivo that carries others meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from escalate.demo.report import build_report
from escalate.demo.scenarios import DESTINATIONS
from escalate.demo.stage import _Script
from escalate.demo.transcripts import says
from escalate.emulator.client import Event, LocalPlivo
from tests.parity.stories import STORIES, number_of

# Much longer than any story takes, for a machine that has much else to do.
_LIMIT_S = 40.0
_POLL_S = 0.5


async def play(plivo: LocalPlivo, name: str, nth: int = 0) -> list[str]:
    """Play one call to its end; returns what came out otherwise than the story says."""
    story = replace(STORIES[name], limit_s=_LIMIT_S)
    call_uuid = await plivo.call(
        from_=number_of(name, nth), says=says(story.lines), phones=story.phones
    )
    script = _Script(story, plivo, call_uuid)
    events: list[Event] = []
    loop = asyncio.get_running_loop()
    began_at, until = loop.time(), loop.time() + story.limit_s
    try:
        while (left_s := until - loop.time()) > 0:
            after = events[-1]["seq"] if events else 0
            wait_s = min(left_s, _POLL_S)
            for event in await plivo.events(call_uuid, after=after, wait_s=wait_s):
                events.append(event)
                until = min(until, loop.time() + script.take_in(event))
    finally:
        await script.stop()
    ended_at = events[0]["at"] + loop.time() - began_at
    return story.must.unmet(build_report(name, events, DESTINATIONS, until=ended_at))
