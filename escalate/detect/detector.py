"""The detector of one call: signals in, decisions out. It knows no clock and waits for nothing."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import Final

from escalate.detect.asking import IDENTITY, REQUEST, Found
from escalate.detect.compiled import Engine, compiled
from escalate.detect.meter import Meter, Sign
from escalate.detect.policy import DetectPolicy
from escalate.detect.repeats import Questions
from escalate.detect.signals import (
    Armed,
    BotFailed,
    BotSaid,
    Decision,
    Digit,
    Escalate,
    Evidence,
    Heard,
    Retract,
    Signal,
    Tick,
    Verdict,
)
from escalate.detect.text import spans_of, words_of
from escalate.values import Trigger

# Engines that work on UTF-8 cannot take these.
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_LONGEST_UTTERANCE: Final = 80  # words; what an unfinished utterance may carry into the next final

_TROUBLE: Final = {
    "misunderstood": (Trigger.UNCLEAR, "misunderstood"),
    "frustration": (Trigger.FRUSTRATED, "frustration"),
    "profanity": (Trigger.FRUSTRATED, "profanity"),
    "no_match": (Trigger.UNCLEAR, "no_match"),
    "apology": (Trigger.UNCLEAR, "apology"),
}


class Detector:
    """Listens to one call and says when the caller needs a human.

    Signals must come in the order of their times. After an `Escalate` the detector is latched: it
    says nothing but `Retract` until `reset`. `Armed` comes at most once an utterance; a final
    without the request takes it back with `Retract`.
    """

    def __init__(
        self,
        policy: DetectPolicy = DetectPolicy(),  # noqa: B008 - frozen
        *,
        compile_expressions: Engine | None = None,
    ) -> None:
        """Listen by `policy`; compiled parts are shared with every detector of the same policy.

        Raises:
            ConfigurationError: The policy cannot be carried out; the message names the reason.
        """
        self._compiled = compiled(policy, compile_expressions)
        self._policy = policy
        self._meter = Meter(half_life_s=policy.half_life_s, cool_down_s=policy.cool_down_s)
        self._questions = Questions(self._compiled.reader.small_words)
        self._latched = False
        self._armed = False
        self._unfinished: tuple[str, float] | None = None
        self._offered_at: float | None = None
        self._promised: tuple[float, Evidence] | None = None
        self._digit: tuple[float, str] | None = None
        self._digits_until = float("-inf")
        self._quiet_since: float | None = None

    @property
    def latched(self) -> bool:
        """Whether an escalation is open, as far as this detector knows."""
        return self._latched

    def latch(self, now: float) -> None:
        """Note that an escalation was opened by other means, a tool of the LLM for example."""
        self._latched, self._armed = True, False
        self._promised = self._digit = self._offered_at = None

    def reset(self, now: float) -> None:
        """Note that the escalation has ended: listen again, with a clean slate."""
        self._latched = self._armed = False
        self._unfinished = self._offered_at = self._promised = self._digit = None
        self._quiet_since = now
        self._meter.clear()
        self._questions.clear()

    def receive(self, signal: Signal, now: float) -> Decision | None:
        """Return what `signal` at `now` (seconds, on any one clock) changes, if anything."""
        match signal:
            case Heard():
                return self._heard(signal, now)
            case BotSaid():
                return self._bot_said(signal, now) or self._overdue(now)
            case Digit():
                return self._pressed(signal, now)
            case BotFailed():
                evidence = _bare_evidence("bot-failed", signal.part)
                self._sign("bot_failed", Trigger.BOT_FAILED, now, evidence)
                return self._judge(now)
            case Verdict():
                return self._verdict(signal, now)
            case Tick():
                return self._overdue(now) or self._silence(now)

    # -- the caller's words ------------------------------------------------------------------

    def _heard(self, heard: Heard, now: float) -> Decision | None:
        self._quiet_since = now
        text = self._joined(heard.text, now)
        words = words_of(text)
        if self._latched:
            return self._taken_back(text, words) if heard.final else None
        asked = self._asks(text, words, heard.language, now)
        if not heard.final:
            return self._arm(asked)
        goes_on = asked is None and self._compiled.reader.unfinished(words)
        self._unfinished = (text, now) if goes_on and len(words) <= _LONGEST_UTTERANCE else None
        if asked is not None:
            return self._escalate(asked.trigger, asked.evidence, now)
        self._caller_trouble(heard.text, words if text is heard.text else words_of(heard.text), now)
        was_armed, self._armed = self._armed, False
        return self._judge(now) or self._overdue(now) or (Retract() if was_armed else None)

    def _joined(self, text: str, now: float) -> str:
        if self._unfinished is None or now - self._unfinished[1] > self._policy.join_s:
            return text
        return f"{self._unfinished[0]} {text}"

    def _arm(self, asked: Armed | None) -> Armed | None:
        if asked is None or self._armed:
            return None
        self._armed = True
        return asked

    def _asks(
        self, text: str, words: Sequence[str], language: str | None, now: float
    ) -> Armed | None:
        return (
            self._asks_for_human(text, words, language)
            or self._says_phrase(text, words)
            or self._matches_expression(text)
            or self._accepts_offer(text, words, language, now)
        )

    def _asks_for_human(
        self, text: str, words: Sequence[str], language: str | None
    ) -> Armed | None:
        if not self._policy.asks:
            return None
        read = self._compiled.reader.request
        found = read(words, REQUEST, language)
        if found is None and self._policy.asks_if_human:
            found = read(words, IDENTITY, language)
        return Armed(Trigger.ASKED, (_evidence(found, text),)) if found else None

    def _says_phrase(self, text: str, words: Sequence[str]) -> Armed | None:
        for hit in self._compiled.phrases.find(words):
            if hit.phrase.even_negated or not self._compiled.reader.negated(words, hit.first):
                span = _span(text, hit.first, hit.last)
                evidence = Evidence("phrase", text[slice(*span)], span, text)
                return Armed(Trigger.PHRASE, (evidence,))
        return None

    def _matches_expression(self, text: str) -> Armed | None:
        if not self._compiled.expressions:
            return None
        for expression, (start, end) in self._compiled.matches(_LONE_SURROGATE.sub("?", text)):
            before = words_of(text[:start])
            if expression.even_negated or not self._compiled.reader.negated(before, len(before)):
                rule = f"expression:{expression.pattern}"
                evidence = Evidence(rule, text[start:end], (start, end), text)
                return Armed(Trigger.PHRASE, (evidence,))
        return None

    def _accepts_offer(
        self, text: str, words: Sequence[str], language: str | None, now: float
    ) -> Armed | None:
        if self._offered_at is None or now - self._offered_at > self._policy.offer_s:
            return None
        found = self._compiled.reader.answer(words, language)
        if found is None or found.hit.rule.kind != "yes":
            return None
        return Armed(Trigger.ASKED, (_evidence(found, text),))

    def _taken_back(self, text: str, words: Sequence[str]) -> Retract | None:
        found = self._compiled.reader.taken_back(words)
        return Retract((_evidence(found, text),)) if found else None

    # -- signs of trouble --------------------------------------------------------------------

    def _caller_trouble(self, text: str, words: Sequence[str], now: float) -> None:
        for found in self._compiled.reader.trouble(words):
            trigger, weight = _TROUBLE[found.hit.rule.kind]
            self._sign(weight, trigger, now, _evidence(found, text))
        if self._questions.repeats(words):
            evidence = Evidence("same-question", text, (0, len(text)), text)
            self._sign("same_question", Trigger.UNCLEAR, now, evidence)

    def _bot_said(self, said: BotSaid, now: float) -> Decision | None:
        self._quiet_since = now
        if self._latched:
            return None
        self._offered_at = None
        signs: dict[str, Evidence] = {}
        for found in self._compiled.reader.bot(words_of(said.text)):
            kind, evidence = found.hit.rule.kind, _evidence(found, said.text)
            if kind == "promise" and self._policy.promise_s:
                self._promised = self._promised or (now, evidence)
            elif kind == "offer":
                self._offered_at = now
            elif kind in _TROUBLE:
                signs.setdefault(kind, evidence)
        # "Sorry, I did not catch that" is one sign and not two.
        for kind in ("no_match", "apology"):
            if kind in signs:
                trigger, weight = _TROUBLE[kind]
                self._sign(weight, trigger, now, signs[kind])
                break
        return self._judge(now)

    def _verdict(self, verdict: Verdict, now: float) -> Decision | None:
        if not verdict.escalate:
            return None
        evidence = _bare_evidence(f"predicate:{verdict.name}", verdict.name, verdict.score)
        self._sign("verdict", Trigger.PREDICATE, now, evidence, share=verdict.score)
        return self._judge(now)

    def _silence(self, now: float) -> Decision | None:
        since = self._quiet_since
        if since is None or self._latched or not self._policy.silence_s:
            self._quiet_since = now if since is None else since
            return None
        if now - since < self._policy.silence_s:
            return None
        self._quiet_since = now
        self._sign("silence", Trigger.SILENCE, now, _bare_evidence("silence", ""))
        return self._judge(now)

    def _sign(
        self, weight: str, trigger: Trigger, now: float, evidence: Evidence, share: float = 1.0
    ) -> None:
        if not self._latched:
            amount = getattr(self._policy.weights, weight) * share
            self._meter.add(Sign(evidence.rule, trigger, amount, now, evidence))

    def _judge(self, now: float) -> Decision | None:
        if self._latched or self._meter.level(now) < 1.0:
            return None
        return self._escalate(self._meter.heaviest(now), self._meter.evidence(), now)

    # -- keys and promises -------------------------------------------------------------------

    def _pressed(self, pressed: Digit, now: float) -> Decision | None:
        self._quiet_since = now
        alone_s = self._policy.digit_alone_s
        in_a_row, self._digits_until = now < self._digits_until, now + alone_s
        self._digit = None
        if self._latched or in_a_row or pressed.digit not in self._policy.digits:
            return None
        if alone_s:
            self._digit = (now, pressed.digit)
            return None
        return self._escalate(Trigger.DIGIT, (_bare_evidence("digit", pressed.digit),), now)

    def _overdue(self, now: float) -> Decision | None:
        """Return the escalation that a lone key or an unkept promise has become, by `now`."""
        if self._latched:
            return None
        if self._digit is not None and now - self._digit[0] >= self._policy.digit_alone_s:
            evidence = _bare_evidence("digit", self._digit[1])
            return self._escalate(Trigger.DIGIT, (evidence,), now)
        if self._promised is not None and now - self._promised[0] >= self._policy.promise_s:
            return self._escalate(Trigger.PROMISED, (self._promised[1],), now)
        return None

    def _escalate(self, trigger: Trigger, evidence: tuple[Evidence, ...], now: float) -> Escalate:
        self.latch(now)
        return Escalate(trigger, evidence)


class _Own(threading.local):
    """The detector that judges single turns; one for each thread, for it has a state."""

    detector: Detector | None = None


_OWN: Final = _Own()


def wants_human(text: str) -> bool:
    """Return whether `text` alone, one complete turn of a caller, escalates.

    It is what a `Detector` of the default policy, with every pack, does with it as the first final
    of a call. Threads may share this function.
    """
    detector = _OWN.detector
    if detector is None:
        detector = _OWN.detector = Detector()
    detector.reset(0.0)
    return isinstance(detector.receive(Heard(text), 0.0), Escalate)


def _evidence(found: Found, text: str) -> Evidence:
    hit = found.hit
    span = _span(text, hit.first, hit.last)
    return Evidence(hit.rule.name, text[slice(*span)], span, text, found.score, found.pack.language)


def _span(text: str, first: int, last: int) -> tuple[int, int]:
    spans = spans_of(text)
    return (spans[first][0], spans[last][1]) if last < len(spans) else (0, len(text))


def _bare_evidence(rule: str, words: str, score: float = 1.0) -> Evidence:
    return Evidence(rule, words, (0, len(words)), words, score)
