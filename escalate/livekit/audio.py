"""The two ends of a Plivo media stream as LiveKit's audio input and output."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from livekit import rtc
from livekit.agents.voice.io import AudioInput, AudioOutput, AudioOutputCapabilities

from escalate.livekit import mulaw

# What the carrier holds in advance bridges a stall of this process; more would only make the time
# at which an interrupted bot was cut off less certain.
_LEAD_S: Final = 0.4
_PIECE_BYTES: Final = mulaw.RATE // 10
# A session resumes what it paused before it throws it away: so much later there is no blip of it.
_RESUME_S: Final = 0.1
# How late the carrier's word that it has played everything may be before we stop waiting for it.
_GRACE_S: Final = 2.0
# What the caller says before anybody listens is kept this long.
_KEPT_FRAMES: Final = 250

Play = Callable[[bytes], None]
Mark = Callable[[str], None]
Clear = Callable[[], None]


class CallerAudio(AudioInput):
    """What the caller says, 8 kHz, one frame for each message of the stream."""

    def __init__(self) -> None:
        super().__init__(label="Plivo")
        self._frames: deque[rtc.AudioFrame] = deque(maxlen=_KEPT_FRAMES)
        self._arrived = asyncio.Event()
        self._ended = False

    async def __anext__(self) -> rtc.AudioFrame:
        """Return the next frame; it is over when the stream is."""
        while not self._frames:
            if self._ended:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self._frames.popleft()

    def push(self, encoded: bytes) -> None:
        """Add mu-law audio."""
        data = mulaw.decode(encoded)
        self._frames.append(rtc.AudioFrame(data, mulaw.RATE, 1, len(encoded)))
        self._arrived.set()

    def end(self) -> None:
        """Nothing comes any more."""
        self._ended = True
        self._arrived.set()


class Segment:
    """One stretch of the bot's speech, and how far the carrier has got with it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.audio = bytearray()
        self.sent = 0
        self.marks = 0
        self.complete = False
        self.waiting_for: str | None = None
        self.over = False
        self._dry_at = 0.0

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.audio) / mulaw.RATE

    def ahead(self, now: float) -> float:
        """Seconds of what was sent that the carrier has not played yet."""
        return max(0.0, self._dry_at - now)

    def overdue(self, now: float) -> float:
        """Seconds since the carrier should have said that it has played everything."""
        return now - self._dry_at - _GRACE_S

    def played(self, now: float) -> float:
        """Seconds the caller has heard."""
        return max(0.0, self.sent / mulaw.RATE - self.ahead(now))

    def next_piece(self, now: float) -> bytes:
        """Take the next piece to send."""
        piece = bytes(self.audio[self.sent : self.sent + _PIECE_BYTES])
        self.sent += len(piece)
        self._dry_at = max(self._dry_at, now) + len(piece) / mulaw.RATE
        return piece

    def next_mark(self) -> str:
        """Name the moment at which everything sent so far has been played."""
        self.marks += 1
        self.waiting_for = f"segment-{self.number}-{self.marks}"
        return self.waiting_for

    def rewind(self, now: float) -> None:
        """What the carrier has not played was thrown away: it has to be sent again."""
        self.sent = round(self.played(now) * mulaw.RATE)
        self._dry_at = now
        self.waiting_for = None


class PlayedAudio(AudioOutput):
    """What the bot says, sent in the pace of speech.

    A segment is finished when the carrier reports that it has played it, so whoever waits for its
    playout waits until the caller has heard it.
    """

    def __init__(self, *, play: Play, mark: Mark, clear: Clear) -> None:
        super().__init__(
            label="Plivo",
            capabilities=AudioOutputCapabilities(pause=True),
            sample_rate=mulaw.RATE,
        )
        self._play = play
        self._mark = mark
        self._clear = clear
        self._segments: deque[Segment] = deque()
        self._open: Segment | None = None
        self._count = 0
        self._wake = asyncio.Event()
        self._paused = False
        self._silent_until = 0.0
        self._closed = False

    # --- what a session does ----------------------------------------------------------------

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Take in speech, faster than it is spoken if need be."""
        if self._closed:
            return
        await super().capture_frame(frame)
        if self._open is None:
            self._count += 1
            self._open = Segment(self._count)
            self._segments.append(self._open)
        # A segment that was cleared takes in the rest of its frames and forgets them.
        if not self._open.over:
            self._open.audio += mulaw.encode(bytes(frame.data))
            self._wake.set()

    def flush(self) -> None:
        """End the segment."""
        super().flush()
        if self._open is not None:
            self._open.complete = True
            self._open = None
            self._wake.set()

    def clear_buffer(self) -> None:
        """Stop at once."""
        now = time.monotonic()
        self._silent_until = 0.0
        if any(segment.ahead(now) or segment.waiting_for for segment in self._segments):
            self._clear()
        for segment in list(self._segments):
            self._finish(segment, segment.played(now), interrupted=True)

    def pause(self) -> None:
        """Hold, and remember where."""
        super().pause()
        if self._paused:
            return
        self._paused = True
        if self._segments:
            self._clear()
            self._segments[0].rewind(time.monotonic())

    def resume(self) -> None:
        """Go on where the caller stopped hearing."""
        super().resume()
        if self._paused:
            self._paused = False
            self._silent_until = time.monotonic() + _RESUME_S
            self._wake.set()

    # --- what the bridge does ---------------------------------------------------------------

    def played(self, name: str) -> None:
        """Take in the carrier's word that everything before a mark has been played."""
        for segment in list(self._segments):
            if segment.waiting_for == name:
                self._finish(segment, segment.seconds, interrupted=False)

    def end(self) -> None:
        """The stream is gone: nothing will be played any more."""
        self._closed = True
        now = time.monotonic()
        for segment in list(self._segments):
            self._finish(segment, segment.played(now), interrupted=True)

    async def run(self) -> None:
        """Send what there is to send, until cancelled."""
        while True:
            self._wake.clear()
            wait_s = self._send()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    def _send(self) -> float | None:
        """Do what can be done now; returns after how many seconds there is more to do."""
        now = time.monotonic()
        if self._paused or not self._segments:
            return None
        if now < self._silent_until:
            return self._silent_until - now
        segment = self._segments[0]
        if segment.waiting_for is not None:
            return self._wait_for_mark(segment, now)
        if segment.sent < len(segment.audio):
            early_s = segment.ahead(now) - _LEAD_S
            if early_s > 0:
                return early_s
            if segment.sent == 0:
                self.on_playback_started(created_at=time.time())
            self._play(segment.next_piece(now))
            return 0.0
        if segment.complete:
            self._mark(segment.next_mark())
            return 0.0
        return None

    def _wait_for_mark(self, segment: Segment, now: float) -> float:
        """A carrier that never says it has played everything must not silence the bot for good."""
        overdue_s = segment.overdue(now)
        if overdue_s >= 0:
            self._finish(segment, segment.seconds, interrupted=False)
        return max(0.0, -overdue_s)

    def _finish(self, segment: Segment, position_s: float, *, interrupted: bool) -> None:
        segment.over = True
        self._segments.remove(segment)
        self._wake.set()
        self.on_playback_finished(playback_position=position_s, interrupted=interrupted)
