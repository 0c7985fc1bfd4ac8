"""Telephones in this process, as many as are called or call; each says frames that can be counted.

They stand on the local Plivo's own SIP modules and so prove nothing about how it speaks SIP: that
is what the foreign peers are for. They prove what it does with sound, and how fast it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Final

from escalate.emulator import audio
from escalate.emulator.clock import Clock
from escalate.emulator.legs import Answered, Ended, Invitation
from escalate.emulator.log import EventLog
from escalate.emulator.masking import Mask
from escalate.emulator.services import Background
from escalate.emulator.sip import sdp
from escalate.emulator.sip.digest import Credentials
from escalate.emulator.sip.door import Door
from escalate.emulator.sip.incoming import Incoming
from escalate.emulator.sip.leg import Patience, SipLeg
from escalate.emulator.sip.message import Request
from escalate.emulator.sip.rtp import Line
from escalate.emulator.sip.stack import Stack
from escalate.emulator.sip.wire import Hop, hop_of

# Two alphabets, so that no frame looks like another one that is cut in the middle.
_FIRST: Final = range(0x10, 0x40)
_SECOND: Final = range(0x40, 0x70)


def frame(number: int) -> bytes:
    """Return 20 ms of sound that none of the 2,000 numbers before it has."""
    high, low = divmod(number % (len(_FIRST) * len(_SECOND)), len(_SECOND))
    return bytes([_FIRST[high], _SECOND[low]]) * (audio.FRAME_BYTES // 2)


class Voice:
    """One telephone's mouth and ear. It says every frame once, and keeps what it hears."""

    def __init__(self, line: Line) -> None:
        self.said = 0
        self.heard = bytearray()
        self.heard_at: float | None = None
        self.is_over = False
        self._line = line

    async def talk(self, clock: Clock) -> None:
        """Say and hear one frame every 20 ms, until the call is over."""
        async for at in clock.ticks(audio.FRAME_S):
            if self.is_over:
                return
            self._line.send(frame(self.said))
            self.said += 1
            heard = self._line.playout.take(at)
            if self.heard_at is None and audio.is_audible(heard):
                self.heard_at = clock.now()
            if self.heard_at is not None:
                self.heard += heard

    def lost(self) -> int:
        """Return how many frames are missing between the first and the last that were heard."""
        found = [number for number in range(self.said + 500) if frame(number) in self.heard]
        return found[-1] - found[0] + 1 - len(found) if found else self.said


class Softphones:
    """All telephones of this process, behind one SIP address."""

    def __init__(self, credentials: Credentials | None = None) -> None:
        """With credentials, whoever calls one of them is challenged."""
        self.clock = Clock()
        self.picked_up: list[Voice] = []
        log = EventLog(self.clock, Mask())
        self.background = Background(log)
        self._stack = Stack(log)
        users = {credentials.username: credentials.password} if credentials else {}
        self._door = Door(self._stack, users, realm="desk")
        self._legs: list[SipLeg] = []

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Softphones]:
        """Listen for calls."""
        await self._stack.open(0)
        self._stack.on_invite = self._invited
        try:
            yield self
        finally:
            for leg in self._legs:
                leg.hang_up()
            await self.background.stop()
            await self._stack.close()

    @property
    def uri(self) -> str:
        """Whom to call: somebody picks up at once."""
        return f"sip:human@{self._stack.address}"

    async def call(self, uri: str, caller_id: str) -> Voice:
        """Call somebody; returns when he has answered."""
        hop = hop_of(uri)
        assert hop is not None
        leg = SipLeg(
            Invitation(leg="", call="", to=uri, caller_id=caller_id),
            hop,
            stack=self._stack,
            patience=Patience(10, 10),
            clock=self.clock,
            background=self.background,
        )
        self._legs.append(leg)
        while not isinstance(event := await leg.next_event(), Answered):
            assert not isinstance(event, Ended), event
        line = leg._line
        assert line is not None
        voice = self._begin(line)
        self.background.start(self._see_off(leg, voice))
        return voice

    async def _see_off(self, leg: SipLeg, voice: Voice) -> None:
        while not isinstance(await leg.next_event(), Ended):
            pass
        voice.is_over = True

    def _begin(self, line: Line) -> Voice:
        voice = Voice(line)
        self.background.start(voice.talk(self.clock))
        return voice

    def _invited(self, request: Request, hop: Hop) -> None:
        if self._door.admits(request, hop):
            self.background.start(self._pick_up(request, hop))

    async def _pick_up(self, request: Request, hop: Hop) -> None:
        media = sdp.read(request.body)
        incoming = await Incoming.open(self._stack, request, hop, media, lambda key: None)
        try:
            incoming.answer()
            voice = self._begin(incoming.line)
            self.picked_up.append(voice)
            await incoming.over.wait()
            voice.is_over = True
        finally:
            incoming.close(480, self.background)
