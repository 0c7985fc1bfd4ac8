"""What each element of Plivo XML takes, and what it refuses with which fix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

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
)
from escalate.plivo.xml.voices import LANGUAGES

URL = "https://escalate.example.com/next"
SOCKET = "wss://bot.example.com/media"
PHONE = Number(number="14155550100")

# Attribute by attribute, the defaults of the "XML for voice agents" page.
SEED_DEFAULTS: list[tuple[Element, dict[str, Any]]] = [
    (
        Stream(url=SOCKET),
        {"bidirectional": False, "keep_call_alive": False, "audio_track": "inbound"},
    ),
    (Speak(text="hello"), {"voice": "WOMAN", "language": "en-US", "loop": 1}),
    (Play(url=URL), {"loop": 1}),
    (Dial(children=(PHONE,)), {"caller_id": None, "timeout": 30, "action": None, "method": "POST"}),
    (User(uri="sip:a@b.example"), {"sip_auth_username": None, "sip_auth_password": None}),
    (Hangup(), {"reason": None, "schedule": None}),
    (Redirect(url=URL), {"method": "POST"}),
    (Wait(), {"length": 1, "silence": False, "beep": False}),
    (
        GetDigits(),
        {"action": None, "timeout": 5, "num_digits": 99, "finish_on_key": "#", "retries": 1},
    ),
    (
        Record(),
        {"action": None, "max_length": 60, "file_format": "mp3", "transcription_type": None},
    ),
]


@pytest.mark.parametrize(("element", "defaults"), SEED_DEFAULTS, ids=lambda value: repr(value)[:9])
def test_defaults_are_those_of_plivos_page(element: Element, defaults: dict[str, Any]) -> None:
    """What is left out means what Plivo's page says it means."""
    assert defaults == {name: getattr(element, name) for name in defaults}


@pytest.mark.parametrize(
    ("element", "attributes"),
    [
        (
            Stream(url=SOCKET),
            {
                "bidirectional": "false",
                "keepCallAlive": "false",
                "audioTrack": "inbound",
                "contentType": "audio/x-mulaw;rate=8000",
            },
        ),
        (Dial(children=(PHONE,)), {"method": "POST", "timeout": "30", "redirect": "true"}),
        (Speak(text="hello"), {"voice": "WOMAN", "language": "en-US"}),
        (Hangup(), {}),
    ],
    ids=["Stream", "Dial", "Speak", "Hangup"],
)
def test_disputed_defaults_are_written_out(element: Element, attributes: dict[str, str]) -> None:
    """Where Plivo's pages disagree on a default, the document says what we mean."""
    assert attributes == element.attributes()


