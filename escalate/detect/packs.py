"""Language packs: what a language needs to hear a request for a human, as data.

The format of a pack file is described in `packs/README.md`. `load` compiles a shipped one,
`read_file` any other, and a `Pack` reads words.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from operator import eq
from pathlib import Path
from typing import Any, Final

from escalate.detect.grammar import OTHER, Alphabet, Grammar, Rule
from escalate.detect.near import Skeletons, misspellings
from escalate.detect.patterns import words_in
from escalate.detect.text import PAUSES, words_of
from escalate.errors import ConfigurationError

FOLDER: Final = Path(__file__).with_name("packs")
_FILLER: Final = "FILLER"
_OPEN: Final = "OPEN"
_NOT: Final = "NOT"
_MISHEARD: Final = "~"
_OTHER_WORD: Final = "~~"  # misheard as a word that exists
_REQUIRED: Final = {"language", "name", "checked", "anchors", "words", "rule"}
_TABLES: Final = ("rule", "trouble", "bot", "answer")
_KEYS: Final = _REQUIRED | {
    "answer", "bot", "cues", "glued", "lines", "macros", "no_negates", "own_words", "sounds",
    "tolerant", "trouble", "trouble_anchors",
}  # fmt: skip
_ANY_SLACK: Final = 99
_SHORTEST_PAIR: Final = 7  # letters of two words that ran together
_SHORTEST_HALF: Final = 2
_RULE_KEYS: Final = {"name", "kind", "patterns", "slack"}


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that held, with the places of its first and last word in the turn."""

    rule: Rule
    first: int
    last: int
    misheard: int


