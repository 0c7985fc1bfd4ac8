"""Folding and words: spellings a caller cannot tell apart are one."""

from __future__ import annotations

import pytest

from escalate.detect.text import fold, spans_of, words_of


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("I DON'T", "i dont"),
        ("I don\u2019t", "i dont"),
        ("¿Está Señor?", "¿esta senor?"),
        ("Straße", "strasse"),
        ("İstanbul \u0131l\u0131k", "istanbul ilik"),
        ("Łódź", "lodz"),
        ("\uff21\uff22", "ab"),
        ("مُوَظَّف أُريد", "موظف اريد"),
        ("\u202eagent\u202c", "agent"),
        ("e\u0301", "e"),
    ],
)
def test_folding(text: str, folded: str) -> None:
    """Case, accents, apostrophes, width, vowel marks and direction marks make no difference."""
    assert folded == fold(text)


def test_han_and_kana_are_a_word_each() -> None:
    """Scripts without blanks are taken apart; packs join them again."""
    assert ["転", "人", "工", "ok"] == words_of("転人工 OK")


def test_vowel_signs_stay_with_their_word() -> None:
    """A Hindi word is not broken at its vowel signs."""
    assert ["मुझे", "इंसान"] == words_of("मुझे, इंसान।")


def test_a_pause_after_no_is_a_word() -> None:
    """`No, ...` can be told from `no ...`, in any of the languages that negate with that word."""
    assert ["no", ",", "quiero"] == words_of("No, quiero")
    assert ["no", "quiero"] == words_of("no quiero")
    assert ["uno", "quiero"] == words_of("uno, quiero")


@pytest.mark.parametrize(
    "text", ["Well, I'd like a hu\u00adman!", "no, à l\u2019agent", "真人 please"]
)
def test_spans_point_at_the_words(text: str) -> None:
    """Each word has a span, and what stands there folds to it."""
    spans = spans_of(text)
    assert len(words_of(text)) == len(spans)
    quoted = [words_of(text[start:end]) for start, end in spans]
    assert [word for word in words_of(text) if word != ","] == [q[0] for q in quoted if q]
