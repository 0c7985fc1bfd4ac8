"""Our own XML and the local Plivo's reading of it, which share no code, must agree."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from escalate.emulator import document, element, elements, elements_input, elements_room
from escalate.plivo import xml

QUEUE = "sip:queue@example.com:5070"


def carried_over(*steps: xml.Step) -> tuple[element.Element, ...]:
    """Render a document with our models and read it as the carrier does."""
    text = xml.render(xml.Response(children=steps))
    return document.parse(text.encode(), "application/xml")


def test_a_stream_arrives_as_it_was_meant() -> None:
    """Every attribute that decides the fate of the call."""
    (read,) = carried_over(
        xml.Stream(
            url="wss://bot.example.com/media?a=1&b=2",
            bidirectional=True,
            keep_call_alive=True,
            status_callback_url="https://app.example.com/status",
            stream_timeout=600,
        )
    )
    assert (
        elements.Stream(
            body="wss://bot.example.com/media?a=1&b=2",
            bidirectional=True,
            keep_call_alive=True,
            content_type="audio/x-mulaw;rate=8000",
            status_callback_url="https://app.example.com/status",
            stream_timeout=600,
        )
        == read
    )


def test_a_dial_arrives_as_it_was_meant() -> None:
    """Targets in order, credentials and headers with the right one."""
    (read,) = carried_over(
        xml.Dial(
            children=(
                xml.User(
                    uri=QUEUE,
                    sip_auth_username="queue",
                    sip_auth_password=SecretStr('pass<&">word'),
                    sip_headers={"Skill": "billing"},
                ),
                xml.Number(number="+14155550177"),
            ),
            action="https://app.example.com/done?x=1&y=2",
            timeout=25,
            caller_id="14155550100",
            dial_music="real",
            confirm_sound="https://app.example.com/whisper",
            confirm_key="1",
            hangup_on_star=True,
        )
    )
    assert isinstance(read, elements.Dial)
    user, number = read.targets
    assert isinstance(user, elements.User)
    assert (QUEUE, "queue", 'pass<&">word', "Skill=billing") == (
        user.body,
        user.sip_auth_username,
        user.sip_auth_password,
        user.sip_headers,
    )
    assert "14155550177" == number.body.lstrip("+")
    assert ("https://app.example.com/done?x=1&y=2", 25, "real", "1", True, True) == (
        read.action,
        read.timeout,
        read.dial_music,
        read.confirm_key,
        read.hangup_on_star,
        read.redirect,
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (xml.Speak(text="5 < 6 & more"), elements.Speak("5 < 6 & more")),
        (
            xml.Speak(text="Guten Tag", voice="MAN", language="de-DE", loop=2),
            elements.Speak("Guten Tag", "MAN", "de-DE", 2),
        ),
        (
            xml.Play(url="https://x.example/a.wav", loop=0),
            elements.Play("https://x.example/a.wav", 0),
        ),
        (xml.Wait(length=3), elements.Wait(length=3)),
        (
            xml.Record(action="https://x.example/kept", max_length=90, play_beep=False),
            elements_input.Record(action="https://x.example/kept", max_length=90, play_beep=False),
        ),
        (xml.Record(record_session=True), elements_input.Record(record_session=True)),
        (xml.Hangup(reason="busy"), elements.Hangup(reason="busy")),
        (xml.Hangup(schedule=60), elements.Hangup(schedule=60)),
        (
            xml.Redirect(url="https://x.example/next#ct=10000&rp=all"),
            elements.Redirect("https://x.example/next#ct=10000&rp=all"),
        ),
    ],
)
def test_plain_elements_arrive_as_they_were_meant(ours: xml.Step, theirs: element.Element) -> None:
    """Text that looks like XML is text, numbers are numbers."""
    assert (theirs,) == carried_over(ours)


def test_a_conference_arrives_as_it_was_meant() -> None:
    """Both sides of a warm handoff meet by these attributes."""
    (read,) = carried_over(
        xml.Conference(
            room="room-7f3a",
            start_conference_on_enter=False,
            end_conference_on_exit=True,
            stay_alone=False,
            wait_sound="https://x.example/hold?a=1&b=2",
            enter_sound="beep:1",
            max_members=3,
            time_limit=3600,
            hangup_on_star=True,
            action="https://x.example/left",
            callback_url="https://x.example/event",
            relay_dtmf=False,
        )
    )
    assert (
        elements_room.Conference(
            body="room-7f3a",
            start_conference_on_enter=False,
            end_conference_on_exit=True,
            stay_alone=False,
            wait_sound="https://x.example/hold?a=1&b=2",
            enter_sound="beep:1",
            max_members=3,
            time_limit=3600,
            hangup_on_star=True,
            action="https://x.example/left",
            callback_url="https://x.example/event",
            relay_dtmf=False,
        )
        == read
    )


def test_questions_arrive_as_they_were_meant() -> None:
    """Prompts in order, times and keys, for both elements."""
    prompts = (xml.Speak(text="Press one or say yes"), xml.Wait(length=2))
    action = "https://x.example/answered"
    digits, words = carried_over(
        xml.GetDigits(
            children=prompts, action=action, num_digits=1, finish_on_key="none", valid_digits="12"
        ),
        xml.GetInput(
            children=prompts,
            action=action,
            input_type="dtmf speech",
            execution_timeout=8,
            speech_end_timeout=2,
            hints="yes,no",
            num_digits=1,
        ),
    )
    asked = (elements.Speak("Press one or say yes"), elements.Wait(length=2))
    assert (
        elements_input.GetDigits(
            prompts=asked, action=action, num_digits=1, finish_on_key="", valid_digits="12"
        )
        == digits
    )
    assert (
        elements_input.GetInput(
            prompts=asked,
            action=action,
            input_type="dtmf speech",
            execution_timeout=8,
            speech_end_timeout=2,
            hints="yes,no",
            num_digits=1,
        )
        == words
    )
