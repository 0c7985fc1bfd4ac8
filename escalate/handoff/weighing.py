"""What an answer most likely means, by the weight that its words have in answers seen before.

A linear model for each language, learned from some thousand answers whose meaning is known
(`tests/handoff/learn.py`): its features are parts of words, neighbouring words and pairs of words
near each other, and it costs a fraction of a millisecond. It knows what many people said, and
nothing of what their words mean: `replies.py` lets it speak beside the patterns of a language, and
neither alone makes a yes.
"""

from __future__ import annotations

import json
import math
import sys
import zlib
from array import array
from collections.abc import Iterator
from typing import Final

from escalate.detect.text import words_of
from escalate.handoff.deciding import Reply

ORDER: Final = (Reply.ACCEPT, Reply.DECLINE, Reply.DEFER, Reply.UNCLEAR)
_MOST_WORDS: Final = 80
_LONGEST_PART: Final = 5  # characters
_NEIGHBOURS: Final = 3  # words
_NEAR: Final = 6  # words between the two of a pair, and one
_PART_STRENGTH: Final = 0.7  # of parts of words, beside whole ones
_FEWEST_KNOWN: Final = 0.25  # of the features; what knows fewer is another language, or none


def features(speech: str, *, spaced: bool) -> Iterator[tuple[float, set[int]]]:
    """Yield groups of features as numbers (CRC-32), each group with the strength of one in it.

    A group weighs the same whatever the length of the answer. `spaced` says whether the language
    is written with blanks; without them each character is a word, and parts say what words do.
    """
    words = words_of(f"{speech},")[:_MOST_WORDS]
    if not words:
        return
    line = f"^{(' ' if spaced else '').join(words)}$"
    if speech.rstrip().endswith(("?", "\uff1f", "\u061f")):
        words.append("?")
    yield _group("c", _runs(line, 2, _LONGEST_PART), _PART_STRENGTH)
    if spaced:
        edged = ("^", *words, "$")
        lengths = range(1, _NEIGHBOURS + 1)
        together = (edged[at : at + n] for n in lengths for at in range(len(edged) - n + 1))
        yield _group("w", map(" ".join, together))
    near = (
        f"{word} {later}"
        for at, word in enumerate(words)
        for later in words[at + 1 : at + 1 + _NEAR]
    )
    yield _group("o", near)


class Weights:
    """What was learned of one language."""

    def __init__(self, learned: bytes, *, spaced: bool) -> None:
        head, _, body = learned.partition(b"\n")
        self._spaced = spaced
        about = json.loads(head)
        self._scale: float = about["scale"]
        self._bias: list[float] = about["bias"]
        keys = array("I", body[: 4 * about["features"]])
        if sys.byteorder == "big":
            keys.byteswap()
        self._places = {key: len(ORDER) * number for number, key in enumerate(keys)}
        self._weights = array("b", body[4 * about["features"] :])

    def chances(self, speech: str) -> dict[Reply, float]:
        """Return how likely each meaning is, or nothing where too little of it is known."""
        scores = list(self._bias)
        known = count = 0
        for strength, keys in features(speech, spaced=self._spaced):
            places = [place for key in keys if (place := self._places.get(key)) is not None]
            known, count = known + len(places), count + len(keys)
            for meaning in range(len(ORDER)):
                total = sum(self._weights[place + meaning] for place in places)
                scores[meaning] += self._scale * strength * total
        if not count or known < _FEWEST_KNOWN * count:
            return {}
        raised = [math.exp(score - max(scores)) for score in scores]
        return {reply: part / sum(raised) for reply, part in zip(ORDER, raised, strict=True)}


def _runs(line: str, shortest: int, longest: int) -> Iterator[str]:
    for length in range(shortest, longest + 1):
        yield from (line[at : at + length] for at in range(len(line) - length + 1))


def _group(name: str, found: Iterator[str], strength: float = 1.0) -> tuple[float, set[int]]:
    keys = {zlib.crc32(f"{name}{feature}".encode()) for feature in found}
    return strength / math.sqrt(len(keys) or 1), keys
