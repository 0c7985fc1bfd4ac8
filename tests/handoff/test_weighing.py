"""What words weigh in answers is learned from the lists, and speaks beside the patterns."""

from __future__ import annotations

import json
import math
from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from escalate.handoff.deciding import Reply
from escalate.handoff.reading import Answer
from escalate.handoff.replies import FOLDER, agreed, languages, read_reply
from escalate.handoff.weighing import Weights, features
from tests.handoff.lists import checksum, learned_from, measuring

REFUSALS = (Reply.DECLINE, Reply.DEFER)
CHANCES = st.lists(st.floats(0.001, 1), min_size=4, max_size=4).map(
    lambda parts: {reply: part / sum(parts) for reply, part in zip(Reply, parts, strict=True)}
)


def learned(language: str) -> bytes:
    return (FOLDER / f"{language}.weights").read_bytes()


@cache
def weights(language: str) -> Weights:
    return Weights(learned(language))


@pytest.mark.parametrize("language", languages())
def test_weights_are_learned_from_the_lists_as_they_are(language: str) -> None:
    """After lines were added: `make weights`."""
    head = learned(language).partition(b"\n")[0]
    answers = learned_from(language)
    assert checksum(answers) == json.loads(head)["checksum"]
    assert len(answers) == json.loads(head)["answers"]


@pytest.mark.parametrize("language", languages())
def test_what_was_learned_is_known(language: str) -> None:
    """By the weights alone, nearly all of it, and hardly any where the least likely is taken."""
    answers = learned_from(language)[::7]
    chances = [(meaning, weights(language).chances(line)) for meaning, line in answers]
    right = sum(told != {} and max(told, key=lambda r: told[r]) is said for said, told in chances)
    assert right >= 0.95 * len(answers)
    worst = sum(told != {} and min(told, key=lambda r: told[r]) is said for said, told in chances)
    assert worst <= 0.01 * len(answers)


@given(st.text(max_size=60), st.booleans())
@example("\ud83d\ude00 half of a smile", True)
def test_every_group_of_features_weighs_the_same(speech: str, spaced: bool) -> None:
    """However long the answer is; parts of words weigh less than whole ones."""
    squares = [strength**2 * len(keys) for strength, keys in features(speech, spaced=spaced)]
    assert squares == [] or math.isclose(squares[0], 0.49)
    # A single word has no pair.
    assert all(square == 0 or math.isclose(square, 1) for square in squares[1:])


@given(st.text(max_size=60), st.sampled_from(languages()))
def test_chances_are_of_all_meanings_and_add_up_to_one(speech: str, language: str) -> None:
    """Or there are none, where the words are of another language or no words at all."""
    chances = weights(language).chances(speech)
    assert chances == {} or set(chances) == set(Reply)
    assert chances == {} or math.isclose(sum(chances.values()), 1)


@pytest.mark.parametrize("speech", ["", " ?! ", "συνδέστε την παρακαλώ", "电话接通"])
def test_of_words_that_are_unknown_nothing_is_said(speech: str) -> None:
    """A guess that rests on how many answers are a yes would be one."""
    assert {} == weights("en").chances(speech)


def test_an_english_refusal_is_no_yes_anywhere() -> None:
    """Many people answer in English, and some of its words are words of other languages."""
    said = ["I don't want to speak to her", "don't transfer it", "yes but later", "no, put her off"]
    said += [line for meaning, line in measuring("en") if meaning in REFUSALS][::5]
    for language in languages():
        heard = {line: read_reply(speech=line, language=language).reply for line in said}
        assert [] == [line for line, reply in heard.items() if reply is Reply.ACCEPT], language


@pytest.mark.parametrize("said", [*REFUSALS, Reply.UNCLEAR])
def test_nothing_that_patterns_know_becomes_a_yes_that_they_do_not_hear(said: Reply) -> None:
    """However likely the weights hold it; what patterns know a part of may."""
    chances = {Reply.ACCEPT: 0.9999, said: 0.0001}
    assert Reply.UNCLEAR is agreed(Answer(said, whole=True), chances)
    assert Reply.ACCEPT is agreed(Answer(said), chances)


@given(st.sampled_from(REFUSALS), st.floats(0, 1))
def test_a_yes_against_the_patterns_is_nearly_certain(said: Reply, chance: float) -> None:
    """Thirty to one by the weights, where the patterns know only a part."""
    if agreed(Answer(said), {Reply.ACCEPT: chance, said: 1 - chance}) is Reply.ACCEPT:
        assert chance > 0.96


@given(CHANCES)
def test_a_yes_is_likely_by_both(chances: dict[Reply, float]) -> None:
    """One that the patterns do not know is, and one that they know is not unlikely."""
    if agreed(Answer(Reply.UNCLEAR), chances) is Reply.ACCEPT:
        assert chances[Reply.ACCEPT] >= 0.7
    if agreed(Answer(Reply.ACCEPT), chances) is Reply.ACCEPT:
        assert chances[Reply.ACCEPT] > 0.3


def test_a_recording_is_none_whatever_the_weights_say() -> None:
    """A caller never gets to a voicemail."""
    recording = Answer(Reply.DECLINE, machine=True)
    assert Reply.DECLINE is agreed(recording, {Reply.UNCLEAR: 1.0})


@pytest.mark.parametrize("damage", ["", "head", "cut", "odd", "other", "text"])
def test_damaged_weights_are_refused_when_they_are_read(damage: str) -> None:
    """And not in the middle of a call."""
    whole = learned("tr")
    damaged = {
        "": b"",
        "head": whole.partition(b"\n")[0],
        "cut": whole[:-4],
        "odd": whole[:-1001],
        "other": whole.replace(b'"fingerprint": ', b'"fingerprint": 1'),
        "text": b"no weights\n" + whole,
    }[damage]
    with pytest.raises(ValueError, match="make weights"):
        Weights(damaged)


def test_what_patterns_do_not_know_is_read_by_weights() -> None:
    """Both ways, and with the time that was named."""
    assert Reply.ACCEPT is read_reply(speech="yes that's for me").reply
    assert Reply.DECLINE is read_reply(speech="we already have a supplier").reply
    later = read_reply(speech="I'm stepping out of the meeting, give me thirty seconds")
    assert (Reply.DEFER, 30.0) == (later.reply, later.after_s)
