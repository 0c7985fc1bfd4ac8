"""Our documents and those of Plivo's own SDK say the same."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from pydantic.alias_generators import to_camel

from escalate.plivo.xml import (
    DTMF,
    Conference,
    Dial,
    Element,
    GetDigits,
    GetInput,
    Hangup,
    Message,
    MultiPartyCall,
    Number,
    Play,
    PreAnswer,
    Record,
    Redirect,
    Response,
    Speak,
    Stream,
    User,
    Wait,
    parse,
    render,
)
from escalate.plivo.xml.base import BODY, CHILDREN

URL = "https://a.example/x?b=1&c=2"
_TIMES = {"action": URL, "method": "GET", "redirect": False, "finish_on_key": "*"}

# Every attribute that both have, at a value that is not the default.
FIELDS: list[tuple[type[Element], str | None, dict[str, Any]]] = [
    (
        Stream,
        "wss://a.example/?b=1&c=2",
        {
            "bidirectional": True,
            "audio_track": "inbound",
            "stream_timeout": 60,
            "status_callback_url": URL,
            "status_callback_method": "GET",
            "content_type": "audio/x-l16;rate=16000",
            "extra_headers": "A=1,B=2",
            "keep_call_alive": True,
        },
    ),
    (Speak, 'say "a" < b & c', {"voice": "MAN", "language": "en-GB", "loop": 2}),
    (Play, URL, {"loop": 0}),
    (Wait, None, {"length": 3, "silence": True, "min_silence": 400, "beep": True}),
    (Hangup, None, {"reason": "busy", "schedule": 9}),
    (Redirect, URL, {"method": "GET"}),
    (
        Record,
        None,
        {
            **_TIMES,
            "file_format": "wav",
            "timeout": 4,
            "max_length": 30,
            "play_beep": False,
            "record_session": True,
            "start_on_dial_answer": True,
            "transcription_type": "auto",
            "transcription_url": URL,
            "transcription_method": "GET",
            "transcription_report_type": "compact",
            "callback_url": URL,
            "callback_method": "GET",
            "record_channel_type": "mono",
        },
    ),
    (
        GetDigits,
        None,
        {
            **_TIMES,
            "timeout": 7,
            "digit_timeout": 3,
            "num_digits": 4,
            "retries": 2,
            "play_beep": True,
            "valid_digits": "123",
            "invalid_digits_sound": URL,
            "log": False,
        },
    ),
    (
        GetInput,
        None,
        {
            **_TIMES,
            "input_type": "dtmf speech",
            "execution_timeout": 20,
            "digit_end_timeout": 3,
            "speech_end_timeout": 4,
            "num_digits": 4,
            "speech_model": "phone_call",
            "hints": "yes,no",
            "language": "en-GB",
            "interim_speech_results_callback": URL,
            "interim_speech_results_callback_method": "GET",
            "log": False,
            "profanity_filter": True,
        },
    ),
    (
        Conference,
        "room",
        {
            "muted": True,
            "enter_sound": "beep:1",
            "exit_sound": "beep:2",
            "start_conference_on_enter": False,
            "end_conference_on_exit": True,
            "stay_alone": False,
            "wait_sound": URL,
            "max_members": 2,
            "record": True,
            "record_file_format": "wav",
            "time_limit": 60,
            "hangup_on_star": True,
            "action": URL,
            "method": "GET",
            "callback_url": URL,
            "callback_method": "GET",
            "digits_match": "1,2",
            "floor_event": True,
            "redirect": False,
            "send_digits": "1w2",
            "record_when_alone": "true",
            "relay_dtmf": False,
            "transcription_type": "auto",
            "transcription_url": URL,
            "transcription_method": "GET",
        },
    ),
    (
        Dial,
        None,
        {
            "action": URL,
            "method": "GET",
            "hangup_on_star": True,
            "time_limit": 60,
            "timeout": 20,
            "caller_id": "14155550100",
            "caller_name": "Anna & Co",
            "confirm_sound": URL,
            "confirm_timeout": 9,
            "confirm_key": "1",
            "dial_music": "real",
            "callback_url": URL,
            "callback_method": "GET",
            "redirect": False,
            "digits_match": "1,2",
            "digits_match_b_leg": "3",
            "sip_headers": "A=1,B=2",
        },
    ),
    (
        MultiPartyCall,
        "support desk",
        {
            "role": "supervisor",
            "max_duration": 600,
            "max_participants": 3,
            "record_min_member_count": 2,
            "wait_music_url": URL,
            "wait_music_method": "POST",
            "wait_time": 20,
            "agent_hold_music_url": URL,
            "agent_hold_music_method": "POST",
            "customer_hold_music_url": URL,
            "customer_hold_music_method": "POST",
            "record": True,
            "record_participant_track": True,
            "record_file_format": "wav",
            "recording_callback_url": URL,
            "recording_callback_method": "GET",
            "status_callback_events": "participant-speak-events",
            "status_callback_url": URL,
            "status_callback_method": "GET",
            "stay_alone": True,
            "coach_mode": False,
            "mute": True,
            "hold": True,
            "start_mpc_on_enter": False,
            "end_mpc_on_exit": True,
            "enter_sound": "none",
            "enter_sound_method": "POST",
            "exit_sound": URL,
            "exit_sound_method": "POST",
            "on_exit_action_url": URL,
            "on_exit_action_method": "GET",
            "relay_dtmf_inputs": True,
            "start_recording_audio": URL,
            "start_recording_audio_method": "POST",
            "stop_recording_audio": URL,
            "stop_recording_audio_method": "POST",
            "transcript": True,
            "transcription_url": URL,
        },
    ),
    (PreAnswer, None, {}),
    (DTMF, "1w2#", {"async_": True}),
    (
        Message,
        "your ticket is < 12 & open",
        {
            "src": "14155550100",
            "dst": "14155550101<14155550102",
            "callback_url": URL,
            "callback_method": "GET",
        },
    ),
    (
        Number,
        "14155550100",
        {"send_digits": "1w2", "send_on_preanswer": True, "send_digits_mode": "rfc2833"},
    ),
    (
        User,
        "sip:a@b.example",
        {"send_digits": "1w2", "send_on_preanswer": True, "sip_headers": "A=1,B=2"},
    ),
]

# A message can be of one type only.
NOT_COMPARED = {"Message": {"type"}}


def theirs(sdk: Any, kind: type[Element], body: str | None, fields: dict[str, Any]) -> Any:
    """Make the element with the SDK, whose Stream takes camel case."""
    make: Callable[..., Any] = getattr(sdk.xml, f"{kind.tag}Element")
    named = {to_camel(name) if kind is Stream else name: value for name, value in fields.items()}
    return make(**named) if body is None else make(body, **named)


def ours(kind: type[Element], body: str | None, fields: dict[str, Any]) -> Element:
    """Make the element with our model."""
    inside: dict[str, Any] = {}
    if name := kind.field_marked(BODY):
        inside[name] = body
    if kind.field_marked(CHILDREN):
        inside["children"] = (Number(number="14155550100"),) if kind is Dial else (Play(url=URL),)
    return kind(**inside, **fields)


def flat(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Return what a document says: each element's name, attributes and text, in order."""
    return [
        (node.tag, node.attrib, (node.text or "").strip())
        for node in ElementTree.fromstring(text).iter()
    ]


