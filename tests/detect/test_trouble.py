"""Signs that a call goes wrong: what each counts, how it fades, and when it is enough."""

from __future__ import annotations

import pytest

from escalate.detect import (
    BotFailed,
    BotSaid,
    Detector,
    DetectPolicy,
    Digit,
    Escalate,
    Heard,
    Signal,
    Tick,
    Verdict,
    Weights,
)
from escalate.detect.meter import Meter, Sign
from escalate.detect.signals import Evidence
from escalate.errors import ConfigurationError
from escalate.values import Trigger

NO_MATCH = BotSaid("Sorry, I didn't catch that.")


def triggers(
    *signals: Signal, every_s: float = 5.0, policy: DetectPolicy | None = None
) -> list[Trigger | None]:
    """Return the trigger of each escalation, None where there is none."""
    detector = Detector(policy or DetectPolicy())
    decisions = [detector.receive(signal, i * every_s) for i, signal in enumerate(signals)]
    return [d.trigger if isinstance(d, Escalate) else None for d in decisions]


def test_three_misunderstandings_are_enough() -> None:
    """A bot that keeps not understanding hands over, with all it said as evidence."""
    detector = Detector()
    assert detector.receive(NO_MATCH, 0.0) is None
    assert detector.receive(NO_MATCH, 10.0) is None
    decision = detector.receive(NO_MATCH, 20.0)
    assert isinstance(decision, Escalate)
    assert Trigger.UNCLEAR is decision.trigger
    assert ["did-not-understand"] * 3 == [one.rule for one in decision.evidence]


def test_signs_fade() -> None:
    """Three misunderstandings spread over a long call are not enough."""
    assert [None] * 3 == triggers(NO_MATCH, NO_MATCH, NO_MATCH, every_s=120.0)


def test_apologies_add_up() -> None:
    """A bot that apologises again and again hands over."""
    sorry = BotSaid("My apologies for the trouble.")
    assert Trigger.UNCLEAR in triggers(sorry, sorry, sorry, sorry)


def test_the_same_question_again_counts() -> None:
    """A caller who asks the same thing again, in these words or others, is not understood."""
    turns = (
        "where is my parcel from last week",
        "I asked where the parcel of last week is",
        "so where is that parcel from last week now",
        "my parcel from last week where is it",
    )
    assert [None, None, None, Trigger.UNCLEAR] == triggers(*map(Heard, turns))


def test_courtesies_said_again_are_no_question() -> None:
    """Thanks and assent come in the same words each time, and ask nothing."""
    thanks = [Heard("thank you that sounds perfect to me")] * 6
    assert [None] * 6 == triggers(*thanks)
    asked = [Heard("where is my order"), Heard("so where's that order of mine then")] * 3
    assert Trigger.UNCLEAR in triggers(*asked)


def test_different_questions_do_not_count() -> None:
    """Words that any two turns share are no repetition."""
    turns = ("where is my parcel", "what does delivery cost", "can I change the address", "thanks")
    assert [None] * 4 == triggers(*map(Heard, turns))


@pytest.mark.parametrize(
    "turns",
    [
        ("this is ridiculous", "you are useless", "I'm so frustrated"),
        ("what the fuck", "this is bullshit", "fuck this"),
        ("esto es inaceptable", "qué vergüenza", "estoy harto"),
        ("das ist eine Frechheit", "das nervt", "unverschämt"),
    ],
)
def test_frustration_adds_up(turns: tuple[str, ...]) -> None:
    """One angry word does nothing; several do, in the caller's language."""
    found = triggers(*map(Heard, turns))
    assert found[0] is None
    assert Trigger.FRUSTRATED in found


def test_silence_counts_per_stretch() -> None:
    """Two stretches of silence are enough; a word in between starts the clock again."""
    silent = DetectPolicy(silence_s=10.0)
    assert [None, None, None, None, Trigger.SILENCE] == triggers(*[Tick()] * 5, policy=silent)
    talking: list[Signal] = [Heard("hello"), Tick(), BotSaid("hi"), Tick(), Heard("so"), Tick()]
    assert [None] * 6 == triggers(*talking, policy=silent)


def test_silence_can_be_switched_off() -> None:
    """No time without a word is too long when the policy says so."""
    assert [None] * 5 == triggers(*[Tick()] * 5, policy=DetectPolicy(silence_s=0), every_s=600.0)


