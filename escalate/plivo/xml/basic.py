"""Elements that play, speak, stream and steer: Stream, Speak, Play, Wait, Hangup, Redirect."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from escalate.plivo.fields import Flag, Loop, Method, Seconds, SocketUrl, Url, Whole, Words
from escalate.plivo.headers import SipHeaders, format_headers
from escalate.plivo.xml.base import ALWAYS, BODY, Element
from escalate.plivo.xml.voices import LANGUAGES, check_pair

_EXTRA_HEADERS_BYTES = 512

ContentType = Literal[
    "audio/x-mulaw;rate=8000",
    "audio/x-l16;rate=8000",
    "audio/x-l16;rate=16000",
    "audio/x-l16;rate=24000",
]


class Stream(Element):
    """The call's audio over a WebSocket (Plivo "Audio streaming" XML page).

    With `keep_call_alive` the next element runs when the stream has ended; without it, at once
    and beside the stream. A document that ends with the stream loses the call (4010).
    """

    url: Annotated[SocketUrl, BODY]
    bidirectional: Annotated[Flag, ALWAYS] = False
    keep_call_alive: Annotated[Flag, ALWAYS] = False
    audio_track: Annotated[Literal["inbound", "outbound", "both"], ALWAYS] = "inbound"
    content_type: Annotated[ContentType, ALWAYS] = "audio/x-mulaw;rate=8000"
    stream_timeout: Seconds = 86_400
    status_callback_url: Url | None = None
    status_callback_method: Method = "POST"
    extra_headers: SipHeaders | None = None
    noise_cancellation: Flag = False
    noise_cancellation_level: Annotated[Whole, Field(ge=60, le=100)] = 85

    @model_validator(mode="after")
    def _one_way_of_hearing(self) -> Self:
        if self.bidirectional and self.audio_track != "inbound":
            raise ValueError(
                'bidirectional="true" goes with audioTrack="inbound" only: leave audioTrack out'
            )
        return self

    @model_validator(mode="after")
    def _headers_fit(self) -> Self:
        if len(format_headers(self.extra_headers or {})) > _EXTRA_HEADERS_BYTES:
            raise ValueError(f"extraHeaders: shorten them to {_EXTRA_HEADERS_BYTES} bytes in all")
        return self


class Speak(Element):
    """Plain words, spoken. A Polly voice fixes the language (Plivo "Speak" XML page).

    The words may be a caller's: whatever they hold is spoken, not obeyed, so SSML is not offered.
    """

    text: Annotated[Words, BODY]
    voice: Annotated[str, ALWAYS] = "WOMAN"
    language: Annotated[str, ALWAYS] = "en-US"
    loop: Loop = 1

    @model_validator(mode="before")
    @classmethod
    def _language_of_the_voice(cls, given: Any) -> Any:
        if isinstance(given, dict) and "language" not in given:
            voice = given.get("voice")
            if isinstance(voice, str) and voice.startswith("Polly.") and voice in LANGUAGES:
                return {**given, "language": LANGUAGES[voice][0]}
        return given

    @model_validator(mode="after")
    def _voice_speaks_language(self) -> Self:
        check_pair(self.voice, self.language)
        return self


class Play(Element):
    """An mp3 or wav file of at most 10 MB; `loop` 0 repeats for ever (Plivo "Play" XML page)."""

    url: Annotated[Url, BODY]
    loop: Loop = 1


_BEEP_SETTINGS = ("duration", "inter_silence", "intra_silence", "threshold")


def _beep(value: Any) -> Any:
    """Take true, false or how a beep is recognised."""
    match value:
        case bool():
            return value
        case "true" | "false":
            return value == "true"
        case str():
            return value
    raise ValueError("must be true, false or settings such as duration=300,threshold=256")


def _beep_settings(value: bool | str) -> bool | str:
    if isinstance(value, bool):
        return value
    for part in value.split(","):
        name, _, number = part.partition("=")
        if name not in _BEEP_SETTINGS or not (number.isascii() and number.isdigit()):
            raise ValueError(f"settings of a beep are {', '.join(_BEEP_SETTINGS)}, each =number")
    return value


class Wait(Element):
    """A pause (Plivo "Wait" XML page).

    With `silence`, `min_silence` milliseconds of it end the pause; with `beep`, a beep does.
    """

    length: Seconds = 1
    silence: Flag = False
    min_silence: Annotated[Whole, Field(ge=1)] | None = None
    beep: Annotated[bool | str, BeforeValidator(_beep), AfterValidator(_beep_settings)] = False

    @model_validator(mode="after")
    def _silence_is_listened_for(self) -> Self:
        if self.min_silence is not None and not self.silence:
            raise ValueError('minSilence works with silence="true" only: set it')
        return self


class Hangup(Element):
    """The end of the call, at once or `schedule` seconds from now (Plivo "Hangup" XML page)."""

    reason: Literal["rejected", "busy"] | None = None
    schedule: Seconds | None = None


class Redirect(Element):
    """Another document, for good: control does not come back (Plivo "Redirect" XML page)."""

    url: Annotated[Url, BODY]
    method: Method = "POST"
