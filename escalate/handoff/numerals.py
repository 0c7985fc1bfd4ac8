"""Numbers in what was said: in digits of any script, in words, "double four", over pauses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from escalate.handoff.vocabulary import Vocabulary

# Digits, words and single letters; what lies between two of them has to be a pause.
_PIECE: Final = re.compile(r"\d+|[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_PAUSE: Final = re.compile(r"[\s.,\-\u2013/\u2026]{0,6}")


@dataclass(frozen=True, slots=True)
class Run:
    """Digits said one after the other: where they stand, and in which groups they came."""

    digits: str
    start: int
    end: int
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    end: int
    digits: str  # "" for a word that stands for no digit but may stand among them
    written: bool
    tens: bool = False
    repeat: int = 1


def runs_of(text: str, words: Vocabulary) -> Iterator[Run]:
    """Yield the longest runs of digits in `text`."""
    run: list[_Piece] = []
    for piece in _pieces(text, words):
        if run and (piece is None or not _PAUSE.fullmatch(text, run[-1].end, piece.start)):
            yield from _finished(run)
            run = []
        if piece is not None:
            run.append(piece)
    yield from _finished(run)


def _pieces(text: str, words: Vocabulary) -> Iterator[_Piece | None]:
    """Yield what belongs to numbers, and None for every word that does not."""
    for match in _PIECE.finditer(text):
        start, end = match.span()
        if match[0][0].isdecimal():
            digits = "".join(str(unicodedata.decimal(digit)) for digit in match[0])
            yield _Piece(start, end, digits, written=True)
            continue
        word = match[0].lower()
        if words.unspaced and not all(letter in words.digits for letter in word):
            yield from _letters(match, words)
        elif words.unspaced:
            yield _Piece(start, end, "".join(words.digits[x] for x in word), written=False)
        elif word in words.tens:
            yield _Piece(start, end, words.tens[word], written=False, tens=True)
        elif word in words.digits:
            yield _Piece(start, end, words.digits[word], written=False)
        elif word in words.repeats:
            yield _Piece(start, end, "", written=False, repeat=words.repeats[word])
        elif word in words.pauses:
            yield _Piece(start, end, "", written=False)
        else:
            yield None


def _letters(match: re.Match[str], words: Vocabulary) -> Iterator[_Piece | None]:
    """Yield digits among the letters of a script that writes no blanks."""
    for place, letter in enumerate(match[0].lower(), start=match.start()):
        digit = words.digits.get(letter)
        yield _Piece(place, place + 1, digit, written=False) if digit else None


def _finished(run: list[_Piece]) -> Iterator[Run]:
    """Yield a run without the pauses at its ends, if it holds digits."""
    written = any(piece.written for piece in run)
    # An "oh" at the edge of a number that is written in digits is a sigh and no zero.
    solid = [
        place
        for place, piece in enumerate(run)
        if piece.digits and (piece.written or not written or piece.digits != "0")
    ]
    if not solid:
        return
    pieces = run[_first_of(run, solid[0]) : solid[-1] + 1]
    digits, groups, repeat, tens = "", [], 1, False
    for piece in pieces:
        if not piece.digits:
            repeat = piece.repeat if piece.repeat > 1 else repeat
            continue
        if tens and len(piece.digits) == 1 and not piece.written:
            # "forty one" is 41, not 401.
            digits = digits[:-1] + piece.digits
        else:
            digits += piece.digits * repeat
            groups.append(len(piece.digits) * repeat)
        repeat, tens = 1, piece.tens
    yield Run(digits, pieces[0].start, pieces[-1].end, tuple(groups))


def _first_of(run: list[_Piece], first: int) -> int:
    """Return where the number begins: a "double" in front belongs to it."""
    return first - 1 if first and run[first - 1].repeat > 1 else first
