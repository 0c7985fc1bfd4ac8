"""What Plivo sends is read whole, in every spelling, and nothing it sends is an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate.plivo.callbacks import (
    StreamState,
    parse_answer,
    parse_conference_event,
    parse_dial_ended,
    parse_dial_event,
    parse_hangup,
    parse_input,
    parse_stream_event,
)
from escalate.plivo.causes import HangupSource
from escalate.values import Reason

PARSERS: list[Callable[[Mapping[str, str]], Any]] = [
    parse_answer,
    parse_conference_event,
    parse_dial_ended,
    parse_dial_event,
    parse_hangup,
    parse_input,
    parse_stream_event,
]
CALL = "97ceeb52-58b6-11e1-86da-77300b68f8bb"
LEG = "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"
NUMBER = "14155550100"


def test_answer_has_the_standard_parameters() -> None:
    """The request for a document says whose call it is, and with which headers it came."""
    answer = parse_answer(
        {
            "CallUUID": CALL,
            "From": NUMBER,
            "To": "14155550199",
            "CallerName": "Anna",
            "CallStatus": "in-progress",
            "Direction": "inbound",
            "Event": "StartApp",
            "RequestUUID": "",
            "ForwardedFrom": "14155550111",
            "X-PH-Ticket": "7",
            "NewField": "x",
        }
    )
    assert (CALL, NUMBER, "14155550199", "Anna") == (
        answer.call_uuid,
        answer.from_,
        answer.to,
        answer.caller_name,
    )
    assert ("StartApp", "in-progress", "inbound") == (answer.event, answer.status, answer.direction)
    assert (None, "14155550111") == (answer.request_uuid, answer.forwarded_from)
    assert {"Ticket": "7"} == answer.sip_headers


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"DialStatus": "failed", "DialHangupCause": "sip_auth_failed"}, Reason.SIP_AUTH_FAILED),
        (
            {
                "DialStatus": "failed",
                "DialHangupCause": "CALL_REJECTED",
                "HangupCauseName": "sip_auth_failed",
            },
            Reason.SIP_AUTH_FAILED,
        ),
        (
            {"DialStatus": "timeout", "DialBLegHangupCauseName": "sip_auth_timeout"},
            Reason.SIP_AUTH_TIMEOUT,
        ),
        ({"DialStatus": "timeout", "DialBLegHangupCauseCode": "4250"}, Reason.SIP_AUTH_TIMEOUT),
        ({"DialStatus": "no-answer", "DialHangupCause": "NO_ANSWER"}, Reason.NO_ANSWER),
        ({"DialStatus": "busy"}, Reason.BUSY),
        ({"DialStatus": "cancel"}, Reason.CANCELLED),
        ({"DialStatus": "exploded"}, Reason.UNKNOWN),
        ({}, Reason.UNKNOWN),
    ],
)
def test_failed_dial_says_why(form: dict[str, str], reason: Reason) -> None:
    """Whichever of the promised fields are there, the reason is found and nobody connected."""
    ended = parse_dial_ended(form)
    assert reason is ended.reason
    assert not ended.connected


@pytest.mark.parametrize("extra", [{}, {"DialHangupCause": "NORMAL_CLEARING"}])
def test_completed_dial_was_connected(extra: dict[str, str]) -> None:
    """A completed Dial bridged caller and human."""
    ended = parse_dial_ended(
        {"CallUUID": CALL, "DialStatus": "completed", "DialBLegUUID": LEG, **extra}
    )
    assert (CALL, LEG, True, Reason.COMPLETED) == (
        ended.call_uuid,
        ended.b_leg_uuid,
        ended.connected,
        ended.reason,
    )


def test_human_who_did_not_confirm_was_not_connected() -> None:
    """A failed confirmation is no bridge, whatever the status says."""
    ended = parse_dial_ended({"DialStatus": "completed", "HangupCauseCode": "9110"})
    assert (False, Reason.NOT_CONFIRMED) == (ended.connected, ended.reason)


def test_empty_leg_is_no_leg() -> None:
    """Where no human's leg was answered there is no id to send requests with."""
    assert parse_dial_ended({"DialBLegUUID": ""}).b_leg_uuid is None


def test_dial_event_tells_of_the_humans_leg() -> None:
    """The end of a leg comes with its cause, by code, name and source."""
    event = parse_dial_event(
        {
            "CallUUID": CALL,
            "DialAction": "Hangup",
            "DialBLegUUID": LEG,
            "DialBLegTo": NUMBER,
            "DialBLegDuration": "12",
            "DialBLegHangupCauseName": "Busy Line",
            "DialBLegHangupCauseCode": "3010",
            "DialBLegHangupSource": "Callee",
        }
    )
    assert ("hangup", LEG, NUMBER, 12) == (
        event.action,
        event.b_leg_uuid,
        event.b_leg_to,
        event.b_leg_duration_s,
    )
    assert (Reason.BUSY, 3010, HangupSource.CALLEE) == (
        event.reason,
        event.cause_code,
        event.source,
    )