REFUSED: list[tuple[type[Element], dict[str, Any], str]] = [
    (Stream, {"url": "http://bot.example.com"}, "wss://"),
    (Stream, {"url": "ws://bot.example.com"}, "this machine only"),
    (Stream, {"url": "wss://bot.example.com/" + "a" * 2048}, "2048"),
    (Stream, {"url": SOCKET, "bidirectional": True, "audio_track": "both"}, "inbound"),
    (Stream, {"url": SOCKET, "content_type": "audio/wav"}, "content"),
    (Stream, {"url": SOCKET, "noise_cancellation_level": 59}, "60"),
    (Stream, {"url": SOCKET, "extra_headers": {"call-id": "1"}}, "write callid"),
    (Stream, {"url": SOCKET, "extra_headers": {f"A{n}": "b" * 120 for n in range(5)}}, "512"),
    (Stream, {"url": SOCKET, "bidirectional": "yes"}, "true or false"),
    (Speak, {"text": " \n\x00 "}, "at least 1"),
    (Speak, {"text": "namaste", "language": "hi-IN"}, "use Polly.Aditi"),
    (Speak, {"text": "ol\u00e1", "language": "pt-PT"}, "use MAN"),
    (Speak, {"text": "hello", "voice": "Polly.Nobody"}, "WOMAN, MAN"),
    (Speak, {"text": "hello", "voice": "Polly.Joanna", "language": "de-DE"}, "Polly.Vicki"),
    (Speak, {"text": "hello", "loop": -1}, "0"),
    (Play, {"url": "file:///etc/passwd"}, "https://"),
    (Play, {"url": "https:///nowhere"}, "https://"),
    (Play, {"url": "https://a.example/\r\nX: y"}, "https://"),
    (Play, {"url": 'https://a.example/"><Hangup/>'}, "https://"),
    (Dial, {"children": ()}, "1 item"),
    (Dial, {"children": (Hangup(),)}, "Number, User"),
    (Dial, {"children": (PHONE,), "timeout": 0}, "1"),
    (Dial, {"children": (PHONE,), "timeout": True}, "whole number"),
    (Dial, {"children": (PHONE,), "time_limit": 86_401}, "86400"),
    (Dial, {"children": (PHONE,), "caller_name": "x" * 51}, "50"),
    (Dial, {"children": (PHONE,), "caller_name": "Anna\x0b"}, "control characters"),
    (Dial, {"children": (PHONE,), "caller_id": "1415\r\nVia: x"}, "caller"),
    (Dial, {"children": (PHONE,), "confirm_key": "1"}, "confirmSound"),
    (Dial, {"children": (PHONE,), "confirm_sound": URL, "confirm_key": "12"}, "confirm"),
    (Dial, {"children": (PHONE,), "dial_music": "jazz"}, "https://"),
    (Dial, {"children": (PHONE,), "method": "PUT"}, "POST"),
    (Dial, {"children": (PHONE,), "digits_match": "1,,2"}, "digits"),
    (Dial, {"children": (PHONE,), "sip_headers": {"Twilio": "1"}}, "reserved"),
    (Number, {"number": ""}, "phone number"),
    (Number, {"number": "14155550100", "send_digits": "x"}, "send"),
    (User, {"uri": "sip:a@b.example", "sip_auth_username": "a"}, "without a password"),
    (User, {"uri": "sip:a@b.example", "sip_auth_password": "12345678"}, "without a user name"),
    (
        User,
        {"uri": "sip:a@b.example", "sip_auth_username": "a", "sip_auth_password": "1234567"},
        "8 to 128",
    ),
    (
        User,
        {"uri": "sip:a@b.example", "sip_auth_username": "a", "sip_auth_password": "x" * 129},
        "8 to 128",
    ),
    (
        User,
        {"uri": "sip:a@b.example", "sip_auth_username": "a b", "sip_auth_password": "12345678"},
        "sip",
    ),
    (Hangup, {"reason": "bored"}, "rejected"),
    (Redirect, {"url": "/relative"}, "absolute"),
    (Wait, {"length": "1.5"}, "whole number"),
    (Wait, {"min_silence": 500}, "silence"),
    (Wait, {"beep": "loud"}, "duration"),
    (GetDigits, {"children": (Hangup(),)}, "Speak, Play, Wait"),
    (GetDigits, {"num_digits": 0}, "1"),
    (GetDigits, {"finish_on_key": "##"}, "finish"),
    (GetInput, {}, "required"),
    (GetInput, {"action": URL, "execution_timeout": 61}, "60"),
    (GetInput, {"action": URL, "digit_end_timeout": 11}, "10"),
    (GetInput, {"action": URL, "hints": "a" * 101}, "100"),
    (GetInput, {"action": URL, "hints": ",".join("a" * 501)}, "500"),
    (Record, {"file_format": "ogg"}, "mp3"),
    (Conference, {"room": "a room"}, "room"),
    (Conference, {"room": "a", "max_members": 21}, "20"),
    (Response, {"children": ()}, "1 item"),
    (Response, {"children": (PHONE,)}, "Number cannot stand in Response"),
    (Hangup, {"when": "now"}, "when"),
]


