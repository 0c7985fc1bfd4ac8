"""Plivo's XML elements as the emulator understands them, and which rule each attribute obeys.

Defaults are those of
Plivo's XML pages; where the pages disagree (Dial `timeout`) the newest one counts. Adding an
element means adding a class and a row to `ELEMENTS`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from escalate.emulator.element import SOUNDS, Element, Shape
from escalate.emulator.elements_input import INPUT_SHAPES
from escalate.emulator.elements_room import ROOM_SHAPES
from escalate.emulator.rules import (
    HTTP_URL,
    KEY,
    KEYS,
    METHOD,
    NUMBER,
    SIP_URI,
    Rule,
    at_most,
    check_content,
    check_credentials,
    flag,
    matching,
    one_of,
    whole,
)

_LANGUAGES: Final = frozenset(
    "da-DK nl-NL en-AU en-GB en-US fr-FR fr-CA de-DE it-IT pl-PL pt-PT pt-BR ru-RU es-ES es-US "
    "sv-SE".split()
)
_NO_SUCH_VOICE: Final = frozenset(
    {("MAN", "da-DK"), ("MAN", "fr-CA"), ("MAN", "ru-RU"), ("MAN", "sv-SE"), ("WOMAN", "pt-PT")}
)


@dataclass(frozen=True, slots=True)
class Stream(Element):
    """`<Stream>`: the media WebSocket. The content type has no default the sources agree on."""

    bidirectional: bool = False
    audio_track: str = "inbound"
    stream_timeout: int = 86400
    status_callback_url: str | None = None
    status_callback_method: str = "POST"
    content_type: str = "audio/x-l16;rate=8000"
    extra_headers: str = ""
    keep_call_alive: bool = False

    def check(self) -> None:
        """Refuse what the audio-streaming page refuses, and what is not emulated."""
        if not re.match(r"wss?://[^\s/]+\S*\Z", self.body) or len(self.body) > 2048:
            raise ValueError("its content must be a ws(s) URL of at most 2048 characters")
        if self.audio_track != "inbound":
            reason = "goes with bidirectional=false only" if self.bidirectional else "not emulated"
            raise ValueError(f"audioTrack={self.audio_track}: {reason}")


@dataclass(frozen=True, slots=True)
class Speak(Element):
    """`<Speak>`: text read to the caller."""

    voice: str = "WOMAN"
    language: str = "en-US"
    loop: int = 1

    def check(self) -> None:
        """Refuse empty text and voices that do not speak the language."""
        if not self.body.strip():
            raise ValueError("it has nothing to say")
        if self.voice.startswith("Polly."):
            return
        if self.language not in _LANGUAGES or (self.voice, self.language) in _NO_SUCH_VOICE:
            raise ValueError(f"{self.voice} does not speak {self.language}")


@dataclass(frozen=True, slots=True)
class Play(Element):
    """`<Play>`: a sound file."""

    loop: int = 1

    def check(self) -> None:
        """Refuse what is not a URL."""
        check_content(HTTP_URL, self.body)


@dataclass(frozen=True, slots=True)
class Wait(Element):
    """`<Wait>`: nothing, for a while."""

    length: int = 1
    silence: bool = False
    min_silence: int | None = None
    beep: str = "false"


@dataclass(frozen=True, slots=True)
class PreAnswer(Element):
    """`<PreAnswer>`: sound before the call is answered."""

    prompts: tuple[Element, ...] = ()


@dataclass(frozen=True, slots=True)
class DTMF(Element):
    """`<DTMF>`: keys pressed for the party to hear; `w` and `W` are pauses."""

    async_: bool = False

    def check(self) -> None:
        """Refuse what is not made of keys."""
        if not self.body:
            raise ValueError("it has no digits")
        check_content(KEYS, self.body)


@dataclass(frozen=True, slots=True)
class Hangup(Element):
    """`<Hangup>`: the end, at once or later."""

    reason: str | None = None
    schedule: int | None = None


@dataclass(frozen=True, slots=True)
class Redirect(Element):
    """`<Redirect>`: another document takes over. URL and method have causes of their own."""

    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Target(Element):
    """What `<Number>` and `<User>` share."""

    send_digits: str = ""
    send_on_preanswer: bool = False
    sip_headers: str = ""
    caller_id: str | None = None
    caller_name: str | None = None


@dataclass(frozen=True, slots=True)
class Number(Target):
    """`<Number>`: a telephone number."""

    send_digits_mode: str | None = None

    def check(self) -> None:
        """Refuse what is not a number; an empty one breaks the document."""
        check_content(NUMBER, self.body)


@dataclass(frozen=True, slots=True)
class User(Target):
    """`<User>`: a SIP endpoint, with digest credentials if it demands them."""

    sip_auth_username: str | None = None
    sip_auth_password: str | None = field(default=None, repr=False)

    def check(self) -> None:
        """Refuse what is not a SIP URI, and credentials that are not a pair."""
        check_content(SIP_URI, self.body)
        check_credentials(self.sip_auth_username, self.sip_auth_password)


@dataclass(frozen=True, slots=True)
class Dial(Element):
    """`<Dial>`: other people are called; the first to answer is bridged to the caller."""

    targets: tuple[Number | User, ...] = ()
    action: str | None = None
    method: str = "POST"
    timeout: int = 30
    time_limit: int = 14400
    caller_id: str | None = None
    caller_name: str | None = None
    hangup_on_star: bool = False
    redirect: bool = True
    callback_url: str | None = None
    callback_method: str = "POST"
    confirm_sound: str | None = None
    confirm_key: str | None = None
    confirm_timeout: int = 120
    dial_music: str | None = None
    sip_headers: str = ""
    call_type: str = "voice"

    def check(self) -> None:
        """Refuse a Dial without anybody to call, and a key nobody is asked for."""
        if not self.targets:
            raise ValueError("it needs at least one Number or User")
        if self.confirm_key and not self.confirm_sound:
            raise ValueError("confirmKey needs confirmSound")


_TARGET: Final[Mapping[str, Rule]] = {
    "sendDigits": KEYS,
    "sendOnPreanswer": flag,
    "sipHeaders": str,
    "callerId": str,
    "callerName": at_most(50),
}

ELEMENTS: Final[Mapping[str, Shape]] = {
    "Stream": Shape(
        Stream,
        {
            "bidirectional": flag,
            "audioTrack": one_of("inbound", "outbound", "both"),
            "streamTimeout": whole(1),
            "statusCallbackUrl": HTTP_URL,
            "statusCallbackMethod": METHOD,
            "contentType": one_of(
                *(f"audio/x-l16;rate={rate}" for rate in (8000, 16000, 24000)),
                "audio/x-mulaw;rate=8000",
            ),
            "extraHeaders": at_most(512),
            "keepCallAlive": flag,
        },
        not_emulated=frozenset({"noiseCancellation", "noiseCancellationLevel"}),
    ),
    "Speak": Shape(
        Speak,
        {
            "voice": matching(
                re.compile(r"(WOMAN|MAN|Polly\.[A-Z]\w+)\Z"), "WOMAN, MAN or Polly.*"
            ),
            "language": matching(re.compile(r"[a-z]{2,3}-[A-Z]{2}\Z"), "a language such as en-US"),
            "loop": whole(0),
        },
    ),
    "Play": Shape(Play, {"loop": whole(0)}),
    "Wait": Shape(Wait, {"length": whole(1), "silence": flag, "minSilence": whole(1), "beep": str}),
    "PreAnswer": Shape(PreAnswer, children=SOUNDS, into="prompts"),
    "DTMF": Shape(DTMF, {"async": flag}),
    "Hangup": Shape(Hangup, {"reason": one_of("rejected", "busy"), "schedule": whole(1)}),
    "Redirect": Shape(Redirect, {"method": str}),
    "Dial": Shape(
        Dial,
        {
            "action": str,
            "method": str,
            "timeout": whole(1),
            "timeLimit": whole(1),
            "callerId": str,
            "callerName": at_most(50),
            "hangupOnStar": flag,
            "redirect": flag,
            "callbackUrl": HTTP_URL,
            "callbackMethod": METHOD,
            "confirmSound": HTTP_URL,
            "confirmKey": KEY,
            "confirmTimeout": whole(1),
            "dialMusic": matching(re.compile(r"(real|none|https?://\S+)\Z"), "real or a URL"),
            "sipHeaders": str,
            "callType": one_of("voice"),
        },
        children=("Number", "User"),
        not_emulated=frozenset({"digitsMatch", "digitsMatchBLeg"}),
    ),
    "Number": Shape(Number, {**_TARGET, "sendDigitsMode": one_of("rfc2833")}),
    "User": Shape(User, {**_TARGET, "sipAuthUsername": str, "sipAuthPassword": str}),
    **INPUT_SHAPES,
    **ROOM_SHAPES,
}
NOT_EMULATED: Final = frozenset("Message MultiPartyCall".split())
TOP_LEVEL: Final = frozenset(ELEMENTS) - {"Number", "User"}
