"""G.711 mu-law at 8 kHz, the one form in which sound travels inside the emulator.

The standard library's `audioop` is gone from Python 3.13, hence the small codec (ITU-T G.711).
"""

from __future__ import annotations

import io
import itertools
import math
import sys
import wave
from array import array
from typing import Final

RATE: Final = 8000
FRAME_S: Final = 0.02
FRAME_BYTES: Final = 160
SILENCE: Final = b"\xff"
SILENT_FRAME: Final = SILENCE * FRAME_BYTES
_BIAS: Final = 0x84
_CLIP: Final = 32635
# About -40 dB below full scale: louder than line noise, quieter than any speech.
_AUDIBLE: Final = 300


def _expand(code: int) -> int:
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + _BIAS << ((code & 0x70) >> 4)) - _BIAS
    return -magnitude if code & 0x80 else magnitude


def _compress(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    biased = min(abs(sample), _CLIP) + _BIAS
    exponent = biased.bit_length() - 8
    return ~(sign | exponent << 4 | (biased >> exponent + 3) & 0x0F) & 0xFF


_EXPANDED: Final = tuple(_expand(code) for code in range(256))
# Mu-law keeps at most 14 bits: four neighbours share a code, that of the middle between them.
_COMPRESSED: Final = bytes(_compress((index << 2) - 32766) for index in range(16384))
_QUIET: Final = bytes(code for code in range(256) if abs(_EXPANDED[code]) < _AUDIBLE)


def encode(samples: array[int]) -> bytes:
    """Return 16-bit samples as mu-law."""
    return bytes(_COMPRESSED[(sample + 32768) >> 2] for sample in samples)


def decode(sound: bytes) -> array[int]:
    """Return mu-law as 16-bit samples."""
    return array("h", [_EXPANDED[code] for code in sound])


def is_audible(frame: bytes) -> bool:
    """Tell whether a listener would hear something in this frame."""
    return len(frame.translate(None, _QUIET)) > 2


def mix(one: bytes, other: bytes) -> bytes:
    """Return two sounds of equal length heard at once."""
    pairs = zip(decode(one), decode(other), strict=True)
    return encode(array("h", [max(-32768, min(32767, a + b)) for a, b in pairs]))


def milliseconds(length: int) -> int:
    """Return how long this many bytes of mu-law last."""
    return length * 1000 // RATE


def resample(samples: array[int], rate: int, to_rate: int = RATE) -> array[int]:
    """Return the samples at another rate: averaged downwards, interpolated upwards."""
    if rate == to_rate or not samples:
        return samples
    count, step = len(samples) * to_rate // rate, rate / to_rate
    if step > 1:
        edges = [int(index * step) for index in range(count + 1)]
        spans = itertools.pairwise(edges)
        return array("h", [sum(samples[a:b]) // (b - a) for a, b in spans])
    last = len(samples) - 1
    found = array("h")
    for index in range(count):
        whole, part = divmod(index * step, 1)
        here = samples[int(whole)]
        found.append(int(here + (samples[min(int(whole) + 1, last)] - here) * part))
    return found


def tone(seconds: float, frequencies: tuple[int, ...] = (440,), level: int = 6000) -> bytes:
    """Return a steady tone made of one or more frequencies."""
    turns = [2 * math.pi * frequency / RATE for frequency in frequencies]
    share = level / len(turns)
    samples = (int(sum(share * math.sin(turn * n) for turn in turns)) for n in range(_n(seconds)))
    return encode(array("h", samples))


def silence(seconds: float) -> bytes:
    """Return this much of nothing."""
    return SILENCE * _n(seconds)


def frames(sound: bytes) -> list[bytes]:
    """Cut a sound into frames of 20 ms, the last one filled up with silence."""
    cuts = [sound[at : at + FRAME_BYTES] for at in range(0, len(sound), FRAME_BYTES)]
    return [cut.ljust(FRAME_BYTES, SILENCE) for cut in cuts]


def from_l16(payload: bytes, rate: int) -> bytes:
    """Return little-endian 16-bit samples at `rate` as mu-law at 8 kHz."""
    samples = array("h")
    samples.frombytes(payload[: len(payload) & ~1])
    if sys.byteorder == "big":
        samples.byteswap()
    return encode(resample(samples, rate))


def to_l16(sound: bytes, rate: int) -> bytes:
    """Return mu-law at 8 kHz as little-endian 16-bit samples at `rate`."""
    samples = resample(decode(sound), RATE, rate)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def read_wav(data: bytes) -> bytes:
    """Return a WAV file of 16-bit mono samples as mu-law at 8 kHz.

    Raises:
        ValueError: The data are not such a file.
    """
    try:
        with wave.open(io.BytesIO(data)) as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2):
                raise ValueError("only 16-bit mono WAV is read")
            return from_l16(file.readframes(file.getnframes()), file.getframerate())
    except (wave.Error, EOFError) as exc:
        raise ValueError(f"not a WAV file: {exc}") from exc


def write_wav(sound: bytes) -> bytes:
    """Return mu-law as a WAV file of 16-bit mono samples at 8 kHz."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(to_l16(sound, RATE))
    return target.getvalue()


def _n(seconds: float) -> int:
    return max(0, round(seconds * RATE))
