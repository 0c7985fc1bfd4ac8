"""Notices that the caller asks the same thing again, in these words or others."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from escalate.detect.phrases import stem

_KEPT: Final = 6  # turns of the caller that a repetition may reach back over
_ENOUGH: Final = 0.6  # of all the content of two turns, found in both
_LEAST: Final = 2  # content words in common
_CONTENT_LETTERS: Final = 4
_MOST_WORDS: Final = 60  # a longer turn is no question


class Questions:
    """The content of the caller's last turns."""

    def __init__(self) -> None:
        self._turns: deque[frozenset[str]] = deque(maxlen=_KEPT)

    def repeats(self, words: Sequence[str]) -> bool:
        """Remember the turn `words`; return whether an earlier one already said most of it."""
        content = _content(words)
        if len(content) < _LEAST:
            return False
        again = any(_overlap(content, turn) >= _ENOUGH for turn in self._turns)
        self._turns.append(content)
        return again

    def clear(self) -> None:
        """Forget every turn."""
        self._turns.clear()


def _content(words: Sequence[str]) -> frozenset[str]:
    if len(words) > _MOST_WORDS:
        return frozenset()
    return frozenset(stem(w) for w in words if len(w) >= _CONTENT_LETTERS or not w.isascii())


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    common = len(one & other)
    return common / len(one | other) if common >= _LEAST else 0.0
