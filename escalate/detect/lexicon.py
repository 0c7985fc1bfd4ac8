"""The words of a language pack: the classes of each, as it is written and as it is heard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from escalate.detect.grammar import Rule
from escalate.detect.near import Skeletons, misspellings
from escalate.detect.patterns import words_in
from escalate.detect.text import words_of

# Classes that are no words of a pack's author: a misspelling, and a word that exists but was heard
# in place of another.
MISHEARD: Final = "~"
OTHER_WORD: Final = "~~"


class Lexicon:
    """The words of one pack.

    Attributes:
        exact: The classes of each word that the pack lists or names in a pattern.
        classes: The same, with all that such a word may be misheard as.
        long_words: Words that are found by their consonants, too.
    """

    def __init__(
        self, data: Mapping[str, Any], macros: Mapping[str, str], rules: Iterable[Rule]
    ) -> None:
        """Collect the words of `data`, a parsed pack file, and of its patterns."""
        self.exact = _exact(data, macros, rules)
        self.classes = {word: set(names) for word, names in self.exact.items()}
        self.long_words = frozenset(words_of(data.get("tolerant", "")))
        self._skeletons = Skeletons(sorted(self.long_words))
        self._own = {*words_of(data.get("own_words", "")), *self.exact}
        for word in sorted(self.long_words):
            self._add_misspellings(word)
        for word, heard in data.get("sounds", {}).items():
            for sound in heard.split():
                self._add_sound(sound, self.exact.get(word) or {word})
        self.in_pieces = _in_pieces(self.classes)

    def _add_misspellings(self, word: str) -> None:
        names = self.exact.get(word, set())
        self.classes[nickname(word)] = {MISHEARD, *names}
        for near in misspellings(word):
            if near not in self._own:
                self.classes.setdefault(near, {MISHEARD}).update(names)

    def _add_sound(self, sound: str, names: set[str]) -> None:
        if "+" in sound:
            self.classes[sound.replace("+", " ")] = {MISHEARD, *names}
            return
        certain = sound in self.exact or sound not in self._own
        held = self.classes.setdefault(sound, set())
        held.update(names, {MISHEARD if certain else OTHER_WORD})

    def of_class(self, name: str) -> frozenset[str]:
        """Return the words that the pack lists in the class `name`."""
        return frozenset(word for word, names in self.exact.items() if name in names)

    def waited_for(self, text: str) -> frozenset[str]:
        """Return the words that `text`, a list of classes and words, waits for.

        A class brings other words that sound like its own along; a word brings misspellings only.
        """
        wanted = set(text.split())
        words = {spelled(word) for word in wanted if word == word.lower()}
        named = {name for name in wanted if name != name.lower()}
        found = words | {
            word
            for word, names in self.classes.items()
            if names & (wanted if OTHER_WORD not in names else named)
        }
        rarest = map(self._rarest_piece, found)
        return frozenset(piece for piece in rarest if piece is not None)

    def _rarest_piece(self, word: str) -> str | None:
        """Return the piece of `word` that is seldom seen without the others, if there is one."""
        if " " not in word:
            return word
        pieces = word.split(" ")
        strange = [piece for piece in pieces if piece not in self.exact]
        # "Some one" is made of words that stand in every second turn.
        return max(strange or pieces, key=len) if strange or word in self.exact else None

    def meant(self, word: str) -> str | None:
        """Return the long word that an unknown `word` is a bad spelling of."""
        if len(word) < Skeletons.MIN_LETTERS or word in self._own:
            return None
        return self._skeletons.find(word)

    def halves(self, word: str) -> tuple[str, str] | None:
        """Return the two words that ran together in an unknown `word`."""
        if not _SHORTEST_PAIR <= len(word) <= Skeletons.MAX_LETTERS or word in self._own:
            return None
        known = self.exact
        for end in range(_SHORTEST_HALF, len(word) - _SHORTEST_HALF + 1):
            if word[:end] in known and word[end:] in known:
                return word[:end], word[end:]
        return None


_SHORTEST_PAIR: Final = 7  # letters of two words that ran together
_SHORTEST_HALF: Final = 2


def nickname(word: str) -> str:
    """Return what stands for a bad spelling of `word` among the words of a lexicon."""
    return f"~{word}"


def spelled(word: str) -> str:
    """Return `word` as a turn spells it: folded, its pieces (`+` in a pack) set apart."""
    return " ".join(words_of(word))


def _in_pieces(classes: Iterable[str]) -> dict[str, list[tuple[str, ...]]]:
    """Return the words that reach us in several pieces, by the first piece, longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for pieces in sorted((tuple(w.split(" ")) for w in classes if " " in w), key=len, reverse=True):
        found.setdefault(pieces[0], []).append(pieces)
    return found


def _exact(
    data: Mapping[str, Any], macros: Mapping[str, str], rules: Iterable[Rule]
) -> dict[str, set[str]]:
    """Return the classes of each word: those of the file, and itself where a pattern names it."""
    classes: dict[str, set[str]] = {}
    glue = data.get("glued", "").split()
    for name, text in data["words"].items():
        for word in text.split():
            forms = [word, *(prefix + word for prefix in glue)]
            for form in forms:
                classes.setdefault(spelled(form), set()).add(name)
    known = {*data["words"], *macros}
    patterns = [*macros.values(), *(p for rule in rules for p in rule.patterns)]
    for word in set().union(*map(words_in, patterns)) - known:
        if word.lower() == word:
            classes.setdefault(spelled(word), set()).add(word)
    return classes
