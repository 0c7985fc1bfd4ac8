"""Mu-law, the telephone's encoding (ITU-T G.711), to and from 16-bit linear audio.

Python's own `audioop` is gone from 3.13 on; two small tables do the same.
"""

from __future__ import annotations

import sys
from array import array
from typing import Final

RATE: Final = 8000
"""Samples, and therefore bytes, per second."""

_BIAS: Final = 0x84
_CLIP: Final = 0x7FFF - _BIAS


def _expand(code: int) -> int:
    """The sample that a byte stands for."""
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + _BIAS) << ((code & 0x70) >> 4)
    return _BIAS - magnitude if code & 0x80 else magnitude - _BIAS


def _compress(sample: int) -> int:
    """The byte whose sample is nearest below `sample` in magnitude."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _CLIP) + _BIAS
    exponent = magnitude.bit_length() - 8
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return ~(sign | (exponent << 4) | mantissa) & 0xFF


_SAMPLES: Final = tuple(_expand(code) for code in range(256))
# Mu-law resolves 14 bits, so the two lowest of a sample make no difference worth a larger table.
_CODES: Final = bytes(
    _compress((value << 2) - (0x10000 if value >= 0x2000 else 0)) for value in range(0x4000)
)


def decode(encoded: bytes) -> bytes:
    """Return mu-law as 16-bit little-endian samples."""
    return _little_endian(array("h", map(_SAMPLES.__getitem__, encoded)))


def encode(linear: bytes) -> bytes:
    """Return 16-bit little-endian samples as mu-law."""
    samples = array("h", linear)
    if sys.byteorder == "big":
        samples.byteswap()
    return bytes(_CODES[(sample & 0xFFFF) >> 2] for sample in samples)


def _little_endian(samples: array[int]) -> bytes:
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()