class Pack:
    """One language, compiled. Sharing one between calls and threads is safe."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Compile `data`, a parsed pack file.

        Raises:
            ConfigurationError: A key is unknown, missing or of the wrong type, or a pattern is
                malformed.
        """
        _check_keys(data, _KEYS, _REQUIRED)
        self.language: str = data["language"]
        self.name: str = data["name"]
        self.checked: str = data["checked"]
        macros = dict(data.get("macros", {}))
        tables = [_rules(data.get(key, ())) for key in _TABLES]
        classes = _classes(data, macros, [rule for table in tables for rule in table])
        exact = {word: set(names) for word, names in classes.items()}
        self._add_misheard(data, exact, classes)
        self._in_pieces = _in_pieces(classes)
        self._first_pieces = frozenset(self._in_pieces)
        alphabet = Alphabet(classes)
        self._letters = dict(alphabet.letters)
        doubt = dict.fromkeys(alphabet.members(_MISHEARD), 1)
        doubt.update(dict.fromkeys(alphabet.members(_OTHER_WORD), 2))
        self._fillers = frozenset(w for w, names in classes.items() if _FILLER in names)
        self._letters.update(dict.fromkeys(self._fillers, ""))
        self._letters.update(dict.fromkeys(PAUSES, OTHER if data.get("no_negates") else ""))
        self._rules, self._trouble, self._bot, self._answers = (
            Grammar(table, alphabet, macros, doubt) for table in tables
        )
        self.anchors = self._anchors(data["anchors"], classes)
        self.cues = self._anchors(data.get("cues", ""), classes)
        self.trouble_anchors = self._anchors(data.get("trouble_anchors", ""), classes)
        self.open_words = frozenset(
            w.rpartition(" ")[2] for w, names in exact.items() if _OPEN in names
        )
        self.negators = frozenset(w for w, names in exact.items() if _NOT in names)
        self.vocabulary = frozenset(exact)

    def _add_misheard(
        self, data: Mapping[str, Any], exact: dict[str, set[str]], classes: dict[str, set[str]]
    ) -> None:
        own = set(words_of(data.get("own_words", "")))
        tolerant = set(words_of(data.get("tolerant", "")))
        self._skeletons = Skeletons(sorted(tolerant))
        self.long_words = tolerant
        self._exact = frozenset(exact)
        self._own_words = own | self._exact
        for word in sorted(tolerant):
            classes[f"~{word}"] = {_MISHEARD, *exact.get(word, ())}
            names = exact.get(word, ())
            for near in misspellings(word):
                if near not in exact and near not in own:
                    classes.setdefault(near, {_MISHEARD}).update(names)
        for word, heard in data.get("sounds", {}).items():
            for sound in heard.split():
                self._add_sound(sound, exact.get(word) or {word}, exact, classes)

    def _add_sound(
        self,
        sound: str,
        names: set[str],
        exact: Mapping[str, set[str]],
        classes: dict[str, set[str]],
    ) -> None:
        if "+" in sound:
            classes[sound.replace("+", " ")] = {_MISHEARD, *names}
        else:
            certain = sound in exact or sound not in self._own_words
            classes.setdefault(sound, set()).update(names, {_MISHEARD if certain else _OTHER_WORD})

    def _anchors(self, text: str, classes: Mapping[str, set[str]]) -> frozenset[str]:
        wanted = set(text.split())
        words = {_spelled(word) for word in wanted if word == word.lower()}
        found = words | {word for word, names in classes.items() if names & wanted}
        # A word in several pieces is waited for by its last one, the rarer as a rule.
        return frozenset(word.rpartition(" ")[2] for word in found)

    def read(self, words: Sequence[str], kind: str | None = None) -> list[Hit]:
        """Return what in the caller's `words` bears on a request, left to right.

        With a `kind`, nothing is read when no rule of that kind can hold.
        """
        return self._read(self._rules, words, kind)

    def read_trouble(self, words: Sequence[str]) -> list[Hit]:
        """Return the signs of trouble in the caller's `words`, left to right."""
        return self._read(self._trouble, words)

    def read_bot(self, words: Sequence[str]) -> list[Hit]:
        """Return what the bot's `words` promise, offer or admit, left to right."""
        return self._read(self._bot, words)

    def read_answer(self, words: Sequence[str]) -> list[Hit]:
        """Return the yes or no in the caller's `words`."""
        return self._read(self._answers, words)

    def _read(self, grammar: Grammar, words: Sequence[str], kind: str | None = None) -> list[Hit]:
        words = self._joined(words)
        letters = "".join(self._spell(words))
        matches = grammar.read(letters, kind)
        if not matches:
            return []
        places = self._places(words)
        return [Hit(m.rule, places[m.start][0], places[m.end - 1][1], m.misheard) for m in matches]

    def _joined(self, words: Sequence[str]) -> Sequence[str]:
        """Return `words` with split ones joined by a blank, and repeats marked as fillers."""
        if not self._first_pieces.isdisjoint(words):
            words = self._join(words)
        fillers = self._fillers
        kept = [word for word in words if word not in fillers]
        if True in map(eq, kept, islice(kept, 1, None)):
            words = self._marked(words)
        return words

    def _marked(self, words: Sequence[str]) -> list[str]:
        """Return `words` with a blank before each that repeats the last one, fillers aside."""
        marked, before = [], ""
        for word in words:
            marked.append(f" {word}" if word == before else word)
            if word not in self._fillers:
                before = word
        return marked

    def _join(self, words: Sequence[str]) -> list[str]:
        joined: list[str] = []
        place, end = 0, len(words)
        while place < end:
            word, length = words[place], 1
            for pieces in self._in_pieces.get(word, ()):
                if tuple(words[place : place + len(pieces)]) == pieces:
                    word, length = " ".join(pieces), len(pieces)
                    break
            joined.append(word)
            place += length
        return joined

    def _spell(self, words: Sequence[str]) -> list[str]:
        """Return the letter of each of `words`: none if it says nothing, two if it is two words."""
        known = self._letters.get
        letters = [known(word, OTHER) for word in words]
        if OTHER in letters:
            for place, word in enumerate(words):
                if letters[place] == OTHER and (len(word) >= _SHORTEST_PAIR or word[0] == " "):
                    letters[place] = self._letter_of_unknown(word)
        return letters

    def _letter_of_unknown(self, word: str) -> str:
        if word[0] == " ":
            return ""  # a repeat
        meant = self.meant(word)
        if meant:
            return self._letters[f"~{meant}"]
        if len(word) <= Skeletons.MAX_LETTERS and word not in self._own_words:
            for end in range(_SHORTEST_HALF, len(word) - _SHORTEST_HALF + 1):
                if word[:end] in self._exact and word[end:] in self._exact:
                    return self._letters[word[:end]] + self._letters[word[end:]]
        return OTHER

    def _places(self, words: Sequence[str]) -> list[tuple[int, int]]:
        """Return the first and the last word of the turn that each letter stands for."""
        places = []
        place = 0
        for word, letter in zip(words, self._spell(words), strict=True):
            end = place + word.count(" ", 1)
            places.extend([(place, end)] * len(letter))
            place = end + 1
        return places

    def has_cue(self, words: Sequence[str]) -> bool:
        """Return whether `words` hold more of this language than an anchor."""
        return not self.cues or not self.cues.isdisjoint(words)

    def meant(self, word: str) -> str | None:
        """Return the long word of this pack that an unknown `word` is a bad spelling of."""
        if len(word) < Skeletons.MIN_LETTERS or word in self._own_words:
            return None
        return self._skeletons.find(word)


