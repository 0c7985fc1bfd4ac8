"""Reads words with every language pack at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from escalate.detect.near import Skeletons
from escalate.detect.packs import Hit, Pack

# What a rule of the caller's grammar can mean.
REQUEST: Final = "request"
REFUSE: Final = "refuse"
RETRACT: Final = "retract"
IDENTITY: Final = "identity"

_FEW_WORDS: Final = 2
_MISHEARD_COST: Final = 0.15


@dataclass(frozen=True, slots=True)
class Found:
    """A rule of a pack that held."""

    pack: Pack
    hit: Hit

    @property
    def score(self) -> float:
        """How sure that is, 0 to 1: each misheard word takes something away."""
        return max(0.1, 1.0 - _MISHEARD_COST * self.hit.misheard)


class Reader:
    """Several packs behind one quick look: most turns hold no word that any pack waits for."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        """Read with `packs`; when several find something, the first in order reports it."""
        self.packs = tuple(packs)
        self._anchors = _Waiting(self.packs, [pack.anchors for pack in self.packs])
        self._trouble = _Waiting(self.packs, [pack.trouble_anchors for pack in self.packs])
        self._long = Skeletons(word for pack in self.packs for word in sorted(pack.long_words))
        self._open = frozenset[str]().union(*(pack.open_words for pack in self.packs))
        self.small_words = frozenset[str]().union(*(pack.small_words for pack in self.packs))
        self._negators = frozenset[str]().union(*(pack.negators for pack in self.packs))

    def request(
        self, words: Sequence[str], kind: str = REQUEST, language: str | None = None
    ) -> Found | None:
        """Return the request for a human in `words` that nothing after it takes back.

        The pack of `language`, a BCP 47 tag, reads before the others.
        """
        for pack in _preferring(language, self._listening(words)):
            found = _standing(pack, words, kind)
            if found is not None:
                return found
        return None

    def other_meaning(self, words: Sequence[str]) -> Found | None:
        """Return the first thing in `words` that looks like a request and is none."""
        for pack in self._listening(words):
            for hit in pack.read(words):
                if hit.rule.kind != REQUEST:
                    return Found(pack, hit)
        return None

    def taken_back(self, words: Sequence[str]) -> Found | None:
        """Return what in `words` takes an earlier request back."""
        for pack in self.packs:
            hits = pack.read(words)
            if any(hit.rule.kind == REQUEST for hit in hits):
                return None
            for hit in hits:
                if hit.rule.kind in (RETRACT, REFUSE):
                    return Found(pack, hit)
        return None

    def trouble(self, words: Sequence[str]) -> list[Found]:
        """Return the signs of trouble in a turn of the caller, each rule once."""
        packs = self._trouble.found_in(words)
        return _once(Found(pack, hit) for pack in packs for hit in pack.read_trouble(words))

    def bot(self, words: Sequence[str]) -> list[Found]:
        """Return what the bot's `words` promise, offer or admit, each rule once."""
        return _once(Found(pack, hit) for pack in self.packs for hit in pack.read_bot(words))

    def answer(self, words: Sequence[str], language: str | None = None) -> Found | None:
        """Return the yes or no that `words` begin with, in `language` before any other."""
        for pack in _preferring(language, self.packs):
            for hit in pack.read_answer(words):
                return Found(pack, hit)
        return None

    def unfinished(self, words: Sequence[str]) -> bool:
        """Return whether an utterance that ends in `words` goes on."""
        return bool(words) and words[-1] in self._open

    def negated(self, words: Sequence[str], place: int) -> bool:
        """Return whether what begins at `place` stands under a negation."""
        return not self._negators.isdisjoint(words[max(0, place - 4) : place])

    def _listening(self, words: Sequence[str]) -> Sequence[Pack]:
        packs = self._anchors.found_in(words)
        if len(packs) == 1:
            return packs
        if packs:
            # A turn of a few words can be in a language without showing more of it than an anchor.
            cued = [pack for pack in packs if pack.has_cue(words)]
            return cued if cued and len(words) > _FEW_WORDS else packs
        meant = {self._long.find(word) for word in words if len(word) >= Skeletons.MIN_LETTERS}
        if not meant or meant == {None}:
            return []
        return [pack for pack in self.packs if not pack.long_words.isdisjoint(meant)]


class _Waiting:
    """Which packs a turn holds a word for."""

    def __init__(self, packs: Sequence[Pack], awaited: Sequence[Iterable[str]]) -> None:
        """Let each of `packs` wait for the words in the same place of `awaited`."""
        self._packs = packs
        self._bits: dict[str, int] = {}
        for index, words in enumerate(awaited):
            for word in words:
                self._bits[word] = self._bits.get(word, 0) | 1 << index
        self._words = frozenset(self._bits)
        self._together: dict[int, tuple[Pack, ...]] = {}

    def found_in(self, words: Sequence[str]) -> Sequence[Pack]:
        """Return the packs that wait for one of `words`, in their order."""
        if self._words.isdisjoint(words):
            return ()
        bits = 0
        for word in self._words.intersection(words):
            bits |= self._bits[word]
        packs = self._together.get(bits)
        if packs is None:
            packs = tuple(pack for index, pack in enumerate(self._packs) if bits >> index & 1)
            self._together[bits] = packs
        return packs


def _preferring(language: str | None, packs: Sequence[Pack]) -> Sequence[Pack]:
    if language is None:
        return packs
    wanted = language.partition("-")[0].lower()
    return sorted(packs, key=lambda pack: pack.language != wanted)


def _once(found: Iterable[Found]) -> list[Found]:
    first: dict[str, Found] = {}
    for one in found:
        first.setdefault(one.hit.rule.name, one)
    return list(first.values())


def _standing(pack: Pack, words: Sequence[str], kind: str) -> Found | None:
    found: Found | None = None
    for hit in pack.read(words, kind):
        if hit.rule.kind == RETRACT:
            found = None
        elif hit.rule.kind == kind and found is None:
            found = Found(pack, hit)
    return found
