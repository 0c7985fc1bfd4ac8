"""Conference: the room in which caller and human meet (Plivo "Conference" XML page)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from escalate.plivo.fields import DigitList, Flag, Method, Seconds, Tones, Url, Whole
from escalate.plivo.xml.base import BODY, Element

EnterSound = Literal["", "beep:1", "beep:2"] | Url


class Conference(Element):
    """A room by name; it exists while somebody is in it.

    A member who enters with `start_conference_on_enter` false hears `wait_sound` until one enters
    who starts it. Room names are shared by the whole account: let them be unguessable.
    """

    room: Annotated[str, Field(pattern=r"\A[A-Za-z0-9._-]{1,128}\z"), BODY]
    muted: Flag = False
    enter_sound: EnterSound = ""
    exit_sound: EnterSound = ""
    start_conference_on_enter: Flag = True
    end_conference_on_exit: Flag = False
    stay_alone: Flag = True
    wait_sound: Url | None = None
    max_members: Annotated[Whole, Field(ge=1, le=20)] = 20
    record: Flag = False
    record_file_format: Literal["mp3", "wav"] = "mp3"
    time_limit: Seconds = 86_400
    hangup_on_star: Flag = False
    action: Url | None = None
    method: Method = "POST"
    callback_url: Url | None = None
    callback_method: Method = "POST"
    digits_match: DigitList | None = None
    floor_event: Flag = False
    redirect: Flag = True
    send_digits: Tones | None = None
    record_when_alone: Flag | None = None
    relay_dtmf: Annotated[Flag, Field(alias="relayDTMF")] = True
    transcription_type: Literal["auto", "hybrid", "manual"] | None = None
    transcription_url: Url | None = None
    transcription_method: Method = "POST"
