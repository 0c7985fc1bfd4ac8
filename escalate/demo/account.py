"""A call told for the page: each event of the local Plivo's log with all that is drawn of it.

What an event means is decided here; the page only draws. Messages are plain JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from escalate.demo.ladder import Rung, rungs
from escalate.demo.narrator import Narrator, Sentence
from escalate.demo.picture import Painter
from escalate.demo.record import Event, is_humans_own, plain
from escalate.demo.transcripts import spoken
from escalate.detect import Detector, Heard
from escalate.page import Attention, Finding

Message = Mapping[str, Any]

# The bot's words are known when it has spoken them, and may be told a moment late.
_LATE_S: Final = 0.3
# 401 or 407, 180, 200.
_TOLD_BY_SIP: Final = frozenset({"leg.challenged", "leg.ringing", "leg.answered"})


@dataclass(frozen=True, slots=True)
class Turn:
    """A bubble of the conversation. `text` is None while nobody knows the words."""

    who: str
    name: str
    text: str | None


class Account:
    """Tells one call. `names` are the configured names of destinations, by address."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._narrator = Narrator(names)
        self._painter = Painter(names)
        self._attention = Attention(Detector())
        self._names = {plain(address): name for address, name in names.items()}
        # Humans with a call of their own, by its id.
        self._called: dict[str, str] = {}
        # Legs whose SIP messages are told.
        self._on_wire: set[str] = set()
        self._bot_turns: list[tuple[float, int]] = []
        self._zero: float | None = None

    def tell(self, event: Event) -> Iterator[Message]:
        """Yield the messages of one event of the log."""
        if self._zero is None:
            self._zero = event["at"]
        if is_humans_own(event):
            self._called[event["call"]] = self._name(event)
        sentence = self._narrator.tell(event)
        turn = self._turn(event)
        if turn is not None and turn.who == "bot":
            self._bot_turns.append((event["at"], event["seq"]))
        yield {
            "type": "event",
            "seq": event["seq"],
            "at": round(event["at"] - self._zero, 3),
            "kind": event["kind"],
            "source": event.get("source"),
            "sentence": None
            if sentence is None
            else {"who": sentence.who, "text": sentence.text, "weight": sentence.weight},
            "turn": None if turn is None else asdict(turn),
            "rungs": [asdict(rung) for rung in self._rungs(event, sentence)],
            "picture": asdict(self._painter.paint(event)),
        }
        yield from _told(self._listen(event))

    def _rungs(self, event: Event, sentence: Sentence | None) -> tuple[Rung, ...]:
        """Return the arrows of an event; what a SIP message has told already is not told twice."""
        leg = event.get("leg")
        if leg is not None and event["kind"].startswith("sip."):
            self._on_wire.add(leg)
        if leg in self._on_wire and event["kind"] in _TOLD_BY_SIP:
            return ()
        return rungs(event, sentence)

    def _listen(self, event: Event) -> list[Finding]:
        if event["kind"] == "stream.opened":
            self._attention.begin_anew(event["at"])
        if event["kind"] != "caller.says":
            return []
        text, at = event["text"], event["at"]
        # As a streaming recogniser hands it over, word by word.
        results = [Heard(line.text, line.final) for line in spoken(text, at)]
        return self._attention.caller_said(event["seq"], text, results, at)

    def bot_said(self, text: str, at: float) -> Iterator[Message]:
        """Yield the words of the bot that were known at `at`, in the log's own seconds."""
        began = [seq for began_at, seq in self._bot_turns if began_at <= at + _LATE_S]
        if not began:
            return
        yield {"type": "words", "seq": began[-1], "text": text}
        yield from _told(self._attention.bot_said(text, at))

    def _turn(self, event: Event) -> Turn | None:
        match event["kind"]:
            case "caller.says":
                return Turn("caller", "Caller", event["text"])
            case "leg.says":
                return Turn("human", self._name(event), event["text"])
            case "heard.started" if event["source"] == "bot":
                return Turn("bot", "Bot", None)
            case "heard.started" if event["source"] == "speak" and "text" in event:
                whom = self._called.get(event["call"])
                return Turn("plivo", f"Plivo to {whom}" if whom else "Plivo", event["text"])
        return None

    def _name(self, event: Event) -> str:
        return self._names.get(plain(event["to"]), str(event["to"]))


def _told(findings: Sequence[Finding]) -> Iterator[Message]:
    for finding in findings:
        yield {"type": "finding", **asdict(finding)}