def wrapped(sdk: Any, kind: type[Element], element: Any) -> Any:
    """Put an element of the SDK where it may stand in a document, with the same children."""
    document = sdk.xml.ResponseElement()
    if kind in (Number, User):
        return document.add(sdk.xml.DialElement(timeout=30).add(element))
    if kind is Dial:
        element.add(sdk.xml.NumberElement("14155550100"))
    elif kind in (GetDigits, GetInput, PreAnswer):
        element.add(sdk.xml.PlayElement(URL))
    return document.add(element)


def document(element: Element) -> Response:
    """Put an element of ours where it may stand in a document."""
    if isinstance(element, (Number, User)):
        return Response(children=(Dial(children=(element,)),))
    return Response.model_validate({"children": (element,)})


@pytest.mark.parametrize(("kind", "body", "fields"), FIELDS, ids=lambda value: str(value)[:40])
def test_rendered_elements_say_what_the_sdk_says(
    sdk: Any, kind: type[Element], body: str | None, fields: dict[str, Any]
) -> None:
    """The same attributes, names, values and bodies; ours may spell out more defaults."""
    reference = flat(wrapped(sdk, kind, theirs(sdk, kind, body, fields)).to_string())
    rendered = flat(render(document(ours(kind, body, fields))))
    assert [tag for tag, _, _ in reference] == [tag for tag, _, _ in rendered]
    for (tag, expected, text), (_, attributes, our_text) in zip(reference, rendered, strict=True):
        assert text == our_text
        if tag == kind.tag:
            assert expected == attributes
        else:
            assert expected.items() <= attributes.items()


@pytest.mark.parametrize(("kind", "body", "fields"), FIELDS, ids=lambda value: str(value)[:40])
def test_documents_of_the_sdk_are_read(
    sdk: Any, kind: type[Element], body: str | None, fields: dict[str, Any]
) -> None:
    """A document that the SDK wrote parses to the model with the same fields."""
    text = wrapped(sdk, kind, theirs(sdk, kind, body, fields)).to_string()
    assert document(ours(kind, body, fields)) == parse(text)


@pytest.mark.parametrize(("kind", "body", "fields"), FIELDS, ids=lambda value: str(value)[:40])
def test_every_attribute_of_the_sdk_is_compared(
    sdk: Any, kind: type[Element], body: str | None, fields: dict[str, Any]
) -> None:
    """The SDK has no attribute for these elements that the comparison leaves out."""
    known = inspect.signature(getattr(sdk.xml, f"{kind.tag}Element").__init__).parameters
    compared = {to_camel(name) for name in fields} | {"self", "content"}
    missing = {name for name in known if to_camel(name) not in compared and name not in compared}
    assert NOT_COMPARED.get(kind.tag, set()) == missing