def test_a_bot_that_fails_twice_hands_over() -> None:
    """Errors of the bot's parts count, and the part is named."""
    detector = Detector()
    assert detector.receive(BotFailed("recogniser"), 0.0) is None
    decision = detector.receive(BotFailed("model"), 5.0)
    assert isinstance(decision, Escalate)
    assert Trigger.BOT_FAILED is decision.trigger
    assert ["recogniser", "model"] == [one.words for one in decision.evidence]


def test_a_verdict_counts_by_its_score() -> None:
    """A sure predicate is enough alone; an unsure one adds up; a no does nothing."""
    assert [Trigger.PREDICATE] == triggers(Verdict("angry", True))
    unsure = Verdict("angry", True, 0.6)
    assert [None, Trigger.PREDICATE] == triggers(unsure, unsure)
    assert [None] == triggers(Verdict("angry", False))


def test_the_same_sign_counts_once_in_its_cool_down() -> None:
    """A part that fails in a burst has failed once."""
    assert [None] * 5 == triggers(*[BotFailed("model")] * 5, every_s=0.1)


def test_the_heaviest_trigger_names_the_escalation() -> None:
    """Signs of several kinds add up, and the weightiest kind is reported."""
    found = triggers(NO_MATCH, Heard("this is ridiculous"), Heard("you are useless"))
    assert [None, None, Trigger.FRUSTRATED] == found


def test_weights_are_the_policys() -> None:
    """A sign without weight never counts."""
    policy = DetectPolicy(weights=Weights(no_match=0.0))
    assert [None] * 6 == triggers(*[NO_MATCH] * 6, policy=policy)


def test_a_lone_key_waits_for_company() -> None:
    """Where a bot collects digits, a 0 counts only when no other key is near it."""
    policy = DetectPolicy(digit_alone_s=2.0)
    assert [None, Trigger.DIGIT] == triggers(Digit("0"), Tick(), policy=policy, every_s=3.0)
    in_a_number = (Digit("1"), Digit("0"), Digit("7"), Tick(), Tick())
    assert [None] * 5 == triggers(*in_a_number, policy=policy, every_s=1.0)


def test_a_kept_promise_is_no_sign() -> None:
    """When something was dialled by other means, the bot's promise is kept."""
    detector = Detector()
    assert detector.receive(BotSaid("Let me transfer you to an agent."), 0.0) is None
    detector.latch(0.5)
    assert detector.receive(Tick(), 60.0) is None
    assert detector.latched


def test_an_offer_expires() -> None:
    """A yes long after the offer answers something else."""
    offer = BotSaid("Shall I connect you to an agent?")
    assert [None, Trigger.ASKED] == triggers(offer, Heard("yes please"))
    assert [None, None] == triggers(offer, Heard("yes please"), every_s=60.0)


def test_a_question_about_the_bot_has_a_switch() -> None:
    """Asking whether this is a person escalates only where the policy says so."""
    asks = Heard("am I talking to a real person?")
    assert [None] == triggers(asks)
    assert [Trigger.ASKED] == triggers(asks, policy=DetectPolicy(asks_if_human=True))


def test_requests_can_be_switched_off() -> None:
    """A policy may listen to phrases and trouble alone."""
    assert [None] == triggers(Heard("get me an agent"), policy=DetectPolicy(asks=False))


def test_languages_can_be_chosen() -> None:
    """A policy listens with the packs it names."""
    spanish = Heard("quiero hablar con una persona")
    assert [None] == triggers(spanish, policy=DetectPolicy(languages=("en",)))
    assert [Trigger.ASKED] == triggers(spanish, policy=DetectPolicy(languages=("en", "es")))


def test_meter_forgets_what_is_cleared() -> None:
    """A cleared meter stands at nothing."""
    meter = Meter(half_life_s=60.0, cool_down_s=0.0)
    evidence = Evidence("a", "b", (0, 1), "b")
    meter.add(Sign("a", Trigger.UNCLEAR, 0.8, 0.0, evidence))
    assert 0.4 == pytest.approx(meter.level(60.0))
    meter.clear()
    assert 0.0 == meter.level(60.0)


@pytest.mark.parametrize(
    "wrong", [{"silence_s": -1.0}, {"half_life_s": 0.0}, {"digits": ("10",)}, {"digits": ("a",)}]
)
def test_a_policy_that_can_mean_nothing_is_refused(wrong: dict[str, object]) -> None:
    """Negative durations and keys no telephone has are mistakes."""
    with pytest.raises(ConfigurationError):
        DetectPolicy(**wrong)  # type: ignore[arg-type]
