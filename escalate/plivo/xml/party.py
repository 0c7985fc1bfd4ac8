"""MultiPartyCall: a room with roles (Plivo "MultiPartyCall" XML page, defaults of its SDK)."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from escalate.plivo.fields import Flag, Method, SocketUrl, Text, Url, Whole
from escalate.plivo.headers import SipHeaders
from escalate.plivo.xml.base import BODY, Element

_EVENTS: Final = (
    "mpc-state-changes",
    "participant-state-changes",
    "participant-speak-events",
    "participant-digit-input-events",
    "participant-audio-events",
    "add-participant-api-events",
)

Sound = Literal["beep:1", "beep:2", "none"] | Url


def _plain(role: Any) -> Any:
    return role.lower() if isinstance(role, str) else role


def _known_events(events: str) -> str:
    for event in events.split(","):
        if event not in _EVENTS:
            raise ValueError(f"events are a comma list of {', '.join(_EVENTS)}")
    return events


Role = Annotated[
    Literal["agent", "customer", "supervisor", "ai-agent"],
    BeforeValidator(_plain),
]
Events = Annotated[str, AfterValidator(_known_events)]


class MultiPartyCall(Element):
    """A call of several parties, by a name that no other live one of the account has.

    When a participant leaves, the answer of `on_exit_action_url` is run, or the next element. URLs
    of music and sounds answer with a Response of Play, Speak and Wait; one that cannot be reached
    is silence. Plivo marks the `ai_agent_...` attributes as new.
    """

    name: Annotated[Text, Field(min_length=1, max_length=128), BODY]
    role: Role
    max_duration: Annotated[Whole, Field(ge=300, le=28_800)] = 14_400
    max_participants: Annotated[Whole, Field(ge=2, le=10)] = 10
    record_min_member_count: Annotated[Whole, Field(ge=1, le=2)] = 1
    wait_music_url: Url | None = None
    wait_music_method: Method = "GET"
    wait_time: Annotated[Whole, Field(ge=0, le=1800)] | None = None
    wait_for_agent: Flag = False
    agent_hold_music_url: Url | None = None
    agent_hold_music_method: Method = "GET"
    customer_hold_music_url: Url | None = None
    customer_hold_music_method: Method = "GET"
    record: Flag = False
    record_participant_track: Flag = False
    record_coach_voice: Flag | None = None
    record_file_format: Literal["mp3", "wav"] = "mp3"
    recording_callback_url: Url | None = None
    recording_callback_method: Method = "POST"
    status_callback_events: Events = "mpc-state-changes,participant-state-changes"
    status_callback_url: Url | None = None
    status_callback_method: Method = "POST"
    stay_alone: Flag = False
    coach_mode: Flag = True
    mute: Flag = False
    hold: Flag = False
    start_mpc_on_enter: Flag = True
    end_mpc_on_exit: Flag = False
    enter_sound: Sound = "beep:1"
    enter_sound_method: Method = "GET"
    exit_sound: Sound = "beep:2"
    exit_sound_method: Method = "GET"
    on_exit_action_url: Url | None = None
    on_exit_action_method: Method = "POST"
    relay_dtmf_inputs: Annotated[Flag, Field(alias="relayDTMFInputs")] = False
    start_recording_audio: Url | None = None
    start_recording_audio_method: Method = "GET"
    stop_recording_audio: Url | None = None
    stop_recording_audio_method: Method = "GET"
    transcript: Flag = False
    transcription_url: Url | None = None
    ai_agent_stream_service_url: SocketUrl | None = None
    ai_agent_stream_content_type: Annotated[str, Field(pattern=r"\Aaudio/[a-z0-9;=-]+\z")] = (
        "audio/x-l16;rate=8000"
    )
    ai_agent_stream_sampling_rate: Whole | None = None
    ai_agent_stream_status_callback_url: Url | None = None
    ai_agent_stream_status_callback_method: Method = "POST"
    ai_agent_stream_extra_headers: SipHeaders | None = None

    @model_validator(mode="after")
    def _fits_the_role(self) -> Self:
        if not self.coach_mode and self.role != "supervisor":
            raise ValueError('coachMode is for role="supervisor" only: leave it out')
        for_bots = [name for name in self.model_fields_set if name.startswith("ai_agent_")]
        if for_bots and self.role != "ai-agent":
            raise ValueError('aiAgentStream... is for role="ai-agent" only: leave it out')
        return self
