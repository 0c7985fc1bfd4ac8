"""What a business has to do once nobody could be reached: hear a message, or call somebody back.

These are the application's own: they say where a caller can be heard, or his number. Nothing else
of ours keeps or logs either.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class VoicemailLeft:
    """A caller left a message: `recording` is the carrier's id of it, `url` where it is."""

    call_uuid: str
    escalation: str
    recording: str
    url: str | None = field(repr=False)
    length_s: int | None


@dataclass(frozen=True, slots=True)
class CallbackPromised:
    """A caller was told that he is called back: at `number`, unless the carrier does not say."""

    call_uuid: str
    escalation: str
    number: str | None = field(repr=False)


FollowUp = VoicemailLeft | CallbackPromised

OnFollowUp = Callable[[FollowUp], Awaitable[None]]
