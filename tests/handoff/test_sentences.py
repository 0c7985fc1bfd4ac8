"""Everybody hears his own language, and never in a voice that cannot speak it."""

from __future__ import annotations

import re

import pytest

from escalate.handoff.replies import languages as reply_languages
from escalate.handoff.sentences import (
    FAILURES,
    SLOTS,
    Failure,
    Line,
    Sentences,
    Voice,
    briefing_labels,
    choose_voice,
    sentence_languages,
)
from escalate.plivo.xml.voices import LANGUAGES, check_pair
from escalate.values import Reason

LABELS = {"who", "wants", "tried", "mood", "identifiers"}
WITHHELD = {"card", "national_id", "code", "email", "iban"}
KEYS = {"accept": "1", "decline": "2", "defer": "3"}


def sentences(language: str, **given: object) -> Sentences:
    return Sentences(language, voices=LANGUAGES, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("language", sentence_languages())
def test_every_line_exists_in_every_language(language: str) -> None:
    """With the slots it needs, and short enough to be spoken in one go."""
    spoken = Sentences(language, voices={**LANGUAGES, "Own": (language,)})
    assert language == spoken.language
    for line in Line:
        text = spoken.say(line, slots={"wants": "x", **KEYS}).text
        assert 0 < len(text) <= 300
        assert not re.search(r"[{}]", text)
        assert len(text) > len(spoken.say(line).text) or line not in SLOTS


@pytest.mark.parametrize("language", sentence_languages())
def test_every_reason_has_something_to_say(language: str) -> None:
    """The caller hears why, and then what happens next."""
    spoken = Sentences(language, voices={**LANGUAGES, "Own": (language,)})
    plain = spoken.say(Line.RETURNING).text
    heard = {spoken.say(Line.RETURNING, reason=reason).text for reason in Reason}
    assert len(Failure) == len(heard)
    assert all(text.endswith(plain) and text != plain for text in heard)


def test_every_reason_is_mapped() -> None:
    """A new reason needs a decision what callers are told."""
    assert set(Reason) == set(FAILURES)


@pytest.mark.parametrize("language", sentence_languages())
def test_briefings_have_their_words(language: str) -> None:
    """A label for each part, with one place for what was said."""
    labels = briefing_labels(language)
    assert LABELS | WITHHELD == set(labels)
    assert all(1 == labels[name].count("{}") for name in LABELS)


def test_replies_and_sentences_know_the_same_languages() -> None:
    """Who is asked in a language can answer in it."""
    assert reply_languages() == sentence_languages()


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", Voice("WOMAN", "en-US")),
        ("en-GB", Voice("WOMAN", "en-GB")),
        ("es-MX", Voice("Polly.Mia", "es-MX")),
        ("es-AR", Voice("WOMAN", "es-ES")),
        ("pt-PT", Voice("MAN", "pt-PT")),
        ("hi", Voice("Polly.Aditi", "hi-IN")),
        ("ja", Voice("Polly.Mizuki", "ja-JP")),
        ("zh-CN", Voice("Polly.Zhiyu", "cmn-CN")),
        ("ar-SA", Voice("Polly.Zeina", "arb")),
        ("tr", Voice("Polly.Filiz", "tr-TR")),
    ],
)
def test_a_voice_speaks_the_language_it_is_given(language: str, expected: Voice) -> None:
    """Exact region first, the carrier's own voices before others."""
    assert expected == choose_voice(language, LANGUAGES)


@pytest.mark.parametrize("language", [*sentence_languages(), "sw", "de-CH", "en-ZA", "x", ""])
@pytest.mark.parametrize("voice", ["WOMAN", "MAN", "Polly.Joanna", "nobody"])
def test_no_pair_is_ever_given_that_the_carrier_lacks(language: str, voice: str) -> None:
    """Such a pair would end the call (8011)."""
    spoken = sentences(language, wanted=[voice]).say(Line.GOODBYE).voice
    check_pair(spoken.name, spoken.language)


def test_a_language_without_a_voice_falls_back_as_a_whole() -> None:
    """Text and voice change together: first to the configured language, then to English."""
    assert "One moment, please." == sentences("id").say(Line.ONE_MOMENT).text
    assert "Einen Moment, bitte." == sentences("id", fallback="de").say(Line.ONE_MOMENT).text
    assert "One moment, please." == sentences("sw", fallback="id").say(Line.ONE_MOMENT).text


def test_a_wanted_voice_is_taken_where_it_speaks_the_language() -> None:
    """And the language is never changed for its sake."""
    assert Voice("MAN", "de-DE") == sentences("de", wanted=["MAN"]).voice
    assert Voice("Polly.Vicki", "de-DE") == sentences("de", wanted=["Polly.Vicki", "MAN"]).voice
    assert Voice("Polly.Aditi", "hi-IN") == sentences("hi", wanted=["MAN"]).voice


def test_own_sentences_replace_ours() -> None:
    """With their slots, without our reason in front, and only in the language they are in."""
    own = {"de": {"ask": "Taste {accept}?", "returning": "Weiter."}, "de-AT": {"taken": "Servus."}}
    german = sentences("de", own=own)
    assert "Taste 1?" == german.say(Line.ASK, slots=KEYS).text
    assert "Weiter." == german.say(Line.RETURNING, reason=Reason.BUSY).text
    assert "Servus." == sentences("de-AT", own=own).say(Line.TAKEN).text
    assert "Servus." != german.say(Line.TAKEN).text
    assert "Let us go on, you and I." == sentences("id", own=own).say(Line.RETURNING).text


def test_a_recording_is_played_also_where_no_voice_speaks_the_language() -> None:
    """The other sentences of that language are spoken in the one that stands in for it."""
    url = "https://cdn.example.com/id/goodbye.mp3"
    indonesian = sentences("id", own={"id": {"goodbye": url}})
    played = indonesian.say(Line.GOODBYE, reason=Reason.BUSY)
    assert (url, True) == (played.text, played.recording)
    assert "One moment, please." == indonesian.say(Line.ONE_MOMENT).text


def test_a_mistake_in_own_sentences_is_named() -> None:
    """Before anybody hears it."""
    with pytest.raises(ValueError, match="no sentence 'asks'"):
        sentences("de", own={"de": {"asks": "x"}})
    with pytest.raises(ValueError, match=r"\{name\}; it may hold \{accept\}"):
        sentences("de", own={"de": {"ask": "Hallo {name}"}})
    with pytest.raises(ValueError, match="spoken by the bot"):
        sentences("de", own={"de": {"connecting": "https://cdn.example.com/a.mp3"}})
    with pytest.raises(ValueError, match="no voice for English"):
        Sentences("de", voices={})


def test_what_a_slot_holds_is_text_and_nothing_more() -> None:
    """Braces in a caller's words fill no slot."""
    wants = "{accept} {wants.__class__}"
    said = sentences("en").say(Line.INTRODUCTION, slots={"wants": wants})
    assert "You are connected. {accept} {wants.__class__}" == said.text
