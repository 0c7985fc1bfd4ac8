"""Notices that the caller asks the same thing again, in these words or others."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import cached_property
from typing import Final

from escalate.detect.phrases import stem

_KEPT: Final = 6  # turns of the caller that a repetition may reach back over
_ENOUGH: Final = 0.6  # of all the content of two turns, found in both
_LEAST: Final = 2  # content words in common
_CONTENT_LETTERS: Final = 4
_MOST_WORDS: Final = 60  # a longer turn is no question


class Questions:
    """The content of the caller's last turns."""

    def __init__(self, small_words: frozenset[str] = frozenset()) -> None:
        """Compare turns without their `small_words`, which no question is about."""
        self._small = small_words
        self._turns: deque[frozenset[str]] = deque(maxlen=_KEPT)
        self._last: _Turn | None = None

    def repeats(self, words: Sequence[str]) -> bool:
        """Remember the turn `words`; return whether an earlier one already said most of it."""
        if self._last is not None and len(self._last.content) >= _LEAST:
            self._turns.append(self._last.content)
        self._last = turn = _Turn(words, self._small)
        return any(_overlap(turn.content, earlier) >= _ENOUGH for earlier in self._turns)

    def clear(self) -> None:
        """Forget every turn."""
        self._turns.clear()
        self._last = None


class _Turn:
    """A turn of the caller; its content is worked out when there is another to compare with."""

    def __init__(self, words: Sequence[str], small: frozenset[str]) -> None:
        self._words = words
        self._small = small

    @cached_property
    def content(self) -> frozenset[str]:
        words = self._words
        if len(words) > _MOST_WORDS:
            return frozenset()
        telling = (w for w in words if w not in self._small)
        return frozenset(stem(w) for w in telling if len(w) >= _CONTENT_LETTERS or not w.isascii())


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    common = len(one & other)
    return common / len(one | other) if common >= _LEAST else 0.0
