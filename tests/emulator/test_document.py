"""Documents are read as strictly as Plivo reads them."""

from __future__ import annotations

import pytest

from escalate.emulator.document import DocumentRefused, describe, parse
from escalate.emulator.elements import Dial, Hangup, Redirect, Speak, Stream, User, Wait

USER = "<User>sip:queue@example.com</User>"


def read(inside: str) -> tuple[object, ...]:
    """Read a document with something in its Response."""
    return parse(f"<Response>{inside}</Response>".encode(), "application/xml")


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ("<Say>hello</Say>", "Say is not an element of Response"),
        ("<dial/>", "dial is not an element of Response"),
        ("<Number>14155550123</Number>", "Number is not an element of Response"),
        ("<Speak>hi</Speak> stray", "text outside"),
        ("<Speak voise='WOMAN'>hi</Speak>", "no attribute voise"),
        ("<Speak></Speak>", "nothing to say"),
        ("<Speak language='hi-IN'>namaste</Speak>", "WOMAN does not speak hi-IN"),
        ("<Speak voice='MAN' language='sv-SE'>hej</Speak>", "MAN does not speak sv-SE"),
        ("<Speak>one <break/> two</Speak>", "break is not an element of Speak"),
        ("<Play>music.wav</Play>", "absolute http"),
        ("<Wait length='1.5'/>", "whole number"),
        ("<Wait length='0'/>", "1 or more"),
        ("<Hangup reason='bored'/>", "rejected, busy"),
        ("<Stream>https://example.com/ws</Stream>", "ws(s) URL"),
        ("<Stream keepCallAlive='True'>wss://example.com/ws</Stream>", "true or false"),
        ("<Stream contentType='audio/x-mulaw'>wss://example.com/ws</Stream>", "must be one of"),
        (f"<Stream extraHeaders='k={'v' * 511}'>wss://example.com/ws</Stream>", "512 bytes"),
        (
            "<Stream bidirectional='true' audioTrack='both'>wss://example.com/ws</Stream>",
            "bidirectional=false only",
        ),
        ("<Dial/>", "at least one Number or User"),
        ("<Dial>14155550123</Dial>", "text outside"),
        ("<Dial><Number></Number></Dial>", "number of 3 to 15 digits"),
        ("<Dial><Number>+1 415 555</Number></Dial>", "number of 3 to 15 digits"),
        ("<Dial><User>queue@example.com</User></Dial>", "SIP URI"),
        ("<Dial><User>sip:queue@example.com, sip:x@y</User></Dial>", "SIP URI"),
        ("<Dial><User sipAuthUsername='u'>sip:a@example.com</User></Dial>", "given together"),
        (
            "<Dial><User sipAuthPassword='12345678'>sip:a@example.com</User></Dial>",
            "given together",
        ),
        (
            "<Dial><User sipAuthUsername='u' sipAuthPassword='1234567'>sip:a@b.c</User></Dial>",
            "8 to 128",
        ),
        (
            f"<Dial><User sipAuthUsername='u' sipAuthPassword='{'x' * 129}'>sip:a@b</User></Dial>",
            "8 to 128",
        ),
        (f"<Dial confirmKey='1'>{USER}</Dial>", "confirmKey needs confirmSound"),
        (f"<Dial timeout='soon'>{USER}</Dial>", "whole number"),
        (f"<Dial dialMusic='jazz'>{USER}</Dial>", "real or a URL"),
        ("<Dial><Number sipAuthUsername='u'>14155550123</Number></Dial>", "no attribute"),
        ("<MultiPartyCall>room</MultiPartyCall>", "MultiPartyCall is not emulated"),
        ("<Conference/>", "name of a room"),
        ("<Conference maxMembers='21'>room</Conference>", "from 1 to 20"),
        ("<Conference enterSound='beep:3'>room</Conference>", "beep:1, beep:2 or URL"),
        ("<Conference record='true'>room</Conference>", "not emulated by the local Plivo unless"),
        ("<Conference digitsMatch='1'>room</Conference>", "digitsMatch is not emulated"),
        ("<GetInput/>", "needs an action"),
        ("<GetInput action='http://x/' inputType='speech dtmf'/>", "must be one of"),
        ("<GetInput action='http://x/' executionTimeout='4'/>", "from 5 to 60"),
        ("<GetInput action='http://x/' digitEndTimeout='11'/>", "from 2 to 10"),
        ("<GetInput action='http://x/' numDigits='33'/>", "from 1 to 32"),
        ("<GetInput action='http://x/' profanityFilter='true'/>", "unless it is false"),
        (f"<GetInput action='http://x/' hints='{'x' * 101}'/>", "500 phrases"),
        ("<GetInput action='http://x/'><Dial/></GetInput>", "Dial is not an element of GetInput"),
        ("<Record recordChannelType='stereo'/>", "must be one of mono"),
        ("<Record transcriptionType='auto'/>", "transcriptionType is not emulated"),
        ("<Record startOnDialAnswer='true'/>", "unless it is false"),
        ("<PreAnswer><Dial/></PreAnswer>", "Dial is not an element of PreAnswer"),
        ("<DTMF>12a</DTMF>", "0-9, *, #, w and W"),
        ("<DTMF/>", "no digits"),
        ("<GetDigits finishOnKey='12'/>", "one of 0-9"),
        ("<GetDigits validDigits='a'/>", "0-9, * and #"),
        ("<GetDigits>Press one</GetDigits>", "text outside"),
        ("<Dial><Conference>room</Conference></Dial>", "Conference is not an element of Dial"),
        (f"<Dial digitsMatch='1'>{USER}</Dial>", "digitsMatch is not emulated"),
    ],
)
def test_what_plivo_refuses_is_refused(inside: str, reason: str) -> None:
    """A wrong element, attribute or value refuses the document and is named."""
    with pytest.raises(DocumentRefused) as caught:
        read(inside)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"", "application/xml", "not well-formed"),
        (b"OK", "application/xml", "not well-formed"),
        (b"<Response>", "text/xml", "not well-formed"),
        (b"<Answer/>", "application/xml", "root element is Answer"),
        (b"<Response version='1'/>", "application/xml", "no attributes"),
        (b"<Response/>", "text/html", "Content-Type is text/html"),
        (b"<Response/>", None, "Content-Type is missing"),
        (b"<Response><!--" + b"x" * 102_400 + b"--></Response>", "text/xml", "larger than"),
        (b"<!DOCTYPE r [<!ENTITY a 'b'>]><Response/>", "text/xml", "document type"),
        (b"<Response><Speak>&a;</Speak></Response>", "text/xml", "not well-formed"),
    ],
)
def test_what_is_no_document_is_refused(body: bytes, content_type: str | None, reason: str) -> None:
    """Type, size, syntax and document types are checked before anything else."""
    with pytest.raises(DocumentRefused) as caught:
        parse(body, content_type)
    assert reason in str(caught.value)


