"""Spellings near a word: what a recogniser or a hurried thumb makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_VOWELS: Final = "aeiou"
_SHORTEST: Final = 4
_ANY_SLIP_FROM: Final = 5  # letters; a shorter word has too many real neighbours
_SKELETON_FROM: Final = 7  # consonants
_NO_CONSONANTS: Final = {ord(letter): None for letter in "aeiouyh"}
_VOWEL_OR_REPEAT: Final = re.compile(r"[aeiouyh\W\d_]+|(.)(?=\1)")


def misspellings(word: str) -> Iterator[str]:
    """Yield spellings of `word` with one slip in them; none for a word under four letters.

    A slip is a letter lost, doubled, swapped with the next or taken for another; in words under
    five letters only vowels are taken for others, and the first letter is never lost.
    """
    if len(word) < _SHORTEST:
        return
    letters = _LETTERS if len(word) >= _ANY_SLIP_FROM else _VOWELS
    yield word[1] + word[0] + word[2:]
    if letters is _LETTERS:
        yield word[1:]
        yield from (letter + word for letter in letters)
    for i in range(1, len(word)):
        yield word[:i] + word[i + 1 :]
        yield word[:i] + word[i] + word[i:]
        if i + 1 < len(word):
            yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]
        for letter in letters:
            yield word[:i] + letter + word[i + 1 :]
            if letters is _LETTERS:
                yield word[:i] + letter + word[i:]


class Skeletons:
    """Finds the long word that an unknown one stands for, by its consonants.

    Two words are near when their consonants, repeats counted once, differ in one place.
    """

    MIN_LETTERS: Final = 8
    MAX_LETTERS: Final = 24

    def __init__(self, words: Iterable[str]) -> None:
        """Index `words`; those with few consonants are left out."""
        self._near: dict[str, str] = {}
        for word in words:
            skeleton = _skeleton(word)
            if len(word) >= self.MIN_LETTERS and len(skeleton) >= _SKELETON_FROM:
                for part in _shortened(skeleton):
                    self._near.setdefault(part, word)

    def find(self, word: str) -> str | None:
        """Return the indexed word that `word` is near to, if any; a very long word is near none."""
        if not self.MIN_LETTERS <= len(word) <= self.MAX_LETTERS:
            return None
        # Most words have too few consonants, which is soon seen.
        if len(word.translate(_NO_CONSONANTS)) < _SKELETON_FROM:
            return None
        skeleton = _skeleton(word)
        if len(skeleton) < _SKELETON_FROM:
            return None
        near = self._near
        return next((near[part] for part in _shortened(skeleton) if part in near), None)


def _skeleton(word: str) -> str:
    return _VOWEL_OR_REPEAT.sub("", word)


def _shortened(skeleton: str) -> list[str]:
    return [skeleton, *(skeleton[:i] + skeleton[i + 1 :] for i in range(1, len(skeleton)))]
