"""`<Record>`: what the caller says, or with recordSession the whole call, as a WAV file.

Decided where the sources are silent: the beep is not part of the recording; silence is counted
from the last audible sound; only finishOnKey ends a recording, other keys are listed in Digits;
whoever hangs up meanwhile leaves a recording that action and callback are told of; whoever is
transferred leaves one that the callback alone is told of. Every file is a mono WAV, whatever
fileFormat says, and needs no credentials to be fetched.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from escalate.emulator import audio, parameters, sounds
from escalate.emulator.callbacks import Route
from escalate.emulator.legs import Pressed

if TYPE_CHECKING:
    from escalate.emulator.call import Call
    from escalate.emulator.elements_input import Record
    from escalate.emulator.legs import Input
    from escalate.emulator.services import Services

_MOST_KEPT: Final = 200


class Recordings:
    """The newest recordings of the account, by id."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._sounds: OrderedDict[str, bytes] = OrderedDict()

    def keep(self, recording_id: str, sound: bytes) -> None:
        """Keep a recording, and drop the oldest one if there are too many."""
        self._sounds[recording_id] = sound
        while len(self._sounds) > _MOST_KEPT:
            self._sounds.popitem(last=False)

    def wav(self, recording_id: str) -> bytes | None:
        """Return a recording as a file."""
        sound = self._sounds.get(recording_id)
        return None if sound is None else audio.write_wav(sound)

    def url(self, recording_id: str) -> str:
        """Return where a recording can be fetched."""
        return f"{self._base_url}/recordings/{recording_id}.wav"

    def forget(self) -> None:
        """Drop every recording."""
        self._sounds.clear()


class Recording:
    """One recording, from its beginning to its file."""

    def __init__(self, element: Record, call: Call, services: Services) -> None:
        self.id = str(uuid.uuid4())
        self._element = element
        self._call = call
        self._services = services
        self._sound = bytearray()
        self._digits = ""
        self._began_at: float | None = None
        self._is_done = False

    async def run(self) -> dict[str, str]:
        """Record the party; returns the parameters of the action."""
        if self._element.play_beep:
            await self._beep()
        why = "hung up"
        self._begin()
        try:
            with self._call.listening() as inputs:
                why = await self._listen(inputs)
        finally:
            self._finish(bytes(self._sound), why)
        return self.result()

    async def run_beside(self) -> None:
        """Record both sides of the call while its document goes on."""
        call, seconds = self._call, self._element.max_length
        began_at, voice = self._begin(), bytearray()
        async for at in self._services.clock.ticks(audio.FRAME_S):
            if call.over.is_set() or len(voice) >= seconds * audio.RATE:
                break
            voice += call.mouth.frame(at)
        heard = call.ear.heard(began_at, len(voice))
        mixed = await asyncio.to_thread(audio.mix, bytes(voice), heard)
        self._finish(mixed, "hung up" if call.ending else "max length")

    def result(self) -> dict[str, str]:
        """Return the parameters of the action as they stand; -1 while it goes on beside."""
        beside = self._element.record_session and not self._is_done
        milliseconds = -1 if beside else audio.milliseconds(len(self._sound))
        began_ms = -1 if beside else self._epoch_ms()
        return {
            **parameters.standard(self._call, self._services, "Redirect"),
            "RecordUrl": self._services.recordings.url(self.id),
            "RecordingID": self.id,
            "RecordingDuration": str(-1 if beside else round(milliseconds / 1000)),
            "RecordingDurationMs": str(milliseconds),
            "RecordingStartMs": str(began_ms),
            "RecordingEndMs": str(-1 if beside else began_ms + milliseconds),
            "Digits": self._digits,
        }

    def _begin(self) -> float:
        self._began_at = self._services.clock.now()
        self._call.report("record.started", recording=self.id, session=self._element.record_session)
        return self._began_at

    async def _listen(self, inputs: asyncio.Queue[Input]) -> str:
        """Take down what is said; returns why that ended."""
        last_heard_at = self._began_at or 0.0
        async for at in self._services.clock.ticks(audio.FRAME_S):
            frame = self._call.mouth.frame(at)
            self._sound += frame
            if audio.is_audible(frame):
                last_heard_at = at
            if self._finished_by_key(inputs):
                return "finish key"
            if len(self._sound) >= self._element.max_length * audio.RATE:
                return "max length"
            if at - last_heard_at >= self._element.timeout:
                return "silence"
        raise AssertionError("time has no end")

    def _finished_by_key(self, inputs: asyncio.Queue[Input]) -> bool:
        while not inputs.empty():
            event = inputs.get_nowait()
            if isinstance(event, Pressed):
                self._digits += event.digit
                if event.digit == self._element.finish_on_key:
                    return True
        return False

    def _finish(self, sound: bytes, why: str) -> None:
        """Keep the file, log it, and tell the callback URL that it can be had."""
        self._sound, self._is_done = bytearray(sound), True
        self._services.recordings.keep(self.id, sound)
        self._call.report(
            "record.ended",
            recording=self.id,
            url=self._services.recordings.url(self.id),
            ms=audio.milliseconds(len(sound)),
            why=why if self._call.ending or why != "hung up" else "transferred",
        )
        element = self._element
        if element.callback_url:
            route = Route(element.callback_url, element.callback_method)
            self._services.notify("record-callback", route, self.result(), self._call.uuid)

    async def _beep(self) -> None:
        beep = sounds.beeps()
        ear = self._call.ear
        try:
            await sounds.play(
                beep, lambda frame, at: ear.hear("play", frame, at, beep.text), self._services
            )
        finally:
            ear.finish("play")

    def _epoch_ms(self) -> int:
        clock = self._services.clock
        began_at = clock.now() if self._began_at is None else self._began_at
        return round((clock.epoch() - clock.now() + began_at) * 1000)
