"""Rules over one letter per word, tried only where they can hold.

Each word of a turn becomes one letter that stands for the set of classes it belongs to; patterns
become regular expressions over such letters, and the standard library's engine does the rest. A
pattern is tried at a word only if it can begin there and all it needs is somewhere in the turn,
which leaves most of them untried.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from escalate.detect.patterns import Node, one_of, parse
from escalate.errors import ConfigurationError

_FIRST_LETTER: Final = 0x3400  # a block without a single special character
OTHER: Final = chr(_FIRST_LETTER)  # a word the pack does not know


@dataclass(frozen=True, slots=True)
class Rule:
    """One named row of a grammar.

    `kind` says what a match means; `slack` is how much mishearing a match may hold: a misspelling
    counts 1, a word that exists but sounds like the one that is meant counts 2.
    """

    name: str
    kind: str
    patterns: tuple[str, ...]
    slack: int = 1


@dataclass(frozen=True, slots=True)
class Match:
    """Where a rule holds: the letters from `start` up to `end`, and what was misheard in them."""

    rule: Rule
    start: int
    end: int
    misheard: int


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


class Grammar:
    """Rules in order of precedence over one alphabet."""

    def __init__(
        self,
        rules: Iterable[Rule],
        alphabet: Alphabet,
        macros: Mapping[str, str],
        doubt: Mapping[str, int],
    ) -> None:
        """Compile `rules`; of two that hold from the same word on, the earlier one wins.

        `doubt` is the mishearing that a letter stands for, where it does.

        Raises:
            ConfigurationError: A pattern is malformed, can match nothing at all, or names a class
                that does not exist.
        """
        self._alphabet = alphabet
        self._macros = macros
        self._doubt = doubt
        self._parsed: dict[str, Node] = {}
        self._resolving: set[str] = set()
        # Sets of trials are integers with a bit for each, the earliest rule lowest.
        self._trials: list[tuple[Rule, str]] = []
        self._compiled: list[re.Pattern[str] | None] = []
        self._of_kind: dict[str, int] = {}
        self._at_start = 0
        self._at: dict[str, int] = {}
        needs: dict[tuple[frozenset[str], ...], int] = {}
        for rule in rules:
            for pattern in rule.patterns:
                self._add(rule, pattern, needs)
        self._needs = _Needs(needs)

    def _add(self, rule: Rule, pattern: str, needs: dict[tuple[frozenset[str], ...], int]) -> None:
        node = parse(pattern, self._named)
        if node.empty:
            raise ConfigurationError(f"pattern {pattern!r} matches without a word")
        bit = 1 << len(self._trials)
        self._trials.append((rule, node.source))
        self._compiled.append(None)
        self._of_kind[rule.kind] = self._of_kind.get(rule.kind, 0) | bit
        needs[node.needs] = needs.get(node.needs, 0) | bit
        if pattern.startswith("^"):
            self._at_start |= bit
            return
        if node.first is None:
            raise ConfigurationError(f"pattern {pattern!r} must begin with a word or a class")
        for letter in node.first:
            self._at[letter] = self._at.get(letter, 0) | bit

    def _named(self, name: str) -> Node:
        if name not in self._parsed:
            self._parsed[name] = self._resolve(name)
        return self._parsed[name]

    def _resolve(self, name: str) -> Node:
        if name in self._macros:
            if name in self._resolving:
                raise ConfigurationError(f"macro {name!r} names itself, by way of others or not")
            self._resolving.add(name)
            node = parse(self._macros[name], self._named)
            self._resolving.discard(name)
            return Node(f"(?:{node.source})", node.first, node.empty, node.needs)
        letters = self._alphabet.members(name)
        if not letters:
            raise ConfigurationError(f"no class, macro or word {name!r}")
        return one_of(letters)

    def read(self, letters: str, kind: str | None = None) -> list[Match]:
        """Return the matches in `letters`, left to right, none overlapping another.

        With a `kind`, nothing is read when no rule of that kind can hold.
        """
        live = self._needs.met_by(letters)
        if not live or (kind is not None and not live & self._of_kind.get(kind, 0)):
            return []
        found: list[Match] = []
        at, end, starts = 0, len(letters), self._at
        while at < end:
            trials = starts.get(letters[at], 0) & live
            if not at:
                trials |= self._at_start & live
            match = self._first(trials, letters, at) if trials else None
            if match is None:
                at += 1
            else:
                found.append(match)
                at = match.end
        return found

    def _compile(self, index: int) -> re.Pattern[str]:
        """Compile a pattern when it is first tried: all of them would cost half a second."""
        compiled = re.compile(self._trials[index][1])
        self._compiled[index] = compiled
        return compiled

    def _first(self, trials: int, letters: str, at: int) -> Match | None:
        while trials:
            lowest = trials & -trials
            trials ^= lowest
            index = lowest.bit_length() - 1
            match = (self._compiled[index] or self._compile(index)).match(letters, at)
            if match is not None:
                rule = self._trials[index][0]
                misheard = sum([self._doubt.get(c, 0) for c in letters[at : match.end()]])
                if misheard <= rule.slack:
                    return Match(rule, at, match.end(), misheard)
        return None


class _Needs:
    """Which trials have all they need in a turn. Sets of needs are integers, too."""

    def __init__(self, trials: Mapping[tuple[frozenset[str], ...], int]) -> None:
        bits: dict[frozenset[str], int] = {}
        for needs in trials:
            for need in needs:
                bits.setdefault(need, 1 << len(bits))
        self._met: dict[str, int] = {}
        for need, bit in bits.items():
            for letter in need:
                self._met[letter] = self._met.get(letter, 0) | bit
        # Trials are looked up by the letters of their rarest need; most turns hold few of those.
        self._always = 0
        self._by_letter: dict[str, list[tuple[int, int]]] = {}
        for needs, held in trials.items():
            if not needs:
                self._always |= held
                continue
            mask = sum({bits[need] for need in needs})
            for letter in min(needs, key=len):
                self._by_letter.setdefault(letter, []).append((mask, held))

    def met_by(self, letters: str) -> int:
        met, live = 0, self._always
        present = self._met.keys() & set(letters)
        for letter in present:
            met |= self._met[letter]
        for letter in present:
            for mask, held in self._by_letter.get(letter, ()):
                if met & mask == mask:
                    live |= held
        return live
