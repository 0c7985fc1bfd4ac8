"""Speak, Play and Wait: sound that Plivo itself makes, paced in real time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from escalate.emulator import audio, parameters, speech
from escalate.emulator.callbacks import Fetched, Policy, Route
from escalate.emulator.document import DocumentRefused, parse
from escalate.emulator.elements import Play, Speak, Wait

if TYPE_CHECKING:
    from escalate.emulator.call import Call
    from escalate.emulator.element import Element
    from escalate.emulator.services import Services

_RING_ON_S: Final = 2.0
_RING_OFF_S: Final = 4.0
_BEEP: Final = audio.tone(0.2, (1000,))
RINGBACK: Final = audio.tone(_RING_ON_S, (440, 480)) + audio.silence(_RING_OFF_S)
# Plivo fetches sound files with these times, and they cannot be configured.
_SOUND_FILE: Final = Policy(connect_s=2.0, read_s=120.0, total_s=244.0, retries=1)
_LARGEST_FILE: Final = 10 * 1024 * 1024

Listener = Callable[[bytes, float], None]


@dataclass(frozen=True, slots=True)
class Sound:
    """A piece of sound, what it says, and how often it is played (0: for ever)."""

    data: bytes
    text: str | None = None
    loop: int = 1


async def of(element: Element, call: Call, services: Services) -> Sound:
    """Return what a Speak, Play or Wait sounds like; a file that cannot be played is nothing."""
    match element:
        case Speak(body=text, loop=loop, language=language):
            return Sound(await speech.speak(text, language.lower()), text, loop)
        case Play(body=url, loop=loop):
            return Sound(await _file(url, call, services), url, loop)
        case Wait(length=seconds):
            return Sound(audio.silence(seconds))
    raise TypeError(f"{type(element).__name__} makes no sound")


def beeps(times: int = 1) -> Sound:
    """Return the short tones that Plivo itself makes."""
    return Sound((_BEEP + audio.silence(0.1)) * times, "beep")


@lru_cache(maxsize=1)
def music() -> Sound:
    """Return the music of somebody who waits and was given no other, without an end."""
    chords = [(262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294)]
    return Sound(b"".join(audio.tone(1.0, chord, 3000) for chord in chords), "music", 0)


async def play(sound: Sound, listener: Listener, services: Services) -> None:
    """Let a listener hear the sound, frame by frame, until its end."""
    if services.clock.silent and sound.loop:
        await services.clock.sleep(sound.loop * len(sound.data) / audio.RATE)
        return
    pieces = audio.frames(sound.data)
    if not pieces:
        return
    remaining = sound.loop * len(pieces) if sound.loop else -1
    at = 0
    async for moment in services.clock.frames():
        if remaining == at:
            return
        listener(pieces[at % len(pieces)], moment)
        at += 1


async def play_over_and_over(
    elements: Sequence[Element], listener: Listener, call: Call, services: Services
) -> None:
    """Play a document of sounds again and again; returns only if there is nothing in it."""
    made = [await of(element, call, services) for element in elements]
    while any(sound.data for sound in made):
        for sound in made:
            await play(sound, listener, services)


async def fetch(what: str, url: str, call: Call, services: Services) -> tuple[Element, ...]:
    """Fetch a document that may only hold Play, Speak and Wait; a bad one is logged and empty."""
    params = parameters.standard(call, services, "Redirect")
    fetched = await services.fetcher.fetch(what, Route(url), params, call.uuid)
    if not fetched.ok:
        return ()
    try:
        elements = parse(fetched.body, fetched.content_type)
        if not all(isinstance(element, (Play, Speak, Wait)) for element in elements):
            raise DocumentRefused("only Play, Speak and Wait are allowed here")
    except DocumentRefused as exc:
        call.report("xml.refused", what=what, reason=str(exc))
        return ()
    return elements


async def _file(url: str, call: Call, services: Services) -> bytes:
    fetched = await services.fetcher.fetch(
        "play", Route(url, "GET"), {}, call.uuid, policy=_SOUND_FILE
    )
    try:
        return audio.read_wav(_checked(fetched))
    except ValueError as exc:
        call.report("play.unreadable", url=url, reason=str(exc))
        return b""


def _checked(fetched: Fetched) -> bytes:
    if not fetched.ok:
        raise ValueError(fetched.error or f"status {fetched.status}")
    if len(fetched.body) > _LARGEST_FILE:
        raise ValueError("larger than 10 MB")
    return fetched.body
