"""What words weigh in answers is learned from the lists, and makes no yes by itself."""

from __future__ import annotations

import json
import math
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate.handoff.deciding import Reply
from escalate.handoff.reading import Answer
from escalate.handoff.replies import FOLDER, agreed, languages, read_reply
from escalate.handoff.weighing import Weights, features
from tests.handoff.lists import checksum, learned_from

REFUSALS = (Reply.DECLINE, Reply.DEFER)
CHANCES = st.lists(st.floats(0.001, 1), min_size=4, max_size=4).map(
    lambda parts: {reply: part / sum(parts) for reply, part in zip(Reply, parts, strict=True)}
)


@cache
def weights(language: str) -> Weights:
    learned = (FOLDER / f"{language}.weights").read_bytes()
    return Weights(learned, spaced=language not in ("ja", "zh"))


@pytest.mark.parametrize("language", languages())
def test_weights_are_learned_from_the_lists_as_they_are(language: str) -> None:
    """After lines were added: `make weights`."""
    head = (FOLDER / f"{language}.weights").read_bytes().partition(b"\n")[0]
    answers = learned_from(language)
    assert checksum(answers) == json.loads(head)["checksum"]
    assert len(answers) == json.loads(head)["answers"]


@pytest.mark.parametrize("language", languages())
def test_what_was_learned_is_known(language: str) -> None:
    """By the weights alone, nearly all; with their signs turned, or read as another's, few."""
    answers, learned = learned_from(language)[::7], weights(language)
    chances = [(meaning, learned.chances(line)) for meaning, line in answers]
    right = sum(told != {} and max(told, key=lambda r: told[r]) is said for said, told in chances)
    assert right >= 0.97 * len(answers)
    worst = sum(told != {} and min(told, key=lambda r: told[r]) is said for said, told in chances)
    assert worst <= 0.01 * len(answers)


@given(st.text(max_size=60), st.booleans())
def test_every_group_of_features_weighs_the_same(speech: str, spaced: bool) -> None:
    """However long the answer is."""
    for strength, keys in features(speech, spaced=spaced):
        assert keys == set() or math.isclose(strength**2 * len(keys), 1) or strength < 1
        assert all(0 <= key < 2**32 for key in keys)


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


@given(CHANCES, st.sampled_from(REFUSALS), st.booleans())
def test_a_yes_against_the_patterns_is_nearly_certain(
    chances: dict[Reply, float], said: Reply, whole: bool
) -> None:
    """By the weights themselves, before the patterns make it less likely."""
    if agreed(Answer(said, whole=whole), chances) is Reply.ACCEPT:
        assert chances[Reply.ACCEPT] > 0.85


@given(CHANCES)
def test_a_yes_that_patterns_do_not_know_is_likely(chances: dict[Reply, float]) -> None:
    """And one that they do know is none, if the weights hold it for unlikely."""
    if agreed(Answer(Reply.UNCLEAR), chances) is Reply.ACCEPT:
        assert chances[Reply.ACCEPT] >= 0.7
    if agreed(Answer(Reply.ACCEPT), chances) is Reply.ACCEPT:
        assert chances[Reply.ACCEPT] > 0.3


def test_what_patterns_do_not_know_is_read_by_weights() -> None:
    """Both ways, and with the time that was named."""
    assert Reply.ACCEPT is read_reply(speech="yes that's for me").reply
    assert Reply.DECLINE is read_reply(speech="we already have a supplier").reply
    later = read_reply(speech="hows about ten minutes from now for me")
    assert (Reply.DEFER, 600.0) == (later.reply, later.after_s)
