"""Which tones are in a piece of sound (Goertzel's algorithm)."""

from __future__ import annotations

import asyncio
import io
import math
import wave
from array import array
from collections.abc import Sequence
from typing import Final

from escalate.emulator.client import LocalPlivo

from .peers import PATIENCE_S

RATE: Final = 8000


def amplitude(samples: Sequence[int], frequency: float) -> float:
    """Return how loud a steady tone of this frequency is in the sound."""
    turn = 2 * math.pi * frequency / RATE
    factor, before, last = 2 * math.cos(turn), 0.0, 0.0
    for sample in samples:
        before, last = last, sample + factor * last - before
    power = before * before + last * last - factor * before * last
    return 2 * math.sqrt(max(0.0, power)) / max(1, len(samples))


def seconds_of(samples: Sequence[int], frequency: float, least: float = 3000) -> float:
    """Return for how long this tone is there, looked at in steps of 50 ms."""
    step = RATE // 20
    pieces = (samples[at : at + step] for at in range(0, len(samples) - step + 1, step))
    return sum(amplitude(piece, frequency) > least for piece in pieces) / 20


def before(samples: array[int], frequency: float) -> array[int]:
    """Return what there is until a tone begins, which it does."""
    step = RATE // 20
    for at in range(0, len(samples) - step + 1, step):
        if seconds_of(samples[at : at + step], frequency):
            return samples[:at]
    raise AssertionError(f"no tone of {frequency} Hz")


def samples_of(wav: bytes) -> array[int]:
    """Return the samples of a 16-bit file."""
    with wave.open(io.BytesIO(wav)) as file:
        return array("h", file.readframes(file.getnframes()))


async def has_heard(
    plivo: LocalPlivo, call: str, frequency: float, seconds: float = 1.0
) -> array[int]:
    """Wait until the caller has heard a tone for this long; return all that he has heard."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            heard = samples_of(await plivo.heard(call))
            if seconds_of(heard, frequency) >= seconds:
                return heard
            await asyncio.sleep(0.1)
