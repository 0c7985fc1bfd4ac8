"""Adds up the signs that a call goes wrong; each fades with time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from escalate.detect.signals import Evidence
from escalate.values import Trigger

_KEPT = 32  # signs; older ones have faded or the call was escalated long ago


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign of trouble. `name` is the rule that saw it, `at` when."""

    name: str
    trigger: Trigger
    weight: float
    at: float
    evidence: Evidence


class Meter:
    """The trouble of one call: 0 is none, 1.0 is enough for a human."""

    def __init__(self, *, half_life_s: float, cool_down_s: float) -> None:
        """Let signs count half after `half_life_s`, and one name only once in `cool_down_s`."""
        self._half_life_s = half_life_s
        self._cool_down_s = cool_down_s
        self._signs: list[Sign] = []

    def add(self, sign: Sign) -> None:
        """Count `sign`, unless one of its name was counted just before."""
        for earlier in reversed(self._signs):
            if earlier.name == sign.name and sign.at - earlier.at < self._cool_down_s:
                return
        self._signs = [*self._signs[1 - _KEPT :], sign]

    def level(self, now: float) -> float:
        """Return the trouble at `now`."""
        return sum([self._left(sign, now) for sign in self._signs])

    def heaviest(self, now: float) -> Trigger:
        """Return the trigger that counts most at `now`."""
        by_trigger: dict[Trigger, float] = {}
        for sign in self._signs:
            by_trigger[sign.trigger] = by_trigger.get(sign.trigger, 0) + self._left(sign, now)
        return max(by_trigger, key=by_trigger.__getitem__)

    def evidence(self) -> tuple[Evidence, ...]:
        """Return what every sign was seen in, oldest first."""
        return tuple(sign.evidence for sign in self._signs)

    def clear(self) -> None:
        """Forget every sign."""
        self._signs = []

    def _left(self, sign: Sign, now: float) -> float:
        age_s = max(0.0, now - sign.at)
        return sign.weight * math.exp2(-age_s / self._half_life_s)
