"""How sure a share is: intervals at 95 %."""

from __future__ import annotations

import math
from typing import Final

_Z: Final = 1.959964


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return Wilson's score interval of the share `hits / of`; (0, 1) when `of` is 0."""
    if of == 0:
        return 0.0, 1.0
    share, z2 = hits / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def paired_difference(only_first: int, only_second: int, of: int) -> tuple[float, float]:
    """Return the interval of second minus first, for shares of the same `of` things.

    `only_first` of them were hits the first time alone, `only_second` the second time alone
    (Agresti and Min 2005: Wald with half an observation more in each of the four cells).
    """
    total = of + 2
    first, second = (only_first + 0.5) / total, (only_second + 0.5) / total
    difference = second - first
    half = _Z * math.sqrt(max(0.0, first + second - difference * difference) / total)
    return max(-1.0, difference - half), min(1.0, difference + half)
