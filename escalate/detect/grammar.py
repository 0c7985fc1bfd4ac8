"""Patterns over classes of words, compiled to one regular expression over one letter per word.

A pattern is a regular expression whose letters are words: `WANT to? TALK with? DET? HUMAN`.
A word in capitals is a class or a macro of the pack, any other is itself; `_` is any word;
`( | )`, `?`, `{m,n}`, `^`, `$`, `(?! )` and `(?<! )` mean what they always mean. `*` and `+` do
not exist, so the work done at each word is bounded and a turn costs time in proportion to its
length.

Each word of a turn becomes one letter that stands for the set of classes it belongs to, and the
standard library's engine does the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from escalate.errors import ConfigurationError

_FIRST_LETTER: Final = 0x3400  # a block without a single special character
OTHER: Final = chr(_FIRST_LETTER)  # a word the pack does not know
_PIECE: Final = re.compile(r"\(\?<?[!=:]|\{\d*,?\d*\}|[()|?^$]|_|!?[^\s()|?{}^$]+|\s+")


@dataclass(frozen=True, slots=True)
class Rule:
    """One named row of a grammar.

    `kind` says what a match means; `slack` is how many misheard words a match may hold.
    """

    name: str
    kind: str
    patterns: tuple[str, ...]
    slack: int = 1


@dataclass(frozen=True, slots=True)
class Match:
    """Where a rule holds: the words from `start` up to `end`."""

    rule: Rule
    start: int
    end: int


class Alphabet:
    """Gives each set of word classes a letter of its own."""

    def __init__(self, classes: Mapping[str, Iterable[str]]) -> None:
        """Take the classes of each word."""
        by_set: dict[frozenset[str], str] = {}
        self.letters: dict[str, str] = {}
        for word, names in classes.items():
            letter = chr(_FIRST_LETTER + 1 + len(by_set))
            self.letters[word] = by_set.setdefault(frozenset(names), letter)
        self._of_class: dict[str, str] = {}
        for held, letter in by_set.items():
            for name in held:
                self._of_class[name] = self._of_class.get(name, "") + letter

    def members(self, name: str) -> str:
        """Return every letter whose words belong to the class `name`."""
        return self._of_class.get(name, "")


def pieces_of(pattern: str) -> list[str]:
    """Split a pattern into words and operators.

    Raises:
        ConfigurationError: The pattern repeats without bound or holds a stray character.
    """
    found = _PIECE.findall(pattern)
    if "".join(found) != pattern or any(set(piece) & set("*+.\\[]") for piece in found):
        raise ConfigurationError(
            f"pattern {pattern!r}: only words, CLASSES, _ and the operators "
            "( | ) ? {m,n} ^ $ (?! ) (?<! ) are known; there is no * and no +"
        )
    if any(piece.startswith("{") and not re.fullmatch(r"\{\d+(,\d+)?\}", piece) for piece in found):
        raise ConfigurationError(f"pattern {pattern!r}: a repetition needs an upper bound")
    return [piece for piece in found if not piece.isspace()]


def _is_operator(piece: str) -> bool:
    return piece[0] in "(){|?^$" or piece == "_"


def literals_of(pattern: str, names: Iterable[str]) -> set[str]:
    """Return the words that `pattern` names itself; `names` are the classes and macros.

    Raises:
        ConfigurationError: The pattern is malformed or names a class that does not exist.
    """
    known = set(names)
    words = {p.removeprefix("!") for p in pieces_of(pattern) if not _is_operator(p)} - known
    if wrong := sorted(word for word in words if word != word.lower() or not word.isalnum()):
        raise ConfigurationError(f"pattern {pattern!r}: no class or macro {wrong[0]!r}")
    return words


class Grammar:
    """Rules in order of precedence over one alphabet."""

    def __init__(
        self, rules: Iterable[Rule], alphabet: Alphabet, macros: Mapping[str, str]
    ) -> None:
        """Compile `rules`; of two that match from the same word on, the earlier one wins.

        Raises:
            ConfigurationError: A pattern is malformed or names an unknown class.
        """
        self._alphabet = alphabet
        self._macros = macros
        self._compiled: dict[str, str] = {}
        self.rules = tuple(rules)
        parts = []
        for index, rule in enumerate(self.rules):
            body = "|".join(self._translate(pattern) for pattern in rule.patterns)
            parts.append(f"(?P<r{index}>{body})")
        self._expression = re.compile("|".join(parts)) if parts else None

    def _translate(self, pattern: str, depth: int = 0) -> str:
        if depth > 8:
            raise ConfigurationError(f"pattern {pattern!r}: macros refer to each other in a circle")
        out = [self._letter(piece, pattern, depth) for piece in pieces_of(pattern)]
        try:
            re.compile("".join(out))
        except re.error as exc:
            raise ConfigurationError(f"pattern {pattern!r}: {exc}") from exc
        return "".join(out)

    def _letter(self, piece: str, pattern: str, depth: int) -> str:
        if piece == "_":
            return "."
        if _is_operator(piece):
            return piece
        if piece in self._macros:
            if piece not in self._compiled:
                self._compiled[piece] = f"(?:{self._translate(self._macros[piece], depth + 1)})"
            return self._compiled[piece]
        letters = self._alphabet.members(piece.removeprefix("!"))
        if not letters:
            raise ConfigurationError(f"pattern {pattern!r}: no class, macro or word {piece!r}")
        return f"[{'^' if piece.startswith('!') else ''}{letters}]"

    def read(self, letters: str) -> list[Match]:
        """Return the matches in `letters`, left to right, none overlapping another."""
        if self._expression is None:
            return []
        found = []
        for match in self._expression.finditer(letters):
            rule = self.rules[int((match.lastgroup or "r0")[1:])]
            if match.end() > match.start():
                found.append(Match(rule, match.start(), match.end()))
        return found
