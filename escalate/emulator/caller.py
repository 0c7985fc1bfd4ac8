"""The scripted caller: what he says and when, counted from the moment his call is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from escalate.emulator import audio, speech


class Mouth(Protocol):
    """The leg's own party: where its sound comes from, and what it notices."""

    def frame(self, at: float) -> bytes:
        """Return the 20 ms that begin at `at`."""

    def bridged(self) -> None:
        """Note that it hears somebody from now on, and is heard."""

    def asked(self) -> None:
        """Note that it begins to hear a question that a key or words would answer."""

    def heard_out(self) -> None:
        """Note that the question is over."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to say; `seconds` overrides how long it takes."""

    at: float
    text: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Utterance:
    """A line as sound. `at` is when it begins, `seconds` how long it lasts."""

    at: float
    text: str
    sound: bytes

    @property
    def seconds(self) -> float:
        """How long it takes to say."""
        return len(self.sound) / audio.RATE


class Voice:
    """The caller's mouth. Silent until `zero`, the moment of the answer, is known."""

    def __init__(self, utterances: Sequence[Utterance] = ()) -> None:
        self.utterances = tuple(utterances)
        self.zero: float | None = None

    @classmethod
    async def of(cls, script: Sequence[Line], *, free_at: float = 0.0) -> Voice:
        """Make the speech of a script; a line waits for the one before it to be over."""
        utterances = []
        for line in sorted(script, key=lambda line: line.at):
            sound = speech.lasting(await speech.speak(line.text), line.seconds)
            utterance = Utterance(max(line.at, free_at), line.text, sound)
            free_at = utterance.at + utterance.seconds
            utterances.append(utterance)
        return cls(utterances)

    async def add(self, script: Sequence[Line], from_s: float) -> tuple[Utterance, ...]:
        """Say more: `at` of these lines counts from second `from_s` of the call."""
        free_at = max((said.at + said.seconds for said in self.utterances), default=0.0)
        lines = [replace(line, at=line.at + from_s) for line in script]
        more = await Voice.of(lines, free_at=free_at)
        self.utterances += more.utterances
        return more.utterances

    def utter(self, utterance: Utterance) -> None:
        """Say something that has been made before."""
        self.utterances = (*self.utterances, utterance)

    def bridged(self) -> None:
        """Notice nothing: what the caller does is told over the control API."""

    asked = heard_out = bridged

    def frame(self, at: float) -> bytes:
        """Return the 20 ms that begin at `at`."""
        if self.zero is None:
            return audio.SILENT_FRAME
        for utterance in self.utterances:
            into = at - self.zero - utterance.at
            if -audio.FRAME_S < into < utterance.seconds:
                start = max(0, round(into * audio.RATE))
                cut = utterance.sound[start : start + audio.FRAME_BYTES]
                return cut.ljust(audio.FRAME_BYTES, audio.SILENCE)
        return audio.SILENT_FRAME