def test_unknown_dial_event_is_a_value() -> None:
    """A word that the page does not have is passed on."""
    event = parse_dial_event({"DialAction": "teleported"})
    assert ("teleported", Reason.UNKNOWN) == (event.action, event.reason)


def test_digits_say_who_pressed_them() -> None:
    """Digits of either side come with the side."""
    event = parse_dial_event(
        {"DialAction": "digits", "DialDigitsMatch": "9", "DialDigitsPressedBy": "BLeg"}
    )
    assert ("digits", "9", "BLeg") == (event.action, event.digits, event.digits_by)


def test_hangup_says_why_and_by_whom() -> None:
    """The end of a leg comes with Plivo's name rather than FreeSWITCH's, and in seconds."""
    ended = parse_hangup(
        {
            "CallUUID": CALL,
            "CallStatus": "completed",
            "HangupCause": "NORMAL_CLEARING",
            "HangupCauseName": "End Of XML Instructions",
            "HangupCauseCode": "4010",
            "HangupSource": "Plivo",
            "Duration": "31",
        }
    )
    assert ("End Of XML Instructions", 4010, HangupSource.PLIVO, 31, Reason.OUR_DOCUMENT) == (
        ended.cause_name,
        ended.cause_code,
        ended.source,
        ended.duration_s,
        ended.reason,
    )


@pytest.mark.parametrize(
    ("event", "state"),
    [
        ("StartStream", StreamState.STARTED),
        ("started", StreamState.STARTED),
        ("StopStream", StreamState.STOPPED),
        ("stopped", StreamState.STOPPED),
        ("DroppedStream", StreamState.FAILED),
        ("failed", StreamState.FAILED),
        ("DegradedStream", StreamState.DEGRADED),
        ("somersault", StreamState.UNKNOWN),
        ("", StreamState.UNKNOWN),
    ],
)
def test_stream_events_are_read_under_every_name(event: str, state: StreamState) -> None:
    """Plivo's pages name the same occasions differently; each is understood."""
    told = parse_stream_event({"CallUUID": CALL, "StreamID": "s", "Event": event})
    assert (state, event, "s") == (told.state, told.event, told.stream_id)
    assert (state is StreamState.STARTED) == told.started
    assert (state in (StreamState.STOPPED, StreamState.FAILED)) == told.ended


def test_conference_event_tells_who_entered_which_room() -> None:
    """A member is known by call and member id."""
    event = parse_conference_event(
        {
            "CallUUID": CALL,
            "ConferenceAction": "enter",
            "ConferenceName": "r1",
            "ConferenceMemberID": "12",
        }
    )
    assert (CALL, "enter", "r1", "12") == (
        event.call_uuid,
        event.action,
        event.room,
        event.member_id,
    )


@pytest.mark.parametrize(
    ("score", "confidence"), [("0.82", 0.82), ("", None), ("nan", None), ("7", None), ("x", None)]
)
def test_input_is_digits_or_speech(score: str, confidence: float | None) -> None:
    """What was typed or said arrives with a confidence where there is a credible one."""
    told = parse_input({"InputType": "speech", "Speech": "yes", "SpeechConfidenceScore": score})
    assert ("speech", "yes", "", confidence) == (
        told.kind,
        told.speech,
        told.digits,
        told.confidence,
    )


@pytest.mark.parametrize("parse", PARSERS)
def test_repr_identifies_nobody(parse: Callable[[Mapping[str, str]], Any]) -> None:
    """Numbers, names, digits and words of people stay out of logs."""
    private = "private-7"
    fields = ("From", "To", "CallerName", "ForwardedFrom", "X-PH-Card", "DialBLegFrom")
    more = ("DialBLegTo", "DialDigitsMatch", "ConferenceDigitsMatch", "Digits", "Speech")
    told = parse(dict.fromkeys((*fields, *more, "ParentAuthID"), private))
    assert private not in repr(told)


@pytest.mark.parametrize("parse", PARSERS)
@given(
    form=st.dictionaries(
        st.sampled_from(
            ["CallUUID", "DialStatus", "HangupCauseCode", "Event", "DialBLegDuration", "X-PH-"]
        )
        | st.text(),
        st.text() | st.sampled_from(["-1", "99999999999999999999", "\u0661", "1e9"]),
    )
)
def test_anything_can_be_parsed(
    parse: Callable[[Mapping[str, str]], Any], form: dict[str, str]
) -> None:
    """No form makes a parser raise, and the call is always the one that is named."""
    assert form.get("CallUUID", "") == parse(form).call_uuid