@pytest.mark.parametrize(("kind", "fields", "hint"), REFUSED)
def test_what_plivo_would_refuse_is_refused_with_the_fix(
    kind: type[Element], fields: dict[str, Any], hint: str
) -> None:
    """A limit, a type or a combination that Plivo lacks is an error that says what would do."""
    with pytest.raises(ValidationError) as refused:
        kind(**fields)
    assert hint.lower() in str(refused.value).lower()


@pytest.mark.parametrize("voice", sorted(LANGUAGES))
def test_every_voice_speaks_its_languages(voice: str) -> None:
    """Each pair in the table is accepted."""
    for language in LANGUAGES[voice]:
        assert language == Speak(text="hello", voice=voice, language=language).language


def test_polly_voice_fixes_the_language() -> None:
    """A Polly voice that is given no language speaks its own."""
    assert "de-DE" == Speak(text="Guten Tag", voice="Polly.Vicki").language


def test_spoken_words_lose_what_xml_cannot_hold() -> None:
    """Control characters and broken surrogates of a recogniser never break a document."""
    assert "hello there" == Speak(text="hello\x00\x0b\ud800\r\n there ").text


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost", "[::1]:8080"])
def test_plain_websocket_is_for_this_machine(host: str) -> None:
    """A local Plivo may be reached without TLS."""
    assert f"ws://{host}/media" == Stream(url=f"ws://{host}/media").url


def test_elements_cannot_be_changed() -> None:
    """A document that was checked stays as it was checked."""
    with pytest.raises(ValidationError, match="frozen"):
        PHONE.number = "1"  # type: ignore[misc]


SECRET = "open-sesame-1"


@pytest.mark.parametrize(
    "fields",
    [
        {"sip_auth_password": SECRET},
        {"sip_auth_username": "a", "sip_auth_password": SECRET * 12},
        {"uri": f"sip:a:{SECRET}@b.example"},
        {"uri": None, "sip_auth_username": "a", "sip_auth_password": SECRET},
        {"uri": SECRET, "sip_auth_username": SECRET + " ", "sip_auth_password": SECRET + "\n"},
        {"sip_headers": {"Token": f"{SECRET}-"}},
    ],
)
def test_errors_do_not_show_what_was_given(fields: dict[str, Any]) -> None:
    """Neither the text nor the repr of an error holds a password, an address or a value."""
    with pytest.raises(ValidationError) as refused:
        User(**{"uri": "sip:a@b.example", **fields})
    assert SECRET not in str(refused.value) + repr(refused.value)


def test_repr_shows_neither_secret_nor_number_nor_words() -> None:
    """What ends up in a log by accident identifies nobody."""
    user = User(
        uri="sip:queue@b.example", sip_auth_username="desk", sip_auth_password=SecretStr(SECRET)
    )
    response = Response(children=(Speak(text="my card is"), Dial(children=(user, PHONE))))
    shown = repr(response) + str(response)
    assert "Dial" in shown
    for private in (SECRET, "desk", "queue", "14155550100", "card"):
        assert private not in shown


@pytest.mark.parametrize(
    ("make", "fix"),
    [
        (lambda: MultiPartyCall(name="a", role="boss"), "agent"),
        (lambda: MultiPartyCall(name="a", role="agent", coach_mode=False), "supervisor"),
        (lambda: MultiPartyCall(name="a", role="agent", max_participants=11), "10"),
        (lambda: MultiPartyCall(name="a", role="agent", status_callback_events="all"), "mpc-state"),
        (
            lambda: MultiPartyCall(
                name="a", role="agent", ai_agent_stream_service_url="wss://b.example"
            ),
            "ai-agent",
        ),
        (lambda: PreAnswer(children=(Hangup(),)), "cannot stand in PreAnswer"),
        (lambda: DTMF(digits="12A"), "digits"),
        (lambda: Message(text="hello", dst="1415<<1416"), "dst"),
    ],
)
def test_parties_keys_and_texts_have_limits_too(make: Callable[[], Element], fix: str) -> None:
    """What Plivo does not take is refused, and the error says what it takes."""
    with pytest.raises(ValidationError, match=fix):
        make()
