"""What Plivo tells us, from form fields to values.

Parsing never fails: a field that is missing is None or empty, one that is unknown is ignored, and
an event that is unknown is a value like any other. Whatever identifies a person is kept out of
`repr`. Fields are those of Plivo's "Request" (standard parameters), Dial, Conference, GetInput and
audio streaming pages; pages disagree on several names, so every variant is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from escalate.plivo.causes import (
    DialStatus,
    HangupSource,
    hangup_source,
    most_telling,
    reason_for,
)
from escalate.values import Reason

Form = Mapping[str, str]

_CUSTOM_HEADER: Final = "X-PH-"


@dataclass(frozen=True, slots=True)
class Answer:
    """Plivo asks for a document: on answer, redirect, transfer, fallback or ring.

    `machine` says whether one answered, None where the carrier did not look or does not know yet.
    `sip_headers` are those that arrived with the call, by name and without "X-PH-".
    """

    call_uuid: str
    event: str
    status: str
    direction: str
    from_: str = field(repr=False)
    to: str = field(repr=False)
    caller_name: str = field(repr=False)
    request_uuid: str | None
    a_leg_uuid: str | None
    machine: bool | None
    parent_auth_id: str | None = field(repr=False)
    forwarded_from: str | None = field(repr=False)
    sip_headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class DialEnded:
    """A Dial is over, whatever became of it: its action URL is requested.

    `b_leg_uuid` is None where no human's leg was answered.
    """

    call_uuid: str
    status: str
    rang: bool
    b_leg_uuid: str | None
    cause_name: str | None
    cause_code: int | None

    @property
    def reason(self) -> Reason:
        """Why it ended."""
        return reason_for(
            status=self.status, cause_name=self.cause_name, cause_code=self.cause_code
        )

    @property
    def connected(self) -> bool:
        """Whether caller and human were bridged: one who did not confirm was not."""
        bridged = self.status == DialStatus.COMPLETED
        return bridged and self.reason not in (Reason.NOT_CONFIRMED, Reason.MACHINE)


@dataclass(frozen=True, slots=True)
class DialEvent:
    """The human's leg did something while a Dial runs.

    `action` is "answer" (picked up), "connected" (bridged), "hangup", "digits", or a word that
    Plivo's page does not have. `digits` were pressed by `digits_by`, "ALeg" or "BLeg".
    """

    call_uuid: str
    action: str
    b_leg_status: str
    b_leg_uuid: str | None
    b_leg_from: str = field(repr=False)
    b_leg_to: str = field(repr=False)
    b_leg_duration_s: int | None
    digits: str | None = field(repr=False)
    digits_by: str | None
    cause_name: str | None
    cause_code: int | None
    source: HangupSource

    @property
    def reason(self) -> Reason:
        """Why the leg ended; UNKNOWN while it has not."""
        return reason_for(cause_name=self.cause_name, cause_code=self.cause_code)


@dataclass(frozen=True, slots=True)
class Hangup:
    """A leg has ended: the hangup URL is requested."""

    call_uuid: str
    status: str
    request_uuid: str | None
    from_: str = field(repr=False)
    to: str = field(repr=False)
    cause_name: str | None
    cause_code: int | None
    source: HangupSource
    duration_s: int | None

    @property
    def reason(self) -> Reason:
        """Why it ended."""
        return reason_for(
            status=self.status, cause_name=self.cause_name, cause_code=self.cause_code
        )


class StreamState(StrEnum):
    """What happened to a media stream."""

    STARTED = "started"
    STOPPED = "stopped"
    FAILED = "failed"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"


# Best-practices page and code on one side, guide and reference on the other.
_STREAM_STATES: Final = {
    "startstream": StreamState.STARTED,
    "started": StreamState.STARTED,
    "stopstream": StreamState.STOPPED,
    "stopped": StreamState.STOPPED,
    "droppedstream": StreamState.FAILED,
    "failed": StreamState.FAILED,
    "degradedstream": StreamState.DEGRADED,
    "degraded": StreamState.DEGRADED,
}


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """A media stream changed. `event` is Plivo's own word for it."""

    call_uuid: str
    stream_id: str | None
    event: str
    state: StreamState
    status_reason: str | None

    @property
    def started(self) -> bool:
        """Whether audio flows from here on."""
        return self.state is StreamState.STARTED

    @property
    def ended(self) -> bool:
        """Whether no more audio flows, wanted or not."""
        return self.state in (StreamState.STOPPED, StreamState.FAILED)


@dataclass(frozen=True, slots=True)
class ConferenceEvent:
    """A member of a conference did something: "enter", "exit", "digits", "floor" or "record"."""

    call_uuid: str
    action: str
    room: str
    conference_uuid: str | None
    member_id: str | None
    digits: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recording:
    """A Record has ended. `recording` is Plivo's id, None where nothing was recorded."""

    call_uuid: str
    recording: str | None
    url: str | None = field(repr=False)
    length_s: int | None


@dataclass(frozen=True, slots=True)
class Input:
    """What somebody typed or said: the action of GetDigits or GetInput."""

    call_uuid: str
    kind: str
    digits: str = field(repr=False)
    speech: str = field(repr=False)
    confidence: float | None


