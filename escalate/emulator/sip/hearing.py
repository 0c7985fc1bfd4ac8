"""What somebody at a telephone hears: the sound of an ear of the emulator, on its way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from escalate.emulator import audio

if TYPE_CHECKING:
    from escalate.emulator.clock import Clock
    from escalate.emulator.ear import Ear

# Whoever has said nothing for so long has stopped, and nobody waits for him.
_PAUSE_S: Final = 3 * audio.FRAME_S
_PAUSE: Final = round(_PAUSE_S * audio.RATE)


class Hearing:
    """Sends on what an ear hears, as soon as none of its sources can add to it; else silence."""

    def __init__(self, ear: Ear, send: Callable[[bytes], None], clock: Clock) -> None:
        self._ear = ear
        self._send = send
        self._clock = clock
        self._idle = True
        self._position = 0
        self._ends: dict[str, int] = {}

    async def run(self) -> None:
        """Send until this is cancelled."""
        self._ear.listener = self._hear
        try:
            async for at in self._clock.ticks(audio.FRAME_S):
                newest = max(self._ends.values(), default=0) / audio.RATE + self._ear.zero
                self._idle |= at - newest > _PAUSE_S
                if self._idle:
                    self._send(audio.SILENT_FRAME)
        finally:
            self._ear.listener = None

    def _hear(self, source: str, start: int, end: int) -> None:
        """Note that a source has added sound, counted in samples, and send what is complete."""
        if self._idle:
            self._idle, self._position = False, start
            self._ends.clear()
        self._ends[source] = end
        newest = max(self._ends.values())
        self._ends = {one: at for one, at in self._ends.items() if newest - at < _PAUSE}
        complete = min(self._ends.values())
        while self._position + audio.FRAME_BYTES <= complete:
            self._send(self._ear.piece(self._position, audio.FRAME_BYTES))
            self._position += audio.FRAME_BYTES
