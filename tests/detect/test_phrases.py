"""Configured phrases and expressions."""

from __future__ import annotations

import re

import pytest

from escalate.detect import Detector, DetectPolicy, Escalate, Expression, Heard, Phrase
from escalate.detect.phrases import PhraseTree
from escalate.detect.text import words_of
from escalate.errors import ConfigurationError
from escalate.expressions import linear_time


def says(policy: DetectPolicy, text: str) -> str | None:
    """Return the words for which `policy` escalates."""
    decision = Detector(policy, compile_expressions=linear_time).receive(Heard(text), 0.0)
    return decision.evidence[0].words if isinstance(decision, Escalate) else None


@pytest.mark.parametrize(
    ("phrase", "text", "words"),
    [
        ("close my account", "please CLOSE my  account", "CLOSE my  account"),
        ("close my account", "close my accounts", None),
        ("café", "to the CAFE", "CAFE"),
        ("解約", "解約したい", "解約"),
        ("cancelación", "la cancelacion ya", "cancelacion"),
    ],
)
def test_a_phrase_is_whole_words(phrase: str, text: str, words: str | None) -> None:
    """Case, accents and blanks make no difference; the ends of words do."""
    assert words == says(DetectPolicy(phrases=(phrase,)), text)


@pytest.mark.parametrize("text", ["cancelling my orders", "cancel my order", "cancelled my order"])
def test_an_inflected_phrase_takes_other_endings(text: str) -> None:
    """Where it is asked for, a word may end otherwise."""
    assert text == says(DetectPolicy(phrases=(Phrase("cancel my order", inflected=True),)), text)


def test_an_inflected_phrase_is_not_any_word() -> None:
    """Another word with the same beginning is another word."""
    policy = DetectPolicy(phrases=(Phrase("bill", inflected=True),))
    assert says(policy, "the billionaires") is None


def test_the_longest_phrase_wins() -> None:
    """Of two phrases that begin together the longer one is quoted."""
    policy = DetectPolicy(phrases=("my lawyer", "my lawyer will call"))
    assert "my lawyer will call" == says(policy, "my lawyer will call you")


def test_a_phrase_without_a_word_is_refused() -> None:
    """A phrase that could never match is a mistake."""
    with pytest.raises(ConfigurationError, match="holds no word"):
        PhraseTree([Phrase("?!")])


def test_phrases_cost_the_same_however_many_there_are() -> None:
    """Looking at a turn visits the same places in a tree of ten phrases and of ten thousand."""
    words = words_of("I would like to know when my parcel number seven arrives please")

    class Counting(dict[str, object]):
        looked = 0

        def __contains__(self, key: object) -> bool:
            Counting.looked += 1
            return super().__contains__(key)

    counts = []
    for size in (10, 10_000):
        tree = PhraseTree(Phrase(f"magic word {number}") for number in range(size))
        tree._root.words = Counting(tree._root.words)  # type: ignore[assignment]
        Counting.looked = 0
        assert [] == tree.find(words)
        counts.append(Counting.looked)
    assert counts[0] == counts[1] > 0


def test_an_expression_matches_what_the_caller_said() -> None:
    """Evidence quotes the match, and a negation before it switches it off unless told otherwise."""
    policy = DetectPolicy(
        expressions=(r"(?i)refund\s+of\s+\d+", Expression("sue", even_negated=True))
    )
    assert "Refund of 30" == says(policy, "a Refund of 30 euros")
    assert says(policy, "I don't want a refund of 30") is None
    assert "sue" == says(policy, "I don't want to sue you")


def test_an_expression_beyond_linear_time_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    """What the engine cannot take is refused when the policy is loaded: one message, the reason."""
    with pytest.raises(ConfigurationError, match=r"cannot be used.*escape"):
        Detector(DetectPolicy(expressions=(r"(a)\1",)), compile_expressions=linear_time)
    assert "" == capfd.readouterr().err


def test_expressions_need_an_engine() -> None:
    """Without an engine no expression is silently ignored."""
    with pytest.raises(ConfigurationError, match="linear-time engine"):
        Detector(DetectPolicy(expressions=("a",)))


def test_many_expressions_are_searched_together() -> None:
    """A turn that matches none of a hundred expressions costs one search."""
    searches = 0

    class Searcher:
        def __init__(self, pattern: str) -> None:
            self._compiled = re.compile(pattern)

        def search(self, text: str) -> re.Match[str] | None:
            nonlocal searches
            searches += 1
            return self._compiled.search(text)

    policy = DetectPolicy(expressions=tuple(f"code {n}" for n in range(100)))
    detector = Detector(policy, compile_expressions=Searcher)
    assert detector.receive(Heard("nothing here"), 0.0) is None
    assert 1 == searches
