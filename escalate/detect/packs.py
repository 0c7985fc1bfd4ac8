"""Language packs: what a language needs to hear a request for a human, as data.

The format of a pack file is described in `packs/README.md`. `load` compiles a shipped one,
`read_file` any other, and a `Pack` reads words.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import islice
from operator import eq
from pathlib import Path
from typing import Any, Final, NamedTuple

from escalate.detect.grammar import OTHER, Alphabet, Grammar, Rule
from escalate.detect.lexicon import MISHEARD, OTHER_WORD, Lexicon, nickname
from escalate.detect.near import Skeletons
from escalate.detect.text import PAUSES, words_of
from escalate.errors import ConfigurationError

FOLDER: Final = Path(__file__).with_name("packs")
_FILLER: Final = "FILLER"
_OPEN: Final = "OPEN"
_NOT: Final = "NOT"
_REQUIRED: Final = {"language", "name", "checked", "anchors", "words", "rule"}
_TABLES: Final = ("rule", "trouble", "bot", "answer")
_KEYS: Final = _REQUIRED | {
    "answer", "bot", "cues", "glued", "lines", "macros", "no_negates", "own_words", "sounds",
    "small", "tolerant", "trouble", "trouble_anchors",
}  # fmt: skip
_ANY_SLACK: Final = 99
_SHORT: Final = 6  # letters; a shorter unknown word is no bad spelling of anything
_REPEAT: Final = ""
_RULE_KEYS: Final = {"name", "kind", "patterns", "slack"}


class Hit(NamedTuple):
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
        self._lexicon = Lexicon(data, macros, [rule for table in tables for rule in table])
        self._rare_pieces = frozenset(
            max(pieces, key=len) for held in self._lexicon.in_pieces.values() for pieces in held
        )
        alphabet = Alphabet(self._lexicon.classes)
        self._fillers = frozenset(
            word for word, names in self._lexicon.classes.items() if _FILLER in names
        )
        self._letters = dict(alphabet.letters)
        self._letters.update(dict.fromkeys((_REPEAT, *self._fillers), ""))
        self._letters.update(dict.fromkeys(PAUSES, OTHER if data.get("no_negates") else ""))
        doubt = dict.fromkeys(alphabet.members(MISHEARD), 1)
        doubt.update(dict.fromkeys(alphabet.members(OTHER_WORD), 2))
        self.anchors = self._lexicon.waited_for(data["anchors"])
        self._rules, self._trouble, self._bot, self._answers = (
            Grammar(table, alphabet, macros, doubt) for table in tables
        )
        # The same unknown words come again and again.
        self._unknown = lru_cache(maxsize=4096)(self._letter_of_unknown)
        self.long_words = self._lexicon.long_words
        self.meant = self._lexicon.meant
        self.cues = self._lexicon.waited_for(data.get("cues", ""))
        self.trouble_anchors = self._lexicon.waited_for(data.get("trouble_anchors", ""))
        last_pieces = (word.rpartition(" ")[2] for word in self._lexicon.of_class(_OPEN))
        self.open_words = frozenset(last_pieces)
        self.small_words = frozenset(words_of(data.get("small", "")))
        self.negators = self._lexicon.of_class(_NOT)

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
        spelling = self._spell(words)
        matches = grammar.read("".join(spelling), kind)
        if not matches:
            return []
        places = _places(words, spelling)
        return [Hit(m.rule, places[m.start][0], places[m.end - 1][1], m.misheard) for m in matches]

    def _joined(self, words: Sequence[str]) -> Sequence[str]:
        """Return `words` with split ones joined by a blank, and nothing in place of repeats."""
        if not self._rare_pieces.isdisjoint(words):
            words = self._join(words)
        fillers, kept = self._fillers, words
        if not fillers.isdisjoint(words):
            kept = [word for word in words if word not in fillers]
        if True in map(eq, kept, islice(kept, 1, None)):
            words = self._marked(words)
        return words

    def _marked(self, words: Sequence[str]) -> list[str]:
        """Return `words` with nothing in place of each that repeats the last, fillers aside."""
        marked, before = [], ""
        for word in words:
            marked.append(_REPEAT if word == before else word)
            if word not in self._fillers:
                before = word
        return marked

    def _join(self, words: Sequence[str]) -> list[str]:
        joined: list[str] = []
        place, end = 0, len(words)
        while place < end:
            word, length = words[place], 1
            for pieces in self._lexicon.in_pieces.get(word, ()):
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
                if len(word) > _SHORT and letters[place] == OTHER:
                    letters[place] = self._unknown(word)
        return letters

    def _letter_of_unknown(self, word: str) -> str:
        if len(word) > Skeletons.MAX_LETTERS:
            return OTHER
        meant = self._lexicon.meant(word)
        if meant is not None:
            return self._letters[nickname(meant)]
        halves = self._lexicon.halves(word)
        return "".join(self._letters[half] for half in halves) if halves else OTHER

    def has_cue(self, words: Sequence[str]) -> bool:
        """Return whether `words` hold more of this language than an anchor."""
        return not self.cues or not self.cues.isdisjoint(words)


def _places(words: Sequence[str], spelling: Sequence[str]) -> list[tuple[int, int]]:
    """Return the first and the last word of the turn that each letter of `spelling` stands for."""
    places: list[tuple[int, int]] = []
    place = 0
    for word, letters in zip(words, spelling, strict=True):
        end = place + word.count(" ") if " " in word else place
        if letters:
            places += ((place, end),) * len(letters)
        place = end + 1
    return places


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
