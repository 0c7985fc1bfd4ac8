"""What a detector listens for, and how much each thing counts. All of it has a default."""

from __future__ import annotations

from dataclasses import dataclass

from escalate.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that always mean "a human, please".

    They match whole words, whatever their case and accents. `inflected` lets each word have
    another ending; `even_negated` makes them count inside "I don't want ..." too.
    """

    text: str
    inflected: bool = False
    even_negated: bool = False


@dataclass(frozen=True, slots=True)
class Expression:
    """A regular expression over the words as the caller said them, in the engine handed in."""

    pattern: str
    even_negated: bool = False


@dataclass(frozen=True, slots=True)
class Weights:
    """How far each sign of trouble moves a call towards a human; at 1.0 it is escalated."""

    no_match: float = 0.4
    apology: float = 0.3
    misunderstood: float = 0.5
    same_question: float = 0.4
    frustration: float = 0.45
    profanity: float = 0.5
    silence: float = 0.6
    bot_failed: float = 0.6
    verdict: float = 1.0


@dataclass(frozen=True, slots=True)
class DetectPolicy:
    """The policy of one detector. Durations are seconds.

    Attributes:
        languages: Packs to listen with; empty means every pack that is shipped.
        asks: Whether a request in the caller's own words escalates.
        asks_if_human: Whether "am I talking to a real person?" escalates, too.
        phrases: Configured phrases; a plain string is a phrase with default switches.
        expressions: Configured regular expressions; they need an engine.
        digits: Keys that ask for a human.
        digit_alone_s: How long a key must stand alone before it counts, for bots that collect
            digits; 0 counts it at once.
        silence_s: Each such stretch without a word from anybody counts as one silence; 0, the
            default, is never: a quiet line is no request.
        promise_s: How long after the bot's promise to connect something must have been dialled; 0
            does not listen to promises.
        join_s: Finals closer together than this may be one utterance.
        offer_s: How long the bot's "shall I connect you?" waits for a yes.
        half_life_s: After this time a sign of trouble counts half.
        cool_down_s: The same sign counts once in this time.
        weights: What each sign of trouble counts.
    """

    languages: tuple[str, ...] = ()
    asks: bool = True
    asks_if_human: bool = False
    phrases: tuple[Phrase | str, ...] = ()
    expressions: tuple[Expression | str, ...] = ()
    digits: tuple[str, ...] = ("0",)
    digit_alone_s: float = 0.0
    silence_s: float = 0.0
    promise_s: float = 2.0
    join_s: float = 4.0
    offer_s: float = 15.0
    half_life_s: float = 90.0
    cool_down_s: float = 1.0
    weights: Weights = Weights()

    def __post_init__(self) -> None:
        """Refuse values that can mean nothing.

        Raises:
            ConfigurationError: A duration is negative, or a key is not one of a telephone.
        """
        for name in ("digit_alone_s", "silence_s", "promise_s", "join_s", "offer_s", "cool_down_s"):
            if getattr(self, name) < 0:
                raise ConfigurationError(f"{name} must not be negative; use 0 to switch it off")
        if self.half_life_s <= 0:
            raise ConfigurationError("half_life_s must be above 0")
        if wrong := [d for d in self.digits if len(d) != 1 or d not in "0123456789*#"]:
            raise ConfigurationError(f"digits: {wrong[0]!r} is no key of a telephone (0-9, * or #)")
