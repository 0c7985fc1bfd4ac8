"""Which of a caller's words made the detector act, for a reader of the conversation.

It is the product's own detector, reading after the fact what was said. It decides nothing: the one
that did, in the bot's process, heard the words from a recogniser.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from escalate.detect import Armed, BotSaid, Decision, Detector, Escalate, Evidence, Heard, Retract


@dataclass(frozen=True, slots=True)
class Mark:
    """The characters from `begin` to `end` of the utterance with the number `seq`."""

    seq: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A decision of the detector and the words that led to it.

    `armed_after` is how much of the utterance had been heard when it first looked like a request.
    """

    decision: str
    trigger: str
    rule: str
    words: str
    score: float
    language: str | None
    armed_after: str | None
    marks: tuple[Mark, ...]


class Attention:
    """Reads one conversation, in order."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._said: list[tuple[int, str]] = []

    def begin_anew(self, at: float) -> None:
        """Note that the caller is with the bot again, as at first."""
        self._detector.reset(at)

    def caller_said(
        self, seq: int, text: str, results: Iterable[Heard], at: float
    ) -> list[Finding]:
        """Return what the detector makes of an utterance, whose results end with the final one."""
        self._said.append((seq, text))
        armed_after, decision = None, None
        for heard in results:
            decision = self._detector.receive(heard, at)
            if isinstance(decision, Armed):
                armed_after = heard.text
        return list(self._findings(decision, armed_after))

    def bot_said(self, text: str, at: float) -> list[Finding]:
        """Return what the detector makes of an utterance of the bot."""
        return list(self._findings(self._detector.receive(BotSaid(text), at), None))

    def _findings(self, decision: Decision | None, armed_after: str | None) -> Iterator[Finding]:
        if not isinstance(decision, Escalate | Retract):
            return
        kind = "escalate" if isinstance(decision, Escalate) else "retract"
        trigger = decision.trigger.value if isinstance(decision, Escalate) else "taken back"
        for one in decision.evidence:
            yield Finding(
                kind,
                trigger,
                one.rule,
                one.words,
                one.score,
                one.language,
                armed_after,
                tuple(self._marks(one)),
            )

    def _marks(self, evidence: Evidence) -> Iterator[Mark]:
        """Find the words in what was said; a request in pieces stands in several utterances."""
        text, (begin, end) = evidence.text, evidence.span
        for seq, said in reversed(self._said):
            if not text.endswith(said):
                continue
            offset = len(text) - len(said)
            if end > offset:
                yield Mark(seq, max(0, begin - offset), end - offset)
            # What stands before it was said before, with a blank in between.
            text, end = text[: max(0, offset - 1)], min(end, offset - 1)
            if not text or begin >= end:
                return
