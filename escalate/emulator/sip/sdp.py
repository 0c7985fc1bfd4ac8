"""What is said about sound in a SIP body: one audio stream (RFC 4566, RFC 3264 offer and answer).

Plivo offers PCMU and PCMA with telephone events (its transfer page, "Codec").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

PCMU: Final = 0
PCMA: Final = 8
CODECS: Final = {PCMU: "PCMU", PCMA: "PCMA"}
_EVENTS: Final = 101
_AUDIO: Final = re.compile(r"audio (\d{1,5})(?:/\d+)? \S+ ([\d ]+)")
_RTPMAP: Final = re.compile(r"rtpmap:(\d+) telephone-event/8000", re.I)
_DIRECTIONS: Final = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}


class NoCommonCodec(ValueError):
    """The other side has no audio stream that we can speak."""


@dataclass(frozen=True, slots=True)
class Media:
    """Where the other side wants sound, in which codec, and which way it may flow.

    Attributes:
        events: The payload type of telephone events (RFC 4733); None: it has none.
        direction: As the other side sees it.
    """

    host: str
    port: int
    codec: int
    events: int | None = None
    direction: str = "sendrecv"

    @property
    def is_held(self) -> bool:
        """Whether the other side does not want to hear us."""
        return self.direction in ("sendonly", "inactive") or self.host == "0.0.0.0"


@dataclass(slots=True)
class Description:
    """Our side of one session; every text it returns that says something new counts up."""

    host: str
    port: int
    _version: int = 0
    _last: list[str] = field(default_factory=list)

    def offer(self, direction: str = "sendrecv") -> bytes:
        """Return an offer of every codec that Plivo speaks."""
        return self._text(list(CODECS), _EVENTS, direction)

    def answer(self, media: Media) -> bytes:
        """Return the answer to an offer that was read as `media`."""
        return self._text([media.codec], media.events, _DIRECTIONS[media.direction])

    def _text(self, codecs: list[int], events: int | None, direction: str) -> bytes:
        types = [*codecs, *([events] if events is not None else [])]
        lines = [
            f"m=audio {self.port} RTP/AVP {' '.join(map(str, types))}",
            *(f"a=rtpmap:{codec} {CODECS[codec]}/8000" for codec in codecs),
        ]
        if events is not None:
            lines += [f"a=rtpmap:{events} telephone-event/8000", f"a=fmtp:{events} 0-15"]
        lines += ["a=ptime:20", f"a={direction}"]
        if lines != self._last:
            self._last, self._version = lines, self._version + 1
        head = [
            "v=0",
            f"o=- 1 {self._version} IN IP4 {self.host}",
            "s=-",
            f"c=IN IP4 {self.host}",
            "t=0 0",
        ]
        return "".join(f"{line}\r\n" for line in [*head, *lines]).encode()


def read(body: bytes) -> Media:
    """Read an offer or an answer; of several codecs the other side's first one counts.

    Raises:
        NoCommonCodec: There is no audio, or nothing that we speak.
    """
    host, sections = "", body.decode("utf-8", "replace").replace("\r", "").split("\nm=")
    for line in sections[0].split("\n"):
        host = line[9:].strip() if line.startswith("c=IN IP4 ") else host
    for section in sections[1:]:
        found = _AUDIO.match(section)
        if found and int(found[1]):
            return _audio(host, int(found[1]), found[2].split(), section.split("\n")[1:])
    raise NoCommonCodec("there is no audio in it")


def _audio(host: str, port: int, types: list[str], lines: list[str]) -> Media:
    codec = next((int(kind) for kind in types if kind in ("0", "8")), None)
    if codec is None:
        raise NoCommonCodec("neither PCMU nor PCMA is in it")
    events, direction = None, "sendrecv"
    for line in lines:
        if line.startswith("c=IN IP4 "):
            host = line[9:].strip()
        elif found := _RTPMAP.match(line.removeprefix("a=")):
            events = int(found[1])
        elif line.removeprefix("a=").strip() in _DIRECTIONS:
            direction = line.removeprefix("a=").strip()
    return Media(host, port, codec, events, direction)
