"""Elements that listen: GetDigits, GetInput and Record."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from escalate.plivo.fields import FinishKey, Flag, Method, Seconds, Text, Url, Whole
from escalate.plivo.xml.base import CHILDREN, Element
from escalate.plivo.xml.basic import Play, Speak, Wait

Prompts = Annotated[tuple[Speak | Play | Wait, ...], CHILDREN]
EndTimeout = Literal["auto"] | Annotated[Whole, Field(ge=2, le=10)]


class GetDigits(Element):
    """Keys of the caller, with prompts (Plivo "GetDigits" XML page).

    Nothing typed after all `retries`: `action` is not requested and the next element runs.
    """

    holds: ClassVar = (Speak.tag, Play.tag, Wait.tag)

    children: Prompts = ()
    action: Url | None = None
    method: Method = "POST"
    timeout: Seconds = 5
    digit_timeout: Seconds = 2
    num_digits: Annotated[Whole, Field(ge=1, le=99)] = 99
    finish_on_key: FinishKey = "#"
    retries: Annotated[Whole, Field(ge=1)] = 1
    redirect: Flag = True
    play_beep: Flag = False
    valid_digits: Annotated[str, Field(pattern=r"\A[0-9*#]{1,12}\z")] = "1234567890*#"
    invalid_digits_sound: Url | None = None
    log: Flag = True


class GetInput(Element):
    """Keys or speech of the caller, with prompts (Plivo "GetInput" XML page)."""

    holds: ClassVar = (Speak.tag, Play.tag, Wait.tag)

    children: Prompts = ()
    action: Url
    method: Method = "POST"
    input_type: Literal["dtmf", "speech", "dtmf speech"] = "dtmf"
    execution_timeout: Annotated[Whole, Field(ge=5, le=60)] = 15
    start_input_timeout: Whole | None = None
    digit_end_timeout: EndTimeout = "auto"
    speech_end_timeout: EndTimeout = "auto"
    num_digits: Annotated[Whole, Field(ge=1, le=32)] = 32
    finish_on_key: FinishKey = "#"
    retries: Annotated[Whole, Field(ge=1)] = 1
    language: Annotated[str, Field(pattern=r"\A[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}\z")] = "en-US"
    speech_model: Literal["default", "command_and_search", "phone_call"] = "default"
    hints: Annotated[Text, Field(max_length=10_000)] | None = None
    profanity_filter: Flag = False
    interim_speech_results_callback: Url | None = None
    interim_speech_results_callback_method: Method = "POST"
    redirect: Flag = True
    log: Flag = True

    @model_validator(mode="after")
    def _hints_fit(self) -> Self:
        phrases = (self.hints or "").split(",")
        if len(phrases) > 500 or any(len(phrase) > 100 for phrase in phrases):
            raise ValueError("hints: at most 500 phrases of at most 100 characters, with commas")
        return self


class Record(Element):
    """A recording of the caller, or with `record_session` of the whole call.

    A session recording stands before Stream and Dial (Plivo "Record" XML page).
    """

    action: Url | None = None
    method: Method = "POST"
    file_format: Literal["mp3", "wav"] = "mp3"
    redirect: Flag = True
    timeout: Seconds = 15
    max_length: Seconds = 60
    finish_on_key: FinishKey = "#"
    play_beep: Flag = True
    record_session: Flag = False
    start_on_dial_answer: Flag = False
    record_channel_type: Literal["stereo", "mono"] | None = None
    transcription_type: Literal["auto", "hybrid", "manual"] | None = None
    transcription_url: Url | None = None
    transcription_method: Method = "POST"
    transcription_report_type: Literal["full", "compact"] | None = None
    callback_url: Url | None = None
    callback_method: Method = "POST"
