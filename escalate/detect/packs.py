"""Language packs: what a language needs to hear a request for a human, as data.

The format of a pack file is described in `packs/README.md`. `load` compiles a shipped one,
`read_file` any other, and a `Pack` reads words.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from escalate.detect.grammar import OTHER, Alphabet, Grammar, Match, Rule, literals_of
from escalate.detect.near import Skeletons, misspellings
from escalate.detect.text import fold, words_of
from escalate.errors import ConfigurationError

FOLDER: Final = Path(__file__).with_name("packs")
_FILLER: Final = "FILLER"
_OPEN: Final = "OPEN"
_NOT: Final = "NOT"
_MISHEARD: Final = "~"
_OTHER_WORD: Final = "~~"  # misheard as a word that exists
_REQUIRED: Final = {"language", "name", "checked", "anchors", "words", "rule"}
_KEYS: Final = _REQUIRED | {
    "tolerant", "glued", "macros", "sounds", "own_words", "trouble_anchors", "trouble", "bot",
    "answer",
}  # fmt: skip
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
        tables = [_rules(data.get(key, ())) for key in ("rule", "trouble", "bot", "answer")]
        classes = _classes(data, macros, [rule for table in tables for rule in table])
        self.pairs: dict[tuple[str, str], str] = {}
        exact = {word: set(names) for word, names in classes.items()}
        self._add_misheard(data, exact, classes)
        alphabet = Alphabet(classes)
        self._letters = alphabet.letters
        self._doubt = dict.fromkeys(alphabet.members(_MISHEARD), 1)
        self._doubt.update(dict.fromkeys(alphabet.members(_OTHER_WORD), 2))
        self._fillers = frozenset(w for w, names in exact.items() if _FILLER in names)
        self._rules, self._trouble, self._bot, self._answers = (
            Grammar(table, alphabet, macros) for table in tables
        )
        self.anchors = self._anchors(data["anchors"], classes)
        self.trouble_anchors = self._anchors(data.get("trouble_anchors", ""), classes)
        self.open_words = frozenset(w for w, names in exact.items() if _OPEN in names)
        self.negators = frozenset(w for w, names in exact.items() if _NOT in names)
        self.vocabulary = frozenset(exact)

    def _add_misheard(
        self, data: Mapping[str, Any], exact: dict[str, set[str]], classes: dict[str, set[str]]
    ) -> None:
        own = set(words_of(data.get("own_words", "")))
        tolerant = set(words_of(data.get("tolerant", "")))
        self._skeletons = Skeletons(sorted(tolerant))
        self._own_words = own | set(exact)
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
        self, sound: str, names: set[str], exact: Mapping[str, set[str]], classes: dict[str, set[str]]
    ) -> None:
        parts = sound.split("+")
        if len(parts) == 2:
            self.pairs[parts[0], parts[1]] = sound
            classes[sound] = {_MISHEARD, *names}
        else:
            certain = sound in exact or sound not in self._own_words
            classes.setdefault(sound, set()).update(names, {_MISHEARD if certain else _OTHER_WORD})

    def _anchors(self, text: str, classes: Mapping[str, set[str]]) -> frozenset[str]:
        wanted = set(text.split())
        found = {w for w, names in classes.items() if names & wanted or w in wanted}
        split = {first for (first, _), joined in self.pairs.items() if joined in found}
        return frozenset(w for w in found if "+" not in w) | split

    def read(self, words: Sequence[str]) -> list[Hit]:
        """Return what in the caller's `words` bears on a request, left to right."""
        return self._read(self._rules, words)

    def read_trouble(self, words: Sequence[str]) -> list[Hit]:
        """Return the signs of trouble in the caller's `words`, left to right."""
        return self._read(self._trouble, words)

    def read_bot(self, words: Sequence[str]) -> list[Hit]:
        """Return what the bot's `words` promise, offer or admit, left to right."""
        return self._read(self._bot, words)

    def read_answer(self, words: Sequence[str]) -> list[Hit]:
        """Return the yes or no in the caller's `words`."""
        return self._read(self._answers, words)

    def _read(self, grammar: Grammar, words: Sequence[str]) -> list[Hit]:
        letters, places = self._spell(words)
        return [self._hit(letters, places, match) for match in grammar.read(letters)]

    def _hit(self, letters: str, places: list[tuple[int, int]], match: Match) -> Hit:
        doubt = self._doubt
        misheard = sum([doubt.get(letter, 0) for letter in letters[match.start : match.end]])
        return Hit(match.rule, places[match.start][0], places[match.end - 1][1], misheard)

    def _spell(self, words: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
        """Return one letter a word, without fillers and repeats, and the place of each."""
        letters: list[str] = []
        places: list[tuple[int, int]] = []
        before, skip = "", -1
        for place, word in enumerate(words):
            if place == skip or word in self._fillers or word == before:
                continue
            end, before = place, word
            if place + 1 < len(words) and (joined := self.pairs.get((word, words[place + 1]))):
                word, end, skip = joined, place + 1, place + 1
            letters.append(self._letters.get(word) or self._guess(word))
            places.append((place, end))
        return "".join(letters), places

    def _guess(self, word: str) -> str:
        meant = self.meant(word)
        return self._letters.get(f"~{meant}", OTHER) if meant else OTHER

    def meant(self, word: str) -> str | None:
        """Return the long word of this pack that an unknown `word` is a bad spelling of."""
        if len(word) < Skeletons.MIN_LETTERS or word in self._own_words:
            return None
        return self._skeletons.find(word)


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
        rules.append(Rule(row["name"], row["kind"], patterns, int(row.get("slack", 1))))
    return tuple(rules)


def _classes(
    data: Mapping[str, Any], macros: Mapping[str, str], rules: Iterable[Rule]
) -> dict[str, set[str]]:
    """Return the classes of each word: those of the file, and itself where a pattern names it."""
    classes: dict[str, set[str]] = {}
    glue = data.get("glued", "").split()
    for name, text in data["words"].items():
        for word in text.split():
            folded = fold(word)
            for form in (folded, *(fold(prefix) + folded for prefix in glue)):
                classes.setdefault(form, set()).add(name)
    known = {*data["words"], *macros}
    patterns = [*macros.values(), *(p for rule in rules for p in rule.patterns)]
    for pattern in patterns:
        for word in literals_of(pattern, known):
            classes.setdefault(fold(word), set()).add(word)
    return classes


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
