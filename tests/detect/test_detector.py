"""One call at a time: what a detector decides on which signals."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from escalate.detect import (
    Armed,
    BotSaid,
    Decision,
    Detector,
    DetectPolicy,
    Digit,
    Escalate,
    Heard,
    Phrase,
    Retract,
    Signal,
    Tick,
    wants_human,
)
from escalate.values import Trigger


def decisions(
    *signals: Signal, policy: DetectPolicy | None = None, every_s: float = 1.0
) -> list[Decision | None]:
    """Return what a fresh detector says to each of `signals`, `every_s` apart."""
    detector = Detector(policy or DetectPolicy())
    return [detector.receive(signal, i * every_s) for i, signal in enumerate(signals)]


def kinds(*signals: Signal, policy: DetectPolicy | None = None, every_s: float = 1.0) -> list[str]:
    """Return the kinds of decisions, "-" for none."""
    found = decisions(*signals, policy=policy, every_s=every_s)
    return [type(d).__name__ if d else "-" for d in found]


def test_a_request_escalates_with_its_evidence() -> None:
    """A plain request escalates, and the evidence quotes the caller's words where they stand."""
    (decision,) = decisions(Heard("Well, I want a human, please."))
    assert isinstance(decision, Escalate)
    assert Trigger.ASKED is decision.trigger
    (evidence,) = decision.evidence
    assert "want a human" == evidence.words
    assert evidence.words == evidence.text[slice(*evidence.span)]
    assert "en" == evidence.language


def test_a_refusal_is_no_request() -> None:
    """Words under a negation ask for nothing."""
    assert ["-"] == kinds(Heard("I do NOT want a human"))


def test_a_split_utterance_is_read_as_one() -> None:
    """Two finals of one utterance escalate on the second."""
    assert ["-", "Escalate"] == kinds(Heard("can I talk to"), Heard("a person please"))


def test_a_split_negation_still_negates() -> None:
    """The second half alone would be a request; with the first half it is none."""
    assert ["-", "-"] == kinds(Heard("I do not want"), Heard("to talk to a person"))


def test_finals_far_apart_are_not_joined() -> None:
    """What was left unfinished long ago is not continued."""
    signals = Heard("can I talk to"), Heard("a person of the third class")
    assert ["-", "-"] == kinds(*signals, every_s=60.0)


def test_interims_arm_and_finals_commit() -> None:
    """An interim request arms once; the final escalates."""
    signals = (
        Heard("get me a person", final=False),
        Heard("get me a person please", final=False),
        Heard("get me a person please"),
    )
    assert ["Armed", "-", "Escalate"] == kinds(*signals)


def test_a_final_takes_back_what_an_interim_armed() -> None:
    """Words that the final does not confirm lead to nothing."""
    armed, retracted = decisions(
        Heard("can I talk to a person", final=False), Heard("can I talk about a personal loan")
    )
    assert isinstance(armed, Armed)
    assert Retract() == retracted


def test_a_retraction_is_heard_while_latched() -> None:
    """After an escalation only its retraction is reported, until the reset."""
    detector = Detector()
    assert isinstance(detector.receive(Heard("get me an agent"), 0.0), Escalate)
    assert detector.receive(Heard("get me an agent now"), 1.0) is None
    assert isinstance(detector.receive(Heard("no wait, carry on"), 2.0), Retract)
    detector.reset(3.0)
    assert isinstance(detector.receive(Heard("get me an agent"), 4.0), Escalate)


def test_a_configured_phrase_escalates() -> None:
    """A phrase matches whole words, whatever their case, and not under a negation."""
    policy = DetectPolicy(phrases=("close my account", Phrase("lawyer", even_negated=True)))
    assert ["Escalate"] == kinds(Heard("Please CLOSE my account"), policy=policy)
    assert ["-"] == kinds(Heard("do not close my account"), policy=policy)
    assert ["Escalate"] == kinds(Heard("I don't want a lawyer"), policy=policy)


def test_yes_to_an_offer_is_a_request() -> None:
    """The bot's offer turns the caller's yes into a request."""
    offer = BotSaid("Would you like to speak to an agent?")
    assert ["-", "Escalate"] == kinds(offer, Heard("yes please"))
    assert ["-", "-"] == kinds(offer, Heard("no thanks"))


def test_an_unkept_promise_escalates() -> None:
    """The bot said it would connect the caller, and nothing was dialled."""
    promise = BotSaid("I'll transfer you to a colleague")
    assert ["-", "-", "Escalate"] == kinds(promise, Tick(), Tick())


def test_a_key_escalates() -> None:
    """A configured key asks for a human."""
    assert ["-", "Escalate"] == kinds(Digit("7"), Digit("0"))


LONE_TURNS = [
    "i want a human", "I do not want a human", "no human please", "what are your hours",
    "this is useless damn it you keep asking the same", "quiero hablar con un agente", "",
]  # fmt: skip


@pytest.mark.parametrize("text", LONE_TURNS)
def test_a_turn_alone_is_judged_as_the_first_of_a_call(text: str) -> None:
    """`wants_human` says what a fresh detector does, whatever it was asked before."""
    for _ in range(2):
        expected = isinstance(Detector().receive(Heard(text), 0.0), Escalate)
        assert expected is wants_human(text)


def test_threads_judge_turns_side_by_side() -> None:
    """The state of one thread's turn never reaches another's."""
    texts = ["i want to talk to", "a person", "i want a human", "no thanks"] * 50
    expected = [wants_human(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert expected == list(pool.map(wants_human, texts))


def test_the_language_heard_reads_first() -> None:
    """Two packs know the word; the evidence names the language of the recogniser."""
    english, spanish = (
        decisions(Heard("supervisor", language=language))[0] for language in ("en-GB", "es-MX")
    )
    assert isinstance(english, Escalate)
    assert isinstance(spanish, Escalate)
    assert ["en", "es"] == [d.evidence[0].language for d in (english, spanish)]


def test_an_unknown_language_hides_no_pack() -> None:
    """A language without a pack is a hint that nobody can use."""
    assert ["Escalate"] == kinds(Heard("get me a human", language="tlh"))


@pytest.mark.parametrize(
    ("signals", "outcome"),
    [
        ([Heard("no quiero hablar con una persona")], "-"),
        ([Heard("No, quiero hablar con una persona")], "Escalate"),
        ([Heard("no: quiero hablar con una persona")], "Escalate"),
        ([Heard("no"), Heard("quiero hablar con una persona")], "Escalate"),
        ([Heard("não, quero falar com uma pessoa")], "Escalate"),
        ([Heard("não quero falar com uma pessoa")], "-"),
    ],
)
def test_a_pause_after_no_ends_the_negation(signals: list[Signal], outcome: str) -> None:
    """Where "no" also negates, a pause, written or as an end of speech, makes it an answer."""
    assert outcome == kinds(*signals)[-1]


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("no human please", "Escalate"),
        ("no representative", "Escalate"),
        ("no human needed", "-"),
        ("no need for a human", "-"),
        ("no i do not want a human", "-"),
    ],
)
def test_no_before_a_human_is_an_answer_to_the_bot(text: str, outcome: str) -> None:
    """Without punctuation "no human please" is ambiguous: callers refuse in more words."""
    assert [outcome] == kinds(Heard(text))


def test_a_quiet_line_rings_nobody_by_default() -> None:
    """Silence counts only where it was configured."""
    assert ["-"] * 9 == kinds(*[Tick()] * 9, every_s=300.0)
