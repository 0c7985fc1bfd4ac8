"""The bot's audio between the media WebSocket and the caller's ear."""

from __future__ import annotations

import base64
from collections import deque
from typing import Any, Final

from escalate.emulator import audio

_LARGEST_PAYLOAD: Final = 16 * 1024
_BUFFER_BYTES: Final = 60 * audio.RATE


class Buffer:
    """The bot's audio on its way to the caller, with checkpoints between it."""

    def __init__(self) -> None:
        self._queue: deque[bytes | str] = deque()
        self._bytes = 0
        self._passed: list[str] = []

    @property
    def milliseconds(self) -> int:
        """How much audio has not been played."""
        return audio.milliseconds(self._bytes)

    def add(self, sound: bytes) -> bool:
        """Append audio; returns False when that would be more than fits."""
        if self._bytes + len(sound) > _BUFFER_BYTES:
            return False
        self._queue.append(sound)
        self._bytes += len(sound)
        return True

    def mark(self, name: str) -> None:
        """Append a checkpoint."""
        self._queue.append(name)

    def clear(self) -> int:
        """Throw everything away; returns the milliseconds that will not be played."""
        dropped = self.milliseconds
        self._queue.clear()
        self._bytes = 0
        return dropped

    def take(self) -> tuple[list[str], bytes]:
        """Return the checkpoints whose audio has been played, and the next 20 ms to play."""
        reached, self._passed = self._passed, []
        frame = b""
        while self._queue and len(frame) < audio.FRAME_BYTES:
            head = self._queue.popleft()
            if isinstance(head, str):
                (self._passed if frame else reached).append(head)
                continue
            room = audio.FRAME_BYTES - len(frame)
            frame += head[:room]
            if len(head) > room:
                self._queue.appendleft(head[room:])
        self._bytes -= len(frame)
        return reached, frame


def read_sound(media: dict[str, Any]) -> bytes:
    """Return the audio of a playAudio message as mu-law at 8 kHz."""
    encoding, rate, payload = media["contentType"], int(media["sampleRate"]), media["payload"]
    if len(payload) > _LARGEST_PAYLOAD:
        raise ValueError("more than 16 KB of payload")
    data = base64.b64decode(payload, validate=True)
    if (encoding, rate) == ("audio/x-mulaw", 8000):
        return data
    if encoding == "audio/x-l16" and rate in (8000, 16000, 24000):
        return audio.from_l16(data, rate)
    raise ValueError(f"{encoding} at {rate} Hz is not a format Plivo plays")
