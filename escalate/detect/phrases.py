"""Configured phrases: a tree over words, so ten thousand cost what ten do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from escalate.detect.policy import Phrase
from escalate.detect.text import words_of
from escalate.errors import ConfigurationError

_CUT: Final = 2  # letters at the end of a long word that its inflections may change
_LONGEST_ENDING: Final = 4  # letters that an inflected word may have more than the phrase's


@dataclass(frozen=True, slots=True)
class PhraseHit:
    """A phrase that stands in a turn, from its first word to its last."""

    phrase: Phrase
    first: int
    last: int


@dataclass(slots=True)
class _Node:
    words: dict[str, _Node] = field(default_factory=dict)
    stems: dict[str, _Node] = field(default_factory=dict)
    longest: int = 0  # letters that a word may have to be an inflection of the one that leads here
    phrase: Phrase | None = None


class PhraseTree:
    """Finds configured phrases among words."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        """Index `phrases`.

        Raises:
            ConfigurationError: A phrase holds no word.
        """
        self._root = _Node()
        for phrase in phrases:
            self._add(phrase)
        self._empty = not (self._root.words or self._root.stems)

    def _add(self, phrase: Phrase) -> None:
        words = words_of(phrase.text)
        if not words:
            raise ConfigurationError(f"phrase {phrase.text!r} holds no word")
        node = self._root
        for word in words:
            edges, key = (node.stems, stem(word)) if phrase.inflected else (node.words, word)
            node = edges.setdefault(key, _Node())
            node.longest = max(node.longest, len(word) + _LONGEST_ENDING)
        node.phrase = node.phrase or phrase

    def find(self, words: Sequence[str]) -> list[PhraseHit]:
        """Return every phrase in `words`, the longest at each place."""
        if self._empty:
            return []
        root, hits = self._root, []
        for place, word in enumerate(words):
            if word in root.words or root.stems:
                hit = self._longest(words, place)
                if hit is not None:
                    hits.append(hit)
        return hits

    def _longest(self, words: Sequence[str], first: int) -> PhraseHit | None:
        found: PhraseHit | None = None
        nodes, place = [self._root], first
        while nodes and place < len(words):
            nodes = [after for node in nodes for after in _after(node, words[place])]
            for node in nodes:
                if node.phrase is not None:
                    found = PhraseHit(node.phrase, first, place)
            place += 1
        return found


def stem(word: str) -> str:
    """Return the part of `word` that its inflections share, as far as letters can tell."""
    return word[: max(4, len(word) - _CUT)] if len(word) > 4 else word


def _after(node: _Node, word: str) -> list[_Node]:
    found = []
    if (after := node.words.get(word)) is not None:
        found.append(after)
    if node.stems:
        shortest = max(1, len(word) - _LONGEST_ENDING - _CUT)
        heads = (word[:end] for end in range(shortest, len(word) + 1))
        stems = (node.stems[head] for head in heads if head in node.stems)
        found.extend(after for after in stems if len(word) <= after.longest)
    return found