def parse_answer(form: Form) -> Answer:
    """Read the standard parameters of a request for a document."""
    return Answer(
        call_uuid=form.get("CallUUID", ""),
        event=form.get("Event", ""),
        status=form.get("CallStatus", "").lower(),
        direction=form.get("Direction", "").lower(),
        from_=form.get("From", ""),
        to=form.get("To", ""),
        caller_name=form.get("CallerName", ""),
        request_uuid=_first(form, "RequestUUID"),
        a_leg_uuid=_first(form, "ALegUUID"),
        machine=_flag(form, "Machine"),
        parent_auth_id=_first(form, "ParentAuthID", "AuthID"),
        forwarded_from=_first(form, "ForwardedFrom"),
        sip_headers={
            name[len(_CUSTOM_HEADER) :]: value
            for name, value in form.items()
            if name.upper().startswith(_CUSTOM_HEADER)
        },
    )


def parse_dial_ended(form: Form) -> DialEnded:
    """Read what the action of a Dial is sent."""
    return DialEnded(
        call_uuid=form.get("CallUUID", ""),
        status=form.get("DialStatus", "").strip().lower(),
        rang=form.get("DialRingStatus", "").lower() == "true",
        b_leg_uuid=_first(form, "DialBLegUUID"),
        # One page promises the names of the hangup callback here, another only the first.
        cause_name=_cause(form, "DialHangupCause", "HangupCauseName", "DialBLegHangupCauseName"),
        cause_code=_number(form, "HangupCauseCode", "DialBLegHangupCauseCode"),
    )


def parse_dial_event(form: Form) -> DialEvent:
    """Read what the callbackUrl of a Dial is sent."""
    return DialEvent(
        call_uuid=form.get("CallUUID", ""),
        action=form.get("DialAction", "").lower(),
        b_leg_status=form.get("DialBLegStatus", "").lower(),
        b_leg_uuid=_first(form, "DialBLegUUID"),
        b_leg_from=form.get("DialBLegFrom", ""),
        b_leg_to=form.get("DialBLegTo", ""),
        b_leg_duration_s=_number(form, "DialBLegDuration"),
        digits=_first(form, "DialDigitsMatch"),
        digits_by=_first(form, "DialDigitsPressedBy"),
        cause_name=_cause(form, "DialBLegHangupCauseName", "DialHangupCause"),
        cause_code=_number(form, "DialBLegHangupCauseCode"),
        source=hangup_source(form.get("DialBLegHangupSource")),
    )


def parse_hangup(form: Form) -> Hangup:
    """Read what the hangup URL is sent."""
    return Hangup(
        call_uuid=form.get("CallUUID", ""),
        status=form.get("CallStatus", "").lower(),
        request_uuid=_first(form, "RequestUUID"),
        from_=form.get("From", ""),
        to=form.get("To", ""),
        cause_name=_cause(form, "HangupCauseName", "HangupCause"),
        cause_code=_number(form, "HangupCauseCode"),
        source=hangup_source(form.get("HangupSource")),
        duration_s=_number(form, "Duration"),
    )


def parse_stream_event(form: Form) -> StreamEvent:
    """Read what the statusCallbackUrl of a Stream is sent."""
    event = form.get("Event", "")
    return StreamEvent(
        call_uuid=form.get("CallUUID", ""),
        stream_id=_first(form, "StreamID", "StreamId"),
        event=event,
        state=_STREAM_STATES.get(event.strip().lower(), StreamState.UNKNOWN),
        status_reason=_first(form, "StatusReason"),
    )


def parse_conference_event(form: Form) -> ConferenceEvent:
    """Read what the callbackUrl or the action of a Conference is sent; an action has no action."""
    return ConferenceEvent(
        call_uuid=form.get("CallUUID", ""),
        action=form.get("ConferenceAction", "").lower(),
        room=form.get("ConferenceName", ""),
        conference_uuid=_first(form, "ConferenceUUID"),
        member_id=_first(form, "ConferenceMemberID"),
        digits=_first(form, "ConferenceDigitsMatch"),
    )


def parse_recording(form: Form) -> Recording:
    """Read what the action or the callbackUrl of a Record is sent."""
    length_s = _number(form, "RecordingDuration")
    # Half a second is rounded to none.
    anything = _number(form, "RecordingDurationMs") or length_s
    return Recording(
        call_uuid=form.get("CallUUID", ""),
        recording=_first(form, "RecordingID") if anything else None,
        url=_first(form, "RecordUrl"),
        length_s=length_s,
    )


def parse_input(form: Form) -> Input:
    """Read what the action of a GetDigits or GetInput is sent."""
    return Input(
        call_uuid=form.get("CallUUID", ""),
        kind=form.get("InputType", "").lower(),
        digits=form.get("Digits", ""),
        speech=form.get("Speech", ""),
        confidence=_share(form, "SpeechConfidenceScore"),
    )


def _first(form: Form, *names: str) -> str | None:
    """Return the first of these fields that is there and not empty."""
    return next((form[name] for name in names if form.get(name)), None)


def _cause(form: Form, *names: str) -> str | None:
    """Return the most telling of the cause names that are there."""
    return most_telling(form[name] for name in names if form.get(name))


def _number(form: Form, *names: str) -> int | None:
    """Return the first of these fields that is a whole number."""
    for name in names:
        text = form.get(name, "").strip()
        if text.isascii() and text.isdigit() and len(text) < 10:
            return int(text)
    return None


def _flag(form: Form, name: str) -> bool | None:
    """Return a field that is true or false."""
    return {"true": True, "false": False}.get(form.get(name, "").strip().lower())


def _share(form: Form, name: str) -> float | None:
    """Return a field that is a number from 0 to 1."""
    try:
        value = float(form.get(name, ""))
    except ValueError:
        return None
    return value if 0.0 <= value <= 1.0 else None