def test_elements_come_in_order_with_plivos_defaults() -> None:
    """A document is a list of values; what is not written has the documented default."""
    elements = read("<Speak>hi</Speak><Wait/><Redirect>http://x/y</Redirect><Hangup/>")
    assert (Speak("hi"), Wait(), Redirect("http://x/y"), Hangup()) == elements


def test_dial_holds_its_targets_and_their_credentials() -> None:
    """Credentials belong to one User, and a value never prints its password."""
    (dial,) = read(
        "<Dial timeout='9' redirect='false'><Number>+14155550123</Number>"
        "<User sipAuthUsername='queue' sipAuthPassword='password1'>sip:q@b.c:5070</User></Dial>"
    )
    assert isinstance(dial, Dial)
    assert (9, False, "POST") == (dial.timeout, dial.redirect, dial.method)
    assert isinstance(dial.targets[1], User)
    assert "password1" == dial.targets[1].sip_auth_password
    assert "password1" not in repr(dial)


def test_markup_of_speech_is_for_polly_voices() -> None:
    """With a Polly voice the text inside of the markup is what is said."""
    (speak,) = read("<Speak voice='Polly.Joanna'>one <break time='1s'/><s>two</s></Speak>")
    assert isinstance(speak, Speak)
    assert "one two" == speak.body


def test_an_element_is_described_in_plivos_names() -> None:
    """The log speaks of keepCallAlive, not of keep_call_alive."""
    (stream,) = read("<Stream keepCallAlive='true'>wss://example.com/ws</Stream>")
    assert isinstance(stream, Stream)
    name, attributes = describe(stream)
    assert ("Stream", True, "wss://example.com/ws") == (
        name,
        attributes["keepCallAlive"],
        attributes["body"],
    )
