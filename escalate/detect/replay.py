"""Runs recorded conversations through a policy, and compares two policies.

A recording is JSON lines. Either each line is a conversation:

    {"conv": "a name", "turns": ["hello", {"who": "bot", "text": "How can I help?"}, ...]}

or each line is one turn and the file is the conversation:

    {"who": "caller", "text": "can I talk to", "final": true, "at": 3.5}

A turn that is a plain string is a final of the caller. `who` is caller (the default), bot, digit
(`text` is the key) or failed (`text` is the part); `at` counts seconds. Turns without `at` are ten
seconds apart, so that each stands for itself. `pos` and `amb`, where a conversation has them, are
the indexes of turns that ask for a human, and of those that may be read either way. Lines that
hold a `note` alone are skipped.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from escalate.detect.compiled import Engine
from escalate.detect.detector import Detector
from escalate.detect.policy import DetectPolicy
from escalate.detect.signals import BotFailed, BotSaid, Digit, Escalate, Heard, Signal, Tick
from escalate.errors import ConfigurationError

_TURN_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Turn:
    """One signal of a recording and when it came, in seconds."""

    signal: Signal
    at: float


@dataclass(frozen=True, slots=True)
class Conversation:
    """One recorded conversation; `asks` is None when nobody noted which turns ask for a human."""

    name: str
    turns: tuple[Turn, ...]
    asks: frozenset[int] | None = None
    unclear: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Escalated:
    """A turn at which the policy escalated."""

    turn: int
    decision: Escalate


@dataclass(slots=True)
class Tally:
    """What a policy did with a set of conversations."""

    conversations: int = 0
    turns: int = 0
    escalated: set[int] = field(default_factory=set)
    triggers: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    caught: int = 0
    quiet_turns: int = 0
    false_turns: int = 0

    def add(self, conversation: Conversation, found: Iterable[Escalated]) -> None:
        """Count one conversation."""
        found = list(found)
        if found:
            self.escalated.add(self.conversations)
        self.conversations += 1
        self.turns += len(conversation.turns)
        self.triggers.update(one.decision.trigger.value for one in found)
        if conversation.asks is not None:
            fired = {one.turn for one in found}
            self.asked += bool(conversation.asks)
            self.caught += bool(fired & conversation.asks)
            settled = conversation.asks | conversation.unclear
            self.quiet_turns += len(conversation.turns) - len(settled)
            self.false_turns += len(fired - settled)


def read_recording(name: str, text: str) -> Iterator[Conversation]:
    """Yield the conversations in `text`, the content of a recording called `name`.

    Raises:
        ConfigurationError: A line is no turn and no conversation; the message names it.
    """
    rows = list(_rows(name, text))
    whole = [row for _, row in rows if "turns" in row]
    if whole and len(whole) != len(rows):
        raise ConfigurationError(f"{name}: turns and whole conversations are mixed")
    if not whole:
        if rows:
            yield Conversation(name, tuple(_turns(name, rows)))
        return
    for number, row in rows:
        turns = [(number, {"text": t} if isinstance(t, str) else t) for t in row["turns"]]
        asks = frozenset(row["pos"]) if "pos" in row else None
        yield Conversation(
            str(row.get("conv", f"{name}:{number}")),
            tuple(_turns(name, turns)),
            asks,
            frozenset(row.get("amb", ())),
        )


def _rows(name: str, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as exc:
            raise ConfigurationError(f"{name}, line {number}: this is no JSON: {exc}") from exc
        if not isinstance(row, dict) or not isinstance(row.get("turns", []), list):
            raise ConfigurationError(f"{name}, line {number}: an object is wanted")
        if set(row) != {"note"}:
            yield number, row


def _turns(name: str, rows: Iterable[tuple[int, Any]]) -> Iterator[Turn]:
    at = 0.0
    for number, row in rows:
        try:
            at = float(row["at"]) if "at" in row else at + _TURN_S
            yield Turn(_signal(row), at)
        except (KeyError, TypeError, ValueError) as exc:
            raise ConfigurationError(f"{name}, line {number}: this is no turn: {row!r}") from exc


def _signal(row: Mapping[str, Any]) -> Signal:
    text = str(row["text"])
    match row.get("who", "caller"):
        case "caller":
            return Heard(text, bool(row.get("final", True)), row.get("language"))
        case "bot":
            return BotSaid(text)
        case "digit":
            return Digit(text)
        case "failed":
            return BotFailed(text)
        case other:
            raise ValueError(other)


def replay(
    conversation: Conversation, policy: DetectPolicy, engine: Engine | None = None
) -> list[Escalated]:
    """Return where `policy` escalates; after each escalation the detector starts afresh.

    A second before each turn the detector is told the time, as it is in a call.
    """
    detector = Detector(policy, compile_expressions=engine)
    found = []
    for index, turn in enumerate(conversation.turns):
        for signal, at in ((Tick(), turn.at - 1.0), (turn.signal, turn.at)):
            decision = detector.receive(signal, at)
            if isinstance(decision, Escalate):
                found.append(Escalated(index, decision))
                detector.reset(at)
    return found
