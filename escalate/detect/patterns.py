"""Patterns over classes of words: how they are written, and what can be known of one beforehand.

A pattern is a regular expression whose letters are words: `WANT to? TALK with? DET? HUMAN`.
A word in capitals is a class or a macro of the pack, any other is itself; `_` is any word and
`!CLASS` any word but these; `( | )`, `?`, `{m,n}`, `^`, `$`, `(?! )`, `(?= )`, `(?<! )` and
`(?<= )` mean what they always mean; `help+desk` is one word in two pieces. `*` and `+` after a
word do not exist, so the work done at each word is bounded, and a turn costs time in proportion
to its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from escalate.errors import ConfigurationError

Letters = frozenset[str]
_NAME: Final = r"[^\s()|?{}^$!+*.,\\\[\]]+"  # \w would break words of scripts with vowel signs
_PIECE: Final = re.compile(rf"\(\?<?[!=]|\{{\d+(?:,\d+)?\}}|[()|?^$]|!?{_NAME}(?:\+{_NAME})*|\s+")
_KEPT_NEEDS: Final = 6
_LOOKS: Final = ("(?!", "(?=", "(?<!", "(?<=")


@dataclass(frozen=True, slots=True)
class Node:
    """A pattern or a part of one, over letters that stand for classes of words.

    Attributes:
        source: The part as a regular expression of the standard library.
        first: Letters that a match can begin with; None when any can, or when it can be empty.
        empty: Whether the part can match without a word.
        needs: Sets of letters; a match holds at least one letter of each.
        most: How many letters a match holds at most.
    """

    source: str
    first: Letters | None = None
    empty: bool = True
    needs: tuple[Letters, ...] = ()
    most: int = 0


def words_in(pattern: str) -> set[str]:
    """Return the words, classes and macros that `pattern` names.

    Raises:
        ConfigurationError: The pattern holds something that is no part of a pattern.
    """
    return {p.removeprefix("!") for p in _pieces(pattern) if p[0] not in "(){|?^$" and p != "_"}


def parse(pattern: str, name: Callable[[str], Node]) -> Node:
    """Return what `pattern` says; `name` resolves each word, class or macro in it.

    Raises:
        ConfigurationError: The pattern is malformed.
    """
    pieces = _pieces(pattern)
    try:
        node, end = _either(pieces, 0, name)
    except (re.error, IndexError) as exc:
        raise ConfigurationError(f"pattern {pattern!r}: {exc}") from exc
    if end != len(pieces):
        raise ConfigurationError(f"pattern {pattern!r}: a ')' without its '('")
    return node


def one_of(letters: Iterable[str]) -> Node:
    """Return the part that is one word out of `letters`."""
    held = frozenset(letters)
    return Node(f"[{''.join(sorted(held))}]", held, False, (held,), 1)


def _pieces(pattern: str) -> list[str]:
    found = _PIECE.findall(pattern)
    if "".join(found) != pattern:
        raise ConfigurationError(
            f"pattern {pattern!r}: only words, CLASSES, !CLASS, _ and the operators "
            "( | ) ? {m,n} ^ $ (?! ) (?= ) (?<! ) (?<= ) are known; there is no * and no +"
        )
    return [piece for piece in found if not piece.isspace()]


def _either(pieces: list[str], at: int, name: Callable[[str], Node]) -> tuple[Node, int]:
    node, at = _sequence(pieces, at, name)
    ways = [node]
    while at < len(pieces) and pieces[at] == "|":
        node, at = _sequence(pieces, at + 1, name)
        ways.append(node)
    return (ways[0] if len(ways) == 1 else _any_of(ways)), at


def _any_of(ways: list[Node]) -> Node:
    firsts = [way.first for way in ways]
    first = None if None in firsts else frozenset[str]().union(*(f for f in firsts if f))
    needs = ways[0].needs
    for way in ways[1:]:
        # Whichever of two ways is taken, one letter of a need of the one or of the other is there.
        either = {one | other for one in needs for other in way.needs}
        needs = tuple(sorted(either, key=lambda need: (len(need), sorted(need)))[:_KEPT_NEEDS])
    source = "|".join(way.source for way in ways)
    most = max(way.most for way in ways)
    return Node(source, first, any(way.empty for way in ways), needs, most)


def _sequence(pieces: list[str], at: int, name: Callable[[str], Node]) -> tuple[Node, int]:
    source, needs, most = "", tuple[Letters, ...](), 0
    first: Letters | None = frozenset()
    empty = True
    while at < len(pieces) and pieces[at] not in ("|", ")"):
        part, at = _part(pieces, at, name)
        source += part.source
        needs += part.needs
        most += part.most
        if empty and first is not None:
            first = None if part.first is None else first | part.first
        empty = empty and part.empty
    return Node(source, None if empty else first, empty, needs, most), at


def _part(pieces: list[str], at: int, name: Callable[[str], Node]) -> tuple[Node, int]:
    piece = pieces[at]
    at += 1
    if piece in _LOOKS or piece == "(":
        node, at = _either(pieces, at, name)
        if at >= len(pieces):
            raise IndexError("a '(' without its ')'")
        at += 1
        if piece in _LOOKS:
            re.compile(f"{piece}{node.source})")  # what looks back must have one width
            return Node(f"{piece}{node.source})", frozenset(), True), at
        node = replace(node, source=f"(?:{node.source})")
    elif piece in "^$":
        return Node(piece, frozenset(), True), at
    elif piece == "_":
        node = Node(".", None, False, most=1)
    elif piece[0] == "!":
        held = name(piece[1:])
        node = Node(f"[^{held.source[1:]}", None, False, most=1)
    elif piece[0] in "?{|)":
        raise IndexError(f"{piece!r} follows nothing")
    else:
        node = name(piece)
    return _repeated(node, pieces, at)


def _repeated(node: Node, pieces: list[str], at: int) -> tuple[Node, int]:
    if at >= len(pieces) or pieces[at][0] not in "?{":
        return node, at
    times = pieces[at]
    optional = times == "?" or times.startswith("{0")
    source = f"(?:{node.source}){times}"
    needs = () if optional else node.needs
    most = node.most * (1 if times == "?" else int(times.strip("{}").rpartition(",")[2]))
    return Node(source, node.first, node.empty or optional, needs, most), at + 1
