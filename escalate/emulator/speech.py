"""Audible speech without a service: espeak-ng where it is installed, else tone bursts."""

from __future__ import annotations

import asyncio
import shutil
from contextvars import ContextVar
from functools import lru_cache
from typing import Final

from escalate.emulator import audio

_SLOWEST_S: Final = 10.0
_SECONDS_PER_WORD: Final = 0.35
_voices: Final = asyncio.Semaphore(2)
_spoken: Final[dict[tuple[str, str], bytes]] = {}

silent: Final[ContextVar[bool]] = ContextVar("silent", default=False)
"""Whether words only take their time here, without being heard."""


async def speak(text: str, voice: str = "en-us") -> bytes:
    """Return the text as mu-law speech; the same text sounds the same every time."""
    if silent.get():
        return audio.silence(_SECONDS_PER_WORD * len(text.split()))
    key = (text, voice)
    if key not in _spoken:
        _spoken[key] = await _espeak(text, voice) or bursts(text)
    return _spoken[key]


def bursts(text: str) -> bytes:
    """Return one short tone per word, as long as speaking the words would take."""
    sound = bytearray()
    for word in text.split():
        pitch = 200 + 20 * (sum(word.encode()) % 10)
        sound += audio.tone(_SECONDS_PER_WORD * 0.8, (pitch,))
        sound += audio.silence(_SECONDS_PER_WORD * 0.2)
    return bytes(sound)


def lasting(sound: bytes, seconds: float | None) -> bytes:
    """Return the sound cut or filled up with silence to last `seconds`."""
    if seconds is None:
        return sound
    length = round(seconds * audio.RATE)
    return sound[:length].ljust(length, audio.SILENCE)


@lru_cache(maxsize=1)
def _program() -> str | None:
    return shutil.which("espeak-ng")


async def _espeak(text: str, voice: str) -> bytes | None:
    program = _program()
    if program is None or not text.strip():
        return None
    async with _voices:
        process = await asyncio.create_subprocess_exec(
            *(program, "-v", voice, "-s", "170", "--stdin", "--stdout"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(_SLOWEST_S):
                data, _ = await process.communicate(text.encode())
        except TimeoutError:
            process.kill()
            await process.wait()
            return None
    return await asyncio.to_thread(_readable, data)


def _readable(data: bytes) -> bytes | None:
    try:
        return audio.read_wav(data)
    except ValueError:
        return None
