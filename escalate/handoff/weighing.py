"""What an answer most likely means, by the weight that its words have in answers seen before.

A linear model for each language, learned from some thousand answers whose meaning is known
(`tests/handoff/learn.py`): its features are parts of words, neighbouring words and pairs of words
near each other, and it costs a fraction of a millisecond. It knows how many people put it, and
nothing of what words mean: in `replies.py` it speaks beside the patterns of a language.
"""

from __future__ import annotations

import json
import math
import sys
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from escalate.detect.text import words_of
from escalate.handoff.deciding import QUESTION_MARKS, Reply
from escalate.handoff.reading import MOST_WORDS

ORDER: Final = (Reply.ACCEPT, Reply.DECLINE, Reply.DEFER, Reply.UNCLEAR)
_LONGEST_PART: Final = 5  # characters
_NEIGHBOURS: Final = 3  # words
_NEAR: Final = 6  # words between the two of a pair, and one
_PART_STRENGTH: Final = 0.7  # of parts of words, beside whole ones
_FEWEST_KNOWN: Final = 0.5  # of the words; who says fewer speaks another language
_EXAMPLE: Final = "No, he can't talk to her before 10: would you put me through?"
_KEY: Final = "I"  # of `array`: 32 bits


def features(speech: str, *, spaced: bool) -> Iterator[tuple[float, set[int]]]:
    """Yield groups of features as numbers (CRC-32), each group with the strength of one in it.

    A group weighs the same whatever the length of the answer. `spaced` says whether the language
    is written with blanks; without them each character is a word, and parts say what words do.
    """
    words = _words(speech)
    if not words:
        return
    line = f"^{(' ' if spaced else '').join(words)}$"
    if speech.rstrip().endswith(QUESTION_MARKS):
        words.append("?")
    yield _group(_runs("c", "", line, range(2 if spaced else 1, _LONGEST_PART + 1)), _PART_STRENGTH)
    if spaced:
        yield _group(_runs("w", " ", ("^", *words, "$"), range(1, _NEIGHBOURS + 1)))
    near = (
        f"o{word} {later}"
        for at, word in enumerate(words)
        for later in words[at + 1 : at + 1 + _NEAR]
    )
    yield _group(near)


def fingerprint(*, spaced: bool) -> int:
    """Return what changes with the features: weights learned of others are of no use."""
    told = [(strength, sorted(keys)) for strength, keys in features(_EXAMPLE, spaced=spaced)]
    return zlib.crc32(repr(told).encode())


class Weights:
    """What was learned of one language.

    Raises:
        ValueError: If `learned` is damaged, or of other features; the fix is `make weights`.
    """

    def __init__(self, learned: bytes) -> None:
        try:
            head, _, body = learned.partition(b"\n")
            about = json.loads(head)
            self._spaced: bool = about["spaced"]
            self._scale: float = about["scale"]
            self._bias: list[float] = about["bias"]
            keys = array(_KEY, body[: 4 * about["features"]])
            weights = array("b", body[4 * about["features"] :])
            is_whole = len(weights) == len(ORDER) * len(keys) == len(ORDER) * about["features"]
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError("weights of replies are damaged; make weights") from error
        if not is_whole or about["fingerprint"] != fingerprint(spaced=self._spaced):
            raise ValueError("weights of replies are cut short or of other features; make weights")
        if sys.byteorder == "big":
            keys.byteswap()
        each = (weights[meaning :: len(ORDER)] for meaning in range(len(ORDER)))
        self._weights = dict(zip(keys, zip(*each, strict=True), strict=True))

    def chances(self, speech: str) -> dict[Reply, float]:
        """Return how likely each meaning is, or nothing where too few words are known."""
        words = _words(speech)
        known = (
            _number(f"{'w' if self._spaced else 'c'}{word}") in self._weights for word in words
        )
        if not words or sum(known) < _FEWEST_KNOWN * len(words):
            return {}
        scores = list(self._bias)
        for strength, keys in features(speech, spaced=self._spaced):
            found = [weights for key in keys if (weights := self._weights.get(key)) is not None]
            for meaning, total in enumerate(map(sum, zip(*found, strict=True))):
                scores[meaning] += self._scale * strength * total
        raised = [math.exp(score - max(scores)) for score in scores]
        return {reply: part / sum(raised) for reply, part in zip(ORDER, raised, strict=True)}


def _words(speech: str) -> list[str]:
    return words_of(f"{speech},")[:MOST_WORDS]


def _runs(name: str, blank: str, of: Sequence[str], lengths: range) -> Iterator[str]:
    for length in lengths:
        runs = (of[at : at + length] for at in range(len(of) - length + 1))
        yield from (f"{name}{blank.join(run)}" for run in runs)


def _group(found: Iterable[str], strength: float = 1.0) -> tuple[float, set[int]]:
    keys = set(map(_number, found))
    return strength / math.sqrt(len(keys) or 1), keys


def _number(feature: str) -> int:
    return zlib.crc32(feature.encode(errors="surrogatepass"))
