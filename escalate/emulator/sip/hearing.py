"""What somebody at a telephone hears: the sound of an ear of the emulator, on its way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from escalate.emulator import audio

if TYPE_CHECKING:
    from escalate.emulator.clock import Clock
    from escalate.emulator.ear import Ear

# So long whoever makes sound for a moment may take, so that several are heard at once.
_BEHIND_S: Final = 2 * audio.FRAME_S


async def carry(ear: Ear, send: Callable[[bytes], None], clock: Clock) -> None:
    """Send what an ear hears, silence included, until this is cancelled."""
    async for at in clock.ticks(audio.FRAME_S):
        moment = at - _BEHIND_S
        early = moment < ear.zero
        send(audio.SILENT_FRAME if early else ear.heard(moment, audio.FRAME_BYTES))
