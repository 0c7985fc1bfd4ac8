"""Which of a caller's words made the detector act, for a reader of the conversation.

It is the product's own detector, reading the words that the local Plivo's caller says. It decides
nothing: the bot's own one, in its process, hears them from its recogniser.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from escalate.demo.record import Event
from escalate.demo.transcripts import spoken
from escalate.detect import Armed, BotSaid, Decision, Detector, Escalate, Evidence, Heard, Retract


@dataclass(frozen=True, slots=True)
class Mark:
    """The characters from `begin` to `end` of what was said in event number `seq`."""

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
    """Listens to one call. Hand it every event in order, and the bot's words as they are known."""

    def __init__(self) -> None:
        self._detector = Detector()
        self._said: list[tuple[int, str]] = []

    def listen(self, event: Event) -> list[Finding]:
        """Return what the detector makes of an event."""
        if event["kind"] == "stream.opened":
            self._detector.reset(event["at"])
        if event["kind"] != "caller.says":
            return []
        self._said.append((event["seq"], event["text"]))
        armed_after, decision = self._hear(event["text"], event["at"])
        return list(self._findings(decision, armed_after))

    def bot_said(self, text: str, at: float) -> list[Finding]:
        """Return what the detector makes of an utterance of the bot."""
        return list(self._findings(self._detector.receive(BotSaid(text), at), None))

    def _hear(self, text: str, at: float) -> tuple[str | None, Decision | None]:
        """Hear an utterance grow word by word; return where it armed, and the final's decision."""
        armed_after, decision = None, None
        for line in spoken(text, at):
            decision = self._detector.receive(Heard(line.text, line.final), line.at)
            if isinstance(decision, Armed):
                armed_after = line.text
        return armed_after, decision

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