def _in_pieces(classes: Iterable[str]) -> dict[str, list[tuple[str, ...]]]:
    """Return the words that reach us in several pieces, by the first piece, longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for pieces in sorted((tuple(w.split(" ")) for w in classes if " " in w), key=len, reverse=True):
        found.setdefault(pieces[0], []).append(pieces)
    return found


def _check_keys(data: Mapping[str, Any], known: set[str], required: set[str]) -> None:
    if unknown := sorted(set(data) - known):
        raise ConfigurationError(f"unknown key {unknown[0]!r}; known are {sorted(known)}")
    if missing := sorted(required - set(data)):
        raise ConfigurationError(f"key {missing[0]!r} is missing")


def _rules(rows: Iterable[Mapping[str, Any]]) -> tuple[Rule, ...]:
    rules = []
    for row in rows:
        _check_keys(row, _RULE_KEYS, {"name", "kind", "patterns"})
        patterns = tuple(row["patterns"])
        slack = int(row.get("slack", _ANY_SLACK))
        rules.append(Rule(row["name"], row["kind"], patterns, slack))
    return tuple(rules)


def _classes(
    data: Mapping[str, Any], macros: Mapping[str, str], rules: Iterable[Rule]
) -> dict[str, set[str]]:
    """Return the classes of each word: those of the file, and itself where a pattern names it."""
    classes: dict[str, set[str]] = {}
    glue = data.get("glued", "").split()
    for name, text in data["words"].items():
        for word in text.split():
            forms = [word, *(prefix + word for prefix in glue)]
            for form in forms:
                classes.setdefault(_spelled(form), set()).add(name)
    known = {*data["words"], *macros}
    patterns = [*macros.values(), *(p for rule in rules for p in rule.patterns)]
    for word in set().union(*map(words_in, patterns)) - known:
        if word.lower() == word:
            classes.setdefault(_spelled(word), set()).add(word)
    return classes


def _spelled(word: str) -> str:
    """Return `word` as a turn spells it: folded, its pieces (`+` in a pack) set apart."""
    return " ".join(words_of(word))


def shipped() -> tuple[str, ...]:
    """Return the languages whose packs come with escalate, in a fixed order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def load(language: str) -> Pack:
    """Return the shipped pack of `language`, compiled once per process.

    Raises:
        ConfigurationError: There is no such pack.
    """
    if language not in shipped():
        known = ", ".join(shipped())
        raise ConfigurationError(f"no language pack {language!r}; shipped are {known}")
    return read_file(FOLDER / f"{language}.toml")


def read_file(path: Path) -> Pack:
    """Return the pack in the file at `path`.

    Raises:
        ConfigurationError: The file is no pack; the message names the file, the key and the fix.
    """
    try:
        return Pack(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ConfigurationError) as exc:
        raise ConfigurationError(f"{path.name}: {exc}") from exc
