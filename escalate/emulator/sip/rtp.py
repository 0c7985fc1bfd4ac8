"""Sound and keys of one leg over UDP (RFC 3550, and RFC 4733 for the keys).

Inside of the emulator sound is PCMU at 8 kHz in frames of 20 ms; a leg in PCMA is translated here.
"""

from __future__ import annotations

import asyncio
import secrets
import struct
from collections.abc import Callable
from typing import Final, cast

from escalate.emulator import audio
from escalate.emulator.sip import alaw
from escalate.emulator.sip.sdp import PCMA, Media

_HEADER: Final = struct.Struct("!BBHII")
_EVENT: Final = struct.Struct("!BBH")
KEYS: Final = "0123456789*#ABCD"
_VOLUME: Final = 10
# A key lasts 100 ms; its last packet is sent three times because none of them is answered.
_KEY_FRAMES: Final = 5
# So much later than its first packet a source is heard; a late packet adds as much again.
_AHEAD: Final = audio.FRAME_BYTES
_BEHIND: Final = 6 * audio.FRAME_BYTES
_MOST_BEHIND: Final = 40 * audio.FRAME_BYTES
_WRAP: Final = 1 << 32


class Playout:
    """What the other side says, laid out by its own time stamps and read by the carrier's seconds.

    Packets may come late, doubled or out of order, and several may listen. Sound that comes after
    its moment is not dropped: everything is heard that much later, until a pause makes up for it.
    """

    def __init__(self) -> None:
        self._sound = bytearray()
        self._base = 0
        self._zero: int | None = None
        self._due = 0
        self._anchor: float | None = None

    def put(self, timestamp: int, sound: bytes) -> None:
        """Lay down the sound of a packet."""
        end = self._end
        start = end if self._zero is None else _signed(timestamp - self._zero)
        leaps = min(abs(start - end), abs(start - self._due)) > audio.RATE
        if self._zero is None or leaps or end <= start < self._due:
            start = max(self._due, end) + _AHEAD
            self._zero = (timestamp - start) % _WRAP
        elif start < self._due:
            return
        at = start - self._base
        if len(self._sound) < at:
            self._sound.extend(audio.SILENCE * (at - len(self._sound)))
        self._sound[at : at + len(sound)] = sound
        self._forget()

    def take(self, at: float) -> bytes:
        """Return the 20 ms that are due at a moment; who begins to listen hears the newest."""
        end = self._end
        start = end if self._anchor is None else round((at - self._anchor) * audio.RATE)
        if self._anchor is None or end - start > _MOST_BEHIND:
            start = max(self._base, end - _AHEAD)
        frame = self._piece(start)
        while end - start > _BEHIND and not audio.is_audible(frame):
            start += audio.FRAME_BYTES
            frame = self._piece(start)
        self._anchor = at - start / audio.RATE
        self._due = max(self._due, start + audio.FRAME_BYTES)
        return frame.ljust(audio.FRAME_BYTES, audio.SILENCE)

    def _piece(self, start: int) -> bytes:
        at = max(0, start - self._base)
        return bytes(self._sound[at : at + audio.FRAME_BYTES])

    @property
    def _end(self) -> int:
        return self._base + len(self._sound)

    def _forget(self) -> None:
        """Keep the last second, so that an hour of talk needs no more room than that."""
        if (surplus := len(self._sound) - 2 * audio.RATE) > 0:
            cut = surplus + audio.RATE
            del self._sound[:cut]
            self._base += cut


