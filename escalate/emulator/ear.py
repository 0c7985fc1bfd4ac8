"""What the caller hears: a recording in real time, and when sound begins and ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from escalate.emulator import audio

# Shorter than any pause between two turns, longer than the pause between two sentences.
_PAUSE_S: Final = {"bot": 0.7, "human": 0.7, "caller": 0.7, "ring": 5.0}
_LONGEST_S: Final = 3600

Report = Callable[..., None]


@dataclass(slots=True)
class Span:
    """A stretch of sound from one source, short pauses included."""

    source: str
    from_s: float
    to_s: float
    text: str | None = None

    def as_fields(self) -> dict[str, Any]:
        """Return the span as fields of a log event."""
        fields: dict[str, Any] = {
            "source": self.source,
            "ms": round((self.to_s - self.from_s) * 1000),
        }
        if self.text:
            fields["text"] = self.text
        return fields


class Ear:
    """One person's ear. Moments are the carrier's seconds.

    A `listener` is told by whom something was heard, and from which sample to which.
    """

    def __init__(self, report: Report, zero: float) -> None:
        self.zero = zero
        self.spans: list[Span] = []
        self.listener: Callable[[str, int, int], None] | None = None
        self._report = report
        self._open: dict[str, Span] = {}
        self._sound = bytearray()

    def hear(self, source: str, frame: bytes, at: float, text: str | None = None) -> None:
        """Take in a piece of sound that begins at `at`."""
        start = self._record(frame, at)
        if self.listener and start is not None:
            self.listener(source, start, start + len(frame))
        if audio.is_audible(frame):
            span = self._open.get(source)
            if span is None:
                self._open[source] = span = Span(source, at, at, text)
                self._report("heard.started", source=source, **({"text": text} if text else {}))
            span.to_s = at + len(frame) / audio.RATE
        self.settle(at)

    def settle(self, at: float) -> None:
        """Close the spans that have been silent for longer than a pause."""
        for span in list(self._open.values()):
            if at - span.to_s > _PAUSE_S.get(span.source, 5.0):
                self.finish(span.source)

    def finish(self, *sources: str) -> None:
        """Close the spans of these sources, or all of them."""
        for source in sources or tuple(self._open):
            if (span := self._open.pop(source, None)) is not None:
                self.spans.append(span)
                self._report("heard.ended", **span.as_fields())

    def heard(self, from_s: float, length: int) -> bytes:
        """Return this many bytes of the recording from a moment on, silence where there is none."""
        return self.piece(max(0, round((from_s - self.zero) * audio.RATE)), length)

    def piece(self, start: int, length: int) -> bytes:
        """Return this many bytes of the recording from a sample on."""
        return bytes(self._sound[start : start + length]).ljust(length, audio.SILENCE)

    def wav(self) -> bytes:
        """Return the recording, from the moment the call was answered."""
        return audio.write_wav(bytes(self._sound))

    def _record(self, frame: bytes, at: float) -> int | None:
        """Lay a frame over what is there; returns from which sample on, if there is room for it."""
        start = round((at - self.zero) * audio.RATE)
        if start < 0 or start > _LONGEST_S * audio.RATE:
            return None
        # Moments are rounded to samples: what follows on what was heard last is not torn from it.
        if abs(len(self._sound) - start) == 1:
            start = len(self._sound)
        if len(self._sound) < start:
            self._sound.extend(audio.SILENCE * (start - len(self._sound)))
        overlap = min(len(self._sound) - start, len(frame))
        if overlap > 0:
            there = bytes(self._sound[start : start + overlap])
            self._sound[start : start + overlap] = audio.mix(there, frame[:overlap])
        self._sound += frame[max(0, overlap) :]
        return start
