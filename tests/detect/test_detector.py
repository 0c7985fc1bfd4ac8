"""One call at a time: what a detector decides on which signals."""

from __future__ import annotations

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
