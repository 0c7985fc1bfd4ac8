"""G.711 A-law, translated from and to mu-law byte by byte (ITU-T G.711)."""

from __future__ import annotations

from array import array
from typing import Final

from escalate.emulator import audio


def _expand(code: int) -> int:
    code ^= 0x55
    exponent, mantissa = code >> 4 & 7, (code & 0x0F) << 4
    magnitude = mantissa + 8 if exponent == 0 else mantissa + 0x108 << exponent - 1
    return magnitude if code & 0x80 else -magnitude


_SAMPLES: Final = [_expand(code) for code in range(256)]
_TO_MULAW: Final = audio.encode(array("h", _SAMPLES))
_FROM_MULAW: Final = bytes(
    min(range(256), key=lambda code, wanted=sample: abs(_SAMPLES[code] - wanted))  # type: ignore[misc]
    for sample in audio.decode(bytes(range(256)))
)


def to_mulaw(sound: bytes) -> bytes:
    """Return A-law as mu-law."""
    return sound.translate(_TO_MULAW)


def from_mulaw(sound: bytes) -> bytes:
    """Return mu-law as A-law."""
    return sound.translate(_FROM_MULAW)
