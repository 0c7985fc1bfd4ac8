"""The two ends of the stream, by themselves: what is sent when, and what counts as heard."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from livekit import rtc

from escalate.livekit import mulaw
from escalate.livekit.audio import CallerAudio, PlayedAudio

LOUD = b"\x00\x20"


@dataclass
class Wire:
    """What reached the carrier, and when."""

    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    clears: int = 0
    began: float = field(default_factory=time.monotonic)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def play(self, audio: bytes) -> None:
        self.pieces.append((time.monotonic() - self.began, audio))
        self.more.set()

    def mark(self, name: str) -> None:
        self.marks.append(name)
        self.more.set()

    def clear(self) -> None:
        self.clears += 1
        self.more.set()

    @property
    def seconds(self) -> float:
        """How much audio was sent."""
        return sum(len(piece) for _, piece in self.pieces) / mulaw.RATE

    async def marked(self, count: int = 1) -> str:
        """Wait for a mark."""
        async with asyncio.timeout(5):
            while len(self.marks) < count:
                self.more.clear()
                await self.more.wait()
        return self.marks[count - 1]

    async def sent(self, seconds: float) -> None:
        """Wait until that much was sent."""
        async with asyncio.timeout(5):
            while self.seconds < seconds - 0.001:
                self.more.clear()
                await self.more.wait()


@pytest_asyncio.fixture(loop_scope="session")
async def wire() -> Wire:
    return Wire()


@pytest_asyncio.fixture(loop_scope="session")
async def output(wire: Wire) -> AsyncIterator[PlayedAudio]:
    output = PlayedAudio(play=wire.play, mark=wire.mark, clear=wire.clear)
    task = asyncio.create_task(output.run())
    yield output
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def speak(output: PlayedAudio, seconds: float) -> None:
    samples = round(seconds * mulaw.RATE)
    await output.capture_frame(rtc.AudioFrame(LOUD * samples, mulaw.RATE, 1, samples))
    output.flush()


def test_every_code_survives_the_way_there_and_back() -> None:
    """Negative zero alone comes back as its twin."""
    codes = bytes(code for code in range(256) if code != 0x7F)
    assert codes == mulaw.encode(mulaw.decode(codes))
    assert mulaw.decode(b"\x7f") == mulaw.decode(b"\xff") == b"\0\0"


def test_the_loudest_samples_are_as_g711_has_them() -> None:
    """ITU-T G.711: 8031 of 8192 is the largest value, in 14 bits."""
    assert b"\x80\x00" == mulaw.encode(b"\xff\x7f\x00\x80")
    assert 4 * 8031 == int.from_bytes(mulaw.decode(b"\x80"), "little", signed=True)


async def test_speech_is_finished_when_the_carrier_says_so(wire: Wire, output: PlayedAudio) -> None:
    """Sent is not heard: playout ends with the word of the carrier, and not before."""
    await speak(output, 0.2)
    waiting = asyncio.create_task(output.wait_for_playout())
    mark = await wire.marked()
    await asyncio.sleep(0.3)
    assert not waiting.done()
    output.played("some other mark")
    output.played(mark)

    heard = await waiting
    assert not heard.interrupted
    assert 0.2 == pytest.approx(heard.playback_position)


async def test_speech_is_sent_in_its_own_pace(wire: Wire, output: PlayedAudio) -> None:
    """A little ahead of the caller's ear, so that an interruption leaves little to throw away."""
    await speak(output, 1.0)
    await wire.marked()

    for at, _ in wire.pieces:
        ahead_s = sum(len(piece) for when, piece in wire.pieces if when <= at) / mulaw.RATE - at
        assert ahead_s < 0.6
    assert 1.0 == pytest.approx(wire.seconds)
    assert all(len(piece) <= 800 for _, piece in wire.pieces)


async def test_an_interruption_says_how_much_was_heard(wire: Wire, output: PlayedAudio) -> None:
    """The carrier forgets what it has not played; what it has is the position."""
    await speak(output, 1.0)
    await wire.sent(0.6)
    output.clear_buffer()
    output.clear_buffer()

    heard = await output.wait_for_playout()
    assert heard.interrupted
    assert 0.2 == pytest.approx(heard.playback_position, abs=0.1)
    assert 1 == wire.clears


async def test_what_is_cleared_before_its_end_is_not_sent_later(
    wire: Wire, output: PlayedAudio
) -> None:
    """Frames of a sentence that was stopped still come in; they are forgotten."""
    samples = 800
    frame = rtc.AudioFrame(LOUD * samples, mulaw.RATE, 1, samples)
    await output.capture_frame(frame)
    await wire.sent(0.1)
    output.clear_buffer()
    await output.capture_frame(frame)
    output.flush()
    await speak(output, 0.1)

    await wire.marked()
    assert 0.2 == pytest.approx(wire.seconds)


async def test_a_pause_repeats_nothing_and_leaves_nothing_out(
    wire: Wire, output: PlayedAudio
) -> None:
    """What the carrier had not played is sent again, and no more."""
    await speak(output, 1.0)
    await wire.sent(0.5)
    output.pause()
    output.pause()
    before = wire.seconds
    unheard_s = before - (time.monotonic() - wire.began)
    await asyncio.sleep(0.2)
    assert before == wire.seconds
    output.resume()
    output.played(await wire.marked())

    assert not (await output.wait_for_playout()).interrupted
    assert 1 == wire.clears
    assert 1.0 + unheard_s == pytest.approx(wire.seconds, abs=0.1)


async def test_what_is_thrown_away_after_a_pause_is_not_heard_again(
    wire: Wire, output: PlayedAudio
) -> None:
    """A session resumes it for a moment; the caller, who has spoken, hears nothing of it."""
    await speak(output, 1.0)
    await wire.sent(0.3)
    output.pause()
    before = wire.seconds
    output.resume()
    for _ in range(5):
        await asyncio.sleep(0)
    output.clear_buffer()

    assert (await output.wait_for_playout()).interrupted
    assert before == wire.seconds


async def test_a_carrier_that_never_answers_does_not_silence_the_bot(
    wire: Wire, output: PlayedAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while the speech counts as heard."""
    monkeypatch.setattr("escalate.livekit.audio._GRACE_S", 0.1)
    await speak(output, 0.1)

    async with asyncio.timeout(2):
        assert not (await output.wait_for_playout()).interrupted


async def test_nobody_waits_for_a_stream_that_is_gone(wire: Wire, output: PlayedAudio) -> None:
    """What was not heard by then is cut, and what comes later is not taken in."""
    await speak(output, 0.5)
    await wire.sent(0.1)
    output.end()
    assert (await output.wait_for_playout()).interrupted
    await speak(output, 0.5)
    await output.wait_for_playout()
    assert wire.seconds < 0.6


async def test_the_caller_is_heard_until_the_stream_ends() -> None:
    """Frames come in order, 20 ms each; then the input is over, however often it is asked."""
    audio = CallerAudio()
    audio.push(b"\xff" * 160)
    audio.push(b"\x80" * 160)
    audio.end()

    frames = [frame async for frame in audio]
    assert [0.02, 0.02] == [frame.duration for frame in frames]
    assert [False, True] == [any(frame.data) for frame in frames]
    assert [] == [frame async for frame in audio]


async def test_a_caller_nobody_listens_to_does_not_fill_the_memory() -> None:
    """The oldest seconds go first."""
    audio = CallerAudio()
    for _ in range(1000):
        audio.push(b"\xff" * 160)
    audio.end()

    assert 250 == len([frame async for frame in audio])
