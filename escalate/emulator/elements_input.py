"""The elements that listen to the caller, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from escalate.emulator.element import SOUNDS, Element, Shape
from escalate.emulator.rules import (
    HTTP_URL,
    METHOD,
    finish_key,
    flag,
    left_off,
    matching,
    one_of,
    or_auto,
    whole,
)


@dataclass(frozen=True, slots=True)
class Question(Element):
    """What GetDigits and GetInput share. `finish_on_key` is empty where no key finishes."""

    prompts: tuple[Element, ...] = ()
    action: str | None = None
    method: str = "POST"
    finish_on_key: str = "#"
    retries: int = 1
    redirect: bool = True
    log: bool = True


@dataclass(frozen=True, slots=True)
class GetDigits(Question):
    """`<GetDigits>`: keys of the caller."""

    num_digits: int = 99
    timeout: int = 5
    digit_timeout: int = 2
    play_beep: bool = False
    valid_digits: str = "1234567890*#"
    invalid_digits_sound: str | None = None


@dataclass(frozen=True, slots=True)
class GetInput(Question):
    """`<GetInput>`: keys or words of the caller. A pause of None is Plivo's `auto`."""

    input_type: str = "dtmf"
    execution_timeout: int = 15
    digit_end_timeout: int | None = None
    speech_end_timeout: int | None = None
    num_digits: int = 32
    language: str = "en-US"
    speech_model: str = "default"
    hints: str = ""
    profanity_filter: bool = False
    interim_speech_results_callback: str | None = None
    interim_speech_results_callback_method: str = "POST"

    def check(self) -> None:
        """Refuse a GetInput that asks nobody, and hints Plivo has no room for."""
        if not self.action:
            raise ValueError("it needs an action")
        phrases = self.hints.split(",")
        if len(self.hints) > 10_000 or len(phrases) > 500 or max(map(len, phrases)) > 100:
            raise ValueError("hints: at most 500 phrases of 100 characters, 10,000 in all")


@dataclass(frozen=True, slots=True)
class Record(Element):
    """`<Record>`: the caller's words, or with `record_session` the whole call, in a file."""

    action: str | None = None
    method: str = "POST"
    file_format: str = "mp3"
    redirect: bool = True
    timeout: int = 15
    max_length: int = 60
    finish_on_key: str = "#"
    play_beep: bool = True
    record_session: bool = False
    start_on_dial_answer: bool = False
    record_channel_type: str = "mono"
    callback_url: str | None = None
    callback_method: str = "POST"


INPUT_SHAPES: Final[Mapping[str, Shape]] = {
    "GetDigits": Shape(
        GetDigits,
        {
            "action": str,
            "method": str,
            "timeout": whole(1),
            "digitTimeout": whole(1),
            "numDigits": whole(1, 99),
            "finishOnKey": finish_key,
            "retries": whole(1),
            "redirect": flag,
            "playBeep": flag,
            "validDigits": matching(re.compile(r"[0-9*#]{1,12}\Z"), "made of 0-9, * and #"),
            "invalidDigitsSound": HTTP_URL,
            "log": flag,
        },
        children=SOUNDS,
        into="prompts",
    ),
    "GetInput": Shape(
        GetInput,
        {
            "action": str,
            "method": str,
            "inputType": one_of("dtmf", "speech", "dtmf speech"),
            "executionTimeout": whole(5, 60),
            "digitEndTimeout": or_auto(whole(2, 10)),
            "speechEndTimeout": or_auto(whole(2, 10)),
            "numDigits": whole(1, 32),
            "finishOnKey": finish_key,
            "retries": whole(1),
            "language": matching(
                re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}\Z"), "a language such as en-US"
            ),
            "speechModel": one_of("default", "command_and_search", "phone_call"),
            "hints": str,
            "profanityFilter": left_off,
            "interimSpeechResultsCallback": HTTP_URL,
            "interimSpeechResultsCallbackMethod": METHOD,
            "redirect": flag,
            "log": flag,
        },
        children=SOUNDS,
        into="prompts",
        not_emulated=frozenset({"startInputTimeout"}),
    ),
    "Record": Shape(
        Record,
        {
            "action": str,
            "method": str,
            "fileFormat": one_of("mp3", "wav"),
            "redirect": flag,
            "timeout": whole(1),
            "maxLength": whole(1),
            "finishOnKey": finish_key,
            "playBeep": flag,
            "recordSession": flag,
            "startOnDialAnswer": left_off,
            "recordChannelType": one_of("mono"),
            "callbackUrl": HTTP_URL,
            "callbackMethod": METHOD,
        },
        not_emulated=frozenset(
            "transcriptionType transcriptionUrl transcriptionMethod transcriptionReportType".split()
        ),
    ),
}
