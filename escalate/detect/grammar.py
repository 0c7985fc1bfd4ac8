"""Rules over one letter per word, tried only where they can hold.

Each word of a turn becomes one letter that stands for the set of classes it belongs to; patterns
become regular expressions over such letters, and the standard library's engine does the rest. A
pattern is tried at a word only if it can begin there and all it needs is somewhere in the turn,
which leaves most of them untried.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, NamedTuple

from escalate.detect.patterns import Letters, Node, one_of, parse
from escalate.errors import ConfigurationError

_FIRST_LETTER: Final = 0x3400  # a block without a single special character
_RAREST: Final = 6  # needs of a pattern that are looked for
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


class Match(NamedTuple):
    """Where a rule holds: the letters from `start` up to `end`, and what was misheard in them."""

    rule: Rule
    start: int
    end: int
    misheard: int


class Alphabet:
    """Gives each set of word classes a letter of its own."""

    def __init__(self, classes: Mapping[str, Iterable[str]]) -> None:
        """Take the classes of each word."""
        sets = {word: frozenset(names) for word, names in classes.items()}
        different = set(sets.values())
        size = Counter(name for names in different for name in names)
        largest = sorted(size, key=lambda name: (-size[name], name))
        rank = {name: place for place, name in enumerate(largest)}
        # Neighbours share their largest classes, so that a class is a few ranges of letters: what
        # the engine keeps for it, many times over, is then small enough to stay at hand.
        ordered = sorted(different, key=lambda names: sorted(rank[name] for name in names))
        by_set = {held: chr(_FIRST_LETTER + 1 + i) for i, held in enumerate(ordered)}
        self.letters = {word: by_set[names] for word, names in sets.items()}
        self._commonness: dict[str, float] = {}
        for word, letter in self.letters.items():
            share = 4.0 ** -len(word)  # short words are common words
            self._commonness[letter] = max(share, self._commonness.get(letter, 0.0))
        self._of_class: dict[str, str] = {}
        for held, letter in by_set.items():
            for name in held:
                self._of_class[name] = self._of_class.get(name, "") + letter

    def members(self, name: str) -> str:
        """Return every letter whose words belong to the class `name`."""
        return self._of_class.get(name, "")

    def commonness(self, need: frozenset[str]) -> float:
        """Return how common it is, as a rank, that a turn holds one of the letters in `need`."""
        return sum(self._commonness[letter] for letter in sorted(need))


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
        self._trials: list[_Trial] = []
        # The same sets of trials come again and again.
        self._ordered = lru_cache(maxsize=4096)(self._in_order)
        self._of_kind: dict[str, int] = {}
        self._at_start = 0
        self._whole = 0
        most: dict[int, int] = {}
        self._at: dict[str, int] = {}
        needs: list[tuple[Letters, ...]] = []
        for rule in rules:
            for pattern in rule.patterns:
                self._add(rule, pattern, needs, most)
        self._needs = _Needs(needs)
        # What a whole turn must match is left out once the turn is longer than it can be.
        self._fitting = [
            ~sum(bits for longest, bits in most.items() if longest < length)
            for length in range(max(most, default=0) + 2)
        ]

    def _add(
        self,
        rule: Rule,
        pattern: str,
        needs: list[tuple[Letters, ...]],
        most: dict[int, int],
    ) -> None:
        node = parse(pattern, self._named)
        if node.empty:
            raise ConfigurationError(f"pattern {pattern!r} matches without a word")
        bit = 1 << len(self._trials)
        self._trials.append(_Trial(rule, node.source))
        self._of_kind[rule.kind] = self._of_kind.get(rule.kind, 0) | bit
        needs.append(tuple(sorted(node.needs, key=self._alphabet.commonness)[:_RAREST]))
        if pattern.startswith("^"):
            self._at_start |= bit
            if pattern.endswith("$"):
                self._whole |= bit
                most[node.most] = most.get(node.most, 0) | bit
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
            return replace(node, source=f"(?:{node.source})")
        letters = self._alphabet.members(name)
        if not letters:
            raise ConfigurationError(f"no class, macro or word {name!r}")
        return one_of(letters)

    def read(self, letters: str, kind: str | None = None) -> list[Match]:
        """Return the matches in `letters`, left to right, none overlapping another.

        With a `kind`, nothing is read when no rule of that kind can hold.
        """
        live = self._needs.met_by(letters)
        if live & self._whole:
            live &= self._fitting[min(len(letters), len(self._fitting) - 1)]
        if not live or (kind is not None and not live & self._of_kind.get(kind, 0)):
            return []
        found: list[Match] = []
        starts, end = self._at, 0
        trials_at = [starts.get(letter, 0) & live for letter in letters]
        trials_at[0] |= self._at_start & live
        for at, trials in enumerate(trials_at):
            if trials and at >= end:
                match = self._first(trials, letters, at)
                if match is not None:
                    found.append(match)
                    end = match.end
        return found

    def _in_order(self, trials: int) -> tuple[_Trial, ...]:
        """Return `trials`, earliest first."""
        held = []
        while trials:
            lowest = trials & -trials
            held.append(self._trials[lowest.bit_length() - 1])
            trials ^= lowest
        return tuple(held)

    def _first(self, trials: int, letters: str, at: int) -> Match | None:
        for trial in self._ordered(trials):
            match = (trial.compiled or trial.compile()).match(letters, at)
            if match is not None:
                end = match.end()
                misheard = sum([self._doubt.get(c, 0) for c in letters[at:end]])
                if misheard <= trial.rule.slack:
                    return Match(trial.rule, at, end, misheard)
        return None


class _Trial:
    """A pattern of a rule, compiled when it is first tried: all would cost half a second."""

    __slots__ = ("compiled", "rule", "source")

    def __init__(self, rule: Rule, source: str) -> None:
        self.rule = rule
        self.source = source
        self.compiled: re.Pattern[str] | None = None

    def compile(self) -> re.Pattern[str]:
        self.compiled = re.compile(self.source)
        return self.compiled


class _Needs:
    """Which trials have all they need in a turn.

    One integer holds a stretch of bits, a bit for each trial, for the first need of them all,
    another for the second, and so on. A trial has what it needs if its bit is set in each stretch.
    """

    def __init__(self, trials: Sequence[tuple[Letters, ...]]) -> None:
        self._width = len(trials)
        self._met: dict[str, int] = {}
        self._nothing_needed = 0
        for index, needs in enumerate(trials):
            for rank in range(_RAREST):
                bit = 1 << (rank * self._width + index)
                if rank < len(needs):
                    for letter in needs[rank]:
                        self._met[letter] = self._met.get(letter, 0) | bit
                else:
                    self._nothing_needed |= bit

    def met_by(self, letters: str) -> int:
        met, meets = self._nothing_needed, self._met
        for letter in set(letters):
            if letter in meets:
                met |= meets[letter]
        live = met
        for _ in range(_RAREST - 1):
            met >>= self._width
            live &= met
        return live
