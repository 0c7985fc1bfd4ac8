"""Conference: the element, and how it is written (Plivo "Conference" XML page)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from escalate.emulator.element import Element, Shape
from escalate.emulator.rules import HTTP_URL, METHOD, flag, left_off, matching, one_of, whole

_SOUND: Final = matching(re.compile(r"(beep:[12]|https?://[^\s/]+\S*)?\Z"), "beep:1, beep:2 or URL")


@dataclass(frozen=True, slots=True)
class Conference(Element):
    """`<Conference>`: a room by name, shared by all calls of the account."""

    muted: bool = False
    enter_sound: str = ""
    exit_sound: str = ""
    start_conference_on_enter: bool = True
    end_conference_on_exit: bool = False
    stay_alone: bool = True
    wait_sound: str | None = None
    max_members: int = 20
    record: bool = False
    record_file_format: str = "mp3"
    time_limit: int = 86400
    hangup_on_star: bool = False
    action: str | None = None
    method: str = "POST"
    callback_url: str | None = None
    callback_method: str = "POST"
    floor_event: bool = False
    redirect: bool = True
    relay_dtmf: bool = True

    def check(self) -> None:
        """Refuse a room without a name."""
        if not self.body:
            raise ValueError("it needs the name of a room")


ROOM_SHAPES: Final[Mapping[str, Shape]] = {
    "Conference": Shape(
        Conference,
        {
            "muted": flag,
            "enterSound": _SOUND,
            "exitSound": _SOUND,
            "startConferenceOnEnter": flag,
            "endConferenceOnExit": flag,
            "stayAlone": flag,
            "waitSound": HTTP_URL,
            "maxMembers": whole(1, 20),
            "record": left_off,
            "recordFileFormat": one_of("mp3", "wav"),
            "timeLimit": whole(1),
            "hangupOnStar": flag,
            "action": str,
            "method": str,
            "callbackUrl": HTTP_URL,
            "callbackMethod": METHOD,
            "floorEvent": left_off,
            "redirect": flag,
            "relayDTMF": flag,
        },
        not_emulated=frozenset(
            "digitsMatch transcriptionType transcriptionUrl transcriptionMethod".split()
        ),
    ),
}
