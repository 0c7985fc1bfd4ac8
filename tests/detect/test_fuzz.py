"""Whatever a recogniser hands over, the detector answers, and in time that grows with length."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalate.detect import (
    BotFailed,
    BotSaid,
    Detector,
    DetectPolicy,
    Digit,
    Heard,
    Signal,
    Tick,
    Verdict,
    wants_human,
)
from escalate.detect.packs import load, shipped
from escalate.detect.signals import Armed, Escalate, Evidence, Retract
from escalate.detect.text import spans_of, words_of
from escalate.expressions import linear_time

# Any code point at all, lone surrogates too, among words that rules wait for.
anything = st.text(st.characters(), max_size=80)
telling = st.sampled_from(
    "i want to talk a human agent not no , never mind don't \u202e \x00 真人 担当者 مع से".split(" ")
)
turns = st.one_of(anything, st.lists(st.one_of(telling, anything), max_size=12).map(" ".join))
signals = st.one_of(
    st.builds(Heard, turns, st.booleans(), st.none()),
    st.builds(BotSaid, turns),
    st.builds(Digit, st.text(max_size=2)),
    st.builds(BotFailed),
    st.builds(Tick),
    st.builds(Verdict, st.text(max_size=3), st.booleans(), st.floats(0, 1)),
)
POLICY = DetectPolicy(
    phrases=("close my account", "解約"), expressions=("a+b",), asks_if_human=True
)


@given(turns)
@settings(max_examples=400, deadline=None)
def test_any_text_is_answered(text: str) -> None:
    """There is an answer to every text, and the same one twice."""
    assert wants_human(text) is wants_human(text)


@given(anything)
@settings(max_examples=400, deadline=None)
def test_each_word_has_a_span(text: str) -> None:
    """Words and spans never fall apart by an exception, and spans lie in the text in order."""
    spans = spans_of(text)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert sorted(spans) == spans
    assert isinstance(words_of(text), list)


@given(st.lists(st.tuples(signals, st.floats(0, 100)), max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_signals_are_taken(received: list[tuple[Signal, float]]) -> None:
    """No order of signals raises; evidence quotes its text; a latched detector only retracts."""
    detector = Detector(POLICY, compile_expressions=linear_time)
    now = 0.0
    latched = False
    for signal, later in received:
        now += later
        decision = detector.receive(signal, now)
        evidence = () if decision is None else decision.evidence
        assert all(quotes(one) for one in evidence)
        assert not (latched and isinstance(decision, Armed | Escalate))
        assert isinstance(decision, Armed | Escalate | Retract | None)
        latched = latched or isinstance(decision, Escalate)


def quotes(evidence: Evidence) -> bool:
    """Return whether the evidence's words stand where it says."""
    return evidence.words == evidence.text[slice(*evidence.span)]


def calls_for(text: str) -> int:
    """Return how many functions are called to judge `text`."""
    wants_human(text)
    count = 0

    def counted(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        wants_human(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "unit",
    [
        "i want to ",
        "not want to talk to a ",
        "agent ",
        "can you get ",
        "\u0301\u0300",
        "真人",
        "talk with the the ",
        "representativ ",
    ],
)
def test_the_work_grows_with_the_length(unit: str) -> None:
    """A turn of twice the length takes at most about twice the operations."""
    short, long = calls_for(unit * 400), calls_for(unit * 800)
    assert long <= 2.2 * short + 100


def test_no_pattern_repeats_without_bound() -> None:
    """What the engine does at one word is bounded, in every pack."""
    for language in shipped():
        pack = load(language)
        for grammar in (pack._rules, pack._trouble, pack._bot, pack._answers):
            sources = [trial.source for trial in grammar._trials]
            assert sources
            assert not any("*" in source or "+" in source or ",}" in source for source in sources)


@pytest.mark.parametrize(
    "unit", ["a", "agent ", "\x00", "\u202e", "\ud800", "人", "i don't want to talk "]
)
def test_a_megabyte_is_a_turn_like_any_other(unit: str) -> None:
    """A very long turn is answered."""
    size = len(unit.encode(errors="surrogatepass"))
    assert wants_human(unit * (1_000_000 // size)) in (True, False)