class Line(asyncio.DatagramProtocol):
    """The RTP of one leg: open for as long as the leg is."""

    def __init__(self, pressed: Callable[[str], None]) -> None:
        self.playout = Playout()
        self._pressed = pressed
        self._transport: asyncio.DatagramTransport | None = None
        self._media: Media | None = None
        self._sequence = secrets.randbelow(1 << 15)
        self._timestamp = secrets.randbelow(1 << 31)
        self._source = secrets.randbits(32)
        self._last_key: int | None = None
        self._keys: list[str] = []
        self._key_frame = 0
        self._begun = False

    @classmethod
    async def open(cls, host: str, pressed: Callable[[str], None]) -> Line:
        """Take any free port."""
        loop = asyncio.get_running_loop()
        _, line = await loop.create_datagram_endpoint(lambda: cls(pressed), local_addr=(host, 0))
        return line

    @property
    def port(self) -> int:
        """Where the other side has to send to."""
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    def agree(self, media: Media) -> None:
        """Send as was agreed from now on."""
        self._media = media

    def send(self, frame: bytes) -> None:
        """Send 20 ms, or a part of a key that is being pressed."""
        media = self._media
        if media is None or media.is_held:
            self._timestamp += len(frame)
        elif self._keys and media.events is not None:
            self._send_key(media, media.events)
        else:
            payload = alaw.from_mulaw(frame) if media.codec == PCMA else frame
            self._packet(media, media.codec, payload, self._timestamp, marker=not self._begun)
            self._begun = True
            self._timestamp += len(frame)

    def press(self, keys: str) -> None:
        """Press keys, in place of sound, as fast as they can be told apart."""
        self._keys += [key for key in keys if key in KEYS]

    def close(self) -> None:
        """Let go of the port."""
        if self._transport:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take in a packet; what is none, or not agreed upon, is dropped."""
        found = read(data)
        if found is None or self._media is None:
            return
        kind, timestamp, payload = found
        if kind == self._media.events:
            self._take_key(timestamp, payload)
        elif kind == PCMA:
            self.playout.put(timestamp, alaw.to_mulaw(payload))
        elif kind == self._media.codec:
            self.playout.put(timestamp, payload)

    def error_received(self, exc: Exception) -> None:
        """Go on: nobody listens at the other end yet, or any longer."""

    def _take_key(self, timestamp: int, payload: bytes) -> None:
        """Report a key once; all packets of one press share its first time stamp."""
        if len(payload) < _EVENT.size or timestamp == self._last_key or payload[0] >= len(KEYS):
            return
        self._last_key = timestamp
        self._pressed(KEYS[payload[0]])

    def _send_key(self, media: Media, kind: int) -> None:
        key, self._key_frame = self._keys[0], self._key_frame + 1
        last = self._key_frame == _KEY_FRAMES
        lasted = self._key_frame * audio.FRAME_BYTES
        payload = _EVENT.pack(KEYS.index(key), _VOLUME | last << 7, lasted)
        for _ in range(3 if last else 1):
            self._packet(media, kind, payload, self._timestamp, marker=self._key_frame == 1)
        if last:
            # The pause after a key is 20 ms of the sound that follows it.
            self._timestamp += lasted + audio.FRAME_BYTES
            self._keys, self._key_frame = self._keys[1:], 0

    def _packet(
        self, media: Media, kind: int, payload: bytes, timestamp: int, *, marker: bool
    ) -> None:
        self._sequence = (self._sequence + 1) % (1 << 16)
        head = _HEADER.pack(
            0x80, kind | marker << 7, self._sequence, timestamp % _WRAP, self._source
        )
        if self._transport and not self._transport.is_closing():
            self._transport.sendto(head + payload, (media.host, media.port))


def read(data: bytes) -> tuple[int, int, bytes] | None:
    """Return payload type, time stamp and payload of a packet; None if it is not RTP."""
    if len(data) < _HEADER.size or data[0] >> 6 != 2:
        return None
    first, second, _, timestamp, _ = _HEADER.unpack_from(data)
    start = _HEADER.size + 4 * (first & 0x0F)
    if first & 0x10 and len(data) >= start + 4:
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data) - data[-1] if first & 0x20 else len(data)
    return second & 0x7F, timestamp, data[start:end]


def _signed(difference: int) -> int:
    """Return a difference of two time stamps, which wrap around."""
    return (difference + (1 << 31)) % _WRAP - (1 << 31)
