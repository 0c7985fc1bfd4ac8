"""A LiveKit agent behind a SIP trunk that Plivo dials: how it learns which call it has."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from livekit import rtc
from livekit.agents import JobContext

from escalate.errors import EscalateError
from escalate.plivo.headers import CALL_HEADER, call_uuid_of

log = logging.getLogger("escalate")

ATTRIBUTES: Final = (f"sip.h.x-ph-{CALL_HEADER.lower()}",)
"""Where LiveKit's SIP service puts our header when the trunk has `include_headers` set."""

_PATIENCE_S: Final = 5.0

Resolver = Callable[[rtc.RemoteParticipant], Awaitable[str | None]]
"""Finds the call's id by other means: by number and time, say."""


class CallUnknown(EscalateError):
    """The caller does not say which call of Plivo's he is. The message names the fix."""


async def call_uuid(
    ctx: JobContext,
    *,
    attributes: Sequence[str] = ATTRIBUTES,
    resolve: Resolver | None = None,
    timeout_s: float = _PATIENCE_S,
) -> str:
    """Return Plivo's id of the call whose leg is in the job's room.

    It waits for the caller to join. Headers become attributes of his only after that, so it waits
    for them too, for `timeout_s` seconds; then it asks `resolve`.

    Raises:
        CallUnknown: Neither says it.
    """
    kinds: Any = [rtc.ParticipantKind.PARTICIPANT_KIND_SIP]
    caller = await ctx.wait_for_participant(kind=kinds)
    found = await _attribute(ctx.room, caller, attributes, timeout_s)
    if found is None and resolve is not None:
        found = await resolve(caller)
    if found is None:
        raise CallUnknown(
            "no attribute of the caller holds the call's id: dial the trunk with our answer "
            "document (bot_sip), and set include_headers = SIP_X_HEADERS on LiveKit's inbound "
            "trunk, or map X-PH-Calluuid with headers_to_attributes"
        )
    return found


async def _attribute(
    room: rtc.Room, caller: rtc.RemoteParticipant, names: Sequence[str], timeout_s: float
) -> str | None:
    """Read the first of these attributes that holds an id, now or as soon as it comes."""
    changed = asyncio.Event()

    def notice(*_: object) -> None:
        changed.set()

    room.on("participant_attributes_changed", notice)
    try:
        async with asyncio.timeout(timeout_s):
            while (found := _read(caller, names)) is None:
                changed.clear()
                await changed.wait()
            return found
    except TimeoutError:
        return None
    finally:
        room.off("participant_attributes_changed", notice)


def _read(caller: rtc.RemoteParticipant, names: Sequence[str]) -> str | None:
    found = (call_uuid_of(caller.attributes[name]) for name in names if name in caller.attributes)
    return next((one for one in found if one is not None), None)
